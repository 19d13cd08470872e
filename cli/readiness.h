/*
 * Whether routes are ready to flip, as every node says of itself.
 *
 *     v1/routes/NAME of each node -> "readiness" -> ready, or why not
 */

#ifndef READINESS_H
#define READINESS_H

#include "api.h"
#include "term.h"


/* "ready", "not ready", "gathering"; "unknown" where a route has none. */
const char *cli_readiness_verdict(const json_t *route);
bool cli_readiness_is_ready(const json_t *route);
cli_style_t cli_readiness_style(const json_t *route);

/* Why, in one line: a new text, not yet fit to be shown. */
char *cli_readiness_why(const json_t *route);

/* v1/routes/NAME; to be freed. */
char *cli_route_path(const char *name);


#endif /* READINESS_H */
