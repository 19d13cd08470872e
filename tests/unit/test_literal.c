/*
 * What patterns guarantee.
 *
 * A table says what is read out of a pattern.  Random patterns say that it is
 * true: whatever PCRE2 matches contains all the runs of one way.
 */

#include "literal_truth.h"
#include "random_paths.h"
#include "rules_fixture.h"


#define ROUNDS    30000
#define SUBJECTS  20


/*
 * Ways are separated by " | ", runs by a blank; `$` at the end of a run: it is
 * at the end of the subject.  A way without runs is "-"; NULL: nothing known.
 */

typedef struct {
    const char  *pattern;
    const char  *want;
} guarantee_t;


static const guarantee_t  guarantees[] = {
    { "^/api/v\\d+/item0042/\\d+$", "/api/v /item0042/" },
    { "/a", "/a" },
    { "/a$", "/a$" },
    { "/a\\z", "/a$" },
    { "/a\\Z", NULL },
    { "^/Orders", "/orders" },
    { "", "-" },
    { "^$", "-" },
    { ".*", "-" },
    { "^/.*\\.php$", "/ .php$" },
    { "/a[.]b", "/a.b" },
    { "/a[.-]b", "/a b" },
    { "/a\\.b\\-c\\/d", "/a.b-c/d" },
    { "/a b", "/a b" },

    /* alternatives */

    { "/a|/b", "/a | /b" },
    { "/(a|b)/c", "/a/c | /b/c" },
    { "/(?:a|b)/(c|d)$", "/a/c$ | /a/d$ | /b/c$ | /b/d$" },
    { "/(a|)/b", "/a/b | //b" },
    { "/(a|[0-9]+)/b", "/a/b | / /b" },
    { "/((a|b)|c)", "/a | /b | /c" },
    { "(?|/(a)|/(b))", "/a | /b" },
    { "(?>/a)b", "/ab" },
    { "(?<n>/a)b", "/ab" },
    { "(?P<n>/a)b", "/ab" },
    { "(?'n'/a)b", "/ab" },
    { "/a|.*", "/a | -" },

    /* too many ways: inner alternatives become gaps */

    { "/x(a|b|c|d)(e|f|g|h)(i|j)/y", "/x /y" },
    { "/1|/2|/3|/4|/5|/6|/7|/8|/9|/10|/11|/12|/13|/14|/15|/16|/17", NULL },
    { "/1(a|b)|/2|/3|/4|/5|/6|/7|/8|/9|/10|/11|/12|/13|/14|/15|/16",
      "/1 | /2 | /3 | /4 | /5 | /6 | /7 | /8 | /9 | /10 | /11 | /12 | /13 "
      "| /14 | /15 | /16" },

    /* repeated */

    { "/ab?c", "/a c" },
    { "/ab*c", "/a c" },
    { "/ab+c", "/ab c" },
    { "/ab{2}c", "/ab c" },
    { "/ab{1,}c", "/ab c" },
    { "/ab{0}c", "/a c" },
    { "/ab{00,5}c", "/a c" },
    { "/ab{,2}c", NULL },
    { "/ab{x}c", NULL },
    { "/ab{2", NULL },
    { "/ab??c", "/a c" },
    { "/ab*?c", "/a c" },
    { "/ab++c", "/ab c" },
    { "/ab{2}+c", "/ab c" },
    { "/x(?:/a)?/b", "/x /b" },
    { "/x(?:/a)+/b", "/x/a /b" },
    { "/x(?:/a|/b)+/c", "/x/a /c | /x/b /c" },
    { "/x(?:/a|/b)*/c", "/x /c | /x /c" },

    /* classes, and what hides in them */

    { "/[]a]b", "/ b" },
    { "/[^]a]b", "/ b" },
    { "/[a\\]]b", "/ b" },
    { "/[[:alpha:]]b", "/ b" },
    { "/[[:alpha:]/]b", "/ b" },
    { "/[[:alpha]b", NULL },
    { "/[[]b", "/ b" },
    { "/[a[]b", "/ b" },
    { "/[\\Q]\\E]b", NULL },
    { "/\\d\\w\\S\\h\\R\\Nb", "/ b" },

    /* without width */

    { "^\\A/a\\bb\\B", "/ab" },
    { "/a(?=b)c", "/a c" },
    { "/a(?!b|c)d", "/a d" },
    { "(?<=/a)b", "b" },
    { "(?<!/a)b", "b" },

    /* given up */

    { "(?i)/a", NULL },
    { "/a(?i:b)", NULL },
    { "(?x) /a", NULL },
    { "(?m)^/a$", NULL },
    { "(?#x)/a", NULL },
    { "\\Q/a\\E", NULL },
    { "/a\\E", NULL },
    { "/(a)\\1", NULL },
    { "/(a)\\g1", NULL },
    { "/(?<n>a)\\k<n>", NULL },
    { "/(?P<n>a)(?P=n)", NULL },
    { "/(a)(?1)", NULL },
    { "/a(?R)?", NULL },
    { "/(?(?=a)b|c)", NULL },
    { "/a\\Kb", NULL },
    { "/\\x61", NULL },
    { "/\\141", NULL },
    { "/\\tb", NULL },
    { "/a(*FAIL)", NULL },
    { "/(*atomic:a)", NULL },
    { "/(?*a)b", NULL },
    { "/(?<*a>)b", NULL },
    { "^*/a", NULL }
};


static void
show(const fig_literals_t *literals, char *out)
{
    uint32_t          way, i;
    const fig_run_t  *run;
    const char       *blank;

    out[0] = '\0';

    for (way = 0; way < literals->nways; way++) {
        strcat(out, way ? " | " : "");
        blank = "";

        for (i = 0; i < literals->nruns; i++) {
            run = &literals->runs[i];

            if (run->way == way) {
                sprintf(out + strlen(out), "%s%.*s%s", blank,
                        (int) run->text.len, run->text.data,
                        run->at_end ? "$" : "");
                blank = " ";
            }
        }

        strcat(out, *blank ? "" : "-");
    }
}


static void
test_guarantees(void **state)
{
    char                   have[1024];
    size_t                 i;
    static fig_literals_t  literals;

    (void) state;

    for (i = 0; i < FIG_NELTS(guarantees); i++) {
        fig_literals_parse(fig_str_from(guarantees[i].pattern), &literals);
        show(&literals, have);

        if (strcmp(have, guarantees[i].want ? guarantees[i].want : "") != 0) {
            fail_msg("%s: \"%s\"", guarantees[i].pattern, have);
        }
    }
}


static void
test_room_ends(void **state)
{
    char                   pattern[4096];
    size_t                 i;
    static fig_literals_t  literals;

    (void) state;

    /* more runs than there is room for, then text, then depth */

    for (i = 0; i < sizeof(pattern); i++) {
        pattern[i] = (i % 2) ? '.' : 'a';
    }

    fig_literals_parse(fig_str(pattern, sizeof(pattern)), &literals);
    assert_int_equal(literals.nways, 0);

    memset(pattern, 'a', sizeof(pattern));
    memcpy(pattern, "(a|b)(a|b)", 10);
    fig_literals_parse(fig_str(pattern, sizeof(pattern)), &literals);
    assert_int_equal(literals.nways, 1);
    assert_int_equal(literals.nruns, 1);
    assert_int_equal(literals.runs[0].text.len, sizeof(pattern) - 10);

    memset(pattern, '(', 100);
    memset(pattern + 100, ')', 100);
    fig_literals_parse(fig_str(pattern, 200), &literals);
    assert_int_equal(literals.nways, 0);
}


static void
test_random_patterns(void **state)
{
    char                   pattern[512], subject[512], error[256];
    size_t                 i, k, offset, nmatches, nknown;
    random_t               r;
    fig_regex_t           *regex;
    fig_scratch_t         *scratch;
    static fig_literals_t  literals;

    (void) state;

    r = random_from_seed(3);
    nmatches = 0;
    nknown = 0;
    scratch = fig_scratch_create();
    assert_non_null(scratch);

    for (i = 0; i < ROUNDS; i++) {
        random_pattern(&r, pattern);
        k = 1 + (pattern[1] == '*');

        if (fig_regex_create(fig_str_from(pattern + k), k == 2, &regex,
                             error, &offset) != FIG_OK)
        {
            continue;
        }

        fig_literals_parse(fig_regex_pattern(regex), &literals);

        for (k = 0; k < SUBJECTS; k++) {
            random_path(&r, subject, false);

            if (fig_regex_match(regex, fig_str_from(subject), scratch)
                != FIG_REGEX_MATCH)
            {
                continue;
            }

            nmatches++;
            nknown += literals.nruns != 0;

            if (!literals_are_true(&literals, fig_str_from(subject))) {
                fail_msg("%s matches \"%s\"", pattern, subject);
            }
        }

        fig_regex_destroy(regex);
    }

    fig_scratch_destroy(scratch);

    assert_true(nmatches > ROUNDS);
    assert_true(nknown > nmatches / 4);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_guarantees),
        cmocka_unit_test(test_room_ends),
        cmocka_unit_test(test_random_patterns)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
