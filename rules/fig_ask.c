/*
 * From a method, a URL and headers to a request of the rules.
 *
 * What nginx does with a request line before the rules see it is done here once
 * more: authority before Host, case, port, final dot.
 */

#define _GNU_SOURCE

#include "fig_ask.h"
#include "fig_address.h"
#include "fig_path.h"
#include "fig_scalar.h"

#include <strings.h>


bool
fig_ask_addr(fig_str_t text, fig_addr_t *addr)
{
    fig_fault_t  fault;

    if (!fig_addr_parse(text, addr, &fault)) {
        memset(addr, 0, sizeof(fig_addr_t));
        return false;
    }

    return true;
}


bool
fig_url_split(fig_str_t url, fig_str_t *host, fig_str_t *target)
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
fig_target_split(fig_str_t target, fig_str_t *query)
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
fig_host_normalize(fig_str_t host, char *out)
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
fig_ask_host(const fig_ask_t *ask, fig_str_t host, fig_arena_t *arena,
    fig_request_t *request)
{
    char    *copy;
    size_t   i;

    for (i = 0; host.len == 0 && i < ask->nheaders; i++) {
        if (fig_str_caseeq(ask->headers[i].name, fig_str("host", 4))) {
            host = ask->headers[i].value;
        }
    }

    copy = fig_arena_alloc(arena, host.len + 1);

    if (copy == NULL) {
        return false;
    }

    request->host = fig_str(copy, fig_host_normalize(host, copy));

    return true;
}


static fig_status_t
fig_ask_path(fig_str_t target, fig_arena_t *arena, fig_request_t *request,
    const char **why)
{
    bool     resolved;
    char    *path;
    size_t   len;

    target = fig_target_split(target, &request->query);
    path = fig_arena_alloc(arena, target.len + 1);

    if (path == NULL) {
        return FIG_NOMEM;
    }

    if (fig_path_normalize(target, path, &len, &resolved) != FIG_OK) {
        *why = "\"url\" has a path that nginx would answer with 400: a bad "
               "%XX, a NUL, or .. above the root";
        return FIG_INVALID;
    }

    request->path = fig_str(path, len);

    return FIG_OK;
}


fig_status_t
fig_ask_request(const fig_ask_t *ask, fig_arena_t *arena,
    fig_request_t *request, const char **why)
{
    fig_str_t    host, target;
    fig_fault_t  fault;

    memset(request, 0, sizeof(fig_request_t));
    *why = "";

    if (!fig_scalar_method(ask->method, &fault)) {
        *why = "\"method\" must be a method in capitals, such as GET";
        return FIG_INVALID;
    }

    if (ask->client.len != 0
        && !fig_ask_addr(ask->client, &request->client))
    {
        *why = "\"client\" must be an IPv4 or IPv6 address";
        return FIG_INVALID;
    }

    if (!fig_url_split(ask->url, &host, &target)) {
        *why = "\"url\" must begin with /, http:// or https://";
        return FIG_INVALID;
    }

    if (!fig_ask_host(ask, host, arena, request)) {
        return FIG_NOMEM;
    }

    request->method = ask->method;
    request->headers = ask->headers;
    request->nheaders = ask->nheaders;

    return fig_ask_path(target, arena, request, why);
}
