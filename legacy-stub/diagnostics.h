/*
 * What every program answers for those who run and test it: /healthz and
 * /debug/echo. The echo list takes every path and method instead.
 */

#ifndef SHOP_DIAGNOSTICS_H
#define SHOP_DIAGNOSTICS_H

#include "shop.h"


extern const shop_route_t  shop_diagnostics_routes[];
extern const shop_route_t  shop_echo_routes[];


#endif /* SHOP_DIAGNOSTICS_H */
