/*
 * The evidence of one route, read and written; private to evidence/.
 */

#ifndef FIG_EVIDENCE_ROUTE_H
#define FIG_EVIDENCE_ROUTE_H

#include "fig_evidence_dir.h"


/*
 * Reads it into a record that is made here, empty where there is none: *n is
 * how many classes the file has.  A damaged file is put aside, which the
 * evidence warns of, and nothing was there.  FIG_NOMEM, or FIG_INVALID: it
 * cannot be read, the error says why.
 */
fig_status_t fig_evidence_load(fig_evidence_txn_t *txn, fig_str_t route,
    fig_record_t *record, size_t *n);

/*
 * Writes it: n is how many classes the file had.  Tells of another verdict.
 * Durable, also where somebody's word is in it.  FIG_INVALID: the error says
 * why not.
 */
fig_status_t fig_evidence_save(fig_evidence_txn_t *txn, fig_str_t route,
    fig_record_t *record, size_t n, bool durable, uint64_t now);

/* Removes it. */
bool fig_evidence_remove(fig_evidence_txn_t *txn, fig_str_t route,
    bool durable);


#endif /* FIG_EVIDENCE_ROUTE_H */
