/*
 * One request and its answer.
 *
 *   target    "/api/orders/a%2Fb?x=1"      as received
 *   raw       "/api/orders/a%2Fb"
 *   segments  "api" "orders" "a/b"         decoded one by one, so that an
 *                                          encoded slash separates nothing
 *   params               "a/b"             what {} of the route took
 *
 * It lives from the request line to the end of the answer, in the thread of
 * its connection only.
 */

#ifndef SHOP_EXCHANGE_H
#define SHOP_EXCHANGE_H

#include "shop.h"


#define SHOP_MAX_SEGMENTS  32
#define SHOP_MAX_PARAMS    2
#define SHOP_MAX_HEADERS   8


typedef struct {
    const char              *name;
    char                    *value;
} shop_header_t;


struct shop_exchange_s {
    shop_t                  *shop;
    struct MHD_Connection   *connection;
    const char              *method;
    const char              *version;

    char                    *target;
    const char              *raw;           /* its path, not decoded */
    size_t                   raw_len;
    char                    *path;          /* cut into segments */
    char                    *segments[SHOP_MAX_SEGMENTS];
    size_t                   nsegments;

    const shop_mount_t      *mount;
    const shop_route_t      *route;         /* NULL: error or Allow */
    const char              *params[SHOP_MAX_PARAMS];
    size_t                   tail;          /* first segment below a "*" */
    unsigned                 error;         /* status if no route */

    shop_body_t              body;
    shop_header_t            headers[SHOP_MAX_HEADERS];
    size_t                   nheaders;

    unsigned                 begun:1;       /* the header was looked at */
};


/*
 * Makes an exchange for a request target as received. NULL without memory.
 * The segments are cut; everything else is filled in by the server.
 */
shop_exchange_t *shop_exchange_create(shop_t *shop, const char *target,
    struct MHD_Connection *connection);
void shop_exchange_destroy(shop_exchange_t *x);

/* A request header's value, owned by the connection, or NULL. */
const char *shop_exchange_header(shop_exchange_t *x, const char *name);

/* A decoded query argument to be freed by the caller, or NULL. */
char *shop_exchange_arg(shop_exchange_t *x, const char *name);

/*
 * A query argument as a number of min to max. Returns fallback without the
 * argument and -1 if it is something else; min is not negative.
 */
int64_t shop_exchange_number(shop_exchange_t *x, const char *name,
    int64_t fallback, int64_t min, int64_t max);

/* The client's socket. */
int shop_exchange_socket(shop_exchange_t *x);

/*
 * Waits ms milliseconds, for ever if negative, as shop_pause_wait() does.
 * The time is not held against the connection as silence.
 */
shop_pause_e shop_exchange_wait(shop_t *shop,
    struct MHD_Connection *connection, int64_t ms);

/* The decimal number of min to max that text is, or -1. */
int64_t shop_parse_number(const char *text, int64_t min, int64_t max);


#endif /* SHOP_EXCHANGE_H */
