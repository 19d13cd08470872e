/*
 * Explanations: which entries are told of, why each one lost, in which words.
 */

#include "rules_fixture.h"


#define MAX  32


typedef struct {
    fixture_t        f;
    fig_candidate_t  out[MAX];
    size_t           n;
} explained_t;


static fig_set_t *
add(explained_t *e, const char *name, const char *host, const char *path)
{
    fig_set_t  *set;

    set = fixture_set(&e->f, fixture_route(&e->f, name));

    if (host != NULL) {
        fixture_host(&e->f, set, host);
    }

    if (path != NULL) {
        fixture_path(&e->f, set, path);
    }

    return set;
}


/* One entry for each reason to fail, all better than the one that wins. */

static void
explained_init(explained_t *e)
{
    fig_set_t  *set;

    memset(e, 0, sizeof(explained_t));
    fixture_init(&e->f, 16);

    add(e, "host", "b.test", "/a/b");
    add(e, "path", "a.test", "/a/c");

    set = add(e, "method", "a.test", "/a/b");
    fixture_method(&e->f, set, "PUT");
    fixture_method(&e->f, set, "POST");
    fixture_method(&e->f, set, "PURGE");

    set = add(e, "header", "a.test", "/a/{x}");
    fixture_header(&e->f, set, "x-one", "1");
    fixture_header(&e->f, set, "x-two", "a\nb");

    fixture_query(&e->f, add(e, "query", NULL, "/a/b"), "q", "~^\\d$");
    fixture_cookie(&e->f, add(e, "cookie", NULL, "/a/{x}"), "c", "*");
    fixture_cookie(&e->f, add(e, "absent", NULL, "~^/a/b$"), "d", "!");
    fixture_client(&e->f, add(e, "client", NULL, "/a/b/*"), "10.0.0.0", 8);

    add(e, "winner", NULL, "/a/*");
    add(e, "second", NULL, "/*");
    fixture_method(&e->f, add(e, "unlucky", NULL, NULL), "PUT");
    add(e, "third", NULL, NULL);

    fixture_compile(&e->f);

    e->f.request.host = fig_str_from("a.test");
    e->f.request.path = fig_str_from("/a/b");
    fixture_request_header(&e->f, "X-One", "1");
    fixture_request_header(&e->f, "Cookie", "d=1");
}


static void
explain(explained_t *e, bool all, size_t max)
{
    e->n = fig_explain(&e->f.ruleset, &e->f.request, e->f.scratch, all,
                       e->out, max);
}


typedef struct {
    const char     *name;
    fig_because_t   because;
    const char     *text;
} want_t;


static void
check(const explained_t *e, const want_t *want, size_t n)
{
    char    text[256];
    size_t  i, len;

    assert_int_equal(e->n, n);

    for (i = 0; i < n; i++) {
        len = fig_candidate_text(&e->out[i], text, sizeof(text));

        assert_string_equal(e->out[i].route->name.data, want[i].name);
        assert_int_equal(e->out[i].because, want[i].because);
        assert_string_equal(text, want[i].text);
        assert_int_equal(len, strlen(want[i].text));
        assert_ptr_equal(e->out[i].set, &e->out[i].route->sets[0]);

        assert_int_equal(e->out[i].cond != NULL,
                         want[i].because == FIG_BECAUSE_HEADER
                         || want[i].because == FIG_BECAUSE_QUERY
                         || want[i].because == FIG_BECAUSE_COOKIE);
    }
}


static void
test_reasons(void **state)
{
    explained_t  e;

    static const want_t  want[] = {
        { "method", FIG_BECAUSE_METHOD, "method is not PUT, POST or PURGE" },
        { "header", FIG_BECAUSE_HEADER, "header x-two is not \"a\\x0ab\"" },
        { "query", FIG_BECAUSE_QUERY, "query q does not match \"~^\\d$\"" },
        { "cookie", FIG_BECAUSE_COOKIE, "cookie c is absent" },
        { "absent", FIG_BECAUSE_COOKIE, "cookie d is present" },
        { "client", FIG_BECAUSE_CLIENT,
          "client is in none of the networks" },
        { "winner", FIG_BECAUSE_WON, "matches, best rank" },
        { "second", FIG_BECAUSE_RANK, "matches too, lower rank" },
        { "third", FIG_BECAUSE_RANK, "matches too, lower rank" }
    };

    (void) state;

    explained_init(&e);
    explain(&e, false, MAX);
    check(&e, want, FIG_NELTS(want));

    assert_ptr_equal(e.out[1].cond, &e.out[1].set->headers[1]);
    assert_ptr_equal(e.out[6].path, &e.out[6].set->paths[0]);
    assert_null(e.out[6].host);
    assert_null(e.out[8].path);

    fixture_release(&e.f);
}


/* With all, those that fail by host or path too: there are two of them. */

static void
test_all(void **state)
{
    explained_t  e;

    static const want_t  want[] = {
        { "method", FIG_BECAUSE_METHOD, "method is not PUT, POST or PURGE" },
        { "host", FIG_BECAUSE_HOST, "host is not \"b.test\"" },
        { "path", FIG_BECAUSE_PATH, "path does not match \"/a/c\"" }
    };

    (void) state;

    explained_init(&e);

    explain(&e, true, MAX);
    assert_int_equal(e.n, 11);

    /* no more than there is room for */

    explain(&e, true, FIG_NELTS(want));
    check(&e, want, FIG_NELTS(want));

    fixture_release(&e.f);
}


static void
test_no_winner(void **state)
{
    explained_t  e;

    static const want_t  want[] = {
        { "unlucky", FIG_BECAUSE_METHOD, "method is not PUT" }
    };

    (void) state;

    memset(&e, 0, sizeof(e));
    fixture_init(&e.f, 2);
    fixture_method(&e.f, add(&e, "unlucky", NULL, "/a"), "PUT");
    add(&e, "elsewhere", NULL, "/b");
    fixture_compile(&e.f);

    e.f.request.path = fig_str_from("/a");
    explain(&e, false, MAX);
    check(&e, want, FIG_NELTS(want));

    e.f.request.path = fig_str_from("/c");
    explain(&e, false, MAX);
    assert_int_equal(e.n, 0);

    fixture_release(&e.f);
}


static void
test_text_is_cut(void **state)
{
    char         small[10];
    explained_t  e;

    (void) state;

    explained_init(&e);
    explain(&e, false, 1);

    assert_int_equal(fig_candidate_text(&e.out[0], small, sizeof(small)), 9);
    assert_string_equal(small, "method is");
    assert_int_equal(fig_candidate_text(&e.out[0], small, 1), 0);
    assert_string_equal(small, "");

    fixture_release(&e.f);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_reasons),
        cmocka_unit_test(test_all),
        cmocka_unit_test(test_no_winner),
        cmocka_unit_test(test_text_is_cut)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
