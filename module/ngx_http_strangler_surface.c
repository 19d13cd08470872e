/*
 * What `default` still serves, by shapes of paths.
 *
 *     request -> path seen before? -> a table of this process -> (200 ms) ->
 *                     no: shape          | shape | n |           the sketch in
 *                                                                the zone
 *
 * The zone has one sketch for all workers.  One a worker would be a tenth of
 * the zone where there are sixteen, and what is merged of them is off by the
 * sum of their errors.  Requests touch only their worker's table, which is
 * handed over at once: the lock is held for a millisecond at most, and is only
 * tried.  A worker that is killed takes 200 ms of its shapes with it.
 */

#include "ngx_http_strangler.h"

#include "fig_shape.h"


#define NGX_HTTP_STRANGLER_TABLE    256        /* a power of two, as below */
#define NGX_HTTP_STRANGLER_FULL     192
#define NGX_HTTP_STRANGLER_RECENT   64
#define NGX_HTTP_STRANGLER_HASHED   256        /* bytes of a path */


typedef struct {
    uint32_t                       n;          /* requests; 0: free */
    uint32_t                       hash;
    size_t                         len;
    char                           text[FIG_SHAPE_SIZE];
} ngx_http_strangler_shape_t;


typedef struct {
    uint64_t                       hash;       /* of a path */
    ngx_http_strangler_shape_t    *shape;      /* NULL: none */
} ngx_http_strangler_recent_t;


struct ngx_http_strangler_surface_s {
    ngx_uint_t                     used;
    ngx_http_strangler_shape_t     table[NGX_HTTP_STRANGLER_TABLE];
    ngx_http_strangler_recent_t    recent[NGX_HTTP_STRANGLER_RECENT];
};


ngx_http_strangler_surface_t *
ngx_http_strangler_surface_create(ngx_log_t *log)
{
    return ngx_calloc(sizeof(ngx_http_strangler_surface_t), log);
}


void
ngx_http_strangler_surface_destroy(ngx_http_strangler_surface_t *surface)
{
    if (surface) {
        ngx_free(surface);
    }
}


static uint64_t
ngx_http_strangler_path_hash(fig_str_t path)
{
    size_t    i, n;
    uint64_t  h, word;

    n = ngx_min(path.len, NGX_HTTP_STRANGLER_HASHED);
    h = 0x9e3779b97f4a7c15 ^ path.len;

    for (i = 0; i + 8 <= n; i += 8) {
        ngx_memcpy(&word, path.data + i, 8);
        h = (h ^ word) * 0xbf58476d1ce4e5b9;
        h ^= h >> 29;
    }

    word = 0;

    for ( /* void */ ; i < n; i++) {
        word = word << 8 | (u_char) path.data[i];
    }

    h = (h ^ word) * 0xbf58476d1ce4e5b9;

    return h ^ (h >> 32);
}


/* The shape's place in the table, where it may be new; NULL: no room. */

static ngx_http_strangler_shape_t *
ngx_http_strangler_surface_find(ngx_http_strangler_surface_t *surface,
    fig_str_t text)
{
    uint32_t                     hash;
    ngx_uint_t                   i;
    ngx_http_strangler_shape_t  *shape;

    hash = (uint32_t) ngx_http_strangler_path_hash(text);
    i = hash & (NGX_HTTP_STRANGLER_TABLE - 1);

    for ( ;; ) {
        shape = &surface->table[i];

        if (shape->n == 0) {
            break;
        }

        if (shape->hash == hash
            && shape->len == text.len
            && ngx_memcmp(shape->text, text.data, text.len) == 0)
        {
            return shape;
        }

        i = (i + 1) & (NGX_HTTP_STRANGLER_TABLE - 1);
    }

    if (surface->used == NGX_HTTP_STRANGLER_FULL) {
        return NULL;
    }

    surface->used++;

    shape->hash = hash;
    shape->len = text.len;
    ngx_memcpy(shape->text, text.data, text.len);

    return shape;
}


void
ngx_http_strangler_surface_add(ngx_http_strangler_ctx_t *ctx)
{
    char                           text[FIG_SHAPE_SIZE];
    uint64_t                       hash;
    fig_str_t                      str;
    ngx_http_strangler_shape_t    *shape;
    ngx_http_strangler_recent_t   *recent;
    ngx_http_strangler_counter_t  *counter;

    counter = &ctx->rset->counter;

    if (counter->surface == NULL) {
        return;
    }

    hash = ngx_http_strangler_path_hash(ctx->view.path);
    recent = &counter->surface->recent[hash & (NGX_HTTP_STRANGLER_RECENT - 1)];

    if (recent->shape && recent->hash == hash) {
        recent->shape->n++;
        return;
    }

    str = fig_str(text, fig_shape(ctx->view.path, text));
    shape = ngx_http_strangler_surface_find(counter->surface, str);

    if (shape == NULL) {
        ngx_http_strangler_surface_flush(counter, 0);
        shape = ngx_http_strangler_surface_find(counter->surface, str);
    }

    if (shape == NULL) {
        (void) ngx_atomic_fetch_add(&counter->count->surface_lost, 1);
        return;
    }

    shape->n++;
    recent->hash = hash;
    recent->shape = shape;
}


void
ngx_http_strangler_surface_flush(ngx_http_strangler_counter_t *counter,
    ngx_uint_t wait)
{
    ngx_uint_t                     i;
    fig_sketch_t                  *sketch;
    ngx_http_strangler_shape_t    *shape;
    ngx_http_strangler_surface_t  *surface;

    surface = counter->surface;
    sketch = counter->count->surface;

    if (surface == NULL || surface->used == 0 || sketch == NULL) {
        return;
    }

    if (wait) {
        ngx_shmtx_lock(&counter->count->slab->mutex);

    } else if (!ngx_shmtx_trylock(&counter->count->slab->mutex)) {
        return;
    }

    fig_sketch_repair(sketch);

    for (i = 0; i < NGX_HTTP_STRANGLER_TABLE; i++) {
        shape = &surface->table[i];

        if (shape->n) {
            fig_sketch_add(sketch, fig_str(shape->text, shape->len), shape->n);
        }
    }

    ngx_shmtx_unlock(&counter->count->slab->mutex);

    for (i = 0; i < NGX_HTTP_STRANGLER_TABLE; i++) {
        surface->table[i].n = 0;
    }

    ngx_memzero(surface->recent, sizeof(surface->recent));
    surface->used = 0;
}


ngx_int_t
ngx_http_strangler_surface_read(ngx_http_strangler_count_t *count,
    ngx_uint_t max, ngx_http_strangler_surface_view_t *view)
{
    ngx_uint_t  n;

    ngx_memzero(view, sizeof(ngx_http_strangler_surface_view_t));

    view->since = count->surface_since;
    view->lost = count->surface_lost;

    if (count->surface == NULL) {
        return NGX_OK;
    }

    view->shapes = malloc(fig_sketch_capacity(count->surface)
                          * sizeof(fig_sketch_item_t));

    if (view->shapes == NULL) {
        return NGX_ERROR;
    }

    ngx_shmtx_lock(&count->slab->mutex);

    fig_sketch_repair(count->surface);
    fig_sketch_items(count->surface, view->shapes);

    n = fig_sketch_used(count->surface);
    view->total = fig_sketch_total(count->surface);
    view->error = fig_sketch_error(count->surface);

    ngx_shmtx_unlock(&count->slab->mutex);

    fig_sketch_sort(view->shapes, n);

    while (n && view->shapes[n - 1].count == 0) {
        n--;
    }

    view->nshapes = ngx_min(n, max);

    return NGX_OK;
}
