/*
 * Requests counted by what becomes of them.
 *
 *     (verdict before, verdict after) -> count, a few requests to show
 *
 * A verdict of one rule set alone is counted as a pair with nothing.
 */

#ifndef TALLY_H
#define TALLY_H

#include "verdict.h"


typedef struct {
    cli_verdict_t   from;
    cli_verdict_t   to;
    uint64_t        count;             /* 0: an empty slot */
    uint32_t        nsamples;
    uint32_t        looked;            /* requests looked at for samples */
    char          **samples;           /* "GET /a?b", no two the same */
} cli_cell_count_t;


typedef struct {
    size_t             size;           /* a power of two */
    size_t             n;
    uint32_t           max_samples;
    cli_cell_count_t  *cells;
} cli_tally_t;


void cli_tally_init(cli_tally_t *tally, uint32_t max_samples);
void cli_tally_release(cli_tally_t *tally);

/* Counts one more; method and target are a sample that may be kept. */
void cli_tally_add(cli_tally_t *tally, cli_verdict_t from, cli_verdict_t to,
    fig_str_t method, fig_str_t target);


#endif /* TALLY_H */
