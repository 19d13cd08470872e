/*
 * The arena of fig_arena.h.
 *
 *     fig_arena_t -> chunk (newest) -> chunk -> ... -> NULL
 *                    | header | used ....... | free |
 *
 * A request that would waste much of a fresh chunk gets a chunk of its own,
 * which goes behind the newest one so that its free space is not lost.
 *
 * After a reset there is one chunk, large enough for all that was there before:
 *
 *     | header | used ... | dirty ........ | zeros |
 *
 * Chunks are mapped, not taken from the heap: what loading gives back must not
 * stay as holes that every allocation of a server has to look through later.
 */

#define _DEFAULT_SOURCE

#include "fig_arena.h"

#include <stddef.h>
#include <stdlib.h>

#include <sys/mman.h>


#define FIG_ARENA_PAGE   4096
#define FIG_ARENA_CHUNK  (8 * FIG_ARENA_PAGE)
#define FIG_ARENA_LARGE  (FIG_ARENA_CHUNK / 4)
#define FIG_ARENA_ALIGN  (_Alignof(max_align_t))


typedef struct fig_chunk_s  fig_chunk_t;

struct fig_chunk_s {
    fig_chunk_t  *next;
    size_t        size;                /* of data */
    size_t        used;
    size_t        dirty;               /* bytes that may not be zero */
    _Alignas(max_align_t) unsigned char  data[];
};


struct fig_arena_s {
    fig_chunk_t  *chunks;
    size_t        total;
};


/* Room for size bytes at least; zeroed by the kernel. */

static fig_chunk_t *
fig_chunk_create(fig_arena_t *arena, size_t size)
{
    fig_chunk_t  *chunk;

    if (size > SIZE_MAX - sizeof(fig_chunk_t) - FIG_ARENA_PAGE) {
        return NULL;
    }

    size += sizeof(fig_chunk_t) + FIG_ARENA_PAGE - 1;
    size -= size % FIG_ARENA_PAGE;

    chunk = mmap(NULL, size, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS,
                 -1, 0);
    if (chunk == MAP_FAILED) {
        return NULL;
    }

    chunk->size = size - sizeof(fig_chunk_t);
    arena->total += size;

    return chunk;
}


fig_arena_t *
fig_arena_create(void)
{
    fig_arena_t  *arena;

    arena = calloc(1, sizeof(fig_arena_t));
    if (arena != NULL) {
        arena->total = sizeof(fig_arena_t);
    }

    return arena;
}


static void
fig_arena_unmap(fig_arena_t *arena)
{
    fig_chunk_t  *chunk, *next;

    for (chunk = arena->chunks; chunk != NULL; chunk = next) {
        next = chunk->next;
        munmap(chunk, sizeof(fig_chunk_t) + chunk->size);
    }

    arena->chunks = NULL;
    arena->total = sizeof(fig_arena_t);
}


void
fig_arena_destroy(fig_arena_t *arena)
{
    if (arena != NULL) {
        fig_arena_unmap(arena);
        free(arena);
    }
}


void
fig_arena_reset(fig_arena_t *arena, size_t keep)
{
    size_t        total;
    fig_chunk_t  *chunk;

    chunk = arena->chunks;
    total = arena->total;

    if (total <= keep && chunk != NULL && chunk->next == NULL) {

        if (chunk->dirty < chunk->used) {
            chunk->dirty = chunk->used;
        }

        chunk->used = 0;
        return;
    }

    fig_arena_unmap(arena);

    if (total <= keep && chunk != NULL) {

        /* no memory now: then there is none that is kept */

        arena->chunks = fig_chunk_create(arena, total);
    }
}


static void *
fig_arena_alloc_large(fig_arena_t *arena, size_t size)
{
    fig_chunk_t  *chunk;

    chunk = fig_chunk_create(arena, size);
    if (chunk == NULL) {
        return NULL;
    }

    chunk->used = chunk->size;

    if (arena->chunks == NULL) {
        arena->chunks = chunk;

    } else {
        chunk->next = arena->chunks->next;
        arena->chunks->next = chunk;
    }

    return chunk->data;
}


/* size bytes of a chunk of which the first *dirty may not be zero. */

static void *
fig_arena_take(fig_arena_t *arena, size_t size, size_t *dirty)
{
    void         *p;
    fig_chunk_t  *chunk;

    *dirty = 0;

    if (size > SIZE_MAX - FIG_ARENA_ALIGN) {
        return NULL;
    }

    if (size == 0) {
        size = 1;
    }

    size = (size + FIG_ARENA_ALIGN - 1) & ~(FIG_ARENA_ALIGN - 1);
    chunk = arena->chunks;

    if (chunk == NULL || chunk->size - chunk->used < size) {
        if (size > FIG_ARENA_LARGE) {
            return fig_arena_alloc_large(arena, size);
        }

        chunk = fig_chunk_create(arena,
                                 FIG_ARENA_CHUNK - sizeof(fig_chunk_t));
        if (chunk == NULL) {
            return NULL;
        }

        chunk->next = arena->chunks;
        arena->chunks = chunk;
    }

    p = chunk->data + chunk->used;

    if (chunk->used < chunk->dirty) {
        *dirty = chunk->dirty - chunk->used;

        if (*dirty > size) {
            *dirty = size;
        }
    }

    chunk->used += size;

    return p;
}


void *
fig_arena_room(fig_arena_t *arena, size_t size)
{
    size_t  dirty;

    return fig_arena_take(arena, size, &dirty);
}


void *
fig_arena_alloc(fig_arena_t *arena, size_t size)
{
    void    *p;
    size_t   dirty;

    p = fig_arena_take(arena, size, &dirty);

    if (p != NULL && dirty != 0) {
        memset(p, 0, dirty);
    }

    return p;
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
