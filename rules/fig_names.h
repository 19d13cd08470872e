/*
 * A set of names, numbered in the order in which they were added.
 *
 *     slots[]   hash -> number + 1, open addressing, at most half full
 *     names[]   number -> name
 *
 * Lives in an arena and borrows the names' bytes; what growing leaves behind
 * goes with the arena.  Private to rules/.
 */

#ifndef FIG_NAMES_H
#define FIG_NAMES_H

#include "fig_arena.h"


typedef struct {
    fig_arena_t   *arena;
    uint32_t       n;
    uint32_t       nslots;             /* a power of two, or 0 */
    uint32_t      *slots;
    fig_str_t     *names;              /* room for nslots / 2 */
} fig_names_t;


/* Makes an empty set in arena, which must outlive it.  Cannot fail. */
void fig_names_init(fig_names_t *names, fig_arena_t *arena);

/*
 * Adds name unless it is there.  *index is its number, *added whether it is
 * new.  FIG_OK or FIG_NOMEM.
 */
fig_status_t fig_names_add(fig_names_t *names, fig_str_t name, uint32_t *index,
    bool *added);

/* The number of name; false when it is not there. */
bool fig_names_find(const fig_names_t *names, fig_str_t name, uint32_t *index);


#endif /* FIG_NAMES_H */
