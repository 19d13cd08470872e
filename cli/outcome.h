/*
 * The result of a replay: counts of requests by where they go, unknown places
 * replaced by the shares that are to be expected.
 *
 *     tally -> rows, one for each (route, place) before and after
 *
 * A row's number is exact, or an expectation where a log cannot tell.
 */

#ifndef OUTCOME_H
#define OUTCOME_H

#include "replay.h"


typedef struct {
    cli_verdict_t            from;     /* places are known */
    cli_verdict_t            to;
    double                   n;
    bool                     expected;
    const cli_cell_count_t  *cell;     /* has samples */
} cli_row_t;


typedef struct {
    size_t       n;
    cli_row_t   *items;
    double       moved;                /* requests that go elsewhere */
    double       rerouted;             /* another route, the same place */
    bool         expected;             /* not all of moved is exact */
} cli_outcome_t;


/* replay must outlive it.  Free items. */
void cli_outcome_init(cli_outcome_t *outcome, const cli_replay_t *replay);

/* Rows that move, most requests first, to the front; returns their number. */
size_t cli_outcome_moves(cli_outcome_t *outcome);

/* Rows by route, in the order of the rules (none first), most first within. */
void cli_outcome_by_route(cli_outcome_t *outcome);


#endif /* OUTCOME_H */
