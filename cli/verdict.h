/*
 * What rules make of a logged request, as far as a log can tell.
 *
 *     request -> route, place       place: a backend, an answer, or unknown
 *
 * A log lacks what many splits stick to.  Where the bucket follows from what
 * is logged (client, query, user-agent, referer) the place is that of the very
 * client; elsewhere it is CLI_SPLIT or CLI_WEIGHTS, and the route says how
 * large the share of each backend is: see shares.h.
 */

#ifndef VERDICT_H
#define VERDICT_H

#include "cli.h"
#include "fig_rules.h"


/* Places that the log does not tell: either side; one of the new side's. */

#define CLI_SPLIT    UINT32_MAX
#define CLI_WEIGHTS  (UINT32_MAX - 1)


/* Where requests go, by number: the same name has one number in all rules. */

typedef struct {
    char       *name;                  /* "orders", "respond 410" */
    bool        is_backend;
    int         status;                /* 0: a backend's */
} cli_place_t;


typedef struct {
    size_t        n;
    cli_place_t  *items;
} cli_places_t;


typedef struct {
    uint32_t      route;               /* 0: none; else its index + 1 */
    uint32_t      place;
} cli_verdict_t;


/* A rule set that judges. */

typedef struct {
    const fig_ruleset_t  *ruleset;
    const fig_model_t    *model;
    fig_scratch_t        *scratch;
    uint32_t             *backends;    /* places, by index */
    uint32_t             *answers;     /* places, by index of the route */
    uint32_t             *known;       /* how many entries of `by`, from the
                                          first, a log can tell; by route */
    bool                 *sticks;      /* the client's address is among them */
    uint32_t              not_found;   /* places */
    uint32_t              refused;

    bool                  by_host;     /* it looks at the host */
    bool                  by_cookie;   /* at what is not in a log */
    bool                  by_header;
} cli_judge_t;


void cli_judge_init(cli_judge_t *judge, const fig_ruleset_t *ruleset,
    cli_places_t *places);
void cli_judge_release(cli_judge_t *judge);

cli_verdict_t cli_judge_request(cli_judge_t *judge, fig_request_t *request);

/* The route behind a verdict; NULL: none. */
const fig_route_t *cli_judge_route(const cli_judge_t *judge,
    cli_verdict_t verdict);

void cli_places_release(cli_places_t *places);


#endif /* VERDICT_H */
