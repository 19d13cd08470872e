/*
 * Requests by hand: words of a command line, and what is wrong with them.
 *
 * What nginx does with a request line before the rules see it is fig_ask.h's.
 */

#include <sys/random.h>

#include "fig_ask.h"
#include "fig_path.h"
#include "fig_text.h"
#include "request.h"


static bool
cli_request_headers(cli_request_t *request, const char *command,
    const cli_list_t *headers, fig_str_t *host, cli_exit_t *exit)
{
    char           quoted[FIG_QUOTED];
    size_t         i, len;
    const char    *line, *value;
    fig_header_t  *header;

    request->headers = cli_alloc(headers->n, sizeof(fig_header_t));
    request->view.headers = request->headers;

    for (i = 0; i < headers->n; i++) {
        line = headers->items[i];
        len = strcspn(line, ":");

        if (len == 0 || line[len] == '\0' || strcspn(line, " \t") < len) {
            *exit = cli_usage_error(command, "%s is no header 'Name: value'",
                        fig_text_quote(fig_str_from(line), quoted));
            return false;
        }

        value = line + len + 1;
        value += strspn(value, " \t");

        header = &request->headers[request->view.nheaders++];
        header->name = fig_str(line, len);
        header->value = fig_str_from(value);

        if (host->len == 0 && fig_str_caseeq(header->name, fig_str("host", 4)))
        {
            *host = header->value;
        }
    }

    return true;
}


static bool
cli_request_method(const char *command, const char *method, cli_exit_t *exit)
{
    char         quoted[FIG_QUOTED];
    const char  *p;

    for (p = method; *p >= 'A' && *p <= 'Z'; p++) {
        /* void */
    }

    if (p != method && *p == '\0') {
        return true;
    }

    *exit = cli_usage_error(command, "%s is no method: they are upper-case, "
                            "such as GET",
                            fig_text_quote(fig_str_from(method), quoted));

    return false;
}


bool
cli_request_init(cli_request_t *request, const char *command,
    const char *method, const char *url, const cli_list_t *headers,
    const char *client, cli_exit_t *exit)
{
    bool            resolved;
    char            quoted[FIG_QUOTED];
    size_t          len;
    fig_str_t       host, target;
    fig_request_t  *view;

    memset(request, 0, sizeof(cli_request_t));
    view = &request->view;

    if (!cli_request_method(command, method, exit)) {
        return false;
    }

    view->method = fig_str_from(method);

    if (!fig_url_split(fig_str_from(url), &host, &target)) {
        *exit = cli_usage_error(command, "%s is neither a path nor a URL: it "
                                "begins with /, http:// or https://",
                                fig_text_quote(fig_str_from(url), quoted));
        return false;
    }

    if (!cli_request_headers(request, command, headers, &host, exit)) {
        return false;
    }

    if (client != NULL
        && !fig_ask_addr(fig_str_from(client), &view->client))
    {
        *exit = cli_usage_error(command, "%s is no address",
                                fig_text_quote(fig_str_from(client), quoted));
        return false;
    }

    request->host = cli_alloc(host.len, 1);
    view->host = fig_str(request->host,
                         fig_host_normalize(host, request->host));

    target = fig_target_split(target, &view->query);
    request->path = cli_alloc(target.len, 1);
    request->refused = fig_path_normalize(target, request->path, &len,
                                          &resolved) != FIG_OK;
    view->path = fig_str(request->path, request->refused ? 0 : len);

    if (getrandom(&view->random, sizeof(view->random), 0) < 0) {
        view->random = 0;
    }

    return true;
}


void
cli_request_release(cli_request_t *request)
{
    free(request->path);
    free(request->host);
    free(request->headers);
}


void
cli_request_decide(cli_request_t *request, const fig_ruleset_t *ruleset,
    fig_scratch_t *scratch)
{
    if (request->refused) {
        return;
    }

    fig_match(ruleset, &request->view, scratch, &request->match);
    fig_decide(ruleset, &request->view, &request->match, scratch,
               NULL, &request->decision);
}
