/*
 * /static/: files below the program's static directory, with validators,
 * conditional requests and single ranges.
 */

#ifndef SHOP_STATIC_FILES_H
#define SHOP_STATIC_FILES_H

#include "shop.h"


extern const shop_route_t  shop_static_routes[];


#endif /* SHOP_STATIC_FILES_H */
