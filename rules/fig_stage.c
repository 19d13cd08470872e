/*
 * Which stages a route can be in: what loading asks of the stage that a file
 * gives is asked of one that is put in force without the file.
 *
 *     legacy, shadow, ramp, live   an old side (live: unless nothing goes back)
 *     ramp                         percent, by, and data where writes match
 *
 * It decides nothing about requests; that is fig_decide.c.
 */

#include "fig_stage.h"
#include "fig_rules.h"


static bool
fig_set_has_unsafe(const fig_set_t *set)
{
    uint32_t  i;

    for (i = 0; i < set->nmethods; i++) {
        if (!fig_method_is_safe(set->methods[i])) {
            return true;
        }
    }

    return set->nmethods == 0;
}


bool
fig_route_has_unsafe(const fig_route_t *route)
{
    uint32_t  i;

    for (i = 0; i < route->nsets; i++) {
        if (fig_set_has_unsafe(&route->sets[i])) {
            return true;
        }
    }

    return false;
}


bool
fig_stage_needs_old(const fig_route_t *route, fig_stage_t stage)
{
    return stage != FIG_STAGE_NONE && stage != FIG_STAGE_DONE
           && !(stage == FIG_STAGE_LIVE && route->fallback.none
                && route->nforce_old == 0);
}


const char *
fig_route_refuses(const fig_route_t *route, fig_stage_t stage,
    int32_t percent)
{
    if (route->action != FIG_ACTION_PROXY) {
        return "it redirects or responds by itself and has no stage";
    }

    if (route->from == NULL && fig_stage_needs_old(route, stage)) {
        return "it has no old side, and this stage needs one";
    }

    if (stage != FIG_STAGE_RAMP) {
        return NULL;
    }

    if (percent == FIG_UNSET) {
        return "stage ramp needs a percent";
    }

    if (route->nby == 0) {
        return "stage ramp needs \"by\" in the rules file";
    }

    if (!route->data_given && fig_route_has_unsafe(route)) {
        return "stage ramp needs \"data\" in the rules file where writes can "
               "match";
    }

    return NULL;
}


int32_t
fig_setting_share(fig_stage_t stage, int32_t percent)
{
    switch (stage) {

    case FIG_STAGE_RAMP:
        return (percent == FIG_UNSET) ? 0 : percent;

    case FIG_STAGE_LIVE:
    case FIG_STAGE_DONE:
        return FIG_BUCKETS;

    default:
        return 0;
    }
}


int32_t
fig_shadow_share(const fig_route_t *route, fig_stage_t stage)
{
    return (route->shadow.given || stage == FIG_STAGE_SHADOW)
           ? route->shadow.percent : 0;
}


const char *
fig_shadow_refuses(const fig_route_t *route)
{
    if (route->action != FIG_ACTION_PROXY) {
        return "it redirects or responds by itself and has no other side";
    }

    if (route->from == NULL && route->shadow.to == NULL) {
        return "it has no old side, and \"shadow\" in the rules file no "
               "\"to\"";
    }

    return NULL;
}
