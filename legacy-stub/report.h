/*
 * /reports/orders.csv?rows=N&delay_ms=N: a report that takes its time and
 * comes row by row.
 */

#ifndef SHOP_REPORT_H
#define SHOP_REPORT_H

#include "shop.h"


extern const shop_route_t  shop_report_routes[];


#endif /* SHOP_REPORT_H */
