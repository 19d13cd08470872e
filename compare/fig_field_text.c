/*
 * What the fields of a name mean, as text: sets in order, cookies without their
 * values, locations without our own hosts.
 *
 *     lines -> items -> written one by one -> sorted -> joined
 */

#include "fig_field.h"
#include "fig_json_reader.h"


/* Texts that are sorted and joined. */

typedef struct {
    fig_str_t    *items;
    size_t        n;
    fig_arena_t  *arena;
    bool          nomem;
} fig_items_t;


static char *
fig_items_room(fig_items_t *items, size_t size)
{
    char  *room;

    room = fig_arena_alloc(items->arena, size);
    items->nomem |= (room == NULL);

    return room;
}


/* Room for as many items as lines can have: one for each separator and line. */

static void
fig_items_init(fig_items_t *items, fig_arena_t *arena, size_t most)
{
    memset(items, 0, sizeof(fig_items_t));

    items->arena = arena;
    items->items = fig_arena_array(arena, 2 * most, sizeof(fig_str_t));
    items->nomem = (items->items == NULL);
}


static void
fig_items_add(fig_items_t *items, fig_str_t item)
{
    if (!items->nomem) {
        items->items[items->n++] = item;
    }
}


static fig_str_t
fig_items_lower(fig_items_t *items, fig_str_t text)
{
    char    *out;
    size_t   i;

    out = fig_items_room(items, text.len);
    if (out == NULL) {
        return fig_str("", 0);
    }

    for (i = 0; i < text.len; i++) {
        out[i] = (char) fig_lower((unsigned char) text.data[i]);
    }

    return fig_str(out, text.len);
}


/* By merging, from runs of one; the second half of the room is the spare. */

static void
fig_items_sort(fig_items_t *items)
{
    size_t      i, j, k, at, run, middle, end;
    fig_str_t  *from, *to, *swap;

    from = items->items;
    to = items->items + items->n;

    for (run = 1; run < items->n; run *= 2) {
        for (at = 0; at < items->n; at += 2 * run) {
            middle = (items->n - at < run) ? items->n : at + run;
            end = (items->n - at < 2 * run) ? items->n : at + 2 * run;

            for (k = i = at, j = middle; k < end; k++) {
                to[k] = (j == end || (i < middle
                                      && fig_json_order(from[i], from[j]) <= 0))
                        ? from[i++] : from[j++];
            }
        }

        swap = from;
        from = to;
        to = swap;
    }

    items->items = from;
}


static fig_str_t
fig_items_join(fig_items_t *items, const char *separator, bool unique)
{
    char    *out;
    size_t   i, len, size, width;

    width = strlen(separator);

    for (i = 0, size = 1; i < items->n; i++) {
        size += items->items[i].len + width;
    }

    out = fig_items_room(items, size);

    for (i = 0, len = 0; i < items->n && out != NULL; i++) {

        if (unique && i > 0
            && fig_str_eq(items->items[i], items->items[i - 1]))
        {
            continue;
        }

        if (len != 0) {
            memcpy(out + len, separator, width);
            len += width;
        }

        if (items->items[i].len != 0) {
            memcpy(out + len, items->items[i].data, items->items[i].len);
            len += items->items[i].len;
        }
    }

    return fig_str(out, out != NULL ? len : 0);
}


static size_t
fig_field_count(fig_str_t text, char separator)
{
    size_t  i, n;

    for (i = 0, n = 1; i < text.len; i++) {
        n += (text.data[i] == separator);
    }

    return n;
}


/* name=value: the name in lower case, the value without its quotes. */

static fig_str_t
fig_field_setting(fig_items_t *items, fig_str_t text, bool lower_value)
{
    char         *out;
    fig_str_t     name, value;
    const char   *equals;

    equals = (text.len != 0) ? memchr(text.data, '=', text.len) : NULL;

    if (equals == NULL) {
        return fig_items_lower(items, text);
    }

    name = fig_field_trim(fig_str(text.data, (size_t) (equals - text.data)));
    value = fig_field_trim(fig_str(equals + 1, text.len
                                   - (size_t) (equals + 1 - text.data)));
    value = fig_field_unquote(value, items->arena);
    name = fig_items_lower(items, name);

    if (lower_value) {
        value = fig_items_lower(items, value);
    }

    out = fig_items_room(items, name.len + value.len + 1);

    if (out == NULL || value.data == NULL) {
        items->nomem = true;
        return fig_str("", 0);
    }

    memcpy(out, name.data, name.len);
    out[name.len] = '=';

    if (value.len != 0) {
        memcpy(out + name.len + 1, value.data, value.len);
    }

    return fig_str(out, name.len + value.len + 1);
}


static bool
fig_field_begins(fig_str_t text, const char *word)
{
    size_t  len;

    len = strlen(word);

    return text.len >= len
           && fig_str_caseeq(fig_str(text.data, len), fig_str(word, len));
}


/* Expires and Max-Age are as good as each of them is there. */

static fig_str_t
fig_cookie_attribute(fig_items_t *items, fig_str_t item)
{
    fig_str_t    text;
    const char  *equals;

    text = fig_field_setting(items, item, fig_field_begins(item, "domain")
                             || fig_field_begins(item, "samesite"));

    equals = (text.len != 0) ? memchr(text.data, '=', text.len) : NULL;

    if (equals != NULL && (fig_field_begins(text, "expires=")
                           || fig_field_begins(text, "max-age=")))
    {
        text.len = (size_t) (equals - text.data);
    }

    return text;
}


static fig_str_t
fig_cookie_name(fig_str_t text)
{
    const char  *equals;

    equals = (text.len != 0) ? memchr(text.data, '=', text.len) : NULL;

    if (equals != NULL) {
        text.len = (size_t) (equals - text.data);
    }

    return fig_field_trim(text);
}


/*
 * A media type and its parameters, or a cookie's name and its attributes: what
 * comes first, then the rest in order.
 */

static fig_str_t
fig_field_parts(fig_items_t *all, fig_str_t line, bool cookie)
{
    char         *out;
    fig_str_t     head, item, rest;
    fig_items_t   items;

    fig_items_init(&items, all->arena, fig_field_count(line, ';'));

    if (!fig_field_next(&line, ';', &item)) {
        return fig_str("", 0);
    }

    head = cookie ? fig_cookie_name(item) : fig_items_lower(&items, item);

    while (fig_field_next(&line, ';', &item)) {
        if (item.len == 0) {
            continue;
        }

        item = cookie ? fig_cookie_attribute(&items, item)
                      : fig_field_setting(&items, item,
                                          fig_field_begins(item, "charset"));
        fig_items_add(&items, item);
    }

    fig_items_sort(&items);
    rest = fig_items_join(&items, ";", cookie);
    out = fig_items_room(&items, head.len + rest.len + 1);

    if (items.nomem) {
        all->nomem = true;
        return fig_str("", 0);
    }

    if (head.len != 0) {
        memcpy(out, head.data, head.len);
    }

    out[head.len] = ';';
    memcpy(out + head.len + 1, rest.data, rest.len);

    return fig_str(out, head.len + rest.len + 1);
}


typedef enum {
    FIG_FIELD_MEDIA,
    FIG_FIELD_SET,
    FIG_FIELD_COOKIE,
    FIG_FIELD_LOCATION,
    FIG_FIELD_LIST
} fig_field_kind_t;


static fig_field_kind_t
fig_field_kind(fig_str_t name)
{
    size_t  i;

    static const struct {
        const char        *name;
        fig_field_kind_t   kind;
    } kinds[] = {
        { "content-type", FIG_FIELD_MEDIA },
        { "vary", FIG_FIELD_SET },
        { "cache-control", FIG_FIELD_SET },
        { "set-cookie", FIG_FIELD_COOKIE },
        { "location", FIG_FIELD_LOCATION },
        { "content-location", FIG_FIELD_LOCATION },
    };

    for (i = 0; i < FIG_NELTS(kinds); i++) {
        if (fig_str_eq(name, fig_str_from(kinds[i].name))) {
            return kinds[i].kind;
        }
    }

    return FIG_FIELD_LIST;
}


static void
fig_field_add(fig_items_t *items, fig_field_kind_t kind, fig_str_t line,
    const fig_field_hosts_t *hosts)
{
    fig_str_t  item;

    switch (kind) {

    case FIG_FIELD_MEDIA:
        items->n = 0;
        fig_items_add(items, fig_field_parts(items, line, false));
        return;

    case FIG_FIELD_COOKIE:
        fig_items_add(items, fig_field_parts(items, line, true));
        return;

    case FIG_FIELD_LOCATION:
        fig_items_add(items, fig_location_text(hosts, line, items->arena,
                                               &items->nomem));
        return;

    default:
        while (fig_field_next(&line, ',', &item)) {
            if (kind == FIG_FIELD_SET && item.len != 0) {
                fig_items_add(items, fig_items_lower(items, item));

            } else if (kind == FIG_FIELD_LIST) {
                fig_items_add(items, item);
            }
        }
    }
}


fig_str_t
fig_field_text(const fig_answer_t *answer, fig_str_t name,
    const fig_answers_t *pair, fig_arena_t *arena, bool *nomem)
{
    bool                       found;
    size_t                     i, most;
    fig_items_t                items;
    fig_field_kind_t           kind;
    const fig_answer_field_t  *field;
    fig_field_hosts_t          hosts = { pair, answer->authority };

    found = false;
    kind = fig_field_kind(name);

    for (i = 0, most = 0; i < answer->nfields; i++) {
        field = &answer->fields[i];

        if (fig_str_caseeq(field->name, name)) {
            most += fig_field_count(field->value, ',');
            found = true;
        }
    }

    if (!found) {
        return fig_str(NULL, 0);
    }

    fig_items_init(&items, arena, most);

    for (i = 0; i < answer->nfields && !items.nomem; i++) {
        field = &answer->fields[i];

        if (fig_str_caseeq(field->name, name)) {
            fig_field_add(&items, kind, fig_field_trim(field->value), &hosts);
        }
    }

    if (kind == FIG_FIELD_SET || kind == FIG_FIELD_COOKIE) {
        fig_items_sort(&items);
    }

    name = fig_items_join(&items, kind == FIG_FIELD_COOKIE ? "\n" : ", ",
                          kind == FIG_FIELD_SET);
    *nomem |= items.nomem;

    return items.nomem ? fig_str(NULL, 0) : name;
}


fig_str_t
fig_field_raw(const fig_answer_t *answer, fig_str_t name, fig_arena_t *arena,
    bool *nomem)
{
    size_t       i;
    fig_items_t  items;

    fig_items_init(&items, arena, answer->nfields);

    for (i = 0; i < answer->nfields; i++) {
        if (fig_str_caseeq(answer->fields[i].name, name)) {
            fig_items_add(&items, fig_field_trim(answer->fields[i].value));
        }
    }

    name = fig_items_join(&items, ", ", false);
    *nomem |= items.nomem;

    return items.nomem ? fig_str("", 0) : name;
}
