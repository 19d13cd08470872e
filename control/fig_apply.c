/*
 * From entries to a state, and from a copy of a state into its place.
 *
 *     begin = new | slots, leases, journal | seq = new
 */

#define _GNU_SOURCE

#include "fig_apply.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>


static bool
fig_apply_grow(fig_apply_t *apply, uint32_t room)
{
    fig_slot_t        *slots;
    fig_slot_index_t   index;

    slots = realloc(apply->slots, (size_t) room * sizeof(fig_slot_t));
    if (slots == NULL) {
        return false;
    }

    apply->slots = slots;

    /* room decides how large the table is, nslots what is in it */

    if (!fig_slot_index_sized(&index, slots, apply->nslots, room)) {
        return false;
    }

    free(apply->table);
    apply->table = index.table;
    apply->mask = index.mask;
    apply->room = room;

    return true;
}


bool
fig_apply_init(fig_apply_t *apply, const fig_state_t *state, bool anew)
{
    uint32_t  n;

    memset(apply, 0, sizeof(fig_apply_t));
    apply->anew = anew;

    n = anew ? 0 : state->head->nslots;

    if (!anew) {
        apply->seq = state->head->seq;
        apply->nleases = state->head->nleases;
        memcpy(apply->leases, state->head->leases, sizeof(apply->leases));
    }

    apply->slots = malloc(((size_t) n + 64) * sizeof(fig_slot_t));
    if (apply->slots == NULL) {
        return false;
    }

    memcpy(apply->slots, state->slots, (size_t) n * sizeof(fig_slot_t));
    apply->nslots = n;

    if (!fig_apply_grow(apply, n + 64)) {
        fig_apply_release(apply);
        return false;
    }

    return true;
}


void
fig_apply_release(fig_apply_t *apply)
{
    free(apply->slots);
    free(apply->table);
    apply->slots = NULL;
    apply->table = NULL;
}


static bool
fig_apply_slot(fig_apply_t *apply, const fig_slot_t *slot)
{
    uint32_t           at;
    const fig_slot_t  *found;
    fig_slot_index_t   index;

    index.slots = apply->slots;
    index.nslots = apply->nslots;
    index.mask = apply->mask;
    index.table = apply->table;

    found = fig_slot_find(&index, (fig_slot_kind_t) slot->kind,
                          fig_slot_name(slot));

    if (found != NULL) {
        apply->slots[found - apply->slots] = *slot;
        return true;
    }

    if (apply->nslots == FIG_STATE_SLOTS) {
        return false;
    }

    if (apply->nslots == apply->room
        && !fig_apply_grow(apply, apply->room * 2))
    {
        apply->nomem = true;
        return false;
    }

    apply->slots[apply->nslots] = *slot;

    at = fig_slot_hash((fig_slot_kind_t) slot->kind, fig_slot_name(slot));

    while (apply->table[at & apply->mask] != 0) {
        at++;
    }

    apply->table[at & apply->mask] = ++apply->nslots;

    return true;
}


static void
fig_apply_leases(fig_apply_t *apply, const fig_entry_t *entry)
{
    uint32_t  i, n;

    if (entry->kind == FIG_ENTRY_SNAPSHOT) {
        apply->nleases = (entry->nleases <= FIG_STATE_LEASES)
                         ? entry->nleases : FIG_STATE_LEASES;
        memcpy(apply->leases, entry->leases,
               apply->nleases * sizeof(fig_lease_t));
        return;
    }

    for (i = 0, n = 0; i < apply->nleases; i++) {
        if (apply->leases[i].seq != entry->of) {
            apply->leases[n++] = apply->leases[i];
        }
    }

    apply->nleases = n;

    if (entry->until != 0 && n < FIG_STATE_LEASES) {
        apply->leases[n].seq = entry->seq;
        apply->leases[n].until = entry->until;
        apply->nleases++;
    }
}


bool
fig_apply_entry(fig_apply_t *apply, const fig_entry_t *entry)
{
    uint32_t  i;

    for (i = 0; i < entry->nmoved; i++) {
        if (!fig_apply_slot(apply, &entry->moved[i].slot)) {
            return false;
        }
    }

    fig_apply_leases(apply, entry);

    apply->seq = entry->seq;
    apply->changed = true;

    return true;
}


static void __attribute__((format(printf, 2, 3)))
fig_apply_damage(fig_apply_t *apply, const char *format, ...)
{
    va_list  args;

    if (apply->damage[0] != '\0') {
        return;
    }

    va_start(args, format);
    (void) vsnprintf(apply->damage, sizeof(apply->damage), format, args);
    va_end(args);
}


/* One line.  False: it is no good. */

static bool
fig_apply_line(fig_apply_t *apply, const fig_lines_t *lines, uint64_t from)
{
    const char    *why;
    fig_arena_t   *arena;
    fig_entry_t    entry;
    fig_status_t   status;

    arena = fig_arena_create();
    if (arena == NULL) {
        apply->nomem = true;
        return false;
    }

    status = fig_entry_decode(lines->line, arena, &entry, &why);

    if (status == FIG_NOMEM) {
        apply->nomem = true;

    } else if (status == FIG_INVALID && lines->whole) {
        fig_apply_damage(apply, "the line at byte %lu: %s",
                         (unsigned long) (from + lines->start), why);

    } else if (status == FIG_OK && entry.seq > apply->seq) {

        if (entry.seq != apply->seq + 1
            && entry.kind != FIG_ENTRY_SNAPSHOT)
        {
            fig_apply_damage(apply, "the line at byte %lu has number %lu, "
                             "where %lu is next",
                             (unsigned long) (from + lines->start),
                             (unsigned long) entry.seq,
                             (unsigned long) apply->seq + 1);
        }

        if (!fig_apply_entry(apply, &entry)) {
            fig_apply_damage(apply, "it has more than %d names",
                             FIG_STATE_SLOTS);
        }
    }

    fig_arena_destroy(arena);

    return status == FIG_OK;
}


bool
fig_apply_journal(fig_apply_t *apply, const fig_journal_t *journal,
    uint64_t from)
{
    fig_lines_t  lines;

    fig_lines_init(&lines, journal);

    while (fig_lines_next(&lines)) {

        if (!fig_apply_line(apply, &lines, from)) {

            /* half a line at the end was never acknowledged */

            if (!lines.whole && !apply->nomem) {
                apply->torn = lines.line.len;
            }

        } else if (apply->damage[0] == '\0') {
            apply->good = lines.at;
            apply->unfinished = !lines.whole;
        }

        if (apply->nomem) {
            return false;
        }
    }

    if (apply->damage[0] == '\0' && !apply->changed
        && apply->good + apply->torn == journal->size)
    {
        apply->changed = true;         /* that much of it has been read */
    }

    return apply->damage[0] == '\0';
}


void
fig_apply_publish(fig_apply_t *apply, fig_state_t *state, uint64_t inode,
    uint64_t size)
{
    uint32_t           i;
    fig_state_head_t  *head;

    head = state->head;

    /* nobody is to believe what is between the two */

    __atomic_store_n(&head->begin,
                     (apply->seq == head->seq) ? UINT64_MAX : apply->seq,
                     __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_RELEASE);

    if (apply->anew) {
        fig_state_sign(state);
        head->epoch++;
    }

    for (i = 0; i < apply->nslots; i++) {
        if (i >= head->nslots || apply->anew
            || memcmp(&state->slots[i], &apply->slots[i], sizeof(fig_slot_t))
               != 0)
        {
            state->slots[i] = apply->slots[i];
        }
    }

    __atomic_store_n(&head->nslots, apply->nslots, __ATOMIC_RELAXED);

    head->nleases = apply->nleases;
    memcpy(head->leases, apply->leases, sizeof(head->leases));
    head->journal = inode;
    head->applied = size;

    __atomic_store_n(&head->begin, apply->seq, __ATOMIC_RELEASE);
    __atomic_store_n(&head->seq, apply->seq, __ATOMIC_RELEASE);
}
