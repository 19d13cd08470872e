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


/* Whether another leg is open to this request once bytes were sent. */

ngx_uint_t
ngx_http_strangler_may_resend(ngx_http_strangler_ctx_t *ctx)
{
    return fig_method_is_safe(ctx->view.method)
           || ctx->decision.route->fallback.unsafe;
}


ngx_uint_t
ngx_http_strangler_has_fallback(ngx_http_strangler_ctx_t *ctx)
{
    return ctx->decision.fallback != NULL && !ctx->fell_back;
}


const char *
ngx_http_strangler_failure_name(ngx_http_strangler_failure_e failure)
{
    switch (failure) {

    case NGX_HTTP_STRANGLER_CONNECT:
        return "connect";

    case NGX_HTTP_STRANGLER_TIMEOUT:
        return "timeout";

    default:
        return "invalid";
    }
}


static ngx_http_strangler_failure_e
ngx_http_strangler_classify(ngx_peer_connection_t *pc, ngx_http_upstream_t *u)
{
    ngx_connection_t  *c;

    if (u->state->header_time != (ngx_msec_t) -1) {
        return NGX_HTTP_STRANGLER_STATUS;
    }

    /* request_sent is set once a connection, with its TLS, is there */

    if (!u->request_sent) {
        return NGX_HTTP_STRANGLER_CONNECT;
    }

    c = pc->connection;

    if (c && (c->read->timedout || c->write->timedout)) {
        return NGX_HTTP_STRANGLER_TIMEOUT;
    }

    if (pc->cached && u->state->bytes_received == 0) {
        return NGX_HTTP_STRANGLER_STALE;
    }

    return NGX_HTTP_STRANGLER_INVALID;
}


static ngx_uint_t
ngx_http_strangler_is_listed(ngx_http_strangler_ctx_t *ctx)
{
    const fig_fallback_t  *fallback;

    fallback = &ctx->decision.route->fallback;

    if (ctx->failed_status) {
        return fig_statuses_has(&fallback->statuses, ctx->failed_status);
    }

    switch (ctx->failure) {

    case NGX_HTTP_STRANGLER_CONNECT:
        return fallback->connect;

    case NGX_HTTP_STRANGLER_TIMEOUT:
        return fallback->timeout;

    default:
        return fallback->invalid;
    }
}


/* What is to come after a failed try. */

static ngx_http_strangler_plan_e
ngx_http_strangler_plan(ngx_http_strangler_ctx_t *ctx,
    ngx_peer_connection_t *pc, ngx_http_upstream_t *u)
{
    ngx_uint_t  timedout;

    if (ctx->expired) {
        return NGX_HTTP_STRANGLER_END;
    }

    /*
     * A backend may close an idle connection at any time, also while a request
     * is on its way: that says nothing about its health (RFC 9112, 9.3.1).
     */

    if (ctx->failure == NGX_HTTP_STRANGLER_STALE) {

        if (fig_method_is_idempotent(ctx->view.method)) {
            return NGX_HTTP_STRANGLER_SAME_PEER;
        }

        ctx->failure = NGX_HTTP_STRANGLER_INVALID;
    }

    if (ctx->failure == NGX_HTTP_STRANGLER_CONNECT) {
        timedout = pc->connection && (pc->connection->write->timedout
                                      || pc->connection->read->timedout);

        /* a refusal costs no time and nothing was sent */

        if (!timedout && ngx_http_strangler_has_untried(ctx)) {
            return NGX_HTTP_STRANGLER_NEXT_PEER;
        }
    }

    if (!ngx_http_strangler_has_fallback(ctx)
        || !ngx_http_strangler_is_listed(ctx)
        || (u->request_sent && !ngx_http_strangler_may_resend(ctx)))
    {
        return NGX_HTTP_STRANGLER_END;
    }

    return NGX_HTTP_STRANGLER_FALLBACK;
}


ngx_int_t
ngx_http_strangler_process_header(ngx_http_request_t *r)
{
    ngx_int_t                  rc;
    ngx_uint_t                 status;
    ngx_http_upstream_t       *u;
    ngx_http_strangler_ctx_t  *ctx;

    u = r->upstream;
    ctx = u->peer.data;

    rc = ctx->process_header(r);

    /* the proxy module replaces the handler between status line and header */

    if (u->process_header != ngx_http_strangler_process_header) {
        ctx->process_header = u->process_header;
        u->process_header = ngx_http_strangler_process_header;
    }

    if (rc != NGX_OK
        || !ngx_http_strangler_has_fallback(ctx)
        || r->request_body_no_buffering)
    {
        return rc;
    }

    status = u->headers_in.status_n;

    if (!fig_statuses_has(&ctx->decision.route->fallback.statuses, status)) {
        return rc;
    }

    ctx->odd_status = status;

    return NGX_HTTP_UPSTREAM_INVALID_HEADER;
}


/*
 * A status that has no bit in nginx's masks was made to look like an invalid
 * header; here $upstream_status gets back what the backend really said.
 */

void
ngx_http_strangler_restore_status(ngx_http_strangler_ctx_t *ctx)
{
    ngx_array_t                *states;
    ngx_http_upstream_state_t  *state;

    states = ctx->request->upstream_states;

    if (ctx->odd_status && states->nelts > 1) {
        state = states->elts;
        state[states->nelts - 2].status = ctx->odd_status;
    }

    ctx->odd_status = 0;
}


void
ngx_http_strangler_judge(ngx_http_strangler_ctx_t *ctx,
    ngx_peer_connection_t *pc, ngx_http_upstream_t *u)
{
    ctx->failure = ngx_http_strangler_classify(pc, u);
    ctx->failed_status = ctx->odd_status;

    if (ctx->failure == NGX_HTTP_STRANGLER_STATUS) {
        ctx->failed_status = u->headers_in.status_n;
    }

    ctx->plan = ngx_http_strangler_plan(ctx, pc, u);
}
