/*
 * Entries of the admin API in words, for tables.
 *
 *     route     "ramp 25%"  "orders, extra"  "flip, hold"  "timeout 3"
 *     change    "orders-read stage legacy -> live"
 *
 * All texts are new ones, to be freed, and not yet fit to be shown.
 */

#ifndef VIEW_H
#define VIEW_H

#include "json.h"
#include "number.h"
#include "term.h"


/* Stage and percent of an object that has them; "-": it has none. */
char *cli_view_stage(const json_t *object);

/* The colour of a stage. */
cli_style_t cli_view_style(const json_t *route);

/* Names of `to`, with weights where there are several. */
char *cli_view_targets(const json_t *route);

/* What is worth a note: flip, hold, drift, lease until, differs. */
char *cli_view_notes(const json_t *route, double now);

/* Counts by name, without zeros, most first: "timeout 3, connect 1". */
char *cli_view_counts(const json_t *object);

/* The sum of all numbers in an object. */
double cli_view_sum(const json_t *object);

/* A quantile of a latency: "12ms", or "-". */
const char *cli_view_latency(const json_t *latency, const char *quantile,
    char out[CLI_NUMBER_SIZE]);

/* A change of the history. */
char *cli_view_change(const json_t *change);

/* Changes in one line, those of one kind together: at most so many. */
char *cli_view_changes(const json_t *changes, size_t max);

/* Joins, with a gap where both are something; frees a. */
char *cli_view_join(char *a, const char *gap, const char *b);


#endif /* VIEW_H */
