/*
 * A walk over all routes of all mounts. A pattern is compared with the
 * request segment by segment:
 *
 *   literal   equal
 *   {}        any one segment that is not empty, a parameter
 *   *         at the end: everything below, at least one segment
 */

#include <stdio.h>
#include <string.h>

#include "router.h"


typedef struct {
    size_t        used;             /* segments matched */
    size_t        nparams;
    unsigned      tail:1;           /* the rest was taken by a "*" */
    const char   *params[SHOP_MAX_PARAMS];
} shop_router_walk_t;


static int
shop_router_step(shop_exchange_t *x, shop_router_walk_t *walk,
    const char *part, size_t len)
{
    const char  *segment;

    if (walk->used == x->nsegments) {
        return 0;
    }

    segment = x->segments[walk->used];

    if (len == 1 && part[0] == '*') {
        walk->tail = 1;
        return 1;
    }

    walk->used++;

    if (len == 2 && memcmp(part, "{}", 2) == 0) {
        walk->params[walk->nparams++] = segment;
        return segment[0] != '\0';
    }

    return strlen(segment) == len && memcmp(segment, part, len) == 0;
}


static int
shop_router_walk(shop_exchange_t *x, shop_router_walk_t *walk,
    const char *pattern)
{
    size_t  len;

    while (pattern[0] == '/' && pattern[1]) {
        pattern++;
        len = strcspn(pattern, "/");

        if (!shop_router_step(x, walk, pattern, len)) {
            return 0;
        }

        pattern += len;
    }

    return 1;
}


static int
shop_router_match(shop_exchange_t *x, const shop_mount_t *mount,
    const shop_route_t *route, shop_router_walk_t *walk)
{
    memset(walk, 0, sizeof(shop_router_walk_t));

    return shop_router_walk(x, walk, mount->prefix)
           && shop_router_walk(x, walk, route->pattern)
           && (walk->tail || walk->used == x->nsegments);
}


static int
shop_router_is_method(const char *route, const char *method)
{
    if (route[0] == '*' || strcmp(route, method) == 0) {
        return 1;
    }

    return strcmp(method, "HEAD") == 0 && strcmp(route, "GET") == 0;
}


void
shop_router_find(shop_exchange_t *x)
{
    shop_router_walk_t   walk;
    const shop_mount_t  *mount;
    const shop_route_t  *route;

    if (x->error) {
        return;
    }

    x->error = MHD_HTTP_NOT_FOUND;

    for (mount = x->shop->mounts; mount->prefix; mount++) {
        for (route = mount->routes; route->method; route++) {

            if (!shop_router_match(x, mount, route, &walk)) {
                continue;
            }

            x->error = MHD_HTTP_METHOD_NOT_ALLOWED;

            if (!shop_router_is_method(route->method, x->method)) {
                continue;
            }

            x->error = 0;
            x->mount = mount;
            x->route = route;
            x->tail = walk.used;
            memcpy(x->params, walk.params, sizeof(x->params));
            return;
        }
    }
}


static void
shop_router_allow_add(char allow[SHOP_ALLOW_LEN], const char *method)
{
    size_t  used;

    if (strstr(allow, method)) {
        return;
    }

    used = strlen(allow);

    snprintf(allow + used, SHOP_ALLOW_LEN - used, "%s%s", used ? ", " : "",
             method);
}


void
shop_router_allow(shop_exchange_t *x, char allow[SHOP_ALLOW_LEN])
{
    shop_router_walk_t   walk;
    const shop_mount_t  *mount;
    const shop_route_t  *route;

    allow[0] = '\0';

    for (mount = x->shop->mounts; mount->prefix; mount++) {
        for (route = mount->routes; route->method; route++) {

            if (!shop_router_match(x, mount, route, &walk)) {
                continue;
            }

            shop_router_allow_add(allow, route->method);

            if (strcmp(route->method, "GET") == 0) {
                shop_router_allow_add(allow, "HEAD");
            }
        }
    }

    if (allow[0]) {
        shop_router_allow_add(allow, "OPTIONS");
    }
}
