/*
 * The lines of metrics about copies, for one route.
 *
 *     route i -> sums of its row -> a line for each side, reason, outcome
 *
 * A route that is copied starts with all at 0; of others only what was counted
 * once is told.
 */

#include "ngx_http_strangler_metrics.h"
#include "ngx_http_strangler_shadow.h"


/* Whether there is something to tell, and whether all of it. */

static ngx_uint_t
ngx_http_strangler_copied(ngx_http_strangler_metrics_t *m, ngx_uint_t i,
    ngx_http_strangler_shadow_sums_t *sums, ngx_uint_t *all)
{
    ngx_http_strangler_slot_t  *slot;

    slot = m->gen->route_slots ? m->gen->route_slots[i] : NULL;

    *all = ngx_http_strangler_setting(&m->gen->model->routes[i],
                                      m->in_force).shadow_percent > 0;

    return ngx_http_strangler_count_shadow(m->rset->count, slot, sums);
}


void
ngx_http_strangler_write_sent(ngx_http_strangler_metrics_t *m, ngx_uint_t i)
{
    ngx_uint_t                        side, all;
    ngx_http_strangler_shadow_sums_t  sums;

    if (!ngx_http_strangler_copied(m, i, &sums, &all)) {
        return;
    }

    for (side = 0; side < NGX_HTTP_STRANGLER_SIDES; side++) {
        if (all || sums.sent[side]) {
            ngx_http_strangler_put_count(m, i, ",side", side ? "new" : "old",
                                         sums.sent[side]);
        }
    }
}


void
ngx_http_strangler_write_probes(ngx_http_strangler_metrics_t *m, ngx_uint_t i)
{
    ngx_uint_t                        all;
    ngx_http_strangler_shadow_sums_t  sums;

    if (ngx_http_strangler_copied(m, i, &sums, &all) && (all || sums.probes)) {
        ngx_http_strangler_put_count(m, i, NULL, NULL, sums.probes);
    }
}


void
ngx_http_strangler_write_dropped(ngx_http_strangler_metrics_t *m,
    ngx_uint_t i)
{
    ngx_uint_t                        drop, all;
    ngx_http_strangler_shadow_sums_t  sums;

    if (!ngx_http_strangler_copied(m, i, &sums, &all)) {
        return;
    }

    for (drop = 0; drop < NGX_HTTP_STRANGLER_DROPS; drop++) {
        if (all || sums.dropped[drop]) {
            ngx_http_strangler_put_count(m, i, ",reason",
                                         ngx_http_strangler_drops[drop]
                                         + sizeof("dropped_") - 1,
                                         sums.dropped[drop]);
        }
    }
}


void
ngx_http_strangler_write_compared(ngx_http_strangler_metrics_t *m,
    ngx_uint_t i)
{
    ngx_uint_t                        outcome, all;
    ngx_http_strangler_shadow_sums_t  sums;

    if (!ngx_http_strangler_copied(m, i, &sums, &all)) {
        return;
    }

    for (outcome = 0; outcome < NGX_HTTP_STRANGLER_PAIR_OUTCOMES; outcome++) {
        if (all || sums.outcomes[outcome]) {
            ngx_http_strangler_put_count(m, i, ",outcome",
                                         fig_outcome_name(outcome),
                                         sums.outcomes[outcome]);
        }
    }
}


void
ngx_http_strangler_write_copies(ngx_http_strangler_metrics_t *m, ngx_uint_t i)
{
    ngx_uint_t                        all;
    ngx_http_strangler_shadow_sums_t  sums;

    if (ngx_http_strangler_copied(m, i, &sums, &all)
        && (all || sums.in_flight))
    {
        ngx_http_strangler_put_count(m, i, NULL, NULL, sums.in_flight);
    }
}
