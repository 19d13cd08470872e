/*
 * Memory that goes out at every single allocation of evidence: nothing is lost
 * but what was not told, and nothing leaks.
 */

#define _GNU_SOURCE

#include "failing.h"
#include "evidence_bench.h"


/* False: an allocation has failed, and it was said so. */

typedef bool (*act_pt)(bench_t *b);


static bool
act_open(bench_t *b)
{
    fig_evidence_t  *evidence;

    if (fig_evidence_open(b->dir, getuid(), getgid(), &evidence) != FIG_OK) {
        return false;
    }

    fig_evidence_close(evidence);

    return true;
}


static bool
act_batch(bench_t *b)
{
    bool          done;
    fig_batch_t  *batch;

    batch = fig_batch_create(65536);
    if (batch == NULL) {
        return false;
    }

    done = fig_batch_add(batch, &b->pair) == FIG_OK;
    assert_int_equal(fig_batch_count(batch), done);
    fig_batch_destroy(batch);

    return done;
}


static bool
act_merge(bench_t *b)
{
    bool    done;
    size_t  n;

    n = fig_batch_count(b->batch);
    done = fig_evidence_merge(b->evidence, b->batch, NOW, NULL, NULL)
           == FIG_OK;
    assert_int_equal(fig_batch_count(b->batch), done ? 0 : n);

    return done;
}


static bool
act_read(bench_t *b)
{
    fig_status_t         status;
    fig_evidence_view_t  view;

    status = fig_evidence_read(b->evidence, b->pair.route, 0, NOW, &view);

    if (status != FIG_OK) {
        assert_int_equal(status, FIG_NOMEM);
        return false;
    }

    fig_evidence_release(&view);

    return true;
}


static bool
act_sweep(bench_t *b)
{
    fig_evidence_name_t  name;

    name.name = b->pair.route;
    name.was = fig_str_from("");

    return fig_evidence_sweep(b->evidence, &name, 1, NOW) == FIG_OK;
}


static bool
act_reset(bench_t *b)
{
    return fig_evidence_reset(b->evidence, fig_str_from("other"))
           != FIG_EVIDENCE_FAILED;
}


static void
fail_each(act_pt act)
{
    bool     done, whole;
    size_t   n;
    bench_t  b;

    for (n = 1, whole = false; !whole; n++) {
        bench_init(&b);
        differ(&b, FIG_KIND_VALUE, "$.a");
        give(&b, "orders", 3);
        merge(&b);

        if (act == act_merge) {
            give(&b, "orders", 3);
        }

        failing_begin(n);
        done = act(&b);
        whole = failing_end();

        assert_true(done || !whole);

        if (act != act_merge && balance != 0) {
            fail_msg("%ld blocks are not freed after failure %zu", balance, n);
        }

        /* it goes on as if nothing had been, and nothing was put aside */

        assert_int_equal(bench_size(&b, "orders.json.damaged"), -1);

        agree(&b);
        give(&b, "orders", 1);
        merge(&b);
        bench_release(&b);
        assert_true(n < 10000);
    }

    assert_true(n > 1);
}


static void
test_opening(void **state)
{
    (void) state;

    fail_each(act_open);
}


static void
test_batches(void **state)
{
    (void) state;

    fail_each(act_batch);
}


static void
test_merging(void **state)
{
    (void) state;

    fail_each(act_merge);
}


static void
test_reading(void **state)
{
    (void) state;

    fail_each(act_read);
}


static void
test_sweeping(void **state)
{
    (void) state;

    fail_each(act_sweep);
    fail_each(act_reset);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_opening),
        cmocka_unit_test(test_batches),
        cmocka_unit_test(test_merging),
        cmocka_unit_test(test_reading),
        cmocka_unit_test(test_sweeping),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
