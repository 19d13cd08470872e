/*
 * Who counts where.
 *
 *     seats    [ pid | pid |  0  | pid ]        in flight, status: one each
 *     shards   [ pid | pid ] [ all ]            counts: one each, or the last
 *
 * A process takes both when it starts and gives them up when it ends.  One that
 * was killed is known by its pid, which no process has: the next to come takes
 * its place, goes on with its counts, and starts with nothing in flight.
 *
 * While workers of two configurations run there may be more than shards; those
 * that find none use the last, with atomic operations, and try again later.
 */

#include "ngx_http_strangler_shadow.h"


#define NGX_HTTP_STRANGLER_RETAKE  1000        /* ms */
#define NGX_HTTP_STRANGLER_SWEEP   1000


ngx_uint_t
ngx_http_strangler_lives(ngx_atomic_uint_t pid)
{
    return pid != 0 && (kill((pid_t) pid, 0) == 0 || ngx_errno != NGX_ESRCH);
}


/* Whether a place is free for this process, which has none. */

static ngx_uint_t
ngx_http_strangler_is_free(ngx_atomic_uint_t pid)
{
    return pid == (ngx_atomic_uint_t) ngx_pid || !ngx_http_strangler_lives(pid);
}


/* Nothing is in flight of whoever sat here. */

static void
ngx_http_strangler_clear_seat(ngx_http_strangler_count_t *count,
    ngx_uint_t seat)
{
    ngx_uint_t                   i;
    ngx_http_strangler_slot_t   *slot;
    ngx_http_strangler_chunk_t  *chunk;

    for (chunk = count->chunks; chunk; chunk = chunk->next) {

        for (i = 0; i < chunk->n; i++) {
            slot = &chunk->slots[i];

            if (slot->in_flight) {
                slot->in_flight[seat] = 0;
                slot->fallbacks[seat] = 0;
                slot->retrying[seat] = 0;
            }

            if (slot->shadow) {
                slot->shadow->in_flight[seat] = 0;
            }
        }
    }

    count->seats[seat].pid = 0;
}


static void
ngx_http_strangler_take_seat(ngx_http_strangler_counter_t *counter,
    ngx_http_strangler_count_t *count)
{
    ngx_uint_t                  i, found;
    ngx_http_strangler_seat_t  *seat;

    found = count->nseats;

    for (i = 0; i < count->nseats; i++) {
        seat = &count->seats[i];

        if (!ngx_http_strangler_is_free(seat->pid)) {
            continue;
        }

        if (seat->pid) {
            ngx_http_strangler_clear_seat(count, i);
        }

        found = ngx_min(found, i);
    }

    counter->seat = found;
    counter->crowded = (found == count->nseats);

    if (found < count->nseats) {
        count->seated = ngx_max(count->seated, found + 1);

        seat = &count->seats[found];
        seat->generation = 0;
        seat->oldest = 0;
        seat->exiting = 0;
        seat->pid = (ngx_atomic_uint_t) ngx_pid;
    }
}


static void
ngx_http_strangler_take_shard(ngx_http_strangler_counter_t *counter,
    ngx_http_strangler_count_t *count)
{
    ngx_uint_t  i;

    for (i = 0; i < count->nshards - 1; i++) {
        if (ngx_http_strangler_is_free(count->owners[i])) {
            count->owners[i] = (ngx_atomic_uint_t) ngx_pid;
            break;
        }
    }

    counter->shard = i;
    counter->shared = (i == count->nshards - 1);
    counter->tried = ngx_current_msec;
}


ngx_int_t
ngx_http_strangler_count_start(ngx_http_strangler_rset_t *rset,
    ngx_log_t *log)
{
    ngx_http_strangler_count_t    *count;
    ngx_http_strangler_counter_t  *counter;

    count = rset->count;
    counter = &rset->counter;

    ngx_shmtx_lock(&count->slab->mutex);

    ngx_http_strangler_take_seat(counter, count);
    ngx_http_strangler_take_shard(counter, count);

    counter->count = count;
    ngx_http_strangler_count_report(rset);

    ngx_shmtx_unlock(&count->slab->mutex);

    counter->surface = ngx_http_strangler_surface_create(log);

    /* the master has found slots of its own time, if any */

    return ngx_http_strangler_count_map(count, rset->gen);
}


/*
 * Without a master requests go on after a new configuration has come, whose
 * zone may be another: what they do is not counted any more.
 */

static void
ngx_http_strangler_count_detach(ngx_http_strangler_rset_t *rset)
{
    ngx_queue_t               *q;
    ngx_http_strangler_gen_t  *gen;

    for (q = ngx_queue_head(&rset->held);
         q != ngx_queue_sentinel(&rset->held);
         q = ngx_queue_next(q))
    {
        gen = ngx_queue_data(q, ngx_http_strangler_gen_t, queue);

        gen->route_slots = NULL;
        gen->backend_slots = NULL;
    }
}


void
ngx_http_strangler_count_stop(ngx_http_strangler_rset_t *rset)
{
    ngx_http_strangler_count_t    *count;
    ngx_http_strangler_counter_t  *counter;

    counter = &rset->counter;
    count = counter->count;

    if (count == NULL) {
        return;
    }

    ngx_http_strangler_count_detach(rset);

    ngx_http_strangler_surface_flush(counter, 1);
    ngx_http_strangler_surface_destroy(counter->surface);

    ngx_shmtx_lock(&count->slab->mutex);

    if (!counter->crowded) {
        ngx_http_strangler_clear_seat(count, counter->seat);
    }

    if (!counter->shared) {
        count->owners[counter->shard] = 0;
    }

    ngx_shmtx_unlock(&count->slab->mutex);

    ngx_memzero(counter, sizeof(ngx_http_strangler_counter_t));
}


/*
 * A flip that is older than this process, or than the zone, has put a route
 * into a stage that is timed and copied, too.
 */

static void
ngx_http_strangler_count_stages(ngx_http_strangler_rset_t *rset)
{
    uint32_t                       i;
    fig_setting_t                 *setting;
    ngx_http_strangler_gen_t      *gen;
    ngx_http_strangler_counter_t  *counter;

    gen = rset->gen;
    counter = &rset->counter;

    if (gen->route_slots == NULL
        || (counter->timed == gen && counter->timed_seq == gen->live_seq))
    {
        return;
    }

    counter->timed = gen;
    counter->timed_seq = gen->live_seq;

    for (i = 0; i < gen->model->nroutes; i++) {
        setting = &gen->settings[i];

        if (setting->stage >= FIG_STAGE_SHADOW
            && setting->stage <= FIG_STAGE_LIVE)
        {
            ngx_http_strangler_count_time_route(counter->count,
                                                gen->route_slots[i]);
        }
    }
}


/*
 * Nobody may come to take the place of a process that was killed, and what it
 * had in flight is not to fill up a backend.
 */

static void
ngx_http_strangler_count_sweep(ngx_http_strangler_counter_t *counter)
{
    ngx_uint_t                   i;
    ngx_atomic_uint_t            pid;
    ngx_http_strangler_count_t  *count;

    count = counter->count;

    for (i = 0; i < count->seated; i++) {
        pid = count->seats[i].pid;

        if (pid == 0
            || ngx_http_strangler_lives(pid)
            || !ngx_shmtx_trylock(&count->slab->mutex))
        {
            continue;
        }

        if (count->seats[i].pid == pid) {
            ngx_http_strangler_clear_seat(count, i);
        }

        ngx_shmtx_unlock(&count->slab->mutex);
    }

    counter->swept = ngx_current_msec;
}


void
ngx_http_strangler_count_tick(ngx_http_strangler_rset_t *rset)
{
    ngx_http_strangler_counter_t  *counter;

    counter = &rset->counter;

    if (counter->count == NULL) {
        return;
    }

    if (!counter->crowded) {
        counter->count->seats[counter->seat].exiting = ngx_exiting != 0;
    }

    ngx_http_strangler_count_stages(rset);
    ngx_http_strangler_surface_flush(counter, 0);

    if (ngx_current_msec - counter->swept >= NGX_HTTP_STRANGLER_SWEEP) {
        ngx_http_strangler_count_sweep(counter);
    }

    if (counter->shared
        && ngx_current_msec - counter->tried >= NGX_HTTP_STRANGLER_RETAKE
        && ngx_shmtx_trylock(&counter->count->slab->mutex))
    {
        ngx_http_strangler_take_shard(counter, counter->count);
        ngx_shmtx_unlock(&counter->count->slab->mutex);
    }
}


void
ngx_http_strangler_count_report(ngx_http_strangler_rset_t *rset)
{
    ngx_queue_t                   *q;
    ngx_http_strangler_gen_t      *oldest;
    ngx_http_strangler_seat_t     *seat;
    ngx_http_strangler_counter_t  *counter;

    counter = &rset->counter;

    if (counter->count == NULL
        || counter->crowded
        || ngx_queue_empty(&rset->held))
    {
        return;
    }

    q = ngx_queue_head(&rset->held);
    oldest = ngx_queue_data(q, ngx_http_strangler_gen_t, queue);

    seat = &counter->count->seats[counter->seat];

    seat->oldest = oldest->number;
    seat->generation = rset->gen->number;
}


ngx_uint_t
ngx_http_strangler_count_oldest(ngx_http_strangler_count_t *count)
{
    ngx_uint_t                  i, oldest;
    ngx_http_strangler_seat_t  *seat;

    oldest = (ngx_uint_t) -1;

    for (i = 0; i < count->nseats; i++) {
        seat = &count->seats[i];

        if (ngx_http_strangler_lives(seat->pid)) {
            oldest = ngx_min(oldest, seat->oldest);
        }
    }

    return oldest;
}


ngx_uint_t
ngx_http_strangler_count_workers(ngx_http_strangler_count_t *count,
    ngx_http_strangler_worker_t *workers, ngx_uint_t max)
{
    ngx_uint_t                  i, n;
    ngx_http_strangler_seat_t  *seat;

    n = 0;

    for (i = 0; i < count->nseats && n < max; i++) {
        seat = &count->seats[i];

        if (!ngx_http_strangler_lives(seat->pid)) {
            continue;
        }

        workers[n].pid = (ngx_pid_t) seat->pid;
        workers[n].generation = seat->generation;
        workers[n].exiting = seat->exiting;
        n++;
    }

    return n;
}
