/*
 * Lines of the metrics: backends, and how many places they have.
 *
 *     backend_in_flight            <=  backend_max_in_flight
 *     backend_fallbacks_in_flight  <=  backend_max_fallbacks
 *
 * What has no limit has no line of one.
 */

#include "ngx_http_strangler_metrics.h"


static void
ngx_http_strangler_sum_backend(ngx_http_strangler_metrics_t *m, ngx_uint_t i,
    ngx_http_strangler_backend_sums_t *sums)
{
    ngx_http_strangler_count_backend(m->rset->count,
                    m->gen->backend_slots ? m->gen->backend_slots[i] : NULL,
                    sums);
}


void
ngx_http_strangler_write_tries(ngx_http_strangler_metrics_t *m, ngx_uint_t i)
{
    ngx_uint_t                         outcome;
    ngx_http_strangler_backend_sums_t  sums;

    ngx_http_strangler_sum_backend(m, i, &sums);

    for (outcome = 0; outcome < NGX_HTTP_STRANGLER_TRY_OUTCOMES; outcome++) {
        ngx_http_strangler_put_count(m, i, ",outcome",
                                     ngx_http_strangler_outcomes[outcome],
                                     sums.tries[outcome]);
    }
}


void
ngx_http_strangler_write_failures(ngx_http_strangler_metrics_t *m,
    ngx_uint_t i)
{
    ngx_uint_t                         reason;
    ngx_http_strangler_backend_sums_t  sums;

    ngx_http_strangler_sum_backend(m, i, &sums);

    for (reason = 0; reason < NGX_HTTP_STRANGLER_TRY_REASONS; reason++) {
        ngx_http_strangler_put_count(m, i, ",reason",
                                     ngx_http_strangler_try_reasons[reason],
                                     sums.failures[reason]);
    }
}


void
ngx_http_strangler_write_in_flight(ngx_http_strangler_metrics_t *m,
    ngx_uint_t i)
{
    ngx_http_strangler_backend_sums_t  sums;

    ngx_http_strangler_sum_backend(m, i, &sums);

    ngx_http_strangler_put_who(m, "", i);
    ngx_http_strangler_put_value(m, sums.in_flight);
}


void
ngx_http_strangler_write_places(ngx_http_strangler_metrics_t *m, ngx_uint_t i)
{
    const fig_backend_t  *backend;

    backend = &m->gen->model->backends[i];

    if (backend->max_in_flight != FIG_UNSET) {
        ngx_http_strangler_put_who(m, "", i);
        ngx_http_strangler_put_value(m, backend->max_in_flight);
    }
}


void
ngx_http_strangler_write_guests(ngx_http_strangler_metrics_t *m, ngx_uint_t i)
{
    ngx_http_strangler_backend_sums_t  sums;

    ngx_http_strangler_sum_backend(m, i, &sums);

    ngx_http_strangler_put_who(m, "", i);
    ngx_http_strangler_put_value(m, sums.fallbacks);
}


void
ngx_http_strangler_write_guest_places(ngx_http_strangler_metrics_t *m,
    ngx_uint_t i)
{
    const fig_backend_t  *backend;

    backend = &m->gen->model->backends[i];

    if (backend->max_fallbacks != FIG_UNSET) {
        ngx_http_strangler_put_who(m, "", i);
        ngx_http_strangler_put_value(m, backend->max_fallbacks);
    }
}


/* Of a limit that there is also when it was never reached. */

void
ngx_http_strangler_write_full(ngx_http_strangler_metrics_t *m, ngx_uint_t i)
{
    ngx_uint_t                          refusal;
    int32_t                             max[NGX_HTTP_STRANGLER_REFUSALS];
    ngx_http_strangler_backend_sums_t   sums;

    ngx_http_strangler_sum_backend(m, i, &sums);

    max[NGX_HTTP_STRANGLER_BY_IN_FLIGHT]
        = m->gen->model->backends[i].max_in_flight;
    max[NGX_HTTP_STRANGLER_BY_FALLBACKS]
        = m->gen->model->backends[i].max_fallbacks;

    for (refusal = 0; refusal < NGX_HTTP_STRANGLER_REFUSALS; refusal++) {

        if (sums.refused[refusal] || max[refusal] != FIG_UNSET) {
            ngx_http_strangler_put_count(m, i, ",limit",
                                         ngx_http_strangler_refusals[refusal],
                                         sums.refused[refusal]);
        }
    }
}


void
ngx_http_strangler_write_retrying(ngx_http_strangler_metrics_t *m,
    ngx_uint_t i)
{
    ngx_http_strangler_backend_sums_t  sums;

    ngx_http_strangler_sum_backend(m, i, &sums);

    ngx_http_strangler_put_who(m, "", i);
    ngx_http_strangler_put_value(m, sums.retrying);
}


void
ngx_http_strangler_write_drained(ngx_http_strangler_metrics_t *m,
    ngx_uint_t i)
{
    ngx_http_strangler_put_who(m, "", i);
    ngx_http_strangler_put_value(m, m->in_force && m->in_force->drained
                                    && m->in_force->drained[i]);
}


void
ngx_http_strangler_write_durations(ngx_http_strangler_metrics_t *m,
    ngx_uint_t i)
{
    ngx_http_strangler_backend_sums_t  sums;

    ngx_http_strangler_sum_backend(m, i, &sums);
    ngx_http_strangler_put_histogram(m, i, NULL, &sums.duration);
}
