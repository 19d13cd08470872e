/*
 * What a stage asks of its route; private to rules/.
 *
 * Whether a route can be in a stage is told by fig_route_refuses(); this is
 * what it shares with the validation of a file.
 */

#ifndef FIG_STAGE_H
#define FIG_STAGE_H

#include "fig_model.h"


/* Whether some request is answered by the old side, or may be. */
bool fig_stage_needs_old(const fig_route_t *route, fig_stage_t stage);

/* Whether methods that write can match. */
bool fig_route_has_unsafe(const fig_route_t *route);


#endif /* FIG_STAGE_H */
