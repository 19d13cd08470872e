/*
 * Mismatches that may turn out to be none; private to evidence/.
 *
 *     suspects  | 1,990 | $.stamp          |     all noise?   1,990 less
 *               |    12 | $.stamp, $.total |     not yet
 *
 * It takes some probes to know that a class is noise, and until then each pair
 * that has it is a mismatch, which weighs as much as thousands of matches.  So
 * pairs are remembered by their classes, and taken back when all of these are
 * noise, or acknowledged.
 */

#ifndef FIG_SUSPECTS_H
#define FIG_SUSPECTS_H

#include "fig_classes.h"


#define FIG_SUSPECTS         64        /* kinds of pairs */
#define FIG_SUSPECT_CLASSES  16        /* that one may have */


typedef struct {
    uint64_t         count;
    size_t           n;
    uint64_t         ids[FIG_SUSPECT_CLASSES];
} fig_suspect_t;


typedef struct {
    size_t           n;
    fig_suspect_t    list[FIG_SUSPECTS];
} fig_suspects_t;


/*
 * Remembers a pair that is a mismatch.  One with too many classes, or of one
 * kind too many, stays a mismatch.
 */
void fig_suspects_add(fig_suspects_t *suspects, const fig_classes_t *classes,
    fig_str_t route, const fig_comparison_t *comparison);

/* How many pairs are mismatches no more; they are forgotten. */
uint64_t fig_suspects_clear(fig_suspects_t *suspects,
    const fig_classes_t *classes, uint64_t now);


#endif /* FIG_SUSPECTS_H */
