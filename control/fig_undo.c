/*
 * Going back: to what was in force before an entry of the journal, as far as
 * the rules of today allow it.
 *
 * Only what nobody has changed since: an entry knows its slots by their number.
 */

#include "fig_plan.h"


const fig_slot_t *
fig_plan_slot_now(const fig_plan_t *plan, const fig_moved_t *then)
{
    return fig_slot_find(&plan->index, (fig_slot_kind_t) then->slot.kind,
                         fig_slot_name(&then->slot));
}


/* Moves a slot back to what was in force before an entry. */

bool
fig_plan_restore(fig_plan_t *plan, const fig_moved_t *then)
{
    fig_moved_t          *moved;
    const fig_route_t    *route;
    const fig_backend_t  *backend;

    if (then->slot.kind == FIG_SLOT_BACKEND) {
        backend = fig_ruleset_find_backend(plan->flipper->ruleset,
                                           fig_slot_name(&then->slot));
        if (backend == NULL) {
            return true;
        }

        moved = fig_plan_backend(plan, backend);

        if (moved != NULL) {
            moved->slot.flags = then->drain ? FIG_SLOT_DRAIN : 0;
        }

        return moved != NULL;
    }

    route = fig_plan_route_of(plan, then);

    if (route == NULL) {
        return true;
    }

    moved = fig_plan_route(plan, route);

    if (moved == NULL) {
        return false;
    }

    if (fig_route_refuses(route, (fig_stage_t) then->stage, then->percent)
        != NULL)
    {
        return fig_problem(plan->problem, 422, "route \"%.*s\" cannot be in "
                           "stage %s any more: %s", (int) route->name.len,
                           route->name.data,
                           fig_stage_name((fig_stage_t) then->stage),
                           fig_route_refuses(route, (fig_stage_t) then->stage,
                                             then->percent));
    }

    fig_plan_set(moved, route, (fig_stage_t) then->stage, then->percent,
                 then->hold);

    return true;
}


bool
fig_plan_undo(fig_plan_t *plan, const fig_flip_t *flip)
{
    uint32_t           i;
    fig_entry_t        entry;
    fig_status_t       status;
    const fig_slot_t  *slot;

    status = fig_store_find(plan->flipper->store, flip->of,
                            plan->flipper->arena, &entry);

    if (status == FIG_NOMEM) {
        return fig_plan_nomem(plan->problem);
    }

    if (status != FIG_OK) {
        return fig_problem(plan->problem, 404, "the history has no entry %llu",
                           (unsigned long long) flip->of);
    }

    if (entry.nmoved == 0) {
        return fig_problem(plan->problem, 422, "entry %llu changed nothing "
                           "that could be undone",
                           (unsigned long long) flip->of);
    }

    for (i = 0; i < entry.nmoved; i++) {
        slot = fig_plan_slot_now(plan, &entry.moved[i]);

        if (slot != NULL && slot->seq != flip->of) {
            return fig_problem(plan->problem, 409, "\"%.*s\" was changed since "
                               "by entry %llu: undo that one first, or flip "
                               "it", (int) slot->name_len, slot->name,
                               (unsigned long long) slot->seq);
        }
    }

    for (i = 0; i < entry.nmoved; i++) {
        if (!fig_plan_restore(plan, &entry.moved[i])) {
            return false;
        }
    }

    if (plan->nmoved == 0) {
        return fig_problem(plan->problem, 422, "nothing of entry %llu is in "
                           "the rules any more", (unsigned long long) flip->of);
    }

    return true;
}
