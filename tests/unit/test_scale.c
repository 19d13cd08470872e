/*
 * Flips of many: all routes at once, all names there may be, a journal that
 * begins anew, and many threads.
 */

#define _GNU_SOURCE

#include "flip_bench.h"

#include <pthread.h>
#include <time.h>


#define ROUTES  20000


/* ROUTES routes, every second one in a group of ten. */

static char *
many_routes(void)
{
    char     *text, *p;
    unsigned  i;

    text = test_malloc(ROUTES * 100 + 4000 * 40);
    p = text + sprintf(text, "version: 1\nbackends:\n"
                       "  legacy: {servers: [http://127.0.0.1:1]}\n"
                       "  a: {servers: [http://127.0.0.1:2]}\n"
                       "default: legacy\ngroups:\n");

    for (i = 0; i < ROUTES / 20; i++) {
        p += sprintf(p, "  group%u: {stage: legacy}\n", i);
    }

    p += sprintf(p, "routes:\n");

    for (i = 0; i < ROUTES; i++) {
        if (i % 2) {
            p += sprintf(p, "  - {name: r%u, match: {path: /%u}, to: a, "
                         "group: group%u}\n", i, i, i / 20);
        } else {
            p += sprintf(p, "  - {name: r%u, match: {path: /%u}, to: a, "
                         "stage: legacy}\n", i, i);
        }
    }

    return text;
}


static double
cpu_seconds(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);

    return (double) ts.tv_sec + (double) ts.tv_nsec / 1e9;
}


/* Time of the processor: what a disk takes is not ours. */

static void
assert_quick(bench_t *b, const char *body)
{
    int     i;
    double  start, took, best;

    for (i = 0, best = 1e9; i < 3; i++) {
        start = cpu_seconds();
        assert_int_equal(post(b, body), 0);
        took = cpu_seconds() - start;
        best = (took < best) ? took : best;

        if (i < 2) {
            assert_int_equal(post(b, "{\"changes\":[{\"all\":true,"
                                     "\"stage\":\"shadow\"}]}"), 0);
        }
    }

    print_message("%s: %.0f ms\n", body, best * 1000);

#ifndef __SANITIZE_ADDRESS__
    assert_true(best < 0.5);           /* 0.1 on a machine that is idle */
#endif
}


static void
test_all_at_once(void **state)
{
    char     *text;
    double    start;
    bench_t   b;

    (void) state;
    bench_init(&b);
    text = many_routes();
    bench_rules(&b, text);
    test_free(text);

    assert_quick(&b, "{\"changes\":[{\"all\":true,\"stage\":\"live\"}]}");
    assert_stage(&b, "r0", FIG_STAGE_LIVE);
    assert_stage(&b, "r19999", FIG_STAGE_LIVE);

    /* however long the journal is, the last one can be undone */

    b.store.limit = 1;
    assert_int_equal(post(&b, "{\"changes\":[{\"all\":true,\"stage\":"
                              "\"legacy\"}]}"), 0);
    assert_int_equal(post(&b, "{\"undo\":6}"), 0);
    assert_int_equal(post(&b, "{\"undo\":7}"), 0);
    start = cpu_seconds();
    assert_int_equal(post(&b, "{\"undo\":8}"), 0);
    print_message("undo: %.0f ms\n", (cpu_seconds() - start) * 1000);
    assert_stage(&b, "r19999", FIG_STAGE_LIVE);

    start = cpu_seconds();
    assert_int_equal(patch(&b, "r2", "{\"stage\":\"legacy\"}"), 0);
    print_message("one of them: %.1f ms\n", (cpu_seconds() - start) * 1000);

    start = cpu_seconds();
    bench_restart(&b);
    print_message("start: %.0f ms\n", (cpu_seconds() - start) * 1000);
    assert_error(&b, NULL);
    assert_stage(&b, "r4", FIG_STAGE_LIVE);
    assert_stage(&b, "r2", FIG_STAGE_LEGACY);

    bench_release(&b);
}


/* An entry of n routes, from the name of number first on. */

static bool
commit(bench_t *b, uint32_t first, uint32_t n, uint8_t flags)
{
    bool          good;
    char          name[16];
    uint32_t      i;
    fig_txn_t     txn;
    fig_entry_t   entry;

    memset(&entry, 0, sizeof(fig_entry_t));
    entry.actor = entry.reason = fig_str_from("");
    entry.nmoved = n;
    entry.moved = calloc(n, sizeof(fig_moved_t));
    assert_non_null(entry.moved);

    for (i = 0; i < n; i++) {
        (void) snprintf(name, sizeof(name), "n%u", first + i);
        fig_slot_init(&entry.moved[i].slot, FIG_SLOT_ROUTE,
                      fig_str_from(name));
        entry.moved[i].slot.flags = flags;
        entry.moved[i].slot.stage = FIG_STAGE_LIVE;
        entry.moved[i].percent = FIG_UNSET;
    }

    good = fig_store_begin(&b->store, &txn);

    if (good) {
        good = fig_store_commit(&txn, &entry);
        fig_store_end(&txn);
    }

    free(entry.moved);

    return good;
}


static void
test_all_names(void **state)
{
    uint64_t  epoch;
    bench_t   b;

    (void) state;
    bench_init(&b);

    assert_true(commit(&b, 0, FIG_STATE_SLOTS - 1, FIG_SLOT_STAGE));
    assert_true(commit(&b, FIG_STATE_SLOTS - 1, 1, FIG_SLOT_STAGE));
    assert_int_equal(b.store.state.head->nslots, FIG_STATE_SLOTS);

    /* no more than that, and nothing of what does not fit */

    assert_false(commit(&b, 0, FIG_STATE_SLOTS + 1, FIG_SLOT_STAGE));
    assert_error(&b, "no more than 65536 names");
    assert_int_equal(patch(&b, "one", "{\"stage\":\"live\"}"), 503);
    assert_int_equal(b.store.state.head->seq, 2);
    bench_restart(&b);
    assert_error(&b, NULL);
    assert_int_equal(b.store.state.head->nslots, FIG_STATE_SLOTS);

    /* those that say nothing make room, and readers begin anew */

    assert_true(commit(&b, 0, 100, 0));
    epoch = b.store.state.head->epoch;
    assert_int_equal(patch(&b, "one", "{\"stage\":\"live\"}"), 0);
    assert_int_equal(b.store.state.head->nslots, FIG_STATE_SLOTS - 99);
    assert_int_not_equal(b.store.state.head->epoch, epoch);
    assert_stage(&b, "one", FIG_STAGE_LIVE);
    bench_restart(&b);
    assert_error(&b, NULL);
    assert_stage(&b, "one", FIG_STAGE_LIVE);

    bench_release(&b);
}


static bool
follow(void *data, const fig_entry_t *entry)
{
    uint64_t  *last;

    last = data;
    assert_true(*last == 0 || entry->seq == *last + 1);
    *last = entry->seq;

    return true;
}


/* A journal that begins anew keeps its end, and what was in force. */

static void
test_begins_anew(void **state)
{
    char      *text;
    size_t     len;
    uint64_t   oldest, last, again;
    unsigned   i;
    bench_t    b;

    (void) state;
    bench_init(&b);
    b.store.limit = 20000;

    assert_int_equal(patch(&b, "solo", "{\"stage\":\"live\"}"), 0);

    for (i = 0, again = 0; i < 100; i++) {
        assert_int_equal(patch(&b, "one", i % 2 ? "{\"stage\":\"legacy\"}"
                                                : "{\"stage\":\"live\"}"), 0);
        again += (b.store.state.head->applied < 15000 && i > 40);
    }

    assert_true(again > 0);
    assert_true(bench_size(&b, "journal.jsonl") < 25000);

    last = 0;
    assert_int_equal(fig_store_history(&b.store, 0, &oldest, follow, &last),
                     FIG_OK);
    assert_true(oldest > 1);
    assert_int_equal(last, 101);
    last = 90;
    assert_int_equal(fig_store_history(&b.store, 90, &oldest, follow, &last),
                     FIG_OK);
    assert_int_equal(last, 101);

    /* what is kept can be undone, the rest is no longer known */

    assert_int_equal(post(&b, "{\"undo\":101}"), 0);
    assert_int_equal(post(&b, "{\"undo\":1}"), 404);

    assert_int_equal(unlink(bench_path(&b, "live")), 0);
    bench_restart(&b);
    assert_error(&b, NULL);
    assert_stage(&b, "solo", FIG_STAGE_LIVE);
    assert_stage(&b, "one", FIG_STAGE_LIVE);
    assert_int_equal(b.store.state.head->seq, 102);

    /* a second beginning can only be somebody's paste */

    text = bench_read(&b, "journal.jsonl", &len);
    bench_write(&b, "journal.jsonl", "a", text, strcspn(text, "\n") + 1);
    test_free(text);
    assert_int_equal(patch(&b, "one", "{\"stage\":\"shadow\"}"), 0);

    bench_release(&b);
}


#define TOGETHER  200                  /* slots that change together */
#define LOOKS     100000


static bool  looked_enough;


/* Slots that are the same at any time. */

static void *
turn(void *data)
{
    unsigned      i, k;
    fig_state_t  *state;

    state = data;

    for (i = 1; !__atomic_load_n(&looked_enough, __ATOMIC_RELAXED); i++) {
        fig_state_begin(state, i % 100 == 0);

        for (k = 0; k < TOGETHER; k++) {
            state->slots[k].percent = (int32_t) i;
            state->slots[k].seq = i;
        }

        fig_state_end(state, i);

        for (k = 0; k < 2000; k++) {
            __atomic_signal_fence(__ATOMIC_SEQ_CST);
        }
    }

    return NULL;
}


static void
test_seen_whole(void **state)
{
    void         *image;
    uint32_t      n, i, looks, seen;
    uint64_t      seq, epoch;
    pthread_t     thread;
    fig_slot_t   *slots;
    fig_state_t   shared;

    (void) state;

    image = calloc(1, fig_state_size(TOGETHER));
    assert_non_null(image);
    fig_state_view(&shared, image);
    fig_state_format(&shared);
    shared.head->nslots = TOGETHER;

    assert_int_equal(pthread_create(&thread, NULL, turn, &shared), 0);

    for (looks = seen = 0; looks < LOOKS || seen == 0; looks++) {
        if (!fig_state_changes(&shared, 0, UINT64_MAX, &slots, &n, &seq,
                               &epoch))
        {
            continue;
        }

        seen++;
        assert_int_equal(n, TOGETHER);

        for (i = 0; i < n; i++) {
            assert_int_equal(slots[i].percent, seq);
            assert_int_equal(slots[i].seq, seq);
        }

        free(slots);
    }

    __atomic_store_n(&looked_enough, true, __ATOMIC_RELAXED);
    assert_int_equal(pthread_join(thread, NULL), 0);
    free(image);
}


#define THREADS  4
#define EACH     25


static void *
flip_on(void *data)
{
    unsigned         i;
    bench_t         *b;
    uintptr_t        done;
    fig_flip_t       flip;
    fig_wish_t       wish;
    fig_flipped_t    flipped;
    fig_flipper_t    flipper;
    fig_problem_t    problem;

    b = data;
    done = 0;

    for (i = 0; i < EACH; i++) {
        memset(&flip, 0, sizeof(fig_flip_t));
        memset(&wish, 0, sizeof(fig_wish_t));
        memset(&problem, 0, sizeof(fig_problem_t));

        wish.name = fig_str_from("one");
        wish.stage = (i % 2) ? FIG_STAGE_LEGACY : FIG_STAGE_LIVE;
        wish.percent = FIG_UNSET;
        flip.wishes = &wish;
        flip.nwishes = 1;
        flip.actor = flip.reason = fig_str_from("x");

        flipper = b->flipper;
        flipper.arena = fig_arena_create();

        if (fig_flip_run(&flipper, &flip, &flipped, &problem)) {
            done += (flipped.entry.seq != 0);
        } else {
            done = 1000000;
        }

        fig_arena_destroy(flipper.arena);
    }

    return (void *) done;
}


/* Threads of one process exclude each other as processes do. */

static void
test_threads(void **state)
{
    void      *done;
    size_t     i;
    bench_t    b;
    uint64_t   oldest, last, all;
    pthread_t  threads[THREADS];

    (void) state;
    bench_init(&b);

    for (i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, flip_on, &b), 0);
    }

    for (i = 0, all = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], &done), 0);
        all += (uintptr_t) done;
    }

    assert_int_equal(b.store.state.head->seq, all);
    last = 0;
    assert_int_equal(fig_store_history(&b.store, 0, &oldest, follow, &last),
                     FIG_OK);
    assert_int_equal(last, all);
    bench_restart(&b);
    assert_error(&b, NULL);

    bench_release(&b);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_all_at_once),
        cmocka_unit_test(test_all_names),
        cmocka_unit_test(test_begins_anew),
        cmocka_unit_test(test_seen_whole),
        cmocka_unit_test(test_threads),
    };

    return cmocka_run_group_tests_name("scale", tests, NULL, NULL);
}
