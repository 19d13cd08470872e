/*
 * From exchanges to evidence.
 *
 *     event loop   exchanges that wait | task -> done -> next ones
 *     thread       compare -> batch -> once a second: merged into files
 *
 * One task a rule set and process is under way at a time, so that a burst of
 * large answers leaves a thread to flips.  While there is something to do a
 * timer runs, for which a worker that quits waits: no verdict is lost.
 */

#include "ngx_http_strangler_shadow.h"

#include <sys/resource.h>
#include <sys/syscall.h>


#define NGX_HTTP_STRANGLER_MERGE    1000       /* ms between two, at least */
#define NGX_HTTP_STRANGLER_SHARE    20         /* of the time goes to them */
#define NGX_HTTP_STRANGLER_WORK     50         /* ms: the worker waits */
#define NGX_HTTP_STRANGLER_WAITING  1024       /* exchanges */
#define NGX_HTTP_STRANGLER_INLINE   4096       /* bytes, without threads */
#define NGX_HTTP_STRANGLER_NICE     10
#define NGX_HTTP_STRANGLER_BATCH    (8 * 1024 * 1024)
#define NGX_HTTP_STRANGLER_ARENA    (16 * 1024 * 1024)


struct ngx_http_strangler_learner_s {
    ngx_http_strangler_rset_t     *rset;
    ngx_log_t                     *log;
    ngx_queue_t                    waiting;
    ngx_uint_t                     nwaiting;
    ngx_event_t                    timer;
    ngx_msec_t                     due;        /* of what is in the batch */
    unsigned                       busy:1;
    unsigned                       told:1;     /* that merging fails */
#if (NGX_THREADS)
    ngx_thread_task_t             *task;
    ngx_thread_pool_t             *threads;    /* NULL: do it here */
    ngx_uint_t                     patient;    /* its thread is ours alone */
#endif

    /* the thread's, while it runs */

    ngx_queue_t                    work;
    ngx_uint_t                     merging;
    ngx_uint_t                     failed;
    ngx_msec_t                     took;       /* to merge */
    fig_arena_t                   *arena;
    fig_batch_t                   *batch;
    void                          *match_data;
    ngx_http_strangler_gen_t      *gen;        /* held; whose routes are told
                                                  of */
};


static void ngx_http_strangler_learn_next(
    ngx_http_strangler_learner_t *learner);


static void
ngx_http_strangler_count_outcome(ngx_http_strangler_slot_t *slot,
    fig_outcome_t outcome)
{
    if (slot && slot->shadow) {
        (void) ngx_atomic_fetch_add(&slot->shadow->outcomes[outcome], 1);
    }
}


static void
ngx_http_strangler_learned(void *data, fig_str_t name, fig_outcome_t outcome,
    size_t nclasses)
{
    ngx_http_strangler_learner_t *learner = data;

    const fig_route_t         *route;
    ngx_http_strangler_gen_t  *gen;

    gen = learner->gen;

    if (gen == NULL || gen->route_slots == NULL) {
        return;
    }

    route = fig_ruleset_find_route(gen->ruleset, name);

    if (route) {
        ngx_http_strangler_count_outcome(gen->route_slots[route->index],
                                         outcome);
    }
}


static void
ngx_http_strangler_merge(ngx_http_strangler_learner_t *learner)
{
    struct timespec  start, end;

    (void) clock_gettime(CLOCK_MONOTONIC, &start);

    learner->failed = fig_evidence_merge(learner->rset->evidence,
                                         learner->batch,
                                         (uint64_t) time(NULL),
                                         ngx_http_strangler_learned, learner)
                      != FIG_OK;

    (void) clock_gettime(CLOCK_MONOTONIC, &end);

    ngx_http_strangler_evidence_warn(learner->rset, learner->log);

    learner->took = (ngx_msec_t) ((end.tv_sec - start.tv_sec) * 1000
                                  + (end.tv_nsec - start.tv_nsec) / 1000000);
}


/* nginx's clock ticks once a millisecond; 0: not known. */

static uint32_t
ngx_http_strangler_us(ngx_msec_t ms)
{
    if (ms == (ngx_msec_t) -1) {
        return 0;
    }

    return (uint32_t) ngx_min(ms * 1000 + 1, UINT32_MAX);
}


/*
 * The old side is A, whoever of both answered the client, so that a class means
 * the same before a flip and after it.
 */

static fig_status_t
ngx_http_strangler_compare(ngx_http_strangler_learner_t *learner,
    ngx_http_strangler_exchange_t *exchange)
{
    fig_pair_t                        pair;
    fig_answers_t                     answers;
    fig_comparison_t                  comparison, itself;
    const ngx_http_strangler_kept_t  *a, *b, *probe;

    a = &exchange->answers[NGX_HTTP_STRANGLER_PRIMARY];
    b = &exchange->answers[NGX_HTTP_STRANGLER_COPY];
    probe = &exchange->answers[NGX_HTTP_STRANGLER_PROBE];

    if (exchange->side == FIG_SIDE_OLD) {
        a = b;
        b = &exchange->answers[NGX_HTTP_STRANGLER_PRIMARY];
    }

    ngx_memzero(&answers, sizeof(fig_answers_t));
    ngx_memzero(&pair, sizeof(fig_pair_t));

    answers.host = ngx_http_strangler_fig(exchange->host);
    answers.match_data = learner->match_data;

    if (ngx_http_strangler_answer(a, learner->arena, &answers.a) != FIG_OK
        || ngx_http_strangler_answer(b, learner->arena, &answers.b) != FIG_OK
        || fig_compare(exchange->comparer, &answers, learner->arena,
                       &comparison)
           != FIG_OK)
    {
        return FIG_NOMEM;
    }

    if (exchange->probed) {
        if (ngx_http_strangler_answer(probe, learner->arena, &answers.b)
            != FIG_OK
            || fig_compare(exchange->comparer, &answers, learner->arena,
                           &itself)
               != FIG_OK)
        {
            return FIG_NOMEM;
        }

        pair.itself = &itself;
    }

    if (learner->batch == NULL) {
        ngx_http_strangler_count_outcome(exchange->slot, comparison.outcome);
        return FIG_OK;
    }

    pair.route = exchange->route->name;
    pair.key = fig_comparing_key(exchange->gen->comparing, exchange->route);
    pair.version = ngx_http_strangler_versions(a, b);
    pair.request = exchange->fingerprint;
    pair.name = ngx_http_strangler_fig(exchange->name);
    pair.id = ngx_http_strangler_fig(exchange->id);
    pair.time = (uint64_t) exchange->time;
    pair.old_us = ngx_http_strangler_us(a->ms);
    pair.new_us = ngx_http_strangler_us(b->ms);
    pair.limits = fig_comparing_limits(exchange->route);
    pair.comparison = &comparison;

    if (fig_batch_add(learner->batch, &pair) == FIG_OK) {
        return FIG_OK;
    }

    /* a full batch is merged before its time */

    ngx_http_strangler_merge(learner);

    return fig_batch_add(learner->batch, &pair);
}


#if (NGX_THREADS)

/*
 * The event loop comes first where cores are few.  On Linux a priority is a
 * thread's (setpriority(2), NOTES); it cannot be taken back, so that this is
 * for one that does nothing else.
 */

static void
ngx_http_strangler_be_patient(ngx_http_strangler_learner_t *learner)
{
#if (NGX_LINUX)

    if (learner->patient) {
        learner->patient = 0;
        (void) setpriority(PRIO_PROCESS, (id_t) syscall(SYS_gettid),
                           NGX_HTTP_STRANGLER_NICE);
    }

#endif
}

#endif


static void
ngx_http_strangler_learn_work(void *data, ngx_log_t *log)
{
    ngx_http_strangler_learner_t *learner
        = *(ngx_http_strangler_learner_t **) data;

    ngx_queue_t                    *q;
    ngx_http_strangler_exchange_t  *exchange;

#if (NGX_THREADS)
    ngx_http_strangler_be_patient(learner);
#endif

    for (q = ngx_queue_head(&learner->work);
         q != ngx_queue_sentinel(&learner->work);
         q = ngx_queue_next(q))
    {
        exchange = ngx_queue_data(q, ngx_http_strangler_exchange_t, queue);

        if (ngx_http_strangler_compare(learner, exchange) != FIG_OK
            && exchange->slot->shadow)
        {
            ngx_http_strangler_count_drop(exchange->slot,
                                          NGX_HTTP_STRANGLER_DROP_QUEUE);
        }

        fig_arena_reset(learner->arena, NGX_HTTP_STRANGLER_ARENA);
    }

    if (learner->batch
        && fig_batch_count(learner->batch)
        && learner->merging)
    {
        ngx_http_strangler_merge(learner);
    }
}


/* The thread has done its work: its exchanges go, and what came meanwhile. */

static void
ngx_http_strangler_learn_end(ngx_http_strangler_learner_t *learner)
{
    ngx_queue_t                    *q;
    ngx_http_strangler_exchange_t  *exchange;

    while (!ngx_queue_empty(&learner->work)) {
        q = ngx_queue_head(&learner->work);
        ngx_queue_remove(q);

        exchange = ngx_queue_data(q, ngx_http_strangler_exchange_t, queue);
        ngx_http_strangler_exchange_destroy(exchange);
    }

    if (learner->gen) {
        ngx_http_strangler_gen_release(learner->gen);
        learner->gen = NULL;
    }

    if (learner->merging) {
        learner->due = ngx_current_msec
                       + ngx_max(NGX_HTTP_STRANGLER_MERGE,
                                 NGX_HTTP_STRANGLER_SHARE * learner->took);
        learner->merging = 0;
    }

    if (learner->failed && !learner->told) {
        ngx_log_error(NGX_LOG_ERR, learner->log, 0,
                      "strangler: the evidence of \"%V\" cannot be kept in "
                      "\"%V\"", &learner->rset->name, &learner->rset->state);
    }

    learner->told = learner->failed;

    /* a worker that is to end does not wait for a directory that is gone */

    if (learner->failed && (ngx_exiting || ngx_terminate)) {
        fig_batch_destroy(learner->batch);
        learner->batch = NULL;
    }
}


#if (NGX_THREADS)

static void
ngx_http_strangler_learn_done(ngx_event_t *ev)
{
    ngx_http_strangler_learner_t *learner = ev->data;

    learner->busy = 0;

    ngx_http_strangler_learn_end(learner);
    ngx_http_strangler_learn_next(learner);
}

#endif


static void
ngx_http_strangler_learn_run(ngx_http_strangler_learner_t *learner)
{
    learner->failed = 0;
    learner->nwaiting = 0;

    if (!ngx_queue_empty(&learner->waiting)) {
        ngx_queue_add(&learner->work, &learner->waiting);
        ngx_queue_init(&learner->waiting);
    }

    learner->gen = learner->rset->gen;
    learner->gen->refs++;

#if (NGX_THREADS)

    if (learner->threads) {
        learner->task->handler = ngx_http_strangler_learn_work;
        *(ngx_http_strangler_learner_t **) learner->task->ctx = learner;
        learner->task->event.handler = ngx_http_strangler_learn_done;
        learner->task->event.data = learner;

        if (ngx_thread_task_post(learner->threads, learner->task)
            == NGX_OK)
        {
            learner->busy = 1;
            return;
        }

        ngx_http_strangler_learn_end(learner);
        return;
    }

#endif

    ngx_http_strangler_learn_work(&learner, learner->log);
    ngx_http_strangler_learn_end(learner);
}


static ngx_uint_t
ngx_http_strangler_is_due(ngx_http_strangler_learner_t *learner)
{
    return learner->batch
           && fig_batch_count(learner->batch)
           && (ngx_exiting
               || (ngx_msec_int_t) (ngx_current_msec - learner->due) >= 0);
}


static void
ngx_http_strangler_learn_next(ngx_http_strangler_learner_t *learner)
{
    ngx_msec_int_t  ms;

    if (!learner->busy) {
        learner->merging = ngx_http_strangler_is_due(learner);

        if (learner->merging || !ngx_queue_empty(&learner->waiting)) {
            ngx_http_strangler_learn_run(learner);
        }
    }

    if (learner->timer.timer_set) {
        return;
    }

    if (learner->busy || !ngx_queue_empty(&learner->waiting)) {
        ngx_add_timer(&learner->timer, NGX_HTTP_STRANGLER_WORK);

    } else if (learner->batch && fig_batch_count(learner->batch)) {
        ms = (ngx_msec_int_t) (learner->due - ngx_current_msec);

        ngx_add_timer(&learner->timer,
                      (ngx_msec_t) ngx_min(ngx_max(ms, 1),
                                           NGX_HTTP_STRANGLER_WORK));
    }
}


static void
ngx_http_strangler_learn_timer(ngx_event_t *ev)
{
    ngx_http_strangler_learn_next(ev->data);
}


/* Without threads only what is compared in no time. */

static ngx_uint_t
ngx_http_strangler_is_small(ngx_http_strangler_learner_t *learner,
    ngx_http_strangler_exchange_t *exchange)
{
#if (NGX_THREADS)

    if (learner->threads) {
        return 1;
    }

#endif

    return ngx_http_strangler_exchange_size(exchange)
           <= NGX_HTTP_STRANGLER_INLINE;
}


void
ngx_http_strangler_learn(ngx_http_strangler_exchange_t *exchange)
{
    ngx_http_strangler_learner_t  *learner;

    learner = exchange->rset->learner;

    if (learner == NULL
        || learner->nwaiting >= NGX_HTTP_STRANGLER_WAITING
        || !ngx_http_strangler_is_small(learner, exchange))
    {
        if (exchange->gen->route_slots) {
            ngx_http_strangler_count_drop(exchange->slot,
                                          NGX_HTTP_STRANGLER_DROP_QUEUE);
        }

        ngx_http_strangler_exchange_destroy(exchange);
        return;
    }

    ngx_queue_insert_tail(&learner->waiting, &exchange->queue);
    learner->nwaiting++;

    ngx_http_strangler_learn_next(learner);
}


#if (NGX_THREADS)

/* A pool that the configuration names is used for all, and as it is. */

static void
ngx_http_strangler_find_comparers(ngx_http_strangler_learner_t *learner,
    ngx_cycle_t *cycle)
{
    ngx_str_t  own, compare;

    learner->threads = learner->rset->thread_pool;

    ngx_str_set(&own, "strangler");
    ngx_str_set(&compare, NGX_HTTP_STRANGLER_COMPARERS);

    if (learner->threads == NULL
        || learner->rset->threads.len != own.len
        || ngx_strncmp(learner->rset->threads.data, own.data, own.len) != 0
        || ngx_thread_pool_get(cycle, &compare) == NULL)
    {
        return;
    }

    learner->threads = ngx_thread_pool_get(cycle, &compare);
    learner->patient = 1;
}

#endif


ngx_int_t
ngx_http_strangler_learn_start(ngx_http_strangler_rset_t *rset,
    ngx_cycle_t *cycle)
{
    ngx_http_strangler_learner_t  *learner;

    rset->learner = NULL;

    learner = ngx_pcalloc(cycle->pool, sizeof(ngx_http_strangler_learner_t));
    if (learner == NULL) {
        return NGX_ERROR;
    }

    learner->rset = rset;
    learner->log = cycle->log;
    learner->due = ngx_current_msec;
    learner->arena = fig_arena_create();
    learner->match_data = fig_comparing_match_data_create();

    ngx_queue_init(&learner->waiting);
    ngx_queue_init(&learner->work);

    learner->timer.handler = ngx_http_strangler_learn_timer;
    learner->timer.data = learner;
    learner->timer.log = cycle->log;

#if (NGX_THREADS)

    learner->task = ngx_thread_task_alloc(cycle->pool, sizeof(learner));
    if (learner->task == NULL) {
        return NGX_ERROR;
    }

    ngx_http_strangler_find_comparers(learner, cycle);

#endif

    if (learner->arena == NULL || learner->match_data == NULL) {
        return NGX_ERROR;
    }

    if (rset->evidence) {
        learner->batch = fig_batch_create(NGX_HTTP_STRANGLER_BATCH);
        if (learner->batch == NULL) {
            return NGX_ERROR;
        }
    }

    rset->learner = learner;

    return NGX_OK;
}


/* The threads are gone by now; what they have found is not. */

void
ngx_http_strangler_learn_stop(ngx_http_strangler_rset_t *rset)
{
    ngx_http_strangler_learner_t  *learner;

    learner = rset->learner;

    if (learner == NULL) {
        return;
    }

    rset->learner = NULL;

    if (learner->timer.timer_set) {
        ngx_del_timer(&learner->timer);
    }

    if (learner->batch && fig_batch_count(learner->batch)) {
        if (learner->gen == NULL) {
            learner->gen = rset->gen;
            learner->gen->refs++;
        }

        ngx_http_strangler_merge(learner);
    }

    if (!ngx_queue_empty(&learner->waiting)) {
        ngx_queue_add(&learner->work, &learner->waiting);
    }

    ngx_http_strangler_learn_end(learner);

    fig_batch_destroy(learner->batch);
    fig_arena_destroy(learner->arena);
    fig_comparing_match_data_destroy(learner->match_data);
}
