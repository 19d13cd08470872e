/*
 * The content handler of a location with strangler_pass: what the decision
 * says is either answered here (redirect, respond, 404) or left to the proxy
 * module, which asks ngx_http_strangler_peer.c where to connect.
 */

#include "ngx_http_strangler_shadow.h"


static ngx_int_t
ngx_http_strangler_respond(ngx_http_request_t *r,
    const fig_respond_t *respond)
{
    ngx_str_t                 type;
    ngx_http_complex_value_t  cv;

    ngx_memzero(&cv, sizeof(ngx_http_complex_value_t));

    cv.value = ngx_http_strangler_str(respond->body);
    type = ngx_http_strangler_str(respond->type);

    return ngx_http_send_response(r, respond->status, &type, &cv);
}


/* The port as the client wrote it in its Host; 0: it wrote none. */

static uint16_t
ngx_http_strangler_client_port(ngx_http_request_t *r)
{
    u_char     *p, *last;
    ngx_int_t   port;
    ngx_str_t   host;

    host = ngx_http_strangler_client_host(r);
    last = host.data + host.len;

    for (p = last; p > host.data && p[-1] >= '0' && p[-1] <= '9'; p--) {
        /* void */
    }

    if (p == last || p == host.data || p[-1] != ':') {
        return 0;
    }

    port = ngx_atoi(p, last - p);

    return (port > 0 && port < 65536) ? (uint16_t) port : 0;
}


static ngx_int_t
ngx_http_strangler_redirect(ngx_http_request_t *r,
    ngx_http_strangler_ctx_t *ctx)
{
    u_char                    *p;
    fig_str_t                  raw, scheme;
    ngx_http_complex_value_t   cv;

    /* what would not be forwarded as it came is not sent back so either */

    if (ngx_http_strangler_target(ctx, FIG_SIDE_OLD) != NGX_OK) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    raw = ngx_http_strangler_fig(ctx->target.len ? ctx->target
                                                 : r->unparsed_uri);

    p = memchr(raw.data, '?', raw.len);
    if (p) {
        raw.len = p - (u_char *) raw.data;
    }

    p = ngx_pnalloc(r->pool, fig_redirect_bound(&ctx->match, &ctx->view, raw));
    if (p == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    scheme = ngx_http_strangler_fig(ngx_http_strangler_scheme(r));

    ngx_memzero(&cv, sizeof(ngx_http_complex_value_t));

    cv.value.data = p;
    cv.value.len = fig_redirect_url(&ctx->match, &ctx->view, scheme,
                                    ngx_http_strangler_client_port(r), raw,
                                    ngx_http_strangler_scratch, (char *) p);

    return ngx_http_send_response(r, ctx->match.route->redirect.status, NULL,
                                  &cv);
}


ngx_int_t
ngx_http_strangler_handler(ngx_http_request_t *r)
{
    ngx_http_strangler_ctx_t        *ctx;
    ngx_http_strangler_main_conf_t  *smcf;

    ctx = ngx_http_strangler_decide(r);

    if (ctx == NULL) {
        ngx_log_error(NGX_LOG_ALERT, r->connection->log, 0,
                      "strangler: no rules are in force");
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    ctx->handled = 1;

    if (ctx->status) {
        return ctx->status;
    }

    switch (ctx->decision.why) {

    case FIG_WHY_RESPOND:
        return ngx_http_strangler_respond(r, &ctx->decision.route->respond);

    case FIG_WHY_REDIRECT:
        return ngx_http_strangler_redirect(r, ctx);

    default:
        break;
    }

    if (ctx->backend == NULL) {
        return NGX_HTTP_NOT_FOUND;
    }

    ngx_http_strangler_read_marker(ctx);

    if (ngx_http_strangler_is_shadowed(ctx)) {
        ngx_http_strangler_sample(ctx);
    }

    smcf = ngx_http_get_module_main_conf(r, ngx_http_strangler_module);

    return smcf->proxy_handler(r);
}
