/*
 * What visitors see: / and /products/{sku}.
 */

#ifndef SHOP_STOREFRONT_H
#define SHOP_STOREFRONT_H

#include "shop.h"


extern const shop_route_t  shop_storefront_routes[];


#endif /* SHOP_STOREFRONT_H */
