/*
 * From a matched route to a side and a backend.
 *
 *     stage     without more   force    old, unsafe   new, unsafe   (data)
 *     legacy    old            -        old           old
 *     shadow    old            either   old           as without
 *     ramp      bucket         either   old           new
 *     live      new            either   as without    new
 *     done      new            -        new           new
 *
 * Read from left to right, what comes later has the last word: who holds the
 * truth (`data`) outranks `force`, and of `force` the `new` sets are asked
 * before the `old` ones.  Unsafe methods are all but those of RFC 9110, 9.2.1.
 */

#include "fig_condition.h"
#include "fig_index.h"
#include "fig_method.h"
#include "fig_split.h"
#include "fig_value.h"


/* What a request sticks to; by is NULL where there is nothing. */

typedef struct {
    const fig_by_t  *by;
    fig_str_t        value;            /* not for FIG_BY_REQUEST */
} fig_sticky_t;


static const fig_str_t  fig_assign_cookie = FIG_STR(FIG_ASSIGN_COOKIE);


static bool
fig_any_set_holds(const fig_set_t *sets, uint32_t n, fig_request_t *request,
    fig_scratch_t *scratch)
{
    bool      limited;
    uint32_t  i;

    limited = false;

    for (i = 0; i < n; i++) {
        if (fig_set_holds(&sets[i], request, scratch, &limited)) {
            return true;
        }
    }

    return false;
}


static fig_side_t
fig_forced_side(const fig_route_t *route, fig_request_t *request,
    fig_scratch_t *scratch)
{
    if (fig_any_set_holds(route->force_new, route->nforce_new, request,
                          scratch))
    {
        return FIG_SIDE_NEW;
    }

    /* nobody can be sent to an old side that is no more */

    if (route->from != NULL
        && fig_any_set_holds(route->force_old, route->nforce_old, request,
                             scratch))
    {
        return FIG_SIDE_OLD;
    }

    return FIG_SIDE_NONE;
}


/* The side that holds the truth for this method and stage, if one does. */

static fig_side_t
fig_data_side(const fig_route_t *route, fig_stage_t stage, fig_str_t method)
{
    if (route->data == FIG_DATA_SHARED || fig_method_is_safe(method)) {
        return FIG_SIDE_NONE;
    }

    if (route->data == FIG_DATA_OLD) {
        return (stage < FIG_STAGE_LIVE) ? FIG_SIDE_OLD : FIG_SIDE_NONE;
    }

    return (stage >= FIG_STAGE_RAMP) ? FIG_SIDE_NEW : FIG_SIDE_NONE;
}


/* What every split of the route hashes beside the sticky value. */

static fig_str_t
fig_split_name(const fig_route_t *route)
{
    return (route->group != NULL) ? route->group->name : route->name;
}


static bool
fig_is_assigned(fig_str_t value)
{
    size_t  i;
    char    c;

    if (value.len != sizeof(((fig_decision_t *) NULL)->assigned)) {
        return false;
    }

    for (i = 0; i < value.len; i++) {
        c = value.data[i];

        if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f')) {
            return false;
        }
    }

    return true;
}


/*
 * A new value for the router's own cookie: the 64 random bits of the request,
 * stretched to 128 so that nobody takes the cookie for a counter.
 */

static fig_str_t
fig_assign(uint64_t random, fig_decision_t *decision)
{
    size_t    i;
    uint64_t  word;

    static const char  hex[] = "0123456789abcdef";

    word = fig_split_mix(FIG_SPLIT_BUCKET, random);

    for (i = 0; i < sizeof(decision->assigned); i++) {
        if (i == sizeof(decision->assigned) / 2) {
            word = fig_split_mix(FIG_SPLIT_ASSIGN, random);
        }

        decision->assigned[i] = hex[word & 0xf];
        word >>= 4;
    }

    decision->assign = true;

    return fig_str(decision->assigned, sizeof(decision->assigned));
}


/*
 * The value of one entry of `by`.  It is empty where the request has none: an
 * empty value, or one too long to be put together, is nothing to stick to.
 */

static fig_str_t
fig_sticky_value(const fig_by_t *by, fig_request_t *request,
    fig_scratch_t *scratch, fig_decision_t *decision)
{
    fig_str_t    value;
    fig_value_t  found;

    switch (by->kind) {

    case FIG_BY_CLIENT:
        fig_request_fill(request);

        return fig_str((const char *) request->client.addr,
                       request->client.family == 4 ? 4
                       : request->client.family == 6 ? 16 : 0);

    case FIG_BY_ASSIGN:
        found = fig_value_cookie(request, fig_assign_cookie, &value);

        if (found == FIG_VALUE_FOUND && fig_is_assigned(value)) {
            return value;
        }

        return fig_assign(request->random, decision);

    default:
        found = fig_value_find(request, by->kind, by->name, scratch, &value);

        return (found == FIG_VALUE_FOUND) ? value : fig_str(NULL, 0);
    }
}


static void
fig_sticky_find(const fig_route_t *route, fig_request_t *request,
    fig_scratch_t *scratch, fig_decision_t *decision, fig_sticky_t *sticky)
{
    uint32_t  i;

    for (i = 0; i < route->nby; i++) {
        sticky->by = &route->by[i];

        if (sticky->by->kind == FIG_BY_REQUEST) {
            return;
        }

        sticky->value = fig_sticky_value(sticky->by, request, scratch,
                                         decision);
        if (sticky->value.len != 0) {
            return;
        }
    }

    sticky->by = NULL;
}


/*
 * The bucket: drawn for `request`; the last one where the request has nothing
 * of what `by` names, so that a client that cannot be recognised moves with the
 * last percent instead of flapping between two systems.
 */

static uint16_t
fig_sticky_bucket(const fig_sticky_t *sticky, const fig_route_t *route,
    const fig_request_t *request)
{
    uint64_t  hash;

    if (sticky->by == NULL) {
        return FIG_BUCKETS - 1;
    }

    if (sticky->by->kind == FIG_BY_REQUEST) {
        hash = fig_split_mix(FIG_SPLIT_BUCKET, request->random);
        return (uint16_t) fig_split_scale(hash, FIG_BUCKETS);
    }

    return fig_split_bucket(fig_split_name(route), sticky->value);
}


/* A backend that is drained counts as if its weight were 0. */

static uint32_t
fig_target_weight(const fig_target_t *target, const uint8_t *drained)
{
    if (drained != NULL && drained[target->backend->index]) {
        return 0;
    }

    return target->weight;
}


/*
 * One of the weighted backends; draws where nothing sticks.  drained may be
 * NULL; with it the result is, too, when all are.
 */

static const fig_backend_t *
fig_sticky_target(const fig_sticky_t *sticky, const fig_route_t *route,
    const fig_request_t *request, const uint8_t *drained)
{
    uint32_t  i, point, weight;
    uint64_t  hash, total;

    if (sticky->by == NULL || sticky->by->kind == FIG_BY_REQUEST) {
        hash = fig_split_mix(FIG_SPLIT_WEIGHT, request->random);
    } else {
        hash = fig_split_hash(FIG_SPLIT_WEIGHT, fig_split_name(route),
                              sticky->value);
    }

    total = 0;

    for (i = 0; i < route->ntargets; i++) {
        total += fig_target_weight(&route->targets[i], drained);
    }

    if (total == 0) {
        return NULL;
    }

    point = fig_split_scale(hash, total);

    for (i = 0; i < route->ntargets - 1; i++) {
        weight = fig_target_weight(&route->targets[i], drained);

        if (point < weight) {
            break;
        }

        point -= weight;
    }

    return route->targets[i].backend;
}


/* The side as the stage alone has it; NONE: the split decides. */

static fig_side_t
fig_stage_side(fig_stage_t stage)
{
    switch (stage) {

    case FIG_STAGE_LIVE:
    case FIG_STAGE_DONE:
        return FIG_SIDE_NEW;

    case FIG_STAGE_RAMP:
        return FIG_SIDE_NONE;

    default:
        return FIG_SIDE_OLD;
    }
}


/* Side and why, except that side is left NONE where the split decides. */

static void
fig_decide_side(const fig_route_t *route, fig_request_t *request,
    fig_scratch_t *scratch, fig_decision_t *decision)
{
    fig_side_t  side;

    decision->side = fig_stage_side(decision->stage);
    decision->why = FIG_WHY_STAGE;

    if (decision->stage == FIG_STAGE_LEGACY
        || decision->stage == FIG_STAGE_DONE)
    {
        return;
    }

    side = fig_forced_side(route, request, scratch);

    if (side != FIG_SIDE_NONE) {
        decision->side = side;
        decision->why = FIG_WHY_FORCE;
    }

    side = fig_data_side(route, decision->stage, request->method);

    if (side != FIG_SIDE_NONE && side != decision->side) {
        decision->side = side;
        decision->why = FIG_WHY_DATA;
    }
}


/* Where this request may go when the new side fails; NULL: nowhere. */

static const fig_backend_t *
fig_decide_fallback(const fig_route_t *route, const fig_request_t *request,
    const fig_decision_t *decision)
{
    const fig_fallback_t  *fallback;

    fallback = &route->fallback;

    if (decision->side != FIG_SIDE_NEW || fallback->none
        || (decision->stage != FIG_STAGE_RAMP
            && decision->stage != FIG_STAGE_LIVE)
        || fallback->to == decision->backend)
    {
        return NULL;
    }

    /*
     * The old side does not have what was written to the new one: a read
     * there is stale, and a write is lost to the new side.
     */

    if (route->data == FIG_DATA_NEW) {
        if (fig_method_is_safe(request->method) ? !fallback->stale
                                                : !fallback->unsafe)
        {
            return NULL;
        }
    }

    return fallback->to;
}


/*
 * The backend of this try is drained: another target of the same side takes
 * it, whose own clients stay where they are, or the fallback does.  A backend
 * that nobody can stand in for goes on.
 */

static void
fig_decide_drained(const fig_sticky_t *sticky, const fig_route_t *route,
    const fig_request_t *request, const uint8_t *drained,
    fig_decision_t *decision)
{
    const fig_backend_t  *backend;

    backend = fig_sticky_target(sticky, route, request, drained);

    if (backend != NULL) {
        decision->backend = backend;
        decision->fallback = fig_decide_fallback(route, request, decision);
        return;
    }

    if (decision->fallback != NULL
        && !drained[decision->fallback->index])
    {
        decision->backend = decision->fallback;
        decision->fallback = NULL;
        decision->side = FIG_SIDE_OLD;
        decision->why = FIG_WHY_DRAIN;
    }
}


static void
fig_decide_proxy(const fig_route_t *route, fig_request_t *request,
    fig_scratch_t *scratch, const fig_in_force_t *in_force,
    fig_decision_t *decision)
{
    fig_sticky_t          sticky;
    const fig_setting_t  *setting;

    decision->stage = route->stage;
    decision->percent = route->percent;

    if (in_force != NULL && in_force->routes != NULL) {
        setting = &in_force->routes[route->index];

        decision->stage = (fig_stage_t) setting->stage;
        decision->percent = setting->percent;
    }

    memset(&sticky, 0, sizeof(fig_sticky_t));

    fig_decide_side(route, request, scratch, decision);

    if (decision->side == FIG_SIDE_NONE
        || (decision->side == FIG_SIDE_NEW && route->ntargets > 1))
    {
        fig_sticky_find(route, request, scratch, decision, &sticky);
    }

    if (decision->side == FIG_SIDE_NONE) {
        decision->bucket = fig_sticky_bucket(&sticky, route, request);
        decision->by = sticky.by;
        decision->why = FIG_WHY_SPLIT;
        decision->side = (decision->bucket < decision->percent)
                         ? FIG_SIDE_NEW : FIG_SIDE_OLD;
    }

    if (decision->side == FIG_SIDE_OLD) {
        decision->backend = route->from;

    } else if (route->ntargets > 1) {
        decision->backend = fig_sticky_target(&sticky, route, request, NULL);

    } else {
        decision->backend = route->targets[0].backend;
    }

    decision->fallback = fig_decide_fallback(route, request, decision);

    if (in_force != NULL && in_force->drained != NULL
        && decision->side == FIG_SIDE_NEW
        && in_force->drained[decision->backend->index])
    {
        fig_decide_drained(&sticky, route, request, in_force->drained,
                           decision);
    }
}


void
fig_decide(const fig_ruleset_t *ruleset, fig_request_t *request,
    const fig_match_t *match, fig_scratch_t *scratch,
    const fig_in_force_t *in_force, fig_decision_t *decision)
{
    const fig_route_t  *route;

    memset(decision, 0, sizeof(fig_decision_t));

    route = match->route;

    decision->route = route;
    decision->bucket = FIG_BUCKETS;

    if (route == NULL) {
        decision->backend = ruleset->model.fallthrough;
        decision->why = FIG_WHY_NOT_FOUND;

        if (decision->backend != NULL) {
            decision->why = FIG_WHY_DEFAULT;
            decision->side = FIG_SIDE_OLD;
        }

        return;
    }

    switch (route->action) {

    case FIG_ACTION_REDIRECT:
        decision->why = FIG_WHY_REDIRECT;
        break;

    case FIG_ACTION_RESPOND:
        decision->why = FIG_WHY_RESPOND;
        break;

    default:
        fig_decide_proxy(route, request, scratch, in_force, decision);
        break;
    }
}


const fig_backend_t *
fig_decide_target(const fig_route_t *route, fig_request_t *request,
    fig_scratch_t *scratch, const fig_in_force_t *in_force)
{
    fig_sticky_t    sticky;
    fig_decision_t  unused;

    if (route->ntargets == 0) {
        return NULL;
    }

    sticky.by = NULL;

    if (route->ntargets > 1) {
        fig_sticky_find(route, request, scratch, &unused, &sticky);
    }

    return fig_sticky_target(&sticky, route, request,
                             in_force ? in_force->drained : NULL);
}


fig_str_t
fig_decide_sticky(const fig_route_t *route, fig_request_t *request,
    fig_scratch_t *scratch)
{
    fig_sticky_t    sticky;
    fig_decision_t  unused;

    unused.assign = false;
    sticky.by = NULL;

    fig_sticky_find(route, request, scratch, &unused, &sticky);

    if (sticky.by == NULL || sticky.by->kind == FIG_BY_REQUEST
        || unused.assign)
    {
        return fig_str(NULL, 0);
    }

    return sticky.value;
}


uint32_t
fig_decision_retries(const fig_decision_t *decision)
{
    return (decision->route != NULL && decision->side == FIG_SIDE_NEW)
           ? decision->route->retry.attempts : 0;
}
