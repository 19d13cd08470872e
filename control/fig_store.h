/*
 * The state directory's flips: the journal and the image of what it amounts to.
 *
 *     DIR/journal.jsonl   an entry a line (fig_entry.h), appended and fsynced
 *     DIR/live            the image (fig_state.h), mapped shared
 *
 *     begin    lock, catch up with what other processes appended, heal what a
 *              death left half done
 *     commit   append, fsync, put in force
 *     end      unlock
 *
 * The lock is flock(2) on a description of `live` opened anew each time, so
 * that threads of one process, and processes that were forked from one, exclude
 * each other too.  Everything here blocks and may be called by any thread; one
 * store may be used by several threads at once.
 */

#ifndef FIG_STORE_H
#define FIG_STORE_H

#include "fig_entry.h"

#include <pthread.h>
#include <sys/types.h>


#define FIG_STORE_ERROR  512

/* A journal longer than this begins anew with a snapshot; bytes. */
#define FIG_JOURNAL_LIMIT  (4 * 1024 * 1024)


typedef struct {
    char             dir[3072];
    uid_t            user;             /* owner of what is made as root */
    gid_t            group;

    void            *image;            /* mapped, or on the heap */
    uint64_t         inode;            /* of `live`; 0: on the heap */
    fig_state_t      state;

    pthread_mutex_t  mutex;            /* of the two texts */
    char             error[FIG_STORE_ERROR];   /* why it cannot be written;
                                                  "": it can */
    char             warning[FIG_STORE_ERROR]; /* not told yet; "": none */
    size_t           limit;            /* FIG_JOURNAL_LIMIT, less in tests */
} fig_store_t;


/*
 * Maps the image of dir and brings it up to date.  Where that cannot be done -
 * no directory, a full disk, a damaged journal - the state is as much of it as
 * can be read, and fig_store_error() says why it cannot be changed.  Returns
 * false only when memory is out.  Release with fig_store_release().
 */
bool fig_store_init(fig_store_t *store, const char *dir, uid_t user,
    gid_t group);

/*
 * Only maps the image, without a look at the journal: for processes that serve
 * requests, after one has called fig_store_init().  False: there is no sound
 * image.
 */
bool fig_store_map(fig_store_t *store, const char *dir);

void fig_store_release(fig_store_t *store);

/* Copies why it cannot be written; false: it can. */
bool fig_store_error(fig_store_t *store, char out[FIG_STORE_ERROR]);

/* Copies what is to be logged, once; false: nothing is. */
bool fig_store_warning(fig_store_t *store, char out[FIG_STORE_ERROR]);

/*
 * Whether the journal has what the image has not, or the image is half of a
 * change: one look at a file.  fig_store_begin() makes it right.
 */
bool fig_store_is_behind(const fig_store_t *store);

/*
 * As fig_state_changes(), but what it finds half done it waits for a moment,
 * and what somebody has left half done it makes right: so that nothing is
 * missing that was acknowledged before the call.  It never waits for the lock.
 * False: memory is out, it cannot be made right, or somebody is at it.
 */
bool fig_store_changes(fig_store_t *store, uint64_t seq, uint64_t old_epoch,
    fig_slot_t **slots, uint32_t *n, uint64_t *state_seq, uint64_t *epoch);


typedef struct {
    fig_store_t       *store;
    int                lock;
    int                journal;
    uint64_t           inode;          /* of the journal */
    uint64_t           size;           /* of its good part */
    bool               unfinished;     /* its last line lacks the LF */
    bool               unsynced;       /* its name may not be on the disk */
    bool               shrunk;         /* `live` has lost a part of it */
    bool               full;           /* there is no room for it to grow */
} fig_txn_t;


/*
 * Locks and catches up.  False: nothing can be written, the store's error says
 * why.  What follows is fig_store_end(), with any number of commits before it.
 */
bool fig_store_begin(fig_store_t *store, fig_txn_t *txn);

/*
 * Gives entry its sequence number and its moved slots theirs, makes it durable
 * and puts it in force.  False: nothing has happened, the store's error says
 * why.
 */
bool fig_store_commit(fig_txn_t *txn, fig_entry_t *entry);

void fig_store_end(fig_txn_t *txn);


/*
 * Calls visit for each entry of the journal in order, newer than after, until
 * it returns false.  What entry points to lives until visit returns.  *oldest
 * is the first sequence number that is kept, 0 where there is none.  No lock is
 * taken.  FIG_INVALID: the journal cannot be read at all.
 */
typedef bool (*fig_visit_pt)(void *data, const fig_entry_t *entry);

fig_status_t fig_store_history(fig_store_t *store, uint64_t after,
    uint64_t *oldest, fig_visit_pt visit, void *data);

/*
 * The entry of that number, in arena.  FIG_INVALID: it is not kept.
 */
fig_status_t fig_store_find(fig_store_t *store, uint64_t seq,
    fig_arena_t *arena, fig_entry_t *entry);


#endif /* FIG_STORE_H */
