/*
 * A copy: a client that does not exist.
 *
 *     log phase     connection, request and context are made, while the
 *                   client's request still is there to copy from
 *     posted event  the proxy module gets the request as any other
 *     deadline, or the answer's end -> the exchange is told, all is freed
 *
 * The connection has a socket that never is ready, one for all of the process,
 * and functions that neither read nor write.  It is never idle and
 * never kept.  Phases are not run again: access control, limits and rewriting
 * were the client's, and have had their say.
 */

#include "ngx_http_strangler_shadow.h"


extern ngx_module_t  ngx_http_proxy_module;


static ngx_chain_t *ngx_http_strangler_copy_send_chain(ngx_connection_t *c,
    ngx_chain_t *in, off_t limit);


ngx_http_strangler_copy_t *
ngx_http_strangler_copy_of(ngx_connection_t *c)
{
    if (c->send_chain != ngx_http_strangler_copy_send_chain) {
        return NULL;
    }

    return (ngx_http_strangler_copy_t *)
           ((u_char *) c->log - offsetof(ngx_http_strangler_copy_t, log));
}


static ssize_t
ngx_http_strangler_copy_recv(ngx_connection_t *c, u_char *buf, size_t size)
{
    return NGX_AGAIN;
}


static ssize_t
ngx_http_strangler_copy_recv_chain(ngx_connection_t *c, ngx_chain_t *in,
    off_t limit)
{
    return NGX_AGAIN;
}


/* Nothing comes here: the body filter is in front.  If it did, it is eaten. */

static ssize_t
ngx_http_strangler_copy_send(ngx_connection_t *c, u_char *buf, size_t size)
{
    return size;
}


static ngx_chain_t *
ngx_http_strangler_copy_send_chain(ngx_connection_t *c, ngx_chain_t *in,
    off_t limit)
{
    for ( /* void */ ; in; in = in->next) {
        in->buf->pos = in->buf->last;
        in->buf->file_pos = in->buf->file_last;
    }

    return NULL;
}


/*
 * Ends a copy as nginx ends a request whose connection is to be closed: what is
 * under way gives back its hold on the request, and not the last one.
 */

static void
ngx_http_strangler_copy_abort(ngx_http_strangler_copy_t *copy)
{
    ngx_connection_t  *c;

    c = copy->connection;
    c->error = 1;

    copy->request->post_action = 1;
    copy->request->count++;

    ngx_http_finalize_request(copy->request, NGX_HTTP_CLIENT_CLOSED_REQUEST);
    ngx_http_run_posted_requests(c);
}


/*
 * Its upstream is at its end.  What post_action names is for clients' requests;
 * without it nginx does not mark the last buffer, which is no loss: rc says
 * whether all of the answer has come.
 */

void
ngx_http_strangler_copy_ended(ngx_http_strangler_copy_t *copy, ngx_int_t rc)
{
    copy->request->post_action = 1;

    if (rc == NGX_OK && copy->kept->status) {
        copy->kept->complete = 1;
    }
}


static void
ngx_http_strangler_copy_deadline(ngx_event_t *ev)
{
    ngx_http_strangler_copy_abort(ev->data);
}


/*
 * Called when nginx shuts down in spite of what is under way, and for writing
 * when one of its threads has done something for the request.
 */

static void
ngx_http_strangler_copy_event(ngx_event_t *ev)
{
    ngx_connection_t    *c;
    ngx_http_request_t  *r;

    c = ev->data;

    if (c->close) {
        ngx_http_strangler_copy_abort(ngx_http_strangler_copy_of(c));
        return;
    }

    if (ev->write) {
        r = c->data;

        r->write_event_handler(r);
        ngx_http_run_posted_requests(c);
    }
}


/* The request's memory is about to go: what its upstream knows is kept. */

static void
ngx_http_strangler_copy_done(void *data)
{
    ngx_http_strangler_copy_t *copy = data;

    ngx_http_strangler_exchange_t  *exchange;

    exchange = copy->exchange;

    if (copy->start.posted) {
        ngx_delete_posted_event(&copy->start);
    }

    if (copy->deadline.timer_set) {
        ngx_del_timer(&copy->deadline);
    }

    ngx_http_strangler_keep_time(copy->kept, copy->request->upstream);

    if (copy->slot && exchange->gen->route_slots) {
        ngx_http_strangler_shadow_enter(&exchange->rset->counter, copy->slot,
                                        -1);

        if (copy->kept == &exchange->answers[NGX_HTTP_STRANGLER_COPY]) {
            ngx_http_strangler_shadow_answered(copy->slot,
                                               copy->kept->status
                                               && copy->kept->complete
                                               && !copy->kept->over);
        }
    }

    ngx_http_strangler_exchange_release(exchange);
}


/*
 * The proxy module looks at the location's settings of cache and store before
 * it asks for a peer, which is when a copy gets settings of its own.
 */

static ngx_int_t
ngx_http_strangler_copy_proxy(ngx_http_request_t *r)
{
    ngx_int_t                        rc;
    ngx_flag_t                       store, ignore;
    ngx_http_upstream_conf_t        *conf;
    ngx_http_strangler_main_conf_t  *smcf;
#if (NGX_HTTP_CACHE)
    ngx_flag_t                       cache;
#endif

    smcf = ngx_http_get_module_main_conf(r, ngx_http_strangler_module);

    /* the first member of its configuration is the upstream module's */

    conf = ngx_http_get_module_loc_conf(r, ngx_http_proxy_module);

    store = conf->store;
    ignore = conf->ignore_client_abort;
    conf->store = 0;
    conf->ignore_client_abort = 1;

#if (NGX_HTTP_CACHE)
    cache = conf->cache;
    conf->cache = 0;
#endif

    rc = smcf->proxy_handler(r);

#if (NGX_HTTP_CACHE)
    conf->cache = cache;
#endif

    conf->store = store;
    conf->ignore_client_abort = ignore;

    return rc;
}


static void
ngx_http_strangler_copy_start(ngx_event_t *ev)
{
    ngx_int_t                   rc;
    ngx_connection_t           *c;
    ngx_http_request_t         *r;
    ngx_http_strangler_copy_t  *copy;

    copy = ev->data;
    c = copy->connection;
    r = copy->request;

    ngx_add_timer(&copy->deadline,
                  (ngx_msec_t) copy->exchange->route->shadow.timeout);

    rc = ngx_http_strangler_copy_proxy(r);

    if (rc != NGX_DONE) {
        r->post_action = 1;
    }

    ngx_http_finalize_request(r, rc);
    ngx_http_run_posted_requests(c);
}


/* A failed copy shows in the evidence: the log is for clients' requests. */

static void
ngx_http_strangler_copy_log(ngx_http_strangler_copy_t *copy,
    ngx_connection_t *client)
{
    copy->log = *client->log;
    copy->log.data = &copy->log_ctx;
    copy->log.action = "sending a copy of the request";
    copy->log.connection = client->number;
}


static void
ngx_http_strangler_copy_quiet(ngx_log_t *log)
{
    if (log->log_level < NGX_LOG_DEBUG) {
        log->log_level = ngx_min(log->log_level, NGX_LOG_CRIT);
    }
}


static ngx_int_t
ngx_http_strangler_copy_addresses(ngx_connection_t *c,
    ngx_connection_t *client)
{
    c->sockaddr = ngx_palloc(c->pool, client->socklen);
    c->addr_text.data = ngx_pnalloc(c->pool, client->addr_text.len);

    if (c->sockaddr == NULL || c->addr_text.data == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(c->sockaddr, client->sockaddr, client->socklen);
    c->socklen = client->socklen;

    ngx_memcpy(c->addr_text.data, client->addr_text.data,
               client->addr_text.len);
    c->addr_text.len = client->addr_text.len;

    if (client->local_sockaddr == NULL || client->local_socklen == 0) {
        c->local_sockaddr = client->listening->sockaddr;
        c->local_socklen = client->listening->socklen;
        return NGX_OK;
    }

    c->local_sockaddr = ngx_palloc(c->pool, client->local_socklen);
    if (c->local_sockaddr == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(c->local_sockaddr, client->local_sockaddr,
               client->local_socklen);
    c->local_socklen = client->local_socklen;

    return NGX_OK;
}


static ngx_int_t
ngx_http_strangler_copy_connection(ngx_http_strangler_copy_t *copy,
    ngx_http_request_t *r, ngx_pool_t *pool)
{
    ngx_socket_t       fd;
    ngx_connection_t  *c, *client;

    client = r->connection;

    ngx_http_strangler_copy_log(copy, client);

    fd = ngx_http_strangler_silent_socket(&copy->log);
    if (fd == (ngx_socket_t) -1) {
        return NGX_ERROR;
    }

    c = ngx_get_connection(fd, &copy->log);
    if (c == NULL) {
        return NGX_ERROR;
    }

    copy->connection = c;
    copy->log_ctx.connection = c;
    copy->hc.addr_conf = r->http_connection->addr_conf;
    copy->hc.conf_ctx = r->http_connection->conf_ctx;

    c->shared = 1;
    c->pool = pool;
    c->data = &copy->hc;
    c->log = &copy->log;
    c->listening = client->listening;
    c->type = client->type;
    c->number = client->number;
    c->start_time = ngx_current_msec;
    c->tcp_nodelay = NGX_TCP_NODELAY_DISABLED;
    c->tcp_nopush = NGX_TCP_NOPUSH_DISABLED;
    c->log_error = NGX_ERROR_INFO;
    c->sndlowat = 1;                   /* as if it had been set */

    c->recv = ngx_http_strangler_copy_recv;
    c->send = ngx_http_strangler_copy_send;
    c->recv_chain = ngx_http_strangler_copy_recv_chain;
    c->send_chain = ngx_http_strangler_copy_send_chain;

    c->read->log = c->log;
    c->read->handler = ngx_http_strangler_copy_event;
    c->read->active = 1;
    c->read->eof = 1;

    c->write->log = c->log;
    c->write->handler = ngx_http_strangler_copy_event;
    c->write->active = 1;
    c->write->ready = 1;

#if (NGX_STAT_STUB)
    (void) ngx_atomic_fetch_add(ngx_stat_active, 1);
#endif

    c->buffer = ngx_create_temp_buf(pool, 1);

    return (c->buffer != NULL) ? ngx_http_strangler_copy_addresses(c, client)
                               : NGX_ERROR;
}


/* What nginx's own would have counted of a client's. */

static ngx_int_t
ngx_http_strangler_copy_new_request(ngx_http_strangler_copy_t *copy,
    ngx_http_request_t *client)
{
    ngx_http_request_t  *r;
    ngx_pool_cleanup_t  *cln;

    r = ngx_http_create_request(copy->connection);
    if (r == NULL) {
        return NGX_ERROR;
    }

#if (NGX_STAT_STUB)
    (void) ngx_atomic_fetch_add(ngx_stat_reading, -1);
    r->stat_reading = 0;
    (void) ngx_atomic_fetch_add(ngx_stat_requests, -1);
#endif

    copy->request = r;
    copy->connection->data = r;

    ngx_http_strangler_copy_quiet(copy->connection->log);

    r->main_conf = client->main_conf;
    r->srv_conf = client->srv_conf;
    r->loc_conf = copy->exchange->loc_conf;

    /* no log line, no error page, and no redirect to anywhere */

    r->logged = 1;
    r->error_page = 1;
    r->uri_changes = 0;
    r->write_event_handler = ngx_http_request_empty_handler;

    cln = ngx_pool_cleanup_add(r->pool, 0);
    if (cln == NULL) {
        return NGX_ERROR;
    }

    cln->handler = ngx_http_strangler_copy_done;
    cln->data = copy;

    copy->exchange->refs++;

    return NGX_OK;
}


/* From here on whoever frees the request frees all. */

static ngx_int_t
ngx_http_strangler_copy_fill(ngx_http_strangler_ctx_t *ctx,
    ngx_http_strangler_copy_t *copy, ngx_http_strangler_drop_e *drop)
{
    ngx_int_t                  rc;
    ngx_http_strangler_ctx_t  *own;

    rc = ngx_http_strangler_copy_request(ctx, copy);

    if (rc != NGX_OK) {
        *drop = (rc == NGX_DECLINED) ? NGX_HTTP_STRANGLER_DROP_BODY
                                     : NGX_HTTP_STRANGLER_DROP_ERROR;
        return NGX_ERROR;
    }

    own = ngx_http_strangler_copy_ctx(ctx, copy->request, copy->backend,
                                      copy->side);
    if (own == NULL) {
        return NGX_ERROR;
    }

    own->copy = copy;
    own->marker = NGX_HTTP_STRANGLER_MARKED;

    if (ngx_http_strangler_copy_variables(ctx->request, copy->request,
                                          copy->request->pool)
        != NGX_OK)
    {
        return NGX_ERROR;
    }

    copy->slot = copy->exchange->slot;
    ngx_http_strangler_shadow_enter(&ctx->rset->counter, copy->slot, 1);

    copy->deadline.handler = ngx_http_strangler_copy_deadline;
    copy->deadline.data = copy;
    copy->deadline.log = &copy->log;

    copy->start.handler = ngx_http_strangler_copy_start;
    copy->start.data = copy;
    copy->start.log = &copy->log;

    ngx_post_event(&copy->start, &ngx_posted_events);

    return NGX_OK;
}


/* Clients come first when connections are few. */

static ngx_uint_t
ngx_http_strangler_copy_is_guarded(ngx_http_strangler_ctx_t *ctx,
    ngx_http_strangler_exchange_t *exchange, ngx_http_strangler_drop_e *drop)
{
    if (ngx_exiting || ngx_terminate) {
        *drop = NGX_HTTP_STRANGLER_DROP_EXITING;
        return 1;
    }

    if (ngx_http_strangler_shadow_in_flight(ctx->rset->count, exchange->slot)
        >= exchange->route->shadow.in_flight)
    {
        *drop = NGX_HTTP_STRANGLER_DROP_IN_FLIGHT;
        return 1;
    }

    if (ngx_cycle->free_connection_n < ngx_cycle->connection_n / 8) {
        *drop = NGX_HTTP_STRANGLER_DROP_CONNECTIONS;
        return 1;
    }

    return 0;
}


ngx_int_t
ngx_http_strangler_copy_create(ngx_http_strangler_ctx_t *ctx,
    ngx_http_strangler_answer_e answer, const fig_backend_t *backend,
    fig_side_t side, ngx_http_strangler_drop_e *drop)
{
    ngx_pool_t                     *pool;
    ngx_http_strangler_copy_t      *copy;
    ngx_http_strangler_exchange_t  *exchange;

    exchange = ctx->exchange;

    if (ngx_http_strangler_copy_is_guarded(ctx, exchange, drop)) {
        return NGX_DECLINED;
    }

    *drop = NGX_HTTP_STRANGLER_DROP_ERROR;

    pool = ngx_create_pool(4096, ngx_cycle->log);
    if (pool == NULL) {
        return NGX_DECLINED;
    }

    copy = ngx_pcalloc(pool, sizeof(ngx_http_strangler_copy_t));

    if (copy == NULL) {
        ngx_destroy_pool(pool);
        return NGX_DECLINED;
    }

    copy->exchange = exchange;
    copy->kept = &exchange->answers[answer];
    copy->kept->versioned = backend->version.len != 0;
    copy->backend = backend;
    copy->side = side;

    if (ngx_http_strangler_copy_connection(copy, ctx->request, pool) != NGX_OK
        || ngx_http_strangler_copy_new_request(copy, ctx->request) != NGX_OK
        || ngx_http_strangler_copy_fill(ctx, copy, drop) != NGX_OK)
    {
        goto failed;
    }

    return NGX_OK;

failed:

    if (copy->request) {
        ngx_http_free_request(copy->request, 0);
    }

    if (copy->connection) {
        ngx_http_close_connection(copy->connection);

    } else {
        ngx_destroy_pool(pool);
    }

    return NGX_DECLINED;
}
