/*
 * Faults: what a backend does when it does not answer as it should.
 */

#ifndef SHOP_FAULTS_H
#define SHOP_FAULTS_H

#include "exchange.h"


/* the kinds of shop_t.faults */
extern const shop_switch_kind_t  shop_faults_kinds[];

/*
 * Does what the faults of the path of x say, early: before its body is read.
 * Returns 1 if x is done for, with *rc for libmicrohttpd, or 0 to go on.
 */
int shop_faults_act(shop_exchange_t *x, unsigned early, enum MHD_Result *rc);

/*
 * Makes the program refuse connections if there is such a fault, or take
 * them again if there is none. fd is the connection that is spared, or -1.
 */
void shop_faults_set_door(shop_t *shop, int fd);


#endif /* SHOP_FAULTS_H */
