/*
 * Servers: which one gets a try, how it is called, how busy it is.
 *
 *     choose_backend -> need_peer -> enter (try) leave
 *                    -> has_other_peer -> next_peer -> enter ...
 */

#ifndef NGX_HTTP_STRANGLER_BALANCE_H
#define NGX_HTTP_STRANGLER_BALANCE_H

#include "ngx_http_strangler.h"


/* ngx_http_strangler_balance.c */

/* Makes backend the one of the next try. */
void ngx_http_strangler_choose_backend(ngx_http_strangler_ctx_t *ctx,
    const fig_backend_t *backend);

/*
 * Chooses a peer of it, unless there is one: as late as can be, since a body
 * may take long to come and servers do not stand then as they stood.  An answer
 * from nginx's cache comes without one.
 */
void ngx_http_strangler_need_peer(ngx_http_strangler_ctx_t *ctx);

/* Whether the backend has a server that this request has not asked. */
ngx_uint_t ngx_http_strangler_has_other_peer(ngx_http_strangler_ctx_t *ctx);

/*
 * Moves on to another server of the backend, one that was not asked if there
 * is any, else one that was; stays where there is but one.
 */
void ngx_http_strangler_next_peer(ngx_http_strangler_ctx_t *ctx);

/* The Host header of the current try. */
ngx_str_t ngx_http_strangler_upstream_host(ngx_http_strangler_ctx_t *ctx);

/* The name that the certificate of the current try must have. */
ngx_int_t ngx_http_strangler_tls_name(ngx_http_strangler_ctx_t *ctx,
    ngx_str_t *name);

/* ngx_http_strangler_standing.c */

/* Makes peers that are complete a balance.  Any thread; or FIG_NOMEM. */
fig_status_t ngx_http_strangler_balance_create(
    ngx_http_strangler_backend_t *backend, fig_arena_t *arena);

/* Goes on as the servers stand; the backend has its pool. */
void ngx_http_strangler_balance_join(ngx_http_strangler_backend_t *backend);
void ngx_http_strangler_balance_leave(ngx_http_strangler_backend_t *backend);

/* Other workers begin with other servers. */
void ngx_http_strangler_balance_spin(ngx_http_strangler_gen_t *gen);

/* The pool is to be freed before the generations are. */
void ngx_http_strangler_standings_forget(ngx_http_strangler_pool_t *pool);


/* A try at the peer begins; it ends, if one is under way. */

static ngx_inline void
ngx_http_strangler_enter(ngx_http_strangler_ctx_t *ctx)
{
    ctx->standing = ctx->peer->standing;
    ctx->standing->active++;
}


static ngx_inline void
ngx_http_strangler_leave(ngx_http_strangler_ctx_t *ctx)
{
    if (ctx->standing) {
        ctx->standing->active--;
        ctx->standing = NULL;
    }
}


#endif /* NGX_HTTP_STRANGLER_BALANCE_H */
