/*
 * TLS to backends: settings of their own, and sessions that are resumed.
 *
 *     backend without `tls`   the location's SSL_CTX (proxy_ssl_*), verified
 *     backend with ca, cert   an SSL_CTX of its own, made with the generation
 *
 * A session is offered again only to the peer that gave it, under the name and
 * with the settings that it was made with: its certificate was verified for
 * those.
 */

#include "ngx_http_strangler.h"


#if (NGX_HTTP_SSL)


static void
ngx_http_strangler_tls_diag(fig_diags_t *diags, fig_pos_t pos,
    const char *what, fig_str_t path)
{
    unsigned long   error;
    const char     *reason;

    error = ERR_peek_error();          /* the first one is the cause */
    reason = ERR_reason_error_string(error);

    if (ERR_GET_LIB(error) == ERR_LIB_SYS) {
        reason = strerror(ERR_GET_REASON(error));
    }

    fig_diags_addf(diags, pos,
                   "rules are also read while running, by the workers' user",
                   "%s \"%.*s\" cannot be used: %s", what, (int) path.len,
                   path.data, reason ? reason : "not valid PEM");

    ERR_clear_error();
}


/* Nobody is there to be asked. */

static int
ngx_http_strangler_tls_password(char *buf, int size, int rwflag, void *data)
{
    return 0;
}


static fig_status_t
ngx_http_strangler_tls_load(SSL_CTX *ctx, const fig_tls_t *tls,
    fig_diags_t *diags)
{
    int  rc;

    ERR_clear_error();

    rc = tls->ca.len ? SSL_CTX_load_verify_locations(ctx, tls->ca.data, NULL)
                     : SSL_CTX_set_default_verify_paths(ctx);

    if (rc != 1) {
        ngx_http_strangler_tls_diag(diags, tls->ca_pos, "ca", tls->ca);
        return FIG_INVALID;
    }

    if (tls->cert.len == 0) {
        return FIG_OK;
    }

    if (SSL_CTX_use_certificate_chain_file(ctx, tls->cert.data) != 1) {
        ngx_http_strangler_tls_diag(diags, tls->cert_pos, "cert", tls->cert);
        return FIG_INVALID;
    }

    SSL_CTX_set_default_passwd_cb(ctx, ngx_http_strangler_tls_password);

    if (SSL_CTX_use_PrivateKey_file(ctx, tls->key.data, SSL_FILETYPE_PEM) != 1
        || SSL_CTX_check_private_key(ctx) != 1)
    {
        ngx_http_strangler_tls_diag(diags, tls->key_pos, "key", tls->key);
        return FIG_INVALID;
    }

    return FIG_OK;
}


/* FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/ */

static uint64_t
ngx_http_strangler_tls_hash(uint64_t h, const void *data, size_t len)
{
    size_t         i;
    const u_char  *p = data;

    for (i = 0; i < len; i++) {
        h = (h ^ p[i]) * 0x100000001b3;
    }

    return (h ^ 0xff) * 0x100000001b3;
}


/* A path, and how its file looks: it may be another one the next time. */

static uint64_t
ngx_http_strangler_tls_hash_file(uint64_t h, fig_str_t path)
{
    struct stat  st;

    h = ngx_http_strangler_tls_hash(h, path.data, path.len);

    if (path.len && stat(path.data, &st) == 0) {
        h = ngx_http_strangler_tls_hash(h, &st.st_ino, sizeof(st.st_ino));
        h = ngx_http_strangler_tls_hash(h, &st.st_size, sizeof(st.st_size));
        h = ngx_http_strangler_tls_hash(h, &st.st_mtim, sizeof(st.st_mtim));
    }

    return h;
}


fig_status_t
ngx_http_strangler_tls_create(ngx_http_strangler_backend_t *backend,
    fig_arena_t *arena, fig_diags_t *diags)
{
    uint64_t          h;
    ngx_ssl_t        *ssl;
    const fig_tls_t  *tls;

    tls = &backend->conf->tls;

    backend->tls.verify = tls->verify;

    if (tls->ca.len == 0 && tls->cert.len == 0) {
        return FIG_OK;
    }

    ssl = fig_arena_alloc(arena, sizeof(ngx_ssl_t));
    if (ssl == NULL) {
        return FIG_NOMEM;
    }

    ssl->log = ngx_cycle->log;

    if (ngx_ssl_create(ssl, NGX_SSL_TLSv1_2|NGX_SSL_TLSv1_3, NULL) != NGX_OK) {
        return FIG_NOMEM;
    }

    backend->tls.ssl = ssl;

    if (ngx_ssl_client_session_cache(NULL, ssl, 1) != NGX_OK) {
        return FIG_NOMEM;
    }

    h = ngx_http_strangler_tls_hash_file(0xcbf29ce484222325, tls->ca);
    h = ngx_http_strangler_tls_hash_file(h, tls->cert);
    h = ngx_http_strangler_tls_hash_file(h, tls->key);

    backend->tls.id = h;

    return ngx_http_strangler_tls_load(ssl->ctx, tls, diags);
}


void
ngx_http_strangler_tls_release(ngx_http_strangler_backend_t *backend)
{
    ngx_uint_t                  i;
    ngx_http_strangler_peer_t  *peer;

    for (i = 0; i < backend->npeers; i++) {
        peer = &backend->peers[i];

        if (peer->session) {
            ngx_ssl_free_session(peer->session);
        }
    }

    if (backend->tls.ssl && backend->tls.ssl->ctx) {
        SSL_CTX_free(backend->tls.ssl->ctx);
    }
}


/* What tells two sets of TLS settings apart, also when one of them is gone. */

uint64_t
ngx_http_strangler_tls_id(ngx_http_strangler_backend_t *backend,
    ngx_http_upstream_t *u)
{
    uint64_t  id;

    id = backend->tls.ssl ? backend->tls.id : (uintptr_t) u->conf->ssl;

    return id * 2 + backend->tls.verify;
}


/*
 * With variables in proxy_ssl_certificate each request may be another client,
 * and what one has opened must serve no other.
 */

ngx_uint_t
ngx_http_strangler_tls_is_personal(ngx_http_upstream_t *u)
{
    ngx_http_upstream_conf_t  *conf;

    conf = u->conf;

    return u->ssl
           && conf->ssl_certificate
           && conf->ssl_certificate->value.len
           && (conf->ssl_certificate->lengths
               || conf->ssl_certificate_key->lengths);
}


ngx_int_t
ngx_http_strangler_set_session(ngx_peer_connection_t *pc, void *data)
{
    ngx_http_strangler_ctx_t  *ctx = data;

    ngx_http_upstream_t        *u;
    ngx_http_strangler_peer_t  *peer;

    u = ctx->request->upstream;
    peer = ctx->peer;

    if (peer->session == NULL
        || ngx_http_strangler_tls_is_personal(u)
        || peer->session_id != ngx_http_strangler_tls_id(ctx->backend, u)
        || peer->session_name_len != u->ssl_name.len
        || ngx_strncasecmp(peer->session_name, u->ssl_name.data,
                           u->ssl_name.len) != 0)
    {
        return NGX_OK;
    }

    return ngx_ssl_set_session(pc->connection, peer->session);
}


void
ngx_http_strangler_save_session(ngx_peer_connection_t *pc, void *data)
{
    ngx_http_strangler_ctx_t  *ctx = data;

    ngx_ssl_session_t          *session;
    ngx_http_upstream_t        *u;
    ngx_http_strangler_peer_t  *peer;

    u = ctx->request->upstream;
    peer = ctx->peer;

    if (u->ssl_name.len > NGX_HTTP_STRANGLER_TLS_NAME
        || ngx_http_strangler_tls_is_personal(u))
    {
        return;
    }

    session = ngx_ssl_get_session(pc->connection);

    if (session == NULL) {
        return;
    }

    if (peer->session) {
        ngx_ssl_free_session(peer->session);
    }

    peer->session = session;
    peer->session_id = ngx_http_strangler_tls_id(ctx->backend, u);
    peer->session_name_len = u->ssl_name.len;
    ngx_memcpy(peer->session_name, u->ssl_name.data, u->ssl_name.len);
}


#endif
