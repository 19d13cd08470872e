/*
 * Clients of v1/events and the hub that they hang on.
 *
 * Private to the three files that make them.
 */

#ifndef NGX_HTTP_STRANGLER_EVENTS_H
#define NGX_HTTP_STRANGLER_EVENTS_H

#include "ngx_http_strangler_api.h"

#include "fig_buffer.h"


#define NGX_HTTP_STRANGLER_READ  128           /* entries at a time */
#define NGX_HTTP_STRANGLER_LOOK  500           /* ms, at the latest */


typedef struct {
    ngx_queue_t                    queue;      /* of the hub's; first */
    ngx_http_request_t            *request;
    ngx_http_strangler_hub_t      *hub;
    uint64_t                       seq;
    uint64_t                       news;       /* of evidence, as told */
    ngx_uint_t                     generation;
    ngx_uint_t                     spoiled;
    uint32_t                       drifting;   /* as told; UINT32_MAX: never */
    ngx_uint_t                     events;     /* in pending */
    ngx_msec_t                     told;       /* when something was sent */
    fig_buffer_t                   pending;
    fig_buffer_t                   sending;
    ngx_buf_t                      buf;
    unsigned                       busy:1;     /* sending is not sent yet */
    unsigned                       listed:1;
} ngx_http_strangler_client_t;


typedef struct {
    uint64_t                       seq;
    const char                    *event;
    fig_json_out_t                 text;
} ngx_http_strangler_told_t;


struct ngx_http_strangler_hub_s {
    ngx_http_strangler_rset_t     *rset;
    ngx_queue_t                    clients;
    ngx_uint_t                     nclients;
    uint32_t                       drifting;   /* UINT32_MAX: not known */
    ngx_uint_t                     generation; /* of which it is */
    ngx_event_t                    guard;      /* while there are clients */
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
    uint64_t                       news_after;
    uint64_t                       news_until;
    ngx_uint_t                     nnews;
    ngx_http_strangler_told_t      news[NGX_HTTP_STRANGLER_READ];
};


/* ngx_http_strangler_events.c */

/* Made when the first client comes; NULL: memory is out. */
ngx_http_strangler_hub_t *ngx_http_strangler_events_hub(
    ngx_http_strangler_rset_t *rset);

/* ngx_http_strangler_events_news.c */

/* The number of the last news of evidence; a glance at a file. */
uint64_t ngx_http_strangler_events_last(ngx_http_strangler_rset_t *rset);

/* Reads those after news_after; a thread. */
void ngx_http_strangler_events_news(ngx_http_strangler_hub_t *hub);

/* Tells a client of them.  NGX_ERROR: it is too slow. */
ngx_int_t ngx_http_strangler_events_tell_news(ngx_http_strangler_hub_t *hub,
    ngx_http_strangler_client_t *client);

/* Frees them. */
void ngx_http_strangler_events_forget_news(ngx_http_strangler_hub_t *hub);

/* ngx_http_strangler_events_client.c */

/* Sends what is pending, once what went before is gone. */
ngx_int_t ngx_http_strangler_events_send(ngx_http_strangler_client_t *client);

/* An event for one client; data is one line.  NGX_ERROR: it is too slow. */
ngx_int_t ngx_http_strangler_events_put(ngx_http_strangler_client_t *client,
    const char *event, uint64_t id, fig_str_t data);

/* Ends the request; client is no more. */
void ngx_http_strangler_events_end(ngx_http_strangler_client_t *client,
    ngx_int_t rc);


#endif /* NGX_HTTP_STRANGLER_EVENTS_H */
