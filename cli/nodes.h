/*
 * Nodes: the routers that --api, or STRANGLER_API, names.
 *
 *     http://127.0.0.1/_strangler/       one; the location's base
 *     http://a/_s/,http://b/_s/          several
 *     dns:router.internal:8080/_s/       every address of a name
 *     dns+https:router.internal/_s/      the same with TLS for that name
 *
 * A node of dns: is addressed as an IP address, which no router takes for the
 * host of somebody else's page; with TLS by its name, which is what the
 * certificate has.
 */

#ifndef NODES_H
#define NODES_H

#include "args.h"


typedef struct {
    char       *name;                  /* host:port, for people */
    char       *base;                  /* URL, ends in a slash */
    char       *connect_to;            /* for libcurl; NULL: as base says */
} cli_node_t;


typedef struct {
    size_t       n;
    cli_node_t  *items;
} cli_nodes_t;


/*
 * Takes a list apart and resolves names.  False: *error says what is wrong,
 * to be freed.  Release it always.
 */
bool cli_nodes_init(cli_nodes_t *nodes, const char *list, char **error);
void cli_nodes_release(cli_nodes_t *nodes);


#endif /* NODES_H */
