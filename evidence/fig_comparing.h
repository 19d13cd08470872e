/*
 * What the rules say about comparing, made ready: a comparer a route.
 *
 *     files -> rule set -> fig_comparing_t -> fig_comparer_t of a route
 *                                          -> the key of its evidence
 *
 * The key is the same for the same rules on every machine; the stage, a
 * percent, a note or another route do not change it, what is compared does.
 * Read-only once made, for any number of threads.
 */

#ifndef FIG_COMPARING_H
#define FIG_COMPARING_H

#include "fig_compare.h"
#include "fig_ready.h"
#include "fig_rules.h"


typedef struct fig_comparing_s  fig_comparing_t;


/* What fig_ruleset_create_checked() needs to judge `compare`. */
extern const fig_rules_checks_t  fig_comparing_checks;

/*
 * Rules as everybody loads them: fig_ruleset_create_checked() and, unless
 * comparing is NULL, fig_comparing_create().  FIG_INVALID: diags has an error,
 * and both are NULL.
 */
fig_status_t fig_comparing_load(const fig_files_t *files,
    fig_ruleset_t **ruleset, fig_comparing_t **comparing, fig_diags_t *diags);

/*
 * The comparers of all proxied routes; those without `compare` share one.  The
 * rule set must outlive them.  FIG_INVALID: diags says what is wrong, without
 * the line unless its source is set.  Free with fig_comparing_destroy() (NULL
 * is allowed).
 */
fig_status_t fig_comparing_create(const fig_ruleset_t *ruleset,
    fig_comparing_t **comparing, fig_diags_t *diags);
void fig_comparing_destroy(fig_comparing_t *comparing);

/* NULL: `compare: none`, or a route that redirects or responds. */
const fig_comparer_t *fig_comparing_of(const fig_comparing_t *comparing,
    const fig_route_t *route);

/*
 * hash(match, rewrite, headers, backends, compare), where a backend is its
 * servers, host, TLS and version, and headers also what a copy is stripped of.
 */
uint64_t fig_comparing_key(const fig_comparing_t *comparing,
    const fig_route_t *route);

/* When there is evidence enough for it, as the route's `compare` says. */
fig_ready_limits_t fig_comparing_limits(const fig_route_t *route);

/* fig_answers_t.match_data: one a thread; NULL when memory is out. */
void *fig_comparing_match_data_create(void);
void fig_comparing_match_data_destroy(void *match_data);


#endif /* FIG_COMPARING_H */
