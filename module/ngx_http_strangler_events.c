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

#include "ngx_http_strangler_events.h"


#define NGX_HTTP_STRANGLER_QUIET    15000      /* ms between comments */


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
    uint32_t           n;
    uint64_t           seq, epoch;
    fig_slot_t        *slots;
    fig_slot_index_t   index;

    if (!fig_state_changes(&hub->rset->store->state, 0, UINT64_MAX, &slots, &n,
                           &seq, &epoch))
    {
        return;
    }

    if (fig_slot_index_init(&index, slots, n)) {
        hub->drift = fig_slots_drift(hub->gen->ruleset, &index, NULL, 0);
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
    ngx_http_strangler_events_news(hub);
}


/* What one client has not been told of what was read. */

static ngx_int_t
ngx_http_strangler_events_tell(ngx_http_strangler_hub_t *hub,
    ngx_http_strangler_client_t *client)
{
    ngx_uint_t  i;

    /* one that came meanwhile, and wants to know of more, has its turn next */

    if (client->seq < hub->after) {
        return NGX_OK;
    }

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
ngx_http_strangler_events_tell_drift(ngx_http_strangler_client_t *client)
{
    char      text[64];
    uint32_t  drift;

    drift = client->hub->drifting;

    if (drift == UINT32_MAX || drift == client->drifting) {
        return NGX_OK;
    }

    client->drifting = drift;

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

    hub->drifting = hub->drift;
    hub->generation = hub->gen->number;

    for (q = ngx_queue_head(&hub->clients);
         q != ngx_queue_sentinel(&hub->clients);
         q = next)
    {
        next = ngx_queue_next(q);
        client = (ngx_http_strangler_client_t *) q;

        rc = ngx_http_strangler_events_tell(hub, client);

        if (rc == NGX_OK) {
            rc = ngx_http_strangler_events_tell_news(hub, client);
        }

        if (rc == NGX_OK) {
            rc = ngx_http_strangler_events_tell_drift(client);
        }

        if (rc == NGX_OK) {
            rc = ngx_http_strangler_events_send(client);
        }

        if (rc == NGX_ERROR) {
            ngx_http_strangler_events_end(client, NGX_ERROR);
        }
    }

    ngx_http_strangler_events_forget_news(hub);

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
    uint64_t                      seq, news;
    ngx_int_t                     rc;
    ngx_queue_t                  *q, *next;
    ngx_http_strangler_hub_t     *hub;
    ngx_http_strangler_client_t  *client;

    hub = rset->hub;

    if (hub == NULL || hub->nclients == 0) {
        return;
    }

    seq = rset->store ? fig_state_seq(&rset->store->state) : 0;

    news = ngx_http_strangler_events_last(rset);

    if (!hub->busy) {
        hub->after = seq;
        hub->news_after = news;
    }

    for (q = ngx_queue_head(&hub->clients);
         q != ngx_queue_sentinel(&hub->clients);
         q = next)
    {
        next = ngx_queue_next(q);
        client = (ngx_http_strangler_client_t *) q;

        if (ngx_exiting || ngx_terminate || ngx_quit) {
            rc = ngx_http_send_special(client->request, NGX_HTTP_LAST);
            ngx_http_strangler_events_end(client, rc);
            continue;
        }

        /* evidence that was put away as a whole has lower numbers again */

        if (news) {
            client->news = ngx_min(client->news, news);
        }

        if (!hub->busy) {
            hub->after = ngx_min(hub->after, client->seq);
            hub->news_after = ngx_min(hub->news_after, client->news);
        }

        rc = ngx_http_strangler_events_rules(client);

        if (rc == NGX_OK) {
            rc = ngx_http_strangler_events_tell_drift(client);
        }

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

    /* other rules may drift in another way, though nobody has flipped */

    if (!hub->busy && hub->nclients && rset->store
        && (hub->after < seq || hub->news_after < news
            || hub->generation != rset->gen->number))
    {
        ngx_http_strangler_events_run(hub);
    }
}


/*
 * A worker that is to exit waits for timers, and the one that looks for new
 * rules is none of those: without this one streams would break off.
 */

static void
ngx_http_strangler_events_guard(ngx_event_t *ev)
{
    ngx_http_strangler_hub_t *hub = ev->data;

    ngx_http_strangler_events_tick(hub->rset);

    if (hub->nclients) {
        ngx_add_timer(ev, NGX_HTTP_STRANGLER_LOOK);
    }
}


ngx_http_strangler_hub_t *
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

    hub->guard.handler = ngx_http_strangler_events_guard;
    hub->guard.data = hub;
    hub->guard.log = rset->cycle->log;

#if (NGX_THREADS)

    hub->task = ngx_thread_task_alloc(rset->cycle->pool, sizeof(hub));
    if (hub->task == NULL) {
        return NULL;
    }

#endif

    rset->hub = hub;

    return hub;
}
