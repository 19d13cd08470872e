/*
 * How an exchange goes through libmicrohttpd:
 *
 *   request line   shop_server_on_target()      creates the exchange
 *   header         shop_server_begin()          finds the route; early faults
 *   body pieces    shop_body_feed()
 *   all received   shop_server_finish()         faults; the handler answers
 *   answer sent    shop_server_on_completed()   destroys the exchange
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "clients.h"
#include "control.h"
#include "exchange.h"
#include "faults.h"
#include "listener.h"
#include "reply.h"
#include "router.h"
#include "server.h"


#define SHOP_SERVER_CONNECTIONS  1000
#define SHOP_SERVER_STACK        (256 * 1024)

/* request line and header of one request */
#define SHOP_SERVER_HEADER_MAX   (128 * 1024)


struct shop_server_s {
    shop_t             *shop;
    shop_listener_t    *listener;
    shop_clients_t     *clients;
    struct MHD_Daemon  *daemon;
};


static void *
shop_server_on_target(void *cls, const char *target,
    struct MHD_Connection *connection)
{
    return shop_exchange_create(cls, target, connection);
}


static void
shop_server_on_completed(void *cls, struct MHD_Connection *connection,
    void **data, enum MHD_RequestTerminationCode code)
{
    (void) cls;
    (void) connection;
    (void) code;

    shop_exchange_destroy(*data);
    *data = NULL;
}


/* paths and arguments stay as they were received */
static size_t
shop_server_unescape(void *cls, struct MHD_Connection *connection, char *text)
{
    (void) cls;
    (void) connection;

    return strlen(text);
}


static void
shop_server_on_connection(void *cls, struct MHD_Connection *connection,
    void **data, enum MHD_ConnectionNotificationCode code)
{
    shop_server_t                   *server = cls;
    const union MHD_ConnectionInfo  *info;

    (void) data;

    info = MHD_get_connection_info(connection,
                                   MHD_CONNECTION_INFO_CONNECTION_FD);

    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        shop_clients_add(server->clients, info->connect_fd);

    } else {
        shop_clients_remove(server->clients, info->connect_fd);
    }
}


/* 1 if a fault has ended the exchange */
static int
shop_server_is_faulty(shop_exchange_t *x, unsigned early,
    enum MHD_Result *rc)
{
    return shop_control_is_target(x) ? 0 : shop_faults_act(x, early, rc);
}


static enum MHD_Result
shop_server_finish(shop_exchange_t *x)
{
    char             allow[SHOP_ALLOW_LEN];
    enum MHD_Result  rc;

    if (shop_server_is_faulty(x, 0, &rc)) {
        return rc;
    }

    if (x->route) {
        if (x->body.state != SHOP_BODY_FINE) {
            return shop_reply_body_problem(x);
        }

        return x->route->handler(x);
    }

    if (x->error == MHD_HTTP_BAD_REQUEST) {
        return shop_reply_problem(x, x->error, "this is not a path");
    }

    if (x->error == MHD_HTTP_NOT_FOUND) {
        return shop_reply_problem(x, x->error, "there is nothing here");
    }

    shop_router_allow(x, allow);
    shop_reply_header(x, MHD_HTTP_HEADER_ALLOW, allow);

    if (strcmp(x->method, "OPTIONS") == 0) {
        return shop_reply_empty(x, MHD_HTTP_NO_CONTENT);
    }

    return shop_reply_problem(x, x->error, "the method is not for this path");
}


static enum MHD_Result
shop_server_begin(shop_exchange_t *x, const char *method,
    const char *version)
{
    const char        *expect;
    enum MHD_Result    rc;
    shop_body_kind_e   kind;

    x->begun = 1;
    x->method = method;
    x->version = version;

    shop_router_find(x);

    kind = x->route ? x->route->body : SHOP_BODY_NONE;
    shop_body_init(&x->body, kind, x->connection);

    if (shop_server_is_faulty(x, 1, &rc)) {
        return rc;
    }

    if (x->route && x->body.state == SHOP_BODY_FINE) {
        return MHD_YES;
    }

    /* a client that asks first need not send what nobody wants */
    expect = shop_exchange_header(x, MHD_HTTP_HEADER_EXPECT);

    if (expect && strcasecmp(expect, "100-continue") == 0) {
        return shop_server_finish(x);
    }

    return MHD_YES;
}


static enum MHD_Result
shop_server_on_request(void *cls, struct MHD_Connection *connection,
    const char *url, const char *method, const char *version,
    const char *data, size_t *size, void **state)
{
    int               rc;
    shop_exchange_t  *x;

    (void) cls;
    (void) connection;
    (void) url;

    x = *state;

    if (x == NULL) {
        return MHD_NO;
    }

    if (!x->begun) {
        return shop_server_begin(x, method, version);
    }

    if (*size == 0) {
        return shop_server_finish(x);
    }

    rc = shop_body_feed(&x->body, data, *size);
    *size = 0;

    return rc == -1 ? MHD_NO : MHD_YES;
}


shop_server_t *
shop_server_start(shop_t *shop, const char *bind, unsigned port)
{
    shop_server_t  *server;

    server = calloc(1, sizeof(shop_server_t));
    if (server == NULL) {
        return NULL;
    }

    server->shop = shop;
    server->clients = shop_clients_create();
    server->listener = shop_listener_create(bind, port, shop->pause);

    if (server->clients == NULL || server->listener == NULL) {
        goto failed;
    }

    server->daemon = MHD_start_daemon(
        MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION
        | MHD_USE_POLL | MHD_USE_ITC | MHD_USE_NO_LISTEN_SOCKET,
        0, NULL, NULL, shop_server_on_request, shop,
        MHD_OPTION_NOTIFY_CONNECTION, shop_server_on_connection, server,
        MHD_OPTION_URI_LOG_CALLBACK, shop_server_on_target, shop,
        MHD_OPTION_UNESCAPE_CALLBACK, shop_server_unescape, NULL,
        MHD_OPTION_NOTIFY_COMPLETED, shop_server_on_completed, NULL,
        MHD_OPTION_CONNECTION_TIMEOUT, shop->idle,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned) SHOP_SERVER_CONNECTIONS,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t) SHOP_SERVER_HEADER_MAX,
        MHD_OPTION_THREAD_STACK_SIZE, (size_t) SHOP_SERVER_STACK,
        MHD_OPTION_END);

    if (server->daemon == NULL) {
        fprintf(stderr, "cannot start the HTTP daemon\n");
        goto failed;
    }

    if (shop->door == NULL) {
        shop->door = server;
    }

    if (shop_listener_start(server->listener, server->daemon) == -1) {
        goto failed;
    }

    return server;

failed:

    shop_server_stop(server);

    return NULL;
}


const char *
shop_server_name(shop_server_t *server)
{
    return shop_listener_name(server->listener);
}


void
shop_server_refuse(shop_server_t *server, int64_t ms, int fd)
{
    shop_listener_refuse(server->listener, ms);
    shop_clients_cut(server->clients, fd);
}


void
shop_server_resume(shop_server_t *server)
{
    shop_listener_resume(server->listener);
}


void
shop_server_stop(shop_server_t *server)
{
    if (server == NULL) {
        return;
    }

    shop_pause_stop(server->shop->pause);
    shop_events_stop(server->shop->events);
    shop_listener_destroy(server->listener);

    if (server->daemon) {
        MHD_stop_daemon(server->daemon);
    }

    shop_clients_destroy(server->clients);

    free(server);
}
