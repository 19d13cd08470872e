/*
 * What a route has counted between two looks.
 *
 *     v1/routes/NAME, later v1/routes/NAME -> requests, errors, durations
 *
 * An error of the new side is an answer of 500 and above, one that was cut
 * short, and a request that the old side had to answer instead.  Requests whose
 * clients went away are none at all.
 */

#ifndef COUNTS_H
#define COUNTS_H

#include "json.h"


#define CLI_COUNTS_BOUNDS  32


typedef struct {
    double   requests;
    double   errors;
    double   timed;                    /* sum of the next */
    double   buckets[CLI_COUNTS_BOUNDS + 1];
} cli_side_counts_t;


typedef struct {
    size_t             nbounds;
    double             bounds[CLI_COUNTS_BOUNDS];      /* s */
    cli_side_counts_t  on_new;
    cli_side_counts_t  on_old;
} cli_counts_t;


/* False: a router that does not tell. */
bool cli_counts_read(const json_t *route, cli_counts_t *counts);

/* What is in later and not in before; a router that began anew: all of it. */
void cli_counts_since(const cli_counts_t *later, const cli_counts_t *before,
    cli_counts_t *between);

/* Adds those of another node. */
void cli_counts_add(cli_counts_t *sum, const cli_counts_t *other);

/* Seconds; below 0: there are none. */
double cli_counts_quantile(const cli_counts_t *counts,
    const cli_side_counts_t *side, double share);


#endif /* COUNTS_H */
