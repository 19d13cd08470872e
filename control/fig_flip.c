/*
 * Carrying out what is asked for, under the store's lock.
 *
 *     lock, catch up -> preconditions -> plan -> write -> unlock
 */

#include "fig_plan.h"
#include "fig_txn.h"


bool
fig_plan_nomem(fig_problem_t *problem)
{
    return fig_problem(problem, 503, "memory is out");
}


/* The seq of the one name that a request is about. */

static bool
fig_flip_name_seq(const fig_plan_t *plan, const fig_wish_t *wish,
    uint64_t *seq)
{
    const fig_slot_t   *slot, *shadow;
    const fig_route_t  *route;

    shadow = NULL;

    if (wish->kind == FIG_WISH_DRAIN) {

        if (fig_ruleset_find_backend(plan->flipper->ruleset, wish->name)
            == NULL)
        {
            return fig_problem(plan->problem, 404, "there is no backend "
                               "\"%.*s\"", (int) wish->name.len,
                               wish->name.data);
        }

        slot = fig_slot_find(&plan->index, FIG_SLOT_BACKEND, wish->name);

    } else {
        route = fig_ruleset_find_route(plan->flipper->ruleset, wish->name);

        if (route == NULL) {
            return fig_problem(plan->problem, 404, "there is no route "
                               "\"%.*s\"", (int) wish->name.len,
                               wish->name.data);
        }

        slot = fig_slot_of(&plan->index, route);
        shadow = fig_slot_of_shadow(&plan->index, route);
    }

    *seq = (slot != NULL) ? slot->seq : 0;

    if (shadow != NULL && shadow->seq > *seq) {
        *seq = shadow->seq;
    }

    return true;
}


static bool
fig_flip_preconditions(const fig_plan_t *plan, const fig_flip_t *flip)
{
    uint64_t  seq;

    seq = plan->flipper->store->state.head->seq;

    if (flip->single && !fig_flip_name_seq(plan, &flip->wishes[0], &seq)) {
        return false;
    }

    if (flip->has_if_match
        && (flip->if_match_seq != seq
            || flip->if_match_rules != plan->flipper->rules))
    {
        return fig_problem(plan->problem, 412, "it was changed since: the tag "
                           "is no longer that of If-Match");
    }

    if (flip->has_if_seq && flip->if_seq != seq) {
        return fig_problem(plan->problem, 409, "\"if_seq\" is %llu, but the "
                           "last change has number %llu",
                           (unsigned long long) flip->if_seq,
                           (unsigned long long) seq);
    }

    return true;
}


/* What the file would not say again: of what it no longer has, all of it. */

static bool
fig_flip_reset_gone(fig_plan_t *plan, const fig_flip_t *flip, fig_str_t name)
{
    bool               found;
    size_t             i;
    const fig_slot_t  *slot;

    static const fig_slot_kind_t  kinds[] = {
        FIG_SLOT_ROUTE, FIG_SLOT_GROUP, FIG_SLOT_SHADOW
    };

    found = false;

    for (i = 0; flip->kind == FIG_ENTRY_RESET && i < FIG_NELTS(kinds); i++) {
        slot = fig_slot_find(&plan->index, kinds[i], name);

        if (slot == NULL || slot->flags == 0) {
            continue;
        }

        if (!fig_plan_forget(plan, slot)) {
            return false;
        }

        found = true;
    }

    return found
           || fig_problem(plan->problem, 404, "there is no route and no group "
                          "of routes \"%.*s\"", (int) name.len, name.data);
}


/* What was held against the file is the file's again; a lease goes on. */

static void
fig_flip_release(fig_moved_t *moved, const fig_route_t *route)
{
    fig_slot_t  *slot;

    slot = &moved->slot;

    slot->flags &= (uint8_t) ~FIG_SLOT_HOLD;
    slot->flags &= (uint8_t) ~fig_slot_outdated(slot, route->stage,
                                                route->percent);

    if (slot->stage == route->stage) {
        slot->flags &= (uint8_t) ~FIG_SLOT_STAGE;
    }

    if (slot->percent == route->percent) {
        slot->flags &= (uint8_t) ~FIG_SLOT_PERCENT;
    }

    moved->kept = (slot->flags != 0);
}


/* The same for the share of copies. */

static bool
fig_flip_reset_shadow(fig_plan_t *plan, const fig_flip_t *flip,
    const fig_route_t *route)
{
    fig_slot_t        *slot;
    fig_moved_t       *moved;
    const fig_slot_t  *now;

    now = fig_slot_of_shadow(&plan->index, route);

    if (now == NULL || now->flags == 0) {
        return true;
    }

    moved = fig_plan_shadow(plan, route);

    if (moved == NULL) {
        return false;
    }

    slot = &moved->slot;

    if (flip->kind == FIG_ENTRY_RESET) {
        slot->flags = 0;
        return true;
    }

    slot->flags &= (uint8_t) ~FIG_SLOT_HOLD;
    slot->flags &= (uint8_t) ~fig_slot_outdated_shadow(slot, route);

    if (slot->percent == fig_shadow_in_file(route)) {
        slot->flags = 0;
    }

    moved->kept = (slot->flags != 0);

    return true;
}


static bool
fig_flip_reset(fig_plan_t *plan, const fig_flip_t *flip)
{
    bool                  grouped;
    uint32_t              i;
    fig_str_t             name;
    fig_moved_t          *moved;
    const fig_route_t    *route;
    const fig_ruleset_t  *ruleset;

    ruleset = plan->flipper->ruleset;

    for (i = 0; i < flip->nwishes; i++) {
        name = flip->wishes[i].name;
        route = fig_ruleset_find_route(ruleset, name);

        grouped = (route == NULL);

        if (grouped) {
            route = fig_plan_first(plan, fig_ruleset_find_group(ruleset,
                                                                name));
        }

        if (route == NULL) {
            if (!fig_flip_reset_gone(plan, flip, name)) {
                return false;
            }

            continue;
        }

        moved = fig_plan_route(plan, route);

        if (moved == NULL) {
            return false;
        }

        if (flip->kind == FIG_ENTRY_RESET) {
            moved->slot.flags = 0;

        } else {
            fig_flip_release(moved, route);
        }

        do {
            if (!fig_flip_reset_shadow(plan, flip, route)) {
                return false;
            }

            route = grouped ? fig_plan_next(plan, route) : NULL;
        } while (route != NULL);
    }

    return true;
}


static bool
fig_flip_plan(fig_plan_t *plan, const fig_flip_t *flip)
{
    uint32_t            i;
    const fig_state_t  *state;

    state = &plan->flipper->store->state;

    switch (flip->kind) {

    case FIG_ENTRY_FLIP:
        for (i = 0; i < flip->nwishes; i++) {
            if (!fig_plan_wish(plan, flip, &flip->wishes[i])) {
                return false;
            }
        }

        if (flip->lease != 0 && state->head->nleases == FIG_STATE_LEASES) {
            return fig_problem(plan->problem, 422, "there are %d leases "
                               "already: confirm or undo some",
                               FIG_STATE_LEASES);
        }

        return true;

    case FIG_ENTRY_UNDO:
        return fig_plan_undo(plan, flip);

    case FIG_ENTRY_CONFIRM:
        if (!fig_state_is_leased(state, flip->of)) {
            return fig_problem(plan->problem, 404, "no lease of entry %llu is "
                               "waiting to be confirmed",
                               (unsigned long long) flip->of);
        }

        return true;

    default:
        return fig_flip_reset(plan, flip);
    }
}


/* An entry that is of no use to anybody is not written. */

bool
fig_plan_write(fig_txn_t *txn, const fig_flipper_t *flipper,
    fig_entry_t *entry, fig_problem_t *problem)
{
    char  error[FIG_STORE_ERROR];

    if (entry->nmoved == 0 && entry->kind != FIG_ENTRY_CONFIRM
        && entry->kind != FIG_ENTRY_REVERT)
    {
        entry->seq = 0;
        return true;
    }

    entry->rules = flipper->rules;

    if (!fig_store_commit(txn, entry)) {
        (void) fig_store_error(flipper->store, error);
        return fig_problem(problem, 503, "nothing was changed: %s", error);
    }

    return true;
}


static bool
fig_flip_locked(fig_txn_t *txn, const fig_flipper_t *flipper,
    const fig_flip_t *flip, fig_flipped_t *flipped, fig_problem_t *problem)
{
    bool          good;
    fig_plan_t    plan;
    fig_entry_t  *entry;

    if (!fig_plan_init(&plan, flipper, problem)) {
        return false;
    }

    entry = &flipped->entry;
    entry->kind = flip->kind;
    entry->of = flip->of;
    entry->hold = flip->hold;
    entry->actor = flip->actor;
    entry->reason = flip->reason;

    if (flip->lease != 0) {
        entry->until = fig_time_now() + flip->lease;
    }

    good = fig_flip_preconditions(&plan, flip)
           && fig_flip_plan(&plan, flip)
           && fig_plan_finish(&plan, entry)
           && fig_plan_write(txn, flipper, entry, problem);

    flipped->seq = flipper->store->state.head->seq;
    flipped->nskipped = plan.nskipped;
    flipped->skipped = plan.skipped;

    fig_plan_release(&plan);

    return good;
}


bool
fig_flip_begin(const fig_flipper_t *flipper, fig_txn_t *txn,
    fig_problem_t *problem)
{
    char  error[FIG_STORE_ERROR];

    if (fig_store_begin(flipper->store, txn)) {
        return true;
    }

    (void) fig_store_error(flipper->store, error);

    return fig_problem(problem, 503, "nothing was changed: %s", error);
}


bool
fig_flip_run(const fig_flipper_t *flipper, const fig_flip_t *flip,
    fig_flipped_t *flipped, fig_problem_t *problem)
{
    bool       good;
    fig_txn_t  txn;

    memset(flipped, 0, sizeof(fig_flipped_t));

    if (!fig_flip_begin(flipper, &txn, problem)) {
        return false;
    }

    good = fig_flip_locked(&txn, flipper, flip, flipped, problem);
    fig_store_end(&txn);

    return good;
}
