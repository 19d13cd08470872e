/*
 * "did you mean ...?": the candidate nearest to a word, if any is near enough.
 *
 *     fig_suggest_init(&s, "metods");
 *     fig_suggest_try(&s, "match");  fig_suggest_try(&s, "methods");
 *     s.best = "methods"
 *
 * Distance counts letters inserted, deleted, changed and neighbours swapped,
 * whatever their case.  Allocates nothing.
 */

#ifndef FIG_SUGGEST_H
#define FIG_SUGGEST_H

#include "fig_base.h"


typedef struct {
    fig_str_t    word;
    fig_str_t    best;                 /* borrowed; len 0: nothing is near */
    unsigned     distance;
} fig_suggest_t;


void fig_suggest_init(fig_suggest_t *suggest, fig_str_t word);

/* candidate must outlive suggest. */
void fig_suggest_try(fig_suggest_t *suggest, fig_str_t candidate);

/* Writes `did you mean "best"?`, or nothing.  Returns whether it did. */
bool fig_suggest_hint(const fig_suggest_t *suggest, char *out, size_t size);


#endif /* FIG_SUGGEST_H */
