/*
 * Opening the state, mapping it and locking it.
 *
 * A file `live` that is replaced while it is mapped is another lock and another
 * image: nothing is written any more until nginx is reloaded.
 */

#define _GNU_SOURCE

#include "fig_txn.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>


void
fig_store_fail(fig_store_t *store, const char *format, ...)
{
    va_list  args;

    pthread_mutex_lock(&store->mutex);

    va_start(args, format);
    (void) vsnprintf(store->error, sizeof(store->error), format, args);
    va_end(args);

    pthread_mutex_unlock(&store->mutex);
}


void
fig_store_warn(fig_store_t *store, size_t torn)
{
    pthread_mutex_lock(&store->mutex);

    (void) snprintf(store->warning, sizeof(store->warning),
                    "an unfinished last line of %lu bytes, which nobody was "
                    "told of, is dropped from \"%.300s/journal.jsonl\"",
                    (unsigned long) torn, store->dir);

    pthread_mutex_unlock(&store->mutex);
}


bool
fig_store_warning(fig_store_t *store, char out[FIG_STORE_ERROR])
{
    pthread_mutex_lock(&store->mutex);

    memcpy(out, store->warning, FIG_STORE_ERROR);
    store->warning[0] = '\0';

    pthread_mutex_unlock(&store->mutex);

    return out[0] != '\0';
}


static void
fig_store_succeed(fig_store_t *store)
{
    pthread_mutex_lock(&store->mutex);
    store->error[0] = '\0';
    pthread_mutex_unlock(&store->mutex);
}


bool
fig_store_error(fig_store_t *store, char out[FIG_STORE_ERROR])
{
    pthread_mutex_lock(&store->mutex);
    memcpy(out, store->error, FIG_STORE_ERROR);
    pthread_mutex_unlock(&store->mutex);

    return out[0] != '\0';
}


static bool
fig_store_setup(fig_store_t *store, const char *dir)
{
    memset(store, 0, sizeof(fig_store_t));
    pthread_mutex_init(&store->mutex, NULL);

    store->limit = FIG_JOURNAL_LIMIT;
    store->user = (uid_t) -1;
    store->group = (gid_t) -1;

    if (strlen(dir) >= sizeof(store->dir)) {
        fig_store_fail(store, "the name of the state directory is too long");
        return false;
    }

    strcpy(store->dir, dir);

    return true;
}


/* An image on the heap, which nobody else sees. */

static bool
fig_store_use_heap(fig_store_t *store)
{
    store->image = calloc(1, fig_state_size(FIG_STATE_SLOTS));
    if (store->image == NULL) {
        return false;
    }

    fig_state_view(&store->state, store->image);
    fig_state_format(&store->state);

    return true;
}


static bool
fig_store_use_file(fig_store_t *store, int fd)
{
    void         *image;
    struct stat   st;

    if (fstat(fd, &st) == -1) {
        return false;
    }

    if (!S_ISREG(st.st_mode) || st.st_size < FIG_STATE_PAGE) {
        errno = EINVAL;
        return false;
    }

    /* the file grows into the mapping */

    image = mmap(NULL, fig_state_size(FIG_STATE_SLOTS), PROT_READ|PROT_WRITE,
                 MAP_SHARED, fd, 0);
    if (image == MAP_FAILED) {
        return false;
    }

    store->image = image;
    store->inode = st.st_ino;
    fig_state_view(&store->state, image);

    return true;
}


static void
fig_store_unmap(fig_store_t *store)
{
    if (store->inode != 0) {
        (void) munmap(store->image, fig_state_size(FIG_STATE_SLOTS));

    } else {
        free(store->image);
    }

    store->image = NULL;
    store->inode = 0;
}


static bool
fig_store_use_sound(fig_store_t *store)
{
    int          fd;
    bool         good;
    struct stat  st;

    fd = fig_store_open(store, "live", O_RDWR);
    if (fd == -1) {
        return false;
    }

    good = fig_store_use_file(store, fd);

    if (good
        && (!fig_state_is_sound(store->state.head)
            || fstat(fd, &st) == -1
            || (uint64_t) st.st_size
               < fig_state_size(store->state.head->nslots)))
    {
        fig_store_unmap(store);
        good = false;
    }

    (void) close(fd);

    return good;
}


bool
fig_store_map(fig_store_t *store, const char *dir)
{
    return fig_store_setup(store, dir) && fig_store_use_sound(store);
}


/*
 * Whether the mapping is of the file that is locked, and all of it: whoever
 * touches a page that the file has lost is killed.
 */

static bool
fig_store_check(fig_txn_t *txn)
{
    int           rc;
    uint32_t      nslots;
    struct stat   st;
    fig_store_t  *store;

    store = txn->store;

    if (fstat(txn->lock, &st) == -1 || (uint64_t) st.st_ino != store->inode) {
        fig_store_fail(store, "\"%.200s/live\" was replaced while it was in "
                       "use: nginx must be reloaded", store->dir);
        return false;
    }

    if (st.st_size < FIG_STATE_PAGE) {
        rc = posix_fallocate(txn->lock, 0, FIG_STATE_PAGE);

        if (rc != 0) {
            fig_store_fail(store, "\"%.200s/live\" was cut off and cannot "
                           "grow: %s", store->dir, strerror(rc));
            return false;
        }

        txn->shrunk = true;
    }

    nslots = fig_state_is_sound(store->state.head) ? store->state.head->nslots
                                                   : 0;

    if ((uint64_t) st.st_size >= fig_state_size(nslots)) {
        return true;
    }

    txn->shrunk = true;

    return fig_store_reserve(txn, nslots);
}


/*
 * The journal, made where there is none yet.  One that is gone is not made, as
 * what was in force is known by its image only.
 */

static bool
fig_store_open_journal(fig_txn_t *txn, bool make)
{
    const fig_state_head_t  *head;

    head = txn->store->state.head;
    txn->journal = fig_store_open(txn->store, "journal.jsonl",
                                  O_RDWR|O_APPEND);

    if (txn->journal == -1 && errno == ENOENT && fig_state_is_sound(head)
        && head->high != 0)
    {
        fig_store_fail(txn->store, "\"%.200s/journal.jsonl\" is gone, but "
                       "entry %lu was in force: nothing is written until it is "
                       "put back, or \"live\" removed, and nginx reloaded",
                       txn->store->dir, (unsigned long) head->high);
        return false;
    }

    if (make || (txn->journal == -1 && errno == ENOENT)) {

        if (txn->journal != -1) {
            (void) close(txn->journal);
        }

        txn->journal = fig_store_open(txn->store, "journal.jsonl",
                                      O_RDWR|O_APPEND|O_CREAT);
    }

    if (txn->journal == -1) {
        fig_store_fail(txn->store, "\"%.200s/journal.jsonl\" cannot be opened: "
                       "%s", txn->store->dir, strerror(errno));
        return false;
    }

    return true;
}


static void
fig_txn_init(fig_txn_t *txn, fig_store_t *store)
{
    memset(txn, 0, sizeof(fig_txn_t));
    txn->store = store;
    txn->lock = -1;
    txn->journal = -1;
}


void
fig_store_end(fig_txn_t *txn)
{
    if (txn->journal != -1) {
        (void) close(txn->journal);
    }

    if (txn->lock != -1) {
        (void) flock(txn->lock, LOCK_UN);
        (void) close(txn->lock);
    }
}


/* What a disk may have forgotten is written again, to another place. */

static bool
fig_store_heal_journal(fig_txn_t *txn)
{
    if (txn->store->state.head->suspect == 0
        || fig_journal_compact(txn, SIZE_MAX))
    {
        return true;
    }

    fig_store_fail(txn->store, "\"%.200s/journal.jsonl\" was not kept by its "
                   "disk, and cannot be written anew: %s", txn->store->dir,
                   strerror(errno));

    return false;
}


static bool
fig_store_begin_within(fig_store_t *store, fig_txn_t *txn, long ms)
{
    fig_txn_init(txn, store);

    if (store->inode == 0) {
        return false;                  /* whose error was told at the start */
    }

    if (!fig_store_lock(txn, false, ms)
        || !fig_store_check(txn)
        || !fig_store_open_journal(txn, false)
        || !fig_store_catch_up(txn, false)
        || !fig_store_heal_journal(txn))
    {
        fig_store_end(txn);
        return false;
    }

    fig_store_succeed(store);

    return true;
}


bool
fig_store_begin(fig_store_t *store, fig_txn_t *txn)
{
    return fig_store_begin_within(store, txn, FIG_LOCK_PATIENCE);
}


/* Where nothing can be made, what is there is read. */

static bool
fig_store_read_only(fig_store_t *store)
{
    fig_txn_t  txn;

    if (!fig_store_use_heap(store)) {
        return false;
    }

    fig_txn_init(&txn, store);
    txn.journal = fig_store_open(store, "journal.jsonl", O_RDONLY);

    if (txn.journal != -1) {
        (void) fig_store_catch_up(&txn, true);
    }

    fig_store_end(&txn);

    return true;
}


/*
 * Maps `live`, with its place on the disk, holes too.  A mapping holds its
 * description open, and with it a lock on that: so it has one of its own.
 */

static bool
fig_store_make(fig_store_t *store, const fig_txn_t *txn)
{
    int          fd, rc;
    bool         mapped;
    struct stat  st, own;

    fd = fig_store_open(store, "live", O_RDWR);
    rc = (fd == -1 || fstat(txn->lock, &st) == -1 || fstat(fd, &own) == -1)
         ? errno : 0;

    /* root must not write to what the workers' user has put there since */

    if (rc == 0 && (own.st_ino != st.st_ino || own.st_dev != st.st_dev)) {
        rc = ESTALE;
    }

    if (rc == 0) {
        rc = posix_fallocate(fd, 0, st.st_size > FIG_STATE_PAGE
                                    ? st.st_size : FIG_STATE_PAGE);
    }

    mapped = (rc == 0) && fig_store_use_file(store, fd);
    rc = (rc == 0) ? errno : rc;

    if (fd != -1) {
        (void) close(fd);
    }

    if (!mapped) {
        fig_store_fail(store, "\"%.200s/live\" cannot be mapped: %s",
                       store->dir, strerror(rc));
        return false;
    }

    if (!fig_state_is_sound(store->state.head)) {
        fig_state_format(&store->state);
    }

    return true;
}


bool
fig_store_init(fig_store_t *store, const char *dir, uid_t user, gid_t group)
{
    bool       useful;
    fig_txn_t  txn;

    if (!fig_store_setup(store, dir)) {
        return fig_store_use_heap(store);
    }

    store->user = user;
    store->group = group;

    fig_txn_init(&txn, store);

    if (!fig_store_lock(&txn, true, FIG_LOCK_PATIENCE)) {
        fig_store_end(&txn);

        /* as good as it is, it is what all others follow */

        return fig_store_use_sound(store) || fig_store_read_only(store);
    }

    useful = fig_store_make(store, &txn) && fig_store_check(&txn);

    if (useful && fig_store_open_journal(&txn, true)) {
        useful = fig_store_catch_up(&txn, true) || !txn.full;
    }

    fig_store_end(&txn);

    if (useful) {
        return true;
    }

    if (store->image != NULL) {
        fig_store_unmap(store);
    }

    return fig_store_read_only(store);
}


void
fig_store_release(fig_store_t *store)
{
    if (store->image == NULL) {
        return;
    }

    fig_store_unmap(store);
    pthread_mutex_destroy(&store->mutex);
}


bool
fig_store_is_behind(const fig_store_t *store)
{
    char                     path[sizeof(store->dir) + 64];
    struct stat              st;
    const fig_state_head_t  *head;

    head = store->state.head;

    if (store->inode == 0
        || !fig_store_path(store, "journal.jsonl", path, sizeof(path)))
    {
        return false;
    }

    if (!fig_state_is_whole(&store->state)) {
        return true;
    }

    return stat(path, &st) == 0
           && ((uint64_t) st.st_ino != head->journal
               || (uint64_t) st.st_size != head->applied);
}


/*
 * Who is dead has left the lock free, and the change is made whole at once; who
 * lives has a moment to be done.
 */

#define FIG_STORE_TRIES   100          /* before the lock is looked at */
#define FIG_STORE_MOMENT  20           /* ms */

bool
fig_store_changes(fig_store_t *store, uint64_t seq, uint64_t old_epoch,
    fig_slot_t **slots, uint32_t *n, uint64_t *state_seq, uint64_t *epoch)
{
    int        i;
    int64_t    start;
    fig_txn_t  txn;

    start = 0;

    for (i = 0; ; i++) {
        if (fig_state_changes(&store->state, seq, old_epoch, slots, n,
                              state_seq, epoch))
        {
            return true;
        }

        (void) sched_yield();

        if (i < FIG_STORE_TRIES) {
            continue;
        }

        if (fig_store_begin_within(store, &txn, 0)) {
            fig_store_end(&txn);
        }

        if (start == 0) {
            start = fig_store_clock();
        }

        if (fig_store_clock() - start >= FIG_STORE_MOMENT) {
            break;
        }
    }

    return fig_state_changes(&store->state, seq, old_epoch, slots, n,
                             state_seq, epoch);
}
