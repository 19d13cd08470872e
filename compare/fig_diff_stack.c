/*
 * The walk's room to work in.
 *
 *     block -> block -> block     when a mark is gone back to, those behind it
 *       ^ mark          ^ in use   stay, and are used again
 *
 * The first block is there from the beginning.  A level of the walk takes at
 * most 48 bytes for each child of either side, and the containers on a way down
 * share no child: so documents bound it all.
 */

#include "fig_diff.h"


#define FIG_BLOCK_MIN  (16 * 1024)


/* A new block behind the one that is in use. */

static fig_block_t *
fig_block_create(fig_diff_t *diff, size_t size)
{
    fig_block_t  *block;

    if (size < FIG_BLOCK_MIN) {
        size = FIG_BLOCK_MIN;
    }

    if (diff->stack != NULL && size < diff->stack->size) {
        size = diff->stack->size;
    }

    block = fig_arena_alloc(diff->arena, sizeof(fig_block_t));

    if (block != NULL) {
        block->data = fig_arena_room(diff->arena, size);
        block->size = size;
    }

    if (block == NULL || block->data == NULL) {
        diff->nomem = true;
        return NULL;
    }

    if (diff->stack != NULL) {
        block->next = diff->stack->next;
        diff->stack->next = block;
    }

    return block;
}


fig_mark_t
fig_diff_mark(const fig_diff_t *diff)
{
    fig_mark_t  mark = { diff->stack, diff->stack->used };

    return mark;
}


void
fig_diff_pop(fig_diff_t *diff, fig_mark_t mark)
{
    diff->stack = mark.block;
    diff->stack->used = mark.used;
}


void *
fig_diff_push(fig_diff_t *diff, size_t size)
{
    void         *room;
    fig_block_t  *block;

    size = (size + 15) & ~(size_t) 15;
    block = diff->stack;

    if (block == NULL || block->size - block->used < size) {
        block = (block != NULL) ? block->next : NULL;

        if (block == NULL || block->size < size) {
            block = fig_block_create(diff, size);
        }

        if (block == NULL) {
            return NULL;
        }

        block->used = 0;
        diff->stack = block;
    }

    room = block->data + block->used;
    block->used += size;

    return room;
}
