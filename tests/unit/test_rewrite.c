/*
 * Rewritten paths and redirects.
 */

#include "rules_fixture.h"


/* A pattern as a rules file has it: text, {name}, a star at the end, $1. */

static void
parse_pattern(fixture_t *f, fig_pattern_t *pattern, const char *text)
{
    size_t       len;
    fig_part_t  *part;

    while (*text != '\0') {
        part = fixture_add(f, &pattern->parts, &pattern->nparts,
                           sizeof(fig_part_t));

        if (strcmp(text, "/*") == 0) {
            part->kind = FIG_PART_TAIL;
            return;
        }

        if (text[0] == '$') {
            part->kind = FIG_PART_CAPTURE;
            part->index = (uint32_t) (text[1] - '0');
            text += 2;
            continue;
        }

        if (text[0] == '{') {
            len = strcspn(text, "}");
            part->kind = FIG_PART_PARAM;
            part->text = fig_str(text + 1, len - 1);
            text += len + 1;
            continue;
        }

        len = strcspn(text, "{$");

        if (len > 2 && strcmp(text + len - 2, "/*") == 0) {
            len -= 2;
        }

        part->kind = FIG_PART_TEXT;
        part->text = fig_str(text, len);
        text += len;
    }
}


/* The rewritten path of a request for path; "" where it stays. */

static const char *
rewrite(const char *match, const char *regex, const char *with,
    const char *path)
{
    char          *out;
    size_t         len, bound;
    fixture_t      f;
    fig_set_t     *set;
    fig_route_t   *route;

    static char  text[4096];

    fixture_init(&f, 1);
    route = fixture_route(&f, "route");
    set = fixture_set(&f, route);

    if (match != NULL) {
        fixture_path(&f, set, match);
    }

    parse_pattern(&f, &route->rewrite.path, with);

    if (regex != NULL) {
        route->rewrite.regex = fixture_regex(&f, regex);
    }

    fixture_compile(&f);
    assert_string_equal(fixture_match(&f, path), "route");

    /* exactly the room that is asked for, so that a sanitizer sees it all */

    bound = fig_rewrite_bound(route, strlen(path));
    out = malloc(bound);
    assert_non_null(out);

    len = fig_rewrite_path(&f.match, f.request.path, f.scratch, out);
    assert_true(len <= bound);
    assert_true(len < sizeof(text));

    memcpy(text, out, len);
    text[len] = '\0';

    free(out);
    fixture_release(&f);

    return text;
}


typedef struct {
    const char  *match;
    const char  *regex;
    const char  *with;
    const char  *path;
    const char  *want;
} rewrite_t;


static const rewrite_t  rewrites[] = {

    /* a new path */

    { "/a", NULL, "/x", "/a", "/x" },
    { "/a/*", NULL, "/x", "/a/b", "/x" },
    { "/a", NULL, "/", "/a", "/" },
    { "/a", NULL, "/x y", "/a", "/x%20y" },

    /* what the star covered */

    { "/a/*", NULL, "/b/*", "/a", "/b" },
    { "/a/*", NULL, "/b/*", "/a/", "/b/" },
    { "/a/*", NULL, "/b/*", "/a/c", "/b/c" },
    { "/a/*", NULL, "/b/*", "/a/c/", "/b/c/" },
    { "/a/*", NULL, "/b/*", "/a/c/d", "/b/c/d" },
    { "/a/*", NULL, "/b/x/*", "/a/c", "/b/x/c" },
    { "/a/*", NULL, "/*", "/a", "/" },
    { "/a/*", NULL, "/*", "/a/", "/" },
    { "/a/*", NULL, "/*", "/a/c", "/c" },
    { "/*", NULL, "/b/*", "/", "/b/" },
    { "/*", NULL, "/b/*", "/c", "/b/c" },
    { "/*", NULL, "/*", "/c", "/c" },
    { "/a", NULL, "/b/*", "/a", "/b" },
    { NULL, NULL, "/b/*", "/c/d", "/b/c/d" },
    { "/a/*", NULL, "/b/*", "/a/%2Fc", "/b/%2Fc" },
    { "/a/*", NULL, "/*", "/a/%2Fevil", "/%2Fevil" },
    { "/a/*", NULL, "/b/*", "/a/c%25%5C", "/b/c%25%5C" },
    { "/a/*", NULL, "/b/*", "/a/\xc3\xa4?#", "/b/%C3%A4%3F%23" },

    /* what a template did */

    { "/a/{id}", NULL, "/b/{id}", "/a/7", "/b/7" },
    { "/a/{id}", NULL, "/{id}", "/a/7", "/7" },
    { "/a/{x}/{y}", NULL, "/{y}/{x}", "/a/1/2", "/2/1" },
    { "/a/{x}/b", NULL, "/{x}/{x}", "/a/1/b", "/1/1" },
    { "/{x}/{xy}", NULL, "/{xy}/{x}", "/1/2", "/2/1" },
    { "/a/{id}", NULL, "/b/{id}/c", "/a/x%2Fy", "/b/x%2Fy/c" },
    { "/a/{id}", NULL, "/{id}", "/a/\\evil", "/%5Cevil" },
    { "/a/{id}", NULL, "/{id}", "/a/%5Cevil", "/%5Cevil" },
    { "/a/{id}", NULL, "/{id}", "/a/x\ny", "/x%0Ay" },
    { "/a/{id}", NULL, "/{id}", "/a/a b", "/a%20b" },

    /* a regex: the whole path is new, or stays */

    { "/*", "~^/old/(.*)$", "/new/$1", "/old/a/b", "/new/a/b" },
    { "/*", "~^/old/(.*)$", "/new/$1", "/other", "" },
    { "/*", "~^/v(\\d+)/", "/api/$1/", "/v2/x/y", "/api/2/" },
    { "/*", "~/b", "/x", "/a/b/c/b", "/x" },
    { "/*", "~*^/OLD(.*)", "/new$1", "/old/a", "/new/a" },
    { "/*", "~^(.*)/$", "$1/index.html", "/a/", "/a/index.html" },
    { "/*", "~^", "/x", "/a", "/x" },
    { "/*", "~^(.*)$", "$1", "/a/b", "/a/b" },
    { "/*", "~^/a(/x)?$", "/b$1/c", "/a", "/b/c" },
    { "/*", "~^/(?<n>\\w+)$", "/x/$1", "/y", "/x/y" },
    { "/*", "~^.*$", "", "/a/b", "" },
    { "/*", "~b(c)", "$0$1", "/abcd", "/bcc" },

    /* nothing that a request brings makes a host, or climbs */

    { "/*", "~^/go(.*)$", "$1", "/go//evil", "/evil" },
    { "/*", "~^/go/(.*)$", "/$1", "/go//evil", "/evil" },
    { "/*", "~^/go/(.*)$", "$1", "/go/evil", "/evil" },
    { "/*", "~^/go/(.*)$", "/$1", "/go/\\evil", "/%5Cevil" },
    { "/*", "~^/x(.*)y$", "/in/$1", "/x..y", "/in/" },
    { "/*", "~^/x(.*)y$", "/in/$1/z", "/x..y", "/in/z" },
    { "/*", "~^/x(.*)y(.*)$", "/in/$1/$2", "/x..y..", "/in/" },
    { "/*", "~^/x(.*)y$", "/in/$1/z", "/x.y", "/in/z" },
    { "/*", "~^/x(.*)y$", "/in/.$1/z", "/x.y", "/in/z" },
    { "/*", "~^/x(.*)y$", "/in/$1", "/x...y", "/in/..." },
    { "/*", "~^/x(.*)y$", "/in/$1/z", "/xy", "/in/z" },
    { "/*", "~^/x(.*)$", "/$1", "/x", "/" },

    /* nor do two pieces make an encoded byte */

    { "/*", "~^/(.*)25(.*)$", "/$1$2", "/%252e%252e", "/%252e%252e" },
    { "/*", "~^/(.*)5(..)$", "/$1$2", "/%252e", "/%2522e" },
    { "/*", "~^/(%)25$", "/$12e", "/%25", "/%252e" },
    { "/*", "~^/(.)25$", "/$12e$12e/x", "/%25", "/%252e%252e/x" },
    { "/*", "~^/(.)2F$", "/$1", "/%2F", "/%25" },
    { "/*", "~^/(..)F$", "/$1", "/%2F", "/%252" }
};


static void
test_rewrites(void **state)
{
    size_t            i;
    const char       *have;
    const rewrite_t  *r;

    (void) state;

    for (i = 0; i < FIG_NELTS(rewrites); i++) {
        r = &rewrites[i];
        have = rewrite(r->match, r->regex, r->with, r->path);

        if (strcmp(have, r->want) != 0) {
            fail_msg("%s, %s with %s of %s: \"%s\"", r->match ? r->match : "-",
                     r->regex ? r->regex : "path", r->with, r->path, have);
        }
    }
}


static void
test_no_rewrite(void **state)
{
    char       out[64];
    fixture_t  f;

    (void) state;

    fixture_init(&f, 1);
    fixture_path(&f, fixture_set(&f, fixture_route(&f, "route")), "/a");
    fixture_compile(&f);

    assert_string_equal(fixture_match(&f, "/a"), "route");
    assert_int_equal(fig_rewrite_path(&f.match, f.request.path, f.scratch,
                                      out), 0);

    assert_string_equal(fixture_match(&f, "/b"), "-");
    assert_int_equal(fig_rewrite_path(&f.match, f.request.path, f.scratch,
                                      out), 0);

    fixture_release(&f);
}


/* Every byte that has to be encoded, in as much room as was asked for. */

static void
test_bound_is_enough(void **state)
{
    char   path[1024];
    char  *want;

    (void) state;

    memset(path, '\xff', sizeof(path) - 1);
    path[0] = '/';
    path[sizeof(path) - 1] = '\0';

    want = malloc(3 * sizeof(path) + 1);
    assert_non_null(want);

    strcpy(want, "/");

    for (size_t i = 1; i < sizeof(path) - 1; i++) {
        strcat(want, "%FF");
    }

    assert_string_equal(rewrite("/*", "~^(.*)$", "$1", path), want);
    assert_string_equal(rewrite("/{x}", NULL, "/{x}", path), want);
    assert_string_equal(rewrite("/*", NULL, "/*", path), want);

    free(want);
}


typedef struct {
    const char  *want;
    const char  *scheme;           /* of the rule */
    const char  *host;
    int32_t      port;             /* 0: not given */
    const char  *path;
    const char  *from;             /* scheme://host:port/path?query */
} redirect_t;


static const redirect_t  redirects[] = {

    /* what is not given stays */

    { "https://a.test/x", "https", NULL, 0, NULL, "http://a.test/x" },
    { "https://a.test/x", "https", NULL, 0, NULL, "http://a.test:8080/x" },
    { "https://a.test/x", "https", NULL, 0, NULL, "https://a.test:8443/x" },
    { "http://a.test/x", "http", NULL, 0, NULL, "https://a.test:8443/x" },
    { "http://b.test/x", NULL, "b.test", 0, NULL, "http://a.test/x" },
    { "http://b.test:8080/x", NULL, "b.test", 0, NULL,
      "http://a.test:8080/x" },
    { "https://b.test/x?q=1&r", "https", "b.test", 0, NULL,
      "http://a.test/x?q=1&r" },
    { "http://a.test/y", NULL, NULL, 0, "/y", "http://a.test/x" },
    { "http://a.test/y?q", NULL, NULL, 0, "/y", "http://a.test/x?q" },

    /* ports: those that a scheme has anyway are not written */

    { "http://a.test:81/x", NULL, NULL, 81, NULL, "http://a.test/x" },
    { "http://a.test/x", NULL, NULL, 80, NULL, "http://a.test:8080/x" },
    { "http://a.test:443/x", NULL, NULL, 443, NULL, "http://a.test/x" },
    { "https://a.test/x", NULL, NULL, 443, NULL, "https://a.test:8443/x" },
    { "https://a.test:80/x", NULL, NULL, 80, NULL, "https://a.test/x" },
    { "https://a.test/x", "https", NULL, 443, NULL, "http://a.test/x" },
    { "https://a.test:8443/x", "https", NULL, 8443, NULL,
      "http://a.test/x" },
    { "http://a.test/x", NULL, NULL, 0, "/x", "http://a.test:80/y" },
    { "https://a.test/x", NULL, NULL, 0, "/x", "https://a.test:443/y" },
    { "http://a.test:65535/x", NULL, NULL, 65535, NULL, "http://a.test/x" },

    /* the path as it was received, or filled in */

    { "http://b.test/a/%7eb/./c", NULL, "b.test", 0, NULL,
      "http://a.test/a/%7eb/./c" },
    { "http://a.test/new/b/c", NULL, NULL, 0, "/new/*",
      "http://a.test/a/b/c" },
    { "http://a.test/", NULL, NULL, 0, "/*", "http://a.test/a" },
    { "http://a.test/b?q", NULL, NULL, 0, "/*", "http://a.test/a/b?q" },
    { "http://a.test/b%20c", NULL, NULL, 0, "/b c", "http://a.test/a" },
    { "http://b.test//evil", NULL, "b.test", 0, NULL,
      "http://a.test//evil" },

    /* bytes that a header cannot carry */

    { "http://b.test/%0A%C3%A4%22%5C?%0D%7F%FF+\"", NULL, "b.test", 0, NULL,
      "http://a.test/\n\xc3\xa4\"\\?\r\x7f\xff+\"" },

    /* no host: a reference that is a path and cannot be taken for a host */

    { "/x", "https", NULL, 0, NULL, "http:///x" },
    { "/evil", NULL, NULL, 0, NULL, "http:////evil" },
    { "/evil/", NULL, NULL, 0, NULL, "http://////evil/" },
    { "/%5Cevil", NULL, NULL, 0, NULL, "http:///\\evil" },
    { "/", NULL, NULL, 0, NULL, "http://" },
    { "https://b.test/x", "https", "b.test", 0, NULL, "http:///x" }
};


static const char *
redirect(const redirect_t *r)
{
    char         *out;
    size_t        len, bound;
    unsigned      port;
    fig_str_t     scheme, raw;
    fixture_t     f;
    const char   *p;
    fig_route_t  *route;

    static char  text[1024];

    fixture_init(&f, 1);
    route = fixture_route(&f, "route");
    route->action = FIG_ACTION_REDIRECT;
    route->redirect.scheme = fig_str_from(r->scheme ? r->scheme : "");
    route->redirect.host = fig_str_from(r->host ? r->host : "");
    route->redirect.port = r->port ? r->port : FIG_UNSET;
    parse_pattern(&f, &route->redirect.path, r->path ? r->path : "");
    fixture_path(&f, fixture_set(&f, route), "/a/*");
    fixture_path(&f, &route->sets[0], "/*");
    fixture_compile(&f);

    p = strstr(r->from, "://");
    scheme = fig_str(r->from, (size_t) (p - r->from));
    p += 3;
    f.request.host = fig_str(p, strcspn(p, ":/"));
    p += f.request.host.len;
    port = 0;

    if (*p == ':') {
        port = (unsigned) strtoul(p + 1, NULL, 10);
        p += strcspn(p, "/");
    }

    raw = fig_str(p, strcspn(p, "?"));
    p += raw.len;
    f.request.query = fig_str_from(*p ? p + 1 : p);

    f.request.path = (raw.len != 0) ? raw : fig_str_from("/");
    fig_match(&f.ruleset, &f.request, f.scratch, &f.match);
    assert_ptr_equal(f.match.route, route);

    bound = fig_redirect_bound(&f.match, &f.request, raw);
    out = malloc(bound);
    assert_non_null(out);

    len = fig_redirect_url(&f.match, &f.request, scheme, (uint16_t) port, raw,
                           f.scratch, out);
    assert_true(len <= bound);
    memcpy(text, out, len);
    text[len] = '\0';

    free(out);
    fixture_release(&f);

    return text;
}


static void
test_redirects(void **state)
{
    size_t       i;
    const char  *have;

    (void) state;

    for (i = 0; i < FIG_NELTS(redirects); i++) {
        have = redirect(&redirects[i]);

        if (strcmp(have, redirects[i].want) != 0) {
            fail_msg("%s: \"%s\", not \"%s\"", redirects[i].from, have,
                     redirects[i].want);
        }
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_rewrites),
        cmocka_unit_test(test_no_rewrite),
        cmocka_unit_test(test_bound_is_enough),
        cmocka_unit_test(test_redirects)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
