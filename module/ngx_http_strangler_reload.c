/*
 * Hot reload: an edited rules file comes into force without a reload of nginx.
 *
 *     every worker   tick -> newer generation in the zone? -> compile -> swap
 *     the leader     tick -> look at the files -> at rest? -> read -> check
 *                         -> publish in the zone -> swap
 *     every worker   last request of an old generation -> tick -> free it
 *
 * Looking, reading and compiling run on a thread; the event loop only starts
 * them and swaps a pointer when they are done.  While a job runs the thread
 * owns everything in the reload object from `job` downwards.
 *
 * A file is read when it is at rest, as half of one is often valid YAML: two
 * looks, some time apart, saw the same files, sizes, times and bytes.
 */

#include "ngx_http_strangler_shadow.h"

#if defined(__GLIBC__)
#include <malloc.h>
#endif


#define NGX_HTTP_STRANGLER_TICK    200         /* ms */
#define NGX_HTTP_STRANGLER_REST    200         /* ms */
#define NGX_HTTP_STRANGLER_AGAIN   5000        /* ms, after a failed compile */

#define NGX_HTTP_STRANGLER_NO_FILE  1          /* stands for a checksum */


typedef enum {
    NGX_HTTP_STRANGLER_SCAN = 0,       /* the files */
    NGX_HTTP_STRANGLER_FOLLOW,         /* the zone */
    NGX_HTTP_STRANGLER_DISCARD         /* generations that are over */
} ngx_http_strangler_job_e;


typedef enum {
    NGX_HTTP_STRANGLER_NOTHING = 0,
    NGX_HTTP_STRANGLER_GOOD_AGAIN,     /* as in force, maybe after an error */
    NGX_HTTP_STRANGLER_REFUSED,
    NGX_HTTP_STRANGLER_TOO_LARGE,
    NGX_HTTP_STRANGLER_NEW
} ngx_http_strangler_outcome_e;


struct ngx_http_strangler_reload_s {
    ngx_http_strangler_rset_t     *rset;
    ngx_event_t                    timer;
    ngx_log_t                     *log;
    ngx_msec_t                     looked;
    ngx_msec_t                     not_before;
#if (NGX_THREADS)
    ngx_thread_pool_t             *threads;
    ngx_thread_task_t             *task;
#endif
    unsigned                       busy:1;
    ngx_http_strangler_gen_t      *over;       /* to be discarded */

    ngx_http_strangler_job_e       job;
    ngx_http_strangler_gen_t      *discarded;
    unsigned                       settled:1;
    fig_files_t                   *files;      /* as last seen */
    fig_diags_t                   *diags;
    fig_status_t                   status;     /* of reading them */
    uint64_t                       signature;
    uint64_t                       checksum;
    ngx_msec_t                     seen;
    ngx_http_strangler_outcome_e   outcome;
    ngx_http_strangler_gen_t      *gen;
    ngx_uint_t                     number;
    size_t                         needed;
};


static void ngx_http_strangler_tick(ngx_event_t *ev);


static uint64_t
ngx_http_strangler_checksum(const fig_files_t *files)
{
    return files ? fig_files_checksum(files) : NGX_HTTP_STRANGLER_NO_FILE;
}


/* Reads what is there now and notes how it looked. */

static void
ngx_http_strangler_look(ngx_http_strangler_reload_t *rl)
{
    fig_files_destroy(rl->files);
    fig_diags_destroy(rl->diags);

    rl->files = NULL;
    rl->status = FIG_NOMEM;

    rl->diags = fig_diags_create();

    if (rl->diags) {
        rl->status = fig_files_read((char *) rl->rset->file.data, &rl->files,
                                    rl->diags);
    }

    rl->signature = rl->files ? fig_files_signature(rl->files) : 0;
    rl->checksum = ngx_http_strangler_checksum(rl->files);
}


static void
ngx_http_strangler_compile(ngx_http_strangler_reload_t *rl)
{
    ngx_int_t  rc;

    if (rl->status == FIG_OK) {
        rl->status = ngx_http_strangler_gen_create(rl->files, &rl->gen,
                                                   rl->diags);
    }

    if (rl->status != FIG_OK) {
        rl->outcome = NGX_HTTP_STRANGLER_REFUSED;
        return;
    }

    rc = ngx_http_strangler_zone_publish(rl->rset, rl->files,
                                         rl->gen->ruleset, &rl->number,
                                         &rl->needed);

    if (rc != NGX_OK) {
        ngx_http_strangler_gen_destroy(rl->gen);
        rl->gen = NULL;
        rl->outcome = NGX_HTTP_STRANGLER_TOO_LARGE;
        return;
    }

    rl->outcome = NGX_HTTP_STRANGLER_NEW;

    ngx_http_strangler_live_apply(rl->rset, rl->gen);

    (void) ngx_http_strangler_count_map(rl->rset->count, rl->gen);
    (void) ngx_http_strangler_state_save(rl->rset, rl->files, rl->log);
}


/* One look at the files; a change is acted on when it has come to rest. */

static void
ngx_http_strangler_scan(ngx_http_strangler_reload_t *rl)
{
    uint64_t  signature, checksum;

    if (rl->files == NULL
        || fig_files_signature(rl->files) != rl->signature)
    {
        signature = rl->signature;
        checksum = rl->checksum;

        ngx_http_strangler_look(rl);

        /* a file that is still missing is no news */

        if (rl->files || rl->signature != signature
            || rl->checksum != checksum)
        {
            rl->seen = ngx_current_msec;
            rl->settled = 0;
            return;
        }
    }

    if (rl->settled || ngx_current_msec - rl->seen < NGX_HTTP_STRANGLER_REST) {
        return;
    }

    signature = rl->signature;
    checksum = rl->checksum;

    ngx_http_strangler_look(rl);

    if (rl->signature != signature || rl->checksum != checksum) {
        rl->seen = ngx_current_msec;
        return;
    }

    rl->settled = 1;

    if (rl->status == FIG_OK
        && checksum == ngx_http_strangler_zone_checksum(rl->rset))
    {
        rl->outcome = NGX_HTTP_STRANGLER_GOOD_AGAIN;
        return;
    }

    ngx_http_strangler_compile(rl);
}


static void
ngx_http_strangler_follow(ngx_http_strangler_reload_t *rl)
{
    fig_diags_t   *diags;
    fig_files_t   *files;
    fig_status_t   status;

    rl->outcome = NGX_HTTP_STRANGLER_REFUSED;

    status = ngx_http_strangler_zone_read(rl->rset, &files, &rl->number);

    if (status != FIG_OK) {
        return;
    }

    diags = fig_diags_create();

    if (diags
        && ngx_http_strangler_gen_create(files, &rl->gen, diags) == FIG_OK)
    {
        rl->outcome = NGX_HTTP_STRANGLER_NEW;
        ngx_http_strangler_live_apply(rl->rset, rl->gen);
        (void) ngx_http_strangler_count_map(rl->rset->count, rl->gen);

    } else if (diags) {
        ngx_http_strangler_log_diags(rl->log, NGX_LOG_ALERT, rl->rset, diags);
    }

    fig_diags_destroy(diags);
    fig_files_destroy(files);
}


static void
ngx_http_strangler_destroy_all(ngx_http_strangler_gen_t **gens)
{
    ngx_http_strangler_gen_t  *gen;

    while (*gens) {
        gen = *gens;
        *gens = gen->next;

        ngx_http_strangler_gen_destroy(gen);
    }
}


/*
 * Ten thousand patterns take a while to free, and the C library keeps what was
 * theirs unless it is told not to.
 */

static void
ngx_http_strangler_discard(ngx_http_strangler_reload_t *rl)
{
    ngx_http_strangler_destroy_all(&rl->discarded);

#if defined(__GLIBC__)
    (void) malloc_trim(0);
#endif
}


static void
ngx_http_strangler_job(void *data, ngx_log_t *log)
{
    ngx_http_strangler_reload_t  *rl = *(ngx_http_strangler_reload_t **) data;

    rl->outcome = NGX_HTTP_STRANGLER_NOTHING;
    rl->gen = NULL;

    switch (rl->job) {

    case NGX_HTTP_STRANGLER_SCAN:
        ngx_http_strangler_scan(rl);
        break;

    case NGX_HTTP_STRANGLER_FOLLOW:
        ngx_http_strangler_follow(rl);
        break;

    case NGX_HTTP_STRANGLER_DISCARD:
        ngx_http_strangler_discard(rl);
        break;
    }
}


static void
ngx_http_strangler_refused(ngx_http_strangler_reload_t *rl)
{
    if (rl->job == NGX_HTTP_STRANGLER_FOLLOW) {
        ngx_log_error(NGX_LOG_ALERT, rl->log, 0,
                      "strangler: generation %ui of \"%V\" cannot be put in "
                      "force in this worker, which stays at generation %ui",
                      rl->number, &rl->rset->name, rl->rset->gen->number);

        rl->not_before = ngx_current_msec + NGX_HTTP_STRANGLER_AGAIN;
        return;
    }

    if (!ngx_http_strangler_zone_report(rl->rset, rl->checksum)) {
        return;
    }

    if (rl->outcome == NGX_HTTP_STRANGLER_TOO_LARGE) {
        ngx_http_strangler_log_too_large(rl->log, NGX_LOG_ERR, rl->rset,
                                         rl->needed);
        ngx_http_strangler_keep_too_large(rl->rset, rl->needed);

    } else if (rl->diags) {
        ngx_http_strangler_log_diags(rl->log, NGX_LOG_ERR, rl->rset,
                                     rl->diags);
        ngx_http_strangler_keep_diags(rl->rset, rl->diags);
    }

    ngx_log_error(NGX_LOG_ERR, rl->log, 0,
                  "strangler: generation %ui of \"%V\" stays in force",
                  rl->rset->gen->number, &rl->rset->name);
}


static void
ngx_http_strangler_done(ngx_http_strangler_reload_t *rl)
{
    ngx_uint_t                 level;
    ngx_http_strangler_gen_t  *gen;

    switch (rl->outcome) {

    case NGX_HTTP_STRANGLER_NOTHING:
        return;

    case NGX_HTTP_STRANGLER_GOOD_AGAIN:

        if (ngx_http_strangler_zone_report(rl->rset, 0)) {
            ngx_log_error(NGX_LOG_NOTICE, rl->log, 0,
                          "strangler: the rules of \"%V\" are those of "
                          "generation %ui again, which is in force",
                          &rl->rset->name, rl->rset->gen->number);
        }

        return;

    case NGX_HTTP_STRANGLER_REFUSED:
    case NGX_HTTP_STRANGLER_TOO_LARGE:
        ngx_http_strangler_refused(rl);
        return;

    case NGX_HTTP_STRANGLER_NEW:
        break;
    }

    gen = rl->gen;
    rl->gen = NULL;

    (void) ngx_http_strangler_gen_install(rl->rset, gen, rl->number);

    /* one worker says it for all */

    level = (rl->job == NGX_HTTP_STRANGLER_FOLLOW) ? NGX_LOG_INFO
                                                   : NGX_LOG_NOTICE;

    ngx_log_error(level, rl->log, 0,
                  "strangler: generation %ui of \"%V\" is in force: "
                  "%uD routes, %uD backends",
                  rl->number, &rl->rset->name, gen->model->nroutes,
                  gen->model->nbackends);
}


#if (NGX_THREADS)

static void
ngx_http_strangler_job_done(ngx_event_t *ev)
{
    ngx_http_strangler_reload_t  *rl = ev->data;

    rl->busy = 0;

    ngx_http_strangler_done(rl);
}


static ngx_int_t
ngx_http_strangler_post(ngx_http_strangler_reload_t *rl)
{
    if (rl->threads == NULL) {
        return NGX_DECLINED;
    }

    rl->task->handler = ngx_http_strangler_job;
    *(ngx_http_strangler_reload_t **) rl->task->ctx = rl;
    rl->task->event.handler = ngx_http_strangler_job_done;
    rl->task->event.data = rl;

    if (ngx_thread_task_post(rl->threads, rl->task) != NGX_OK) {
        return NGX_ERROR;
    }

    rl->busy = 1;

    return NGX_OK;
}

#endif


static void
ngx_http_strangler_run(ngx_http_strangler_reload_t *rl,
    ngx_http_strangler_job_e job)
{
    rl->job = job;

    if (job == NGX_HTTP_STRANGLER_DISCARD) {
        rl->discarded = rl->over;
        rl->over = NULL;
    }

#if (NGX_THREADS)

    switch (ngx_http_strangler_post(rl)) {

    case NGX_OK:
        return;

    case NGX_ERROR:                    /* the queue is full: another time */

        if (job == NGX_HTTP_STRANGLER_DISCARD) {
            rl->over = rl->discarded;
            rl->discarded = NULL;
        }

        return;
    }

#endif

    ngx_http_strangler_job(&rl, rl->log);
    ngx_http_strangler_done(rl);
}


static void
ngx_http_strangler_tick(ngx_event_t *ev)
{
    ngx_uint_t                    leads;
    ngx_http_strangler_rset_t    *rset;
    ngx_http_strangler_reload_t  *rl;

    rl = ev->data;
    rset = rl->rset;

    ngx_http_strangler_count_tick(rset);
    ngx_http_strangler_live_tick(rset);
    ngx_http_strangler_events_tick(rset);

    if (ngx_exiting || ngx_terminate || ngx_quit) {
        ngx_http_strangler_zone_unlead(rset);
        return;
    }

    leads = ngx_http_strangler_zone_lead(rset);

    if (leads) {
        ngx_http_strangler_keep(rset);
    }

    if (rl->busy) {
        goto next;
    }

    if (ngx_http_strangler_zone_generation(rset) != rset->gen->number) {

        if ((ngx_msec_int_t) (ngx_current_msec - rl->not_before) >= 0) {
            ngx_http_strangler_run(rl, NGX_HTTP_STRANGLER_FOLLOW);
        }

    } else if (rl->over) {
        ngx_http_strangler_run(rl, NGX_HTTP_STRANGLER_DISCARD);

    } else if (leads
               && (!rl->settled
                   || ngx_current_msec - rl->looked >= rset->poll))
    {
        rl->looked = ngx_current_msec;
        ngx_http_strangler_run(rl, NGX_HTTP_STRANGLER_SCAN);
    }

next:

    ngx_add_timer(ev, ngx_min(NGX_HTTP_STRANGLER_TICK, rset->poll));
}


ngx_int_t
ngx_http_strangler_reload_start(ngx_http_strangler_rset_t *rset,
    ngx_cycle_t *cycle)
{
    ngx_http_strangler_reload_t  *rl;

    rl = ngx_pcalloc(cycle->pool, sizeof(ngx_http_strangler_reload_t));
    if (rl == NULL) {
        return NGX_ERROR;
    }

    rl->rset = rset;
    rl->log = cycle->log;
    rl->not_before = ngx_current_msec;

    if (ngx_http_strangler_count_start(rset, cycle->log) != NGX_OK) {
        return NGX_ERROR;
    }

    /* a worker that is born late has the rules of its master's start */

    if (ngx_http_strangler_zone_generation(rset) != rset->gen->number) {
        ngx_http_strangler_run(rl, NGX_HTTP_STRANGLER_FOLLOW);
    }

#if (NGX_THREADS)

    /* without a master a new configuration starts no threads */

    if (ngx_process == NGX_PROCESS_WORKER) {
        rl->task = ngx_thread_task_alloc(cycle->pool, sizeof(rl));
        if (rl->task == NULL) {
            return NGX_ERROR;
        }

        rl->threads = ngx_thread_pool_get(cycle, &rset->threads);
        rset->thread_pool = rl->threads;
    }

#endif

    if (ngx_http_strangler_keep_start(rset, cycle) != NGX_OK
        || ngx_http_strangler_learn_start(rset, cycle) != NGX_OK)
    {
        return NGX_ERROR;
    }

    rl->timer.handler = ngx_http_strangler_tick;
    rl->timer.data = rl;
    rl->timer.log = cycle->log;
    rl->timer.cancelable = 1;

    ngx_add_timer(&rl->timer, ngx_min(NGX_HTTP_STRANGLER_TICK, rset->poll));

    rset->reload = rl;

    return NGX_OK;
}


void
ngx_http_strangler_reload_discard(ngx_http_strangler_gen_t *gen)
{
    ngx_http_strangler_reload_t  *rl;

    rl = gen->rset ? gen->rset->reload : NULL;

    if (rl == NULL) {
        ngx_http_strangler_gen_destroy(gen);
        return;
    }

    gen->next = rl->over;
    rl->over = gen;
}


void
ngx_http_strangler_reload_stop(ngx_http_strangler_rset_t *rset)
{
    ngx_http_strangler_reload_t  *rl;

    rl = rset->reload;

    if (rl == NULL) {
        return;
    }

    rset->reload = NULL;
    rset->thread_pool = NULL;

    ngx_http_strangler_keep_stop(rset);
    ngx_http_strangler_learn_stop(rset);

    if (rl->timer.timer_set) {
        ngx_del_timer(&rl->timer);
    }

    ngx_http_strangler_zone_unlead(rset);
    ngx_http_strangler_count_stop(rset);

    /* the pool's threads are gone by now, and a job's result was not used */

    ngx_http_strangler_gen_destroy(rl->gen);
    fig_files_destroy(rl->files);
    fig_diags_destroy(rl->diags);

    ngx_http_strangler_destroy_all(&rl->over);
}
