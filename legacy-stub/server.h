/*
 * The HTTP side of a program: libmicrohttpd with a thread a connection, so
 * that a handler may simply wait.
 */

#ifndef SHOP_SERVER_H
#define SHOP_SERVER_H

#include "shop.h"


typedef struct shop_server_s  shop_server_t;


/*
 * Serves shop, which outlives the server, at bind and port as
 * shop_listener_create() takes them. idle is how long a connection may be
 * silent, in seconds. NULL, and why on stderr.
 */
shop_server_t *shop_server_start(shop_t *shop, const char *bind,
    unsigned port, unsigned idle);

/* Where it listens; owned by the server. */
const char *shop_server_name(shop_server_t *server);

/* Ends all waits of the shop, all connections, frees; may be NULL. */
void shop_server_stop(shop_server_t *server);


#endif /* SHOP_SERVER_H */
