/*
 * What a backend is told of its client, in header lines of our own making:
 *
 *     Host, X-Forwarded-For, -Proto, -Host, Connection and Upgrade
 *
 * proxy_set_header says the same with variables; but looking each of them up,
 * once for its length and once for its bytes, costs more than the decision.
 */

#include "ngx_http_strangler.h"


/*
 * Writes the addresses that proxies before us have seen, each with a comma
 * behind it; with p NULL only their length is told.
 */

static size_t
ngx_http_strangler_hops(ngx_http_request_t *r, u_char *p)
{
    size_t            len;
    ngx_table_elt_t  *header;

#if (nginx_version >= 1023000)

    len = 0;

    for (header = r->headers_in.x_forwarded_for; header; header = header->next)
    {

#else

    ngx_uint_t         i;
    ngx_table_elt_t  **headers;

    len = 0;
    headers = r->headers_in.x_forwarded_for.elts;

    for (i = 0; i < r->headers_in.x_forwarded_for.nelts; i++) {
        header = headers[i];

#endif

        if (header->value.len == 0) {
            continue;
        }

        if (p) {
            p = ngx_cpymem(p, header->value.data, header->value.len);
            *p++ = ','; *p++ = ' ';
        }

        len += header->value.len + 2;
    }

    return len;
}


/*
 * Only HTTP/1.1 has upgrades (RFC 9110, 7.8).  HTTP/2 over cleartext is not
 * passed on, since what then runs over the connection would be seen by no rule.
 */

ngx_uint_t
ngx_http_strangler_is_upgrade(ngx_http_request_t *r)
{
    ngx_table_elt_t  *upgrade;

    upgrade = r->headers_in.upgrade;

    return upgrade
           && r->http_version == NGX_HTTP_VERSION_11
           && upgrade->value.len
           && ngx_strlcasestrn(upgrade->value.data,
                               upgrade->value.data + upgrade->value.len,
                               (u_char *) "h2c", 3 - 1) == NULL;
}


size_t
ngx_http_strangler_forward(ngx_http_strangler_ctx_t *ctx, ngx_uint_t lines,
    ngx_http_strangler_forward_t *forward)
{
    size_t               size;
    ngx_http_request_t  *r;

    r = ctx->request;
    forward->lines = lines;
    size = 0;

    if (lines & NGX_HTTP_STRANGLER_HOST) {
        forward->host = ngx_http_strangler_upstream_host(ctx);
        size += sizeof("Host: " CRLF) - 1 + forward->host.len;
    }

    if (lines & NGX_HTTP_STRANGLER_FOR) {
        forward->hops = ngx_http_strangler_hops(r, NULL);
        size += sizeof("X-Forwarded-For: " CRLF) - 1 + forward->hops
                + r->connection->addr_text.len;
    }

    if (lines & NGX_HTTP_STRANGLER_PROTO) {
        forward->scheme = ngx_http_strangler_scheme(r);
        size += sizeof("X-Forwarded-Proto: " CRLF) - 1 + forward->scheme.len;
    }

    if (lines & NGX_HTTP_STRANGLER_CLIENT_HOST) {
        forward->client_host = ngx_http_strangler_forwarded_host(r);

        if (forward->client_host.len) {
            size += sizeof("X-Forwarded-Host: " CRLF) - 1
                    + forward->client_host.len;

        } else {
            forward->lines &= ~NGX_HTTP_STRANGLER_CLIENT_HOST;
        }
    }

    if (lines & NGX_HTTP_STRANGLER_UPGRADE) {
        if (ngx_http_strangler_is_upgrade(r)) {
            forward->upgrade = r->headers_in.upgrade->value;
            size += sizeof("Connection: upgrade" CRLF "Upgrade: " CRLF) - 1
                    + forward->upgrade.len;

        } else {
            forward->lines &= ~NGX_HTTP_STRANGLER_UPGRADE;
        }
    }

    return size;
}


u_char *
ngx_http_strangler_write_forward(ngx_http_strangler_ctx_t *ctx,
    const ngx_http_strangler_forward_t *forward, u_char *p)
{
    ngx_str_t   *addr;
    ngx_uint_t   lines;

    lines = forward->lines;

    if (lines & NGX_HTTP_STRANGLER_HOST) {
        p = ngx_cpymem(p, "Host: ", sizeof("Host: ") - 1);
        p = ngx_cpymem(p, forward->host.data, forward->host.len);
        p = ngx_cpymem(p, CRLF, sizeof(CRLF) - 1);
    }

    if (lines & NGX_HTTP_STRANGLER_FOR) {
        p = ngx_cpymem(p, "X-Forwarded-For: ",
                       sizeof("X-Forwarded-For: ") - 1);

        if (forward->hops) {
            p += ngx_http_strangler_hops(ctx->request, p);
        }

        addr = &ctx->request->connection->addr_text;

        p = ngx_cpymem(p, addr->data, addr->len);
        p = ngx_cpymem(p, CRLF, sizeof(CRLF) - 1);
    }

    if (lines & NGX_HTTP_STRANGLER_PROTO) {
        p = ngx_cpymem(p, "X-Forwarded-Proto: ",
                       sizeof("X-Forwarded-Proto: ") - 1);
        p = ngx_cpymem(p, forward->scheme.data, forward->scheme.len);
        p = ngx_cpymem(p, CRLF, sizeof(CRLF) - 1);
    }

    if (lines & NGX_HTTP_STRANGLER_CLIENT_HOST) {
        p = ngx_cpymem(p, "X-Forwarded-Host: ",
                       sizeof("X-Forwarded-Host: ") - 1);
        p = ngx_cpymem(p, forward->client_host.data,
                       forward->client_host.len);
        p = ngx_cpymem(p, CRLF, sizeof(CRLF) - 1);
    }

    if (lines & NGX_HTTP_STRANGLER_UPGRADE) {
        p = ngx_cpymem(p, "Connection: upgrade" CRLF "Upgrade: ",
                       sizeof("Connection: upgrade" CRLF "Upgrade: ") - 1);
        p = ngx_cpymem(p, forward->upgrade.data, forward->upgrade.len);
        p = ngx_cpymem(p, CRLF, sizeof(CRLF) - 1);
    }

    return p;
}
