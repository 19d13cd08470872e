/*
 * Answers of the admin API.
 *
 *     run   -> thread: body from its buffers, then produce()
 *     done  -> header, first piece -> sent? -> run again while there is more
 *
 * A piece is sent from the memory that it was written to, so that the next one
 * is begun only when nothing of it waits any more.
 */

#include "ngx_http_strangler_api.h"


static void ngx_http_strangler_api_done(ngx_event_t *ev);
static void ngx_http_strangler_api_writer(ngx_http_request_t *r);


static ngx_int_t
ngx_http_strangler_api_copy(ngx_buf_t *buf, char *p)
{
    off_t    done, size;
    ssize_t  n;

    if (!buf->in_file) {
        ngx_memcpy(p, buf->pos, buf->last - buf->pos);
        return NGX_OK;
    }

    size = buf->file_last - buf->file_pos;

    for (done = 0; done < size; done += n) {
        n = pread(buf->file->fd, p + done, size - done,
                  buf->file_pos + done);

        if (n == -1 && ngx_errno == NGX_EINTR) {
            n = 0;

        } else if (n <= 0) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* All of the body in one piece; the thread. */

static ngx_int_t
ngx_http_strangler_api_body(ngx_http_strangler_api_t *api)
{
    char          *p;
    off_t          size, max;
    ngx_chain_t   *cl;

    if (api->body.data || api->request->request_body == NULL) {
        return NGX_OK;
    }

    size = 0;
    max = api->endpoint->yaml ? NGX_HTTP_STRANGLER_YAML
                              : NGX_HTTP_STRANGLER_BODY;

    for (cl = api->request->request_body->bufs; cl; cl = cl->next) {
        size += ngx_buf_size(cl->buf);
    }

    if (size > max) {
        (void) fig_problem(&api->problem, NGX_HTTP_REQUEST_ENTITY_TOO_LARGE,
                           "the body is larger than %d KiB",
                           (int) (max / 1024));
        return NGX_ERROR;
    }

    p = malloc((size_t) size + 1);

    if (p == NULL) {
        (void) fig_problem(&api->problem, NGX_HTTP_SERVICE_UNAVAILABLE,
                           "memory is out");
        return NGX_ERROR;
    }

    api->body = fig_str(p, (size_t) size);

    for (cl = api->request->request_body->bufs; cl; cl = cl->next) {
        if (ngx_http_strangler_api_copy(cl->buf, p) != NGX_OK) {
            (void) fig_problem(&api->problem, NGX_HTTP_INTERNAL_SERVER_ERROR,
                               "the body cannot be read back from its file");
            return NGX_ERROR;
        }

        p += ngx_buf_size(cl->buf);
    }

    return NGX_OK;
}


static void
ngx_http_strangler_api_work(void *data, ngx_log_t *log)
{
    ngx_http_strangler_api_t *api = *(ngx_http_strangler_api_t **) data;

    api->more = 0;

    if (ngx_http_strangler_api_body(api) == NGX_OK) {
        api->endpoint->produce(api);
    }

    if (api->out.nomem) {
        (void) fig_problem(&api->problem, NGX_HTTP_SERVICE_UNAVAILABLE,
                           "memory is out");
    }
}


ngx_int_t
ngx_http_strangler_api_run(ngx_http_strangler_api_t *api)
{
    ngx_thread_task_t  *task;

    if (api->rset->thread_pool == NULL) {
        ngx_http_strangler_api_work(&api, api->request->connection->log);

        return ngx_http_strangler_api_continue(api);
    }

    if (api->task == NULL) {
        api->task = ngx_thread_task_alloc(api->request->pool, sizeof(api));
        if (api->task == NULL) {
            return NGX_ERROR;
        }
    }

    task = api->task;
    task->handler = ngx_http_strangler_api_work;
    *(ngx_http_strangler_api_t **) task->ctx = api;
    task->event.handler = ngx_http_strangler_api_done;
    task->event.data = api;

    if (ngx_thread_task_post(api->rset->thread_pool, task) != NGX_OK) {
        api->more = 0;
        api->retry_after = 1;
        (void) fig_problem(&api->problem, NGX_HTTP_SERVICE_UNAVAILABLE,
                           "too much is asked of this worker's threads");

        return ngx_http_strangler_api_continue(api);
    }

    /* the request stays, whatever becomes of its connection meanwhile */

    api->request->main->blocked++;
    api->busy = 1;

    ngx_http_strangler_api_stay(api);

    return NGX_OK;
}


static void
ngx_http_strangler_api_done(ngx_event_t *ev)
{
    ngx_connection_t          *c;
    ngx_http_strangler_api_t  *api = ev->data;

    c = api->request->connection;
    api->request->main->blocked--;
    api->busy = 0;

    if (api->wait.timer_set) {
        ngx_del_timer(&api->wait);
    }

    ngx_http_set_log_request(c->log, api->request);

    if (ngx_http_strangler_api_continue(api) != NGX_OK) {
        ngx_http_finalize_request(api->request, NGX_ERROR);
    }

    ngx_http_run_posted_requests(c);
}


/* RFC 9457. */

static void
ngx_http_strangler_api_put_problem(ngx_http_strangler_api_t *api)
{
    ngx_uint_t   i;
    const char  *title;

    static const struct {
        unsigned     status;
        const char  *title;
    } titles[] = {
        { 400, "Bad Request" },
        { 403, "Forbidden" },
        { 404, "Not Found" },
        { 405, "Method Not Allowed" },
        { 409, "Conflict" },
        { 412, "Precondition Failed" },
        { 413, "Content Too Large" },
        { 415, "Unsupported Media Type" },
        { 422, "Unprocessable Content" },
        { 503, "Service Unavailable" },
    };

    title = "Internal Server Error";

    for (i = 0; i < FIG_NELTS(titles); i++) {
        if (titles[i].status == api->problem.status) {
            title = titles[i].title;
        }
    }

    fig_json_out_reset(&api->out);
    fig_json_begin_object(&api->out);
    fig_json_put_key(&api->out, "type");
    fig_json_put_text(&api->out, "about:blank");
    fig_json_put_key(&api->out, "title");
    fig_json_put_text(&api->out, title);
    fig_json_put_key(&api->out, "status");
    fig_json_put_uint(&api->out, api->problem.status);
    fig_json_put_key(&api->out, "detail");
    fig_json_put_text(&api->out, api->problem.detail);
    fig_json_end_object(&api->out);

    api->more = 0;
    api->status = api->problem.status;
    api->type = "application/problem+json";
    api->etag[0] = '\0';
}


static ngx_int_t
ngx_http_strangler_api_add_header(ngx_http_request_t *r, const char *name,
    u_char *value, size_t len)
{
    ngx_table_elt_t  *h;

    h = ngx_list_push(&r->headers_out.headers);
    if (h == NULL) {
        return NGX_ERROR;
    }

    h->hash = 1;
    h->key.data = (u_char *) name;
    h->key.len = ngx_strlen(name);
    h->value.data = value;
    h->value.len = len;

#if (nginx_version >= 1023000)
    h->next = NULL;
#endif

    return NGX_OK;
}


ngx_int_t
ngx_http_strangler_api_headers(ngx_http_strangler_api_t *api)
{
    u_char              *p;
    ngx_http_request_t  *r;

    r = api->request;

    /* nginx would answer what was done by 412: it knows of no tag of ours */

    r->disable_not_modified = 1;

    /* what is true now may not be in a moment */

    if (ngx_http_strangler_api_add_header(r, "Cache-Control",
            (u_char *) "no-store", sizeof("no-store") - 1) != NGX_OK
        || ngx_http_strangler_api_add_header(r, "X-Content-Type-Options",
               (u_char *) "nosniff", sizeof("nosniff") - 1) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (api->etag[0]
        && ngx_http_strangler_api_add_header(r, "ETag", (u_char *) api->etag,
               ngx_strlen(api->etag)) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (api->allow.len
        && ngx_http_strangler_api_add_header(r, "Allow", api->allow.data,
                                             api->allow.len) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (api->retry_after) {
        p = ngx_pnalloc(r->pool, NGX_INT_T_LEN);
        if (p == NULL) {
            return NGX_ERROR;
        }

        if (ngx_http_strangler_api_add_header(r, "Retry-After", p,
                ngx_sprintf(p, "%ui", api->retry_after) - p) != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_strangler_api_send_header(ngx_http_strangler_api_t *api)
{
    ngx_http_request_t  *r;

    r = api->request;

    if (api->type == NULL) {
        api->type = "application/json";
    }

    r->headers_out.status = api->status ? api->status : NGX_HTTP_OK;
    r->headers_out.content_type.data = (u_char *) api->type;
    r->headers_out.content_type.len = ngx_strlen(api->type);
    r->headers_out.content_type_len = r->headers_out.content_type.len;
    r->headers_out.content_type_lowcase = NULL;
    r->headers_out.content_length_n = api->more ? -1 : (off_t) api->out.len;

    /* a stream of unknown length has no other end without chunks */

    if (api->more && r->http_version < NGX_HTTP_VERSION_11) {
        r->keepalive = 0;
    }

    if (ngx_http_strangler_api_headers(api) != NGX_OK) {
        return NGX_ERROR;
    }

    api->sent = 1;

    return ngx_http_send_header(r);
}


static ngx_int_t
ngx_http_strangler_api_piece(ngx_http_strangler_api_t *api)
{
    ngx_buf_t    *b;
    ngx_chain_t  *out;

    out = ngx_alloc_chain_link(api->request->pool);
    b = ngx_calloc_buf(api->request->pool);

    if (out == NULL || b == NULL) {
        return NGX_ERROR;
    }

    b->pos = (u_char *) api->out.data;
    b->last = b->pos + api->out.len;
    b->memory = (api->out.len != 0);
    b->flush = 1;
    b->last_buf = !api->more;
    b->last_in_chain = !api->more;
    b->sync = (api->out.len == 0);

    out->buf = b;
    out->next = NULL;

    return ngx_http_output_filter(api->request, out);
}


ngx_int_t
ngx_http_strangler_api_send(ngx_http_strangler_api_t *api)
{
    ngx_int_t  rc;

    if (api->problem.status) {

        if (api->sent) {
            return NGX_ERROR;          /* too late to tell */
        }

        ngx_http_strangler_api_put_problem(api);
    }

    if (!api->sent) {
        rc = ngx_http_strangler_api_send_header(api);

        if (rc == NGX_ERROR || rc > NGX_OK || api->request->header_only) {
            api->more = 0;
            return rc;
        }
    }

    return ngx_http_strangler_api_piece(api);
}


/* When a piece has gone, the next one is made. */

static ngx_int_t
ngx_http_strangler_api_next(ngx_http_strangler_api_t *api)
{
    ngx_event_t               *wev;
    ngx_connection_t          *c;
    ngx_http_request_t        *r;
    ngx_http_core_loc_conf_t  *clcf;

    r = api->request;
    c = r->connection;

    if (!r->buffered && !c->buffered && r->postponed == NULL) {
        fig_json_out_reset(&api->out);
        return ngx_http_strangler_api_run(api);
    }

    clcf = ngx_http_get_module_loc_conf(r->main, ngx_http_core_module);
    wev = c->write;
    r->write_event_handler = ngx_http_strangler_api_writer;

    if (!wev->delayed) {
        ngx_add_timer(wev, clcf->send_timeout);
    }

    return ngx_handle_write_event(wev, clcf->send_lowat);
}


static void
ngx_http_strangler_api_writer(ngx_http_request_t *r)
{
    ngx_int_t                  rc;
    ngx_event_t               *wev;
    ngx_connection_t          *c;
    ngx_http_strangler_api_t  *api;

    c = r->connection;
    wev = c->write;
    api = ngx_http_strangler_api_get(r);

    if (wev->timedout) {
        ngx_log_error(NGX_LOG_INFO, c->log, NGX_ETIMEDOUT,
                      "client timed out");
        c->timedout = 1;
        ngx_http_finalize_request(r, NGX_HTTP_REQUEST_TIME_OUT);
        return;
    }

    if (api == NULL || api->busy) {
        return;
    }

    rc = ngx_http_output_filter(r, NULL);

    if (rc == NGX_ERROR) {
        ngx_http_finalize_request(r, rc);
        return;
    }

    /* the timer of limit_rate is not ours: without it nothing is sent again */

    if (!r->buffered && !c->buffered && wev->timer_set && !wev->delayed) {
        ngx_del_timer(wev);
    }

    if (ngx_http_strangler_api_next(api) != NGX_OK) {
        ngx_http_finalize_request(r, NGX_ERROR);
    }
}


ngx_int_t
ngx_http_strangler_api_continue(ngx_http_strangler_api_t *api)
{
    ngx_int_t  rc;

    rc = ngx_http_strangler_api_send(api);

    if (rc == NGX_ERROR || !api->more) {
        ngx_http_finalize_request(api->request, rc);
        return NGX_OK;
    }

    return ngx_http_strangler_api_next(api);
}


/* What cannot be read is told, but for the status, which says so itself. */

ngx_int_t
ngx_http_strangler_api_view(ngx_http_strangler_api_t *api,
    ngx_http_strangler_view_t *view)
{
    uint32_t      n;
    uint64_t      epoch;
    ngx_uint_t    known;
    fig_store_t  *store;

    ngx_memzero(view, sizeof(ngx_http_strangler_view_t));
    n = 0;

    store = api->rset->store;

    known = store == NULL
            || fig_store_changes(store, 0, UINT64_MAX, &view->slots, &n,
                                 &view->seq, &epoch);

    if (store && known) {
        view->nleases = ngx_min(store->state.head->nleases,
                                FIG_STATE_LEASES);
        ngx_memcpy(view->leases, store->state.head->leases,
                   sizeof(view->leases));
    }

    if (!known && api->endpoint->produce != ngx_http_strangler_api_status) {
        api->retry_after = 1;
        (void) fig_problem(&api->problem, NGX_HTTP_SERVICE_UNAVAILABLE,
                           "what is in force cannot be read at the moment: a "
                           "change is half done");
        return NGX_ERROR;
    }

    if (!fig_slot_index_init(&view->index, view->slots, n)) {
        free(view->slots);
        (void) fig_problem(&api->problem, NGX_HTTP_SERVICE_UNAVAILABLE,
                           "memory is out");
        return NGX_ERROR;
    }

    return NGX_OK;
}


void
ngx_http_strangler_api_unview(ngx_http_strangler_view_t *view)
{
    fig_slot_index_release(&view->index);
    free(view->slots);
}
