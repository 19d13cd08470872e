/*
 * The HTTP side of a program: libmicrohttpd with a thread a connection, so
 * that a handler may simply wait.
 */

#ifndef SHOP_SERVER_H
#define SHOP_SERVER_H

#include "shop.h"


/*
 * Serves shop, which outlives the server, at bind and port as
 * shop_listener_create() takes them. The first one is the shop's door.
 * NULL, and why on stderr.
 */
shop_server_t *shop_server_start(shop_t *shop, const char *bind,
    unsigned port);

/* Where it listens; owned by the server. */
const char *shop_server_name(shop_server_t *server);

/*
 * From the return on nobody can connect, for ms milliseconds or, if that is
 * -1, until shop_server_resume(). All connections are cut but the one with
 * the socket fd, if there is one. The port stays the server's.
 */
void shop_server_refuse(shop_server_t *server, int64_t ms, int fd);

/* From the return on one can connect. */
void shop_server_resume(shop_server_t *server);

/* Ends all waits of the shop, all connections, frees; may be NULL. */
void shop_server_stop(shop_server_t *server);


#endif /* SHOP_SERVER_H */
