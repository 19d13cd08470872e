/*
 * /inventory and /inventory/{sku}: what is there, how much is still free;
 * list, get, put.
 */

#ifndef SHOP_INVENTORY_H
#define SHOP_INVENTORY_H

#include "shop.h"


extern const shop_route_t  shop_inventory_routes[];


#endif /* SHOP_INVENTORY_H */
