/*
 * What comparisons have found, kept in the state directory: difference classes
 * and the readiness of each route.
 *
 *     DIR/evidence/NAME.json    of one route, written anew and renamed
 *     DIR/evidence/.lock        flock(2), and the last news
 *
 *     worker: batch --merge--\
 *     worker: batch --merge----> lock, read, add, write, rename, unlock
 *     API:    read, acknowledge, reset
 *
 * No process is special, and any thread may call: everything here blocks, but
 * no longer than a few seconds.  Files belong to the workers' user, mode 0600.
 * Times are seconds.
 */

#ifndef FIG_EVIDENCE_H
#define FIG_EVIDENCE_H

#include "fig_arena.h"
#include "fig_batch.h"
#include "fig_classes.h"
#include "fig_ready.h"

#include <sys/types.h>


#define FIG_EVIDENCE_ERROR  512
#define FIG_EVIDENCE_NAME   64         /* room for the name of a route */
#define FIG_EVIDENCE_GONE   (30 * 86400)   /* s that a route may be missing */


typedef struct fig_evidence_s  fig_evidence_t;


/*
 * Makes the directory in a state directory.  Where that cannot be done, it is
 * tried again whenever something is to be written, and fig_evidence_error()
 * says why.  Root gives what it makes to user and group.  FIG_NOMEM, or
 * FIG_INVALID when the name is too long; *evidence is set on FIG_OK only.
 */
fig_status_t fig_evidence_open(const char *state, uid_t user, gid_t group,
    fig_evidence_t **evidence);

/* NULL is allowed. */
void fig_evidence_close(fig_evidence_t *evidence);

/* Copies why it could not be written the last time; false: it could. */
bool fig_evidence_error(fig_evidence_t *evidence,
    char out[FIG_EVIDENCE_ERROR]);

/* Copies what is to be logged, once; false: nothing is. */
bool fig_evidence_warning(fig_evidence_t *evidence,
    char out[FIG_EVIDENCE_ERROR]);


/* Called once for each pair that was merged. */

typedef void (*fig_evidence_told_pt)(void *data, fig_str_t route,
    fig_outcome_t outcome, size_t new_classes);

/*
 * Merges the pairs of a batch, which is empty then.  Otherwise - FIG_NOMEM, or
 * FIG_INVALID: the error says why - what could not be merged stays in it.
 *
 * Evidence begins anew when what is compared has another key, or other builds
 * answer than before.  While both builds of a deployment answer, pairs of the
 * older one do not count.
 */
fig_status_t fig_evidence_merge(fig_evidence_t *evidence, fig_batch_t *batch,
    uint64_t now, fig_evidence_told_pt told, void *data);


/* The evidence of a route at one moment. */

typedef struct {
    fig_str_t        route;            /* as in the call */
    bool             none;             /* there is no evidence */
    bool             outdated;         /* it is of another key */
    uint64_t         key;
    uint64_t         version;
    uint64_t         since;
    uint64_t         updated;
    uint64_t         pairs;            /* without incomparable ones */
    uint64_t         mismatches;
    uint64_t         incomparable;
    uint64_t         dropped;          /* of an older build */
    uint32_t         probes;
    uint32_t         old_p99;          /* us; 0: not known */
    uint32_t         new_p99;
    fig_readiness_t  readiness;
    fig_classes_t   *classes;
} fig_evidence_view_t;

/*
 * Reads it.  key is that of the rules: evidence of another says nothing about
 * them, but its classes do; 0: whatever it is.  FIG_OK, also where there is
 * none, or FIG_NOMEM.  Release with fig_evidence_release().
 */
fig_status_t fig_evidence_read(fig_evidence_t *evidence, fig_str_t route,
    uint64_t key, uint64_t now, fig_evidence_view_t *view);
void fig_evidence_release(fig_evidence_view_t *view);

/* The routes that have evidence, sorted. */
fig_status_t fig_evidence_routes(fig_evidence_t *evidence, fig_arena_t *arena,
    fig_str_t **names, size_t *n);

/* The route of a class; false: there is none. */
bool fig_evidence_find(fig_evidence_t *evidence, uint64_t id,
    char route[FIG_EVIDENCE_NAME]);


typedef enum {
    FIG_EVIDENCE_DONE = 0,
    FIG_EVIDENCE_NOTHING,              /* there is no such class or route */
    FIG_EVIDENCE_FAILED                /* the error says why */
} fig_evidence_done_t;


typedef struct {
    fig_str_t  reason;
    fig_str_t  owner;
    fig_str_t  by;
    uint64_t   expires;                /* 0: takes it back */
} fig_acknowledgement_t;

/* What these have done is durable.  See fig_classes_acknowledge(). */
fig_evidence_done_t fig_evidence_acknowledge(fig_evidence_t *evidence,
    uint64_t id, const fig_acknowledgement_t *acknowledgement, uint64_t now);

/* Drops a class, but not the mismatches that it made. */
fig_evidence_done_t fig_evidence_forget(fig_evidence_t *evidence, uint64_t id,
    uint64_t now);

/* Drops all that is known of a route. */
fig_evidence_done_t fig_evidence_reset(fig_evidence_t *evidence,
    fig_str_t route);


/* A route of the rules, and what it was called before, or empty. */

typedef struct {
    fig_str_t  name;
    fig_str_t  was;
} fig_evidence_name_t;

/*
 * Gives the evidence of renamed routes its new name, removes that of routes
 * that have been gone for FIG_EVIDENCE_GONE, and counts classes anew.  To be
 * called now and then, and when rules have changed.
 */
fig_status_t fig_evidence_sweep(fig_evidence_t *evidence,
    const fig_evidence_name_t *names, size_t n, uint64_t now);


/* What has happened, for who watches: the last FIG_EVIDENCE_NEWS of it. */

#define FIG_EVIDENCE_NEWS  512

typedef enum {
    FIG_NEWS_CLASS = 1,                /* a new one */
    FIG_NEWS_VERDICT
} fig_news_kind_t;


typedef struct {
    uint64_t       seq;
    uint64_t       id;                 /* of the class */
    uint64_t       time;
    uint8_t        kind;
    uint8_t        verdict;
    uint8_t        len;
    char           route[FIG_EVIDENCE_NAME];
    char           unused[37];
} fig_news_t;

/* The number of the last one: a glance.  0: there is none. */
uint64_t fig_evidence_last(fig_evidence_t *evidence);

/*
 * Copies the news after *seq, the oldest first, at most max of them, and moves
 * *seq on.  What is not kept any more is left out.
 */
size_t fig_evidence_news(fig_evidence_t *evidence, uint64_t *seq,
    fig_news_t *news, size_t max);


#endif /* FIG_EVIDENCE_H */
