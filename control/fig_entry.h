/*
 * An entry of the journal: one flip, as a line of JSON.
 *
 *     {"v":1,"seq":12,"time":"2026-11-24T03:12:07.123Z","kind":"flip",
 *      "actor":"ann","reason":"...","rules":"89ab...","changes":[...],
 *      "slots":[...],"sum":"1c291ca3"}
 *
 * changes are for people: what each route had and has.  slots are for the
 * machine: the values that this entry put in force, whole, so that the last
 * entry of a name says all of it; and the values of before, for undoing it.
 * sum is the CRC-32 (as in gzip, RFC 1952) of the bytes before `,"sum"`.
 *
 * A snapshot is the entry with which a shortened journal begins: every slot and
 * lease there is.  Entries behind it that are not newer are history only.
 */

#ifndef FIG_ENTRY_H
#define FIG_ENTRY_H

#include "fig_arena.h"
#include "fig_json_write.h"
#include "fig_state.h"


typedef enum {
    FIG_ENTRY_FLIP = 0,
    FIG_ENTRY_UNDO,
    FIG_ENTRY_REVERT,
    FIG_ENTRY_CONFIRM,
    FIG_ENTRY_RESET,
    FIG_ENTRY_RELEASE,
    FIG_ENTRY_RENAME,
    FIG_ENTRY_SNAPSHOT
} fig_entry_kind_t;


typedef enum {
    FIG_FIELD_STAGE = 0,
    FIG_FIELD_PERCENT,
    FIG_FIELD_DRAIN,
    FIG_FIELD_SHADOW                   /* the share of copies */
} fig_field_kind_t;


/* From and to: a fig_stage_t, hundredths of a percent, or 0 and 1. */

typedef struct {
    bool               backend;        /* name is one; else a route's */
    fig_str_t          name;
    fig_field_kind_t   field;
    int32_t            from;
    int32_t            to;
} fig_change_t;


/*
 * A slot as it is from now on, and the values that were in force before: of a
 * share of copies FIG_UNSET where that was the file's.
 */

typedef struct {
    fig_slot_t         slot;
    uint8_t            stage;          /* in force before */
    int32_t            percent;        /* the same, FIG_UNSET: none */
    uint64_t           flip;           /* that had set them; 0: none */
    bool               drain;
    bool               hold;
    bool               wished;         /* while planning: it was set */
    bool               kept;           /* the same: slot.flip stays */
} fig_moved_t;


typedef struct {
    fig_entry_kind_t   kind;
    uint64_t           seq;
    int64_t            time;
    uint64_t           of;             /* what is undone, confirmed...; 0 */
    int64_t            until;          /* end of the lease; 0: none */
    uint64_t           rules;          /* checksum of those in force */
    bool               hold;
    fig_str_t          actor;
    fig_str_t          reason;
    uint32_t           nchanges;
    fig_change_t      *changes;
    uint32_t           nmoved;
    fig_moved_t       *moved;
    uint32_t           nleases;        /* snapshots only */
    fig_lease_t       *leases;
} fig_entry_t;


#define FIG_ENTRY_TIME   25            /* room for a time, with its NUL */
#define FIG_ENTRY_NODES  4000000       /* of JSON: 65,536 slots and more */

/* Milliseconds since 1970, now. */
int64_t fig_time_now(void);

/* RFC 3339 with milliseconds, in UTC. */
void fig_time_text(int64_t ms, char out[FIG_ENTRY_TIME]);

const char *fig_entry_kind_name(fig_entry_kind_t kind);
const char *fig_field_name(fig_field_kind_t field);

/* Writes the line with its LF.  out->nomem tells whether that went well. */
void fig_entry_encode(const fig_entry_t *entry, fig_json_out_t *out);

/*
 * Reads a line without its LF; what entry points to lives in arena and in line.
 * FIG_INVALID: the line is damaged, *why says how (a static text).
 */
fig_status_t fig_entry_decode(fig_str_t line, fig_arena_t *arena,
    fig_entry_t *entry, const char **why);

/* Writes an entry as people read it: what v1/history answers. */
void fig_entry_show(const fig_entry_t *entry, fig_json_out_t *out);

/* The member "changes" of such an entry. */
void fig_entry_show_changes(const fig_entry_t *entry, fig_json_out_t *out);


#endif /* FIG_ENTRY_H */
