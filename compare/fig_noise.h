/*
 * Whether a difference is the candidate's, or the primary differs from itself
 * just as well.
 *
 *     primary A --- candidate B       differs in a class?   b: only here
 *         \---- primary A again       differs in it?        c: only here
 *
 * If both are as likely, b of b + c is a coin thrown: an exact binomial test.
 */

#ifndef FIG_NOISE_H
#define FIG_NOISE_H

#include "fig_base.h"
#include "fig_compare.h"


typedef struct {
    uint32_t  n;               /* probes of the route */
    uint32_t  both;            /* in which both differed in this class */
    uint32_t  b;               /* only the candidate */
    uint32_t  c;               /* only the primary from itself */
} fig_noise_t;


typedef enum {
    FIG_NOISE_UNDECIDED,       /* counts as a mismatch */
    FIG_NOISE_REAL,
    FIG_NOISE_NOISE
} fig_noise_verdict_t;


/* The probability of b or more heads when a coin is thrown b + c times. */
double fig_noise_p(uint32_t b, uint32_t c);

/*
 * nclasses is how many classes of the route are tested alike.  Only the kinds
 * value and order can be noise.
 */
fig_noise_verdict_t fig_noise_judge(const fig_noise_t *noise, fig_kind_t kind,
    size_t nclasses);


#endif /* FIG_NOISE_H */
