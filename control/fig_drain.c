/*
 * Draining: whether everybody whom a backend serves has another place.
 *
 *     new side   another target of `to` that is not drained, or the fallback
 *     old side   has none: its routes are to be flipped first
 *     default    has none
 */

#include "fig_plan.h"


static bool
fig_is_drained(const fig_plan_t *plan, const fig_backend_t *backend)
{
    const fig_slot_t  *slot;

    slot = fig_slot_find(&plan->index, FIG_SLOT_BACKEND, backend->name);

    return slot != NULL && (slot->flags & FIG_SLOT_DRAIN);
}


/* Whether the new side of a route goes on without this target. */

static bool
fig_new_side_has_other(const fig_plan_t *plan, const fig_route_t *route,
    fig_stage_t stage, const fig_backend_t *backend)
{
    uint32_t                i;
    const fig_target_t     *target;
    const fig_fallback_t   *fallback;

    for (i = 0; i < route->ntargets; i++) {
        target = &route->targets[i];

        if (target->backend != backend && target->weight != 0
            && !fig_is_drained(plan, target->backend))
        {
            return true;
        }
    }

    fallback = &route->fallback;

    return stage != FIG_STAGE_DONE && !fallback->none && fallback->to != NULL
           && fallback->to != backend
           && (route->data != FIG_DATA_NEW || fallback->stale)
           && !fig_is_drained(plan, fallback->to);
}


static bool
fig_route_uses(const fig_route_t *route, const fig_backend_t *backend)
{
    uint32_t  i;

    for (i = 0; i < route->ntargets; i++) {
        if (route->targets[i].backend == backend
            && route->targets[i].weight != 0)
        {
            return true;
        }
    }

    return false;
}


/* Why a route needs it; NULL: it does not. */

static const char *
fig_route_needs(const fig_plan_t *plan, const fig_route_t *route,
    const fig_backend_t *backend)
{
    int32_t       share;
    fig_stage_t   stage;
    fig_effect_t  effect;

    if (route->action != FIG_ACTION_PROXY) {
        return NULL;
    }

    fig_slot_effect(route, fig_slot_of(&plan->index, route), &effect);
    stage = (fig_stage_t) effect.setting.stage;
    share = fig_setting_share(stage, effect.setting.percent);

    if (route->from == backend && share < FIG_BUCKETS) {
        return "its old side is that backend";
    }

    if (share > 0 && fig_route_uses(route, backend)
        && !fig_new_side_has_other(plan, route, stage, backend))
    {
        return "there is no other backend of its new side, and no fallback";
    }

    return NULL;
}


bool
fig_plan_may_drain(fig_plan_t *plan, const fig_backend_t *backend)
{
    uint32_t            i;
    const char         *because;
    const fig_route_t  *route;

    if (backend == plan->model->fallthrough) {
        return fig_problem(plan->problem, 422, "backend \"%.*s\" is the "
                           "default and cannot be drained",
                           (int) backend->name.len, backend->name.data);
    }

    for (i = 0; i < plan->model->nroutes; i++) {
        route = &plan->model->routes[i];
        because = fig_route_needs(plan, route, backend);

        if (because != NULL) {
            return fig_problem(plan->problem, 422, "backend \"%.*s\" cannot be "
                               "drained, route \"%.*s\" needs it: %s",
                               (int) backend->name.len, backend->name.data,
                               (int) route->name.len, route->name.data,
                               because);
        }
    }

    return true;
}


bool
fig_plan_drain(fig_plan_t *plan, const fig_wish_t *wish)
{
    fig_moved_t          *moved;
    const fig_backend_t  *backend;

    backend = fig_ruleset_find_backend(plan->flipper->ruleset, wish->name);

    if (backend == NULL) {
        return fig_problem(plan->problem, 404, "there is no backend \"%.*s\"",
                           (int) wish->name.len, wish->name.data);
    }

    if (wish->drain && !fig_plan_may_drain(plan, backend)) {
        return false;
    }

    moved = fig_plan_backend(plan, backend);

    if (moved == NULL) {
        return false;
    }

    moved->slot.flags = wish->drain ? FIG_SLOT_DRAIN : 0;

    return true;
}
