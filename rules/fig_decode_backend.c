/*
 * `backends`: where requests can go.  A backend is known by its name as soon
 * as it has one, whatever else is wrong with it, so that those who name it are
 * not blamed.
 */

#include "fig_address.h"
#include "fig_decode.h"
#include "fig_text.h"

#include <stdio.h>


#define FIG_CONNECT_TIMEOUT     2000
#define FIG_KEEPALIVE           32
#define FIG_KEEPALIVE_REQUESTS  1000
#define FIG_KEEPALIVE_TIMEOUT   60000
#define FIG_KEEPALIVE_MAX       65535
#define FIG_WEIGHT_MAX          1000
#define FIG_PLACES_MAX          1000000


enum {
    FIG_BACKEND_SERVERS = 0,
    FIG_BACKEND_HOST,
    FIG_BACKEND_BALANCE,
    FIG_BACKEND_TIMEOUTS,
    FIG_BACKEND_KEEPALIVE,
    FIG_BACKEND_TLS,
    FIG_BACKEND_VERSION,
    FIG_BACKEND_MAX_IN_FLIGHT,
    FIG_BACKEND_MAX_FALLBACKS,
    FIG_BACKEND_BREAKER,
    FIG_BACKEND_KEYS = 11
};


static const fig_key_t  fig_backend_keys[FIG_BACKEND_KEYS] = {
    { "servers", FIG_KEY_KNOWN, NULL },
    { "host", FIG_KEY_KNOWN, NULL },
    { "balance", FIG_KEY_KNOWN, NULL },
    { "timeouts", FIG_KEY_KNOWN, NULL },
    { "keepalive", FIG_KEY_KNOWN, NULL },
    { "tls", FIG_KEY_KNOWN, NULL },
    { "version", FIG_KEY_KNOWN, NULL },
    { "max_in_flight", FIG_KEY_KNOWN, NULL },
    { "max_fallbacks", FIG_KEY_KNOWN, NULL },
    { "breaker", FIG_KEY_KNOWN, NULL },
    { "health", FIG_KEY_LATER, NULL },
};


/* The Host header that stands for the server itself. */

static void
fig_decode_authority(fig_load_t *load, fig_server_t *server)
{
    char    *out;
    int      n;
    size_t   size;

    if (server->kind == FIG_ADDR_UNIX) {
        server->authority = fig_str("localhost", 9);
        return;
    }

    size = server->host.len + sizeof("[]:65535");

    out = fig_load_array(load, size, 1);
    if (out == NULL) {
        return;
    }

    n = snprintf(out, size,
                 server->kind == FIG_ADDR_IPV6 ? "[%.*s]" : "%.*s",
                 (int) server->host.len, server->host.data);

    if (server->port != (server->https ? 443 : 80)) {
        n += snprintf(out + n, size - (size_t) n, ":%u", server->port);
    }

    server->authority = fig_str(out, (size_t) n);
}


static void
fig_decode_url(fig_load_t *load, const fig_yaml_t *node, fig_server_t *server)
{
    char         *out;
    fig_fault_t   fault;

    if (!fig_load_is_text(load, node, "servers")) {
        return;
    }

    server->pos = node->pos;

    out = fig_load_array(load, node->text.len, 1);
    if (out == NULL) {
        return;
    }

    /* the value is not repeated in the message: it may hold credentials */

    if (!fig_server_parse(node->text, out, server, &fault)) {
        fig_load_fault(load, node, "a server's URL", &fault);
        return;
    }

    server->url = fig_load_copy(load, node->text);
    fig_decode_authority(load, server);
}


static void
fig_decode_server(fig_load_t *load, const fig_yaml_t *node,
    fig_server_t *server)
{
    int64_t            weight;
    const fig_pair_t  *given[2];

    static const fig_key_t  keys[] = {
        { "url", FIG_KEY_KNOWN, NULL },
        { "weight", FIG_KEY_KNOWN, NULL },
    };

    server->weight = 1;

    if (node->kind != FIG_YAML_MAP) {
        fig_decode_url(load, node, server);
        return;
    }

    fig_load_keys(load, node, "a server", keys, FIG_NELTS(keys), given);

    if (given[0] == NULL) {
        fig_load_error(load, node->pos, "write {url: http://..., weight: 2}",
                       "a server needs \"url\"");

    } else {
        fig_decode_url(load, given[0]->value, server);
    }

    if (given[1] != NULL
        && fig_load_int(load, given[1]->value, "weight", 1, FIG_WEIGHT_MAX,
                        &weight))
    {
        server->weight = (uint16_t) weight;
    }
}


static void
fig_decode_servers(fig_load_t *load, const fig_yaml_t *node,
    fig_backend_t *backend)
{
    uint32_t  i;

    if (!fig_load_is_list(load, node, "servers",
                          "write [http://127.0.0.1:9001]"))
    {
        return;
    }

    backend->servers = fig_load_array(load, node->n, sizeof(fig_server_t));
    if (backend->servers == NULL) {
        return;
    }

    backend->nservers = node->n;

    for (i = 0; i < node->n; i++) {
        fig_decode_server(load, node->items[i], &backend->servers[i]);
    }
}


static void
fig_decode_backend_host(fig_load_t *load, const fig_yaml_t *node,
    fig_backend_t *backend)
{
    if (!fig_load_is_text(load, node, "host")) {
        return;
    }

    if (fig_str_eq(node->text, fig_str("preserve", 8))) {
        backend->host_mode = FIG_HOST_PRESERVE;

    } else if (fig_str_eq(node->text, fig_str("server", 6))) {
        backend->host_mode = FIG_HOST_SERVER;

    } else if (fig_load_host(load, node, "host", true, &backend->host)) {
        backend->host_mode = FIG_HOST_LITERAL;
    }
}


static void
fig_decode_balance(fig_load_t *load, const fig_yaml_t *node,
    fig_backend_t *backend)
{
    size_t  i;

    /* in the order of fig_policy_t */

    static const char *const  words[] = { "round_robin", "least_conn",
                                          "random" };

    if (fig_load_word(load, node, "balance", words, FIG_NELTS(words), &i)) {
        backend->balance = (fig_policy_t) i;
    }
}


static void
fig_decode_keepalive(fig_load_t *load, const fig_yaml_t *node,
    fig_backend_t *backend)
{
    int64_t            value;
    const fig_pair_t  *given[3];

    static const fig_key_t  keys[] = {
        { "connections", FIG_KEY_KNOWN, NULL },
        { "requests", FIG_KEY_KNOWN, NULL },
        { "timeout", FIG_KEY_KNOWN, NULL },
    };

    if (node->kind == FIG_YAML_TEXT) {
        if (fig_load_int(load, node, "keepalive", 0, FIG_KEEPALIVE_MAX,
                         &value))
        {
            backend->keepalive = (uint32_t) value;
        }

        return;
    }

    if (!fig_load_is_map(load, node, "keepalive",
                         "write a number, or {connections, requests, timeout}")
        || !fig_load_keys(load, node, "\"keepalive\"", keys, FIG_NELTS(keys),
                          given))
    {
        return;
    }

    if (given[0] != NULL
        && fig_load_int(load, given[0]->value, "connections", 0,
                        FIG_KEEPALIVE_MAX, &value))
    {
        backend->keepalive = (uint32_t) value;
    }

    if (given[1] != NULL
        && fig_load_int(load, given[1]->value, "requests", 1, 1000000000,
                        &value))
    {
        backend->keepalive_requests = (uint32_t) value;
    }

    if (given[2] != NULL) {
        fig_load_duration(load, given[2]->value, "timeout",
                          &backend->keepalive_timeout);
    }
}


static void
fig_decode_build(fig_load_t *load, const fig_yaml_t *node, fig_str_t *header)
{
    static const char  prefix[] = "header:";

    if (!fig_load_is_text(load, node, "version")) {
        return;
    }

    if (node->text.len < sizeof(prefix)
        || memcmp(node->text.data, prefix, sizeof(prefix) - 1) != 0)
    {
        fig_load_error(load, node->pos, "write header:X-Version",
                       "\"version\" must be the header of an answer");
        return;
    }

    fig_decode_header_name(load, node, sizeof(prefix) - 1, header);
}


/* How many requests may be there at once. */

static void
fig_decode_places(fig_load_t *load, const fig_pair_t *pair, const char *key,
    int64_t min, int32_t *places)
{
    int64_t  value;

    if (pair != NULL
        && fig_load_int(load, pair->value, key, min, FIG_PLACES_MAX, &value))
    {
        *places = (int32_t) value;
    }
}


static void
fig_decode_backend(fig_load_t *load, const fig_pair_t *pair,
    fig_backend_t *backend)
{
    char               what[FIG_QUOTED + 16], quoted[FIG_QUOTED];
    const fig_pair_t  *given[FIG_BACKEND_KEYS];

    snprintf(what, sizeof(what), "backend %s",
             fig_text_quote(pair->key->text, quoted));

    if (!fig_load_keys(load, pair->value, what, fig_backend_keys,
                       FIG_BACKEND_KEYS, given))
    {
        return;
    }

    if (given[FIG_BACKEND_SERVERS] == NULL) {
        fig_load_error(load, pair->key->pos, "add servers: [http://...]",
                       "%s has no \"servers\"", what);

    } else {
        fig_decode_servers(load, given[FIG_BACKEND_SERVERS]->value, backend);
    }

    if (given[FIG_BACKEND_HOST] != NULL) {
        fig_decode_backend_host(load, given[FIG_BACKEND_HOST]->value, backend);
    }

    if (given[FIG_BACKEND_BALANCE] != NULL) {
        fig_decode_balance(load, given[FIG_BACKEND_BALANCE]->value, backend);
    }

    if (given[FIG_BACKEND_TIMEOUTS] != NULL) {
        fig_decode_timeouts(load, given[FIG_BACKEND_TIMEOUTS]->value, false,
                            &backend->timeouts);
    }

    if (given[FIG_BACKEND_TLS] != NULL) {
        fig_decode_tls(load, given[FIG_BACKEND_TLS], backend);
    }

    if (given[FIG_BACKEND_VERSION] != NULL) {
        fig_decode_build(load, given[FIG_BACKEND_VERSION]->value,
                         &backend->version);
    }

    if (given[FIG_BACKEND_BREAKER] != NULL) {
        fig_decode_breaker(load, given[FIG_BACKEND_BREAKER]->value,
                           &backend->breaker);
    }

    if (given[FIG_BACKEND_KEEPALIVE] != NULL) {
        fig_decode_keepalive(load, given[FIG_BACKEND_KEEPALIVE]->value,
                             backend);
    }

    fig_decode_places(load, given[FIG_BACKEND_MAX_IN_FLIGHT], "max_in_flight",
                      1, &backend->max_in_flight);
    fig_decode_places(load, given[FIG_BACKEND_MAX_FALLBACKS], "max_fallbacks",
                      0, &backend->max_fallbacks);
}


void
fig_decode_backends(fig_load_t *load, const fig_yaml_t *node)
{
    bool               added;
    uint32_t           i, index;
    fig_backend_t     *backend;
    const fig_pair_t  *pair;

    if (!fig_load_is_map(load, node, "backends",
                         "write {orders: {servers: [http://...]}}"))
    {
        load->partial = true;
        return;
    }

    load->model->backends = fig_load_array(load, node->n,
                                           sizeof(fig_backend_t));
    if (load->model->backends == NULL) {
        return;
    }

    for (i = 0; i < node->n; i++) {
        pair = &node->pairs[i];
        backend = &load->model->backends[i];

        backend->name = fig_load_copy(load, pair->key->text);
        backend->pos = pair->key->pos;
        backend->index = i;
        backend->timeouts.connect = FIG_CONNECT_TIMEOUT;
        backend->timeouts.send = FIG_UNSET;
        backend->timeouts.read = FIG_UNSET;
        backend->timeouts.total = FIG_UNSET;
        backend->keepalive = FIG_KEEPALIVE;
        backend->keepalive_requests = FIG_KEEPALIVE_REQUESTS;
        backend->keepalive_timeout = FIG_KEEPALIVE_TIMEOUT;
        backend->max_in_flight = FIG_UNSET;
        backend->max_fallbacks = FIG_UNSET;
        backend->tls.verify = true;
        fig_decode_breaker_init(&backend->breaker);

        if (fig_names_add(&load->backend_names, pair->key->text, &index,
                          &added) != FIG_OK)
        {
            load->nomem = true;
            return;
        }

        load->model->nbackends = i + 1;

        fig_load_check_name(load, pair->key, "backend");
        fig_decode_backend(load, pair, backend);
    }
}
