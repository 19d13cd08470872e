/*
 * The split's hash: known answers, which must never change, and statistics.
 *
 * The known answers were computed by a few lines of another language from the
 * description in fig_split.c.
 */

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <cmocka.h>

#include "fig_rules.h"
#include "fig_split.h"


/*
 * Upper bounds of chi-square that chance exceeds once in 100,000 times: for
 * 99 degrees of freedom, and for 9.
 */

#define CHI_99  168.0
#define CHI_9   39.0


typedef struct {
    fig_str_t   name;
    fig_str_t   value;
    uint16_t    bucket;
    uint64_t    weight;
} answer_t;


static const answer_t  answers[] = {
    { FIG_STR("checkout"), FIG_STR("alice"), 8027,
      UINT64_C(0xaf40027737ea9972) },
    { FIG_STR("checkout"), FIG_STR("bob"), 4613,
      UINT64_C(0xa36abe2cb388d230) },
    { FIG_STR("checkout"), FIG_STR(""), 4054,
      UINT64_C(0xcf8a2ab752a7a2f9) },
    { FIG_STR(""), FIG_STR(""), 1483,
      UINT64_C(0x4b32c4df3f01430b) },
    { FIG_STR("orders-read"), FIG_STR("1"), 6189,
      UINT64_C(0x6f5e57b88904a146) },
    { FIG_STR("orders-read"), FIG_STR("2"), 6503,
      UINT64_C(0x907ec6527e3c6f61) },
    { FIG_STR("a"), FIG_STR("bc"), 5102,
      UINT64_C(0x0a8db33824f120d7) },
    { FIG_STR("ab"), FIG_STR("c"), 5725,
      UINT64_C(0xa7ab6b5dade8931b) },
    { FIG_STR("checkout"), FIG_STR("\xcb\x00\x71\x09"), 8300,
      UINT64_C(0x1a2b134ba744f08a) },
    { FIG_STR("checkout"), FIG_STR("0123456789abcdef0123456789abcdef"), 6898,
      UINT64_C(0xf79bfb3f4ceb24c7) }
};


static void
test_known_answers(void **state)
{
    size_t           i;
    const answer_t  *a;

    (void) state;

    for (i = 0; i < FIG_NELTS(answers); i++) {
        a = &answers[i];

        assert_int_equal(fig_split_bucket(a->name, a->value), a->bucket);
        assert_true(fig_split_hash(FIG_SPLIT_WEIGHT, a->name, a->value)
                    == a->weight);
    }

    assert_int_equal(fig_split_scale(fig_split_mix(FIG_SPLIT_BUCKET, 0),
                                     FIG_BUCKETS), 5359);
    assert_int_equal(fig_split_scale(fig_split_mix(FIG_SPLIT_BUCKET,
                                                   UINT64_MAX),
                                     FIG_BUCKETS), 1866);
    assert_true(fig_split_mix(FIG_SPLIT_WEIGHT, 1)
                == UINT64_C(0xb368a02be9057f22));
}


static void
test_scale(void **state)
{
    (void) state;

    assert_int_equal(fig_split_scale(0, 10000), 0);
    assert_int_equal(fig_split_scale(UINT64_MAX, 10000), 9999);
    assert_int_equal(fig_split_scale(UINT64_C(1) << 63, 10000), 5000);
    assert_int_equal(fig_split_scale(UINT64_MAX, 1), 0);
    assert_int_equal(fig_split_scale(UINT64_MAX, UINT64_C(1) << 32),
                     UINT32_MAX);
}


static double
chi_square(const unsigned *counts, size_t n, double expected)
{
    double  sum, d;
    size_t  i;

    sum = 0;

    for (i = 0; i < n; i++) {
        d = counts[i] - expected;
        sum += d * d / expected;
    }

    return sum;
}


/* Sequential ids of several forms fall evenly into the hundreds of buckets. */

static void
test_even_for_sequential_ids(void **state)
{
    char        value[64];
    size_t      form;
    unsigned    i, counts[100], buckets[FIG_BUCKETS], used;

    static const char *const  forms[] = {
        "%u", "user-%u", "%08u", "%x", "%u@example.com"
    };

    (void) state;

    for (form = 0; form < FIG_NELTS(forms); form++) {
        memset(counts, 0, sizeof(counts));
        memset(buckets, 0, sizeof(buckets));

        for (i = 0; i < 100000; i++) {
            snprintf(value, sizeof(value), forms[form], i);
            used = fig_split_bucket(fig_str_from("orders"),
                                    fig_str_from(value));
            assert_true(used < FIG_BUCKETS);

            counts[used / 100]++;
            buckets[used]++;
        }

        assert_true(chi_square(counts, 100, 1000) < CHI_99);

        /* 10 a bucket: one that stays empty has a chance of e^-10 */

        for (used = 0, i = 0; i < FIG_BUCKETS; i++) {
            used += buckets[i] != 0;
        }

        assert_true(used > FIG_BUCKETS - 10);
    }
}


/* Where a client is in one split says nothing of where it is in another. */

static void
test_names_are_independent(void **state)
{
    char      value[32];
    unsigned  i, a, b, counts[100];

    (void) state;

    memset(counts, 0, sizeof(counts));

    for (i = 0; i < 100000; i++) {
        snprintf(value, sizeof(value), "%u", i);
        a = fig_split_bucket(fig_str_from("orders"), fig_str_from(value));
        b = fig_split_bucket(fig_str_from("orders2"), fig_str_from(value));
        counts[a / 1000 * 10 + b / 1000]++;
    }

    assert_true(chi_square(counts, 100, 1000) < CHI_99);
}


/* The same of the bucket and the choice among weighted backends. */

static void
test_uses_are_independent(void **state)
{
    char      value[32];
    unsigned  i, a, b, c, counts[100], draws[100];

    (void) state;

    memset(counts, 0, sizeof(counts));
    memset(draws, 0, sizeof(draws));

    for (i = 0; i < 100000; i++) {
        snprintf(value, sizeof(value), "%u", i);
        a = fig_split_bucket(fig_str_from("orders"), fig_str_from(value));
        b = fig_split_scale(fig_split_hash(FIG_SPLIT_WEIGHT,
                                           fig_str_from("orders"),
                                           fig_str_from(value)), 10);
        counts[a / 1000 * 10 + b]++;

        a = fig_split_scale(fig_split_mix(FIG_SPLIT_BUCKET, i), 10);
        c = fig_split_scale(fig_split_mix(FIG_SPLIT_WEIGHT, i), 10);
        draws[a * 10 + c]++;
    }

    assert_true(chi_square(counts, 100, 1000) < CHI_99);
    assert_true(chi_square(draws, 100, 1000) < CHI_99);
}


/* Every digit of an assigned value is as likely as any other. */

static void
test_mix_is_even(void **state)
{
    unsigned  i, use, counts[10];

    (void) state;

    for (use = FIG_SPLIT_BUCKET; use <= FIG_SPLIT_ASSIGN; use++) {
        memset(counts, 0, sizeof(counts));

        for (i = 0; i < 100000; i++) {
            counts[fig_split_scale(fig_split_mix(use, i), 10)]++;
        }

        assert_true(chi_square(counts, 10, 10000) < CHI_9);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_known_answers),
        cmocka_unit_test(test_scale),
        cmocka_unit_test(test_even_for_sequential_ids),
        cmocka_unit_test(test_names_are_independent),
        cmocka_unit_test(test_uses_are_independent),
        cmocka_unit_test(test_mix_is_even)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
