/*
 * The lines of metrics about requests that failed somewhere first: retries and
 * fallbacks of one route.
 *
 *     route i -> sums over shards -> a line for each reason
 */

#include "ngx_http_strangler_metrics.h"


/* Whether the new side of this route may have no place for a request. */

static ngx_uint_t
ngx_http_strangler_has_places(const fig_route_t *route)
{
    uint32_t  i;

    for (i = 0; i < route->ntargets; i++) {
        if (route->targets[i].backend->max_in_flight != FIG_UNSET) {
            return 1;
        }
    }

    return 0;
}


/* What may come soon is told from the beginning; the rest when it is there. */

void
ngx_http_strangler_write_fallbacks(ngx_http_strangler_metrics_t *m,
    ngx_uint_t i)
{
    ngx_uint_t                        reason, all;
    const fig_route_t                *route;
    ngx_http_strangler_route_sums_t   sums;

    route = &m->gen->model->routes[i];
    all = ngx_http_strangler_moves(m, route)
          && route->fallback.to && !route->fallback.none;

    ngx_http_strangler_count_route(m->rset->count,
                             ngx_http_strangler_result(m, i, &route), &sums);

    for (reason = 0; reason < NGX_HTTP_STRANGLER_REASONS; reason++) {

        if (sums.fallbacks[reason] == 0
            && !(all && (reason <= NGX_HTTP_STRANGLER_BY_STATUS
                         || (reason == NGX_HTTP_STRANGLER_BY_OVERLOAD
                             && ngx_http_strangler_has_places(route)))))
        {
            continue;
        }

        ngx_http_strangler_put_count(m, i, ",reason",
                                     ngx_http_strangler_reasons[reason],
                                     sums.fallbacks[reason]);
    }
}


void
ngx_http_strangler_write_retries(ngx_http_strangler_metrics_t *m,
    ngx_uint_t i)
{
    ngx_uint_t                        reason, all;
    const fig_route_t                *route;
    ngx_http_strangler_slot_t        *slot;
    ngx_http_strangler_route_sums_t   sums;

    slot = ngx_http_strangler_result(m, i, &route);
    ngx_http_strangler_count_route(m->rset->count, slot, &sums);

    all = route && route->retry.attempts;

    for (reason = 0; reason < NGX_HTTP_STRANGLER_RETRY_REASONS; reason++) {

        /* without `retry` only a connection that failed is made again */

        if (sums.retries[reason] == 0
            && !all
            && !(reason == NGX_HTTP_STRANGLER_BY_CONNECT
                 && ngx_http_strangler_moves(m, route)))
        {
            continue;
        }

        ngx_http_strangler_put_count(m, i, ",reason",
                                     ngx_http_strangler_reasons[reason],
                                     sums.retries[reason]);
    }
}


void
ngx_http_strangler_write_refused(ngx_http_strangler_metrics_t *m,
    ngx_uint_t i)
{
    const fig_route_t          *route;
    ngx_http_strangler_slot_t  *slot;

    slot = ngx_http_strangler_result(m, i, &route);

    if (route->retry.attempts || (slot && slot->refused)) {
        ngx_http_strangler_put_who(m, "", i);
        ngx_http_strangler_put_value(m, slot ? slot->refused : 0);
    }
}
