/*
 * What is counted, and where: in the zone, so that it outlives workers and
 * generations.
 *
 *     count   seats[]   one a process: pid, generation, requests in flight
 *             owners[]  of the shards but the last, which all may use
 *             chunks -> slots[] -> rows[shard]
 *
 * A slot is a route or a backend by name: it stays while its name does, over
 * generations.  A worker adds to its own shard without atomic operations; who
 * reads sums over the shards.  A generation knows its slots by index, so that a
 * request finds its row without a search.
 */

#ifndef NGX_HTTP_STRANGLER_COUNT_H
#define NGX_HTTP_STRANGLER_COUNT_H

#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_http.h>

#include "fig_breaker.h"
#include "fig_rules.h"
#include "fig_sketch.h"


/* How a request ended for the client, and a try for us. */

typedef enum {
    NGX_HTTP_STRANGLER_SUCCESS = 0,    /* status below 400 */
    NGX_HTTP_STRANGLER_CLIENT_ERROR,
    NGX_HTTP_STRANGLER_SERVER_ERROR,   /* also an answer that was cut short */
    NGX_HTTP_STRANGLER_ABORTED,        /* the client went away */
    NGX_HTTP_STRANGLER_OUTCOMES,
    NGX_HTTP_STRANGLER_FAILED = NGX_HTTP_STRANGLER_OUTCOMES,
                                       /* tries only: no complete answer */
    NGX_HTTP_STRANGLER_TRY_OUTCOMES
} ngx_http_strangler_ended_e;


/* Why a request fell back; why a try failed has the first four and the last. */

typedef enum {
    NGX_HTTP_STRANGLER_BY_CONNECT = 0,
    NGX_HTTP_STRANGLER_BY_TIMEOUT,
    NGX_HTTP_STRANGLER_BY_INVALID,
    NGX_HTTP_STRANGLER_BY_STATUS,
    NGX_HTTP_STRANGLER_BY_BREAKER,
    NGX_HTTP_STRANGLER_BY_OVERLOAD,
    NGX_HTTP_STRANGLER_BY_DRAIN,
    NGX_HTTP_STRANGLER_REASONS,
    NGX_HTTP_STRANGLER_RETRY_REASONS = 4,      /* retries: the first four */
    NGX_HTTP_STRANGLER_BY_INCOMPLETE = 4,      /* tries: died in its body */
    NGX_HTTP_STRANGLER_TRY_REASONS
} ngx_http_strangler_reason_e;


/* Which limit of a backend left no place for a try. */

typedef enum {
    NGX_HTTP_STRANGLER_BY_IN_FLIGHT = 0,
    NGX_HTTP_STRANGLER_BY_FALLBACKS,
    NGX_HTTP_STRANGLER_REFUSALS
} ngx_http_strangler_refusal_e;


#define NGX_HTTP_STRANGLER_SIDES    2          /* old, new */
#define NGX_HTTP_STRANGLER_BOUNDS   14
#define NGX_HTTP_STRANGLER_FLIPS    8


/* Milliseconds; each in the first bucket that is not below it. */

typedef struct {
    ngx_atomic_t                   buckets[NGX_HTTP_STRANGLER_BOUNDS + 1];
    ngx_atomic_t                   sum;
} ngx_http_strangler_histogram_t;


typedef struct {
    ngx_atomic_t                   requests[NGX_HTTP_STRANGLER_SIDES]
                                           [NGX_HTTP_STRANGLER_OUTCOMES];
    ngx_atomic_t                   fallbacks[NGX_HTTP_STRANGLER_REASONS];
    ngx_atomic_t                   spare;      /* to whole cache lines */
} ngx_http_strangler_route_row_t;


typedef struct {
    ngx_http_strangler_histogram_t  duration;
    ngx_atomic_t                   tries[NGX_HTTP_STRANGLER_TRY_OUTCOMES];
    ngx_atomic_t                   failures[NGX_HTTP_STRANGLER_TRY_REASONS];
    ngx_atomic_t                   refused[NGX_HTTP_STRANGLER_REFUSALS];
    ngx_atomic_t                   spare[4];   /* to whole cache lines */
} ngx_http_strangler_backend_row_t;


typedef struct ngx_http_strangler_shadow_row_s
    ngx_http_strangler_shadow_row_t;


typedef enum {
    NGX_HTTP_STRANGLER_ROUTE_SLOT = 0,
    NGX_HTTP_STRANGLER_BACKEND_SLOT,
    NGX_HTTP_STRANGLER_SLOT_KINDS
} ngx_http_strangler_slot_e;


/* The breaker of a backend; of one route, or of all. */

typedef struct ngx_http_strangler_guard_s  ngx_http_strangler_guard_t;

struct ngx_http_strangler_guard_s {
    ngx_http_strangler_guard_t    *next;       /* of the same slot */
    uint64_t                       key;        /* of the backend; 0: free */
    ngx_atomic_t                   opened;     /* times */
    fig_breaker_t                  breaker;
};


#define NGX_HTTP_STRANGLER_NAME  63


typedef struct {
    ngx_uint_t                     named;      /* the last generation that had
                                                  this name; 0: free */
    union {
        ngx_http_strangler_route_row_t    *route;      /* by shard */
        ngx_http_strangler_backend_row_t  *backend;
        u_char                            *any;
    } rows;

    /* Routes: by side, then shard; NULL: none.  Set once. */
    ngx_http_strangler_histogram_t *volatile duration;

    /* Routes: of copies; NULL: none are made.  Set once. */
    ngx_http_strangler_shadow_row_t *volatile shadow;

    ngx_atomic_t                  *in_flight;  /* backends: by seat */
    ngx_atomic_t                  *fallbacks;  /* of these; the same */
    ngx_atomic_t                  *retrying;   /* backends: by seat; of these
                                                  and those that wait */
    ngx_atomic_t                   retries[NGX_HTTP_STRANGLER_RETRY_REASONS];
                                               /* routes: seldom, and not worth
                                                  a cell in each shard */
    ngx_atomic_t                   refused;    /* routes: for the budget */
    ngx_atomic_t                   limited;    /* routes: patterns at their
                                                  limit; backends: unused */
    /* The first of its breakers; others are put in front, none is taken out. */
    ngx_http_strangler_guard_t *volatile guards;

    u_char                         len;
    u_char                         name[NGX_HTTP_STRANGLER_NAME];
} ngx_http_strangler_slot_t;


typedef struct ngx_http_strangler_chunk_s  ngx_http_strangler_chunk_t;

struct ngx_http_strangler_chunk_s {
    ngx_http_strangler_chunk_t    *next;
    ngx_uint_t                     kind;
    ngx_uint_t                     n;
    ngx_http_strangler_slot_t     *slots;
};


/* A process that works by these rules; pid 0: nobody sits here. */

typedef struct {
    ngx_atomic_t                   pid;
    ngx_atomic_t                   generation; /* in force */
    ngx_atomic_t                   oldest;     /* that a request holds */
    ngx_atomic_t                   exiting;
} ngx_http_strangler_seat_t;


typedef struct {
    ngx_slab_pool_t               *slab;
    size_t                         size;       /* of the zone */
    ngx_uint_t                     nshards;
    ngx_uint_t                     nseats;     /* one more is anybody's */
    ngx_atomic_t                   seated;     /* nobody ever had one beyond */
    ngx_atomic_t                  *owners;     /* pids, by shard */
    ngx_http_strangler_seat_t     *seats;
    ngx_http_strangler_chunk_t    *chunks;
    ngx_http_strangler_slot_t     *fallthrough;        /* no route matched */
    ngx_http_strangler_slot_t     *unrouted;   /* and nobody was asked */

    ngx_atomic_t                   loads;      /* generations */
    ngx_atomic_t                   refusals;   /* of rules */
    ngx_atomic_t                   flips[NGX_HTTP_STRANGLER_FLIPS];
                                               /* by kind, for who flips */

    fig_sketch_t                  *surface;    /* NULL: no room for one */
    time_t                         surface_since;
    ngx_atomic_t                   surface_lost;       /* requests */
} ngx_http_strangler_count_t;


typedef struct ngx_http_strangler_surface_s  ngx_http_strangler_surface_t;


/* A process's hand on the counters of a rule set. */

typedef struct {
    ngx_http_strangler_count_t    *count;      /* NULL: nothing is counted */
    ngx_uint_t                     shard;
    ngx_uint_t                     seat;
    ngx_uint_t                     shared;     /* the shard is */
    ngx_uint_t                     crowded;    /* the seat is: the last */
    ngx_msec_t                     tried;      /* to get one of its own */
    ngx_msec_t                     swept;      /* seats of the dead, last */
    struct ngx_http_strangler_gen_s  *timed;   /* whose routes have room for
                                                  durations, as of */
    uint64_t                       timed_seq;  /* this number of the image */
    ngx_http_strangler_surface_t  *surface;
} ngx_http_strangler_counter_t;


/* All shards together; a histogram's buckets are cumulative here. */

typedef struct {
    uint64_t                       buckets[NGX_HTTP_STRANGLER_BOUNDS + 1];
    uint64_t                       sum;        /* ms */
} ngx_http_strangler_duration_t;


typedef struct {
    uint64_t                       requests[NGX_HTTP_STRANGLER_SIDES]
                                           [NGX_HTTP_STRANGLER_OUTCOMES];
    uint64_t                       fallbacks[NGX_HTTP_STRANGLER_REASONS];
    uint64_t                       retries[NGX_HTTP_STRANGLER_RETRY_REASONS];
    uint64_t                       refused;
    uint64_t                       limited;
    ngx_uint_t                     timed;      /* whether duration is known */
    ngx_http_strangler_duration_t  duration[NGX_HTTP_STRANGLER_SIDES];
} ngx_http_strangler_route_sums_t;


typedef struct {
    uint64_t                       tries[NGX_HTTP_STRANGLER_TRY_OUTCOMES];
    uint64_t                       failures[NGX_HTTP_STRANGLER_TRY_REASONS];
    uint64_t                       refused[NGX_HTTP_STRANGLER_REFUSALS];
    uint64_t                       in_flight;
    uint64_t                       fallbacks;  /* of these */
    uint64_t                       retrying;   /* or waiting to */
    ngx_http_strangler_duration_t  duration;
} ngx_http_strangler_backend_sums_t;


typedef struct {
    ngx_pid_t                      pid;
    ngx_uint_t                     generation;
    ngx_uint_t                     exiting;
} ngx_http_strangler_worker_t;


struct ngx_http_strangler_rset_s;
struct ngx_http_strangler_gen_s;
struct ngx_http_strangler_ctx_s;


/* ngx_http_strangler_count.c: memory; no function here takes the mutex but
   take_over, the old zone's, and time_route */

/* In a new zone; NULL when that is too small. */
ngx_http_strangler_count_t *ngx_http_strangler_count_create(
    ngx_slab_pool_t *slab, size_t size, ngx_uint_t workers);

/* The rule set whose zone this one's replaces, with another size; or NULL. */
struct ngx_http_strangler_rset_s *ngx_http_strangler_count_before(
    struct ngx_http_strangler_rset_s *rset);

/*
 * Adds what another zone has counted, whose newest generation is given; what
 * there is no room for is lost.  Nobody else knows this zone yet.
 */
void ngx_http_strangler_count_take_over(ngx_http_strangler_count_t *count,
    ngx_http_strangler_count_t *old, ngx_uint_t newest);

/* Bytes of a slot and its rows. */
size_t ngx_http_strangler_count_slot_size(ngx_http_strangler_count_t *count,
    ngx_uint_t kind);

/* n nameless slots, in no list; NULL: no room. */
ngx_http_strangler_chunk_t *ngx_http_strangler_count_add_chunk(
    ngx_http_strangler_count_t *count, ngx_uint_t kind, ngx_uint_t n);

/* Empties a slot and gives it to a name. */
void ngx_http_strangler_count_give(ngx_http_strangler_count_t *count,
    ngx_http_strangler_slot_t *slot, ngx_uint_t kind, fig_str_t name,
    ngx_uint_t number);

/* Room for durations by side; best effort. */
/* Zeroed memory of the zone, as long as a quarter of it stays free, or NULL. */
void *ngx_http_strangler_count_spare(ngx_http_strangler_count_t *count,
    size_t size);

void ngx_http_strangler_count_time_locked(ngx_http_strangler_count_t *count,
    ngx_http_strangler_slot_t *slot);

/*
 * The same under the zone's mutex, for whoever puts a route into stage shadow,
 * ramp or live; those that are so by their file have it.
 */
void ngx_http_strangler_count_time_route(ngx_http_strangler_count_t *count,
    ngx_http_strangler_slot_t *slot);

/* ngx_http_strangler_slots.c: slots by name */

/*
 * Room for the names of these rules, before they are published; what it added
 * lies before the chunk that was the first.  The mutex is held.  NGX_DECLINED:
 * there is no room, and nothing was changed.
 */
ngx_int_t ngx_http_strangler_count_reserve(ngx_http_strangler_count_t *count,
    const fig_ruleset_t *ruleset);
void ngx_http_strangler_count_unreserve(ngx_http_strangler_count_t *count,
    ngx_http_strangler_chunk_t *before);

/* Gives the names their slots, after a reservation under the same lock. */
void ngx_http_strangler_count_commit(ngx_http_strangler_count_t *count,
    const fig_ruleset_t *ruleset, ngx_uint_t number);

/* Bytes of a zone that has room for the names of these rules. */
size_t ngx_http_strangler_count_needed(ngx_http_strangler_count_t *count,
    const fig_ruleset_t *ruleset);

/* Finds the slots of a generation's names, once; any thread. */
ngx_int_t ngx_http_strangler_count_map(ngx_http_strangler_count_t *count,
    struct ngx_http_strangler_gen_s *gen);

/* ngx_http_strangler_count_worker.c: who counts where */

/* Sits down, takes a shard, and finds the slots of the rules in force. */
ngx_int_t ngx_http_strangler_count_start(struct ngx_http_strangler_rset_s *rset,
    ngx_log_t *log);
void ngx_http_strangler_count_stop(struct ngx_http_strangler_rset_s *rset);

/* From time to time. */
void ngx_http_strangler_count_tick(struct ngx_http_strangler_rset_s *rset);

/* What this process has in force, and what its requests hold. */
void ngx_http_strangler_count_report(struct ngx_http_strangler_rset_s *rset);

/* Whether a process has this pid; 0: none. */
ngx_uint_t ngx_http_strangler_lives(ngx_atomic_uint_t pid);

/* The processes that live; returns how many were written, at most max. */
ngx_uint_t ngx_http_strangler_count_workers(ngx_http_strangler_count_t *count,
    ngx_http_strangler_worker_t *workers, ngx_uint_t max);

/*
 * The oldest generation that some living process still counts in; the largest
 * number when there is none.
 */
ngx_uint_t ngx_http_strangler_count_oldest(ngx_http_strangler_count_t *count);

/* ngx_http_strangler_count_request.c: what a request adds */

/* Adds the handler of the log phase: requests are counted at their end. */
ngx_int_t ngx_http_strangler_count_init(ngx_conf_t *cf);

/* A try ends, as peer.free is told. */
void ngx_http_strangler_count_tried(struct ngx_http_strangler_ctx_s *ctx,
    ngx_http_upstream_t *u, ngx_uint_t failed);

void ngx_http_strangler_count_fallback(struct ngx_http_strangler_ctx_s *ctx);
void ngx_http_strangler_count_retry(struct ngx_http_strangler_ctx_s *ctx);
void ngx_http_strangler_count_refused(struct ngx_http_strangler_ctx_s *ctx);

/* A retry at a backend waits or is under way from now on (1), or no more. */
void ngx_http_strangler_count_retrying(struct ngx_http_strangler_ctx_s *ctx,
    ngx_http_strangler_slot_t *slot, ngx_atomic_int_t n);
void ngx_http_strangler_count_limit(struct ngx_http_strangler_ctx_s *ctx);
void ngx_http_strangler_count_full(struct ngx_http_strangler_ctx_s *ctx,
    ngx_http_strangler_slot_t *slot, ngx_http_strangler_refusal_e refusal);

/* ngx_http_strangler_admit.c: places at a backend */

/*
 * A try takes a place at a backend, as a fallback or not, and is under way
 * then; false: there is none, or its breaker is open, as ctx->refusal says.
 */
ngx_uint_t ngx_http_strangler_admit(struct ngx_http_strangler_ctx_s *ctx,
    const fig_backend_t *backend, ngx_uint_t fallback);

/* It leaves its place, if it has one. */
void ngx_http_strangler_leave_place(struct ngx_http_strangler_ctx_s *ctx);

/* ngx_http_strangler_breaker.c: breakers of backends */

/* Makes the breaker of a backend, if it has one and the zone has room. */
void ngx_http_strangler_guard_add_locked(ngx_http_strangler_count_t *count,
    ngx_http_strangler_slot_t *slot, const fig_backend_t *backend);

/* Empties those of a slot that is given to another name. */
void ngx_http_strangler_guard_clear(ngx_http_strangler_slot_t *slot);

/* That of a backend, or NULL; slot may be NULL. */
ngx_http_strangler_guard_t *ngx_http_strangler_guard_of(
    ngx_http_strangler_slot_t *slot, const fig_backend_t *backend);

/*
 * Whether a try at a backend may begin, as a fallback or not.  Then it is to
 * be reported, or left when nothing has come of it.
 */
ngx_uint_t ngx_http_strangler_guard_enter(
    struct ngx_http_strangler_ctx_s *ctx, const fig_backend_t *backend,
    ngx_uint_t fallback);
void ngx_http_strangler_guard_leave(struct ngx_http_strangler_ctx_s *ctx);

/* When a head comes that is passed on, and in peer.free, when it was judged. */
void ngx_http_strangler_guard_answered(
    struct ngx_http_strangler_ctx_s *ctx, ngx_uint_t status);
void ngx_http_strangler_guard_report(struct ngx_http_strangler_ctx_s *ctx,
    ngx_http_upstream_t *u, ngx_uint_t failed);

/*
 * In peer.get, which is to return what this returns: ends the request with 503,
 * as backend is not to be asked.
 */
ngx_int_t ngx_http_strangler_refuse(struct ngx_http_strangler_ctx_s *ctx,
    const fig_backend_t *backend);

/* ngx_http_strangler_count_read.c: sums; any thread, any process */

extern const ngx_msec_t
    ngx_http_strangler_bounds[NGX_HTTP_STRANGLER_BOUNDS];

/* Words of outcomes and reasons, as in metrics and the API. */
extern const char *const
    ngx_http_strangler_outcomes[NGX_HTTP_STRANGLER_TRY_OUTCOMES];
extern const char *const
    ngx_http_strangler_reasons[NGX_HTTP_STRANGLER_REASONS];
extern const char *const
    ngx_http_strangler_try_reasons[NGX_HTTP_STRANGLER_TRY_REASONS];
extern const char *const
    ngx_http_strangler_refusals[NGX_HTTP_STRANGLER_REFUSALS];

/* slot may be NULL: nothing was counted. */
void ngx_http_strangler_count_route(ngx_http_strangler_count_t *count,
    const ngx_http_strangler_slot_t *slot,
    ngx_http_strangler_route_sums_t *sums);
void ngx_http_strangler_count_backend(ngx_http_strangler_count_t *count,
    const ngx_http_strangler_slot_t *slot,
    ngx_http_strangler_backend_sums_t *sums);

/* Tries under way at a backend, and its retries, in all processes. */
void ngx_http_strangler_count_load(ngx_http_strangler_count_t *count,
    const ngx_http_strangler_slot_t *slot, uint64_t *in_flight,
    uint64_t *retrying);

/*
 * The duration in seconds that this share (0 to 1) did not exceed, by linear
 * interpolation within its bucket; -1: nothing was measured.
 */
double ngx_http_strangler_quantile(const ngx_http_strangler_duration_t *d,
    double share);


/* Adds to a column of the process's own seat; the last is many's. */

static ngx_inline void
ngx_http_strangler_count_seat(ngx_http_strangler_counter_t *counter,
    ngx_atomic_t *seats, ngx_atomic_int_t n)
{
    if (counter->crowded) {
        (void) ngx_atomic_fetch_add(&seats[counter->seat], n);

    } else {
        seats[counter->seat] += n;
    }
}


/* ngx_http_strangler_surface.c: what `default` still serves */

/* A process's table; NULL when memory is out: no shapes are counted then. */
ngx_http_strangler_surface_t *ngx_http_strangler_surface_create(
    ngx_log_t *log);
void ngx_http_strangler_surface_destroy(ngx_http_strangler_surface_t *surface);

void ngx_http_strangler_surface_add(struct ngx_http_strangler_ctx_s *ctx);

/* Hands over to the zone what was added here since the last time. */
void ngx_http_strangler_surface_flush(ngx_http_strangler_counter_t *counter,
    ngx_uint_t wait);

typedef struct {
    ngx_uint_t                     nshapes;
    fig_sketch_item_t             *shapes;     /* most first; free() it */
    uint64_t                       total;      /* requests entered */
    uint64_t                       error;      /* no count is more off */
    uint64_t                       lost;
    time_t                         since;
} ngx_http_strangler_surface_view_t;

/* At most max shapes; any thread.  NGX_ERROR: memory is out. */
ngx_int_t ngx_http_strangler_surface_read(ngx_http_strangler_count_t *count,
    ngx_uint_t max, ngx_http_strangler_surface_view_t *view);


#endif /* NGX_HTTP_STRANGLER_COUNT_H */
