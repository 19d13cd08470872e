/*
 * Changes to a request that the proxy module has made and not yet sent.
 *
 *     u->request_bufs  [GET /a?x HTTP/1.1 CRLF Host: ... CRLF CRLF] -> body
 *                       ^^^^^^^^ target     ^^^^^^^^^ route's header rules
 *
 * Working on the finished text honours proxy_set_header and the client's own
 * lines alike, and leaves $request_uri, $uri and the cache key what they were.
 * A target that is not longer than the old one is put in place; a longer one
 * goes into a buffer of its own in front.  Only header rules copy the header.
 */

#include "ngx_http_strangler.h"


static ngx_int_t
ngx_http_strangler_edit_target(ngx_http_strangler_ctx_t *ctx)
{
    u_char               *p;
    size_t                len, head;
    ngx_buf_t            *b, *front;
    ngx_chain_t          *cl;
    ngx_http_upstream_t  *u;

    u = ctx->request->upstream;
    b = u->request_bufs->buf;

    /* method and space, the old target, the rest */

    head = u->uri.data - b->pos;
    len = head + ctx->target.len;

    if (ctx->target.len <= u->uri.len) {
        p = b->pos + u->uri.len - ctx->target.len;

        ngx_memmove(p, b->pos, head);
        ngx_memcpy(p + head, ctx->target.data, ctx->target.len);

        /* start is where nginx takes pos back to when it sends again */

        b->start = p;
        b->pos = p;
        u->uri.data = p + head;
        u->uri.len = ctx->target.len;

        return NGX_OK;
    }

    front = ngx_create_temp_buf(ctx->request->pool, len);
    cl = ngx_alloc_chain_link(ctx->request->pool);

    if (front == NULL || cl == NULL) {
        return NGX_ERROR;
    }

    front->last = ngx_cpymem(front->last, b->pos, head);
    front->last = ngx_cpymem(front->last, ctx->target.data, ctx->target.len);

    b->pos = u->uri.data + u->uri.len;
    b->start = b->pos;

    u->uri.data = front->pos + head;
    u->uri.len = ctx->target.len;

    cl->buf = front;
    cl->next = u->request_bufs;
    u->request_bufs = cl;

    return NGX_OK;
}


static ngx_uint_t
ngx_http_strangler_is_named(const fig_field_t *fields, ngx_uint_t n,
    u_char *name, size_t len)
{
    ngx_uint_t  i;

    for (i = 0; i < n; i++) {
        if (fields[i].name.len == len
            && ngx_strncasecmp((u_char *) fields[i].name.data, name, len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


static size_t
ngx_http_strangler_fields_size(const fig_field_t *fields, ngx_uint_t n)
{
    size_t      size;
    ngx_uint_t  i;

    size = 0;

    for (i = 0; i < n; i++) {
        size += fields[i].name.len + sizeof(": ") - 1 + fields[i].value.len
                + sizeof(CRLF) - 1;
    }

    return size;
}


static u_char *
ngx_http_strangler_write_fields(u_char *p, const fig_field_t *fields,
    ngx_uint_t n)
{
    ngx_uint_t  i;

    for (i = 0; i < n; i++) {
        p = ngx_cpymem(p, fields[i].name.data, fields[i].name.len);
        *p++ = ':'; *p++ = ' ';
        p = ngx_cpymem(p, fields[i].value.data, fields[i].value.len);
        *p++ = CR; *p++ = LF;
    }

    return p;
}


/*
 * Copies the header lines at p that no rule removes or sets, up to the empty
 * line; *end is where that begins.
 */

static u_char *
ngx_http_strangler_copy_lines(u_char *out, u_char *p, u_char *last,
    const fig_fields_t *rules, u_char **end)
{
    u_char  *line, *colon;

    for (line = p; line < last && *line != CR; line = p) {
        p = ngx_strlchr(line, last, LF);

        if (p == NULL) {
            break;
        }

        p++;
        colon = ngx_strlchr(line, p, ':');

        if (colon
            && (ngx_http_strangler_is_named(rules->set, rules->nset, line,
                                            colon - line)
                || ngx_http_strangler_is_named(rules->remove, rules->nremove,
                                               line, colon - line)))
        {
            continue;
        }

        out = ngx_cpymem(out, line, p - line);
    }

    *end = line;

    return out;
}


static ngx_int_t
ngx_http_strangler_edit_headers(ngx_http_strangler_ctx_t *ctx,
    const fig_fields_t *rules)
{
    size_t                size;
    u_char               *p, *end;
    ngx_buf_t            *b, *copy;
    ngx_chain_t          *cl;
    ngx_http_upstream_t  *u;

    u = ctx->request->upstream;
    cl = u->request_bufs;

    /* a longer target's buffer in front ends before the lines begin */

    if (u->uri.data < cl->buf->pos
        || u->uri.data + u->uri.len == cl->buf->last)
    {
        cl = cl->next;
    }

    b = cl->buf;

    size = b->last - b->pos
           + ngx_http_strangler_fields_size(rules->set, rules->nset)
           + ngx_http_strangler_fields_size(rules->add, rules->nadd);

    copy = ngx_create_temp_buf(ctx->request->pool, size);
    if (copy == NULL) {
        return NGX_ERROR;
    }

    p = ngx_strlchr(b->pos, b->last, LF);
    if (p == NULL) {
        return NGX_ERROR;
    }

    p++;

    copy->last = ngx_cpymem(copy->last, b->pos, p - b->pos);

    if (cl == u->request_bufs) {
        u->uri.data = copy->pos + (u->uri.data - b->pos);
    }

    copy->last = ngx_http_strangler_copy_lines(copy->last, p, b->last, rules,
                                               &end);
    copy->last = ngx_http_strangler_write_fields(copy->last, rules->set,
                                                 rules->nset);
    copy->last = ngx_http_strangler_write_fields(copy->last, rules->add,
                                                 rules->nadd);

    /* the empty line and what proxy_set_body put behind it */

    copy->last = ngx_cpymem(copy->last, end, b->last - end);

    copy->flush = b->flush;
    cl->buf = copy;

    return NGX_OK;
}


ngx_int_t
ngx_http_strangler_edit_request(ngx_http_strangler_ctx_t *ctx)
{
    const fig_route_t   *route;
    const fig_fields_t  *rules;

    if (ctx->target.len
        && ngx_http_strangler_edit_target(ctx) != NGX_OK)
    {
        return NGX_ERROR;
    }

    route = ctx->decision.route;

    if (route == NULL) {
        return NGX_OK;
    }

    rules = &route->request_headers;

    if (rules->nset + rules->nadd + rules->nremove == 0) {
        return NGX_OK;
    }

    return ngx_http_strangler_edit_headers(ctx, rules);
}
