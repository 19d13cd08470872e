/*
 * What a backend is told of its client, and what a client is not to see of its
 * backend.
 *
 *     request  -> lines of strangler_headers, changes of the rules -> backend
 *     client  <-  paths as it knows them  <-  answer
 */

#ifndef NGX_HTTP_STRANGLER_FORWARD_H
#define NGX_HTTP_STRANGLER_FORWARD_H

#include "ngx_http_strangler.h"


/* ngx_http_strangler_forward.c: what a backend is told of its client */

typedef struct {
    ngx_uint_t                     lines;
    size_t                         hops;       /* length of those before us */
    ngx_str_t                      host;
    ngx_str_t                      scheme;
    ngx_str_t                      client_host;
    ngx_str_t                      upgrade;    /* len 0: none */
} ngx_http_strangler_forward_t;

/* Whether the client asks for another protocol, and may. */
ngx_uint_t ngx_http_strangler_is_upgrade(ngx_http_request_t *r);

/* Collects what these lines say of the current try; how long they are. */
size_t ngx_http_strangler_forward(ngx_http_strangler_ctx_t *ctx,
    ngx_uint_t lines, ngx_http_strangler_forward_t *forward);

/* Writes them to p; the byte behind. */
u_char *ngx_http_strangler_write_forward(ngx_http_strangler_ctx_t *ctx,
    const ngx_http_strangler_forward_t *forward, u_char *p);

/* ngx_http_strangler_edit.c: changes to a request that is ready to be sent */
ngx_int_t ngx_http_strangler_edit_request(ngx_http_strangler_ctx_t *ctx);

/* ngx_http_strangler_mapback.c: rewritten paths in answers */

/* Maps Location and the paths of cookies that a backend sent. */
ngx_int_t ngx_http_strangler_map_back(ngx_http_request_t *r,
    ngx_http_strangler_ctx_t *ctx);

/* What was taken off the path for this try, encoded; len 0: nothing. */
ngx_int_t ngx_http_strangler_prefix(ngx_http_strangler_ctx_t *ctx,
    ngx_str_t *prefix);


#endif /* NGX_HTTP_STRANGLER_FORWARD_H */
