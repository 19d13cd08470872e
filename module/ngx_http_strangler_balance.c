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
    ctx->peers = 1;
}


void
ngx_http_strangler_next_peer(ngx_http_strangler_ctx_t *ctx)
{
    ngx_uint_t  n;

    n = ctx->peer - ctx->backend->peers + 1;

    ctx->peer = &ctx->backend->peers[n < ctx->backend->npeers ? n : 0];
    ctx->peers++;
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
 * The name that the certificate must have: by `tls`, by proxy_ssl_name, or the
 * host; without a port, as ngx_http_upstream_ssl_name() leaves it.  nginx
 * compares it with names alone, so that an address never matches.
 */

ngx_int_t
ngx_http_strangler_tls_name(ngx_http_strangler_ctx_t *ctx, ngx_str_t *name)
{
    u_char                    *p, *last;
    ngx_http_request_t        *r;
    ngx_http_complex_value_t  *configured;

    r = ctx->request;
    configured = r->upstream->conf->ssl_name;

    if (ctx->backend->conf->tls.name.len) {
        *name = ngx_http_strangler_str(ctx->backend->conf->tls.name);
        return NGX_OK;
    }

    if (configured == NULL) {
        *name = ngx_http_strangler_upstream_host(ctx);

    } else if (ngx_http_complex_value(r, configured, name) != NGX_OK) {
        return NGX_ERROR;
    }

    if (name->len == 0) {
        return NGX_OK;
    }

    p = name->data;
    last = p + name->len;

    if (*p == '[') {
        p = ngx_strlchr(p, last, ']');

        if (p == NULL) {
            p = name->data;
        }
    }

    p = ngx_strlchr(p, last, ':');

    if (p) {
        name->len = p - name->data;
    }

    return NGX_OK;
}

#endif
