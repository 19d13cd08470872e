/*
 * Going back: to what was in force before an entry of the journal, as far as
 * the rules of today allow it.
 *
 *     undo     asked for: all of it that is still there, or nothing
 *     revert   the end of a lease: whatever can be done
 *
 * Only what nobody has changed since: a slot knows the flip that made it so.
 */

#include "fig_plan.h"


/* The slot that a moved one is today; *route is NULL where it has none. */

static const fig_slot_t *
fig_undo_slot(const fig_plan_t *plan, const fig_moved_t *then,
    const fig_route_t **route)
{
    const fig_slot_t  *slot;

    *route = (then->slot.kind != FIG_SLOT_BACKEND)
             ? fig_plan_route_of(plan, &then->slot) : NULL;

    slot = (*route != NULL) ? fig_slot_of(&plan->index, *route) : NULL;

    return (slot != NULL) ? slot
                          : fig_slot_find(&plan->index,
                                          (fig_slot_kind_t) then->slot.kind,
                                          fig_slot_name(&then->slot));
}


/*
 * What is in force again is of the flip that made it so, which can be undone in
 * its turn, and whose lease may still be running.
 */

static void
fig_undo_flip(fig_moved_t *moved, const fig_moved_t *then)
{
    moved->slot.flip = then->flip;
    moved->kept = true;
}


static bool
fig_undo_drain(fig_plan_t *plan, const fig_moved_t *then)
{
    fig_moved_t          *moved;
    const fig_backend_t  *backend;

    backend = fig_ruleset_find_backend(plan->flipper->ruleset,
                                       fig_slot_name(&then->slot));
    if (backend == NULL) {
        return true;
    }

    if (then->drain && !fig_plan_may_drain(plan, backend)) {
        return false;
    }

    moved = fig_plan_backend(plan, backend);

    if (moved != NULL) {
        moved->slot.flags = then->drain ? FIG_SLOT_DRAIN : 0;
        fig_undo_flip(moved, then);
    }

    return moved != NULL;
}


/* Moves a slot back to what was in force before an entry. */

static bool
fig_undo_moved(fig_plan_t *plan, const fig_moved_t *then)
{
    fig_moved_t        *moved;
    const fig_route_t  *route;

    if (then->slot.kind == FIG_SLOT_BACKEND) {
        return fig_undo_drain(plan, then);
    }

    route = fig_plan_route_of(plan, &then->slot);

    /* gone from the rules, or an old name that was given up */

    if (route == NULL || then->stage == FIG_STAGE_NONE) {
        return true;
    }

    if (!fig_plan_accepts(plan, route, (fig_stage_t) then->stage,
                          then->percent))
    {
        return false;
    }

    moved = fig_plan_route(plan, route);

    if (moved != NULL) {
        fig_plan_set(moved, route, (fig_stage_t) then->stage, then->percent,
                     then->hold);
        fig_undo_flip(moved, then);
    }

    return moved != NULL;
}


bool
fig_plan_undo(fig_plan_t *plan, const fig_flip_t *flip)
{
    uint32_t            i;
    fig_entry_t         entry;
    fig_status_t        status;
    const fig_slot_t   *slot;
    const fig_route_t  *route;

    status = fig_store_find(plan->flipper->store, flip->of,
                            plan->flipper->arena, &entry);

    if (status == FIG_NOMEM) {
        return fig_plan_nomem(plan->problem);
    }

    if (status != FIG_OK) {
        return fig_problem(plan->problem, 404, "the history has no entry %llu",
                           (unsigned long long) flip->of);
    }

    if (entry.nmoved == 0 || entry.kind == FIG_ENTRY_RENAME) {
        return fig_problem(plan->problem, 422, "entry %llu changed nothing "
                           "that could be undone",
                           (unsigned long long) flip->of);
    }

    for (i = 0; i < entry.nmoved; i++) {
        slot = fig_undo_slot(plan, &entry.moved[i], &route);

        if (slot != NULL && slot->seq != flip->of && slot->flip != flip->of) {
            return fig_problem(plan->problem, 409, "\"%.*s\" was changed since "
                               "by entry %llu: undo that one first, or flip "
                               "it", (int) slot->name_len, slot->name,
                               (unsigned long long) slot->seq);
        }
    }

    for (i = 0; i < entry.nmoved; i++) {
        if (!fig_undo_moved(plan, &entry.moved[i])) {
            return false;
        }
    }

    if (plan->nmoved == 0) {
        return fig_problem(plan->problem, 422, "nothing of entry %llu is in "
                           "the rules any more", (unsigned long long) flip->of);
    }

    return true;
}


/* What a lease has left, and no entry says what was before: as in the file. */

static bool
fig_revert_rest(fig_plan_t *plan, uint64_t seq)
{
    uint32_t              i;
    fig_moved_t          *moved;
    const fig_slot_t     *slot;
    const fig_route_t    *route;
    const fig_backend_t  *backend;

    for (i = 0; i < plan->model->nroutes; i++) {
        route = &plan->model->routes[i];
        slot = fig_slot_of(&plan->index, route);

        if (slot == NULL || slot->flip != seq || slot->flags == 0
            || fig_plan_has(plan, route))
        {
            continue;
        }

        moved = fig_plan_route(plan, route);

        if (moved == NULL) {
            return false;
        }

        moved->slot.flags = 0;
    }

    for (i = 0; i < plan->model->nbackends; i++) {
        backend = &plan->model->backends[i];
        slot = fig_slot_find(&plan->index, FIG_SLOT_BACKEND, backend->name);

        if (slot == NULL || slot->flip != seq || slot->flags == 0
            || plan->of_backend[i] != 0)
        {
            continue;
        }

        moved = fig_plan_backend(plan, backend);

        if (moved == NULL) {
            return false;
        }

        moved->slot.flags = 0;
    }

    return true;
}


bool
fig_plan_revert(fig_plan_t *plan, uint64_t seq)
{
    uint32_t            i;
    fig_entry_t         entry;
    fig_status_t        status;
    const fig_slot_t   *slot;
    const fig_route_t  *route;

    status = fig_store_find(plan->flipper->store, seq, plan->flipper->arena,
                            &entry);

    if (status == FIG_NOMEM) {
        return fig_plan_nomem(plan->problem);
    }

    for (i = 0; status == FIG_OK && i < entry.nmoved; i++) {
        slot = fig_undo_slot(plan, &entry.moved[i], &route);

        if (slot == NULL || slot->flip != seq
            || fig_undo_moved(plan, &entry.moved[i]))
        {
            continue;
        }

        if (plan->problem->status != 422) {
            return false;
        }

        memset(plan->problem, 0, sizeof(fig_problem_t));
    }

    return fig_revert_rest(plan, seq);
}
