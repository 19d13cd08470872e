/*
 * Expanding a tally into rows, adding up equal ones, sorting them.
 *
 * Numbers of requests are doubles: exact up to 2^53, and able to be a share.
 */

#include "outcome.h"
#include "shares.h"


static int
cli_compare(double a, double b)
{
    return (a > b) - (a < b);
}


static int
cli_verdict_compare(cli_verdict_t a, cli_verdict_t b)
{
    int  order;

    order = cli_compare(a.route, b.route);

    return (order != 0) ? order : cli_compare(a.place, b.place);
}


static int
cli_row_compare(const void *one, const void *two)
{
    int               order;
    const cli_row_t  *a = one, *b = two;

    order = cli_verdict_compare(a->from, b->from);

    return (order != 0) ? order : cli_verdict_compare(a->to, b->to);
}


/* The same place last; else most requests first. */

static int
cli_row_compare_moves(const void *one, const void *two)
{
    int               order;
    const cli_row_t  *a = one, *b = two;

    order = (a->from.place == a->to.place) - (b->from.place == b->to.place);

    if (order == 0) {
        order = cli_compare(b->n, a->n);
    }

    return (order != 0) ? order : cli_row_compare(a, b);
}


static int
cli_row_compare_routes(const void *one, const void *two)
{
    int               order;
    const cli_row_t  *a = one, *b = two;

    order = cli_compare(a->to.route, b->to.route);

    if (order == 0) {
        order = cli_compare(b->n, a->n);
    }

    return (order != 0) ? order : cli_row_compare(a, b);
}


static void
cli_outcome_expand(cli_outcome_t *outcome, const cli_replay_t *replay,
    const cli_cell_count_t *cell)
{
    size_t         i;
    cli_row_t     *row;
    cli_shares_t   shares;

    if (replay->compares) {
        cli_shares_of_both(&replay->before, cell->from, &replay->after,
                           cell->to, &shares);
    } else {
        cli_shares_of(&replay->after, cell->to, &shares);
    }

    for (i = 0; i < shares.n; i++) {
        outcome->items = cli_grow(outcome->items, outcome->n,
                                  sizeof(cli_row_t));
        row = &outcome->items[outcome->n++];
        row->from.route = cell->from.route;
        row->to.route = cell->to.route;
        row->from.place = shares.items[i].from;
        row->to.place = replay->compares ? shares.items[i].to
                                         : shares.items[i].from;
        row->n = (double) cell->count * shares.items[i].share;
        row->expected = shares.n > 1;
        row->cell = cell;
    }

    free(shares.items);
}


/* Adds up rows of one key, which lie side by side. */

static void
cli_outcome_merge(cli_outcome_t *outcome)
{
    size_t      i, n;
    cli_row_t  *items;

    items = outcome->items;
    n = 0;

    for (i = 0; i < outcome->n; i++) {

        if (n != 0 && cli_row_compare(&items[n - 1], &items[i]) == 0) {
            items[n - 1].n += items[i].n;
            items[n - 1].expected = items[n - 1].expected || items[i].expected;
            continue;
        }

        items[n++] = items[i];
    }

    outcome->n = n;
}


static bool
cli_outcome_is_rerouted(const cli_replay_t *replay, const cli_row_t *row)
{
    const fig_route_t  *a, *b;

    a = cli_judge_route(&replay->before, row->from);
    b = cli_judge_route(&replay->after, row->to);

    return (a == NULL || b == NULL) ? a != b : !fig_str_eq(a->name, b->name);
}


void
cli_outcome_init(cli_outcome_t *outcome, const cli_replay_t *replay)
{
    size_t            i;
    const cli_row_t  *row;

    memset(outcome, 0, sizeof(cli_outcome_t));

    for (i = 0; i < replay->tally.size; i++) {
        if (replay->tally.cells[i].count != 0) {
            cli_outcome_expand(outcome, replay, &replay->tally.cells[i]);
        }
    }

    if (outcome->n != 0) {
        qsort(outcome->items, outcome->n, sizeof(cli_row_t), cli_row_compare);
    }

    cli_outcome_merge(outcome);

    if (!replay->compares) {
        return;
    }

    for (i = 0; i < outcome->n; i++) {
        row = &outcome->items[i];

        if (row->from.place != row->to.place) {
            outcome->moved += row->n;
            outcome->expected = outcome->expected || row->expected;

        } else if (cli_outcome_is_rerouted(replay, row)) {
            outcome->rerouted += row->n;
        }
    }
}


size_t
cli_outcome_moves(cli_outcome_t *outcome)
{
    size_t  n;

    if (outcome->n != 0) {
        qsort(outcome->items, outcome->n, sizeof(cli_row_t),
              cli_row_compare_moves);
    }

    for (n = 0; n < outcome->n
                && outcome->items[n].from.place != outcome->items[n].to.place;
         n++)
    {
        /* void */
    }

    return n;
}


void
cli_outcome_by_route(cli_outcome_t *outcome)
{
    if (outcome->n != 0) {
        qsort(outcome->items, outcome->n, sizeof(cli_row_t),
              cli_row_compare_routes);
    }
}
