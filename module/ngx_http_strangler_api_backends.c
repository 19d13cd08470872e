/*
 * Backends: v1/backends and v1/backends/NAME.
 *
 * What was counted is of all workers; servers and addresses are those of this
 * one, which resolved their names when it loaded the rules.
 */

#include "ngx_http_strangler_api.h"


static void
ngx_http_strangler_put_servers(fig_json_out_t *out,
    const ngx_http_strangler_backend_t *backend)
{
    ngx_uint_t                        i;
    const ngx_http_strangler_peer_t  *peer;

    fig_json_put_key(out, "servers");
    fig_json_begin_array(out);

    for (i = 0; i < backend->npeers; i++) {
        peer = &backend->peers[i];

        fig_json_begin_object(out);
        fig_json_put_key(out, "url");
        fig_json_put_str(out, peer->server->url);
        fig_json_put_key(out, "address");
        fig_json_put_str(out, ngx_http_strangler_fig(peer->name));
        fig_json_put_key(out, "weight");
        fig_json_put_uint(out, peer->server->weight);
        fig_json_end_object(out);
    }

    fig_json_end_array(out);
}


static void
ngx_http_strangler_put_limit(fig_json_out_t *out, const char *key,
    int32_t limit)
{
    fig_json_put_key(out, key);

    if (limit == FIG_UNSET) {
        fig_json_put_null(out);
    } else {
        fig_json_put_uint(out, limit);
    }
}


static void
ngx_http_strangler_put_places(fig_json_out_t *out,
    const fig_backend_t *backend, const ngx_http_strangler_backend_sums_t *sums)
{
    ngx_uint_t  i;

    fig_json_put_key(out, "in_flight");
    fig_json_put_uint(out, sums->in_flight);
    ngx_http_strangler_put_limit(out, "max_in_flight", backend->max_in_flight);

    fig_json_put_key(out, "fallbacks");
    fig_json_put_uint(out, sums->fallbacks);
    ngx_http_strangler_put_limit(out, "max_fallbacks", backend->max_fallbacks);

    fig_json_put_key(out, "refused");
    fig_json_begin_object(out);

    for (i = 0; i < NGX_HTTP_STRANGLER_REFUSALS; i++) {
        fig_json_put_key(out, ngx_http_strangler_refusals[i]);
        fig_json_put_uint(out, sums->refused[i]);
    }

    fig_json_end_object(out);
}


static void
ngx_http_strangler_put_tries(ngx_http_strangler_api_t *api,
    const fig_backend_t *backend)
{
    ngx_uint_t                          i;
    fig_json_out_t                     *out;
    ngx_http_strangler_slot_t          *slot;
    ngx_http_strangler_backend_sums_t   sums;

    out = &api->out;
    slot = api->gen->backend_slots ? api->gen->backend_slots[backend->index]
                                   : NULL;

    ngx_http_strangler_count_backend(api->rset->count, slot, &sums);

    ngx_http_strangler_put_places(out, backend, &sums);

    fig_json_put_key(out, "requests");
    fig_json_begin_object(out);

    for (i = 0; i < NGX_HTTP_STRANGLER_TRY_OUTCOMES; i++) {
        fig_json_put_key(out, ngx_http_strangler_outcomes[i]);
        fig_json_put_uint(out, sums.tries[i]);
    }

    fig_json_end_object(out);

    fig_json_put_key(out, "failures");
    fig_json_begin_object(out);

    for (i = 0; i < NGX_HTTP_STRANGLER_TRY_REASONS; i++) {
        if (sums.failures[i]) {
            fig_json_put_key(out, ngx_http_strangler_try_reasons[i]);
            fig_json_put_uint(out, sums.failures[i]);
        }
    }

    fig_json_end_object(out);

    ngx_http_strangler_put_latency(out, "latency", &sums.duration);
}


static ngx_uint_t
ngx_http_strangler_route_uses(const fig_route_t *route,
    const fig_backend_t *backend)
{
    uint32_t  i;

    if (route->from == backend || route->fallback.to == backend) {
        return 1;
    }

    for (i = 0; i < route->ntargets; i++) {
        if (route->targets[i].backend == backend) {
            return 1;
        }
    }

    return 0;
}


static void
ngx_http_strangler_put_backend(ngx_http_strangler_api_t *api,
    const ngx_http_strangler_view_t *view, const fig_backend_t *backend)
{
    uint32_t            i, n;
    fig_json_out_t     *out;
    const fig_slot_t   *slot;
    const fig_model_t  *model;

    out = &api->out;
    model = api->gen->model;
    slot = fig_slot_find(&view->index, FIG_SLOT_BACKEND, backend->name);

    for (i = 0, n = 0; i < model->nroutes; i++) {
        n += ngx_http_strangler_route_uses(&model->routes[i], backend);
    }

    fig_json_begin_object(out);
    fig_json_put_key(out, "name");
    fig_json_put_str(out, backend->name);
    fig_json_put_key(out, "default");
    fig_json_put_bool(out, backend == model->fallthrough);
    fig_json_put_key(out, "drain");
    fig_json_put_bool(out, slot && (slot->flags & FIG_SLOT_DRAIN));
    fig_json_put_key(out, "seq");
    fig_json_put_uint(out, slot ? slot->seq : 0);
    ngx_http_strangler_put_lease(out, view, slot ? slot->flip : 0);
    fig_json_put_key(out, "routes");
    fig_json_put_uint(out, n);

    ngx_http_strangler_put_servers(out, &api->gen->backends[backend->index]);
    ngx_http_strangler_put_tries(api, backend);

    fig_json_end_object(out);
}


void
ngx_http_strangler_api_backends(ngx_http_strangler_api_t *api)
{
    uint32_t                    i, limit, n;
    fig_str_t                   after;
    const fig_model_t          *model;
    const fig_backend_t        *backend;
    ngx_http_strangler_view_t   view;

    model = api->gen->model;
    i = 0;

    if (ngx_http_strangler_api_arg(api, "after", &after)) {
        backend = fig_ruleset_find_backend(api->gen->ruleset, after);

        if (backend == NULL) {
            (void) fig_problem(&api->problem, NGX_HTTP_NOT_FOUND,
                               "there is no backend \"%.*s\" to go on after",
                               (int) after.len, after.data);
            return;
        }

        i = backend->index + 1;
    }

    if (!ngx_http_strangler_api_limit(api, &limit)
        || ngx_http_strangler_api_view(api, &view) != NGX_OK)
    {
        return;
    }

    fig_json_begin_object(&api->out);
    fig_json_put_key(&api->out, "backends");
    fig_json_begin_array(&api->out);

    for (n = 0; i < model->nbackends && n < limit; i++, n++) {
        ngx_http_strangler_put_backend(api, &view, &model->backends[i]);
    }

    fig_json_end_array(&api->out);
    fig_json_put_key(&api->out, "next");

    if (i < model->nbackends) {
        fig_json_put_str(&api->out, model->backends[i - 1].name);
    } else {
        fig_json_put_null(&api->out);
    }

    fig_json_end_object(&api->out);

    ngx_http_strangler_api_unview(&view);
}


void
ngx_http_strangler_api_backend(ngx_http_strangler_api_t *api)
{
    const fig_slot_t           *slot;
    const fig_backend_t        *backend;
    ngx_http_strangler_view_t   view;

    backend = fig_ruleset_find_backend(api->gen->ruleset, api->name);

    if (backend == NULL) {
        (void) fig_problem(&api->problem, NGX_HTTP_NOT_FOUND,
                           "there is no backend \"%.*s\"",
                           (int) api->name.len, api->name.data);
        return;
    }

    if (ngx_http_strangler_api_view(api, &view) != NGX_OK) {
        return;
    }

    slot = fig_slot_find(&view.index, FIG_SLOT_BACKEND, backend->name);

    fig_json_out_reset(&api->out);
    ngx_http_strangler_put_backend(api, &view, backend);

    ngx_http_strangler_api_tag(api, slot ? slot->seq : 0);
    ngx_http_strangler_api_unview(&view);
}
