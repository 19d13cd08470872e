/*
 * The listening socket and the thread that accepts from it. It is apart
 * from the HTTP daemon, which only gets the accepted connections: so that
 * the one can come and go while the other lives.
 */

#ifndef SHOP_LISTENER_H
#define SHOP_LISTENER_H

#include <microhttpd.h>

#include "pause.h"


typedef struct shop_listener_s  shop_listener_t;


/*
 * Binds and listens. bind is a numeric IPv4 or IPv6 address or "unix:PATH"
 * (a socket left there by another run is replaced); port 0 takes a free one.
 * NULL, and why on stderr. pause outlives the listener.
 */
shop_listener_t *shop_listener_create(const char *bind, unsigned port,
    shop_pause_t *pause);

/* Ends the thread, which needs a stopped pause, and frees; may be NULL. */
void shop_listener_destroy(shop_listener_t *listener);

/* Starts to accept for daemon. 0, or -1 and why on stderr. */
int shop_listener_start(shop_listener_t *listener, struct MHD_Daemon *daemon);

/*
 * Closes the socket, for ms milliseconds or, if that is -1, until
 * shop_listener_resume(). The address stays bound, so that nobody else gets
 * it. Both return when it is done; the listener was started.
 */
void shop_listener_refuse(shop_listener_t *listener, int64_t ms);
void shop_listener_resume(shop_listener_t *listener);

/* "127.0.0.1:8081", "[::1]:8081" or "unix:PATH"; owned by the listener. */
const char *shop_listener_name(shop_listener_t *listener);


#endif /* SHOP_LISTENER_H */
