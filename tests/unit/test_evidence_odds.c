/*
 * False alarms and false verdicts, through batches and files.
 *
 *     two that differ from themselves alike     no class is real
 *     a true mismatch rate of 0.1 %             rarely ever ready
 *
 * Somebody looks after each merge: the test is made for that.
 */

#define _GNU_SOURCE

#include "evidence_bench.h"


#define RUNS  40


static uint64_t
next(uint64_t *random)
{
    *random ^= *random << 13;
    *random ^= *random >> 7;
    *random ^= *random << 17;

    return *random;
}


/* A stamp that differs always, and nine fields that do now and then. */

static void
differ_at_random(uint64_t *random, fig_comparison_t *comparison,
    fig_difference_t *differences)
{
    size_t  i;

    static const char *const  paths[] = {
        "$.stamp", "$.a", "$.b", "$.c", "$.d", "$.e", "$.f", "$.g", "$.h",
        "$.i"
    };

    memset(comparison, 0, sizeof(fig_comparison_t));
    comparison->differences = differences;

    for (i = 0; i < FIG_NELTS(paths); i++) {
        if (i != 0 && next(random) % 100 >= 10 * i) {
            continue;
        }

        memset(&differences[comparison->n], 0, sizeof(fig_difference_t));
        differences[comparison->n].part = FIG_PART_BODY;
        differences[comparison->n].kind = FIG_KIND_VALUE;
        differences[comparison->n].first = true;
        differences[comparison->n].path = fig_str_from(paths[i]);
        differences[comparison->n].from = fig_str_from("number");
        differences[comparison->n].to = fig_str_from("number");
        differences[comparison->n++].pointer = fig_str_from("/a");
    }

    comparison->total = comparison->n;
    comparison->outcome = FIG_OUTCOME_MISMATCH;
}


static void
test_noise_is_never_real(void **state)
{
    size_t                i, k;
    bench_t               b;
    uint64_t              random = 88172645463325252;
    const fig_class_t    *class;
    fig_difference_t      one[10], two[10];
    fig_comparison_t      itself;
    fig_evidence_view_t   view;

    (void) state;

    bench_init(&b);

    for (i = 0; i < 100; i++) {
        for (k = 0; k < 1000; k++) {
            differ_at_random(&random, &b.comparison, one);
            differ_at_random(&random, &itself, two);
            b.pair.itself = (k % 100 == 0) ? &itself : NULL;
            give(&b, "orders", 1);

            if (fig_batch_count(b.batch) == 500) {
                merge(&b);
            }
        }

        view = look(&b, "orders");

        for (class = fig_classes_next(view.classes, NULL, NULL);
             class != NULL;
             class = fig_classes_next(view.classes, NULL, class))
        {
            assert_int_not_equal(fig_classes_state(view.classes, class,
                                                   NOW),
                                 FIG_CLASS_REAL);
        }

        fig_evidence_release(&view);
    }

    assert_int_equal(b.told[FIG_OUTCOME_MISMATCH]
                     + b.told[FIG_OUTCOME_NOISE], 100000);
    assert_true(b.told[FIG_OUTCOME_NOISE] > 50000);
    bench_release(&b);
}


/* Whether it is ready at any look in 20,000 pairs. */

static bool
ever_ready(bench_t *b, uint64_t *random, const char *route)
{
    bool                 ready;
    size_t               i;
    fig_evidence_view_t  view;

    for (i = 1, ready = false; i <= 20000 && !ready; i++) {
        agree(b);

        if (next(random) % 1000 == 0) {
            differ(b, FIG_KIND_VALUE, "$.a");
        }

        give(b, route, 1);

        if (i % 1000 == 0) {
            merge(b);
            view = look(b, route);
            ready = (view.readiness.verdict == FIG_VERDICT_READY);
            fig_evidence_release(&view);
        }
    }

    merge(b);

    return ready;
}


static void
test_a_bad_one_is_rarely_ready(void **state)
{
    size_t    i, wrong;
    char      route[16];
    bench_t   b;
    uint64_t  random = 0x2545f4914f6cdd1d;

    (void) state;

    bench_init(&b);

    for (i = 0, wrong = 0; i < RUNS; i++) {
        sprintf(route, "r%zu", i);
        wrong += ever_ready(&b, &random, route);
    }

    /* 1 % at most: more than three of 40 would be that once in 1,500 times */

    assert_true(wrong <= 3);
    bench_release(&b);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_noise_is_never_real),
        cmocka_unit_test(test_a_bad_one_is_rarely_ready),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
