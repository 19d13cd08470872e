/*
 * What the router changes in answers: a route's header rules, the cookie of
 * `by: assign`, and the debug headers.
 *
 *     backend -> upstream -> [this filter] -> add_header, gzip, ... -> client
 */

#include "ngx_http_strangler_shadow.h"


/* A header that nginx also keeps outside of the list of lines. */

typedef struct {
    ngx_str_t   name;
    ngx_uint_t  offset;                /* of its pointer in headers_out */
} ngx_http_strangler_known_t;


static ngx_http_output_header_filter_pt  ngx_http_next_header_filter;


static const ngx_http_strangler_known_t  ngx_http_strangler_known[] = {

    { ngx_string("server"),
      offsetof(ngx_http_headers_out_t, server) },
    { ngx_string("location"),
      offsetof(ngx_http_headers_out_t, location) },
    { ngx_string("last-modified"),
      offsetof(ngx_http_headers_out_t, last_modified) },
    { ngx_string("etag"),
      offsetof(ngx_http_headers_out_t, etag) },
    { ngx_string("content-encoding"),
      offsetof(ngx_http_headers_out_t, content_encoding) },
    { ngx_string("content-range"),
      offsetof(ngx_http_headers_out_t, content_range) },
    { ngx_string("accept-ranges"),
      offsetof(ngx_http_headers_out_t, accept_ranges) },
    { ngx_string("www-authenticate"),
      offsetof(ngx_http_headers_out_t, www_authenticate) },
    { ngx_string("expires"),
      offsetof(ngx_http_headers_out_t, expires) },

    { ngx_null_string, 0 }
};


static ngx_uint_t
ngx_http_strangler_name_is(ngx_str_t *name, const char *lower, size_t len)
{
    return name->len == len
           && ngx_strncasecmp(name->data, (u_char *) lower, len) == 0;
}


static ngx_table_elt_t **
ngx_http_strangler_find_known(ngx_http_request_t *r, ngx_str_t *name)
{
    const ngx_http_strangler_known_t  *known;

    for (known = ngx_http_strangler_known; known->name.len; known++) {
        if (ngx_http_strangler_name_is(name, (char *) known->name.data,
                                       known->name.len))
        {
            return (ngx_table_elt_t **) ((char *) &r->headers_out
                                         + known->offset);
        }
    }

    return NULL;
}


static void
ngx_http_strangler_remove(ngx_http_request_t *r, ngx_str_t *name)
{
    ngx_uint_t         i;
    ngx_list_part_t   *part;
    ngx_table_elt_t   *h, **known;

    for (part = &r->headers_out.headers.part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {
            if (h[i].key.len == name->len
                && ngx_strncasecmp(h[i].key.data, name->data, name->len) == 0)
            {
                h[i].hash = 0;
            }
        }
    }

    known = ngx_http_strangler_find_known(r, name);
    if (known) {
        *known = NULL;
    }

    if (ngx_http_strangler_name_is(name, "content-type",
                                   sizeof("content-type") - 1))
    {
        ngx_str_null(&r->headers_out.content_type);
        r->headers_out.content_type_len = 0;
        ngx_str_null(&r->headers_out.charset);
    }

    if (ngx_http_strangler_name_is(name, "last-modified",
                                   sizeof("last-modified") - 1))
    {
        r->headers_out.last_modified_time = -1;
    }
}


static ngx_table_elt_t *
ngx_http_strangler_add(ngx_http_request_t *r, ngx_str_t name, ngx_str_t value)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NULL;
    }

    h->hash = 1;
    h->key = name;
    h->value = value;
    h->lowcase_key = NULL;

#if (nginx_version >= 1023000)
    h->next = NULL;
#endif

    return h;
}


static ngx_int_t
ngx_http_strangler_set(ngx_http_request_t *r, ngx_str_t name, ngx_str_t value)
{
    ngx_table_elt_t  *h, **known;

    ngx_http_strangler_remove(r, &name);

    if (ngx_http_strangler_name_is(&name, "content-type",
                                   sizeof("content-type") - 1))
    {
        r->headers_out.content_type = value;
        r->headers_out.content_type_len = value.len;
        r->headers_out.content_type_lowcase = NULL;
        return NGX_OK;
    }

    h = ngx_http_strangler_add(r, name, value);
    if (h == NULL) {
        return NGX_ERROR;
    }

    known = ngx_http_strangler_find_known(r, &name);
    if (known) {
        *known = h;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_strangler_apply_fields(ngx_http_request_t *r,
    const fig_fields_t *rules)
{
    uint32_t          i;
    ngx_str_t         name, value;
    ngx_table_elt_t  *h;

    for (i = 0; i < rules->nremove; i++) {
        name = ngx_http_strangler_str(rules->remove[i].name);
        ngx_http_strangler_remove(r, &name);

        /* nginx writes a Server of its own unless there is one already */

        if (ngx_http_strangler_name_is(&name, "server", sizeof("server") - 1)) {
            h = ngx_http_strangler_add(r, name, name);
            if (h == NULL) {
                return NGX_ERROR;
            }

            h->hash = 0;
            r->headers_out.server = h;
        }
    }

    for (i = 0; i < rules->nset; i++) {
        name = ngx_http_strangler_str(rules->set[i].name);
        value = ngx_http_strangler_str(rules->set[i].value);

        if (ngx_http_strangler_set(r, name, value) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    for (i = 0; i < rules->nadd; i++) {
        name = ngx_http_strangler_str(rules->add[i].name);
        value = ngx_http_strangler_str(rules->add[i].value);

        if (ngx_http_strangler_add(r, name, value) == NULL) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_strangler_assign(ngx_http_request_t *r,
    ngx_http_strangler_ctx_t *ctx)
{
    u_char     *p;
    ngx_str_t   scheme, name, value;

    static const char  prefix[] = FIG_ASSIGN_COOKIE "=";
    static const char  attributes[] =
                           "; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax";

    p = ngx_pnalloc(r->pool, sizeof(prefix) + sizeof(attributes)
                             + sizeof(ctx->decision.assigned)
                             + sizeof("; Secure"));
    if (p == NULL) {
        return NGX_ERROR;
    }

    value.data = p;

    p = ngx_cpymem(p, prefix, sizeof(prefix) - 1);
    p = ngx_cpymem(p, ctx->decision.assigned, sizeof(ctx->decision.assigned));
    p = ngx_cpymem(p, attributes, sizeof(attributes) - 1);

    scheme = ngx_http_strangler_scheme(r);

    if (ngx_http_strangler_name_is(&scheme, "https", sizeof("https") - 1)) {
        p = ngx_cpymem(p, "; Secure", sizeof("; Secure") - 1);
    }

    value.len = p - value.data;
    ngx_str_set(&name, "Set-Cookie");

    return ngx_http_strangler_add(r, name, value) ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_http_strangler_debug(ngx_http_request_t *r, ngx_http_strangler_ctx_t *ctx)
{
    u_char     *p;
    size_t      len;
    ngx_str_t   name, value;

    if (ctx->decision.route) {
        ngx_str_set(&name, "X-Strangler-Route");
        value = ngx_http_strangler_str(ctx->decision.route->name);

        if (ngx_http_strangler_add(r, name, value) == NULL) {
            return NGX_ERROR;
        }
    }

    if (ctx->backend) {
        ngx_str_set(&name, "X-Strangler-Backend");
        value = ngx_http_strangler_str(ctx->backend->conf->name);

        if (ngx_http_strangler_add(r, name, value) == NULL) {
            return NGX_ERROR;
        }
    }

    p = ngx_pnalloc(r->pool, NGX_MAX_ERROR_STR);
    if (p == NULL) {
        return NGX_ERROR;
    }

    len = fig_decision_text(&ctx->decision, (char *) p, NGX_MAX_ERROR_STR / 2);

    value.data = p;
    p += len;

    if (ctx->fell_back) {
        p = ngx_slprintf(p, value.data + NGX_MAX_ERROR_STR,
                         "; fallback: %V", &ctx->reason);

    } else if (ctx->refused) {
        p = ngx_slprintf(p, value.data + NGX_MAX_ERROR_STR, "; refused: %s",
                         ngx_http_strangler_failure_name(ctx->refusal));
    }

    value.len = p - value.data;
    ngx_str_set(&name, "X-Strangler-Why");

    return ngx_http_strangler_add(r, name, value) ? NGX_OK : NGX_ERROR;
}


static ngx_int_t
ngx_http_strangler_change(ngx_http_request_t *r, ngx_http_strangler_ctx_t *ctx)
{
    const fig_route_t              *route;
    ngx_http_strangler_loc_conf_t  *lcf;

    route = ctx->decision.route;

    if (ngx_http_strangler_map_back(r, ctx) != NGX_OK) {
        return NGX_ERROR;
    }

    if (route
        && ngx_http_strangler_apply_fields(r, &route->response_headers)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_strangler_module);

    if (lcf->debug_header && ngx_http_strangler_debug(r, ctx) != NGX_OK) {
        return NGX_ERROR;
    }

    return NGX_OK;
}


/* Most answers are to be left as they are. */

static ngx_uint_t
ngx_http_strangler_is_changed(ngx_http_request_t *r,
    ngx_http_strangler_ctx_t *ctx)
{
    const fig_route_t              *route;
    ngx_http_strangler_loc_conf_t  *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_strangler_module);
    route = ctx->decision.route;

    if (r->headers_out.status != NGX_HTTP_OK
        || lcf->debug_header)
    {
        return 1;
    }

    return route
           && (route->response_headers.nset
               + route->response_headers.nadd
               + route->response_headers.nremove
               + route->rewrite.path.nparts) != 0;
}


static ngx_int_t
ngx_http_strangler_header_filter(ngx_http_request_t *r)
{
    ngx_http_strangler_ctx_t  *ctx;

    ctx = ngx_http_strangler_get_ctx(r);

    if (ctx && r == r->main && ngx_http_strangler_is_changed(r, ctx)
        && ngx_http_strangler_change(r, ctx) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ctx && (ctx->exchange || ctx->copy)
        && ngx_http_strangler_capture_head(r, ctx))
    {
        return NGX_OK;
    }

    /* the router's own cookie, which no backend has set */

    if (ctx && r == r->main && ctx->decision.assign
        && ngx_http_strangler_assign(r, ctx) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_next_header_filter(r);
}


ngx_int_t
ngx_http_strangler_filter_init(ngx_conf_t *cf)
{
    ngx_http_next_header_filter = ngx_http_top_header_filter;
    ngx_http_top_header_filter = ngx_http_strangler_header_filter;

    return ngx_http_strangler_capture_init(cf);
}
