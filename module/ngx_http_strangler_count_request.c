/*
 * What a request adds to the counters.
 *
 *     each try   get  -> a place (ngx_http_strangler_admit.c)
 *                free -> outcome, failure, duration, the place is left
 *     the whole  log phase -> outcome by route and by the side that answered
 *
 * A request counts once, by its last decision, whatever error pages and other
 * internal redirects made of it, and not at all when it came to no handler of
 * ours.  Subrequests are no requests, but their tries are tries.
 */

#include "ngx_http_strangler.h"


static void
ngx_http_strangler_count_add(ngx_http_strangler_counter_t *counter,
    ngx_atomic_t *cell, ngx_atomic_uint_t n)
{
    if (counter->shared) {
        (void) ngx_atomic_fetch_add(cell, n);

    } else {
        *cell += n;
    }
}


static void
ngx_http_strangler_count_duration(ngx_http_strangler_counter_t *counter,
    ngx_http_strangler_histogram_t *histogram, ngx_msec_t ms)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_HTTP_STRANGLER_BOUNDS; i++) {
        if (ms <= ngx_http_strangler_bounds[i]) {
            break;
        }
    }

    ngx_http_strangler_count_add(counter, &histogram->buckets[i], 1);
    ngx_http_strangler_count_add(counter, &histogram->sum, ms);
}


static ngx_http_strangler_ended_e
ngx_http_strangler_by_status(ngx_uint_t status)
{
    if (status >= NGX_HTTP_INTERNAL_SERVER_ERROR) {
        return NGX_HTTP_STRANGLER_SERVER_ERROR;
    }

    return (status >= NGX_HTTP_BAD_REQUEST) ? NGX_HTTP_STRANGLER_CLIENT_ERROR
                                            : NGX_HTTP_STRANGLER_SUCCESS;
}


static ngx_http_strangler_ended_e
ngx_http_strangler_outcome(ngx_http_request_t *r,
    ngx_http_strangler_ctx_t *ctx)
{
    ngx_uint_t  status;

    status = r->err_status ? r->err_status : r->headers_out.status;

    if (status == NGX_HTTP_CLIENT_CLOSED_REQUEST
        || r->connection->error
        || r->connection->timedout)
    {
        return NGX_HTTP_STRANGLER_ABORTED;
    }

    return ctx->incomplete ? NGX_HTTP_STRANGLER_SERVER_ERROR
                           : ngx_http_strangler_by_status(status);
}


static ngx_msec_t
ngx_http_strangler_elapsed(ngx_http_request_t *r)
{
    ngx_time_t      *tp;
    ngx_msec_int_t   ms;

    tp = ngx_timeofday();

    ms = (ngx_msec_int_t) ((tp->sec - r->start_sec) * 1000
                           + (tp->msec - r->start_msec));

    return (ngx_msec_t) ngx_max(ms, 0);
}


static ngx_http_strangler_slot_t *
ngx_http_strangler_slot(ngx_http_strangler_ctx_t *ctx)
{
    ngx_http_strangler_count_t  *count;

    if (ctx->decision.route) {
        return ctx->gen->route_slots[ctx->decision.route->index];
    }

    count = ctx->rset->counter.count;

    return ctx->decision.backend ? count->fallthrough : count->unrouted;
}


static ngx_int_t
ngx_http_strangler_count_request(ngx_http_request_t *r)
{
    ngx_uint_t                       side;
    ngx_http_strangler_ctx_t        *ctx;
    ngx_http_strangler_slot_t       *slot;
    ngx_http_strangler_counter_t    *counter;
    ngx_http_strangler_route_row_t  *row;

    ctx = ngx_http_get_module_ctx(r, ngx_http_strangler_module);

    if (ctx == NULL) {
        ctx = ngx_http_strangler_get_ctx(r);
    }

    if (ctx == NULL || r != r->main) {
        return NGX_OK;
    }

    if (!ctx->handled) {
        ctx = ngx_http_strangler_get_handled_ctx(r);
    }

    if (ctx == NULL || ctx->gen->route_slots == NULL) {
        return NGX_OK;
    }

    counter = &ctx->rset->counter;
    slot = ngx_http_strangler_slot(ctx);

    if (slot == NULL) {
        return NGX_OK;
    }

    side = ctx->decision.side == FIG_SIDE_NEW && !ctx->fell_back;
    row = &slot->rows.route[counter->shard];

    ngx_http_strangler_count_add(counter,
                   &row->requests[side][ngx_http_strangler_outcome(r, ctx)], 1);

    if (ctx->decision.why == FIG_WHY_DRAIN) {
        ngx_http_strangler_count_add(counter,
                               &row->fallbacks[NGX_HTTP_STRANGLER_BY_DRAIN], 1);
    }

    /* a side is neither as slow as what the other lost before, nor as fast as
       being turned away */

    if (slot->duration && !ctx->fell_back && !ctx->refused) {
        ngx_http_strangler_count_duration(counter,
                 &slot->duration[side * counter->count->nshards
                                 + counter->shard],
                 ngx_http_strangler_elapsed(r));
    }

    if (slot == counter->count->fallthrough) {
        ngx_http_strangler_surface_add(ctx);
    }

    return NGX_OK;
}


ngx_int_t
ngx_http_strangler_count_init(ngx_conf_t *cf)
{
    ngx_http_handler_pt        *handler;
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);

    handler = ngx_array_push(&cmcf->phases[NGX_HTTP_LOG_PHASE].handlers);
    if (handler == NULL) {
        return NGX_ERROR;
    }

    *handler = ngx_http_strangler_count_request;

    return NGX_OK;
}


/* Of what the upstream module did not end with the end of the answer. */

static ngx_http_strangler_ended_e
ngx_http_strangler_cut_short(ngx_http_strangler_ctx_t *ctx,
    ngx_http_upstream_t *u, ngx_http_strangler_backend_row_t *row)
{
    if (ctx->rc == NGX_ERROR
        || ctx->rc == NGX_HTTP_CLIENT_CLOSED_REQUEST
        || ctx->rc == NGX_HTTP_REQUEST_TIME_OUT)
    {
        return NGX_HTTP_STRANGLER_ABORTED;
    }

    if (ngx_http_strangler_is_incomplete(ctx, u)) {
        ctx->incomplete = 1;

        ngx_http_strangler_count_add(&ctx->rset->counter,
                          &row->failures[NGX_HTTP_STRANGLER_BY_INCOMPLETE], 1);

        return NGX_HTTP_STRANGLER_FAILED;
    }

    return u->state->status ? ngx_http_strangler_by_status(u->state->status)
                            : NGX_HTTP_STRANGLER_FAILED;
}


/*
 * Of a try that peer.free says nothing bad about.  An answer in whose place an
 * error page is sent ends with its own status.
 */

static void
ngx_http_strangler_count_ended(ngx_http_strangler_ctx_t *ctx,
    ngx_http_upstream_t *u, ngx_http_strangler_backend_row_t *row)
{
    ngx_http_strangler_ended_e     outcome;
    ngx_http_strangler_counter_t  *counter;

    counter = &ctx->rset->counter;

    if (ctx->rc == NGX_OK
        || (ctx->rc == (ngx_int_t) u->state->status && !u->header_sent))
    {
        outcome = ngx_http_strangler_by_status(u->state->status);

    } else {
        outcome = ngx_http_strangler_cut_short(ctx, u, row);
    }

    if (outcome == NGX_HTTP_STRANGLER_SERVER_ERROR) {
        ngx_http_strangler_count_add(counter,
                              &row->failures[NGX_HTTP_STRANGLER_BY_STATUS], 1);
    }

    ngx_http_strangler_count_add(counter, &row->tries[outcome], 1);
}


static ngx_http_strangler_reason_e
ngx_http_strangler_reason(ngx_http_strangler_failure_e failure)
{
    switch (failure) {

    case NGX_HTTP_STRANGLER_CONNECT:
        return NGX_HTTP_STRANGLER_BY_CONNECT;

    case NGX_HTTP_STRANGLER_TIMEOUT:
        return NGX_HTTP_STRANGLER_BY_TIMEOUT;

    case NGX_HTTP_STRANGLER_STATUS:
        return NGX_HTTP_STRANGLER_BY_STATUS;

    case NGX_HTTP_STRANGLER_OVERLOAD:
        return NGX_HTTP_STRANGLER_BY_OVERLOAD;

    case NGX_HTTP_STRANGLER_BREAKER:
        return NGX_HTTP_STRANGLER_BY_BREAKER;

    default:
        return NGX_HTTP_STRANGLER_BY_INVALID;
    }
}


void
ngx_http_strangler_count_tried(ngx_http_strangler_ctx_t *ctx,
    ngx_http_upstream_t *u, ngx_uint_t failed)
{
    ngx_http_strangler_slot_t         *slot;
    ngx_http_strangler_counter_t      *counter;
    ngx_http_strangler_ended_e         outcome;
    ngx_http_strangler_backend_row_t  *row;

    slot = ctx->trying;

    if (slot == NULL || ctx->gen->backend_slots == NULL) {
        return;
    }

    counter = &ctx->rset->counter;

    ngx_http_strangler_leave_place(ctx);

    /* what a kept connection does when it is used too late is no answer */

    if (failed && ctx->failure == NGX_HTTP_STRANGLER_STALE) {
        return;
    }

    row = &slot->rows.backend[counter->shard];

    ngx_http_strangler_count_duration(counter, &row->duration,
                                      ngx_current_msec - u->start_time);

    if (!failed) {
        ngx_http_strangler_count_ended(ctx, u, row);
        return;
    }

    outcome = (ctx->failure == NGX_HTTP_STRANGLER_STATUS)
              ? ngx_http_strangler_by_status(ctx->listed_status)
              : NGX_HTTP_STRANGLER_FAILED;

    ngx_http_strangler_count_add(counter, &row->tries[outcome], 1);
    ngx_http_strangler_count_add(counter,
                   &row->failures[ngx_http_strangler_reason(ctx->failure)], 1);
}


static ngx_http_strangler_route_row_t *
ngx_http_strangler_route_row(ngx_http_strangler_ctx_t *ctx)
{
    ngx_http_strangler_slot_t  *slot;

    if (ctx->gen->route_slots == NULL) {
        return NULL;
    }

    slot = ngx_http_strangler_slot(ctx);

    return slot ? &slot->rows.route[ctx->rset->counter.shard] : NULL;
}


void
ngx_http_strangler_count_fallback(ngx_http_strangler_ctx_t *ctx)
{
    ngx_http_strangler_route_row_t  *row;

    row = ngx_http_strangler_route_row(ctx);

    if (row) {
        ngx_http_strangler_count_add(&ctx->rset->counter,
                  &row->fallbacks[ngx_http_strangler_reason(ctx->failure)], 1);
    }
}


void
ngx_http_strangler_count_retry(ngx_http_strangler_ctx_t *ctx)
{
    ngx_http_strangler_slot_t    *slot;
    ngx_http_strangler_reason_e   reason;

    if (ctx->gen->route_slots == NULL) {
        return;
    }

    slot = ngx_http_strangler_slot(ctx);
    reason = ngx_http_strangler_reason(ctx->failure);

    if (slot) {
        (void) ngx_atomic_fetch_add(&slot->retries[reason], 1);
    }
}


void
ngx_http_strangler_count_refused(ngx_http_strangler_ctx_t *ctx)
{
    ngx_http_strangler_slot_t  *slot;

    if (ctx->gen->route_slots == NULL) {
        return;
    }

    slot = ngx_http_strangler_slot(ctx);

    if (slot) {
        (void) ngx_atomic_fetch_add(&slot->refused, 1);
    }
}


void
ngx_http_strangler_count_retrying(ngx_http_strangler_ctx_t *ctx,
    ngx_http_strangler_slot_t *slot, ngx_atomic_int_t n)
{
    if (ctx->gen->backend_slots) {
        ngx_http_strangler_count_seat(&ctx->rset->counter, slot->retrying, n);
    }
}


void
ngx_http_strangler_count_full(ngx_http_strangler_ctx_t *ctx,
    ngx_http_strangler_slot_t *slot, ngx_http_strangler_refusal_e refusal)
{
    ngx_http_strangler_counter_t      *counter;
    ngx_http_strangler_backend_row_t  *row;

    counter = &ctx->rset->counter;
    row = &slot->rows.backend[counter->shard];

    ngx_http_strangler_count_add(counter, &row->refused[refusal], 1);
}


/* Seldom, and not worth a cell in each shard. */

void
ngx_http_strangler_count_limit(ngx_http_strangler_ctx_t *ctx)
{
    ngx_http_strangler_slot_t  *slot;

    if (ctx->gen->route_slots == NULL) {
        return;
    }

    slot = ctx->gen->route_slots[ctx->match.limited->index];

    if (slot) {
        (void) ngx_atomic_fetch_add(&slot->limited, 1);
    }
}
