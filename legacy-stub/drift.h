/*
 * Drift: answers that are a little different from what they should be, as a
 * rewritten service's are.
 */

#ifndef SHOP_DRIFT_H
#define SHOP_DRIFT_H

#include <jansson.h>

#include "exchange.h"


/* the kinds of shop_t.drift */
extern const shop_switch_kind_t  shop_drift_kinds[];

/* Changes value, the coming answer of x, as the drift of its path says. */
void shop_drift_apply(shop_exchange_t *x, json_t *value);


#endif /* SHOP_DRIFT_H */
