/*
 * Flips: what somebody asks for, checked against rules and state, and done.
 *
 *     JSON -> fig_flip_t -> plan: moved slots, changes -> journal -> in force
 *             (wishes)      or a problem, and nothing is done
 *
 * All or none: one thing that cannot be done and nothing is.  What changes
 * nothing writes nothing.  Everything here blocks (the store does) and may be
 * called by any thread that holds the rule set.
 */

#ifndef FIG_FLIP_H
#define FIG_FLIP_H

#include "fig_store.h"


/* Why not, for an answer of HTTP: see RFC 9457. */

typedef struct {
    unsigned         status;           /* 4xx or 5xx; 0: all is well */
    char             detail[1024];
} fig_problem_t;

/* Says why not, once; returns false. */
bool fig_problem(fig_problem_t *problem, unsigned status, const char *format,
    ...) __attribute__((format(printf, 3, 4)));


typedef enum {
    FIG_WISH_ROUTE = 0,
    FIG_WISH_GROUP,
    FIG_WISH_CAPABILITY,
    FIG_WISH_TARGET,                   /* all routes to a backend */
    FIG_WISH_ALL,
    FIG_WISH_DRAIN                     /* a backend itself */
} fig_wish_kind_t;


typedef struct {
    fig_wish_kind_t  kind;
    fig_str_t        name;
    fig_stage_t      stage;            /* FIG_STAGE_NONE: stays */
    int32_t          percent;          /* FIG_UNSET: stays */
    bool             drain;
    bool             shadow;           /* the share of copies changes */
    int32_t          shadow_percent;
} fig_wish_t;


typedef struct {
    fig_entry_kind_t kind;
    uint32_t         nwishes;          /* of flips; names of the others */
    fig_wish_t      *wishes;
    uint64_t         of;               /* undo, confirm, revert */
    int64_t          lease;            /* ms; 0: none */
    bool             hold;
    bool             has_if_seq;
    bool             single;           /* if_seq is that of the one name */
    uint64_t         if_seq;
    bool             has_if_match;
    uint64_t         if_match_seq;     /* of the one name */
    uint64_t         if_match_rules;
    fig_str_t        actor;
    fig_str_t        reason;
} fig_flip_t;


/*
 * Reads the body of PATCH v1/routes/NAME, PATCH v1/backends/NAME and POST
 * v1/flips.  False with a problem.  flip lives in arena and borrows text.
 */
bool fig_flip_parse_route(fig_str_t text, fig_str_t name, fig_arena_t *arena,
    fig_flip_t *flip, fig_problem_t *problem);
bool fig_flip_parse_backend(fig_str_t text, fig_str_t name,
    fig_arena_t *arena, fig_flip_t *flip, fig_problem_t *problem);
bool fig_flip_parse(fig_str_t text, fig_arena_t *arena, fig_flip_t *flip,
    fig_problem_t *problem);


/* What was left out of a flip of many, and why. */

typedef struct {
    const fig_route_t  *route;
    const char         *because;
} fig_skipped_t;


/* Who decides, and by which rules. */

typedef struct {
    const fig_ruleset_t  *ruleset;
    uint64_t              rules;       /* their checksum */
    fig_store_t          *store;
    fig_arena_t          *arena;       /* for what is answered */
} fig_flipper_t;


typedef struct {
    fig_entry_t      entry;            /* seq 0: nothing was to be done */
    uint64_t         seq;              /* the last one of all */
    uint32_t         nskipped;
    fig_skipped_t   *skipped;
} fig_flipped_t;


/* False with a problem. */
bool fig_flip_run(const fig_flipper_t *flipper, const fig_flip_t *flip,
    fig_flipped_t *flipped, fig_problem_t *problem);

/*
 * What is due without being asked for: flips that the rules file has overtaken
 * are dropped, those of a renamed route get its new name, and leases that are
 * over are reverted.  False with a problem: try again later.  *done is how many
 * entries were written.
 */
bool fig_flip_settle(const fig_flipper_t *flipper, uint32_t *done,
    fig_problem_t *problem);

/* When the next lease ends; 0: there is none. */
int64_t fig_flip_next_lease(const fig_state_t *state);


#endif /* FIG_FLIP_H */
