/*
 * Connections to backends: those that are kept, and their TLS.
 *
 *     try  ->  pool_get: a kept one, or nginx makes one  ->  pool_put
 */

#ifndef NGX_HTTP_STRANGLER_POOL_H
#define NGX_HTTP_STRANGLER_POOL_H

#include "ngx_http_strangler.h"


/* ngx_http_strangler_pool.c */

/*
 * The pool of a backend, made or brought to its newest settings; NULL when
 * memory is out.
 */
ngx_http_strangler_pool_t *ngx_http_strangler_pool_find(
    ngx_http_strangler_rset_t *rset, const fig_backend_t *backend,
    ngx_uint_t generation);

/* Closes what no backend of this generation owns. */
void ngx_http_strangler_pool_sweep(ngx_http_strangler_rset_t *rset,
    ngx_uint_t generation);

/* Closes and frees everything. */
void ngx_http_strangler_pool_release(ngx_http_strangler_rset_t *rset);

/* Takes an idle connection for this peer into pc; false: there is none. */
ngx_uint_t ngx_http_strangler_pool_get(ngx_http_strangler_backend_t *backend,
    ngx_peer_connection_t *pc, ngx_http_upstream_t *u, ngx_uint_t probe);

/* Keeps the connection of pc if it is fit for it. */
void ngx_http_strangler_pool_put(ngx_http_strangler_backend_t *backend,
    ngx_peer_connection_t *pc, ngx_http_upstream_t *u);

#if (NGX_HTTP_SSL)

/* ngx_http_strangler_tls.c */

/* Any thread.  FIG_INVALID with diagnostics: a file cannot be used. */
fig_status_t ngx_http_strangler_tls_create(
    ngx_http_strangler_backend_t *backend, fig_arena_t *arena,
    fig_diags_t *diags);
void ngx_http_strangler_tls_release(ngx_http_strangler_backend_t *backend);

uint64_t ngx_http_strangler_tls_id(ngx_http_strangler_backend_t *backend,
    ngx_http_upstream_t *u);
/* Whether the client certificate is the request's: nothing is shared then. */
ngx_uint_t ngx_http_strangler_tls_is_personal(ngx_http_upstream_t *u);

ngx_int_t ngx_http_strangler_set_session(ngx_peer_connection_t *pc,
    void *data);
void ngx_http_strangler_save_session(ngx_peer_connection_t *pc, void *data);

#endif


#endif /* NGX_HTTP_STRANGLER_POOL_H */
