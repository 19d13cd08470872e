/*
 * What is in a copy: the client's request as it is at its end, in memory of the
 * copy's own.
 *
 *     request line, URI   the same
 *     header lines        see ngx_http_strangler_copy_lines.c
 *     body                from memory or from its file, bounded by max_body
 *     variables           see ngx_http_strangler_copy_variables.c
 */

#include "ngx_http_strangler_shadow.h"


/* A copy of a string with a NUL behind it, as nginx's parsers leave it. */

ngx_int_t
ngx_http_strangler_take(ngx_pool_t *pool, ngx_str_t *to, const ngx_str_t *from)
{
    u_char  *p;

    p = ngx_pnalloc(pool, from->len + 1);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(p, from->data, from->len);
    p[from->len] = '\0';

    to->len = from->len;
    to->data = p;

    return NGX_OK;
}


/* Reads a body of a known, small size; it is in the page cache. */

static ngx_int_t
ngx_http_strangler_read_body(ngx_chain_t *in, u_char *p, u_char *last)
{
    size_t      size;
    ssize_t     n;
    ngx_buf_t  *b;

    for ( /* void */ ; in; in = in->next) {
        b = in->buf;

        if (ngx_buf_in_memory(b)) {
            size = b->last - b->pos;

            if (size > (size_t) (last - p)) {
                return NGX_ERROR;
            }

            p = ngx_cpymem(p, b->pos, size);
            continue;
        }

        if (!b->in_file) {
            continue;
        }

        size = (size_t) (b->file_last - b->file_pos);

        if (size > (size_t) (last - p) || b->file->fd == NGX_INVALID_FILE) {
            return NGX_ERROR;
        }

        n = ngx_read_file(b->file, p, size, b->file_pos);

        if (n != (ssize_t) size) {
            return NGX_ERROR;
        }

        p += size;
    }

    return (p == last) ? NGX_OK : NGX_ERROR;
}


static off_t
ngx_http_strangler_body_size(ngx_http_request_t *r)
{
    off_t         size;
    ngx_chain_t  *in;

    size = 0;

    for (in = r->request_body->bufs; in; in = in->next) {
        size += ngx_buf_size(in->buf);
    }

    return size;
}


static ngx_int_t
ngx_http_strangler_copy_body(ngx_http_request_t *client,
    ngx_http_request_t *r, ngx_pool_t *pool, size_t max, ngx_str_t *body)
{
    off_t                     size;
    u_char                   *p;
    ngx_buf_t                *b;
    ngx_http_request_body_t  *rb;

    ngx_str_null(body);

    rb = ngx_pcalloc(pool, sizeof(ngx_http_request_body_t));
    if (rb == NULL) {
        return NGX_ERROR;
    }

    r->request_body = rb;
    r->headers_in.content_length_n = client->headers_in.content_length_n;

    if (client->request_body == NULL || client->request_body->bufs == NULL) {
        return (client->headers_in.content_length_n > 0
                || client->headers_in.chunked)
               ? NGX_DECLINED : NGX_OK;
    }

    size = ngx_http_strangler_body_size(client);

    /* what was sent as it came is not there any more */

    if (size > (off_t) max
        || client->request_body_no_buffering
        || (client->headers_in.content_length_n >= 0
            && size != client->headers_in.content_length_n))
    {
        return NGX_DECLINED;
    }

    if (size == 0) {
        return NGX_OK;
    }

    p = ngx_pnalloc(pool, (size_t) size);
    b = ngx_calloc_buf(pool);
    rb->bufs = ngx_alloc_chain_link(pool);

    if (p == NULL || b == NULL || rb->bufs == NULL) {
        return NGX_ERROR;
    }

    if (ngx_http_strangler_read_body(client->request_body->bufs, p, p + size)
        != NGX_OK)
    {
        return NGX_DECLINED;
    }

    b->start = p;
    b->pos = p;
    b->last = p + size;
    b->end = b->last;
    b->temporary = 1;

    rb->bufs->buf = b;
    rb->bufs->next = NULL;
    rb->buf = b;

    r->headers_in.content_length_n = size;

    body->data = p;
    body->len = (size_t) size;

    return NGX_OK;
}


/* The URI is that of the decision: post_action has changed the request's. */

static ngx_int_t
ngx_http_strangler_copy_line(ngx_http_strangler_ctx_t *ctx,
    ngx_http_request_t *r, ngx_pool_t *pool)
{
    ngx_str_t            host;
    ngx_http_request_t  *client;

    client = ctx->request;

    r->method = client->method;
    r->http_version = NGX_HTTP_VERSION_11;
    ngx_str_set(&r->http_protocol, "HTTP/1.1");

    if (ngx_http_strangler_take(pool, &r->method_name, &client->method_name)
        != NGX_OK
        || ngx_http_strangler_take(pool, &r->request_line,
                                   &client->request_line)
           != NGX_OK
        || ngx_http_strangler_take(pool, &r->uri, &ctx->uri) != NGX_OK
        || ngx_http_strangler_take(pool, &r->unparsed_uri,
                                   &client->unparsed_uri)
           != NGX_OK
        || ngx_http_strangler_take(pool, &r->args, &ctx->args) != NGX_OK
        || ngx_http_strangler_take(pool, &r->exten, &client->exten) != NGX_OK
        || ngx_http_strangler_take(pool, &r->headers_in.server,
                                   &client->headers_in.server)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    r->complex_uri = client->complex_uri;
    r->quoted_uri = client->quoted_uri;
    r->plus_in_uri = client->plus_in_uri;
    r->valid_unparsed_uri = ctx->exchange->valid_unparsed_uri;
    r->valid_location = client->valid_location;
    r->internal = client->internal;
    r->expect_tested = 1;
    r->http_state = NGX_HTTP_PROCESS_REQUEST_STATE;

    /* the authority of a target in absolute form */

    if (client->host_start && client->host_end && client->schema_end) {
        host = ngx_http_strangler_client_host(client);

        if (ngx_http_strangler_take(pool, &host, &host) != NGX_OK) {
            return NGX_ERROR;
        }

        r->schema_end = host.data;
        r->host_start = host.data;
        r->host_end = host.data + host.len;
    }

    return NGX_OK;
}


/* FNV-1a (Fowler, Noll, Vo; draft-eastlake-fnv): what is asked, not by whom. */

static uint64_t
ngx_http_strangler_mix(uint64_t hash, const u_char *p, size_t len)
{
    while (len--) {
        hash = (hash ^ *p++) * 0x100000001b3;
    }

    return (hash ^ 0xff) * 0x100000001b3;
}


/*
 * $request_id where the configuration uses it, so that a log can be searched
 * for it.  Elsewhere nginx draws another one each time it is asked, and nobody
 * knows this one but the copy and the evidence; then it costs no system call.
 */

static ngx_int_t
ngx_http_strangler_take_id(ngx_http_strangler_exchange_t *exchange,
    ngx_http_request_t *r)
{
    u_char                     *p;
    ngx_str_t                   id;
    ngx_http_variable_t        *v;
    ngx_http_core_main_conf_t  *cmcf;
    ngx_http_variable_value_t  *value;

    static ngx_str_t  name = ngx_string("request_id");

    cmcf = ngx_http_get_module_main_conf(r, ngx_http_core_module);

    v = ngx_hash_find(&cmcf->variables_hash,
                      ngx_hash_key(name.data, name.len), name.data, name.len);

    if (v && (v->flags & NGX_HTTP_VAR_INDEXED)) {
        value = ngx_http_get_indexed_variable(r, v->index);

        if (value == NULL || value->not_found || value->len == 0) {
            return NGX_OK;
        }

        id.data = value->data;
        id.len = value->len;

        return ngx_http_strangler_take(exchange->pool, &exchange->id, &id);
    }

    p = ngx_pnalloc(exchange->pool, 33);
    if (p == NULL) {
        return NGX_ERROR;
    }

    exchange->id.data = p;
    exchange->id.len = 32;

    (void) ngx_sprintf(p, "%016xL%016xL%Z", ngx_http_strangler_random(),
                       ngx_http_strangler_random());

    return NGX_OK;
}


ngx_int_t
ngx_http_strangler_name_exchange(ngx_http_strangler_ctx_t *ctx,
    ngx_str_t *body)
{
    u_char                         *p;
    uint64_t                        hash;
    fig_str_t                       sticky;
    ngx_str_t                       host;
    ngx_http_request_t             *r;
    ngx_http_strangler_exchange_t  *exchange;

    r = ctx->request;
    exchange = ctx->exchange;

    if (exchange->name.len) {
        return NGX_OK;
    }

    p = ngx_pnalloc(exchange->pool, r->method_name.len + 1
                                    + ctx->view.path.len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    exchange->name.data = p;
    p = ngx_cpymem(p, r->method_name.data, r->method_name.len);
    *p++ = ' ';
    p = ngx_cpymem(p, ctx->view.path.data, ctx->view.path.len);
    exchange->name.len = p - exchange->name.data;

    host = ngx_http_strangler_client_host(r);

    if (ngx_http_strangler_take(exchange->pool, &exchange->host, &host)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    sticky = fig_decide_sticky(exchange->route, &ctx->view,
                               ngx_http_strangler_scratch);

    hash = ngx_http_strangler_mix(0xcbf29ce484222325, exchange->name.data,
                                  exchange->name.len);
    hash = ngx_http_strangler_mix(hash, ctx->args.data, ctx->args.len);
    hash = ngx_http_strangler_mix(hash, body->data, body->len);
    hash = ngx_http_strangler_mix(hash, (u_char *) sticky.data, sticky.len);

    exchange->fingerprint = hash;
    exchange->time = ngx_time();

    return ngx_http_strangler_take_id(exchange, r);
}


ngx_int_t
ngx_http_strangler_copy_request(ngx_http_strangler_ctx_t *ctx,
    ngx_http_strangler_copy_t *copy)
{
    ngx_int_t                       rc;
    ngx_str_t                       body;
    ngx_pool_t                     *pool;
    ngx_http_request_t             *r, *client;
    ngx_http_strangler_exchange_t  *exchange;

    client = ctx->request;
    exchange = copy->exchange;
    r = copy->request;
    pool = r->pool;

    if (ngx_http_strangler_copy_line(ctx, r, pool) != NGX_OK) {
        return NGX_ERROR;
    }

    rc = ngx_http_strangler_copy_body(client, r, pool,
                                      exchange->route->shadow.max_body, &body);
    if (rc != NGX_OK) {
        return rc;
    }

    if (ngx_http_strangler_name_exchange(ctx, &body) != NGX_OK
        || ngx_http_strangler_copy_head(client, r, &exchange->route->shadow,
                                        &exchange->id)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return NGX_OK;
}
