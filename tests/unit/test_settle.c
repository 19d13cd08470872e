/*
 * What time and new rules do to flips: leases, names that come and go, groups,
 * holds, and going back over all of that.
 */

#define _GNU_SOURCE

#include "flip_bench.h"


#define ROUTE_ONE                                                             \
    "match: {path: /one, methods: [GET]}, to: a, by: client"

#define RULES_GONE  HEAD REST

#define RULES_IN_GROUP                                                        \
    HEAD "  - {name: one, match: {path: /one}, to: a, group: pair}\n" REST

#define RULES_UNO_IN_GROUP                                                    \
    HEAD "  - {name: uno, was: one, match: {path: /one}, to: a,"              \
    " group: pair}\n" REST

#define RULES_UNO                                                             \
    HEAD "  - {name: uno, " ROUTE_ONE ", stage: legacy}\n" REST

#define RULES_BACK                                                            \
    HEAD "  - {name: one, was: uno, " ROUTE_ONE ", stage: legacy}\n" REST

#define RULES_NO_BY                                                           \
    HEAD "  - {name: one, match: {path: /one, methods: [GET]}, to: a,"        \
    " stage: legacy}\n" REST

#define NO_DEFAULT                                                            \
    "version: 1\n"                                                            \
    "backends:\n"                                                             \
    "  legacy: {servers: [http://127.0.0.1:1]}\n"                             \
    "  a: {servers: [http://127.0.0.1:2]}\n"

#define RULES_NO_FROM                                                         \
    NO_DEFAULT                                                                \
    "routes:\n"                                                               \
    "  - {name: one, match: {path: /one}, to: a, stage: done}\n"

#define RULES_SOME_FRESH                                                      \
    NO_DEFAULT                                                                \
    "groups:\n"                                                               \
    "  fresh: {stage: done}\n"                                                \
    "routes:\n"                                                               \
    "  - {name: n1, match: {path: /n1}, from: legacy, to: a,"                 \
    " group: fresh}\n"                                                        \
    "  - {name: n2, match: {path: /n2}, to: a, group: fresh}\n"               \
    "  - {name: n3, match: {path: /n3}, to: a, stage: done}\n"                \
    "  - {name: s1, match: {path: /s1}, from: legacy, to: a, stage: live}\n"  \
    "  - {name: s2, match: {path: /s2}, respond: {status: 410}}\n"

#define RULES_PERCENT                                                         \
    HEAD "  - {name: one, " ROUTE_ONE ", stage: legacy, percent: 10}\n" REST

#define RULES_RAMP                                                            \
    HEAD "  - {name: one, " ROUTE_ONE ", stage: ramp, percent: 10}\n" REST

#define RULES_DEFAULT_A                                                       \
    "version: 1\n"                                                            \
    "backends:\n"                                                             \
    "  legacy: {servers: [http://127.0.0.1:1]}\n"                             \
    "  a: {servers: [http://127.0.0.1:2]}\n"                                  \
    "default: a\n"                                                            \
    "routes:\n"                                                               \
    "  - {name: two, match: {path: /two}, from: legacy, to: a,"            \
    " stage: legacy}\n"


/* Leases are over now. */

static void
expire(bench_t *b)
{
    uint32_t  i;

    for (i = 0; i < b->store.state.head->nleases; i++) {
        b->store.state.head->leases[i].until = 1;
    }

    (void) settle(b);
    assert_int_equal(b->store.state.head->nleases, 0);
    bench_restart(b);
    assert_int_equal(b->store.state.head->nleases, 0);
}


static void
test_lease_follows_name(void **state)
{
    bench_t  b;

    (void) state;
    bench_init(&b);

    assert_int_equal(patch(&b, "one",
                           "{\"stage\":\"live\",\"lease\":\"1h\"}"), 0);
    bench_rules(&b, RULES_RENAMED);
    assert_int_equal(settle(&b), 1);
    assert_stage(&b, "uno", FIG_STAGE_LIVE);

    /* though the file no longer says what it was */

    bench_rules(&b, RULES_UNO);
    assert_stage(&b, "uno", FIG_STAGE_LIVE);
    expire(&b);
    assert_stage(&b, "uno", FIG_STAGE_LEGACY);
    assert_false(effect(&b, "uno").flipped);

    bench_release(&b);
}


static void
test_lease_outlives_release(void **state)
{
    bench_t  b;

    (void) state;
    bench_init(&b);

    assert_int_equal(patch(&b, "one", "{\"stage\":\"live\",\"lease\":\"1h\","
                                      "\"hold\":true}"), 0);
    assert_int_equal(post(&b, "{\"release\":[\"one\"]}"), 0);
    assert_stage(&b, "one", FIG_STAGE_LIVE);
    assert_false(effect(&b, "one").hold);
    expire(&b);
    assert_stage(&b, "one", FIG_STAGE_LEGACY);

    /* but not what was flipped again */

    assert_int_equal(patch(&b, "one",
                           "{\"stage\":\"live\",\"lease\":\"1h\"}"), 0);
    assert_int_equal(patch(&b, "one", "{\"stage\":\"shadow\"}"), 0);
    expire(&b);
    assert_stage(&b, "one", FIG_STAGE_SHADOW);

    bench_release(&b);
}


/* What was before cannot be any more: as the file says, then. */

static void
test_lease_cannot_go_back(void **state)
{
    bench_t  b;

    (void) state;
    bench_init(&b);

    assert_int_equal(patch(&b, "one",
                           "{\"stage\":\"ramp\",\"percent\":5}"), 0);
    assert_int_equal(patch(&b, "one",
                           "{\"stage\":\"live\",\"lease\":\"1h\"}"), 0);
    bench_rules(&b, RULES_NO_BY);
    assert_stage(&b, "one", FIG_STAGE_LIVE);
    assert_int_equal(post(&b, "{\"undo\":2}"), 422);
    expire(&b);
    assert_stage(&b, "one", FIG_STAGE_LEGACY);
    assert_false(effect(&b, "one").flipped);

    bench_release(&b);
}


/* Somebody took the history away: the lease ends all the same. */

static void
test_lease_without_history(void **state)
{
    char     *text, *second;
    size_t    len;
    bench_t   b;

    (void) state;
    bench_init(&b);

    assert_int_equal(patch(&b, "one",
                           "{\"stage\":\"live\",\"lease\":\"1h\"}"), 0);
    b.store.limit = 1;

    while (b.store.state.head->seq < 100
           && bench_size(&b, "journal.jsonl") < 4000)
    {
        assert_int_equal(patch(&b, "g1",
                               b.store.state.head->seq % 2
                               ? "{\"stage\":\"live\"}"
                               : "{\"stage\":\"legacy\"}"), 0);
    }

    assert_int_equal(patch(&b, "solo", "{\"stage\":\"live\"}"), 0);
    text = bench_read(&b, "journal.jsonl", &len);
    assert_non_null(strstr(text, "\"kind\":\"snapshot\""));

    /* the line of the lease is the second one */

    second = strchr(text, '\n') + 1;
    assert_true(strncmp(second, "{\"v\":1,\"seq\":1,", 15) == 0);
    len -= (size_t) (strchr(second, '\n') + 1 - second);
    memmove(second, strchr(second, '\n') + 1, strlen(strchr(second, '\n')));
    bench_write(&b, "journal.jsonl", "w", text, len);
    test_free(text);

    bench_restart(&b);
    assert_error(&b, NULL);
    assert_stage(&b, "one", FIG_STAGE_LIVE);
    assert_int_equal(b.store.state.head->nleases, 1);
    expire(&b);
    assert_stage(&b, "one", FIG_STAGE_LEGACY);

    bench_release(&b);
}


/* Undo of what was made under another name, and of a new name itself. */

static void
test_undo_over_names(void **state)
{
    bench_t  b;

    (void) state;
    bench_init(&b);

    assert_int_equal(patch(&b, "one", "{\"stage\":\"live\"}"), 0);
    bench_rules(&b, RULES_RENAMED);
    assert_int_equal(settle(&b), 1);
    assert_int_equal(post(&b, "{\"undo\":2}"), 422);
    assert_int_equal(post(&b, "{\"undo\":1}"), 0);
    assert_stage(&b, "uno", FIG_STAGE_LEGACY);
    assert_int_equal(post(&b, "{\"undo\":1}"), 409);

    /* and before anything was settled */

    assert_int_equal(patch(&b, "uno", "{\"stage\":\"live\"}"), 0);
    bench_rules(&b, RULES_BACK);
    assert_stage(&b, "one", FIG_STAGE_LIVE);
    assert_int_equal(post(&b, "{\"undo\":4}"), 0);
    assert_stage(&b, "one", FIG_STAGE_LEGACY);
    assert_int_equal(settle(&b), 0);

    bench_release(&b);
}


/* There and back again: the name was its own before. */

static void
test_renamed_back(void **state)
{
    bench_t  b;

    (void) state;
    bench_init(&b);

    assert_int_equal(patch(&b, "one", "{\"stage\":\"live\"}"), 0);
    bench_rules(&b, RULES_RENAMED);
    assert_int_equal(settle(&b), 1);
    bench_rules(&b, RULES_BACK);
    assert_stage(&b, "one", FIG_STAGE_LIVE);
    assert_int_equal(settle(&b), 1);
    assert_int_equal(settle(&b), 0);
    assert_stage(&b, "one", FIG_STAGE_LIVE);
    bench_rules(&b, RULES_UNO);
    assert_stage(&b, "uno", FIG_STAGE_LEGACY);

    bench_release(&b);
}


/* A route that comes again is as it was, unless the file has changed it. */

static void
test_gone_and_back(void **state)
{
    bench_t  b;

    (void) state;
    bench_init(&b);

    assert_int_equal(patch(&b, "one", "{\"stage\":\"shadow\"}"), 0);
    bench_rules(&b, RULES_GONE);
    assert_int_equal(settle(&b), 0);
    assert_int_equal(post(&b, "{\"undo\":1}"), 422);
    bench_rules(&b, RULES_LEGACY);
    assert_stage(&b, "one", FIG_STAGE_SHADOW);

    bench_rules(&b, RULES_GONE);
    bench_rules(&b, RULES_LIVE);
    assert_stage(&b, "one", FIG_STAGE_LIVE);
    bench_rules(&b, RULES_GONE);
    assert_int_equal(settle(&b), 0);

    /* what is gone can be reset, and nothing comes back then */

    assert_int_equal(post(&b, "{\"release\":[\"one\"]}"), 404);
    assert_int_equal(post(&b, "{\"reset\":[\"one\",\"one\"]}"), 0);
    assert_int_equal(b.flipped.entry.nmoved, 1);
    assert_int_equal(post(&b, "{\"reset\":[\"one\"]}"), 404);
    bench_rules(&b, RULES_LEGACY);
    assert_stage(&b, "one", FIG_STAGE_LEGACY);

    bench_release(&b);
}


static void
test_into_group(void **state)
{
    bench_t  b;

    (void) state;
    bench_init(&b);

    assert_int_equal(patch(&b, "one",
                           "{\"stage\":\"live\",\"hold\":true}"), 0);
    bench_rules(&b, RULES_IN_GROUP);
    assert_stage(&b, "one", FIG_STAGE_LEGACY);
    assert_int_equal(settle(&b), 1);
    assert_int_equal(settle(&b), 0);

    /* it moves with its group, and what it was alone does not */

    assert_int_equal(post(&b, "{\"undo\":1}"), 409);
    assert_int_equal(patch(&b, "one", "{\"stage\":\"shadow\"}"), 0);
    assert_stage(&b, "g1", FIG_STAGE_SHADOW);

    bench_rules(&b, RULES_LEGACY);
    assert_int_equal(settle(&b), 0);
    assert_stage(&b, "one", FIG_STAGE_LEGACY);
    assert_stage(&b, "g1", FIG_STAGE_SHADOW);

    assert_int_equal(patch(&b, "one", "{\"stage\":\"live\"}"), 0);
    bench_rules(&b, RULES_UNO_IN_GROUP);
    assert_stage(&b, "uno", FIG_STAGE_SHADOW);
    assert_int_equal(settle(&b), 1);
    assert_int_equal(settle(&b), 0);

    bench_release(&b);
}


/* The rules no longer allow what was flipped. */

static void
test_no_longer_possible(void **state)
{
    bench_t  b;

    (void) state;
    bench_init(&b);

    assert_int_equal(patch(&b, "one",
                           "{\"stage\":\"ramp\",\"percent\":5}"), 0);
    bench_rules(&b, RULES_NO_BY);
    assert_stage(&b, "one", FIG_STAGE_LEGACY);
    assert_false(effect(&b, "one").flipped);
    assert_false(effect(&b, "one").drift);

    bench_rules(&b, RULES_LEGACY);
    assert_stage(&b, "one", FIG_STAGE_RAMP);

    assert_int_equal(patch(&b, "one",
                           "{\"stage\":\"shadow\",\"hold\":true}"), 0);
    bench_rules(&b, RULES_NO_FROM);
    assert_stage(&b, "one", FIG_STAGE_DONE);
    assert_int_equal(settle(&b), 0);

    bench_release(&b);
}


/* Of stage and percent, each holds until the file changes that one. */

static void
test_each_value(void **state)
{
    bench_t  b;

    (void) state;
    bench_init(&b);

    assert_int_equal(patch(&b, "one",
                           "{\"stage\":\"ramp\",\"percent\":5}"), 0);
    bench_rules(&b, RULES_PERCENT);
    assert_stage(&b, "one", FIG_STAGE_RAMP);
    assert_int_equal(effect(&b, "one").setting.percent, 1000);
    assert_int_equal(settle(&b), 1);
    assert_int_equal(settle(&b), 0);

    /* that there was no percent before is none to go back to */

    assert_int_equal(post(&b, "{\"undo\":1}"), 0);
    assert_stage(&b, "one", FIG_STAGE_LEGACY);
    assert_false(effect(&b, "one").flipped);
    bench_rules(&b, RULES_RAMP);
    assert_stage(&b, "one", FIG_STAGE_RAMP);
    assert_int_equal(effect(&b, "one").setting.percent, 1000);

    /* a percent of its own, and back to that of the file */

    assert_int_equal(patch(&b, "one", "{\"percent\":50}"), 0);
    assert_int_equal(effect(&b, "one").setting.percent, 5000);
    assert_int_equal(patch(&b, "one", "{\"stage\":\"live\"}"), 0);
    assert_int_equal(patch(&b, "one", "{\"percent\":50}"), 422);
    assert_int_equal(patch(&b, "one", "{\"stage\":\"ramp\"}"), 0);
    assert_int_equal(effect(&b, "one").setting.percent, 5000);
    assert_int_equal(patch(&b, "one", "{\"percent\":10}"), 0);
    assert_false(effect(&b, "one").flipped);

    bench_release(&b);
}


static void
test_held(void **state)
{
    bench_t  b;

    (void) state;
    bench_init(&b);
    bench_rules(&b, RULES_RAMP);

    /* as it is, but against every file */

    assert_int_equal(patch(&b, "one", "{\"hold\":true}"), 0);
    assert_int_equal(b.flipped.entry.nchanges, 0);
    assert_true(effect(&b, "one").hold);
    assert_false(effect(&b, "one").drift);
    assert_int_equal(patch(&b, "one", "{\"hold\":true}"), 0);
    assert_int_equal(b.flipped.entry.seq, 0);

    /* another flip does not let go of it, an undo gives back what was */

    assert_int_equal(patch(&b, "one", "{\"percent\":20}"), 0);
    assert_true(effect(&b, "one").hold);
    bench_rules(&b, RULES_LIVE);
    assert_stage(&b, "one", FIG_STAGE_RAMP);
    assert_int_equal(effect(&b, "one").setting.percent, 2000);
    assert_int_equal(settle(&b), 0);

    assert_int_equal(post(&b, "{\"release\":[\"one\"]}"), 0);
    assert_stage(&b, "one", FIG_STAGE_LIVE);
    assert_int_equal(post(&b, "{\"undo\":3}"), 0);
    assert_true(effect(&b, "one").hold);
    assert_stage(&b, "one", FIG_STAGE_RAMP);

    assert_int_equal(post(&b, "{\"reset\":[\"one\"]}"), 0);
    assert_false(effect(&b, "one").hold);
    assert_stage(&b, "one", FIG_STAGE_LIVE);
    assert_int_equal(post(&b, "{\"undo\":5}"), 0);
    assert_true(effect(&b, "one").hold);
    assert_int_equal(post(&b, "{\"undo\":6}"), 0);
    assert_false(effect(&b, "one").hold);

    bench_release(&b);
}


static void
test_if_seq(void **state)
{
    bench_t  b;

    (void) state;
    bench_init(&b);

    assert_int_equal(patch(&b, "one", "{\"stage\":\"live\",\"if_seq\":0}"), 0);
    assert_int_equal(patch(&b, "solo", "{\"stage\":\"live\",\"if_seq\":0}"),
                     0);
    assert_int_equal(patch(&b, "one", "{\"stage\":\"legacy\",\"if_seq\":2}"),
                     409);
    assert_int_equal(patch(&b, "one", "{\"stage\":\"legacy\",\"if_seq\":1}"),
                     0);

    /* a number outlives that there is nothing to say, and a new journal */

    b.store.limit = 1;

    while (bench_size(&b, "journal.jsonl") < 2500) {
        assert_int_equal(patch(&b, "g1", b.store.state.head->seq % 2
                                         ? "{\"stage\":\"live\"}"
                                         : "{\"stage\":\"legacy\"}"), 0);
    }

    assert_int_equal(patch(&b, "g1", "{\"stage\":\"shadow\"}"), 0);
    assert_int_equal(unlink(bench_path(&b, "live")), 0);
    bench_restart(&b);
    assert_int_equal(effect(&b, "one").seq, 3);

    assert_int_equal(post(&b, "{\"changes\":[{\"route\":\"one\","
                              "\"stage\":\"live\"}],\"if_seq\":3}"), 409);
    assert_int_equal(drain(&b, "none", "{\"drain\":true,\"if_seq\":9}"), 404);
    assert_int_equal(drain(&b, "a", "{\"drain\":true,\"if_seq\":9}"), 409);

    bench_release(&b);
}


static void
test_undo_drain(void **state)
{
    bench_t  b;

    (void) state;
    bench_init(&b);

    assert_int_equal(drain(&b, "a", "{\"drain\":true}"), 0);
    assert_int_equal(drain(&b, "a", "{\"drain\":false}"), 0);

    /* it may be needed now */

    assert_int_equal(patch(&b, "g1", "{\"stage\":\"done\"}"), 0);
    assert_int_equal(post(&b, "{\"undo\":2}"), 422);
    assert_int_equal(post(&b, "{\"undo\":3}"), 0);
    assert_int_equal(post(&b, "{\"undo\":2}"), 0);
    assert_int_equal(post(&b, "{\"undo\":5}"), 0);

    bench_rules(&b, RULES_DEFAULT_A);
    assert_int_equal(post(&b, "{\"undo\":6}"), 422);

    bench_release(&b);
}


/* With everything to legacy, what has no old side stays, and the rest goes. */

static void
test_all_but_some(void **state)
{
    bench_t  b;

    (void) state;
    bench_init(&b);
    bench_rules(&b, RULES_SOME_FRESH);

    assert_int_equal(post(&b, "{\"changes\":[{\"all\":true,"
                              "\"stage\":\"legacy\"}]}"), 0);
    assert_int_equal(b.flipped.nskipped, 3);
    assert_stage(&b, "s1", FIG_STAGE_LEGACY);
    assert_stage(&b, "n1", FIG_STAGE_DONE);
    assert_int_equal(post(&b, "{\"changes\":[{\"group\":\"fresh\","
                              "\"stage\":\"legacy\"}]}"), 422);

    bench_release(&b);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_lease_follows_name),
        cmocka_unit_test(test_lease_outlives_release),
        cmocka_unit_test(test_lease_cannot_go_back),
        cmocka_unit_test(test_lease_without_history),
        cmocka_unit_test(test_undo_over_names),
        cmocka_unit_test(test_renamed_back),
        cmocka_unit_test(test_gone_and_back),
        cmocka_unit_test(test_into_group),
        cmocka_unit_test(test_no_longer_possible),
        cmocka_unit_test(test_each_value),
        cmocka_unit_test(test_held),
        cmocka_unit_test(test_if_seq),
        cmocka_unit_test(test_undo_drain),
        cmocka_unit_test(test_all_but_some),
    };

    return cmocka_run_group_tests_name("settle", tests, NULL, NULL);
}
