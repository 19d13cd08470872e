/*
 * The lock of a store: flock(2) on `live`, on a description of its own each
 * time.
 *
 * It is asked for again and again, and not waited for: a writer that was
 * stopped must not stop all others for as long as it stands still.  Requests
 * ask once.
 */

#define _GNU_SOURCE

#include "fig_journal.h"
#include "fig_txn.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>


/* A writer that was stopped is not waited for by whoever has work to do. */

static bool
fig_store_lock_within(fig_txn_t *txn, long ms)
{
    static const struct timespec  pause = { 0, 1000 * 1000 };

    for ( ;; ) {
        if (flock(txn->lock, LOCK_EX|LOCK_NB) == 0) {
            return true;
        }

        if (errno == EINTR) {
            continue;
        }

        if (errno != EWOULDBLOCK || ms-- == 0) {
            return false;
        }

        (void) nanosleep(&pause, NULL);
    }
}


/* `live` as it is on the disk, locked; made where it is missing. */

bool
fig_store_lock(fig_txn_t *txn, bool make, long ms)
{
    fig_store_t  *store;

    store = txn->store;
    txn->lock = fig_store_open(store, "live", O_RDWR | (make ? O_CREAT : 0));

    if (txn->lock == -1) {
        fig_store_fail(store, "\"%.200s/live\" cannot be opened: %s",
                       store->dir, strerror(errno));
        return false;
    }

    if (fig_store_lock_within(txn, ms)) {
        return true;
    }

    if (ms != 0) {
        fig_store_fail(store, "\"%.200s/live\" cannot be locked: %s",
                       store->dir,
                       errno == EWOULDBLOCK ? "somebody else has it"
                                            : strerror(errno));
    }

    return false;
}
