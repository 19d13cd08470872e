/*
 * The echo shows a request as it arrived here, byte for byte (each byte a
 * code point of ISO 8859-1, so that any of them can be shown):
 *
 *   {"server", "client", "method", "target", "path", "query", "version",
 *    "headers": [[name, value]], "body": {"length", "sha256"}}
 */

#include <netdb.h>
#include <string.h>

#include "diagnostics.h"
#include "exchange.h"
#include "reply.h"


static enum MHD_Result
shop_diagnostics_health(shop_exchange_t *x)
{
    int64_t  alive;

    shop_db_lock(x->shop->db);
    alive = shop_db_number(x->shop->db, 0, "SELECT 1 FROM shop_parts LIMIT 1",
                           "");
    shop_db_unlock(x->shop->db);

    if (!alive) {
        return shop_reply_problem(x, MHD_HTTP_SERVICE_UNAVAILABLE,
                                  "the database does not answer");
    }

    return shop_reply_json(x, MHD_HTTP_OK,
                           json_pack("{s:s, s:s}", "status", "ok",
                                     "service", x->shop->name));
}


static enum MHD_Result
shop_diagnostics_add_header(void *cls, enum MHD_ValueKind kind,
    const char *name, const char *value)
{
    (void) kind;

    json_array_append_new(cls, json_pack("[o, o]", shop_json_latin1(name),
                                         shop_json_latin1(value ? value
                                                                : "")));
    return MHD_YES;
}


static json_t *
shop_diagnostics_client(shop_exchange_t *x)
{
    char                             host[64], port[16];
    socklen_t                        len;
    const struct sockaddr           *sa;
    const union MHD_ConnectionInfo  *info;

    info = MHD_get_connection_info(x->connection,
                                   MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    sa = info ? info->client_addr : NULL;

    if (sa == NULL || sa->sa_family == AF_UNIX) {
        return json_string("unix:");
    }

    len = sa->sa_family == AF_INET6 ? sizeof(struct sockaddr_storage)
                                    : sizeof(struct sockaddr);

    if (getnameinfo(sa, len, host, sizeof(host), port, sizeof(port),
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
    {
        return json_null();
    }

    return json_sprintf("%s:%s", host, port);
}


static enum MHD_Result
shop_diagnostics_echo(shop_exchange_t *x)
{
    size_t       n;
    json_t      *headers, *path, *query;
    const char  *args;

    n = strcspn(x->target, "?");
    args = x->target + n;

    headers = json_array();
    MHD_get_connection_values(x->connection, MHD_HEADER_KIND,
                              shop_diagnostics_add_header, headers);

    query = args[0] ? shop_json_latin1(args + 1) : json_null();
    path = shop_json_latin1_n(x->target, n);

    return shop_reply_json(x, MHD_HTTP_OK,
               json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:s, s:o,"
                         " s:{s:I, s:s}}",
                         "server", x->shop->name,
                         "client", shop_diagnostics_client(x),
                         "method", shop_json_latin1(x->method),
                         "target", shop_json_latin1(x->target),
                         "path", path,
                         "query", query,
                         "version", x->version,
                         "headers", headers,
                         "body",
                         "length", (json_int_t) x->body.length,
                         "sha256", shop_body_sha256(&x->body)));
}


const shop_route_t  shop_diagnostics_routes[] = {
    { "GET", "/healthz", SHOP_BODY_NONE, shop_diagnostics_health },
    { "*", "/debug/echo", SHOP_BODY_BYTES, shop_diagnostics_echo },
    { "*", "/debug/echo/*", SHOP_BODY_BYTES, shop_diagnostics_echo },
    { NULL, NULL, SHOP_BODY_NONE, NULL }
};


const shop_route_t  shop_echo_routes[] = {
    { "*", "/", SHOP_BODY_BYTES, shop_diagnostics_echo },
    { "*", "/*", SHOP_BODY_BYTES, shop_diagnostics_echo },
    { NULL, NULL, SHOP_BODY_NONE, NULL }
};
