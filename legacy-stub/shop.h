/*
 * What every handler of one program can reach, and the shape of its routes:
 *
 *   program -> shop_t -> mounts -> routes -> handler(exchange)
 *
 * The monolith mounts all route lists below /api, a service mounts one of
 * them at the root; the handlers are the same code and never ask who they
 * are, except for shop_t.stamped.
 */

#ifndef SHOP_H
#define SHOP_H

#include <stddef.h>
#include <microhttpd.h>

#include "body.h"
#include "db.h"
#include "events.h"
#include "pause.h"
#include "switches.h"


typedef struct shop_s           shop_t;
typedef struct shop_exchange_s  shop_exchange_t;
typedef struct shop_server_s    shop_server_t;

/* answers the exchange; the result of MHD_queue_response() */
typedef enum MHD_Result (*shop_handler_pt)(shop_exchange_t *x);


typedef struct {
    const char         *method;     /* GET answers HEAD too, "*" any method */
    const char         *pattern;    /* see router.c */
    shop_body_kind_e    body;       /* what the handler wants of the body */
    shop_handler_pt     handler;
} shop_route_t;


typedef struct {
    const char         *prefix;     /* "" or "/api" */
    const shop_route_t *routes;     /* ends with a NULL method */
} shop_mount_t;


struct shop_s {
    const char         *name;       /* X-Served-By */
    const char         *build;      /* X-Build, NULL: none */
    const shop_mount_t *mounts;     /* ends with a NULL prefix */
    shop_db_t          *db;
    shop_events_t      *events;
    shop_pause_t       *pause;
    shop_switches_t    *faults;
    shop_switches_t    *drift;
    shop_server_t      *door;       /* what the fault refuse closes */
    unsigned            idle;       /* seconds a connection may be silent */
    int                 static_dir; /* descriptor, -1 without one */
    unsigned            stamped:1;  /* orders carry generated_at */
};


#endif /* SHOP_H */
