/*
 * Reading and drawing of what `watch` shows.
 *
 * Counts only grow, but for a router that has started anew: a rate below zero
 * is none.
 */

#include "frame.h"
#include "merge.h"
#include "table.h"
#include "view.h"


#define CLI_FRAME_FLIPS  5


/* A route and how busy it is, in requests a second. */

typedef struct {
    const json_t  *route;
    size_t         place;              /* in the list */
    double         on_new;
    double         on_old;
    double         fallbacks;
} cli_busy_t;


/* The flips of the first node that answers. */

static void
cli_frame_history(cli_frame_t *frame, cli_api_t *api)
{
    size_t     i;
    json_t    *document;
    int64_t   *after;

    after = cli_alloc(api->nodes.n, sizeof(int64_t));

    for (i = 0; i < api->nodes.n; i++) {
        after[i] = cli_json_int(json_array_get(frame->status, i), "seq")
                   - CLI_FRAME_FLIPS;
    }

    (void) cli_api_list(api, "v1/history", "entries", after);
    document = cli_api_first(api);
    frame->history = json_incref(json_object_get(document, "entries"));

    free(after);
}


void
cli_frame_read(cli_frame_t *frame, cli_api_t *api, const char *path)
{
    size_t  i;

    free(api->wrong);
    api->wrong = NULL;
    api->quiet = true;

    (void) cli_api_list(api, path, "routes", NULL);
    frame->time = cli_now();
    frame->routes = cli_merge(api, "routes", "name");

    (void) cli_api_call(api, "GET", "v1/status", NULL);
    frame->status = json_array();

    for (i = 0; i < api->nodes.n; i++) {
        json_array_append_new(frame->status, api->documents[i] != NULL
                              ? json_incref(api->documents[i]) : json_null());
    }

    cli_frame_history(frame, api);
    frame->wrong = (api->wrong != NULL) ? cli_format("%s", api->wrong) : NULL;
}


void
cli_frame_release(cli_frame_t *frame)
{
    json_decref(frame->routes);
    json_decref(frame->status);
    json_decref(frame->history);
    free(frame->wrong);
    memset(frame, 0, sizeof(cli_frame_t));
}


static void
cli_frame_line(FILE *out, cli_style_t style, char *text)
{
    char  *shown;

    shown = cli_show_text(text);
    fprintf(out, "%s%s%s\n", cli_style_on(style), shown,
            cli_style_off(style));
    free(shown);
    free(text);
}


/* Rules, generation and what is wrong: of the first node that is not well. */

static void
cli_frame_head(FILE *out, const cli_frame_t *frame)
{
    bool           bad;
    size_t         i, answered;
    json_t        *status;
    const json_t  *one;

    one = NULL;
    bad = false;
    answered = 0;

    json_array_foreach(frame->status, i, status) {
        if (json_is_null(status)) {
            continue;
        }

        answered++;

        if (one == NULL || (!bad && !cli_json_bool(status, "converged"))) {
            one = status;
            bad = !cli_json_bool(status, "converged");
        }
    }

    cli_frame_line(out, CLI_BOLD, cli_format(
        "%s  generation %lld %s  flips %lld  drift %lld  nodes %zu of %zu",
        cli_json_text(one, "rule_set"),
        (long long) cli_json_int(one, "generation"),
        one == NULL ? "" : bad ? "not converged" : "converged",
        (long long) cli_json_int(one, "seq"),
        (long long) cli_json_int(one, "drifting"), answered,
        json_array_size(frame->status)));

    if (json_is_object(json_object_get(one, "last_error"))) {
        cli_frame_line(out, CLI_BAD, cli_format("the file is not in force: "
                           "strangler status says why"));
    }

    if (frame->wrong != NULL) {
        cli_frame_line(out, CLI_BAD, cli_format("%s", frame->wrong));
    }

    fputc('\n', out);
}


static double
cli_frame_rate(double now, double before, double seconds)
{
    return (seconds > 0 && now > before) ? (now - before) / seconds : 0;
}


static cli_busy_t *
cli_frame_busy(const cli_frame_t *frame, const cli_frame_t *before)
{
    size_t         i;
    double         seconds;
    json_t        *route, *index;
    cli_busy_t    *busy;
    const json_t  *old;

    index = json_object();

    json_array_foreach(before->routes, i, route) {
        json_object_set(index, cli_json_text(route, "name"), route);
    }

    busy = cli_alloc(json_array_size(frame->routes), sizeof(cli_busy_t));
    seconds = frame->time - before->time;

    json_array_foreach(frame->routes, i, route) {
        busy[i].route = route;
        busy[i].place = i;
        old = json_object_get(index, cli_json_text(route, "name"));

        if (old == NULL) {
            continue;
        }

        busy[i].on_new = cli_frame_rate(
            cli_json_real(json_object_get(route, "requests"), "new"),
            cli_json_real(json_object_get(old, "requests"), "new"), seconds);
        busy[i].on_old = cli_frame_rate(
            cli_json_real(json_object_get(route, "requests"), "old"),
            cli_json_real(json_object_get(old, "requests"), "old"), seconds);
        busy[i].fallbacks = cli_frame_rate(
            cli_view_sum(json_object_get(route, "fallbacks")),
            cli_view_sum(json_object_get(old, "fallbacks")), seconds);
    }

    json_decref(index);

    return busy;
}


/* Where not all fit: those that fall back, then the busiest. */

static int
cli_busy_compare(const void *one, const void *two)
{
    double             x, y;
    const cli_busy_t  *a = one, *b = two;

    x = a->fallbacks * 1e9 + a->on_new + a->on_old;
    y = b->fallbacks * 1e9 + b->on_new + b->on_old;

    return (x != y) ? (x < y) - (x > y)
                    : (a->place > b->place) - (a->place < b->place);
}


static int
cli_busy_compare_place(const void *one, const void *two)
{
    const cli_busy_t  *a = one, *b = two;

    return (a->place > b->place) - (a->place < b->place);
}


static void
cli_frame_row(cli_table_t *table, const cli_busy_t *busy, double now)
{
    char  *text;

    cli_table_add(table, CLI_BOLD, cli_json_text(busy->route, "name"));

    text = cli_view_stage(busy->route);
    cli_table_add(table, cli_view_style(busy->route), text);
    free(text);

    cli_table_addf(table, CLI_PLAIN, "%.1f", busy->on_new);
    cli_table_addf(table, CLI_PLAIN, "%.1f", busy->on_old);
    cli_table_addf(table, busy->fallbacks > 0 ? CLI_BAD : CLI_DIM, "%.1f",
                   busy->fallbacks);

    text = cli_view_notes(busy->route, now);
    cli_table_add(table, CLI_MIND, text);
    free(text);
}


static void
cli_frame_routes(FILE *out, const cli_frame_t *frame,
    const cli_frame_t *before, size_t width, size_t rows)
{
    size_t        i, n, shown;
    cli_busy_t   *busy;
    cli_table_t  *table;

    static const cli_column_t  columns[] = {
        { "ROUTE", CLI_CUT }, { "STAGE", CLI_LEFT }, { "NEW/S", CLI_RIGHT },
        { "OLD/S", CLI_RIGHT }, { "FALLBACKS/S", CLI_RIGHT },
        { "NOTES", CLI_CUT }
    };

    n = json_array_size(frame->routes);

    if (n == 0) {
        fputs("no routes\n", out);
        return;
    }

    busy = cli_frame_busy(frame, before);
    shown = (n <= rows) ? n : rows - 1;

    if (shown < n) {
        qsort(busy, n, sizeof(cli_busy_t), cli_busy_compare);
        qsort(busy, shown, sizeof(cli_busy_t), cli_busy_compare_place);
    }

    table = cli_table_create(columns, FIG_NELTS(columns));

    for (i = 0; i < shown; i++) {
        cli_frame_row(table, &busy[i], frame->time);
    }

    cli_table_print(table, out, width, true);
    cli_table_destroy(table);
    free(busy);

    if (shown < n) {
        fprintf(out, "%zu routes that are less busy\n", n - shown);
    }
}


static void
cli_frame_flips(FILE *out, const cli_frame_t *frame)
{
    char           ago[CLI_NUMBER_SIZE], *what;
    double         time;
    size_t         i, n;
    const json_t  *entry;

    n = json_array_size(frame->history);

    if (n == 0) {
        return;
    }

    fputc('\n', out);

    for (i = (n > CLI_FRAME_FLIPS) ? n - CLI_FRAME_FLIPS : 0; i < n; i++) {
        entry = json_array_get(frame->history, i);
        what = cli_view_changes(json_object_get(entry, "changes"), 2);

        if (!cli_time_parse(cli_json_text(entry, "time"), &time)) {
            time = frame->time;
        }

        cli_frame_line(out, CLI_PLAIN, cli_format("%lld  %s  %s  %s  %s",
            (long long) cli_json_int(entry, "seq"),
            cli_ago_text(time, frame->time, ago),
            cli_json_text(entry, "kind"), cli_json_text(entry, "actor"),
            what));
        free(what);
    }
}


char *
cli_frame_text(const cli_frame_t *frame, const cli_frame_t *before,
    size_t width, size_t height)
{
    char    *text;
    FILE    *out;
    size_t   size, flips, rows;

    out = open_memstream(&text, &size);

    if (out == NULL) {
        exit(cli_error("out of memory"));
    }

    cli_frame_head(out, frame);

    flips = json_array_size(frame->history);
    flips = (flips > CLI_FRAME_FLIPS) ? CLI_FRAME_FLIPS : flips;

    /* the head, its errors, titles, two blank lines, the last row */

    rows = flips + 7;
    rows = (height > rows + 2) ? height - rows : 2;

    cli_frame_routes(out, frame, before, width, rows);
    cli_frame_flips(out, frame);
    fclose(out);

    return text;
}
