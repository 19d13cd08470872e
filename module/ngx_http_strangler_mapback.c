/*
 * Answers of a service that was called by another path or name, made right for
 * the client.
 *
 *     Location: /orders/43                     ->  /api/orders/43
 *     Location: http://127.0.0.1:9001/orders   ->  /api/orders
 *     Location: https://shop.example/orders    ->  https://shop.example/api/..
 *     Set-Cookie: a=b; Path=/orders            ->  a=b; Path=/api/orders
 *
 * A service's own authority is dropped wherever it shows, also without a
 * rewrite: no client can use it.  What points elsewhere is left alone.
 */

#include "ngx_http_strangler.h"


/* A reference, cut at its joints (RFC 3986, 3). */

typedef struct {
    ngx_str_t  scheme;                 /* with "//": "http://" or "//" */
    ngx_str_t  authority;
    ngx_str_t  path;
    ngx_str_t  rest;                   /* query and fragment */
} ngx_http_strangler_ref_t;


static ngx_uint_t
ngx_http_strangler_is_rewritten(ngx_http_strangler_ctx_t *ctx)
{
    return ctx->decision.route != NULL
           && ctx->decision.side == FIG_SIDE_NEW
           && !ctx->fell_back
           && ctx->decision.route->rewrite.path.nparts != 0;
}


ngx_int_t
ngx_http_strangler_prefix(ngx_http_strangler_ctx_t *ctx, ngx_str_t *prefix)
{
    u_char     *p;
    size_t      len;
    fig_str_t   sent;

    ngx_str_null(prefix);

    if (!ngx_http_strangler_is_rewritten(ctx) || ctx->target.len == 0) {
        return NGX_OK;
    }

    sent = ngx_http_strangler_fig(ctx->target);

    p = memchr(sent.data, '?', sent.len);
    if (p) {
        sent.len = p - (u_char *) sent.data;
    }

    p = ngx_pnalloc(ctx->request->pool, 3 * ctx->view.path.len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    len = fig_path_encode(ctx->view.path, (char *) p);

    prefix->data = p;
    prefix->len = fig_rewrite_prefix(fig_str((char *) p, len), sent);

    return NGX_OK;
}


static void
ngx_http_strangler_parse_ref(ngx_str_t *value, ngx_http_strangler_ref_t *ref)
{
    u_char  *p, *last, *start;

    ngx_memzero(ref, sizeof(ngx_http_strangler_ref_t));

    p = value->data;
    last = p + value->len;

    if (value->len > 7 && ngx_strncasecmp(p, (u_char *) "http://", 7) == 0) {
        ref->scheme.len = 7;

    } else if (value->len > 8
               && ngx_strncasecmp(p, (u_char *) "https://", 8) == 0)
    {
        ref->scheme.len = 8;

    } else if (value->len > 2 && p[0] == '/' && p[1] == '/') {
        ref->scheme.len = 2;
    }

    ref->scheme.data = p;
    p += ref->scheme.len;

    start = p;

    if (ref->scheme.len) {
        while (p < last && *p != '/' && *p != '?' && *p != '#') {
            p++;
        }
    }

    ref->authority.data = start;
    ref->authority.len = p - start;

    start = p;

    while (p < last && *p != '?' && *p != '#') {
        p++;
    }

    ref->path.data = start;
    ref->path.len = p - start;

    ref->rest.data = p;
    ref->rest.len = last - p;
}


static ngx_uint_t
ngx_http_strangler_same(ngx_str_t a, ngx_str_t b)
{
    return a.len == b.len && ngx_strncasecmp(a.data, b.data, a.len) == 0;
}


/* The authority of whoever answered: as it was called, or its address. */

static ngx_uint_t
ngx_http_strangler_is_own(ngx_http_strangler_ctx_t *ctx, ngx_str_t authority)
{
    return ngx_http_strangler_same(authority,
                                   ngx_http_strangler_upstream_host(ctx))
           || ngx_http_strangler_same(authority,
                  ngx_http_strangler_str(ctx->peer->server->authority));
}


static ngx_int_t
ngx_http_strangler_map_path(ngx_http_strangler_ctx_t *ctx, ngx_str_t path,
    ngx_str_t *mapped)
{
    u_char     *p;
    fig_str_t   from;

    *mapped = path;

    if (!ngx_http_strangler_is_rewritten(ctx)
        || path.len == 0 || path.data[0] != '/')
    {
        return NGX_OK;
    }

    from = ngx_http_strangler_fig(path);

    p = ngx_pnalloc(ctx->request->pool,
                    fig_rewrite_back_bound(&ctx->match, ctx->view.path, from));
    if (p == NULL) {
        return NGX_ERROR;
    }

    mapped->data = p;
    mapped->len = fig_rewrite_back(&ctx->match, ctx->view.path, from,
                                   (char *) p);

    if (mapped->len == 0) {
        *mapped = path;
    }

    return NGX_OK;
}


/*
 * Whether this alone is a path to a browser, which reads a backslash as a slash
 * and leaves out control bytes (https://url.spec.whatwg.org/#url-parsing).
 */

static ngx_uint_t
ngx_http_strangler_is_path(ngx_str_t *path)
{
    size_t  i;

    for (i = 0; i < path->len; i++) {
        if (path->data[i] < 0x20) {
            return 0;
        }
    }

    return path->len < 2 || (path->data[1] != '/' && path->data[1] != '\\');
}


static ngx_int_t
ngx_http_strangler_map_location(ngx_http_request_t *r,
    ngx_http_strangler_ctx_t *ctx, ngx_table_elt_t *h)
{
    u_char                    *p;
    ngx_str_t                  path, client;
    ngx_uint_t                 drop;
    ngx_http_strangler_ref_t   ref;

    ngx_http_strangler_parse_ref(&h->value, &ref);

    drop = 0;

    if (ref.scheme.len) {
        client = ngx_http_strangler_client_host(r);

        if (!ngx_http_strangler_same(ref.authority, client)) {

            if (!ngx_http_strangler_is_own(ctx, ref.authority)) {
                return NGX_OK;
            }

            drop = 1;
        }
    }

    if (ngx_http_strangler_map_path(ctx, ref.path, &path) != NGX_OK) {
        return NGX_ERROR;
    }

    if (!drop && path.data == ref.path.data) {
        return NGX_OK;
    }

    if (drop && path.len == 0) {
        ngx_str_set(&path, "/");
    }

    /* what is left must not name a host of its own */

    if (drop && !ngx_http_strangler_is_path(&path)) {
        return NGX_OK;
    }

    p = ngx_pnalloc(r->pool, h->value.len + path.len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    h->value.data = p;

    if (!drop) {
        p = ngx_cpymem(p, ref.scheme.data, ref.scheme.len);
        p = ngx_cpymem(p, ref.authority.data, ref.authority.len);
    }

    p = ngx_cpymem(p, path.data, path.len);
    p = ngx_cpymem(p, ref.rest.data, ref.rest.len);

    h->value.len = p - h->value.data;

    /* nginx would put a name of its own in front of a bare path */

    if (r->headers_out.location == h && h->value.data[0] == '/') {
        r->headers_out.location = NULL;
    }

    return NGX_OK;
}


/* The value of the last Path attribute (RFC 6265, 5.2.4); false: none. */

static ngx_uint_t
ngx_http_strangler_cookie_path(ngx_str_t *cookie, ngx_str_t *path)
{
    u_char      *p, *last, *end;
    ngx_uint_t   found;

    found = 0;
    last = cookie->data + cookie->len;

    for (p = ngx_strlchr(cookie->data, last, ';'); p; p = end) {

        for (p++; p < last && (*p == ' ' || *p == '\t'); p++) {
            /* void */
        }

        end = ngx_strlchr(p, last, ';');

        if (last - p >= 5
            && ngx_strncasecmp(p, (u_char *) "path=", 5) == 0)
        {
            path->data = p + 5;
            path->len = (end ? end : last) - path->data;
            found = 1;
        }
    }

    return found;
}


static ngx_int_t
ngx_http_strangler_map_cookie(ngx_http_request_t *r,
    ngx_http_strangler_ctx_t *ctx, ngx_table_elt_t *h)
{
    u_char     *p, *last;
    size_t      i;
    ngx_str_t   path, mapped, rest;

    if (!ngx_http_strangler_cookie_path(&h->value, &path)
        || ngx_http_strangler_map_path(ctx, path, &mapped) != NGX_OK
        || mapped.data == path.data)
    {
        return NGX_OK;
    }

    /* "/shop/" would not be sent back for "/shop" (RFC 6265, 5.1.4) */

    if (path.len == 1 && mapped.len > 1
        && mapped.data[mapped.len - 1] == '/')
    {
        mapped.len--;
    }

    rest.data = path.data + path.len;
    rest.len = h->value.data + h->value.len - rest.data;

    p = ngx_pnalloc(r->pool, h->value.len + 3 * mapped.len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    last = ngx_cpymem(p, h->value.data, path.data - h->value.data);

    /* in a path a semicolon may stand as it is, in an attribute it ends it */

    for (i = 0; i < mapped.len; i++) {
        if (mapped.data[i] == ';') {
            last = ngx_cpymem(last, "%3B", 3);

        } else {
            *last++ = mapped.data[i];
        }
    }

    last = ngx_cpymem(last, rest.data, rest.len);

    h->value.data = p;
    h->value.len = last - p;

    return NGX_OK;
}


static ngx_uint_t
ngx_http_strangler_header_is(ngx_table_elt_t *h, const char *name, size_t len)
{
    return h->hash != 0
           && h->key.len == len
           && ngx_strncasecmp(h->key.data, (u_char *) name, len) == 0;
}


ngx_int_t
ngx_http_strangler_map_back(ngx_http_request_t *r,
    ngx_http_strangler_ctx_t *ctx)
{
    ngx_int_t         rc;
    ngx_uint_t        i, locations, cookies;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    locations = r->headers_out.status == NGX_HTTP_CREATED
                || (r->headers_out.status >= NGX_HTTP_SPECIAL_RESPONSE
                    && r->headers_out.status < NGX_HTTP_BAD_REQUEST);
    cookies = ngx_http_strangler_is_rewritten(ctx);

    if (!locations && !cookies) {
        return NGX_OK;
    }

    /* an answer of nginx's own has nothing to map */

    if (ctx->backend == NULL
        || r->upstream == NULL
        || r->upstream->headers_in.status_n == 0)
    {
        return NGX_OK;
    }

    /* one from the cache came without a peer */

    ngx_http_strangler_need_peer(ctx);

    for (part = &r->headers_out.headers.part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {
            rc = NGX_OK;

            if (locations
                && ngx_http_strangler_header_is(&h[i], "Location",
                                                sizeof("Location") - 1))
            {
                rc = ngx_http_strangler_map_location(r, ctx, &h[i]);

            } else if (cookies
                       && ngx_http_strangler_header_is(&h[i], "Set-Cookie",
                                                   sizeof("Set-Cookie") - 1))
            {
                rc = ngx_http_strangler_map_cookie(r, ctx, &h[i]);
            }

            if (rc != NGX_OK) {
                return rc;
            }
        }
    }

    return NGX_OK;
}
