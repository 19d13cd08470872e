/*
 * Readiness, noise and latency: what the tests of the comparison say about a
 * route.
 */

#include "unit.h"

#include <math.h>

#include "fig_noise.h"
#include "fig_ready.h"


#define HOUR  3600


static const fig_ready_facts_t  nothing = { .nblocking = 0 };


static uint64_t
random_next(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;

    return *state;
}


static fig_readiness_t
judge(const fig_ready_t *ready, const fig_ready_facts_t *facts, uint64_t now)
{
    fig_readiness_t  readiness;

    fig_ready_judge(ready, NULL, facts, now, &readiness);
    assert_true(readiness.nreasons > 0);

    return readiness;
}


static bool
says(const fig_readiness_t *readiness, const char *text)
{
    size_t  i;

    for (i = 0; i < readiness->nreasons; i++) {
        if (strstr(readiness->reasons[i], text) != NULL) {
            return true;
        }
    }

    return false;
}


/* n pairs, of 1,000 requests in turn. */

static void
add(fig_ready_t *ready, size_t n, fig_outcome_t outcome, uint64_t now)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        fig_ready_add(ready, NULL, outcome, i % 300 + 1, now);
    }
}


static void
test_clean_pairs_that_are_needed(void **state)
{
    fig_ready_t  ready;

    (void) state;

    fig_ready_init(&ready, 7);
    add(&ready, 5114, FIG_OUTCOME_MATCH, 1);
    assert_int_equal(judge(&ready, &nothing, 1).verdict,
                     FIG_VERDICT_GATHERING);
    add(&ready, 1, FIG_OUTCOME_MATCH, 1);
    assert_int_equal(judge(&ready, &nothing, 1).verdict, FIG_VERDICT_READY);
    assert_string_equal(judge(&ready, &nothing, 1).estimate,
                        "mismatch rate < 0.1 % at 99 % confidence");
    assert_int_equal(ready.evidence, 7);
}


static void
test_a_mismatch_costs_2558_matches(void **state)
{
    fig_ready_t      ready;
    fig_readiness_t  readiness;

    (void) state;

    fig_ready_init(&ready, 0);
    fig_ready_add(&ready, NULL, FIG_OUTCOME_MISMATCH, 1, 1);
    readiness = judge(&ready, &nothing, 1);
    assert_int_equal(readiness.needed, 5115 + 2557);
    assert_int_equal(readiness.k, 1);
    assert_string_equal(readiness.estimate,
                        "mismatch rate 100 % so far: 1 of 1 pairs");

    add(&ready, 7671, FIG_OUTCOME_MATCH, 1);
    assert_int_equal(judge(&ready, &nothing, 1).verdict,
                     FIG_VERDICT_GATHERING);
    add(&ready, 1, FIG_OUTCOME_NOISE, 1);
    assert_int_equal(judge(&ready, &nothing, 1).verdict, FIG_VERDICT_READY);
}


/* Mismatches of days, as many as a number can hold, and a few matches. */

static void
test_bad_news_do_not_become_good_ones(void **state)
{
    size_t       i;
    fig_ready_t  ready;

    (void) state;

    fig_ready_init(&ready, 0);

    for (i = 0; i < 5000000; i++) {
        fig_ready_add(&ready, NULL, FIG_OUTCOME_MISMATCH, 1, 1);

        if (ready.score >= 0) {
            fail_msg("a good score after %zu mismatches", i + 1);
        }
    }

    assert_int_equal(judge(&ready, &nothing, 1).verdict,
                     FIG_VERDICT_NOT_READY);

    /* and where all that there is must be weighed anew */

    ready.matches = ready.counts[0] = 50000000;
    ready.credit = ready.matches * 1000;
    ready.mismatches = 10000000000;
    ready.score = 0;

    for (i = 2; i < 102; i++) {
        fig_ready_add(&ready, NULL, FIG_OUTCOME_MATCH, i, 1);
    }

    assert_true(ready.score < INT64_MIN / 8);
    assert_int_equal(judge(&ready, &nothing, 1).verdict,
                     FIG_VERDICT_NOT_READY);
}


static void
test_old_good_news_hide_no_regression(void **state)
{
    fig_ready_t  ready;

    (void) state;

    fig_ready_init(&ready, 0);
    add(&ready, 200000, FIG_OUTCOME_ACKNOWLEDGED, 1);
    add(&ready, 1, FIG_OUTCOME_MISMATCH, 1);
    assert_int_equal(judge(&ready, &nothing, 1).verdict, FIG_VERDICT_READY);
    add(&ready, 1, FIG_OUTCOME_MISMATCH, 1);
    assert_int_equal(judge(&ready, &nothing, 1).verdict,
                     FIG_VERDICT_GATHERING);
    add(&ready, 4, FIG_OUTCOME_MISMATCH, 1);
    assert_int_equal(judge(&ready, &nothing, 1).verdict,
                     FIG_VERDICT_NOT_READY);
}


/*
 * Watched at every pair, a route whose true mismatch rate is what must not be
 * is called ready in at most alpha of all cases.
 */

static size_t
count_false(size_t runs, size_t pairs, unsigned requests)
{
    size_t        i, n, wrong;
    uint64_t      random;
    fig_ready_t   ready;

    random = 88172645463325252u;

    for (i = 0, wrong = 0; i < runs; i++) {
        fig_ready_init(&ready, i);

        for (n = 0; n < pairs; n++) {
            fig_ready_add(&ready, NULL, random_next(&random) % 1000 == 0
                          ? FIG_OUTCOME_MISMATCH : FIG_OUTCOME_MATCH,
                          random_next(&random) % requests, 1);

            if (ready.score >= (int64_t) 4605170185988) {
                wrong++;
                break;
            }

            /* from there it does not come back */

            if (ready.score < (int64_t) -25 * 1000000000000) {
                break;
            }
        }
    }

    return wrong;
}


static void
test_false_alarms_are_rare(void **state)
{
    (void) state;

    assert_in_range(count_false(4000, 60000, 1), 4000 / 250, 4000 / 100);
    assert_in_range(count_false(40, 20000, 200), 0, 2);
}


/* A rate ten times better is found out in the end. */

static void
test_a_good_route_becomes_ready(void **state)
{
    size_t       i, n, found;
    uint64_t     random;
    fig_ready_t  ready;

    (void) state;

    random = 88172645463325252u;

    for (i = 0, found = 0; i < 200; i++) {
        fig_ready_init(&ready, 0);

        for (n = 0; n < 30000 && ready.score < 4605170185988; n++) {
            fig_ready_add(&ready, NULL, random_next(&random) % 10000 == 0
                          ? FIG_OUTCOME_MISMATCH : FIG_OUTCOME_MATCH, 1, 1);
        }

        found += (n < 30000);
    }

    assert_true(found >= 190);
}


static void
test_one_hot_request_fakes_nothing(void **state)
{
    size_t           i;
    fig_ready_t      ready;
    fig_readiness_t  readiness;

    (void) state;

    fig_ready_init(&ready, 0);

    for (i = 0; i < 100000; i++) {
        fig_ready_add(&ready, NULL, FIG_OUTCOME_MATCH, 1, 1);
    }

    readiness = judge(&ready, &nothing, 1);
    assert_int_equal(readiness.verdict, FIG_VERDICT_READY);
    assert_true(says(&readiness, "only 1 distinct requests were seen"));

    /* 99 others: now the hot one is a hundredth */

    for (i = 2; i <= 100; i++) {
        fig_ready_add(&ready, NULL, FIG_OUTCOME_MATCH, i, 1);
    }

    readiness = judge(&ready, &nothing, 1);
    assert_int_equal(readiness.m, 100);
    assert_int_equal(readiness.verdict, FIG_VERDICT_GATHERING);
    assert_true(says(&readiness, "99,999 matches do not count"));

    /* mismatches always count */

    fig_ready_add(&ready, NULL, FIG_OUTCOME_MISMATCH, 1, 1);
    assert_int_equal(judge(&ready, &nothing, 1).k, 1);
}


/* m is the largest of which no request makes more than a hundredth. */

static void
check_credit(unsigned requests, unsigned skew, size_t pairs)
{
    size_t           i;
    double           m, sum;
    unsigned         k, counts[2000] = { 0 };
    uint64_t         random;
    fig_ready_t      ready;

    random = 42;
    fig_ready_init(&ready, 0);

    for (i = 0; i < pairs; i++) {
        k = (unsigned) (random_next(&random) % requests);

        if (skew != 0 && random_next(&random) % 100 < skew) {
            k = (unsigned) (random_next(&random) % 3);
        }

        counts[k]++;
        fig_ready_add(&ready, NULL, FIG_OUTCOME_MATCH, k + 1, 1);
    }

    for (m = (double) pairs, i = 0; i < 20000; i++) {
        for (k = 0, sum = 0; k < requests; k++) {
            sum += (counts[k] < m / 100) ? counts[k] : m / 100;
        }

        m = sum;
    }

    assert_true(fabs((double) ready.credit / 1000 - m) <= 0.005 * m + 1);
}


static void
test_what_counts_of_m(void **state)
{
    (void) state;

    check_credit(500, 0, 20000);
    check_credit(500, 90, 20000);
    check_credit(150, 30, 20000);
    check_credit(400, 50, 3000);
}


/* More requests than are kept: the frequent ones are known all the same. */

static void
test_more_requests_than_are_kept(void **state)
{
    size_t       i;
    fig_ready_t  ready;

    (void) state;

    fig_ready_init(&ready, 0);

    for (i = 0; i < 20000; i++) {
        fig_ready_add(&ready, NULL, FIG_OUTCOME_MATCH, i % 2 ? 1 : i + 100, 1);
    }

    /* 10,000 of one, of which a hundredth counts, and 10,000 others */

    assert_in_range(ready.credit, 10000 * 1000, 10150 * 1000);
}


static void
test_the_date_at_the_present_rate(void **state)
{
    size_t           i;
    fig_ready_t      ready;
    fig_readiness_t  readiness;

    (void) state;

    fig_ready_init(&ready, 0);

    for (i = 0; i < 1000; i++) {
        fig_ready_add(&ready, NULL, FIG_OUTCOME_MATCH, i % 300, 1000 + i);
    }

    readiness = judge(&ready, &nothing, 2000);
    assert_in_range(readiness.expected, 2000 + 4050, 2000 + 4200);

    /* a day without any traffic, then slower */

    for (i = 0; i < 100; i++) {
        fig_ready_add(&ready, NULL, FIG_OUTCOME_MATCH, i % 300,
                      90000 + 36 * i);
    }

    readiness = judge(&ready, &nothing, 90000 + 3600);
    assert_in_range(readiness.expected, 90000 + 36 * 3990, 90000 + 36 * 4200);

    for (i = 0; i < 30; i++) {
        fig_ready_add(&ready, NULL, FIG_OUTCOME_MISMATCH, 1, 93000);
    }

    readiness = judge(&ready, &nothing, 93600);
    assert_int_equal(readiness.expected, 0);
    assert_true(says(&readiness, "it will not become ready"));
    assert_true(says(&readiness, "30 of 1,130 pairs are mismatches"));
    assert_int_equal(readiness.verdict, FIG_VERDICT_NOT_READY);
}


static void
test_what_else_is_needed(void **state)
{
    size_t              i;
    fig_ready_t         ready;
    fig_latency_t       fast, slow;
    fig_readiness_t     readiness;
    fig_ready_facts_t   facts = { 0, FIG_STR("status 200 -> 500"), NULL, NULL };

    (void) state;

    memset(&fast, 0, sizeof(fast));
    memset(&slow, 0, sizeof(slow));
    fig_ready_init(&ready, 0);
    add(&ready, 8000, FIG_OUTCOME_MATCH, 1);
    add(&ready, 80, FIG_OUTCOME_INCOMPARABLE, 1);
    assert_int_equal(judge(&ready, &facts, 1).verdict, FIG_VERDICT_READY);

    facts.nblocking = 2;
    readiness = judge(&ready, &facts, 1);
    assert_int_equal(readiness.verdict, FIG_VERDICT_NOT_READY);
    assert_true(says(&readiness, "2 classes of differences forbid it, such as "
                                 "status 200 -> 500"));

    facts.nblocking = 0;
    facts.primary = &fast;
    facts.candidate = &slow;
    readiness = judge(&ready, &facts, 1);
    assert_int_equal(readiness.verdict, FIG_VERDICT_GATHERING);
    assert_true(says(&readiness, "too few durations"));

    for (i = 0; i < 1000; i++) {
        fig_latency_add(&fast, 100000);
        fig_latency_add(&slow, i % 50 ? 100000 : 125000);
    }

    assert_int_equal(judge(&ready, &facts, 1).verdict, FIG_VERDICT_READY);

    for (i = 0; i < 1000; i++) {
        fig_latency_add(&slow, i % 20 ? 100000 : 190000);
    }

    readiness = judge(&ready, &facts, 1);
    assert_int_equal(readiness.verdict, FIG_VERDICT_NOT_READY);
    assert_true(says(&readiness, "the candidate's p99 is"));

    facts.candidate = &fast;
    add(&ready, 2, FIG_OUTCOME_INCOMPARABLE, 1);
    readiness = judge(&ready, &facts, 1);
    assert_int_equal(readiness.verdict, FIG_VERDICT_NOT_READY);
    assert_true(says(&readiness, "1.015 % of the pairs are incomparable"));
}


static void
test_other_limits(void **state)
{
    size_t              i;
    fig_ready_t         ready;
    fig_readiness_t     readiness;
    fig_ready_limits_t  limits = { .p0 = 0.01, .alpha = 0.05 };

    (void) state;

    /* ln 20 / ln((1 - 0.001) / (1 - 0.01)) = 331.2 */

    fig_ready_init(&ready, 0);

    for (i = 0; i < 332; i++) {
        fig_ready_judge(&ready, &limits, &nothing, 1, &readiness);
        assert_int_equal(readiness.verdict, FIG_VERDICT_GATHERING);
        fig_ready_add(&ready, &limits, FIG_OUTCOME_MATCH, 1, 1);
    }

    fig_ready_judge(&ready, &limits, &nothing, 1, &readiness);
    assert_int_equal(readiness.verdict, FIG_VERDICT_READY);
    assert_string_equal(readiness.estimate,
                        "mismatch rate < 1 % at 95 % confidence");
}


/* The sum of binomial coefficients, for small numbers. */

static double
binomial(unsigned b, unsigned n)
{
    double    p, term;
    unsigned  i, k;

    for (i = b, p = 0; i <= n; i++) {
        for (k = 1, term = 1; k <= i; k++) {
            term = term * (n - k + 1) / k;
        }

        p += term / pow(2, n);
    }

    return p;
}


static void
test_binomial_probabilities(void **state)
{
    unsigned  b, c;

    (void) state;

    for (b = 0; b <= 30; b++) {
        for (c = 0; c <= 30; c++) {
            assert_true(fabs(fig_noise_p(b, c) - binomial(b, b + c)) < 1e-12);
        }
    }

    assert_true(fig_noise_p(0, 0) == 1);
    assert_true(fabs(fig_noise_p(5000, 5000) - 0.503989) < 1e-5);
    assert_true(fig_noise_p(5000, 0) < 1e-200);
    assert_true(fig_noise_p(0, 5000) == 1);
    assert_true(fabs(fig_noise_p(5300, 4700) - 1.0380168479603624e-09) < 1e-18);
    assert_true(fig_noise_p(4700, 5300) > 0.999999998);
}


static void
test_verdicts_on_noise(void **state)
{
    size_t  i;

    static const struct {
        fig_noise_t          noise;        /* n, both, b, c */
        fig_kind_t           kind;
        size_t               nclasses;
        fig_noise_verdict_t  verdict;
    } cases[] = {
        { { 20, 3, 0, 0 }, FIG_KIND_VALUE, 1, FIG_NOISE_NOISE },
        { { 19, 3, 0, 0 }, FIG_KIND_VALUE, 1, FIG_NOISE_UNDECIDED },
        { { 20, 2, 0, 0 }, FIG_KIND_VALUE, 1, FIG_NOISE_UNDECIDED },
        { { 20, 0, 2, 3 }, FIG_KIND_ORDER, 1, FIG_NOISE_NOISE },
        { { 20, 9, 0, 0 }, FIG_KIND_TYPE, 1, FIG_NOISE_UNDECIDED },
        { { 20, 9, 4, 0 }, FIG_KIND_VALUE, 1, FIG_NOISE_NOISE },
        { { 20, 9, 5, 0 }, FIG_KIND_VALUE, 1, FIG_NOISE_UNDECIDED },
        { { 7, 0, 7, 0 }, FIG_KIND_VALUE, 1, FIG_NOISE_REAL },
        { { 7, 0, 7, 0 }, FIG_KIND_VALUE, 2, FIG_NOISE_UNDECIDED },
        { { 7, 0, 7, 0 }, FIG_KIND_MISSING, 1, FIG_NOISE_REAL },
        { { 90, 0, 30, 30 }, FIG_KIND_VALUE, 100, FIG_NOISE_NOISE },
        { { 90, 0, 3, 60 }, FIG_KIND_VALUE, 1, FIG_NOISE_NOISE },
        { { 90, 0, 60, 20 }, FIG_KIND_VALUE, 100, FIG_NOISE_REAL },
    };

    (void) state;

    for (i = 0; i < FIG_NELTS(cases); i++) {
        if (fig_noise_judge(&cases[i].noise, cases[i].kind, cases[i].nclasses)
            != cases[i].verdict)
        {
            fail_msg("case %zu", i);
        }
    }
}


static void
test_percentiles(void **state)
{
    uint64_t       us;
    uint32_t       p;
    unsigned       i;
    fig_latency_t  latency;

    (void) state;

    for (us = 0; us <= UINT64_C(5000000000); us = us * 9 / 8 + 1) {
        memset(&latency, 0, sizeof(latency));
        assert_int_equal(fig_latency_percentile(&latency, 99), 0);
        fig_latency_add(&latency, us);
        p = fig_latency_percentile(&latency, 99);
        assert_true(p >= (us < UINT32_MAX ? us : UINT32_MAX));
        assert_true(p <= us + us / 16);
    }

    memset(&latency, 0, sizeof(latency));

    for (i = 1; i <= 1000; i++) {
        fig_latency_add(&latency, i * 1000);
    }

    p = fig_latency_percentile(&latency, 99);
    assert_in_range(p, 990000, 990000 + 990000 / 16);
    p = fig_latency_percentile(&latency, 50);
    assert_in_range(p, 500000, 500000 + 500000 / 16);

    /* what is long past fades away */

    for (i = 0; i < 200000; i++) {
        fig_latency_add(&latency, 1000);
        assert_true(latency.total <= FIG_LATENCY_FADE);
    }

    assert_in_range(fig_latency_percentile(&latency, 100), 1000, 1100);
    assert_int_equal(fig_latency_allowed(200000), 260000);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_clean_pairs_that_are_needed),
        cmocka_unit_test(test_a_mismatch_costs_2558_matches),
        cmocka_unit_test(test_bad_news_do_not_become_good_ones),
        cmocka_unit_test(test_old_good_news_hide_no_regression),
        cmocka_unit_test(test_false_alarms_are_rare),
        cmocka_unit_test(test_a_good_route_becomes_ready),
        cmocka_unit_test(test_one_hot_request_fakes_nothing),
        cmocka_unit_test(test_what_counts_of_m),
        cmocka_unit_test(test_more_requests_than_are_kept),
        cmocka_unit_test(test_the_date_at_the_present_rate),
        cmocka_unit_test(test_what_else_is_needed),
        cmocka_unit_test(test_other_limits),
        cmocka_unit_test(test_binomial_probabilities),
        cmocka_unit_test(test_verdicts_on_noise),
        cmocka_unit_test(test_percentiles),
    };

    return cmocka_run_group_tests_name("ready", tests, NULL, NULL);
}
