/*
 * What a route has counted, as v1/routes tells it.
 *
 *     requests, outcomes, fallbacks, latency      since the start
 *     durations                                   by which a later look can
 *                                                 tell what was between
 */

#include "ngx_http_strangler_api.h"


void
ngx_http_strangler_put_latency(fig_json_out_t *out, const char *key,
    const ngx_http_strangler_duration_t *duration)
{
    double  p50;

    fig_json_put_key(out, key);

    p50 = ngx_http_strangler_quantile(duration, 0.5);

    if (p50 < 0) {
        fig_json_put_null(out);
        return;
    }

    fig_json_begin_object(out);
    fig_json_put_key(out, "p50");
    fig_json_put_double(out, p50);
    fig_json_put_key(out, "p99");
    fig_json_put_double(out, ngx_http_strangler_quantile(duration, 0.99));
    fig_json_end_object(out);
}


static uint64_t
ngx_http_strangler_sum_side(const ngx_http_strangler_route_sums_t *sums,
    ngx_uint_t side)
{
    uint64_t    sum;
    ngx_uint_t  i;

    sum = 0;

    for (i = 0; i < NGX_HTTP_STRANGLER_OUTCOMES; i++) {
        sum += sums->requests[side][i];
    }

    return sum;
}


static void
ngx_http_strangler_put_outcomes(fig_json_out_t *out, const char *key,
    const uint64_t *requests)
{
    ngx_uint_t  i;

    fig_json_put_key(out, key);
    fig_json_begin_object(out);

    for (i = 0; i < NGX_HTTP_STRANGLER_OUTCOMES; i++) {
        fig_json_put_key(out, ngx_http_strangler_outcomes[i]);
        fig_json_put_uint(out, requests[i]);
    }

    fig_json_end_object(out);
}


/* Requests by duration; each only once, and the last are beyond all bounds. */

static void
ngx_http_strangler_put_buckets(fig_json_out_t *out, const char *key,
    const ngx_http_strangler_duration_t *duration)
{
    ngx_uint_t  i;

    fig_json_put_key(out, key);
    fig_json_begin_array(out);

    for (i = 0; i <= NGX_HTTP_STRANGLER_BOUNDS; i++) {
        fig_json_put_uint(out, duration->buckets[i]
                               - (i ? duration->buckets[i - 1] : 0));
    }

    fig_json_end_array(out);
}


/* For who subtracts one from a later one: quantiles of what was between. */

static void
ngx_http_strangler_put_durations(fig_json_out_t *out,
    const ngx_http_strangler_route_sums_t *sums)
{
    ngx_uint_t  i;

    fig_json_put_key(out, "durations");

    if (!sums->timed) {
        fig_json_put_null(out);
        return;
    }

    fig_json_begin_object(out);
    fig_json_put_key(out, "bounds");
    fig_json_begin_array(out);

    for (i = 0; i < NGX_HTTP_STRANGLER_BOUNDS; i++) {
        fig_json_put_double(out, ngx_http_strangler_bounds[i] / 1000.0);
    }

    fig_json_end_array(out);
    ngx_http_strangler_put_buckets(out, "new", &sums->duration[1]);
    ngx_http_strangler_put_buckets(out, "old", &sums->duration[0]);
    fig_json_end_object(out);
}


void
ngx_http_strangler_put_route_counts(ngx_http_strangler_api_t *api,
    const fig_route_t *route)
{
    ngx_uint_t                        i;
    fig_json_out_t                   *out;
    ngx_http_strangler_slot_t        *slot;
    ngx_http_strangler_route_sums_t   sums;

    out = &api->out;
    slot = api->gen->route_slots ? api->gen->route_slots[route->index] : NULL;

    ngx_http_strangler_count_route(api->rset->count, slot, &sums);

    fig_json_put_key(out, "requests");
    fig_json_begin_object(out);
    fig_json_put_key(out, "new");
    fig_json_put_uint(out, ngx_http_strangler_sum_side(&sums, 1));
    fig_json_put_key(out, "old");
    fig_json_put_uint(out, ngx_http_strangler_sum_side(&sums, 0));
    fig_json_end_object(out);

    fig_json_put_key(out, "outcomes");
    fig_json_begin_object(out);
    ngx_http_strangler_put_outcomes(out, "new", sums.requests[1]);
    ngx_http_strangler_put_outcomes(out, "old", sums.requests[0]);
    fig_json_end_object(out);

    fig_json_put_key(out, "fallbacks");
    fig_json_begin_object(out);

    for (i = 0; i < NGX_HTTP_STRANGLER_REASONS; i++) {
        if (sums.fallbacks[i]) {
            fig_json_put_key(out, ngx_http_strangler_reasons[i]);
            fig_json_put_uint(out, sums.fallbacks[i]);
        }
    }

    fig_json_end_object(out);

    fig_json_put_key(out, "latency");
    fig_json_begin_object(out);
    ngx_http_strangler_put_latency(out, "new", &sums.duration[1]);
    ngx_http_strangler_put_latency(out, "old", &sums.duration[0]);
    fig_json_end_object(out);

    /* in a list of all routes they would be most of it */

    if (api->name.len) {
        ngx_http_strangler_put_durations(out, &sums);
    }
}
