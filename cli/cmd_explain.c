/*
 * strangler explain: what becomes of one request, and why.
 *
 *     explain FILE METHOD URL         by the rules in FILE
 *     explain --api API METHOD URL    by a router, as it is now
 *
 * Exit status 0 whatever the decision is: an explanation is no verdict.
 */

#include "api.h"
#include "explain.h"
#include "rules.h"


typedef struct {
    const char   *client;
    cli_list_t    headers;
} cli_explain_t;


static void
cli_explain_show(json_t *document)
{
    if (cli_api_is_json()) {
        cli_json_print(json_incref(document));
    } else {
        cli_explain_print(document);
    }
}


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

            cli_explain_show(document);
            json_decref(document);
            fig_scratch_destroy(scratch);
        }

        cli_rules_release(&rules);
    }

    cli_request_release(&request);

    return code;
}


/* Lines of one name count as one; cookies are joined as cookies are. */

static json_t *
cli_explain_headers(const cli_request_t *request)
{
    char                *name, *joined;
    size_t               i;
    json_t              *headers, *value;
    const fig_header_t  *header;

    headers = json_object();

    for (i = 0; i < request->view.nheaders; i++) {
        header = &request->headers[i];
        name = cli_format("%.*s", (int) header->name.len, header->name.data);
        value = json_object_get(headers, name);

        joined = cli_format("%s%s%.*s", value != NULL
                            ? json_string_value(value) : "",
                            value == NULL ? ""
                            : strcasecmp(name, "cookie") == 0 ? "; " : ", ",
                            (int) header->value.len, header->value.data);
        json_object_set_new(headers, name,
                            cli_json_str(fig_str_from(joined)));
        free(joined);
        free(name);
    }

    return headers;
}


/* No client sends the fragment of a URL. */

static json_t *
cli_explain_url(const char *url)
{
    return cli_json_str(fig_str(url, url[0] == '/' ? strlen(url)
                                                   : strcspn(url, "#")));
}


/* A request that was looked at here is sent to every node. */

static cli_exit_t
cli_explain_nodes(const cli_explain_t *explain, const cli_list_t *operands,
    const cli_request_t *request)
{
    size_t       i;
    json_t      *body;
    cli_api_t    api;
    cli_exit_t   code;

    if (cli_api_open(&api, "explain", &code)) {
        body = json_pack("{s:s, s:o, s:o}", "method", operands->items[0],
                         "url", cli_explain_url(operands->items[1]),
                         "headers", cli_explain_headers(request));

        if (explain->client != NULL) {
            json_object_set_new(body, "client", json_string(explain->client));
        }

        code = cli_api_call(&api, "POST", "v1/explain", body);
        json_decref(body);

        for (i = 0; i < api.nodes.n; i++) {
            if (api.documents[i] == NULL) {
                continue;
            }

            if (api.nodes.n > 1 && !cli_api_is_json()) {
                printf("%s%s\n", i != 0 ? "\n" : "",
                       api.nodes.items[i].name);
            }

            cli_explain_show(api.documents[i]);
        }
    }

    cli_api_close(&api);

    return code;
}


static cli_exit_t
cli_explain_api(const cli_explain_t *explain, const cli_list_t *operands)
{
    cli_exit_t      code;
    cli_request_t   request;

    if (cli_request_init(&request, "explain", operands->items[0],
                         operands->items[1], &explain->headers,
                         explain->client, &code))
    {
        code = cli_explain_nodes(explain, operands, &request);
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
        { NULL, 0, CLI_FLAG, NULL, NULL, NULL }
    };

    const cli_spec_t  spec = {
        "explain", "FILE METHOD URL [OPTION...]\n"
        "--api API METHOD URL [OPTION...]",
        "Tells which route a request gets, which side and backend, why, and "
        "which other\nroutes came near: by a rules file, or by a router as it "
        "is now.  URL is a path,\nor a whole URL whose host is then looked at.",
        2, 3, { options, cli_json_options, cli_api_options }
    };

    memset(&explain, 0, sizeof(cli_explain_t));

    if (!cli_args_parse(&spec, argc, argv, &operands, &code)) {
        return code;
    }

    code = (operands.n == 3) ? cli_explain_file(&explain, &operands)
                             : cli_explain_api(&explain, &operands);

    free(operands.items);
    free(explain.headers.items);

    return code;
}
