/*
 * The set of fig_names.h.
 *
 * Nothing is ever taken out, so probing may stop at the first empty slot.
 */

#include "fig_names.h"


void
fig_names_init(fig_names_t *names, fig_arena_t *arena)
{
    memset(names, 0, sizeof(fig_names_t));
    names->arena = arena;
}


static uint32_t
fig_names_hash(fig_str_t name)
{
    size_t    i;
    uint64_t  hash;

    hash = 0xcbf29ce484222325;

    for (i = 0; i < name.len; i++) {
        hash = (hash ^ (unsigned char) name.data[i]) * 0x100000001b3;
    }

    return (uint32_t) (hash ^ (hash >> 32));
}


/* The slot that holds name, or the empty one where it belongs. */

static uint32_t *
fig_names_slot(const fig_names_t *names, fig_str_t name)
{
    uint32_t  i;

    i = fig_names_hash(name);

    for ( ;; ) {
        i &= names->nslots - 1;

        if (names->slots[i] == 0
            || fig_str_eq(names->names[names->slots[i] - 1], name))
        {
            return &names->slots[i];
        }

        i++;
    }
}


static fig_status_t
fig_names_grow(fig_names_t *names)
{
    uint32_t     i;
    fig_names_t  grown;

    if (names->nslots > UINT32_MAX / 4) {
        return FIG_NOMEM;
    }

    grown = *names;
    grown.nslots = (names->nslots == 0) ? 32 : names->nslots * 2;
    grown.slots = fig_arena_array(names->arena, grown.nslots,
                                  sizeof(uint32_t));
    grown.names = fig_arena_array(names->arena, grown.nslots / 2,
                                  sizeof(fig_str_t));

    if (grown.slots == NULL || grown.names == NULL) {
        return FIG_NOMEM;
    }

    for (i = 0; i < names->n; i++) {
        grown.names[i] = names->names[i];
        *fig_names_slot(&grown, names->names[i]) = i + 1;
    }

    *names = grown;

    return FIG_OK;
}


fig_status_t
fig_names_add(fig_names_t *names, fig_str_t name, uint32_t *index, bool *added)
{
    uint32_t  *slot;

    if (names->n == names->nslots / 2 && fig_names_grow(names) != FIG_OK) {
        return FIG_NOMEM;
    }

    slot = fig_names_slot(names, name);
    *added = (*slot == 0);

    if (*added) {
        names->names[names->n] = name;
        *slot = ++names->n;
    }

    *index = *slot - 1;

    return FIG_OK;
}


bool
fig_names_find(const fig_names_t *names, fig_str_t name, uint32_t *index)
{
    uint32_t  *slot;

    if (names->n == 0) {
        return false;
    }

    slot = fig_names_slot(names, name);

    if (*slot == 0) {
        return false;
    }

    *index = *slot - 1;

    return true;
}
