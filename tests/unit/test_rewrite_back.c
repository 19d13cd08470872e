/*
 * Rewritten paths on their way back: what a service says of its own paths, as
 * clients know it.
 */

#include "load.h"


/* The rules of one route; empty texts are left out. */

static void
load_route(loaded_t *loaded, const char *match, const char *rewrite)
{
    char  text[1024];

    snprintf(text, sizeof(text),
             "version: 1\n"
             "backends: {a: {servers: [http://a.test]},\n"
             "           b: {servers: [http://b.test]}}\n"
             "default: a\n"
             "routes:\n"
             "  - name: route\n"
             "    match: {%s}\n"
             "    to: b\n"
             "    stage: live\n"
             "    rewrite: {%s}\n", match, rewrite);

    load_text(loaded, text);
    assert_loads(loaded);
}


/* What clients know location as; "" where that is not known. */

static const char *
back(const char *match, const char *rewrite, const char *path,
    const char *location)
{
    char           *out;
    size_t          len, bound;
    loaded_t        loaded;
    fig_match_t     found;
    fig_request_t   request;
    fig_scratch_t  *scratch;

    static char  text[1024];

    load_route(&loaded, match, rewrite);
    scratch = fig_scratch_create();
    assert_non_null(scratch);

    memset(&request, 0, sizeof(fig_request_t));
    request.method = fig_str_from("GET");
    request.path = fig_str_from(path);

    fig_match(loaded.ruleset, &request, scratch, &found);
    assert_non_null(found.route);

    /* exactly the room that is asked for, so that a sanitizer sees it all */

    bound = fig_rewrite_back_bound(&found, request.path,
                                   fig_str_from(location));
    out = malloc(bound);
    assert_non_null(out);

    len = fig_rewrite_back(&found, request.path, fig_str_from(location), out);
    assert_true(len <= bound);
    assert_true(len < sizeof(text));

    memcpy(text, out, len);
    text[len] = '\0';

    free(out);
    fig_scratch_destroy(scratch);
    loaded_release(&loaded);

    return text;
}


typedef struct {
    const char  *match;
    const char  *rewrite;
    const char  *path;
    const char  *location;
    const char  *want;
} back_t;


static const back_t  backs[] = {

    /* what the star covered */

    { "path: /a/*", "path: /b/*", "/a/x", "/b/y", "/a/y" },
    { "path: /a/*", "path: /b/*", "/a/x", "/b", "/a" },
    { "path: /a/*", "path: /b/*", "/a/x", "/b/", "/a/" },
    { "path: /a/*", "path: /b/*", "/a/x", "/b/c%20d%2fe", "/a/c%20d%2Fe" },
    { "path: /a/*", "path: /b/*", "/a/x", "/b/./c/../y", "/a/y" },
    { "path: /a/*", "path: /b/*", "/a/x", "/bc", "" },
    { "path: /a/*", "path: /b/*", "/a/x", "/c", "" },
    { "path: /a/*", "path: /b/*", "/a/x", "/b/../c", "" },
    { "path: /a/*", "path: /*", "/a/x", "/y", "/a/y" },
    { "path: /a/*", "path: /*", "/a/x", "/", "/a/" },
    { "path: /*", "path: /b/*", "/x", "/b/y/", "/y/" },

    /* near enough, if only for the Path of a cookie: / becomes /b/ */

    { "path: /*", "path: /b/*", "/x", "/b", "/" },

    /* what is not a path */

    { "path: /a/*", "path: /b/*", "/a/x", "", "" },
    { "path: /a/*", "path: /b/*", "/a/x", "b/y", "" },
    { "path: /a/*", "path: /b/*", "/a/x", "/b/%zz", "" },
    { "path: /a/*", "path: /b/*", "/a/x", "/b/%00", "" },
    { "path: /a/*", "path: /b/*", "/a/x", "/..", "" },

    /* a template: what is not in the new path is the request's */

    { "path: '/a/{id}'", "path: '/b/{id}'", "/a/7", "/b/8", "/a/8" },
    { "path: '/a/{x}/{y}'", "path: '/{y}/{x}'", "/a/1/2", "/3/4", "/a/4/3" },
    { "path: '/u/{u}/o/{id}'", "path: '/o/{id}'", "/u/7/o/1", "/o/2",
      "/u/7/o/2" },
    { "path: '/a/{id}'", "path: /b", "/a/7", "/b", "/a/7" },
    { "path: '/a/{id}'", "path: '/b/{id}'", "/a/7", "/b/", "" },
    { "path: '/a/{id}'", "path: '/b/{id}'", "/a/7", "/b/8/c", "" },
    { "path: /a", "path: /b", "/a", "/b", "/a" },
    { "path: /a", "path: /b", "/a", "/b/", "" },

    /* a backslash of the rule goes out encoded */

    { "path: /a/*", "path: '/b\\c/*'", "/a/x", "/b%5Cc/y", "/a/y" },
    { "path: /a/*", "path: '/b\\c/*'", "/a/x", "/b%5cc/y", "/a/y" },
    { "path: /a/*", "path: '/b\\c/*'", "/a/x", "/b\\c/y", "/a/y" },
    { "path: /a/*", "path: '/b%5Cc/*'", "/a/x", "/b%5Cc/y", "/a/y" },
    { "path: /a/*", "path: '/b\\/*'", "/a/x", "/b%5", "" },

    /* what cannot be turned round */

    { "path: /a/*", "path: /b", "/a/x", "/b", "" },
    { "path: /a/*", "regex: '^/a/(.*)$', with: /b/$1", "/a/x", "/b/y", "" },
    { "path: '~^/a'", "path: /b", "/a/x", "/b", "" },
    { "methods: [GET]", "path: /b", "/a/x", "/b", "" }
};


static void
test_backs(void **state)
{
    size_t         i;
    const char    *have;
    const back_t  *b;

    (void) state;

    for (i = 0; i < FIG_NELTS(backs); i++) {
        b = &backs[i];
        have = back(b->match, b->rewrite, b->path, b->location);

        if (strcmp(have, b->want) != 0) {
            fail_msg("%s to %s: %s is \"%s\", not \"%s\"", b->match,
                     b->rewrite, b->location, have, b->want);
        }
    }
}


typedef struct {
    const char  *path;
    const char  *rewritten;
    const char  *want;
} prefix_t;


static const prefix_t  prefixes[] = {
    { "/a/b", "/b", "/a" },
    { "/a/b/c", "/b/c", "/a" },
    { "/a/b", "/a/b", "" },
    { "/a/b", "/c", "" },
    { "/a/b", "/x/a/b", "" },
    { "/a/", "/", "/a" },
    { "/a", "/", "/a" },
    { "/", "/", "" },
    { "/a", "", "" }
};


static void
test_prefixes(void **state)
{
    size_t  i, len;

    (void) state;

    for (i = 0; i < FIG_NELTS(prefixes); i++) {
        len = fig_rewrite_prefix(fig_str_from(prefixes[i].path),
                                 fig_str_from(prefixes[i].rewritten));
        assert_str(fig_str(prefixes[i].path, len), prefixes[i].want);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_backs),
        cmocka_unit_test(test_prefixes)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
