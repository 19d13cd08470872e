/*
 * Lists, quotes and media types of header fields (RFC 9110, 5.6 and 8.3).
 *
 *     a, "b, c" ; d     ->   a | "b, c" ; d       split at commas
 */

#include "fig_field.h"


static inline bool
fig_field_is_blank(char c)
{
    return c == ' ' || c == '\t';
}


fig_str_t
fig_field_trim(fig_str_t text)
{
    while (text.len != 0 && fig_field_is_blank(text.data[text.len - 1])) {
        text.len--;
    }

    while (text.len != 0 && fig_field_is_blank(text.data[0])) {
        text.data++;
        text.len--;
    }

    return text;
}


bool
fig_field_next(fig_str_t *rest, char separator, fig_str_t *item)
{
    bool    quoted;
    size_t  i;

    if (rest->data == NULL) {
        return false;
    }

    for (i = 0, quoted = false; i < rest->len; i++) {
        if (rest->data[i] == '"') {
            quoted = !quoted;

        } else if (quoted && rest->data[i] == '\\' && i + 1 < rest->len) {
            i++;

        } else if (!quoted && rest->data[i] == separator) {
            break;
        }
    }

    *item = fig_field_trim(fig_str(rest->data, i));

    if (i == rest->len) {
        *rest = fig_str(NULL, 0);

    } else {
        *rest = fig_str(rest->data + i + 1, rest->len - i - 1);
    }

    return true;
}


fig_str_t
fig_field_unquote(fig_str_t text, fig_arena_t *arena)
{
    char    *out;
    size_t   i, n;

    if (text.len < 2 || text.data[0] != '"'
        || text.data[text.len - 1] != '"')
    {
        return text;
    }

    text = fig_str(text.data + 1, text.len - 2);

    if (text.len == 0 || memchr(text.data, '\\', text.len) == NULL) {
        return text;
    }

    out = fig_arena_alloc(arena, text.len);
    if (out == NULL) {
        return fig_str(NULL, 0);
    }

    for (i = 0, n = 0; i < text.len; i++) {
        if (text.data[i] == '\\' && i + 1 < text.len) {
            i++;
        }

        out[n++] = text.data[i];
    }

    return fig_str(out, n);
}


static bool
fig_field_has_suffix(fig_str_t text, const char *suffix)
{
    size_t  len;

    len = strlen(suffix);

    return text.len >= len
           && fig_str_caseeq(fig_str(text.data + text.len - len, len),
                             fig_str(suffix, len));
}


static bool
fig_field_is(fig_str_t text, const char *word)
{
    return fig_str_caseeq(text, fig_str_from(word));
}


/* The value of a parameter without its quotes; len 0: there is none. */

static fig_str_t
fig_field_parameter(fig_str_t parameters, const char *name)
{
    size_t     len;
    fig_str_t  item;

    len = strlen(name);

    while (fig_field_next(&parameters, ';', &item)) {
        if (item.len > len && item.data[len] == '='
            && fig_field_is(fig_str(item.data, len), name))
        {
            item = fig_str(item.data + len + 1, item.len - len - 1);

            if (item.len >= 2 && item.data[0] == '"') {
                item = fig_str(item.data + 1, item.len - 2);
            }

            return item;
        }
    }

    return fig_str("", 0);
}


fig_body_mode_t
fig_field_media(fig_str_t content_type)
{
    fig_str_t    type, charset;
    const char  *slash;

    if (!fig_field_next(&content_type, ';', &type) || type.len == 0) {
        return FIG_BODY_BYTES;
    }

    slash = memchr(type.data, '/', type.len);

    if (slash == NULL) {
        return FIG_BODY_BYTES;
    }

    if (fig_field_has_suffix(type, "/json")
        || fig_field_has_suffix(type, "+json"))
    {
        return FIG_BODY_JSON;
    }

    if (!fig_field_is(fig_str(type.data, (size_t) (slash - type.data)), "text")
        && !fig_field_is(type, "application/xml")
        && !fig_field_has_suffix(type, "+xml"))
    {
        return FIG_BODY_BYTES;
    }

    charset = fig_field_parameter(content_type, "charset");

    return (charset.len == 0 || fig_field_is(charset, "utf-8")
            || fig_field_is(charset, "utf8")
            || fig_field_is(charset, "us-ascii")
            || fig_field_is(charset, "ascii"))
           ? FIG_BODY_TEXT : FIG_BODY_BYTES;
}
