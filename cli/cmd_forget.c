/*
 * strangler forget: differences begin anew.
 *
 *     forget ID...            these, with their samples
 *     forget --route NAME     all of a route, and all evidence for it
 *
 * It asks only where somebody can answer, and all of a route would go.
 */

#include "classes.h"
#include "term.h"


typedef struct {
    bool          yes;
    const char   *route;
    cli_api_t     api;
} cli_forget_t;


static cli_exit_t
cli_forget_one(cli_forget_t *cmd, const char *id)
{
    char        *path, *shown;
    size_t       i;
    json_t      *class, **bodies;
    cli_exit_t   code;

    class = cli_classes_get(&cmd->api, "forget", id, &code);

    if (class == NULL) {
        return code;
    }

    bodies = cli_alloc(cmd->api.nodes.n, sizeof(json_t *));

    for (i = 0; i < cmd->api.nodes.n; i++) {
        bodies[i] = (cmd->api.documents[i] != NULL) ? json_null() : NULL;
    }

    path = cli_class_path(class);
    code = cli_api_call_each(&cmd->api, "DELETE", path, bodies);
    free(path);
    free(bodies);

    if (code == CLI_OK && !cli_api_is_json()) {
        shown = cli_show_text(cli_json_text(class, "id"));
        printf("%s is forgotten\n", shown);
        free(shown);
    }

    json_decref(class);

    return code;
}


static cli_exit_t
cli_forget_route(cli_forget_t *cmd)
{
    char        *path, *escaped, *shown;
    cli_exit_t   code;

    shown = cli_show_text(cmd->route);

    if (!cmd->yes && cli_term_asks()) {
        printf("forget all differences of %s, and that it was ready? [y/N] ",
               shown);

        if (!cli_term_yes()) {
            puts("nothing was forgotten");
            free(shown);
            return CLI_NO;
        }
    }

    escaped = cli_http_escape(cmd->route);
    path = cli_format("v1/differences?route=%s", escaped);
    code = cli_api_call(&cmd->api, "DELETE", path, NULL);
    free(path);
    free(escaped);

    if (code == CLI_OK && !cli_api_is_json()) {
        printf("all of %s is forgotten\n", shown);
    }

    free(shown);

    return code;
}


cli_exit_t
cli_cmd_forget(int argc, char **argv)
{
    size_t         i;
    cli_exit_t     code;
    cli_list_t     operands;
    cli_forget_t   cmd;

    const cli_option_t  options[] = {
        { "route", 0, CLI_TEXT, "NAME", "all of this route", &cmd.route },
        { "yes", 'y', CLI_FLAG, NULL, "do not ask on a terminal", &cmd.yes },
        { NULL, 0, CLI_FLAG, NULL, NULL, NULL }
    };

    const cli_spec_t  spec = {
        "forget", "ID... [OPTION...]\n--route NAME [OPTION...]",
        "Forgets differences, as after a mistake was put right: they are new "
        "ones if they\ncome again.  With all of a route its readiness begins "
        "anew.",
        0, CLI_ANY, { options, cli_json_options, cli_api_options }
    };

    memset(&cmd, 0, sizeof(cli_forget_t));

    if (!cli_args_parse(&spec, argc, argv, &operands, &code)) {
        return code;
    }

    if ((operands.n == 0) == (cmd.route == NULL)) {
        free(operands.items);
        return cli_usage_error("forget", "either IDs or --route");
    }

    if (cli_api_open(&cmd.api, "forget", &code)) {
        code = (cmd.route != NULL) ? cli_forget_route(&cmd) : CLI_OK;

        for (i = 0; i < operands.n; i++) {
            code = cli_worse(code, cli_forget_one(&cmd, operands.items[i]));
        }

        if (cli_api_is_json()) {
            cli_json_print(json_pack("{s:b}", "forgotten", code == CLI_OK));
        }
    }

    cli_api_close(&cmd.api);
    free(operands.items);

    return code;
}
