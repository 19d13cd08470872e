/*
 * From method and path to a route of the program's mounts.
 */

#ifndef SHOP_ROUTER_H
#define SHOP_ROUTER_H

#include "exchange.h"


#define SHOP_ALLOW_LEN  128


/*
 * Sets mount, route, params and tail of x, or error: 400, 404, or 405 for a
 * path that exists with other methods only.
 */
void shop_router_find(shop_exchange_t *x);

/* Writes the Allow header for the path of x; empty if there is no such path. */
void shop_router_allow(shop_exchange_t *x, char allow[SHOP_ALLOW_LEN]);


#endif /* SHOP_ROUTER_H */
