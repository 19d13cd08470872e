/*
 * A request that somebody asks about, as the rules see it.
 *
 *     method GET, url https://Shop.test:8443/a/./b?q=1, headers, client
 *       -> host shop.test, path /a/b, query q=1
 *
 * What nginx would answer with 400 is refused here, too.
 */

#ifndef FIG_ASK_H
#define FIG_ASK_H

#include "fig_arena.h"
#include "fig_rules.h"


typedef struct {
    fig_str_t            method;
    fig_str_t            url;          /* or a path with its query */
    fig_str_t            client;       /* address; len 0: not known */
    const fig_header_t  *headers;      /* Host counts where url has none */
    size_t               nheaders;
} fig_ask_t;


/* An IPv4 or IPv6 address; mapped IPv6 becomes IPv4. */
bool fig_ask_addr(fig_str_t text, fig_addr_t *addr);

/*
 * Takes a URL apart: target is what follows the authority, without a fragment.
 * host is as written, with its port, and empty where url is a path.
 */
bool fig_url_split(fig_str_t url, fig_str_t *host, fig_str_t *target);

/* The path of a target, "/" where there is none, and its query. */
fig_str_t fig_target_split(fig_str_t target, fig_str_t *query);

/*
 * Copies host in the form of the rules: lower-case, no port, no final dot.
 * out has room for host.len bytes; returns the length.
 */
size_t fig_host_normalize(fig_str_t host, char *out);

/*
 * The request lives in arena and borrows what ask points to.  FIG_INVALID:
 * *why says what is wrong, a static text.
 */
fig_status_t fig_ask_request(const fig_ask_t *ask, fig_arena_t *arena,
    fig_request_t *request, const char **why);


#endif /* FIG_ASK_H */
