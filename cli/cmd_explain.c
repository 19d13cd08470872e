/*
 * strangler explain: what becomes of one request, and why.
 *
 *     explain FILE METHOD URL     by the rules in FILE
 *
 * Exit status 0 whatever the decision is: an explanation is no verdict.
 */

#include "args.h"
#include "explain.h"
#include "rules.h"


typedef struct {
    bool          json;
    const char   *client;
    cli_list_t    headers;
} cli_explain_t;


static cli_exit_t
cli_explain_file(const cli_explain_t *explain, const cli_list_t *operands)
{
    json_t         *document;
    cli_exit_t      code;
    cli_rules_t     rules;
    cli_request_t   request;
    fig_scratch_t  *scratch;

    if (cli_request_init(&request, "explain", operands->items[1],
                         operands->items[2], &explain->headers,
                         explain->client, &code))
    {
        code = cli_rules_need(operands->items[0], &rules);

        if (code == CLI_OK) {
            scratch = fig_scratch_create();

            if (scratch == NULL) {
                return cli_error("out of memory");
            }

            cli_request_decide(&request, rules.ruleset, scratch);
            document = cli_explain_make(rules.ruleset, &request, scratch);

            if (explain->json) {
                cli_json_print(json_incref(document));
            } else {
                cli_explain_print(document);
            }

            json_decref(document);
            fig_scratch_destroy(scratch);
        }

        cli_rules_release(&rules);
    }

    cli_request_release(&request);

    return code;
}


cli_exit_t
cli_cmd_explain(int argc, char **argv)
{
    cli_exit_t     code;
    cli_list_t     operands;
    cli_explain_t  explain;

    const cli_option_t  options[] = {
        { "header", 'H', CLI_LIST, "LINE", "a header 'Name: value'; repeatable",
          &explain.headers },
        { "client", 0, CLI_TEXT, "ADDR", "the client's address",
          &explain.client },
        { "json", 0, CLI_FLAG, NULL, "print JSON", &explain.json },
        { NULL, 0, CLI_FLAG, NULL, NULL, NULL }
    };

    const cli_spec_t  spec = {
        "explain", "FILE METHOD URL [OPTION...]",
        "Tells which route a request gets, which side and backend, why, and "
        "which other\nroutes came near.  URL is a path, or a whole URL whose "
        "host is then looked at.",
        3, 3, { options }
    };

    memset(&explain, 0, sizeof(cli_explain_t));

    if (!cli_args_parse(&spec, argc, argv, &operands, &code)) {
        return code;
    }

    code = cli_explain_file(&explain, &operands);

    free(operands.items);
    free(explain.headers.items);

    return code;
}
