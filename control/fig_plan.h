/*
 * A plan: the slots that are to move, each once, and what that changes for each
 * route; private to control/.
 *
 *     wishes -> moved[] (slot of a route, of a group, of a backend)
 *            -> changes[] (every route that listens to one of them)
 */

#ifndef FIG_PLAN_H
#define FIG_PLAN_H

#include "fig_flip.h"


typedef struct {
    const fig_flipper_t  *flipper;
    const fig_model_t    *model;
    fig_problem_t        *problem;
    fig_slot_index_t      index;       /* of the state's slots */

    uint32_t             *of_route;    /* moved + 1, by index; 0: none */
    uint32_t             *of_shadow;
    uint32_t             *of_group;
    uint32_t             *of_backend;
    uint32_t             *of_slot;     /* that is forgotten, by its place */
    uint32_t             *in_group;    /* its first route + 1, by index */
    uint32_t             *after;       /* the next one of its group, the same */
    const fig_wish_t    **asked;       /* by group: what wish it was asked */
    bool                 *skips;       /* and what it said */
    uint32_t              nmoved;
    uint32_t              room;
    fig_moved_t          *moved;       /* in the flipper's arena */
    uint32_t              nskipped;
    fig_skipped_t        *skipped;
} fig_plan_t;


/* Under the store's lock.  False: memory is out. */
bool fig_plan_init(fig_plan_t *plan, const fig_flipper_t *flipper,
    fig_problem_t *problem);
void fig_plan_release(fig_plan_t *plan);

/*
 * The moved slot of a route (its group's where it has one), of its share of
 * copies, or of a backend:
 * made when it is first asked for, as it is in the state, with what is in force
 * before.  NULL with a problem: memory is out.
 */
fig_moved_t *fig_plan_route(fig_plan_t *plan, const fig_route_t *route);
fig_moved_t *fig_plan_shadow(fig_plan_t *plan, const fig_route_t *route);
fig_moved_t *fig_plan_backend(fig_plan_t *plan, const fig_backend_t *backend);

/*
 * The route whose values are the slot's: of a group, its first route; of a
 * route that has another name now, that.  NULL: there is none any more.
 */
const fig_route_t *fig_plan_route_of(const fig_plan_t *plan,
    const fig_slot_t *slot);

/* Routes of a group, one by one; NULL: there is none, or no more. */
const fig_route_t *fig_plan_first(const fig_plan_t *plan,
    const fig_group_t *group);
const fig_route_t *fig_plan_next(const fig_plan_t *plan,
    const fig_route_t *route);

/* Whether the slot of a route is to move. */
bool fig_plan_has(const fig_plan_t *plan, const fig_route_t *route);

/* Takes from a name what no route is to inherit from it. */
bool fig_plan_forget(fig_plan_t *plan, const fig_slot_t *slot);

/* Sets stage and percent of a slot; hold stays if it was there. */
void fig_plan_set(fig_moved_t *moved, const fig_route_t *route,
    fig_stage_t stage, int32_t percent, bool hold);

/* The same for a share of copies; FIG_UNSET: that of the file. */
void fig_plan_set_shadow(fig_moved_t *moved, const fig_route_t *route,
    int32_t percent, bool hold);

/* Whether requests of a route can be copied.  False with a problem. */
bool fig_plan_accepts_shadow(fig_plan_t *plan, const fig_route_t *route);

/* Carries out one wish.  False with a problem. */
bool fig_plan_wish(fig_plan_t *plan, const fig_flip_t *flip,
    const fig_wish_t *wish);

/* Whether all routes that move with this one can be so.  False: a problem. */
bool fig_plan_accepts(fig_plan_t *plan, const fig_route_t *route,
    fig_stage_t stage, int32_t percent);

/* The same for draining a backend, or not. */
bool fig_plan_drain(fig_plan_t *plan, const fig_wish_t *wish);

/* Whether nobody needs a backend.  False with a problem. */
bool fig_plan_may_drain(fig_plan_t *plan, const fig_backend_t *backend);

/* Undoes flip->of, whole or not at all. */
bool fig_plan_undo(fig_plan_t *plan, const fig_flip_t *flip);

/*
 * Undoes what is still as an entry made it.  What cannot be as it was before,
 * or is not known to have been, becomes what the file says.  False with a
 * problem: memory is out.
 */
bool fig_plan_revert(fig_plan_t *plan, uint64_t seq);

/*
 * Drops moved slots that are as they were, and fills entry with the rest and
 * the changes.  False with a problem: memory is out.
 */
bool fig_plan_finish(fig_plan_t *plan, fig_entry_t *entry);

/* Locks and catches up.  False with a problem. */
bool fig_flip_begin(const fig_flipper_t *flipper, fig_txn_t *txn,
    fig_problem_t *problem);

/*
 * Writes an entry, unless it is of no use to anybody or only tried: then its
 * seq is 0.  False with a problem.
 */
bool fig_plan_write(fig_txn_t *txn, const fig_flipper_t *flipper,
    fig_entry_t *entry, fig_problem_t *problem);

/* Returns false with the problem that memory is out. */
bool fig_plan_nomem(fig_problem_t *problem);


#endif /* FIG_PLAN_H */
