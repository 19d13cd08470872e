/*
 * Checks of what follows from several keys together; private to the loading
 * half of rules/.
 *
 *     decoded model + drafts -> fig_validate() -> checked model
 */

#ifndef FIG_VALIDATE_H
#define FIG_VALIDATE_H

#include "fig_decode.h"
#include "fig_rules.h"


/*
 * Checks groups and routes of a decoded model and completes them: a route of a
 * group takes over its stage, percent and by.
 */
void fig_validate(fig_load_t *load);

/* Reports condition sets that are equal: one could never match. */
void fig_validate_sets(fig_load_t *load);

/*
 * Runs the model's tests on a rule set that is complete.  Reports those that
 * fail.  FIG_OK, FIG_INVALID or FIG_NOMEM.
 */
fig_status_t fig_tests_run(const fig_ruleset_t *ruleset, fig_diags_t *diags);


#endif /* FIG_VALIDATE_H */
