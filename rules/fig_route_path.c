/*
 * The parsers of fig_route_path.h.  All of them first check the text as a
 * path, segment by segment, and then cut it into literal parts and holes:
 *
 *     /orders/{id}/lines      "/orders/"  {id}  "/lines"
 */

#include "fig_route_path.h"
#include "fig_regex.h"
#include "fig_text.h"

#include <stdio.h>


typedef struct {
    fig_arena_t    *arena;
    fig_pattern_t  *pattern;
    char           *text;              /* of the literal part under way */
    size_t          len;
    uint32_t        room;
    bool            nomem;
} fig_cutter_t;


static int
fig_route_hex(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }

    c = (char) fig_lower((unsigned char) c);

    return (c >= 'a' && c <= 'f') ? c - 'a' + 10 : -1;
}


/* The byte that %XX at data[i] stands for; -1: there is no %XX. */

static int
fig_route_escape(fig_str_t text, size_t i)
{
    int  high, low;

    if (text.len - i < 3) {
        return -1;
    }

    high = fig_route_hex(text.data[i + 1]);
    low = fig_route_hex(text.data[i + 2]);

    return (high < 0 || low < 0) ? -1 : high * 16 + low;
}


/* Whether a segment is `.` or `..`, plain or encoded. */

static bool
fig_route_is_dots(fig_str_t segment)
{
    size_t  i, dots;

    dots = 0;

    for (i = 0; i < segment.len; i++) {
        if (segment.data[i] == '%' && fig_route_escape(segment, i) == '.') {
            i += 2;

        } else if (segment.data[i] != '.') {
            return false;
        }

        dots++;
    }

    return dots == 1 || dots == 2;
}


static bool
fig_route_check_byte(fig_str_t text, size_t i, fig_fault_t *fault)
{
    int            byte;
    unsigned char  c;

    c = (unsigned char) text.data[i];

    if (c < 0x20 || c == 0x7f) {
        return fig_fault(fault, "has a control character in it",
                         "write it as %XX");
    }

    if (c == '?') {
        return fig_fault_at(fault, i, 1, "must not have a query",
                            "conditions on the query go under \"query\"; "
                            "a literal ? is %3F");
    }

    if (c == '#') {
        return fig_fault_at(fault, i, 1, "must not have a fragment",
                            "a literal # is %23");
    }

    if (c != '%') {
        return true;
    }

    byte = fig_route_escape(text, i);

    if (byte < 0) {
        return fig_fault_at(fault, i, 1, "has a % without two hex digits",
                            "a literal % is %25");
    }

    if (byte == 0) {
        return fig_fault_at(fault, i, 3, "must not hold %00", NULL);
    }

    return true;
}


static bool
fig_route_check(fig_str_t text, fig_fault_t *fault)
{
    size_t     i, from;
    fig_str_t  segment;

    if (text.len > FIG_REGEX_MAX_PATTERN) {
        return fig_fault(fault, "is longer than 4 KiB", NULL);
    }

    if (text.len == 0 || text.data[0] != '/') {
        return fig_fault(fault, "must begin with \"/\"",
                         text.len == 1 && text.data[0] == '*' ? "say /*"
                                                              : NULL);
    }

    for (i = 0; i < text.len; i++) {
        if (!fig_route_check_byte(text, i, fault)) {
            return false;
        }
    }

    for (from = 1, i = 1; i <= text.len; i++) {
        if (i < text.len && text.data[i] != '/') {
            continue;
        }

        segment = fig_str(text.data + from, i - from);

        if (segment.len == 0 && i < text.len) {
            return fig_fault_at(fault, i - 1, 2, "must not have \"//\"",
                                "paths are matched with // merged into /");
        }

        if (fig_route_is_dots(segment)) {
            return fig_fault_at(fault, from, segment.len,
                                "must not have a segment \".\" or \"..\"",
                                "paths are matched with these resolved");
        }

        from = i + 1;
    }

    return true;
}


/* Appends literal text: decodes what normalising a request would decode. */

static void
fig_cutter_literal(fig_cutter_t *cutter, fig_str_t text)
{
    int     byte;
    size_t  i;

    for (i = 0; i < text.len; i++) {

        if (text.data[i] != '%') {
            cutter->text[cutter->len++] = text.data[i];
            continue;
        }

        byte = fig_route_escape(text, i);
        i += 2;

        if (byte == '/' || byte == '\\' || byte == '%') {
            cutter->text[cutter->len++] = '%';
            cutter->text[cutter->len++] = text.data[i - 1];
            cutter->text[cutter->len++] = (byte == '/') ? 'F'
                                          : (byte == '\\') ? 'C' : '5';
        } else {
            cutter->text[cutter->len++] = (char) byte;
        }
    }
}


static void
fig_cutter_add(fig_cutter_t *cutter, fig_part_kind_t kind, fig_str_t text,
    uint32_t index)
{
    fig_part_t  *part;

    part = &cutter->pattern->parts[cutter->pattern->nparts++];
    part->kind = kind;
    part->index = index;
    part->text = fig_arena_str(cutter->arena, text);

    if (part->text.data == NULL) {
        cutter->nomem = true;
    }
}


/* Ends the literal part under way, if there is one. */

static void
fig_cutter_flush(fig_cutter_t *cutter)
{
    if (cutter->len > 0) {
        fig_cutter_add(cutter, FIG_PART_TEXT,
                       fig_str(cutter->text, cutter->len), 0);
        cutter->len = 0;
    }
}


/* Room for a pattern of at most holes holes. */

static fig_status_t
fig_cutter_init(fig_cutter_t *cutter, fig_str_t text, size_t holes,
    fig_arena_t *arena, fig_pattern_t *pattern)
{
    cutter->arena = arena;
    cutter->pattern = pattern;
    cutter->len = 0;
    cutter->nomem = false;
    cutter->text = fig_arena_alloc(arena, text.len);

    pattern->nparts = 0;
    pattern->parts = fig_arena_array(arena, 2 * holes + 1, sizeof(fig_part_t));

    return (cutter->text == NULL || pattern->parts == NULL) ? FIG_NOMEM
                                                            : FIG_OK;
}


static bool
fig_route_is_word(fig_str_t text)
{
    size_t         i;
    unsigned char  c;

    for (i = 0; i < text.len; i++) {
        c = fig_lower((unsigned char) text.data[i]);

        if (!((c >= 'a' && c <= 'z') || c == '_'
              || (i > 0 && c >= '0' && c <= '9')))
        {
            return false;
        }
    }

    return text.len > 0;
}


static bool
fig_route_check_star(fig_str_t text, size_t from, fig_str_t segment,
    fig_fault_t *fault)
{
    char  hint[FIG_FAULT_TEXT], prefix[FIG_QUOTED];

    if (memchr(segment.data, '*', segment.len) == NULL) {
        return true;
    }

    if (from + segment.len < text.len) {
        return fig_fault_at(fault, from, segment.len,
                            "has \"*\" before its end",
                            "\"*\" is the last segment; {name} stands for one "
                            "in the middle");
    }

    if (segment.len == 1) {
        return true;
    }

    while (segment.len > 0 && segment.data[segment.len - 1] == '*') {
        segment.len--;
    }

    if (memchr(segment.data, '*', segment.len) != NULL) {
        return fig_fault_at(fault, from, segment.len,
                            "has \"*\" within a segment",
                            "use a regex: ~^/...$");
    }

    fig_text_show(fig_str(text.data, from + segment.len), prefix,
                  sizeof(prefix));
    snprintf(hint, sizeof(hint), "say %s%s* for this path and all below it",
             prefix, segment.len == 0 ? "" : "/");

    return fig_fault_at(fault, from, text.len - from,
                        "has \"*\" that is no segment of its own", hint);
}


/* "{name}": *name is what is in the braces. */

static bool
fig_route_check_braces(fig_str_t segment, size_t from, fig_str_t *name,
    fig_fault_t *fault)
{
    *name = fig_str("", 0);

    if (segment.len == 0 || (memchr(segment.data, '{', segment.len) == NULL
                             && memchr(segment.data, '}', segment.len) == NULL))
    {
        return true;
    }

    if (segment.data[0] != '{' || segment.data[segment.len - 1] != '}') {
        return fig_fault_at(fault, from, segment.len,
                            "has {name} that is no segment of its own",
                            "use a regex, or write %7B and %7D for braces");
    }

    *name = fig_str(segment.data + 1, segment.len - 2);

    if (!fig_route_is_word(*name)) {
        return fig_fault_at(fault, from, segment.len,
                            "has no valid name in its braces",
                            "letters, digits and \"_\", as in {order_id}");
    }

    return true;
}


static bool
fig_pattern_has_param(const fig_pattern_t *pattern, fig_str_t name)
{
    uint32_t  i;

    for (i = 0; i < pattern->nparts; i++) {
        if (pattern->parts[i].kind == FIG_PART_PARAM
            && fig_str_eq(pattern->parts[i].text, name))
        {
            return true;
        }
    }

    return false;
}


/* Cuts one segment (without its slash); *params counts its holes. */

static bool
fig_pattern_cut_segment(fig_cutter_t *cutter, fig_str_t text, size_t from,
    fig_str_t segment, uint32_t *params, fig_fault_t *fault)
{
    fig_str_t  name;

    if (segment.len == 0) {
        fig_cutter_literal(cutter, fig_str("/", 1));
        return true;
    }

    if (!fig_route_check_star(text, from, segment, fault)
        || !fig_route_check_braces(segment, from, &name, fault))
    {
        return false;
    }

    if (segment.data[0] == '*') {
        fig_cutter_flush(cutter);
        fig_cutter_add(cutter, FIG_PART_TAIL, fig_str("", 0), 0);
        return true;
    }

    fig_cutter_literal(cutter, fig_str("/", 1));

    if (name.len == 0) {
        fig_cutter_literal(cutter, segment);
        return true;
    }

    if (fig_pattern_has_param(cutter->pattern, name)) {
        return fig_fault_at(fault, from, segment.len,
                            "has the same {name} twice", NULL);
    }

    if (*params == FIG_PATH_MAX_PARAMS) {
        return fig_fault_at(fault, from, segment.len,
                            "has more than 32 {names}", NULL);
    }

    fig_cutter_flush(cutter);
    fig_cutter_add(cutter, FIG_PART_PARAM, name, (*params)++);

    return true;
}


fig_status_t
fig_pattern_parse(fig_str_t text, fig_arena_t *arena, fig_pattern_t *pattern,
    fig_fault_t *fault)
{
    size_t        i, from, holes;
    uint32_t      params;
    fig_cutter_t  cutter;

    if (!fig_route_check(text, fault)) {
        return FIG_INVALID;
    }

    for (i = 0, holes = 1; i < text.len; i++) {
        holes += (text.data[i] == '{');
    }

    if (fig_cutter_init(&cutter, text, holes, arena, pattern) != FIG_OK) {
        return FIG_NOMEM;
    }

    params = 0;

    for (from = 1, i = 1; i <= text.len; i++) {
        if (i < text.len && text.data[i] != '/') {
            continue;
        }

        if (!fig_pattern_cut_segment(&cutter, text, from,
                                     fig_str(text.data + from, i - from),
                                     &params, fault))
        {
            return FIG_INVALID;
        }

        from = i + 1;
    }

    fig_cutter_flush(&cutter);

    return cutter.nomem ? FIG_NOMEM : FIG_OK;
}


/* Writes a template's text: literal parts and {names}. */

static fig_status_t
fig_route_path_template(const fig_pattern_t *pattern, size_t room,
    fig_arena_t *arena, fig_path_t *path)
{
    char              *p;
    uint32_t           i;
    const fig_part_t  *part;

    p = fig_arena_alloc(arena, room + 1);
    path->params = fig_arena_array(arena, pattern->nparts, sizeof(fig_str_t));

    if (p == NULL || path->params == NULL) {
        return FIG_NOMEM;
    }

    path->text = fig_str(p, 0);

    for (i = 0; i < pattern->nparts; i++) {
        part = &pattern->parts[i];

        if (part->kind == FIG_PART_PARAM) {
            path->params[path->nparams++] = fig_str(p + 1, part->text.len);
            *p++ = '{';
        }

        memcpy(p, part->text.data, part->text.len);
        p += part->text.len;

        if (part->kind == FIG_PART_PARAM) {
            *p++ = '}';
        }
    }

    path->text.len = (size_t) (p - path->text.data);

    return FIG_OK;
}


static bool
fig_pattern_has(const fig_pattern_t *pattern, fig_part_kind_t kind)
{
    uint32_t  i;

    for (i = 0; i < pattern->nparts; i++) {
        if (pattern->parts[i].kind == kind) {
            return true;
        }
    }

    return false;
}


fig_status_t
fig_route_path_parse(fig_str_t text, fig_arena_t *arena, fig_arena_t *scratch,
    fig_path_t *path, fig_fault_t *fault)
{
    bool           tail, params;
    uint32_t       i;
    fig_status_t   status;
    fig_pattern_t  pattern;

    status = fig_pattern_parse(text, scratch, &pattern, fault);

    if (status != FIG_OK) {
        return status;
    }

    tail = fig_pattern_has(&pattern, FIG_PART_TAIL);
    params = fig_pattern_has(&pattern, FIG_PART_PARAM);

    if (tail && params) {
        fig_fault(fault, "has both {name} and \"*\"",
                  "use a regex: ~^/a/[^/]+/");
        return FIG_INVALID;
    }

    path->kind = tail ? FIG_PATH_PREFIX : FIG_PATH_EXACT;
    path->text = fig_str("", 0);

    if (!params && pattern.parts[0].kind == FIG_PART_TEXT) {
        path->text = fig_arena_str(arena, pattern.parts[0].text);

        return (path->text.data == NULL) ? FIG_NOMEM : FIG_OK;
    }

    if (!params) {
        return FIG_OK;
    }

    /* in a template, braces are told from names by nothing but their place */

    for (i = 0; i < pattern.nparts; i++) {
        if (pattern.parts[i].kind == FIG_PART_TEXT
            && memchr(pattern.parts[i].text.data, '{',
                      pattern.parts[i].text.len) != NULL)
        {
            fig_fault(fault, "has both {name} and %7B", "use a regex");
            return FIG_INVALID;
        }
    }

    path->kind = FIG_PATH_TEMPLATE;

    return fig_route_path_template(&pattern, text.len, arena, path);
}


/*
 * A reference at text.data[i]: *len is its length and *index the group, or -1
 * for `$$`.
 */

static bool
fig_with_reference(fig_str_t text, size_t i, const fig_regex_t *regex,
    size_t *len, int *index, fig_fault_t *fault)
{
    int64_t      number;
    fig_str_t    rest, name;
    const char  *end;

    static const char  form[] = "write $1, ${12} or ${name}, and $$ for a $";

    rest = fig_str(text.data + i + 1, text.len - i - 1);
    *len = 2;
    *index = -1;

    if (rest.len > 0 && rest.data[0] == '$') {
        return true;
    }

    if (rest.len > 0 && rest.data[0] >= '0' && rest.data[0] <= '9') {
        if (rest.len > 1 && rest.data[1] >= '0' && rest.data[1] <= '9') {
            return fig_fault_at(fault, i, 3, "is not clear here",
                                "write ${12}, or ${1}2");
        }

        name = fig_str(rest.data, 1);

    } else {
        end = (rest.len > 0 && rest.data[0] == '{')
              ? memchr(rest.data, '}', rest.len) : NULL;

        if (end == NULL) {
            return fig_fault_at(fault, i, 1, "has a $ without a group", form);
        }

        name = fig_str(rest.data + 1, (size_t) (end - rest.data) - 1);
        *len = name.len + 3;
    }

    if (name.len > 0 && name.data[0] >= '0' && name.data[0] <= '9') {
        if (!fig_scalar_int(name, 0, FIG_REGEX_MAX_CAPTURES, &number, fault)) {
            return fig_fault_at(fault, i, *len, "has no valid group", form);
        }

        *index = number <= (int64_t) fig_regex_captures(regex) ? (int) number
                                                               : -1;
    } else {
        *index = fig_route_is_word(name) ? fig_regex_group(regex, name) : -1;
    }

    if (*index < 0) {
        return fig_fault_at(fault, i, *len,
                            "names a group that the regex does not have", NULL);
    }

    return true;
}


/*
 * Copies text with every reference blotted out, so that what is left can be
 * checked as a path; counts the references.
 */

static bool
fig_with_blot(fig_str_t text, const fig_regex_t *regex, char *out, size_t *holes,
    fig_fault_t *fault)
{
    int     index;
    size_t  i, len;

    memcpy(out, text.data, text.len);
    *holes = 0;

    for (i = 0; i < text.len; i += len) {
        len = 1;

        if (text.data[i] != '$') {
            continue;
        }

        if (!fig_with_reference(text, i, regex, &len, &index, fault)) {
            return false;
        }

        memset(out + i, 'x', len);
        (*holes)++;
    }

    return true;
}


fig_status_t
fig_pattern_parse_with(fig_str_t text, const fig_regex_t *regex,
    fig_arena_t *arena, fig_pattern_t *pattern, fig_fault_t *fault)
{
    int           index;
    char          blotted[FIG_REGEX_MAX_PATTERN];
    size_t        i, from, len, holes;
    fig_cutter_t  cutter;

    if (text.len == 0 || text.len > sizeof(blotted)) {
        fig_fault(fault, text.len == 0 ? "must begin with \"/\""
                                       : "is longer than 4 KiB", NULL);
        return FIG_INVALID;
    }

    if (!fig_with_blot(text, regex, blotted, &holes, fault)
        || !fig_route_check(fig_str(blotted, text.len), fault))
    {
        return FIG_INVALID;
    }

    if (fig_cutter_init(&cutter, text, holes, arena, pattern) != FIG_OK) {
        return FIG_NOMEM;
    }

    for (from = 0, i = 0; i < text.len; i += len) {
        len = 1;

        if (text.data[i] != '$') {
            continue;
        }

        fig_cutter_literal(&cutter, fig_str(text.data + from, i - from));
        (void) fig_with_reference(text, i, regex, &len, &index, fault);
        from = i + len;

        if (index < 0) {
            fig_cutter_literal(&cutter, fig_str("$", 1));
            continue;
        }

        fig_cutter_flush(&cutter);
        fig_cutter_add(&cutter, FIG_PART_CAPTURE, fig_str("", 0),
                       (uint32_t) index);
    }

    fig_cutter_literal(&cutter, fig_str(text.data + from, text.len - from));
    fig_cutter_flush(&cutter);

    return cutter.nomem ? FIG_NOMEM : FIG_OK;
}
