/*
 * What would happen to a request: v1/explain.
 *
 *     body -> fig_ask_t -> fig_request_t -> decision, candidates -> JSON
 *
 * It is decided as a request would be at this moment, and nothing is changed.
 */

#include "ngx_http_strangler_api.h"

#include "fig_ask.h"
#include "fig_body.h"


#define NGX_HTTP_STRANGLER_CANDIDATES  50


static ngx_int_t
ngx_http_strangler_explain_headers(ngx_http_strangler_api_t *api,
    fig_json_t *doc, const fig_json_node_t *object, fig_ask_t *ask)
{
    uint32_t                n;
    fig_header_t           *headers;
    const fig_json_node_t  *node, *value;

    if (object == NULL || object->kind == FIG_JSON_NULL) {
        return NGX_OK;
    }

    if (object->kind != FIG_JSON_OBJECT) {
        (void) fig_problem(&api->problem, 422, "\"headers\" must be an object "
                           "of names and values");
        return NGX_ERROR;
    }

    for (node = fig_json_first(doc, object), n = 0;
         node;
         node = fig_json_next(doc, node))
    {
        n += (node->kind == FIG_JSON_ARRAY) ? node->nchildren : 1;
    }

    headers = fig_arena_array(api->arena, n + 1, sizeof(fig_header_t));

    if (headers == NULL) {
        api->out.nomem = true;
        return NGX_ERROR;
    }

    ask->headers = headers;

    for (node = fig_json_first(doc, object);
         node;
         node = fig_json_next(doc, node))
    {
        value = (node->kind == FIG_JSON_ARRAY) ? fig_json_first(doc, node)
                                               : node;

        for ( /* void */ ; value; value = fig_json_next(doc, value)) {

            if (value->kind != FIG_JSON_STRING) {
                (void) fig_problem(&api->problem, 422, "the values of "
                                   "\"headers\" must be strings, or lists of "
                                   "strings");
                return NGX_ERROR;
            }

            headers[ask->nheaders].name = fig_json_key(doc, node);
            headers[ask->nheaders].value = fig_json_text(doc, value);
            ask->nheaders++;

            if (value == node) {
                break;
            }
        }
    }

    return NGX_OK;
}


/* A member of the body that is a string. */

static ngx_int_t
ngx_http_strangler_explain_member(ngx_http_strangler_api_t *api,
    const fig_json_t *doc, const fig_json_node_t *node, fig_ask_t *ask)
{
    fig_str_t  key, *member;

    key = fig_json_key(doc, node);
    member = NULL;

    if (fig_str_eq(key, fig_str_from("method"))) {
        member = &ask->method;

    } else if (fig_str_eq(key, fig_str_from("url"))) {
        member = &ask->url;

    } else if (fig_str_eq(key, fig_str_from("client"))) {
        member = &ask->client;
    }

    if (member == NULL) {
        (void) fig_problem(&api->problem, 422, "unknown member \"%.*s\"; known "
                           "are method, url, headers and client",
                           (int) ngx_min(key.len, 64), key.data);
        return NGX_ERROR;
    }

    if (node->kind == FIG_JSON_STRING) {
        *member = fig_json_text(doc, node);
        return NGX_OK;
    }

    if (node->kind == FIG_JSON_NULL) {
        return NGX_OK;
    }

    (void) fig_problem(&api->problem, 422, "\"%.*s\" must be a string",
                       (int) key.len, key.data);

    return NGX_ERROR;
}


static ngx_int_t
ngx_http_strangler_explain_ask(ngx_http_strangler_api_t *api, fig_ask_t *ask)
{
    ngx_int_t               rc;
    fig_body_t              body;
    fig_json_t             *doc;
    const fig_json_node_t  *node;

    ngx_memzero(ask, sizeof(fig_ask_t));

    ask->method = fig_str("GET", 3);

    if (!fig_body_parse(&body, api->body, FIG_JSON_NODES, api->arena,
                        &api->problem))
    {
        return NGX_ERROR;
    }

    doc = body.doc;

    for (node = fig_json_first(doc, fig_json_root(doc));
         node;
         node = fig_json_next(doc, node))
    {
        if (fig_str_eq(fig_json_key(doc, node), fig_str_from("headers"))) {
            rc = ngx_http_strangler_explain_headers(api, doc, node, ask);

        } else {
            rc = ngx_http_strangler_explain_member(api, doc, node, ask);
        }

        if (rc != NGX_OK) {
            return NGX_ERROR;
        }
    }

    if (ask->url.len == 0) {
        (void) fig_problem(&api->problem, 422, "\"url\" is needed");
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* Values in force as of one moment, for all routes and backends. */

static ngx_int_t
ngx_http_strangler_explain_force(ngx_http_strangler_api_t *api,
    const ngx_http_strangler_view_t *view, fig_in_force_t *in_force)
{
    uint8_t            *drained;
    fig_setting_t      *settings;
    const fig_model_t  *model;

    model = api->gen->model;

    settings = fig_arena_array(api->arena, model->nroutes + 1,
                               sizeof(fig_setting_t));
    drained = fig_arena_array(api->arena, model->nbackends + 1, 1);

    if (settings == NULL || drained == NULL) {
        api->out.nomem = true;
        return NGX_ERROR;
    }

    (void) fig_slots_in_force(api->gen->ruleset, &view->index, settings,
                              drained);

    in_force->routes = settings;
    in_force->drained = drained;

    return NGX_OK;
}


void
ngx_http_strangler_put_name_of(fig_json_out_t *out, const char *key,
    const fig_backend_t *backend)
{
    fig_json_put_key(out, key);

    if (backend) {
        fig_json_put_str(out, backend->name);
    } else {
        fig_json_put_null(out);
    }
}


static void
ngx_http_strangler_put_decision(ngx_http_strangler_api_t *api,
    const ngx_http_strangler_view_t *view, const fig_decision_t *decision)
{
    char                text[512];
    fig_json_out_t     *out;
    fig_effect_t        effect;
    const fig_route_t  *route;

    out = &api->out;
    route = decision->route;

    fig_json_put_key(out, "route");

    if (route) {
        fig_json_put_str(out, route->name);
        fig_slots_effect(&view->index, route, &effect);

    } else {
        fig_json_put_null(out);
        ngx_memzero(&effect, sizeof(fig_effect_t));
    }

    fig_json_put_key(out, "stage");

    if (decision->stage != FIG_STAGE_NONE) {
        fig_json_put_text(out, fig_stage_name(decision->stage));
    } else {
        fig_json_put_null(out);
    }

    ngx_http_strangler_put_shadow(out, route,
                                  effect.setting.shadow_percent);

    fig_json_put_key(out, "source");
    fig_json_put_text(out, effect.flipped ? "flip" : "file");

    fig_json_put_key(out, "side");

    if (decision->side != FIG_SIDE_NONE) {
        fig_json_put_text(out, fig_side_name(decision->side));
    } else {
        fig_json_put_null(out);
    }

    ngx_http_strangler_put_name_of(out, "backend", decision->backend);

    fig_json_put_key(out, "bucket");

    if (decision->bucket < FIG_BUCKETS) {
        fig_json_put_uint(out, decision->bucket);
    } else {
        fig_json_put_null(out);
    }

    fig_json_put_key(out, "by");

    if (decision->by) {
        fig_json_put_str(out, decision->by->source);
    } else {
        fig_json_put_null(out);
    }

    fig_json_put_key(out, "retries");
    fig_json_put_uint(out, fig_decision_retries(decision));

    ngx_http_strangler_put_name_of(out, "fallback", decision->fallback);

    (void) fig_decision_text(decision, text, sizeof(text));
    fig_json_put_key(out, "why");
    fig_json_put_text(out, text);

    fig_json_put_key(out, "generation");
    fig_json_put_uint(out, api->gen->number);
    fig_json_put_key(out, "seq");
    fig_json_put_uint(out, effect.seq);
}


static void
ngx_http_strangler_put_candidates(ngx_http_strangler_api_t *api,
    fig_request_t *request, fig_scratch_t *scratch)
{
    char              text[512];
    size_t            i, n;
    fig_candidate_t  *candidates;

    candidates = fig_arena_array(api->arena, NGX_HTTP_STRANGLER_CANDIDATES,
                                 sizeof(fig_candidate_t));
    if (candidates == NULL) {
        api->out.nomem = true;
        return;
    }

    n = fig_explain(api->gen->ruleset, request, scratch, false, candidates,
                    NGX_HTTP_STRANGLER_CANDIDATES);

    fig_json_put_key(&api->out, "candidates");
    fig_json_begin_array(&api->out);

    for (i = 0; i < n; i++) {
        (void) fig_candidate_text(&candidates[i], text, sizeof(text));

        fig_json_begin_object(&api->out);
        fig_json_put_key(&api->out, "route");
        fig_json_put_str(&api->out, candidates[i].route->name);
        fig_json_put_key(&api->out, "won");
        fig_json_put_bool(&api->out,
                          candidates[i].because == FIG_BECAUSE_WON);
        fig_json_put_key(&api->out, "because");
        fig_json_put_text(&api->out, text);
        fig_json_end_object(&api->out);
    }

    fig_json_end_array(&api->out);
}


static void
ngx_http_strangler_explain_answer(ngx_http_strangler_api_t *api,
    fig_request_t *request, fig_scratch_t *scratch)
{
    fig_match_t                 match;
    fig_in_force_t              in_force;
    fig_decision_t              decision;
    ngx_http_strangler_view_t   view;

    if (ngx_http_strangler_api_view(api, &view) != NGX_OK) {
        return;
    }

    if (ngx_http_strangler_explain_force(api, &view, &in_force) == NGX_OK) {

        fig_match(api->gen->ruleset, request, scratch, &match);
        fig_decide(api->gen->ruleset, request, &match, scratch, &in_force,
                   &decision);

        fig_json_begin_object(&api->out);
        ngx_http_strangler_put_decision(api, &view, &decision);
        ngx_http_strangler_put_candidates(api, request, scratch);
        fig_json_end_object(&api->out);
    }

    ngx_http_strangler_api_unview(&view);
}


void
ngx_http_strangler_api_explain(ngx_http_strangler_api_t *api)
{
    fig_ask_t       ask;
    const char     *why;
    fig_status_t    status;
    fig_request_t   request;
    fig_scratch_t  *scratch;

    if (ngx_http_strangler_explain_ask(api, &ask) != NGX_OK) {
        return;
    }

    status = fig_ask_request(&ask, api->arena, &request, &why);

    if (status == FIG_INVALID) {
        (void) fig_problem(&api->problem, 422, "%s", why);
        return;
    }

    scratch = fig_scratch_create();

    if (status != FIG_OK || scratch == NULL) {
        api->out.nomem = true;
        fig_scratch_destroy(scratch);
        return;
    }

    ngx_http_strangler_explain_answer(api, &request, scratch);

    fig_scratch_destroy(scratch);
}
