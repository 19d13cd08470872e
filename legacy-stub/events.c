/*
 * A ring of the newest events:
 *
 *   ring[id % SHOP_EVENTS_KEPT]    ids last - SHOP_EVENTS_KEPT + 1 .. last
 *
 * A reader that falls behind misses events; it sees the gap in the ids.
 */

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "events.h"


#define SHOP_EVENTS_KEPT  256


struct shop_events_s {
    pthread_mutex_t   lock;
    pthread_cond_t    news;
    uint64_t          last;
    unsigned          stopped:1;
    shop_event_t      ring[SHOP_EVENTS_KEPT];
};


shop_events_t *
shop_events_create(void)
{
    shop_events_t       *events;
    pthread_condattr_t   attr;

    events = calloc(1, sizeof(shop_events_t));
    if (events == NULL) {
        return NULL;
    }

    pthread_mutex_init(&events->lock, NULL);

    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&events->news, &attr);
    pthread_condattr_destroy(&attr);

    return events;
}


void
shop_events_destroy(shop_events_t *events)
{
    if (events) {
        pthread_cond_destroy(&events->news);
        pthread_mutex_destroy(&events->lock);
        free(events);
    }
}


void
shop_events_stop(shop_events_t *events)
{
    pthread_mutex_lock(&events->lock);
    events->stopped = 1;
    pthread_cond_broadcast(&events->news);
    pthread_mutex_unlock(&events->lock);
}


void
shop_events_publish(shop_events_t *events, const char *what,
    const char *verb, int64_t id)
{
    shop_event_t  *event;

    pthread_mutex_lock(&events->lock);

    events->last++;
    event = &events->ring[events->last % SHOP_EVENTS_KEPT];
    event->id = events->last;

    snprintf(event->type, sizeof(event->type), "%s-%s", what, verb);
    snprintf(event->data, sizeof(event->data), "{\"%s\":%lld}", what,
             (long long) id);

    pthread_cond_broadcast(&events->news);
    pthread_mutex_unlock(&events->lock);
}


uint64_t
shop_events_last(shop_events_t *events)
{
    uint64_t  last;

    pthread_mutex_lock(&events->lock);
    last = events->last;
    pthread_mutex_unlock(&events->lock);

    return last;
}


static struct timespec
shop_events_deadline(int64_t ms)
{
    struct timespec  ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);

    ts.tv_sec += ms / 1000;
    ts.tv_nsec += ms % 1000 * 1000000;

    if (ts.tv_nsec >= 1000000000) {
        ts.tv_sec++;
        ts.tv_nsec -= 1000000000;
    }

    return ts;
}


static int
shop_events_take(shop_events_t *events, uint64_t after, shop_event_t *event)
{
    uint64_t  id;

    if (events->stopped) {
        return -1;
    }

    if (after >= events->last) {
        return 0;
    }

    id = after + 1;

    if (events->last - id >= SHOP_EVENTS_KEPT) {
        id = events->last - SHOP_EVENTS_KEPT + 1;
    }

    *event = events->ring[id % SHOP_EVENTS_KEPT];

    return 1;
}


int
shop_events_next(shop_events_t *events, uint64_t after, int64_t ms,
    shop_event_t *event)
{
    int              rc, late;
    struct timespec  deadline;

    deadline = shop_events_deadline(ms);
    late = 0;

    pthread_mutex_lock(&events->lock);

    for ( ;; ) {
        rc = shop_events_take(events, after, event);

        if (rc != 0 || late) {
            break;
        }

        late = pthread_cond_timedwait(&events->news, &events->lock,
                                      &deadline);
    }

    pthread_mutex_unlock(&events->lock);

    return rc;
}
