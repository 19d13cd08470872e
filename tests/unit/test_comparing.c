/*
 * What the rules say about comparing: what a comparer is made of, and when the
 * evidence begins anew.
 */

#include "load.h"

#include "fig_arena.h"


#define HEAD                                                                  \
    "version: 1\n"                                                            \
    "backends:\n"                                                             \
    "  legacy: {servers: [http://127.0.0.1:1]}\n"                             \
    "  new: {servers: [http://127.0.0.1:2, http://127.0.0.1:3]}\n"            \
    "  v2: {servers: [http://127.0.0.1:4], version: \"header:X-Build\"}\n"     \
    "default: legacy\n"

#define ROUTE                                                                 \
    HEAD                                                                      \
    "routes:\n"                                                               \
    "  - name: one\n"                                                         \
    "    match: {path: /one/*, methods: [GET], headers: {x-a: ~b+}}\n"        \
    "    to: new\n"                                                           \
    "    stage: shadow\n"                                                     \
    "    rewrite: {path: /uno/*}\n"                                           \
    "    headers: {request: {set: {X-S: a}}}\n"                               \
    "    shadow: {percent: 5, strip: [cookie:sid]}\n"                         \
    "    compare: {ignore: [$.at], tolerance: {$.p: {abs: 0.1}}}\n"           \
    "    note: something\n"


typedef struct {
    fig_files_t      *files;
    fig_ruleset_t    *ruleset;
    fig_comparing_t  *comparing;
    fig_diags_t      *diags;
} bench_t;


static void
bench_init(bench_t *b, const char *text)
{
    b->diags = fig_diags_create();
    assert_non_null(b->diags);
    assert_int_equal(fig_files_from_text(fig_str_from("rules.yaml"),
                                         fig_str_from(text), &b->files),
                     FIG_OK);

    if (fig_comparing_load(b->files, &b->ruleset, &b->comparing, b->diags)
        != FIG_OK)
    {
        fail_msg("%s", fig_diags_text(b->diags, 0).data);
    }
}


static void
bench_release(bench_t *b)
{
    fig_comparing_destroy(b->comparing);
    fig_ruleset_destroy(b->ruleset);
    fig_files_destroy(b->files);
    fig_diags_destroy(b->diags);
}


static const fig_route_t *
route_of(const bench_t *b, const char *name)
{
    const fig_route_t  *route;

    route = fig_ruleset_find_route(b->ruleset, fig_str_from(name));
    assert_non_null(route);

    return route;
}


/* The key of route one; text has old replaced by new, once. */

static uint64_t
key_of(const char *text, const char *old, const char *new)
{
    char         edited[2048];
    bench_t      b;
    uint64_t     key;
    const char  *at;

    at = strstr(text, old);
    assert_non_null(at);
    snprintf(edited, sizeof(edited), "%.*s%s%s", (int) (at - text), text, new,
             at + strlen(old));

    bench_init(&b, edited);
    key = fig_comparing_key(b.comparing, route_of(&b, "one"));
    bench_release(&b);

    assert_int_not_equal(key, 0);

    return key;
}


/* The value itself: it is kept on disks, and must not change unnoticed. */

static void
test_key_is_known(void **state)
{
    (void) state;

    assert_int_equal(key_of(ROUTE, "stage", "stage"),
                     UINT64_C(0xe60ee0201d785df4));
}


static void
test_key_stays(void **state)
{
    size_t  i;

    static const char *const  edits[][2] = {
        { "stage: shadow", "stage: live" },
        { "stage: shadow", "stage: ramp\n    percent: 5\n    by: client" },
        { "percent: 5", "percent: 50" },
        { "percent: 5", "percent: 5, per_second: 7, timeout: 1s" },
        { "note: something", "note: else\n    owner: me" },
        { "note: something", "expires: 2030-01-01\n    capability: shop" },
        { "note: something", "priority: 7\n    timeouts: {total: 3s}" },
        { "routes:\n", "routes:\n  - {name: zero, match: {path: /zero}, to: "
                       "new, stage: live}\n" },
        { "legacy: {servers: [http://127.0.0.1:1]}",
          "legacy: {servers: [http://127.0.0.1:1], keepalive: 7}" },
        { "ignore: [$.at]", "body: auto, noise: 1%, ignore: [$.at]" },
        { "ignore: [$.at]", "ready: {p0: 0.1}, ignore: [\"$.at\"]" },
        { "to: new\n", "to: {new: 1}\n" },
        { "{path: /one/*, methods: [GET], headers: {x-a: ~b+}}",
          "[{headers: {X-A: \"~b+\"}, methods: [GET], path: /one/*}]" },
    };

    (void) state;

    for (i = 0; i < FIG_NELTS(edits); i++) {
        if (key_of(ROUTE, edits[i][0], edits[i][1])
            != key_of(ROUTE, "stage", "stage"))
        {
            fail_msg("%s", edits[i][1]);
        }
    }
}


static void
test_key_changes(void **state)
{
    size_t    i, k;
    uint64_t  keys[64];

    static const char *const  edits[][2] = {
        { "stage", "stage" },
        { "/one/*", "/two/*" },
        { "/one/*", "[/one/*, /two/*]" },
        { "[GET]", "[HEAD]" },
        { "~b+", "~*b+" },
        { "~b+", "b+" },
        { "x-a", "x-b" },
        { "headers: {x-a: ~b+}", "host: a.example" },
        { "headers: {x-a: ~b+}", "clients: [10.0.0.0/8]" },
        { "/uno/*", "/due/*" },
        { "path: /uno/*", "regex: ^/one, with: /uno" },
        { "path: /uno/*", "path: /uno/*, host: h.example" },
        { "X-S: a", "X-S: b" },
        { "set: {X-S", "add: {X-S" },
        { "request: {set", "response: {set" },
        { "cookie:sid", "\"header:sid\"" },
        { "strip: [cookie:sid]", "strip: [cookie:other]" },
        { "strip", "to: v2, strip" },
        { "to: new\n", "to: v2\n" },
        { "to: new\n", "to: {new: 1, v2: 9}\n" },
        { "127.0.0.1:3", "127.0.0.1:5" },
        { "127.0.0.1:1", "127.0.0.1:6" },
        { "127.0.0.1:1]", "127.0.0.1:1], host: server" },
        { "127.0.0.1:1]", "127.0.0.1:1], version: \"header:X-B\"" },
        { "$.at", "$.bt" },
        { "[$.at]", "[$.at, $.bt]" },
        { "ignore", "unordered" },
        { "ignore", "redact" },
        { "abs: 0.1", "abs: 0.2" },
        { "abs: 0.1", "rel: 0.1" },
        { "ignore", "body: json, ignore" },
        { "ignore", "status: class, ignore" },
        { "ignore", "status: [200~201], ignore" },
        { "ignore", "null_absent: true, ignore" },
        { "ignore", "max_body: 1m, ignore" },
        { "ignore", "headers: {add: [etag]}, ignore" },
        { "ignore", "headers: {remove: [vary]}, ignore" },
        { "ignore", "keyed: {$.i: id}, ignore" },
        { "ignore", "shape: {$.i: uuid}, ignore" },
        { "ignore", "shape: {$.i: ~x}, ignore" },
        { "ignore", "normalize: [{regex: a, with: b}], ignore" },
        { "ignore", "noise: none, ignore" },
        { "ignore", "ready: {p0: 1%}, ignore" },
    };

    (void) state;

    for (i = 0; i < FIG_NELTS(edits); i++) {
        keys[i] = key_of(ROUTE, edits[i][0], edits[i][1]);

        for (k = 0; k < i; k++) {
            if (keys[k] == keys[i]) {
                fail_msg("%s: as %s", edits[i][1], edits[k][1]);
            }
        }
    }
}


static fig_outcome_t
compare(const fig_comparer_t *comparer, const char *type, const char *a,
    const char *b)
{
    fig_answers_t        pair;
    fig_arena_t         *arena;
    fig_comparison_t     result;
    fig_answer_field_t   field;

    field.name = fig_str_from("Content-Type");
    field.value = fig_str_from(type);

    memset(&pair, 0, sizeof(fig_answers_t));
    pair.a.status = pair.b.status = 200;
    pair.a.fields = pair.b.fields = &field;
    pair.a.nfields = pair.b.nfields = 1;
    pair.a.body = fig_str_from(a);
    pair.b.body = fig_str_from(b);
    pair.match_data = fig_comparing_match_data_create();
    assert_non_null(pair.match_data);

    arena = fig_arena_create();
    assert_non_null(arena);
    assert_int_equal(fig_compare(comparer, &pair, arena, &result), FIG_OK);
    fig_arena_destroy(arena);
    fig_comparing_match_data_destroy(pair.match_data);

    return result.outcome;
}


static void
test_comparers(void **state)
{
    bench_t                b;
    fig_ready_limits_t     limits;
    const fig_comparer_t  *one, *two;

    static const char  json[] = "application/json", text[] = "text/plain";

    (void) state;
    bench_init(&b, HEAD
        "routes:\n"
        "  - {name: plain, match: {path: /a}, to: new, stage: shadow}\n"
        "  - {name: also, match: {path: /b}, to: new, stage: live}\n"
        "  - {name: none, match: {path: /c}, to: new, stage: shadow, "
        "compare: none}\n"
        "  - {name: gone, match: {path: /d}, respond: {status: 410}}\n"
        "  - name: all\n"
        "    match: {path: /e}\n"
        "    to: new\n"
        "    stage: shadow\n"
        "    compare:\n"
        "      ignore: [$.at]\n"
        "      unordered: [$.tags]\n"
        "      keyed: {$.items: id}\n"
        "      tolerance: {$.p: {rel: 0.01}}\n"
        "      shape: {$.id: ~^o-, $.u: uuid}\n"
        "      normalize: [{regex: 'id=(\\d)\\d*', with: 'id=$1'},\n"
        "                  {regex: '~*[A-F]+', with: x}]\n"
        "      null_absent: true\n"
        "      ready: {p0: 0.5%, alpha: 5%}\n");

    one = fig_comparing_of(b.comparing, route_of(&b, "plain"));
    assert_ptr_equal(one, fig_comparing_of(b.comparing, route_of(&b, "also")));
    assert_null(fig_comparing_of(b.comparing, route_of(&b, "none")));
    assert_null(fig_comparing_of(b.comparing, route_of(&b, "gone")));

    two = fig_comparing_of(b.comparing, route_of(&b, "all"));
    assert_ptr_not_equal(one, two);

    assert_int_equal(compare(one, json, "{\"at\":1}", "{\"at\":2}"),
                     FIG_OUTCOME_MISMATCH);
    assert_int_equal(compare(two, json,
        "{\"at\":1,\"tags\":[1,2],\"items\":[{\"id\":1},{\"id\":2}],"
        "\"p\":100,\"id\":\"o-1\",\"n\":null}",
        "{\"at\":2,\"tags\":[2,1],\"items\":[{\"id\":2},{\"id\":1}],"
        "\"p\":101,\"id\":\"o-2\"}"), FIG_OUTCOME_MATCH);
    assert_int_equal(compare(two, json, "{\"p\":100}", "{\"p\":102}"),
                     FIG_OUTCOME_MISMATCH);
    assert_int_equal(compare(two, json, "{\"u\":\"o-1\"}", "{\"u\":\"o-2\"}"),
                     FIG_OUTCOME_MISMATCH);
    assert_int_equal(compare(two, text, "id=12 cafe", "id=13 bad"),
                     FIG_OUTCOME_MATCH);
    assert_int_equal(compare(two, text, "id=12", "id=23"),
                     FIG_OUTCOME_MISMATCH);

    limits = fig_comparing_limits(route_of(&b, "all"));
    assert_true(limits.p0 > 0.00499 && limits.p0 < 0.00501);
    assert_true(limits.alpha > 0.0499 && limits.alpha < 0.0501);
    limits = fig_comparing_limits(route_of(&b, "plain"));
    assert_true(limits.p0 > 0.00099 && limits.p0 < 0.00101);

    bench_release(&b);
}


/* Defaults and values of `shadow` and `version`. */

static void
test_shadow(void **state)
{
    bench_t              b;
    const fig_shadow_t  *shadow;

    (void) state;
    bench_init(&b, HEAD
        "routes:\n"
        "  - {name: plain, match: {path: /a}, to: v2, stage: shadow}\n"
        "  - name: all\n"
        "    match: {path: /e}\n"
        "    to: new\n"
        "    stage: shadow\n"
        "    shadow: {percent: 2.5%, per_second: 7, in_flight: 8, "
        "methods: [GET, POST], writes: sandbox, timeout: 250ms, "
        "max_body: 64k, to: v2, "
        "strip: [cookie:Sid, \"header:X-Key\", cookie:b]}\n");

    shadow = &route_of(&b, "plain")->shadow;
    assert_false(shadow->given);
    assert_int_equal(shadow->percent, 1000);
    assert_int_equal(shadow->per_second, 50);
    assert_int_equal(shadow->in_flight, 32);
    assert_int_equal(shadow->nmethods, 2);
    assert_int_equal(shadow->writes, FIG_WRITES_NONE);
    assert_int_equal(shadow->timeout, 2000);
    assert_int_equal(shadow->max_body, 256 * 1024);
    assert_null(shadow->to);

    shadow = &route_of(&b, "all")->shadow;
    assert_true(shadow->given);
    assert_int_equal(shadow->percent, 250);
    assert_int_equal(shadow->per_second, 7);
    assert_int_equal(shadow->in_flight, 8);
    assert_true(fig_str_eq(shadow->methods[1], fig_str_from("POST")));
    assert_int_equal(shadow->writes, FIG_WRITES_SANDBOX);
    assert_int_equal(shadow->timeout, 250);
    assert_int_equal(shadow->max_body, 64 * 1024);
    assert_true(fig_str_eq(shadow->to->name, fig_str_from("v2")));
    assert_true(fig_str_eq(shadow->to->version, fig_str_from("x-build")));
    assert_int_equal(shadow->nstrip_cookies, 2);
    assert_true(fig_str_eq(shadow->strip_cookies[0], fig_str_from("Sid")));
    assert_int_equal(shadow->nstrip_headers, 1);
    assert_true(fig_str_eq(shadow->strip_headers[0], fig_str_from("x-key")));

    bench_release(&b);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_key_is_known),
        cmocka_unit_test(test_key_stays),
        cmocka_unit_test(test_key_changes),
        cmocka_unit_test(test_comparers),
        cmocka_unit_test(test_shadow),
    };

    return cmocka_run_group_tests_name("comparing", tests, NULL, NULL);
}
