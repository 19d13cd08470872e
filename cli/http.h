/*
 * Calls over HTTP, all nodes at once, with libcurl behind it.
 *
 *     calls[] --> one connection for each node, kept for the next calls
 *             <-- status, document or error
 *
 * It knows JSON and problem documents (RFC 9457), and nothing of what is in
 * them.
 */

#ifndef HTTP_H
#define HTTP_H

#include "json.h"
#include "nodes.h"


typedef struct {
    const char     *unix_socket;       /* NULL: none; so the next ones */
    const char     *user;              /* name:password */
    const char     *cacert;
    const char     *cert;
    const char     *key;
    int64_t         timeout;           /* ms */
} cli_http_options_t;


typedef struct {
    const cli_node_t  *node;
    const char        *method;
    char              *path;           /* below the base; owned */
    const char        *body;           /* NULL: none */

    long               status;         /* 0: no answer */
    json_t            *document;       /* of a 2xx; owned */
    char              *error;          /* one line; NULL: all is well; owned */
    bool               refused;        /* the API said no: a problem document */
} cli_call_t;


typedef struct cli_http_s  cli_http_t;


/* nodes and options must outlive it. */
cli_http_t *cli_http_create(const cli_nodes_t *nodes,
    const cli_http_options_t *options);
void cli_http_destroy(cli_http_t *http);

/* Makes the calls, each to another node; returns when all have ended. */
void cli_http_run(cli_http_t *http, cli_call_t *calls, size_t n);

void cli_call_release(cli_call_t *call);

/* Percent-encoded for a path segment or a query; to be freed. */
char *cli_http_escape(const char *text);


#endif /* HTTP_H */
