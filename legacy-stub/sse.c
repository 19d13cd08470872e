/*
 * Server-sent events, WHATWG HTML 9.2. A comment goes out whenever nothing
 * has happened for interval_ms, so that both ends notice a dead connection.
 * count ends the stream after so many events; a client that comes back says
 * in Last-Event-ID what it has seen.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exchange.h"
#include "reply.h"
#include "sse.h"


#define SHOP_SSE_INTERVAL      5000
#define SHOP_SSE_INTERVAL_MAX  30000
#define SHOP_SSE_COUNT_MAX     1000000
#define SHOP_SSE_BLOCK         1024


typedef struct {
    shop_events_t  *events;
    uint64_t        after;
    int64_t         interval_ms;
    int64_t         left;           /* events still to send, -1: no end */
    unsigned        started:1;
} shop_sse_t;


static ssize_t
shop_sse_read(void *cls, uint64_t pos, char *buf, size_t max)
{
    int            rc;
    shop_sse_t    *sse = cls;
    shop_event_t   event;

    (void) pos;

    if (!sse->started) {
        sse->started = 1;
        return snprintf(buf, max, "retry: 1000\n\n");
    }

    if (sse->left == 0) {
        return MHD_CONTENT_READER_END_OF_STREAM;
    }

    rc = shop_events_next(sse->events, sse->after, sse->interval_ms, &event);

    if (rc == -1) {
        return MHD_CONTENT_READER_END_OF_STREAM;
    }

    if (rc == 0) {
        return snprintf(buf, max, ": nothing new\n\n");
    }

    sse->after = event.id;

    if (sse->left > 0) {
        sse->left--;
    }

    return snprintf(buf, max, "id: %llu\nevent: %s\ndata: %s\n\n",
                    (unsigned long long) event.id, event.type, event.data);
}


static shop_sse_t *
shop_sse_create(shop_exchange_t *x, int64_t interval, int64_t count)
{
    int64_t      seen;
    shop_sse_t  *sse;
    const char  *last;

    sse = calloc(1, sizeof(shop_sse_t));
    if (sse == NULL) {
        return NULL;
    }

    sse->events = x->shop->events;
    sse->interval_ms = interval;
    sse->left = count ? count : -1;
    sse->after = shop_events_last(x->shop->events);

    last = shop_exchange_header(x, "Last-Event-ID");
    seen = last ? shop_parse_number(last, 0, INT64_MAX) : -1;

    /* an id from before a restart means nothing here */
    if (seen >= 0 && (uint64_t) seen < sse->after) {
        sse->after = (uint64_t) seen;
    }

    return sse;
}


static enum MHD_Result
shop_sse_get(shop_exchange_t *x)
{
    int64_t  interval, count;

    interval = shop_exchange_number(x, "interval_ms", SHOP_SSE_INTERVAL, 1,
                                    SHOP_SSE_INTERVAL_MAX);
    count = shop_exchange_number(x, "count", 0, 0, SHOP_SSE_COUNT_MAX);

    if (interval == -1 || count == -1) {
        return shop_reply_problem(x, MHD_HTTP_BAD_REQUEST,
                                  "interval_ms is 1 to %d, count 0 to %d",
                                  SHOP_SSE_INTERVAL_MAX, SHOP_SSE_COUNT_MAX);
    }

    shop_reply_header(x, "X-Accel-Buffering", "no");

    return shop_reply_stream(x, "text/event-stream", SHOP_SSE_BLOCK,
                             shop_sse_read,
                             shop_sse_create(x, interval, count));
}


const shop_route_t  shop_sse_routes[] = {
    { "GET", "/events", SHOP_BODY_NONE, shop_sse_get },
    { NULL, NULL, SHOP_BODY_NONE, NULL }
};
