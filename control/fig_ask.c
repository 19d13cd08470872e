/*
 * From a method, a URL and headers to a request of the rules.
 *
 * The host is brought into its form as nginx does it: the authority of an
 * absolute URL goes before the Host header, case, port and final dot go.
 */

#define _GNU_SOURCE

#include "fig_ask.h"
#include "fig_path.h"
#include "fig_scalar.h"

#include <arpa/inet.h>


static fig_str_t
fig_ask_host(const fig_ask_t *ask, fig_str_t *target)
{
    size_t       i;
    fig_str_t    rest;
    const char  *p;

    static const fig_str_t  schemes[] = { FIG_STR("http://"),
                                          FIG_STR("https://") };

    *target = ask->url;

    for (i = 0; i < FIG_NELTS(schemes); i++) {
        if (ask->url.len < schemes[i].len
            || !fig_str_caseeq(fig_str(ask->url.data, schemes[i].len),
                               schemes[i]))
        {
            continue;
        }

        rest = fig_str(ask->url.data + schemes[i].len,
                       ask->url.len - schemes[i].len);

        for (p = rest.data; p < rest.data + rest.len; p++) {
            if (*p == '/' || *p == '?') {
                break;
            }
        }

        *target = fig_str(p, (size_t) (rest.data + rest.len - p));

        return fig_str(rest.data, (size_t) (p - rest.data));
    }

    for (i = 0; i < ask->nheaders; i++) {
        if (fig_str_caseeq(ask->headers[i].name, fig_str_from("host"))) {
            return ask->headers[i].value;
        }
    }

    return fig_str("", 0);
}


static bool
fig_ask_normalize(fig_str_t host, fig_arena_t *arena, fig_str_t *out)
{
    char        *copy;
    size_t       i, len;
    const char  *end;

    len = host.len;

    if (len != 0 && host.data[0] == '[') {
        end = memchr(host.data, ']', len);
        len = (end != NULL) ? (size_t) (end - host.data) + 1 : len;

    } else {
        end = memchr(host.data, ':', len);
        len = (end != NULL) ? (size_t) (end - host.data) : len;
    }

    if (len != 0 && host.data[len - 1] == '.') {
        len--;
    }

    copy = fig_arena_alloc(arena, len + 1);

    if (copy == NULL) {
        return false;
    }

    for (i = 0; i < len; i++) {
        copy[i] = (char) fig_lower((unsigned char) host.data[i]);
    }

    *out = fig_str(copy, len);

    return true;
}


static bool
fig_ask_client(fig_str_t text, fig_addr_t *addr)
{
    char     copy[INET6_ADDRSTRLEN];
    uint8_t  bytes[16];

    static const uint8_t  mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff,
                                         0xff };

    memset(addr, 0, sizeof(fig_addr_t));

    if (text.len == 0) {
        return true;
    }

    if (text.len >= sizeof(copy)) {
        return false;
    }

    memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';

    if (inet_pton(AF_INET, copy, addr->addr) == 1) {
        addr->family = 4;
        return true;
    }

    if (inet_pton(AF_INET6, copy, bytes) != 1) {
        return false;
    }

    if (memcmp(bytes, mapped, sizeof(mapped)) == 0) {
        addr->family = 4;
        memcpy(addr->addr, bytes + 12, 4);

    } else {
        addr->family = 6;
        memcpy(addr->addr, bytes, 16);
    }

    return true;
}


static fig_status_t
fig_ask_path(fig_str_t target, fig_arena_t *arena, fig_request_t *request,
    const char **why)
{
    bool         resolved;
    char        *path;
    size_t       len;
    const char  *query;

    if (target.len == 0) {
        target = fig_str("/", 1);
    }

    query = memchr(target.data, '?', target.len);

    if (query != NULL) {
        len = (size_t) (query - target.data);
        request->query = fig_str(query + 1, target.len - len - 1);
        target.len = len;

        if (len == 0) {
            target = fig_str("/", 1);
        }
    }

    path = fig_arena_alloc(arena, target.len + 1);

    if (path == NULL) {
        return FIG_NOMEM;
    }

    if (fig_path_normalize(target, path, &len, &resolved) != FIG_OK) {
        *why = "\"url\" is no path that nginx would take: it must begin with a "
               "slash, and have no bad %XX, no NUL, no raw # and no .. above "
               "the root";
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

    if (!fig_ask_client(ask->client, &request->client)) {
        *why = "\"client\" must be an IPv4 or IPv6 address";
        return FIG_INVALID;
    }

    host = fig_ask_host(ask, &target);

    if (!fig_ask_normalize(host, arena, &request->host)) {
        return FIG_NOMEM;
    }

    request->method = ask->method;
    request->headers = ask->headers;
    request->nheaders = ask->nheaders;

    return fig_ask_path(target, arena, request, why);
}
