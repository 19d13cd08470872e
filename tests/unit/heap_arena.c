/*
 * The arena of fig_arena.h for sanitizers: everything is a piece of the heap of
 * exactly its size, so that a byte too far is seen.
 *
 *     arena -> pieces[] -> malloc(), malloc(), ...
 */

#include "fig_arena.h"

#include <stdlib.h>


struct fig_arena_s {
    void    **pieces;
    size_t    n;
    size_t    max;
    size_t    total;
};


fig_arena_t *
fig_arena_create(void)
{
    return calloc(1, sizeof(fig_arena_t));
}


void
fig_arena_reset(fig_arena_t *arena, size_t keep)
{
    (void) keep;

    while (arena->n > 0) {
        free(arena->pieces[--arena->n]);
    }

    arena->total = 0;
}


void
fig_arena_destroy(fig_arena_t *arena)
{
    if (arena != NULL) {
        fig_arena_reset(arena, 0);
        free(arena->pieces);
        free(arena);
    }
}


void *
fig_arena_alloc(fig_arena_t *arena, size_t size)
{
    void    *piece, **pieces;
    size_t   max;

    if (arena->n == arena->max) {
        max = 2 * arena->max + 16;

        pieces = realloc(arena->pieces, max * sizeof(void *));
        if (pieces == NULL) {
            return NULL;
        }

        arena->pieces = pieces;
        arena->max = max;
    }

    piece = calloc(1, size);
    if (piece == NULL) {
        return NULL;
    }

    arena->pieces[arena->n++] = piece;
    arena->total += size;

    return piece;
}


/* Whoever counts on zeros is to see that there are none. */

void *
fig_arena_room(fig_arena_t *arena, size_t size)
{
    void  *piece;

    piece = fig_arena_alloc(arena, size);

    if (piece != NULL) {
        memset(piece, 0xa5, size);
    }

    return piece;
}


void *
fig_arena_array(fig_arena_t *arena, size_t n, size_t size)
{
    if (size != 0 && n > SIZE_MAX / size) {
        return NULL;
    }

    return fig_arena_alloc(arena, n * size);
}


fig_str_t
fig_arena_str(fig_arena_t *arena, fig_str_t str)
{
    char  *p;

    if (str.len == SIZE_MAX) {
        return fig_str(NULL, 0);
    }

    p = fig_arena_alloc(arena, str.len + 1);
    if (p == NULL) {
        return fig_str(NULL, 0);
    }

    if (str.len != 0) {
        memcpy(p, str.data, str.len);
    }

    return fig_str(p, str.len);
}


size_t
fig_arena_size(const fig_arena_t *arena)
{
    return arena->total;
}
