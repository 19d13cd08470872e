/*
 * A hash table from 64-bit hashes to numbers; private to rules/.
 *
 *     slots   | hash, value | - | hash, value | hash, value | - | ...
 *
 * Open addressing, at most half full, value 0 is an empty slot.  Several
 * values may have one hash: the table does not know what was hashed, so that
 * the caller compares.  It is built on the heap and kept in an arena.
 */

#ifndef FIG_TABLE_H
#define FIG_TABLE_H

#include "fig_arena.h"


typedef struct {
    uint64_t     hash;
    uint32_t     value;                /* 0: empty */
} fig_slot_t;


typedef struct {
    uint64_t     mask;                 /* slots - 1 */
    uint64_t     used;
    fig_slot_t  *slots;
} fig_table_t;


/* false when memory is out; release it all the same. */
bool fig_table_init(fig_table_t *table);
void fig_table_release(fig_table_t *table);

/* Adds value, not 0, whatever is there; false when memory is out. */
bool fig_table_add(fig_table_t *table, uint64_t hash, uint32_t value);

/*
 * The value of the first slot of this hash, to be read or set; one with 0 is
 * added where there is none, which must be set before the next call.  NULL
 * when memory is out.
 */
uint32_t *fig_table_value(fig_table_t *table, uint64_t hash);

/* A copy in arena, not to be added to; false when memory is out. */
bool fig_table_copy(const fig_table_t *table, fig_arena_t *arena,
    fig_table_t *copy);


/*
 * Finds the next value of this hash, or 0.  *at begins as the hash itself and
 * is moved on:
 *
 *     at = hash;
 *     while ((value = fig_table_find(table, hash, &at)) != 0) { ... }
 */

static inline uint32_t
fig_table_find(const fig_table_t *table, uint64_t hash, uint64_t *at)
{
    const fig_slot_t  *slot;

    for ( ;; ) {
        slot = &table->slots[*at & table->mask];
        (*at)++;

        if (slot->value == 0 || slot->hash == hash) {
            return slot->value;
        }
    }
}


#endif /* FIG_TABLE_H */
