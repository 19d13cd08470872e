/*
 * An arena: many small allocations that die together.
 *
 *     arena -> chunk -> chunk -> chunk
 *              | used ..... free |
 *
 * Not thread-safe; one arena belongs to one thread at a time.
 */

#ifndef FIG_ARENA_H
#define FIG_ARENA_H

#include "fig_base.h"


typedef struct fig_arena_s  fig_arena_t;


/* Returns NULL when memory is out.  Free with fig_arena_destroy(). */
fig_arena_t *fig_arena_create(void);

/* Frees the arena and all that was allocated from it.  NULL is allowed. */
void fig_arena_destroy(fig_arena_t *arena);

/* Zeroed bytes, aligned for any type, or NULL when memory is out. */
void *fig_arena_alloc(fig_arena_t *arena, size_t size);

/* As above for n objects of size bytes; NULL also when n * size overflows. */
void *fig_arena_array(fig_arena_t *arena, size_t n, size_t size);

/* As fig_arena_alloc(), but the bytes are whatever they are. */
void *fig_arena_room(fig_arena_t *arena, size_t size);

/* Copies str and a closing NUL; data is NULL when memory is out. */
fig_str_t fig_arena_str(fig_arena_t *arena, fig_str_t str);

/*
 * Frees all that was allocated, but keeps the memory for what comes next: as
 * much as was needed the last time, when that is at most keep bytes.  A page
 * that is touched for the first time can cost more than what is done with it.
 */
void fig_arena_reset(fig_arena_t *arena, size_t keep);

/* Bytes taken from the system, since the last reset at the earliest. */
size_t fig_arena_size(const fig_arena_t *arena);


#endif /* FIG_ARENA_H */
