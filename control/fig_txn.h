/*
 * The insides of the store; private to control/.
 *
 *     fig_store.c      opens, maps
 *     fig_lock.c       locks
 *     fig_catch_up.c   journal -> image
 *     fig_commit.c     entry -> journal -> image
 */

#ifndef FIG_TXN_H
#define FIG_TXN_H

#include "fig_apply.h"


/* Says why the store cannot be written. */
void fig_store_fail(fig_store_t *store, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Says that so many bytes at the journal's end were never acknowledged. */
void fig_store_warn(fig_store_t *store, size_t torn);

/*
 * Makes sure that the file has room on its disk for so many slots: a page of a
 * mapping that finds none there kills whoever writes to it.  False: the store's
 * error says why not.
 */
bool fig_store_reserve(fig_txn_t *txn, uint32_t nslots);

/*
 * Puts in force what of the journal the image has not; all: what it has is
 * compared, too.  Where that cannot be done, the image is left with the values
 * that were in force, if it is whole, or else has what could be read.  False:
 * nothing is to be written, the store's error says why.
 */
bool fig_store_catch_up(fig_txn_t *txn, bool all);

#define FIG_LOCK_PATIENCE  5000        /* ms */

/*
 * Opens `live`, which is made where make is true, and locks it within ms.
 * False: the store's error says why, unless ms was 0.
 */
bool fig_store_lock(fig_txn_t *txn, bool make, long ms);

/* Milliseconds since some time that nobody sets. */
int64_t fig_store_clock(void);


#endif /* FIG_TXN_H */
