/*
 * The tables behind fig_ruleset_find_route() and its like; private to rules/.
 *
 *     routes_by_name[], routes_by_was[], groups_by_name[], backends_by_name[]
 */

#ifndef FIG_LOOKUP_H
#define FIG_LOOKUP_H

#include "fig_arena.h"
#include "fig_model.h"


/* Makes them for a model that was validated.  FIG_OK or FIG_NOMEM. */
fig_status_t fig_lookup_create(fig_model_t *model, fig_arena_t *arena);


#endif /* FIG_LOOKUP_H */
