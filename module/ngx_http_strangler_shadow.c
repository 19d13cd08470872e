/*
 * Which requests are copied, and to where.
 *
 *     content handler   eligible? drawn? below the caps? -> its answer is kept
 *     log phase         was it an answer to compare? -> copy, maybe a probe
 *
 * The log phase comes last for a request and first here: before the access log
 * is written, so that $strangler_shadow can tell.
 */

#include "ngx_http_strangler_shadow.h"


/* Done for every request: a length of its own makes it cheap. */

void
ngx_http_strangler_read_marker(ngx_http_strangler_ctx_t *ctx)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    static const char  name[] = NGX_HTTP_STRANGLER_MARKER;

    for (part = &ctx->request->headers_in.headers.part; part;
         part = part->next)
    {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {

            if (h[i].key.len == sizeof(name) - 1
                && ngx_memcmp(h[i].lowcase_key, name, sizeof(name) - 1) == 0)
            {
                ctx->marker = ngx_http_strangler_is_trusted(ctx->request)
                              ? NGX_HTTP_STRANGLER_MARKED
                              : NGX_HTTP_STRANGLER_SPOOFED;
                return;
            }
        }
    }
}


/* What has no answer of its own, or one that is not to be had twice. */

static ngx_uint_t
ngx_http_strangler_is_eligible(ngx_http_strangler_ctx_t *ctx,
    const fig_shadow_t *shadow)
{
    uint32_t                i;
    ngx_http_request_t     *r;
    ngx_http_headers_in_t  *in;

    r = ctx->request;
    in = &r->headers_in;

    if (r != r->main
        || ctx->marker == NGX_HTTP_STRANGLER_MARKED
        || in->if_modified_since
        || in->if_unmodified_since
        || in->if_match
        || in->if_none_match
        || in->range
        || in->if_range
        || in->upgrade)
    {
        return 0;
    }

    for (i = 0; i < shadow->nmethods; i++) {
        if (shadow->methods[i].len == r->method_name.len
            && ngx_strncmp(shadow->methods[i].data, r->method_name.data,
                           r->method_name.len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


/* Where a copy goes; NULL: there is nobody to ask. */

static const fig_backend_t *
ngx_http_strangler_other(ngx_http_strangler_ctx_t *ctx, fig_side_t *side)
{
    const fig_route_t    *route;
    const fig_backend_t  *backend;

    route = ctx->decision.route;

    if (route->shadow.to) {
        backend = route->shadow.to;
        *side = (backend == route->from) ? FIG_SIDE_OLD : FIG_SIDE_NEW;

    } else if (ctx->decision.side == FIG_SIDE_OLD) {
        backend = fig_decide_target(route, &ctx->view,
                                    ngx_http_strangler_scratch,
                                    &ctx->gen->in_force);
        *side = FIG_SIDE_NEW;

    } else {
        backend = route->from;
        *side = FIG_SIDE_OLD;
    }

    if (backend == NULL
        || backend == ctx->decision.backend
        || ctx->gen->drained[backend->index])
    {
        return NULL;
    }

    return backend;
}


/* In hundredths of a percent. */

static ngx_uint_t
ngx_http_strangler_is_drawn(ngx_uint_t share)
{
    return share >= FIG_BUCKETS
           || ngx_http_strangler_random() % FIG_BUCKETS < share;
}


/* Whether a copy may be made at all, before anything is kept for it. */

static ngx_uint_t
ngx_http_strangler_may_copy(ngx_http_strangler_ctx_t *ctx,
    ngx_http_strangler_slot_t *slot, const fig_shadow_t *shadow,
    ngx_http_strangler_drop_e *drop)
{
    ngx_http_request_t  *r;

    r = ctx->request;

    if (ngx_exiting || ngx_terminate) {
        *drop = NGX_HTTP_STRANGLER_DROP_EXITING;
        return 0;
    }

    if (r->headers_in.content_length_n > (off_t) shadow->max_body) {
        *drop = NGX_HTTP_STRANGLER_DROP_BODY;
        return 0;
    }

    if (ngx_http_strangler_shadow_in_flight(ctx->rset->count, slot)
        >= shadow->in_flight)
    {
        *drop = NGX_HTTP_STRANGLER_DROP_IN_FLIGHT;
        return 0;
    }

    if (ngx_http_strangler_is_full()) {
        *drop = NGX_HTTP_STRANGLER_DROP_MEMORY;
        return 0;
    }

    if (!ngx_http_strangler_shadow_rate(slot, shadow->per_second)) {
        *drop = NGX_HTTP_STRANGLER_DROP_RATE;
        return 0;
    }

    return 1;
}


static void
ngx_http_strangler_drop_copy(ngx_http_strangler_ctx_t *ctx,
    ngx_http_strangler_slot_t *slot, ngx_http_strangler_drop_e drop)
{
    ctx->shadow = NGX_HTTP_STRANGLER_DROPPED + drop;
    ngx_http_strangler_count_drop(slot, drop);
}


void
ngx_http_strangler_sample(ngx_http_strangler_ctx_t *ctx)
{
    fig_side_t                      side;
    const fig_route_t              *route;
    const fig_backend_t            *to;
    ngx_http_strangler_drop_e       drop;
    ngx_http_strangler_slot_t      *slot;
    ngx_http_strangler_exchange_t  *exchange;

    route = ctx->decision.route;

    if (ctx->decision.backend == NULL
        || ctx->decision.why == FIG_WHY_DRAIN
        || ctx->decision.stage < FIG_STAGE_SHADOW
        || ctx->decision.stage > FIG_STAGE_LIVE
        || ctx->gen->route_slots == NULL
        || !ngx_http_strangler_is_eligible(ctx, &route->shadow)
        || !ngx_http_strangler_is_drawn(
                   ctx->gen->settings[route->index].shadow_percent))
    {
        return;
    }

    slot = ctx->gen->route_slots[route->index];

    if (slot == NULL || slot->shadow == NULL) {
        return;
    }

    to = ngx_http_strangler_other(ctx, &side);
    if (to == NULL) {
        return;
    }

    if (!ngx_http_strangler_may_copy(ctx, slot, &route->shadow, &drop)) {
        ngx_http_strangler_drop_copy(ctx, slot, drop);
        return;
    }

    exchange = ngx_http_strangler_exchange_create(ctx);

    if (exchange == NULL) {
        ngx_http_strangler_drop_copy(ctx, slot,
                                     NGX_HTTP_STRANGLER_DROP_MEMORY);
        return;
    }

    exchange->slot = slot;
    exchange->to = to;
    exchange->side = side;

    ctx->exchange = exchange;
    ctx->shadow = NGX_HTTP_STRANGLER_SAMPLED;

    /* the body is needed once more when the answer was sent */

    ctx->request->preserve_body = 1;
}


/* Whether what the client got is an answer of a backend, and all of it. */

static ngx_uint_t
ngx_http_strangler_is_answered(ngx_http_strangler_ctx_t *ctx)
{
    ngx_str_t           *coding;
    ngx_uint_t           status;
    ngx_http_request_t  *r;

    r = ctx->request;
    status = r->err_status ? r->err_status : r->headers_out.status;

    if (ctx->failed
        || r->connection->error
        || r->connection->timedout
        || status == NGX_HTTP_CLIENT_CLOSED_REQUEST
        || ctx->exchange->answers[NGX_HTTP_STRANGLER_PRIMARY].status == 0)
    {
        return 0;
    }

    if (r->headers_out.content_encoding == NULL
        || r->headers_out.content_encoding->hash == 0)
    {
        return 1;
    }

    coding = &r->headers_out.content_encoding->value;

    return (coding->len == 4
            && ngx_strncasecmp(coding->data, (u_char *) "gzip", 4) == 0)
           || (coding->len == 8
               && ngx_strncasecmp(coding->data, (u_char *) "identity", 8)
                  == 0);
}


/*
 * The old side is asked once more, so that its own noise is known; where it has
 * no part in the pair there is nothing to know.
 */

static void
ngx_http_strangler_probe(ngx_http_strangler_ctx_t *ctx)
{
    ngx_http_strangler_drop_e       drop;
    ngx_http_strangler_exchange_t  *exchange;

    exchange = ctx->exchange;

    if (exchange->comparer == NULL
        || exchange->route->from == NULL
        || (exchange->side == FIG_SIDE_NEW
            && ctx->decision.side == FIG_SIDE_NEW)
        || !fig_method_is_safe(
                            ngx_http_strangler_fig(ctx->request->method_name))
        || !ngx_http_strangler_is_drawn(exchange->route->compare.noise))
    {
        return;
    }

    /* without one the pair is worth as much as any other */

    if (ngx_http_strangler_copy_create(ctx, NGX_HTTP_STRANGLER_PROBE,
                                       exchange->route->from, FIG_SIDE_OLD,
                                       &drop)
        == NGX_OK)
    {
        exchange->probed = 1;
        (void) ngx_atomic_fetch_add(&exchange->slot->shadow->probes, 1);
    }
}


/*
 * The new side was asked, and failed: what the old one answered instead is
 * compared with that, or a service whose failures are masked would look well.
 */

static void
ngx_http_strangler_learn_failure(ngx_http_strangler_ctx_t *ctx)
{
    ngx_int_t                       status;
    ngx_str_t                       body;
    ngx_http_strangler_kept_t      *answers;
    ngx_http_strangler_exchange_t  *exchange;

    exchange = ctx->exchange;
    answers = exchange->answers;

    ngx_str_null(&body);

    if (exchange->comparer == NULL
        || ctx->decision.fallback != exchange->route->from
        || answers[NGX_HTTP_STRANGLER_PRIMARY].failed
        || ngx_http_strangler_name_exchange(ctx, &body) != NGX_OK)
    {
        return;
    }

    exchange->side = FIG_SIDE_NEW;
    exchange->copied = 1;

    answers[NGX_HTTP_STRANGLER_COPY].versioned
        = ctx->decision.backend->version.len != 0;

    status = ngx_atoi(ctx->reason.data, ctx->reason.len);

    if (status != NGX_ERROR) {
        answers[NGX_HTTP_STRANGLER_COPY].status = status;
        answers[NGX_HTTP_STRANGLER_COPY].complete = 1;
    }
}


static void
ngx_http_strangler_shadow(ngx_http_strangler_ctx_t *ctx)
{
    ngx_http_strangler_drop_e         drop;
    ngx_http_strangler_exchange_t    *exchange;
    ngx_http_strangler_shadow_row_t  *row;

    exchange = ctx->exchange;
    ctx->shadow = NGX_HTTP_STRANGLER_UNSHADOWED;

    if (!ngx_http_strangler_is_answered(ctx)) {
        return;
    }

    if (ctx->fell_back) {

        /* who was not asked has not failed */

        if (!ctx->unasked) {
            ngx_http_strangler_learn_failure(ctx);
        }

        return;
    }

    if (exchange->answers[NGX_HTTP_STRANGLER_PRIMARY].failed) {
        ngx_http_strangler_drop_copy(ctx, exchange->slot,
                                     NGX_HTTP_STRANGLER_DROP_MEMORY);
        return;
    }

    ngx_http_strangler_keep_time(&exchange->answers[NGX_HTTP_STRANGLER_PRIMARY],
                                 ctx->request->upstream);

    if (ngx_http_strangler_copy_create(ctx, NGX_HTTP_STRANGLER_COPY,
                                       exchange->to, exchange->side, &drop)
        != NGX_OK)
    {
        ngx_http_strangler_drop_copy(ctx, exchange->slot, drop);
        return;
    }

    exchange->copied = 1;
    ctx->shadow = NGX_HTTP_STRANGLER_SENT;

    row = exchange->slot->shadow;
    (void) ngx_atomic_fetch_add(&row->sent[exchange->side == FIG_SIDE_NEW], 1);

    ngx_http_strangler_probe(ctx);
}


static ngx_int_t
ngx_http_strangler_shadow_log(ngx_http_request_t *r)
{
    ngx_http_strangler_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_strangler_module);

    if (ctx == NULL && r->internal) {
        ctx = ngx_http_strangler_get_handled_ctx(r);
    }

    if (ctx == NULL || ctx->exchange == NULL || r != r->main) {
        return NGX_OK;
    }

    ngx_http_strangler_shadow(ctx);

    ngx_http_strangler_exchange_release(ctx->exchange);
    ctx->exchange = NULL;

    return NGX_OK;
}


ngx_str_t
ngx_http_strangler_shadow_name(ngx_http_strangler_ctx_t *ctx)
{
    ngx_str_t  name;

    ngx_str_null(&name);

    if (ctx->shadow == NGX_HTTP_STRANGLER_SENT) {
        ngx_str_set(&name, "sent");

    } else if (ctx->shadow >= NGX_HTTP_STRANGLER_DROPPED) {
        name.data = (u_char *) ngx_http_strangler_drops[ctx->shadow
                                              - NGX_HTTP_STRANGLER_DROPPED];
        name.len = ngx_strlen(name.data);
    }

    return name;
}


ngx_int_t
ngx_http_strangler_shadow_init(ngx_conf_t *cf)
{
    ngx_array_t                *handlers;
    ngx_http_handler_pt        *handler;
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_conf_get_module_main_conf(cf, ngx_http_core_module);
    handlers = &cmcf->phases[NGX_HTTP_LOG_PHASE].handlers;

    if (ngx_array_push(handlers) == NULL) {
        return NGX_ERROR;
    }

    handler = handlers->elts;

    ngx_memmove(handler + 1, handler,
                (handlers->nelts - 1) * sizeof(ngx_http_handler_pt));

    *handler = ngx_http_strangler_shadow_log;

    return NGX_OK;
}
