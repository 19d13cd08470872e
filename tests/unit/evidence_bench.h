/*
 * A state directory with evidence in it, for tests.
 *
 *     give(b, "orders", MATCH)         a pair, into the batch
 *     merge(b)                         the batch, into the files
 */

#ifndef EVIDENCE_BENCH_H
#define EVIDENCE_BENCH_H

#include "unit.h"

#include "fig_evidence.h"

#include <ftw.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>


#define NOW  1000000


typedef struct {
    char              dir[64];
    fig_evidence_t   *evidence;
    fig_batch_t      *batch;
    fig_difference_t  differences[4];
    fig_comparison_t  comparison;
    fig_pair_t        pair;
    size_t            told[FIG_OUTCOME_NOISE + 1];
    size_t            new_classes;
} bench_t;


static inline void
bench_init(bench_t *b)
{
    memset(b, 0, sizeof(bench_t));
    strcpy(b->dir, "/tmp/strangler-evidence-XXXXXX");
    assert_non_null(mkdtemp(b->dir));
    assert_int_equal(fig_evidence_open(b->dir, getuid(), getgid(),
                                       &b->evidence), FIG_OK);
    b->batch = fig_batch_create(1024 * 1024);
    assert_non_null(b->batch);

    b->pair.key = 7;
    b->pair.name = fig_str_from("GET /a?token=secret");
    b->pair.id = fig_str_from("r1");
    b->pair.time = NOW;
    b->pair.old_us = 1000;
    b->pair.new_us = 1000;
    b->pair.comparison = &b->comparison;
}


static inline int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void) st;
    (void) kind;
    (void) ftw;

    return remove(path);
}


static inline void
bench_release(bench_t *b)
{
    fig_batch_destroy(b->batch);
    fig_evidence_close(b->evidence);
    (void) nftw(b->dir, remove_one, 8, FTW_DEPTH|FTW_PHYS);
}


/* Whether a file of the directory is there; its size. */

static inline long
bench_size(const bench_t *b, const char *file)
{
    char         path[256];
    struct stat  st;

    snprintf(path, sizeof(path), "%s/evidence/%s", b->dir, file);

    return (stat(path, &st) == 0) ? (long) st.st_size : -1;
}


/* The next pair differs in this, or in nothing. */

static inline fig_difference_t *
differ(bench_t *b, fig_kind_t kind, const char *path)
{
    fig_difference_t  *difference = &b->differences[0];

    memset(difference, 0, sizeof(fig_difference_t));
    difference->part = FIG_PART_BODY;
    difference->kind = kind;
    difference->first = true;
    difference->path = fig_str_from(path);
    difference->from = fig_str_from("number");
    difference->to = fig_str_from("string");
    difference->pointer = fig_str_from("/a");

    b->comparison.outcome = FIG_OUTCOME_MISMATCH;
    b->comparison.differences = b->differences;
    b->comparison.n = b->comparison.total = 1;

    return difference;
}


static inline void
agree(bench_t *b)
{
    memset(&b->comparison, 0, sizeof(fig_comparison_t));
    b->comparison.outcome = FIG_OUTCOME_MATCH;
}


/* n pairs as they are set, each of another request. */

static inline void
give(bench_t *b, const char *route, size_t n)
{
    while (n-- != 0) {
        b->pair.route = fig_str_from(route);
        b->pair.request++;
        assert_int_equal(fig_batch_add(b->batch, &b->pair), FIG_OK);
    }
}


static inline void
bench_told(void *data, fig_str_t route, fig_outcome_t outcome,
    size_t new_classes)
{
    bench_t  *b = data;

    (void) route;

    b->told[outcome]++;
    b->new_classes += new_classes;
}


static inline void
merge(bench_t *b)
{
    char  error[FIG_EVIDENCE_ERROR];

    if (fig_evidence_merge(b->evidence, b->batch, b->pair.time, bench_told, b)
        != FIG_OK)
    {
        fig_evidence_error(b->evidence, error);
        fail_msg("%s", error);
    }

    assert_int_equal(fig_batch_count(b->batch), 0);
}


static inline fig_evidence_view_t
look(bench_t *b, const char *route)
{
    fig_evidence_view_t  view;

    assert_int_equal(fig_evidence_read(b->evidence, fig_str_from(route), 0,
                                       b->pair.time, &view), FIG_OK);

    return view;
}


static inline const fig_class_t *
first_class(const fig_evidence_view_t *view)
{
    const fig_class_t  *class;

    class = fig_classes_next(view->classes, NULL, NULL);
    assert_non_null(class);

    return class;
}


static inline size_t
count_classes(const fig_evidence_view_t *view)
{
    size_t              n;
    const fig_class_t  *class;

    for (n = 0, class = NULL; ; n++) {
        class = fig_classes_next(view->classes, NULL, class);

        if (class == NULL) {
            return n;
        }
    }
}


#endif /* EVIDENCE_BENCH_H */
