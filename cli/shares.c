/*
 * Shares as lengths: the buckets of a route are a line from 0 to 1 whose first
 * part is the new side's, and so are the weights of `to`.
 *
 *     bucket   |-- new, before --|------------ old ------------|
 *              |----- new, after -----|--------- old ----------|
 *                                ^ these move
 */

#include <math.h>

#include "shares.h"


/* Which place has which part of a line, from 0 on. */

typedef struct {
    size_t        n;
    double       *ends;
    uint32_t     *places;
} cli_line_t;


static void
cli_line_add(cli_line_t *line, double length, uint32_t place)
{
    double  start;

    if (length <= 0) {
        return;
    }

    start = (line->n != 0) ? line->ends[line->n - 1] : 0;

    line->ends = cli_grow(line->ends, line->n, sizeof(double));
    line->places = cli_grow(line->places, line->n, sizeof(uint32_t));
    line->ends[line->n] = start + length;
    line->places[line->n++] = place;
}


static void
cli_line_release(cli_line_t *line)
{
    free(line->ends);
    free(line->places);
}


static void
cli_shares_add(cli_shares_t *shares, uint32_t from, uint32_t to, double share)
{
    size_t  i;

    if (share <= 0) {
        return;
    }

    for (i = 0; i < shares->n; i++) {
        if (shares->items[i].from == from && shares->items[i].to == to) {
            shares->items[i].share += share;
            return;
        }
    }

    shares->items = cli_grow(shares->items, shares->n, sizeof(cli_share_t));
    shares->items[shares->n++] = (cli_share_t) { from, to, share };
}


/* Weighted targets of the new side, or one place. */

static void
cli_line_of_side(const cli_judge_t *judge, const fig_route_t *route,
    bool is_new, cli_line_t *line)
{
    double    total;
    uint32_t  i;

    if (!is_new) {
        cli_line_add(line, 1, judge->backends[route->from->index]);
        return;
    }

    total = 0;

    for (i = 0; i < route->ntargets; i++) {
        total += route->targets[i].weight;
    }

    for (i = 0; i < route->ntargets; i++) {
        cli_line_add(line, route->targets[i].weight / total,
                     judge->backends[route->targets[i].backend->index]);
    }
}


/* What a verdict is for a bucket: below the new share or not. */

static void
cli_line_at(const cli_judge_t *judge, cli_verdict_t verdict, bool is_new,
    cli_line_t *line)
{
    memset(line, 0, sizeof(cli_line_t));

    if (verdict.place == CLI_SPLIT || verdict.place == CLI_WEIGHTS) {
        cli_line_of_side(judge, cli_judge_route(judge, verdict), is_new, line);
    } else {
        cli_line_add(line, 1, verdict.place);
    }
}


/* Adds pairs of two lines, laid on each other or independent. */

static void
cli_shares_pair(cli_shares_t *shares, const cli_line_t *a,
    const cli_line_t *b, bool together, double share)
{
    double  start, end, low, high;
    size_t  i, k;

    for (i = 0; i < a->n; i++) {
        for (k = 0; k < b->n; k++) {
            start = (i != 0) ? a->ends[i - 1] : 0;
            end = a->ends[i];
            low = (k != 0) ? b->ends[k - 1] : 0;
            high = b->ends[k];

            cli_shares_add(shares, a->places[i], b->places[k], share
                * (together ? fmin(end, high) - fmax(start, low)
                            : (end - start) * (high - low)));
        }
    }
}


static fig_str_t
cli_split_name(const fig_route_t *route)
{
    return (route->group != NULL) ? route->group->name : route->name;
}


/* Whether two routes give a client the same bucket. */

static bool
cli_is_same_split(const fig_route_t *a, const fig_route_t *b)
{
    uint32_t  i;

    if (a == NULL || b == NULL || a->nby != b->nby
        || !fig_str_eq(cli_split_name(a), cli_split_name(b)))
    {
        return false;
    }

    for (i = 0; i < a->nby; i++) {
        if (!fig_str_eq(a->by[i].source, b->by[i].source)) {
            return false;
        }
    }

    return true;
}


/* The part of the buckets that is the new side's, or all of a known place. */

static double
cli_share_of(const cli_judge_t *judge, cli_verdict_t verdict)
{
    return (verdict.place == CLI_SPLIT)
           ? cli_judge_route(judge, verdict)->percent / (double) FIG_BUCKETS
           : 1;
}


void
cli_shares_of_both(const cli_judge_t *before, cli_verdict_t from,
    const cli_judge_t *after, cli_verdict_t to, cli_shares_t *shares)
{
    bool        together, old_new, new_new;
    double      p, q, share;
    unsigned    sides;
    cli_line_t  a, b;

    memset(shares, 0, sizeof(cli_shares_t));

    together = cli_is_same_split(cli_judge_route(before, from),
                                 cli_judge_route(after, to));
    p = cli_share_of(before, from);
    q = cli_share_of(after, to);

    for (sides = 0; sides < 4; sides++) {
        old_new = sides & 1;
        new_new = sides & 2;

        if (together) {
            share = (old_new && new_new) ? fmin(p, q)
                    : old_new ? fmax(p - q, 0)
                    : new_new ? fmax(q - p, 0) : 1 - fmax(p, q);
        } else {
            share = (old_new ? p : 1 - p) * (new_new ? q : 1 - q);
        }

        if (share <= 0) {
            continue;
        }

        cli_line_at(before, from, old_new, &a);
        cli_line_at(after, to, new_new, &b);
        cli_shares_pair(shares, &a, &b, together, share);
        cli_line_release(&a);
        cli_line_release(&b);
    }
}


void
cli_shares_of(const cli_judge_t *judge, cli_verdict_t verdict,
    cli_shares_t *shares)
{
    cli_verdict_t  nothing = { 0, judge->not_found };

    cli_shares_of_both(judge, verdict, judge, nothing, shares);
}
