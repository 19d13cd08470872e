/*
 * What the processes tell each other through the zone beside rules and counts:
 * which errors were told, and who leads.
 *
 * The leader's lease is renewed by each of its ticks; one that is over, or
 * whose owner is dead, may be taken by anybody.
 */

#include "ngx_http_strangler.h"


#define NGX_HTTP_STRANGLER_LEASE  2000         /* ms */


ngx_uint_t
ngx_http_strangler_zone_report(ngx_http_strangler_rset_t *rset,
    uint64_t checksum)
{
    ngx_uint_t                    fresh;
    ngx_http_strangler_shared_t  *shared;

    shared = rset->shared;

    ngx_shmtx_lock(&shared->slab->mutex);

    fresh = shared->reported != checksum;
    shared->reported = checksum;

    if (fresh && checksum) {
        shared->count->refusals++;
    }

    ngx_shmtx_unlock(&shared->slab->mutex);

    return fresh;
}


ngx_uint_t
ngx_http_strangler_zone_leader(ngx_http_strangler_rset_t *rset)
{
    return rset->shared->leader;
}


void
ngx_http_strangler_zone_set_error(ngx_http_strangler_rset_t *rset,
    fig_str_t json)
{
    char                         *p;
    ngx_http_strangler_shared_t  *shared;

    shared = rset->shared;
    ngx_shmtx_lock(&shared->slab->mutex);

    if (shared->error) {
        ngx_slab_free_locked(shared->slab, shared->error);
        shared->error = NULL;
    }

    p = json.len ? ngx_slab_alloc_locked(shared->slab, json.len) : NULL;

    if (p) {
        ngx_memcpy(p, json.data, json.len);
        shared->error = p;
        shared->error_len = json.len;
        shared->error_time = fig_time_now();
    }

    ngx_shmtx_unlock(&shared->slab->mutex);
}


char *
ngx_http_strangler_zone_error(ngx_http_strangler_rset_t *rset, size_t *len,
    int64_t *time)
{
    char                         *copy;
    ngx_http_strangler_shared_t  *shared;

    shared = rset->shared;
    copy = NULL;

    ngx_shmtx_lock(&shared->slab->mutex);

    /* one that was mended is news no more */

    if (shared->error && shared->reported) {
        copy = malloc(shared->error_len);
    }

    if (copy) {
        memcpy(copy, shared->error, shared->error_len);
        *len = shared->error_len;
        *time = shared->error_time;
    }

    ngx_shmtx_unlock(&shared->slab->mutex);

    return copy;
}


ngx_uint_t
ngx_http_strangler_zone_is_spoiled(ngx_http_strangler_rset_t *rset)
{
    return rset->shared->reported != 0;
}


ngx_uint_t
ngx_http_strangler_zone_lead(ngx_http_strangler_rset_t *rset)
{
    ngx_atomic_uint_t             leader, age;
    ngx_http_strangler_shared_t  *shared;

    shared = rset->shared;
    leader = shared->leader;

    if (leader != (ngx_atomic_uint_t) ngx_pid) {

        age = (ngx_atomic_uint_t) ngx_current_msec - shared->leader_seen;

        if (leader != 0
            && age < NGX_HTTP_STRANGLER_LEASE
            && (kill((pid_t) leader, 0) == 0 || ngx_errno != NGX_ESRCH))
        {
            return 0;
        }

        if (!ngx_atomic_cmp_set(&shared->leader, leader,
                                (ngx_atomic_uint_t) ngx_pid))
        {
            return 0;
        }
    }

    shared->leader_seen = (ngx_atomic_uint_t) ngx_current_msec;

    return 1;
}


void
ngx_http_strangler_zone_unlead(ngx_http_strangler_rset_t *rset)
{
    (void) ngx_atomic_cmp_set(&rset->shared->leader,
                              (ngx_atomic_uint_t) ngx_pid, 0);
}
