/*
 * Requests that somebody asks about: from a URL and headers to what the rules
 * see.
 */

#include "unit.h"

#include "fig_ask.h"


static const char *
text(fig_str_t str)
{
    static char  copy[256];

    snprintf(copy, sizeof(copy), "%.*s", (int) str.len, str.data);

    return copy;
}


static fig_status_t
ask(const char *method, const char *url, const char *host,
    const char *client, fig_arena_t *arena, fig_request_t *request)
{
    fig_ask_t     ask;
    const char   *why;
    fig_status_t  status;

    static fig_header_t  headers[2];

    headers[0].name = fig_str_from("X-A");
    headers[0].value = fig_str_from("1");
    headers[1].name = fig_str_from("HOST");
    headers[1].value = fig_str_from(host);

    ask.method = fig_str_from(method);
    ask.url = fig_str_from(url);
    ask.client = fig_str_from(client);
    ask.headers = headers;
    ask.nheaders = 2;

    status = fig_ask_request(&ask, arena, request, &why);

    assert_true((status == FIG_INVALID) == (why[0] != '\0'));

    return status;
}


static void
test_urls(void **state)
{
    size_t          i;
    fig_arena_t    *arena;
    fig_request_t   request;

    static const struct {
        const char  *url;
        const char  *header;
        const char  *host;
        const char  *path;
        const char  *query;
    } urls[] = {
        { "/a/./b?q=1", "Shop.Test.:80", "shop.test", "/a/b", "q=1" },
        { "/", "", "", "/", "" },
        { "http://A.test:8080/x", "b.test", "a.test", "/x", "" },
        { "HTTPS://a.test", "b.test", "a.test", "/", "" },
        { "http://a.test?q", "", "a.test", "/", "q" },
        { "http://me:pw@[::1]:80/x#y", "", "[::1]", "/x", "" },
        { "/%2e%2e/a%2Fb", "[2001:db8::1]", "[2001:db8::1]", NULL, NULL },
        { "/a%2fb", "", "", "/a%2Fb", "" },
        { "/a//b/../c", "", "", "/a/c", "" },
    };

    (void) state;
    arena = fig_arena_create();
    assert_non_null(arena);

    for (i = 0; i < FIG_NELTS(urls); i++) {
        if (urls[i].path == NULL) {
            assert_int_equal(ask("GET", urls[i].url, urls[i].header, "",
                                 arena, &request), FIG_INVALID);
            continue;
        }

        assert_int_equal(ask("GET", urls[i].url, urls[i].header, "", arena,
                             &request), FIG_OK);
        assert_string_equal(text(request.host), urls[i].host);
        assert_string_equal(text(request.path), urls[i].path);
        assert_string_equal(text(request.query), urls[i].query);
    }

    fig_arena_destroy(arena);
}


static void
test_wrong(void **state)
{
    size_t          i;
    fig_arena_t    *arena;
    fig_request_t   request;

    static const struct {
        const char  *method;
        const char  *url;
        const char  *client;
    } asks[] = {
        { "get", "/", "" },
        { "", "/", "" },
        { "GET", "", "" },
        { "GET", "a.test/x", "" },
        { "GET", "ftp://a.test/x", "" },
        { "GET", "http:///x", "" },
        { "GET", "/a%0", "" },
        { "GET", "/a%00", "" },
        { "GET", "/", "nobody" },
        { "GET", "/", "1.2.3" },
    };

    (void) state;
    arena = fig_arena_create();
    assert_non_null(arena);

    for (i = 0; i < FIG_NELTS(asks); i++) {
        assert_int_equal(ask(asks[i].method, asks[i].url, "", asks[i].client,
                             arena, &request), FIG_INVALID);
    }

    fig_arena_destroy(arena);
}


static void
test_clients(void **state)
{
    fig_addr_t  addr;

    (void) state;

    assert_true(fig_ask_addr(fig_str_from("10.0.0.7"), &addr));
    assert_int_equal(addr.family, 4);
    assert_int_equal(addr.addr[3], 7);

    assert_true(fig_ask_addr(fig_str_from("::ffff:10.0.0.7"), &addr));
    assert_int_equal(addr.family, 4);
    assert_int_equal(addr.addr[0], 10);
    assert_int_equal(addr.addr[4], 0);

    assert_true(fig_ask_addr(fig_str_from("2001:db8::1"), &addr));
    assert_int_equal(addr.family, 6);
    assert_int_equal(addr.addr[15], 1);

    assert_false(fig_ask_addr(fig_str("1.2.3.4\0", 8), &addr));
    assert_int_equal(addr.family, 0);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_urls),
        cmocka_unit_test(test_wrong),
        cmocka_unit_test(test_clients),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
