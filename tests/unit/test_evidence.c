/*
 * Evidence in the state directory: what is kept, and what begins anew.
 */

#define _GNU_SOURCE

#include "evidence_bench.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>


static void
test_pairs_are_kept(void **state)
{
    bench_t               b;
    fig_evidence_view_t   view;
    const fig_class_t    *class;

    (void) state;

    bench_init(&b);
    view = look(&b, "orders");
    assert_true(view.none);
    assert_int_equal(view.readiness.verdict, FIG_VERDICT_GATHERING);
    assert_string_equal(view.readiness.reasons[0],
                        "nothing has been compared yet");
    fig_evidence_release(&view);

    agree(&b);
    give(&b, "orders", 300);
    differ(&b, FIG_KIND_VALUE, "$.a");
    give(&b, "orders", 2);
    give(&b, "shop.v2", 1);
    assert_int_equal(fig_batch_count(b.batch), 303);
    merge(&b);
    assert_int_equal(b.told[FIG_OUTCOME_MATCH], 300);
    assert_int_equal(b.told[FIG_OUTCOME_MISMATCH], 3);
    assert_int_equal(b.new_classes, 2);

    /* as another process sees it */

    fig_evidence_close(b.evidence);
    assert_int_equal(fig_evidence_open(b.dir, getuid(), getgid(),
                                       &b.evidence), FIG_OK);
    view = look(&b, "orders");
    assert_false(view.none);
    assert_int_equal(view.pairs, 302);
    assert_int_equal(view.mismatches, 2);
    assert_int_equal(view.key, 7);
    assert_int_equal(view.since, NOW);
    assert_true(view.old_p99 >= 1000 && view.old_p99 < 1100);
    class = first_class(&view);
    assert_str(class->path, "$.a");
    assert_int_equal(class->count, 2);
    assert_str(class->samples[0].request, "GET /a");
    assert_str(class->samples[0].id, "r1");
    fig_evidence_release(&view);

    assert_int_equal(bench_size(&b, ".tmp"), -1);
    bench_release(&b);
}


static void
test_a_route_becomes_ready(void **state)
{
    size_t               i, n;
    bench_t              b;
    uint64_t             seq;
    fig_news_t           news[8];
    fig_evidence_view_t  view;

    (void) state;

    bench_init(&b);
    agree(&b);
    seq = fig_evidence_last(b.evidence);
    assert_true(seq != 0);

    for (i = 0; i < 6; i++) {
        give(&b, "orders", 1000);
        merge(&b);
    }

    view = look(&b, "orders");
    assert_int_equal(view.readiness.verdict, FIG_VERDICT_READY);
    fig_evidence_release(&view);

    n = fig_evidence_news(b.evidence, &seq, news, 8);
    assert_int_equal(n, 1);
    assert_int_equal(news[0].kind, FIG_NEWS_VERDICT);
    assert_int_equal(news[0].verdict, FIG_VERDICT_READY);
    assert_str(fig_str(news[0].route, news[0].len), "orders");
    assert_int_equal(seq, fig_evidence_last(b.evidence));

    /* a type that is another one forbids it, and is told as well */

    differ(&b, FIG_KIND_TYPE, "$.a");
    give(&b, "orders", 1);
    merge(&b);
    assert_int_equal(fig_evidence_news(b.evidence, &seq, news, 8), 2);
    assert_int_equal(news[0].verdict, FIG_VERDICT_NOT_READY);
    assert_int_equal(news[1].kind, FIG_NEWS_CLASS);
    view = look(&b, "orders");
    assert_int_equal(news[1].id, first_class(&view)->id);
    fig_evidence_release(&view);
    bench_release(&b);
}


static void
test_news_go_around(void **state)
{
    size_t      i, n;
    char        path[32];
    bench_t     b;
    uint64_t    seq, last;
    fig_news_t  news[FIG_EVIDENCE_NEWS];

    (void) state;

    bench_init(&b);
    seq = fig_evidence_last(b.evidence);

    for (i = 0; i < FIG_EVIDENCE_NEWS + 100; i++) {
        sprintf(path, "$.p%zu", i % 200);
        differ(&b, FIG_KIND_VALUE, path);
        give(&b, i < 200 ? "a" : i < 400 ? "b" : i < 600 ? "c" : "d", 1);
    }

    merge(&b);
    last = fig_evidence_last(b.evidence);
    assert_true(last >= seq + FIG_EVIDENCE_NEWS + 100);
    n = fig_evidence_news(b.evidence, &seq, news, FIG_EVIDENCE_NEWS);
    assert_int_equal(n, FIG_EVIDENCE_NEWS);
    assert_int_equal(news[n - 1].seq, last);
    assert_int_equal(seq, last);

    /* who has read on in another file begins at the end of this one */

    seq = last + 5;
    assert_int_equal(fig_evidence_news(b.evidence, &seq, news, 8), 0);
    assert_int_equal(seq, last);
    bench_release(&b);
}


static fig_evidence_done_t
acknowledge(bench_t *b, uint64_t id, uint64_t expires)
{
    fig_acknowledgement_t  ack;

    ack.reason = fig_str_from("known");
    ack.owner = fig_str_from("team");
    ack.by = fig_str_from("ann");
    ack.expires = expires;

    return fig_evidence_acknowledge(b->evidence, id, &ack, b->pair.time);
}


static void
test_acknowledged_is_kept(void **state)
{
    bench_t              b;
    uint64_t             id;
    fig_evidence_view_t  view;

    char  route[FIG_EVIDENCE_NAME];

    (void) state;

    bench_init(&b);
    differ(&b, FIG_KIND_TYPE, "$.a");
    give(&b, "shop", 1);
    give(&b, "orders", 1);
    merge(&b);
    view = look(&b, "orders");
    assert_int_equal(view.readiness.verdict, FIG_VERDICT_NOT_READY);
    id = first_class(&view)->id;
    fig_evidence_release(&view);

    assert_true(fig_evidence_find(b.evidence, id, route));
    assert_string_equal(route, "orders");
    assert_false(fig_evidence_find(b.evidence, id + 2, route));
    assert_int_equal(acknowledge(&b, id + 2, NOW + 9), FIG_EVIDENCE_NOTHING);
    assert_int_equal(acknowledge(&b, id, NOW + 100), FIG_EVIDENCE_DONE);
    give(&b, "orders", 1);
    merge(&b);
    assert_int_equal(b.told[FIG_OUTCOME_ACKNOWLEDGED], 1);

    /* another comparison: the word holds, the counts do not */

    b.pair.key = 8;
    agree(&b);
    give(&b, "orders", 1);
    merge(&b);
    view = look(&b, "orders");
    assert_int_equal(view.pairs, 1);
    assert_int_equal(view.readiness.verdict, FIG_VERDICT_GATHERING);
    assert_int_equal(first_class(&view)->count, 0);
    assert_str(first_class(&view)->owner, "team");
    assert_str(first_class(&view)->by, "ann");
    fig_evidence_release(&view);

    assert_int_equal(acknowledge(&b, id, 0), FIG_EVIDENCE_DONE);
    view = look(&b, "orders");
    assert_int_equal(first_class(&view)->expires, 0);
    fig_evidence_release(&view);
    assert_int_equal(fig_evidence_forget(b.evidence, id, NOW),
                     FIG_EVIDENCE_DONE);
    assert_int_equal(fig_evidence_forget(b.evidence, id, NOW),
                     FIG_EVIDENCE_NOTHING);
    view = look(&b, "orders");
    assert_int_equal(count_classes(&view), 0);
    assert_int_equal(view.pairs, 1);
    fig_evidence_release(&view);

    assert_int_equal(fig_evidence_reset(b.evidence, fig_str_from("orders")),
                     FIG_EVIDENCE_DONE);
    assert_int_equal(fig_evidence_reset(b.evidence, fig_str_from("orders")),
                     FIG_EVIDENCE_NOTHING);
    assert_int_equal(fig_evidence_reset(b.evidence, fig_str_from("../x")),
                     FIG_EVIDENCE_NOTHING);
    assert_int_equal(bench_size(&b, "orders.json"), -1);
    assert_true(bench_size(&b, "shop.json") > 0);
    bench_release(&b);
}


/* A stamp is a mismatch until it is known to be noise, and none after that. */

static void
test_noise_is_taken_back(void **state)
{
    size_t               i;
    bench_t              b;
    fig_comparison_t     itself;
    fig_difference_t     stamp;
    fig_evidence_view_t  view;

    (void) state;

    bench_init(&b);
    stamp = *differ(&b, FIG_KIND_VALUE, "$.stamp");
    itself = b.comparison;
    itself.differences = &stamp;

    give(&b, "orders", 2000);
    merge(&b);
    view = look(&b, "orders");
    assert_int_equal(view.mismatches, 2000);
    fig_evidence_release(&view);

    b.pair.itself = &itself;
    give(&b, "orders", 25);
    merge(&b);
    view = look(&b, "orders");
    assert_int_equal(view.mismatches, 0);
    assert_int_equal(view.pairs, 2025);
    fig_evidence_release(&view);

    /* another one beside it is not: such a pair stays what it is */

    b.pair.itself = NULL;
    b.differences[1] = b.differences[0];
    b.differences[1].path = fig_str_from("$.total");
    b.comparison.n = b.comparison.total = 2;
    give(&b, "orders", 3);
    merge(&b);
    view = look(&b, "orders");
    assert_int_equal(view.mismatches, 3);
    fig_evidence_release(&view);

    b.comparison.n = b.comparison.total = 1;

    for (i = 0; i < 8; i++) {
        give(&b, "orders", 1000);
        merge(&b);
    }

    view = look(&b, "orders");
    assert_int_equal(view.mismatches, 3);
    assert_int_equal(view.readiness.verdict, FIG_VERDICT_GATHERING);
    fig_evidence_release(&view);
    bench_release(&b);
}


/* What is acknowledged makes good what it was counted as. */

static void
test_acknowledged_is_taken_back(void **state)
{
    size_t               i;
    bench_t              b;
    uint64_t             id;
    fig_evidence_view_t  view;

    (void) state;

    bench_init(&b);
    agree(&b);

    for (i = 0; i < 6; i++) {
        give(&b, "orders", 1000);
        merge(&b);
    }

    differ(&b, FIG_KIND_EXTRA, "$.new");
    give(&b, "orders", 100);
    merge(&b);
    view = look(&b, "orders");
    assert_int_equal(view.readiness.verdict, FIG_VERDICT_NOT_READY);
    id = first_class(&view)->id;
    fig_evidence_release(&view);

    assert_int_equal(acknowledge(&b, id, NOW + 100), FIG_EVIDENCE_DONE);
    view = look(&b, "orders");
    assert_int_equal(view.mismatches, 0);
    assert_int_equal(view.pairs, 6100);
    assert_int_equal(view.readiness.verdict, FIG_VERDICT_READY);
    fig_evidence_release(&view);

    /* and by the file */

    fig_evidence_close(b.evidence);
    assert_int_equal(fig_evidence_open(b.dir, getuid(), getgid(),
                                       &b.evidence), FIG_OK);
    agree(&b);
    give(&b, "orders", 1);
    merge(&b);
    view = look(&b, "orders");
    assert_int_equal(view.mismatches, 0);
    fig_evidence_release(&view);
    bench_release(&b);
}


static void
test_another_key_is_outdated(void **state)
{
    bench_t              b;
    fig_evidence_view_t  view;

    (void) state;

    bench_init(&b);
    differ(&b, FIG_KIND_TYPE, "$.a");
    give(&b, "orders", 1);
    merge(&b);
    assert_int_equal(fig_evidence_read(b.evidence, fig_str_from("orders"), 9,
                                       NOW, &view), FIG_OK);
    assert_true(view.outdated);
    assert_int_equal(view.pairs, 0);
    assert_int_equal(view.readiness.verdict, FIG_VERDICT_GATHERING);
    assert_string_equal(view.readiness.reasons[0], "what is compared has "
                        "changed: evidence begins anew");
    assert_int_equal(count_classes(&view), 1);
    fig_evidence_release(&view);
    bench_release(&b);
}


/* Pairs of a build at a moment; how many there are then. */

static uint64_t
of_build(bench_t *b, uint64_t version, uint64_t time)
{
    uint64_t             pairs;
    fig_evidence_view_t  view;

    b->pair.version = version;
    b->pair.time = NOW + time;
    give(b, "orders", 1);
    merge(b);
    view = look(b, "orders");
    pairs = view.pairs;
    fig_evidence_release(&view);

    return pairs;
}


static void
test_a_deployment_rolls(void **state)
{
    bench_t  b;

    (void) state;

    bench_init(&b);
    agree(&b);
    assert_int_equal(of_build(&b, 0, 0), 1);
    assert_int_equal(of_build(&b, 1, 0), 1);       /* the first that says so */
    assert_int_equal(of_build(&b, 1, 1), 2);
    assert_int_equal(of_build(&b, 0, 2), 3);       /* who knows which */
    assert_int_equal(of_build(&b, 2, 3), 1);
    assert_int_equal(of_build(&b, 1, 4), 1);
    assert_int_equal(of_build(&b, 3, 5), 1);       /* the other side as well */
    assert_int_equal(of_build(&b, 1, 6), 1);
    assert_int_equal(of_build(&b, 2, 7), 1);
    assert_int_equal(of_build(&b, 3, 50), 2);
    assert_int_equal(of_build(&b, 2, 109), 2);
    assert_int_equal(of_build(&b, 2, 110), 1);     /* it was rolled back */
    assert_int_equal(of_build(&b, 3, 111), 1);
    assert_int_equal(of_build(&b, 2, 112), 2);
    bench_release(&b);

    /* pairs that failed before a build was known stay */

    bench_init(&b);
    differ(&b, FIG_KIND_TRANSPORT, "");
    assert_int_equal(of_build(&b, 0, 0), 1);
    agree(&b);
    assert_int_equal(of_build(&b, 1, 0), 2);
    bench_release(&b);
}


static void
damage(const bench_t *b, const char *file, long at, char c)
{
    int   fd;
    char  path[256];

    snprintf(path, sizeof(path), "%s/evidence/%s", b->dir, file);
    fd = open(path, O_WRONLY);
    assert_int_equal(pwrite(fd, &c, 1, at), 1);
    close(fd);
}


static void
test_damaged_files_are_put_aside(void **state)
{
    bench_t              b;
    fig_evidence_view_t  view;

    char  text[FIG_EVIDENCE_ERROR];

    (void) state;

    bench_init(&b);
    agree(&b);
    give(&b, "orders", 3);
    merge(&b);
    assert_false(fig_evidence_warning(b.evidence, text));
    damage(&b, "orders.json", 40, '#');
    view = look(&b, "orders");
    assert_true(view.none);
    assert_string_equal(view.readiness.reasons[0], "its evidence cannot be "
                        "read: its checksum is wrong");
    fig_evidence_release(&view);

    give(&b, "orders", 1);
    merge(&b);
    assert_true(fig_evidence_warning(b.evidence, text));
    assert_non_null(strstr(text, "orders.json\" is damaged"));
    assert_false(fig_evidence_warning(b.evidence, text));
    assert_true(bench_size(&b, "orders.json.damaged") > 0);
    view = look(&b, "orders");
    assert_int_equal(view.pairs, 1);
    fig_evidence_release(&view);

    /* the head of all: it is made anew */

    damage(&b, ".lock", 0, 'x');
    assert_int_equal(fig_evidence_last(b.evidence), 0);
    give(&b, "orders", 1);
    merge(&b);
    assert_true(fig_evidence_last(b.evidence) != 0);
    bench_release(&b);
}


static void
test_what_cannot_be_written_stays(void **state)
{
    bench_t  b;

    char  path[256], text[FIG_EVIDENCE_ERROR];

    (void) state;

    bench_init(&b);
    agree(&b);
    give(&b, "orders", 3);
    snprintf(path, sizeof(path), "%s/evidence", b.dir);
    (void) nftw(path, remove_one, 8, FTW_DEPTH|FTW_PHYS);
    assert_int_equal(symlink("/nowhere", path), 0);
    assert_int_equal(fig_evidence_merge(b.evidence, b.batch, NOW, NULL, NULL),
                     FIG_INVALID);
    assert_true(fig_evidence_error(b.evidence, text));
    assert_non_null(strstr(text, "cannot be used"));
    assert_int_equal(fig_batch_count(b.batch), 3);
    assert_int_equal(acknowledge(&b, 1, 1), FIG_EVIDENCE_NOTHING);
    assert_int_equal(fig_evidence_reset(b.evidence, fig_str_from("orders")),
                     FIG_EVIDENCE_FAILED);

    assert_int_equal(unlink(path), 0);
    merge(&b);
    assert_false(fig_evidence_error(b.evidence, text));
    assert_true(bench_size(&b, "orders.json") > 0);
    bench_release(&b);
}


static void
test_names_change_and_go(void **state)
{
    bench_t              b;
    uint64_t             id;
    fig_evidence_view_t  view;

    fig_evidence_name_t  names[] = {
        { FIG_STR("shop"), FIG_STR("") },
        { FIG_STR("uno"), FIG_STR("orders") }
    };

    (void) state;

    bench_init(&b);
    differ(&b, FIG_KIND_TYPE, "$.a");
    give(&b, "orders", 2);
    give(&b, "shop", 2);
    give(&b, "gone", 2);
    merge(&b);
    view = look(&b, "orders");
    id = first_class(&view)->id;
    fig_evidence_release(&view);
    assert_int_equal(acknowledge(&b, id, NOW + 100), FIG_EVIDENCE_DONE);

    b.pair.time = NOW + 1;
    agree(&b);
    give(&b, "uno", 1);
    merge(&b);
    assert_int_equal(fig_evidence_sweep(b.evidence, names, 2,
                                        (uint64_t) time(NULL)), FIG_OK);
    assert_int_equal(bench_size(&b, "orders.json"), -1);
    assert_true(bench_size(&b, "gone.json") > 0);
    view = look(&b, "uno");
    assert_int_equal(view.pairs, 2);
    assert_str(first_class(&view)->owner, "team");
    assert_int_not_equal(first_class(&view)->id, id);
    fig_evidence_release(&view);

    /* once is enough: it is not taken from a name that is in use */

    names[0].was = fig_str_from("uno");
    assert_int_equal(fig_evidence_sweep(b.evidence, names, 2,
                                        (uint64_t) time(NULL)
                                        + FIG_EVIDENCE_GONE + 60), FIG_OK);
    assert_int_equal(bench_size(&b, "gone.json"), -1);
    assert_true(bench_size(&b, "uno.json") > 0);
    assert_true(bench_size(&b, "shop.json") > 0);
    bench_release(&b);
}


static void
test_classes_are_bounded(void **state)
{
    size_t               i, k, all;
    char                 name[16], path[32];
    bench_t              b;
    fig_evidence_view_t  view;

    (void) state;

    bench_init(&b);

    for (k = 0; k < 80; k++) {
        sprintf(name, "r%zu", k);

        for (i = 0; i < 260; i++) {
            sprintf(path, "$.p%zu", i);
            differ(&b, FIG_KIND_VALUE, path);
            give(&b, name, 1);
        }

        merge(&b);
    }

    for (k = 0, all = 0; k < 80; k++) {
        sprintf(name, "r%zu", k);
        view = look(&b, name);
        assert_in_range(count_classes(&view), 2, FIG_CLASSES_PER_ROUTE + 1);
        assert_int_equal(view.mismatches, 260);
        all += count_classes(&view);
        fig_evidence_release(&view);
    }

    assert_in_range(all, FIG_CLASSES_TOTAL, FIG_CLASSES_TOTAL + 2 * 80);

    /* what is removed makes room */

    assert_int_equal(fig_evidence_reset(b.evidence, fig_str_from("r0")),
                     FIG_EVIDENCE_DONE);
    give(&b, "r0", 1);
    differ(&b, FIG_KIND_VALUE, "$.q");
    give(&b, "r0", 1);
    merge(&b);
    view = look(&b, "r0");
    assert_int_equal(count_classes(&view), 2);
    assert_false(first_class(&view)->other);
    fig_evidence_release(&view);
    bench_release(&b);
}


static void
test_secrets_are_not_kept(void **state)
{
    bench_t              b;
    const fig_class_t   *class;
    fig_difference_t    *difference;
    fig_evidence_view_t  view;

    (void) state;

    bench_init(&b);
    difference = differ(&b, FIG_KIND_VALUE, "set-cookie");
    difference->part = FIG_PART_HEADER;
    difference->from_value = fig_str_from("SECRET");
    difference->to_value = fig_str_from("SECRET");
    give(&b, "orders", 1);
    difference = differ(&b, FIG_KIND_VALUE, "$.x");
    difference->from_value = fig_str_from("1");
    difference->to_value = fig_str_from("2");
    give(&b, "orders", 1);
    merge(&b);

    view = look(&b, "orders");
    class = first_class(&view);
    assert_str(class->path, "set-cookie");
    assert_null(class->samples[0].from.data);
    assert_null(class->samples[0].to.data);
    class = fig_classes_next(view.classes, NULL, class);
    assert_str(class->samples[0].from, "1");
    assert_str(class->samples[0].to, "2");
    fig_evidence_release(&view);
    bench_release(&b);
}


static void
test_a_batch_is_bounded(void **state)
{
    size_t             n;
    bench_t            b;
    fig_batch_t       *batch;
    fig_difference_t   many[600];

    (void) state;

    bench_init(&b);
    differ(&b, FIG_KIND_VALUE, "$.a");
    b.pair.route = fig_str_from("orders");
    batch = fig_batch_create(16384);

    for (n = 0; fig_batch_add(batch, &b.pair) == FIG_OK; n++) { /* void */ }

    assert_in_range(n, 10, 60);
    assert_int_equal(fig_batch_count(batch), n);
    assert_int_equal(fig_batch_add(batch, &b.pair), FIG_NOMEM);
    assert_int_equal(fig_evidence_merge(b.evidence, batch, NOW, bench_told,
                                        &b), FIG_OK);
    assert_int_equal(b.told[FIG_OUTCOME_MISMATCH], n);
    assert_int_equal(fig_batch_count(batch), 0);

    /* what would never fit is taken in part */

    for (n = 0; n < 600; n++) {
        many[n] = b.differences[0];
    }

    fig_batch_destroy(batch);
    batch = fig_batch_create(32768);
    b.comparison.differences = many;
    b.comparison.n = 600;
    assert_int_equal(fig_batch_add(batch, &b.pair), FIG_OK);
    assert_int_equal(fig_batch_add(batch, &b.pair), FIG_NOMEM);

    b.pair.route = fig_str_from("a/b");
    assert_int_equal(fig_batch_add(batch, &b.pair), FIG_INVALID);
    b.pair.route = fig_str_from(".lock");
    assert_int_equal(fig_batch_add(batch, &b.pair), FIG_INVALID);
    fig_batch_destroy(batch);

    batch = fig_batch_create(100);
    b.pair.route = fig_str_from("orders");
    assert_int_equal(fig_batch_add(batch, &b.pair), FIG_NOMEM);
    assert_int_equal(fig_batch_count(batch), 0);
    fig_batch_destroy(batch);
    fig_batch_destroy(NULL);
    bench_release(&b);
}


static void
child_merges(bench_t *b, size_t times, size_t pairs)
{
    size_t  i, k;

    for (i = 0; i < times; i++) {
        for (k = 0; k < pairs; k++) {
            b->pair.request++;
            b->pair.route = fig_str_from(k % 2 ? "orders" : "shop");

            if (fig_batch_add(b->batch, &b->pair) != FIG_OK) {
                _exit(1);
            }
        }

        if (fig_evidence_merge(b->evidence, b->batch, NOW, NULL, NULL)
            != FIG_OK)
        {
            _exit(2);
        }
    }

    _exit(0);
}


static void
test_processes_lose_nothing(void **state)
{
    int                  i, status;
    pid_t                children[4];
    bench_t              b;
    fig_evidence_view_t  view;

    (void) state;

    bench_init(&b);
    differ(&b, FIG_KIND_VALUE, "$.a");

    for (i = 0; i < 4; i++) {
        children[i] = fork();

        if (children[i] == 0) {
            child_merges(&b, 25, 10);
        }
    }

    for (i = 0; i < 4; i++) {
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }

    view = look(&b, "orders");
    assert_int_equal(view.pairs, 500);
    assert_int_equal(first_class(&view)->count, 500);
    fig_evidence_release(&view);
    view = look(&b, "shop");
    assert_int_equal(view.pairs, 500);
    fig_evidence_release(&view);
    bench_release(&b);
}


/* Somebody dies at any moment: what is there can be read, and it goes on. */

static void
test_a_death_harms_nothing(void **state)
{
    int                  i, status;
    pid_t                child;
    bench_t              b;
    uint64_t             before;
    fig_evidence_view_t  view;

    char  text[FIG_EVIDENCE_ERROR];

    (void) state;

    bench_init(&b);
    differ(&b, FIG_KIND_VALUE, "$.a");
    give(&b, "orders", 1);
    merge(&b);
    before = 1;

    for (i = 0; i < 60; i++) {
        child = fork();

        if (child == 0) {
            child_merges(&b, 100000, 2);
        }

        usleep((useconds_t) (i * 211 % 7919));
        kill(child, SIGKILL);
        assert_int_equal(waitpid(child, &status, 0), child);

        view = look(&b, "orders");
        assert_false(view.none);
        assert_true(view.pairs >= before);
        before = view.pairs;
        assert_int_equal(first_class(&view)->count, before);
        fig_evidence_release(&view);
        give(&b, "orders", 1);
        merge(&b);
        before++;
    }

    assert_false(fig_evidence_warning(b.evidence, text));
    bench_release(&b);
}


static void
test_routes_are_listed(void **state)
{
    size_t        n;
    bench_t       b;
    fig_str_t    *names;
    fig_arena_t  *arena;

    (void) state;

    bench_init(&b);
    arena = fig_arena_create();
    assert_int_equal(fig_evidence_routes(b.evidence, arena, &names, &n),
                     FIG_OK);
    assert_int_equal(n, 0);
    agree(&b);
    give(&b, "b.json", 1);
    give(&b, "a", 1);
    merge(&b);
    assert_int_equal(fig_evidence_routes(b.evidence, arena, &names, &n),
                     FIG_OK);
    assert_int_equal(n, 2);
    assert_str(names[0], "a");
    assert_str(names[1], "b.json");
    fig_arena_destroy(arena);
    bench_release(&b);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_pairs_are_kept),
        cmocka_unit_test(test_a_route_becomes_ready),
        cmocka_unit_test(test_news_go_around),
        cmocka_unit_test(test_acknowledged_is_kept),
        cmocka_unit_test(test_noise_is_taken_back),
        cmocka_unit_test(test_acknowledged_is_taken_back),
        cmocka_unit_test(test_another_key_is_outdated),
        cmocka_unit_test(test_a_deployment_rolls),
        cmocka_unit_test(test_damaged_files_are_put_aside),
        cmocka_unit_test(test_what_cannot_be_written_stays),
        cmocka_unit_test(test_names_change_and_go),
        cmocka_unit_test(test_classes_are_bounded),
        cmocka_unit_test(test_secrets_are_not_kept),
        cmocka_unit_test(test_a_batch_is_bounded),
        cmocka_unit_test(test_processes_lose_nothing),
        cmocka_unit_test(test_a_death_harms_nothing),
        cmocka_unit_test(test_routes_are_listed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
