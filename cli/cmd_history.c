/*
 * strangler history: what was flipped, when, by whom and why.
 *
 *     SEQ  WHEN  KIND  BY  WHAT  REASON        newest last
 *
 * --follow asks for more once a second and ends with Ctrl-C.
 */

#include <time.h>

#include "api.h"
#include "table.h"
#include "view.h"


typedef struct {
    bool          follow;
    bool          full;
    const char   *route;
    int64_t       limit;
    cli_api_t     api;
    int64_t      *after;               /* by node: the last that was seen */
} cli_history_t;


static const cli_column_t  cli_history_columns[] = {
    { "NODE", CLI_CUT }, { "SEQ", CLI_RIGHT }, { "WHEN", CLI_LEFT },
    { "KIND", CLI_LEFT }, { "BY", CLI_CUT }, { "WHAT", CLI_CUT },
    { "REASON", CLI_CUT }
};


/* All entries of all nodes, oldest first, each with its node. */

static int
cli_history_compare(const void *one, const void *two)
{
    const json_t *const  *a = one, *const *b = two;

    return strcmp(cli_json_text(*a, "time"), cli_json_text(*b, "time"));
}


static json_t *
cli_history_entries(cli_history_t *history)
{
    size_t         i, k, n;
    json_t        *entries, *entry, **items;
    cli_api_t     *api = &history->api;

    n = 0;
    items = NULL;

    for (i = 0; i < api->nodes.n; i++) {
        entries = json_object_get(api->documents[i], "entries");

        json_array_foreach(entries, k, entry) {
            items = cli_grow(items, n, sizeof(json_t *));
            items[n++] = entry;

            if (api->nodes.n > 1) {
                json_object_set_new(entry, "node",
                                    json_string(api->nodes.items[i].name));
            }

            if (cli_json_int(entry, "seq") > history->after[i]) {
                history->after[i] = cli_json_int(entry, "seq");
            }
        }
    }

    if (n != 0) {
        qsort(items, n, sizeof(json_t *), cli_history_compare);
    }

    entries = json_array();

    for (i = 0; i < n; i++) {
        if ((int64_t) (n - i) <= history->limit) {
            json_array_append(entries, items[i]);
        }
    }

    free(items);

    return entries;
}


static char *
cli_history_what(const json_t *entry, size_t max)
{
    char     *text, *what;
    int64_t   of;

    text = cli_view_changes(json_object_get(entry, "changes"), max);
    of = cli_json_int(entry, "of");

    if (of != 0) {
        what = cli_format("of %lld", (long long) of);
        what = cli_view_join(what, ": ", text);
        free(text);
        text = what;
    }

    if (cli_json_bool(entry, "hold")) {
        text = cli_view_join(text, ", ", "hold");
    }

    if (cli_json_text(entry, "lease")[0] != '\0') {
        text = cli_view_join(text, ", until ", cli_json_text(entry, "lease"));
    }

    return text;
}


static void
cli_history_print(const json_t *entries, bool full)
{
    char          ago[CLI_NUMBER_SIZE], *what;
    size_t        i;
    double        now, time;
    json_t       *entry;
    cli_table_t  *table;

    now = cli_now();
    table = cli_table_create(cli_history_columns,
                             FIG_NELTS(cli_history_columns));

    json_array_foreach((json_t *) entries, i, entry) {
        cli_table_add(table, CLI_DIM, cli_json_text(entry, "node"));
        cli_table_addf(table, CLI_BOLD, "%lld",
                       (long long) cli_json_int(entry, "seq"));
        cli_table_add(table, CLI_PLAIN,
                      cli_time_parse(cli_json_text(entry, "time"), &time)
                      ? cli_ago_text(time, now, ago)
                      : cli_json_text(entry, "time"));
        cli_table_add(table, CLI_PLAIN, cli_json_text(entry, "kind"));
        cli_table_add(table, CLI_PLAIN, cli_json_text(entry, "actor"));

        what = cli_history_what(entry, full ? SIZE_MAX : 2);
        cli_table_add(table, CLI_PLAIN, what);
        free(what);
        cli_table_add(table, CLI_PLAIN, cli_json_text(entry, "reason"));
    }

    cli_table_print(table, stdout, cli_term_width(), true);
    cli_table_destroy(table);
}


/* A line for each that is new, as they are not all known yet. */

static void
cli_history_print_new(const json_t *entries)
{
    char     *what, *line, *shown;
    size_t    i;
    json_t   *entry;

    json_array_foreach((json_t *) entries, i, entry) {

        if (cli_api_is_json()) {
            cli_json_print_line(json_incref(entry));
            continue;
        }

        what = cli_history_what(entry, SIZE_MAX);
        line = cli_format("%s%s%lld  %s  %s  %s  %s",
                          cli_json_text(entry, "node"),
                          cli_json_text(entry, "node")[0] != '\0' ? "  " : "",
                          (long long) cli_json_int(entry, "seq"),
                          cli_json_text(entry, "time"),
                          cli_json_text(entry, "kind"),
                          cli_json_text(entry, "actor"), what);
        line = cli_view_join(line, "  ", cli_json_text(entry, "reason"));
        shown = cli_show_text(line);
        puts(shown);
        free(shown);
        free(line);
        free(what);
    }

    fflush(stdout);
}


static cli_exit_t
cli_history_get(cli_history_t *history)
{
    char        *path, *escaped;
    cli_exit_t   code;

    escaped = cli_http_escape(history->route != NULL ? history->route : "");
    path = cli_format("v1/history%s%s", history->route != NULL ? "?route="
                                                               : "", escaped);
    code = cli_api_list(&history->api, path, "entries", history->after);
    free(escaped);
    free(path);

    return code;
}


/* Skips what is too old to be shown; of one route that cannot be told. */

static cli_exit_t
cli_history_skip(cli_history_t *history)
{
    size_t      i;
    cli_exit_t  code;

    if (history->route != NULL) {
        return CLI_OK;
    }

    code = cli_api_call(&history->api, "GET", "v1/status", NULL);

    for (i = 0; i < history->api.nodes.n; i++) {
        history->after[i] = cli_json_int(history->api.documents[i], "seq")
                            - history->limit;
    }

    return code;
}


static cli_exit_t
cli_history_follow(cli_history_t *history)
{
    json_t      *entries;
    cli_exit_t   code;

    static const struct timespec  second = { 1, 0 };

    for ( ;; ) {
        nanosleep(&second, NULL);
        code = cli_history_get(history);

        if (cli_api_first(&history->api) == NULL) {
            return code;
        }

        history->limit = INT64_MAX;
        entries = cli_history_entries(history);
        cli_history_print_new(entries);
        json_decref(entries);

        if (ferror(stdout)) {
            return CLI_FAILED;
        }
    }
}


static cli_exit_t
cli_history_run(cli_history_t *history)
{
    json_t      *entries;
    cli_exit_t   code;

    history->after = cli_alloc(history->api.nodes.n, sizeof(int64_t));
    code = cli_history_skip(history);

    if (code == CLI_OK || cli_api_first(&history->api) != NULL) {
        code = cli_worse(code, cli_history_get(history));
    }

    entries = cli_history_entries(history);

    if (cli_api_first(&history->api) == NULL) {
        /* void: what went wrong was said */

    } else if (history->follow) {
        cli_history_print_new(entries);

    } else if (cli_api_is_json()) {
        cli_json_print(json_pack("{s:O}", "entries", entries));

    } else if (json_array_size(entries) != 0) {
        cli_history_print(entries, history->full);

    } else {
        puts("nothing was flipped yet: strangler flip ROUTE STAGE");
    }

    json_decref(entries);

    if (history->follow && cli_api_first(&history->api) != NULL) {
        code = cli_history_follow(history);
    }

    free(history->after);

    return code;
}


cli_exit_t
cli_cmd_history(int argc, char **argv)
{
    cli_exit_t     code;
    cli_list_t     operands;
    cli_history_t  history;

    const cli_option_t  options[] = {
        { "route", 0, CLI_TEXT, "NAME", "only what changed this route",
          &history.route },
        { "limit", 0, CLI_NUMBER, "N", "so many, the newest (20)",
          &history.limit },
        { "full", 0, CLI_FLAG, NULL, "every change of each", &history.full },
        { "follow", 'f', CLI_FLAG, NULL, "go on with what comes",
          &history.follow },
        { NULL, 0, CLI_FLAG, NULL, NULL, NULL }
    };

    const cli_spec_t  spec = {
        "history", "[OPTION...]",
        "Lists flips: what changed from what to what, when, by whom and why; "
        "the newest\nlast.",
        0, 0, { options, cli_json_options, cli_api_options }
    };

    memset(&history, 0, sizeof(cli_history_t));
    history.limit = 20;

    if (!cli_args_parse(&spec, argc, argv, &operands, &code)) {
        return code;
    }

    if (cli_api_open(&history.api, "history", &code)) {
        code = cli_history_run(&history);
    }

    cli_api_close(&history.api);

    return code;
}
