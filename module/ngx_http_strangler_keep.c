/*
 * What is due without anybody asking: the leader of the workers looks after it.
 *
 *     newer rules     flips that the file has overtaken, renamed routes
 *     a lease is over its flip is reverted
 *     a longer journal than the image knows: somebody died between the two
 *
 * All of it is done by fig_flip_settle() on a thread; here it is only noticed.
 */

#include "ngx_http_strangler.h"

#include "fig_text.h"


#define NGX_HTTP_STRANGLER_KEEP_LOOK   1000    /* ms */
#define NGX_HTTP_STRANGLER_KEEP_AGAIN  5000    /* ms, after a failure */
#define NGX_HTTP_STRANGLER_KEEP_SWEEP  86400000        /* ms */


struct ngx_http_strangler_keep_s {
    ngx_http_strangler_rset_t   *rset;
    ngx_log_t                   *log;
    ngx_uint_t                   settled;      /* generation */
    ngx_msec_t                   looked;
    ngx_msec_t                   swept;
    ngx_msec_t                   not_before;
    unsigned                     busy:1;
    unsigned                     sweep:1;      /* evidence, too */
    unsigned                     told:1;       /* that it fails */
#if (NGX_THREADS)
    ngx_thread_task_t           *task;
#endif

    /* the thread's, while it runs */

    ngx_http_strangler_gen_t    *gen;          /* held */
    uint32_t                     done;
    fig_problem_t                problem;
};


/* Routes that get traffic on two sides are timed by side. */

static void
ngx_http_strangler_time_routes(ngx_http_strangler_rset_t *rset,
    ngx_http_strangler_gen_t *gen, const fig_entry_t *entry)
{
    uint32_t             i;
    const fig_route_t   *route;
    const fig_change_t  *change;

    if (rset->count == NULL || gen->route_slots == NULL) {
        return;
    }

    for (i = 0; i < entry->nchanges; i++) {
        change = &entry->changes[i];

        if (change->backend || change->field != FIG_FIELD_STAGE
            || change->to < FIG_STAGE_SHADOW || change->to > FIG_STAGE_LIVE)
        {
            continue;
        }

        route = fig_ruleset_find_route(gen->ruleset, change->name);

        if (route && gen->route_slots[route->index]) {
            ngx_http_strangler_count_time_route(rset->count,
                                             gen->route_slots[route->index]);
        }
    }
}


void
ngx_http_strangler_flipped(ngx_http_strangler_rset_t *rset,
    ngx_http_strangler_gen_t *gen, const fig_entry_t *entry, ngx_log_t *log)
{
    char  actor[128], reason[256], name[64];

    if (rset->count && entry->kind < NGX_HTTP_STRANGLER_FLIPS) {
        (void) ngx_atomic_fetch_add(&rset->count->flips[entry->kind], 1);
    }

    ngx_http_strangler_time_routes(rset, gen, entry);

    (void) fig_text_show(entry->actor, actor, sizeof(actor));
    (void) fig_text_show(entry->reason, reason, sizeof(reason));

    name[0] = '\0';

    if (entry->nchanges) {
        (void) fig_text_show(entry->changes[0].name, name, sizeof(name));
    }

    ngx_log_error(NGX_LOG_NOTICE, log, 0,
                  "strangler: %s %uL of \"%V\" by %s: %uD change%s%s%s%s%s",
                  fig_entry_kind_name(entry->kind), entry->seq, &rset->name,
                  actor, entry->nchanges, entry->nchanges == 1 ? "" : "s",
                  name[0] ? ", first of " : "", name,
                  reason[0] ? ": " : "", reason);
}


static void
ngx_http_strangler_keep_work(void *data, ngx_log_t *log)
{
    ngx_http_strangler_keep_t *keep = *(ngx_http_strangler_keep_t **) data;

    fig_flipper_t  flipper;

    ngx_memzero(&keep->problem, sizeof(fig_problem_t));
    ngx_memzero(&flipper, sizeof(fig_flipper_t));

    keep->done = 0;

    flipper.ruleset = keep->gen->ruleset;
    flipper.rules = keep->gen->checksum;
    flipper.store = keep->rset->store;
    flipper.arena = fig_arena_create();

    if (flipper.arena == NULL) {
        (void) fig_problem(&keep->problem, 503, "memory is out");
        return;
    }

    (void) fig_flip_settle(&flipper, &keep->done, &keep->problem);
    fig_arena_destroy(flipper.arena);

    ngx_http_strangler_live_warn(keep->rset, log);

    if (keep->sweep) {
        ngx_http_strangler_evidence_sweep(keep->rset, keep->gen, log);
    }
}


static void
ngx_http_strangler_kept(ngx_http_strangler_keep_t *keep)
{
    if (keep->sweep) {
        keep->swept = ngx_current_msec;
    }

    if (keep->problem.status == 0) {
        keep->settled = keep->gen->number;
        keep->told = 0;

        if (keep->done) {
            ngx_log_error(NGX_LOG_NOTICE, keep->log, 0,
                          "strangler: %uD entries were written to the journal "
                          "of \"%V\": see the history", keep->done,
                          &keep->rset->name);
        }

    } else {
        keep->not_before = ngx_current_msec + NGX_HTTP_STRANGLER_KEEP_AGAIN;

        if (!keep->told) {
            ngx_log_error(NGX_LOG_ERR, keep->log, 0,
                          "strangler: flips of \"%V\" that are due cannot be "
                          "made: %s", &keep->rset->name, keep->problem.detail);
            keep->told = 1;
        }
    }

    ngx_http_strangler_gen_release(keep->gen);
    keep->gen = NULL;
}


#if (NGX_THREADS)

static void
ngx_http_strangler_keep_done(ngx_event_t *ev)
{
    ngx_http_strangler_keep_t *keep = ev->data;

    keep->busy = 0;

    ngx_http_strangler_kept(keep);
}

#endif


static void
ngx_http_strangler_keep_run(ngx_http_strangler_keep_t *keep)
{
    keep->gen = keep->rset->gen;
    keep->gen->refs++;

#if (NGX_THREADS)

    if (keep->rset->thread_pool && keep->task) {
        keep->task->handler = ngx_http_strangler_keep_work;
        *(ngx_http_strangler_keep_t **) keep->task->ctx = keep;
        keep->task->event.handler = ngx_http_strangler_keep_done;
        keep->task->event.data = keep;

        if (ngx_thread_task_post(keep->rset->thread_pool, keep->task)
            == NGX_OK)
        {
            keep->busy = 1;
            return;
        }

        ngx_http_strangler_gen_release(keep->gen);
        keep->gen = NULL;
        return;
    }

#endif

    ngx_http_strangler_keep_work(&keep, keep->log);
    ngx_http_strangler_kept(keep);
}


void
ngx_http_strangler_keep(ngx_http_strangler_rset_t *rset)
{
    int64_t                     lease;
    ngx_uint_t                  due;
    ngx_http_strangler_keep_t  *keep;

    keep = rset->keep;

    if (keep == NULL || keep->busy
        || (ngx_msec_int_t) (ngx_current_msec - keep->not_before) < 0)
    {
        return;
    }

    /* rules older than the newest would overtake flips of those */

    if (ngx_http_strangler_zone_generation(rset) != rset->gen->number) {
        return;
    }

    lease = fig_flip_next_lease(&rset->store->state);

    keep->sweep = keep->settled != rset->gen->number
                  || ngx_current_msec - keep->swept
                     >= NGX_HTTP_STRANGLER_KEEP_SWEEP;

    due = keep->sweep || (lease != 0 && lease <= fig_time_now());

    if (!due
        && ngx_current_msec - keep->looked >= NGX_HTTP_STRANGLER_KEEP_LOOK)
    {
        keep->looked = ngx_current_msec;
        due = fig_store_is_behind(rset->store);
    }

    if (due) {
        ngx_http_strangler_keep_run(keep);
    }
}


ngx_int_t
ngx_http_strangler_keep_start(ngx_http_strangler_rset_t *rset,
    ngx_cycle_t *cycle)
{
    ngx_http_strangler_keep_t  *keep;

    rset->keep = NULL;

    if (rset->store == NULL || rset->store->inode == 0) {
        return NGX_OK;
    }

    keep = ngx_pcalloc(cycle->pool, sizeof(ngx_http_strangler_keep_t));
    if (keep == NULL) {
        return NGX_ERROR;
    }

    keep->rset = rset;
    keep->log = cycle->log;
    keep->not_before = ngx_current_msec;
    keep->looked = ngx_current_msec;
    keep->swept = ngx_current_msec;

#if (NGX_THREADS)

    keep->task = ngx_thread_task_alloc(cycle->pool, sizeof(keep));
    if (keep->task == NULL) {
        return NGX_ERROR;
    }

#endif

    rset->keep = keep;

    return NGX_OK;
}


/* A thread may have ended without anybody being told. */

void
ngx_http_strangler_keep_stop(ngx_http_strangler_rset_t *rset)
{
    ngx_http_strangler_keep_t  *keep;

    keep = rset->keep;

    if (keep && keep->gen) {
        ngx_http_strangler_gen_release(keep->gen);
        keep->gen = NULL;
    }

    rset->keep = NULL;
}
