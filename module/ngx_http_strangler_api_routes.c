/*
 * Routes as they are in force: v1/routes and v1/routes/NAME.
 *
 * A list is made in the order of the rules file, a page at a time: `after` is
 * the name of a route, `next` the last one of the page.
 */

#include "ngx_http_strangler_api.h"


typedef struct {
    ngx_http_strangler_view_t   view;
    fig_str_t                   group;         /* filters; len 0: none */
    fig_str_t                   capability;
    fig_str_t                   backend;
    fig_str_t                   stage;
    fig_str_t                   owner;
    ngx_uint_t                  drift;
} ngx_http_strangler_list_t;


static void
ngx_http_strangler_put_percent(fig_json_out_t *out, fig_stage_t stage,
    int32_t percent)
{
    fig_json_put_hundredths(out, fig_setting_share(stage, percent));
}


static void
ngx_http_strangler_put_optional(fig_json_out_t *out, const char *key,
    fig_str_t value)
{
    fig_json_put_key(out, key);

    if (value.len) {
        fig_json_put_str(out, value);
    } else {
        fig_json_put_null(out);
    }
}


static void
ngx_http_strangler_put_sides(fig_json_out_t *out, const fig_route_t *route)
{
    uint32_t  i;

    fig_json_put_key(out, "from");

    if (route->from) {
        fig_json_put_str(out, route->from->name);
    } else {
        fig_json_put_null(out);
    }

    fig_json_put_key(out, "to");

    if (route->ntargets == 0) {
        fig_json_put_null(out);
        return;
    }

    fig_json_begin_object(out);

    for (i = 0; i < route->ntargets; i++) {
        fig_json_put_key_str(out, route->targets[i].backend->name);
        fig_json_put_uint(out, route->targets[i].weight);
    }

    fig_json_end_object(out);
}


static void
ngx_http_strangler_put_conditions(fig_json_out_t *out, const char *key,
    const fig_cond_t *conds, uint32_t n)
{
    uint32_t  i;

    if (n == 0) {
        return;
    }

    fig_json_put_key(out, key);
    fig_json_begin_object(out);

    for (i = 0; i < n; i++) {
        fig_json_put_key_str(out, conds[i].name);

        switch (conds[i].kind) {

        case FIG_COND_PRESENT:
            fig_json_put_text(out, "*");
            break;

        case FIG_COND_ABSENT:
            fig_json_put_text(out, "!");
            break;

        default:
            fig_json_put_str(out, conds[i].value);
            break;
        }
    }

    fig_json_end_object(out);
}


static void
ngx_http_strangler_put_set(fig_json_out_t *out, const fig_set_t *set)
{
    uint32_t  i;

    fig_json_begin_object(out);

    if (set->nhosts) {
        fig_json_put_key(out, "host");
        fig_json_begin_array(out);

        for (i = 0; i < set->nhosts; i++) {
            fig_json_put_str(out, set->hosts[i].source);
        }

        fig_json_end_array(out);
    }

    if (set->npaths) {
        fig_json_put_key(out, "path");
        fig_json_begin_array(out);

        for (i = 0; i < set->npaths; i++) {
            fig_json_put_str(out, set->paths[i].source);
        }

        fig_json_end_array(out);
    }

    if (set->nmethods) {
        fig_json_put_key(out, "methods");
        fig_json_begin_array(out);

        for (i = 0; i < set->nmethods; i++) {
            fig_json_put_str(out, set->methods[i]);
        }

        fig_json_end_array(out);
    }

    ngx_http_strangler_put_conditions(out, "headers", set->headers,
                                      set->nheaders);
    ngx_http_strangler_put_conditions(out, "query", set->query, set->nquery);
    ngx_http_strangler_put_conditions(out, "cookies", set->cookies,
                                      set->ncookies);

    if (set->nclients) {
        fig_json_put_key(out, "clients");
        fig_json_put_uint(out, set->nclients);
    }

    fig_json_end_object(out);
}


void
ngx_http_strangler_put_lease(fig_json_out_t *out,
    const ngx_http_strangler_view_t *view, uint64_t seq)
{
    char      text[FIG_ENTRY_TIME];
    uint32_t  i;

    fig_json_put_key(out, "lease");

    for (i = 0; seq && i < view->nleases; i++) {

        if (view->leases[i].seq == seq) {
            fig_time_text(view->leases[i].until, text);

            fig_json_begin_object(out);
            fig_json_put_key(out, "seq");
            fig_json_put_uint(out, seq);
            fig_json_put_key(out, "expires");
            fig_json_put_text(out, text);
            fig_json_end_object(out);

            return;
        }
    }

    fig_json_put_null(out);
}


/* Of two flips that made a route what it is, the one whose lease is running. */

static uint64_t
ngx_http_strangler_leased(const ngx_http_strangler_view_t *view,
    const fig_effect_t *effect)
{
    uint32_t  i;

    for (i = 0; i < view->nleases; i++) {
        if (view->leases[i].seq == effect->shadow_flip) {
            return effect->shadow_flip;
        }
    }

    return effect->flip;
}


/* In force, and as the file has it; null where nothing can be copied. */

void
ngx_http_strangler_put_shadow(fig_json_out_t *out, const fig_route_t *route,
    int32_t percent)
{
    fig_json_put_key(out, "shadow");

    if (route == NULL || fig_shadow_refuses(route) != NULL) {
        fig_json_put_null(out);
        return;
    }

    fig_json_begin_object(out);
    fig_json_put_key(out, "percent");
    fig_json_put_hundredths(out, percent);
    fig_json_put_key(out, "file");
    fig_json_begin_object(out);
    fig_json_put_key(out, "percent");
    fig_json_put_hundredths(out, fig_shadow_share(route, route->stage));
    fig_json_end_object(out);
    fig_json_end_object(out);
}


static void
ngx_http_strangler_put_stage(fig_json_out_t *out, const fig_route_t *route,
    const fig_effect_t *effect)
{
    ngx_uint_t   staged;
    fig_stage_t  stage;

    staged = (route->action == FIG_ACTION_PROXY);
    stage = (fig_stage_t) effect->setting.stage;

    fig_json_put_key(out, "stage");

    if (staged) {
        fig_json_put_text(out, fig_stage_name(stage));
    } else {
        fig_json_put_null(out);
    }

    fig_json_put_key(out, "percent");

    if (staged) {
        ngx_http_strangler_put_percent(out, stage, effect->setting.percent);
    } else {
        fig_json_put_null(out);
    }

    ngx_http_strangler_put_shadow(out, route,
                                  effect->setting.shadow_percent);

    fig_json_put_key(out, "source");
    fig_json_put_text(out, effect->flipped ? "flip" : "file");
    fig_json_put_key(out, "drift");
    fig_json_put_bool(out, effect->drift);
    fig_json_put_key(out, "hold");
    fig_json_put_bool(out, effect->hold);

    fig_json_put_key(out, "file");
    fig_json_begin_object(out);
    fig_json_put_key(out, "stage");

    if (staged) {
        fig_json_put_text(out, fig_stage_name(route->stage));
        fig_json_put_key(out, "percent");
        ngx_http_strangler_put_percent(out, route->stage, route->percent);

    } else {
        fig_json_put_null(out);
        fig_json_put_key(out, "percent");
        fig_json_put_null(out);
    }

    fig_json_end_object(out);
}


static void
ngx_http_strangler_put_route(ngx_http_strangler_api_t *api,
    const ngx_http_strangler_view_t *view, const fig_route_t *route,
    const fig_effect_t *effect)
{
    uint32_t         i;
    fig_json_out_t  *out;

    static const char *const  actions[] = { "proxy", "redirect", "respond" };

    out = &api->out;

    fig_json_begin_object(out);
    fig_json_put_key(out, "name");
    fig_json_put_str(out, route->name);
    fig_json_put_key(out, "action");
    fig_json_put_text(out, actions[route->action]);

    ngx_http_strangler_put_stage(out, route, effect);

    fig_json_put_key(out, "match");
    fig_json_begin_array(out);

    for (i = 0; i < route->nsets; i++) {
        ngx_http_strangler_put_set(out, &route->sets[i]);
    }

    fig_json_end_array(out);

    ngx_http_strangler_put_sides(out, route);

    ngx_http_strangler_put_optional(out, "group", route->group
                                    ? route->group->name : fig_str("", 0));
    ngx_http_strangler_put_optional(out, "capability", route->capability);
    ngx_http_strangler_put_optional(out, "owner", route->owner);
    ngx_http_strangler_put_optional(out, "expires", route->expires);
    ngx_http_strangler_put_optional(out, "note", route->note);

    fig_json_put_key(out, "seq");
    fig_json_put_uint(out, effect->seq);
    ngx_http_strangler_put_lease(out, view,
                                 ngx_http_strangler_leased(view, effect));

    ngx_http_strangler_put_route_counts(api, route);
    ngx_http_strangler_put_readiness(api, route);

    fig_json_end_object(out);
}


static void
ngx_http_strangler_list_filters(ngx_http_strangler_api_t *api,
    ngx_http_strangler_list_t *list)
{
    fig_str_t  drift;

    (void) ngx_http_strangler_api_arg(api, "group", &list->group);
    (void) ngx_http_strangler_api_arg(api, "capability", &list->capability);
    (void) ngx_http_strangler_api_arg(api, "backend", &list->backend);
    (void) ngx_http_strangler_api_arg(api, "stage", &list->stage);
    (void) ngx_http_strangler_api_arg(api, "owner", &list->owner);

    list->drift = ngx_http_strangler_api_arg(api, "drift", &drift)
                  && fig_str_eq(drift, fig_str_from("true"));
}


static ngx_uint_t
ngx_http_strangler_list_is(fig_str_t filter, fig_str_t value)
{
    return filter.len == 0 || fig_str_eq(filter, value);
}


static ngx_uint_t
ngx_http_strangler_list_has(const ngx_http_strangler_list_t *list,
    const fig_route_t *route, const fig_effect_t *effect)
{
    uint32_t    i;
    ngx_uint_t  uses;

    uses = list->backend.len == 0
           || (route->from && fig_str_eq(list->backend, route->from->name));

    for (i = 0; !uses && i < route->ntargets; i++) {
        uses = fig_str_eq(list->backend, route->targets[i].backend->name);
    }

    return uses
           && (!list->drift || effect->drift)
           && ngx_http_strangler_list_is(list->group, route->group
                                         ? route->group->name : fig_str("", 0))
           && ngx_http_strangler_list_is(list->capability, route->capability)
           && ngx_http_strangler_list_is(list->owner, route->owner)
           && ngx_http_strangler_list_is(list->stage,
                  fig_str_from(fig_stage_name(
                      (fig_stage_t) effect->setting.stage)));
}


/* Where a page begins; the number of routes where `after` is unknown. */

static uint32_t
ngx_http_strangler_list_start(ngx_http_strangler_api_t *api)
{
    fig_str_t           after;
    const fig_route_t  *route;

    if (!ngx_http_strangler_api_arg(api, "after", &after)) {
        return 0;
    }

    route = fig_ruleset_find_route(api->gen->ruleset, after);

    if (route == NULL) {
        (void) fig_problem(&api->problem, NGX_HTTP_NOT_FOUND,
                           "there is no route \"%.*s\" to go on after",
                           (int) after.len, after.data);
        return 0;
    }

    return route->index + 1;
}


void
ngx_http_strangler_api_routes(ngx_http_strangler_api_t *api)
{
    uint32_t                    i, n, limit;
    fig_effect_t                effect;
    const fig_route_t          *route, *last;
    const fig_model_t          *model;
    ngx_http_strangler_list_t   list;

    ngx_memzero(&list, sizeof(ngx_http_strangler_list_t));

    model = api->gen->model;
    i = ngx_http_strangler_list_start(api);

    if (!ngx_http_strangler_api_limit(api, &limit)
        || api->problem.status
        || ngx_http_strangler_api_view(api, &list.view) != NGX_OK)
    {
        return;
    }

    ngx_http_strangler_list_filters(api, &list);

    fig_json_begin_object(&api->out);
    fig_json_put_key(&api->out, "routes");
    fig_json_begin_array(&api->out);

    for (n = 0, last = NULL; i < model->nroutes; i++) {
        route = &model->routes[i];

        fig_slots_effect(&list.view.index, route, &effect);

        if (!ngx_http_strangler_list_has(&list, route, &effect)) {
            continue;
        }

        if (n++ == limit) {
            break;
        }

        ngx_http_strangler_put_route(api, &list.view, route, &effect);
        last = route;
    }

    fig_json_end_array(&api->out);
    fig_json_put_key(&api->out, "next");

    if (n > limit) {
        fig_json_put_str(&api->out, last->name);
    } else {
        fig_json_put_null(&api->out);
    }

    fig_json_end_object(&api->out);

    ngx_http_strangler_api_unview(&list.view);
}


void
ngx_http_strangler_api_route(ngx_http_strangler_api_t *api)
{
    fig_effect_t                effect;
    const fig_route_t          *route;
    ngx_http_strangler_view_t   view;

    route = fig_ruleset_find_route(api->gen->ruleset, api->name);

    if (route == NULL) {
        (void) fig_problem(&api->problem, NGX_HTTP_NOT_FOUND,
                           "there is no route \"%.*s\"", (int) api->name.len,
                           api->name.data);
        return;
    }

    if (ngx_http_strangler_api_view(api, &view) != NGX_OK) {
        return;
    }

    fig_slots_effect(&view.index, route, &effect);

    fig_json_out_reset(&api->out);
    ngx_http_strangler_put_route(api, &view, route, &effect);

    ngx_http_strangler_api_tag(api, effect.seq);
    ngx_http_strangler_api_unview(&view);
}
