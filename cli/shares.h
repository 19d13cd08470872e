/*
 * The shares of a verdict whose place a log does not tell.
 *
 *     ramp 25% to {a: 3, b: 1}     a 18.75%   b 6.25%   old 75%
 *
 * Of two rule sets the same request may be asked.  Where both split by the same
 * thing under the same name a client has one bucket in both: raising 10% to
 * 25% moves 15% of the clients, and nobody else.
 */

#ifndef SHARES_H
#define SHARES_H

#include "verdict.h"


typedef struct {
    uint32_t   from;                   /* places */
    uint32_t   to;
    double     share;                  /* of 1 */
} cli_share_t;


typedef struct {
    size_t        n;
    cli_share_t  *items;               /* to be freed; no pair comes twice */
} cli_shares_t;


/* The places of one verdict, as from. */
void cli_shares_of(const cli_judge_t *judge, cli_verdict_t verdict,
    cli_shares_t *shares);

/* Those of two together. */
void cli_shares_of_both(const cli_judge_t *before, cli_verdict_t from,
    const cli_judge_t *after, cli_verdict_t to, cli_shares_t *shares);


#endif /* SHARES_H */
