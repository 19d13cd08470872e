/*
 * From entries to a state, and from a copy of a state into its place.
 *
 *     begin | slots, leases, journal | end
 *
 * Where there is no more room, slots that say nothing make some.
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


/* Slots that say nothing give their places to others. */

static bool
fig_apply_purge(fig_apply_t *apply)
{
    uint32_t  i, n;

    for (i = 0, n = 0; i < apply->nslots; i++) {
        if (apply->slots[i].flags != 0) {
            apply->slots[n++] = apply->slots[i];
        }
    }

    if (n == apply->nslots) {
        return false;
    }

    apply->nslots = n;
    apply->anew = true;
    apply->nomem = !fig_apply_grow(apply, apply->room);

    return !apply->nomem;
}


static bool
fig_apply_has_room(fig_apply_t *apply)
{
    if (apply->nslots == FIG_STATE_SLOTS) {
        return fig_apply_purge(apply);
    }

    if (apply->nslots == apply->room
        && !fig_apply_grow(apply, apply->room * 2))
    {
        apply->nomem = true;
        return false;
    }

    return true;
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

    if (!fig_apply_has_room(apply)) {
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
        for (i = 0; i < entry->nleases && i < FIG_STATE_LEASES; i++) {
            apply->leases[i] = entry->leases[i];
        }

        apply->nleases = i;
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


static void __attribute__((format(printf, 3, 4)))
fig_apply_damage(fig_apply_t *apply, size_t at, const char *format, ...)
{
    va_list  args;

    if (apply->damage[0] != '\0') {
        return;
    }

    apply->wrong = at;

    va_start(args, format);
    (void) vsnprintf(apply->damage, sizeof(apply->damage), format, args);
    va_end(args);
}


/* An entry that is new; each follows the one before. */

static void
fig_apply_new(fig_apply_t *apply, const fig_entry_t *entry, size_t at)
{
    if (entry->kind == FIG_ENTRY_SNAPSHOT && (at != 0 || !apply->anew)) {
        fig_apply_damage(apply, at, "it is a snapshot, which can only be the "
                         "first line");

    } else if (entry->kind != FIG_ENTRY_SNAPSHOT
               && entry->seq != apply->seq + 1)
    {
        fig_apply_damage(apply, at, "it has number %lu, where %lu is next",
                         (unsigned long) entry->seq,
                         (unsigned long) apply->seq + 1);
    }

    if (!fig_apply_entry(apply, entry) && !apply->nomem) {
        fig_apply_damage(apply, at, "there are more than %d names",
                         FIG_STATE_SLOTS);
    }
}


/* One line.  FIG_INVALID: it is no good, *why says how. */

static fig_status_t
fig_apply_line(fig_apply_t *apply, const fig_lines_t *lines, const char **why)
{
    fig_arena_t   *arena;
    fig_entry_t    entry;
    fig_status_t   status;

    arena = fig_arena_create();
    if (arena == NULL) {
        apply->nomem = true;
        return FIG_NOMEM;
    }

    status = fig_entry_decode(lines->line, arena, &entry, why);

    if (status == FIG_NOMEM) {
        apply->nomem = true;

    } else if (status == FIG_OK && entry.seq > apply->seq) {
        fig_apply_new(apply, &entry, lines->start);
    }

    fig_arena_destroy(arena);

    return status;
}


/*
 * Whether a line that is no good may be one that a crash has cut off, if
 * nothing good is behind it: without its LF, or with NULs, as file systems fill
 * up what did not reach the disk.  None that is written here has one.
 */

static bool
fig_line_is_torn(const fig_lines_t *lines)
{
    return !lines->whole
           || memchr(lines->line.data, '\0', lines->line.len) != NULL;
}


bool
fig_apply_journal(fig_apply_t *apply, const fig_journal_t *journal)
{
    const char    *why;
    fig_lines_t    lines;
    fig_status_t   status;

    fig_lines_init(&lines, journal);

    while (fig_lines_next(&lines)) {
        status = fig_apply_line(apply, &lines, &why);

        if (apply->nomem) {
            return false;
        }

        if (status == FIG_INVALID) {

            if (fig_line_is_torn(&lines)) {
                apply->torn += lines.line.len + lines.whole;

            } else {
                fig_apply_damage(apply, lines.start, "%s", why);
            }

            continue;
        }

        if (apply->torn) {
            fig_apply_damage(apply, lines.start - apply->torn,
                             "it is torn, but has others behind it");
        }

        if (apply->damage[0] == '\0') {
            apply->good = lines.at;
            apply->unfinished = !lines.whole;
        }
    }

    return apply->damage[0] == '\0';
}


bool
fig_apply_equals(const fig_apply_t *apply, const fig_state_t *state)
{
    bool                     same;
    uint32_t                 i;
    fig_slot_index_t         index, mine;
    const fig_slot_t        *slot;
    const fig_state_head_t  *head;

    head = state->head;

    if (apply->seq != head->seq || apply->nleases != head->nleases
        || memcmp(apply->leases, head->leases,
                  apply->nleases * sizeof(fig_lease_t)) != 0
        || !fig_slot_index_init(&index, state->slots, head->nslots))
    {
        return false;
    }

    mine.slots = apply->slots;
    mine.nslots = apply->nslots;
    mine.mask = apply->mask;
    mine.table = apply->table;
    same = true;

    for (i = 0; same && i < apply->nslots; i++) {
        slot = fig_slot_find(&index, (fig_slot_kind_t) apply->slots[i].kind,
                             fig_slot_name(&apply->slots[i]));
        same = slot != NULL
               && memcmp(slot, &apply->slots[i], sizeof(fig_slot_t)) == 0;
    }

    /* a shortened journal may have left out those that say nothing */

    for (i = 0; same && i < head->nslots; i++) {
        slot = &state->slots[i];
        same = slot->flags == 0
               || fig_slot_find(&mine, (fig_slot_kind_t) slot->kind,
                                fig_slot_name(slot)) != NULL;
    }

    fig_slot_index_release(&index);

    return same;
}


void
fig_apply_publish(fig_apply_t *apply, fig_txn_t *txn)
{
    uint32_t           i, nslots;
    fig_state_t       *state;
    fig_state_head_t  *head;

    state = &txn->store->state;
    head = state->head;
    nslots = apply->anew ? 0 : head->nslots;

    fig_state_begin(state, apply->anew);

    for (i = 0; i < apply->nslots; i++) {
        if (i >= nslots
            || memcmp(&state->slots[i], &apply->slots[i], sizeof(fig_slot_t))
               != 0)
        {
            state->slots[i] = apply->slots[i];
        }
    }

    __atomic_store_n(&head->nslots, apply->nslots, __ATOMIC_RELAXED);

    head->nleases = apply->nleases;
    memcpy(head->leases, apply->leases, sizeof(head->leases));
    fig_journal_note(txn);

    fig_state_end(state, apply->seq);
}
