/*
 * Carrying out flips under the store's lock.
 */

#define _GNU_SOURCE

#include "fig_plan.h"

#include <stdlib.h>
#include <time.h>


static int64_t
fig_flip_now(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_REALTIME, &ts);

    return (int64_t) ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}


static bool
fig_flip_out_of_memory(fig_problem_t *problem)
{
    return fig_problem(problem, 503, "memory is out");
}


/* The seq of the one name that a request is about. */

static bool
fig_flip_name_seq(const fig_plan_t *plan, const fig_wish_t *wish,
    uint64_t *seq)
{
    const fig_slot_t   *slot;
    const fig_route_t  *route;

    if (wish->kind == FIG_WISH_DRAIN) {
        slot = fig_slot_find(&plan->index, FIG_SLOT_BACKEND, wish->name);

    } else {
        route = fig_ruleset_find_route(plan->flipper->ruleset, wish->name);

        if (route == NULL) {
            return fig_problem(plan->problem, 404, "there is no route "
                               "\"%.*s\"", (int) wish->name.len,
                               wish->name.data);
        }

        slot = fig_slot_of(&plan->index, route);
    }

    *seq = (slot != NULL) ? slot->seq : 0;

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


static const fig_slot_t *
fig_flip_slot_now(const fig_plan_t *plan, const fig_moved_t *then)
{
    return fig_slot_find(&plan->index, (fig_slot_kind_t) then->slot.kind,
                         fig_slot_name(&then->slot));
}


/* Moves a slot back to what was in force before an entry. */

static bool
fig_flip_restore(fig_plan_t *plan, const fig_moved_t *then)
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


static bool
fig_flip_undo(fig_plan_t *plan, const fig_flip_t *flip)
{
    uint32_t           i;
    fig_entry_t        entry;
    fig_status_t       status;
    const fig_slot_t  *slot;

    status = fig_store_find(plan->flipper->store, flip->of,
                            plan->flipper->arena, &entry);

    if (status == FIG_NOMEM) {
        return fig_flip_out_of_memory(plan->problem);
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
        slot = fig_flip_slot_now(plan, &entry.moved[i]);

        if (slot != NULL && slot->seq != flip->of) {
            return fig_problem(plan->problem, 409, "\"%.*s\" was changed since "
                               "by entry %llu: undo that one first, or flip "
                               "it", (int) slot->name_len, slot->name,
                               (unsigned long long) slot->seq);
        }
    }

    for (i = 0; i < entry.nmoved; i++) {
        if (!fig_flip_restore(plan, &entry.moved[i])) {
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
fig_flip_has_lease(const fig_state_t *state, uint64_t seq)
{
    uint32_t  i;

    for (i = 0; i < state->head->nleases; i++) {
        if (state->head->leases[i].seq == seq) {
            return true;
        }
    }

    return false;
}


/* Slots that a name stands for: of a route, its group, or of what is gone. */

static bool
fig_flip_named(fig_plan_t *plan, fig_str_t name, fig_moved_t **moved,
    const fig_route_t **route)
{
    uint32_t            i;
    const fig_group_t  *group;

    *moved = NULL;
    *route = fig_ruleset_find_route(plan->flipper->ruleset, name);

    if (*route == NULL) {
        group = fig_ruleset_find_group(plan->flipper->ruleset, name);

        for (i = 0; group != NULL && i < plan->model->nroutes; i++) {
            if (plan->model->routes[i].group == group) {
                *route = &plan->model->routes[i];
                break;
            }
        }
    }

    if (*route == NULL) {
        return fig_problem(plan->problem, 404, "there is no route and no group "
                           "of routes \"%.*s\"", (int) name.len, name.data);
    }

    *moved = fig_plan_route(plan, *route);

    return *moved != NULL;
}


static bool
fig_flip_reset(fig_plan_t *plan, const fig_flip_t *flip)
{
    uint8_t             outdated;
    uint32_t            i;
    fig_moved_t        *moved;
    const fig_route_t  *route;

    for (i = 0; i < flip->nwishes; i++) {

        if (!fig_flip_named(plan, flip->wishes[i].name, &moved, &route)) {
            return false;
        }

        if (flip->kind == FIG_ENTRY_RESET) {
            moved->slot.flags = 0;
            continue;
        }

        /* what was held against the file is the file's again */

        moved->slot.flags &= (uint8_t) ~FIG_SLOT_HOLD;
        outdated = fig_slot_outdated(&moved->slot, route->stage,
                                     route->percent);
        moved->slot.flags &= (uint8_t) ~outdated;

        if (moved->slot.stage == route->stage) {
            moved->slot.flags &= (uint8_t) ~FIG_SLOT_STAGE;
        }

        if (moved->slot.percent == route->percent) {
            moved->slot.flags &= (uint8_t) ~FIG_SLOT_PERCENT;
        }
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
        return fig_flip_undo(plan, flip);

    case FIG_ENTRY_CONFIRM:
        if (!fig_flip_has_lease(state, flip->of)) {
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

static bool
fig_flip_write(fig_txn_t *txn, const fig_flipper_t *flipper,
    fig_entry_t *entry, fig_problem_t *problem)
{
    char  error[FIG_STORE_ERROR];

    if (entry->nmoved == 0 && entry->kind != FIG_ENTRY_CONFIRM
        && entry->kind != FIG_ENTRY_REVERT)
    {
        entry->seq = 0;
        return true;
    }

    if (flipper->dry_run) {
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
        entry->until = fig_flip_now() + flip->lease;
    }

    good = fig_flip_preconditions(&plan, flip)
           && fig_flip_plan(&plan, flip)
           && fig_plan_finish(&plan, entry)
           && fig_flip_write(txn, flipper, entry, problem);

    flipped->seq = flipper->store->state.head->seq;
    flipped->nskipped = plan.nskipped;
    flipped->skipped = plan.skipped;

    fig_plan_release(&plan);

    return good;
}


static bool
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


/* What is due by itself */

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
        || !fig_flip_write(txn, plan->flipper, &entry, plan->problem))
    {
        return false;
    }

    *done += (entry.seq != 0);

    return true;
}


/*
 * What the file has overtaken.  Told as from the flipped value to the file's,
 * though the file's has been in force since it was loaded.
 */

static bool
fig_flip_settle_file(fig_txn_t *txn, const fig_flipper_t *flipper,
    uint32_t *done, fig_problem_t *problem)
{
    bool                good;
    uint8_t             outdated;
    uint32_t            i;
    fig_plan_t          plan;
    fig_moved_t        *moved;
    const fig_slot_t   *slot;
    const fig_route_t  *route;

    if (!fig_plan_init(&plan, flipper, problem)) {
        return false;
    }

    good = true;

    for (i = 0; good && i < plan.model->nroutes; i++) {
        route = &plan.model->routes[i];

        if (route->action != FIG_ACTION_PROXY) {
            continue;
        }

        slot = fig_slot_of(&plan.index, route);

        if (slot == NULL) {
            continue;
        }

        outdated = fig_slot_outdated(slot, route->stage, route->percent);

        if (outdated == 0) {
            continue;
        }

        moved = fig_plan_route(&plan, route);
        good = (moved != NULL);

        if (moved != NULL && !moved->wished) {
            moved->wished = true;
            moved->slot.flags &= (uint8_t) ~outdated;

            if (outdated & FIG_SLOT_STAGE) {
                moved->stage = slot->stage;
            }

            if (outdated & FIG_SLOT_PERCENT) {
                moved->percent = slot->percent;
            }
        }
    }

    good = good && fig_flip_settle_write(txn, &plan, FIG_ENTRY_RESET, "rules",
                                         "the rules file changed it", 0, done);
    fig_plan_release(&plan);

    return good;
}


/* Flips of a renamed route get its new name. */

static bool
fig_flip_settle_names(fig_txn_t *txn, const fig_flipper_t *flipper,
    uint32_t *done, fig_problem_t *problem)
{
    bool                good;
    uint32_t            i;
    fig_plan_t          plan;
    const fig_slot_t   *slot;
    const fig_route_t  *route;

    if (!fig_plan_init(&plan, flipper, problem)) {
        return false;
    }

    good = true;

    for (i = 0; good && i < plan.model->nroutes; i++) {
        route = &plan.model->routes[i];

        if (route->was.len == 0 || route->group != NULL) {
            continue;
        }

        slot = fig_slot_of(&plan.index, route);

        if (slot != NULL && slot->flags != 0
            && fig_str_eq(fig_slot_name(slot), route->was))
        {
            good = (fig_plan_route(&plan, route) != NULL);
        }
    }

    good = good && fig_flip_settle_write(txn, &plan, FIG_ENTRY_RENAME, "rules",
                                         "\"was\" in the rules file", 0, done);
    fig_plan_release(&plan);

    return good;
}


static bool
fig_flip_revert(fig_txn_t *txn, const fig_flipper_t *flipper, uint64_t seq,
    uint32_t *done, fig_problem_t *problem)
{
    bool               good;
    uint32_t           i;
    fig_plan_t         plan;
    fig_entry_t        entry;
    fig_status_t       status;
    const fig_slot_t  *slot;

    status = fig_store_find(flipper->store, seq, flipper->arena, &entry);

    if (status == FIG_NOMEM) {
        return fig_flip_out_of_memory(problem);
    }

    if (!fig_plan_init(&plan, flipper, problem)) {
        return false;
    }

    good = true;

    /* what was flipped again since stays as it is */

    for (i = 0; good && status == FIG_OK && i < entry.nmoved; i++) {
        slot = fig_flip_slot_now(&plan, &entry.moved[i]);

        if (slot != NULL && slot->seq == seq) {
            (void) fig_flip_restore(&plan, &entry.moved[i]);
        }
    }

    memset(problem, 0, sizeof(fig_problem_t));

    good = good && fig_flip_settle_write(txn, &plan, FIG_ENTRY_REVERT, "lease",
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

    now = fig_flip_now();
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

    good = fig_flip_settle_names(&txn, flipper, done, problem)
           && fig_flip_settle_file(&txn, flipper, done, problem)
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
