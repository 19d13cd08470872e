/*
 * The admin API: its directive, and the way of a request from its URI to the
 * endpoint that answers it.
 *
 *     strangler_api NAME [write=on];
 *
 * Where a location is, what nginx says about access to it is done before the
 * handler here is called; what is checked here is in
 * ngx_http_strangler_api_check.c.
 */

#include "ngx_http_strangler_api.h"


#define NGX_HTTP_STRANGLER_WAIT     20         /* ms */
#define NGX_HTTP_STRANGLER_PATIENCE 5000       /* ms */
#define NGX_HTTP_STRANGLER_SLOW     60000      /* ms */


static void ngx_http_strangler_api_read(ngx_http_request_t *r);


static const ngx_http_strangler_endpoint_t  ngx_http_strangler_endpoints[] = {
    { NGX_HTTP_GET, "v1/status", ngx_http_strangler_api_status, 0, 0, 0 },
    { NGX_HTTP_GET, "v1/routes", ngx_http_strangler_api_routes, 0, 0, 0 },
    { NGX_HTTP_GET, "v1/routes/", ngx_http_strangler_api_route, 0, 0, 0 },
    { NGX_HTTP_PATCH, "v1/routes/", ngx_http_strangler_api_patch_route,
      1, 0, 0 },
    { NGX_HTTP_POST, "v1/flips", ngx_http_strangler_api_flips, 1, 0, 0 },
    { NGX_HTTP_GET, "v1/history", ngx_http_strangler_api_history, 0, 0, 0 },
    { NGX_HTTP_GET, "v1/backends", ngx_http_strangler_api_backends, 0, 0, 0 },
    { NGX_HTTP_GET, "v1/backends/", ngx_http_strangler_api_backend, 0, 0, 0 },
    { NGX_HTTP_PATCH, "v1/backends/", ngx_http_strangler_api_patch_backend,
      1, 0, 0 },
    { NGX_HTTP_GET, "v1/differences", ngx_http_strangler_api_differences,
      0, 0, 0 },
    { NGX_HTTP_DELETE, "v1/differences", ngx_http_strangler_api_forget_route,
      1, 0, 0 },
    { NGX_HTTP_GET, "v1/differences/", ngx_http_strangler_api_difference,
      0, 0, 0 },
    { NGX_HTTP_PATCH, "v1/differences/", ngx_http_strangler_api_acknowledge,
      1, 0, 0 },
    { NGX_HTTP_DELETE, "v1/differences/", ngx_http_strangler_api_forget,
      1, 0, 0 },
    { NGX_HTTP_POST, "v1/explain", ngx_http_strangler_api_explain, 0, 0, 0 },
    { NGX_HTTP_POST, "v1/rules/check", ngx_http_strangler_api_rules_check,
      0, 1, 0 },
    { NGX_HTTP_GET, "v1/events", NULL, 0, 0, 1 },
    { NGX_HTTP_GET, "v1/surface", ngx_http_strangler_api_surface, 0, 0, 0 },
    { NGX_HTTP_GET, "metrics", ngx_http_strangler_api_metrics, 0, 0, 0 },
    { NGX_HTTP_GET, "readyz", ngx_http_strangler_api_ready, 0, 0, 0 },
    { NGX_HTTP_GET, "openapi.json", ngx_http_strangler_api_openapi, 0, 0, 0 },
};


char *
ngx_http_strangler_api(ngx_conf_t *cf, ngx_command_t *cmd, void *conf)
{
    ngx_http_strangler_loc_conf_t *lcf = conf;

    ngx_str_t                 *value;
    ngx_http_core_loc_conf_t  *clcf;

    if (lcf->api || lcf->rset) {
        return lcf->api ? "is duplicate" : "is given beside strangler_pass";
    }

    value = cf->args->elts;
    clcf = ngx_http_conf_get_module_loc_conf(cf, ngx_http_core_module);

    if (clcf->noname || clcf->named || clcf->exact_match
#if (NGX_PCRE)
        || clcf->regex
#endif
        || clcf->name.len == 0)
    {
        return "needs a location by prefix, such as \"/_strangler/\"";
    }

    if (cf->args->nelts == 3) {
        if (ngx_strcmp(value[2].data, "write=on") == 0) {
            lcf->write = 1;

        } else if (ngx_strcmp(value[2].data, "write=off") != 0) {
            ngx_conf_log_error(NGX_LOG_EMERG, cf, 0,
                               "invalid parameter \"%V\", it must be "
                               "\"write=on\" or \"write=off\"", &value[2]);
            return NGX_CONF_ERROR;
        }
    }

    lcf->api = ngx_http_strangler_find_rset(cf, &value[1]);
    if (lcf->api == NULL) {
        return NGX_CONF_ERROR;
    }

    clcf->handler = ngx_http_strangler_api_handler;

    return NGX_CONF_OK;
}


/* What the location's name leaves of the path. */

static fig_str_t
ngx_http_strangler_api_path(ngx_http_request_t *r)
{
    fig_str_t                  path;
    ngx_http_core_loc_conf_t  *clcf;

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    path = ngx_http_strangler_fig(r->uri);

    if (path.len >= clcf->name.len) {
        path.data += clcf->name.len;
        path.len -= clcf->name.len;
    }

    if (path.len && path.data[0] == '/') {
        path.data++;
        path.len--;
    }

    return path;
}


static ngx_uint_t
ngx_http_strangler_api_is_at(const ngx_http_strangler_endpoint_t *ep,
    fig_str_t path, fig_str_t *name)
{
    size_t  len;

    len = ngx_strlen(ep->path);

    name->len = 0;

    if (path.len < len || ngx_memcmp(path.data, ep->path, len) != 0) {
        return 0;
    }

    if (ep->path[len - 1] != '/') {
        return path.len == len;
    }

    name->data = path.data + len;
    name->len = path.len - len;

    return name->len != 0;
}


static void
ngx_http_strangler_api_allow(ngx_http_strangler_api_t *api,
    ngx_uint_t methods)
{
    u_char  *p;

    static const struct {
        ngx_uint_t   method;
        const char  *name;
    } names[] = {
        { NGX_HTTP_GET, "GET, HEAD" },
        { NGX_HTTP_POST, "POST" },
        { NGX_HTTP_PATCH, "PATCH" },
        { NGX_HTTP_DELETE, "DELETE" },
    };

    ngx_uint_t  i;

    api->allow.data = ngx_pnalloc(api->request->pool, 32);
    if (api->allow.data == NULL) {
        return;
    }

    p = api->allow.data;

    for (i = 0; i < FIG_NELTS(names); i++) {
        if (methods & names[i].method) {
            p = ngx_sprintf(p, "%s%s", p == api->allow.data ? "" : ", ",
                            names[i].name);
        }
    }

    api->allow.len = p - api->allow.data;
}


static void
ngx_http_strangler_api_find(ngx_http_strangler_api_t *api)
{
    fig_str_t                             path, name;
    ngx_uint_t                            i, method, methods;
    const ngx_http_strangler_endpoint_t  *ep;

    path = ngx_http_strangler_api_path(api->request);
    method = api->request->method;
    methods = 0;

    if (method == NGX_HTTP_HEAD) {
        method = NGX_HTTP_GET;
    }

    for (i = 0; i < FIG_NELTS(ngx_http_strangler_endpoints); i++) {
        ep = &ngx_http_strangler_endpoints[i];

        if (!ngx_http_strangler_api_is_at(ep, path, &name)) {
            continue;
        }

        methods |= ep->methods;

        if (ep->methods & method) {
            api->endpoint = ep;
            api->name = name;
            return;
        }
    }

    if (methods == 0) {
        (void) fig_problem(&api->problem, NGX_HTTP_NOT_FOUND,
                           "there is nothing at this path of the API; "
                           "openapi.json describes what there is");
        return;
    }

    ngx_http_strangler_api_allow(api, methods);

    (void) fig_problem(&api->problem, NGX_HTTP_NOT_ALLOWED,
                       "this method is not possible here, only %.*s",
                       (int) api->allow.len, api->allow.data);
}


static void
ngx_http_strangler_api_cleanup(void *data)
{
    ngx_http_strangler_api_t *api = data;

    if (api->wait.timer_set) {
        ngx_del_timer(&api->wait);
    }

    if (api->gen) {
        ngx_http_strangler_gen_release(api->gen);
    }

    free((char *) api->body.data);
    fig_json_out_release(&api->out);
    fig_arena_destroy(api->arena);
}


/* Not a module's context: variables take that for a decision. */

ngx_http_strangler_api_t *
ngx_http_strangler_api_get(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t  *cln;

    for (cln = r->pool->cleanup; cln; cln = cln->next) {
        if (cln->handler == ngx_http_strangler_api_cleanup) {
            return cln->data;
        }
    }

    return NULL;
}


static ngx_http_strangler_api_t *
ngx_http_strangler_api_create(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t             *cln;
    ngx_http_strangler_api_t       *api;
    ngx_http_strangler_loc_conf_t  *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_strangler_module);

    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_strangler_api_t));
    if (cln == NULL) {
        return NULL;
    }

    api = cln->data;
    ngx_memzero(api, sizeof(ngx_http_strangler_api_t));

    api->arena = fig_arena_create();
    if (api->arena == NULL) {
        return NULL;
    }

    cln->handler = ngx_http_strangler_api_cleanup;

    fig_json_out_init(&api->out);

    api->request = r;
    api->rset = lcf->api;
    api->write = lcf->write;

    return api;
}


/*
 * Decides by the newest rules: a flip that was decided by those of before would
 * be overtaken by the file at once.
 */

static ngx_int_t
ngx_http_strangler_api_go(ngx_http_strangler_api_t *api)
{
    if (api->endpoint->writes
        && ngx_http_strangler_zone_generation(api->rset)
           != api->rset->gen->number
        && ngx_current_msec - api->waited_from < NGX_HTTP_STRANGLER_PATIENCE
        && !ngx_exiting)
    {
        ngx_add_timer(&api->wait, NGX_HTTP_STRANGLER_WAIT);
        return NGX_OK;
    }

    if (api->endpoint->writes
        && ngx_http_strangler_zone_generation(api->rset)
           != api->rset->gen->number)
    {
        api->retry_after = 1;
        (void) fig_problem(&api->problem, NGX_HTTP_SERVICE_UNAVAILABLE,
                           "this worker has not got the newest rules yet");

        return ngx_http_strangler_api_continue(api);
    }

    /* a worker that had no request since knows of no flip since */

    ngx_http_strangler_live_follow(api->rset, api->rset->gen);

    api->gen = api->rset->gen;
    api->gen->refs++;

    return ngx_http_strangler_api_run(api);
}


static void
ngx_http_strangler_api_slow(ngx_event_t *ev)
{
    ngx_add_timer(ev, NGX_HTTP_STRANGLER_SLOW);
}


/* A worker that is to quit does not while there are timers. */

void
ngx_http_strangler_api_stay(ngx_http_strangler_api_t *api)
{
    api->wait.handler = ngx_http_strangler_api_slow;
    ngx_add_timer(&api->wait, NGX_HTTP_STRANGLER_SLOW);
}


static void
ngx_http_strangler_api_waited(ngx_event_t *ev)
{
    ngx_connection_t          *c;
    ngx_http_strangler_api_t  *api = ev->data;

    c = api->request->connection;

    ngx_http_set_log_request(c->log, api->request);

    if (ngx_http_strangler_api_go(api) != NGX_OK) {
        ngx_http_finalize_request(api->request,
                                  NGX_HTTP_INTERNAL_SERVER_ERROR);
    }

    ngx_http_run_posted_requests(c);
}


ngx_int_t
ngx_http_strangler_api_handler(ngx_http_request_t *r)
{
    off_t                      max;
    ngx_int_t                  rc;
    ngx_http_strangler_api_t  *api;

    /* its answers are streams of their own, not parts of other pages */

    if (r != r->main) {
        return NGX_HTTP_FORBIDDEN;
    }

    api = ngx_http_strangler_api_create(r);
    if (api == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (api->rset->gen == NULL) {
        (void) fig_problem(&api->problem, NGX_HTTP_SERVICE_UNAVAILABLE,
                           "no rules are in force");
    }

    ngx_http_strangler_api_find(api);

    if (api->endpoint) {
        max = api->endpoint->yaml ? NGX_HTTP_STRANGLER_YAML
                                  : NGX_HTTP_STRANGLER_BODY;

        if (r->headers_in.content_length_n > max) {
            (void) fig_problem(&api->problem,
                               NGX_HTTP_REQUEST_ENTITY_TOO_LARGE,
                               "the body is larger than %d KiB",
                               (int) (max / 1024));
        }
    }

    if (api->problem.status == 0) {
        (void) ngx_http_strangler_api_check(api);
    }

    if (api->problem.status || api->endpoint->methods == NGX_HTTP_GET) {

        rc = ngx_http_discard_request_body(r);

        if (rc != NGX_OK) {
            return rc;
        }
    }

    if (api->problem.status) {
        return ngx_http_strangler_api_send(api);
    }

    if (ngx_http_strangler_api_actor(api) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (api->endpoint->events) {
        return ngx_http_strangler_events(api);
    }

    if (api->endpoint->methods == NGX_HTTP_GET) {
        r->main->count++;
        ngx_http_strangler_api_read(r);

        return NGX_DONE;
    }

    rc = ngx_http_read_client_request_body(r, ngx_http_strangler_api_read);

    if (rc >= NGX_HTTP_SPECIAL_RESPONSE) {
        return rc;
    }

    return NGX_DONE;
}


/* The body is there, in memory or in a file, or there is none. */

static void
ngx_http_strangler_api_read(ngx_http_request_t *r)
{
    ngx_http_strangler_api_t  *api;

    api = ngx_http_strangler_api_get(r);

    r->read_event_handler = ngx_http_block_reading;

    api->wait.handler = ngx_http_strangler_api_waited;
    api->wait.data = api;
    api->wait.log = r->connection->log;
    api->waited_from = ngx_current_msec;

    if (ngx_http_strangler_api_go(api) != NGX_OK) {
        ngx_http_finalize_request(r, NGX_HTTP_INTERNAL_SERVER_ERROR);
    }
}
