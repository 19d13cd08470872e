/*
 * /payments/order/{id}: what was paid for an order; get and put.
 */

#ifndef SHOP_PAYMENTS_H
#define SHOP_PAYMENTS_H

#include "shop.h"


extern const shop_route_t  shop_payments_routes[];


#endif /* SHOP_PAYMENTS_H */
