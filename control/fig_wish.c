/*
 * What is wished for a route, a group or many, carried out in a plan: or why it
 * cannot be.
 *
 *     wish -> routes that it selects -> may they be so? -> moved slots
 */

#include "fig_plan.h"


/* Whether every route that listens to a slot can be so. */

static bool
fig_plan_accepts(fig_plan_t *plan, const fig_route_t *route,
    fig_stage_t stage, int32_t percent)
{
    uint32_t            i;
    const char         *because;
    const fig_route_t  *each;

    for (i = 0; i < plan->model->nroutes; i++) {
        each = (route->group != NULL) ? &plan->model->routes[i] : route;

        if (each->group != route->group) {
            continue;
        }

        because = fig_route_refuses(each, stage, percent);

        if (because != NULL) {
            return fig_problem(plan->problem, 422, "route \"%.*s\" cannot be "
                               "in stage %s: %s", (int) each->name.len,
                               each->name.data, fig_stage_name(stage),
                               because);
        }

        if (route->group == NULL) {
            break;
        }
    }

    return true;
}


static bool
fig_plan_stage(fig_plan_t *plan, const fig_flip_t *flip,
    const fig_wish_t *wish, const fig_route_t *route)
{
    int32_t        percent;
    fig_stage_t    stage;
    fig_moved_t   *moved;

    moved = fig_plan_route(plan, route);

    if (moved == NULL) {
        return false;
    }

    stage = (wish->stage != FIG_STAGE_NONE) ? wish->stage
                                            : (fig_stage_t) moved->stage;
    percent = (wish->percent != FIG_UNSET) ? wish->percent : moved->percent;

    if (wish->percent != FIG_UNSET && stage != FIG_STAGE_RAMP) {
        return fig_problem(plan->problem, 422, "route \"%.*s\" is in stage %s, "
                           "and a percent is for stage ramp",
                           (int) route->name.len, route->name.data,
                           fig_stage_name(stage));
    }

    /* a group of many is asked once, and none twice for the same */

    if (!moved->wished && !fig_plan_accepts(plan, route, stage, percent)) {
        return false;
    }

    if (moved->wished && (moved->slot.stage != stage
                          || moved->slot.percent != percent))
    {
        return fig_problem(plan->problem, 422, "route \"%.*s\" is to be two "
                           "things at once", (int) route->name.len,
                           route->name.data);
    }

    fig_plan_set(moved, route, stage, percent, moved->hold || flip->hold);
    moved->wished = true;

    return true;
}


/* Of many, those that have no stage or no old side are left out, and named. */

static bool
fig_plan_skip(fig_plan_t *plan, const fig_wish_t *wish,
    const fig_route_t *route, bool *skipped)
{
    const char     *because;
    fig_skipped_t  *skip;

    *skipped = false;

    if (route->action != FIG_ACTION_PROXY) {
        *skipped = true;
        return true;
    }

    if (route->from != NULL || wish->stage == FIG_STAGE_NONE) {
        return true;
    }

    because = fig_route_refuses(route, wish->stage, FIG_BUCKETS);

    if (because == NULL) {
        return true;
    }

    if (plan->skipped == NULL) {
        plan->skipped = fig_arena_array(plan->flipper->arena,
                                        plan->model->nroutes,
                                        sizeof(fig_skipped_t));
        if (plan->skipped == NULL) {
            return fig_problem(plan->problem, 503, "memory is out");
        }
    }

    skip = &plan->skipped[plan->nskipped++];
    skip->route = route;
    skip->because = because;
    *skipped = true;

    return true;
}


static bool
fig_wish_selects(const fig_wish_t *wish, const fig_route_t *route)
{
    uint32_t  i;

    switch (wish->kind) {

    case FIG_WISH_ALL:
        return true;

    case FIG_WISH_CAPABILITY:
        return route->capability.len != 0
               && fig_str_eq(route->capability, wish->name);

    case FIG_WISH_GROUP:
        return route->group != NULL
               && fig_str_eq(route->group->name, wish->name);

    default: /* FIG_WISH_TARGET */
        for (i = 0; i < route->ntargets; i++) {
            if (fig_str_eq(route->targets[i].backend->name, wish->name)) {
                return true;
            }
        }

        return false;
    }
}


static bool
fig_plan_many(fig_plan_t *plan, const fig_flip_t *flip,
    const fig_wish_t *wish)
{
    bool                skipped;
    uint32_t            i, n, done;
    const fig_route_t  *route;

    static const char *const  whats[] = {
        "route", "group", "capability", "backend", "", "backend"
    };

    n = done = 0;

    for (i = 0; i < plan->model->nroutes; i++) {
        route = &plan->model->routes[i];

        if (!fig_wish_selects(wish, route)) {
            continue;
        }

        n++;

        if (wish->kind != FIG_WISH_GROUP) {
            if (!fig_plan_skip(plan, wish, route, &skipped)) {
                return false;
            }

            if (skipped) {
                continue;
            }
        }

        done++;

        if (!fig_plan_stage(plan, flip, wish, route)) {
            return false;
        }
    }

    if (n == 0 && wish->kind != FIG_WISH_ALL) {
        return fig_problem(plan->problem, 404, "no route has %s \"%.*s\"",
                           whats[wish->kind], (int) wish->name.len,
                           wish->name.data);
    }

    if (done == 0) {
        return fig_problem(plan->problem, 422, "no route can be in stage %s",
                           fig_stage_name(wish->stage));
    }

    return true;
}


bool
fig_plan_wish(fig_plan_t *plan, const fig_flip_t *flip,
    const fig_wish_t *wish)
{
    const fig_route_t  *route;

    switch (wish->kind) {

    case FIG_WISH_ROUTE:
        route = fig_ruleset_find_route(plan->flipper->ruleset, wish->name);

        if (route == NULL) {
            return fig_problem(plan->problem, 404, "there is no route "
                               "\"%.*s\"", (int) wish->name.len,
                               wish->name.data);
        }

        return fig_plan_stage(plan, flip, wish, route);

    case FIG_WISH_DRAIN:
        return fig_plan_drain(plan, wish);

    default:
        return fig_plan_many(plan, flip, wish);
    }
}
