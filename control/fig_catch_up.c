/*
 * From the journal on the disk to the image in memory.
 *
 *     image: inode of the journal, bytes of it that were applied, seq
 *
 * The same inode, and as many bytes or more: what is behind them is applied.
 * Anything else - a journal that was shortened or replaced, an image that is
 * not sound - and the image is made anew from the whole journal.
 */

#define _GNU_SOURCE

#include "fig_txn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>


bool
fig_store_replay(fig_txn_t *txn, const fig_journal_t *journal, uint64_t from,
    bool anew)
{
    bool          good;
    fig_apply_t   apply;
    fig_store_t  *store;

    store = txn->store;

    if (!fig_apply_init(&apply, &store->state, anew)) {
        fig_store_fail(store, "memory is out");
        return false;
    }

    good = fig_apply_journal(&apply, journal, from);

    if (apply.damage[0] != '\0') {
        fig_store_fail(store, "\"%s/journal.jsonl\" is damaged: %s; repair it "
                       "or move it away", store->dir, apply.damage);
    }

    if (apply.torn) {
        fig_store_warn(store, apply.torn);
    }

    txn->size = from + apply.good;
    txn->unfinished = apply.unfinished;

    if (apply.changed && fig_store_reserve(txn, apply.nslots)) {
        fig_apply_publish(&apply, &store->state, journal->inode, txn->size);

    } else if (apply.changed) {
        good = false;
    }

    fig_apply_release(&apply);

    return good;
}


static bool
fig_store_is_unfinished(int journal, uint64_t size)
{
    char  last;

    return size != 0
           && pread(journal, &last, 1, (off_t) (size - 1)) == 1
           && last != '\n';
}


bool
fig_store_catch_up(fig_txn_t *txn)
{
    bool               good, anew;
    uint64_t           from;
    struct stat        st;
    fig_journal_t      journal;
    fig_state_head_t  *head;

    head = txn->store->state.head;

    if (fstat(txn->journal, &st) == -1) {
        fig_store_fail(txn->store, "\"%s/journal.jsonl\": %s",
                       txn->store->dir, strerror(errno));
        return false;
    }

    anew = !fig_state_is_sound(head)
           || head->begin != head->seq
           || head->journal != (uint64_t) st.st_ino
           || head->applied > (uint64_t) st.st_size;

    from = anew ? 0 : head->applied;

    txn->inode = (uint64_t) st.st_ino;
    txn->size = (uint64_t) st.st_size;

    if (!anew && from == (uint64_t) st.st_size) {
        txn->unfinished = fig_store_is_unfinished(txn->journal, from);
        return true;
    }

    if (!fig_journal_read(txn->journal, from, &journal)) {
        fig_store_fail(txn->store, "\"%s/journal.jsonl\" cannot be read: %s",
                       txn->store->dir, strerror(errno));
        return false;
    }

    good = fig_store_replay(txn, &journal, from, anew);
    free(journal.data);

    return good;
}


bool
fig_store_is_lost(fig_txn_t *txn)
{
    struct stat  st;

    if (txn->store->state.head->seq == 0
        || fstat(txn->journal, &st) == -1 || st.st_size != 0)
    {
        return false;
    }

    fig_store_fail(txn->store, "\"%s/journal.jsonl\" is gone or empty, but %lu "
                   "flips were made; put it back, or remove \"%s/live\" and "
                   "reload nginx to begin anew", txn->store->dir,
                   (unsigned long) txn->store->state.head->seq,
                   txn->store->dir);

    return true;
}
