/*
 * Answers as they go by: the client's, of which a sampled one is kept, and
 * those of copies, which go no further.
 *
 *     backend -> upstream -> [here] -> other filters -> client
 *                              |
 *                              +-> exchange
 *
 * What is kept is what the backend said, but Location and cookies as the client
 * sees them: a service that is called by another path answers with that.
 */

#include "ngx_http_strangler_shadow.h"


static ngx_http_output_body_filter_pt  ngx_http_next_body_filter;


static ngx_int_t
ngx_http_strangler_keep_field(ngx_http_strangler_exchange_t *exchange,
    ngx_http_strangler_kept_t *kept, ngx_str_t *name, ngx_str_t *value)
{
    u_char              *p;
    fig_answer_field_t  *field;

    field = ngx_array_push(&kept->fields);
    p = ngx_pnalloc(exchange->pool, name->len + value->len);

    if (field == NULL || p == NULL) {
        return NGX_ERROR;
    }

    field->name = fig_str((char *) p, name->len);
    p = ngx_cpymem(p, name->data, name->len);

    field->value = fig_str((char *) p, value->len);
    ngx_memcpy(p, value->data, value->len);

    return NGX_OK;
}


static ngx_uint_t
ngx_http_strangler_is_mapped(ngx_table_elt_t *h)
{
    static ngx_str_t  location = ngx_string("location");
    static ngx_str_t  cookie = ngx_string("set-cookie");

    return (h->key.len == location.len
            && ngx_strncasecmp(h->key.data, location.data, location.len) == 0)
           || (h->key.len == cookie.len
               && ngx_strncasecmp(h->key.data, cookie.data, cookie.len) == 0);
}


static ngx_int_t
ngx_http_strangler_keep_fields(ngx_http_strangler_exchange_t *exchange,
    ngx_http_strangler_kept_t *kept, ngx_list_t *list, ngx_uint_t mapped)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *h;

    for (part = &list->part; part; part = part->next) {
        h = part->elts;

        for (i = 0; i < part->nelts; i++) {

            if ((mapped && h[i].hash == 0)
                || ngx_http_strangler_is_mapped(&h[i]) != mapped)
            {
                continue;
            }

            if (ngx_http_strangler_keep_field(exchange, kept, &h[i].key,
                                              &h[i].value)
                != NGX_OK)
            {
                return NGX_ERROR;
            }
        }
    }

    return NGX_OK;
}


static void
ngx_http_strangler_keep_version(ngx_http_strangler_exchange_t *exchange,
    ngx_http_strangler_kept_t *kept, const fig_backend_t *backend)
{
    ngx_uint_t           i;
    fig_answer_field_t  *fields;

    if (backend->version.len == 0) {
        return;
    }

    kept->versioned = 1;

    fields = kept->fields.elts;

    for (i = 0; i < kept->fields.nelts; i++) {
        if (fig_str_caseeq(fields[i].name, backend->version)) {
            kept->version = ngx_http_strangler_str(fields[i].value);
            return;
        }
    }
}


static void
ngx_http_strangler_keep_head(ngx_http_request_t *r,
    ngx_http_strangler_ctx_t *ctx, ngx_http_strangler_exchange_t *exchange,
    ngx_http_strangler_kept_t *kept)
{
    ngx_http_upstream_t  *u;

    u = r->upstream;

    kept->status = u->headers_in.status_n;

    if (r->method == NGX_HTTP_HEAD
        || kept->status == NGX_HTTP_NO_CONTENT
        || kept->status == NGX_HTTP_NOT_MODIFIED)
    {
        kept->complete = 1;
    }

    if (exchange->comparer == NULL) {
        return;
    }

    ngx_http_strangler_need_peer(ctx);
    kept->authority = ngx_http_strangler_str(ctx->peer->server->authority);

    if (ngx_http_strangler_keep_fields(exchange, kept, &u->headers_in.headers,
                                       0)
        != NGX_OK
        || ngx_http_strangler_keep_fields(exchange, kept,
                                          &r->headers_out.headers, 1)
           != NGX_OK)
    {
        kept->failed = 1;
        return;
    }

    ngx_http_strangler_keep_version(exchange, kept, ctx->backend->conf);

    if (kept->complete) {
        return;
    }

    if (r->headers_out.content_length_n > (off_t) exchange->max_body) {
        kept->over = 1;
        return;
    }

    r->filter_need_in_memory = 1;
}


/*
 * An answer that a backend is giving now; not a page of nginx's own, nor what
 * another location was asked for by X-Accel-Redirect.
 */

static ngx_uint_t
ngx_http_strangler_is_backends(ngx_http_request_t *r,
    ngx_http_strangler_ctx_t *ctx)
{
    ngx_http_upstream_t  *u;

    u = r->upstream;

    return u != NULL
           && u->cleanup != NULL
           && u->peer.data == ctx
           && u->headers_in.status_n != 0
           && !r->cached;
}


ngx_uint_t
ngx_http_strangler_capture_head(ngx_http_request_t *r,
    ngx_http_strangler_ctx_t *ctx)
{
    ngx_http_strangler_copy_t       *copy;
    ngx_http_strangler_exchange_t   *exchange;

    copy = ctx->copy;

    if (copy == NULL) {
        exchange = ctx->exchange;

        if (exchange && ngx_http_strangler_is_backends(r, ctx)) {
            ngx_http_strangler_keep_head(r, ctx, exchange,
                             &exchange->answers[NGX_HTTP_STRANGLER_PRIMARY]);
        }

        return 0;
    }

    if (ngx_http_strangler_is_backends(r, ctx)) {
        ngx_http_strangler_keep_head(r, ctx, copy->exchange, copy->kept);
    }

    /* what nginx's last filter does, and no more of it */

    if (r->method == NGX_HTTP_HEAD
        || copy->kept->status == NGX_HTTP_NO_CONTENT
        || copy->kept->status == NGX_HTTP_NOT_MODIFIED)
    {
        r->header_only = 1;
    }

    r->header_sent = 1;

    return 1;
}


/* Keeps the bytes of a chain; with consume they go no further. */

static void
ngx_http_strangler_keep_chain(ngx_http_strangler_exchange_t *exchange,
    ngx_http_strangler_kept_t *kept, ngx_chain_t *in, ngx_uint_t consume)
{
    ngx_buf_t  *b;

    for ( /* void */ ; in; in = in->next) {
        b = in->buf;

        if (exchange->comparer == NULL) {
            /* void */

        } else if (ngx_buf_in_memory(b)) {
            ngx_http_strangler_keep_body(exchange, kept, b->pos,
                                         b->last - b->pos);

        } else if (b->in_file && b->file_last > b->file_pos) {
            kept->over = 1;
        }

        if (b->last_buf) {
            kept->complete = 1;
        }

        if (consume) {
            b->pos = b->last;
            b->file_pos = b->file_last;
        }
    }
}


static ngx_int_t
ngx_http_strangler_keep_copy(ngx_http_strangler_copy_t *copy, ngx_chain_t *in)
{
    ngx_http_strangler_kept_t  *kept;

    kept = copy->kept;

    ngx_http_strangler_keep_chain(copy->exchange, kept, in, 1);

    /* more of it would be read for nothing */

    return (kept->over || kept->failed) ? NGX_ERROR : NGX_OK;
}


static void
ngx_http_strangler_keep_primary(ngx_http_strangler_exchange_t *exchange,
    ngx_chain_t *in)
{
    ngx_http_strangler_kept_t  *kept;

    kept = &exchange->answers[NGX_HTTP_STRANGLER_PRIMARY];

    if (kept->status && !kept->complete) {
        ngx_http_strangler_keep_chain(exchange, kept, in, 0);
    }
}


/* A copy has no redirects, so that its context stays. */

static ngx_int_t
ngx_http_strangler_body_filter(ngx_http_request_t *r, ngx_chain_t *in)
{
    ngx_http_strangler_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_strangler_module);

    if (ctx && ctx->copy) {
        return ngx_http_strangler_keep_copy(ctx->copy, in);
    }

    if (ctx && ctx->exchange) {
        ngx_http_strangler_keep_primary(ctx->exchange, in);
    }

    return ngx_http_next_body_filter(r, in);
}


ngx_int_t
ngx_http_strangler_capture_init(ngx_conf_t *cf)
{
    ngx_http_next_body_filter = ngx_http_top_body_filter;
    ngx_http_top_body_filter = ngx_http_strangler_body_filter;

    return NGX_OK;
}
