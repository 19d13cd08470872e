/*
 * The head of an answer, looked at before the upstream module sees it.
 *
 *     proxy module parses -> [here] -> upstream module goes on
 *                            |
 *                            1xx: skipped, the next head is waited for
 *                            garbage: a failed try, not an answer
 *                            a status that the rules list: a failed try
 *
 * A failed try is reported as an invalid header: nginx has bits for a few
 * statuses only, and would take garbage for an answer of HTTP/0.9.
 */

#include "ngx_http_strangler.h"


static ngx_int_t ngx_http_strangler_process_header(ngx_http_request_t *r);


/* The proxy module replaces its handler between status line and fields. */

static void
ngx_http_strangler_wrap(ngx_http_strangler_ctx_t *ctx, ngx_http_upstream_t *u)
{
    if (u->process_header != ngx_http_strangler_process_header) {
        ctx->process_header = u->process_header;
        u->process_header = ngx_http_strangler_process_header;
    }
}


static ngx_int_t
ngx_http_strangler_reinit_request(ngx_http_request_t *r)
{
    ngx_int_t                  rc;
    ngx_http_strangler_ctx_t  *ctx;

    ctx = r->upstream->peer.data;

    rc = ctx->reinit_request(r);

    ngx_http_strangler_wrap(ctx, r->upstream);

    return rc;
}


void
ngx_http_strangler_watch_answer(ngx_http_strangler_ctx_t *ctx,
    ngx_http_upstream_t *u)
{
    ctx->http_version = ctx->request->http_version;
    ctx->reinit_request = u->reinit_request;
    u->reinit_request = ngx_http_strangler_reinit_request;

    ngx_http_strangler_wrap(ctx, u);
}


/* Forgets a head, as of an interim answer (RFC 9110, 15.2). */

static ngx_int_t
ngx_http_strangler_skip_head(ngx_http_request_t *r,
    ngx_http_upstream_t *u)
{
    ngx_memzero(&u->headers_in, sizeof(ngx_http_upstream_headers_in_t));
    u->headers_in.content_length_n = -1;
    u->headers_in.last_modified_time = -1;
    u->state->status = 0;

    if (ngx_list_init(&u->headers_in.headers, r->pool, 8,
                      sizeof(ngx_table_elt_t))
        != NGX_OK
        || ngx_list_init(&u->headers_in.trailers, r->pool, 2,
                         sizeof(ngx_table_elt_t))
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return u->reinit_request(r);
}


static ngx_uint_t
ngx_http_strangler_is_interim(ngx_uint_t status)
{
    return status >= 100 && status < 200
           && status != NGX_HTTP_SWITCHING_PROTOCOLS;
}


/* Whether this status is followed by a retry or the fallback. */

static ngx_uint_t
ngx_http_strangler_is_failing(ngx_http_strangler_ctx_t *ctx,
    ngx_uint_t status)
{
    if (ngx_http_strangler_plan_retry(ctx, NGX_HTTP_STRANGLER_STATUS, status))
    {
        return 1;
    }

    return ngx_http_strangler_has_fallback(ctx)
           && fig_statuses_has(&ctx->decision.route->fallback.when.statuses,
                               status)
           && ngx_http_strangler_may_resend(ctx)
           && !ctx->request->request_body_no_buffering;
}


/*
 * A 304 of the fallback is about what the client has; nginx would renew and
 * send an expired answer of the other side, which is what the cache knows.
 */

static void
ngx_http_strangler_keep_stale(ngx_http_strangler_ctx_t *ctx,
    ngx_http_upstream_t *u)
{
#if (NGX_HTTP_CACHE)

    if (ctx->fell_back
        && u->headers_in.status_n == NGX_HTTP_NOT_MODIFIED
        && u->cache_status == NGX_HTTP_CACHE_EXPIRED)
    {
        u->cache_status = NGX_HTTP_CACHE_BYPASS;
    }

#endif
}


/*
 * Whether this is what the cache has, after a try: it came over no connection,
 * and was looked at when it came.
 */

static ngx_uint_t
ngx_http_strangler_is_from_cache(ngx_http_upstream_t *u)
{
#if (NGX_HTTP_CACHE)

    return u->cache_status == NGX_HTTP_CACHE_STALE
           || u->cache_status == NGX_HTTP_CACHE_REVALIDATED;

#else

    return 0;

#endif
}


/*
 * Whether bytes came over a connection that is to have TLS and has none yet.
 * nginx before 1.28.2 and 1.29.5 would take them for an answer (CVE-2026-1642).
 */

static ngx_uint_t
ngx_http_strangler_is_before_tls(ngx_http_upstream_t *u)
{
#if (NGX_HTTP_SSL)

    ngx_connection_t  *c;

    c = u->peer.connection;

    return u->ssl && (c->ssl == NULL || !c->ssl->handshaked);

#else

    return 0;

#endif
}


static ngx_int_t
ngx_http_strangler_process_header(ngx_http_request_t *r)
{
    ngx_int_t                  rc;
    ngx_http_upstream_t       *u;
    ngx_http_strangler_ctx_t  *ctx;

    u = r->upstream;
    ctx = u->peer.data;

    if (ngx_http_strangler_is_from_cache(u)) {
        return ctx->process_header(r);
    }

    if (ngx_http_strangler_is_before_tls(u)) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "strangler: the backend sent something before TLS");
        return NGX_HTTP_UPSTREAM_INVALID_HEADER;
    }

    for ( ;; ) {
        rc = ctx->process_header(r);

        ngx_http_strangler_wrap(ctx, u);

        if (rc != NGX_OK) {
            return rc;
        }

        if (!ngx_http_strangler_is_interim(u->headers_in.status_n)) {
            break;
        }

        if (ngx_http_strangler_skip_head(r, u) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    if (r->http_version != ctx->http_version) {
        r->http_version = ctx->http_version;
        return NGX_HTTP_UPSTREAM_INVALID_HEADER;
    }

    if (!ngx_http_strangler_is_failing(ctx, u->headers_in.status_n)) {
        ngx_http_strangler_leave_budget(ctx);
        ngx_http_strangler_guard_answered(ctx, u->headers_in.status_n);
        ngx_http_strangler_keep_stale(ctx, u);
        return NGX_OK;
    }

    ctx->listed_status = u->headers_in.status_n;
    u->state->header_time = ngx_current_msec - u->start_time;

    return NGX_HTTP_UPSTREAM_INVALID_HEADER;
}


ngx_int_t
ngx_http_strangler_forget_answer(ngx_http_strangler_ctx_t *ctx)
{
    ngx_http_request_t   *r;
    ngx_http_upstream_t  *u;

    r = ctx->request;
    u = r->upstream;

    if (u->request_sent || u->buffer.last == u->buffer.start) {
        return NGX_OK;
    }

    u->buffer.pos = u->buffer.start;

#if (NGX_HTTP_CACHE)
    if (r->cache) {
        u->buffer.pos += r->cache->header_start;
    }
#endif

    u->buffer.last = u->buffer.pos;

    return ngx_http_strangler_skip_head(r, u);
}


void
ngx_http_strangler_restore_status(ngx_http_strangler_ctx_t *ctx)
{
    ngx_array_t                *states;
    ngx_http_upstream_state_t  *state;

    states = ctx->request->upstream_states;

    if (ctx->listed_status && states->nelts > 1) {
        state = states->elts;
        state[states->nelts - 2].status = ctx->listed_status;
    }

    ctx->listed_status = 0;
}
