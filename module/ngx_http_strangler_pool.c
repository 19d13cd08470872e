/*
 * Idle connections to backends, kept by worker and backend.
 *
 *     rule set -> pool "orders"  idle:   [conn] [conn] ...  newest first
 *                                unused: entries without a connection
 *
 * A pool outlives the generations that name its backend, so that an edit of
 * the rules does not close connections.  A connection is taken only for what
 * it was made for: the same address, the same scheme, TLS name, TLS settings
 * and local address.  nginx's own keepalive module asks for the address alone
 * and would lend a connection of one TLS name to another.
 *
 * The life of an idle connection follows ngx_http_upstream_keepalive_module.c.
 */

#include "ngx_http_strangler.h"


typedef struct {
    ngx_queue_t                 queue;
    ngx_http_strangler_pool_t  *pool;
    ngx_connection_t           *connection;
    socklen_t                   socklen;
    ngx_sockaddr_t              sockaddr;
    socklen_t                   local_socklen;     /* 0: none was asked for */
    ngx_sockaddr_t              local;
#if (NGX_HTTP_SSL)
    ngx_uint_t                  tls;               /* 0: plain http */
    uint64_t                    tls_id;
    size_t                      name_len;
    u_char                      name[NGX_HTTP_STRANGLER_TLS_NAME];
#endif
} ngx_http_strangler_idle_t;


static void ngx_http_strangler_idle_read(ngx_event_t *ev);
static void ngx_http_strangler_idle_write(ngx_event_t *ev);


ngx_http_strangler_pool_t *
ngx_http_strangler_pool_find(ngx_http_strangler_rset_t *rset,
    const fig_backend_t *backend, ngx_uint_t generation)
{
    ngx_queue_t                *q;
    ngx_http_strangler_pool_t  *pool;

    for (q = ngx_queue_head(&rset->pools);
         q != ngx_queue_sentinel(&rset->pools);
         q = ngx_queue_next(q))
    {
        pool = ngx_queue_data(q, ngx_http_strangler_pool_t, queue);

        if (pool->name.len == backend->name.len
            && ngx_strncmp(pool->name.data, backend->name.data,
                           pool->name.len) == 0)
        {
            goto found;
        }
    }

    pool = ngx_calloc(sizeof(ngx_http_strangler_pool_t) + backend->name.len,
                      ngx_cycle->log);
    if (pool == NULL) {
        return NULL;
    }

    pool->name.len = backend->name.len;
    pool->name.data = (u_char *) (pool + 1);
    ngx_memcpy(pool->name.data, backend->name.data, pool->name.len);

    ngx_queue_init(&pool->idle);
    ngx_queue_init(&pool->unused);
    ngx_queue_init(&pool->standings);
    ngx_queue_insert_head(&rset->pools, &pool->queue);

found:

    pool->max_idle = backend->keepalive;
    pool->max_requests = backend->keepalive_requests;
    pool->timeout = (ngx_msec_t) backend->keepalive_timeout;
    pool->generation = generation;

    return pool;
}


static void
ngx_http_strangler_idle_close(ngx_http_strangler_idle_t *item)
{
    ngx_connection_t  *c;

    c = item->connection;
    item->connection = NULL;

    ngx_queue_remove(&item->queue);
    ngx_queue_insert_head(&item->pool->unused, &item->queue);
    item->pool->nidle--;

#if (NGX_HTTP_SSL)

    if (c->ssl) {
        c->ssl->no_wait_shutdown = 1;
        c->ssl->no_send_shutdown = 1;

        if (ngx_ssl_shutdown(c) == NGX_AGAIN) {
            c->ssl->handler = NULL;
        }
    }

#endif

    ngx_destroy_pool(c->pool);
    ngx_close_connection(c);
}


static void
ngx_http_strangler_pool_trim(ngx_http_strangler_pool_t *pool, ngx_uint_t max)
{
    while (pool->nidle > max) {
        ngx_http_strangler_idle_close(ngx_queue_data(
                                          ngx_queue_last(&pool->idle),
                                          ngx_http_strangler_idle_t, queue));
    }
}


void
ngx_http_strangler_pool_sweep(ngx_http_strangler_rset_t *rset,
    ngx_uint_t generation)
{
    ngx_queue_t                *q;
    ngx_http_strangler_pool_t  *pool;

    for (q = ngx_queue_head(&rset->pools);
         q != ngx_queue_sentinel(&rset->pools);
         q = ngx_queue_next(q))
    {
        pool = ngx_queue_data(q, ngx_http_strangler_pool_t, queue);

        if (pool->generation != generation) {

            /* an older request may still hold it: empty, but kept */

            pool->max_idle = 0;
        }

        ngx_http_strangler_pool_trim(pool, pool->max_idle);
    }
}


void
ngx_http_strangler_pool_release(ngx_http_strangler_rset_t *rset)
{
    ngx_queue_t                *q;
    ngx_http_strangler_pool_t  *pool;

    while (!ngx_queue_empty(&rset->pools)) {
        q = ngx_queue_head(&rset->pools);
        ngx_queue_remove(q);

        pool = ngx_queue_data(q, ngx_http_strangler_pool_t, queue);
        ngx_http_strangler_pool_trim(pool, 0);

        while (!ngx_queue_empty(&pool->unused)) {
            q = ngx_queue_head(&pool->unused);
            ngx_queue_remove(q);
            ngx_free(ngx_queue_data(q, ngx_http_strangler_idle_t, queue));
        }

        ngx_http_strangler_standings_forget(pool);
        ngx_free(pool);
    }
}


static ngx_uint_t
ngx_http_strangler_is_same_local(ngx_http_strangler_idle_t *item,
    ngx_addr_t *local)
{
    if (local == NULL) {
        return item->local_socklen == 0;
    }

    return item->local_socklen == local->socklen
           && ngx_memcmp(&item->local, local->sockaddr, local->socklen) == 0;
}


static ngx_uint_t
ngx_http_strangler_is_fit(ngx_http_strangler_idle_t *item,
    ngx_http_strangler_backend_t *backend, ngx_peer_connection_t *pc,
    ngx_http_upstream_t *u)
{
    if (item->socklen != pc->socklen
        || ngx_memcmp(&item->sockaddr, pc->sockaddr, pc->socklen) != 0
        || !ngx_http_strangler_is_same_local(item, pc->local))
    {
        return 0;
    }

#if (NGX_HTTP_SSL)

    if (item->tls != u->ssl) {
        return 0;
    }

    if (u->ssl
        && (ngx_http_strangler_tls_is_personal(u)
            || item->tls_id != ngx_http_strangler_tls_id(backend, u)
            || item->name_len != u->ssl_name.len
            || ngx_strncasecmp(item->name, u->ssl_name.data, item->name_len)
               != 0))
    {
        return 0;
    }

#endif

    return 1;
}


static ngx_uint_t
ngx_http_strangler_is_open(ngx_connection_t *c)
{
    char     buf[1];
    ssize_t  n;

    n = recv(c->fd, buf, 1, MSG_PEEK);

    return n == -1 && ngx_socket_errno == NGX_EAGAIN;
}


ngx_uint_t
ngx_http_strangler_pool_get(ngx_http_strangler_backend_t *backend,
    ngx_peer_connection_t *pc, ngx_http_upstream_t *u, ngx_uint_t probe)
{
    ngx_queue_t                *q, *next;
    ngx_connection_t           *c;
    ngx_http_strangler_pool_t  *pool;
    ngx_http_strangler_idle_t  *item;

    pool = backend->pool;

    for (q = ngx_queue_head(&pool->idle);
         q != ngx_queue_sentinel(&pool->idle);
         q = next)
    {
        next = ngx_queue_next(q);
        item = ngx_queue_data(q, ngx_http_strangler_idle_t, queue);

        if (!ngx_http_strangler_is_fit(item, backend, pc, u)) {
            continue;
        }

        if (probe && !ngx_http_strangler_is_open(item->connection)) {
            ngx_http_strangler_idle_close(item);
            continue;
        }

        ngx_queue_remove(q);
        ngx_queue_insert_head(&pool->unused, q);
        pool->nidle--;

        c = item->connection;
        item->connection = NULL;

        c->idle = 0;
        c->sent = 0;
        c->data = NULL;
        c->log = pc->log;
        c->read->log = pc->log;
        c->write->log = pc->log;
        c->pool->log = pc->log;

        if (c->read->timer_set) {
            ngx_del_timer(c->read);
        }

        pc->connection = c;
        pc->cached = 1;

        return 1;
    }

    return 0;
}


static ngx_uint_t
ngx_http_strangler_is_reusable(ngx_http_strangler_pool_t *pool,
    ngx_peer_connection_t *pc, ngx_http_upstream_t *u)
{
    ngx_connection_t  *c;

    c = pc->connection;

    if (c == NULL
        || c->read->eof
        || c->read->error
        || c->read->timedout
        || c->write->error
        || c->write->timedout
        || c->requests >= pool->max_requests
        || pool->max_idle == 0
        || !u->keepalive
        || !u->request_body_sent
        || ngx_terminate
        || ngx_exiting
        || pc->socklen > (socklen_t) sizeof(ngx_sockaddr_t))
    {
        return 0;
    }

#if (NGX_HTTP_SSL)

    if (u->ssl
        && (u->ssl_name.len > NGX_HTTP_STRANGLER_TLS_NAME
            || ngx_http_strangler_tls_is_personal(u)))
    {
        return 0;
    }

#endif

    return 1;
}


static ngx_http_strangler_idle_t *
ngx_http_strangler_pool_item(ngx_http_strangler_pool_t *pool)
{
    ngx_queue_t                *q;
    ngx_http_strangler_idle_t  *item;

    ngx_http_strangler_pool_trim(pool, pool->max_idle - 1);

    if (!ngx_queue_empty(&pool->unused)) {
        q = ngx_queue_head(&pool->unused);
        ngx_queue_remove(q);

        return ngx_queue_data(q, ngx_http_strangler_idle_t, queue);
    }

    item = ngx_calloc(sizeof(ngx_http_strangler_idle_t), ngx_cycle->log);

    if (item) {
        item->pool = pool;
    }

    return item;
}


void
ngx_http_strangler_pool_put(ngx_http_strangler_backend_t *backend,
    ngx_peer_connection_t *pc, ngx_http_upstream_t *u)
{
    ngx_connection_t           *c;
    ngx_http_strangler_pool_t  *pool;
    ngx_http_strangler_idle_t  *item;

    c = pc->connection;
    pool = backend->pool;

    /*
     * A backend that answers before it has read the body acknowledges its end
     * late: the next request must not wait for that (RFC 896).
     */

    if (!ngx_http_strangler_is_reusable(pool, pc, u)
        || ngx_handle_read_event(c->read, 0) != NGX_OK
        || ngx_tcp_nodelay(c) != NGX_OK)
    {
        return;
    }

    item = ngx_http_strangler_pool_item(pool);
    if (item == NULL) {
        return;
    }

    ngx_queue_insert_head(&pool->idle, &item->queue);
    pool->nidle++;

    item->connection = c;
    item->socklen = pc->socklen;
    ngx_memcpy(&item->sockaddr, pc->sockaddr, pc->socklen);

    item->local_socklen = 0;

    if (pc->local) {
        item->local_socklen = pc->local->socklen;
        ngx_memcpy(&item->local, pc->local->sockaddr, pc->local->socklen);
    }

#if (NGX_HTTP_SSL)

    item->tls = u->ssl;

    if (u->ssl) {
        item->tls_id = ngx_http_strangler_tls_id(backend, u);
        item->name_len = u->ssl_name.len;
        ngx_memcpy(item->name, u->ssl_name.data, u->ssl_name.len);
    }

#endif

    pc->connection = NULL;

    c->read->delayed = 0;
    ngx_add_timer(c->read, pool->timeout);

    if (c->write->timer_set) {
        ngx_del_timer(c->write);
    }

    c->write->handler = ngx_http_strangler_idle_write;
    c->read->handler = ngx_http_strangler_idle_read;

    c->data = item;
    c->idle = 1;
    c->log = ngx_cycle->log;
    c->read->log = ngx_cycle->log;
    c->write->log = ngx_cycle->log;
    c->pool->log = ngx_cycle->log;

    if (c->read->ready) {
        ngx_http_strangler_idle_read(c->read);
    }
}


static void
ngx_http_strangler_idle_write(ngx_event_t *ev)
{
    ngx_log_debug0(NGX_LOG_DEBUG_HTTP, ev->log, 0,
                   "strangler: idle connection is writable");
}


/* Whatever a backend does to an idle connection, it cannot be used again. */

static void
ngx_http_strangler_idle_read(ngx_event_t *ev)
{
    ngx_connection_t           *c;
    ngx_http_strangler_idle_t  *item;

    c = ev->data;
    item = c->data;

    if (!c->close && !ev->timedout && ngx_http_strangler_is_open(c)) {
        ev->ready = 0;

        if (ngx_handle_read_event(ev, 0) == NGX_OK) {
            return;
        }
    }

    ngx_http_strangler_idle_close(item);
}
