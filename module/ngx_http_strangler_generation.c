/*
 * A generation: one compiled rule set with what nginx needs around it.
 *
 *     create   any thread: compile, resolve names, load certificates
 *     install  event loop: number it, join it with what outlives it - pools,
 *              how servers stand - and swap the pointer
 *     release  the last request that held it lets it go
 *
 * Requests keep the generation that they were decided by until their log line
 * is written, so that an answer never mixes two.
 */

#include "ngx_http_strangler.h"

#include <netdb.h>


static void
ngx_http_strangler_diag_at(fig_diags_t *diags, const fig_server_t *server,
    const char *message)
{
    fig_diags_addf(diags, server->pos,
                   "names are looked up once, when the rules are loaded",
                   "host \"%.*s\" cannot be resolved: %s",
                   (int) server->host.len, server->host.data, message);
}


static ngx_uint_t
ngx_http_strangler_addr(const fig_server_t *server, struct addrinfo **list,
    fig_diags_t *diags)
{
    int              rc;
    char             host[256], port[8];
    struct addrinfo  hints;

    if (server->host.len >= sizeof(host)) {
        ngx_http_strangler_diag_at(diags, server, "the name is too long");
        return 0;
    }

    memcpy(host, server->host.data, server->host.len);
    host[server->host.len] = '\0';

    (void) snprintf(port, sizeof(port), "%u", (unsigned) server->port);

    memset(&hints, 0, sizeof(hints));
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV;

    if (server->kind == FIG_ADDR_NAME) {
        hints.ai_flags |= AI_ADDRCONFIG;

    } else {
        hints.ai_flags |= AI_NUMERICHOST;
    }

    rc = getaddrinfo(host, port, &hints, list);

    if (rc != 0) {
        ngx_http_strangler_diag_at(diags, server, gai_strerror(rc));
        return 0;
    }

    return 1;
}


static fig_status_t
ngx_http_strangler_add_peer(ngx_http_strangler_gen_t *gen,
    ngx_http_strangler_peer_t *peer, const fig_server_t *server,
    const struct sockaddr *sa, socklen_t socklen)
{
    char  *text;

    peer->server = server;
    peer->socklen = socklen;
    peer->sockaddr = fig_arena_alloc(gen->arena, socklen);
    text = fig_arena_alloc(gen->arena, NGX_SOCKADDR_STRLEN);

    if (peer->sockaddr == NULL || text == NULL) {
        return FIG_NOMEM;
    }

    memcpy(peer->sockaddr, sa, socklen);

    peer->name.data = (u_char *) text;
    peer->name.len = ngx_sock_ntop(peer->sockaddr, socklen, (u_char *) text,
                                   NGX_SOCKADDR_STRLEN, 1);

    return FIG_OK;
}


static fig_status_t
ngx_http_strangler_add_unix(ngx_http_strangler_gen_t *gen,
    ngx_http_strangler_peer_t *peer, const fig_server_t *server,
    fig_diags_t *diags)
{
    struct sockaddr_un  sun;

    if (server->host.len >= sizeof(sun.sun_path)) {
        ngx_http_strangler_diag_at(diags, server, "the path is too long");
        return FIG_INVALID;
    }

    memset(&sun, 0, sizeof(sun));
    sun.sun_family = AF_UNIX;
    memcpy(sun.sun_path, server->host.data, server->host.len);

    return ngx_http_strangler_add_peer(gen, peer, server,
                                       (struct sockaddr *) &sun, sizeof(sun));
}


/*
 * The addresses of a server are peers of their own; a name with several shares
 * its weight by each having all of it, as in nginx.
 */

static fig_status_t
ngx_http_strangler_add_server(ngx_http_strangler_gen_t *gen,
    ngx_http_strangler_backend_t *backend, const fig_server_t *server,
    struct addrinfo *list)
{
    struct addrinfo  *ai;

    for (ai = list; ai; ai = ai->ai_next) {

        if (ngx_http_strangler_add_peer(gen,
                                        &backend->peers[backend->npeers],
                                        server, ai->ai_addr, ai->ai_addrlen)
            != FIG_OK)
        {
            return FIG_NOMEM;
        }

        backend->npeers++;
    }

    return FIG_OK;
}


static fig_status_t
ngx_http_strangler_fill_backend(ngx_http_strangler_gen_t *gen,
    ngx_http_strangler_backend_t *backend, struct addrinfo **lists,
    fig_diags_t *diags)
{
    uint32_t              i, n;
    fig_status_t          status;
    struct addrinfo      *ai;
    const fig_server_t   *server;

    n = 0;

    for (i = 0; i < backend->conf->nservers; i++) {
        server = &backend->conf->servers[i];

        if (server->kind == FIG_ADDR_UNIX) {
            n++;
            continue;
        }

        if (!ngx_http_strangler_addr(server, &lists[i], diags)) {
            return FIG_INVALID;
        }

        for (ai = lists[i]; ai; ai = ai->ai_next) {
            n++;
        }
    }

    backend->peers = fig_arena_array(gen->arena, n,
                                     sizeof(ngx_http_strangler_peer_t));
    if (backend->peers == NULL) {
        return FIG_NOMEM;
    }

    for (i = 0; i < backend->conf->nservers; i++) {
        server = &backend->conf->servers[i];

        if (server->kind != FIG_ADDR_UNIX) {
            status = ngx_http_strangler_add_server(gen, backend, server,
                                                   lists[i]);

        } else {
            status = ngx_http_strangler_add_unix(gen,
                                            &backend->peers[backend->npeers],
                                            server, diags);
            backend->npeers++;
        }

        if (status != FIG_OK) {
            return status;
        }
    }

    return ngx_http_strangler_balance_create(backend, gen->arena);
}


static fig_status_t
ngx_http_strangler_add_backend(ngx_http_strangler_gen_t *gen,
    ngx_http_strangler_backend_t *backend, fig_diags_t *diags)
{
    uint32_t           i;
    fig_status_t       status;
    struct addrinfo  **lists;

    lists = calloc(backend->conf->nservers, sizeof(struct addrinfo *));
    if (lists == NULL) {
        return FIG_NOMEM;
    }

    status = ngx_http_strangler_fill_backend(gen, backend, lists, diags);

    for (i = 0; i < backend->conf->nservers; i++) {
        if (lists[i]) {
            freeaddrinfo(lists[i]);
        }
    }

    free(lists);

    return status;
}


#if !(NGX_HTTP_SSL)

static fig_status_t
ngx_http_strangler_refuse_https(const fig_backend_t *backend,
    fig_diags_t *diags)
{
    uint32_t  i;

    for (i = 0; i < backend->nservers; i++) {
        if (backend->servers[i].https) {
            fig_diags_add(diags, backend->servers[i].pos,
                          "this module was built without TLS",
                          "nginx's configure needs --with-http_ssl_module");
            return FIG_INVALID;
        }
    }

    return FIG_OK;
}

#endif


static fig_status_t
ngx_http_strangler_gen_fill(ngx_http_strangler_gen_t *gen, fig_diags_t *diags)
{
    uint32_t                       i;
    fig_status_t                   status, worst;
    const fig_model_t             *model;
    ngx_http_strangler_backend_t  *backend;

    model = gen->model;
    worst = FIG_OK;

    gen->backends = fig_arena_array(gen->arena, model->nbackends,
                                    sizeof(ngx_http_strangler_backend_t));
    gen->limit_logged = fig_arena_array(gen->arena, model->nroutes,
                                        sizeof(time_t));

    if (gen->backends == NULL || gen->limit_logged == NULL
        || ngx_http_strangler_live_create(gen) != FIG_OK)
    {
        return FIG_NOMEM;
    }

    for (i = 0; i < model->nbackends; i++) {
        backend = &gen->backends[i];
        backend->conf = &model->backends[i];
        ngx_http_strangler_guard_init(backend);

        status = ngx_http_strangler_add_backend(gen, backend, diags);

#if (NGX_HTTP_SSL)

        if (status == FIG_OK) {
            status = ngx_http_strangler_tls_create(backend, gen->arena, diags);
        }

#else

        if (status == FIG_OK) {
            status = ngx_http_strangler_refuse_https(backend->conf, diags);
        }

#endif

        if (status == FIG_NOMEM) {
            return FIG_NOMEM;
        }

        if (status == FIG_INVALID) {
            worst = FIG_INVALID;
        }
    }

    return worst;
}


fig_status_t
ngx_http_strangler_gen_create(const fig_files_t *files,
    ngx_http_strangler_gen_t **out, fig_diags_t *diags)
{
    fig_status_t               status;
    ngx_http_strangler_gen_t  *gen;

    *out = NULL;

    gen = calloc(1, sizeof(ngx_http_strangler_gen_t));
    if (gen == NULL) {
        return FIG_NOMEM;
    }

    status = fig_comparing_load(files, &gen->ruleset, &gen->comparing, diags);

    if (status == FIG_OK) {
        gen->checksum = fig_files_checksum(files);
        gen->model = fig_ruleset_model(gen->ruleset);
        gen->arena = fig_arena_create();

        fig_diags_set_source(diags, fig_files_source, (void *) files);

        status = gen->arena ? ngx_http_strangler_gen_fill(gen, diags)
                            : FIG_NOMEM;

        fig_diags_set_source(diags, NULL, NULL);
    }

    if (status != FIG_OK) {
        ngx_http_strangler_gen_destroy(gen);
        return status;
    }

    *out = gen;

    return FIG_OK;
}


void
ngx_http_strangler_gen_destroy(ngx_http_strangler_gen_t *gen)
{
#if (NGX_HTTP_SSL)
    uint32_t  i;
#endif

    if (gen == NULL) {
        return;
    }

    if (gen->pool) {
        ngx_destroy_pool(gen->pool);
    }

#if (NGX_HTTP_SSL)

    for (i = 0; gen->backends && i < gen->model->nbackends; i++) {
        ngx_http_strangler_tls_release(&gen->backends[i]);
    }

#endif

    fig_arena_destroy(gen->arena);
    fig_comparing_destroy(gen->comparing);
    fig_ruleset_destroy(gen->ruleset);
    free(gen);
}


void
ngx_http_strangler_gen_release(ngx_http_strangler_gen_t *gen)
{
    uint32_t  i;

    if (--gen->refs == 0) {

        for (i = 0; i < gen->model->nbackends; i++) {
            ngx_http_strangler_balance_leave(&gen->backends[i]);
        }

        ngx_queue_remove(&gen->queue);
        ngx_http_strangler_count_report(gen->rset);
        ngx_http_strangler_reload_discard(gen);
    }
}


ngx_int_t
ngx_http_strangler_gen_install(ngx_http_strangler_rset_t *rset,
    ngx_http_strangler_gen_t *gen, ngx_uint_t number)
{
    uint32_t                       i;
    ngx_http_strangler_gen_t      *old;
    ngx_http_strangler_backend_t  *backend;

    gen->rset = rset;
    gen->number = number;

    for (i = 0; i < gen->model->nbackends; i++) {
        backend = &gen->backends[i];

        backend->pool = ngx_http_strangler_pool_find(rset, backend->conf,
                                                     number);
        ngx_http_strangler_balance_join(backend);
    }

    old = rset->gen;

    gen->refs = 1;
    rset->gen = gen;

    ngx_queue_insert_tail(&rset->held, &gen->queue);

    ngx_http_strangler_pool_sweep(rset, number);

    if (old) {
        ngx_http_strangler_gen_release(old);
    }

    ngx_http_strangler_count_report(rset);

    return NGX_OK;
}


static void
ngx_http_strangler_variant_init(ngx_http_strangler_variant_t *v)
{
    ngx_http_upstream_conf_t  *conf;

    conf = &v->conf;
    *conf = *v->base;

    conf->connect_timeout = v->connect;
    conf->send_timeout = v->send;
    conf->read_timeout = v->read;
    conf->next_upstream = NGX_HTTP_UPSTREAM_FT_ERROR
                          |NGX_HTTP_UPSTREAM_FT_TIMEOUT
                          |NGX_HTTP_UPSTREAM_FT_INVALID_HEADER
                          |NGX_HTTP_UPSTREAM_FT_NON_IDEMPOTENT;
    conf->next_upstream_tries = 0;
    conf->next_upstream_timeout = 0;

    if (v->copy) {
        conf->intercept_errors = 0;
        conf->limit_rate = 0;
        conf->ignore_headers |= NGX_HTTP_UPSTREAM_IGN_XA_REDIRECT
                                |NGX_HTTP_UPSTREAM_IGN_XA_LIMIT_RATE
                                |NGX_HTTP_UPSTREAM_IGN_XA_BUFFERING;
    }

#if (NGX_HTTP_SSL)

    conf->ssl_verify = v->backend->tls.verify;
    conf->ssl_server_name = 1;

    if (v->backend->conf->tls.name.len) {
        conf->ssl_name = NULL;
    }

    if (v->backend->tls.ssl) {
        conf->ssl = v->backend->tls.ssl;
        conf->ssl_certificate = NULL;
    }

#endif
}


/*
 * A location's upstream configuration with the timeouts and the TLS settings
 * of a try, and leave to go on after any failure: peer.free has the last word.
 *  Made once for each combination, which are few,
 * and kept as long as the generation: a clone a request would be dear.
 */

ngx_http_upstream_conf_t *
ngx_http_strangler_variant(ngx_http_strangler_gen_t *gen,
    const ngx_http_strangler_variant_t *key)
{
    ngx_http_strangler_variant_t  *v, **link;

    /* what was asked for last comes first, and is nearly always it */

    for (link = &key->backend->variants; *link; link = &v->next) {
        v = *link;

        if (v->base == key->base
            && v->connect == key->connect
            && v->send == key->send
            && v->read == key->read
            && v->copy == key->copy)
        {
            *link = v->next;
            goto found;
        }
    }

    if (gen->pool == NULL) {
        gen->pool = ngx_create_pool(4096, ngx_cycle->log);
        if (gen->pool == NULL) {
            return NULL;
        }
    }

    v = ngx_palloc(gen->pool, sizeof(ngx_http_strangler_variant_t));
    if (v == NULL) {
        return NULL;
    }

    v->base = key->base;
    v->backend = key->backend;
    v->connect = key->connect;
    v->send = key->send;
    v->read = key->read;
    v->copy = key->copy;

    ngx_http_strangler_variant_init(v);

found:

    v->next = key->backend->variants;
    key->backend->variants = v;

    return &v->conf;
}
