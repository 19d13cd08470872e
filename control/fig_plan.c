/*
 * Planning: which slots move, to what, and what people are told of it.
 *
 * A slot is moved once, whoever asks for it: of_route, of_group and of_backend
 * say where in moved[] it is.
 */

#include "fig_plan.h"

#include <stdlib.h>


bool
fig_plan_init(fig_plan_t *plan, const fig_flipper_t *flipper,
    fig_problem_t *problem)
{
    uint32_t            i;
    const fig_state_t  *state;
    const fig_model_t  *model;
    const fig_group_t  *group;

    memset(plan, 0, sizeof(fig_plan_t));

    state = &flipper->store->state;
    model = fig_ruleset_model(flipper->ruleset);

    plan->flipper = flipper;
    plan->model = model;
    plan->problem = problem;

    plan->of_route = calloc((size_t) model->nroutes + 1, sizeof(uint32_t));
    plan->of_shadow = calloc((size_t) model->nroutes + 1, sizeof(uint32_t));
    plan->of_group = calloc((size_t) model->ngroups + 1, sizeof(uint32_t));
    plan->of_backend = calloc((size_t) model->nbackends + 1,
                              sizeof(uint32_t));
    plan->of_slot = calloc((size_t) state->head->nslots + 1,
                           sizeof(uint32_t));
    plan->in_group = calloc((size_t) model->ngroups + 1, sizeof(uint32_t));
    plan->after = calloc((size_t) model->nroutes + 1, sizeof(uint32_t));
    plan->asked = calloc((size_t) model->ngroups + 1, sizeof(fig_wish_t *));
    plan->skips = calloc((size_t) model->ngroups + 1, sizeof(bool));

    if (plan->of_route == NULL || plan->of_shadow == NULL
        || plan->of_group == NULL || plan->of_backend == NULL
        || plan->of_slot == NULL || plan->in_group == NULL
        || plan->after == NULL || plan->asked == NULL || plan->skips == NULL
        || !fig_slot_index_init(&plan->index, state->slots,
                                state->head->nslots))
    {
        fig_plan_release(plan);
        return fig_problem(problem, 503, "memory is out");
    }

    /* from the last to the first, so that each group is in file order */

    for (i = model->nroutes; i-- > 0; /* void */) {
        group = model->routes[i].group;

        if (group != NULL) {
            plan->after[i] = plan->in_group[group->index];
            plan->in_group[group->index] = i + 1;
        }
    }

    return true;
}


void
fig_plan_release(fig_plan_t *plan)
{
    free(plan->of_route);
    free(plan->of_shadow);
    free(plan->of_group);
    free(plan->of_backend);
    free(plan->of_slot);
    free(plan->in_group);
    free(plan->after);
    free(plan->asked);
    free(plan->skips);
    fig_slot_index_release(&plan->index);
}


static bool
fig_plan_grow(fig_plan_t *plan)
{
    uint32_t      room;
    fig_moved_t  *moved;

    if (plan->nmoved < plan->room) {
        return true;
    }

    room = (plan->room == 0) ? 16 : plan->room * 2;
    moved = fig_arena_array(plan->flipper->arena, room, sizeof(fig_moved_t));

    if (moved == NULL) {
        return fig_problem(plan->problem, 503, "memory is out");
    }

    if (plan->nmoved != 0) {
        memcpy(moved, plan->moved, plan->nmoved * sizeof(fig_moved_t));
    }

    plan->moved = moved;
    plan->room = room;

    return true;
}


/* The slot as it is now, under the name that is its own now. */

static fig_moved_t *
fig_plan_add(fig_plan_t *plan, uint32_t *place, fig_slot_kind_t kind,
    fig_str_t name, const fig_slot_t *slot)
{
    fig_moved_t  *moved;

    if (*place != 0) {
        return &plan->moved[*place - 1];
    }

    if (!fig_plan_grow(plan)) {
        return NULL;
    }

    moved = &plan->moved[plan->nmoved++];
    *place = plan->nmoved;

    memset(moved, 0, sizeof(fig_moved_t));
    fig_slot_init(&moved->slot, kind, name);
    moved->percent = FIG_UNSET;

    if (slot != NULL) {
        moved->slot = *slot;
        moved->flip = slot->flip;
        moved->slot.name_len = (uint8_t) name.len;
        memset(moved->slot.name, 0, FIG_STATE_NAME);
        memcpy(moved->slot.name, name.data, name.len);

        moved->drain = (slot->flags & FIG_SLOT_DRAIN) != 0;
        moved->hold = (slot->flags & FIG_SLOT_HOLD) != 0;
    }

    return moved;
}


bool
fig_plan_forget(fig_plan_t *plan, const fig_slot_t *slot)
{
    fig_moved_t  *moved;

    moved = fig_plan_add(plan, &plan->of_slot[slot - plan->index.slots],
                         (fig_slot_kind_t) slot->kind, fig_slot_name(slot),
                         slot);

    if (moved == NULL) {
        return false;
    }

    moved->stage = FIG_STAGE_NONE;
    moved->slot.flags = 0;

    return true;
}


fig_moved_t *
fig_plan_route(fig_plan_t *plan, const fig_route_t *route)
{
    bool               fresh;
    uint32_t          *place;
    fig_moved_t       *moved;
    fig_effect_t       effect;
    const fig_slot_t  *slot;

    slot = fig_slot_of(&plan->index, route);

    if (route->group != NULL) {
        place = &plan->of_group[route->group->index];
        fresh = (*place == 0);
        moved = fig_plan_add(plan, place, FIG_SLOT_GROUP, route->group->name,
                             slot);

    } else {
        place = &plan->of_route[route->index];
        fresh = (*place == 0);
        moved = fig_plan_add(plan, place, FIG_SLOT_ROUTE, route->name, slot);
    }

    if (moved == NULL || !fresh) {
        return moved;
    }

    fig_slot_effect(route, slot, &effect);

    moved->stage = effect.setting.stage;
    moved->percent = effect.setting.percent;

    if (slot != NULL && !fig_str_eq(fig_slot_name(slot),
                                    fig_slot_name(&moved->slot)))
    {
        return fig_plan_forget(plan, slot) ? &plan->moved[*place - 1] : NULL;
    }

    return moved;
}


fig_moved_t *
fig_plan_shadow(fig_plan_t *plan, const fig_route_t *route)
{
    uint32_t          *place;
    fig_moved_t       *moved;
    fig_effect_t       effect;
    const fig_slot_t  *slot;

    place = &plan->of_shadow[route->index];

    if (*place != 0) {
        return &plan->moved[*place - 1];
    }

    slot = fig_slot_of_shadow(&plan->index, route);
    moved = fig_plan_add(plan, place, FIG_SLOT_SHADOW, route->name, slot);

    if (moved == NULL) {
        return NULL;
    }

    fig_slots_effect(&plan->index, route, &effect);

    moved->stage = effect.setting.stage;

    if (effect.setting.shadow_flipped) {
        moved->percent = effect.setting.shadow_percent;
    }

    if (slot != NULL && !fig_str_eq(fig_slot_name(slot), route->name)) {
        return fig_plan_forget(plan, slot) ? &plan->moved[*place - 1] : NULL;
    }

    return moved;
}


bool
fig_plan_has(const fig_plan_t *plan, const fig_route_t *route)
{
    return (route->group != NULL ? plan->of_group[route->group->index]
                                 : plan->of_route[route->index]) != 0;
}


fig_moved_t *
fig_plan_backend(fig_plan_t *plan, const fig_backend_t *backend)
{
    return fig_plan_add(plan, &plan->of_backend[backend->index],
                        FIG_SLOT_BACKEND, backend->name,
                        fig_slot_find(&plan->index, FIG_SLOT_BACKEND,
                                      backend->name));
}


const fig_route_t *
fig_plan_first(const fig_plan_t *plan, const fig_group_t *group)
{
    uint32_t  i;

    i = (group != NULL) ? plan->in_group[group->index] : 0;

    return (i != 0) ? &plan->model->routes[i - 1] : NULL;
}


const fig_route_t *
fig_plan_next(const fig_plan_t *plan, const fig_route_t *route)
{
    uint32_t  i;

    i = plan->after[route->index];

    return (i != 0) ? &plan->model->routes[i - 1] : NULL;
}


const fig_route_t *
fig_plan_route_of(const fig_plan_t *plan, const fig_slot_t *slot)
{
    fig_str_t             name;
    const fig_route_t    *route;
    const fig_ruleset_t  *ruleset;

    name = fig_slot_name(slot);
    ruleset = plan->flipper->ruleset;

    if (slot->kind == FIG_SLOT_GROUP) {
        return fig_plan_first(plan, fig_ruleset_find_group(ruleset, name));
    }

    route = fig_ruleset_find_route(ruleset, name);

    if (route == NULL) {
        route = fig_ruleset_find_was(ruleset, name);
    }

    if (slot->kind == FIG_SLOT_SHADOW) {
        return route;
    }

    /* one that is in a group now does not move alone */

    return (route != NULL && route->group == NULL) ? route : NULL;
}


void
fig_plan_set(fig_moved_t *moved, const fig_route_t *route, fig_stage_t stage,
    int32_t percent, bool hold)
{
    fig_slot_t  *slot;

    slot = &moved->slot;

    slot->flags = hold ? FIG_SLOT_HOLD : 0;
    slot->stage = (uint8_t) stage;
    slot->percent = percent;
    slot->file_stage = (uint8_t) route->stage;
    slot->file_percent = route->percent;

    if (hold || stage != route->stage) {
        slot->flags |= FIG_SLOT_STAGE;
    }

    /* that there was none is no percent that could be set */

    if (percent != FIG_UNSET && (hold || percent != route->percent)) {
        slot->flags |= FIG_SLOT_PERCENT;
    }
}


void
fig_plan_set_shadow(fig_moved_t *moved, const fig_route_t *route,
    int32_t percent, bool hold)
{
    int32_t      share;
    fig_slot_t  *slot;

    slot = &moved->slot;
    share = fig_shadow_share(route, (fig_stage_t) moved->stage);

    slot->flags = 0;
    slot->percent = percent;
    slot->file_percent = fig_shadow_in_file(route);

    if (percent == FIG_UNSET && hold) {
        slot->percent = share;
    }

    if (hold) {
        slot->flags = FIG_SLOT_PERCENT|FIG_SLOT_HOLD;

    } else if (percent != FIG_UNSET && percent != share) {
        slot->flags = FIG_SLOT_PERCENT;
    }
}


static bool
fig_moved_is_idle(const fig_plan_t *plan, const fig_moved_t *moved)
{
    fig_slot_t         now;
    const fig_slot_t  *slot;

    slot = fig_slot_find(&plan->index, (fig_slot_kind_t) moved->slot.kind,
                         fig_slot_name(&moved->slot));

    now = moved->slot;

    if (slot == NULL) {
        return now.flags == 0;
    }

    now.seq = slot->seq;

    /* what no flag points to means nothing */

    return now.flags == slot->flags
           && ((now.flags & FIG_SLOT_STAGE) == 0
               || (now.stage == slot->stage
                   && now.file_stage == slot->file_stage))
           && ((now.flags & FIG_SLOT_PERCENT) == 0
               || (now.percent == slot->percent
                   && now.file_percent == slot->file_percent));
}


static void
fig_plan_change(fig_entry_t *entry, bool backend, fig_str_t name,
    fig_field_kind_t field, int32_t from, int32_t to)
{
    fig_change_t  *change;

    if (from == to) {
        return;
    }

    change = &entry->changes[entry->nchanges++];

    change->backend = backend;
    change->name = name;
    change->field = field;
    change->from = from;
    change->to = to;
}


/* What a moved slot changes for one of its routes. */

static void
fig_plan_tell(fig_entry_t *entry, const fig_moved_t *moved,
    const fig_route_t *route)
{
    fig_effect_t  effect;

    fig_slot_effect(route, &moved->slot, &effect);

    fig_plan_change(entry, false, route->name, FIG_FIELD_STAGE, moved->stage,
                    effect.setting.stage);

    if (effect.setting.percent != moved->percent) {
        fig_plan_change(entry, false, route->name, FIG_FIELD_PERCENT,
                        fig_setting_share((fig_stage_t) moved->stage,
                                          moved->percent),
                        fig_setting_share((fig_stage_t) effect.setting.stage,
                                          effect.setting.percent));
    }
}


static void
fig_plan_tell_shadow(fig_entry_t *entry, const fig_moved_t *moved,
    const fig_route_t *route)
{
    int32_t        share;
    fig_effect_t   effect;

    share = fig_shadow_share(route, (fig_stage_t) moved->stage);

    memset(&effect, 0, sizeof(fig_effect_t));
    effect.setting.shadow_percent = share;
    fig_slot_effect_shadow(route, &moved->slot, &effect);

    fig_plan_change(entry, false, route->name, FIG_FIELD_SHADOW,
                    moved->percent != FIG_UNSET ? moved->percent : share,
                    effect.setting.shadow_percent);
}


static void
fig_plan_tell_all(fig_plan_t *plan, fig_entry_t *entry)
{
    bool                drain;
    uint32_t            i, at;
    const fig_moved_t  *moved;
    const fig_route_t  *route;

    for (i = 0; i < plan->model->nroutes; i++) {
        route = &plan->model->routes[i];

        at = (route->group != NULL) ? plan->of_group[route->group->index]
                                    : plan->of_route[i];
        if (at != 0) {
            fig_plan_tell(entry, &plan->moved[at - 1], route);
        }

        if (plan->of_shadow[i] != 0) {
            fig_plan_tell_shadow(entry, &plan->moved[plan->of_shadow[i] - 1],
                                 route);
        }
    }

    for (i = 0; i < plan->model->nbackends; i++) {
        if (plan->of_backend[i] != 0) {
            moved = &plan->moved[plan->of_backend[i] - 1];
            drain = (moved->slot.flags & FIG_SLOT_DRAIN) != 0;

            fig_plan_change(entry, true, plan->model->backends[i].name,
                            FIG_FIELD_DRAIN, moved->drain, drain);
        }
    }
}


bool
fig_plan_finish(fig_plan_t *plan, fig_entry_t *entry)
{
    uint32_t  i;

    entry->changes = fig_arena_array(plan->flipper->arena,
                                     3 * (size_t) plan->model->nroutes
                                     + plan->model->nbackends + 1,
                                     sizeof(fig_change_t));
    if (entry->changes == NULL) {
        return fig_problem(plan->problem, 503, "memory is out");
    }

    fig_plan_tell_all(plan, entry);

    for (i = 0; i < plan->nmoved; i++) {
        if (!fig_moved_is_idle(plan, &plan->moved[i])) {
            plan->moved[entry->nmoved++] = plan->moved[i];
        }
    }

    entry->moved = plan->moved;

    return true;
}
