/*
 * /events: what happens in the shop as server-sent events.
 */

#ifndef SHOP_SSE_H
#define SHOP_SSE_H

#include "shop.h"


extern const shop_route_t  shop_sse_routes[];


#endif /* SHOP_SSE_H */
