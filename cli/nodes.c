/*
 * From --api to addresses.
 *
 *     dns+https:NAME:PORT/PATH  ->  base https://NAME:PORT/PATH/
 *                                   connect_to ::ADDRESS:PORT
 */

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "fig_text.h"
#include "nodes.h"


#define CLI_DNS_PATH  "/_strangler/"


/* The same node twice would be flipped twice. */

static void
cli_nodes_add(cli_nodes_t *nodes, char *name, char *base, char *connect_to)
{
    size_t       i;
    cli_node_t  *node;

    for (i = 0; i < nodes->n; i++) {
        node = &nodes->items[i];

        if (strcmp(node->base, base) == 0
            && (connect_to == NULL || strcmp(node->connect_to, connect_to)
                                      == 0))
        {
            free(name);
            free(base);
            free(connect_to);
            return;
        }
    }

    nodes->items = cli_grow(nodes->items, nodes->n, sizeof(cli_node_t));

    node = &nodes->items[nodes->n++];
    node->name = name;
    node->base = base;
    node->connect_to = connect_to;
}


static bool
cli_nodes_url(cli_nodes_t *nodes, fig_str_t url, char **error)
{
    char        *base, quoted[FIG_QUOTED];
    size_t       len;
    const char  *host, *at;

    static const char  http[] = "http://";

    base = cli_format("%s%.*s%s",
                      memmem(url.data, url.len, "://", 3) != NULL ? "" : http,
                      (int) url.len, url.data,
                      url.data[url.len - 1] == '/' ? "" : "/");

    host = strstr(base, "://") + 3;
    len = strcspn(host, "/");
    at = memrchr(host, '@', len);

    if ((strncmp(base, http, 7) != 0 && strncmp(base, "https://", 8) != 0)
        || len == 0 || strpbrk(base, "?# ") != NULL)
    {
        *error = cli_format("%s is no base of an admin API, such as "
                            "http://127.0.0.1/_strangler/",
                            fig_text_quote(url, quoted));
        free(base);
        return false;
    }

    if (at != NULL) {
        len -= (size_t) (at + 1 - host);
        host = at + 1;
    }

    cli_nodes_add(nodes, cli_format("%.*s", (int) len, host), base, NULL);

    return true;
}


/* Adds an address that a name has. */

static void
cli_nodes_address(cli_nodes_t *nodes, const struct addrinfo *info,
    const char *host, const char *port, const char *path, bool tls)
{
    char  text[INET6_ADDRSTRLEN + 32], *name;

    if (getnameinfo(info->ai_addr, info->ai_addrlen, text, sizeof(text), NULL,
                    0, NI_NUMERICHOST) != 0)
    {
        return;
    }

    name = (info->ai_family == AF_INET6) ? cli_format("[%s]:%s", text, port)
                                         : cli_format("%s:%s", text, port);

    if (tls) {
        cli_nodes_add(nodes, name,
                      cli_format("https://%s:%s%s", host, port, path),
                      cli_format("::%s", name));
    } else {
        cli_nodes_add(nodes, name, cli_format("http://%s%s", name, path),
                      NULL);
    }
}


/* text is NAME:PORT/PATH, of which port and path may be missing. */

static bool
cli_nodes_dns(cli_nodes_t *nodes, fig_str_t text, bool tls, char **error)
{
    int               code;
    char             *copy, *path, *host, *port;
    size_t            len;
    struct addrinfo   hints, *list, *info;

    copy = cli_format("%.*s", (int) text.len, text.data);
    len = strcspn(copy, "/");
    path = (copy[len] == '/')
           ? cli_format("%s%s", copy + len,
                        text.data[text.len - 1] == '/' ? "" : "/")
           : cli_format(CLI_DNS_PATH);
    copy[len] = '\0';

    host = copy;
    port = strrchr(copy, ':');

    if (port != NULL) {
        *port++ = '\0';
    } else {
        port = (char *) (tls ? "443" : "80");
    }

    memset(&hints, 0, sizeof(struct addrinfo));
    hints.ai_socktype = SOCK_STREAM;
    code = getaddrinfo(host, port, &hints, &list);

    if (code == 0) {
        for (info = list; info != NULL; info = info->ai_next) {
            cli_nodes_address(nodes, info, host, port, path, tls);
        }

        freeaddrinfo(list);

    } else {
        *error = cli_format("cannot resolve %s: %s", host,
                            gai_strerror(code));
    }

    free(path);
    free(copy);

    return code == 0;
}


bool
cli_nodes_init(cli_nodes_t *nodes, const char *list, char **error)
{
    bool         well;
    size_t       len;
    fig_str_t    text;
    const char  *p;

    memset(nodes, 0, sizeof(cli_nodes_t));

    for (p = list; *p != '\0'; p += len + (p[len] == ',')) {
        len = strcspn(p, ",");
        text = fig_str(p, len);

        if (len == 0) {
            continue;
        }

        if (len > 4 && memcmp(p, "dns:", 4) == 0) {
            well = cli_nodes_dns(nodes, fig_str(p + 4, len - 4), false, error);

        } else if (len > 10 && memcmp(p, "dns+https:", 10) == 0) {
            well = cli_nodes_dns(nodes, fig_str(p + 10, len - 10), true,
                                 error);

        } else {
            well = cli_nodes_url(nodes, text, error);
        }

        if (!well) {
            return false;
        }
    }

    if (nodes->n == 0) {
        *error = cli_format("--api names no node");
    }

    return nodes->n != 0;
}


void
cli_nodes_release(cli_nodes_t *nodes)
{
    size_t  i;

    for (i = 0; i < nodes->n; i++) {
        free(nodes->items[i].name);
        free(nodes->items[i].base);
        free(nodes->items[i].connect_to);
    }

    free(nodes->items);
}
