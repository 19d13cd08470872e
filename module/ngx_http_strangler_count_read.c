/*
 * Sums over the shards, for the API and the metrics.
 *
 *     rows[0] + rows[1] + ... + rows[shared]   ->   sums
 *
 * A sum is not a moment's picture: workers go on counting while it is made.
 * Each number only grows, though, from one sum to the next.
 */

#include "ngx_http_strangler.h"


/* Of an observation, in milliseconds: whole, so that 2.5 says 2. */

const ngx_msec_t  ngx_http_strangler_bounds[NGX_HTTP_STRANGLER_BOUNDS] = {
    1, 2, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000
};


const char *const  ngx_http_strangler_outcomes[] = {
    "success", "client_error", "server_error", "aborted", "failed"
};

const char *const  ngx_http_strangler_reasons[] = {
    "connect", "timeout", "invalid", "status", "breaker", "overload", "drain"
};

const char *const  ngx_http_strangler_try_reasons[] = {
    "connect", "timeout", "invalid", "status", "incomplete"
};

const char *const  ngx_http_strangler_refusals[] = {
    "in_flight", "fallbacks"
};


static void
ngx_http_strangler_sum(uint64_t *sums, const ngx_atomic_t *cells,
    ngx_uint_t n)
{
    ngx_uint_t  i;

    for (i = 0; i < n; i++) {
        sums[i] += cells[i];
    }
}


static void
ngx_http_strangler_sum_duration(ngx_http_strangler_duration_t *d,
    const ngx_http_strangler_histogram_t *histogram)
{
    ngx_http_strangler_sum(d->buckets, histogram->buckets,
                           NGX_HTTP_STRANGLER_BOUNDS + 1);
    d->sum += histogram->sum;
}


static void
ngx_http_strangler_cumulate(ngx_http_strangler_duration_t *d)
{
    ngx_uint_t  i;

    for (i = 1; i <= NGX_HTTP_STRANGLER_BOUNDS; i++) {
        d->buckets[i] += d->buckets[i - 1];
    }
}


void
ngx_http_strangler_count_route(ngx_http_strangler_count_t *count,
    const ngx_http_strangler_slot_t *slot,
    ngx_http_strangler_route_sums_t *sums)
{
    ngx_uint_t                             side, shard;
    const ngx_http_strangler_route_row_t  *row;
    const ngx_http_strangler_histogram_t  *duration;

    ngx_memzero(sums, sizeof(ngx_http_strangler_route_sums_t));

    if (slot == NULL) {
        return;
    }

    ngx_http_strangler_sum(sums->retries, slot->retries,
                           NGX_HTTP_STRANGLER_RETRY_REASONS);
    sums->refused = slot->refused;
    sums->limited = slot->limited;

    for (shard = 0; shard < count->nshards; shard++) {
        row = &slot->rows.route[shard];

        ngx_http_strangler_sum(sums->requests[0], row->requests[0],
                               NGX_HTTP_STRANGLER_SIDES
                               * NGX_HTTP_STRANGLER_OUTCOMES);
        ngx_http_strangler_sum(sums->fallbacks, row->fallbacks,
                               NGX_HTTP_STRANGLER_REASONS);
    }

    duration = slot->duration;

    if (duration == NULL) {
        return;
    }

    sums->timed = 1;

    for (side = 0; side < NGX_HTTP_STRANGLER_SIDES; side++) {

        for (shard = 0; shard < count->nshards; shard++) {
            ngx_http_strangler_sum_duration(&sums->duration[side],
                                     &duration[side * count->nshards + shard]);
        }

        ngx_http_strangler_cumulate(&sums->duration[side]);
    }
}


void
ngx_http_strangler_count_load(ngx_http_strangler_count_t *count,
    const ngx_http_strangler_slot_t *slot, uint64_t *in_flight,
    uint64_t *retrying)
{
    ngx_uint_t  seat;

    *in_flight = 0;
    *retrying = 0;

    for (seat = 0; seat <= count->nseats; seat++) {
        if (seat == count->nseats
            || ngx_http_strangler_lives(count->seats[seat].pid))
        {
            *in_flight += slot->in_flight[seat];
            *retrying += slot->retrying[seat];
        }
    }
}


void
ngx_http_strangler_count_backend(ngx_http_strangler_count_t *count,
    const ngx_http_strangler_slot_t *slot,
    ngx_http_strangler_backend_sums_t *sums)
{
    ngx_uint_t                               shard, seat;
    const ngx_http_strangler_backend_row_t  *row;

    ngx_memzero(sums, sizeof(ngx_http_strangler_backend_sums_t));

    if (slot == NULL) {
        return;
    }

    for (shard = 0; shard < count->nshards; shard++) {
        row = &slot->rows.backend[shard];

        ngx_http_strangler_sum(sums->tries, row->tries,
                               NGX_HTTP_STRANGLER_TRY_OUTCOMES);
        ngx_http_strangler_sum(sums->failures, row->failures,
                               NGX_HTTP_STRANGLER_TRY_REASONS);
        ngx_http_strangler_sum(sums->refused, row->refused,
                               NGX_HTTP_STRANGLER_REFUSALS);
        ngx_http_strangler_sum_duration(&sums->duration, &row->duration);
    }

    ngx_http_strangler_cumulate(&sums->duration);

    ngx_http_strangler_count_load(count, slot, &sums->in_flight,
                                  &sums->retrying);

    for (seat = 0; seat < count->seated; seat++) {
        if (ngx_http_strangler_lives(count->seats[seat].pid)) {
            sums->fallbacks += slot->fallbacks[seat];
        }
    }

    sums->fallbacks += slot->fallbacks[count->nseats];
}


double
ngx_http_strangler_quantile(const ngx_http_strangler_duration_t *d,
    double share)
{
    double      rank, low, high, below, within;
    ngx_uint_t  i;

    rank = share * d->buckets[NGX_HTTP_STRANGLER_BOUNDS];

    if (d->buckets[NGX_HTTP_STRANGLER_BOUNDS] == 0) {
        return -1;
    }

    for (i = 0; i < NGX_HTTP_STRANGLER_BOUNDS; i++) {
        if (d->buckets[i] >= rank && d->buckets[i] > 0) {
            break;
        }
    }

    /* beyond the last bound nothing is known but that it was exceeded */

    if (i == NGX_HTTP_STRANGLER_BOUNDS) {
        return ngx_http_strangler_bounds[i - 1] / 1000.0;
    }

    low = i ? ngx_http_strangler_bounds[i - 1] : 0;
    high = ngx_http_strangler_bounds[i];
    below = i ? d->buckets[i - 1] : 0;
    within = d->buckets[i] - below;

    return (low + (high - low) * (rank - below) / within) / 1000.0;
}
