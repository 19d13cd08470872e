/*
 * Rules that are not in force yet: v1/rules/check.
 *
 *     body, YAML -> diagnostics
 *     against=current -> the tests of both and the surface, decided by both
 *
 * Both are taken as their files say, without flips: the question is what an
 * edit would do.
 */

#include "ngx_http_strangler_api.h"

#include "fig_ask.h"
#include "fig_comparing.h"


#define NGX_HTTP_STRANGLER_MOVES     100       /* that are shown */
#define NGX_HTTP_STRANGLER_COMPARED  1000      /* shapes of the surface */


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
        status = fig_comparing_load(files, &ruleset, NULL, diags);
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
