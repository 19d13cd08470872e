/*
 * The load balancer of every rule set: nginx's upstream module asks it for a
 * peer before each try and tells it afterwards how the try went.
 *
 *     init -> get -> (nginx talks) -> free -> get -> ... -> free
 *             |                       |
 *             peer, its own timeouts  what failed, may it go on, and where:
 *             and request             same peer, next, retry, fallback, nowhere
 *
 * The verdict on a failed try is ngx_http_strangler_failure.c's.
 */

#include "ngx_http_strangler_shadow.h"


static ngx_int_t ngx_http_strangler_init_peer(ngx_http_request_t *r,
    ngx_http_upstream_srv_conf_t *us);
static ngx_int_t ngx_http_strangler_get_peer(ngx_peer_connection_t *pc,
    void *data);
static void ngx_http_strangler_free_peer(ngx_peer_connection_t *pc,
    void *data, ngx_uint_t state);
static void ngx_http_strangler_finalize_request(ngx_http_request_t *r,
    ngx_int_t rc);
static void ngx_http_strangler_total_handler(ngx_event_t *ev);


ngx_int_t
ngx_http_strangler_init_upstream(ngx_conf_t *cf,
    ngx_http_upstream_srv_conf_t *us)
{
    us->peer.init = ngx_http_strangler_init_peer;

    return NGX_OK;
}


static ngx_msec_t
ngx_http_strangler_timeout(int64_t route, int64_t backend, ngx_msec_t conf)
{
    if (route != FIG_UNSET) {
        return (ngx_msec_t) route;
    }

    return (backend != FIG_UNSET) ? (ngx_msec_t) backend : conf;
}


/* Gives the upstream module the configuration of the try that comes next. */

static ngx_int_t
ngx_http_strangler_apply(ngx_http_strangler_ctx_t *ctx)
{
    const fig_route_t             *route;
    const fig_timeouts_t          *rt, *bt;
    ngx_http_upstream_t           *u;
    ngx_http_strangler_variant_t   key;

    static const fig_timeouts_t  unset = { FIG_UNSET, FIG_UNSET, FIG_UNSET,
                                           FIG_UNSET };

    u = ctx->request->upstream;
    route = ctx->decision.route;

    ngx_http_strangler_need_peer(ctx);

    rt = route ? &route->timeouts : &unset;
    bt = &ctx->backend->conf->timeouts;

    key.base = ctx->base;
    key.copy = (ctx->copy != NULL);
    key.backend = ctx->backend;
    key.connect = ngx_http_strangler_timeout(rt->connect, bt->connect,
                                             ctx->base->connect_timeout);
    key.send = ngx_http_strangler_timeout(rt->send, bt->send,
                                          ctx->base->send_timeout);
    key.read = ngx_http_strangler_timeout(rt->read, bt->read,
                                          ctx->base->read_timeout);

    u->conf = ngx_http_strangler_variant(ctx->gen, &key);
    if (u->conf == NULL) {
        u->conf = ctx->base;
        return NGX_ERROR;
    }

#if (NGX_HTTP_SSL)

    u->ssl = ctx->peer->server->https;

    if (u->ssl) {
        if (ngx_http_strangler_tls_name(ctx, &u->ssl_name) != NGX_OK) {
            return NGX_ERROR;
        }

        ngx_str_set(&u->schema, "https://");

    } else {
        ngx_str_set(&u->schema, "http://");
    }

#endif

    return NGX_OK;
}


static ngx_int_t
ngx_http_strangler_start_total(ngx_http_strangler_ctx_t *ctx)
{
    const fig_route_t  *route;

    route = ctx->decision.route;

    if (route == NULL || route->timeouts.total == FIG_UNSET) {
        return NGX_OK;
    }

    ctx->total = ngx_pcalloc(ctx->request->pool, sizeof(ngx_event_t));
    if (ctx->total == NULL) {
        return NGX_ERROR;
    }

    ctx->total->handler = ngx_http_strangler_total_handler;
    ctx->total->data = ctx;
    ctx->total->log = ctx->request->connection->log;

    ngx_add_timer(ctx->total, (ngx_msec_t) route->timeouts.total);

    return NGX_OK;
}


/* For another peer the request is made anew: Host, path, scheme and body. */

static ngx_int_t
ngx_http_strangler_recreate(ngx_http_strangler_ctx_t *ctx)
{
    ngx_http_request_t   *r;
    ngx_http_upstream_t  *u;

    r = ctx->request;
    u = r->upstream;

    u->request_bufs = r->request_body ? r->request_body->bufs : NULL;

    if (u->create_request(r) != NGX_OK
        || ngx_http_strangler_edit_request(ctx) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_strangler_apply(ctx);
}


/* What cannot be sent where it was to go is sent to the default. */

static ngx_int_t
ngx_http_strangler_prepare(ngx_http_strangler_ctx_t *ctx)
{
    if (ngx_http_strangler_edit_request(ctx) == NGX_OK
        && ngx_http_strangler_apply(ctx) == NGX_OK)
    {
        return NGX_OK;
    }

    if (ctx->failed) {
        return NGX_ERROR;
    }

    ngx_http_strangler_default(ctx);

    return ctx->backend ? ngx_http_strangler_recreate(ctx) : NGX_ERROR;
}


static ngx_int_t
ngx_http_strangler_init_peer(ngx_http_request_t *r,
    ngx_http_upstream_srv_conf_t *us)
{
    ngx_http_upstream_t       *u;
    ngx_http_strangler_ctx_t  *ctx;

    ctx = ngx_http_strangler_get_ctx(r);

    if (ctx == NULL || ctx->backend == NULL) {
        ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                      "strangler: \"%V\" was proxied to without a decision",
                      &us->host);
        return NGX_ERROR;
    }

    u = r->upstream;

    ctx->base = u->conf;
    ctx->tries = 0;
    ctx->listed_status = 0;
    ctx->fresh = 0;
    ctx->sent = 0;

    if (ngx_http_strangler_prepare(ctx) != NGX_OK) {
        return NGX_ERROR;
    }

    u->peer.data = ctx;
    u->peer.get = ngx_http_strangler_get_peer;
    u->peer.free = ngx_http_strangler_free_peer;
    u->peer.tries = 1;

#if (NGX_HTTP_SSL)
    u->peer.set_session = ngx_http_strangler_set_session;
    u->peer.save_session = ngx_http_strangler_save_session;
#endif

    ngx_http_strangler_watch_answer(ctx, u);

    ctx->finalize_request = u->finalize_request;
    u->finalize_request = ngx_http_strangler_finalize_request;

    return ngx_http_strangler_start_total(ctx);
}


/*
 * Moves to the fallback.  Done when nginx really begins another try, since it
 * has reasons of its own to end a request after peer.free, an unbuffered body
 * for one.
 */

static ngx_int_t
ngx_http_strangler_fall_back(ngx_http_strangler_ctx_t *ctx)
{
    u_char               *p;
    ngx_http_request_t   *r;

    r = ctx->request;

    if (!ngx_http_strangler_admit(ctx, ctx->decision.fallback, 1)) {
        return ngx_http_strangler_refuse(ctx, ctx->decision.fallback);
    }

    if (ctx->failure == NGX_HTTP_STRANGLER_STATUS) {
        p = ngx_pnalloc(r->pool, NGX_INT_T_LEN);
        if (p == NULL) {
            return NGX_ERROR;
        }

        ctx->reason.data = p;
        ctx->reason.len = ngx_sprintf(p, "%ui", ctx->listed_status) - p;

    } else {
        p = (u_char *) ngx_http_strangler_failure_name(ctx->failure);

        ctx->reason.data = p;
        ctx->reason.len = ngx_strlen(p);
    }

    ngx_log_error(NGX_LOG_WARN, r->connection->log, 0,
                  "strangler: route \"%*s\" falls back from \"%*s\" "
                  "to \"%*s\": %V",
                  ctx->decision.route->name.len,
                  ctx->decision.route->name.data,
                  ctx->backend->conf->name.len, ctx->backend->conf->name.data,
                  ctx->decision.fallback->name.len,
                  ctx->decision.fallback->name.data, &ctx->reason);

    ngx_http_strangler_count_fallback(ctx);

    ctx->fell_back = 1;
    ctx->fresh = 0;

#if (NGX_HTTP_CACHE)

    /* the answer of one side must not stand in the cache for the other's */

    r->upstream->cacheable = 0;

#endif

    ngx_http_strangler_choose_backend(ctx, ctx->decision.fallback);

    if (ngx_http_strangler_target(ctx, FIG_SIDE_OLD) != NGX_OK) {
        return NGX_ERROR;
    }

    return ngx_http_strangler_recreate(ctx);
}


/*
 * The backend is not to be asked.  The fallback may have a place, for any
 * request of which nothing was sent.
 */

static ngx_int_t
ngx_http_strangler_elsewhere(ngx_http_strangler_ctx_t *ctx)
{
    ngx_http_strangler_leave_budget(ctx);

    if (ngx_http_strangler_has_fallback(ctx)
        && (!ctx->sent || ngx_http_strangler_may_resend(ctx)))
    {
        ctx->failure = ctx->refusal;
        ctx->unasked = (ctx->tries == 1);

        return ngx_http_strangler_fall_back(ctx);
    }

    return ngx_http_strangler_refuse(ctx, ctx->backend->conf);
}


static ngx_int_t
ngx_http_strangler_first(ngx_http_strangler_ctx_t *ctx)
{
    if (ngx_http_strangler_admit(ctx, ctx->backend->conf, 0)) {
        return NGX_OK;
    }

    return ngx_http_strangler_elsewhere(ctx);
}


static ngx_int_t
ngx_http_strangler_again(ngx_http_strangler_ctx_t *ctx)
{
    if (ctx->plan == NGX_HTTP_STRANGLER_FALLBACK) {
        return ngx_http_strangler_fall_back(ctx);
    }

    if (!ngx_http_strangler_admit(ctx, ctx->backend->conf, ctx->fell_back)) {
        return ngx_http_strangler_elsewhere(ctx);
    }

    switch (ctx->plan) {

    case NGX_HTTP_STRANGLER_SAME_PEER:
        ctx->fresh = 1;
        return NGX_OK;

    case NGX_HTTP_STRANGLER_RETRY:
        ctx->fresh = 0;
        ctx->retry->planned = 0;
        ctx->retry->attempts++;

        /* fall through */

    case NGX_HTTP_STRANGLER_NEXT_PEER:
        ctx->retries++;
        ngx_http_strangler_count_retry(ctx);
        ngx_http_strangler_next_peer(ctx);

        return ngx_http_strangler_recreate(ctx);

    default:
        return NGX_ERROR;
    }
}


static ngx_int_t
ngx_http_strangler_get_peer(ngx_peer_connection_t *pc, void *data)
{
    ngx_http_strangler_ctx_t  *ctx = data;

    ngx_http_upstream_t  *u;

    u = ctx->request->upstream;

    if (ctx->tries++) {
        if (ngx_http_strangler_forget_answer(ctx) != NGX_OK) {
            return NGX_ERROR;
        }

        if (ctx->plan == NGX_HTTP_STRANGLER_RETRY
            && ngx_http_strangler_wait(ctx, pc) == NGX_AGAIN)
        {
            return NGX_AGAIN;
        }

        if (ngx_http_strangler_again(ctx) != NGX_OK) {
            return NGX_ERROR;
        }

        ngx_http_strangler_restore_status(ctx);

    } else if (ngx_http_strangler_first(ctx) != NGX_OK) {
        return NGX_ERROR;
    }

    pc->cached = 0;
    pc->connection = NULL;
    pc->sockaddr = ctx->peer->sockaddr;
    pc->socklen = ctx->peer->socklen;
    pc->name = &ctx->peer->name;

    ngx_log_debug2(NGX_LOG_DEBUG_HTTP, pc->log, 0,
                   "strangler: try %ui, peer %V", ctx->tries, pc->name);

    ngx_http_strangler_enter(ctx);

    /*
     * What must not be sent twice asks a kept connection first whether it is
     * still open; all else finds out by using it.
     */

    if (!ctx->fresh
        && ctx->backend->pool
        && ngx_http_strangler_pool_get(ctx->backend, pc, u,
                                       !ngx_http_strangler_is_idempotent(ctx)))
    {
        return NGX_DONE;
    }

    return NGX_OK;
}


static void
ngx_http_strangler_free_peer(ngx_peer_connection_t *pc, void *data,
    ngx_uint_t state)
{
    ngx_http_strangler_ctx_t  *ctx = data;

    ngx_http_upstream_t  *u;

    u = ctx->request->upstream;

    ngx_http_strangler_leave(ctx);

    if ((state & (NGX_PEER_FAILED|NGX_PEER_NEXT)) == 0) {

        if (ctx->backend->pool) {
            ngx_http_strangler_pool_put(ctx->backend, pc, u);
        }

        ngx_http_strangler_guard_report(ctx, u, 0);
        ngx_http_strangler_count_tried(ctx, u, 0);
        return;
    }

    ngx_http_strangler_judge(ctx, pc, u);
    ngx_http_strangler_guard_report(ctx, u, 1);
    ngx_http_strangler_count_tried(ctx, u, 1);

    /* nginx adds a try by itself for a kept connection that failed */

    pc->cached = 0;
    pc->tries = (ctx->plan == NGX_HTTP_STRANGLER_END) ? 0 : 1;
}


/* Comes before the last peer.free, which is not told how it went. */

static void
ngx_http_strangler_finalize_request(ngx_http_request_t *r, ngx_int_t rc)
{
    ngx_http_strangler_ctx_t  *ctx;

    ctx = r->upstream->peer.data;
    ctx->rc = rc;

    ngx_http_strangler_stop_retry(ctx);

    ctx->finalize_request(r, rc);

    if (ctx->copy) {
        ngx_http_strangler_copy_ended(ctx->copy, rc);
    }
}


/*
 * Ends the request with 504 if no answer has begun: the try under way, or the
 * wait before it, is made to look as if its own time were over, which closes
 * everything in order.
 */

static void
ngx_http_strangler_total_handler(ngx_event_t *ev)
{
    ngx_connection_t          *c, *pc;
    ngx_http_request_t        *r;
    ngx_http_upstream_t       *u;
    ngx_http_strangler_ctx_t  *ctx;

    ctx = ev->data;
    r = ctx->request;
    c = r->connection;
    u = r->upstream;

    if (u == NULL
        || u->cleanup == NULL
        || u->peer.data != ctx
        || u->peer.connection == NULL
        || u->state == NULL)
    {
        return;
    }

    if (ngx_http_strangler_is_waiting(ctx)) {
        u->peer.tries = 0;

    } else if (u->state->header_time != (ngx_msec_t) -1) {
        return;
    }

    ngx_http_set_log_request(c->log, r);

    ctx->expired = 1;

    pc = u->peer.connection;
    pc->read->timedout = 1;
    pc->write->timedout = 1;

    pc->read->handler(pc->read);

    ngx_http_run_posted_requests(c);
}
