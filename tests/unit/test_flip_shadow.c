/*
 * Flips of the share of copies: a value beside stage and percent, of each route
 * alone, with all that flips of these have.
 */

#define _GNU_SOURCE

#include "flip_bench.h"


#define BEGIN                                                                 \
    HEAD "  - {name: one, " ONE ", stage: shadow"

#define END                                                                   \
    "}\n" REST                                                                \
    "  - {name: end, match: {path: /end}, from: b, to: a, stage: live, "       \
    "shadow: {percent: 20}}\n"

#define RULES_PLAIN  BEGIN END
#define RULES_FIVE   BEGIN ", shadow: {percent: 5}" END
#define RULES_SIX    BEGIN ", shadow: {percent: 6}" END

#define RULES_UNO                                                             \
    HEAD "  - {name: uno, was: one, " ONE ", stage: shadow, "                 \
    "shadow: {percent: 5}}\n" REST

#define RULES_GROUPED                                                         \
    HEAD "  - {name: one, match: {path: /one}, to: a, group: pair, "          \
    "shadow: {percent: 5}}\n" REST


static void
assert_share(bench_t *b, const char *name, int32_t percent)
{
    assert_int_equal(effect(b, name).setting.shadow_percent, percent);
}


static void
assert_change(bench_t *b, uint32_t i, const char *route, int32_t from,
    int32_t to)
{
    const fig_change_t  *change;

    assert_true(i < b->flipped.entry.nchanges);
    change = &b->flipped.entry.changes[i];
    assert_true(fig_str_eq(change->name, fig_str_from(route)));
    assert_int_equal(change->field, FIG_FIELD_SHADOW);
    assert_int_equal(change->from, from);
    assert_int_equal(change->to, to);
}


static void
test_flip(void **state)
{
    bench_t  b;

    (void) state;
    bench_init(&b);
    bench_rules(&b, RULES_FIVE);
    assert_share(&b, "one", 500);
    assert_share(&b, "end", 2000);
    assert_share(&b, "g1", 0);

    assert_int_equal(patch(&b, "one", "{\"shadow\":{\"percent\":50}}"), 0);
    assert_int_equal(b.flipped.entry.nchanges, 1);
    assert_change(&b, 0, "one", 500, 5000);
    assert_share(&b, "one", 5000);
    assert_true(effect(&b, "one").drift);
    assert_true(effect(&b, "one").flipped);
    assert_int_equal(effect(&b, "one").seq, 1);
    assert_stage(&b, "one", FIG_STAGE_SHADOW);

    /* nothing to change, nothing written; after a restart it is there */

    assert_int_equal(patch(&b, "one", "{\"shadow\":{\"percent\":50}}"), 0);
    assert_int_equal(b.flipped.entry.seq, 0);
    bench_restart(&b);
    assert_share(&b, "one", 5000);

    /* stage and share in one entry, each with its own number of before */

    assert_int_equal(patch(&b, "one", "{\"stage\":\"ramp\",\"percent\":10,"
                           "\"shadow\":{\"percent\":1.25}}"), 0);
    assert_int_equal(b.flipped.entry.nchanges, 3);
    assert_change(&b, 2, "one", 5000, 125);

    assert_int_equal(post(&b, "{\"undo\":2}"), 0);
    assert_stage(&b, "one", FIG_STAGE_SHADOW);
    assert_share(&b, "one", 5000);

    assert_int_equal(post(&b, "{\"undo\":1}"), 0);
    assert_share(&b, "one", 500);
    assert_false(effect(&b, "one").drift);
    assert_false(effect(&b, "one").flipped);

    /* to what the file says: no flip any more */

    assert_int_equal(patch(&b, "one", "{\"shadow\":{\"percent\":7}}"), 0);
    assert_int_equal(patch(&b, "one", "{\"shadow\":{\"percent\":5}}"), 0);
    assert_false(effect(&b, "one").flipped);

    bench_release(&b);
}


static void
test_refused(void **state)
{
    size_t   i;
    bench_t  b;

    static const struct {
        const char  *name;
        const char  *body;
        unsigned     status;
    } cases[] = {
        { "one", "{\"shadow\":{}}", 422 },
        { "one", "{\"shadow\":5}", 422 },
        { "one", "{\"shadow\":{\"percent\":101}}", 422 },
        { "one", "{\"shadow\":{\"percent\":\"5\"}}", 422 },
        { "one", "{\"shadow\":{\"percent\":1.234}}", 422 },
        { "one", "{\"shadow\":{\"percent\":5,\"timeout\":1}}", 422 },
        { "one", "{\"shadow\":{\"percent\":5,\"percent\":6}}", 400 },
        { "one", "{\"shadow\":{\"percent\":5},\"stage\":\"live\","
                 "\"percent\":5}", 422 },
        { "one", "{\"shadow\":{\"percent\":5},\"stage\":\"legacy\"}", 422 },
        { "one", "{\"shadow\":{\"percent\":0},\"stage\":\"legacy\"}", 0 },
        { "solo", "{\"shadow\":{\"percent\":5}}", 422 },
        { "gone", "{\"shadow\":{\"percent\":5}}", 422 },
        { "none", "{\"shadow\":{\"percent\":5}}", 404 },
        { "g1", "{\"shadow\":{\"percent\":5}}", 422 },
    };

    (void) state;

    for (i = 0; i < FIG_NELTS(cases); i++) {
        bench_init(&b);
        bench_rules(&b, RULES_PLAIN);

        if (patch(&b, cases[i].name, cases[i].body) != cases[i].status) {
            fail_msg("%s: %u, %s", cases[i].body, b.problem.status,
                     b.problem.detail);
        }

        assert_true(b.problem.status == 0
                    || b.store.state.head->seq == 0);
        bench_release(&b);
    }
}


/* Where the file says nothing, the stage decides, but for a flip. */

static void
test_not_in_the_file(void **state)
{
    bench_t  b;

    (void) state;
    bench_init(&b);
    bench_rules(&b, RULES_PLAIN);
    assert_share(&b, "one", 1000);

    assert_int_equal(patch(&b, "one", "{\"shadow\":{\"percent\":10}}"), 0);
    assert_int_equal(b.flipped.entry.seq, 0);
    assert_int_equal(patch(&b, "one", "{\"stage\":\"live\"}"), 0);
    assert_share(&b, "one", 0);
    assert_int_equal(patch(&b, "one", "{\"shadow\":{\"percent\":3}}"), 0);
    assert_change(&b, 0, "one", 0, 300);
    assert_share(&b, "one", 300);

    /* what the file says from now on, it says anew */

    bench_rules(&b, RULES_FIVE);
    assert_share(&b, "one", 500);
    assert_int_equal(settle(&b), 1);
    assert_int_equal(settle(&b), 0);
    bench_rules(&b, RULES_PLAIN);
    assert_share(&b, "one", 0);

    bench_release(&b);
}


static void
test_file_and_hold(void **state)
{
    bench_t  b;

    (void) state;
    bench_init(&b);
    bench_rules(&b, RULES_FIVE);

    /* the stage is one value, the share another */

    assert_int_equal(patch(&b, "one", "{\"stage\":\"live\","
                           "\"shadow\":{\"percent\":50}}"), 0);
    bench_rules(&b, RULES_SIX);
    assert_share(&b, "one", 600);
    assert_stage(&b, "one", FIG_STAGE_LIVE);
    assert_int_equal(settle(&b), 1);

    assert_int_equal(patch(&b, "one", "{\"hold\":true,"
                           "\"shadow\":{\"percent\":6}}"), 0);
    bench_rules(&b, RULES_FIVE);
    assert_share(&b, "one", 600);
    assert_true(effect(&b, "one").hold);
    assert_true(effect(&b, "one").drift);
    assert_int_equal(settle(&b), 0);

    assert_int_equal(post(&b, "{\"release\":[\"one\"]}"), 0);
    assert_share(&b, "one", 500);
    assert_false(effect(&b, "one").hold);

    /* what is there is held as it is */

    assert_int_equal(patch(&b, "one", "{\"shadow\":{\"percent\":50}}"), 0);
    assert_int_equal(patch(&b, "one", "{\"hold\":true}"), 0);
    bench_rules(&b, RULES_SIX);
    assert_share(&b, "one", 5000);
    assert_int_equal(post(&b, "{\"reset\":[\"one\"]}"), 0);
    assert_share(&b, "one", 600);
    assert_stage(&b, "one", FIG_STAGE_SHADOW);

    bench_release(&b);
}


static void
test_names(void **state)
{
    bench_t  b;

    (void) state;
    bench_init(&b);
    bench_rules(&b, RULES_FIVE);

    assert_int_equal(patch(&b, "one", "{\"shadow\":{\"percent\":50}}"), 0);
    bench_rules(&b, RULES_UNO);
    assert_share(&b, "uno", 5000);
    assert_int_equal(settle(&b), 1);
    assert_share(&b, "uno", 5000);
    assert_int_equal(settle(&b), 0);
    assert_int_equal(post(&b, "{\"undo\":1}"), 0);
    assert_share(&b, "uno", 500);

    /* one of a group has a share of its own */

    bench_rules(&b, RULES_GROUPED);
    assert_int_equal(post(&b, "{\"changes\":[{\"group\":\"pair\","
                          "\"stage\":\"shadow\"}]}"), 0);
    assert_int_equal(patch(&b, "one", "{\"shadow\":{\"percent\":7}}"), 0);
    assert_share(&b, "one", 700);
    assert_share(&b, "g1", 1000);

    assert_int_equal(post(&b, "{\"changes\":[{\"group\":\"pair\","
                          "\"shadow\":{\"percent\":8}}]}"), 0);
    assert_int_equal(b.flipped.entry.nchanges, 3);
    assert_share(&b, "one", 800);
    assert_share(&b, "g2", 800);
    assert_int_equal(post(&b, "{\"reset\":[\"pair\"]}"), 0);
    assert_share(&b, "one", 500);
    assert_share(&b, "g2", 0);

    /* what no route has any more is forgotten by its name */

    assert_int_equal(post(&b, "{\"changes\":[{\"group\":\"pair\",\"stage\":"
                          "\"live\",\"shadow\":{\"percent\":8}}]}"), 0);
    bench_rules(&b, RULES_LEGACY);
    assert_int_equal(post(&b, "{\"reset\":[\"one\"]}"), 0);
    bench_rules(&b, RULES_GROUPED);
    assert_share(&b, "one", 500);
    assert_share(&b, "g2", 800);

    bench_release(&b);
}


static void
test_many(void **state)
{
    bench_t  b;

    (void) state;
    bench_init(&b);
    bench_rules(&b, RULES_FIVE);

    /* those of which nothing is copied are left out, and named */

    assert_int_equal(post(&b, "{\"changes\":[{\"all\":true,"
                          "\"shadow\":{\"percent\":30}}]}"), 0);
    assert_share(&b, "one", 3000);
    assert_share(&b, "end", 3000);
    assert_share(&b, "g1", 0);
    assert_int_equal(b.flipped.entry.nchanges, 2);
    assert_int_equal(b.flipped.nskipped, 3);

    /* none at all is for all */

    assert_int_equal(post(&b, "{\"changes\":[{\"all\":true,"
                          "\"shadow\":{\"percent\":0}}]}"), 0);
    assert_share(&b, "one", 0);
    assert_share(&b, "end", 0);
    assert_int_equal(b.flipped.nskipped, 0);

    assert_int_equal(post(&b, "{\"changes\":["
                          "{\"route\":\"one\",\"shadow\":{\"percent\":1}},"
                          "{\"route\":\"one\",\"shadow\":{\"percent\":2}}]}"),
                     422);
    assert_int_equal(post(&b, "{\"changes\":["
                          "{\"route\":\"one\",\"shadow\":{\"percent\":1}},"
                          "{\"route\":\"one\",\"stage\":\"live\"}]}"), 0);
    assert_share(&b, "one", 100);
    assert_stage(&b, "one", FIG_STAGE_LIVE);

    bench_release(&b);
}


/* The number of a route is that of its last change, whichever it was. */

static void
test_numbers(void **state)
{
    bench_t  b;

    (void) state;
    bench_init(&b);
    bench_rules(&b, RULES_FIVE);

    assert_int_equal(patch(&b, "one", "{\"shadow\":{\"percent\":1}}"), 0);
    assert_int_equal(patch(&b, "one", "{\"stage\":\"live\",\"if_seq\":0}"),
                     409);
    assert_int_equal(patch(&b, "one", "{\"stage\":\"live\",\"if_seq\":1}"), 0);
    assert_int_equal(patch(&b, "one", "{\"shadow\":{\"percent\":2},"
                           "\"if_seq\":1}"), 409);
    assert_int_equal(patch(&b, "one", "{\"shadow\":{\"percent\":2},"
                           "\"if_seq\":2}"), 0);
    assert_int_equal(effect(&b, "one").seq, 3);

    /* of two values each can be undone alone */

    assert_int_equal(post(&b, "{\"undo\":2}"), 0);
    assert_stage(&b, "one", FIG_STAGE_SHADOW);
    assert_share(&b, "one", 200);
    assert_int_equal(post(&b, "{\"undo\":1}"), 409);

    bench_release(&b);
}


static void
test_lease(void **state)
{
    bench_t  b;

    (void) state;
    bench_init(&b);
    bench_rules(&b, RULES_FIVE);

    assert_int_equal(patch(&b, "one", "{\"shadow\":{\"percent\":1}}"), 0);
    assert_int_equal(patch(&b, "one", "{\"shadow\":{\"percent\":90},"
                           "\"lease\":\"1h\"}"), 0);
    assert_int_equal(effect(&b, "one").shadow_flip, 2);
    assert_int_equal(b.store.state.head->nleases, 1);

    b.store.state.head->leases[0].until = 1;
    assert_int_equal(settle(&b), 1);
    assert_share(&b, "one", 100);
    assert_int_equal(b.store.state.head->nleases, 0);

    /* a snapshot has it, too */

    bench_restart(&b);
    assert_share(&b, "one", 100);

    bench_release(&b);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_flip),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_not_in_the_file),
        cmocka_unit_test(test_file_and_hold),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_lease),
    };

    return cmocka_run_group_tests_name("flips of copies", tests, NULL, NULL);
}
