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

    slot = NULL;

    if (*route != NULL) {
        slot = (then->slot.kind == FIG_SLOT_SHADOW)
               ? fig_slot_of_shadow(&plan->index, *route)
               : fig_slot_of(&plan->index, *route);
    }

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


static bool
fig_undo_shadow(fig_plan_t *plan, const fig_moved_t *then)
{
    fig_moved_t        *moved;
    const fig_route_t  *route;

    route = fig_plan_route_of(plan, &then->slot);

    if (route == NULL || then->stage == FIG_STAGE_NONE) {
        return true;
    }

    if (!fig_plan_accepts_shadow(plan, route)) {
        return false;
    }

    moved = fig_plan_shadow(plan, route);

    if (moved != NULL) {
        fig_plan_set_shadow(moved, route, then->percent, then->hold);
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

    if (then->slot.kind == FIG_SLOT_SHADOW) {
        return fig_undo_shadow(plan, then);
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


static bool
fig_revert_shadow(fig_plan_t *plan, const fig_route_t *route, uint64_t seq)
{
    fig_moved_t       *moved;
    const fig_slot_t  *slot;

    slot = fig_slot_of_shadow(&plan->index, route);

    if (slot == NULL || slot->flip != seq || slot->flags == 0
        || plan->of_shadow[route->index] != 0)
    {
        return true;
    }

    moved = fig_plan_shadow(plan, route);

    if (moved != NULL) {
        moved->slot.flags = 0;
    }

    return moved != NULL;
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

        if (!fig_revert_shadow(plan, route, seq)) {
            return false;
        }

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


/* What to go back to, where that was somebody's lease which is over by now. */

typedef struct {
    fig_plan_t    *plan;
    uint32_t       n;
    uint32_t       room;
    uint64_t      *over;               /* flips that were reverted */
    bool           nomem;
    uint64_t       seq;                /* of entry; 0: none was read yet */
    fig_status_t   status;
    fig_entry_t    entry;
} fig_before_t;


static bool
fig_before_visit(void *data, const fig_entry_t *entry)
{
    uint64_t      *over;
    uint32_t       room;
    fig_before_t  *before = data;

    if (entry->kind != FIG_ENTRY_REVERT) {
        return true;
    }

    if (before->n == before->room) {
        room = (before->room == 0) ? 16 : before->room * 2;
        over = fig_arena_array(before->plan->flipper->arena, room,
                               sizeof(uint64_t));

        if (over == NULL) {
            before->nomem = true;
            return false;
        }

        if (before->n != 0) {
            memcpy(over, before->over, before->n * sizeof(uint64_t));
        }

        before->over = over;
        before->room = room;
    }

    before->over[before->n++] = entry->of;

    return true;
}


static bool
fig_before_init(fig_before_t *before, fig_plan_t *plan)
{
    uint64_t  oldest;

    memset(before, 0, sizeof(fig_before_t));
    before->plan = plan;

    /* what is not kept is not known to be over */

    return fig_store_history(plan->flipper->store, 0, &oldest,
                             fig_before_visit, before) != FIG_NOMEM
           && !before->nomem;
}


static bool
fig_before_is_over(const fig_before_t *before, uint64_t flip)
{
    uint32_t  i;

    for (i = 0; i < before->n; i++) {
        if (before->over[i] == flip) {
            return true;
        }
    }

    return false;
}


/* Whether two slots are one, which may have been renamed between. */

static bool
fig_before_same(const fig_plan_t *plan, const fig_slot_t *a,
    const fig_slot_t *b)
{
    const fig_route_t  *route;

    if (a->kind == b->kind
        && fig_str_eq(fig_slot_name(a), fig_slot_name(b)))
    {
        return true;
    }

    if (a->kind == FIG_SLOT_BACKEND || b->kind == FIG_SLOT_BACKEND
        || (a->kind == FIG_SLOT_SHADOW) != (b->kind == FIG_SLOT_SHADOW))
    {
        return false;
    }

    route = fig_plan_route_of(plan, a);

    return route != NULL && route == fig_plan_route_of(plan, b);
}


/*
 * One step further back, from the slot that is place-th of its entry.  NULL:
 * nobody knows, or memory is out.
 */

static const fig_moved_t *
fig_before_step(fig_before_t *before, const fig_moved_t *then, uint32_t place)
{
    uint32_t      i, n;
    fig_entry_t  *entry;

    entry = &before->entry;

    if (before->seq != then->flip) {
        before->seq = then->flip;
        before->status = fig_store_find(before->plan->flipper->store,
                                        then->flip,
                                        before->plan->flipper->arena, entry);
    }

    if (before->status != FIG_OK) {
        before->nomem = (before->status == FIG_NOMEM);
        return NULL;
    }

    /* entries of the same routes have them in the same order */

    for (i = place, n = 0; n < entry->nmoved; i++, n++) {
        i = (i < entry->nmoved) ? i : 0;

        if (fig_before_same(before->plan, &entry->moved[i].slot,
                            &then->slot))
        {
            return &entry->moved[i];
        }
    }

    return NULL;
}


/* NULL: as the file says, or memory is out. */

static const fig_moved_t *
fig_before(fig_before_t *before, const fig_moved_t *then, uint32_t place)
{
    uint64_t  flip;

    while (then != NULL && then->flip != 0
           && fig_before_is_over(before, then->flip))
    {
        flip = then->flip;
        then = fig_before_step(before, then, place);

        /* each is older than the one before, in a journal of ours */

        if (then != NULL && then->flip >= flip) {
            return NULL;
        }
    }

    return then;
}


bool
fig_plan_revert(fig_plan_t *plan, uint64_t seq)
{
    uint32_t            i;
    fig_entry_t         entry;
    fig_before_t        before;
    fig_status_t        status;
    const fig_slot_t   *slot;
    const fig_moved_t  *then;
    const fig_route_t  *route;

    status = fig_store_find(plan->flipper->store, seq, plan->flipper->arena,
                            &entry);

    if (status == FIG_NOMEM || !fig_before_init(&before, plan)) {
        return fig_plan_nomem(plan->problem);
    }

    for (i = 0; status == FIG_OK && i < entry.nmoved; i++) {
        slot = fig_undo_slot(plan, &entry.moved[i], &route);

        if (slot == NULL || slot->flip != seq) {
            continue;
        }

        then = fig_before(&before, &entry.moved[i], i);

        if (before.nomem) {
            return fig_plan_nomem(plan->problem);
        }

        if (then == NULL || fig_undo_moved(plan, then)) {
            continue;
        }

        if (plan->problem->status != 422) {
            return false;
        }

        memset(plan->problem, 0, sizeof(fig_problem_t));
    }

    return fig_revert_rest(plan, seq);
}
