/*
 * Entries made into a state; private to control/.
 *
 *     state --copy--> apply: slots, leases --entry, entry, ...--> publish
 *
 * The work is done on a copy, and put in place by one step that readers see
 * whole or not at all.
 */

#ifndef FIG_APPLY_H
#define FIG_APPLY_H

#include "fig_journal.h"


typedef struct {
    uint64_t       seq;
    uint32_t       nslots;
    uint32_t       room;
    fig_slot_t    *slots;
    uint32_t       mask;
    uint32_t      *table;              /* by name; see fig_slot_index_t */
    uint32_t       nleases;
    fig_lease_t    leases[FIG_STATE_LEASES];
    bool           anew;               /* not the state's slots and more */
    bool           changed;            /* by an entry */
    bool           nomem;

    size_t         good;               /* bytes of the journal that are */
    size_t         torn;               /* bytes that were torn off its end */
    bool           unfinished;         /* the last good line lacks its LF */
    size_t         wrong;              /* where the damage is */
    char           damage[128];        /* "": none */
} fig_apply_t;


/* A copy of state, or of nothing at all; false: memory is out. */
bool fig_apply_init(fig_apply_t *apply, const fig_state_t *state, bool anew);
void fig_apply_release(fig_apply_t *apply);

/* False: there are too many names, or memory is out; apply is of no use. */
bool fig_apply_entry(fig_apply_t *apply, const fig_entry_t *entry);

/*
 * Applies what is new in the lines of a journal.  False: it is damaged, or
 * memory is out; what could be read was applied.
 */
bool fig_apply_journal(fig_apply_t *apply, const fig_journal_t *journal);

/* Whether a whole state is the same; memory that is out is a difference. */
bool fig_apply_equals(const fig_apply_t *apply, const fig_state_t *state);

/* Puts it in force, with the journal of txn up to its size in it. */
void fig_apply_publish(fig_apply_t *apply, fig_txn_t *txn);


#endif /* FIG_APPLY_H */
