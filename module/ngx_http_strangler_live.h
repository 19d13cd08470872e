/*
 * Flips, as far as requests and workers have to do with them.
 *
 *     master   live_init    the state, opened and healed
 *     request  live_follow  what it says, before each decision
 *     leader   keep         what is due without being asked for
 *     worker   events_tick  clients are told what is new
 */

#ifndef NGX_HTTP_STRANGLER_LIVE_H
#define NGX_HTTP_STRANGLER_LIVE_H

#include "ngx_http_strangler.h"


/* ngx_http_strangler_live.c: flips */

/*
 * Opens the state of a rule set, and heals it; the master, before its workers
 * are born.  An error of the directory is logged and is none: routing goes on.
 */
ngx_int_t ngx_http_strangler_live_init(ngx_http_strangler_rset_t *rset,
    ngx_cycle_t *cycle);

/* Logs what the store has to say, if it has; any thread. */
void ngx_http_strangler_live_warn(ngx_http_strangler_rset_t *rset,
    ngx_log_t *log);

/* Makes room for the values of a generation, as in the file; any thread. */
fig_status_t ngx_http_strangler_live_create(ngx_http_strangler_gen_t *gen);

/* From time to time: what a request does not notice. */
void ngx_http_strangler_live_tick(ngx_http_strangler_rset_t *rset);

/* Brings them up to date; by whoever owns the generation. */
void ngx_http_strangler_live_apply(ngx_http_strangler_rset_t *rset,
    ngx_http_strangler_gen_t *gen);

/* ngx_http_strangler_evidence.c: what comparisons have found */

/* Makes its directory; the master, where there is a state directory. */
ngx_int_t ngx_http_strangler_evidence_init(ngx_http_strangler_rset_t *rset,
    ngx_cycle_t *cycle);

/* Logs what there is to say of it, if there is; any thread. */
void ngx_http_strangler_evidence_warn(ngx_http_strangler_rset_t *rset,
    ngx_log_t *log);

/* Makes it follow the names of routes; a thread of the leader. */
void ngx_http_strangler_evidence_sweep(ngx_http_strangler_rset_t *rset,
    ngx_http_strangler_gen_t *gen, ngx_log_t *log);

/* ngx_http_strangler_events.c: tells clients what is new; ends their streams
   when the process exits */
void ngx_http_strangler_events_tick(ngx_http_strangler_rset_t *rset);

/* ngx_http_strangler_keep.c: what flips need beside themselves */

/* Tells of a flip that was made: the log and the counters; any thread. */
void ngx_http_strangler_flipped(ngx_http_strangler_rset_t *rset,
    ngx_http_strangler_gen_t *gen, const fig_entry_t *entry, ngx_log_t *log);

/* From time to time, by the leader: what is due without being asked for. */
void ngx_http_strangler_keep(ngx_http_strangler_rset_t *rset);

ngx_int_t ngx_http_strangler_keep_start(ngx_http_strangler_rset_t *rset,
    ngx_cycle_t *cycle);
void ngx_http_strangler_keep_stop(ngx_http_strangler_rset_t *rset);


/* The same, when there is something to do: before each decision. */
static ngx_inline void
ngx_http_strangler_live_follow(ngx_http_strangler_rset_t *rset,
    ngx_http_strangler_gen_t *gen)
{
    if (rset->store && fig_state_seq(&rset->store->state) != gen->live_seq) {
        ngx_http_strangler_live_apply(rset, gen);
    }
}


#endif /* NGX_HTTP_STRANGLER_LIVE_H */
