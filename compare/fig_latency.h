/*
 * How long answers take: counts by duration, and percentiles of them.
 *
 *     16 buckets for each doubling:  ... | 1024..1087 | 1088..1151 | ... us
 *
 * A percentile is at most 1/16 too large.  Old counts fade: when there are
 * many, all are halved.  Plain data, so that it can be kept and shared.
 */

#ifndef FIG_LATENCY_H
#define FIG_LATENCY_H

#include "fig_base.h"


#define FIG_LATENCY_BUCKETS  464       /* up to 2^32 - 1 us */
#define FIG_LATENCY_FADE     20000     /* counts */
#define FIG_LATENCY_ENOUGH   100       /* to compare 99th percentiles */


typedef struct {
    uint32_t  total;
    uint32_t  counts[FIG_LATENCY_BUCKETS];
} fig_latency_t;


/* All zero is an empty one.  Longer than 2^32 - 1 us counts as that. */
void fig_latency_add(fig_latency_t *latency, uint64_t us);

/* What is not exceeded by percent of them, in us; 0 when there are none. */
uint32_t fig_latency_percentile(const fig_latency_t *latency,
    unsigned percent);

/* What the candidate's p99 may be: 1.25 times the primary's and 10 ms. */
uint64_t fig_latency_allowed(uint32_t primary);


#endif /* FIG_LATENCY_H */
