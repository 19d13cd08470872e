/*
 * Lines of the metrics: breakers, of a route at each of its backends, and of
 * backends that cannot be connected to.
 *
 *     breaker_state{route, backend}        0 closed, 1 open, 2 half open
 *     backend_breaker_state{backend}       the same
 */

#include "ngx_http_strangler_metrics.h"


/* What a line tells of a breaker. */

typedef uint64_t (*ngx_http_strangler_told_pt)(
    ngx_http_strangler_guard_t *guard, const fig_breaker_conf_t *conf);


static uint64_t
ngx_http_strangler_tell_state(ngx_http_strangler_guard_t *guard,
    const fig_breaker_conf_t *conf)
{
    fig_breaker_view_t  view;

    fig_breaker_look(&guard->breaker, conf, ngx_current_msec, &view);

    return view.state;
}


static uint64_t
ngx_http_strangler_tell_opened(ngx_http_strangler_guard_t *guard,
    const fig_breaker_conf_t *conf)
{
    return guard->opened;
}


/* Of a route that does not move, only what has been open. */

static void
ngx_http_strangler_write_guard(ngx_http_strangler_metrics_t *m, ngx_uint_t i,
    const fig_backend_t *backend, ngx_http_strangler_told_pt tell)
{
    const fig_route_t           *route;
    ngx_http_strangler_slot_t   *slot;
    ngx_http_strangler_guard_t  *guard;

    slot = ngx_http_strangler_result(m, i, &route);
    guard = ngx_http_strangler_guard_of(slot, backend);

    if (guard == NULL
        || backend->breaker.none
        || (guard->opened == 0 && !ngx_http_strangler_moves(m, route)))
    {
        return;
    }

    ngx_http_strangler_put_who(m, "", i);
    ngx_http_strangler_put_label(m, ",backend", backend->name);
    ngx_http_strangler_put_value(m,
               tell(guard, &m->gen->backends[backend->index].breaker[0][0]));
}


static void
ngx_http_strangler_write_guards(ngx_http_strangler_metrics_t *m, ngx_uint_t i,
    ngx_http_strangler_told_pt tell)
{
    uint32_t            k;
    const fig_route_t  *route;

    route = &m->gen->model->routes[i];

    for (k = 0; k < route->ntargets; k++) {
        ngx_http_strangler_write_guard(m, i, route->targets[k].backend, tell);
    }

    if (route->from) {
        ngx_http_strangler_write_guard(m, i, route->from, tell);
    }

    if (route->fallback.to && route->fallback.to != route->from) {
        ngx_http_strangler_write_guard(m, i, route->fallback.to, tell);
    }
}


void
ngx_http_strangler_write_breakers(ngx_http_strangler_metrics_t *m,
    ngx_uint_t i)
{
    ngx_http_strangler_write_guards(m, i, ngx_http_strangler_tell_state);
}


void
ngx_http_strangler_write_opened(ngx_http_strangler_metrics_t *m, ngx_uint_t i)
{
    ngx_http_strangler_write_guards(m, i, ngx_http_strangler_tell_opened);
}


static void
ngx_http_strangler_write_dead(ngx_http_strangler_metrics_t *m, ngx_uint_t i,
    ngx_http_strangler_told_pt tell)
{
    const fig_backend_t         *backend;
    ngx_http_strangler_guard_t  *guard;

    backend = &m->gen->model->backends[i];
    guard = ngx_http_strangler_guard_of(
                     m->gen->backend_slots ? m->gen->backend_slots[i] : NULL,
                     backend);

    if (guard && !backend->breaker.none) {
        ngx_http_strangler_put_who(m, "", i);
        ngx_http_strangler_put_value(m,
                             tell(guard, &m->gen->backends[i].breaker[0][1]));
    }
}


void
ngx_http_strangler_write_backend_breaker(ngx_http_strangler_metrics_t *m,
    ngx_uint_t i)
{
    ngx_http_strangler_write_dead(m, i, ngx_http_strangler_tell_state);
}


void
ngx_http_strangler_write_backend_opened(ngx_http_strangler_metrics_t *m,
    ngx_uint_t i)
{
    ngx_http_strangler_write_dead(m, i, ngx_http_strangler_tell_opened);
}
