/*
 * One client of v1/events: from its request to its last byte.
 *
 *     put -> pending -> sending -> socket
 *
 * The two buffers are the client's own: what is sent for days must not be taken
 * from the pool of its request.
 */

#include "ngx_http_strangler_events.h"


#define NGX_HTTP_STRANGLER_CLIENTS  64         /* a worker */
#define NGX_HTTP_STRANGLER_QUEUED   256        /* events a client */
#define NGX_HTTP_STRANGLER_PENDING  (4 * 1024 * 1024)  /* bytes, the same */


static void
ngx_http_strangler_events_leave(ngx_http_strangler_client_t *client)
{
    if (client->listed) {
        client->listed = 0;
        client->hub->nclients--;
        ngx_queue_remove(&client->queue);

        if (client->hub->nclients == 0 && client->hub->guard.timer_set) {
            ngx_del_timer(&client->hub->guard);
        }
    }
}


/* What waits for the socket is needed as long as its request is. */

static void
ngx_http_strangler_events_cleanup(void *data)
{
    ngx_http_strangler_client_t *client = data;

    ngx_http_strangler_events_leave(client);

    fig_buffer_release(&client->pending);
    fig_buffer_release(&client->sending);
}


/* Sends what is pending, once what went before is gone. */

ngx_int_t
ngx_http_strangler_events_send(ngx_http_strangler_client_t *client)
{
    ngx_int_t                  rc;
    ngx_buf_t                 *b;
    ngx_chain_t                out;
    ngx_connection_t          *c;
    ngx_http_request_t        *r;
    ngx_http_core_loc_conf_t  *clcf;

    r = client->request;
    c = r->connection;

    while (!client->busy && client->pending.len) {

        fig_buffer_release(&client->sending);
        client->sending = client->pending;
        fig_buffer_init(&client->pending);
        client->events = 0;

        b = &client->buf;
        ngx_memzero(b, sizeof(ngx_buf_t));

        b->pos = (u_char *) client->sending.data;
        b->last = b->pos + client->sending.len;
        b->start = b->pos;
        b->end = b->last;
        b->memory = 1;
        b->flush = 1;

        out.buf = b;
        out.next = NULL;

        rc = ngx_http_output_filter(r, &out);

        if (rc == NGX_ERROR) {
            return NGX_ERROR;
        }

        client->told = ngx_current_msec;
        client->busy = (r->buffered || c->buffered);
    }

    if (!client->busy) {
        if (c->write->timer_set && !c->write->delayed) {
            ngx_del_timer(c->write);
        }

        return NGX_OK;
    }

    clcf = ngx_http_get_module_loc_conf(r, ngx_http_core_module);

    if (!c->write->timer_set) {
        ngx_add_timer(c->write, clcf->send_timeout);
    }

    return ngx_handle_write_event(c->write, 0);
}


void
ngx_http_strangler_events_end(ngx_http_strangler_client_t *client,
    ngx_int_t rc)
{
    ngx_connection_t  *c;

    c = client->request->connection;

    ngx_http_strangler_events_leave(client);
    ngx_http_finalize_request(client->request, rc);
    ngx_http_run_posted_requests(c);
}


static void
ngx_http_strangler_events_writer(ngx_http_request_t *r)
{
    ngx_connection_t             *c;
    ngx_http_strangler_client_t  *client;

    c = r->connection;
    client = ngx_http_strangler_api_get(r)->data;

    if (c->write->timedout) {
        ngx_log_error(NGX_LOG_INFO, c->log, NGX_ETIMEDOUT,
                      "strangler: a client of events does not read and is "
                      "dropped");
        c->timedout = 1;
        ngx_http_finalize_request(r, NGX_HTTP_REQUEST_TIME_OUT);
        return;
    }

    if (!client->busy) {
        return;
    }

    if (ngx_http_output_filter(r, NULL) == NGX_ERROR) {
        ngx_http_finalize_request(r, NGX_ERROR);
        return;
    }

    client->busy = (r->buffered || c->buffered);

    if (ngx_http_strangler_events_send(client) == NGX_ERROR) {
        ngx_http_finalize_request(r, NGX_ERROR);
    }
}


ngx_int_t
ngx_http_strangler_events_put(ngx_http_strangler_client_t *client,
    const char *event, uint64_t id, fig_str_t data)
{
    fig_buffer_t  *buffer;

    if (client->events == NGX_HTTP_STRANGLER_QUEUED
        || client->pending.len > NGX_HTTP_STRANGLER_PENDING)
    {
        ngx_log_error(NGX_LOG_INFO, client->request->connection->log, 0,
                      "strangler: a client of events does not read and is "
                      "dropped");
        return NGX_ERROR;
    }

    client->events++;
    buffer = &client->pending;

    fig_buffer_put_text(buffer, "event: ");
    fig_buffer_put_text(buffer, event);

    if (id) {
        fig_buffer_put_text(buffer, "\nid: ");
        fig_buffer_put_uint(buffer, id);
    }

    fig_buffer_put_text(buffer, "\ndata: ");
    fig_buffer_put(buffer, data);
    fig_buffer_put_text(buffer, "\n\n");

    return buffer->nomem ? NGX_ERROR : NGX_OK;
}


/* Where a client that comes back left off. */

static uint64_t
ngx_http_strangler_events_from(ngx_http_strangler_api_t *api)
{
    ngx_int_t   n;
    ngx_str_t   value;
    uint64_t    seq;

    seq = api->rset->store ? fig_state_seq(&api->rset->store->state) : 0;
    value = ngx_http_strangler_api_header(api->request, "last-event-id");

    if (value.len == 0) {
        return seq;
    }

    n = ngx_atoi(value.data, value.len);

    return (n < 0) ? seq : ngx_min((uint64_t) n, seq);
}


static ngx_int_t
ngx_http_strangler_events_start(ngx_http_strangler_client_t *client)
{
    ngx_int_t            rc;
    ngx_http_request_t  *r;

    r = client->request;

    r->headers_out.status = NGX_HTTP_OK;
    r->headers_out.content_length_n = -1;
    ngx_str_set(&r->headers_out.content_type, "text/event-stream");
    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.content_type_lowcase = NULL;

    rc = ngx_http_strangler_api_headers(ngx_http_strangler_api_get(r));

    if (rc == NGX_OK) {
        rc = ngx_http_send_header(r);
    }

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        return rc;
    }

    /* a client sees at once that it is connected */

    fig_buffer_put_text(&client->pending, ": hello\n\n");

    return ngx_http_strangler_events_send(client);
}


ngx_int_t
ngx_http_strangler_events(ngx_http_strangler_api_t *api)
{
    ngx_int_t                     rc;
    ngx_pool_cleanup_t           *cln;
    ngx_http_request_t           *r;
    ngx_http_strangler_hub_t     *hub;
    ngx_http_strangler_client_t  *client;

    r = api->request;
    hub = ngx_http_strangler_events_hub(api->rset);

    if (hub == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    if (hub->nclients >= NGX_HTTP_STRANGLER_CLIENTS) {
        api->retry_after = 10;
        (void) fig_problem(&api->problem, NGX_HTTP_SERVICE_UNAVAILABLE,
                           "this worker has %d clients of events already",
                           NGX_HTTP_STRANGLER_CLIENTS);

        return ngx_http_strangler_api_send(api);
    }

    cln = ngx_pool_cleanup_add(r->pool, sizeof(ngx_http_strangler_client_t));
    if (cln == NULL) {
        return NGX_HTTP_INTERNAL_SERVER_ERROR;
    }

    client = cln->data;
    ngx_memzero(client, sizeof(ngx_http_strangler_client_t));

    client->request = r;
    client->hub = hub;
    client->seq = ngx_http_strangler_events_from(api);
    client->news = ngx_http_strangler_events_last(api->rset);
    client->generation = api->rset->gen->number;
    client->drifting = UINT32_MAX;
    client->spoiled = ngx_http_strangler_zone_is_spoiled(api->rset);
    client->told = ngx_current_msec;
    client->listed = 1;

    ngx_queue_insert_tail(&hub->clients, &client->queue);
    hub->nclients++;

    if (!hub->guard.timer_set) {
        ngx_add_timer(&hub->guard, NGX_HTTP_STRANGLER_LOOK);
    }

    cln->handler = ngx_http_strangler_events_cleanup;

    api->data = client;

    r->read_event_handler = ngx_http_test_reading;
    r->write_event_handler = ngx_http_strangler_events_writer;

    rc = ngx_http_strangler_events_start(client);

    if (rc == NGX_ERROR || rc > NGX_OK || r->header_only) {
        ngx_http_strangler_events_leave(client);
        return rc;
    }

    r->main->count++;

    return NGX_DONE;
}
