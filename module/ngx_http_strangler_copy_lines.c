/*
 * The header lines of a copy.
 *
 *     client's line  ->  left out | changed | the same  ->  copy's line
 *
 * The marker is not among them: it is written when the request is sent, and
 * nothing in a location's configuration can take it away.
 */

#include "ngx_http_strangler_shadow.h"


#define NGX_HTTP_STRANGLER_SUFFIX  "-shadow"   /* of an Idempotency-Key */


ngx_uint_t
ngx_http_strangler_is_in(ngx_str_t *name, ngx_str_t *list)
{
    for ( /* void */ ; list->len; list++) {
        if (name->len == list->len
            && ngx_strncmp(name->data, list->data, list->len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


/* Lines that a copy has anew, or does not have; names are lower-case. */

static ngx_uint_t
ngx_http_strangler_is_left_out(ngx_str_t *name, const fig_shadow_t *shadow)
{
    uint32_t  i;

    static ngx_str_t  names[] = {
        ngx_string("content-length"),
        ngx_string("transfer-encoding"),
        ngx_string("expect"),
        ngx_string("x-strangler-shadow"),
        ngx_null_string
    };

    if (ngx_http_strangler_is_in(name, names)) {
        return 1;
    }

    for (i = 0; i < shadow->nstrip_headers; i++) {
        if (shadow->strip_headers[i].len == name->len
            && ngx_strncmp(shadow->strip_headers[i].data, name->data,
                           name->len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


static ngx_int_t
ngx_http_strangler_add_line(ngx_http_request_t *r, ngx_pool_t *pool,
    ngx_str_t *name, ngx_str_t *lowcase, ngx_str_t *value)
{
    ngx_str_t                   lower;
    ngx_table_elt_t            *h;
    ngx_http_header_t          *hh;
    ngx_http_core_main_conf_t  *cmcf;

    h = ngx_list_push(&r->headers_in.headers);

    if (h == NULL
        || ngx_http_strangler_take(pool, &h->key, name) != NGX_OK
        || ngx_http_strangler_take(pool, &lower, lowcase) != NGX_OK
        || ngx_http_strangler_take(pool, &h->value, value) != NGX_OK)
    {
        return NGX_ERROR;
    }

    h->lowcase_key = lower.data;
    h->hash = ngx_hash_key(lower.data, lower.len);

#if (nginx_version >= 1023000)
    h->next = NULL;
#endif

    cmcf = ngx_http_get_module_main_conf(r, ngx_http_core_module);

    hh = ngx_hash_find(&cmcf->headers_in_hash, h->hash, h->lowcase_key,
                       h->key.len);

    return (hh && hh->handler(r, h, hh->offset) != NGX_OK) ? NGX_ERROR
                                                           : NGX_OK;
}


/* Whether the cookie at p, which ends before last, is to be left out. */

static ngx_uint_t
ngx_http_strangler_is_stripped(u_char *p, u_char *last,
    const fig_shadow_t *shadow)
{
    size_t    len;
    u_char   *end;
    uint32_t  i;

    while (p < last && (*p == ' ' || *p == '\t')) {
        p++;
    }

    end = ngx_strlchr(p, last, '=');
    len = (end ? end : last) - p;

    while (len && (p[len - 1] == ' ' || p[len - 1] == '\t')) {
        len--;
    }

    for (i = 0; i < shadow->nstrip_cookies; i++) {
        if (shadow->strip_cookies[i].len == len
            && ngx_strncmp(shadow->strip_cookies[i].data, p, len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


static ngx_int_t
ngx_http_strangler_strip_cookies(ngx_pool_t *pool, ngx_str_t *value,
    const fig_shadow_t *shadow)
{
    u_char  *p, *end, *last, *out;

    if (shadow->nstrip_cookies == 0) {
        return NGX_OK;
    }

    out = ngx_pnalloc(pool, value->len);
    if (out == NULL) {
        return NGX_ERROR;
    }

    p = value->data;
    last = p + value->len;

    value->data = out;

    while (p < last) {
        end = ngx_strlchr(p, last, ';');
        if (end == NULL) {
            end = last;
        }

        if (!ngx_http_strangler_is_stripped(p, end, shadow)) {
            if (out != value->data) {
                *out++ = ';';
            }

            out = ngx_cpymem(out, p, end - p);
        }

        p = end + 1;
    }

    value->len = out - value->data;

    /* the first one may have been in front of a blank */

    while (value->len && *value->data == ' ') {
        value->data++;
        value->len--;
    }

    return NGX_OK;
}


/*
 * What a copy says instead; a value of no bytes is not sent.  An answer is
 * compared as gzip or as it is; and no side must take the copy's key for that
 * of the client's request.
 */

static ngx_int_t
ngx_http_strangler_change_value(ngx_pool_t *pool, ngx_str_t *name,
    ngx_str_t *value, const fig_shadow_t *shadow)
{
    u_char  *p;

    static ngx_str_t  accept[] = { ngx_string("accept-encoding"),
                                   ngx_null_string };
    static ngx_str_t  key[] = { ngx_string("idempotency-key"),
                                ngx_null_string };
    static ngx_str_t  cookie[] = { ngx_string("cookie"), ngx_null_string };

    if (ngx_http_strangler_is_in(name, cookie)) {
        return ngx_http_strangler_strip_cookies(pool, value, shadow);
    }

    if (ngx_http_strangler_is_in(name, accept)) {
        if (ngx_strlcasestrn(value->data, value->data + value->len,
                             (u_char *) "gzip", 4 - 1))
        {
            ngx_str_set(value, "gzip");

        } else {
            value->len = 0;
        }

        return NGX_OK;
    }

    if (!ngx_http_strangler_is_in(name, key) || value->len == 0) {
        return NGX_OK;
    }

    p = ngx_pnalloc(pool, value->len + sizeof(NGX_HTTP_STRANGLER_SUFFIX) - 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(p, value->data, value->len);

    /* inside of the quotes of a structured field */

    if (value->len > 1 && p[0] == '"' && p[value->len - 1] == '"') {
        ngx_memcpy(p + value->len - 1, NGX_HTTP_STRANGLER_SUFFIX "\"",
                   sizeof(NGX_HTTP_STRANGLER_SUFFIX "\"") - 1);

    } else {
        ngx_memcpy(p + value->len, NGX_HTTP_STRANGLER_SUFFIX,
                   sizeof(NGX_HTTP_STRANGLER_SUFFIX) - 1);
    }

    value->data = p;
    value->len += sizeof(NGX_HTTP_STRANGLER_SUFFIX) - 1;

    return NGX_OK;
}


static ngx_int_t
ngx_http_strangler_take_lines(ngx_http_request_t *client,
    ngx_http_request_t *r, ngx_pool_t *pool, const fig_shadow_t *shadow)
{
    ngx_str_t         lowcase, value;
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    for (part = &client->headers_in.headers.part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {
            lowcase.data = h[i].lowcase_key;
            lowcase.len = h[i].key.len;
            value = h[i].value;

            if (ngx_http_strangler_is_left_out(&lowcase, shadow)) {
                continue;
            }

            if (ngx_http_strangler_change_value(pool, &lowcase, &value, shadow)
                != NGX_OK)
            {
                return NGX_ERROR;
            }

            if (value.len == 0 && h[i].value.len) {
                continue;
            }

            if (ngx_http_strangler_add_line(r, pool, &h[i].key, &lowcase,
                                            &value)
                != NGX_OK)
            {
                return NGX_ERROR;
            }
        }
    }

    return NGX_OK;
}


/* The original request's id, unless its client has given one. */

static ngx_int_t
ngx_http_strangler_add_id(ngx_http_request_t *r, ngx_pool_t *pool,
    ngx_str_t *id)
{
    static ngx_str_t  name = ngx_string("X-Request-ID");
    static ngx_str_t  lowcase = ngx_string("x-request-id");

    if (id->len == 0
        || ngx_http_strangler_find_header(r, (char *) lowcase.data,
                                          lowcase.len))
    {
        return NGX_OK;
    }

    return ngx_http_strangler_add_line(r, pool, &name, &lowcase, id);
}


ngx_int_t
ngx_http_strangler_copy_head(ngx_http_request_t *client, ngx_http_request_t *r,
    const fig_shadow_t *shadow, ngx_str_t *id)
{
    if (ngx_list_init(&r->headers_in.headers, r->pool, 20,
                      sizeof(ngx_table_elt_t))
        != NGX_OK
        || ngx_http_strangler_take_lines(client, r, r->pool, shadow) != NGX_OK)
    {
        return NGX_ERROR;
    }

    return ngx_http_strangler_add_id(r, r->pool, id);
}
