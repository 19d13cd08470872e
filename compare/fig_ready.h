/*
 * Whether a route is ready to flip: a sequential probability ratio test.
 *
 *     S  ^                        ____  most: ln(1/alpha) + 2.31
 *        |            ready   __/  \
 *        |-----------------__/------\-- ln(1/alpha)
 *        |    gathering __/          \_/ one mismatch
 *        |___________/                        m ->
 *
 * A match adds ln((1-p1)/(1-p0)), a mismatch takes ln(p0/p1).  The test may be
 * looked at all the time (A. Wald, Sequential Tests of Statistical Hypotheses,
 * 1945).  One request makes at most 1 % of m: of the most frequent ones counts
 * are kept.  Plain data of one size, so that it can be kept and shared.
 */

#ifndef FIG_READY_H
#define FIG_READY_H

#include "fig_base.h"
#include "fig_compare.h"
#include "fig_latency.h"


#define FIG_READY_REQUESTS  512        /* of which counts are kept */
#define FIG_READY_DISTINCT  100        /* fewer: all of them count */
#define FIG_READY_REASONS   8
#define FIG_READY_TEXT      160


typedef struct {
    double    p0;                      /* 0: 0.001 */
    double    alpha;                   /* 0: 0.01 */
} fig_ready_limits_t;


typedef struct {
    uint64_t  evidence;                /* the key of what is compared */
    int64_t   score;                   /* S in units of 1e-12 */
    uint64_t  matches;
    uint64_t  mismatches;
    uint64_t  incomparable;
    uint64_t  credit;                  /* of matches, in thousandths: m */
    uint64_t  window;                  /* when the present hour began, s */
    uint64_t  pairs[2];                /* of the hour before, and of this */
    uint64_t  failures[2];
    uint32_t  nrequests;               /* that are known */
    uint32_t  counts[FIG_READY_REQUESTS];
    uint64_t  requests[FIG_READY_REQUESTS];
} fig_ready_t;


/* Begins anew, without any evidence. */
void fig_ready_init(fig_ready_t *ready, uint64_t evidence);

/*
 * Counts a pair: acknowledged differences and noise are as good as none.
 * request is a hash of method, path, query, body and sticky value; now is in
 * seconds.
 */
void fig_ready_add(fig_ready_t *ready, const fig_ready_limits_t *limits,
    fig_outcome_t outcome, uint64_t request, uint64_t now);


/*
 * So many mismatches turned out to be acknowledged differences, or noise: they
 * are as good as none now, but not as good as so many different requests.
 */
void fig_ready_forgive(fig_ready_t *ready, const fig_ready_limits_t *limits,
    uint64_t mismatches);


typedef enum {
    FIG_VERDICT_GATHERING,
    FIG_VERDICT_READY,
    FIG_VERDICT_NOT_READY
} fig_verdict_t;


/* What else counts; latencies may be NULL: then they do not. */

typedef struct {
    size_t                nblocking;   /* see fig_classes_blocking() */
    fig_str_t             blocking;    /* one of them, in words */
    const fig_latency_t  *primary;
    const fig_latency_t  *candidate;
} fig_ready_facts_t;


typedef struct {
    fig_verdict_t  verdict;
    size_t         nreasons;           /* at least one */
    char           reasons[FIG_READY_REASONS][FIG_READY_TEXT];
    char           estimate[FIG_READY_TEXT];
    double         score;              /* S */
    double         threshold;          /* ln(1/alpha) */
    uint64_t       m;                  /* matches that count */
    uint64_t       k;
    uint64_t       needed;             /* more matches in a row, at least */
    uint64_t       expected;           /* when, s; 0: not known, or now */
} fig_readiness_t;


void fig_ready_judge(const fig_ready_t *ready,
    const fig_ready_limits_t *limits, const fig_ready_facts_t *facts,
    uint64_t now, fig_readiness_t *readiness);

/* "ready", "not ready", "gathering" */
const char *fig_verdict_name(fig_verdict_t verdict);


#endif /* FIG_READY_H */
