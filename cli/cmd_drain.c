/*
 * strangler drain: a backend gets no more requests that another can answer.
 *
 *     drain BACKEND [--off]
 */

#include "flips.h"


/* What PATCH answers is the backend as it now is. */

static void
cli_drain_print(const cli_api_t *api)
{
    char     prefix[CLI_PREFIX], *name;
    bool     drain;
    size_t   i;

    for (i = 0; i < api->nodes.n; i++) {
        if (api->documents[i] == NULL) {
            continue;
        }

        drain = cli_json_bool(api->documents[i], "drain");
        name = cli_show_text(cli_json_text(api->documents[i], "name"));
        printf("%s%s is %s: %lld requests in flight\n",
               cli_api_prefix(api, i, prefix), name,
               drain ? "draining" : "in use",
               (long long) cli_json_int(api->documents[i], "in_flight"));
        free(name);
    }
}


static cli_exit_t
cli_drain_run(cli_api_t *api, const char *backend, bool off)
{
    char        *path, *escaped;
    json_t      *body;
    cli_exit_t   code;

    body = json_pack("{s:b}", "drain", !off);
    cli_flip_given(body);
    escaped = cli_http_escape(backend);
    path = cli_format("v1/backends/%s", escaped);
    code = cli_api_call(api, "PATCH", path, body);

    if (!cli_api_is_json()) {
        cli_drain_print(api);
    }

    code = cli_flip_done(api, code);

    free(path);
    free(escaped);
    json_decref(body);

    return code;
}


cli_exit_t
cli_cmd_drain(int argc, char **argv)
{
    bool         off;
    cli_api_t    api;
    cli_exit_t   code;
    cli_list_t   operands;

    const cli_option_t  options[] = {
        { "off", 0, CLI_FLAG, NULL, "into use again", &off },
        { NULL, 0, CLI_FLAG, NULL, NULL, NULL }
    };

    const cli_spec_t  spec = {
        "drain", "BACKEND [--off] [OPTION...]",
        "Takes a backend out of use: it gets no more requests that another "
        "backend can\nanswer.  Those under way end as they would.",
        1, 1, { options, cli_lease_options, cli_flip_options,
                cli_json_options, cli_api_options }
    };

    off = false;

    if (!cli_args_parse(&spec, argc, argv, &operands, &code)) {
        return code;
    }

    if (cli_api_open(&api, "drain", &code)) {
        code = cli_drain_run(&api, operands.items[0], off);
    }

    cli_api_close(&api);
    free(operands.items);

    return code;
}
