/*
 * A request as the rules see it.
 *
 *     r->unparsed_uri, or r->uri  ->  normalised path
 *     r->headers_in               ->  header lines, when a rule asks for them
 *     r->connection->sockaddr     ->  the client's address
 *
 * Nothing here decides anything.
 */

#include "ngx_http_strangler.h"


ngx_table_elt_t *
ngx_http_strangler_find_header(ngx_http_request_t *r, const char *name,
    size_t len)
{
    ngx_uint_t        i;
    ngx_list_part_t  *part;
    ngx_table_elt_t  *header;

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        header = part->elts;

        for (i = 0; i < part->nelts; i++) {
            if (header[i].key.len == len
                && ngx_strncmp(header[i].lowcase_key, name, len) == 0)
            {
                return &header[i];
            }
        }
    }

    return NULL;
}


ngx_uint_t
ngx_http_strangler_is_trusted(ngx_http_request_t *r)
{
    ngx_http_strangler_loc_conf_t  *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_strangler_module);

    return lcf->trusted != NULL
           && ngx_cidr_match(r->connection->sockaddr, lcf->trusted) == NGX_OK;
}


ngx_str_t
ngx_http_strangler_scheme(ngx_http_request_t *r)
{
    ngx_str_t         scheme;
    ngx_table_elt_t  *header;

    if (ngx_http_strangler_is_trusted(r)) {
        header = ngx_http_strangler_find_header(r, "x-forwarded-proto",
                                         sizeof("x-forwarded-proto") - 1);

        /* whom we trust may hand on what a client has said */

        if (header && header->value.len == 5
            && ngx_strncasecmp(header->value.data, (u_char *) "https", 5) == 0)
        {
            ngx_str_set(&scheme, "https");
            return scheme;
        }

        if (header && header->value.len == 4
            && ngx_strncasecmp(header->value.data, (u_char *) "http", 4) == 0)
        {
            ngx_str_set(&scheme, "http");
            return scheme;
        }
    }

    ngx_str_set(&scheme, "http");

#if (NGX_HTTP_SSL)

    if (r->connection->ssl) {
        ngx_str_set(&scheme, "https");
    }

#endif

    return scheme;
}


ngx_str_t
ngx_http_strangler_client_host(ngx_http_request_t *r)
{
    u_char     *last;
    ngx_str_t   host;

    ngx_str_null(&host);

    /* a subrequest is for the host of its main request */

    r = r->main;

    /* an absolute-form target wins over the header (RFC 9112, 3.2.2) */

    if (r->host_start && r->host_end && r->schema_end) {
        last = r->host_end;

        /* whether host_end is behind the port depends on nginx's version */

        if (*last == ':') {
            do { last++; } while (*last >= '0' && *last <= '9');
        }

        host.data = r->host_start;
        host.len = last - r->host_start;

    } else if (r->headers_in.host) {
        host = r->headers_in.host->value;
    }

    return host;
}


/*
 * nginx looks at what is in front of a port alone: "a:80@b" would be matched as
 * "a" and may be something else to a backend.
 */

ngx_uint_t
ngx_http_strangler_is_host(ngx_http_request_t *r)
{
    u_char     *p, *last;
    ngx_str_t   host;

    host = ngx_http_strangler_client_host(r);

    if (host.len && host.data[0] == '['
        && ngx_strlchr(host.data, host.data + host.len, ']') == NULL)
    {
        return 0;
    }

    if (host.len <= r->headers_in.server.len) {
        return 1;
    }

    p = host.data + r->headers_in.server.len;
    last = host.data + host.len;

    if (*p == '.') {
        p++;
    }

    if (p < last && *p++ != ':') {
        return 0;
    }

    while (p < last && *p >= '0' && *p <= '9') {
        p++;
    }

    return p == last;
}


ngx_str_t
ngx_http_strangler_forwarded_host(ngx_http_request_t *r)
{
    ngx_table_elt_t  *header;

    if (ngx_http_strangler_is_trusted(r)) {
        header = ngx_http_strangler_find_header(r, "x-forwarded-host",
                                          sizeof("x-forwarded-host") - 1);

        if (header && header->value.len) {
            return header->value;
        }
    }

    return ngx_http_strangler_client_host(r);
}


static void
ngx_http_strangler_client_addr(ngx_connection_t *c, fig_addr_t *addr)
{
    struct sockaddr_in   *sin;
#if (NGX_HAVE_INET6)
    u_char               *p;
    struct sockaddr_in6  *sin6;
#endif

    switch (c->sockaddr->sa_family) {

    case AF_INET:
        sin = (struct sockaddr_in *) c->sockaddr;
        addr->family = 4;
        ngx_memcpy(addr->addr, &sin->sin_addr, 4);
        break;

#if (NGX_HAVE_INET6)
    case AF_INET6:
        sin6 = (struct sockaddr_in6 *) c->sockaddr;
        p = sin6->sin6_addr.s6_addr;

        if (IN6_IS_ADDR_V4MAPPED(&sin6->sin6_addr)) {
            addr->family = 4;
            ngx_memcpy(addr->addr, p + 12, 4);

        } else {
            addr->family = 6;
            ngx_memcpy(addr->addr, p, 16);
        }

        break;
#endif

    default:
        addr->family = 0;
    }
}


/* nginx leaves tabs around a value, which others take off (RFC 9110, 5.5). */

static fig_str_t
ngx_http_strangler_trimmed(ngx_str_t *value)
{
    fig_str_t  text;

    text = ngx_http_strangler_fig(*value);

    while (text.len && (text.data[0] == '\t' || text.data[0] == ' ')) {
        text.data++;
        text.len--;
    }

    while (text.len && (text.data[text.len - 1] == '\t'
                        || text.data[text.len - 1] == ' '))
    {
        text.len--;
    }

    return text;
}


/* Only whom we trust may say that a request is a copy. */

static ngx_uint_t
ngx_http_strangler_is_spoofed(ngx_http_request_t *r, ngx_table_elt_t *header)
{
    static ngx_str_t  marker = ngx_string(NGX_HTTP_STRANGLER_MARKER);

    return header->key.len == marker.len
           && ngx_strncmp(header->lowcase_key, marker.data, marker.len) == 0
           && !ngx_http_strangler_is_trusted(r);
}


/*
 * Shows the header lines to the rules.  Without memory for it no line is
 * shown; the request is then marked and goes to the default backend.
 */

void
ngx_http_strangler_fill(fig_request_t *view)
{
    ngx_http_strangler_ctx_t *ctx = view->data;

    ngx_uint_t           i, n;
    fig_header_t        *headers;
    ngx_list_part_t     *part;
    ngx_table_elt_t     *header;
    ngx_http_request_t  *r;

    r = ctx->request;

    ngx_http_strangler_client_addr(r->connection, &view->client);

    n = 0;

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        n += part->nelts;
    }

    if (n == 0) {
        return;
    }

    headers = ngx_palloc(r->pool, n * sizeof(fig_header_t));
    if (headers == NULL) {
        ctx->failed = 1;
        return;
    }

    n = 0;

    for (part = &r->headers_in.headers.part; part; part = part->next) {
        header = part->elts;

        for (i = 0; i < part->nelts; i++) {

            if (ngx_http_strangler_is_spoofed(r, &header[i])) {
                continue;
            }

            headers[n].name = ngx_http_strangler_fig(header[i].key);
            headers[n].value = ngx_http_strangler_trimmed(&header[i].value);
            n++;
        }
    }

    view->headers = headers;
    view->nheaders = n;
}


/*
 * The path that is matched.  Sets ctx->resolved where the bytes that came would
 * be read in another way by whoever gets them, and ctx->status where they have
 * no reading.
 */

ngx_int_t
ngx_http_strangler_path(ngx_http_request_t *r, ngx_http_strangler_ctx_t *ctx)
{
    bool        resolved;
    u_char     *p;
    size_t      len;
    fig_str_t   raw;

    if (r->valid_unparsed_uri) {

        if (!r->complex_uri && !r->quoted_uri) {
            ctx->view.path = ngx_http_strangler_fig(r->uri);
            return NGX_OK;
        }

        raw = ngx_http_strangler_fig(r->unparsed_uri);

        if (memchr(raw.data, '#', raw.len)) {
            ctx->status = NGX_HTTP_BAD_REQUEST;
            return NGX_OK;
        }

        p = memchr(raw.data, '?', raw.len);
        if (p) {
            raw.len = p - (u_char *) raw.data;
        }

        p = ngx_pnalloc(r->pool, raw.len);
        if (p == NULL) {
            return NGX_ERROR;
        }

        if (fig_path_normalize(raw, (char *) p, &len, &resolved) != FIG_OK) {
            ctx->status = NGX_HTTP_BAD_REQUEST;
            return NGX_OK;
        }

        ctx->resolved = resolved;

    } else {
        p = ngx_pnalloc(r->pool, 3 * r->uri.len);
        if (p == NULL) {
            return NGX_ERROR;
        }

        if (fig_path_from_decoded(ngx_http_strangler_fig(r->uri), (char *) p,
                                  &len)
            != FIG_OK)
        {
            ctx->status = NGX_HTTP_BAD_REQUEST;
            return NGX_OK;
        }

        ctx->resolved = 1;
    }

    ctx->view.path = fig_str((char *) p, len);

    return NGX_OK;
}
