/*
 * Appending an entry and putting it in force.
 *
 *     room in the image -> append, fsync -> publish -> compact, if it is long
 *
 * Once it is on the disk nothing may fail any more: what was acknowledged is in
 * force, and what was not is not in the journal.
 */

#define _GNU_SOURCE

#include "fig_txn.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>


bool
fig_store_reserve(fig_txn_t *txn, uint32_t nslots)
{
    int          rc;
    off_t        size;
    struct stat  st;

    if (txn->store->inode == 0) {
        return true;
    }

    size = (off_t) fig_state_size(nslots);
    size = (size + FIG_STATE_PAGE - 1) / FIG_STATE_PAGE * FIG_STATE_PAGE;

    if (fstat(txn->lock, &st) == 0 && st.st_size >= size) {
        return true;
    }

    rc = posix_fallocate(txn->lock, 0, size);

    if (rc != 0) {
        txn->full = true;
        fig_store_fail(txn->store, "\"%.200s/live\" cannot grow: %s",
                       txn->store->dir, strerror(rc));
        return false;
    }

    return true;
}


int64_t
fig_store_clock(void)
{
    struct timespec  ts;

    (void) clock_gettime(CLOCK_MONOTONIC, &ts);

    return (int64_t) ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}


/*
 * What was appended in part, or is not known to be on the disk, is undone.  A
 * disk that has failed once may say the next time that all is well (Rebello and
 * others, "Can Applications Recover from fsync Failures?", USENIX ATC 2020):
 * the journal is suspect until all of it was written to another file.
 */

static void
fig_store_retract(fig_txn_t *txn, bool synced)
{
    if (ftruncate(txn->journal, (off_t) txn->size) == 0) {
        synced = fsync(txn->journal) == 0 && synced;
    }

    if (!synced) {
        txn->store->state.head->suspect = 1;
    }
}


static bool
fig_store_append(fig_txn_t *txn, const fig_json_out_t *out)
{
    int   error;
    bool  written;

    written = false;

    if ((txn->unsynced && !fig_store_sync_dir(txn))
        || ftruncate(txn->journal, (off_t) txn->size) == -1)
    {
        error = errno;

    } else if ((txn->unfinished && !fig_write_all(txn->journal, "\n", 1))
               || !fig_write_all(txn->journal, out->data, out->len))
    {
        error = errno;
        fig_store_retract(txn, true);

    } else if (fsync(txn->journal) == -1) {
        error = errno;
        fig_store_retract(txn, false);

    } else {
        written = true;
    }

    if (!written) {
        fig_store_fail(txn->store, "\"%.200s/journal.jsonl\" cannot be "
                       "written: %s", txn->store->dir, strerror(error));
        return false;
    }

    txn->size += out->len + txn->unfinished;
    txn->unfinished = false;
    txn->unsynced = false;

    return true;
}


/* The journal begins anew when it is long; if it cannot, it goes on. */

static void
fig_store_compact(fig_txn_t *txn)
{
    size_t    limit;
    uint64_t  slots;

    limit = txn->store->limit;
    slots = txn->store->state.head->nslots;

    /* a slot has some 300 bytes in a snapshot, 500 with what it changes */

    if (txn->size > limit + slots * 1024) {
        (void) fig_journal_compact(txn, limit / 2 + (size_t) slots * 512);
    }
}


bool
fig_store_commit(fig_txn_t *txn, fig_entry_t *entry)
{
    bool             good;
    uint32_t         i;
    fig_slot_t      *slot;
    fig_apply_t      apply;
    fig_store_t     *store;
    fig_json_out_t   out;

    store = txn->store;

    entry->seq = store->state.head->seq + 1;
    entry->time = fig_time_now();

    for (i = 0; i < entry->nmoved; i++) {
        slot = &entry->moved[i].slot;
        slot->seq = entry->seq;

        if (!entry->moved[i].kept) {
            slot->flip = entry->seq;
        }
    }

    if (!fig_apply_init(&apply, &store->state, false)) {
        fig_store_fail(store, "memory is out");
        return false;
    }

    fig_json_out_init(&out);
    fig_entry_encode(entry, &out);

    good = !out.nomem && fig_apply_entry(&apply, entry);

    if (out.nomem || apply.nomem) {
        fig_store_fail(store, "memory is out");

    } else if (!good) {
        fig_store_fail(store, "the state holds no more than %d names",
                       FIG_STATE_SLOTS);
    }

    good = good && fig_store_reserve(txn, apply.nslots)
           && fig_store_append(txn, &out);

    if (good) {
        fig_apply_publish(&apply, txn);
        fig_store_compact(txn);
    }

    fig_json_out_release(&out);
    fig_apply_release(&apply);

    return good;
}
