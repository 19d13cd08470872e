/*
 * /_faults and /_drift: what goes wrong on purpose; get, put, delete.
 * Never subject to either themselves.
 */

#ifndef SHOP_CONTROL_H
#define SHOP_CONTROL_H

#include "shop.h"


extern const shop_route_t  shop_control_routes[];


/* Is x for one of these, where nothing goes wrong and nothing drifts? */
int shop_control_is_target(const shop_exchange_t *x);


#endif /* SHOP_CONTROL_H */
