/*
 * Places at a backend: max_in_flight of them, max_fallbacks of these for
 * requests that fell back to it.  Each try takes one and leaves it at its end.
 *
 *     slot of a backend   in_flight[seat]  + .. + ..  <=  max_in_flight
 *                         fallbacks[seat]  + .. + ..  <=  max_fallbacks
 *
 * A process counts in the column of its own seat, which is emptied as a whole
 * when it is dead: a total in one number would be too high for ever after a
 * kill between two additions.  Its own addition is a barrier and comes before
 * the sum, so that of two processes that take the last place one sees the
 * other at least: there are never too many, and while several ask at once as
 * many too few as these.
 */

#include "ngx_http_strangler.h"


#define NGX_HTTP_STRANGLER_PROBLEM                                            \
    "{\"type\":\"about:blank\",\"title\":\"Service Unavailable\","           \
    "\"status\":503,\"detail\":"


/*
 * Who has no seat of its own is in a column that nobody would ever empty:
 * whatever is in there limits nobody.
 */

static ngx_uint_t
ngx_http_strangler_take(ngx_http_strangler_counter_t *counter,
    ngx_atomic_t *columns, int32_t max)
{
    ngx_uint_t        i, n;
    ngx_atomic_int_t  sum;

    if (max == FIG_UNSET) {
        ngx_http_strangler_count_seat(counter, columns, 1);
        return 1;
    }

    (void) ngx_atomic_fetch_add(&columns[counter->seat], 1);

    sum = 0;
    n = counter->count->seated;

    for (i = 0; i < n; i++) {
        sum += (ngx_atomic_int_t) columns[i];
    }

    if (sum <= max) {
        return 1;
    }

    (void) ngx_atomic_fetch_add(&columns[counter->seat], -1);

    return 0;
}


static ngx_uint_t
ngx_http_strangler_take_place(ngx_http_strangler_ctx_t *ctx,
    const fig_backend_t *backend, ngx_http_strangler_slot_t *slot,
    ngx_uint_t fallback)
{
    ngx_http_strangler_counter_t  *counter;

    counter = &ctx->rset->counter;

    if (fallback
        && !ngx_http_strangler_take(counter, slot->fallbacks,
                                    backend->max_fallbacks))
    {
        ngx_http_strangler_count_full(ctx, slot,
                                      NGX_HTTP_STRANGLER_BY_FALLBACKS);
        return 0;
    }

    if (!ngx_http_strangler_take(counter, slot->in_flight,
                                 backend->max_in_flight))
    {
        if (fallback) {
            ngx_http_strangler_count_seat(counter, slot->fallbacks, -1);
        }

        ngx_http_strangler_count_full(ctx, slot,
                                      NGX_HTTP_STRANGLER_BY_IN_FLIGHT);
        return 0;
    }

    ctx->trying = slot;
    ctx->guest = fallback;

    return 1;
}


ngx_uint_t
ngx_http_strangler_admit(ngx_http_strangler_ctx_t *ctx,
    const fig_backend_t *backend, ngx_uint_t fallback)
{
    ngx_http_strangler_slot_t  *slot;

    /* copies have caps of their own, and what cannot be counted is let in */

    if (ctx->gen->backend_slots == NULL || ctx->copy) {
        return 1;
    }

    slot = ctx->gen->backend_slots[backend->index];

    if (slot == NULL) {
        return 1;
    }

    if (!ngx_http_strangler_guard_enter(ctx, backend, fallback)) {
        ctx->refusal = NGX_HTTP_STRANGLER_BREAKER;
        return 0;
    }

    if (ngx_http_strangler_take_place(ctx, backend, slot, fallback)) {
        return 1;
    }

    ngx_http_strangler_guard_leave(ctx);
    ctx->refusal = NGX_HTTP_STRANGLER_OVERLOAD;
    ctx->retry_after = 1;

    return 0;
}


void
ngx_http_strangler_leave_place(ngx_http_strangler_ctx_t *ctx)
{
    ngx_http_strangler_counter_t  *counter;

    ngx_http_strangler_guard_leave(ctx);

    counter = &ctx->rset->counter;

    if (ctx->trying && ctx->gen->backend_slots) {
        ngx_http_strangler_count_seat(counter, ctx->trying->in_flight, -1);

        if (ctx->guest) {
            ngx_http_strangler_count_seat(counter, ctx->trying->fallbacks, -1);
        }
    }

    ctx->trying = NULL;
    ctx->guest = 0;
}


/* Whether the location has a page of its own for this. */

static ngx_uint_t
ngx_http_strangler_has_error_page(ngx_http_request_t *r, ngx_int_t status)
{
    ngx_uint_t                 i;
    ngx_http_err_page_t       *page;
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (clcf->error_pages == NULL || r->error_page || r->uri_changes == 0) {
        return 0;
    }

    page = clcf->error_pages->elts;

    for (i = 0; i < clcf->error_pages->nelts; i++) {
        if (page[i].status == status) {
            return 1;
        }
    }

    return 0;
}


/* RFC 9457, and RFC 9110, 10.2.3. */

static ngx_int_t
ngx_http_strangler_unavailable(ngx_http_request_t *r,
    ngx_http_strangler_ctx_t *ctx)
{
    u_char                    *p;
    ngx_str_t                  type;
    ngx_table_elt_t           *h;
    ngx_http_complex_value_t   cv;

    h = ngx_list_push(&r->headers_out.headers);
    p = ngx_pnalloc(r->pool, NGX_INT_T_LEN);

    if (h == NULL || p == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    h->hash = 1;
    ngx_str_set(&h->key, "Retry-After");
    h->value.data = p;
    h->value.len = ngx_sprintf(p, "%ui", ctx->retry_after) - p;
    h->lowcase_key = NULL;

#if (nginx_version >= 1023000)
    h->next = NULL;
#endif

    if (ngx_http_strangler_has_error_page(r, NGX_HTTP_SERVICE_UNAVAILABLE)) {
        return NGX_HTTP_SERVICE_UNAVAILABLE;
    }

    ngx_memzero(&cv, sizeof(ngx_http_complex_value_t));

    ngx_str_set(&type, "application/problem+json");

    if (ctx->refusal == NGX_HTTP_STRANGLER_BREAKER) {
        ngx_str_set(&cv.value, NGX_HTTP_STRANGLER_PROBLEM
                               "\"the service fails and is left alone for a "
                               "while, try again later\"}");

    } else {
        ngx_str_set(&cv.value, NGX_HTTP_STRANGLER_PROBLEM
                               "\"too many requests are under way, "
                               "try again later\"}");
    }

    return ngx_http_send_response(r, NGX_HTTP_SERVICE_UNAVAILABLE, &type,
                                  &cv);
}


/*
 * peer.get has no way to say 503: its errors become 500, its busy 502.  So the
 * upstream is ended here, as when a request is given up, and the answer is the
 * router's; what nginx does with the error afterwards is to find it ended.  Of
 * each of the two ends it lets go of the request once.
 */

ngx_int_t
ngx_http_strangler_refuse(ngx_http_strangler_ctx_t *ctx,
    const fig_backend_t *backend)
{
    ngx_array_t          *states;
    ngx_http_request_t   *r;
    ngx_http_upstream_t  *u;
    ngx_http_cleanup_pt   cleanup;

    r = ctx->request;
    u = r->upstream;

    ngx_log_error(NGX_LOG_WARN, r->connection->log, 0,
                  "strangler: backend \"%*s\" %s",
                  backend->name.len, backend->name.data,
                  (ctx->refusal == NGX_HTTP_STRANGLER_BREAKER)
                  ? "is not asked: its breaker is open"
                  : "takes no more requests");

    ctx->refused = 1;
    ngx_http_strangler_restore_status(ctx);

    /* there was no such try */

    states = r->upstream_states;
    states->nelts--;

    u->state = states->nelts ? (ngx_http_upstream_state_t *) states->elts
                               + states->nelts - 1
                             : NULL;

    r->main->count += 2;

    cleanup = *u->cleanup;
    cleanup(r);

    ngx_http_finalize_request(r, ngx_http_strangler_unavailable(r, ctx));

    return NGX_ERROR;
}
