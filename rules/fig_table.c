/*
 * Building the hash tables of fig_table.h: adding and growing.
 *
 * A table is doubled before it is more than half full, so that a probe for
 * what is not there ends after a slot or two.
 */

#include <stdlib.h>

#include "fig_table.h"


#define FIG_TABLE_MIN  16


bool
fig_table_init(fig_table_t *table)
{
    table->mask = FIG_TABLE_MIN - 1;
    table->used = 0;
    table->slots = calloc(FIG_TABLE_MIN, sizeof(fig_slot_t));

    return table->slots != NULL;
}


void
fig_table_release(fig_table_t *table)
{
    free(table->slots);
    table->slots = NULL;
}


static fig_slot_t *
fig_table_empty(const fig_table_t *table, uint64_t hash)
{
    while (table->slots[hash & table->mask].value != 0) {
        hash++;
    }

    return &table->slots[hash & table->mask];
}


static bool
fig_table_grow(fig_table_t *table)
{
    uint64_t     i;
    fig_slot_t  *slot;
    fig_table_t  larger;

    larger.mask = 2 * table->mask + 1;
    larger.used = table->used;
    larger.slots = calloc(larger.mask + 1, sizeof(fig_slot_t));

    if (larger.slots == NULL) {
        return false;
    }

    for (i = 0; i <= table->mask; i++) {
        slot = &table->slots[i];

        if (slot->value != 0) {
            *fig_table_empty(&larger, slot->hash) = *slot;
        }
    }

    free(table->slots);
    *table = larger;

    return true;
}


static fig_slot_t *
fig_table_new(fig_table_t *table, uint64_t hash)
{
    fig_slot_t  *slot;

    if (2 * (table->used + 1) > table->mask + 1 && !fig_table_grow(table)) {
        return NULL;
    }

    slot = fig_table_empty(table, hash);
    slot->hash = hash;
    table->used++;

    return slot;
}


bool
fig_table_add(fig_table_t *table, uint64_t hash, uint32_t value)
{
    fig_slot_t  *slot;

    slot = fig_table_new(table, hash);
    if (slot == NULL) {
        return false;
    }

    slot->value = value;

    return true;
}


uint32_t *
fig_table_value(fig_table_t *table, uint64_t hash)
{
    uint64_t     i;
    fig_slot_t  *slot;

    for (i = hash; table->slots[i & table->mask].value != 0; i++) {
        slot = &table->slots[i & table->mask];

        if (slot->hash == hash) {
            return &slot->value;
        }
    }

    slot = fig_table_new(table, hash);

    return (slot != NULL) ? &slot->value : NULL;
}


bool
fig_table_copy(const fig_table_t *table, fig_arena_t *arena,
    fig_table_t *copy)
{
    *copy = *table;

    copy->slots = fig_arena_array(arena, table->mask + 1, sizeof(fig_slot_t));
    if (copy->slots == NULL) {
        return false;
    }

    memcpy(copy->slots, table->slots,
           (table->mask + 1) * sizeof(fig_slot_t));

    return true;
}
