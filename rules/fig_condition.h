/*
 * Whether a request meets conditions, one by one and without an index;
 * private to rules/.  The matcher uses it for what its index does not answer,
 * `force` and explanations for everything.
 */

#ifndef FIG_CONDITION_H
#define FIG_CONDITION_H

#include "fig_rules.h"
#include "fig_scratch.h"


/*
 * Where a function takes limited, it sets *limited where a pattern hit a
 * limit, and never clears it.
 */

bool fig_host_holds(const fig_hostname_t *name, fig_str_t host);

bool fig_path_holds(const fig_path_t *path, fig_str_t text,
    fig_scratch_t *scratch, bool *limited);

/*
 * Everything in a set but host and path.  FIG_BECAUSE_WON when all hold, else
 * the first that does not; *cond is then that header, query or cookie
 * condition, or NULL.
 */
fig_because_t fig_conditions_check(const fig_set_t *set,
    fig_request_t *request, fig_scratch_t *scratch, const fig_cond_t **cond,
    bool *limited);

/* All of a set. */
bool fig_set_holds(const fig_set_t *set, fig_request_t *request,
    fig_scratch_t *scratch, bool *limited);


#endif /* FIG_CONDITION_H */
