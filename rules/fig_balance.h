/*
 * Which of several servers gets a request; state without nginx or rules.
 *
 *     fig_balance_t                  one a backend and generation of rules
 *       choices[]     weight
 *                     standing ->    fig_standing_t, one a server: it may be
 *                                    shared by generations, and goes on
 *
 * Weights are scaled so that those of a backend are about FIG_BALANCE_WHOLE in
 * all: what a server has to get is measured in parts of a request then, and
 * means the same when other servers or other weights have come.
 */

#ifndef FIG_BALANCE_H
#define FIG_BALANCE_H

#include "fig_model.h"


#define FIG_BALANCE_WHOLE  (UINT32_C(1) << 30)

#define FIG_BALANCE_NONE   UINT32_MAX


/* Zeroed for a server that is new. */

typedef struct {
    int64_t               current;     /* what it has to get; the largest is
                                          the next of round robin */
    uint32_t              active;      /* tries under way; the caller's */
} fig_standing_t;


typedef struct {
    fig_standing_t       *standing;
    uint32_t              weight;      /* 1-1000, and scaled by init */
} fig_choice_t;


typedef struct {
    fig_policy_t          policy;
    uint32_t              n;           /* not 0 */
    fig_choice_t         *choices;
} fig_balance_t;


/* Scales the weights of all choices, which must not be 0, in all <= 2^30. */
void fig_balance_init(fig_balance_t *balance);

/*
 * The index of the server for the next try, or FIG_BALANCE_NONE: all are in
 * tried, a set of bits; server i has bit i % 64.  So beyond 64 servers some are
 * left out with others, but none comes twice.  random: 64 random bits, looked
 * at for FIG_BALANCE_RANDOM only.
 */
uint32_t fig_balance_pick(const fig_balance_t *balance, uint64_t tried,
    uint64_t random);

/* The bits of server i, under whatever index it is there. */
uint64_t fig_balance_alike(const fig_balance_t *balance, uint32_t i);

/* Whether some server is not in tried. */
bool fig_balance_has_other(const fig_balance_t *balance, uint64_t tried);

/* Lets round robin begin anywhere in its cycle, by 32 random bits. */
void fig_balance_spin(const fig_balance_t *balance, uint32_t random);


#endif /* FIG_BALANCE_H */
