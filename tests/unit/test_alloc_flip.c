/*
 * Memory that goes out at every single allocation: of flips, of what is due, of
 * history, and of opening the state.
 *
 *     503 and nothing has happened, or it was done without; never a leak
 */

#define _GNU_SOURCE

#include "failing.h"
#include "flip_bench.h"

#include <string.h>


typedef unsigned (*act_pt)(bench_t *b);


static const char  *body;


static unsigned
act_post(bench_t *b)
{
    return post(b, body);
}


static unsigned
act_patch(bench_t *b)
{
    return patch(b, "one", body);
}


static unsigned
act_drain(bench_t *b)
{
    return drain(b, "a", body);
}


static unsigned
act_settle(bench_t *b)
{
    uint32_t  done;

    (void) fig_flip_settle(&b->flipper, &done, &b->problem);

    return b->problem.status;
}


static unsigned
act_init(bench_t *b)
{
    unsigned     status;
    fig_store_t  store;

    if (!fig_store_init(&store, b->dir, getuid(), getgid())) {
        return 503;
    }

    /* on the heap, or as in the file; with an error, or all there is */

    status = (store.error[0] != '\0') ? 503 : 0;

    if (status == 0) {
        status = (store.state.head->seq == b->store.state.head->seq) ? 0 : 1;
    }

    fig_store_release(&store);

    return status;
}


static bool
count(void *data, const fig_entry_t *entry)
{
    (void) entry;
    *(unsigned *) data += 1;

    return true;
}


static unsigned
act_history(bench_t *b)
{
    uint64_t      oldest;
    unsigned      n;
    fig_status_t  status;

    n = 0;
    status = fig_store_history(&b->store, 0, &oldest, count, &n);

    return (status == FIG_NOMEM) ? 503 : (status == FIG_OK && n != 0) ? 0 : 1;
}


static unsigned
act_changes(bench_t *b)
{
    uint32_t     n;
    uint64_t     seq, epoch;
    fig_slot_t  *slots;

    if (!fig_store_changes(&b->store, 0, 0, &slots, &n, &seq, &epoch)) {
        return 503;
    }

    free(slots);

    return (n != 0) ? 0 : 1;
}


/* Done once memory lasts, and only then; what is due may be several things. */

static void
fail_each(bench_t *b, act_pt act, const char *text)
{
    bool          done;
    size_t        n;
    uint64_t      seq;
    unsigned      status;
    fig_arena_t  *arena;

    body = text;
    arena = b->arena;

    for (n = 1, done = false; !done; n++) {
        seq = b->store.state.head->seq;
        memset(&b->problem, 0, sizeof(fig_problem_t));

        failing_begin(n);
        b->arena = fig_arena_create();
        b->flipper.arena = b->arena;
        status = (b->arena != NULL) ? act(b) : 503;
        fig_arena_destroy(b->arena);
        done = failing_end();

        if (balance != 0 || (status != 0 && (done || status != 503))
            || (status == 503 && act != act_settle
                && b->store.state.head->seq != seq)
            || !fig_state_is_whole(&b->store.state))
        {
            fail_msg("%s, allocation %zu: status %u, seq %lu after %lu, "
                     "balance %ld: %s", text, n, status,
                     (unsigned long) b->store.state.head->seq,
                     (unsigned long) seq, balance, b->problem.detail);
        }
    }

    assert_true(n > 2);
    b->arena = arena;
    b->flipper.arena = arena;
}


static void
test_every_allocation(void **state)
{
    char     text[FIG_ENTRY_TIME];
    bench_t  b;

    (void) state;

    /* the C library keeps what it has read of time zones, and of its texts */

    fig_time_text(0, text);
    assert_non_null(strerror(ENOMEM));

    bench_init(&b);
    fail_each(&b, act_patch, "{\"stage\":\"ramp\",\"percent\":5}");
    assert_stage(&b, "one", FIG_STAGE_RAMP);
    fail_each(&b, act_post, "{\"changes\":[{\"all\":true,\"stage\":"
                            "\"live\"}],\"lease\":\"1h\"}");
    assert_stage(&b, "g2", FIG_STAGE_LIVE);
    fail_each(&b, act_drain, "{\"drain\":true}");
    fail_each(&b, act_drain, "{\"drain\":false}");
    fail_each(&b, act_init, "start");
    fail_each(&b, act_history, "history");
    fail_each(&b, act_changes, "changes");
    fail_each(&b, act_post, "{\"undo\":2}");
    assert_stage(&b, "g2", FIG_STAGE_LEGACY);

    assert_int_equal(patch(&b, "one", "{\"stage\":\"live\",\"lease\":\"1h\","
                                      "\"hold\":true}"), 0);
    fail_each(&b, act_post, "{\"release\":[\"one\",\"pair\"]}");
    bench_rules(&b, RULES_RENAMED);
    b.store.state.head->leases[0].until = 1;
    fail_each(&b, act_settle, "settle");
    assert_stage(&b, "uno", FIG_STAGE_RAMP);
    fail_each(&b, act_post, "{\"reset\":[\"uno\"]}");
    assert_stage(&b, "uno", FIG_STAGE_LEGACY);

    /* a journal that begins anew, or not for now */

    b.store.limit = 1;
    fail_each(&b, act_post, "{\"changes\":[{\"group\":\"pair\",\"stage\":"
                            "\"shadow\"}]}");
    assert_stage(&b, "g1", FIG_STAGE_SHADOW);

    /* an image that is half of a change */

    fig_state_begin(&b.store.state, true);
    b.store.state.head->nslots = 0;
    assert_true(fig_store_is_behind(&b.store));
    assert_int_equal(act_changes(&b), 0);
    assert_stage(&b, "g1", FIG_STAGE_SHADOW);

    bench_release(&b);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_every_allocation),
    };

    return cmocka_run_group_tests_name("alloc_flip", tests, NULL, NULL);
}
