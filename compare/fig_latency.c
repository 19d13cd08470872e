/*
 * The buckets of fig_latency.h.
 *
 *     us     1 0 1 1 0 1 1 0          the highest bit says which doubling,
 *            ^ |_____|                the four below it which bucket
 */

#include "fig_latency.h"


static unsigned
fig_latency_bucket(uint32_t us)
{
    unsigned  high;

    if (us < 16) {
        return us;
    }

    high = 31 - (unsigned) __builtin_clz(us);

    return (high - 3) * 16 + (us >> (high - 4) & 15);
}


/* The largest duration of a bucket. */

static uint32_t
fig_latency_most(unsigned bucket)
{
    unsigned  shift;

    if (bucket < 16) {
        return bucket;
    }

    shift = bucket / 16 - 1;

    return ((bucket % 16 + 16) << shift) + ((UINT32_C(1) << shift) - 1);
}


void
fig_latency_add(fig_latency_t *latency, uint64_t us)
{
    size_t  i;

    if (us > UINT32_MAX) {
        us = UINT32_MAX;
    }

    latency->counts[fig_latency_bucket((uint32_t) us)]++;
    latency->total++;

    if (latency->total < FIG_LATENCY_FADE) {
        return;
    }

    for (i = 0, latency->total = 0; i < FIG_LATENCY_BUCKETS; i++) {
        latency->counts[i] /= 2;
        latency->total += latency->counts[i];
    }
}


uint32_t
fig_latency_percentile(const fig_latency_t *latency, unsigned percent)
{
    unsigned  i;
    uint64_t  rank, sum;

    rank = ((uint64_t) latency->total * percent + 99) / 100;

    for (i = 0, sum = 0; i < FIG_LATENCY_BUCKETS; i++) {
        sum += latency->counts[i];

        if (sum >= rank && sum != 0) {
            return fig_latency_most(i);
        }
    }

    return 0;
}


uint64_t
fig_latency_allowed(uint32_t primary)
{
    return (uint64_t) primary + primary / 4 + 10000;
}
