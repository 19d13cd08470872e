/*
 * What people do with evidence, and what becomes of it when rules change.
 */

#define _GNU_SOURCE

#include "fig_batch_pairs.h"
#include "fig_evidence_route.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>


/*
 * The record of the route that has a class, locked.  Nothing is open unless it
 * is FIG_EVIDENCE_DONE.
 */

static fig_evidence_done_t
fig_edit_begin(fig_evidence_t *evidence, uint64_t id, char *route,
    fig_evidence_txn_t *txn, fig_record_t *record, size_t *n)
{
    if (!fig_evidence_find(evidence, id, route)) {
        return FIG_EVIDENCE_NOTHING;
    }

    if (!fig_evidence_begin(evidence, txn)) {
        return FIG_EVIDENCE_FAILED;
    }

    if (fig_evidence_load(txn, fig_str_from(route), record, n) != FIG_OK) {
        fig_evidence_end(txn);
        return FIG_EVIDENCE_FAILED;
    }

    if (fig_classes_find(record->classes, id) == NULL) {
        fig_record_release(record);
        fig_evidence_end(txn);
        return FIG_EVIDENCE_NOTHING;
    }

    return FIG_EVIDENCE_DONE;
}


static fig_evidence_done_t
fig_edit_end(fig_evidence_txn_t *txn, const char *route, fig_record_t *record,
    size_t n, uint64_t now)
{
    fig_status_t  status;

    status = fig_evidence_save(txn, fig_str_from(route), record, n, true, now);
    fig_record_release(record);
    fig_evidence_end(txn);

    return (status == FIG_OK) ? FIG_EVIDENCE_DONE : FIG_EVIDENCE_FAILED;
}


fig_evidence_done_t
fig_evidence_acknowledge(fig_evidence_t *evidence, uint64_t id,
    const fig_acknowledgement_t *ack, uint64_t now)
{
    char                 route[FIG_EVIDENCE_NAME];
    size_t               n;
    fig_status_t         status;
    fig_record_t         record;
    fig_evidence_txn_t   txn;
    fig_evidence_done_t  done;

    done = fig_edit_begin(evidence, id, route, &txn, &record, &n);
    if (done != FIG_EVIDENCE_DONE) {
        return done;
    }

    status = fig_classes_acknowledge(record.classes, id, ack->reason,
                                     ack->owner, ack->by, ack->expires, now);

    if (status != FIG_OK) {
        (void) fig_evidence_fail(evidence, status == FIG_NOMEM
                                 ? "memory is out"
                                 : "a reason and an owner are needed");
        fig_record_release(&record);
        fig_evidence_end(&txn);
        return FIG_EVIDENCE_FAILED;
    }

    fig_record_forgive(&record, now);

    return fig_edit_end(&txn, route, &record, n, now);
}


fig_evidence_done_t
fig_evidence_forget(fig_evidence_t *evidence, uint64_t id, uint64_t now)
{
    char                 route[FIG_EVIDENCE_NAME];
    size_t               n;
    fig_record_t         record;
    fig_evidence_txn_t   txn;
    fig_evidence_done_t  done;

    done = fig_edit_begin(evidence, id, route, &txn, &record, &n);
    if (done != FIG_EVIDENCE_DONE) {
        return done;
    }

    (void) fig_classes_forget(record.classes, id);

    return fig_edit_end(&txn, route, &record, n, now);
}


/* When a route's file was written last; false: there is none. */

static bool
fig_edit_time(const fig_evidence_txn_t *txn, fig_str_t route, uint64_t *time)
{
    char         file[FIG_EVIDENCE_FILE];
    struct stat  st;

    fig_evidence_file(route, file);

    if (fstatat(txn->dir, file, &st, AT_SYMLINK_NOFOLLOW) == -1) {
        return false;
    }

    *time = (uint64_t) st.st_mtime;

    return true;
}


fig_evidence_done_t
fig_evidence_reset(fig_evidence_t *evidence, fig_str_t route)
{
    uint64_t             time;
    fig_evidence_txn_t   txn;
    fig_evidence_done_t  done;

    if (!fig_batch_is_name(route)) {
        return FIG_EVIDENCE_NOTHING;
    }

    if (!fig_evidence_begin(evidence, &txn)) {
        return FIG_EVIDENCE_FAILED;
    }

    if (!fig_edit_time(&txn, route, &time)) {
        done = FIG_EVIDENCE_NOTHING;

    } else {
        done = fig_evidence_remove(&txn, route, true) ? FIG_EVIDENCE_DONE
                                                      : FIG_EVIDENCE_FAILED;
    }

    fig_evidence_end(&txn);

    return done;
}


static int
fig_edit_compare(const void *one, const void *two)
{
    const fig_evidence_name_t  *a = one, *b = two;

    int     rc;
    size_t  len;

    len = (a->name.len < b->name.len) ? a->name.len : b->name.len;
    rc = memcmp(a->name.data, b->name.data, len);

    return (rc != 0) ? rc : (a->name.len > b->name.len)
                            - (a->name.len < b->name.len);
}


static bool
fig_edit_has(const fig_evidence_name_t *sorted, size_t n, fig_str_t name)
{
    fig_evidence_name_t  key;

    key.name = name;

    return n != 0
           && bsearch(&key, sorted, n, sizeof(fig_evidence_name_t),
                      fig_edit_compare) != NULL;
}


/*
 * What is known under the old name goes to the new one, which may have begun
 * on its own a moment ago: that is little, and given up.
 */

static fig_status_t
fig_edit_rename(fig_evidence_txn_t *txn, const fig_evidence_name_t *name,
    uint64_t now)
{
    size_t        n, had;
    uint64_t      began, time;
    fig_status_t  status;
    fig_record_t  record, young;

    if (!fig_edit_time(txn, name->was, &time)) {
        return FIG_OK;
    }

    began = UINT64_MAX;
    had = 0;

    if (fig_edit_time(txn, name->name, &time)) {
        status = fig_evidence_load(txn, name->name, &young, &had);
        if (status != FIG_OK) {
            return status;
        }

        began = young.since;
        fig_record_release(&young);
    }

    status = fig_evidence_load(txn, name->was, &record, &n);
    if (status != FIG_OK) {
        return status;
    }

    if (record.since < began) {
        status = fig_classes_rename(record.classes, name->was, name->name);

        if (status == FIG_OK) {
            status = fig_evidence_save(txn, name->name, &record, had, true,
                                       now);
        }
    }

    fig_record_release(&record);

    if (status == FIG_OK && !fig_evidence_remove(txn, name->was, true)) {
        status = FIG_INVALID;
    }

    return status;
}


static fig_status_t
fig_edit_sweep(fig_evidence_txn_t *txn, const fig_evidence_name_t *sorted,
    size_t n, fig_arena_t *arena, uint64_t now)
{
    size_t         i, nfiles;
    uint64_t       time;
    fig_str_t     *files;
    fig_status_t   status;

    for (i = 0; i < n; i++) {
        if (!fig_batch_is_name(sorted[i].was)
            || !fig_batch_is_name(sorted[i].name)
            || fig_edit_has(sorted, n, sorted[i].was))
        {
            continue;
        }

        status = fig_edit_rename(txn, &sorted[i], now);
        if (status != FIG_OK) {
            return status;
        }
    }

    status = fig_evidence_routes(txn->evidence, arena, &files, &nfiles);
    if (status != FIG_OK) {
        return status;
    }

    for (i = 0; i < nfiles; i++) {
        if (!fig_edit_has(sorted, n, files[i])
            && fig_edit_time(txn, files[i], &time)
            && time + FIG_EVIDENCE_GONE < now
            && !fig_evidence_remove(txn, files[i], false))
        {
            return FIG_INVALID;
        }
    }

    return fig_evidence_recount(txn) ? FIG_OK : FIG_INVALID;
}


fig_status_t
fig_evidence_sweep(fig_evidence_t *evidence, const fig_evidence_name_t *names,
    size_t n, uint64_t now)
{
    fig_arena_t          *arena;
    fig_status_t          status;
    fig_evidence_txn_t    txn;
    fig_evidence_name_t  *sorted;

    arena = fig_arena_create();
    if (arena == NULL) {
        return FIG_NOMEM;
    }

    status = FIG_NOMEM;
    sorted = fig_arena_array(arena, n + 1, sizeof(fig_evidence_name_t));

    if (sorted != NULL) {
        if (n != 0) {
            memcpy(sorted, names, n * sizeof(fig_evidence_name_t));
            qsort(sorted, n, sizeof(fig_evidence_name_t), fig_edit_compare);
        }

        status = FIG_INVALID;

        if (fig_evidence_begin(evidence, &txn)) {
            status = fig_edit_sweep(&txn, sorted, n, arena, now);
            fig_evidence_end(&txn);
        }
    }

    fig_arena_destroy(arena);

    return status;
}
