/*
 * Which server gets a try: what each policy promises, over many sets of
 * weights and loads, and against a simulation.
 */

#include "unit.h"

#include "fig_balance.h"


#define MANY  200


typedef struct {
    fig_balance_t    balance;
    fig_choice_t     choices[MANY];
    fig_standing_t   standings[MANY];
    uint32_t         weights[MANY];
} set_t;


static uint64_t  seed;


/* SplitMix64: Steele, Lea, Flood, "Fast splittable PRNGs", OOPSLA 2014. */

static uint64_t
draw(void)
{
    uint64_t  z;

    z = (seed += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);

    return z ^ (z >> 31);
}


static uint32_t
draw_below(uint32_t n)
{
    return (uint32_t) (draw() % n);
}


/* A generation over the standings that are there. */

static void
weigh(set_t *set, fig_policy_t policy, uint32_t n, const uint32_t *weights)
{
    uint32_t  i;

    set->balance.policy = policy;
    set->balance.n = n;
    set->balance.choices = set->choices;

    for (i = 0; i < n; i++) {
        set->weights[i] = weights ? weights[i] : 1;
        set->choices[i].weight = set->weights[i];
        set->choices[i].standing = &set->standings[i];
    }

    fig_balance_init(&set->balance);
}


static void
make(set_t *set, fig_policy_t policy, uint32_t n, const uint32_t *weights)
{
    memset(set, 0, sizeof(set_t));
    weigh(set, policy, n, weights);
}


static uint32_t
pick(set_t *set)
{
    uint32_t  i;

    i = fig_balance_pick(&set->balance, 0, draw());
    assert_true(i < set->balance.n);

    return i;
}


static uint32_t
make_any(set_t *set, fig_policy_t policy, uint32_t max_n, uint32_t max_weight)
{
    uint32_t  i, n, total, weights[MANY];

    n = 1 + draw_below(max_n);
    total = 0;

    for (i = 0; i < n; i++) {
        weights[i] = 1 + draw_below(max_weight);
        total += weights[i];
    }

    make(set, policy, n, weights);

    return total;
}


/* nginx's own pattern. */

static void
test_turns_are_smooth(void **state)
{
    set_t     set;
    uint32_t  i;

    static const uint32_t  weights[] = { 5, 1, 1 };

    (void) state;

    make(&set, FIG_BALANCE_ROUND_ROBIN, 3, weights);

    for (i = 0; i < 21; i++) {
        assert_int_equal(pick(&set), "0010200"[i % 7] - '0');
    }
}


/*
 * In each cycle, wherever it begins, each has exactly its weight; and at any
 * time no server is a whole request ahead of its share.
 */

static void
test_turns_are_exact(void **state)
{
    set_t     set;
    uint32_t  i, j, round, total, counts[MANY];

    (void) state;

    for (round = 0; round < 300; round++) {
        total = make_any(&set, FIG_BALANCE_ROUND_ROBIN, 20, 100);
        fig_balance_spin(&set.balance, (uint32_t) draw());

        for (i = 0; i < 3; i++) {
            memset(counts, 0, sizeof(counts));

            for (j = 0; j < total; j++) {
                counts[pick(&set)]++;
            }

            assert_memory_equal(counts, set.weights,
                                set.balance.n * sizeof(uint32_t));
        }

        memset(set.standings, 0, sizeof(set.standings));
        memset(counts, 0, sizeof(counts));

        for (j = 1; j <= total; j++) {
            i = pick(&set);
            counts[i]++;
            assert_true((uint64_t) (counts[i] - 1) * total
                        < (uint64_t) j * set.weights[i]);
        }
    }
}


/* Another generation goes on: nobody waits, and nobody is rushed at. */

static void
test_turns_go_on_with_other_weights(void **state)
{
    set_t     set;
    uint32_t  i, j, n, round, all, total, counts[MANY], weights[MANY];
    uint32_t  longest[MANY];

    (void) state;

    for (round = 0; round < 300; round++) {
        all = make_any(&set, FIG_BALANCE_ROUND_ROBIN, 10, 1000);

        for (j = draw_below(all); j != 0; j--) {
            (void) pick(&set);
        }

        n = 1 + draw_below(12);
        total = 0;

        for (i = 0; i < n; i++) {
            weights[i] = 1 + draw_below(round % 2 ? 3 : 1000);
            total += weights[i];
        }

        weigh(&set, FIG_BALANCE_ROUND_ROBIN, n, weights);

        memset(counts, 0, sizeof(counts));
        memset(longest, 0, sizeof(longest));

        for (j = 1; j <= total; j++) {
            counts[pick(&set)]++;

            for (i = 0; i < n; i++) {
                all = (uint32_t) ((uint64_t) j * weights[i] / total);
                assert_true(counts[i] <= all + 3);
                assert_true(counts[i] + 4 >= all);
            }
        }
    }
}


static void
test_turns_go_on_where_they_were(void **state)
{
    set_t     set;
    uint32_t  i, before;

    (void) state;

    make(&set, FIG_BALANCE_ROUND_ROBIN, 3, NULL);
    before = pick(&set);

    for (i = 0; i < 9; i++) {
        weigh(&set, FIG_BALANCE_ROUND_ROBIN, 3, NULL);
        assert_int_equal(pick(&set), (before + 1 + i) % 3);
    }
}


/* What an old generation picks late is a request for the new one, too. */

static void
test_turns_of_two_generations(void **state)
{
    set_t            set;
    uint32_t         i;
    fig_balance_t    old;
    fig_choice_t     choices[2];

    static const uint32_t  heavy[] = { 1000, 1000 };

    (void) state;

    make(&set, FIG_BALANCE_ROUND_ROBIN, 2, heavy);

    old = set.balance;
    memcpy(choices, set.choices, sizeof(choices));
    old.choices = choices;

    weigh(&set, FIG_BALANCE_ROUND_ROBIN, 2, NULL);

    for (i = 0; i < 20; i++) {
        assert_int_equal(fig_balance_pick(&old, 0, 0), 0);
        assert_int_equal(pick(&set), 1);
    }
}


static void
test_starts_are_spread(void **state)
{
    set_t     set;
    uint32_t  i, j, n, counts[MANY];

    static const uint32_t  sizes[] = { 2, 3, 10, 60 };

    (void) state;

    for (i = 0; i < FIG_NELTS(sizes); i++) {
        n = sizes[i];
        memset(counts, 0, sizeof(counts));

        for (j = 0; j < n * 100; j++) {
            make(&set, FIG_BALANCE_ROUND_ROBIN, n, NULL);
            fig_balance_spin(&set.balance, (uint32_t) draw());
            counts[pick(&set)]++;
        }

        for (j = 0; j < n; j++) {
            assert_in_range(counts[j], 40, 160);
        }
    }
}


static void
test_least_is_least(void **state)
{
    set_t     set;
    uint32_t  i, j, k, round;

    (void) state;

    for (round = 0; round < 300; round++) {
        (void) make_any(&set, FIG_BALANCE_LEAST_CONN, 30, 1000);

        for (j = 0; j < set.balance.n; j++) {
            set.standings[j].active = draw_below(round % 2 ? 5 : 100000);
        }

        for (j = 0; j < 200; j++) {
            i = pick(&set);

            /* active / weight, of those that were given */

            for (k = 0; k < set.balance.n; k++) {
                assert_true((uint64_t) set.standings[i].active * set.weights[k]
                            <= (uint64_t) set.standings[k].active
                               * set.weights[i]);
            }

            set.standings[i].active++;
        }
    }
}


/* With nothing under way it is round robin, by weight. */

static void
test_equals_take_turns(void **state)
{
    set_t     set;
    uint32_t  i;

    static const uint32_t  weights[] = { 5, 1, 1 };

    (void) state;

    make(&set, FIG_BALANCE_LEAST_CONN, 3, weights);

    for (i = 0; i < 21; i++) {
        assert_int_equal(pick(&set), "0010200"[i % 7] - '0');
    }

    /* and among those alone who are equal */

    make(&set, FIG_BALANCE_LEAST_CONN, 4, NULL);
    set.standings[1].active = 1;

    for (i = 0; i < 30; i++) {
        assert_int_equal(pick(&set), "023"[i % 3] - '0');
    }
}


static void
test_random_is_by_weight(void **state)
{
    set_t     set;
    uint32_t  i, counts[3] = { 0, 0, 0 };

    static const uint32_t  weights[] = { 6, 3, 1 };

    (void) state;

    make(&set, FIG_BALANCE_RANDOM, 3, weights);

    for (i = 0; i < 100000; i++) {
        counts[pick(&set)]++;
    }

    /* eight standard deviations */

    assert_in_range(counts[0], 60000 - 1240, 60000 + 1240);
    assert_in_range(counts[1], 30000 - 1160, 30000 + 1160);
    assert_in_range(counts[2], 10000 - 760, 10000 + 760);
}


/* The busiest of all is in no pair the better one. */

static void
test_random_avoids_the_busiest(void **state)
{
    set_t     set;
    uint32_t  i, j, round, busiest;

    (void) state;

    for (round = 0; round < 100; round++) {
        (void) make_any(&set, FIG_BALANCE_RANDOM, 10, 10);

        if (set.balance.n == 1) {
            continue;
        }

        busiest = draw_below(set.balance.n);

        for (j = 0; j < set.balance.n; j++) {
            set.standings[j].active = set.weights[j] * (j == busiest ? 2 : 1);
        }

        for (i = 0; i < 300; i++) {
            assert_int_not_equal(pick(&set), busiest);
        }
    }
}


static uint32_t
worst_of_balls(set_t *set)
{
    uint32_t  i, worst;

    for (i = 0; i < MANY; i++) {
        set->standings[pick(set)].active++;
    }

    worst = 0;

    for (i = 0; i < MANY; i++) {
        worst = set->standings[i].active > worst ? set->standings[i].active
                                                 : worst;
    }

    return worst;
}


/*
 * n balls in n bins: one choice fills the worst to about ln n / ln ln n, two
 * choices to about ln ln n / ln 2 (Azar, Broder, Karlin, Upfal, "Balanced
 * Allocations", 1994): 5 and more against 4 and less for 200, nearly always.
 */

static void
test_two_choices_spread(void **state)
{
    set_t     set;
    uint32_t  round;

    (void) state;

    for (round = 0; round < 300; round++) {
        make(&set, FIG_BALANCE_RANDOM, MANY, NULL);
        assert_in_range(worst_of_balls(&set), 2, 4);
    }
}


/* Requests that come and go: the same bound, after any time. */

static void
test_two_choices_stay_spread(void **state)
{
    set_t     set;
    uint32_t  i, at[MANY], j;

    (void) state;

    make(&set, FIG_BALANCE_RANDOM, MANY, NULL);

    for (i = 0; i < MANY; i++) {
        at[i] = pick(&set);
        set.standings[at[i]].active++;
    }

    for (i = 0; i < 100000; i++) {
        j = draw_below(MANY);
        set.standings[at[j]].active--;
        at[j] = pick(&set);
        assert_true(++set.standings[at[j]].active <= 5);
    }
}


/* Each once, whatever the policy; then none. */

static void
test_tried_ones_are_left_out(void **state)
{
    set_t     set;
    uint32_t  i, n, policy, got;
    uint64_t  tried;

    (void) state;

    for (n = 1; n <= MANY; n++) {
        for (policy = 0; policy <= FIG_BALANCE_RANDOM; policy++) {
            make(&set, (fig_policy_t) policy, n, NULL);
            tried = 0;
            got = 0;

            while (fig_balance_has_other(&set.balance, tried)) {
                i = fig_balance_pick(&set.balance, tried, draw());
                assert_true(i < n);
                assert_true((tried & (UINT64_C(1) << i % 64)) == 0);
                assert_true((fig_balance_alike(&set.balance, i)
                             & ~(UINT64_C(1) << i % 64)) == 0);
                tried |= fig_balance_alike(&set.balance, i);
                got++;
            }

            assert_int_equal(got, n < 64 ? n : 64);
            assert_int_equal(fig_balance_pick(&set.balance, tried, draw()),
                             FIG_BALANCE_NONE);
        }
    }
}


/* A server that is there twice is one server. */

static void
test_alike(void **state)
{
    set_t     set;
    uint32_t  i, counts[3] = { 0, 0, 0 };

    (void) state;

    make(&set, FIG_BALANCE_ROUND_ROBIN, 3, NULL);
    set.choices[2].standing = &set.standings[0];

    assert_true(fig_balance_alike(&set.balance, 0) == 5);
    assert_true(fig_balance_alike(&set.balance, 1) == 2);
    assert_true(fig_balance_alike(&set.balance, 2) == 5);

    for (i = 0; i < 30; i++) {
        counts[pick(&set)]++;
    }

    assert_int_equal(counts[0] + counts[2], 20);
    assert_int_equal(counts[1], 10);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_turns_are_smooth),
        cmocka_unit_test(test_turns_are_exact),
        cmocka_unit_test(test_turns_go_on_with_other_weights),
        cmocka_unit_test(test_turns_go_on_where_they_were),
        cmocka_unit_test(test_turns_of_two_generations),
        cmocka_unit_test(test_starts_are_spread),
        cmocka_unit_test(test_least_is_least),
        cmocka_unit_test(test_equals_take_turns),
        cmocka_unit_test(test_random_is_by_weight),
        cmocka_unit_test(test_random_avoids_the_busiest),
        cmocka_unit_test(test_two_choices_spread),
        cmocka_unit_test(test_two_choices_stay_spread),
        cmocka_unit_test(test_tried_ones_are_left_out),
        cmocka_unit_test(test_alike)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
