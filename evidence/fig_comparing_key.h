/*
 * The key of a route's evidence; private to evidence/.  See fig_comparing.h
 * for what it is made of.
 */

#ifndef FIG_COMPARING_KEY_H
#define FIG_COMPARING_KEY_H

#include "fig_model.h"


/* The route proxies.  Never 0. */
uint64_t fig_comparing_hash(const fig_route_t *route);


#endif /* FIG_COMPARING_KEY_H */
