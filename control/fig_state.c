/*
 * The state's image: reading it while somebody writes, finding slots, and what
 * a slot means for a route.
 *
 *     slot + route as the file has it -> setting in force, drift
 */

#define _GNU_SOURCE

#include "fig_state.h"

#include <stdlib.h>
#include <time.h>


_Static_assert(sizeof(fig_state_head_t) <= FIG_STATE_PAGE, "a page");


static const char  fig_state_magic[8] = "FIGLIVE2";


size_t
fig_state_size(uint32_t nslots)
{
    return FIG_STATE_PAGE + (size_t) nslots * sizeof(fig_slot_t);
}


void
fig_state_view(fig_state_t *state, void *image)
{
    state->head = image;
    state->slots = (fig_slot_t *) ((char *) image + FIG_STATE_PAGE);
}


/* One that no image of this name has had, whatever became of the file. */

static uint64_t
fig_state_epoch(uint64_t old)
{
    uint64_t         now;
    struct timespec  ts;

    (void) clock_gettime(CLOCK_REALTIME, &ts);

    now = (uint64_t) ts.tv_sec * 1000000000 + (uint64_t) ts.tv_nsec;

    return (now > old) ? now : old + 1;
}


void
fig_state_format(fig_state_t *state)
{
    memset(state->head, 0, sizeof(fig_state_head_t));

    state->head->epoch = fig_state_epoch(0);
    memcpy(state->head->magic, fig_state_magic, sizeof(fig_state_magic));
}


void
fig_state_begin(fig_state_t *state, bool anew)
{
    __atomic_store_n(&state->head->begin, UINT64_MAX, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);

    if (anew) {
        __atomic_store_n(&state->head->epoch,
                         fig_state_epoch(state->head->epoch),
                         __ATOMIC_RELAXED);
    }
}


void
fig_state_end(fig_state_t *state, uint64_t seq)
{
    if (state->head->high < seq) {
        state->head->high = seq;
    }

    __atomic_store_n(&state->head->begin, seq, __ATOMIC_RELEASE);
    __atomic_store_n(&state->head->seq, seq, __ATOMIC_RELEASE);
}


bool
fig_state_is_sound(const fig_state_head_t *head)
{
    return memcmp(head->magic, fig_state_magic, sizeof(fig_state_magic)) == 0
           && head->nslots <= FIG_STATE_SLOTS
           && head->nleases <= FIG_STATE_LEASES;
}


bool
fig_state_is_leased(const fig_state_t *state, uint64_t seq)
{
    uint32_t  i;

    for (i = 0; i < state->head->nleases; i++) {
        if (state->head->leases[i].seq == seq) {
            return true;
        }
    }

    return false;
}


bool
fig_state_changes(const fig_state_t *state, uint64_t seq, uint64_t old_epoch,
    fig_slot_t **out, uint32_t *n, uint64_t *state_seq, uint64_t *epoch)
{
    uint32_t     i, nslots;
    fig_slot_t  *copy;

    *n = 0;
    *out = NULL;
    *state_seq = fig_state_seq(state);
    *epoch = __atomic_load_n(&state->head->epoch, __ATOMIC_RELAXED);
    nslots = __atomic_load_n(&state->head->nslots, __ATOMIC_RELAXED);

    if (nslots > FIG_STATE_SLOTS || !fig_state_is_whole(state)) {
        return false;
    }

    copy = malloc(((size_t) nslots + 1) * sizeof(fig_slot_t));
    if (copy == NULL) {
        return false;
    }

    for (i = 0; i < nslots; i++) {
        if (*epoch != old_epoch || state->slots[i].seq > seq) {
            copy[(*n)++] = state->slots[i];
        }
    }

    __atomic_thread_fence(__ATOMIC_ACQUIRE);

    if (__atomic_load_n(&state->head->begin, __ATOMIC_RELAXED) != *state_seq
        || __atomic_load_n(&state->head->epoch, __ATOMIC_RELAXED) != *epoch)
    {
        free(copy);
        *n = 0;
        return false;
    }

    *out = copy;

    return true;
}


fig_str_t
fig_slot_name(const fig_slot_t *slot)
{
    return fig_str(slot->name, slot->name_len <= FIG_STATE_NAME
                               ? slot->name_len : 0);
}


void
fig_slot_init(fig_slot_t *slot, fig_slot_kind_t kind, fig_str_t name)
{
    memset(slot, 0, sizeof(fig_slot_t));

    slot->kind = (uint8_t) kind;
    slot->percent = FIG_UNSET;
    slot->file_percent = FIG_UNSET;
    slot->name_len = (uint8_t) (name.len <= FIG_STATE_NAME ? name.len
                                                           : FIG_STATE_NAME);
    memcpy(slot->name, name.data, slot->name_len);
}


/* FNV-1a, public domain: Fowler, Noll, Vo (RFC 9923). */

uint32_t
fig_slot_hash(fig_slot_kind_t kind, fig_str_t name)
{
    size_t    i;
    uint32_t  hash;

    hash = (UINT32_C(2166136261) ^ (uint32_t) kind) * UINT32_C(16777619);

    for (i = 0; i < name.len; i++) {
        hash = (hash ^ (unsigned char) name.data[i]) * UINT32_C(16777619);
    }

    return hash;
}


bool
fig_slot_index_init(fig_slot_index_t *index, const fig_slot_t *slots,
    uint32_t nslots)
{
    return fig_slot_index_sized(index, slots, nslots, nslots);
}


bool
fig_slot_index_sized(fig_slot_index_t *index, const fig_slot_t *slots,
    uint32_t nslots, uint32_t room)
{
    uint32_t  i, at, size;

    for (size = 16; size < 2 * room; size *= 2) {
        /* void */
    }

    index->slots = slots;
    index->nslots = nslots;
    index->mask = size - 1;

    index->table = calloc(size, sizeof(uint32_t));
    if (index->table == NULL) {
        return false;
    }

    for (i = 0; i < nslots; i++) {
        at = fig_slot_hash((fig_slot_kind_t) slots[i].kind,
                           fig_slot_name(&slots[i]));

        while (index->table[at & index->mask] != 0) {
            at++;
        }

        index->table[at & index->mask] = i + 1;
    }

    return true;
}


void
fig_slot_index_release(fig_slot_index_t *index)
{
    free(index->table);
    index->table = NULL;
}


const fig_slot_t *
fig_slot_find(const fig_slot_index_t *index, fig_slot_kind_t kind,
    fig_str_t name)
{
    uint32_t           at, i;
    const fig_slot_t  *slot;

    at = fig_slot_hash(kind, name);

    for ( ;; ) {
        i = index->table[at++ & index->mask];

        if (i == 0) {
            return NULL;
        }

        slot = &index->slots[i - 1];

        if (slot->kind == kind && fig_str_eq(fig_slot_name(slot), name)) {
            return slot;
        }
    }
}


/* The slot of a route's own, under its name or the one before. */

static const fig_slot_t *
fig_slot_own(const fig_slot_index_t *index, fig_slot_kind_t kind,
    const fig_route_t *route)
{
    const fig_slot_t  *slot, *was;

    slot = fig_slot_find(index, kind, route->name);

    if (route->was.len == 0) {
        return slot;
    }

    was = fig_slot_find(index, kind, route->was);

    /* a name may have been another route's, or its own, long ago */

    if (was != NULL
        && (slot == NULL || (was->flags != 0
                             && (slot->flags == 0 || slot->seq < was->seq))))
    {
        return was;
    }

    return slot;
}


const fig_slot_t *
fig_slot_of(const fig_slot_index_t *index, const fig_route_t *route)
{
    if (route->group != NULL) {
        return fig_slot_find(index, FIG_SLOT_GROUP, route->group->name);
    }

    return fig_slot_own(index, FIG_SLOT_ROUTE, route);
}


const fig_slot_t *
fig_slot_of_shadow(const fig_slot_index_t *index, const fig_route_t *route)
{
    return fig_slot_own(index, FIG_SLOT_SHADOW, route);
}


uint8_t
fig_slot_outdated(const fig_slot_t *slot, fig_stage_t stage, int32_t percent)
{
    uint8_t  flags;

    flags = 0;

    if (slot->flags & FIG_SLOT_HOLD) {
        return flags;
    }

    if ((slot->flags & FIG_SLOT_STAGE) && slot->file_stage != stage) {
        flags |= FIG_SLOT_STAGE;
    }

    if ((slot->flags & FIG_SLOT_PERCENT) && slot->file_percent != percent) {
        flags |= FIG_SLOT_PERCENT;
    }

    return flags;
}


int32_t
fig_shadow_in_file(const fig_route_t *route)
{
    return route->shadow.given ? route->shadow.percent : FIG_UNSET;
}


uint8_t
fig_slot_outdated_shadow(const fig_slot_t *slot, const fig_route_t *route)
{
    return fig_slot_outdated(slot, FIG_STAGE_NONE, fig_shadow_in_file(route));
}


/*
 * What the flags that still count make of the file's values.  A ramp for which
 * nobody says a percent any more goes on at the one it had.  False: the route
 * cannot be so any more.
 */

static bool
fig_slot_apply(const fig_route_t *route, const fig_slot_t *slot,
    uint8_t flags, fig_setting_t *setting)
{
    if (flags & FIG_SLOT_PERCENT) {
        setting->percent = slot->percent;
    }

    if ((flags & FIG_SLOT_STAGE) == 0) {
        return true;
    }

    setting->stage = slot->stage;

    if (setting->stage == FIG_STAGE_RAMP && setting->percent == FIG_UNSET) {
        setting->percent = (slot->percent != FIG_UNSET) ? slot->percent
                                                        : slot->file_percent;
    }

    if (fig_route_refuses(route, (fig_stage_t) setting->stage,
                          setting->percent) != NULL)
    {
        setting->stage = (uint8_t) route->stage;
        setting->percent = route->percent;

        return false;
    }

    return true;
}


void
fig_slot_effect(const fig_route_t *route, const fig_slot_t *slot,
    fig_effect_t *effect)
{
    uint8_t  flags;

    memset(effect, 0, sizeof(fig_effect_t));

    effect->setting.stage = (uint8_t) route->stage;
    effect->setting.percent = route->percent;
    effect->setting.shadow_percent = fig_shadow_share(route, route->stage);

    if (slot == NULL) {
        return;
    }

    effect->seq = slot->seq;
    effect->flip = slot->flip;

    if (route->action != FIG_ACTION_PROXY) {
        return;
    }

    flags = slot->flags & (FIG_SLOT_STAGE|FIG_SLOT_PERCENT);
    flags &= (uint8_t) ~fig_slot_outdated(slot, route->stage, route->percent);

    effect->flipped = fig_slot_apply(route, slot, flags, &effect->setting)
                      && flags != 0;
    effect->setting.shadow_percent =
        fig_shadow_share(route, (fig_stage_t) effect->setting.stage);
    effect->hold = (slot->flags & FIG_SLOT_HOLD) != 0;
    effect->drift = effect->setting.stage != route->stage
                    || fig_setting_share((fig_stage_t) effect->setting.stage,
                                         effect->setting.percent)
                       != fig_setting_share(route->stage, route->percent);
}


void
fig_slot_effect_shadow(const fig_route_t *route, const fig_slot_t *slot,
    fig_effect_t *effect)
{
    uint8_t         flags;
    fig_setting_t  *setting;

    if (slot == NULL) {
        return;
    }

    setting = &effect->setting;
    effect->seq = (slot->seq > effect->seq) ? slot->seq : effect->seq;
    effect->shadow_flip = slot->flip;

    flags = slot->flags & FIG_SLOT_PERCENT;
    flags &= (uint8_t) ~fig_slot_outdated_shadow(slot, route);

    if (flags == 0 || fig_shadow_refuses(route) != NULL) {
        return;
    }

    effect->drift = effect->drift || slot->percent != setting->shadow_percent;
    effect->flipped = true;
    effect->hold = effect->hold || (slot->flags & FIG_SLOT_HOLD) != 0;
    setting->shadow_percent = slot->percent;
    setting->shadow_flipped = 1;
}


void
fig_slots_effect(const fig_slot_index_t *index, const fig_route_t *route,
    fig_effect_t *effect)
{
    fig_slot_effect(route, fig_slot_of(index, route), effect);
    fig_slot_effect_shadow(route, fig_slot_of_shadow(index, route), effect);
}


uint32_t
fig_slots_in_force(const fig_ruleset_t *ruleset,
    const fig_slot_index_t *index, fig_setting_t *settings, uint8_t *drained)
{
    uint32_t            i, n;
    fig_effect_t        effect;
    const fig_slot_t   *slot;
    const fig_model_t  *model;

    model = fig_ruleset_model(ruleset);

    for (i = 0; i < model->nroutes; i++) {
        fig_slots_effect(index, &model->routes[i], &effect);
        settings[i] = effect.setting;
    }

    for (i = 0, n = 0; i < model->nbackends; i++) {
        slot = fig_slot_find(index, FIG_SLOT_BACKEND,
                             model->backends[i].name);
        drained[i] = slot != NULL && (slot->flags & FIG_SLOT_DRAIN) != 0;
        n += drained[i];
    }

    return n;
}


uint32_t
fig_slots_drift(const fig_ruleset_t *ruleset, const fig_slot_index_t *index,
    const fig_route_t **out, uint32_t max)
{
    uint32_t            i, n;
    fig_effect_t        effect;
    const fig_model_t  *model;

    model = fig_ruleset_model(ruleset);

    for (i = 0, n = 0; index->nslots != 0 && i < model->nroutes; i++) {
        fig_slots_effect(index, &model->routes[i], &effect);

        if (effect.drift && n++ < max) {
            out[n - 1] = &model->routes[i];
        }
    }

    return n;
}
