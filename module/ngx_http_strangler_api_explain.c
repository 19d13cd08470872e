/*
 * What would happen: v1/explain for one request, v1/rules/check for rules that
 * are not in force yet.  Neither changes anything.
 */

#include "ngx_http_strangler_api.h"

#include "fig_ask.h"


#define NGX_HTTP_STRANGLER_CANDIDATES  50
#define NGX_HTTP_STRANGLER_MOVES       100     /* that are shown */
#define NGX_HTTP_STRANGLER_COMPARED    1000    /* shapes of the surface */


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


static ngx_int_t
ngx_http_strangler_explain_ask(ngx_http_strangler_api_t *api, fig_ask_t *ask)
{
    fig_str_t               key;
    fig_json_t             *doc;
    fig_status_t            status;
    fig_json_error_t        error;
    fig_json_limits_t       limits;
    const fig_json_node_t  *root, *node;

    ngx_memzero(ask, sizeof(fig_ask_t));
    ngx_memzero(&limits, sizeof(fig_json_limits_t));

    limits.depth = 16;
    limits.unique = true;

    status = fig_json_parse(api->body, &limits, api->arena, &doc, &error);

    if (status == FIG_NOMEM) {
        api->out.nomem = true;
        return NGX_ERROR;
    }

    if (status == FIG_INVALID) {
        (void) fig_problem(&api->problem, 400, "the body is not JSON that can "
                           "be used: line %u, column %u: %s", error.line,
                           error.col, error.message);
        return NGX_ERROR;
    }

    root = fig_json_root(doc);

    if (root->kind != FIG_JSON_OBJECT) {
        (void) fig_problem(&api->problem, 422, "the body must be an object");
        return NGX_ERROR;
    }

    ask->method = fig_str("GET", 3);

    for (node = fig_json_first(doc, root);
         node;
         node = fig_json_next(doc, node))
    {
        key = fig_json_key(doc, node);

        if (fig_str_eq(key, fig_str_from("headers"))) {
            if (ngx_http_strangler_explain_headers(api, doc, node, ask)
                != NGX_OK)
            {
                return NGX_ERROR;
            }

            continue;
        }

        if (node->kind != FIG_JSON_STRING && node->kind != FIG_JSON_NULL) {
            (void) fig_problem(&api->problem, 422, "\"method\", \"url\" and "
                               "\"client\" must be strings, and nothing else "
                               "but \"headers\" is known");
            return NGX_ERROR;
        }

        if (node->kind == FIG_JSON_NULL) {
            continue;
        }

        if (fig_str_eq(key, fig_str_from("method"))) {
            ask->method = fig_json_text(doc, node);

        } else if (fig_str_eq(key, fig_str_from("url"))) {
            ask->url = fig_json_text(doc, node);

        } else if (fig_str_eq(key, fig_str_from("client"))) {
            ask->client = fig_json_text(doc, node);

        } else {
            (void) fig_problem(&api->problem, 422, "unknown member; known are "
                               "method, url, headers and client");
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
    uint32_t            i;
    uint8_t            *drained;
    fig_effect_t        effect;
    fig_setting_t      *settings;
    const fig_slot_t   *slot;
    const fig_route_t  *route;
    const fig_model_t  *model;

    model = api->gen->model;

    settings = fig_arena_array(api->arena, model->nroutes + 1,
                               sizeof(fig_setting_t));
    drained = fig_arena_array(api->arena, model->nbackends + 1, 1);

    if (settings == NULL || drained == NULL) {
        api->out.nomem = true;
        return NGX_ERROR;
    }

    for (i = 0; i < model->nroutes; i++) {
        route = &model->routes[i];
        fig_slot_effect(route, fig_slot_of(&view->index, route), &effect);
        settings[i] = effect.setting;
    }

    for (i = 0; i < model->nbackends; i++) {
        slot = fig_slot_find(&view->index, FIG_SLOT_BACKEND,
                             model->backends[i].name);
        drained[i] = slot && (slot->flags & FIG_SLOT_DRAIN);
    }

    in_force->routes = settings;
    in_force->drained = drained;

    return NGX_OK;
}


static void
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
        fig_slot_effect(route, fig_slot_of(&view->index, route), &effect);

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


/* Rules that are checked */

typedef struct {
    ngx_http_strangler_api_t   *api;
    const fig_ruleset_t        *ruleset;       /* that is checked */
    fig_scratch_t              *scratch;
    uint64_t                    compared;
    uint64_t                    moved;
} ngx_http_strangler_compare_t;


static void
ngx_http_strangler_put_place(fig_json_out_t *out, const char *key,
    const fig_decision_t *decision)
{
    fig_json_put_key(out, key);
    fig_json_begin_object(out);
    fig_json_put_key(out, "route");

    if (decision->route) {
        fig_json_put_str(out, decision->route->name);
    } else {
        fig_json_put_null(out);
    }

    ngx_http_strangler_put_name_of(out, "backend", decision->backend);
    fig_json_end_object(out);
}


static ngx_uint_t
ngx_http_strangler_is_moved(const fig_decision_t *a, const fig_decision_t *b)
{
    if (a->route == NULL || b->route == NULL) {
        if (a->route != b->route) {
            return 1;
        }

    } else if (!fig_str_eq(a->route->name, b->route->name)) {
        return 1;
    }

    if (a->backend == NULL || b->backend == NULL) {
        return a->backend != b->backend;
    }

    return !fig_str_eq(a->backend->name, b->backend->name);
}


/* One request by both rules, each as its file says. */

static void
ngx_http_strangler_compare_one(ngx_http_strangler_compare_t *compare,
    const fig_ask_t *ask, uint64_t requests)
{
    const char       *why;
    fig_match_t       match;
    fig_request_t     request;
    fig_decision_t    now, then;
    fig_json_out_t   *out;

    out = &compare->api->out;

    if (fig_ask_request(ask, compare->api->arena, &request, &why) != FIG_OK) {
        return;
    }

    fig_match(compare->api->gen->ruleset, &request, compare->scratch, &match);
    fig_decide(compare->api->gen->ruleset, &request, &match, compare->scratch,
               NULL, &now);

    fig_match(compare->ruleset, &request, compare->scratch, &match);
    fig_decide(compare->ruleset, &request, &match, compare->scratch, NULL,
               &then);

    compare->compared++;

    if (!ngx_http_strangler_is_moved(&now, &then)) {
        return;
    }

    if (compare->moved++ >= NGX_HTTP_STRANGLER_MOVES) {
        return;
    }

    fig_json_begin_object(out);
    fig_json_put_key(out, "method");
    fig_json_put_str(out, ask->method);
    fig_json_put_key(out, "url");
    fig_json_put_str(out, ask->url);
    fig_json_put_key(out, "requests");

    if (requests) {
        fig_json_put_uint(out, requests);
    } else {
        fig_json_put_null(out);
    }

    ngx_http_strangler_put_place(out, "from", &now);
    ngx_http_strangler_put_place(out, "to", &then);
    fig_json_end_object(out);
}


static void
ngx_http_strangler_compare_tests(ngx_http_strangler_compare_t *compare,
    const fig_model_t *model)
{
    uint32_t           i, j;
    fig_ask_t          ask;
    fig_header_t      *headers;
    const fig_test_t  *test;

    for (i = 0; i < model->ntests; i++) {
        test = &model->tests[i];

        ngx_memzero(&ask, sizeof(fig_ask_t));

        headers = fig_arena_array(compare->api->arena, test->nheaders + 1,
                                  sizeof(fig_header_t));
        if (headers == NULL) {
            compare->api->out.nomem = true;
            return;
        }

        headers[0].name = fig_str("host", 4);
        headers[0].value = test->host;

        for (j = 0; j < test->nheaders; j++) {
            headers[j + 1].name = test->headers[j].name;
            headers[j + 1].value = test->headers[j].value;
        }

        ask.method = test->method;
        ask.url = test->target;
        ask.headers = headers;
        ask.nheaders = test->nheaders + 1;

        ngx_http_strangler_compare_one(compare, &ask, 0);
    }
}


/* `{id}` in a shape stands for anything; a number is one of it. */

static fig_str_t
ngx_http_strangler_unshape(fig_arena_t *arena, const fig_sketch_item_t *item)
{
    char        *copy, *p;
    const char  *s, *end, *brace;

    copy = fig_arena_alloc(arena, item->len + 1);
    if (copy == NULL) {
        return fig_str("/", 1);
    }

    p = copy;
    end = item->text + item->len;

    for (s = item->text; s < end; s++) {
        brace = (*s == '{') ? memchr(s, '}', (size_t) (end - s)) : NULL;

        if (brace) {
            *p++ = '1';
            s = brace;
            continue;
        }

        *p++ = *s;
    }

    return fig_str(copy, (size_t) (p - copy));
}


static void
ngx_http_strangler_compare_surface(ngx_http_strangler_compare_t *compare)
{
    ngx_uint_t                          i;
    fig_ask_t                           ask;
    ngx_http_strangler_rset_t          *rset;
    ngx_http_strangler_surface_view_t   view;

    rset = compare->api->rset;

    if (rset->count == NULL
        || ngx_http_strangler_surface_read(rset->count,
                                           NGX_HTTP_STRANGLER_COMPARED, &view)
           != NGX_OK)
    {
        return;
    }

    for (i = 0; i < view.nshapes; i++) {
        ngx_memzero(&ask, sizeof(fig_ask_t));

        ask.method = fig_str("GET", 3);
        ask.url = ngx_http_strangler_unshape(compare->api->arena,
                                             &view.shapes[i]);

        ngx_http_strangler_compare_one(compare, &ask, view.shapes[i].count);
    }

    free(view.shapes);
}


static void
ngx_http_strangler_compare(ngx_http_strangler_api_t *api,
    const fig_ruleset_t *ruleset)
{
    ngx_http_strangler_compare_t  compare;

    ngx_memzero(&compare, sizeof(ngx_http_strangler_compare_t));

    compare.api = api;
    compare.ruleset = ruleset;
    compare.scratch = fig_scratch_create();

    if (compare.scratch == NULL) {
        api->out.nomem = true;
        return;
    }

    fig_json_put_key(&api->out, "moves");
    fig_json_begin_array(&api->out);

    ngx_http_strangler_compare_tests(&compare, fig_ruleset_model(ruleset));
    ngx_http_strangler_compare_tests(&compare, api->gen->model);
    ngx_http_strangler_compare_surface(&compare);

    fig_json_end_array(&api->out);
    fig_json_put_key(&api->out, "compared");
    fig_json_put_uint(&api->out, compare.compared);
    fig_json_put_key(&api->out, "moved");
    fig_json_put_uint(&api->out, compare.moved);

    fig_scratch_destroy(compare.scratch);
}


static void
ngx_http_strangler_checked(ngx_http_strangler_api_t *api,
    const fig_ruleset_t *ruleset, fig_diags_t *diags, ngx_uint_t against)
{
    const fig_model_t  *model;

    model = ruleset ? fig_ruleset_model(ruleset) : NULL;

    fig_json_begin_object(&api->out);
    fig_json_put_key(&api->out, "ok");
    fig_json_put_bool(&api->out, model != NULL);
    fig_json_put_key(&api->out, "errors");
    fig_json_put_uint(&api->out, fig_diags_count(diags));
    fig_json_put_key(&api->out, "diagnostics");
    ngx_http_strangler_put_diags(&api->out, diags);

    if (model) {
        fig_json_put_key(&api->out, "routes");
        fig_json_put_uint(&api->out, model->nroutes);
        fig_json_put_key(&api->out, "backends");
        fig_json_put_uint(&api->out, model->nbackends);
        fig_json_put_key(&api->out, "tests");
        fig_json_put_uint(&api->out, model->ntests);
    }

    if (model && against) {
        ngx_http_strangler_compare(api, ruleset);
    }

    fig_json_end_object(&api->out);
}


void
ngx_http_strangler_api_rules_check(ngx_http_strangler_api_t *api)
{
    fig_str_t       value;
    ngx_uint_t      against;
    fig_files_t    *files;
    fig_diags_t    *diags;
    fig_status_t    status;
    fig_ruleset_t  *ruleset;

    against = ngx_http_strangler_api_arg(api, "against", &value);

    if (against && !fig_str_eq(value, fig_str_from("current"))) {
        (void) fig_problem(&api->problem, 422,
                           "\"against\" can only be \"current\"");
        return;
    }

    files = NULL;
    ruleset = NULL;

    diags = fig_diags_create();
    status = diags ? fig_files_from_text(fig_str_from("rules.yaml"), api->body,
                                         &files)
                   : FIG_NOMEM;

    if (status == FIG_OK) {
        status = fig_ruleset_create(files, &ruleset, diags);
    }

    if (status == FIG_NOMEM) {
        api->out.nomem = true;

    } else {
        ngx_http_strangler_checked(api, ruleset, diags, against);
    }

    fig_ruleset_destroy(ruleset);
    fig_files_destroy(files);
    fig_diags_destroy(diags);
}
