/*
 * What is wished for a route, a group or many, carried out in a plan: or why it
 * cannot be.
 *
 *     wish -> routes that it selects -> may they be so? -> moved slots
 */

#include "fig_plan.h"


bool
fig_plan_accepts(fig_plan_t *plan, const fig_route_t *route,
    fig_stage_t stage, int32_t percent)
{
    const char         *because;
    const fig_route_t  *each;

    each = (route->group != NULL) ? fig_plan_first(plan, route->group) : route;

    for ( /* void */ ; each != NULL; each = fig_plan_next(plan, each)) {

        because = fig_route_refuses(each, stage, percent);

        if (because != NULL) {
            return fig_problem(plan->problem, 422, "route \"%.*s\" cannot be "
                               "in stage %s: %s", (int) each->name.len,
                               each->name.data, fig_stage_name(stage),
                               because);
        }
    }

    return true;
}


bool
fig_plan_accepts_shadow(fig_plan_t *plan, const fig_route_t *route)
{
    const char  *because;

    because = fig_shadow_refuses(route);

    return because == NULL
           || fig_problem(plan->problem, 422, "requests of route \"%.*s\" "
                          "cannot be copied: %s", (int) route->name.len,
                          route->name.data, because);
}


/* The stage that a route will be in, once all wishes up to now are there. */

static fig_stage_t
fig_plan_stage_of(const fig_plan_t *plan, const fig_route_t *route)
{
    uint32_t      at;
    fig_effect_t  effect;

    at = (route->group != NULL) ? plan->of_group[route->group->index]
                                : plan->of_route[route->index];

    fig_slot_effect(route, at != 0 ? &plan->moved[at - 1].slot
                           : fig_slot_of(&plan->index, route), &effect);

    return (fig_stage_t) effect.setting.stage;
}


/* Why a share of copies would mean nothing; that of 0 means what it says. */

static const char *
fig_wish_copies_none(const fig_plan_t *plan, const fig_wish_t *wish,
    const fig_route_t *route)
{
    fig_stage_t  stage;

    stage = (wish->stage != FIG_STAGE_NONE) ? wish->stage
                                            : fig_plan_stage_of(plan, route);

    return (wish->shadow && wish->shadow_percent != 0
            && (stage == FIG_STAGE_LEGACY || stage == FIG_STAGE_DONE))
           ? "in its stage nothing is copied" : NULL;
}


/* The share of copies of one route. */

static bool
fig_plan_copies(fig_plan_t *plan, const fig_flip_t *flip,
    const fig_wish_t *wish, const fig_route_t *route)
{
    const char   *because;
    fig_moved_t  *moved;

    if (!fig_plan_accepts_shadow(plan, route)) {
        return false;
    }

    because = fig_wish_copies_none(plan, wish, route);

    if (because != NULL) {
        return fig_problem(plan->problem, 422, "requests of route \"%.*s\" "
                           "are not copied: %s", (int) route->name.len,
                           route->name.data, because);
    }

    moved = fig_plan_shadow(plan, route);

    if (moved == NULL) {
        return false;
    }

    if (moved->wished && moved->slot.percent != wish->shadow_percent) {
        return fig_problem(plan->problem, 422, "route \"%.*s\" is to have "
                           "two shares of copies at once",
                           (int) route->name.len, route->name.data);
    }

    fig_plan_set_shadow(moved, route, wish->shadow_percent,
                        moved->hold || flip->hold);
    moved->wished = true;

    return true;
}


/* A flip that is there can be held as it is. */

static bool
fig_plan_hold_copies(fig_plan_t *plan, const fig_route_t *route)
{
    fig_effect_t  effect;
    fig_moved_t  *moved;

    fig_slots_effect(&plan->index, route, &effect);

    if (!effect.setting.shadow_flipped) {
        return true;
    }

    moved = fig_plan_shadow(plan, route);

    if (moved != NULL) {
        fig_plan_set_shadow(moved, route, effect.setting.shadow_percent, true);
    }

    return moved != NULL;
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


/* All that is wished for one route. */

static bool
fig_plan_each(fig_plan_t *plan, const fig_flip_t *flip,
    const fig_wish_t *wish, const fig_route_t *route)
{
    bool  staged;

    staged = wish->stage != FIG_STAGE_NONE || wish->percent != FIG_UNSET;

    if ((staged || !wish->shadow)
        && !fig_plan_stage(plan, flip, wish, route))
    {
        return false;
    }

    if (wish->shadow) {
        return fig_plan_copies(plan, flip, wish, route);
    }

    return staged || fig_plan_hold_copies(plan, route);
}


/* Why one that has no old side cannot be so; NULL: it can. */

static const char *
fig_wish_skips(const fig_wish_t *wish, const fig_route_t *route)
{
    const char  *because;

    because = wish->shadow ? fig_shadow_refuses(route) : NULL;

    if (because != NULL || route->from != NULL
        || wish->stage == FIG_STAGE_NONE)
    {
        return because;
    }

    return fig_route_refuses(route, wish->stage, FIG_BUCKETS);
}


static bool
fig_plan_skip(fig_plan_t *plan, const fig_route_t *route,
    const char *because)
{
    fig_skipped_t  *skip;

    if (plan->skipped == NULL) {
        plan->skipped = fig_arena_array(plan->flipper->arena,
                                        plan->model->nroutes,
                                        sizeof(fig_skipped_t));
        if (plan->skipped == NULL) {
            return fig_problem(plan->problem, 503, "memory is out");
        }
    }

    /* of several wishes, the first has said it */

    if (plan->nskipped < plan->model->nroutes) {
        skip = &plan->skipped[plan->nskipped++];
        skip->route = route;
        skip->because = because;
    }

    return true;
}


/* The same for a group, which is asked once for each wish. */

static const char *
fig_plan_skips_group(fig_plan_t *plan, const fig_wish_t *wish,
    const fig_group_t *group)
{
    const fig_route_t  *each;

    if (plan->of_group[group->index] != 0) {
        return NULL;                   /* somebody else's wish, too */
    }

    if (plan->asked[group->index] != wish) {
        plan->asked[group->index] = wish;
        plan->skips[group->index] = false;

        each = fig_plan_first(plan, group);

        for ( /* void */ ; each != NULL; each = fig_plan_next(plan, each)) {
            if (fig_wish_skips(wish, each) != NULL) {
                plan->skips[group->index] = true;
                break;
            }
        }
    }

    return plan->skips[group->index] ? "a route of its group has no old side"
                                     : NULL;
}


/*
 * One of many.  Those that have no stage are left out; those that have no old
 * side, with the rest of their group, are left out and named: what is good for
 * the others is not to fail for them.
 */

static bool
fig_plan_one_of(fig_plan_t *plan, const fig_flip_t *flip,
    const fig_wish_t *wish, const fig_route_t *route, uint32_t *done)
{
    const char  *because;

    if (route->action != FIG_ACTION_PROXY) {
        return true;
    }

    because = fig_wish_skips(wish, route);

    if (because == NULL) {
        because = fig_wish_copies_none(plan, wish, route);
    }

    if (because == NULL && route->group != NULL) {
        because = fig_plan_skips_group(plan, wish, route->group);
    }

    if (because != NULL) {
        return fig_plan_skip(plan, route, because);
    }

    (*done)++;

    return fig_plan_each(plan, flip, wish, route);
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
    uint32_t            i, n, done;
    const fig_route_t  *route;

    n = done = 0;

    for (i = 0; i < plan->model->nroutes; i++) {
        route = &plan->model->routes[i];

        if (!fig_wish_selects(wish, route)) {
            continue;
        }

        n++;

        if (!fig_plan_one_of(plan, flip, wish, route, &done)) {
            return false;
        }
    }

    if (n == 0 && wish->kind != FIG_WISH_ALL) {
        return fig_problem(plan->problem, 404, "no route has %s \"%.*s\"",
                           wish->kind == FIG_WISH_TARGET ? "backend"
                                                         : "capability",
                           (int) wish->name.len, wish->name.data);
    }

    if (done == 0) {
        return fig_problem(plan->problem, 422, "no route of these can be so");
    }

    return true;
}


/* Of a group, any route stands for all. */

static const fig_route_t *
fig_plan_find(fig_plan_t *plan, const fig_wish_t *wish)
{
    const fig_route_t    *route;
    const fig_ruleset_t  *ruleset;

    ruleset = plan->flipper->ruleset;

    route = (wish->kind == FIG_WISH_ROUTE)
            ? fig_ruleset_find_route(ruleset, wish->name)
            : fig_plan_first(plan, fig_ruleset_find_group(ruleset,
                                                          wish->name));
    if (route == NULL) {
        (void) fig_problem(plan->problem, 404, "there is no %s \"%.*s\"",
                           wish->kind == FIG_WISH_ROUTE ? "route"
                                                        : "group of routes",
                           (int) wish->name.len, wish->name.data);
    }

    return route;
}


bool
fig_plan_wish(fig_plan_t *plan, const fig_flip_t *flip,
    const fig_wish_t *wish)
{
    const fig_route_t  *route;

    switch (wish->kind) {

    case FIG_WISH_ROUTE:
        route = fig_plan_find(plan, wish);

        return route != NULL && fig_plan_each(plan, flip, wish, route);

    case FIG_WISH_GROUP:
        route = fig_plan_find(plan, wish);

        if (route == NULL) {
            return false;
        }

        for ( /* void */ ; route != NULL; route = fig_plan_next(plan, route)) {
            if (!fig_plan_each(plan, flip, wish, route)) {
                return false;
            }
        }

        return true;

    case FIG_WISH_DRAIN:
        return fig_plan_drain(plan, wish);

    default:
        return fig_plan_many(plan, flip, wish);
    }
}
