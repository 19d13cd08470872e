/*
 * The insides of a batch; private to evidence/.
 */

#ifndef FIG_BATCH_PAIRS_H
#define FIG_BATCH_PAIRS_H

#include "fig_arena.h"
#include "fig_batch.h"


typedef struct fig_batch_pair_s   fig_batch_pair_t;
typedef struct fig_batch_route_s  fig_batch_route_t;

struct fig_batch_pair_s {
    fig_batch_pair_t    *next;
    fig_pair_t           pair;
    fig_comparison_t     comparison;
    fig_comparison_t     itself;
    fig_outcome_t        outcome;      /* when it was merged */
    size_t               new_classes;
};


struct fig_batch_route_s {
    fig_batch_route_t   *next;
    fig_str_t            name;
    size_t               n;
    fig_batch_pair_t    *first;
    fig_batch_pair_t    *last;
};


struct fig_batch_s {
    fig_arena_t         *arena;
    size_t               max;
    size_t               used;
    size_t               n;
    fig_batch_route_t   *routes;
};


/* Takes away the first route with its pairs, which are merged. */
void fig_batch_pop(fig_batch_t *batch);

/* Puts the first route behind the others. */
void fig_batch_defer(fig_batch_t *batch);

/* Whether a name is one that routes have, and good for a file. */
bool fig_batch_is_name(fig_str_t name);


#endif /* FIG_BATCH_PAIRS_H */
