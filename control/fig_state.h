/*
 * What is in force beside the rules file: the image of the file `live`.
 *
 *     | head, one page | slot | slot | slot | ...
 *       begin, seq        kind, name -> stage, percent, drained, held
 *       epoch, nslots     and what the file said when it was flipped
 *       leases[]
 *
 * Every worker of every master has it mapped shared.  One process writes at a
 * time (fig_store.h holds the lock), any number read without one: a writer sets
 * begin, then the slots, then seq; a reader that finds the two different has
 * seen half of a change.  A process that is killed in between leaves them
 * different, and the next writer makes them whole from the journal.  Slots are
 * never removed, but a new epoch begins with none.
 *
 * Times are milliseconds since 1970, percents hundredths of a percent.
 */

#ifndef FIG_STATE_H
#define FIG_STATE_H

#include "fig_rules.h"


#define FIG_STATE_SLOTS    65536
#define FIG_STATE_LEASES   128
#define FIG_STATE_NAME     63
#define FIG_STATE_PAGE     4096


typedef enum {
    FIG_SLOT_ROUTE = 1,
    FIG_SLOT_GROUP,
    FIG_SLOT_BACKEND,
    FIG_SLOT_SHADOW                    /* of a route, also of one in a group:
                                          percent is the share of copies */
} fig_slot_kind_t;


#define FIG_SLOT_STAGE     0x01        /* stage is flipped */
#define FIG_SLOT_PERCENT   0x02        /* percent is */
#define FIG_SLOT_DRAIN     0x04        /* the backend is drained */
#define FIG_SLOT_HOLD      0x08        /* the file's changes do not matter */
#define FIG_SLOT_FLAGS     0x0f


typedef struct {
    uint64_t        seq;               /* of the last change */
    uint64_t        flip;              /* of what set it: not of a new name, nor
                                          of what the file dropped */
    int32_t         percent;
    int32_t         file_percent;      /* when it was flipped; FIG_UNSET */
    uint8_t         kind;
    uint8_t         flags;
    uint8_t         stage;
    uint8_t         file_stage;
    uint8_t         name_len;
    char            name[FIG_STATE_NAME];
    uint8_t         unused[4];
} fig_slot_t;


typedef struct {
    uint64_t        seq;               /* of the flip */
    int64_t         until;
} fig_lease_t;


typedef struct {
    char            magic[8];
    uint64_t        begin;
    uint64_t        seq;
    uint64_t        epoch;
    uint32_t        nslots;
    uint32_t        nleases;
    uint64_t        journal;           /* inode of what was applied */
    uint64_t        applied;           /* bytes of it */
    uint64_t        high;              /* the largest seq there ever was */
    uint32_t        tail;              /* checksum of the last bytes of it */
    uint32_t        suspect;           /* a disk has failed to keep it */
    fig_lease_t     leases[FIG_STATE_LEASES];
} fig_state_head_t;


/* A state in memory, mapped or not; head and slots are one block. */

typedef struct {
    fig_state_head_t  *head;
    fig_slot_t        *slots;
} fig_state_t;


/* Bytes of an image with so many slots. */
size_t fig_state_size(uint32_t nslots);

/* Makes state the view of an image. */
void fig_state_view(fig_state_t *state, void *image);

/* Makes an empty image; seq is 0. */
void fig_state_format(fig_state_t *state);

/*
 * A writer's brackets: what is between the two is not to be believed by
 * anybody, and seq is what it is when it has ended.  Anew: another epoch.
 */
void fig_state_begin(fig_state_t *state, bool anew);
void fig_state_end(fig_state_t *state, uint64_t seq);

/* Whether head is one that this program can read. */
bool fig_state_is_sound(const fig_state_head_t *head);


/* Whether nobody is changing it, nor was killed while he was. */

static inline bool
fig_state_is_whole(const fig_state_t *state)
{
    return __atomic_load_n(&state->head->begin, __ATOMIC_ACQUIRE)
           == __atomic_load_n(&state->head->seq, __ATOMIC_ACQUIRE);
}


/* The last sequence number, for a reader. */

static inline uint64_t
fig_state_seq(const fig_state_t *state)
{
    return __atomic_load_n(&state->head->seq, __ATOMIC_ACQUIRE);
}


/* Whether a lease of that entry is running, for who has the lock. */
bool fig_state_is_leased(const fig_state_t *state, uint64_t seq);

/*
 * A copy of all slots that were changed after seq, and all of them where the
 * epoch is another; *slots is to be freed.  *state_seq and *epoch are those
 * of the copy.  False: a change is half done, or memory is out.  Who must not
 * go on with what he had - something may have been acknowledged since - takes
 * fig_store_changes().
 */
bool fig_state_changes(const fig_state_t *state, uint64_t seq,
    uint64_t old_epoch, fig_slot_t **slots, uint32_t *n, uint64_t *state_seq,
    uint64_t *epoch);

fig_str_t fig_slot_name(const fig_slot_t *slot);

/* A slot for kind and name without any value; name is at most 63 bytes. */
void fig_slot_init(fig_slot_t *slot, fig_slot_kind_t kind, fig_str_t name);


/* Finding slots by name: built when it is needed, over any array of them. */

typedef struct {
    const fig_slot_t  *slots;
    uint32_t           nslots;
    uint32_t           mask;
    uint32_t          *table;          /* index + 1; 0: empty */
} fig_slot_index_t;

/*
 * False: memory is out.  Free with fig_slot_index_release().  Sized: for nslots
 * now, and room in all.
 */
bool fig_slot_index_init(fig_slot_index_t *index, const fig_slot_t *slots,
    uint32_t nslots);
bool fig_slot_index_sized(fig_slot_index_t *index, const fig_slot_t *slots,
    uint32_t nslots, uint32_t room);
void fig_slot_index_release(fig_slot_index_t *index);

/* Where the search for a name begins, modulo the size of the table. */
uint32_t fig_slot_hash(fig_slot_kind_t kind, fig_str_t name);

/* NULL: there is none. */
const fig_slot_t *fig_slot_find(const fig_slot_index_t *index,
    fig_slot_kind_t kind, fig_str_t name);

/*
 * The slot that a route listens to: its group's, its own, or its old name's.
 * One that leaves a group leaves the flips of the group behind.
 */
const fig_slot_t *fig_slot_of(const fig_slot_index_t *index,
    const fig_route_t *route);


/* The same for its share of copies. */
const fig_slot_t *fig_slot_of_shadow(const fig_slot_index_t *index,
    const fig_route_t *route);


/* What slots mean for their route as the rules now have it. */

typedef struct {
    fig_setting_t   setting;
    bool            flipped;           /* by a slot, and still in force */
    bool            drift;             /* not what the file says */
    bool            hold;
    uint64_t        seq;               /* of the last change; 0: none */
    uint64_t        flip;              /* of what set it; 0: none */
    uint64_t        shadow_flip;       /* the same for the share of copies */
} fig_effect_t;

/*
 * slot may be NULL.  A flipped value holds until the file changes that value;
 * on hold it holds whatever the file says.  A stage that the route cannot be in
 * as the rules now have it has no effect.
 */
void fig_slot_effect(const fig_route_t *route, const fig_slot_t *slot,
    fig_effect_t *effect);

/* What the slot of the share of copies, which may be NULL, adds to that. */
void fig_slot_effect_shadow(const fig_route_t *route, const fig_slot_t *slot,
    fig_effect_t *effect);

/* Both, by the slots that the route listens to. */
void fig_slots_effect(const fig_slot_index_t *index, const fig_route_t *route,
    fig_effect_t *effect);

/*
 * What is in force for all routes and backends, by their indexes, as the slots
 * have it.  Returns how many backends are drained.
 */
uint32_t fig_slots_in_force(const fig_ruleset_t *ruleset,
    const fig_slot_index_t *index, fig_setting_t *settings, uint8_t *drained);

/* How many routes are not as their file says; the first max of them in out. */
uint32_t fig_slots_drift(const fig_ruleset_t *ruleset,
    const fig_slot_index_t *index, const fig_route_t **out, uint32_t max);

/* What the file has changed since the flip: flags that have no more effect. */
uint8_t fig_slot_outdated(const fig_slot_t *slot, fig_stage_t stage,
    int32_t percent);

/* The same for a share of copies. */
uint8_t fig_slot_outdated_shadow(const fig_slot_t *slot,
    const fig_route_t *route);

/* What the file says of it; FIG_UNSET: nothing. */
int32_t fig_shadow_in_file(const fig_route_t *route);


#endif /* FIG_STATE_H */
