/*
 * The directory of evidence, locked; private to evidence/.
 *
 *     .lock     | head | news | news | ...        news by seq, around
 *
 * The head has the number of classes in all files.  It is not to be trusted
 * after a death between a file and the head, which leaves it marked.
 */

#ifndef FIG_EVIDENCE_DIR_H
#define FIG_EVIDENCE_DIR_H

#include "fig_record.h"

#include <pthread.h>


struct fig_evidence_s {
    char              state[3072];
    uid_t             user;
    gid_t             group;
    pthread_mutex_t   mutex;           /* of the two texts */
    char              error[FIG_EVIDENCE_ERROR];
    char              warning[FIG_EVIDENCE_ERROR];
};


typedef struct {
    char              magic[8];
    uint64_t          seq;             /* of the last news */
    uint64_t          total;           /* classes */
    uint64_t          doubt;           /* total may be wrong */
    uint64_t          unused[4];
} fig_evidence_head_t;


typedef struct {
    fig_evidence_t       *evidence;
    int                   dir;
    int                   lock;
    fig_evidence_head_t   head;
} fig_evidence_txn_t;


/* Say why, and return false. */
bool fig_evidence_fail(fig_evidence_t *evidence, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void fig_evidence_warn(fig_evidence_t *evidence, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The directory, or -1 with errno; it is made where that is asked for. */
int fig_evidence_dir(fig_evidence_t *evidence, bool make);

/* Locks, and makes what is missing.  False: the error says why not. */
bool fig_evidence_begin(fig_evidence_t *evidence, fig_evidence_txn_t *txn);
void fig_evidence_end(fig_evidence_txn_t *txn);

/* How many classes there may be more. */
size_t fig_evidence_left(const fig_evidence_txn_t *txn);

/* Notes how many there are more or less, once that is so. */
void fig_evidence_count(fig_evidence_txn_t *txn, size_t before, size_t after);

/* To be called before that is so. */
void fig_evidence_doubt(fig_evidence_txn_t *txn);

/* Counts all of them anew. */
bool fig_evidence_recount(fig_evidence_txn_t *txn);

/* One more for who watches. */
void fig_evidence_tell(fig_evidence_txn_t *txn, fig_str_t route,
    fig_news_kind_t kind, fig_verdict_t verdict, uint64_t id, uint64_t now);


/* The name of a route's file. */

#define FIG_EVIDENCE_FILE  80

void fig_evidence_file(fig_str_t route, char out[FIG_EVIDENCE_FILE]);

/* The route of a file; empty: it is none of a route. */
fig_str_t fig_evidence_file_route(const char *file);

/*
 * Reads at most max bytes of a file, which are to be freed.  False with errno:
 * ENOENT, ENOMEM, EFBIG and others.
 */
bool fig_evidence_slurp(int dir, const char *file, size_t max, bool whole,
    char **data, size_t *len);

/* Writes a file whole or not at all; false with errno. */
bool fig_evidence_replace(fig_evidence_txn_t *txn, const char *file,
    fig_str_t text, bool durable);

/* Makes names durable; false with errno. */
bool fig_evidence_sync(const fig_evidence_txn_t *txn);


#endif /* FIG_EVIDENCE_DIR_H */
