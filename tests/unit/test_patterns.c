/*
 * The comparison with the patterns of rules/, as those who use both join them.
 */

#include "rules_fixture.h"

#include "fig_compare.h"


/* data is a scratch. */

static bool
match(void *data, const void *pattern, fig_str_t subject, size_t from,
    fig_span_t *spans, size_t nspans)
{
    size_t              i;
    fig_str_t           group;
    const fig_regex_t  *regex = pattern;

    if (fig_regex_find(regex, subject, from, data) != FIG_REGEX_MATCH) {
        return false;
    }

    for (i = 0; i < nspans && i <= fig_regex_captures(regex); i++) {
        group = fig_regex_capture(data, subject, (unsigned) i);

        if (group.data != NULL) {
            spans[i].start = (size_t) (group.data - subject.data);
            spans[i].end = spans[i].start + group.len;
        }
    }

    return true;
}


static fig_outcome_t
compare(fixture_t *f, const fig_compare_options_t *options, const char *a,
    const char *b)
{
    fig_answers_t         pair;
    fig_arena_t          *arena;
    fig_comparer_t       *comparer;
    fig_comparison_t      result;
    fig_compare_error_t   error;

    memset(&pair, 0, sizeof(pair));
    pair.a.status = pair.b.status = 200;
    pair.a.body = fig_str_from(a);
    pair.b.body = fig_str_from(b);
    pair.match_data = f->scratch;

    arena = fig_arena_create();
    assert_int_equal(fig_comparer_create(options, &comparer, &error), FIG_OK);
    assert_int_equal(fig_compare(comparer, &pair, arena, &result), FIG_OK);
    fig_comparer_destroy(comparer);
    fig_arena_destroy(arena);

    return result.outcome;
}


static void
test_normalize(void **state)
{
    size_t           i;
    fixture_t        f;
    fig_normalize_t  rule;

    static const struct {
        const char     *pattern;
        const char     *with;
        const char     *a;
        const char     *b;
        fig_outcome_t   outcome;
    } cases[] = {
        { "~\\d+", "N", "a 1 b 22\n", "a 333 b 4\n", FIG_OUTCOME_MATCH },
        { "~\\d+", "N", "a 1 b\n", "a x b\n", FIG_OUTCOME_MISMATCH },
        { "~(\\w+)=\\w+", "$1=", "x=1&y=2", "x=3&y=4", FIG_OUTCOME_MATCH },
        { "~(\\w+)=\\w+", "$1=", "x=1&y=2", "x=3&z=4", FIG_OUTCOME_MISMATCH },
        { "~(a)|(b)", "[$1$2$3]", "ab", "[a][b]", FIG_OUTCOME_MISMATCH },
        { "~x*", "-", "abc", "-a-b-c-", FIG_OUTCOME_MISMATCH },
        { "~^x", "", "xxy", "xy", FIG_OUTCOME_MISMATCH },
        { "~^x+", "", "xxy", "y", FIG_OUTCOME_MATCH },
        { "~\\s+$", "", "a  \nb", "a\nb \n", FIG_OUTCOME_MATCH },
        { "~(?<=:)\\d", "", "t:1:2", "t::", FIG_OUTCOME_MATCH },
        { "~csrf=\"[^\"]*\"", "", "<a csrf=\"q\">", "<a csrf=\"zz\">",
          FIG_OUTCOME_MATCH },
    };

    (void) state;

    fixture_init(&f, 1);

    for (i = 0; i < FIG_NELTS(cases); i++) {
        fig_compare_options_t  options = {
            .body = FIG_BODY_TEXT, .normalize = &rule, .nnormalize = 1,
            .match = match
        };

        rule.pattern = fixture_regex(&f, cases[i].pattern);
        rule.with = fig_str_from(cases[i].with);

        if (compare(&f, &options, cases[i].a, cases[i].b) != cases[i].outcome)
        {
            fail_msg("%s: %s, %s", cases[i].pattern, cases[i].a, cases[i].b);
        }
    }

    fixture_release(&f);
}


static void
test_shape(void **state)
{
    fixture_t              f;
    fig_shape_rule_t       rule = { FIG_STR("$.id"), FIG_SHAPE_PATTERN, NULL };
    fig_compare_options_t  options = {
        .body = FIG_BODY_JSON, .shapes = &rule, .nshapes = 1, .match = match
    };

    (void) state;

    fixture_init(&f, 1);
    rule.pattern = fixture_regex(&f, "~^ord-[0-9]{6}$");

    assert_int_equal(compare(&f, &options, "{\"id\":\"ord-000001\"}",
                             "{\"id\":\"ord-999999\"}"), FIG_OUTCOME_MATCH);
    assert_int_equal(compare(&f, &options, "{\"id\":\"ord-000001\"}",
                             "{\"id\":\"ord-1\"}"), FIG_OUTCOME_MISMATCH);
    fixture_release(&f);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_normalize),
        cmocka_unit_test(test_shape),
    };

    return cmocka_run_group_tests_name("patterns", tests, NULL, NULL);
}
