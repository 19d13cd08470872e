/*
 * strangler backends: who answers, how busy and how well.
 *
 *     BACKEND  STATE  SERVERS  IN FLIGHT  REQUESTS  ERRORS  FAILURES  P50  P99
 *
 * Errors are answers of 500 and above; failures are tries without an answer.
 */

#include "merge.h"
#include "table.h"
#include "view.h"


static void
cli_backends_row(cli_table_t *table, const json_t *backend)
{
    bool           drain;
    char           number[CLI_NUMBER_SIZE], *text;
    double         all, errors;
    const json_t  *requests, *latency;

    cli_table_add(table, CLI_BOLD, cli_json_text(backend, "name"));

    drain = cli_json_bool(backend, "drain");
    cli_table_add(table, drain ? CLI_MIND : CLI_GOOD,
                  drain ? "draining" : "in use");
    cli_table_addf(table, CLI_PLAIN, "%zu",
                   json_array_size(json_object_get(backend, "servers")));
    cli_table_add(table, CLI_PLAIN,
                  cli_count_text(cli_json_real(backend, "in_flight"),
                                 number));

    requests = json_object_get(backend, "requests");
    all = cli_view_sum(requests);
    errors = cli_json_real(requests, "server_error");
    cli_table_add(table, CLI_PLAIN, cli_count_text(all, number));
    cli_table_add(table, errors > 0 ? CLI_BAD : CLI_PLAIN,
                  errors > 0 ? cli_share_text(errors, all, number) : "-");

    text = cli_view_counts(json_object_get(backend, "failures"));
    cli_table_add(table, CLI_BAD, text);
    free(text);

    latency = json_object_get(backend, "latency");
    cli_table_add(table, CLI_PLAIN, cli_view_latency(latency, "p50", number));
    cli_table_add(table, CLI_PLAIN, cli_view_latency(latency, "p99", number));
}


static void
cli_backends_print(const json_t *backends)
{
    size_t        i;
    json_t       *backend;
    cli_table_t  *table;

    static const cli_column_t  columns[] = {
        { "BACKEND", CLI_CUT }, { "STATE", CLI_LEFT },
        { "SERVERS", CLI_RIGHT }, { "IN FLIGHT", CLI_RIGHT },
        { "REQUESTS", CLI_RIGHT }, { "ERRORS", CLI_RIGHT },
        { "FAILURES", CLI_CUT }, { "P50", CLI_RIGHT }, { "P99", CLI_RIGHT }
    };

    if (json_array_size(backends) == 0) {
        puts("there are no backends: a rules file names them in `backends`");
        return;
    }

    table = cli_table_create(columns, FIG_NELTS(columns));

    json_array_foreach((json_t *) backends, i, backend) {
        cli_backends_row(table, backend);
    }

    cli_table_print(table, stdout, cli_term_width(), true);
    cli_table_destroy(table);
}


cli_exit_t
cli_cmd_backends(int argc, char **argv)
{
    json_t      *backends;
    cli_api_t    api;
    cli_exit_t   code;
    cli_list_t   operands;

    const cli_spec_t  spec = {
        "backends", "[OPTION...]",
        "Lists the backends: requests, errors (answers of 500 and above), "
        "failures\n(tries without an answer) and latency.",
        0, 0, { cli_json_options, cli_api_options }
    };

    if (!cli_args_parse(&spec, argc, argv, &operands, &code)) {
        return code;
    }

    if (cli_api_open(&api, "backends", &code)) {
        code = cli_api_list(&api, "v1/backends", "backends", NULL);
        backends = cli_merge(&api, "backends", "name");

        if (cli_api_first(&api) == NULL) {
            /* void: what went wrong was said */

        } else if (cli_api_is_json()) {
            cli_json_print(json_pack("{s:O}", "backends", backends));

        } else {
            cli_backends_print(backends);
            cli_merge_print_differences(backends, "name", stdout);
        }

        json_decref(backends);
    }

    cli_api_close(&api);

    return code;
}
