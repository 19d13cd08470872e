/*
 * What is due without being asked for, once rules were loaded or time has gone
 * by.
 *
 *     names    slots of renamed routes get their new name
 *     groups   those of routes that are in a group now are dropped
 *     file     flips of values that the file has changed since are dropped
 *     leases   those that are over are reverted
 */

#include "fig_plan.h"
#include "fig_txn.h"


static bool
fig_flip_settle_write(fig_txn_t *txn, fig_plan_t *plan,
    fig_entry_kind_t kind, const char *actor, const char *reason, uint64_t of,
    uint32_t *done)
{
    fig_entry_t  entry;

    memset(&entry, 0, sizeof(fig_entry_t));
    entry.kind = kind;
    entry.of = of;
    entry.actor = fig_str_from(actor);
    entry.reason = fig_str_from(reason);

    if (!fig_plan_finish(plan, &entry)
        || !fig_plan_write(txn, plan->flipper, &entry, plan->problem))
    {
        return false;
    }

    *done += (entry.seq != 0);

    return true;
}


/* What is due for one route.  False with a problem. */

typedef bool (*fig_settle_pt)(fig_plan_t *plan, const fig_route_t *route);


/* One plan, and one entry if anything is due, for all routes. */

static bool
fig_flip_settle_routes(fig_txn_t *txn, const fig_flipper_t *flipper,
    fig_settle_pt settle, fig_entry_kind_t kind, const char *reason,
    uint32_t *done, fig_problem_t *problem)
{
    bool        good;
    uint32_t    i;
    fig_plan_t  plan;

    if (!fig_plan_init(&plan, flipper, problem)) {
        return false;
    }

    good = true;

    for (i = 0; good && i < plan.model->nroutes; i++) {
        good = settle(&plan, &plan.model->routes[i]);
    }

    good = good && fig_flip_settle_write(txn, &plan, kind, "rules", reason, 0,
                                         done);
    fig_plan_release(&plan);

    return good;
}


static bool
fig_settle_file_shadow(fig_plan_t *plan, const fig_route_t *route)
{
    uint8_t            outdated;
    fig_moved_t       *moved;
    const fig_slot_t  *slot;

    slot = fig_slot_of_shadow(&plan->index, route);
    outdated = (slot != NULL) ? fig_slot_outdated_shadow(slot, route) : 0;

    if (outdated == 0) {
        return true;
    }

    moved = fig_plan_shadow(plan, route);

    if (moved != NULL) {
        moved->slot.flags = 0;
        moved->percent = slot->percent;
    }

    return moved != NULL;
}


/*
 * What the file has overtaken.  Told as from the flipped value to the file's,
 * though the file's has been in force since it was loaded.
 */

static bool
fig_settle_file(fig_plan_t *plan, const fig_route_t *route)
{
    uint8_t            outdated;
    fig_moved_t       *moved;
    const fig_slot_t  *slot;

    if (route->action != FIG_ACTION_PROXY) {
        return true;
    }

    if (!fig_settle_file_shadow(plan, route)) {
        return false;
    }

    slot = fig_slot_of(&plan->index, route);
    outdated = (slot != NULL) ? fig_slot_outdated(slot, route->stage,
                                                  route->percent) : 0;

    if (outdated == 0) {
        return true;
    }

    moved = fig_plan_route(plan, route);

    if (moved == NULL || moved->wished) {
        return moved != NULL;
    }

    moved->wished = true;
    moved->slot.flags &= (uint8_t) ~outdated;
    moved->kept = (moved->slot.flags != 0);

    if (outdated & FIG_SLOT_STAGE) {
        moved->stage = slot->stage;
    }

    if (outdated & FIG_SLOT_PERCENT) {
        moved->percent = slot->percent;
    }

    return true;
}


static bool
fig_settle_is_old(const fig_slot_t *slot, const fig_route_t *route)
{
    return slot != NULL && slot->flags != 0
           && fig_str_eq(fig_slot_name(slot), route->was);
}


/* Flips of a renamed route get its new name. */

static bool
fig_settle_name(fig_plan_t *plan, const fig_route_t *route)
{
    uint32_t  i;

    if (route->was.len == 0) {
        return true;
    }

    i = plan->nmoved;

    if (route->group == NULL
        && fig_settle_is_old(fig_slot_of(&plan->index, route), route)
        && fig_plan_route(plan, route) == NULL)
    {
        return false;
    }

    if (fig_settle_is_old(fig_slot_of_shadow(&plan->index, route), route)
        && fig_plan_shadow(plan, route) == NULL)
    {
        return false;
    }

    for ( /* void */ ; i < plan->nmoved; i++) {
        plan->moved[i].kept = true;
    }

    return true;
}


/*
 * A route that is in a group moves with it, and what was flipped when it was
 * alone is not to come back some day.
 */

static bool
fig_settle_group(fig_plan_t *plan, const fig_route_t *route)
{
    uint32_t           i;
    const fig_slot_t  *slots[2];

    if (route->group == NULL) {
        return true;
    }

    slots[0] = fig_slot_find(&plan->index, FIG_SLOT_ROUTE, route->name);
    slots[1] = fig_slot_find(&plan->index, FIG_SLOT_ROUTE, route->was);

    for (i = 0; i < FIG_NELTS(slots); i++) {
        if (slots[i] != NULL && slots[i]->flags != 0
            && !fig_plan_forget(plan, slots[i]))
        {
            return false;
        }
    }

    return true;
}


/* Only what was not flipped again since. */

static bool
fig_flip_revert(fig_txn_t *txn, const fig_flipper_t *flipper, uint64_t seq,
    uint32_t *done, fig_problem_t *problem)
{
    bool        good;
    fig_plan_t  plan;

    if (!fig_plan_init(&plan, flipper, problem)) {
        return false;
    }

    good = fig_plan_revert(&plan, seq)
           && fig_flip_settle_write(txn, &plan, FIG_ENTRY_REVERT, "lease",
                                    "the lease is over", seq, done);
    fig_plan_release(&plan);

    return good;
}


static bool
fig_flip_settle_leases(fig_txn_t *txn, const fig_flipper_t *flipper,
    uint32_t *done, fig_problem_t *problem)
{
    int64_t            now;
    uint32_t           i;
    fig_state_head_t  *head;

    now = fig_time_now();
    head = flipper->store->state.head;

    for (i = 0; i < head->nleases; /* void */) {

        if (head->leases[i].until > now) {
            i++;
            continue;
        }

        /* which takes the lease out of the list */

        if (!fig_flip_revert(txn, flipper, head->leases[i].seq, done,
                             problem))
        {
            return false;
        }
    }

    return true;
}


bool
fig_flip_settle(const fig_flipper_t *flipper, uint32_t *done,
    fig_problem_t *problem)
{
    bool       good;
    fig_txn_t  txn;

    *done = 0;

    if (!fig_flip_begin(flipper, &txn, problem)) {
        return false;
    }

    good = fig_flip_settle_routes(&txn, flipper, fig_settle_name,
                                  FIG_ENTRY_RENAME,
                                  "\"was\" in the rules file", done, problem)
           && fig_flip_settle_routes(&txn, flipper, fig_settle_group,
                                     FIG_ENTRY_RESET, "it is in a group now",
                                     done, problem)
           && fig_flip_settle_routes(&txn, flipper, fig_settle_file,
                                     FIG_ENTRY_RESET,
                                     "the rules file changed it", done,
                                     problem)
           && fig_flip_settle_leases(&txn, flipper, done, problem);

    fig_store_end(&txn);

    return good;
}


int64_t
fig_flip_next_lease(const fig_state_t *state)
{
    int64_t   next;
    uint32_t  i;

    next = 0;

    for (i = 0; i < state->head->nleases && i < FIG_STATE_LEASES; i++) {
        if (next == 0 || state->head->leases[i].until < next) {
            next = state->head->leases[i].until;
        }
    }

    return next;
}
