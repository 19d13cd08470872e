/*
 * strangler ready: are routes ready to flip, on every node?
 *
 *     ROUTE  VERDICT  PAIRS  MISMATCHES  NEEDED  EXPECTED
 *
 * --wait asks again once a second; the last look is what is told.
 */

#include "number.h"
#include "readiness.h"
#include "stop.h"
#include "table.h"
#include "view.h"


#define CLI_READY_STEP  1000           /* ms, between two looks */


/* Readiness of all routes on all nodes: a new list. */

static json_t *
cli_ready_look(cli_api_t *api, const cli_list_t *names, bool *ready,
    cli_exit_t *exit)
{
    char           *path;
    size_t          i, k;
    json_t         *all, *entry;
    const json_t   *route;

    all = json_array();
    *ready = true;
    *exit = CLI_OK;

    for (i = 0; i < names->n; i++) {
        path = cli_route_path(names->items[i]);
        *exit = cli_worse(*exit, cli_api_call(api, "GET", path, NULL));
        free(path);

        for (k = 0; k < api->nodes.n; k++) {
            route = api->documents[k];

            if (route == NULL) {
                *ready = false;
                continue;
            }

            entry = json_is_object(json_object_get(route, "readiness"))
                    ? json_copy(json_object_get(route, "readiness"))
                    : json_object();
            json_object_set_new(entry, "route",
                                json_string(cli_json_text(route, "name")));
            json_object_set_new(entry, "verdict",
                                json_string(cli_readiness_verdict(route)));

            if (api->nodes.n > 1) {
                json_object_set_new(entry, "node",
                                    json_string(api->nodes.items[k].name));
            }

            json_array_append_new(all, json_pack("{s:O, s:o}", "name",
                json_object_get(route, "name"), "readiness", entry));
            *ready = *ready && cli_readiness_is_ready(route);
        }
    }

    return all;
}


static void
cli_ready_row(cli_table_t *table, const json_t *route, double now)
{
    char           text[CLI_NUMBER_SIZE];
    double         time;
    const json_t  *readiness;

    readiness = json_object_get(route, "readiness");
    cli_table_add(table, CLI_DIM, cli_json_text(readiness, "node"));
    cli_table_add(table, CLI_BOLD, cli_json_text(route, "name"));
    cli_table_add(table, cli_readiness_style(route),
                  cli_readiness_verdict(route));
    cli_table_add(table, CLI_PLAIN,
                  cli_count_text(cli_json_real(readiness, "pairs"), text));
    cli_table_add(table, CLI_PLAIN,
                  cli_count_text(cli_json_real(readiness, "mismatches"),
                                 text));
    cli_table_add(table, CLI_PLAIN, cli_json_int(readiness, "needed") != 0
                  ? cli_count_text(cli_json_real(readiness, "needed"), text)
                  : "-");
    cli_table_add(table, CLI_PLAIN,
                  cli_time_parse(cli_json_text(readiness, "expected"), &time)
                  ? cli_ago_text(time, now, text) : "-");
}


/* The reasons, which are too long for a table. */

static void
cli_ready_print_why(const json_t *all)
{
    char          *why, *line, *shown;
    size_t         i;
    json_t        *route;
    const char    *node;
    const json_t  *readiness;

    putchar('\n');

    json_array_foreach((json_t *) all, i, route) {
        readiness = json_object_get(route, "readiness");
        node = cli_json_text(readiness, "node");
        why = cli_readiness_why(route);
        why = cli_view_join(why, "; ", cli_json_text(readiness, "estimate"));
        line = cli_format("%s%s%s: %s", node, node[0] != '\0' ? ": " : "",
                          cli_json_text(route, "name"), why);
        shown = cli_show_text(line);
        puts(shown);
        free(shown);
        free(line);
        free(why);
    }
}


static void
cli_ready_print(const json_t *all, bool ready)
{
    size_t        i;
    double        now;
    json_t       *route, *list;
    cli_table_t  *table;

    static const cli_column_t  columns[] = {
        { "NODE", CLI_CUT }, { "ROUTE", CLI_CUT }, { "VERDICT", CLI_LEFT },
        { "PAIRS", CLI_RIGHT }, { "MISMATCHES", CLI_RIGHT },
        { "NEEDED", CLI_RIGHT }, { "EXPECTED", CLI_LEFT }
    };

    if (cli_api_is_json()) {
        list = json_array();

        json_array_foreach((json_t *) all, i, route) {
            json_array_append(list, json_object_get(route, "readiness"));
        }

        cli_json_print(json_pack("{s:b, s:o}", "ready", (int) ready, "routes",
                                 list));
        return;
    }

    now = cli_now();
    table = cli_table_create(columns, FIG_NELTS(columns));

    json_array_foreach((json_t *) all, i, route) {
        cli_ready_row(table, route, now);
    }

    cli_table_print(table, stdout, cli_term_width(), true);
    cli_table_destroy(table);
    cli_ready_print_why(all);
}


static cli_exit_t
cli_ready_run(cli_api_t *api, const cli_list_t *names, int64_t wait)
{
    bool         ready;
    double       end;
    json_t      *all;
    cli_exit_t   code;

    end = cli_now() + (double) wait / 1000;
    all = cli_ready_look(api, names, &ready, &code);

    /* a node that does not answer for a moment is no reason to give up */

    while (!ready && code != CLI_NO && cli_now() < end) {
        (void) cli_stop_rest(CLI_READY_STEP);
        api->quiet = true;
        json_decref(all);
        all = cli_ready_look(api, names, &ready, &code);
    }

    if (api->quiet && code != CLI_OK) {
        cli_error("%s", api->wrong);
    }

    if (json_array_size(all) != 0) {
        cli_ready_print(all, ready);
    }

    json_decref(all);

    return (code == CLI_OK && !ready) ? CLI_NO : code;
}


cli_exit_t
cli_cmd_ready(int argc, char **argv)
{
    int64_t      wait;
    cli_api_t    api;
    cli_exit_t   code;
    cli_list_t   operands;

    const cli_option_t  options[] = {
        { "wait", 0, CLI_TIME, "TIME", "until they are, but no longer than "
          "this", &wait },
        { NULL, 0, CLI_FLAG, NULL, NULL, NULL }
    };

    const cli_spec_t  spec = {
        "ready", "ROUTE... [OPTION...]",
        "Tells whether routes are ready to flip, on every node, and why not.  "
        "The exit\nstatus is 0 only if all are.",
        1, CLI_ANY, { options, cli_json_options, cli_api_options }
    };

    wait = 0;

    if (!cli_args_parse(&spec, argc, argv, &operands, &code)) {
        return code;
    }

    if (cli_api_open(&api, "ready", &code)) {
        code = cli_ready_run(&api, &operands, wait);
    }

    cli_api_close(&api);
    free(operands.items);

    return code;
}
