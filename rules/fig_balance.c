/*
 * Round robin, least connections and the better of two random choices.
 *
 *     round robin   smooth and weighted, as nginx has it: each gets its weight,
 *                   who has most gives all of them back (explained in
 *                   ngx_http_upstream_round_robin.c)
 *     least_conn    fewest tries under way for its weight; round robin among
 *                   equals
 *     random        two are drawn by weight, the one with fewer tries under way
 *                   for its weight is taken (Mitzenmacher, "The Power of Two
 *                   Choices in Randomized Load Balancing", 2001)
 */

#include "fig_balance.h"


#define FIG_BALANCE_BITS  64

/* Servers looked at for a random start, about. */
#define FIG_BALANCE_SPIN  4096


void
fig_balance_init(fig_balance_t *balance)
{
    uint32_t  i, total, scale;

    total = 0;

    for (i = 0; i < balance->n; i++) {
        total += balance->choices[i].weight;
    }

    /* a whole number: after a cycle all stand where they stood before */

    scale = FIG_BALANCE_WHOLE / total;

    for (i = 0; i < balance->n; i++) {
        balance->choices[i].weight *= scale;
    }
}


static inline uint64_t
fig_balance_bit(uint32_t i)
{
    return UINT64_C(1) << (i % FIG_BALANCE_BITS);
}


/* The one place that says who may be picked at all. */

static inline bool
fig_balance_is_open(uint32_t i, uint64_t tried)
{
    return (tried & fig_balance_bit(i)) == 0;
}


/* Whether a has more to do than b, for its weight: above 0; less: below. */

static inline int
fig_balance_compare(const fig_choice_t *a, const fig_choice_t *b)
{
    uint64_t  x, y;

    x = (uint64_t) a->standing->active * b->weight;
    y = (uint64_t) b->standing->active * a->weight;

    return (x > y) - (x < y);
}


/* Round robin; with least only among those who are as busy as that one. */

static uint32_t
fig_balance_turn(const fig_balance_t *balance, uint64_t tried,
    const fig_choice_t *least)
{
    int64_t           total;
    uint32_t          i, best;
    fig_choice_t     *c;
    fig_standing_t   *found;

    best = FIG_BALANCE_NONE;
    found = NULL;
    total = 0;

    for (i = 0; i < balance->n; i++) {
        c = &balance->choices[i];

        if (!fig_balance_is_open(i, tried)
            || (least && fig_balance_compare(c, least) != 0))
        {
            continue;
        }

        c->standing->current += c->weight;
        total += c->weight;

        if (found == NULL || c->standing->current > found->current) {
            found = c->standing;
            best = i;
        }
    }

    if (found) {
        found->current -= total;
    }

    return best;
}


static uint32_t
fig_balance_least(const fig_balance_t *balance, uint64_t tried)
{
    uint32_t          i;
    fig_choice_t     *c, *least;

    least = NULL;

    for (i = 0; i < balance->n; i++) {
        c = &balance->choices[i];

        if (fig_balance_is_open(i, tried)
            && (least == NULL || fig_balance_compare(c, least) < 0))
        {
            least = c;
        }
    }

    return least ? fig_balance_turn(balance, tried, least) : FIG_BALANCE_NONE;
}


/* One by weight, but not the one whose index is `but`. */

static uint32_t
fig_balance_draw(const fig_balance_t *balance, uint64_t tried, uint32_t but,
    uint32_t random)
{
    uint32_t  i, left, total;

    total = 0;

    for (i = 0; i < balance->n; i++) {
        if (fig_balance_is_open(i, tried) && i != but) {
            total += balance->choices[i].weight;
        }
    }

    left = (uint32_t) (((uint64_t) random * total) >> 32);

    for (i = 0; i < balance->n; i++) {
        if (!fig_balance_is_open(i, tried) || i == but) {
            continue;
        }

        if (left < balance->choices[i].weight) {
            return i;
        }

        left -= balance->choices[i].weight;
    }

    return FIG_BALANCE_NONE;
}


/* Of equals it is the first: idle servers get their share by weight. */

static uint32_t
fig_balance_two(const fig_balance_t *balance, uint64_t tried, uint64_t random)
{
    uint32_t  one, two;

    one = fig_balance_draw(balance, tried, FIG_BALANCE_NONE,
                           (uint32_t) (random >> 32));
    two = fig_balance_draw(balance, tried, one, (uint32_t) random);

    if (two != FIG_BALANCE_NONE
        && fig_balance_compare(&balance->choices[one],
                               &balance->choices[two]) > 0)
    {
        return two;
    }

    return one;
}


uint32_t
fig_balance_pick(const fig_balance_t *balance, uint64_t tried, uint64_t random)
{
    switch (balance->policy) {

    case FIG_BALANCE_LEAST_CONN:
        return fig_balance_least(balance, tried);

    case FIG_BALANCE_RANDOM:
        return fig_balance_two(balance, tried, random);

    default:
        return fig_balance_turn(balance, tried, NULL);
    }
}


uint64_t
fig_balance_alike(const fig_balance_t *balance, uint32_t i)
{
    uint32_t  j;
    uint64_t  bits;

    bits = 0;

    for (j = 0; j < balance->n; j++) {
        if (balance->choices[j].standing == balance->choices[i].standing)
        {
            bits |= fig_balance_bit(j);
        }
    }

    return bits;
}


bool
fig_balance_has_other(const fig_balance_t *balance, uint64_t tried)
{
    uint32_t  i;

    for (i = 0; i < balance->n && i < FIG_BALANCE_BITS; i++) {
        if (fig_balance_is_open(i, tried)) {
            return true;
        }
    }

    return false;
}


void
fig_balance_spin(const fig_balance_t *balance, uint32_t random)
{
    uint32_t  steps;

    /* of equals each is as likely; of very many one of the first will do */

    steps = FIG_BALANCE_BITS;

    if (balance->n <= steps) {
        steps = (FIG_BALANCE_SPIN / (balance->n * balance->n) + 1) * balance->n;
    }

    steps = (uint32_t) (((uint64_t) random * steps) >> 32);

    while (steps-- != 0) {
        (void) fig_balance_turn(balance, 0, NULL);
    }
}
