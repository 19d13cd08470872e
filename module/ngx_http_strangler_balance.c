/*
 * Which server of a backend gets a try, and by what name it is called.
 *
 *     backend -> peers[]              | address, name, TLS session |
 *             -> balance, policy      | weight | standing |   of each peer
 *
 * The policies themselves are fig_balance.c's.
 */

#include "ngx_http_strangler.h"


/* False: all were tried. */

static ngx_uint_t
ngx_http_strangler_pick(ngx_http_strangler_ctx_t *ctx)
{
    uint32_t              i;
    uint64_t              random;
    const fig_balance_t  *balance;

    balance = &ctx->backend->balance;
    random = (balance->policy == FIG_BALANCE_RANDOM)
             ? ngx_http_strangler_random() : 0;

    i = fig_balance_pick(balance, ctx->tried, random);

    if (i == FIG_BALANCE_NONE) {
        return 0;
    }

    ctx->peer = &ctx->backend->peers[i];

    return 1;
}


void
ngx_http_strangler_choose_backend(ngx_http_strangler_ctx_t *ctx,
    const fig_backend_t *backend)
{
    ctx->backend = &ctx->gen->backends[backend->index];
    ctx->peer = (ctx->backend->npeers == 1) ? ctx->backend->peers : NULL;
    ctx->tried = 0;
}


void
ngx_http_strangler_need_peer(ngx_http_strangler_ctx_t *ctx)
{
    if (ctx->peer == NULL) {
        (void) ngx_http_strangler_pick(ctx);
    }
}


/* Only where a try has failed: most requests need no set of servers. */

static void
ngx_http_strangler_mark_tried(ngx_http_strangler_ctx_t *ctx)
{
    ctx->tried |= fig_balance_alike(&ctx->backend->balance,
                                    ctx->peer - ctx->backend->peers);
}


ngx_uint_t
ngx_http_strangler_has_other_peer(ngx_http_strangler_ctx_t *ctx)
{
    ngx_http_strangler_mark_tried(ctx);

    return fig_balance_has_other(&ctx->backend->balance, ctx->tried);
}


void
ngx_http_strangler_next_peer(ngx_http_strangler_ctx_t *ctx)
{
    ngx_http_strangler_mark_tried(ctx);

    if (ngx_http_strangler_pick(ctx)) {
        return;
    }

    ctx->tried = 0;

    ngx_http_strangler_mark_tried(ctx);
    (void) ngx_http_strangler_pick(ctx);
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

    ngx_http_strangler_need_peer(ctx);

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
