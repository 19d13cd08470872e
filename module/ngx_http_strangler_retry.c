/*
 * Further tries at the new side: whether there is one, and the wait before it.
 *
 *     peer.free  plan  -> attempts left, listed, allowed, within the budget
 *     peer.get   wait  -> NGX_AGAIN, and a connection on which nothing happens
 *                timer -> its end is an error to nginx, which asks again
 *     peer.get   resume
 *
 * The budget bounds the retries of a backend that wait or are under way, in all
 * workers, by its tries under way: what fails everywhere is not asked twice
 * everywhere.
 */

#include "ngx_http_strangler.h"


#define NGX_HTTP_STRANGLER_BUDGET  5           /* tries a retry */
#define NGX_HTTP_STRANGLER_RETRIES  3          /* are always admitted */

/* Never over before the wait; ms, less than what a timer can count. */

#define NGX_HTTP_STRANGLER_FAR  ((ngx_msec_t) 1 << 30)


static void ngx_http_strangler_wake(ngx_event_t *ev);


static int  ngx_http_strangler_silent = -1;


ngx_socket_t
ngx_http_strangler_silent_socket(ngx_log_t *log)
{
    if (ngx_http_strangler_silent == -1) {
        ngx_http_strangler_silent = socket(AF_UNIX, SOCK_DGRAM|SOCK_NONBLOCK
                                                    |SOCK_CLOEXEC, 0);

        if (ngx_http_strangler_silent == -1) {
            ngx_log_error(NGX_LOG_ALERT, log, ngx_socket_errno,
                          ngx_socket_n " failed");
        }
    }

    return ngx_http_strangler_silent;
}


static ngx_http_strangler_retry_t *
ngx_http_strangler_get_retry(ngx_http_strangler_ctx_t *ctx)
{
    ngx_http_strangler_retry_t  *retry;

    if (ctx->retry == NULL) {
        retry = ngx_pcalloc(ctx->request->pool,
                            sizeof(ngx_http_strangler_retry_t));
        if (retry == NULL) {
            return NULL;
        }

        retry->timer.handler = ngx_http_strangler_wake;
        retry->timer.data = ctx;
        retry->timer.log = ctx->request->connection->log;

        ctx->retry = retry;
    }

    return ctx->retry;
}


/*
 * Seconds or a date (RFC 9110, 10.2.3), as milliseconds from now; 0 where
 * nothing is said that can be understood.
 */

static ngx_msec_t
ngx_http_strangler_parse_after(ngx_str_t *value)
{
    size_t      i;
    time_t      sec;

    sec = 0;

    for (i = 0; i < value->len; i++) {
        if (value->data[i] < '0' || value->data[i] > '9') {
            break;
        }

        sec = ngx_min(sec * 10 + (value->data[i] - '0'),
                      (time_t) (NGX_HTTP_STRANGLER_FAR / 1000));
    }

    if (i < value->len) {
        sec = ngx_parse_http_time(value->data, value->len);

        if (sec == NGX_ERROR || sec <= ngx_time()) {
            return 0;
        }

        sec = ngx_min(sec - ngx_time(),
                      (time_t) (NGX_HTTP_STRANGLER_FAR / 1000));
    }

    return (ngx_msec_t) sec * 1000;
}


static ngx_msec_t
ngx_http_strangler_retry_after(ngx_http_upstream_t *u)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    for (part = &u->headers_in.headers.part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {
            if (h[i].key.len == sizeof("Retry-After") - 1
                && ngx_strncasecmp(h[i].key.data, (u_char *) "Retry-After",
                                   sizeof("Retry-After") - 1)
                   == 0)
            {
                return ngx_http_strangler_parse_after(&h[i].value);
            }
        }
    }

    return 0;
}


/*
 * Full jitter: Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture
 * Blog, 2015.  NGX_DECLINED: the backend asks for more than `max`.
 */

static ngx_int_t
ngx_http_strangler_backoff(ngx_http_strangler_ctx_t *ctx, ngx_uint_t status,
    ngx_msec_t *wait)
{
    int64_t             bound;
    ngx_msec_t          after;
    ngx_uint_t          i;
    const fig_retry_t  *rule;

    rule = &ctx->decision.route->retry;
    bound = rule->base;

    for (i = 0; i < ctx->retry->attempts && bound < rule->max; i++) {
        bound *= 2;
    }

    bound = ngx_min(bound, rule->max);

    *wait = (ngx_msec_t) (ngx_http_strangler_random()
                          % ((uint64_t) bound + 1));

    if (status == NGX_HTTP_TOO_MANY_REQUESTS
        || status == NGX_HTTP_SERVICE_UNAVAILABLE)
    {
        after = ngx_http_strangler_retry_after(ctx->request->upstream);

        if (after > (ngx_msec_t) rule->max) {
            return NGX_DECLINED;
        }

        *wait = ngx_max(*wait, after);
    }

    return NGX_OK;
}


void
ngx_http_strangler_leave_budget(ngx_http_strangler_ctx_t *ctx)
{
    ngx_http_strangler_retry_t  *retry;

    retry = ctx->retry;

    if (retry == NULL) {
        return;
    }

    retry->planned = 0;

    if (retry->slot) {
        ngx_http_strangler_count_retrying(ctx, retry->slot, -1);
        retry->slot = NULL;
    }
}


/* Others may enter at the same time: exact to within the number of workers. */

static ngx_uint_t
ngx_http_strangler_enter_budget(ngx_http_strangler_ctx_t *ctx)
{
    uint64_t                    in_flight, retrying;
    ngx_http_strangler_slot_t  *slot;

    ngx_http_strangler_leave_budget(ctx);

    slot = ctx->gen->backend_slots
           ? ctx->gen->backend_slots[ctx->backend->conf->index] : NULL;

    if (slot == NULL) {
        return 0;
    }

    ngx_http_strangler_count_load(ctx->rset->count, slot, &in_flight,
                                  &retrying);

    if (retrying >= NGX_HTTP_STRANGLER_RETRIES
        && retrying >= in_flight / NGX_HTTP_STRANGLER_BUDGET)
    {
        return 0;
    }

    ngx_http_strangler_count_retrying(ctx, slot, 1);
    ctx->retry->slot = slot;

    return 1;
}


static ngx_uint_t
ngx_http_strangler_is_retried(ngx_http_strangler_ctx_t *ctx,
    ngx_http_strangler_failure_e failure, ngx_uint_t status)
{
    const fig_route_t  *route;

    route = ctx->decision.route;

    if (route == NULL
        || route->retry.attempts == 0
        || ctx->decision.side != FIG_SIDE_NEW
        || ctx->fell_back
        || ctx->copy
        || ctx->request->request_body_no_buffering)
    {
        return 0;
    }

    if (!ngx_http_strangler_is_listed(&route->retry.when, failure, status)) {
        return 0;
    }

    return (!ctx->sent && failure != NGX_HTTP_STRANGLER_STATUS)
           || route->retry.unsafe
           || ngx_http_strangler_is_idempotent(ctx);
}


ngx_uint_t
ngx_http_strangler_plan_retry(ngx_http_strangler_ctx_t *ctx,
    ngx_http_strangler_failure_e failure, ngx_uint_t status)
{
    ngx_http_strangler_retry_t  *retry;

    if (!ngx_http_strangler_is_retried(ctx, failure, status)) {
        return 0;
    }

    retry = ngx_http_strangler_get_retry(ctx);

    if (retry == NULL
        || retry->attempts >= ctx->decision.route->retry.attempts
        || ngx_http_strangler_backoff(ctx, status, &retry->wait) != NGX_OK)
    {
        return 0;
    }

    if (!ngx_http_strangler_enter_budget(ctx)) {
        ngx_http_strangler_count_refused(ctx);
        return 0;
    }

    retry->planned = 1;

    return 1;
}


/* What nginx reads from the connection that it waits for. */

static ssize_t
ngx_http_strangler_wait_recv(ngx_connection_t *c, u_char *buf, size_t size)
{
    return NGX_ERROR;
}


static ngx_chain_t *
ngx_http_strangler_wait_send_chain(ngx_connection_t *c, ngx_chain_t *in,
    off_t limit)
{
    return NGX_CHAIN_ERROR;
}


/*
 * nginx has begun a state for the try that is yet to come: until then the one
 * before is the last, with the status that it has now.
 */

static void
ngx_http_strangler_hide_state(ngx_http_strangler_ctx_t *ctx)
{
    ngx_array_t                *states;
    ngx_http_upstream_t        *u;
    ngx_http_upstream_state_t  *state;

    u = ctx->request->upstream;
    states = ctx->request->upstream_states;
    state = states->elts;

    states->nelts--;
    u->state = &state[states->nelts - 1];

    ctx->retry->status = u->state->status;
}


/*
 * Waits: NGX_AGAIN.  Where there is nothing to wait for, or nothing to do it
 * with, the next try is made now.
 */

static ngx_int_t
ngx_http_strangler_begin_wait(ngx_http_strangler_ctx_t *ctx,
    ngx_peer_connection_t *pc)
{
    ngx_socket_t                   fd;
    ngx_connection_t              *c;
    ngx_http_request_t            *r;
    ngx_http_upstream_conf_t      *conf;
    ngx_http_strangler_variant_t   key;

    r = ctx->request;

    key.base = ctx->base;
    key.copy = 0;
    key.backend = ctx->backend;
    key.connect = NGX_HTTP_STRANGLER_FAR;
    key.send = ctx->base->send_timeout;
    key.read = ctx->base->read_timeout;

    conf = ngx_http_strangler_variant(ctx->gen, &key);
    fd = ngx_http_strangler_silent_socket(pc->log);

    if (conf == NULL || fd == (ngx_socket_t) -1) {
        return NGX_OK;
    }

    c = ngx_get_connection(fd, pc->log);
    if (c == NULL) {
        return NGX_OK;
    }

    c->shared = 1;
    c->recv = ngx_http_strangler_wait_recv;
    c->send_chain = ngx_http_strangler_wait_send_chain;
    c->log_error = pc->log_error;

    pc->cached = 0;
    pc->connection = c;

    r->upstream->conf = conf;
    r->connection->log->action = "waiting to try again";

    ngx_http_strangler_restore_status(ctx);
    ngx_http_strangler_hide_state(ctx);

    ctx->retry->waiting = 1;

    ngx_add_timer(&ctx->retry->timer,
                  ngx_min(ctx->retry->wait, NGX_HTTP_STRANGLER_FAR - 1));

    return NGX_AGAIN;
}


/* nginx has given the try before the status of the wait's end. */

static void
ngx_http_strangler_end_wait(ngx_http_strangler_ctx_t *ctx,
    ngx_http_upstream_state_t *state)
{
    if (ctx->retry->timer.timer_set) {
        ngx_del_timer(&ctx->retry->timer);
    }

    state->status = ctx->retry->status;
    ctx->retry->waiting = 0;
}


ngx_int_t
ngx_http_strangler_wait(ngx_http_strangler_ctx_t *ctx,
    ngx_peer_connection_t *pc)
{
    ngx_array_t                *states;
    ngx_http_upstream_state_t  *state;

    if (ctx->retry->waiting) {
        states = ctx->request->upstream_states;
        state = states->elts;

        ngx_http_strangler_end_wait(ctx, &state[states->nelts - 2]);
        return NGX_OK;
    }

    return ctx->retry->wait ? ngx_http_strangler_begin_wait(ctx, pc) : NGX_OK;
}


static void
ngx_http_strangler_wake(ngx_event_t *ev)
{
    ngx_connection_t          *c;
    ngx_http_strangler_ctx_t  *ctx;

    ctx = ev->data;
    c = ctx->request->upstream->peer.connection;

    c->read->handler(c->read);
}


ngx_uint_t
ngx_http_strangler_is_waiting(ngx_http_strangler_ctx_t *ctx)
{
    return ctx->retry && ctx->retry->waiting;
}


void
ngx_http_strangler_stop_retry(ngx_http_strangler_ctx_t *ctx)
{
    if (ctx->retry == NULL) {
        return;
    }

    if (ctx->retry->waiting) {
        ngx_http_strangler_end_wait(ctx, ctx->request->upstream->state);
    }

    ngx_http_strangler_leave_budget(ctx);
}
