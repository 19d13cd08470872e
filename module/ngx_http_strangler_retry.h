/*
 * `retry`: further tries at the new side, before the fallback.
 *
 *     plan -> wait -> the next try -> an answer, or a failure: plan ...
 *
 * Who waits or is under way has a share of the backend's budget.
 */

#ifndef NGX_HTTP_STRANGLER_RETRY_H
#define NGX_HTTP_STRANGLER_RETRY_H

#include "ngx_http_strangler.h"


/* Further tries by `retry`; made with the first. */

struct ngx_http_strangler_retry_s {
    ngx_event_t                    timer;      /* of the wait */
    ngx_http_strangler_slot_t     *slot;       /* of whose budget it has a
                                                  share; NULL: of none */
    ngx_uint_t                     attempts;   /* so far */
    ngx_msec_t                     wait;       /* before the next; 0: none */
    ngx_uint_t                     status;     /* of the try before the wait */
    unsigned                       planned:1;  /* there is a next */
    unsigned                       waiting:1;
};


/*
 * Whether this failure is followed by a retry, which then is planned and has
 * its share of the budget.  An answer is asked about before it is a failure.
 */
ngx_uint_t ngx_http_strangler_plan_retry(ngx_http_strangler_ctx_t *ctx,
    ngx_http_strangler_failure_e failure, ngx_uint_t status);

/* Before the next try: NGX_AGAIN, and what to wait for in pc, or NGX_OK. */
ngx_int_t ngx_http_strangler_wait(ngx_http_strangler_ctx_t *ctx,
    ngx_peer_connection_t *pc);

ngx_uint_t ngx_http_strangler_is_waiting(ngx_http_strangler_ctx_t *ctx);

/* The retry under way is over, or has an answer. */
void ngx_http_strangler_leave_budget(ngx_http_strangler_ctx_t *ctx);

/* The request is over. */
void ngx_http_strangler_stop_retry(ngx_http_strangler_ctx_t *ctx);

/* On which nothing ever comes, for connections that are none; -1: failed. */
ngx_socket_t ngx_http_strangler_silent_socket(ngx_log_t *log);


#endif /* NGX_HTTP_STRANGLER_RETRY_H */
