/*
 * The metrics of a rule set as text, in pieces.
 *
 *     init -> write -> NGX_AGAIN, a piece in the buffer -> write -> ... NGX_OK
 *
 * Writing uses no nginx pool and no event, so that it may run on a thread, one
 * at a time.  The generation is held by the caller, and with it the names.
 */

#ifndef NGX_HTTP_STRANGLER_METRICS_H
#define NGX_HTTP_STRANGLER_METRICS_H

#include "ngx_http_strangler.h"

#include "fig_buffer.h"


#ifndef NGX_HTTP_STRANGLER_VERSION
#define NGX_HTTP_STRANGLER_VERSION  "0.1.0"
#endif


typedef enum {
    NGX_HTTP_STRANGLER_BOTH = 0,       /* OpenMetrics that also older parsers
                                          of Prometheus' text understand */
    NGX_HTTP_STRANGLER_OPENMETRICS,    /* 1.0, with types of counters */
    NGX_HTTP_STRANGLER_TEXT            /* Prometheus' text 0.0.4 */
} ngx_http_strangler_format_e;


typedef struct {
    ngx_http_strangler_rset_t     *rset;
    ngx_http_strangler_gen_t      *gen;
    const fig_in_force_t          *in_force;   /* NULL: as in the file */
    ngx_http_strangler_format_e    format;

    ngx_uint_t                     family;     /* where to go on; private */
    ngx_uint_t                     index;
    fig_buffer_t                  *out;
} ngx_http_strangler_metrics_t;


/* What a client that sent this Accept header (len 0: none) is to be given. */
ngx_http_strangler_format_e ngx_http_strangler_metrics_format(
    ngx_str_t accept);

/* The Content-Type of a format. */
ngx_str_t ngx_http_strangler_metrics_type(ngx_http_strangler_format_e format);

/* in_force, which may be set after this, must stay as long as gen. */
void ngx_http_strangler_metrics_init(ngx_http_strangler_metrics_t *metrics,
    ngx_http_strangler_rset_t *rset, ngx_http_strangler_gen_t *gen,
    ngx_http_strangler_format_e format);

/*
 * Appends about size bytes to out, or all that is left: NGX_AGAIN while there
 * is more, NGX_OK after the last piece, NGX_ERROR when memory is out.
 */
ngx_int_t ngx_http_strangler_metrics_write(
    ngx_http_strangler_metrics_t *metrics, fig_buffer_t *out, size_t size);

/* Stage and share in force of a route. */
fig_setting_t ngx_http_strangler_setting(const fig_route_t *route,
    const fig_in_force_t *in_force);

/* The rest is between the files that make them. */

typedef void (*ngx_http_strangler_line_pt)(ngx_http_strangler_metrics_t *m,
    ngx_uint_t i);

void ngx_http_strangler_write_build(ngx_http_strangler_metrics_t *m,
    ngx_uint_t i);
void ngx_http_strangler_write_generation(ngx_http_strangler_metrics_t *m,
    ngx_uint_t i);
void ngx_http_strangler_write_workers(ngx_http_strangler_metrics_t *m,
    ngx_uint_t i);
void ngx_http_strangler_write_behind(ngx_http_strangler_metrics_t *m,
    ngx_uint_t i);
void ngx_http_strangler_write_loads(ngx_http_strangler_metrics_t *m,
    ngx_uint_t i);
void ngx_http_strangler_write_invalid(ngx_http_strangler_metrics_t *m,
    ngx_uint_t i);
void ngx_http_strangler_write_flips(ngx_http_strangler_metrics_t *m,
    ngx_uint_t i);
void ngx_http_strangler_write_drift(ngx_http_strangler_metrics_t *m,
    ngx_uint_t i);
void ngx_http_strangler_write_lost(ngx_http_strangler_metrics_t *m,
    ngx_uint_t i);
void ngx_http_strangler_write_stages(ngx_http_strangler_metrics_t *m,
    ngx_uint_t i);
void ngx_http_strangler_write_info(ngx_http_strangler_metrics_t *m,
    ngx_uint_t i);
void ngx_http_strangler_write_share(ngx_http_strangler_metrics_t *m,
    ngx_uint_t i);
void ngx_http_strangler_write_requests(ngx_http_strangler_metrics_t *m,
    ngx_uint_t i);
void ngx_http_strangler_write_limits(ngx_http_strangler_metrics_t *m,
    ngx_uint_t i);
void ngx_http_strangler_write_duration(ngx_http_strangler_metrics_t *m,
    ngx_uint_t i);

/* ngx_http_strangler_metrics_failures.c */
void ngx_http_strangler_write_fallbacks(ngx_http_strangler_metrics_t *m,
    ngx_uint_t i);
void ngx_http_strangler_write_retries(ngx_http_strangler_metrics_t *m,
    ngx_uint_t i);
void ngx_http_strangler_write_refused(ngx_http_strangler_metrics_t *m,
    ngx_uint_t i);
void ngx_http_strangler_write_retrying(ngx_http_strangler_metrics_t *m,
    ngx_uint_t i);

/* ngx_http_strangler_metrics_shadow.c */
void ngx_http_strangler_write_sent(ngx_http_strangler_metrics_t *m,
    ngx_uint_t i);
void ngx_http_strangler_write_probes(ngx_http_strangler_metrics_t *m,
    ngx_uint_t i);
void ngx_http_strangler_write_dropped(ngx_http_strangler_metrics_t *m,
    ngx_uint_t i);
void ngx_http_strangler_write_compared(ngx_http_strangler_metrics_t *m,
    ngx_uint_t i);
void ngx_http_strangler_write_copies(ngx_http_strangler_metrics_t *m,
    ngx_uint_t i);

/* ngx_http_strangler_metrics_evidence.c */
void ngx_http_strangler_write_differences(ngx_http_strangler_metrics_t *m,
    ngx_uint_t i);
void ngx_http_strangler_write_readiness(ngx_http_strangler_metrics_t *m,
    ngx_uint_t i);

/* ngx_http_strangler_metrics_backends.c */
void ngx_http_strangler_write_tries(ngx_http_strangler_metrics_t *m,
    ngx_uint_t i);
void ngx_http_strangler_write_failures(ngx_http_strangler_metrics_t *m,
    ngx_uint_t i);
void ngx_http_strangler_write_in_flight(ngx_http_strangler_metrics_t *m,
    ngx_uint_t i);
void ngx_http_strangler_write_places(ngx_http_strangler_metrics_t *m,
    ngx_uint_t i);
void ngx_http_strangler_write_guests(ngx_http_strangler_metrics_t *m,
    ngx_uint_t i);
void ngx_http_strangler_write_guest_places(ngx_http_strangler_metrics_t *m,
    ngx_uint_t i);
void ngx_http_strangler_write_breakers(ngx_http_strangler_metrics_t *m,
    ngx_uint_t i);
void ngx_http_strangler_write_opened(ngx_http_strangler_metrics_t *m,
    ngx_uint_t i);
void ngx_http_strangler_write_backend_breaker(
    ngx_http_strangler_metrics_t *m, ngx_uint_t i);
void ngx_http_strangler_write_backend_opened(ngx_http_strangler_metrics_t *m,
    ngx_uint_t i);
void ngx_http_strangler_write_full(ngx_http_strangler_metrics_t *m,
    ngx_uint_t i);
void ngx_http_strangler_write_drained(ngx_http_strangler_metrics_t *m,
    ngx_uint_t i);
void ngx_http_strangler_write_durations(ngx_http_strangler_metrics_t *m,
    ngx_uint_t i);

/* The counters of item i, a route or one of two that are none; or NULL. */
ngx_http_strangler_slot_t *ngx_http_strangler_result(
    ngx_http_strangler_metrics_t *m, ngx_uint_t i, const fig_route_t **route);

/* Whether a route moves: what may happen to it is told before it does. */
ngx_uint_t ngx_http_strangler_moves(ngx_http_strangler_metrics_t *m,
    const fig_route_t *route);

/* Name of the family and suffix. */
void ngx_http_strangler_put_name(ngx_http_strangler_metrics_t *m,
    const char *suffix);

/* The same and a first label: the route or the backend that is item i. */
void ngx_http_strangler_put_who(ngx_http_strangler_metrics_t *m,
    const char *suffix, ngx_uint_t i);

/* A first label's name comes with its brace, others' with their comma. */
void ngx_http_strangler_put_label(ngx_http_strangler_metrics_t *m,
    const char *label, fig_str_t value);
void ngx_http_strangler_put_word(ngx_http_strangler_metrics_t *m,
    const char *label, const char *value);

/* A whole line of item i, with one label more unless that is NULL. */
void ngx_http_strangler_put_count(ngx_http_strangler_metrics_t *m,
    ngx_uint_t i, const char *label, const char *word, uint64_t count);

/* A histogram's lines; side NULL: without one. */
void ngx_http_strangler_put_histogram(ngx_http_strangler_metrics_t *m,
    ngx_uint_t who, const char *side, const ngx_http_strangler_duration_t *d);

/* The end of a line with labels; a whole line without. */
void ngx_http_strangler_put_value(ngx_http_strangler_metrics_t *m,
    uint64_t value);
void ngx_http_strangler_put_plain(ngx_http_strangler_metrics_t *m,
    uint64_t value);


#endif /* NGX_HTTP_STRANGLER_METRICS_H */
