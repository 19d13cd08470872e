/*
 * What fig_cutter.h has: the checks that every path goes through, and the
 * growing list of parts.  Room is taken once, for the most that a text can
 * become: nothing grows afterwards.
 */

#include "fig_cutter.h"
#include "fig_regex.h"


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
                            "a query is no part of a path; a literal ? is "
                            "%3F");
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


bool
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

void
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


void
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

void
fig_cutter_flush(fig_cutter_t *cutter)
{
    if (cutter->len > 0) {
        fig_cutter_add(cutter, FIG_PART_TEXT,
                       fig_str(cutter->text, cutter->len), 0);
        cutter->len = 0;
    }
}


/* Room for a pattern of at most holes holes. */

fig_status_t
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


bool
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
