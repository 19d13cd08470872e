/*
 * What has happened in the shop, for those who listen: the last events by
 * number, one writer at a time, any number of readers that wait.
 */

#ifndef SHOP_EVENTS_H
#define SHOP_EVENTS_H

#include <stddef.h>
#include <stdint.h>


#define SHOP_EVENT_LEN  160


typedef struct shop_events_s  shop_events_t;


typedef struct {
    uint64_t  id;                       /* from 1 on */
    char      type[32];
    char      data[SHOP_EVENT_LEN];     /* one line of JSON */
} shop_event_t;


/* NULL without memory; shop_events_destroy() frees. */
shop_events_t *shop_events_create(void);
void shop_events_destroy(shop_events_t *events);

/* Ends all waits, now and later. */
void shop_events_stop(shop_events_t *events);

/* Tells that a thing with this id was "created", "updated", "deleted". */
void shop_events_publish(shop_events_t *events, const char *what,
    const char *verb, int64_t id);

/* The number of the newest event, 0 without one. */
uint64_t shop_events_last(shop_events_t *events);

/*
 * Waits up to ms for an event newer than after and copies the oldest such
 * one that is kept. Returns 1, 0 when the time has passed, -1 when stopped.
 */
int shop_events_next(shop_events_t *events, uint64_t after, int64_t ms,
    shop_event_t *event);


#endif /* SHOP_EVENTS_H */
