/*
 * The admin API; private to the files of module/ that make it.
 *
 *     handler -> endpoint -> checks -> body -> [wait for the newest rules]
 *             -> thread: produce -> send -> more? -> thread: produce -> ...
 *
 * What an endpoint has to say is made by its produce() on a thread, piece by
 * piece: it reads the generation and the state, which do not change under it,
 * and writes text.  The event loop reads bodies, starts threads and sends.
 */

#ifndef NGX_HTTP_STRANGLER_API_H
#define NGX_HTTP_STRANGLER_API_H

#include "ngx_http_strangler.h"

#include "fig_flip.h"
#include "fig_json.h"
#include "fig_json_write.h"


#define NGX_HTTP_STRANGLER_PIECE  (64 * 1024)          /* of a long answer */
#define NGX_HTTP_STRANGLER_BODY   (1024 * 1024)
#define NGX_HTTP_STRANGLER_YAML   (32 * 1024 * 1024)   /* of rules */


typedef struct ngx_http_strangler_api_s  ngx_http_strangler_api_t;

typedef void (*ngx_http_strangler_produce_pt)(ngx_http_strangler_api_t *api);


typedef struct {
    ngx_uint_t                      methods;   /* NGX_HTTP_GET... */
    const char                     *path;      /* ends in a slash: and a name */
    ngx_http_strangler_produce_pt   produce;
    unsigned                        writes:1;  /* needs write=on */
    unsigned                        yaml:1;    /* body is YAML */
    unsigned                        events:1;  /* is a stream */
} ngx_http_strangler_endpoint_t;


struct ngx_http_strangler_api_s {
    ngx_http_request_t                   *request;
    ngx_http_strangler_rset_t            *rset;
    ngx_http_strangler_gen_t             *gen;         /* held */
    const ngx_http_strangler_endpoint_t  *endpoint;
    fig_str_t                             name;        /* len 0: none */
    fig_str_t                             actor;
    ngx_uint_t                            write;       /* write=on */
    ngx_event_t                           wait;
    ngx_msec_t                            waited_from;

    /* the thread's, while it runs */

    ngx_thread_task_t                    *task;
    fig_arena_t                          *arena;
    fig_str_t                             body;        /* on the heap, or "" */
    fig_json_out_t                        out;
    fig_problem_t                         problem;
    ngx_uint_t                            status;      /* 0: 200 */
    const char                           *type;        /* NULL: JSON */
    char                                  etag[48];    /* "": none */
    ngx_uint_t                            retry_after; /* s; 0: none */
    ngx_str_t                             allow;       /* len 0: none */
    uint64_t                              cursor;      /* the producer's own */
    void                                 *data;        /* the same, in arena */
    unsigned                              more:1;      /* there is another
                                                          piece to come */
    unsigned                              busy:1;      /* a thread runs */
    unsigned                              sent:1;      /* the header is */
};


/* ngx_http_strangler_api.c */

/* The content handler of its locations. */
ngx_int_t ngx_http_strangler_api_handler(ngx_http_request_t *r);

/* The API's part of a request; NULL: it has none. */
ngx_http_strangler_api_t *ngx_http_strangler_api_get(ngx_http_request_t *r);
char *ngx_http_strangler_api(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);

/* Keeps the worker alive while a thread runs. */
void ngx_http_strangler_api_stay(ngx_http_strangler_api_t *api);

/* ngx_http_strangler_api_check.c: who may do what */

/* NGX_OK, or the problem says why not. */
ngx_int_t ngx_http_strangler_api_check(ngx_http_strangler_api_t *api);

/* A copy of the server's names, those that are regular expressions left out. */
ngx_array_t *ngx_http_strangler_api_names(ngx_conf_t *cf);

/* $remote_user, the TLS subject or the address, in the request's pool. */
ngx_int_t ngx_http_strangler_api_actor(ngx_http_strangler_api_t *api);

/* The value of a header line of the request; len 0: none. */
ngx_str_t ngx_http_strangler_api_header(ngx_http_request_t *r,
    const char *name);

/* ngx_http_strangler_api_answer.c: answers, sent */

/* Starts the thread; the request is done when its answer was sent. */
ngx_int_t ngx_http_strangler_api_run(ngx_http_strangler_api_t *api);

/* Goes on after a thread has run: sends, and runs it again. */
ngx_int_t ngx_http_strangler_api_continue(ngx_http_strangler_api_t *api);

/* Sends what there is: text, or the problem. */
ngx_int_t ngx_http_strangler_api_send(ngx_http_strangler_api_t *api);

/* Lines that every answer has, and those that this one has. */
ngx_int_t ngx_http_strangler_api_headers(ngx_http_strangler_api_t *api);

/* ngx_http_strangler_api_args.c */

ngx_uint_t ngx_http_strangler_api_has_arg(ngx_http_strangler_api_t *api,
    const char *name);

/* A query parameter, unescaped, in the arena; false: it is not given. */
ngx_uint_t ngx_http_strangler_api_arg(ngx_http_strangler_api_t *api,
    const char *name, fig_str_t *value);

/* `limit`, from 1 to 1,000; false with a problem. */
ngx_uint_t ngx_http_strangler_api_limit(ngx_http_strangler_api_t *api,
    uint32_t *limit);

/* ngx_http_strangler_api_answer.c */

/* A copy of the state as of one moment, with an index. */

typedef struct {
    fig_slot_t                           *slots;
    fig_slot_index_t                      index;
    uint64_t                              seq;
    uint32_t                              nleases;
    fig_lease_t                           leases[FIG_STATE_LEASES];
} ngx_http_strangler_view_t;

ngx_int_t ngx_http_strangler_api_view(ngx_http_strangler_api_t *api,
    ngx_http_strangler_view_t *view);
void ngx_http_strangler_api_unview(ngx_http_strangler_view_t *view);

/* Parts of answers. */
void ngx_http_strangler_put_shadow(fig_json_out_t *out,
    const fig_route_t *route, int32_t percent);
void ngx_http_strangler_put_lease(fig_json_out_t *out,
    const ngx_http_strangler_view_t *view, uint64_t seq);

/* ngx_http_strangler_api_counts.c */
void ngx_http_strangler_put_latency(fig_json_out_t *out, const char *key,
    const ngx_http_strangler_duration_t *duration);
void ngx_http_strangler_put_route_counts(ngx_http_strangler_api_t *api,
    const fig_route_t *route);

void ngx_http_strangler_put_name_of(fig_json_out_t *out, const char *key,
    const fig_backend_t *backend);

/* Sets the ETag of what was last changed by this entry. */
void ngx_http_strangler_api_tag(ngx_http_strangler_api_t *api, uint64_t seq);

/* The producers, on a thread. */

/* ngx_http_strangler_api_routes.c */
void ngx_http_strangler_api_routes(ngx_http_strangler_api_t *api);
void ngx_http_strangler_api_route(ngx_http_strangler_api_t *api);

/* ngx_http_strangler_api_backends.c */
void ngx_http_strangler_api_backends(ngx_http_strangler_api_t *api);
void ngx_http_strangler_api_backend(ngx_http_strangler_api_t *api);

/* ngx_http_strangler_api_flips.c */
void ngx_http_strangler_api_patch_route(ngx_http_strangler_api_t *api);
void ngx_http_strangler_api_patch_backend(ngx_http_strangler_api_t *api);
void ngx_http_strangler_api_flips(ngx_http_strangler_api_t *api);
void ngx_http_strangler_api_history(ngx_http_strangler_api_t *api);

/* ngx_http_strangler_api_status.c */
void ngx_http_strangler_api_status(ngx_http_strangler_api_t *api);
void ngx_http_strangler_api_ready(ngx_http_strangler_api_t *api);
void ngx_http_strangler_api_surface(ngx_http_strangler_api_t *api);
void ngx_http_strangler_api_metrics(ngx_http_strangler_api_t *api);
void ngx_http_strangler_api_openapi(ngx_http_strangler_api_t *api);

/* ngx_http_strangler_api_differences.c */
void ngx_http_strangler_api_differences(ngx_http_strangler_api_t *api);
void ngx_http_strangler_api_difference(ngx_http_strangler_api_t *api);

/* A member with a time, in seconds; 0 is null. */
void ngx_http_strangler_put_when(fig_json_out_t *out, const char *key,
    uint64_t seconds);

/* NGX_ERROR with a problem: there is no evidence at all. */
ngx_int_t ngx_http_strangler_evidence_given(ngx_http_strangler_api_t *api);

/* Whether the rules have a route, or there is evidence of it; or a problem. */
ngx_uint_t ngx_http_strangler_differs_known(ngx_http_strangler_api_t *api,
    fig_str_t route);

/* 16 hexadecimal digits; 0: it is no id. */
uint64_t ngx_http_strangler_class_id(fig_str_t text);

/* The problem that there is no class of the name that is asked for. */
void ngx_http_strangler_no_class(ngx_http_strangler_api_t *api);

/* A class, as lists and events have it. */
void ngx_http_strangler_put_class(fig_json_out_t *out,
    const fig_classes_t *classes, const fig_class_t *class, uint64_t now);

/* ngx_http_strangler_api_acknowledge.c */
void ngx_http_strangler_api_acknowledge(ngx_http_strangler_api_t *api);
void ngx_http_strangler_api_forget(ngx_http_strangler_api_t *api);
void ngx_http_strangler_api_forget_route(ngx_http_strangler_api_t *api);

/* ngx_http_strangler_api_ready.c: evidence of a route, as far as it is of what
   is compared now; release the view */
fig_status_t ngx_http_strangler_evidence_view(ngx_http_strangler_rset_t *rset,
    ngx_http_strangler_gen_t *gen, const fig_route_t *route, uint64_t now,
    fig_evidence_view_t *view);

/* The member "readiness" of a route; and what an event has of it. */
void ngx_http_strangler_put_readiness(ngx_http_strangler_api_t *api,
    const fig_route_t *route);
void ngx_http_strangler_put_verdict(fig_json_out_t *out,
    const fig_evidence_view_t *view);

/* ngx_http_strangler_api_explain.c */
void ngx_http_strangler_api_explain(ngx_http_strangler_api_t *api);

/* ngx_http_strangler_api_rules.c */
void ngx_http_strangler_api_rules_check(ngx_http_strangler_api_t *api);

/* ngx_http_strangler_events.c: a stream, on the event loop */
ngx_int_t ngx_http_strangler_events(ngx_http_strangler_api_t *api);


#endif /* NGX_HTTP_STRANGLER_API_H */
