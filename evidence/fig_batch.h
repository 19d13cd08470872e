/*
 * Pairs that were compared, until their evidence is merged.
 *
 *     batch -> route -> pair -> pair         copies, in an arena
 *           -> route -> pair
 *
 * One batch belongs to one thread at a time.
 */

#ifndef FIG_BATCH_H
#define FIG_BATCH_H

#include "fig_base.h"
#include "fig_compare.h"
#include "fig_ready.h"


typedef struct fig_batch_s  fig_batch_t;


/* Side A, the primary, is the old one, whoever answered the client. */

typedef struct {
    fig_str_t                route;
    uint64_t                 key;      /* of what is compared; never 0 */
    uint64_t                 version;  /* of the builds that answered; 0: one of
                                          them did not say, or not answer */
    uint64_t                 request;  /* fingerprint */
    fig_str_t                name;     /* "GET /api/orders/42" */
    fig_str_t                id;
    uint64_t                 time;     /* s */
    uint32_t                 old_us;   /* 0: not known */
    uint32_t                 new_us;
    fig_ready_limits_t       limits;
    const fig_comparison_t  *comparison;
    const fig_comparison_t  *itself;   /* the old side with itself, or NULL */
} fig_pair_t;


/* Bytes that it may take; NULL when memory is out. */
fig_batch_t *fig_batch_create(size_t max_bytes);

/* NULL is allowed. */
void fig_batch_destroy(fig_batch_t *batch);

/*
 * Copies what counts of a pair.  Values of headers with secrets, and what is
 * behind a question mark in a name, are not taken along.  FIG_NOMEM: there is
 * no room for it.  FIG_INVALID: its route has no name that a route can have.
 */
fig_status_t fig_batch_add(fig_batch_t *batch, const fig_pair_t *pair);

size_t fig_batch_count(const fig_batch_t *batch);


#endif /* FIG_BATCH_H */
