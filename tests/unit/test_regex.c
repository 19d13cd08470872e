/*
 * Patterns: what they mean, what is refused, what bounds them.
 */

#include <time.h>

#include "rules_fixture.h"


typedef struct {
    const char  *pattern;          /* with ~ or ~* */
    const char  *subject;
    bool         matches;
} meaning_t;


static const meaning_t  meanings[] = {
    { "~b", "/abc", true },                    /* not anchored */
    { "~^b", "/abc", false },
    { "~^/abc$", "/abc", true },
    { "~^/ABC$", "/abc", false },
    { "~*^/ABC$", "/abc", true },
    { "~^/abc$", "/abc\n", false },            /* $ is the very end */
    { "~^/a.c$", "/a\nc", true },              /* . is any byte */
    { "~^/a.c$", "/a\xff" "c", true },
    { "~^/a..c$", "/a\xc3\xa4" "c", true },    /* bytes, not characters */
    { "~^/a.c$", "/a\xc3\xa4" "c", false },
    { "~^/\xc3\xa4$", "/\xc3\xa4", true },
    { "~*\xc3\x84", "\xc3\xa4", false },       /* case is that of ASCII */
    { "~^$", "", true },
    { "~", "/a", true },
    { "~^/(a|b)/\\1$", "/a/a", true },
    { "~^/(a|b)/\\1$", "/a/b", false }
};


static void
test_meaning(void **state)
{
    size_t         i;
    fixture_t      f;
    fig_regex_t   *regex;

    (void) state;

    fixture_init(&f, 1);

    for (i = 0; i < FIG_NELTS(meanings); i++) {
        regex = fixture_regex(&f, meanings[i].pattern);

        if ((fig_regex_match(regex, fig_str_from(meanings[i].subject),
                             f.scratch) == FIG_REGEX_MATCH)
            != meanings[i].matches)
        {
            fail_msg("%s against \"%s\"", meanings[i].pattern,
                     meanings[i].subject);
        }
    }

    fixture_release(&f);
}


typedef struct {
    const char  *pattern;
    size_t       offset;
    const char  *error;            /* a part of it */
} refusal_t;


static const refusal_t  refusals[] = {
    { "(a", 2, "missing closing parenthesis" },
    { "a)", 1, "unmatched closing parenthesis" },
    { "[a", 2, "missing terminating ]" },
    { "*a", 0, "quantifier" },
    { "a\\C", 3, "\\C" },
    { "(?C)a", 4, "callouts" },
    { "a(?C1)b", 6, "callouts" },
    { "a(?C'text')b", 11, "callouts" },
    { "(*LIMIT_MATCH=1)a", 0, "VERB" },
    { "(*LIMIT_DEPTH=1)a", 0, "VERB" },
    { "(*LIMIT_HEAP=1)a", 0, "VERB" },
    { "(*NO_JIT)a", 0, "VERB" },
    { "(*UTF)a", 0, "VERB" },
    { "(*UCP)a", 0, "VERB" },
    { "(*NO_START_OPT)a", 0, "VERB" },
    { "(*ANYCRLF)a", 0, "VERB" },
    { "(*COMMIT)a", 0, "VERB" }
};


static void
test_refusals(void **state)
{
    char           error[256];
    size_t         i, offset;
    fig_regex_t   *regex;

    (void) state;

    for (i = 0; i < FIG_NELTS(refusals); i++) {
        assert_int_equal(fig_regex_create(fig_str_from(refusals[i].pattern),
                                          false, &regex, error, &offset),
                         FIG_INVALID);
        assert_null(regex);

        if (offset != refusals[i].offset
            || strstr(error, refusals[i].error) == NULL)
        {
            fail_msg("%s: \"%s\" at %zu", refusals[i].pattern, error, offset);
        }
    }
}


static void
test_callout_as_text(void **state)
{
    fixture_t  f;

    (void) state;

    fixture_init(&f, 1);

    assert_non_null(fixture_regex(&f, "~[(?C)]"));
    assert_non_null(fixture_regex(&f, "~\\Q(?C)\\E"));
    assert_non_null(fixture_regex(&f, "~\\(?C"));

    fixture_release(&f);
}


static void
test_length_limit(void **state)
{
    char          text[FIG_REGEX_MAX_PATTERN + 1], error[256];
    size_t        offset;
    fig_regex_t  *regex;

    (void) state;

    memset(text, 'a', sizeof(text));

    assert_int_equal(fig_regex_create(fig_str(text, FIG_REGEX_MAX_PATTERN),
                                      false, &regex, error, &offset), FIG_OK);
    assert_int_equal(fig_regex_pattern(regex).len, FIG_REGEX_MAX_PATTERN);
    fig_regex_destroy(regex);

    assert_int_equal(fig_regex_create(fig_str(text, sizeof(text)), false,
                                      &regex, error, &offset), FIG_INVALID);
    assert_int_equal(offset, FIG_REGEX_MAX_PATTERN);
    assert_non_null(strstr(error, "4096"));
}


static void
test_group_limit(void **state)
{
    char          text[512], error[256];
    size_t        offset;
    unsigned      i;
    fig_regex_t  *regex;

    (void) state;

    text[0] = '\0';

    for (i = 0; i < FIG_REGEX_MAX_CAPTURES; i++) {
        strcat(text, "(a)");
    }

    assert_int_equal(fig_regex_create(fig_str_from(text), false, &regex,
                                      error, &offset), FIG_OK);
    assert_int_equal(fig_regex_captures(regex), FIG_REGEX_MAX_CAPTURES);
    fig_regex_destroy(regex);

    strcat(text, "(a)");
    assert_int_equal(fig_regex_create(fig_str_from(text), false, &regex,
                                      error, &offset), FIG_INVALID);
    assert_non_null(strstr(error, "99"));
}


static void
assert_capture(fixture_t *f, const char *subject, unsigned n,
    const char *want)
{
    fig_str_t  have;

    have = fig_regex_capture(f->scratch, fig_str_from(subject), n);

    assert_int_equal(have.len, strlen(want));
    assert_memory_equal(have.len ? have.data : "", want, have.len);
}


static void
test_captures(void **state)
{
    fixture_t     f;
    const char   *subject;
    fig_regex_t  *regex;

    (void) state;

    fixture_init(&f, 1);

    subject = "/orders/42/x";
    regex = fixture_regex(&f, "~/(?<id>\\d+)(/a)?/(x)?()");

    assert_int_equal(fig_regex_captures(regex), 4);
    assert_int_equal(fig_regex_group(regex, fig_str_from("id")), 1);
    assert_int_equal(fig_regex_group(regex, fig_str_from("ID")), -1);
    assert_int_equal(fig_regex_group(regex, fig_str_from("")), -1);
    assert_int_equal(fig_regex_group(regex, fig_str_from(
        "a_name_that_is_longer_than_every_name_that_pcre2_would_accept__"
        "and_longer_than_the_room_for_it")), -1);

    assert_int_equal(fig_regex_match(regex, fig_str_from(subject), f.scratch),
                     FIG_REGEX_MATCH);

    assert_capture(&f, subject, 0, "/42/x");
    assert_capture(&f, subject, 1, "42");
    assert_capture(&f, subject, 2, "");
    assert_capture(&f, subject, 3, "x");
    assert_capture(&f, subject, 4, "");
    assert_capture(&f, subject, 5, "");

    /* groups of an earlier pattern are not those of a later one */

    assert_int_equal(fig_regex_match(fixture_regex(&f, "~x"),
                                     fig_str_from(subject), f.scratch),
                     FIG_REGEX_MATCH);
    assert_capture(&f, subject, 0, "x");
    assert_capture(&f, subject, 1, "");

    fixture_release(&f);
}


static void
test_empty_match_has_a_place(void **state)
{
    fixture_t  f;
    fig_str_t  subject, whole;

    (void) state;

    fixture_init(&f, 1);

    subject = fig_str_from("/ab");
    assert_int_equal(fig_regex_match(fixture_regex(&f, "~$"), subject,
                                     f.scratch), FIG_REGEX_MATCH);

    whole = fig_regex_capture(f.scratch, subject, 0);
    assert_int_equal(whole.len, 0);
    assert_ptr_equal(whole.data, subject.data + 3);

    fixture_release(&f);
}


static double
cpu_seconds(void)
{
    return (double) clock() / CLOCKS_PER_SEC;
}


/* Patterns that would take from seconds to for ever are cut off. */

static void
test_match_limit(void **state)
{
    char       subject[8192];
    double     start;
    size_t     i;
    fixture_t  f;

    static const char *const  slow[] = {
        "~(a|aa)+$", "~(a*)(a*)(a*)[bcd]", "~(?=(a*))(a*)(a*)[bcd]",
        "~/(a+)+\\d", "~(?:a*?b?)*?[cd]", "~(?:(?:a{1,9}){1,9}){1,9}[bd]"
    };

    (void) state;

    fixture_init(&f, 1);

    memset(subject, 'a', sizeof(subject));
    subject[0] = '/';
    subject[sizeof(subject) - 1] = '!';

    for (i = 0; i < FIG_NELTS(slow); i++) {
        start = cpu_seconds();

        assert_int_equal(fig_regex_match(fixture_regex(&f, slow[i]),
                                         fig_str(subject, sizeof(subject)),
                                         f.scratch), FIG_REGEX_LIMIT);

        /* some milliseconds; a sanitizer or valgrind may take its time */

        assert_true(cpu_seconds() - start < 5);
    }

    fixture_release(&f);
}


/* Limits are for patterns that go wrong, not for long paths. */

static void
test_limit_leaves_long_paths(void **state)
{
    char       path[1024];
    size_t     i;
    fixture_t  f;

    static const char *const  sane[] = {
        "~^(?:[a-z/]|%2F)+$", "~^(/[a-z]+)+$", "~^/.*/.*/.*/a+$", "~a$",
        "~^.*?aaa/[^/]+$", "~^/(?:[a-z]+/)*[a-z]+$"
    };

    (void) state;

    fixture_init(&f, 1);

    for (i = 0; i < sizeof(path); i++) {
        path[i] = (i % 32 == 0) ? '/' : 'a';
    }

    for (i = 0; i < FIG_NELTS(sane); i++) {
        if (fig_regex_match(fixture_regex(&f, sane[i]),
                            fig_str(path, sizeof(path)), f.scratch)
            != FIG_REGEX_MATCH)
        {
            fail_msg("%s", sane[i]);
        }
    }

    fixture_release(&f);
}


static void
test_pattern_text(void **state)
{
    fixture_t     f;
    fig_str_t     text;
    fig_regex_t  *regex;

    (void) state;

    fixture_init(&f, 1);

    regex = fixture_regex(&f, "~*^/a$");
    text = fig_regex_pattern(regex);

    assert_true(fig_str_eq(text, fig_str_from("^/a$")));
    assert_true(fig_regex_is_caseless(regex));
    assert_false(fig_regex_is_caseless(fixture_regex(&f, "~a")));

    fig_regex_destroy(NULL);
    fixture_release(&f);
}


static void
test_finding_goes_on(void **state)
{
    size_t         i;
    fixture_t      f;
    fig_str_t      subject, found;
    fig_regex_t   *regex;

    static const struct {
        const char  *pattern;
        size_t       from;
        const char  *found;                /* NULL: nothing */
    } cases[] = {
        { "~a.", 0, "ab" }, { "~a.", 1, "ac" }, { "~a.", 3, NULL },
        { "~^a", 0, "a" }, { "~^a", 2, NULL }, { "~(?<=b)a", 2, "a" },
        { "~\\Ba", 0, "a" }, { "~$", 0, "" }, { "~$", 4, "" },
        { "~$", 5, NULL }, { "~x*", 4, "" },
    };

    (void) state;

    fixture_init(&f, 1);
    subject = fig_str("abac", 4);

    for (i = 0; i < FIG_NELTS(cases); i++) {
        regex = fixture_regex(&f, cases[i].pattern);

        if (fig_regex_find(regex, subject, cases[i].from, f.scratch)
            != FIG_REGEX_MATCH)
        {
            assert_null(cases[i].found);
            continue;
        }

        found = fig_regex_capture(f.scratch, subject, 0);
        assert_non_null(cases[i].found);
        assert_true(fig_str_eq(found, fig_str_from(cases[i].found)));
        assert_true(found.data >= subject.data + cases[i].from);
    }

    fixture_release(&f);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_meaning),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_callout_as_text),
        cmocka_unit_test(test_length_limit),
        cmocka_unit_test(test_group_limit),
        cmocka_unit_test(test_captures),
        cmocka_unit_test(test_empty_match_has_a_place),
        cmocka_unit_test(test_finding_goes_on),
        cmocka_unit_test(test_match_limit),
        cmocka_unit_test(test_limit_leaves_long_paths),
        cmocka_unit_test(test_pattern_text)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
