/*
 * /reservations: stock promised to somebody; list with ?sku=, create, get,
 * delete.
 */

#ifndef SHOP_RESERVATIONS_H
#define SHOP_RESERVATIONS_H

#include "shop.h"


extern const shop_route_t  shop_reservations_routes[];


#endif /* SHOP_RESERVATIONS_H */
