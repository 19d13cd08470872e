/*
 * strangler status: which rules are in force, where, and what is wrong.
 *
 * Exit status 1 when a node has not converged, or rejects the rules that it
 * finds in its file: those in force are then older than the file.
 */

#include "api.h"
#include "table.h"
#include "view.h"


static void
cli_status_line(const char *name, cli_style_t style, char *text)
{
    char  *shown;

    shown = cli_show_text(text);
    printf("%s%-11s%s%s%s%s\n", cli_style_on(CLI_DIM), name,
           cli_style_off(CLI_DIM), cli_style_on(style), shown,
           cli_style_off(style));
    free(shown);
    free(text);
}


/* Workers that have the newest generation, of those that are not exiting. */

static void
cli_status_workers(const json_t *status, size_t *newest, size_t *all)
{
    size_t         i;
    json_t        *worker;
    const json_t  *workers;

    *newest = 0;
    *all = 0;
    workers = json_object_get(status, "workers");

    json_array_foreach((json_t *) workers, i, worker) {
        if (!cli_json_bool(worker, "exiting")) {
            (*all)++;
            *newest += cli_json_int(worker, "generation")
                       == cli_json_int(status, "generation");
        }
    }
}


static char *
cli_status_drift(const json_t *status)
{
    char    *text;
    size_t   i;
    json_t  *name, *drift;
    int64_t  n;

    drift = json_object_get(status, "drift");
    n = cli_json_int(status, "drifting");

    if (n < (int64_t) json_array_size(drift)) {
        n = (int64_t) json_array_size(drift);
    }

    if (n == 0) {
        return cli_format("none: every route is as the file says");
    }

    text = cli_format("%lld route%s:", (long long) n, n == 1 ? "" : "s");

    json_array_foreach(drift, i, name) {
        if (i == 5) {
            return cli_view_join(text, " ", "and more: strangler routes "
                                            "--drift");
        }

        text = cli_view_join(text, " ", json_string_value(name) != NULL
                                        ? json_string_value(name) : "");
    }

    return text;
}


/* Lines of a text, indented. */

static void
cli_status_text(const char *text)
{
    char        *shown;
    size_t       len;
    const char  *p;

    for (p = text; *p != '\0'; p += len + (p[len] == '\n')) {
        len = strcspn(p, "\n");
        shown = cli_show(fig_str(p, len));
        printf("    %s\n", shown);
        free(shown);
    }
}


/* Diagnostics as nginx logged them. */

static void
cli_status_error(const json_t *status)
{
    char           ago[CLI_NUMBER_SIZE], *text;
    size_t         i;
    double         time;
    json_t        *diag;
    const json_t  *error;

    error = json_object_get(status, "last_error");

    if (!json_is_object(error)) {
        return;
    }

    text = cli_format("the file is not in force");

    if (cli_time_parse(cli_json_text(error, "time"), &time)) {
        text = cli_view_join(text, ", since ",
                             cli_ago_text(time, cli_now(), ago));
    }

    cli_status_line("error", CLI_BAD, text);
    cli_status_text(cli_json_text(error, "text"));

    json_array_foreach(json_object_get(error, "diagnostics"), i, diag) {
        if (json_object_get(diag, "text") != NULL) {
            cli_status_text(cli_json_text(diag, "text"));
            continue;
        }

        text = cli_format("%s:%lld:%lld: error: %s",
                          cli_json_text(diag, "file"),
                          (long long) cli_json_int(diag, "line"),
                          (long long) cli_json_int(diag, "col"),
                          cli_json_text(diag, "message"));
        cli_status_text(text);
        free(text);
    }
}


static void
cli_status_print(const json_t *status)
{
    bool           writes;
    size_t         newest, all;
    const json_t  *state;

    cli_status_line("rules", CLI_BOLD, cli_format("%s, %s",
        cli_json_text(status, "rule_set"), cli_json_text(status, "file")));

    cli_status_workers(status, &newest, &all);
    cli_status_line("generation", newest == all ? CLI_GOOD : CLI_BAD,
        cli_format("%lld, in force in %zu of %zu workers",
                   (long long) cli_json_int(status, "generation"), newest,
                   all));

    writes = cli_json_bool(status, "write");
    cli_status_line("flips", CLI_PLAIN, cli_format("last is %lld%s",
        (long long) cli_json_int(status, "seq"),
        writes ? "" : "; this API does not write"));
    cli_status_line("drift", CLI_PLAIN, cli_status_drift(status));

    state = json_object_get(status, "state");

    if (json_is_object(state)) {
        writes = cli_json_bool(state, "writable");
        cli_status_line("state", writes ? CLI_PLAIN : CLI_BAD,
            cli_format("%s%s%s", cli_json_text(state, "directory"),
                       writes ? "" : ", not writable: ",
                       cli_json_text(state, "error")));
    }

    cli_status_line("version", CLI_PLAIN, cli_format("%s, nginx %s",
        cli_json_text(status, "version"), cli_json_text(status, "nginx")));
    cli_status_error(status);
}


static void
cli_status_row(cli_table_t *table, const char *node, const json_t *status)
{
    bool    converged;
    size_t  newest, all;

    converged = cli_json_bool(status, "converged");
    cli_status_workers(status, &newest, &all);

    cli_table_add(table, CLI_BOLD, node);
    cli_table_add(table, CLI_PLAIN, cli_json_text(status, "rule_set"));
    cli_table_addf(table, CLI_PLAIN, "%lld",
                   (long long) cli_json_int(status, "generation"));
    cli_table_add(table, CLI_PLAIN, cli_json_text(status, "checksum"));
    cli_table_addf(table, converged ? CLI_GOOD : CLI_BAD, "%s %zu/%zu",
                   converged ? "yes" : "no", newest, all);
    cli_table_addf(table, CLI_PLAIN, "%lld",
                   (long long) cli_json_int(status, "seq"));
    cli_table_addf(table, CLI_PLAIN, "%lld",
                   (long long) cli_json_int(status, "drifting"));
    cli_table_add(table, CLI_PLAIN, cli_json_text(status, "version"));
    cli_table_add(table, CLI_BAD,
                  json_is_object(json_object_get(status, "last_error"))
                  ? "the file is not in force" : "");
}


static void
cli_status_print_all(const cli_api_t *api)
{
    size_t        i;
    cli_table_t  *table;

    static const cli_column_t  columns[] = {
        { "NODE", CLI_CUT }, { "RULES", CLI_CUT }, { "GENERATION", CLI_RIGHT },
        { "CHECKSUM", CLI_CUT }, { "CONVERGED", CLI_LEFT },
        { "SEQ", CLI_RIGHT }, { "DRIFT", CLI_RIGHT }, { "VERSION", CLI_LEFT },
        { "ERROR", CLI_LEFT }
    };

    table = cli_table_create(columns, FIG_NELTS(columns));

    for (i = 0; i < api->nodes.n; i++) {
        if (api->documents[i] != NULL) {
            cli_status_row(table, api->nodes.items[i].name,
                           api->documents[i]);
        }
    }

    cli_table_print(table, stdout, cli_term_width(), true);
    cli_table_destroy(table);
}


/* Members of a node's status, and which node it is. */

static json_t *
cli_status_json(const cli_api_t *api)
{
    size_t   i;
    json_t  *nodes, *entry;

    if (api->nodes.n == 1) {
        return json_incref(api->documents[0]);
    }

    nodes = json_array();

    for (i = 0; i < api->nodes.n; i++) {
        if (api->documents[i] != NULL) {
            entry = json_copy(api->documents[i]);
            json_object_set_new(entry, "node",
                                json_string(api->nodes.items[i].name));
            json_array_append_new(nodes, entry);
        }
    }

    return json_pack("{s:o}", "nodes", nodes);
}


cli_exit_t
cli_cmd_status(int argc, char **argv)
{
    size_t       i;
    cli_api_t    api;
    cli_exit_t   code;
    cli_list_t   operands;

    const cli_spec_t  spec = {
        "status", "[OPTION...]",
        "Tells which rules are in force, whether in every worker of every "
        "node, and what\nis wrong with the file.  Exit status 1 when one has "
        "not converged, or has an\nerror.",
        0, 0, { cli_json_options, cli_api_options }
    };

    if (!cli_args_parse(&spec, argc, argv, &operands, &code)) {
        return code;
    }

    if (cli_api_open(&api, "status", &code)) {
        code = cli_api_call(&api, "GET", "v1/status", NULL);

        for (i = 0; i < api.nodes.n; i++) {
            if (api.documents[i] != NULL
                && (!cli_json_bool(api.documents[i], "converged")
                    || json_is_object(json_object_get(api.documents[i],
                                                      "last_error"))))
            {
                code = cli_worse(code, CLI_NO);
            }
        }

        if (cli_api_first(&api) == NULL) {
            /* void: what went wrong was said */

        } else if (cli_api_is_json()) {
            cli_json_print(cli_status_json(&api));

        } else if (api.nodes.n == 1) {
            cli_status_print(api.documents[0]);

        } else {
            cli_status_print_all(&api);
        }
    }

    cli_api_close(&api);

    return code;
}
