/*
 * What a pair is worth; private to the files of fig_ready.h.
 *
 *     p0, alpha  ->  match, mismatch, ready, most     in units of 1e-12
 *
 * Logarithms may differ in their last bit from machine to machine: rounded to
 * these units they do not.
 */

#ifndef FIG_READY_SCORE_H
#define FIG_READY_SCORE_H

#include "fig_ready.h"


typedef struct {
    double   p0;
    double   alpha;
    int64_t  match;
    int64_t  mismatch;
    int64_t  ready;
    int64_t  most;
} fig_score_t;


void fig_ready_score(const fig_ready_limits_t *limits, fig_score_t *score);


#endif /* FIG_READY_SCORE_H */
