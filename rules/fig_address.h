/*
 * Hosts, ports, servers and networks, from text.
 *
 *     server      https://orders-2.internal:9443    http://unix:/run/o.sock
 *     authority           orders-2.internal:9443    [::1]:80
 *     host name           orders-2.internal
 *     network     10.0.0.0/8   ::1
 *
 * Nothing is resolved and nothing is allocated: where a result needs bytes of
 * its own (lower-case), the caller gives the room.  Private to rules/.
 */

#ifndef FIG_ADDRESS_H
#define FIG_ADDRESS_H

#include "fig_scalar.h"


typedef struct {
    fig_str_t         host;            /* in out; IPv6 without brackets */
    fig_addr_kind_t   kind;            /* never FIG_ADDR_UNIX */
    bool              has_port;
    uint16_t          port;
} fig_authority_t;


/* Length of the longest socket path that the system takes, without NUL. */
#define FIG_UNIX_PATH_MAX  107


/*
 * A host with an optional port.  A final dot is dropped.  out has room for
 * text.len bytes.
 */
bool fig_authority_parse(fig_str_t text, char *out, fig_authority_t *authority,
    fig_fault_t *fault);

/*
 * A server's URL.  Sets all of *server but pos, url, weight and authority (of
 * which it has no room); host is in out, which has room for text.len bytes.
 */
bool fig_server_parse(fig_str_t text, char *out, fig_server_t *server,
    fig_fault_t *fault);

/*
 * What a `match` may name: a host name, an address, or `*.` and a host name.
 * out has room for text.len bytes; *hostname's strings point there.
 */
bool fig_hostname_parse(fig_str_t text, char *out, fig_hostname_t *hostname,
    fig_fault_t *fault);

/* An IPv4 or IPv6 address; mapped IPv6 becomes IPv4. */
bool fig_addr_parse(fig_str_t text, fig_addr_t *addr, fig_fault_t *fault);

/* An address with an optional prefix length and no bits beyond it. */
bool fig_cidr_parse(fig_str_t text, fig_cidr_t *cidr, fig_fault_t *fault);


#endif /* FIG_ADDRESS_H */
