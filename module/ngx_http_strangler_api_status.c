/*
 * How the router is: v1/status, readyz, metrics, v1/surface, openapi.json.
 *
 * All of it is read from what the workers share, but for readyz, which is about
 * the worker that answers.
 */

#include "ngx_http_strangler_api.h"
#include "ngx_http_strangler_metrics.h"
#include "ngx_http_strangler_openapi.h"


#define NGX_HTTP_STRANGLER_WORKERS  1024       /* that are told of */
#define NGX_HTTP_STRANGLER_DRIFT    100        /* the same of routes */
#define NGX_HTTP_STRANGLER_SHAPES   1000


static void
ngx_http_strangler_put_ms(fig_json_out_t *out, const char *key, int64_t ms)
{
    char  text[FIG_ENTRY_TIME];

    fig_json_put_key(out, key);

    if (ms == 0) {
        fig_json_put_null(out);
        return;
    }

    fig_time_text(ms, text);
    fig_json_put_text(out, text);
}


static void
ngx_http_strangler_put_workers(ngx_http_strangler_api_t *api)
{
    ngx_uint_t                    i, n, behind, newest;
    fig_json_out_t               *out;
    ngx_http_strangler_worker_t  *workers;

    out = &api->out;
    n = behind = 0;
    newest = ngx_http_strangler_zone_generation(api->rset);

    workers = fig_arena_array(api->arena, NGX_HTTP_STRANGLER_WORKERS,
                              sizeof(ngx_http_strangler_worker_t));

    if (workers && api->rset->count) {
        n = ngx_http_strangler_count_workers(api->rset->count, workers,
                                             NGX_HTTP_STRANGLER_WORKERS);
    }

    fig_json_put_key(out, "workers");
    fig_json_begin_array(out);

    for (i = 0; i < n; i++) {
        fig_json_begin_object(out);
        fig_json_put_key(out, "pid");
        fig_json_put_int(out, workers[i].pid);
        fig_json_put_key(out, "generation");
        fig_json_put_uint(out, workers[i].generation);
        fig_json_put_key(out, "exiting");
        fig_json_put_bool(out, workers[i].exiting != 0);
        fig_json_end_object(out);

        behind += !workers[i].exiting && workers[i].generation != newest;
    }

    fig_json_end_array(out);
    fig_json_put_key(out, "generation");
    fig_json_put_uint(out, newest);
    fig_json_put_key(out, "converged");
    fig_json_put_bool(out, n != 0 && behind == 0);
}


static void
ngx_http_strangler_put_state(ngx_http_strangler_api_t *api)
{
    char             error[FIG_STORE_ERROR];
    bool             failed;
    fig_json_out_t  *out;

    out = &api->out;

    fig_json_put_key(out, "state");

    if (api->rset->store == NULL) {
        fig_json_put_null(out);
        return;
    }

    failed = fig_store_error(api->rset->store, error);

    fig_json_begin_object(out);
    fig_json_put_key(out, "directory");
    fig_json_put_str(out, ngx_http_strangler_fig(api->rset->state));
    fig_json_put_key(out, "writable");
    fig_json_put_bool(out, !failed);
    fig_json_put_key(out, "error");

    if (failed) {
        fig_json_put_text(out, error);
    } else {
        fig_json_put_null(out);
    }

    fig_json_end_object(out);
}


static void
ngx_http_strangler_put_drift(ngx_http_strangler_api_t *api,
    const ngx_http_strangler_view_t *view)
{
    uint32_t            i, n;
    const fig_route_t  *routes[NGX_HTTP_STRANGLER_DRIFT];

    n = fig_slots_drift(api->gen->ruleset, &view->index, routes,
                        NGX_HTTP_STRANGLER_DRIFT);

    fig_json_put_key(&api->out, "drift");
    fig_json_begin_array(&api->out);

    for (i = 0; i < ngx_min(n, NGX_HTTP_STRANGLER_DRIFT); i++) {
        fig_json_put_str(&api->out, routes[i]->name);
    }

    fig_json_end_array(&api->out);
    fig_json_put_key(&api->out, "drifting");
    fig_json_put_uint(&api->out, n);
}


static void
ngx_http_strangler_put_error(ngx_http_strangler_api_t *api)
{
    char     *json;
    size_t    len;
    int64_t   time;

    fig_json_put_key(&api->out, "last_error");

    json = ngx_http_strangler_zone_error(api->rset, &len, &time);

    if (json == NULL) {
        fig_json_put_null(&api->out);
        return;
    }

    fig_json_begin_object(&api->out);
    ngx_http_strangler_put_ms(&api->out, "time", time);
    fig_json_put_key(&api->out, "diagnostics");
    fig_json_put_raw(&api->out, fig_str(json, len));
    fig_json_end_object(&api->out);

    free(json);
}


void
ngx_http_strangler_api_status(ngx_http_strangler_api_t *api)
{
    char                        checksum[20];
    fig_json_out_t             *out;
    ngx_http_strangler_view_t   view;

    if (ngx_http_strangler_api_view(api, &view) != NGX_OK) {
        return;
    }

    out = &api->out;

    (void) snprintf(checksum, sizeof(checksum), "%016llx",
                    (unsigned long long) api->gen->checksum);

    fig_json_begin_object(out);
    fig_json_put_key(out, "version");
    fig_json_put_text(out, NGX_HTTP_STRANGLER_VERSION);
    fig_json_put_key(out, "nginx");
    fig_json_put_text(out, NGINX_VERSION);
    fig_json_put_key(out, "rule_set");
    fig_json_put_str(out, ngx_http_strangler_fig(api->rset->name));
    fig_json_put_key(out, "file");
    fig_json_put_str(out, ngx_http_strangler_fig(api->rset->file));
    fig_json_put_key(out, "checksum");
    fig_json_put_text(out, checksum);
    fig_json_put_key(out, "routes");
    fig_json_put_uint(out, api->gen->model->nroutes);
    fig_json_put_key(out, "backends");
    fig_json_put_uint(out, api->gen->model->nbackends);

    ngx_http_strangler_put_workers(api);

    fig_json_put_key(out, "leader");
    fig_json_put_uint(out, ngx_http_strangler_zone_leader(api->rset));
    fig_json_put_key(out, "seq");
    fig_json_put_uint(out, view.seq);
    fig_json_put_key(out, "write");
    fig_json_put_bool(out, api->write != 0);

    ngx_http_strangler_put_state(api);
    ngx_http_strangler_put_drift(api, &view);
    ngx_http_strangler_put_error(api);

    fig_json_end_object(out);

    ngx_http_strangler_api_unview(&view);
}


void
ngx_http_strangler_api_ready(ngx_http_strangler_api_t *api)
{
    ngx_uint_t  newest;

    newest = ngx_http_strangler_zone_generation(api->rset);

    if (newest != api->gen->number) {
        api->retry_after = 1;
        (void) fig_problem(&api->problem, NGX_HTTP_SERVICE_UNAVAILABLE,
                           "this worker has generation %lu of the rules in "
                           "force, the newest is %lu",
                           (unsigned long) api->gen->number,
                           (unsigned long) newest);
        return;
    }

    fig_json_begin_object(&api->out);
    fig_json_put_key(&api->out, "ready");
    fig_json_put_bool(&api->out, true);
    fig_json_put_key(&api->out, "generation");
    fig_json_put_uint(&api->out, newest);
    fig_json_end_object(&api->out);
}


void
ngx_http_strangler_api_surface(ngx_http_strangler_api_t *api)
{
    uint32_t                            limit;
    ngx_uint_t                          i;
    fig_json_out_t                     *out;
    ngx_http_strangler_surface_view_t   view;

    limit = NGX_HTTP_STRANGLER_SHAPES;

    if (ngx_http_strangler_api_has_arg(api, "limit")
        && !ngx_http_strangler_api_limit(api, &limit))
    {
        return;
    }

    ngx_memzero(&view, sizeof(view));

    if (api->rset->count
        && ngx_http_strangler_surface_read(api->rset->count, limit, &view)
           != NGX_OK)
    {
        (void) fig_problem(&api->problem, NGX_HTTP_SERVICE_UNAVAILABLE,
                           "memory is out");
        return;
    }

    out = &api->out;

    fig_json_begin_object(out);
    fig_json_put_key(out, "shapes");
    fig_json_begin_array(out);

    for (i = 0; i < view.nshapes; i++) {
        fig_json_begin_object(out);
        fig_json_put_key(out, "shape");
        fig_json_put_str(out, fig_str(view.shapes[i].text,
                                      view.shapes[i].len));
        fig_json_put_key(out, "requests");
        fig_json_put_uint(out, view.shapes[i].count);
        fig_json_put_key(out, "error");
        fig_json_put_uint(out, view.shapes[i].error);
        fig_json_end_object(out);
    }

    fig_json_end_array(out);
    fig_json_put_key(out, "total");
    fig_json_put_uint(out, view.total);
    fig_json_put_key(out, "error");
    fig_json_put_uint(out, view.error);
    fig_json_put_key(out, "lost");
    fig_json_put_uint(out, view.lost);
    ngx_http_strangler_put_ms(out, "since", (int64_t) view.since * 1000);
    fig_json_put_key(out, "next");
    fig_json_put_null(out);
    fig_json_end_object(out);

    free(view.shapes);
}


/* In pieces: ten thousand routes are a megabyte or two. */

void
ngx_http_strangler_api_metrics(ngx_http_strangler_api_t *api)
{
    ngx_int_t                       rc;
    ngx_str_t                       accept;
    fig_buffer_t                    buffer;
    ngx_http_strangler_metrics_t   *metrics;

    metrics = api->data;

    if (metrics == NULL) {
        metrics = fig_arena_alloc(api->arena,
                                  sizeof(ngx_http_strangler_metrics_t));
        if (metrics == NULL) {
            api->out.nomem = true;
            return;
        }

        accept = ngx_http_strangler_api_header(api->request, "accept");

        api->data = metrics;

        ngx_http_strangler_metrics_init(metrics, api->rset, api->gen,
            ngx_http_strangler_metrics_format(accept));

        metrics->in_force = &api->gen->in_force;

        api->type = (const char *) ngx_http_strangler_metrics_type(
            ngx_http_strangler_metrics_format(accept)).data;
    }

    fig_buffer_init(&buffer);

    rc = ngx_http_strangler_metrics_write(metrics, &buffer,
                                          NGX_HTTP_STRANGLER_PIECE);

    api->more = (rc == NGX_AGAIN);

    fig_json_put_raw(&api->out, fig_str(buffer.data, buffer.len));
    api->out.nomem = api->out.nomem || buffer.nomem || rc == NGX_ERROR;

    fig_buffer_release(&buffer);
}


void
ngx_http_strangler_api_openapi(ngx_http_strangler_api_t *api)
{
    fig_json_put_raw(&api->out, fig_str(ngx_http_strangler_openapi,
                                        sizeof(ngx_http_strangler_openapi)
                                        - 1));
}
