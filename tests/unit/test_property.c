/*
 * The indexed matcher against the plain one, over random rule sets and
 * requests.
 *
 *     rule set (small alphabets, so that much overlaps)
 *         x requests (the same alphabets)
 *             fig_match() == the winner of fig_explain()
 *
 * FIG_PROPERTY_SEED and FIG_PROPERTY_ROUNDS (rule sets) change the run; a
 * failure prints the seed of its rule set, which reproduces it with one round.
 */

#include "plain_winner.h"
#include "random_rules.h"


#define ROUNDS    4000
#define REQUESTS  120


static void
show_difference(uint64_t seed, const fixture_t *f,
    const fig_candidate_t *winner)
{
    print_error("rule set of seed %llu: %.*s http://%.*s%.*s?%.*s\n",
                (unsigned long long) seed,
                (int) f->request.method.len, f->request.method.data,
                (int) f->request.host.len, f->request.host.data,
                (int) f->request.path.len, f->request.path.data,
                (int) f->request.query.len, f->request.query.data);

    print_error("  index: route %d, path %s\n",
                f->match.route ? (int) f->match.route->index : -1,
                f->match.path ? f->match.path->source.data : "-");

    print_error("  plain: route %d, path %s\n",
                winner ? (int) winner->route->index : -1,
                winner && winner->path ? winner->path->source.data : "-");
}


static size_t
check_rule_set(uint64_t seed)
{
    char                    path[512];
    size_t                  i, n;
    random_t                r;
    fixture_t               f;
    const fig_candidate_t  *winner;

    static fig_candidate_t  candidates[4096];

    r = random_from_seed(seed);
    fixture_init(&f, RANDOM_ROUTES);
    random_rules(&r, &f);
    n = 0;

    for (i = 0; i < REQUESTS; i++) {
        random_request(&r, &f, path);

        fig_match(&f.ruleset, &f.request, f.scratch, &f.match);
        winner = plain_winner(&f.ruleset, &f.request, f.scratch, candidates,
                              FIG_NELTS(candidates));

        if (!is_winner(&f.match, winner)) {
            show_difference(seed, &f, winner);
            fail();
        }

        n += winner != NULL;
    }

    fixture_release(&f);

    return n;
}


static uint64_t
number_from(const char *name, uint64_t value)
{
    const char  *text;

    text = getenv(name);

    return (text != NULL) ? strtoull(text, NULL, 0) : value;
}


static void
test_index_agrees_with_plain(void **state)
{
    size_t    hits;
    uint64_t  i, seed, rounds;

    (void) state;

    seed = number_from("FIG_PROPERTY_SEED", 20240229);
    rounds = number_from("FIG_PROPERTY_ROUNDS", ROUNDS);
    hits = 0;

    for (i = 0; i < rounds; i++) {
        hits += check_rule_set(seed + i);
    }

    print_message("%llu comparisons, %zu with a winner\n",
                  (unsigned long long) (rounds * REQUESTS), hits);

    /* a test in which nothing matches would pass and say nothing */

    if (rounds >= 100) {
        assert_true(hits > rounds * REQUESTS / 2);
        assert_true(hits < rounds * REQUESTS);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_index_agrees_with_plain)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
