/*
 * /orders: list with ?page=, ?per_page=, ?status=; create, get, replace,
 * change, delete.
 */

#ifndef SHOP_ORDERS_H
#define SHOP_ORDERS_H

#include "shop.h"


extern const shop_route_t  shop_orders_routes[];


#endif /* SHOP_ORDERS_H */
