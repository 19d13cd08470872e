/*
 * Texts, line by line, each rewritten by the normalize rules before it is
 * compared.
 *
 *     line -> rule 1 -> rule 2 -> ... -> what is compared
 *             in one of two buffers, by turns, for each side
 */

#include "fig_comparer.h"


#define FIG_LINES_GROWTH  4            /* times a line, and 4 KiB */
#define FIG_LINES_SPANS   10           /* $0 to $9 */


typedef struct {
    char        *data;
    size_t       size;
    size_t       len;
} fig_line_room_t;


typedef struct {
    fig_findings_t   *findings;
    fig_line_room_t   rooms[4];
    bool              over;            /* a line became too long */
} fig_lines_t;


static bool
fig_lines_next(fig_str_t *rest, fig_str_t *line)
{
    size_t       len;
    const char  *end;

    if (rest->len == 0) {
        return false;
    }

    end = memchr(rest->data, '\n', rest->len);
    len = (end != NULL) ? (size_t) (end - rest->data) : rest->len;
    *line = fig_str(rest->data, len);
    len += (end != NULL);
    *rest = fig_str(rest->data + len, rest->len - len);

    if (line->len != 0 && end != NULL && line->data[line->len - 1] == '\r') {
        line->len--;
    }

    return true;
}


static void
fig_lines_put(fig_lines_t *lines, fig_line_room_t *room, const char *data,
    size_t len)
{
    if (lines->over || len > room->size - room->len) {
        lines->over = true;
        return;
    }

    if (len != 0) {
        memcpy(room->data + room->len, data, len);
        room->len += len;
    }
}


/* Room for what a line of len bytes may become. */

static bool
fig_lines_room(fig_lines_t *lines, fig_line_room_t *room, size_t len)
{
    size_t  size;

    size = FIG_LINES_GROWTH * len + 4096;
    room->len = 0;

    if (size <= room->size) {
        return true;
    }

    /* lines may grow one by one: not each of them is to take new memory */

    room->data = fig_arena_room(lines->findings->arena, 2 * size);
    room->size = (room->data != NULL) ? 2 * size : 0;

    if (room->data == NULL) {
        lines->findings->status = FIG_NOMEM;
    }

    return room->data != NULL;
}


static void
fig_lines_expand(fig_lines_t *lines, fig_line_room_t *room, fig_str_t with,
    fig_str_t line, const fig_span_t *spans)
{
    size_t             i;
    const fig_span_t  *span;

    for (i = 0; i < with.len; i++) {

        if (with.data[i] == '$' && i + 1 < with.len
            && with.data[i + 1] >= '0' && with.data[i + 1] <= '9')
        {
            span = &spans[with.data[++i] - '0'];

            if (span->start <= span->end && span->end <= line.len) {
                fig_lines_put(lines, room, line.data + span->start,
                              span->end - span->start);
            }

            continue;
        }

        /* $$ is a dollar sign */

        i += (with.data[i] == '$' && i + 1 < with.len
              && with.data[i + 1] == '$');
        fig_lines_put(lines, room, with.data + i, 1);
    }
}


/* All matches of a rule, from left to right. */

static fig_str_t
fig_lines_apply(fig_lines_t *lines, fig_line_room_t *room,
    const fig_normalize_t *rule, fig_str_t line)
{
    size_t           i, at, end;
    fig_span_t       spans[FIG_LINES_SPANS];
    fig_findings_t  *findings;

    findings = lines->findings;

    for (at = 0; at <= line.len && !lines->over; /* void */) {

        for (i = 0; i < FIG_LINES_SPANS; i++) {
            spans[i].start = spans[i].end = SIZE_MAX;
        }

        if (!findings->comparer->options.match(findings->pair->match_data,
                                               rule->pattern, line, at, spans,
                                               FIG_LINES_SPANS)
            || spans[0].start < at || spans[0].end < spans[0].start
            || spans[0].end > line.len)
        {
            break;
        }

        end = spans[0].end;
        fig_lines_put(lines, room, line.data + at, spans[0].start - at);
        fig_lines_expand(lines, room, rule->with, line, spans);
        at = end;

        /* behind an empty match one byte is as it is */

        if (end == spans[0].start) {
            if (at < line.len) {
                fig_lines_put(lines, room, line.data + at, 1);
            }

            at++;
        }
    }

    if (at < line.len) {
        fig_lines_put(lines, room, line.data + at, line.len - at);
    }

    return fig_str(room->data, room->len);
}


static fig_str_t
fig_lines_normalize(fig_lines_t *lines, fig_line_room_t *rooms, fig_str_t line)
{
    size_t                        i;
    const fig_compare_options_t  *options;

    options = &lines->findings->comparer->options;

    for (i = 0; i < options->nnormalize; i++) {
        if (!fig_lines_room(lines, &rooms[i % 2], line.len)) {
            return line;
        }

        line = fig_lines_apply(lines, &rooms[i % 2], &options->normalize[i],
                               line);
    }

    return line;
}


static bool
fig_lines_are_equal(fig_lines_t *lines, fig_str_t *a, fig_str_t *b)
{
    if (fig_str_eq(*a, *b)) {
        return true;
    }

    if (lines->findings->comparer->options.nnormalize == 0) {
        return false;
    }

    *a = fig_lines_normalize(lines, &lines->rooms[0], *a);
    *b = fig_lines_normalize(lines, &lines->rooms[2], *b);

    return !lines->over && fig_str_eq(*a, *b);
}


/* The number of the line, from 0, as an element of an array would have it. */

static fig_str_t
fig_lines_pointer(fig_findings_t *findings, size_t n)
{
    char       text[24];
    size_t     i;
    fig_str_t  pointer;

    i = sizeof(text);

    do {
        text[--i] = (char) ('0' + n % 10);
        n /= 10;
    } while (n != 0);

    text[--i] = '/';
    pointer = fig_arena_str(findings->arena,
                            fig_str(text + i, sizeof(text) - i));

    if (pointer.data == NULL) {
        findings->status = FIG_NOMEM;
    }

    return pointer;
}


static void
fig_lines_report(fig_findings_t *findings, fig_kind_t kind, size_t n,
    fig_str_t a, fig_str_t b)
{
    fig_difference_t  *difference;

    difference = fig_findings_add(findings, FIG_PART_BODY, kind);

    if (difference == NULL) {
        return;
    }

    difference->path = fig_str("$", 1);
    difference->from = fig_str("string", 6);
    difference->to = fig_str("string", 6);
    difference->pointer = fig_lines_pointer(findings, n);

    if (!findings->comparer->paths.root.redact) {
        difference->from_value = fig_findings_value(findings, a);
        difference->to_value = fig_findings_value(findings, b);
    }
}


void
fig_compare_lines(fig_findings_t *findings, fig_str_t a, fig_str_t b)
{
    bool         more_a, more_b, differs;
    size_t       n, at;
    fig_str_t    x, y, first_x, first_y;
    fig_lines_t  lines;

    memset(&lines, 0, sizeof(lines));
    lines.findings = findings;
    differs = false;
    at = 0;
    first_x = first_y = fig_str("", 0);

    for (n = 0; findings->status == FIG_OK; n++) {
        more_a = fig_lines_next(&a, &x);
        more_b = fig_lines_next(&b, &y);

        if (more_a != more_b) {
            fig_lines_report(findings, FIG_KIND_LENGTH, differs ? at : n,
                             differs ? first_x : more_a ? x : fig_str("", 0),
                             differs ? first_y : more_b ? y : fig_str("", 0));
            return;
        }

        if (!more_a) {
            break;
        }

        if (!differs && !fig_lines_are_equal(&lines, &x, &y)) {
            differs = true;
            at = n;
            first_x = fig_arena_str(findings->arena, x);
            first_y = fig_arena_str(findings->arena, y);
        }
    }

    if (lines.over) {
        fig_lines_report(findings, FIG_KIND_LIMIT, at, first_x, first_y);

    } else if (differs) {
        fig_lines_report(findings, FIG_KIND_VALUE, at, first_x, first_y);
    }
}
