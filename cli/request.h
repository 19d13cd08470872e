/*
 * A request as the rules see it, from what people write.
 *
 *     GET https://Shop.test:8443/a/./b?q=1  -H 'Cookie: uid=7'  --client ::1
 *       method GET, host shop.test, path /a/b, query q=1, one header, client
 */

#ifndef REQUEST_H
#define REQUEST_H

#include "args.h"
#include "fig_rules.h"


typedef struct {
    fig_request_t    view;
    fig_match_t      match;
    fig_decision_t   decision;
    char            *path;             /* what view points to */
    char            *host;
    fig_header_t    *headers;
    bool             refused;          /* nginx answers 400 */
} cli_request_t;


/* An IPv4 or IPv6 address; mapped IPv6 becomes IPv4. */
bool cli_addr_parse(const char *text, fig_addr_t *addr);

/*
 * Takes a URL apart: target is what follows the authority, without a fragment.
 * host is as written, with its port, and empty where url is a path.
 */
bool cli_url_split(fig_str_t url, fig_str_t *host, fig_str_t *target);

/* The path of a target, "/" where there is none, and its query. */
fig_str_t cli_target_path(fig_str_t target, fig_str_t *query);

/*
 * Copies host in the form of the rules: lower-case, no port, no final dot.
 * out has room for host.len bytes; returns the length.
 */
size_t cli_host_normalize(fig_str_t host, char *out);

/*
 * headers are lines "Name: value", of which Host is the host unless url has
 * one; client may be NULL.  False: *exit is set, something was said.  Release
 * it always.
 */
bool cli_request_init(cli_request_t *request, const char *command,
    const char *method, const char *url, const cli_list_t *headers,
    const char *client, cli_exit_t *exit);
void cli_request_release(cli_request_t *request);

/* Matches and decides, unless it is refused. */
void cli_request_decide(cli_request_t *request, const fig_ruleset_t *ruleset,
    fig_scratch_t *scratch);


#endif /* REQUEST_H */
