/*
 * Changes to a request that the proxy module has made and not yet sent.
 *
 *     u->request_bufs  [GET /a?x HTTP/1.1 CRLF Host: ... CRLF CRLF] -> body
 *                       ^^^^^^^^ target     ^^^^^^^^^ route's header rules
 *
 * Working on the finished text honours proxy_set_header and the client's own
 * lines alike, and leaves $request_uri, $uri and the cache key what they were.
 * Header rules come last and have the last word.
 * The header stays in one buffer: the proxy module takes all behind the first
 * for the body and may put chunks around it.
 */

#include "ngx_http_strangler.h"


/*
 * The header anew: another target, the line that tells what was cut off from
 * it, and the lines of strangler_headers.  The rest is copied.
 */

static ngx_int_t
ngx_http_strangler_edit_head(ngx_http_strangler_ctx_t *ctx,
    ngx_http_strangler_loc_conf_t *lcf)
{
    u_char                        *p, *rest, *head;
    size_t                         size;
    ngx_str_t                      prefix, target;
    ngx_buf_t                     *b;
    ngx_http_upstream_t           *u;
    ngx_http_strangler_forward_t   forward;

    if (ngx_http_strangler_prefix(ctx, &prefix) != NGX_OK) {
        return NGX_ERROR;
    }

    if (lcf->headers && !(lcf->lines & NGX_HTTP_STRANGLER_PREFIX)) {
        prefix.len = 0;
    }

    u = ctx->request->upstream;
    b = u->request_bufs->buf;

    target = ctx->target.len ? ctx->target : u->uri;

    size = b->last - b->pos + target.len
           + sizeof("X-Forwarded-Prefix: " CRLF) - 1 + prefix.len
           + ngx_http_strangler_forward(ctx, lcf->lines, &forward);

    head = ctx->room;

    if (size > sizeof(ctx->room)) {
        head = ngx_pnalloc(ctx->request->pool, size);
        if (head == NULL) {
            return NGX_ERROR;
        }
    }

    /* "GET ", the target, " HTTP/1.1" with the end of its line */

    p = ngx_cpymem(head, b->pos, u->uri.data - b->pos);
    rest = u->uri.data + u->uri.len;

    u->uri.data = p;
    u->uri.len = target.len;

    p = ngx_cpymem(p, target.data, target.len);

    do {
        *p++ = *rest;
    } while (*rest++ != LF);

    p = ngx_http_strangler_write_forward(ctx, &forward, p);

    if (prefix.len) {
        p = ngx_cpymem(p, "X-Forwarded-Prefix: ",
                       sizeof("X-Forwarded-Prefix: ") - 1);
        p = ngx_cpymem(p, prefix.data, prefix.len);
        *p++ = CR; *p++ = LF;
    }

    p = ngx_cpymem(p, rest, b->last - rest);

    b->start = head;
    b->pos = head;
    b->last = p;
    b->end = head + size;

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


/* The header anew, by the rules; its request line stays. */

static ngx_int_t
ngx_http_strangler_edit_headers(ngx_http_strangler_ctx_t *ctx,
    const fig_fields_t *rules)
{
    size_t                size, line;
    u_char               *p, *end;
    ngx_buf_t            *b, *copy;
    ngx_http_upstream_t  *u;

    u = ctx->request->upstream;
    b = u->request_bufs->buf;

    size = b->last - b->pos
           + ngx_http_strangler_fields_size(rules->set, rules->nset)
           + ngx_http_strangler_fields_size(rules->add, rules->nadd);

    copy = ngx_create_temp_buf(ctx->request->pool, size);
    if (copy == NULL) {
        return NGX_ERROR;
    }

    line = ngx_strlchr(b->pos, b->last, LF) + 1 - b->pos;

    u->uri.data = copy->pos + (u->uri.data - b->pos);

    p = ngx_cpymem(copy->pos, b->pos, line);
    p = ngx_http_strangler_copy_lines(p, b->pos + line, b->last, rules, &end);
    p = ngx_http_strangler_write_fields(p, rules->set, rules->nset);
    p = ngx_http_strangler_write_fields(p, rules->add, rules->nadd);

    /* the empty line and what proxy_set_body put behind it */

    copy->last = ngx_cpymem(p, end, b->last - end);
    copy->flush = b->flush;

    u->request_bufs->buf = copy;

    return NGX_OK;
}


/* A copy says that it is one, and nobody else does. */

static ngx_int_t
ngx_http_strangler_edit_marker(ngx_http_strangler_ctx_t *ctx)
{
    fig_fields_t  rules;

    static fig_field_t  marker = { FIG_STR("X-Strangler-Shadow"),
                                   FIG_STR("1") };

    ngx_memzero(&rules, sizeof(fig_fields_t));

    if (ctx->copy) {
        rules.set = &marker;
        rules.nset = 1;

    } else {
        rules.remove = &marker;
        rules.nremove = 1;
    }

    return ngx_http_strangler_edit_headers(ctx, &rules);
}


ngx_int_t
ngx_http_strangler_edit_request(ngx_http_strangler_ctx_t *ctx)
{
    const fig_route_t              *route;
    const fig_fields_t             *rules;
    ngx_http_strangler_loc_conf_t  *lcf;

    lcf = ngx_http_get_module_loc_conf(ctx->request,
                                       ngx_http_strangler_module);

    if ((lcf->lines || ctx->target.len)
        && ngx_http_strangler_edit_head(ctx, lcf) != NGX_OK)
    {
        return NGX_ERROR;
    }

    route = ctx->decision.route;
    rules = route ? &route->request_headers : NULL;

    if (rules && rules->nset + rules->nadd + rules->nremove
        && ngx_http_strangler_edit_headers(ctx, rules) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (ctx->copy || ctx->marker == NGX_HTTP_STRANGLER_SPOOFED) {
        return ngx_http_strangler_edit_marker(ctx);
    }

    return NGX_OK;
}
