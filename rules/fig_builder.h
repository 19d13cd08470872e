/*
 * An index under construction; private to rules/.  fig_compile.c owns it and
 * indexes hosts and paths, fig_patterns.c indexes patterns.
 *
 *     builder (heap, growing)  --  copied when all is there  -->  index (arena)
 *
 * Entries are taken from the last rank to the first and put in front of their
 * lists, which thereby come out in ascending order.
 */

#ifndef FIG_BUILDER_H
#define FIG_BUILDER_H

#include "fig_index.h"


/* Growing arrays: element 0 of each is unused, so that 0 can mean none. */

typedef struct {
    void           *items;
    size_t          size;              /* of an item */
    uint32_t        n;
    uint32_t        max;
} fig_vector_t;


typedef struct {
    fig_arena_t    *arena;
    fig_index_t    *index;
    uint32_t       *tree_of;           /* by rank */

    fig_vector_t    links;
    fig_vector_t    nodes;
    fig_vector_t    trees;
    fig_vector_t    probes;

    fig_table_t     hosts;
    fig_table_t     children;
    fig_table_t     segments;
    fig_table_t     grams;
} fig_builder_t;


/*
 * The number of a new, zeroed item, or 0 when memory is out.  Items move:
 * pointers to others do not outlive this call.
 */
uint32_t fig_vector_add(fig_vector_t *vector);

/* Puts rank in front of a list, once; false when memory is out. */
bool fig_builder_link(fig_builder_t *builder, uint32_t *list, uint32_t rank);

fig_tree_t *fig_builder_tree(const fig_builder_t *builder, uint32_t tree);

/* Indexes all entries that have a pattern for a path. */
fig_status_t fig_patterns_compile(fig_builder_t *builder);


#endif /* FIG_BUILDER_H */
