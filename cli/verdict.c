/*
 * Matching and deciding, and what of a decision a log does not support.
 *
 * All that depends on the route alone is found out once, before the first
 * line is read.
 */

#include "verdict.h"


static uint32_t
cli_place(cli_places_t *places, bool is_backend, int status,
    fig_str_t name)
{
    size_t        i;
    cli_place_t  *place;

    for (i = 0; i < places->n; i++) {
        place = &places->items[i];

        if (place->is_backend == is_backend && place->status == status
            && fig_str_eq(fig_str_from(place->name), name))
        {
            return (uint32_t) i;
        }
    }

    places->items = cli_grow(places->items, places->n, sizeof(cli_place_t));

    place = &places->items[places->n++];
    place->name = cli_format("%.*s", (int) name.len, name.data);
    place->is_backend = is_backend;
    place->status = status;

    return (uint32_t) i;
}


static uint32_t
cli_place_answer(cli_places_t *places, const char *what, int status)
{
    int   n;
    char  name[64];

    n = snprintf(name, sizeof(name), "%s %d", what, status);

    return cli_place(places, false, status, fig_str(name, (size_t) n));
}


void
cli_places_release(cli_places_t *places)
{
    size_t  i;

    for (i = 0; i < places->n; i++) {
        free(places->items[i].name);
    }

    free(places->items);
}


/* Header fields that the combined format has. */

static bool
cli_judge_is_logged(fig_str_t header)
{
    return fig_str_eq(header, fig_str("user-agent", 10))
           || fig_str_eq(header, fig_str("referer", 7));
}


static uint32_t
cli_judge_known(const fig_route_t *route, bool *sticks)
{
    uint32_t         i;
    const fig_by_t  *by;

    *sticks = false;

    for (i = 0; i < route->nby; i++) {
        by = &route->by[i];

        if (by->kind == FIG_BY_CLIENT) {
            *sticks = true;

        } else if (by->kind != FIG_BY_QUERY
                   && (by->kind != FIG_BY_HEADER
                       || !cli_judge_is_logged(by->name)))
        {
            break;
        }
    }

    return i;
}


static void
cli_judge_sets(cli_judge_t *judge, const fig_set_t *sets, uint32_t n)
{
    uint32_t          i, k;
    const fig_set_t  *set;

    for (i = 0; i < n; i++) {
        set = &sets[i];

        judge->by_host = judge->by_host || set->nhosts != 0;
        judge->by_cookie = judge->by_cookie || set->ncookies != 0;

        for (k = 0; k < set->nheaders; k++) {
            judge->by_header = judge->by_header
                               || !cli_judge_is_logged(set->headers[k].name);
        }
    }
}


static void
cli_judge_route_init(cli_judge_t *judge, const fig_route_t *route,
    cli_places_t *places)
{
    uint32_t  i;

    i = route->index;
    judge->known[i] = cli_judge_known(route, &judge->sticks[i]);

    if (route->action == FIG_ACTION_REDIRECT) {
        judge->answers[i] = cli_place_answer(places, "redirect",
                                             route->redirect.status);

    } else if (route->action == FIG_ACTION_RESPOND) {
        judge->answers[i] = cli_place_answer(places, "respond",
                                             route->respond.status);
    }

    cli_judge_sets(judge, route->sets, route->nsets);
    cli_judge_sets(judge, route->force_new, route->nforce_new);
    cli_judge_sets(judge, route->force_old, route->nforce_old);
}


void
cli_judge_init(cli_judge_t *judge, const fig_ruleset_t *ruleset,
    cli_places_t *places)
{
    uint32_t            i;
    const fig_model_t  *model;

    memset(judge, 0, sizeof(cli_judge_t));

    model = fig_ruleset_model(ruleset);
    judge->ruleset = ruleset;
    judge->model = model;
    judge->scratch = fig_scratch_create();

    if (judge->scratch == NULL) {
        exit(cli_error("out of memory"));
    }

    judge->backends = cli_alloc(model->nbackends, sizeof(uint32_t));
    judge->answers = cli_alloc(model->nroutes, sizeof(uint32_t));
    judge->known = cli_alloc(model->nroutes, sizeof(uint32_t));
    judge->sticks = cli_alloc(model->nroutes, sizeof(bool));

    for (i = 0; i < model->nbackends; i++) {
        judge->backends[i] = cli_place(places, true, 0,
                                       model->backends[i].name);
    }

    for (i = 0; i < model->nroutes; i++) {
        cli_judge_route_init(judge, &model->routes[i], places);
    }

    judge->not_found = cli_place_answer(places, "not found", 404);
    judge->refused = cli_place_answer(places, "bad request", 400);
}


void
cli_judge_release(cli_judge_t *judge)
{
    fig_scratch_destroy(judge->scratch);
    free(judge->backends);
    free(judge->answers);
    free(judge->known);
    free(judge->sticks);
}


/* Whether the log has what the request's bucket was made from. */

static bool
cli_judge_knows(const cli_judge_t *judge, const fig_decision_t *decision)
{
    uint32_t            known;
    const fig_route_t  *route;

    route = decision->route;
    known = judge->known[route->index];

    if (decision->by == NULL) {
        return known == route->nby;
    }

    return (size_t) (decision->by - route->by) < known;
}


/* A decision does not tell what its choice of a weighted target sticks to. */

static bool
cli_judge_knows_target(const cli_judge_t *judge,
    const fig_decision_t *decision, const fig_request_t *request)
{
    const fig_route_t  *route;

    route = decision->route;

    if (decision->side != FIG_SIDE_NEW || route->ntargets == 1) {
        return true;
    }

    return (decision->why == FIG_WHY_SPLIT && decision->by != NULL)
           || (judge->sticks[route->index] && request->client.family != 0);
}


cli_verdict_t
cli_judge_request(cli_judge_t *judge, fig_request_t *request)
{
    fig_match_t     match;
    cli_verdict_t   verdict;
    fig_decision_t  decision;

    fig_match(judge->ruleset, request, judge->scratch, &match);
    fig_decide(judge->ruleset, request, &match, judge->scratch, NULL,
               &decision);

    if (decision.route == NULL) {
        verdict.route = 0;
        verdict.place = (decision.backend != NULL)
                        ? judge->backends[decision.backend->index]
                        : judge->not_found;
        return verdict;
    }

    verdict.route = decision.route->index + 1;

    if (decision.backend == NULL) {
        verdict.place = judge->answers[decision.route->index];

    } else if (decision.why == FIG_WHY_SPLIT
               && !cli_judge_knows(judge, &decision))
    {
        verdict.place = CLI_SPLIT;

    } else if (!cli_judge_knows_target(judge, &decision, request)) {
        verdict.place = CLI_WEIGHTS;

    } else {
        verdict.place = judge->backends[decision.backend->index];
    }

    return verdict;
}


const fig_route_t *
cli_judge_route(const cli_judge_t *judge, cli_verdict_t verdict)
{
    return (verdict.route != 0) ? &judge->model->routes[verdict.route - 1]
                                : NULL;
}
