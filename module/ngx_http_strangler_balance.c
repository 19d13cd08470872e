/*
 * Which server of a backend gets a try, and by what name it is called.
 *
 *     backend -> peers[]  | address | weight | current weight |
 *
 * The state is this worker's own: workers need not agree on whose turn it is.
 */

#include "ngx_http_strangler.h"


/*
 * Smooth weighted round robin, as nginx has it (ngx_http_upstream_round_robin.c
 * explains it).
 */

static ngx_http_strangler_peer_t *
ngx_http_strangler_pick(ngx_http_strangler_backend_t *backend)
{
    ngx_int_t                   total;
    ngx_uint_t                  i;
    ngx_http_strangler_peer_t  *peer, *best;

    best = backend->peers;

    if (backend->npeers == 1) {
        return best;
    }

    total = 0;

    for (i = 0; i < backend->npeers; i++) {
        peer = &backend->peers[i];

        peer->current_weight += peer->weight;
        total += peer->weight;

        if (peer->current_weight > best->current_weight) {
            best = peer;
        }
    }

    best->current_weight -= total;

    return best;
}


void
ngx_http_strangler_choose_peer(ngx_http_strangler_ctx_t *ctx,
    const fig_backend_t *backend)
{
    ctx->backend = &ctx->gen->backends[backend->index];
    ctx->peer = ngx_http_strangler_pick(ctx->backend);
}


ngx_str_t
ngx_http_strangler_upstream_host(ngx_http_strangler_ctx_t *ctx)
{
    ngx_str_t             host;
    const fig_backend_t  *backend;

    backend = ctx->backend->conf;

    if (ctx->decision.side == FIG_SIDE_NEW
        && !ctx->fell_back
        && ctx->decision.route->rewrite.host.len)
    {
        return ngx_http_strangler_str(ctx->decision.route->rewrite.host);
    }

    if (backend->host_mode == FIG_HOST_LITERAL) {
        return ngx_http_strangler_str(backend->host);
    }

    if (backend->host_mode == FIG_HOST_PRESERVE) {
        host = ngx_http_strangler_client_host(ctx->request);

        if (host.len) {
            return host;
        }
    }

    return ngx_http_strangler_str(ctx->peer->server->authority);
}


#if (NGX_HTTP_SSL)

/*
 * The name that the certificate must have: by `tls`, or the host without its
 * port.  nginx compares it with names alone, so that an address never matches.
 */

ngx_str_t
ngx_http_strangler_tls_name(ngx_http_strangler_ctx_t *ctx)
{
    u_char     *p;
    ngx_str_t   host;

    if (ctx->backend->conf->tls.name.len) {
        return ngx_http_strangler_str(ctx->backend->conf->tls.name);
    }

    host = ngx_http_strangler_upstream_host(ctx);

    if (host.len && host.data[0] == '[') {
        p = ngx_strlchr(host.data, host.data + host.len, ']');

        if (p) {
            host.len = p + 1 - host.data;
        }

        return host;
    }

    p = ngx_strlchr(host.data, host.data + host.len, ':');

    if (p) {
        host.len = p - host.data;
    }

    return host;
}

#endif
