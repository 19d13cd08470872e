/*
 * The Location of a redirect: scheme://host:port/path?query.
 *
 * What the rule does not give is the request's.  Where there is no host at all
 * (HTTP/1.0 without the header, and none in the rule) the reference begins
 * with the path, which is then kept from looking like a host.
 */

#include <stdio.h>

#include "fig_expand.h"
#include "fig_path.h"


/* "https", "://", ":65535", "?", the "/" of an empty path, and a NUL. */

#define FIG_REDIRECT_EXTRA  32


size_t
fig_redirect_bound(const fig_match_t *match, const fig_request_t *request,
    fig_str_t raw_path)
{
    size_t                 path;
    const fig_redirect_t  *redirect;

    redirect = &match->route->redirect;

    path = (redirect->path.nparts != 0)
           ? 4 * fig_expand_bound(&redirect->path, request->path.len) + 1
           : 3 * raw_path.len;

    return FIG_REDIRECT_EXTRA + redirect->scheme.len + redirect->host.len
           + request->host.len + path + 3 * request->query.len;
}


static char *
fig_redirect_copy(char *out, fig_str_t text)
{
    if (text.len != 0) {
        memcpy(out, text.data, text.len);
    }

    return out + text.len;
}


static uint16_t
fig_redirect_default_port(fig_str_t scheme)
{
    return (scheme.len == 5) ? 443 : 80;
}


/* scheme://host:port, or nothing where there is no host. */

static char *
fig_redirect_authority(const fig_redirect_t *redirect,
    const fig_request_t *request, fig_str_t scheme, uint16_t port, char *out)
{
    fig_str_t  host;

    static const fig_str_t  separator = FIG_STR("://");

    host = (redirect->host.len != 0) ? redirect->host : request->host;

    if (host.len == 0) {
        return out;
    }

    if (redirect->scheme.len != 0) {
        scheme = redirect->scheme;
        port = 0;
    }

    if (redirect->port != FIG_UNSET) {
        port = (uint16_t) redirect->port;
    }

    out = fig_redirect_copy(out, scheme);
    out = fig_redirect_copy(out, separator);
    out = fig_redirect_copy(out, host);

    if (port != 0 && port != fig_redirect_default_port(scheme)) {
        out += sprintf(out, ":%u", (unsigned) port);
    }

    return out;
}


/* The path of the rule, filled in. */

static char *
fig_redirect_expand(const fig_match_t *match, const fig_request_t *request,
    fig_scratch_t *scratch, char *out)
{
    char                 *plain;
    size_t                len;
    fig_expand_t          from;
    const fig_pattern_t  *pattern;

    pattern = &match->route->redirect.path;

    from.matched = match->path;
    from.path = request->path;
    from.scratch = scratch;

    /* as in fig_rewrite.c: plain at the end, encoded to the front */

    plain = out + 3 * fig_expand_bound(pattern, request->path.len) + 1;
    len = fig_expand(&from, pattern, plain);

    return out + fig_expand_encode(fig_str(plain, len), out);
}


/* The path as it was received; without a host it must not look like one. */

static char *
fig_redirect_raw(fig_str_t raw, bool relative, char *out)
{
    if (raw.len == 0 || raw.data[0] != '/') {
        *out++ = '/';
    }

    while (relative && raw.len > 1 && raw.data[1] == '/') {
        raw = fig_str(raw.data + 1, raw.len - 1);
    }

    return out + fig_path_encode(raw, out);
}


/* The query as received, but nothing in it that a header cannot carry. */

static char *
fig_redirect_query(fig_str_t query, char *out)
{
    size_t         i;
    unsigned char  c;

    static const char  hex[] = "0123456789ABCDEF";

    if (query.len != 0) {
        *out++ = '?';
    }

    for (i = 0; i < query.len; i++) {
        c = (unsigned char) query.data[i];

        if (c > 0x20 && c < 0x7f) {
            *out++ = (char) c;
            continue;
        }

        *out++ = '%';
        *out++ = hex[c >> 4];
        *out++ = hex[c & 0xf];
    }

    return out;
}


size_t
fig_redirect_url(const fig_match_t *match, const fig_request_t *request,
    fig_str_t scheme, uint16_t port, fig_str_t raw_path,
    fig_scratch_t *scratch, char *out)
{
    char                  *p;
    const fig_redirect_t  *redirect;

    redirect = &match->route->redirect;

    p = fig_redirect_authority(redirect, request, scheme, port, out);

    if (redirect->path.nparts != 0) {
        p = fig_redirect_expand(match, request, scratch, p);
    } else {
        p = fig_redirect_raw(raw_path, p == out, p);
    }

    p = fig_redirect_query(request->query, p);

    return (size_t) (p - out);
}
