/*
 * Requests by hand.
 *
 * What nginx does with a request line before the rules see it is done here
 * once more: authority against Host, case, port, final dot, fragment.
 */

#include <arpa/inet.h>
#include <sys/random.h>

#include "fig_path.h"
#include "fig_text.h"
#include "request.h"


bool
cli_addr_parse(const char *text, fig_addr_t *addr)
{
    static const uint8_t  mapped[12] = { [10] = 0xff, [11] = 0xff };

    memset(addr, 0, sizeof(fig_addr_t));

    if (inet_pton(AF_INET, text, addr->addr) == 1) {
        addr->family = 4;
        return true;
    }

    if (inet_pton(AF_INET6, text, addr->addr) != 1) {
        return false;
    }

    addr->family = 6;

    if (memcmp(addr->addr, mapped, sizeof(mapped)) == 0) {
        memmove(addr->addr, addr->addr + 12, 4);
        memset(addr->addr + 4, 0, 12);
        addr->family = 4;
    }

    return true;
}


bool
cli_url_split(fig_str_t url, fig_str_t *host, fig_str_t *target)
{
    size_t       i, scheme;
    const char  *p;

    *host = fig_str("", 0);
    *target = url;

    if (url.len != 0 && url.data[0] == '/') {
        return true;
    }

    scheme = (url.len > 7 && strncasecmp(url.data, "http://", 7) == 0) ? 7
             : (url.len > 8 && strncasecmp(url.data, "https://", 8) == 0) ? 8
             : 0;

    if (scheme == 0) {
        return false;
    }

    for (i = scheme; i < url.len && strchr("/?#", url.data[i]) == NULL; i++) {
        /* void */
    }

    *host = fig_str(url.data + scheme, i - scheme);
    *target = fig_str(url.data + i, url.len - i);

    /* no client sends a fragment, or credentials in this place */

    p = memchr(target->data, '#', target->len);

    if (p != NULL) {
        target->len = (size_t) (p - target->data);
    }

    p = memrchr(host->data, '@', host->len);

    if (p != NULL) {
        *host = fig_str(p + 1, host->len - (size_t) (p + 1 - host->data));
    }

    return host->len != 0;
}


fig_str_t
cli_target_path(fig_str_t target, fig_str_t *query)
{
    size_t       len;
    const char  *p;

    p = memchr(target.data, '?', target.len);
    *query = fig_str("", 0);

    if (p != NULL) {
        len = (size_t) (p - target.data);
        *query = fig_str(p + 1, target.len - len - 1);
        target.len = len;
    }

    return (target.len != 0) ? target : fig_str("/", 1);
}


size_t
cli_host_normalize(fig_str_t host, char *out)
{
    size_t  i, len;

    len = host.len;

    /* a port behind a name, or behind the bracket of an IPv6 address */

    for (i = len; i > 0 && host.data[i - 1] >= '0' && host.data[i - 1] <= '9';
         i--)
    {
        /* void */
    }

    if (i > 0 && host.data[i - 1] == ':'
        && (host.data[0] != '[' || (i > 1 && host.data[i - 2] == ']')))
    {
        len = i - 1;
    }

    if (len != 0 && host.data[len - 1] == '.') {
        len--;
    }

    for (i = 0; i < len; i++) {
        out[i] = (char) fig_lower((unsigned char) host.data[i]);
    }

    return len;
}


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

    if (!cli_url_split(fig_str_from(url), &host, &target)) {
        *exit = cli_usage_error(command, "%s is neither a path nor a URL: it "
                                "begins with /, http:// or https://",
                                fig_text_quote(fig_str_from(url), quoted));
        return false;
    }

    if (!cli_request_headers(request, command, headers, &host, exit)) {
        return false;
    }

    if (client != NULL && !cli_addr_parse(client, &view->client)) {
        *exit = cli_usage_error(command, "%s is no address",
                                fig_text_quote(fig_str_from(client), quoted));
        return false;
    }

    request->host = cli_alloc(host.len, 1);
    view->host = fig_str(request->host,
                         cli_host_normalize(host, request->host));

    target = cli_target_path(target, &view->query);
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
