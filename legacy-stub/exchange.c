/*
 * Taking a request apart. libmicrohttpd is told not to decode anything, so
 * that what is matched here is what was sent.
 */

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "exchange.h"


/* RFC 9112 3.2.2: a server must take the absolute form, too */
static const char *
shop_exchange_skip_authority(const char *target)
{
    size_t  n;

    n = 0;

    if (strncasecmp(target, "http://", 7) == 0) {
        n = 7;

    } else if (strncasecmp(target, "https://", 8) == 0) {
        n = 8;
    }

    return n ? target + n + strcspn(target + n, "/?") : target;
}


static int
shop_exchange_has_nul(const char *segment)
{
    return strstr(segment, "%00") != NULL;
}


static void
shop_exchange_split(shop_exchange_t *x)
{
    char  *p, *next;

    x->path[strcspn(x->path, "?")] = '\0';

    if (x->path[0] == '\0' || strcmp(x->path, "/") == 0) {
        return;
    }

    if (x->path[0] != '/') {
        x->error = MHD_HTTP_BAD_REQUEST;
        return;
    }

    for (p = x->path + 1; p; p = next) {
        next = strchr(p, '/');

        if (next) {
            *next++ = '\0';
        }

        if (shop_exchange_has_nul(p)) {
            x->error = MHD_HTTP_BAD_REQUEST;
            return;
        }

        if (x->nsegments == SHOP_MAX_SEGMENTS) {
            x->error = MHD_HTTP_NOT_FOUND;
            return;
        }

        MHD_http_unescape(p);
        x->segments[x->nsegments++] = p;
    }
}


shop_exchange_t *
shop_exchange_create(shop_t *shop, const char *target,
    struct MHD_Connection *connection)
{
    shop_exchange_t  *x;

    x = calloc(1, sizeof(shop_exchange_t));
    if (x == NULL) {
        return NULL;
    }

    x->shop = shop;
    x->connection = connection;
    x->target = strdup(target);
    x->path = strdup(shop_exchange_skip_authority(target));

    if (x->target == NULL || x->path == NULL) {
        shop_exchange_destroy(x);
        return NULL;
    }

    x->raw = shop_exchange_skip_authority(x->target);
    x->raw_len = strcspn(x->raw, "?");

    shop_exchange_split(x);

    return x;
}


void
shop_exchange_destroy(shop_exchange_t *x)
{
    size_t  i;

    if (x == NULL) {
        return;
    }

    for (i = 0; i < x->nheaders; i++) {
        free(x->headers[i].value);
    }

    shop_body_release(&x->body);
    free(x->target);
    free(x->path);
    free(x);
}


const char *
shop_exchange_header(shop_exchange_t *x, const char *name)
{
    return MHD_lookup_connection_value(x->connection, MHD_HEADER_KIND, name);
}


char *
shop_exchange_arg(shop_exchange_t *x, const char *name)
{
    char        *copy;
    const char  *value;

    value = MHD_lookup_connection_value(x->connection,
                                        MHD_GET_ARGUMENT_KIND, name);
    if (value == NULL) {
        return NULL;
    }

    copy = strdup(value);

    if (copy) {
        MHD_http_unescape(copy);
    }

    return copy;
}


int64_t
shop_exchange_number(shop_exchange_t *x, const char *name, int64_t fallback,
    int64_t min, int64_t max)
{
    char     *text;
    int64_t   n;

    text = shop_exchange_arg(x, name);
    if (text == NULL) {
        return fallback;
    }

    n = shop_parse_number(text, min, max);
    free(text);

    return n;
}


static int
shop_connection_socket(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo  *info;

    info = MHD_get_connection_info(connection,
                                   MHD_CONNECTION_INFO_CONNECTION_FD);

    return info ? info->connect_fd : -1;
}


int
shop_exchange_socket(shop_exchange_t *x)
{
    return shop_connection_socket(x->connection);
}


shop_pause_e
shop_exchange_wait(shop_t *shop, struct MHD_Connection *connection,
    int64_t ms)
{
    shop_pause_e  how;

    how = shop_pause_wait(shop->pause, shop_connection_socket(connection),
                          ms);

    /* libmicrohttpd counts anew when a timeout is set where there was none */
    MHD_set_connection_option(connection, MHD_CONNECTION_OPTION_TIMEOUT, 0U);
    MHD_set_connection_option(connection, MHD_CONNECTION_OPTION_TIMEOUT,
                              shop->idle);

    return how;
}


int64_t
shop_parse_number(const char *text, int64_t min, int64_t max)
{
    int64_t  n;
    size_t   len;

    len = strlen(text);

    /* 18 digits always fit */
    if (len == 0 || len > 18 || strspn(text, "0123456789") != len) {
        return -1;
    }

    n = strtoll(text, NULL, 10);

    return n < min || n > max ? -1 : n;
}
