/*
 * Shadow traffic: a sampled request is sent once more, to the side that did not
 * answer, when the client has its answer.
 *
 *     request -> sampled? -> its answer is kept as it goes by
 *                               |
 *     log phase --------------> exchange -> copy, and maybe a probe for noise
 *                               |             a request and a connection of
 *                               |             their own inside the worker
 *     thread <- answers <-------+
 *       compare -> batch -> evidence of the route
 *
 * Nothing of the client's request waits for a copy, and nothing of it is used
 * by one: what a copy needs is taken over before the request is freed.
 */

#ifndef NGX_HTTP_STRANGLER_SHADOW_H
#define NGX_HTTP_STRANGLER_SHADOW_H

#include "ngx_http_strangler.h"


/* A copy may be dropped; then this is why.  Also rows of metrics. */

typedef enum {
    NGX_HTTP_STRANGLER_DROP_RATE = 0,  /* per_second */
    NGX_HTTP_STRANGLER_DROP_IN_FLIGHT,
    NGX_HTTP_STRANGLER_DROP_BODY,      /* of the request: too large, or gone */
    NGX_HTTP_STRANGLER_DROP_MEMORY,    /* too many answers are kept */
    NGX_HTTP_STRANGLER_DROP_CONNECTIONS,
    NGX_HTTP_STRANGLER_DROP_QUEUE,     /* of what is to be compared */
    NGX_HTTP_STRANGLER_DROP_EXITING,
    NGX_HTTP_STRANGLER_DROP_ERROR,
    NGX_HTTP_STRANGLER_DROPS
} ngx_http_strangler_drop_e;


/* What is known of the shadow of a request; dropped ones are after SENT. */

typedef enum {
    NGX_HTTP_STRANGLER_UNSHADOWED = 0,
    NGX_HTTP_STRANGLER_SAMPLED,
    NGX_HTTP_STRANGLER_SENT,
    NGX_HTTP_STRANGLER_DROPPED
} ngx_http_strangler_shadow_e;


#define NGX_HTTP_STRANGLER_PAIR_OUTCOMES  5    /* of fig_outcome_t */


/* Counts of a route's copies, all with atomic operations. */

struct ngx_http_strangler_shadow_row_s {
    ngx_atomic_t                   window;     /* second << 32 | copies */
    ngx_atomic_t                   unanswered; /* in a row */
    ngx_atomic_t                   last;       /* ms, when it was wary */
    ngx_atomic_t                   sent[NGX_HTTP_STRANGLER_SIDES];
    ngx_atomic_t                   probes;
    ngx_atomic_t                   dropped[NGX_HTTP_STRANGLER_DROPS];
    ngx_atomic_t                   outcomes[NGX_HTTP_STRANGLER_PAIR_OUTCOMES];
    ngx_atomic_t                   in_flight[1];       /* by seat, and one more
                                                          is anybody's */
};


typedef struct {
    uint64_t                       sent[NGX_HTTP_STRANGLER_SIDES];
    uint64_t                       probes;
    uint64_t                       dropped[NGX_HTTP_STRANGLER_DROPS];
    uint64_t                       outcomes[NGX_HTTP_STRANGLER_PAIR_OUTCOMES];
    uint64_t                       in_flight;
} ngx_http_strangler_shadow_sums_t;


/* The bytes of an answer, in blocks; zeroed: none. */

typedef struct ngx_http_strangler_block_s  ngx_http_strangler_block_t;

typedef struct {
    ngx_http_strangler_block_t    *first;
    ngx_http_strangler_block_t    *last;
    size_t                         len;
    size_t                         free;       /* bytes in the last one */
} ngx_http_strangler_body_t;


/* What is kept of an answer. */

typedef struct {
    ngx_uint_t                     status;     /* 0: there was none */
    ngx_array_t                    fields;     /* of fig_answer_field_t */
    ngx_http_strangler_body_t      body;
    ngx_msec_t                     ms;         /* until its end; -1: not
                                                  known */
    ngx_str_t                      authority;  /* of the server */
    ngx_str_t                      version;    /* of the build; len 0: none */
    unsigned                       versioned:1;        /* it is to name its
                                                          build */
    unsigned                       complete:1;
    unsigned                       over:1;     /* more than is kept */
    unsigned                       failed:1;   /* we could not keep it */
} ngx_http_strangler_kept_t;


typedef enum {
    NGX_HTTP_STRANGLER_PRIMARY = 0,    /* what the client got */
    NGX_HTTP_STRANGLER_COPY,
    NGX_HTTP_STRANGLER_PROBE,          /* the old side once more */
    NGX_HTTP_STRANGLER_ANSWERS
} ngx_http_strangler_answer_e;


/* A request, and the answers to it that are to be compared. */

struct ngx_http_strangler_exchange_s {
    ngx_queue_t                    queue;
    ngx_pool_t                    *pool;       /* its own */
    ngx_http_strangler_rset_t     *rset;
    ngx_http_strangler_gen_t      *gen;        /* held */
    const fig_route_t             *route;
    const fig_comparer_t          *comparer;   /* NULL: nothing is compared */
    ngx_http_strangler_slot_t     *slot;
    void                         **loc_conf;   /* of the location */
    const fig_backend_t           *to;         /* of the copy */
    fig_side_t                     side;       /* the same */
    size_t                         max_body;   /* of an answer */
    ngx_uint_t                     refs;       /* the request, copies */
    ngx_str_t                      name;       /* "GET /a/b" */
    ngx_str_t                      id;         /* of the request */
    ngx_str_t                      host;
    uint64_t                       fingerprint;
    time_t                         time;
    unsigned                       valid_unparsed_uri:1;
    unsigned                       copied:1;
    unsigned                       probed:1;

    ngx_http_strangler_kept_t      answers[NGX_HTTP_STRANGLER_ANSWERS];
};


/* A copy: the request, its connection and what it is answered with. */

struct ngx_http_strangler_copy_s {
    ngx_http_strangler_exchange_t *exchange;
    ngx_http_strangler_kept_t     *kept;
    ngx_connection_t              *connection;
    ngx_http_request_t            *request;
    ngx_http_strangler_slot_t     *slot;       /* in flight; NULL: not */
    const fig_backend_t           *backend;
    fig_side_t                     side;
    ngx_event_t                    start;
    ngx_event_t                    deadline;
    ngx_http_connection_t          hc;
    ngx_http_log_ctx_t             log_ctx;
    ngx_log_t                      log;
};


/* ngx_http_strangler_shadow.c: which requests are copied */

/* Adds the handler of the log phase, before that of the access log. */
ngx_int_t ngx_http_strangler_shadow_init(ngx_conf_t *cf);

/* Before a request of such a route is sent: whether it is to be copied. */
void ngx_http_strangler_sample(ngx_http_strangler_ctx_t *ctx);

/* Whether the request says that it is a copy, and whether to believe it. */
void ngx_http_strangler_read_marker(ngx_http_strangler_ctx_t *ctx);

/* "dropped_rate", "sent" ...; len 0: it is not copied */
ngx_str_t ngx_http_strangler_shadow_name(ngx_http_strangler_ctx_t *ctx);

/* ngx_http_strangler_shadow_count.c */

extern const char *const
    ngx_http_strangler_drops[NGX_HTTP_STRANGLER_DROPS];

/* Bytes of a row. */
size_t ngx_http_strangler_shadow_row_size(ngx_http_strangler_count_t *count);

void ngx_http_strangler_count_drop(ngx_http_strangler_slot_t *slot,
    ngx_http_strangler_drop_e drop);

/* Whether one more copy may be made in this second, and counts it. */
ngx_uint_t ngx_http_strangler_shadow_rate(ngx_http_strangler_slot_t *slot,
    ngx_uint_t per_second);

/* Copies of all workers now. */
ngx_uint_t ngx_http_strangler_shadow_in_flight(
    ngx_http_strangler_count_t *count, ngx_http_strangler_slot_t *slot);

/* A copy has ended, with a whole answer or without. */
void ngx_http_strangler_shadow_answered(ngx_http_strangler_slot_t *slot,
    ngx_uint_t answered);

void ngx_http_strangler_shadow_enter(ngx_http_strangler_counter_t *counter,
    ngx_http_strangler_slot_t *slot, ngx_atomic_int_t n);

/* slot may be NULL; false: no copies are made of this route. */
ngx_uint_t ngx_http_strangler_count_shadow(ngx_http_strangler_count_t *count,
    const ngx_http_strangler_slot_t *slot,
    ngx_http_strangler_shadow_sums_t *sums);

/* ngx_http_strangler_capture.c: answers that go by */
ngx_int_t ngx_http_strangler_capture_init(ngx_conf_t *cf);

/* Looks at the head of an answer; true when it is that of a copy. */
ngx_uint_t ngx_http_strangler_capture_head(ngx_http_request_t *r,
    ngx_http_strangler_ctx_t *ctx);

/* ngx_http_strangler_copy.c: the request that is sent once more */

/*
 * Makes a copy of the request, which is at its end, and lets it start soon;
 * its answer goes to that place of the exchange.  NGX_DECLINED: *drop says why
 * there is none.
 */
ngx_int_t ngx_http_strangler_copy_create(ngx_http_strangler_ctx_t *ctx,
    ngx_http_strangler_answer_e answer, const fig_backend_t *backend,
    fig_side_t side, ngx_http_strangler_drop_e *drop);

/* The upstream module has ended its request, with this code. */
void ngx_http_strangler_copy_ended(ngx_http_strangler_copy_t *copy,
    ngx_int_t rc);

/* The copy whose connection this is, or NULL. */
ngx_http_strangler_copy_t *ngx_http_strangler_copy_of(ngx_connection_t *c);

/* ngx_http_strangler_copy_request.c: what is in it */

/* Copies a string, with a NUL behind it, as nginx's parsers leave it. */
ngx_int_t ngx_http_strangler_take(ngx_pool_t *pool, ngx_str_t *to,
    const ngx_str_t *from);

/* Header lines and body; NGX_DECLINED: the body is not there. */
ngx_int_t ngx_http_strangler_copy_request(ngx_http_strangler_ctx_t *ctx,
    ngx_http_strangler_copy_t *copy);

/* What evidence says of the request; once for an exchange. */
ngx_int_t ngx_http_strangler_name_exchange(ngx_http_strangler_ctx_t *ctx,
    ngx_str_t *body);

/* ngx_http_strangler_copy_lines.c: its header lines */

/* Whether a name is in a list, which ends in an empty one. */
ngx_uint_t ngx_http_strangler_is_in(ngx_str_t *name, ngx_str_t *list);

ngx_int_t ngx_http_strangler_copy_head(ngx_http_request_t *client,
    ngx_http_request_t *r, const fig_shadow_t *shadow, ngx_str_t *id);

/* ngx_http_strangler_copy_variables.c: what the client's request knows */
ngx_int_t ngx_http_strangler_copy_variables(ngx_http_request_t *client,
    ngx_http_request_t *r, ngx_pool_t *pool);

/* ngx_http_strangler_exchange.c: answers that belong together */

ngx_http_strangler_exchange_t *ngx_http_strangler_exchange_create(
    ngx_http_strangler_ctx_t *ctx);

/* Keeps some bytes of a body; what is over the limit is not. */
void ngx_http_strangler_keep_body(ngx_http_strangler_exchange_t *exchange,
    ngx_http_strangler_kept_t *kept, u_char *data, size_t len);

/* How long the answer took, from connecting to its end. */
void ngx_http_strangler_keep_time(ngx_http_strangler_kept_t *kept,
    ngx_http_upstream_t *u);

/*
 * An answer as the comparison wants it, partly borrowed and partly in the
 * arena; any thread.  FIG_NOMEM: there is no room for it.
 */
fig_status_t ngx_http_strangler_answer(const ngx_http_strangler_kept_t *kept,
    fig_arena_t *arena, fig_answer_t *answer);

/* Bytes of all its bodies. */
size_t ngx_http_strangler_exchange_size(
    const ngx_http_strangler_exchange_t *exchange);

/* The builds that answered, as one number; 0: one did not say its name. */
uint64_t ngx_http_strangler_versions(const ngx_http_strangler_kept_t *a,
    const ngx_http_strangler_kept_t *b);

/* Of the last one the answers are compared. */
void ngx_http_strangler_exchange_release(
    ngx_http_strangler_exchange_t *exchange);
void ngx_http_strangler_exchange_destroy(
    ngx_http_strangler_exchange_t *exchange);

/* ngx_http_strangler_blocks.c: the bodies of answers */

/* Adds bytes; NGX_ERROR: this process keeps as much as it may, or can. */
ngx_int_t ngx_http_strangler_body_add(ngx_http_strangler_body_t *body,
    u_char *data, size_t len);

/* All of it in one piece, its own or the arena's; any thread. */
fig_status_t ngx_http_strangler_body_read(
    const ngx_http_strangler_body_t *body, fig_arena_t *arena,
    fig_str_t *str);

/* Its blocks are for others now; it is empty. */
void ngx_http_strangler_body_free(ngx_http_strangler_body_t *body);

/* Whether this process keeps as much as it may. */
ngx_uint_t ngx_http_strangler_is_full(void);

/* ngx_http_strangler_learn.c: comparing, on a thread */

/* The pool that it is done on, unless the rule set names another. */
#define NGX_HTTP_STRANGLER_COMPARERS  "strangler_compare"

ngx_int_t ngx_http_strangler_learn_start(ngx_http_strangler_rset_t *rset,
    ngx_cycle_t *cycle);
void ngx_http_strangler_learn_stop(ngx_http_strangler_rset_t *rset);

/* The exchange is the learner's then. */
void ngx_http_strangler_learn(ngx_http_strangler_exchange_t *exchange);


/* Whether requests of the route are copied at all; most are not. */

static ngx_inline ngx_uint_t
ngx_http_strangler_is_shadowed(ngx_http_strangler_ctx_t *ctx)
{
    const fig_route_t  *route;

    route = ctx->decision.route;

    return route && ctx->gen->settings[route->index].shadow_percent > 0;
}


#endif /* NGX_HTTP_STRANGLER_SHADOW_H */
