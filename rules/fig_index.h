/*
 * The compiled index over a checked model; private to rules/.  fig_compile.c
 * builds it, fig_match.c reads it.  It lives in the arena that it was built in
 * and points into the model.
 */

#ifndef FIG_INDEX_H
#define FIG_INDEX_H

#include "fig_arena.h"
#include "fig_rank.h"
#include "fig_rules.h"


/*
 * More entries than this (hosts times paths of every set, added up) are not
 * indexed: whoever validates a model refuses them first, with a diagnostic.
 */

#define FIG_INDEX_MAX_ENTRIES  1000000


typedef struct fig_index_s  fig_index_t;

struct fig_index_s {
    uint32_t        nentries;
    fig_entry_t    *entries;           /* by rank */
};


struct fig_ruleset_s {
    fig_arena_t    *arena;             /* owns everything but the patterns */
    fig_model_t     model;
    fig_index_t    *index;
    uint32_t        nregexes;          /* every pattern, to be destroyed */
    fig_regex_t   **regexes;
};


/*
 * FIG_OK or FIG_NOMEM; the model must have been validated and must have at
 * most FIG_INDEX_MAX_ENTRIES (see fig_entries_count()).
 */
fig_status_t fig_index_create(const fig_model_t *model, fig_arena_t *arena,
    fig_index_t **index);


#endif /* FIG_INDEX_H */
