/*
 * The winner of a match as the plain matcher sees it, which tries one entry
 * after the other.
 */

#ifndef PLAIN_WINNER_H
#define PLAIN_WINNER_H

#include "unit.h"

#include "fig_rules.h"


/* NULL: none.  out has room for max candidates, which must be enough. */

static inline const fig_candidate_t *
plain_winner(const fig_ruleset_t *ruleset, fig_request_t *request,
    fig_scratch_t *scratch, fig_candidate_t *out, size_t max)
{
    size_t  i, n;

    n = fig_explain(ruleset, request, scratch, false, out, max);
    assert_true(n < max);

    for (i = 0; i < n; i++) {
        if (out[i].because == FIG_BECAUSE_WON) {
            return &out[i];
        }
    }

    return NULL;
}


static inline bool
is_winner(const fig_match_t *match, const fig_candidate_t *winner)
{
    return match->route == (winner ? winner->route : NULL)
           && match->set == (winner ? winner->set : NULL)
           && match->path == (winner ? winner->path : NULL);
}


#endif /* PLAIN_WINNER_H */
