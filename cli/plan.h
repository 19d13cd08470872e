/*
 * Which routes a flip would change, from what a router answers: for --dry-run
 * and before a question is asked.
 *
 * The router decides; this is what it is expected to do.
 */

#ifndef PLAN_H
#define PLAN_H

#include "api.h"


typedef struct {
    cli_list_t    routes;
    cli_list_t    groups;
    cli_list_t    capabilities;
    cli_list_t    backends;
    bool          all;
    const char   *stage;               /* NULL: as it is; so the next two */
    const char   *percent;             /* without % */
    const char   *shadow;              /* the share of copies */
} cli_plan_t;


/* Whether more than routes by name are meant. */
bool cli_plan_is_wide(const cli_plan_t *plan);

/*
 * Routes that would change, as they are now: a new list.  NULL: *exit is set,
 * something was said, as there is no such route.
 */
json_t *cli_plan_make(cli_api_t *api, const cli_plan_t *plan,
    cli_exit_t *exit);

/* A table of them: what is, and what would be. */
void cli_plan_print(const cli_plan_t *plan, const json_t *routes);

/* What a route is, and would be: "ramp 25%, copies 5%"; to be freed. */
char *cli_plan_now(const cli_plan_t *plan, const json_t *route);
char *cli_plan_stage(const cli_plan_t *plan, const json_t *route);


#endif /* PLAN_H */
