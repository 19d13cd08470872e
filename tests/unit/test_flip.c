/*
 * Flips from the body of a request to the state in force: what is refused, what
 * is written, what a rules file and the end of a lease do to them.
 */

#define _GNU_SOURCE

#include "flip_bench.h"


static void
test_flip(void **state)
{
    bench_t  b;

    (void) state;
    bench_init(&b);

    assert_int_equal(patch(&b, "one", "{\"stage\":\"live\"}"), 0);
    assert_int_equal(b.flipped.entry.seq, 1);
    assert_int_equal(b.flipped.entry.nchanges, 1);
    assert_int_equal(b.flipped.entry.changes[0].from, FIG_STAGE_LEGACY);
    assert_int_equal(b.flipped.entry.changes[0].to, FIG_STAGE_LIVE);
    assert_stage(&b, "one", FIG_STAGE_LIVE);
    assert_true(effect(&b, "one").flipped);
    assert_true(effect(&b, "one").drift);

    /* nothing to change, nothing written */

    assert_int_equal(patch(&b, "one", "{\"stage\":\"live\"}"), 0);
    assert_int_equal(b.flipped.entry.seq, 0);
    assert_int_equal(b.flipped.seq, 1);

    assert_int_equal(patch(&b, "one",
                           "{\"stage\":\"ramp\",\"percent\":12.5}"), 0);
    assert_int_equal(b.flipped.entry.nchanges, 2);
    assert_int_equal(effect(&b, "one").setting.percent, 1250);

    bench_restart(&b);
    assert_stage(&b, "one", FIG_STAGE_RAMP);
    assert_int_equal(effect(&b, "one").seq, 2);

    /* back to what the file says: no flip any more */

    assert_int_equal(patch(&b, "one", "{\"stage\":\"legacy\"}"), 0);
    assert_false(effect(&b, "one").drift);
    assert_stage(&b, "one", FIG_STAGE_LEGACY);

    bench_release(&b);
}


static void
test_refused(void **state)
{
    size_t   i;
    bench_t  b;

    static const struct {
        const char  *body;
        unsigned     status;
    } bodies[] = {
        { "", 400 },
        { "{", 400 },
        { "{\"stage\":\"live\",\"stage\":\"live\"}", 400 },
        { "[]", 422 },
        { "{}", 422 },
        { "{\"stage\":null}", 422 },
        { "{\"stage\":\"LIVE\"}", 422 },
        { "{\"stage\":7}", 422 },
        { "{\"stages\":\"live\"}", 422 },
        { "{\"stage\":\"ramp\"}", 422 },
        { "{\"stage\":\"ramp\",\"percent\":101}", 422 },
        { "{\"stage\":\"ramp\",\"percent\":-1}", 422 },
        { "{\"stage\":\"ramp\",\"percent\":1.234}", 422 },
        { "{\"stage\":\"ramp\",\"percent\":\"5\"}", 422 },
        { "{\"stage\":\"live\",\"percent\":5}", 422 },
        { "{\"percent\":5}", 422 },
        { "{\"stage\":\"live\",\"lease\":\"15\"}", 422 },
        { "{\"stage\":\"live\",\"lease\":\"1ms\"}", 422 },
        { "{\"stage\":\"live\",\"hold\":1}", 422 },
        { "{\"stage\":\"live\",\"if_seq\":-1}", 422 },
        { "{\"stage\":\"live\",\"if_seq\":7}", 409 },
    };

    (void) state;
    bench_init(&b);

    for (i = 0; i < FIG_NELTS(bodies); i++) {
        if (patch(&b, "one", bodies[i].body) != bodies[i].status) {
            fail_msg("%s: %u, %s", bodies[i].body, b.problem.status,
                     b.problem.detail);
        }

        assert_true(strlen(b.problem.detail) > 10);
    }

    assert_int_equal(patch(&b, "none", "{\"stage\":\"live\"}"), 404);
    assert_int_equal(patch(&b, "gone", "{\"stage\":\"live\"}"), 422);
    assert_int_equal(patch(&b, "g1", "{\"stage\":\"ramp\",\"percent\":5}"),
                     422);
    assert_int_equal(b.store.state.head->seq, 0);

    bench_release(&b);
}


static void
test_many(void **state)
{
    bench_t  b;

    (void) state;
    bench_init(&b);

    /* a route of a group moves with its group */

    assert_int_equal(patch(&b, "g1", "{\"stage\":\"live\"}"), 0);
    assert_int_equal(b.flipped.entry.nchanges, 2);
    assert_stage(&b, "g2", FIG_STAGE_LIVE);

    assert_int_equal(post(&b, "{\"changes\":[{\"all\":true,"
                              "\"stage\":\"legacy\"}],\"reason\":\"night\"}"),
                     0);
    assert_stage(&b, "g1", FIG_STAGE_LEGACY);
    assert_stage(&b, "solo", FIG_STAGE_LEGACY);
    assert_int_equal(b.flipped.seq, 2);

    /* all or none */

    assert_int_equal(post(&b, "{\"changes\":["
                              "{\"route\":\"one\",\"stage\":\"live\"},"
                              "{\"route\":\"none\",\"stage\":\"live\"}]}"),
                     404);
    assert_stage(&b, "one", FIG_STAGE_LEGACY);

    assert_int_equal(post(&b, "{\"changes\":["
                              "{\"capability\":\"shop\",\"stage\":\"live\"},"
                              "{\"group\":\"pair\",\"stage\":\"shadow\"}],"
                              "\"if_seq\":2}"), 0);
    assert_stage(&b, "one", FIG_STAGE_LIVE);
    assert_stage(&b, "g2", FIG_STAGE_SHADOW);

    assert_int_equal(post(&b, "{\"changes\":["
                              "{\"route\":\"g1\",\"stage\":\"live\"},"
                              "{\"route\":\"g2\",\"stage\":\"legacy\"}]}"),
                     422);
    assert_int_equal(post(&b, "{\"changes\":[{\"backend\":\"b\","
                              "\"stage\":\"live\"}]}"), 0);
    assert_stage(&b, "g1", FIG_STAGE_LIVE);

    assert_int_equal(post(&b, "{\"changes\":[{\"group\":\"x\","
                              "\"stage\":\"live\"}]}"), 404);

    bench_release(&b);
}


static void
test_undo(void **state)
{
    bench_t  b;

    (void) state;
    bench_init(&b);

    assert_int_equal(patch(&b, "one",
                           "{\"stage\":\"ramp\",\"percent\":5}"), 0);
    assert_int_equal(patch(&b, "one", "{\"stage\":\"live\"}"), 0);

    assert_int_equal(post(&b, "{\"undo\":1}"), 409);
    assert_int_equal(post(&b, "{\"undo\":9}"), 404);
    assert_int_equal(post(&b, "{\"undo\":2}"), 0);
    assert_stage(&b, "one", FIG_STAGE_RAMP);
    assert_int_equal(effect(&b, "one").setting.percent, 500);
    assert_int_equal(b.flipped.entry.of, 2);

    /* of the undoing, too */

    assert_int_equal(post(&b, "{\"undo\":3}"), 0);
    assert_stage(&b, "one", FIG_STAGE_LIVE);

    assert_int_equal(post(&b, "{\"reset\":[\"one\"]}"), 0);
    assert_stage(&b, "one", FIG_STAGE_LEGACY);
    assert_false(effect(&b, "one").flipped);
    assert_int_equal(post(&b, "{\"undo\":5}"), 0);
    assert_stage(&b, "one", FIG_STAGE_LIVE);

    bench_release(&b);
}


/* Back step by step: what is in force again can be undone in its turn. */

static void
test_undo_chain(void **state)
{
    bench_t  b;

    (void) state;
    bench_init(&b);

    assert_int_equal(patch(&b, "one", "{\"stage\":\"shadow\"}"), 0);
    assert_int_equal(patch(&b, "one",
                           "{\"stage\":\"ramp\",\"percent\":5}"), 0);
    assert_int_equal(patch(&b, "one", "{\"stage\":\"live\"}"), 0);

    assert_int_equal(post(&b, "{\"undo\":3}"), 0);
    assert_stage(&b, "one", FIG_STAGE_RAMP);
    assert_int_equal(post(&b, "{\"undo\":3}"), 409);
    assert_int_equal(post(&b, "{\"undo\":1}"), 409);
    assert_int_equal(post(&b, "{\"undo\":2}"), 0);
    assert_stage(&b, "one", FIG_STAGE_SHADOW);
    assert_int_equal(post(&b, "{\"undo\":1}"), 0);
    assert_stage(&b, "one", FIG_STAGE_LEGACY);
    assert_false(effect(&b, "one").flipped);
    assert_int_equal(post(&b, "{\"undo\":1}"), 409);

    /* and forth */

    assert_int_equal(post(&b, "{\"undo\":6}"), 0);
    assert_stage(&b, "one", FIG_STAGE_SHADOW);

    bench_release(&b);
}


static void
test_file_changes(void **state)
{
    bench_t  b;

    (void) state;
    bench_init(&b);

    assert_int_equal(patch(&b, "one", "{\"stage\":\"shadow\"}"), 0);
    assert_int_equal(settle(&b), 0);

    /* the file itself changes that very value */

    bench_rules(&b, RULES_LIVE);
    assert_stage(&b, "one", FIG_STAGE_LIVE);
    assert_int_equal(settle(&b), 1);
    assert_int_equal(settle(&b), 0);

    bench_rules(&b, RULES_LEGACY);
    assert_stage(&b, "one", FIG_STAGE_LEGACY);

    /* held, it may say what it wants */

    assert_int_equal(patch(&b, "one",
                           "{\"stage\":\"shadow\",\"hold\":true}"), 0);
    bench_rules(&b, RULES_LIVE);
    assert_stage(&b, "one", FIG_STAGE_SHADOW);
    assert_int_equal(settle(&b), 0);
    assert_true(effect(&b, "one").drift);
    assert_true(effect(&b, "one").hold);

    assert_int_equal(post(&b, "{\"release\":[\"one\"]}"), 0);
    assert_stage(&b, "one", FIG_STAGE_LIVE);
    assert_false(effect(&b, "one").hold);

    bench_release(&b);
}


static void
test_renamed(void **state)
{
    bench_t  b;

    (void) state;
    bench_init(&b);

    assert_int_equal(patch(&b, "one", "{\"stage\":\"shadow\"}"), 0);

    bench_rules(&b, RULES_RENAMED);
    assert_stage(&b, "uno", FIG_STAGE_SHADOW);
    assert_int_equal(settle(&b), 1);
    assert_int_equal(settle(&b), 0);
    assert_stage(&b, "uno", FIG_STAGE_SHADOW);

    /* a new route of the old name begins as the file says */

    bench_rules(&b, RULES_LEGACY);
    assert_stage(&b, "one", FIG_STAGE_LEGACY);

    bench_release(&b);
}


static void
test_lease(void **state)
{
    bench_t  b;

    (void) state;
    bench_init(&b);

    assert_int_equal(patch(&b, "one",
                           "{\"stage\":\"live\",\"lease\":\"1s\"}"), 0);
    assert_int_equal(patch(&b, "g1",
                           "{\"stage\":\"live\",\"lease\":\"1m\"}"), 0);
    assert_int_equal(b.store.state.head->nleases, 2);

    while (settle(&b) == 0) {
        usleep(20000);
    }

    assert_stage(&b, "one", FIG_STAGE_LEGACY);
    assert_stage(&b, "g1", FIG_STAGE_LIVE);
    assert_int_equal(b.store.state.head->nleases, 1);

    assert_int_equal(post(&b, "{\"confirm\":1}"), 404);
    assert_int_equal(post(&b, "{\"confirm\":2}"), 0);
    assert_int_equal(b.store.state.head->nleases, 0);
    assert_int_equal(fig_flip_next_lease(&b.store.state), 0);

    bench_restart(&b);
    assert_int_equal(b.store.state.head->nleases, 0);
    assert_stage(&b, "g1", FIG_STAGE_LIVE);

    bench_release(&b);
}


/* All leases are over now. */

static void
over(bench_t *b)
{
    uint32_t  i;

    for (i = 0; i < b->store.state.head->nleases; i++) {
        b->store.state.head->leases[i].until = 1;
    }

    assert_true(settle(b) > 0);
    assert_int_equal(b->store.state.head->nleases, 0);
}


/* A lease that is over does not come back with the end of one upon it. */

static void
test_lease_upon_lease(void **state)
{
    bench_t  b;

    (void) state;
    bench_init(&b);

    assert_int_equal(patch(&b, "one", "{\"stage\":\"shadow\"}"), 0);
    assert_int_equal(patch(&b, "one", "{\"stage\":\"ramp\",\"percent\":10,"
                                      "\"lease\":\"10m\"}"), 0);
    assert_int_equal(patch(&b, "one", "{\"percent\":50,"
                                      "\"lease\":\"15m\"}"), 0);
    assert_int_equal(b.store.state.head->nleases, 2);

    b.store.state.head->leases[0].until = 1;
    assert_int_equal(settle(&b), 1);
    assert_stage(&b, "one", FIG_STAGE_RAMP);
    over(&b);
    assert_stage(&b, "one", FIG_STAGE_SHADOW);

    /* one that still runs does, and one that was confirmed */

    assert_int_equal(patch(&b, "one", "{\"stage\":\"ramp\",\"percent\":10,"
                                      "\"lease\":\"1h\"}"), 0);
    assert_int_equal(patch(&b, "one", "{\"stage\":\"live\","
                                      "\"lease\":\"1h\"}"), 0);
    b.store.state.head->leases[1].until = 1;
    assert_int_equal(settle(&b), 1);
    assert_stage(&b, "one", FIG_STAGE_RAMP);
    assert_int_equal(b.store.state.head->nleases, 1);

    assert_int_equal(post(&b, "{\"confirm\":6}"), 0);
    assert_int_equal(patch(&b, "one", "{\"stage\":\"live\","
                                      "\"lease\":\"1h\"}"), 0);
    over(&b);
    assert_stage(&b, "one", FIG_STAGE_RAMP);

    bench_release(&b);
}


static void
test_drain(void **state)
{
    bench_t  b;

    (void) state;
    bench_init(&b);

    assert_int_equal(drain(&b, "legacy", "{\"drain\":true}"), 422);
    assert_int_equal(drain(&b, "none", "{\"drain\":true}"), 404);
    assert_int_equal(drain(&b, "b", "{\"drain\":true}"), 422);
    assert_int_equal(drain(&b, "a", "{}"), 422);
    assert_int_equal(drain(&b, "a", "{\"drain\":true}"), 0);
    assert_int_equal(b.flipped.entry.nchanges, 1);
    assert_int_equal(drain(&b, "a", "{\"drain\":true}"), 0);
    assert_int_equal(b.flipped.entry.seq, 0);
    assert_int_equal(drain(&b, "a", "{\"drain\":false}"), 0);
    assert_int_equal(b.flipped.seq, 2);

    bench_release(&b);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_flip),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_undo),
        cmocka_unit_test(test_undo_chain),
        cmocka_unit_test(test_file_changes),
        cmocka_unit_test(test_renamed),
        cmocka_unit_test(test_lease),
        cmocka_unit_test(test_lease_upon_lease),
        cmocka_unit_test(test_drain),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
