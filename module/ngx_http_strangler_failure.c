/*
 * Failed tries: what failed, whether the request may go on, and where.
 *
 *     connect   nothing was sent: no connection, or no TLS over it
 *     timeout   connected, then too slow before the end of the header
 *     invalid   reset, closed or garbage before the end of the header
 *     status    an answer whose status the rules list
 *     stale     a kept connection that the backend had closed
 *
 * nginx by itself would send a PUT or DELETE to the next server after the
 * first has had it: between two systems with data of their own that is never
 * done here, unless the rules say `unsafe: true`.
 */

#include "ngx_http_strangler.h"


/* RFC 9110, 9.2.1 and 9.2.2, of the methods that nginx knows */

#define NGX_HTTP_STRANGLER_SAFE  (NGX_HTTP_GET|NGX_HTTP_HEAD                 \
                                  |NGX_HTTP_OPTIONS|NGX_HTTP_TRACE)

#define NGX_HTTP_STRANGLER_IDEMPOTENT                                        \
    (NGX_HTTP_STRANGLER_SAFE|NGX_HTTP_PUT|NGX_HTTP_DELETE)


/* Whether another leg is open to this request once bytes were sent. */

ngx_uint_t
ngx_http_strangler_may_resend(ngx_http_strangler_ctx_t *ctx)
{
    return (ctx->request->method & NGX_HTTP_STRANGLER_SAFE)
           || ctx->decision.route->fallback.unsafe;
}


ngx_uint_t
ngx_http_strangler_has_fallback(ngx_http_strangler_ctx_t *ctx)
{
    return ctx->decision.fallback != NULL && !ctx->fell_back;
}


ngx_uint_t
ngx_http_strangler_is_idempotent(ngx_http_strangler_ctx_t *ctx)
{
    return (ctx->request->method & NGX_HTTP_STRANGLER_IDEMPOTENT) != 0;
}


ngx_uint_t
ngx_http_strangler_is_incomplete(ngx_http_strangler_ctx_t *ctx,
    ngx_http_upstream_t *u)
{
    return ctx->rc >= NGX_HTTP_INTERNAL_SERVER_ERROR
           && u->header_sent && !u->upgrade;
}


const char *
ngx_http_strangler_failure_name(ngx_http_strangler_failure_e failure)
{
    switch (failure) {

    case NGX_HTTP_STRANGLER_CONNECT:
        return "connect";

    case NGX_HTTP_STRANGLER_TIMEOUT:
        return "timeout";

    case NGX_HTTP_STRANGLER_OVERLOAD:
        return "overload";

    case NGX_HTTP_STRANGLER_BREAKER:
        return "breaker";

    default:
        return "invalid";
    }
}


static ngx_http_strangler_failure_e
ngx_http_strangler_classify(ngx_http_strangler_ctx_t *ctx,
    ngx_peer_connection_t *pc, ngx_http_upstream_t *u)
{
    ngx_connection_t  *c;

    if (ctx->listed_status) {
        return NGX_HTTP_STRANGLER_STATUS;
    }

    /*
     * request_sent is set once a connection, with its TLS, is there; where none
     * could be made it is still that of the try before.
     */

    c = pc->connection;

    if (c == NULL || !u->request_sent) {
        return NGX_HTTP_STRANGLER_CONNECT;
    }

    if (c->read->timedout || c->write->timedout) {
        return NGX_HTTP_STRANGLER_TIMEOUT;
    }

    if (pc->cached && u->state->bytes_received == 0) {
        return NGX_HTTP_STRANGLER_STALE;
    }

    return NGX_HTTP_STRANGLER_INVALID;
}


ngx_uint_t
ngx_http_strangler_is_listed(const fig_when_t *when,
    ngx_http_strangler_failure_e failure, ngx_uint_t status)
{
    switch (failure) {

    case NGX_HTTP_STRANGLER_CONNECT:
        return when->connect;

    case NGX_HTTP_STRANGLER_TIMEOUT:
        return when->timeout;

    case NGX_HTTP_STRANGLER_STATUS:
        return fig_statuses_has(&when->statuses, status);

    default:
        return when->invalid;
    }
}


/* What is to come after a failed try. */

static ngx_http_strangler_plan_e
ngx_http_strangler_plan(ngx_http_strangler_ctx_t *ctx)
{
    if (ctx->expired) {
        return NGX_HTTP_STRANGLER_END;
    }

    /*
     * A backend may close an idle connection at any time, also while a request
     * is on its way: that says nothing about its health (RFC 9112, 9.3.1).
     */

    if (ctx->failure == NGX_HTTP_STRANGLER_STALE) {

        if (ngx_http_strangler_is_idempotent(ctx)) {
            return NGX_HTTP_STRANGLER_SAME_PEER;
        }

        ctx->failure = NGX_HTTP_STRANGLER_INVALID;
    }

    /* a copy shows what a backend does, and is not to make good for it */

    if (ctx->copy) {
        return NGX_HTTP_STRANGLER_END;
    }

    /* whether an answer is retried was asked when it came */

    if (ctx->failure == NGX_HTTP_STRANGLER_STATUS
        ? (ctx->retry && ctx->retry->planned)
        : ngx_http_strangler_plan_retry(ctx, ctx->failure, 0))
    {
        return NGX_HTTP_STRANGLER_RETRY;
    }

    if (ngx_http_strangler_has_fallback(ctx)
        && ngx_http_strangler_is_listed(&ctx->decision.route->fallback.when,
                                        ctx->failure, ctx->listed_status)
        && (!ctx->sent || ngx_http_strangler_may_resend(ctx)))
    {
        return NGX_HTTP_STRANGLER_FALLBACK;
    }

    /* a dead node of the monolith is no reason to give up what another has */

    if (ctx->failure == NGX_HTTP_STRANGLER_CONNECT
        && ngx_http_strangler_has_other_peer(ctx))
    {
        return NGX_HTTP_STRANGLER_NEXT_PEER;
    }

    return NGX_HTTP_STRANGLER_END;
}


void
ngx_http_strangler_judge(ngx_http_strangler_ctx_t *ctx,
    ngx_peer_connection_t *pc, ngx_http_upstream_t *u)
{
    /* a kept connection that was closed may have brought it there before */

    if (pc->connection && u->request_sent) {
        ctx->sent = 1;
    }

    ctx->failure = ngx_http_strangler_classify(ctx, pc, u);
    ctx->plan = ngx_http_strangler_plan(ctx);

    /* over a new connection it is the same retry still */

    if (ctx->plan != NGX_HTTP_STRANGLER_RETRY
        && ctx->plan != NGX_HTTP_STRANGLER_SAME_PEER)
    {
        ngx_http_strangler_leave_budget(ctx);
    }
}
