/*
 * Options, calls and pages.
 *
 * What the options point to is here, as no command speaks to two APIs.
 */

#include "api.h"


#define CLI_TIMEOUT  10000             /* ms */


static struct {
    bool                 json;
    const char          *api;
    cli_http_options_t   http;
} cli_given = { .http = { .timeout = CLI_TIMEOUT } };


const cli_option_t  cli_json_options[] = {
    { "json", 0, CLI_FLAG, NULL, "print JSON", &cli_given.json },
    { NULL, 0, CLI_FLAG, NULL, NULL, NULL }
};

const cli_option_t  cli_api_options[] = {
    { "api", 0, CLI_TEXT, "URL", "the router; or STRANGLER_API",
      &cli_given.api },
    { "unix-socket", 0, CLI_TEXT, "PATH", "connect to this socket",
      &cli_given.http.unix_socket },
    { "user", 0, CLI_TEXT, "NAME:PASS", "or STRANGLER_USER, or ~/.netrc",
      &cli_given.http.user },
    { "cacert", 0, CLI_TEXT, "FILE", "CAs that sign for the API",
      &cli_given.http.cacert },
    { "cert", 0, CLI_TEXT, "FILE", "certificate of the client",
      &cli_given.http.cert },
    { "key", 0, CLI_TEXT, "FILE", "its key", &cli_given.http.key },
    { "timeout", 0, CLI_TIME, "TIME", "for each call (10s)",
      &cli_given.http.timeout },
    { NULL, 0, CLI_FLAG, NULL, NULL, NULL }
};


bool
cli_api_is_json(void)
{
    return cli_given.json;
}


static const char *
cli_api_environment(const char *name)
{
    const char  *value;

    value = getenv(name);

    return (value != NULL && value[0] != '\0') ? value : NULL;
}


bool
cli_api_is_given(void)
{
    return cli_given.api != NULL || cli_given.http.unix_socket != NULL
           || cli_api_environment("STRANGLER_API") != NULL;
}


bool
cli_api_open(cli_api_t *api, const char *command, cli_exit_t *exit)
{
    char        *error;
    const char  *list;

    memset(api, 0, sizeof(cli_api_t));
    api->options = cli_given.http;
    list = cli_given.api;

    if (list == NULL) {
        list = cli_api_environment("STRANGLER_API");
    }

    if (list == NULL && api->options.unix_socket != NULL) {
        list = "http://localhost/_strangler/";
    }

    if (api->options.user == NULL) {
        api->options.user = cli_api_environment("STRANGLER_USER");
    }

    if (list == NULL) {
        *exit = cli_usage_error(command, "which router? --api URL or "
                                "STRANGLER_API, such as "
                                "http://127.0.0.1/_strangler/");
        return false;
    }

    if (!cli_nodes_init(&api->nodes, list, &error)) {
        *exit = cli_error("%s", error);
        free(error);
        return false;
    }

    if (api->options.unix_socket != NULL && api->nodes.n != 1) {
        *exit = cli_usage_error(command, "--unix-socket is for one node");
        return false;
    }

    api->http = cli_http_create(&api->nodes, &api->options);
    api->documents = cli_alloc(api->nodes.n, sizeof(json_t *));

    return true;
}


static void
cli_api_forget(cli_api_t *api)
{
    size_t  i;

    for (i = 0; i < api->nodes.n; i++) {
        json_decref(api->documents[i]);
        api->documents[i] = NULL;
    }
}


void
cli_api_close(cli_api_t *api)
{
    if (api->http != NULL) {
        cli_api_forget(api);
        cli_http_destroy(api->http);
    }

    free(api->wrong);
    free(api->documents);
    cli_nodes_release(&api->nodes);
}


const char *
cli_api_prefix(const cli_api_t *api, size_t node, char out[CLI_PREFIX])
{
    char  *shown;

    out[0] = '\0';

    if (api->nodes.n > 1) {
        shown = cli_show_text(api->nodes.items[node].name);
        snprintf(out, CLI_PREFIX, "%s: ", shown);
        free(shown);
    }

    return out;
}


/* Runs calls and says what went wrong; documents stay in the calls. */

static cli_exit_t
cli_api_run(cli_api_t *api, cli_call_t *calls, size_t n)
{
    char        prefix[CLI_PREFIX];
    size_t      i;
    cli_exit_t  code;

    cli_http_run(api->http, calls, n);
    code = CLI_OK;

    for (i = 0; i < n; i++) {
        if (calls[i].error == NULL) {
            continue;
        }

        code = cli_worse(code, calls[i].refused ? CLI_NO : CLI_FAILED);

        cli_api_prefix(api, (size_t) (calls[i].node - api->nodes.items),
                       prefix);
        free(api->wrong);
        api->wrong = cli_format("%s%s", prefix, calls[i].error);

        if (!api->quiet) {
            cli_error("%s", api->wrong);
        }
    }

    return code;
}


cli_exit_t
cli_api_call_each(cli_api_t *api, const char *method, const char *path,
    json_t *const *bodies)
{
    char       **texts;
    size_t       i, n;
    cli_exit_t   code;
    cli_call_t  *calls;

    cli_api_forget(api);
    texts = cli_alloc(api->nodes.n, sizeof(char *));
    calls = cli_alloc(api->nodes.n, sizeof(cli_call_t));
    n = 0;

    for (i = 0; i < api->nodes.n; i++) {
        if (bodies != NULL && bodies[i] == NULL) {
            continue;
        }

        texts[i] = (bodies != NULL && !json_is_null(bodies[i]))
                   ? json_dumps(bodies[i], JSON_COMPACT) : NULL;
        calls[n].node = &api->nodes.items[i];
        calls[n].method = method;
        calls[n].path = cli_format("%s", path);
        calls[n++].body = texts[i];
    }

    code = cli_api_run(api, calls, n);

    while (n-- > 0) {
        i = (size_t) (calls[n].node - api->nodes.items);
        api->documents[i] = json_incref(calls[n].document);
        free(texts[i]);
        cli_call_release(&calls[n]);
    }

    free(calls);
    free(texts);

    return code;
}


cli_exit_t
cli_api_call(cli_api_t *api, const char *method, const char *path,
    json_t *body)
{
    size_t       i;
    json_t     **bodies;
    cli_exit_t   code;

    if (body == NULL) {
        return cli_api_call_each(api, method, path, NULL);
    }

    bodies = cli_alloc(api->nodes.n, sizeof(json_t *));

    for (i = 0; i < api->nodes.n; i++) {
        bodies[i] = body;
    }

    code = cli_api_call_each(api, method, path, bodies);
    free(bodies);

    return code;
}


/* What to pass as `after` for the next page, escaped; NULL: it was the last. */

static char *
cli_api_next(const json_t *page)
{
    char          *next;
    const json_t  *value;

    value = json_object_get(page, "next");

    if (json_is_integer(value)) {
        next = cli_format("%lld", (long long) json_integer_value(value));

    } else if (json_is_string(value)) {
        next = cli_http_escape(json_string_value(value));

    } else {
        next = NULL;
    }

    return next;
}


/* Puts a page behind those that came; false: there is no more. */

static bool
cli_api_page(cli_api_t *api, size_t node, const char *member, json_t *page,
    char **after)
{
    char    *next;
    json_t  *list;

    list = json_object_get(page, member);

    if (api->documents[node] == NULL) {
        api->documents[node] = json_incref(page);
    } else {
        json_array_extend(json_object_get(api->documents[node], member),
                          list);
    }

    /* the same again is no next page, nor is one with nothing */

    next = cli_api_next(page);

    if (next != NULL && (json_array_size(list) == 0
                         || (*after != NULL && strcmp(next, *after) == 0)))
    {
        free(next);
        next = NULL;
    }

    free(*after);
    *after = next;

    return next != NULL;
}


/* One page of every node that has one more. */

static cli_exit_t
cli_api_pages(cli_api_t *api, const char *path, const char *member,
    char **after, bool *more)
{
    size_t       i, n;
    cli_exit_t   code;
    cli_call_t  *calls;

    calls = cli_alloc(api->nodes.n, sizeof(cli_call_t));
    n = 0;

    for (i = 0; i < api->nodes.n; i++) {
        if (more[i]) {
            calls[n].node = &api->nodes.items[i];
            calls[n].method = "GET";
            calls[n++].path = cli_format("%s%climit=1000%s%s", path,
                                         strchr(path, '?') ? '&' : '?',
                                         after[i] != NULL ? "&after=" : "",
                                         after[i] != NULL ? after[i] : "");
        }
    }

    code = cli_api_run(api, calls, n);

    while (n-- > 0) {
        i = (size_t) (calls[n].node - api->nodes.items);
        more[i] = calls[n].document != NULL
                  && cli_api_page(api, i, member, calls[n].document,
                                  &after[i]);
        cli_call_release(&calls[n]);
    }

    free(calls);

    return code;
}


cli_exit_t
cli_api_list(cli_api_t *api, const char *path, const char *member,
    const int64_t *after)
{
    bool        *more, any;
    char       **next;
    size_t       i;
    cli_exit_t   code;

    cli_api_forget(api);
    more = cli_alloc(api->nodes.n, sizeof(bool));
    next = cli_alloc(api->nodes.n, sizeof(char *));

    for (i = 0; i < api->nodes.n; i++) {
        more[i] = true;
        next[i] = (after != NULL && after[i] > 0)
                  ? cli_format("%lld", (long long) after[i]) : NULL;
    }

    code = CLI_OK;

    do {
        code = cli_worse(code, cli_api_pages(api, path, member, next, more));
        any = false;

        for (i = 0; i < api->nodes.n; i++) {
            any = any || more[i];
        }
    } while (any);

    for (i = 0; i < api->nodes.n; i++) {
        free(next[i]);
    }

    free(next);
    free(more);

    return code;
}


json_t *
cli_api_first(const cli_api_t *api)
{
    size_t  i;

    for (i = 0; i < api->nodes.n; i++) {
        if (api->documents[i] != NULL) {
            return api->documents[i];
        }
    }

    return NULL;
}
