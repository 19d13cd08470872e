/*
 * /upload: takes any bytes, answers how many and their SHA-256.
 */

#ifndef SHOP_UPLOAD_H
#define SHOP_UPLOAD_H

#include "shop.h"


extern const shop_route_t  shop_upload_routes[];


#endif /* SHOP_UPLOAD_H */
