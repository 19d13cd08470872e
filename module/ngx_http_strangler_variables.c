/*
 * The variables: what was decided and who answered, for logs and for the
 * headers that strangler_params sets.
 *
 * None is cacheable: a fallback changes who answers in the middle of a
 * request, and the request to it is made with the values of that moment.
 */

#include "ngx_http_strangler_shadow.h"


typedef enum {
    NGX_HTTP_STRANGLER_VAR_ROUTE = 0,
    NGX_HTTP_STRANGLER_VAR_CAPABILITY,
    NGX_HTTP_STRANGLER_VAR_BACKEND,
    NGX_HTTP_STRANGLER_VAR_SIDE,
    NGX_HTTP_STRANGLER_VAR_STAGE,
    NGX_HTTP_STRANGLER_VAR_FALLBACK,
    NGX_HTTP_STRANGLER_VAR_RETRIES,
    NGX_HTTP_STRANGLER_VAR_GENERATION
} ngx_http_strangler_var_e;


static ngx_int_t
ngx_http_strangler_var_set(ngx_http_variable_value_t *v, ngx_str_t value)
{
    v->data = value.data;
    v->len = value.len;
    v->valid = 1;
    v->no_cacheable = 0;
    v->not_found = 0;

    return NGX_OK;
}


static ngx_int_t
ngx_http_strangler_var_none(ngx_http_variable_value_t *v)
{
    v->not_found = 1;

    return NGX_OK;
}


/*
 * A decision that stands is not made again: an error page has another URI,
 * and the log is to say what became of the request.  Nor is one made once an
 * answer was sent without it, by access control for one.
 */

static ngx_http_strangler_ctx_t *
ngx_http_strangler_var_ctx(ngx_http_request_t *r)
{
    ngx_http_strangler_ctx_t  *ctx;

    ctx = ngx_http_strangler_get_ctx(r);

    if (ctx == NULL && !r->header_sent) {
        ctx = ngx_http_strangler_decide(r);
    }

    return ctx;
}


static ngx_str_t
ngx_http_strangler_word(const char *word)
{
    ngx_str_t  str;

    str.data = (u_char *) word;
    str.len = ngx_strlen(word);

    return str;
}


static ngx_int_t
ngx_http_strangler_var_decision(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    u_char                    *p;
    ngx_str_t                  value;
    const fig_route_t         *route;
    ngx_http_strangler_ctx_t  *ctx;

    ctx = ngx_http_strangler_var_ctx(r);

    if (ctx == NULL) {
        return ngx_http_strangler_var_none(v);
    }

    route = ctx->decision.route;
    ngx_str_null(&value);

    switch ((ngx_http_strangler_var_e) data) {

    case NGX_HTTP_STRANGLER_VAR_ROUTE:
        if (route) {
            value = ngx_http_strangler_str(route->name);
        }

        break;

    case NGX_HTTP_STRANGLER_VAR_CAPABILITY:
        if (route) {
            value = ngx_http_strangler_str(route->capability);
        }

        break;

    case NGX_HTTP_STRANGLER_VAR_BACKEND:
        if (ctx->backend) {
            value = ngx_http_strangler_str(ctx->backend->conf->name);
        }

        break;

    case NGX_HTTP_STRANGLER_VAR_SIDE:
        if (ctx->backend) {
            value = ngx_http_strangler_word(fig_side_name(
                        ctx->fell_back ? FIG_SIDE_OLD : ctx->decision.side));
        }

        break;

    case NGX_HTTP_STRANGLER_VAR_STAGE:
        if (ctx->decision.stage != FIG_STAGE_NONE) {
            value = ngx_http_strangler_word(
                                         fig_stage_name(ctx->decision.stage));
        }

        break;

    case NGX_HTTP_STRANGLER_VAR_FALLBACK:
        value = ctx->reason;
        break;

    case NGX_HTTP_STRANGLER_VAR_RETRIES:
    case NGX_HTTP_STRANGLER_VAR_GENERATION:
        p = ngx_pnalloc(r->pool, NGX_INT_T_LEN);
        if (p == NULL) {
            return NGX_ERROR;
        }

        value.data = p;
        value.len = ngx_sprintf(p, "%ui",
                                data == NGX_HTTP_STRANGLER_VAR_RETRIES
                                ? ctx->retries : ctx->gen->number)
                    - p;
        break;
    }

    if (value.data == NULL) {
        return ngx_http_strangler_var_none(v);
    }

    return ngx_http_strangler_var_set(v, value);
}


static ngx_int_t
ngx_http_strangler_var_host(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_http_strangler_ctx_t  *ctx;

    ctx = ngx_http_strangler_var_ctx(r);

    if (ctx && ctx->backend) {
        return ngx_http_strangler_var_set(v,
                                      ngx_http_strangler_upstream_host(ctx));
    }

    return ngx_http_strangler_var_set(v, ngx_http_strangler_client_host(r));
}


/* For the Connection header: keep-alive unless another protocol is to come. */

static ngx_int_t
ngx_http_strangler_var_connection(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t  value;

    ngx_str_set(&value, "");

    if (ngx_http_strangler_is_upgrade(r)) {
        ngx_str_set(&value, "upgrade");
    }

    return ngx_http_strangler_var_set(v, value);
}


static ngx_int_t
ngx_http_strangler_var_proto(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    return ngx_http_strangler_var_set(v, ngx_http_strangler_scheme(r));
}


static ngx_int_t
ngx_http_strangler_var_forwarded_host(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    return ngx_http_strangler_var_set(v, ngx_http_strangler_forwarded_host(r));
}


static ngx_int_t
ngx_http_strangler_var_prefix(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t                  prefix;
    ngx_http_strangler_ctx_t  *ctx;

    ctx = ngx_http_strangler_var_ctx(r);

    if (ctx == NULL) {
        return ngx_http_strangler_var_none(v);
    }

    if (ngx_http_strangler_prefix(ctx, &prefix) != NGX_OK) {
        return NGX_ERROR;
    }

    if (prefix.len == 0) {
        return ngx_http_strangler_var_none(v);
    }

    return ngx_http_strangler_var_set(v, prefix);
}


static ngx_int_t
ngx_http_strangler_var_shadow(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t                  name;
    ngx_http_strangler_ctx_t  *ctx;

    ctx = ngx_http_strangler_get_ctx(r);

    if (ctx == NULL) {
        return ngx_http_strangler_var_none(v);
    }

    name = ngx_http_strangler_shadow_name(ctx);

    return name.len ? ngx_http_strangler_var_set(v, name)
                    : ngx_http_strangler_var_none(v);
}


/* "1" in a copy: for what is not to be done, or to be done otherwise, there. */

static ngx_int_t
ngx_http_strangler_var_copy(ngx_http_request_t *r,
    ngx_http_variable_value_t *v, uintptr_t data)
{
    ngx_str_t  one;

    if (ngx_http_strangler_copy_of(r->connection) == NULL) {
        return ngx_http_strangler_var_none(v);
    }

    ngx_str_set(&one, "1");

    return ngx_http_strangler_var_set(v, one);
}


#define NGX_HTTP_STRANGLER_VAR_FLAGS  NGX_HTTP_VAR_NOCACHEABLE


static ngx_http_variable_t  ngx_http_strangler_vars[] = {

    { ngx_string("strangler_route"), NULL, ngx_http_strangler_var_decision,
      NGX_HTTP_STRANGLER_VAR_ROUTE, NGX_HTTP_STRANGLER_VAR_FLAGS, 0 },

    { ngx_string("strangler_capability"), NULL,
      ngx_http_strangler_var_decision,
      NGX_HTTP_STRANGLER_VAR_CAPABILITY, NGX_HTTP_STRANGLER_VAR_FLAGS, 0 },

    { ngx_string("strangler_backend"), NULL, ngx_http_strangler_var_decision,
      NGX_HTTP_STRANGLER_VAR_BACKEND, NGX_HTTP_STRANGLER_VAR_FLAGS, 0 },

    { ngx_string("strangler_side"), NULL, ngx_http_strangler_var_decision,
      NGX_HTTP_STRANGLER_VAR_SIDE, NGX_HTTP_STRANGLER_VAR_FLAGS, 0 },

    { ngx_string("strangler_stage"), NULL, ngx_http_strangler_var_decision,
      NGX_HTTP_STRANGLER_VAR_STAGE, NGX_HTTP_STRANGLER_VAR_FLAGS, 0 },

    { ngx_string("strangler_fallback"), NULL, ngx_http_strangler_var_decision,
      NGX_HTTP_STRANGLER_VAR_FALLBACK, NGX_HTTP_STRANGLER_VAR_FLAGS, 0 },

    { ngx_string("strangler_retries"), NULL, ngx_http_strangler_var_decision,
      NGX_HTTP_STRANGLER_VAR_RETRIES, NGX_HTTP_STRANGLER_VAR_FLAGS, 0 },

    { ngx_string("strangler_generation"), NULL,
      ngx_http_strangler_var_decision,
      NGX_HTTP_STRANGLER_VAR_GENERATION, NGX_HTTP_STRANGLER_VAR_FLAGS, 0 },

    { ngx_string("strangler_host"), NULL, ngx_http_strangler_var_host,
      0, NGX_HTTP_STRANGLER_VAR_FLAGS, 0 },

    { ngx_string("strangler_connection"), NULL,
      ngx_http_strangler_var_connection, 0, NGX_HTTP_STRANGLER_VAR_FLAGS, 0 },

    { ngx_string("strangler_forwarded_proto"), NULL,
      ngx_http_strangler_var_proto, 0, NGX_HTTP_STRANGLER_VAR_FLAGS, 0 },

    { ngx_string("strangler_forwarded_host"), NULL,
      ngx_http_strangler_var_forwarded_host, 0,
      NGX_HTTP_STRANGLER_VAR_FLAGS, 0 },

    { ngx_string("strangler_prefix"), NULL, ngx_http_strangler_var_prefix,
      0, NGX_HTTP_STRANGLER_VAR_FLAGS, 0 },

    { ngx_string("strangler_shadow"), NULL, ngx_http_strangler_var_shadow,
      0, NGX_HTTP_STRANGLER_VAR_FLAGS, 0 },

    { ngx_string("strangler_copy"), NULL, ngx_http_strangler_var_copy,
      0, NGX_HTTP_STRANGLER_VAR_FLAGS, 0 },

      ngx_http_null_variable
};


ngx_int_t
ngx_http_strangler_add_variables(ngx_conf_t *cf)
{
    ngx_http_variable_t  *var, *v;

    for (v = ngx_http_strangler_vars; v->name.len; v++) {
        var = ngx_http_add_variable(cf, &v->name, v->flags);
        if (var == NULL) {
            return NGX_ERROR;
        }

        var->get_handler = v->get_handler;
        var->data = v->data;
    }

    return NGX_OK;
}
