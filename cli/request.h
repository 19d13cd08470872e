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
