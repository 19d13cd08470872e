/*
 * Merging batches into the files of routes.
 *
 *     lock -> read -> add pairs -> tmp -> rename -> news -> unlock -> told
 *
 * A route at a time: nobody has the lock for long.
 */

#define _GNU_SOURCE

#include "fig_evidence.h"
#include "fig_batch_pairs.h"
#include "fig_evidence_route.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>


fig_status_t
fig_evidence_open(const char *state, uid_t user, gid_t group,
    fig_evidence_t **opened)
{
    fig_evidence_t      *evidence;
    fig_evidence_txn_t   txn;

    if (strlen(state) >= sizeof(evidence->state)) {
        return FIG_INVALID;
    }

    evidence = calloc(1, sizeof(fig_evidence_t));
    if (evidence == NULL) {
        return FIG_NOMEM;
    }

    strcpy(evidence->state, state);
    evidence->user = user;
    evidence->group = group;
    pthread_mutex_init(&evidence->mutex, NULL);

    if (fig_evidence_begin(evidence, &txn)) {
        fig_evidence_end(&txn);
    }

    *opened = evidence;

    return FIG_OK;
}


void
fig_evidence_close(fig_evidence_t *evidence)
{
    if (evidence != NULL) {
        pthread_mutex_destroy(&evidence->mutex);
        free(evidence);
    }
}


static fig_status_t
fig_evidence_nomem(fig_evidence_t *evidence)
{
    (void) fig_evidence_fail(evidence, "memory is out");

    return FIG_NOMEM;
}


/* Puts aside what cannot be read, so that somebody can have a look at it. */

static bool
fig_evidence_put_aside(fig_evidence_txn_t *txn, const char *file,
    const char *why)
{
    char  aside[FIG_EVIDENCE_FILE + 16];

    (void) snprintf(aside, sizeof(aside), "%s.damaged", file);
    fig_evidence_doubt(txn);

    if (renameat(txn->dir, file, txn->dir, aside) == -1) {
        return fig_evidence_fail(txn->evidence, "\"%.300s/evidence/%s\" is "
                                 "damaged, and cannot be renamed: %s",
                                 txn->evidence->state, file, strerror(errno));
    }

    fig_evidence_warn(txn->evidence, "\"%.300s/evidence/%s\" is damaged (%s): "
                      "it is \"%s\" now, and its evidence begins anew",
                      txn->evidence->state, file, why, aside);

    return fig_evidence_recount(txn);
}


fig_status_t
fig_evidence_load(fig_evidence_txn_t *txn, fig_str_t route,
    fig_record_t *record, size_t *n)
{
    char          *data, file[FIG_EVIDENCE_FILE];
    size_t         len;
    const char    *why;
    fig_status_t   status;

    *n = 0;
    fig_evidence_file(route, file);

    if (fig_evidence_slurp(txn->dir, file, FIG_RECORD_MAX, true, &data,
                           &len))
    {
        *n = fig_record_count(fig_str(data, len));
        status = fig_record_decode(record, route, fig_str(data, len),
                                   fig_evidence_left(txn), &why);
        free(data);

        if (status == FIG_OK) {
            return FIG_OK;
        }

        if (status == FIG_NOMEM) {
            return fig_evidence_nomem(txn->evidence);
        }

    } else if (errno == ENOENT) {
        why = NULL;

    } else if (errno == EFBIG || errno == ELOOP) {
        why = "it is no file, or too large";

    } else {
        (void) fig_evidence_fail(txn->evidence, "\"%.300s/evidence/%s\" cannot "
                                 "be read: %s", txn->evidence->state, file,
                                 strerror(errno));
        return FIG_INVALID;
    }

    *n = 0;

    if (why != NULL && !fig_evidence_put_aside(txn, file, why)) {
        return FIG_INVALID;
    }

    return fig_record_init(record, fig_evidence_left(txn))
           ? FIG_OK : fig_evidence_nomem(txn->evidence);
}


fig_status_t
fig_evidence_save(fig_evidence_txn_t *txn, fig_str_t route,
    fig_record_t *record, size_t n, bool durable, uint64_t now)
{
    char                file[FIG_EVIDENCE_FILE];
    bool                good;
    size_t              after;
    fig_verdict_t       before;
    fig_json_out_t      out;
    fig_readiness_t     readiness;
    const fig_class_t  *class;

    before = record->verdict;
    fig_record_judge(record, route, now, &readiness);
    record->verdict = readiness.verdict;

    after = 0;

    for (class = fig_classes_next(record->classes, NULL, NULL);
         class != NULL;
         class = fig_classes_next(record->classes, NULL, class))
    {
        durable |= (class->expires > now);
        after++;
    }

    fig_json_out_init(&out);
    fig_record_encode(record, route, &out);

    if (out.nomem) {
        fig_json_out_release(&out);
        return fig_evidence_nomem(txn->evidence);
    }

    if (after != n) {
        fig_evidence_doubt(txn);
    }

    fig_evidence_file(route, file);
    good = fig_evidence_replace(txn, file, fig_json_out_text(&out), durable);
    fig_json_out_release(&out);

    if (!good) {
        (void) fig_evidence_fail(txn->evidence, "\"%.300s/evidence/%s\" cannot "
                                 "be written: %s", txn->evidence->state, file,
                                 strerror(errno));
        return FIG_INVALID;
    }

    if (after != n) {
        fig_evidence_count(txn, n, after);
    }

    if (record->verdict != before) {
        fig_evidence_tell(txn, route, FIG_NEWS_VERDICT, record->verdict, 0,
                          now);
    }

    return FIG_OK;
}


bool
fig_evidence_remove(fig_evidence_txn_t *txn, fig_str_t route, bool durable)
{
    char  file[FIG_EVIDENCE_FILE];

    fig_evidence_file(route, file);
    fig_evidence_doubt(txn);

    if (unlinkat(txn->dir, file, 0) == -1
        || (durable && !fig_evidence_sync(txn)))
    {
        return fig_evidence_fail(txn->evidence, "\"%.300s/evidence/%s\" cannot "
                                 "be removed: %s", txn->evidence->state, file,
                                 strerror(errno));
    }

    return fig_evidence_recount(txn);
}


/* The ids of classes that are counted. */

static size_t
fig_evidence_ids(const fig_record_t *record,
    uint64_t ids[FIG_CLASSES_PER_ROUTE + 1])
{
    size_t              n;
    const fig_class_t  *class;

    n = 0;

    for (class = fig_classes_next(record->classes, NULL, NULL);
         class != NULL && n <= FIG_CLASSES_PER_ROUTE;
         class = fig_classes_next(record->classes, NULL, class))
    {
        if (class->count != 0) {
            ids[n++] = class->id;
        }
    }

    return n;
}


static void
fig_evidence_tell_classes(fig_evidence_txn_t *txn, fig_str_t route,
    const fig_record_t *record, const uint64_t *ids, size_t n, uint64_t now)
{
    size_t    i, k, nafter;
    uint64_t  after[FIG_CLASSES_PER_ROUTE + 1];

    nafter = fig_evidence_ids(record, after);

    for (i = 0; i < nafter; i++) {
        for (k = 0; k < n && ids[k] != after[i]; k++) { /* void */ }

        if (k == n) {
            fig_evidence_tell(txn, route, FIG_NEWS_CLASS, record->verdict,
                              after[i], now);
        }
    }
}


static fig_status_t
fig_evidence_merge_route(fig_evidence_txn_t *txn, fig_batch_route_t *route,
    uint64_t now)
{
    size_t             n, nids;
    uint64_t           ids[FIG_CLASSES_PER_ROUTE + 1];
    fig_status_t       status;
    fig_record_t       record;
    fig_batch_pair_t  *pair;

    status = fig_evidence_load(txn, route->name, &record, &n);
    if (status != FIG_OK) {
        return status;
    }

    nids = fig_evidence_ids(&record, ids);

    for (pair = route->first; pair != NULL; pair = pair->next) {
        fig_record_add(&record, pair);
    }

    fig_record_forgive(&record, now);

    status = fig_evidence_save(txn, route->name, &record, n, false, now);

    if (status == FIG_OK) {
        fig_evidence_tell_classes(txn, route->name, &record, ids, nids, now);
    }

    fig_record_release(&record);

    return status;
}


static size_t
fig_evidence_count_routes(const fig_batch_t *batch)
{
    size_t                    n;
    const fig_batch_route_t  *route;

    n = 0;

    for (route = batch->routes; route != NULL; route = route->next) {
        n++;
    }

    return n;
}


/* One that cannot be merged does not stand in the way of others. */

fig_status_t
fig_evidence_merge(fig_evidence_t *evidence, fig_batch_t *batch, uint64_t now,
    fig_evidence_told_pt told, void *data)
{
    size_t               left;
    fig_status_t         status, worst;
    fig_batch_pair_t    *pair;
    fig_batch_route_t   *route;
    fig_evidence_txn_t   txn;

    worst = FIG_OK;

    for (left = fig_evidence_count_routes(batch); left != 0 && batch->n != 0;
         left--)
    {
        route = batch->routes;

        if (route->n != 0) {
            if (!fig_evidence_begin(evidence, &txn)) {
                return FIG_INVALID;
            }

            status = fig_evidence_merge_route(&txn, route, now);
            fig_evidence_end(&txn);

            if (status != FIG_OK) {
                worst = status;
                fig_batch_defer(batch);
                continue;
            }
        }

        for (pair = route->first; told != NULL && pair != NULL;
             pair = pair->next)
        {
            told(data, route->name, pair->outcome, pair->new_classes);
        }

        fig_batch_pop(batch);
    }

    return worst;
}
