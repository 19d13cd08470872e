/*
 * v1/events: server-sent events (WHATWG, "HTML", 9.2).
 *
 *     hub (of a rule set) -> clients -> pending text -> text that is being sent
 *         looks              seq, generation: what each was told last
 *
 * Nothing is broadcast between processes: each worker looks from time to time
 * at what all of them share and tells its own clients what is new there.
 * Entries of the journal are read on a thread.  Who does not read is dropped,
 * and a worker that exits ends its streams.
 */

#include "ngx_http_strangler_api.h"

#include "fig_buffer.h"


#define NGX_HTTP_STRANGLER_CLIENTS  64         /* a worker */
#define NGX_HTTP_STRANGLER_QUEUED   256        /* events a client */
#define NGX_HTTP_STRANGLER_READ     128        /* entries at a time */
#define NGX_HTTP_STRANGLER_QUIET    15000      /* ms between comments */


typedef struct {
    ngx_queue_t                    queue;      /* of the hub's; first */
    ngx_http_request_t            *request;
    ngx_http_strangler_hub_t      *hub;
    uint64_t                       seq;
    ngx_uint_t                     generation;
    ngx_uint_t                     spoiled;
    ngx_uint_t                     events;     /* in pending */
    ngx_msec_t                     told;       /* when something was sent */
    fig_buffer_t                   pending;
    fig_buffer_t                   sending;
    ngx_buf_t                      buf;
    unsigned                       busy:1;     /* sending is not sent yet */
    unsigned                       listed:1;
} ngx_http_strangler_client_t;


struct ngx_http_strangler_hub_s {
    ngx_http_strangler_rset_t     *rset;
    ngx_queue_t                    clients;
    ngx_uint_t                     nclients;
    uint32_t                       drifting;   /* as told; UINT32_MAX: never */
    unsigned                       busy:1;
#if (NGX_THREADS)
    ngx_thread_task_t             *task;
#endif

    /* the thread's, while it runs */

    ngx_http_strangler_gen_t      *gen;        /* held */
    uint64_t                       after;
    uint64_t                       until;      /* all up to it was read */
    ngx_uint_t                     n;
    uint32_t                       drift;
    struct {
        uint64_t                   seq;
        fig_json_out_t             text;
    } entries[NGX_HTTP_STRANGLER_READ];
};


static void ngx_http_strangler_events_writer(ngx_http_request_t *r);


static void
ngx_http_strangler_events_leave(void *data)
{
    ngx_http_strangler_client_t *client = data;

    if (client->listed) {
        client->listed = 0;
        client->hub->nclients--;
        ngx_queue_remove(&client->queue);
    }

    fig_buffer_release(&client->pending);
    fig_buffer_release(&client->sending);
}


/* Sends what is pending, once what went before is gone. */

static ngx_int_t
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
        if (c->write->timer_set) {
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


static void
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


/* An event for one client; data is one line.  NGX_ERROR: it reads too slowly. */

static ngx_int_t
ngx_http_strangler_events_put(ngx_http_strangler_client_t *client,
    const char *event, uint64_t id, fig_str_t data)
{
    fig_buffer_t  *buffer;

    if (client->events == NGX_HTTP_STRANGLER_QUEUED) {
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


static bool
ngx_http_strangler_events_visit(void *data, const fig_entry_t *entry)
{
    ngx_http_strangler_hub_t *hub = data;

    if (hub->n == NGX_HTTP_STRANGLER_READ) {
        return false;
    }

    hub->entries[hub->n].seq = entry->seq;
    fig_json_out_init(&hub->entries[hub->n].text);
    fig_entry_show(entry, &hub->entries[hub->n].text);

    hub->until = entry->seq;
    hub->n++;

    return true;
}


static void
ngx_http_strangler_events_drift(ngx_http_strangler_hub_t *hub)
{
    uint32_t             i, n;
    uint64_t             seq, epoch;
    fig_slot_t          *slots;
    fig_effect_t         effect;
    fig_slot_index_t     index;
    const fig_route_t   *route;

    if (!fig_state_changes(&hub->rset->store->state, 0, UINT64_MAX, &slots, &n,
                           &seq, &epoch))
    {
        return;
    }

    if (fig_slot_index_init(&index, slots, n)) {
        hub->drift = 0;

        for (i = 0; n && i < hub->gen->model->nroutes; i++) {
            route = &hub->gen->model->routes[i];
            fig_slot_effect(route, fig_slot_of(&index, route), &effect);
            hub->drift += effect.drift;
        }

        fig_slot_index_release(&index);
    }

    free(slots);
}


static void
ngx_http_strangler_events_work(void *data, ngx_log_t *log)
{
    ngx_http_strangler_hub_t *hub = *(ngx_http_strangler_hub_t **) data;

    uint64_t      oldest, last;
    fig_status_t  status;

    hub->n = 0;
    hub->until = hub->after;
    last = fig_state_seq(&hub->rset->store->state);

    status = fig_store_history(hub->rset->store, hub->after, &oldest,
                               ngx_http_strangler_events_visit, hub);

    /* what cannot be read, or is not kept, is not waited for */

    if (hub->n < NGX_HTTP_STRANGLER_READ
        && (status != FIG_OK || hub->until < last))
    {
        hub->until = last;
    }

    ngx_http_strangler_events_drift(hub);
}


/* What one client has not been told of what was read. */

static ngx_int_t
ngx_http_strangler_events_tell(ngx_http_strangler_hub_t *hub,
    ngx_http_strangler_client_t *client)
{
    ngx_uint_t  i;

    for (i = 0; i < hub->n; i++) {

        if (hub->entries[i].seq <= client->seq) {
            continue;
        }

        if (ngx_http_strangler_events_put(client, "flip",
                hub->entries[i].seq,
                fig_json_out_text(&hub->entries[i].text))
            != NGX_OK)
        {
            return NGX_ERROR;
        }

        client->seq = hub->entries[i].seq;
    }

    client->seq = ngx_max(client->seq, hub->until);

    return NGX_OK;
}


static ngx_int_t
ngx_http_strangler_events_tell_drift(ngx_http_strangler_client_t *client,
    uint32_t drift)
{
    char  text[64];

    return ngx_http_strangler_events_put(client, "drift", 0,
               fig_str(text, (size_t) snprintf(text, sizeof(text),
                                               "{\"drifting\":%u}", drift)));
}


static void
ngx_http_strangler_events_done(ngx_http_strangler_hub_t *hub)
{
    ngx_int_t                     rc;
    ngx_uint_t                    i;
    ngx_queue_t                  *q, *next;
    ngx_http_strangler_client_t  *client;

    for (q = ngx_queue_head(&hub->clients);
         q != ngx_queue_sentinel(&hub->clients);
         q = next)
    {
        next = ngx_queue_next(q);
        client = (ngx_http_strangler_client_t *) q;

        rc = ngx_http_strangler_events_tell(hub, client);

        if (rc == NGX_OK && hub->drift != hub->drifting) {
            rc = ngx_http_strangler_events_tell_drift(client, hub->drift);
        }

        if (rc == NGX_OK) {
            rc = ngx_http_strangler_events_send(client);
        }

        if (rc == NGX_ERROR) {
            ngx_http_strangler_events_end(client, NGX_ERROR);
        }
    }

    hub->drifting = hub->drift;

    for (i = 0; i < hub->n; i++) {
        fig_json_out_release(&hub->entries[i].text);
    }

    hub->n = 0;

    ngx_http_strangler_gen_release(hub->gen);
    hub->gen = NULL;
}


#if (NGX_THREADS)

static void
ngx_http_strangler_events_read(ngx_event_t *ev)
{
    ngx_http_strangler_hub_t *hub = ev->data;

    hub->busy = 0;
    ngx_http_strangler_events_done(hub);
}

#endif


static void
ngx_http_strangler_events_run(ngx_http_strangler_hub_t *hub)
{
    hub->gen = hub->rset->gen;
    hub->gen->refs++;

#if (NGX_THREADS)

    if (hub->rset->thread_pool && hub->task) {
        hub->task->handler = ngx_http_strangler_events_work;
        *(ngx_http_strangler_hub_t **) hub->task->ctx = hub;
        hub->task->event.handler = ngx_http_strangler_events_read;
        hub->task->event.data = hub;

        if (ngx_thread_task_post(hub->rset->thread_pool, hub->task) == NGX_OK)
        {
            hub->busy = 1;
            return;
        }

        ngx_http_strangler_gen_release(hub->gen);
        hub->gen = NULL;
        return;
    }

#endif

    ngx_http_strangler_events_work(&hub, ngx_cycle->log);
    ngx_http_strangler_events_done(hub);
}


/* Rules: what this worker knows by itself. */

static ngx_int_t
ngx_http_strangler_events_rules(ngx_http_strangler_client_t *client)
{
    char                       *json, text[128];
    size_t                      len;
    int64_t                     time;
    ngx_int_t                   rc;
    ngx_uint_t                  spoiled;
    ngx_http_strangler_rset_t  *rset;

    rset = client->hub->rset;
    spoiled = ngx_http_strangler_zone_is_spoiled(rset);
    rc = NGX_OK;

    if (rset->gen->number != client->generation) {
        client->generation = rset->gen->number;

        len = (size_t) snprintf(text, sizeof(text),
                                "{\"generation\":%lu,\"checksum\":"
                                "\"%016llx\"}", (unsigned long)
                                rset->gen->number, (unsigned long long)
                                rset->gen->checksum);

        rc = ngx_http_strangler_events_put(client, "rules", 0,
                                           fig_str(text, len));
    }

    if (rc == NGX_OK && spoiled && !client->spoiled) {
        json = ngx_http_strangler_zone_error(rset, &len, &time);

        rc = ngx_http_strangler_events_put(client, "rules_error", 0,
                                           json ? fig_str(json, len)
                                                : fig_str("[]", 2));
        free(json);
    }

    client->spoiled = spoiled;

    return rc;
}


void
ngx_http_strangler_events_tick(ngx_http_strangler_rset_t *rset)
{
    uint64_t                      seq;
    ngx_int_t                     rc;
    ngx_queue_t                  *q, *next;
    ngx_http_strangler_hub_t     *hub;
    ngx_http_strangler_client_t  *client;

    hub = rset->hub;

    if (hub == NULL || hub->nclients == 0) {
        return;
    }

    seq = rset->store ? fig_state_seq(&rset->store->state) : 0;
    hub->after = seq;

    for (q = ngx_queue_head(&hub->clients);
         q != ngx_queue_sentinel(&hub->clients);
         q = next)
    {
        next = ngx_queue_next(q);
        client = (ngx_http_strangler_client_t *) q;

        if (ngx_exiting || ngx_terminate || ngx_quit) {
            ngx_http_strangler_events_end(client,
                                          ngx_http_send_special(
                                              client->request,
                                              NGX_HTTP_LAST));
            continue;
        }

        if (!hub->busy) {
            hub->after = ngx_min(hub->after, client->seq);
        }

        rc = ngx_http_strangler_events_rules(client);

        if (rc == NGX_OK && ngx_current_msec - client->told
                            >= NGX_HTTP_STRANGLER_QUIET)
        {
            fig_buffer_put_text(&client->pending, ": quiet\n\n");
        }

        if (rc == NGX_OK) {
            rc = ngx_http_strangler_events_send(client);
        }

        if (rc == NGX_ERROR) {
            ngx_http_strangler_events_end(client, NGX_ERROR);
        }
    }

    if (!hub->busy && hub->nclients && hub->after < seq) {
        ngx_http_strangler_events_run(hub);
    }
}


static ngx_http_strangler_hub_t *
ngx_http_strangler_events_hub(ngx_http_strangler_rset_t *rset)
{
    ngx_http_strangler_hub_t  *hub;

    if (rset->hub) {
        return rset->hub;
    }

    hub = ngx_pcalloc(rset->cycle->pool, sizeof(ngx_http_strangler_hub_t));
    if (hub == NULL) {
        return NULL;
    }

    hub->rset = rset;
    hub->drifting = UINT32_MAX;
    ngx_queue_init(&hub->clients);

#if (NGX_THREADS)

    hub->task = ngx_thread_task_alloc(rset->cycle->pool, sizeof(hub));
    if (hub->task == NULL) {
        return NULL;
    }

#endif

    rset->hub = hub;

    return hub;
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
    client->generation = api->rset->gen->number;
    client->spoiled = ngx_http_strangler_zone_is_spoiled(api->rset);
    client->told = ngx_current_msec;
    client->listed = 1;

    ngx_queue_insert_tail(&hub->clients, &client->queue);
    hub->nclients++;

    cln->handler = ngx_http_strangler_events_leave;

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
