/*
 * strangler routes: the routes as they are in force.
 *
 *     ROUTE  STAGE  TO  NEW  OLD  FALLBACKS  P99 NEW  P99 OLD  GROUP  NOTES
 *
 * Filters are the API's own.
 */

#include "filters.h"
#include "merge.h"
#include "table.h"
#include "view.h"


static void
cli_routes_row(cli_table_t *table, const json_t *route, double now)
{
    char           number[CLI_NUMBER_SIZE], *text;
    const json_t  *requests, *latency;

    cli_table_add(table, CLI_BOLD, cli_json_text(route, "name"));

    text = cli_view_stage(route);
    cli_table_add(table, cli_view_style(route), text);
    free(text);

    text = cli_view_targets(route);
    cli_table_add(table, CLI_PLAIN, text);
    free(text);

    requests = json_object_get(route, "requests");
    cli_table_add(table, CLI_PLAIN,
                  cli_count_text(cli_json_real(requests, "new"), number));
    cli_table_add(table, CLI_PLAIN,
                  cli_count_text(cli_json_real(requests, "old"), number));

    text = cli_view_counts(json_object_get(route, "fallbacks"));
    cli_table_add(table, CLI_MIND, text);
    free(text);

    latency = json_object_get(route, "latency");
    cli_table_add(table, CLI_PLAIN,
                  cli_view_latency(json_object_get(latency, "new"), "p99",
                                   number));
    cli_table_add(table, CLI_PLAIN,
                  cli_view_latency(json_object_get(latency, "old"), "p99",
                                   number));

    cli_table_add(table, CLI_PLAIN, cli_json_text(route, "group"));
    cli_table_add(table, CLI_PLAIN, cli_json_text(route, "owner"));

    text = cli_view_notes(route, now);
    cli_table_add(table, CLI_MIND, text);
    free(text);
}


static void
cli_routes_print(const json_t *routes, bool filtered)
{
    size_t        i;
    double        now;
    json_t       *route;
    cli_table_t  *table;

    static const cli_column_t  columns[] = {
        { "ROUTE", CLI_CUT }, { "STAGE", CLI_LEFT }, { "TO", CLI_CUT },
        { "NEW", CLI_RIGHT }, { "OLD", CLI_RIGHT }, { "FALLBACKS", CLI_CUT },
        { "P99 NEW", CLI_RIGHT }, { "P99 OLD", CLI_RIGHT },
        { "GROUP", CLI_CUT }, { "OWNER", CLI_CUT }, { "NOTES", CLI_CUT }
    };

    if (json_array_size(routes) == 0) {
        puts(filtered ? "no route is like that: strangler routes shows all"
                      : "there are no routes yet: the first one in the rules "
                        "file is in force a second later");
        return;
    }

    now = cli_now();
    table = cli_table_create(columns, FIG_NELTS(columns));

    json_array_foreach((json_t *) routes, i, route) {
        cli_routes_row(table, route, now);
    }

    cli_table_print(table, stdout, cli_term_width(), true);
    cli_table_destroy(table);
}


cli_exit_t
cli_cmd_routes(int argc, char **argv)
{
    char        *path;
    json_t      *routes;
    cli_api_t    api;
    cli_exit_t   code;
    cli_list_t   operands;

    const cli_spec_t  spec = {
        "routes", "[OPTION...]",
        "Lists the routes as they are in force, with what they have counted.",
        0, 0, { cli_filter_options, cli_json_options, cli_api_options }
    };

    if (!cli_args_parse(&spec, argc, argv, &operands, &code)) {
        return code;
    }

    if (cli_api_open(&api, "routes", &code)) {
        path = cli_filters_path();
        code = cli_api_list(&api, path, "routes", NULL);
        routes = cli_merge(&api, "routes", "name");

        if (cli_api_first(&api) == NULL) {
            /* void: what went wrong was said */

        } else if (cli_api_is_json()) {
            cli_json_print(json_pack("{s:O}", "routes", routes));

        } else {
            cli_routes_print(routes, strchr(path, '?') != NULL);
            cli_merge_print_differences(routes, "name", stdout);
        }

        json_decref(routes);
        free(path);
    }

    cli_api_close(&api);

    return code;
}
