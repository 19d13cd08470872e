/*
 * Values in force that are not the file's: stages and percents of routes,
 * backends that are drained; which of them a route refuses; names.
 */

#include "load.h"


typedef struct {
    loaded_t            loaded;
    fig_scratch_t      *scratch;
    const fig_model_t  *model;
    fig_setting_t       routes[8];
    uint8_t             drained[8];
    fig_in_force_t      in_force;
    fig_decision_t      decision;
} forced_t;


static const char  text[] =
    "version: 1\n"
    "backends:\n"
    "  legacy: {servers: [http://127.0.0.1:1]}\n"
    "  a: {servers: [http://127.0.0.1:2]}\n"
    "  b: {servers: [http://127.0.0.1:3]}\n"
    "default: legacy\n"
    "groups:\n"
    "  pair: {stage: live}\n"
    "routes:\n"
    "  - {name: one, match: {path: /one, methods: [GET]}, to: a, stage: legacy,"
    " by: client, was: first}\n"
    "  - {name: two, match: {path: /two}, to: {a: 1, b: 1}, group: pair}\n"
    "  - {name: three, match: {path: /three}, to: a, stage: live,"
    " fallback: none}\n"
    "  - {name: gone, match: {path: /gone}, respond: {status: 410}}\n";


static void
forced_init(forced_t *f)
{
    uint32_t  i;

    memset(f, 0, sizeof(forced_t));
    load_text(&f->loaded, text);
    assert_loads(&f->loaded);

    f->model = fig_ruleset_model(f->loaded.ruleset);
    f->scratch = fig_scratch_create();
    assert_non_null(f->scratch);

    for (i = 0; i < f->model->nroutes; i++) {
        f->routes[i].stage = f->model->routes[i].stage;
        f->routes[i].percent = f->model->routes[i].percent;
    }

    f->in_force.routes = f->routes;
    f->in_force.drained = f->drained;
}


static void
forced_release(forced_t *f)
{
    fig_scratch_destroy(f->scratch);
    loaded_release(&f->loaded);
}


/* The name of the backend that answers. */

static const char *
answers(forced_t *f, const char *method, const char *path, uint64_t random)
{
    static char    name[64];
    fig_match_t    match;
    fig_request_t  request;

    memset(&request, 0, sizeof(fig_request_t));
    request.method = fig_str_from(method);
    request.path = fig_str_from(path);
    request.random = random;
    request.client.family = 4;
    memcpy(request.client.addr, &random, 4);

    fig_match(f->loaded.ruleset, &request, f->scratch, &match);
    fig_decide(f->loaded.ruleset, &request, &match, f->scratch, &f->in_force,
               &f->decision);

    assert_non_null(f->decision.backend);
    snprintf(name, sizeof(name), "%.*s", (int) f->decision.backend->name.len,
             f->decision.backend->name.data);

    return name;
}


static void
test_stages(void **state)
{
    char      why[128];
    size_t    i, n;
    forced_t  f;

    (void) state;
    forced_init(&f);

    assert_string_equal(answers(&f, "GET", "/one", 1), "legacy");

    f.routes[0].stage = FIG_STAGE_LIVE;
    assert_string_equal(answers(&f, "GET", "/one", 1), "a");
    assert_int_equal(f.decision.stage, FIG_STAGE_LIVE);
    assert_string_equal(f.decision.fallback->name.data, "legacy");

    f.routes[0].stage = FIG_STAGE_DONE;
    assert_string_equal(answers(&f, "GET", "/one", 1), "a");
    assert_null(f.decision.fallback);

    f.routes[0].stage = FIG_STAGE_RAMP;
    f.routes[0].percent = 2500;

    for (i = 0, n = 0; i < 2000; i++) {
        n += strcmp(answers(&f, "GET", "/one", i), "a") == 0;
        assert_int_equal(f.decision.percent, 2500);
    }

    assert_in_range(n, 400, 600);

    fig_decision_text(&f.decision, why, sizeof(why));
    assert_non_null(strstr(why, "stage ramp, bucket "));
    assert_non_null(strstr(why, "25%"));

    forced_release(&f);
}


static void
test_drained_targets(void **state)
{
    char      before[8];
    size_t    i, moved;
    forced_t  f;

    (void) state;
    forced_init(&f);

    /* clients of the target that is not drained stay where they are */

    for (i = 0, moved = 0; i < 500; i++) {
        memset(f.drained, 0, sizeof(f.drained));
        strcpy(before, answers(&f, "GET", "/two", i));

        f.drained[1] = 1;
        assert_string_equal(answers(&f, "GET", "/two", i), "b");
        assert_int_equal(f.decision.why, FIG_WHY_STAGE);
        assert_non_null(f.decision.fallback);
        moved += strcmp(before, "a") == 0;
    }

    assert_in_range(moved, 150, 350);

    forced_release(&f);
}


static void
test_drained_side(void **state)
{
    char      why[128];
    forced_t  f;

    (void) state;
    forced_init(&f);

    f.drained[1] = f.drained[2] = 1;

    assert_string_equal(answers(&f, "GET", "/two", 7), "legacy");
    assert_int_equal(f.decision.why, FIG_WHY_DRAIN);
    assert_int_equal(f.decision.side, FIG_SIDE_OLD);
    assert_null(f.decision.fallback);
    fig_decision_text(&f.decision, why, sizeof(why));
    assert_string_equal(why, "stage live, the new side is drained");

    /* what has no other place goes on */

    assert_string_equal(answers(&f, "GET", "/three", 7), "a");
    assert_int_equal(f.decision.side, FIG_SIDE_NEW);

    f.drained[0] = 1;
    assert_string_equal(answers(&f, "GET", "/one", 7), "legacy");
    assert_int_not_equal(f.decision.why, FIG_WHY_DRAIN);

    forced_release(&f);
}


static void
test_refuses(void **state)
{
    forced_t  f;

    (void) state;
    forced_init(&f);

    assert_null(fig_route_refuses(&f.model->routes[0], FIG_STAGE_LIVE, 0));
    assert_null(fig_route_refuses(&f.model->routes[0], FIG_STAGE_RAMP, 500));
    assert_non_null(fig_route_refuses(&f.model->routes[0], FIG_STAGE_RAMP,
                                      FIG_UNSET));
    assert_non_null(strstr(fig_route_refuses(&f.model->routes[1],
                                             FIG_STAGE_RAMP, 500), "\"by\""));
    assert_non_null(strstr(fig_route_refuses(&f.model->routes[3],
                                             FIG_STAGE_LIVE, 0), "no stage"));

    assert_int_equal(fig_setting_share(FIG_STAGE_SHADOW, 500), 0);
    assert_int_equal(fig_setting_share(FIG_STAGE_RAMP, 500), 500);
    assert_int_equal(fig_setting_share(FIG_STAGE_DONE, 500), 10000);

    forced_release(&f);
}


static void
test_refuses_without_old(void **state)
{
    loaded_t            loaded;
    const fig_model_t  *model;

    static const char  alone[] =
        "version: 1\n"
        "backends: {a: {servers: [http://127.0.0.1:2]}}\n"
        "routes:\n"
        "  - {name: one, match: {path: /one}, to: a, stage: done, by: client}\n"
        "  - {name: two, match: {path: /two}, to: a, stage: live,"
        " fallback: none, by: client}\n";

    (void) state;
    load_text(&loaded, alone);
    assert_loads(&loaded);
    model = fig_ruleset_model(loaded.ruleset);

    assert_non_null(fig_route_refuses(&model->routes[0], FIG_STAGE_LEGACY, 0));
    assert_non_null(fig_route_refuses(&model->routes[0], FIG_STAGE_LIVE, 0));
    assert_null(fig_route_refuses(&model->routes[1], FIG_STAGE_DONE, 0));
    assert_non_null(fig_route_refuses(&model->routes[1], FIG_STAGE_RAMP, 100));

    loaded_release(&loaded);
}


static void
test_names(void **state)
{
    forced_t              f;
    const fig_ruleset_t  *rs;

    (void) state;
    forced_init(&f);
    rs = f.loaded.ruleset;

    assert_ptr_equal(fig_ruleset_find_route(rs, fig_str_from("three")),
                     &f.model->routes[2]);
    assert_ptr_equal(fig_ruleset_find_was(rs, fig_str_from("first")),
                     &f.model->routes[0]);
    assert_ptr_equal(fig_ruleset_find_group(rs, fig_str_from("pair")),
                     &f.model->groups[0]);
    assert_ptr_equal(fig_ruleset_find_backend(rs, fig_str_from("b")),
                     &f.model->backends[2]);

    assert_null(fig_ruleset_find_route(rs, fig_str_from("thre")));
    assert_null(fig_ruleset_find_route(rs, fig_str_from("threes")));
    assert_null(fig_ruleset_find_route(rs, fig_str_from("")));
    assert_null(fig_ruleset_find_was(rs, fig_str_from("one")));

    forced_release(&f);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_stages),
        cmocka_unit_test(test_drained_targets),
        cmocka_unit_test(test_drained_side),
        cmocka_unit_test(test_refuses),
        cmocka_unit_test(test_refuses_without_old),
        cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
