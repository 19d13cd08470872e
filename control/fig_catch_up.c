/*
 * From the journal on the disk to the image in memory.
 *
 *     image: inode of the journal, bytes of it that were applied, a checksum of
 *     the last of them, seq
 *
 * The same inode, the same bytes and more: what is behind them is applied.
 * Anything else - a journal that was shortened or replaced, an image that is
 * not whole - and the image is made anew from the whole journal.  But a journal
 * that has less than what was in force has lost something: then nothing is
 * written until somebody has had a look.
 */

#define _GNU_SOURCE

#include "fig_txn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>


/* The number of the line that begins at a byte, from 1. */

static uint64_t
fig_journal_line(int fd, uint64_t at)
{
    char         buffer[4096];
    ssize_t      n, i;
    uint64_t     line, done;

    line = 1;

    for (done = 0; done < at; done += (uint64_t) n) {
        n = pread(fd, buffer,
                  at - done < sizeof(buffer) ? (size_t) (at - done)
                                             : sizeof(buffer),
                  (off_t) done);
        if (n <= 0) {
            break;
        }

        for (i = 0; i < n; i++) {
            line += (buffer[i] == '\n');
        }
    }

    return line;
}


static bool
fig_store_is_damaged(const fig_txn_t *txn, const fig_apply_t *apply,
    uint64_t from)
{
    uint64_t  at;

    if (apply->damage[0] == '\0') {
        return false;
    }

    at = from + apply->wrong;

    fig_store_fail(txn->store, "\"%.200s/journal.jsonl\" is damaged in line "
                   "%lu, at byte %lu: %s; nothing is written until it is put "
                   "right, or cut off there and \"live\" removed, and nginx "
                   "reloaded", txn->store->dir,
                   (unsigned long) fig_journal_line(txn->journal, at),
                   (unsigned long) at, apply->damage);

    return true;
}


/* Whether it has less than what was once in force. */

static bool
fig_store_is_lost(const fig_txn_t *txn, uint64_t seq)
{
    const fig_state_head_t  *head;

    head = txn->store->state.head;

    if (!fig_state_is_sound(head) || head->high <= seq) {
        return false;
    }

    fig_store_fail(txn->store, "\"%.200s/journal.jsonl\" ends with entry %lu, "
                   "but entry %lu was in force: nothing is written until what "
                   "is missing is put back, or \"live\" removed, and nginx "
                   "reloaded", txn->store->dir, (unsigned long) seq,
                   (unsigned long) head->high);

    return true;
}


/* What was torn off goes, so that nobody reads it again. */

static bool
fig_store_drop_torn(fig_txn_t *txn, size_t torn)
{
    if (torn == 0) {
        return true;
    }

    fig_store_warn(txn->store, torn);

    if (txn->lock == -1 || ftruncate(txn->journal, (off_t) txn->size) == 0) {
        return true;
    }

    fig_store_fail(txn->store, "\"%.200s/journal.jsonl\" cannot be shortened: "
                   "%s", txn->store->dir, strerror(errno));

    return false;
}


/* Others may be told of it now, so it is made durable before. */

static bool
fig_store_show(fig_txn_t *txn, fig_apply_t *apply)
{
    bool               good;
    fig_state_t       *state;
    fig_state_head_t  *head;

    state = &txn->store->state;
    head = state->head;

    if (apply->anew && fig_state_is_sound(head) && fig_state_is_whole(state)
        && !txn->shrunk && fig_apply_equals(apply, state))
    {
        if (head->journal != txn->inode || head->applied != txn->size
            || head->tail != fig_journal_tail(txn->journal, txn->size))
        {
            fig_state_begin(state, false);
            fig_journal_note(txn);
            fig_state_end(state, head->seq);
        }

        return true;
    }

    if (!fig_store_reserve(txn, apply->nslots)) {
        return false;
    }

    good = (txn->lock == -1 || fsync(txn->journal) == 0);

    if (!good) {
        head->suspect = 1;
        fig_store_fail(txn->store, "\"%.200s/journal.jsonl\" cannot be made "
                       "durable: %s", txn->store->dir, strerror(errno));
    }

    fig_apply_publish(apply, txn);

    return good;
}


/* The image stays as it is, and the journal is read as a whole next time. */

static void
fig_store_distrust(const fig_txn_t *txn)
{
    fig_state_t  *state;

    state = &txn->store->state;

    if (state->head->journal != 0) {
        fig_state_begin(state, false);
        state->head->journal = 0;
        fig_state_end(state, state->head->seq);
    }
}


static bool
fig_store_replay(fig_txn_t *txn, const fig_journal_t *journal, uint64_t from,
    bool anew)
{
    bool                good;
    fig_apply_t         apply;
    const fig_state_t  *state;

    state = &txn->store->state;

    if (!fig_apply_init(&apply, state, anew)) {
        fig_store_fail(txn->store, "memory is out");
        return false;
    }

    (void) fig_apply_journal(&apply, journal);

    if (apply.nomem) {
        fig_store_fail(txn->store, "memory is out");
        fig_apply_release(&apply);
        return false;
    }

    txn->size = from + apply.good;
    txn->unfinished = apply.unfinished;

    good = !fig_store_is_damaged(txn, &apply, from)
           && !fig_store_is_lost(txn, apply.seq)
           && fig_store_drop_torn(txn, apply.torn);

    /* values that were in force are better than what is left of a journal */

    if (good || !fig_state_is_sound(state->head) || !fig_state_is_whole(state)
        || txn->shrunk || state->head->seq < apply.seq)
    {
        good = fig_store_show(txn, &apply) && good;

    } else {
        fig_store_distrust(txn);
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


/* Whether the image has the beginning of this journal, and of no other. */

static bool
fig_store_goes_on(const fig_txn_t *txn)
{
    const fig_state_head_t  *head;

    head = txn->store->state.head;

    return fig_state_is_sound(head) && fig_state_is_whole(&txn->store->state)
           && !txn->shrunk
           && head->journal == txn->inode && head->applied <= txn->size
           && head->tail == fig_journal_tail(txn->journal, head->applied);
}


bool
fig_store_catch_up(fig_txn_t *txn, bool all)
{
    bool               good, anew;
    uint64_t           from;
    struct stat        st;
    fig_journal_t      journal;
    fig_state_head_t  *head;

    head = txn->store->state.head;

    if (fstat(txn->journal, &st) == -1) {
        fig_store_fail(txn->store, "\"%.200s/journal.jsonl\": %s",
                       txn->store->dir, strerror(errno));
        return false;
    }

    txn->inode = (uint64_t) st.st_ino;
    txn->size = (uint64_t) st.st_size;

    /* one that is new here: whoever made it may have died before this */

    if (txn->lock != -1 && head->journal != txn->inode
        && !fig_store_sync_dir(txn))
    {
        fig_store_fail(txn->store, "\"%.200s\" cannot be made durable: %s",
                       txn->store->dir, strerror(errno));
        return false;
    }

    anew = all || !fig_store_goes_on(txn);
    from = anew ? 0 : head->applied;

    if (!anew && from == txn->size) {
        txn->unfinished = fig_store_is_unfinished(txn->journal, from);
        return !fig_store_is_lost(txn, head->seq);
    }

    if (!fig_journal_read(txn->journal, from, &journal)) {
        fig_store_fail(txn->store, "\"%.200s/journal.jsonl\" cannot be read: "
                       "%s", txn->store->dir, strerror(errno));
        return false;
    }

    good = fig_store_replay(txn, &journal, from, anew);
    free(journal.data);

    return good;
}
