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
fig_store_use_file(fig_store_t *store, int fd, int protection)
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

    image = mmap(NULL, fig_state_size(FIG_STATE_SLOTS), protection, MAP_SHARED,
                 fd, 0);
    if (image == MAP_FAILED) {
        return false;
    }

    store->image = image;
    store->inode = st.st_ino;
    fig_state_view(&store->state, image);

    return true;
}


bool
fig_store_map(fig_store_t *store, const char *dir)
{
    int          fd;
    bool         good;
    struct stat  st;

    if (!fig_store_setup(store, dir)) {
        return false;
    }

    fd = fig_store_open(store, "live", O_RDWR);
    if (fd == -1) {
        return false;
    }

    good = fig_store_use_file(store, fd, PROT_READ|PROT_WRITE);

    if (good
        && (!fig_state_is_sound(store->state.head)
            || fstat(fd, &st) == -1
            || (uint64_t) st.st_size
               < fig_state_size(store->state.head->nslots)))
    {
        (void) munmap(store->image, fig_state_size(FIG_STATE_SLOTS));
        store->image = NULL;
        good = false;
    }

    (void) close(fd);

    return good;
}


/* `live` as it is on the disk, locked; made where it is missing. */

static bool
fig_store_lock(fig_txn_t *txn, bool make)
{
    int           fd;
    struct stat   st;
    fig_store_t  *store;

    store = txn->store;

    fd = fig_store_open(store, "live", O_RDWR | (make ? O_CREAT : 0));

    if (fd == -1) {
        fig_store_fail(store, "\"%s/live\" cannot be opened: %s", store->dir,
                       strerror(errno));
        return false;
    }

    while (flock(fd, LOCK_EX) == -1) {
        if (errno != EINTR) {
            fig_store_fail(store, "\"%s/live\" cannot be locked: %s",
                           store->dir, strerror(errno));
            (void) close(fd);
            return false;
        }
    }

    if (!make && (fstat(fd, &st) == -1 || st.st_ino != store->inode)) {
        fig_store_fail(store, "\"%s/live\" was replaced while it was in use; "
                       "reload nginx", store->dir);
        (void) close(fd);
        return false;
    }

    txn->lock = fd;

    return true;
}


static bool
fig_store_open_journal(fig_txn_t *txn, int flags)
{
    txn->journal = fig_store_open(txn->store, "journal.jsonl", flags);

    if (txn->journal == -1) {
        fig_store_fail(txn->store, "\"%s/journal.jsonl\" cannot be opened: %s",
                       txn->store->dir, strerror(errno));
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


bool
fig_store_begin(fig_store_t *store, fig_txn_t *txn)
{
    fig_txn_init(txn, store);

    if (store->inode == 0) {
        return false;                  /* whose error was told at the start */
    }

    if (!fig_store_lock(txn, false)
        || !fig_store_open_journal(txn, O_RDWR|O_APPEND|O_CREAT)
        || fig_store_is_lost(txn)
        || !fig_store_catch_up(txn))
    {
        fig_store_end(txn);
        return false;
    }

    fig_store_succeed(store);

    return true;
}


/* Where nothing can be made, what is there is read. */

static bool
fig_store_read_only(fig_store_t *store)
{
    fig_txn_t      txn;
    fig_journal_t  journal;

    if (!fig_store_use_heap(store)) {
        return false;
    }

    fig_txn_init(&txn, store);
    txn.journal = fig_store_open(store, "journal.jsonl", O_RDONLY);

    if (txn.journal != -1 && fig_journal_read(txn.journal, 0, &journal)) {
        (void) fig_store_replay(&txn, &journal, 0, true);
        free(journal.data);
    }

    fig_store_end(&txn);

    return true;
}


static bool
fig_store_make(fig_store_t *store, fig_txn_t *txn)
{
    int          fd;
    bool         mapped;
    struct stat  st;

    if (fstat(txn->lock, &st) == -1
        || !S_ISREG(st.st_mode))
    {
        fig_store_fail(store, "\"%s/live\" is no file", store->dir);
        return false;
    }

    /* a mapping holds its description open, and with it a lock on that */

    fd = fig_store_open(store, "live", O_RDWR);

    mapped = fd != -1
             && posix_fallocate(fd, 0, FIG_STATE_PAGE) == 0
             && fig_store_use_file(store, fd, PROT_READ|PROT_WRITE);

    if (fd != -1) {
        (void) close(fd);
    }

    if (!mapped) {
        fig_store_fail(store, "\"%s/live\" cannot be mapped: %s", store->dir,
                       strerror(errno));
        return false;
    }

    if (!fig_state_is_sound(store->state.head)
        || !fig_store_reserve(txn, store->state.head->nslots))
    {
        fig_state_format(&store->state);
    }

    return true;
}


bool
fig_store_init(fig_store_t *store, const char *dir, uid_t user, gid_t group)
{
    fig_txn_t  txn;

    if (!fig_store_setup(store, dir)) {
        return fig_store_use_heap(store);
    }

    store->user = user;
    store->group = group;

    fig_txn_init(&txn, store);

    if (!fig_store_lock(&txn, true) || !fig_store_make(store, &txn)) {
        fig_store_end(&txn);
        return fig_store_read_only(store);
    }

    if (fig_store_open_journal(&txn, O_RDWR|O_APPEND|O_CREAT)
        && !fig_store_is_lost(&txn))
    {
        (void) fig_store_catch_up(&txn);
    }

    fig_store_end(&txn);

    return true;
}


void
fig_store_release(fig_store_t *store)
{
    if (store->image == NULL) {
        return;
    }

    if (store->inode != 0) {
        (void) munmap(store->image, fig_state_size(FIG_STATE_SLOTS));

    } else {
        free(store->image);
    }

    store->image = NULL;
    pthread_mutex_destroy(&store->mutex);
}


bool
fig_store_is_behind(const fig_store_t *store)
{
    char         path[sizeof(store->dir) + 64];
    struct stat  st;

    if (store->inode == 0
        || !fig_store_path(store, "journal.jsonl", path, sizeof(path))
        || stat(path, &st) == -1)
    {
        return false;
    }

    return (uint64_t) st.st_ino != store->state.head->journal
           || (uint64_t) st.st_size != store->state.head->applied;
}
