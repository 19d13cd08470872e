/*
 * Circuit breakers of backends, shared by all workers.
 *
 *     slot of a route   -> guard, guard ..    one a backend that it goes to:
 *                                             a bad endpoint shuts itself out
 *     slot of a backend -> guard              connections that cannot be made:
 *                                             a dead one is dead for all
 *
 * A try asks both before it begins, and tells both how it went.  Where there is
 * no memory for a guard there is none, and all may pass.  Copies ask nobody and
 * tell nobody: clients do not bear what they find out.
 */

#include "ngx_http_strangler.h"


#define NGX_HTTP_STRANGLER_RAMP  10000         /* ms */


/* Names are unique; 0 is nobody's. */

static uint64_t
ngx_http_strangler_guard_key(const fig_backend_t *backend)
{
    return ((uint64_t) ngx_crc32_long((u_char *) backend->name.data,
                                      backend->name.len) << 32)
           | ngx_murmur_hash2((u_char *) backend->name.data,
                              backend->name.len)
           | 1;
}


static ngx_http_strangler_guard_t *
ngx_http_strangler_guard_find(ngx_http_strangler_slot_t *slot, uint64_t key)
{
    ngx_http_strangler_guard_t  *guard;

    for (guard = slot->guards; guard; guard = guard->next) {
        if (guard->key == key) {
            return guard;
        }
    }

    return NULL;
}


void
ngx_http_strangler_guard_add_locked(ngx_http_strangler_count_t *count,
    ngx_http_strangler_slot_t *slot, const fig_backend_t *backend)
{
    uint64_t                     key;
    ngx_http_strangler_guard_t  *guard;

    key = ngx_http_strangler_guard_key(backend);

    if (backend->breaker.none || ngx_http_strangler_guard_find(slot, key)) {
        return;
    }

    /* that of a name which is gone */

    guard = ngx_http_strangler_guard_find(slot, 0);

    if (guard) {
        guard->key = key;
        return;
    }

    guard = ngx_http_strangler_count_spare(count,
                                           sizeof(ngx_http_strangler_guard_t));
    if (guard == NULL) {
        return;
    }

    guard->key = key;
    guard->next = slot->guards;

    ngx_memory_barrier();

    slot->guards = guard;
}


/* The slot is another's now, and nobody holds what it was before. */

void
ngx_http_strangler_guard_clear(ngx_http_strangler_slot_t *slot)
{
    ngx_http_strangler_guard_t  *guard, *next;

    for (guard = slot->guards; guard; guard = next) {
        next = guard->next;
        ngx_memzero(guard, sizeof(ngx_http_strangler_guard_t));
        guard->next = next;
    }
}


/*
 * With a fallback traffic comes back by and by; without one whoever is turned
 * away has nowhere else to go.
 */

void
ngx_http_strangler_guard_init(ngx_http_strangler_backend_t *backend)
{
    ngx_uint_t                 i, n;
    fig_breaker_conf_t        *conf;
    const fig_breaker_rule_t  *rule;

    rule = &backend->conf->breaker;
    backend->guard_key = ngx_http_strangler_guard_key(backend->conf);

    for (n = 0; n < 4; n++) {
        i = n % 2;
        conf = &backend->breaker[n / 2][i];

        conf->failures = rule->failures;
        conf->successes = rule->successes;
        conf->min_requests = rule->min_requests;
        conf->window = rule->window;
        conf->open = rule->open;
        conf->ramp = (n / 2) ? NGX_HTTP_STRANGLER_RAMP : 0;

        /* of connections the rate says nothing: a few servers may be dead */

        conf->errors = i ? 0 : rule->errors;
    }
}


ngx_http_strangler_guard_t *
ngx_http_strangler_guard_of(ngx_http_strangler_slot_t *slot,
    const fig_backend_t *backend)
{
    return slot ? ngx_http_strangler_guard_find(slot,
                                       ngx_http_strangler_guard_key(backend))
                : NULL;
}


/* In whole seconds, of a guard that lets nobody pass now. */

static ngx_uint_t
ngx_http_strangler_guard_left(ngx_http_strangler_guard_t *guard,
    const fig_breaker_conf_t *conf)
{
    fig_breaker_view_t  view;

    fig_breaker_look(&guard->breaker, conf, ngx_current_msec, &view);

    return (ngx_uint_t) ngx_max((view.left + 999) / 1000, 1);
}


static ngx_uint_t
ngx_http_strangler_guard_pass(ngx_http_strangler_ctx_t *ctx, ngx_uint_t i,
    ngx_http_strangler_slot_t *slot, uint64_t key)
{
    uint32_t                     random;
    ngx_http_strangler_guard_t  *guard;

    guard = slot ? ngx_http_strangler_guard_find(slot, key) : NULL;

    if (guard == NULL) {
        return 1;
    }

    random = (uint32_t) ngx_http_strangler_random();

    if (!fig_breaker_admit(&guard->breaker, &ctx->guarded[i],
                           ngx_current_msec, random, &ctx->passes[i]))
    {
        ctx->retry_after = ngx_http_strangler_guard_left(guard,
                                                         &ctx->guarded[i]);
        return 0;
    }

    ctx->guards[i] = guard;

    return 1;
}


ngx_uint_t
ngx_http_strangler_guard_enter(ngx_http_strangler_ctx_t *ctx,
    const fig_backend_t *backend, ngx_uint_t fallback)
{
    uint64_t                       key;
    const fig_route_t             *route;
    ngx_http_strangler_backend_t  *asked;

    if (backend->breaker.none) {
        return 1;
    }

    ctx->answered = 0;

    route = ctx->decision.route;
    asked = &ctx->gen->backends[backend->index];
    key = asked->guard_key;

    ctx->guarded = asked->breaker[!fallback
                                  && ngx_http_strangler_has_fallback(ctx)];

    if (route
        && !ngx_http_strangler_guard_pass(ctx, 0,
                                    ctx->gen->route_slots[route->index], key))
    {
        return 0;
    }

    if (!ngx_http_strangler_guard_pass(ctx, 1,
                              ctx->gen->backend_slots[backend->index], key))
    {
        ngx_http_strangler_guard_leave(ctx);
        return 0;
    }

    return 1;
}


static void
ngx_http_strangler_guard_log(ngx_http_strangler_ctx_t *ctx, ngx_uint_t i,
    fig_breaker_state_t state)
{
    const fig_route_t    *route;
    const fig_backend_t  *backend;

    route = i ? NULL : ctx->decision.route;
    backend = ctx->backend->conf;

    ngx_log_error(NGX_LOG_WARN, ctx->request->connection->log, 0,
                  "strangler: the breaker of backend \"%*s\"%s%*s%s is %s",
                  backend->name.len, backend->name.data,
                  route ? " for route \"" : "",
                  route ? route->name.len : (size_t) 0,
                  route ? route->name.data : "",
                  route ? "\"" : "",
                  (state == FIG_BREAKER_OPEN) ? "open" : "closed");
}


static void
ngx_http_strangler_guard_tell(ngx_http_strangler_ctx_t *ctx, ngx_uint_t i,
    fig_breaker_result_t result)
{
    fig_breaker_state_t          state;
    ngx_http_strangler_guard_t  *guard;

    guard = ctx->guards[i];

    if (guard == NULL) {
        return;
    }

    ctx->guards[i] = NULL;

    /* without master process its zone may be gone, as its slots are */

    if (ctx->gen->backend_slots == NULL) {
        return;
    }

    if (fig_breaker_report(&guard->breaker, &ctx->guarded[i],
                           ngx_current_msec, ctx->passes[i], result, &state))
    {
        if (state == FIG_BREAKER_OPEN) {
            (void) ngx_atomic_fetch_add(&guard->opened, 1);
        }

        ngx_http_strangler_guard_log(ctx, i, state);
    }
}


void
ngx_http_strangler_guard_leave(ngx_http_strangler_ctx_t *ctx)
{
    ngx_http_strangler_guard_tell(ctx, 0, FIG_BREAKER_NEITHER);
    ngx_http_strangler_guard_tell(ctx, 1, FIG_BREAKER_NEITHER);
}


/* As a route's fallback counts them; 502 to 504 where there is none. */

static fig_breaker_result_t
ngx_http_strangler_guard_status(ngx_http_strangler_ctx_t *ctx,
    ngx_uint_t status)
{
    ngx_uint_t          failed;
    const fig_route_t  *route;

    route = ctx->decision.route;

    if (status < 100 || status > 599) {
        failed = 0;

    } else if (route && !route->fallback.none) {
        failed = fig_statuses_has(&route->fallback.when.statuses, status);

    } else {
        failed = status >= NGX_HTTP_BAD_GATEWAY
                 && status <= NGX_HTTP_GATEWAY_TIME_OUT;
    }

    return failed ? FIG_BREAKER_FAILURE : FIG_BREAKER_SUCCESS;
}


/*
 * The head of an answer that is passed on.  Who connects says so now, and a
 * trial too: its body may take hours, and others wait for what it has found.
 */

void
ngx_http_strangler_guard_answered(ngx_http_strangler_ctx_t *ctx,
    ngx_uint_t status)
{
    ngx_http_strangler_guard_t  *guard;

    ngx_http_strangler_guard_tell(ctx, 1, FIG_BREAKER_SUCCESS);

    guard = ctx->guards[0];

    if (guard == NULL) {
        return;
    }

    if (ngx_http_strangler_guard_status(ctx, status) == FIG_BREAKER_FAILURE) {
        ngx_http_strangler_guard_tell(ctx, 0, FIG_BREAKER_FAILURE);
        return;
    }

    if (ctx->passes[0].trial) {
        ngx_http_strangler_guard_tell(ctx, 0, FIG_BREAKER_SUCCESS);

        ctx->guards[0] = guard;
        ctx->passes[0].trial = 0;
    }

    ctx->answered = 1;
}


/*
 * The end of a try that peer.free says nothing bad about.  Without a head it
 * was ended for what is not the backend's: its client, or an error of ours.
 */

static fig_breaker_result_t
ngx_http_strangler_guard_ended(ngx_http_strangler_ctx_t *ctx,
    ngx_http_upstream_t *u)
{
    if (!ctx->answered) {
        return FIG_BREAKER_NEITHER;
    }

    return ngx_http_strangler_is_incomplete(ctx, u) ? FIG_BREAKER_FAILURE
                                                    : FIG_BREAKER_SUCCESS;
}


/* While there is another server to ask, one that is dead says nothing. */

static ngx_uint_t
ngx_http_strangler_is_one_of_many(ngx_http_strangler_ctx_t *ctx)
{
    return ctx->failure == NGX_HTTP_STRANGLER_CONNECT
           && (ctx->plan == NGX_HTTP_STRANGLER_NEXT_PEER
               || (ctx->plan == NGX_HTTP_STRANGLER_RETRY
                   && ctx->backend->npeers > 1));
}


/* What failed, and whether it was the connection. */

static fig_breaker_result_t
ngx_http_strangler_guard_failed(ngx_http_strangler_ctx_t *ctx,
    fig_breaker_result_t *connection)
{
    *connection = FIG_BREAKER_NEITHER;

    if (ctx->failure == NGX_HTTP_STRANGLER_STALE
        || ngx_http_strangler_is_one_of_many(ctx))
    {
        return FIG_BREAKER_NEITHER;
    }

    /* the time is over that others have used, too */

    if (ctx->expired) {
        return (ctx->tries == 1 && !ctx->request->request_body_no_buffering)
               ? FIG_BREAKER_FAILURE : FIG_BREAKER_NEITHER;
    }

    *connection = (ctx->failure == NGX_HTTP_STRANGLER_CONNECT)
                  ? FIG_BREAKER_FAILURE : FIG_BREAKER_SUCCESS;

    return (ctx->failure == NGX_HTTP_STRANGLER_STATUS)
           ? ngx_http_strangler_guard_status(ctx, ctx->listed_status)
           : FIG_BREAKER_FAILURE;
}


void
ngx_http_strangler_guard_report(ngx_http_strangler_ctx_t *ctx,
    ngx_http_upstream_t *u, ngx_uint_t failed)
{
    fig_breaker_result_t  answer, connection;

    if (ctx->guards[0] == NULL && ctx->guards[1] == NULL) {
        return;
    }

    if (failed) {
        answer = ngx_http_strangler_guard_failed(ctx, &connection);

    } else {
        answer = ngx_http_strangler_guard_ended(ctx, u);
        connection = FIG_BREAKER_NEITHER;
    }

    ngx_http_strangler_guard_tell(ctx, 0, answer);
    ngx_http_strangler_guard_tell(ctx, 1, connection);
}
