/*
 * What the files of the glue share; private to module/.
 *
 *     rule set (one per strangler_rules, per configuration)
 *       zone -> shared memory: bytes of the newest rules, their generation
 *       generation (one in force, older ones while requests hold them)
 *         fig_ruleset_t
 *         backends[] -> peers[] (resolved addresses)
 *                    -> pool    (idle connections, outlives generations)
 *
 *     request -> ctx -> generation, decision, backend and peer of this try
 *
 * A worker has one event loop and no other thread touches a generation once
 * it is in force, so that nothing here needs a lock or an atomic.
 */

#ifndef NGX_HTTP_STRANGLER_H
#define NGX_HTTP_STRANGLER_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "fig_arena.h"
#include "fig_balance.h"
#include "fig_comparing.h"
#include "fig_evidence.h"
#include "fig_path.h"
#include "fig_rules.h"
#include "fig_flip.h"

#include "ngx_http_strangler_count.h"


typedef struct ngx_http_strangler_rset_s     ngx_http_strangler_rset_t;
typedef struct ngx_http_strangler_gen_s      ngx_http_strangler_gen_t;
typedef struct ngx_http_strangler_shared_s   ngx_http_strangler_shared_t;
typedef struct ngx_http_strangler_reload_s   ngx_http_strangler_reload_t;
typedef struct ngx_http_strangler_keep_s     ngx_http_strangler_keep_t;
typedef struct ngx_http_strangler_hub_s      ngx_http_strangler_hub_t;
typedef struct ngx_http_strangler_learner_s  ngx_http_strangler_learner_t;
typedef struct ngx_http_strangler_exchange_s  ngx_http_strangler_exchange_t;
typedef struct ngx_http_strangler_copy_s     ngx_http_strangler_copy_t;


typedef struct ngx_http_strangler_retry_s    ngx_http_strangler_retry_t;
typedef struct ngx_http_strangler_backend_s  ngx_http_strangler_backend_t;
typedef struct ngx_http_strangler_variant_s  ngx_http_strangler_variant_t;


/*
 * What outlives the generations that name a backend: its idle connections, see
 * ngx_http_strangler_pool.c, and how its servers stand.
 */

typedef struct {
    ngx_queue_t                   queue;       /* of the rule set's pools */
    ngx_str_t                     name;        /* the backend's, owned */
    ngx_queue_t                   idle;        /* most recent first */
    ngx_queue_t                   unused;
    ngx_queue_t                   standings;   /* of the backend's servers */
    ngx_uint_t                    nidle;
    ngx_uint_t                    max_idle;
    ngx_uint_t                    max_requests;        /* per connection */
    ngx_msec_t                    timeout;
    ngx_uint_t                    generation;  /* the last that named it */
} ngx_http_strangler_pool_t;


#define NGX_HTTP_STRANGLER_TLS_NAME  256


/* One resolved address of a backend. */

typedef struct {
    const fig_server_t           *server;
    struct sockaddr              *sockaddr;
    socklen_t                     socklen;
    ngx_str_t                     name;        /* for $upstream_addr */
    fig_standing_t               *standing;    /* shared, once in force */
    fig_standing_t                own;
#if (NGX_HTTP_SSL)
    ngx_ssl_session_t            *session;     /* NULL: none yet */
    uint64_t                      session_id;  /* settings it was made with */
    size_t                        session_name_len;
    u_char                        session_name[NGX_HTTP_STRANGLER_TLS_NAME];
#endif
} ngx_http_strangler_peer_t;


#if (NGX_HTTP_SSL)

typedef struct {
    ngx_ssl_t                    *ssl;         /* NULL: the location's */
    uint64_t                      id;          /* of what it was made from */
    unsigned                      verify:1;
} ngx_http_strangler_tls_t;

#endif


struct ngx_http_strangler_backend_s {
    const fig_backend_t          *conf;
    ngx_http_strangler_peer_t    *peers;
    ngx_uint_t                    npeers;
    fig_balance_t                 balance;     /* over the peers */
    ngx_http_strangler_pool_t    *pool;        /* NULL until in force */
    ngx_http_strangler_variant_t *variants;    /* the last used one first */
    uint64_t                      guard_key;
    fig_breaker_conf_t            breaker[2][2];       /* without a fallback,
                                                  with; of a route, of
                                                  connections */
#if (NGX_HTTP_SSL)
    ngx_http_strangler_tls_t      tls;
#endif
};


/*
 * A clone of a location's upstream configuration with a try's own timeouts
 * and TLS; see ngx_http_strangler_variant().
 */

struct ngx_http_strangler_variant_s {
    ngx_http_strangler_variant_t  *next;       /* of the same backend */
    ngx_http_upstream_conf_t      *base;
    ngx_http_strangler_backend_t  *backend;
    ngx_msec_t                     connect;
    ngx_msec_t                     send;
    ngx_msec_t                     read;
    ngx_uint_t                     copy;       /* for copies of requests */
    ngx_http_upstream_conf_t       conf;
};


struct ngx_http_strangler_gen_s {
    ngx_http_strangler_gen_t      *next;       /* of those that are over */
    ngx_queue_t                    queue;      /* of those that are held */
    ngx_http_strangler_rset_t     *rset;
    ngx_uint_t                     number;
    ngx_uint_t                     refs;       /* requests, and one while in
                                                  force */
    fig_ruleset_t                 *ruleset;
    fig_comparing_t               *comparing;
    const fig_model_t             *model;
    fig_arena_t                   *arena;      /* of the backends */
    ngx_http_strangler_backend_t  *backends;   /* by the model's index */
    time_t                        *limit_logged;       /* by route's index */
    ngx_pool_t                    *pool;       /* of variants; NULL: none */

    /* what is in force, as of that number of the image */

    uint64_t                       checksum;   /* of the files */
    uint64_t                       live_seq;
    uint64_t                       live_epoch;
    ngx_msec_t                     live_again; /* not to be tried before */
    fig_setting_t                 *settings;   /* by route's index */
    uint8_t                       *drained;    /* by backend's index */
    ngx_uint_t                     ndrained;
    fig_in_force_t                 in_force;

    /* Counters by the model's index, of which each may be NULL; NULL as long
       as nothing is counted. */

    ngx_http_strangler_slot_t    **route_slots;
    ngx_http_strangler_slot_t    **backend_slots;
};


struct ngx_http_strangler_rset_s {
    ngx_str_t                      name;
    ngx_str_t                      file;       /* absolute, with a NUL */
    ngx_str_t                      state;      /* directory; len 0: none */
    ngx_str_t                      threads;
    size_t                         size;       /* of the zone */
    ngx_msec_t                     poll;
    ngx_uint_t                     declared;   /* by strangler_rules */
    u_char                        *conf_file;  /* where it was first named */
    ngx_uint_t                     conf_line;
    ngx_shm_zone_t                *zone;
    ngx_http_upstream_srv_conf_t  *upstream;
    ngx_uid_t                      user;       /* workers run as these */
    ngx_gid_t                      group;

    ngx_http_strangler_shared_t   *shared;
    ngx_http_strangler_gen_t      *gen;        /* in force here; NULL: none */
    ngx_queue_t                    held;       /* by requests or in force, the
                                                  oldest first */
    ngx_http_strangler_count_t    *count;      /* in the zone */
    ngx_http_strangler_counter_t   counter;    /* workers only */
    ngx_queue_t                    pools;
    fig_store_t                   *store;      /* NULL: no state directory */
    fig_evidence_t                *evidence;   /* the same */
    ngx_http_strangler_keep_t     *keep;       /* workers only */
    ngx_http_strangler_hub_t      *hub;        /* of events; NULL: none yet */
    ngx_http_strangler_learner_t  *learner;    /* workers only */
    ngx_http_strangler_reload_t   *reload;     /* workers only */
#if (NGX_THREADS)
    ngx_thread_pool_t             *thread_pool;        /* NULL: do it here */
#endif
    ngx_cycle_t                   *cycle;      /* that it was configured in */
};


typedef struct {
    ngx_array_t                    rsets;      /* of rset pointers */
    ngx_http_handler_pt            proxy_handler;
#if (NGX_HTTP_SSL)
    X509_STORE                    *system;     /* the system's CAs */
#endif
} ngx_http_strangler_main_conf_t;


/* Lines of strangler_headers. */

#define NGX_HTTP_STRANGLER_HOST         0x01
#define NGX_HTTP_STRANGLER_FOR          0x02
#define NGX_HTTP_STRANGLER_PROTO        0x04
#define NGX_HTTP_STRANGLER_CLIENT_HOST  0x08
#define NGX_HTTP_STRANGLER_UPGRADE      0x10
#define NGX_HTTP_STRANGLER_PREFIX       0x20
#define NGX_HTTP_STRANGLER_LINES        0x3f


typedef struct {
    ngx_http_strangler_rset_t     *rset;
    ngx_http_strangler_rset_t     *api;        /* strangler_api; NULL: none */
    ngx_uint_t                     write;      /* write=on */
    ngx_array_t                   *names;      /* the server's, of ngx_str_t;
                                                  with api only */
    ngx_array_t                   *trusted;    /* of ngx_cidr_t */
    ngx_flag_t                     debug_header;
    ngx_flag_t                     headers;
    ngx_uint_t                     lines;      /* to be sent by us; 0: none */
    ngx_array_t                   *emptied;    /* proxy_set_header lines that
                                                  leave ours to us, or NULL */
} ngx_http_strangler_loc_conf_t;


/* Why a try failed. */

typedef enum {
    NGX_HTTP_STRANGLER_NOT_FAILED = 0,
    NGX_HTTP_STRANGLER_CONNECT,
    NGX_HTTP_STRANGLER_TIMEOUT,
    NGX_HTTP_STRANGLER_INVALID,
    NGX_HTTP_STRANGLER_STATUS,
    NGX_HTTP_STRANGLER_OVERLOAD,       /* it was not asked: no place */
    NGX_HTTP_STRANGLER_BREAKER,        /* the same: its breaker is open */
    NGX_HTTP_STRANGLER_STALE           /* a kept connection had been closed */
} ngx_http_strangler_failure_e;


/* What comes after a failed try. */

typedef enum {
    NGX_HTTP_STRANGLER_END = 0,
    NGX_HTTP_STRANGLER_SAME_PEER,      /* over a new connection */
    NGX_HTTP_STRANGLER_NEXT_PEER,      /* of the same backend */
    NGX_HTTP_STRANGLER_RETRY,          /* the same, perhaps after a wait */
    NGX_HTTP_STRANGLER_FALLBACK
} ngx_http_strangler_plan_e;


/* The header that a copy carries; lower-case. */

#define NGX_HTTP_STRANGLER_MARKER  "x-strangler-shadow"


/* What a request says of itself; read when it is handled. */

typedef enum {
    NGX_HTTP_STRANGLER_UNMARKED = 0,
    NGX_HTTP_STRANGLER_SPOOFED,        /* by somebody who is not trusted */
    NGX_HTTP_STRANGLER_MARKED          /* it is a copy, or comes from one */
} ngx_http_strangler_marker_e;


/* Bytes; longer headers are put into the request's pool. */

#define NGX_HTTP_STRANGLER_ROOM  2048


/*
 * What is known of a request.  Contexts are not taken from the request's pool
 * but used again and again: most requests fit into two blocks of their pool
 * without it, and a third is dear.
 */

typedef struct ngx_http_strangler_ctx_s  ngx_http_strangler_ctx_t;

struct ngx_http_strangler_ctx_s {
    ngx_pool_cleanup_t             cleanup;    /* in the request's pool */
    ngx_http_strangler_ctx_t      *next;       /* of those that are free */

    ngx_http_request_t            *request;
    ngx_http_strangler_gen_t      *gen;        /* held */
    ngx_http_strangler_rset_t     *rset;

    ngx_str_t                      uri;        /* that was decided on */
    ngx_str_t                      args;
    ngx_str_t                      target;     /* to send instead of the raw
                                                  one; len 0: the raw one */

    ngx_http_strangler_backend_t  *backend;    /* of this try */
    ngx_http_strangler_peer_t     *peer;       /* NULL: not chosen yet */
    fig_standing_t                *standing;   /* a try counts there, or NULL */
    uint64_t                       tried;      /* peers that had their try */
    ngx_http_upstream_conf_t      *base;       /* the location's */
    ngx_int_t                    (*process_header)(ngx_http_request_t *r);
    ngx_int_t                    (*reinit_request)(ngx_http_request_t *r);
    void                         (*finalize_request)(ngx_http_request_t *r,
                                     ngx_int_t rc);
    ngx_int_t                      rc;         /* of the upstream's end */
    ngx_http_strangler_slot_t     *trying;     /* in flight; NULL: none is */
    ngx_event_t                   *total;      /* of the route; NULL: none */
    ngx_http_strangler_retry_t    *retry;      /* NULL: none so far */
    ngx_uint_t                     retries;    /* tries at the same backend
                                                  after the first */
    ngx_uint_t                     tries;      /* gets so far */
    ngx_uint_t                     listed_status;      /* of a failed try */
    ngx_uint_t                     status;     /* to answer, when decided; 0 */
    ngx_str_t                      reason;     /* of the fallback */

    ngx_http_strangler_exchange_t *exchange;   /* its answer is kept there;
                                                  NULL: it is not copied */
    ngx_http_strangler_copy_t     *copy;       /* NULL: it is none */
    ngx_uint_t                     shadow;     /* what became of its copy */

    ngx_http_strangler_guard_t    *guards[2];  /* of the route, the backend;
                                                  NULL: nothing to report */
    const fig_breaker_conf_t      *guarded;    /* how they are set */
    fig_breaker_pass_t             passes[2];
    ngx_uint_t                     retry_after;        /* s, if refused */

    ngx_http_strangler_failure_e   failure;    /* of the last failed try */
    ngx_http_strangler_failure_e   refusal;    /* OVERLOAD, BREAKER */
    ngx_http_strangler_plan_e      plan;
    ngx_http_strangler_marker_e    marker;

    unsigned                       http_version:16;    /* of the client */
    unsigned                       resolved:1; /* the raw path is not to be
                                                  sent */
    unsigned                       fell_back:1;
    unsigned                       fresh:1;    /* no kept connection */
    unsigned                       sent:1;     /* a try had some of it */
    unsigned                       expired:1;  /* total time is over */
    unsigned                       failed:1;   /* an internal error */
    unsigned                       handled:1;  /* it came to our handler */
    unsigned                       incomplete:1;       /* the answer was */
    unsigned                       answered:1; /* a head is passed on */
    unsigned                       guest:1;    /* its place is a fallback's */
    unsigned                       refused:1;  /* for want of a place */
    unsigned                       unasked:1;  /* it fell back before a try */

    /* set as a whole by whoever makes them */

    fig_match_t                    match;
    fig_decision_t                 decision;
    fig_request_t                  view;

    u_char                         room[NGX_HTTP_STRANGLER_ROOM];
                                               /* of the header to send */
};


extern ngx_module_t  ngx_http_strangler_module;

/* One scratch a process: an event loop matches one request at a time. */
extern fig_scratch_t  *ngx_http_strangler_scratch;


/* ngx_http_strangler_breaker.c: how a backend's breakers are set */
void ngx_http_strangler_guard_init(ngx_http_strangler_backend_t *backend);

/* ngx_http_strangler_conf.c */

/* The rule set of that name, also where it is declared later. */
ngx_http_strangler_rset_t *ngx_http_strangler_find_rset(ngx_conf_t *cf,
    ngx_str_t *name);
char *ngx_http_strangler_rules(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_strangler_pass(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_strangler_trust(ngx_conf_t *cf, ngx_command_t *cmd, void *conf);
char *ngx_http_strangler_headers(ngx_conf_t *cf, ngx_command_t *cmd,
    void *conf);
void ngx_http_strangler_merge_headers(ngx_conf_t *cf,
    ngx_http_strangler_loc_conf_t *prev, ngx_http_strangler_loc_conf_t *conf);

/* ngx_http_strangler_handler.c */
ngx_int_t ngx_http_strangler_handler(ngx_http_request_t *r);

/* ngx_http_strangler_request.c: decisions, kept with their request */

/*
 * The request's decision; made now when there is none yet or when the request
 * has been given another URI since.  NULL: no rules serve this location, or
 * memory is out.
 */
ngx_http_strangler_ctx_t *ngx_http_strangler_decide(ngx_http_request_t *r);

/* After an internal error: decides anew, for the default or for ctx->status. */
void ngx_http_strangler_default(ngx_http_strangler_ctx_t *ctx);

/* The decision that was made, or NULL. */
ngx_http_strangler_ctx_t *ngx_http_strangler_get_ctx(ngx_http_request_t *r);

/* The last decision by which this request was handled, or NULL. */
ngx_http_strangler_ctx_t *ngx_http_strangler_get_handled_ctx(
    ngx_http_request_t *r);

/*
 * Finds what to send as the request's target to a side, in ctx->target; left
 * empty where the bytes that came are to be sent.
 */
ngx_int_t ngx_http_strangler_target(ngx_http_strangler_ctx_t *ctx,
    fig_side_t side);

/* Seeds the random numbers of this process; 64 bits of them. */
void ngx_http_strangler_seed(void);
uint64_t ngx_http_strangler_random(void);

/*
 * A decision for a copy of the request: the same, but for the backend and the
 * side.  It holds the same generation.
 */
ngx_http_strangler_ctx_t *ngx_http_strangler_copy_ctx(
    ngx_http_strangler_ctx_t *from, ngx_http_request_t *r,
    const fig_backend_t *backend, fig_side_t side);

/* ngx_http_strangler_view.c: the request as the rules see it */

/* Shows the header lines and the address; sets ctx->failed without memory. */
void ngx_http_strangler_fill(fig_request_t *view);

/*
 * Finds the normalised path.  ctx->status is set where there is none, and
 * ctx->resolved where the bytes that came are not to be sent on.
 */
ngx_int_t ngx_http_strangler_path(ngx_http_request_t *r,
    ngx_http_strangler_ctx_t *ctx);

/* Whether strangler_trusted has the client's address. */
ngx_uint_t ngx_http_strangler_is_trusted(ngx_http_request_t *r);

/* The first line of that name, lower-case; NULL when there is none. */
ngx_table_elt_t *ngx_http_strangler_find_header(ngx_http_request_t *r,
    const char *name, size_t len);

/* Whether the client's host is a name and a port, and nothing else. */
ngx_uint_t ngx_http_strangler_is_host(ngx_http_request_t *r);

/* The scheme that the client used, as far as it is known here. */
ngx_str_t ngx_http_strangler_scheme(ngx_http_request_t *r);

/* The host that the client asked for, as far as it is known here. */
ngx_str_t ngx_http_strangler_forwarded_host(ngx_http_request_t *r);

/* Host and port as the client sent them; len 0 when it sent none. */
ngx_str_t ngx_http_strangler_client_host(ngx_http_request_t *r);

/* ngx_http_strangler_failure.c: failed tries */

/* Sets failure and plan after a try that failed. */
void ngx_http_strangler_judge(ngx_http_strangler_ctx_t *ctx,
    ngx_peer_connection_t *pc, ngx_http_upstream_t *u);

/* Whether a fallback is there and was not used. */
ngx_uint_t ngx_http_strangler_has_fallback(ngx_http_strangler_ctx_t *ctx);

/* Whether it is open to this request once bytes were sent. */
ngx_uint_t ngx_http_strangler_may_resend(ngx_http_strangler_ctx_t *ctx);

/* Whether a second time does what once does (RFC 9110, 9.2.2). */
ngx_uint_t ngx_http_strangler_is_idempotent(ngx_http_strangler_ctx_t *ctx);

/* Whether a list has that failure; status is that of the answer. */
ngx_uint_t ngx_http_strangler_is_listed(const fig_when_t *when,
    ngx_http_strangler_failure_e failure, ngx_uint_t status);

/* Whether a try that was not judged ended within the body of its answer. */
ngx_uint_t ngx_http_strangler_is_incomplete(ngx_http_strangler_ctx_t *ctx,
    ngx_http_upstream_t *u);

const char *ngx_http_strangler_failure_name(
    ngx_http_strangler_failure_e failure);

/* ngx_http_strangler_answer.c: the head of an answer */

/* Begins to look at heads before the upstream module does. */
void ngx_http_strangler_watch_answer(ngx_http_strangler_ctx_t *ctx,
    ngx_http_upstream_t *u);

/*
 * Before another try: forgets bytes that came before the request was sent,
 * which nginx would read as the beginning of the next answer.
 */
ngx_int_t ngx_http_strangler_forget_answer(ngx_http_strangler_ctx_t *ctx);

/* Gives $upstream_status what the backend of the last try really said. */
void ngx_http_strangler_restore_status(ngx_http_strangler_ctx_t *ctx);

/* ngx_http_strangler_peer.c: the load balancer of every rule set */
ngx_int_t ngx_http_strangler_init_upstream(ngx_conf_t *cf,
    ngx_http_upstream_srv_conf_t *us);

/* ngx_http_strangler_filter.c */
ngx_int_t ngx_http_strangler_filter_init(ngx_conf_t *cf);

/* ngx_http_strangler_variables.c */
ngx_int_t ngx_http_strangler_add_variables(ngx_conf_t *cf);

/* ngx_http_strangler_generation.c */

/*
 * Compiles files into a generation.  Blocking; any thread: it uses no nginx
 * pool and no event.  FIG_INVALID with diagnostics, also for names that cannot
 * be resolved.
 */
fig_status_t ngx_http_strangler_gen_create(const fig_files_t *files,
    ngx_http_strangler_gen_t **gen, fig_diags_t *diags);
void ngx_http_strangler_gen_destroy(ngx_http_strangler_gen_t *gen);

/* Puts gen in force for this process; the event loop's thread. */
ngx_int_t ngx_http_strangler_gen_install(ngx_http_strangler_rset_t *rset,
    ngx_http_strangler_gen_t *gen, ngx_uint_t number);

void ngx_http_strangler_gen_release(ngx_http_strangler_gen_t *gen);

/*
 * The location's configuration with what key asks for; key's next and conf are
 * not looked at.  NULL when memory is out.
 */
ngx_http_upstream_conf_t *ngx_http_strangler_variant(
    ngx_http_strangler_gen_t *gen, const ngx_http_strangler_variant_t *key);

/* ngx_http_strangler_state.c: the state directory; blocking, any thread */
ngx_int_t ngx_http_strangler_state_init(ngx_http_strangler_rset_t *rset,
    ngx_log_t *log);
ngx_int_t ngx_http_strangler_state_save(ngx_http_strangler_rset_t *rset,
    const fig_files_t *files, ngx_log_t *log);
fig_status_t ngx_http_strangler_state_load(ngx_http_strangler_rset_t *rset,
    fig_files_t **files);

/* ngx_http_strangler_reload.c */
ngx_int_t ngx_http_strangler_reload_start(ngx_http_strangler_rset_t *rset,
    ngx_cycle_t *cycle);
void ngx_http_strangler_reload_stop(ngx_http_strangler_rset_t *rset);

/* Frees a generation that nobody holds any more, off the event loop. */
void ngx_http_strangler_reload_discard(ngx_http_strangler_gen_t *gen);


static ngx_inline ngx_str_t
ngx_http_strangler_str(fig_str_t str)
{
    ngx_str_t  s;

    s.len = str.len;
    s.data = (u_char *) str.data;

    return s;
}


static ngx_inline fig_str_t
ngx_http_strangler_fig(ngx_str_t str)
{
    return fig_str((const char *) str.data, str.len);
}


#include "ngx_http_strangler_balance.h"
#include "ngx_http_strangler_forward.h"
#include "ngx_http_strangler_pool.h"
#include "ngx_http_strangler_retry.h"
#include "ngx_http_strangler_zone.h"
#include "ngx_http_strangler_live.h"


#endif /* NGX_HTTP_STRANGLER_H */
