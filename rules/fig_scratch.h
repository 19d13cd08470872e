/*
 * What one thread needs to match without the heap; private to rules/.
 * fig_regex.c makes it, because most of it belongs to PCRE2, whose types are
 * not named here.
 *
 *     value     a header, cookie or parameter that had to be put together
 *     hits      lists of patterns that a request called for (fig_match.c)
 */

#ifndef FIG_SCRATCH_H
#define FIG_SCRATCH_H

#include "fig_regex.h"


#define FIG_SCRATCH_VALUE   (32 * 1024)
#define FIG_SCRATCH_HITS    1024           /* a power of two */


/* A list of patterns to try: the heap of fig_match.c is ordered by rank. */

typedef struct {
    uint32_t    rank;                      /* of its first entry */
    uint32_t    link;
} fig_hit_t;


struct fig_scratch_s {
    void       *match_data;
    void       *context;                   /* limits without JIT */
    void       *jit_context;
    void       *jit_stack;
    uint32_t    ncaptures;                 /* of what matched last */

    fig_hit_t   hits[FIG_SCRATCH_HITS];

    /* A set of the lists in hits: slots of the current round are taken. */

    uint32_t    round;
    uint32_t    seen_round[2 * FIG_SCRATCH_HITS];
    uint32_t    seen[2 * FIG_SCRATCH_HITS];

    char        value[FIG_SCRATCH_VALUE];
};


#endif /* FIG_SCRATCH_H */
