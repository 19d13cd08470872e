/*
 * The lines of each family of metrics, for one item: a route, or the rule set.
 *
 *     requests of route i -> sums over shards -> a line for side and outcome
 *
 * What a label says is in the rules or one of a few words of ours.
 */

#include "ngx_http_strangler_metrics.h"


/* Seconds; OpenMetrics wants a point in each. */

static const char *const  ngx_http_strangler_le[] = {
    "0.001", "0.0025", "0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5",
    "1.0", "2.5", "5.0", "10.0", "30.0", "+Inf"
};


fig_setting_t
ngx_http_strangler_setting(const fig_route_t *route,
    const fig_in_force_t *in_force)
{
    fig_setting_t  setting;

    if (in_force && in_force->routes) {
        return in_force->routes[route->index];
    }

    setting.stage = (uint8_t) route->stage;
    setting.percent = route->percent;
    setting.shadow_percent = fig_shadow_share(route, route->stage);
    setting.shadow_flipped = 0;

    return setting;
}


void
ngx_http_strangler_put_histogram(ngx_http_strangler_metrics_t *m,
    ngx_uint_t who, const char *side, const ngx_http_strangler_duration_t *d)
{
    ngx_uint_t  i;

    for (i = 0; i <= NGX_HTTP_STRANGLER_BOUNDS; i++) {
        ngx_http_strangler_put_who(m, "_bucket", who);

        if (side) {
            ngx_http_strangler_put_word(m, ",side", side);
        }

        ngx_http_strangler_put_word(m, ",le", ngx_http_strangler_le[i]);
        ngx_http_strangler_put_value(m, d->buckets[i]);
    }

    ngx_http_strangler_put_who(m, "_sum", who);

    if (side) {
        ngx_http_strangler_put_word(m, ",side", side);
    }

    fig_buffer_put_text(m->out, "} ");
    fig_buffer_put_decimal(m->out, d->sum, 3);
    fig_buffer_put_text(m->out, "\n");

    ngx_http_strangler_put_who(m, "_count", who);

    if (side) {
        ngx_http_strangler_put_word(m, ",side", side);
    }

    ngx_http_strangler_put_value(m, d->buckets[NGX_HTTP_STRANGLER_BOUNDS]);
}


ngx_http_strangler_slot_t *
ngx_http_strangler_result(ngx_http_strangler_metrics_t *m, ngx_uint_t i,
    const fig_route_t **route)
{
    *route = NULL;

    if (i < m->gen->model->nroutes) {
        *route = &m->gen->model->routes[i];
        return m->gen->route_slots ? m->gen->route_slots[i] : NULL;
    }

    return (i == m->gen->model->nroutes) ? m->rset->count->fallthrough
                                         : m->rset->count->unrouted;
}


ngx_uint_t
ngx_http_strangler_moves(ngx_http_strangler_metrics_t *m,
    const fig_route_t *route)
{
    uint8_t  stage;

    if (route == NULL) {
        return 0;
    }

    stage = ngx_http_strangler_setting(route, m->in_force).stage;

    return stage == FIG_STAGE_SHADOW || stage == FIG_STAGE_RAMP
           || stage == FIG_STAGE_LIVE;
}


/* Whether this side may answer: what it has not done is told then, too. */

static ngx_uint_t
ngx_http_strangler_has_side(ngx_http_strangler_metrics_t *m,
    const fig_route_t *route, ngx_uint_t side)
{
    uint8_t  stage;

    if (route == NULL || route->stage == FIG_STAGE_NONE) {
        return side == 0;
    }

    stage = ngx_http_strangler_setting(route, m->in_force).stage;

    switch (stage) {

    case FIG_STAGE_RAMP:
    case FIG_STAGE_LIVE:
        return 1;

    case FIG_STAGE_DONE:
        return side == 1;

    default:
        return side == 0;
    }
}


static const char *
ngx_http_strangler_side_word(ngx_http_strangler_metrics_t *m,
    const fig_route_t *route, ngx_uint_t i, ngx_uint_t side)
{
    if (side == 1) {
        return "new";
    }

    /* redirects and such, or a request that nobody was asked for */

    if (route ? route->stage == FIG_STAGE_NONE : i > m->gen->model->nroutes) {
        return "none";
    }

    return "old";
}


void
ngx_http_strangler_write_build(ngx_http_strangler_metrics_t *m, ngx_uint_t i)
{
    ngx_http_strangler_put_name(m, "");
    ngx_http_strangler_put_word(m, "{version", NGX_HTTP_STRANGLER_VERSION);
    ngx_http_strangler_put_word(m, ",nginx", NGINX_VERSION);
    ngx_http_strangler_put_value(m, 1);
}


void
ngx_http_strangler_write_generation(ngx_http_strangler_metrics_t *m,
    ngx_uint_t i)
{
    ngx_http_strangler_put_plain(m,
                                 ngx_http_strangler_zone_generation(m->rset));
}


static ngx_uint_t
ngx_http_strangler_workers(ngx_http_strangler_metrics_t *m, ngx_uint_t behind)
{
    ngx_uint_t                   i, n, seats, newest, all;
    ngx_http_strangler_count_t  *count;
    ngx_http_strangler_seat_t   *seat;

    n = 0;
    all = 0;
    count = m->rset->count;
    seats = count->nseats;
    newest = ngx_http_strangler_zone_generation(m->rset);

    for (i = 0; i < seats; i++) {
        seat = &count->seats[i];

        if (seat->exiting || !ngx_http_strangler_lives(seat->pid)) {
            continue;
        }

        all++;
        n += seat->generation != newest;
    }

    return behind ? n : all;
}


void
ngx_http_strangler_write_workers(ngx_http_strangler_metrics_t *m,
    ngx_uint_t i)
{
    ngx_http_strangler_put_plain(m, ngx_http_strangler_workers(m, 0));
}


void
ngx_http_strangler_write_behind(ngx_http_strangler_metrics_t *m, ngx_uint_t i)
{
    ngx_http_strangler_put_plain(m, ngx_http_strangler_workers(m, 1));
}


void
ngx_http_strangler_write_loads(ngx_http_strangler_metrics_t *m, ngx_uint_t i)
{
    ngx_http_strangler_put_name(m, "");
    ngx_http_strangler_put_word(m, "{result", "success");
    ngx_http_strangler_put_value(m, m->rset->count->loads);

    ngx_http_strangler_put_name(m, "");
    ngx_http_strangler_put_word(m, "{result", "error");
    ngx_http_strangler_put_value(m, m->rset->count->refusals);
}


void
ngx_http_strangler_write_invalid(ngx_http_strangler_metrics_t *m,
    ngx_uint_t i)
{
    ngx_http_strangler_put_plain(m,
                                 ngx_http_strangler_zone_is_spoiled(m->rset));
}


void
ngx_http_strangler_write_flips(ngx_http_strangler_metrics_t *m, ngx_uint_t i)
{
    static const char *const  kinds[] = {
        "flip", "undo", "revert", "confirm", "reset", "release"
    };

    for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        ngx_http_strangler_put_name(m, "");
        ngx_http_strangler_put_word(m, "{kind", kinds[i]);
        ngx_http_strangler_put_value(m, m->rset->count->flips[i]);
    }
}


static ngx_uint_t
ngx_http_strangler_drifts(ngx_http_strangler_metrics_t *m,
    const fig_route_t *route)
{
    fig_setting_t  setting;

    setting = ngx_http_strangler_setting(route, m->in_force);

    return setting.stage != route->stage
           || (setting.stage == FIG_STAGE_RAMP
               && setting.percent != route->percent)
           || (setting.shadow_flipped
               && setting.shadow_percent
                  != fig_shadow_share(route, (fig_stage_t) setting.stage));
}


void
ngx_http_strangler_write_drift(ngx_http_strangler_metrics_t *m, ngx_uint_t i)
{
    ngx_uint_t  n;

    n = 0;

    for (i = 0; i < m->gen->model->nroutes; i++) {
        n += ngx_http_strangler_drifts(m, &m->gen->model->routes[i]);
    }

    ngx_http_strangler_put_plain(m, n);
}


void
ngx_http_strangler_write_lost(ngx_http_strangler_metrics_t *m, ngx_uint_t i)
{
    ngx_http_strangler_put_plain(m, m->rset->count->surface_lost);
}


void
ngx_http_strangler_write_stages(ngx_http_strangler_metrics_t *m, ngx_uint_t i)
{
    ngx_uint_t  stage, n[FIG_STAGE_DONE + 1];

    ngx_memzero(n, sizeof(n));

    for (i = 0; i < m->gen->model->nroutes; i++) {
        n[ngx_http_strangler_setting(&m->gen->model->routes[i],
                                     m->in_force).stage]++;
    }

    for (stage = FIG_STAGE_LEGACY; stage <= FIG_STAGE_DONE; stage++) {
        ngx_http_strangler_put_name(m, "");
        ngx_http_strangler_put_word(m, "{stage", fig_stage_name(stage));
        ngx_http_strangler_put_value(m, n[stage]);
    }
}


void
ngx_http_strangler_write_info(ngx_http_strangler_metrics_t *m, ngx_uint_t i)
{
    fig_setting_t       setting;
    const fig_route_t  *route;

    route = &m->gen->model->routes[i];
    setting = ngx_http_strangler_setting(route, m->in_force);

    ngx_http_strangler_put_who(m, "", i);
    ngx_http_strangler_put_word(m, ",stage",
                                setting.stage ? fig_stage_name(setting.stage)
                                              : "none");

    if (route->group) {
        ngx_http_strangler_put_label(m, ",group", route->group->name);
    }

    if (route->capability.len) {
        ngx_http_strangler_put_label(m, ",capability", route->capability);
    }

    if (route->owner.len) {
        ngx_http_strangler_put_label(m, ",owner", route->owner);
    }

    ngx_http_strangler_put_value(m, 1);
}


void
ngx_http_strangler_write_share(ngx_http_strangler_metrics_t *m, ngx_uint_t i)
{
    fig_setting_t  setting;

    setting = ngx_http_strangler_setting(&m->gen->model->routes[i],
                                         m->in_force);

    if (setting.stage == FIG_STAGE_NONE) {
        return;
    }

    ngx_http_strangler_put_who(m, "", i);
    fig_buffer_put_text(m->out, "} ");
    fig_buffer_put_decimal(m->out,
                           (uint64_t) fig_setting_share(setting.stage,
                                                        setting.percent), 4);
    fig_buffer_put_text(m->out, "\n");
}


void
ngx_http_strangler_write_requests(ngx_http_strangler_metrics_t *m,
    ngx_uint_t i)
{
    ngx_uint_t                        side, outcome, all;
    const fig_route_t                *route;
    ngx_http_strangler_slot_t        *slot;
    ngx_http_strangler_route_sums_t   sums;

    slot = ngx_http_strangler_result(m, i, &route);
    ngx_http_strangler_count_route(m->rset->count, slot, &sums);

    for (side = 0; side < NGX_HTTP_STRANGLER_SIDES; side++) {
        all = ngx_http_strangler_has_side(m, route, side);

        for (outcome = 0; outcome < NGX_HTTP_STRANGLER_OUTCOMES; outcome++) {

            if (sums.requests[side][outcome] == 0
                && !(all && (outcome == NGX_HTTP_STRANGLER_SUCCESS
                             || ngx_http_strangler_moves(m, route))))
            {
                continue;
            }

            ngx_http_strangler_put_who(m, "", i);
            ngx_http_strangler_put_word(m, ",side",
                          ngx_http_strangler_side_word(m, route, i, side));
            ngx_http_strangler_put_word(m, ",outcome",
                                        ngx_http_strangler_outcomes[outcome]);
            ngx_http_strangler_put_value(m, sums.requests[side][outcome]);
        }
    }
}


void
ngx_http_strangler_write_limits(ngx_http_strangler_metrics_t *m, ngx_uint_t i)
{
    const fig_route_t          *route;
    ngx_http_strangler_slot_t  *slot;

    slot = ngx_http_strangler_result(m, i, &route);

    if (slot && slot->limited) {
        ngx_http_strangler_put_who(m, "", i);
        ngx_http_strangler_put_value(m, slot->limited);
    }
}


void
ngx_http_strangler_write_duration(ngx_http_strangler_metrics_t *m,
    ngx_uint_t i)
{
    ngx_uint_t                        side, last;
    const fig_route_t                *route;
    ngx_http_strangler_slot_t        *slot;
    ngx_http_strangler_route_sums_t   sums;

    slot = ngx_http_strangler_result(m, i, &route);

    if (slot == NULL || (route && !ngx_http_strangler_moves(m, route))) {
        return;
    }

    ngx_http_strangler_count_route(m->rset->count, slot, &sums);

    if (!sums.timed) {
        return;
    }

    last = NGX_HTTP_STRANGLER_BOUNDS;

    for (side = 0; side < NGX_HTTP_STRANGLER_SIDES; side++) {

        if (sums.duration[side].buckets[last]
            || ngx_http_strangler_has_side(m, route, side))
        {
            ngx_http_strangler_put_histogram(m, i,
                          ngx_http_strangler_side_word(m, route, i, side),
                          &sums.duration[side]);
        }
    }
}
