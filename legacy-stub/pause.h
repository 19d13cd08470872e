/*
 * Waiting, in a thread of a connection, that ends early when the client
 * goes away or the program stops.
 */

#ifndef SHOP_PAUSE_H
#define SHOP_PAUSE_H

#include <stdint.h>


typedef struct shop_pause_s  shop_pause_t;


typedef enum {
    SHOP_PAUSE_OVER,        /* the time has passed */
    SHOP_PAUSE_GONE,        /* the client has closed its side */
    SHOP_PAUSE_STOP         /* the program stops */
} shop_pause_e;


/* NULL when out of descriptors or memory; shop_pause_destroy() frees. */
shop_pause_t *shop_pause_create(void);
void shop_pause_destroy(shop_pause_t *pause);

/* Ends all waits, now and later. */
void shop_pause_stop(shop_pause_t *pause);

/* Becomes readable when the program stops; owned by pause. */
int shop_pause_descriptor(shop_pause_t *pause);

/* Waits ms milliseconds, for ever if negative; fd is the client's socket. */
shop_pause_e shop_pause_wait(shop_pause_t *pause, int fd, int64_t ms);

/* Milliseconds of a clock that only goes forward. */
int64_t shop_clock_ms(void);


#endif /* SHOP_PAUSE_H */
