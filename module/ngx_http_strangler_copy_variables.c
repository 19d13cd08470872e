/*
 * The variables of a copy that are its client's.
 *
 *     set, ssl_*, ...        the client's, if they have a value
 *     map, geo, ...          made anew; the client's if there is none
 *     http_*, upstream_* ... the copy's own, found when somebody asks
 */

#include "ngx_http_strangler_shadow.h"


/* Variables that are the client's even where nobody has asked for them. */

static ngx_str_t  ngx_http_strangler_seeds[] = {
    ngx_string("scheme"),
    ngx_string("https"),
    ngx_string("request_id"),
    ngx_null_string
};


/* Prefixes of names; what begins so is of an answer, or of this copy. */

static ngx_str_t  ngx_http_strangler_own[] = {
    ngx_string("upstream_"),
    ngx_string("strangler_"),
    ngx_string("proxy_"),
    ngx_string("sent_"),
    ngx_string("http_"),
    ngx_string("cookie_"),
    ngx_string("request_"),
    ngx_string("body_bytes_sent"),
    ngx_string("bytes_sent"),
    ngx_string("status"),
    ngx_string("connection"),
    ngx_string("pipe"),
    ngx_null_string
};


static ngx_uint_t
ngx_http_strangler_begins_with(ngx_str_t *name, ngx_str_t *list)
{
    for ( /* void */ ; list->len; list++) {
        if (name->len >= list->len
            && ngx_strncmp(name->data, list->data, list->len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


static ngx_int_t
ngx_http_strangler_take_variable(ngx_pool_t *pool,
    ngx_http_variable_value_t *to, ngx_http_variable_value_t *from)
{
    *to = *from;

    if (from->not_found || from->len == 0) {
        return NGX_OK;
    }

    to->data = ngx_pnalloc(pool, from->len);
    if (to->data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(to->data, from->data, from->len);

    return NGX_OK;
}


static ngx_uint_t
ngx_http_strangler_is_of_tls(ngx_str_t *name)
{
    return name->len > 4 && ngx_strncmp(name->data, "ssl_", 4) == 0;
}


/* Whether a value that the client's request has is taken as it is. */

static ngx_uint_t
ngx_http_strangler_is_taken(ngx_http_variable_t *v)
{
    return (v->flags & NGX_HTTP_VAR_NOCACHEABLE) == 0
           && !ngx_http_strangler_begins_with(&v->name,
                                              ngx_http_strangler_own);
}


/* Of map and its like; set's are marked as weak. */

static ngx_uint_t
ngx_http_strangler_is_derived(ngx_http_variable_t *v)
{
    return (v->flags & NGX_HTTP_VAR_CHANGEABLE)
           && (v->flags & NGX_HTTP_VAR_WEAK) == 0;
}


static ngx_http_variable_value_t *
ngx_http_strangler_clients_value(ngx_http_request_t *client,
    ngx_http_variable_t *v, ngx_uint_t i)
{
    ngx_http_variable_value_t  *value;

    if (ngx_http_strangler_is_in(&v->name, ngx_http_strangler_seeds)
        || (client->connection->ssl && ngx_http_strangler_is_of_tls(&v->name)))
    {
        return ngx_http_get_indexed_variable(client, i);
    }

    value = &client->variables[i];

    return (value->valid && ngx_http_strangler_is_taken(v)) ? value : NULL;
}


/*
 * What the client's request knows and the copy cannot find out: values of set
 * and of other modules that are there already; those of its TLS; and some that
 * a request draws for itself.  What follows from others is found anew, as the
 * side of a copy is another: the client's is taken when that gives nothing.
 */

ngx_int_t
ngx_http_strangler_copy_variables(ngx_http_request_t *client,
    ngx_http_request_t *r, ngx_pool_t *pool)
{
    ngx_uint_t                  i, derived;
    ngx_http_variable_t        *v;
    ngx_http_variable_value_t  *value, *own;
    ngx_http_core_main_conf_t  *cmcf;

    cmcf = ngx_http_get_module_main_conf(client, ngx_http_core_module);
    v = cmcf->variables.elts;

    for (derived = 0; derived < 2; derived++) {

        for (i = 0; i < cmcf->variables.nelts; i++) {

            if (ngx_http_strangler_is_derived(&v[i]) != derived) {
                continue;
            }

            value = ngx_http_strangler_clients_value(client, &v[i], i);
            if (value == NULL) {
                continue;
            }

            own = derived ? ngx_http_get_indexed_variable(r, i) : NULL;

            if ((own == NULL || own->not_found)
                && ngx_http_strangler_take_variable(pool, &r->variables[i],
                                                    value)
                   != NGX_OK)
            {
                return NGX_ERROR;
            }
        }
    }

    return NGX_OK;
}
