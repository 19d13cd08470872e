/*
 * Matching: every kind of condition, every rule of precedence.
 */

#include "fig_scratch.h"
#include "rules_fixture.h"


/* One route with one set of one host (or none) and one path (or none). */

static fig_set_t *
add(fixture_t *f, const char *name, const char *host, const char *path)
{
    fig_set_t  *set;

    set = fixture_set(f, fixture_route(f, name));

    if (host != NULL) {
        fixture_host(f, set, host);
    }

    if (path != NULL) {
        fixture_path(f, set, path);
    }

    return set;
}


static void
test_nothing(void **state)
{
    fixture_t  f;

    (void) state;

    fixture_init(&f, 1);
    fixture_compile(&f);

    assert_string_equal(fixture_match(&f, "/"), "-");
    assert_null(f.match.set);
    assert_null(f.match.path);
    assert_null(f.match.limited);

    fixture_release(&f);
}


static void
test_exact(void **state)
{
    fixture_t  f;

    (void) state;

    fixture_init(&f, 4);
    add(&f, "root", NULL, "/");
    add(&f, "ab", NULL, "/a/b");
    add(&f, "dir", NULL, "/a/b/");
    add(&f, "long", NULL, "/a-rather-long-segment/and%2Fanother");
    fixture_compile(&f);

    assert_string_equal(fixture_match(&f, "/"), "root");
    assert_string_equal(fixture_match(&f, "/a/b"), "ab");
    assert_string_equal(fixture_match(&f, "/a/b/"), "dir");
    assert_string_equal(fixture_match(&f, "/a"), "-");
    assert_string_equal(fixture_match(&f, "/a/"), "-");
    assert_string_equal(fixture_match(&f, "/a/b/c"), "-");
    assert_string_equal(fixture_match(&f, "/a/bc"), "-");
    assert_string_equal(fixture_match(&f, "/A/b"), "-");
    assert_string_equal(fixture_match(&f, "a/b"), "-");
    assert_string_equal(fixture_match(&f, ""), "-");
    assert_string_equal(
        fixture_match(&f, "/a-rather-long-segment/and%2Fanother"), "long");
    assert_string_equal(
        fixture_match(&f, "/a-rather-long-segmenT/and%2Fanother"), "-");
    assert_string_equal(
        fixture_match(&f, "/a-rather-long-segment/and/another"), "-");

    fixture_release(&f);
}


static void
test_prefix(void **state)
{
    fixture_t  f;

    (void) state;

    fixture_init(&f, 4);
    add(&f, "a", NULL, "/a/*");
    add(&f, "ab", NULL, "/a/b/*");
    fixture_compile(&f);

    assert_string_equal(fixture_match(&f, "/a"), "a");
    assert_string_equal(fixture_match(&f, "/a/"), "a");
    assert_string_equal(fixture_match(&f, "/a/c"), "a");
    assert_string_equal(fixture_match(&f, "/a/c/d/e"), "a");
    assert_string_equal(fixture_match(&f, "/a/b"), "ab");
    assert_string_equal(fixture_match(&f, "/a/b/"), "ab");
    assert_string_equal(fixture_match(&f, "/a/b/c/d"), "ab");
    assert_string_equal(fixture_match(&f, "/a/bc"), "a");
    assert_string_equal(fixture_match(&f, "/a%2Fb"), "-");
    assert_string_equal(fixture_match(&f, "/ab"), "-");
    assert_string_equal(fixture_match(&f, "/"), "-");

    fixture_release(&f);
}


static void
test_root_prefix_and_no_path(void **state)
{
    fixture_t  f;

    (void) state;

    fixture_init(&f, 4);
    fixture_method(&f, add(&f, "any", NULL, NULL), "GET");
    fixture_method(&f, add(&f, "root", NULL, "/*"), "HEAD");
    add(&f, "all", NULL, NULL);
    add(&f, "path", NULL, "/*");
    fixture_compile(&f);

    assert_string_equal(fixture_match_host(&f, "HEAD", "", "/"), "root");
    assert_string_equal(fixture_match_host(&f, "HEAD", "", "/x/y"), "root");
    assert_string_equal(fixture_match_host(&f, "GET", "", "/"), "path");
    assert_string_equal(fixture_match_host(&f, "GET", "", "*"), "any");
    assert_string_equal(fixture_match_host(&f, "PUT", "", "*"), "all");

    fixture_release(&f);
}


static void
test_template(void **state)
{
    fixture_t  f;

    (void) state;

    fixture_init(&f, 4);
    add(&f, "id", NULL, "/a/{id}");
    add(&f, "lines", NULL, "/a/{id}/lines");
    add(&f, "two", NULL, "/{x}/{y}/{z}");
    fixture_compile(&f);

    assert_string_equal(fixture_match(&f, "/a/1"), "id");
    assert_string_equal(fixture_match(&f, "/a/%2F"), "id");
    assert_string_equal(fixture_match(&f, "/a/"), "-");
    assert_string_equal(fixture_match(&f, "/a"), "-");
    assert_string_equal(fixture_match(&f, "/a/1/"), "-");
    assert_string_equal(fixture_match(&f, "/a/1/lines"), "lines");
    assert_string_equal(fixture_match(&f, "/a/1/pages"), "two");
    assert_string_equal(fixture_match(&f, "/b/1/lines"), "two");
    assert_string_equal(fixture_match(&f, "/b/1/lines/"), "-");
    assert_string_equal(fixture_match(&f, "/b//lines"), "-");

    fixture_release(&f);
}


/* A template can only be found by going back several segments. */

static void
test_template_backtracks(void **state)
{
    fixture_t  f;

    (void) state;

    fixture_init(&f, 4);
    add(&f, "literal", NULL, "/a/b/c/d");
    add(&f, "early", NULL, "/{w}/b/c/e");
    add(&f, "late", NULL, "/a/b/{y}/f");
    add(&f, "both", NULL, "/{w}/{x}/c/{z}");
    fixture_compile(&f);

    assert_string_equal(fixture_match(&f, "/a/b/c/d"), "literal");
    assert_string_equal(fixture_match(&f, "/a/b/c/e"), "early");
    assert_string_equal(fixture_match(&f, "/a/b/c/f"), "late");
    assert_string_equal(fixture_match(&f, "/a/b/c/g"), "both");
    assert_string_equal(fixture_match(&f, "/q/b/c/e"), "early");
    assert_string_equal(fixture_match(&f, "/a/b/q/d"), "-");

    fixture_release(&f);
}


static void
test_regex(void **state)
{
    fixture_t  f;

    (void) state;

    fixture_init(&f, 8);
    add(&f, "segment", NULL, "~^/api/v\\d+/item0042/\\d+$");
    add(&f, "other", NULL, "~^/api/v\\d+/item0043/\\d+$");
    add(&f, "end", NULL, "~/last$");
    add(&f, "gram", NULL, "~report-[0-9]+\\.csv$");
    add(&f, "ways", NULL, "~^/(cats|dogs)/[a-z]+$");
    add(&f, "caseless", NULL, "~*^/CaseLess/$");
    add(&f, "always", NULL, "~^/[0-9]+$");
    fixture_compile(&f);

    assert_string_equal(fixture_match(&f, "/api/v1/item0042/7"), "segment");
    assert_string_equal(fixture_match(&f, "/api/v1/item0043/7"), "other");
    assert_string_equal(fixture_match(&f, "/api/v1/item0044/7"), "-");
    assert_string_equal(fixture_match(&f, "/api/vx/item0042/7"), "-");
    assert_string_equal(fixture_match(&f, "/API/v1/item0042/7"), "-");
    assert_string_equal(fixture_match(&f, "/x/last"), "end");
    assert_string_equal(fixture_match(&f, "/last/x"), "-");
    assert_string_equal(fixture_match(&f, "/x/report-12.csv"), "gram");
    assert_string_equal(fixture_match(&f, "/x/report-.csv"), "-");
    assert_string_equal(fixture_match(&f, "/cats/tom"), "ways");
    assert_string_equal(fixture_match(&f, "/dogs/rex"), "ways");
    assert_string_equal(fixture_match(&f, "/cows/x"), "-");
    assert_string_equal(fixture_match(&f, "/cASElESS/"), "caseless");
    assert_string_equal(fixture_match(&f, "/12"), "always");

    fixture_release(&f);
}


static void
test_hosts(void **state)
{
    fixture_t  f;

    (void) state;

    fixture_init(&f, 8);
    add(&f, "any", NULL, "/*");
    add(&f, "test", "*.test", "/*");
    add(&f, "a.test", "*.a.test", "/*");
    add(&f, "literal", "x.a.test", "/*");
    add(&f, "apex", "a.test", "/only");
    fixture_compile(&f);

    assert_string_equal(fixture_match_host(&f, "GET", "", "/"), "any");
    assert_string_equal(fixture_match_host(&f, "GET", "b", "/"), "any");
    assert_string_equal(fixture_match_host(&f, "GET", "test", "/"), "any");
    assert_string_equal(fixture_match_host(&f, "GET", ".test", "/"), "any");
    assert_string_equal(fixture_match_host(&f, "GET", "xtest", "/"), "any");
    assert_string_equal(fixture_match_host(&f, "GET", "b.test", "/"), "test");
    assert_string_equal(fixture_match_host(&f, "GET", "c.b.test", "/"),
                        "test");
    assert_string_equal(fixture_match_host(&f, "GET", "a.test", "/"), "test");
    assert_string_equal(fixture_match_host(&f, "GET", "a.test", "/only"),
                        "apex");
    assert_string_equal(fixture_match_host(&f, "GET", "y.a.test", "/"),
                        "a.test");
    assert_string_equal(fixture_match_host(&f, "GET", "z.y.a.test", "/"),
                        "a.test");
    assert_string_equal(fixture_match_host(&f, "GET", "x.a.test", "/"),
                        "literal");

    fixture_release(&f);
}


/* Names that are longer than the index tells apart by length. */

static void
test_long_hosts(void **state)
{
    char       name[600], host[700];
    fixture_t  f;

    (void) state;

    memset(name, 'a', sizeof(name));
    memcpy(name, "*.", 2);
    name[sizeof(name) - 1] = '\0';
    sprintf(host, "x.%s", name + 2);

    fixture_init(&f, 2);
    add(&f, "long", name, "/*");
    fixture_compile(&f);

    assert_string_equal(fixture_match_host(&f, "GET", host, "/"), "long");

    host[2] = 'b';
    assert_string_equal(fixture_match_host(&f, "GET", host, "/"), "-");

    fixture_release(&f);
}


/* No route of the more specific host takes the rest: the next one is asked. */

static void
test_hosts_fall_through(void **state)
{
    fixture_t  f;

    (void) state;

    fixture_init(&f, 4);
    add(&f, "literal", "x.a.test", "/literal");
    fixture_method(&f, add(&f, "wide", "*.test", "/*"), "GET");
    add(&f, "any", NULL, "/*");
    fixture_compile(&f);

    assert_string_equal(
        fixture_match_host(&f, "GET", "x.a.test", "/literal"), "literal");
    assert_string_equal(
        fixture_match_host(&f, "GET", "x.a.test", "/other"), "wide");
    assert_string_equal(
        fixture_match_host(&f, "PUT", "x.a.test", "/other"), "any");

    fixture_release(&f);
}


static void
test_methods(void **state)
{
    fig_set_t  *set;
    fixture_t   f;

    (void) state;

    fixture_init(&f, 4);

    set = add(&f, "read", NULL, "/a");
    fixture_method(&f, set, "GET");
    fixture_method(&f, set, "HEAD");

    set = add(&f, "purge", NULL, "/a");
    fixture_method(&f, set, "PURGE");
    fixture_method(&f, set, "DELETE");

    fixture_compile(&f);

    assert_string_equal(fixture_match_host(&f, "GET", "", "/a"), "read");
    assert_string_equal(fixture_match_host(&f, "HEAD", "", "/a"), "read");
    assert_string_equal(fixture_match_host(&f, "PURGE", "", "/a"), "purge");
    assert_string_equal(fixture_match_host(&f, "DELETE", "", "/a"), "purge");
    assert_string_equal(fixture_match_host(&f, "LINK", "", "/a"), "-");
    assert_string_equal(fixture_match_host(&f, "POST", "", "/a"), "-");
    assert_string_equal(fixture_match_host(&f, "get", "", "/a"), "-");
    assert_string_equal(fixture_match_host(&f, "GETX", "", "/a"), "-");
    assert_string_equal(fixture_match_host(&f, "", "", "/a"), "-");

    fixture_release(&f);
}


static const char *
match_header(fixture_t *f, const char *one, const char *two)
{
    f->request.nheaders = 0;
    fixture_request_header(f, "Host", "h");

    if (one != NULL) {
        fixture_request_header(f, "X-Tenant", one);
    }

    if (two != NULL) {
        fixture_request_header(f, "x-tenant", two);
    }

    return fixture_match(f, "/a");
}


static void
test_headers(void **state)
{
    fixture_t  f;

    (void) state;

    fixture_init(&f, 8);
    fixture_header(&f, add(&f, "literal", NULL, "/a"), "x-tenant", "red");
    fixture_header(&f, add(&f, "joined", NULL, "/a"), "x-tenant", "a, b");
    fixture_header(&f, add(&f, "regex", NULL, "/a"), "x-tenant", "~^b(, c)?$");
    fixture_header(&f, add(&f, "absent", NULL, "/a"), "x-tenant", "!");
    fixture_header(&f, add(&f, "present", NULL, "/a"), "x-tenant", "*");
    fixture_compile(&f);

    assert_string_equal(match_header(&f, "red", NULL), "literal");
    assert_string_equal(match_header(&f, "Red", NULL), "present");
    assert_string_equal(match_header(&f, "a", "b"), "joined");
    assert_string_equal(match_header(&f, "a, b", NULL), "joined");
    assert_string_equal(match_header(&f, "b", NULL), "regex");
    assert_string_equal(match_header(&f, "b", "c"), "regex");
    assert_string_equal(match_header(&f, "red", "red"), "present");
    assert_string_equal(match_header(&f, "", NULL), "present");
    assert_string_equal(match_header(&f, NULL, NULL), "absent");

    fixture_release(&f);
}


/* Values that do not fit where they are put together match nothing. */

static void
test_header_too_long(void **state)
{
    fixture_t  f;

    static char  half[FIG_SCRATCH_VALUE / 2], whole[FIG_SCRATCH_VALUE + 1];

    (void) state;

    memset(half, 'x', sizeof(half) - 1);
    memset(whole, 'x', sizeof(whole) - 1);

    fixture_init(&f, 4);
    fixture_header(&f, add(&f, "regex", NULL, "/a"), "x-tenant", "~^x");
    fixture_header(&f, add(&f, "present", NULL, "/a"), "x-tenant", "*");
    fixture_compile(&f);

    assert_string_equal(match_header(&f, half, NULL), "regex");
    assert_string_equal(match_header(&f, half, half), "regex");
    assert_string_equal(match_header(&f, half, whole), "present");
    assert_string_equal(match_header(&f, whole, half), "present");

    /* one line is not put together */

    assert_string_equal(match_header(&f, whole, NULL), "regex");

    fixture_release(&f);
}


static const char *
match_query(fixture_t *f, const char *query)
{
    f->request.query = fig_str_from(query);

    return fixture_match(f, "/a");
}


static void
test_query(void **state)
{
    fixture_t  f;

    (void) state;

    fixture_init(&f, 8);
    fixture_query(&f, add(&f, "literal", NULL, "/a"), "q", "a b");
    fixture_query(&f, add(&f, "regex", NULL, "/a"), "q", "~^\\d&$");
    fixture_query(&f, add(&f, "encoded", NULL, "/a"), "q", "a=%zz");
    fixture_query(&f, add(&f, "absent", NULL, "/a"), "q", "!");
    fixture_query(&f, add(&f, "present", NULL, "/a"), "q", "*");
    fixture_compile(&f);

    assert_string_equal(match_query(&f, ""), "absent");
    assert_string_equal(match_query(&f, "&&"), "absent");
    assert_string_equal(match_query(&f, "=q"), "absent");
    assert_string_equal(match_query(&f, "qq=a+b&p=q"), "absent");
    assert_string_equal(match_query(&f, "Q=a+b"), "absent");
    assert_string_equal(match_query(&f, "q=a+b"), "literal");
    assert_string_equal(match_query(&f, "q=a%20b"), "literal");
    assert_string_equal(match_query(&f, "%71=a%20b"), "literal");
    assert_string_equal(match_query(&f, "x=1&q=a+b"), "literal");
    assert_string_equal(match_query(&f, "x=1&&q=a+b&y"), "literal");
    assert_string_equal(match_query(&f, "q=c&q=a+b"), "present");
    assert_string_equal(match_query(&f, "q=a+b&q=c"), "literal");
    assert_string_equal(match_query(&f, "q=1%26"), "regex");
    assert_string_equal(match_query(&f, "q=1&"), "present");
    assert_string_equal(match_query(&f, "q=a=%zz"), "encoded");
    assert_string_equal(match_query(&f, "q=a%3D%25zz"), "encoded");
    assert_string_equal(match_query(&f, "q"), "present");
    assert_string_equal(match_query(&f, "q="), "present");
    assert_string_equal(match_query(&f, "q=a%2Bb"), "present");

    fixture_release(&f);
}


static const char *
match_cookie(fixture_t *f, const char *one, const char *two)
{
    f->request.nheaders = 0;

    if (one != NULL) {
        fixture_request_header(f, "Cookie", one);
    }

    if (two != NULL) {
        fixture_request_header(f, "cookie", two);
    }

    return fixture_match(f, "/a");
}


static void
test_cookies(void **state)
{
    fixture_t  f;

    (void) state;

    fixture_init(&f, 8);
    fixture_cookie(&f, add(&f, "literal", NULL, "/a"), "qa", "1");
    fixture_cookie(&f, add(&f, "regex", NULL, "/a"), "qa", "~^[a-f]+=$");
    fixture_cookie(&f, add(&f, "absent", NULL, "/a"), "qa", "!");
    fixture_cookie(&f, add(&f, "present", NULL, "/a"), "qa", "*");
    fixture_compile(&f);

    assert_string_equal(match_cookie(&f, NULL, NULL), "absent");
    assert_string_equal(match_cookie(&f, "", NULL), "absent");
    assert_string_equal(match_cookie(&f, "QA=1", NULL), "absent");
    assert_string_equal(match_cookie(&f, "xqa=1; qax=1", NULL), "absent");
    assert_string_equal(match_cookie(&f, "qa", NULL), "absent");
    assert_string_equal(match_cookie(&f, "qa=1", NULL), "literal");
    assert_string_equal(match_cookie(&f, "a=b; qa=1; c=d", NULL), "literal");
    assert_string_equal(match_cookie(&f, "a=b;qa=1", NULL), "literal");
    assert_string_equal(match_cookie(&f, " ;; qa = 1 ; c", NULL), "literal");
    assert_string_equal(match_cookie(&f, "a=b", "qa=1"), "literal");
    assert_string_equal(match_cookie(&f, "qa=2; qa=1", NULL), "present");
    assert_string_equal(match_cookie(&f, "qa=2", "qa=1"), "present");
    assert_string_equal(match_cookie(&f, "qa=1", "qa=2"), "literal");
    assert_string_equal(match_cookie(&f, "qa=", NULL), "present");
    assert_string_equal(match_cookie(&f, "qa=\"1\"", NULL), "present");
    assert_string_equal(match_cookie(&f, "qa=abc=", NULL), "regex");

    fixture_release(&f);
}


static const char *
match_client(fixture_t *f, const char *address)
{
    memset(&f->request.client, 0, sizeof(fig_addr_t));

    if (address != NULL) {
        f->request.client = fixture_addr(address);
    }

    return fixture_match(f, "/a");
}


static void
test_clients(void **state)
{
    fig_set_t  *set;
    fixture_t   f;

    (void) state;

    fixture_init(&f, 8);

    set = add(&f, "nets", NULL, "/a");
    fixture_client(&f, set, "10.1.2.0", 23);
    fixture_client(&f, set, "192.0.2.7", 32);
    fixture_client(&f, set, "2001:db8::", 33);

    fixture_client(&f, add(&f, "four", NULL, "/a"), "0.0.0.0", 0);
    fixture_client(&f, add(&f, "six", NULL, "/a"), "::", 0);

    fixture_compile(&f);

    assert_string_equal(match_client(&f, "10.1.2.1"), "nets");
    assert_string_equal(match_client(&f, "10.1.3.255"), "nets");
    assert_string_equal(match_client(&f, "10.1.4.0"), "four");
    assert_string_equal(match_client(&f, "192.0.2.7"), "nets");
    assert_string_equal(match_client(&f, "192.0.2.6"), "four");
    assert_string_equal(match_client(&f, "2001:db8:7fff::1"), "nets");
    assert_string_equal(match_client(&f, "2001:db8:8000::1"), "six");
    assert_string_equal(match_client(&f, "::1"), "six");
    assert_string_equal(match_client(&f, NULL), "-");

    fixture_release(&f);
}


/* Header lines are asked for once, and only if something needs them. */

static unsigned  fills;


static void
fill(fig_request_t *request)
{
    static const fig_header_t  header = { FIG_STR("x-a"), FIG_STR("1") };

    fills++;
    assert_null(request->fill);

    request->headers = &header;
    request->nheaders = 1;
}


static void
test_fill_is_lazy(void **state)
{
    fig_set_t  *set;
    fixture_t   f;

    (void) state;

    fixture_init(&f, 4);
    add(&f, "plain", NULL, "/plain");
    set = add(&f, "header", NULL, "/a");
    fixture_header(&f, set, "x-a", "1");
    fixture_cookie(&f, set, "c", "!");
    fixture_compile(&f);

    fills = 0;
    f.request.fill = fill;

    assert_string_equal(fixture_match(&f, "/plain"), "plain");
    assert_string_equal(fixture_match(&f, "/other"), "-");
    assert_int_equal(fills, 0);

    assert_string_equal(fixture_match(&f, "/a"), "header");
    assert_int_equal(fills, 1);

    assert_string_equal(fixture_match(&f, "/a"), "header");
    assert_int_equal(fills, 1);

    fixture_release(&f);
}


/* Any of several sets, hosts and paths; the match says which. */

static void
test_alternatives(void **state)
{
    fig_set_t    *set;
    fixture_t     f;
    fig_route_t  *route;

    (void) state;

    fixture_init(&f, 4);

    route = fixture_route(&f, "route");
    set = fixture_set(&f, route);
    fixture_host(&f, set, "a");
    fixture_host(&f, set, "b");
    fixture_path(&f, set, "/x");
    fixture_path(&f, set, "/y/*");
    set = fixture_set(&f, route);
    fixture_path(&f, set, "/z");

    fixture_compile(&f);

    assert_string_equal(fixture_match_host(&f, "GET", "a", "/x"), "route");
    assert_ptr_equal(f.match.path, &route->sets[0].paths[0]);
    assert_string_equal(fixture_match_host(&f, "GET", "b", "/y/1"), "route");
    assert_ptr_equal(f.match.set, &route->sets[0]);
    assert_ptr_equal(f.match.path, &route->sets[0].paths[1]);
    assert_string_equal(fixture_match_host(&f, "GET", "c", "/z"), "route");
    assert_ptr_equal(f.match.set, &route->sets[1]);
    assert_string_equal(fixture_match_host(&f, "GET", "c", "/x"), "-");

    fixture_release(&f);
}


/*
 * Precedence: of two routes that both match a request, the better one wins
 * wherever it stands in the file.
 */

typedef struct {
    const char  *why;
    int          priority[2];      /* [0] is the one that wins */
    const char  *host[2];
    const char  *path[2];
    const char  *methods[2];
    unsigned     headers[2];
    unsigned     query[2];
    unsigned     cookies[2];
    bool         clients[2];
} precedence_t;


static const precedence_t  precedences[] = {
    { .why = "priority before host", .priority = { 1, 0 },
      .host = { NULL, "a.b.test" } },
    { .why = "priority before path", .priority = { 1, 0 },
      .path = { "/*", "/a/b/c" } },
    { .why = "negative priority", .priority = { 0, -1 },
      .path = { "/*", "/a/b/c" } },
    { .why = "priority of a pattern", .priority = { 1, 0 },
      .path = { "~b", "/a/b/c" } },
    { .why = "priority over a pattern", .priority = { 1, 0 },
      .path = { NULL, "~b" } },
    { .why = "literal host before wildcard",
      .host = { "a.b.test", "*.b.test" }, .path = { "/*", "/a/b/c" } },
    { .why = "longer wildcard", .host = { "*.b.test", "*.test" },
      .path = { "/*", "/a/b/c" } },
    { .why = "wildcard before none", .host = { "*.test", NULL },
      .path = { "/*", "/a/b/c" } },
    { .why = "host before headers", .host = { "*.test", NULL },
      .headers = { 0, 2 } },
    { .why = "exact before template", .path = { "/a/b/c", "/a/b/{x}" } },
    { .why = "exact before regex", .path = { "/a/b/c", "~^/a/b/c$" } },
    { .why = "exact before prefix", .path = { "/a/b/c", "/a/b/c/*" } },
    { .why = "template before regex", .path = { "/{x}/{y}/{z}", "~/a/b/c" } },
    { .why = "template before prefix", .path = { "/{x}/{y}/{z}", "/a/b/*" } },
    { .why = "more literal segments", .path = { "/{x}/b/c", "/a/{y}/{z}" } },
    { .why = "first difference", .path = { "/a/{y}/c", "/{x}/b/c" } },
    { .why = "first difference, last", .path = { "/a/b/{z}", "/a/{y}/c" } },
    { .why = "regex before prefix", .path = { "~b", "/a/b/c/*" } },
    { .why = "longer prefix", .path = { "/a/b/*", "/a/*" } },
    { .why = "longest prefix", .path = { "/a/b/c/*", "/*" } },
    { .why = "prefix before none", .path = { "/*", NULL } },
    { .why = "path before methods", .path = { "/a/b/*", "/a/*" },
      .methods = { NULL, "GET" } },
    { .why = "path before headers", .path = { "/a/b/c", "/a/b/{x}" },
      .headers = { 0, 2 } },
    { .why = "methods", .methods = { "GET", NULL } },
    { .why = "methods before headers", .methods = { "GET", NULL },
      .headers = { 0, 2 } },
    { .why = "methods of patterns", .path = { "~b", "~c" },
      .methods = { "GET", NULL } },
    { .why = "more headers", .headers = { 2, 1 } },
    { .why = "headers before query", .headers = { 1, 0 }, .query = { 0, 2 } },
    { .why = "more query", .query = { 2, 1 } },
    { .why = "query before cookies", .query = { 1, 0 },
      .cookies = { 0, 2 } },
    { .why = "more cookies", .cookies = { 2, 1 } },
    { .why = "cookies before clients", .cookies = { 1, 0 },
      .clients = { false, true } },
    { .why = "clients", .clients = { true, false } }
};


static void
add_side(fixture_t *f, const precedence_t *p, int side)
{
    unsigned     i;
    fig_set_t   *set;

    static const char *const  names[] = { "winner", "loser" };
    static const char *const  keys[] = { "k0", "k1" };

    set = add(f, names[side], p->host[side], p->path[side]);
    f->ruleset.model.routes[f->ruleset.model.nroutes - 1].priority
        = p->priority[side];

    if (p->methods[side] != NULL) {
        fixture_method(f, set, p->methods[side]);
    }

    for (i = 0; i < p->headers[side]; i++) {
        fixture_header(f, set, keys[i], "1");
    }

    for (i = 0; i < p->query[side]; i++) {
        fixture_query(f, set, keys[i], "1");
    }

    for (i = 0; i < p->cookies[side]; i++) {
        fixture_cookie(f, set, keys[i], "1");
    }

    if (p->clients[side]) {
        fixture_client(f, set, "10.0.0.0", 8);
    }
}


static void
check_precedence(const precedence_t *p, bool loser_first)
{
    fixture_t  f;

    fixture_init(&f, 2);
    add_side(&f, p, loser_first ? 1 : 0);
    add_side(&f, p, loser_first ? 0 : 1);
    fixture_compile(&f);

    f.request.host = fig_str_from("a.b.test");
    f.request.query = fig_str_from("k0=1&k1=1");
    f.request.client = fixture_addr("10.0.0.1");
    fixture_request_header(&f, "K0", "1");
    fixture_request_header(&f, "K1", "1");
    fixture_request_header(&f, "Cookie", "k0=1; k1=1");

    if (strcmp(fixture_match(&f, "/a/b/c"), "winner") != 0) {
        fail_msg("%s: %s wins when it is %s", p->why,
                 fixture_match(&f, "/a/b/c"), loser_first ? "first" : "last");
    }

    fixture_release(&f);
}


static void
test_precedence(void **state)
{
    size_t  i;

    (void) state;

    for (i = 0; i < FIG_NELTS(precedences); i++) {
        check_precedence(&precedences[i], false);
        check_precedence(&precedences[i], true);
    }
}


static void
test_file_order(void **state)
{
    size_t     i;
    fixture_t  f;

    static const char *const  paths[] = {
        "/a/b", "/a/{x}", "~^/a/b", "/a/*", NULL
    };

    (void) state;

    for (i = 0; i < FIG_NELTS(paths); i++) {
        fixture_init(&f, 3);
        add(&f, "first", NULL, paths[i]);
        add(&f, "second", NULL, paths[i]);
        add(&f, "third", NULL, paths[i]);
        fixture_compile(&f);

        assert_string_equal(fixture_match(&f, "/a/b"), "first");
        fixture_release(&f);
    }
}


/* What ranks better but does not hold leaves the rest to the others. */

static void
test_next_best(void **state)
{
    fixture_t  f;

    (void) state;

    fixture_init(&f, 8);
    fixture_header(&f, add(&f, "exact", NULL, "/a/b"), "x", "1");
    fixture_header(&f, add(&f, "template", NULL, "/a/{x}"), "x", "2");
    fixture_header(&f, add(&f, "regex", NULL, "~^/a/b$"), "x", "3");
    fixture_header(&f, add(&f, "prefix", NULL, "/a/*"), "x", "4");
    add(&f, "none", NULL, NULL);
    fixture_compile(&f);

    fixture_request_header(&f, "X", "1");
    assert_string_equal(fixture_match(&f, "/a/b"), "exact");
    f.headers[0].value = fig_str_from("2");
    assert_string_equal(fixture_match(&f, "/a/b"), "template");
    f.headers[0].value = fig_str_from("3");
    assert_string_equal(fixture_match(&f, "/a/b"), "regex");
    f.headers[0].value = fig_str_from("4");
    assert_string_equal(fixture_match(&f, "/a/b"), "prefix");
    f.headers[0].value = fig_str_from("5");
    assert_string_equal(fixture_match(&f, "/a/b"), "none");

    fixture_release(&f);
}


/* A pattern that hits a limit is no match, and is told of. */

static void
test_limited(void **state)
{
    char       path[4096];
    fixture_t  f;

    (void) state;

    memset(path, 'a', sizeof(path));
    path[0] = '/';
    path[sizeof(path) - 2] = '!';
    path[sizeof(path) - 1] = '\0';

    fixture_init(&f, 4);
    add(&f, "slow", NULL, "~/(a|aa)+$");
    add(&f, "rest", NULL, "/*");
    fixture_compile(&f);

    assert_string_equal(fixture_match(&f, path), "rest");
    assert_non_null(f.match.limited);
    assert_string_equal(f.match.limited->name.data, "slow");

    assert_string_equal(fixture_match(&f, "/aaa"), "slow");
    assert_null(f.match.limited);

    fixture_release(&f);
}


/* More lists of patterns than the scratch has room for. */

static void
test_many_patterns(void **state)
{
    char       text[64];
    unsigned   i;
    fixture_t  f;

    static char  path[64 * 1024];

    (void) state;

    fixture_init(&f, 3001);

    for (i = 0; i < 3000; i++) {
        sprintf(text, "~/item%04u/[0-9]+$", i);
        add(&f, "item", NULL, text);
        sprintf(path + strlen(path), "/item%04u", 2999 - i);
    }

    add(&f, "rest", NULL, "/*");
    fixture_compile(&f);

    /* only /item0000/7 of all the segments is followed by a number */

    strcat(path, "/7");
    assert_string_equal(fixture_match(&f, path), "item");
    assert_int_equal(f.match.route->index, 0);

    strcat(path, "x");
    assert_string_equal(fixture_match(&f, path), "rest");

    assert_string_equal(fixture_match(&f, "/item0017/item0900/1"), "item");
    assert_int_equal(f.match.route->index, 900);

    fixture_release(&f);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_exact),
        cmocka_unit_test(test_prefix),
        cmocka_unit_test(test_root_prefix_and_no_path),
        cmocka_unit_test(test_template),
        cmocka_unit_test(test_template_backtracks),
        cmocka_unit_test(test_regex),
        cmocka_unit_test(test_hosts),
        cmocka_unit_test(test_long_hosts),
        cmocka_unit_test(test_hosts_fall_through),
        cmocka_unit_test(test_methods),
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_header_too_long),
        cmocka_unit_test(test_query),
        cmocka_unit_test(test_cookies),
        cmocka_unit_test(test_clients),
        cmocka_unit_test(test_fill_is_lazy),
        cmocka_unit_test(test_alternatives),
        cmocka_unit_test(test_precedence),
        cmocka_unit_test(test_file_order),
        cmocka_unit_test(test_next_best),
        cmocka_unit_test(test_limited),
        cmocka_unit_test(test_many_patterns)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
