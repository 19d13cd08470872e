/*
 * The counters' memory in the zone: made once for a zone, slots when they are
 * needed, and taken over from the zone before when its size is changed.
 *
 *     count | owners[] | seats[] | surface |
 *     chunk | slots[n] | rows of slot 0, by shard | rows of slot 1 | ...
 *
 * The rows of a shard lie on cache lines of their own, so that workers do not
 * disturb each other.
 */

#include "ngx_http_strangler_shadow.h"


#define NGX_HTTP_STRANGLER_LINE     64
#define NGX_HTTP_STRANGLER_SHARDS   16         /* with one owner, at most */
#define NGX_HTTP_STRANGLER_SEATS    16         /* and four a worker */

/* A fraction of the zone is the surface's: 4096 shapes in 16 megabytes. */

#define NGX_HTTP_STRANGLER_A_SHAPE  4096
#define NGX_HTTP_STRANGLER_SHAPES   8192


static size_t
ngx_http_strangler_count_row_size(ngx_uint_t kind)
{
    return (kind == NGX_HTTP_STRANGLER_ROUTE_SLOT)
           ? sizeof(ngx_http_strangler_route_row_t)
           : sizeof(ngx_http_strangler_backend_row_t);
}


size_t
ngx_http_strangler_count_slot_size(ngx_http_strangler_count_t *count,
    ngx_uint_t kind)
{
    size_t  size;

    size = sizeof(ngx_http_strangler_slot_t)
           + count->nshards * ngx_http_strangler_count_row_size(kind);

    if (kind == NGX_HTTP_STRANGLER_BACKEND_SLOT) {
        size += 3 * (count->nseats + 1) * sizeof(ngx_atomic_t);
    }

    return size;
}


ngx_http_strangler_chunk_t *
ngx_http_strangler_count_add_chunk(ngx_http_strangler_count_t *count,
    ngx_uint_t kind, ngx_uint_t n)
{
    u_char                      *rows;
    size_t                       size;
    ngx_uint_t                   i;
    ngx_atomic_t                *seats;
    ngx_http_strangler_slot_t   *slot;
    ngx_http_strangler_chunk_t  *chunk;

    size = count->nshards * ngx_http_strangler_count_row_size(kind);

    chunk = ngx_slab_calloc_locked(count->slab,
                      sizeof(ngx_http_strangler_chunk_t)
                      + NGX_HTTP_STRANGLER_LINE
                      + n * ngx_http_strangler_count_slot_size(count, kind));
    if (chunk == NULL) {
        return NULL;
    }

    chunk->kind = kind;
    chunk->n = n;
    chunk->slots = (ngx_http_strangler_slot_t *) (chunk + 1);

    rows = ngx_align_ptr(chunk->slots + n, NGX_HTTP_STRANGLER_LINE);
    seats = (ngx_atomic_t *) (rows + n * size);

    for (i = 0; i < n; i++) {
        slot = &chunk->slots[i];
        slot->rows.any = rows + i * size;

        if (kind == NGX_HTTP_STRANGLER_BACKEND_SLOT) {
            slot->in_flight = seats;
            seats += count->nseats + 1;

            slot->fallbacks = seats;
            seats += count->nseats + 1;

            slot->retrying = seats;
            seats += count->nseats + 1;
        }
    }

    return chunk;
}


/* Empties a slot and gives it to another name. */

void
ngx_http_strangler_count_give(ngx_http_strangler_count_t *count,
    ngx_http_strangler_slot_t *slot, ngx_uint_t kind, fig_str_t name,
    ngx_uint_t number)
{
    slot->named = 0;

    ngx_memzero(slot->rows.any,
                count->nshards * ngx_http_strangler_count_row_size(kind));

    if (slot->duration) {
        ngx_memzero(slot->duration, NGX_HTTP_STRANGLER_SIDES * count->nshards
                                    * sizeof(ngx_http_strangler_histogram_t));
    }

    if (slot->shadow) {
        ngx_memzero(slot->shadow, ngx_http_strangler_shadow_row_size(count));
    }

    if (slot->in_flight) {
        ngx_memzero((void *) slot->in_flight,
                    (count->nseats + 1) * sizeof(ngx_atomic_t));
        ngx_memzero((void *) slot->fallbacks,
                    (count->nseats + 1) * sizeof(ngx_atomic_t));
        ngx_memzero((void *) slot->retrying,
                    (count->nseats + 1) * sizeof(ngx_atomic_t));
    }

    ngx_http_strangler_guard_clear(slot);

    ngx_memzero((void *) slot->retries, sizeof(slot->retries));
    slot->refused = 0;
    slot->limited = 0;
    slot->len = (u_char) name.len;
    ngx_memcpy(slot->name, name.data, name.len);

    ngx_memory_barrier();

    slot->named = number;
}


void *
ngx_http_strangler_count_spare(ngx_http_strangler_count_t *count, size_t size)
{
    if (count->slab->pfree * ngx_pagesize <= size + count->size / 4) {
        return NULL;
    }

    return ngx_slab_calloc_locked(count->slab, size);
}


void
ngx_http_strangler_count_time_locked(ngx_http_strangler_count_t *count,
    ngx_http_strangler_slot_t *slot)
{
    if (slot->duration == NULL) {
        slot->duration = ngx_http_strangler_count_spare(count,
                               NGX_HTTP_STRANGLER_SIDES * count->nshards
                               * sizeof(ngx_http_strangler_histogram_t));
    }

    if (slot->shadow == NULL) {
        slot->shadow = ngx_http_strangler_count_spare(count,
                                   ngx_http_strangler_shadow_row_size(count));
    }
}


void
ngx_http_strangler_count_time_route(ngx_http_strangler_count_t *count,
    ngx_http_strangler_slot_t *slot)
{
    if (slot == NULL || (slot->duration && slot->shadow)) {
        return;
    }

    ngx_shmtx_lock(&count->slab->mutex);
    ngx_http_strangler_count_time_locked(count, slot);
    ngx_shmtx_unlock(&count->slab->mutex);
}


static ngx_int_t
ngx_http_strangler_count_special(ngx_http_strangler_count_t *count)
{
    ngx_http_strangler_chunk_t  *chunk;

    chunk = ngx_http_strangler_count_add_chunk(count,
                                            NGX_HTTP_STRANGLER_ROUTE_SLOT, 2);
    if (chunk == NULL) {
        return NGX_ERROR;
    }

    count->fallthrough = &chunk->slots[0];
    count->unrouted = &chunk->slots[1];

    ngx_http_strangler_count_time_locked(count, count->fallthrough);

    return NGX_OK;
}


static void
ngx_http_strangler_count_surface(ngx_http_strangler_count_t *count)
{
    void      *p;
    uint32_t   capacity;

    capacity = (uint32_t) ngx_min(count->size / NGX_HTTP_STRANGLER_A_SHAPE,
                                  NGX_HTTP_STRANGLER_SHAPES);

    p = ngx_slab_alloc_locked(count->slab, fig_sketch_size(capacity));

    if (p) {
        count->surface = fig_sketch_init(p, capacity);
        count->surface_since = ngx_time();
    }
}


/* Adds the shards of one row to the last of another. */

static void
ngx_http_strangler_count_sum(ngx_http_strangler_count_t *count, u_char *to,
    ngx_http_strangler_count_t *old, const u_char *from, size_t size)
{
    ngx_uint_t     i, shard;
    ngx_atomic_t  *sums;

    sums = (ngx_atomic_t *) (to + (count->nshards - 1) * size);

    for (shard = 0; shard < old->nshards; shard++) {
        for (i = 0; i < size / sizeof(ngx_atomic_t); i++) {
            sums[i] += ((ngx_atomic_t *) (from + shard * size))[i];
        }
    }
}


static void
ngx_http_strangler_count_inherit(ngx_http_strangler_count_t *count,
    ngx_http_strangler_slot_t *slot, ngx_http_strangler_count_t *old,
    const ngx_http_strangler_slot_t *from, ngx_uint_t kind)
{
    ngx_uint_t  side, reason;

    slot->limited += from->limited;
    slot->refused += from->refused;

    for (reason = 0; reason < NGX_HTTP_STRANGLER_RETRY_REASONS; reason++) {
        slot->retries[reason] += from->retries[reason];
    }

    ngx_http_strangler_count_sum(count, slot->rows.any, old, from->rows.any,
                                 ngx_http_strangler_count_row_size(kind));

    if (from->duration == NULL && from->shadow == NULL) {
        return;
    }

    ngx_http_strangler_count_time_locked(count, slot);

    if (from->shadow && slot->shadow) {
        ngx_memcpy(slot->shadow, from->shadow,
                   offsetof(ngx_http_strangler_shadow_row_t, in_flight));
    }

    if (from->duration == NULL) {
        return;
    }

    if (slot->duration == NULL) {
        return;
    }

    for (side = 0; side < NGX_HTTP_STRANGLER_SIDES; side++) {
        ngx_http_strangler_count_sum(count,
                            (u_char *) (slot->duration + side * count->nshards),
                            old,
                            (u_char *) (from->duration + side * old->nshards),
                            sizeof(ngx_http_strangler_histogram_t));
    }
}


/* Of names that are gone nothing goes into a zone that may be too small. */

static void
ngx_http_strangler_count_move_chunk(ngx_http_strangler_count_t *count,
    ngx_http_strangler_count_t *old, ngx_http_strangler_chunk_t *from,
    ngx_uint_t newest)
{
    ngx_uint_t                   i, n;
    ngx_http_strangler_slot_t   *slot;
    ngx_http_strangler_chunk_t  *chunk;

    chunk = ngx_http_strangler_count_add_chunk(count, from->kind, from->n);
    if (chunk == NULL) {
        return;
    }

    chunk->next = count->chunks;
    count->chunks = chunk;
    n = 0;

    for (i = 0; i < from->n; i++) {
        slot = &from->slots[i];

        if (slot->named == newest
            || (slot->named && count->size >= old->size))
        {
            ngx_http_strangler_count_give(count, &chunk->slots[n], from->kind,
                                   fig_str((char *) slot->name, slot->len),
                                   slot->named);
            ngx_http_strangler_count_inherit(count, &chunk->slots[n], old,
                                             slot, from->kind);
            n++;
        }
    }
}


static void
ngx_http_strangler_count_move(ngx_http_strangler_count_t *count,
    ngx_http_strangler_count_t *old, ngx_uint_t newest)
{
    ngx_uint_t                   i;
    fig_sketch_item_t           *items;
    ngx_http_strangler_chunk_t  *chunk;

    for (chunk = old->chunks; chunk; chunk = chunk->next) {
        ngx_http_strangler_count_move_chunk(count, old, chunk, newest);
    }

    ngx_http_strangler_count_inherit(count, count->fallthrough, old,
                                     old->fallthrough,
                                     NGX_HTTP_STRANGLER_ROUTE_SLOT);
    ngx_http_strangler_count_inherit(count, count->unrouted, old,
                                     old->unrouted,
                                     NGX_HTTP_STRANGLER_ROUTE_SLOT);

    count->loads = old->loads;
    count->refusals = old->refusals;
    count->surface_lost = old->surface_lost;

    for (i = 0; i < NGX_HTTP_STRANGLER_FLIPS; i++) {
        count->flips[i] = old->flips[i];
    }

    if (count->surface == NULL || old->surface == NULL) {
        return;
    }

    fig_sketch_repair(old->surface);

    items = malloc((fig_sketch_used(old->surface) + 1)
                   * sizeof(fig_sketch_item_t));

    if (items) {
        fig_sketch_copy(count->surface, old->surface, items);
        count->surface_since = old->surface_since;
        free(items);
    }
}


ngx_http_strangler_count_t *
ngx_http_strangler_count_create(ngx_slab_pool_t *slab, size_t size,
    ngx_uint_t workers)
{
    ngx_http_strangler_count_t  *count;

    count = ngx_slab_calloc_locked(slab, sizeof(ngx_http_strangler_count_t));
    if (count == NULL) {
        return NULL;
    }

    count->slab = slab;
    count->size = size;
    count->nshards = ngx_min(workers, NGX_HTTP_STRANGLER_SHARDS) + 1;
    count->nseats = 4 * workers + NGX_HTTP_STRANGLER_SEATS;

    count->owners = ngx_slab_calloc_locked(slab, count->nshards
                                                 * sizeof(ngx_atomic_t));
    count->seats = ngx_slab_calloc_locked(slab, count->nseats
                                          * sizeof(ngx_http_strangler_seat_t));

    if (count->owners == NULL || count->seats == NULL
        || ngx_http_strangler_count_special(count) != NGX_OK)
    {
        return NULL;
    }

    ngx_http_strangler_count_surface(count);

    return count;
}


void
ngx_http_strangler_count_take_over(ngx_http_strangler_count_t *count,
    ngx_http_strangler_count_t *old, ngx_uint_t newest)
{
    ngx_shmtx_lock(&old->slab->mutex);
    ngx_http_strangler_count_move(count, old, newest);
    ngx_shmtx_unlock(&old->slab->mutex);
}


ngx_http_strangler_rset_t *
ngx_http_strangler_count_before(ngx_http_strangler_rset_t *rset)
{
    ngx_uint_t        i;
    ngx_str_t        *name;
    ngx_cycle_t      *old;
    ngx_shm_zone_t   *zone;
    ngx_list_part_t  *part;

    old = rset->cycle->old_cycle;
    name = &rset->zone->shm.name;

    if (ngx_is_init_cycle(old)) {
        return NULL;
    }

    for (part = &old->shared_memory.part; part; part = part->next) {
        zone = part->elts;

        for (i = 0; i < part->nelts; i++) {

            if (zone[i].tag == rset->zone->tag
                && zone[i].data
                && zone[i].shm.name.len == name->len
                && ngx_strncmp(zone[i].shm.name.data, name->data, name->len)
                   == 0)
            {
                return zone[i].data;
            }
        }
    }

    return NULL;
}
