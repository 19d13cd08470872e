/*
 * Slots: who has a row in the zone.
 *
 *     reserve   (rules are about to be published) room for names that are new
 *     commit    names -> slots: their own, that of `was`, a free one, or that
 *               of a name which is gone and that nobody counts in any more
 *     map       (each process, each generation) index -> slot
 *
 * The zone has no hash table of names: rules change seldom, and whoever looks
 * names up makes a table in its own memory, on a thread.
 */

#include "ngx_http_strangler.h"


#define NGX_HTTP_STRANGLER_CHUNK      128      /* slots, at most */
#define NGX_HTTP_STRANGLER_CHUNK_MIN  8


/* Slots by name. */

typedef struct {
    ngx_http_strangler_slot_t    **table;
    ngx_uint_t                     mask;
    ngx_uint_t                     kind;
} ngx_http_strangler_index_t;


static void
ngx_http_strangler_index_add(ngx_http_strangler_index_t *index,
    ngx_http_strangler_slot_t *slot)
{
    ngx_uint_t  i;

    i = ngx_murmur_hash2(slot->name, slot->len) & index->mask;

    while (index->table[i]) {
        i = (i + 1) & index->mask;
    }

    index->table[i] = slot;
}


/* Of all slots of a kind that have a name. */

static ngx_int_t
ngx_http_strangler_index_init(ngx_http_strangler_index_t *index,
    ngx_http_strangler_count_t *count, ngx_uint_t kind)
{
    ngx_uint_t                   i, n, size;
    ngx_http_strangler_chunk_t  *chunk;

    n = 0;

    for (chunk = count->chunks; chunk; chunk = chunk->next) {
        n += (chunk->kind == kind) ? chunk->n : 0;
    }

    for (size = 16; size < 2 * n; size *= 2) {
        /* void */
    }

    index->kind = kind;
    index->mask = size - 1;
    index->table = calloc(size, sizeof(ngx_http_strangler_slot_t *));

    if (index->table == NULL) {
        return NGX_ERROR;
    }

    for (chunk = count->chunks; chunk; chunk = chunk->next) {

        for (i = 0; chunk->kind == kind && i < chunk->n; i++) {
            if (chunk->slots[i].named) {
                ngx_http_strangler_index_add(index, &chunk->slots[i]);
            }
        }
    }

    return NGX_OK;
}


static ngx_http_strangler_slot_t *
ngx_http_strangler_index_find(ngx_http_strangler_index_t *index,
    fig_str_t name)
{
    ngx_uint_t                  i;
    ngx_http_strangler_slot_t  *slot;

    i = ngx_murmur_hash2((u_char *) name.data, name.len) & index->mask;

    for ( ;; ) {
        slot = index->table[i];

        if (slot == NULL
            || (slot->len == name.len
                && ngx_memcmp(slot->name, name.data, name.len) == 0))
        {
            return slot;
        }

        i = (i + 1) & index->mask;
    }
}


/* The slots of the names of these rules, by kind. */

static ngx_uint_t
ngx_http_strangler_nnames(const fig_model_t *model, ngx_uint_t kind)
{
    return (kind == NGX_HTTP_STRANGLER_ROUTE_SLOT) ? model->nroutes
                                                   : model->nbackends;
}


static fig_str_t
ngx_http_strangler_name(const fig_model_t *model, ngx_uint_t kind,
    ngx_uint_t i)
{
    return (kind == NGX_HTTP_STRANGLER_ROUTE_SLOT) ? model->routes[i].name
                                                   : model->backends[i].name;
}


/* A name's own slot, or that of a route which was called otherwise. */

static ngx_http_strangler_slot_t *
ngx_http_strangler_find_slot(ngx_http_strangler_index_t *index,
    const fig_ruleset_t *ruleset, ngx_uint_t i)
{
    fig_str_t                   was;
    const fig_model_t          *model;
    ngx_http_strangler_slot_t  *slot;

    model = fig_ruleset_model(ruleset);

    slot = ngx_http_strangler_index_find(index,
                               ngx_http_strangler_name(model, index->kind, i));

    if (slot || index->kind != NGX_HTTP_STRANGLER_ROUTE_SLOT) {
        return slot;
    }

    was = model->routes[i].was;

    if (was.len == 0 || fig_ruleset_find_route(ruleset, was)) {
        return NULL;
    }

    return ngx_http_strangler_index_find(index, was);
}


/* What reserving has found out about one kind. */

typedef struct {
    ngx_uint_t                     missing;    /* names without a slot */
    ngx_uint_t                     empty;      /* slots without a name */
    ngx_uint_t                     over;       /* with one that is gone */
} ngx_http_strangler_survey_t;


static ngx_int_t
ngx_http_strangler_survey(ngx_http_strangler_count_t *count,
    const fig_ruleset_t *ruleset, ngx_uint_t kind,
    ngx_http_strangler_survey_t *survey)
{
    ngx_uint_t                   i, n, oldest;
    ngx_http_strangler_slot_t   *slot;
    ngx_http_strangler_chunk_t  *chunk;
    ngx_http_strangler_index_t   index;

    n = ngx_http_strangler_nnames(fig_ruleset_model(ruleset), kind);
    oldest = ngx_http_strangler_count_oldest(count);

    if (ngx_http_strangler_index_init(&index, count, kind) != NGX_OK) {
        return NGX_ERROR;
    }

    ngx_memzero(survey, sizeof(ngx_http_strangler_survey_t));

    for (chunk = count->chunks; chunk; chunk = chunk->next) {

        for (i = 0; chunk->kind == kind && i < chunk->n; i++) {
            survey->empty += chunk->slots[i].named == 0;
            survey->over += chunk->slots[i].named != 0
                            && chunk->slots[i].named < oldest;
        }
    }

    for (i = 0; i < n; i++) {
        slot = ngx_http_strangler_find_slot(&index, ruleset, i);

        if (slot == NULL) {
            survey->missing++;

        } else if (slot->named < oldest) {
            survey->over--;
        }
    }

    free(index.table);

    return NGX_OK;
}


/* Adds so many slots, in chunks that come first. */

static ngx_int_t
ngx_http_strangler_add_slots(ngx_http_strangler_count_t *count,
    ngx_uint_t kind, ngx_uint_t missing)
{
    ngx_uint_t                   n;
    ngx_http_strangler_chunk_t  *chunk;

    while (missing) {
        n = ngx_min(missing, NGX_HTTP_STRANGLER_CHUNK);
        n = ngx_max(n, NGX_HTTP_STRANGLER_CHUNK_MIN);

        chunk = ngx_http_strangler_count_add_chunk(count, kind, n);
        if (chunk == NULL) {
            return NGX_DECLINED;
        }

        chunk->next = count->chunks;
        count->chunks = chunk;

        missing -= ngx_min(missing, n);
    }

    return NGX_OK;
}


void
ngx_http_strangler_count_unreserve(ngx_http_strangler_count_t *count,
    ngx_http_strangler_chunk_t *before)
{
    ngx_http_strangler_chunk_t  *chunk;

    while (count->chunks != before) {
        chunk = count->chunks;
        count->chunks = chunk->next;

        ngx_slab_free_locked(count->slab, chunk);
    }
}


ngx_int_t
ngx_http_strangler_count_reserve(ngx_http_strangler_count_t *count,
    const fig_ruleset_t *ruleset)
{
    ngx_uint_t                    kind, lack;
    ngx_http_strangler_chunk_t   *before;
    ngx_http_strangler_survey_t   survey;

    before = count->chunks;

    for (kind = 0; kind < NGX_HTTP_STRANGLER_SLOT_KINDS; kind++) {

        if (ngx_http_strangler_survey(count, ruleset, kind, &survey)
            != NGX_OK)
        {
            goto failed;
        }

        if (survey.missing <= survey.empty) {
            continue;
        }

        /* names that are gone make place only where there is no other */

        lack = survey.missing - survey.empty;

        if (ngx_http_strangler_add_slots(count, kind, lack) != NGX_OK
            && survey.missing > survey.empty + survey.over)
        {
            goto failed;
        }
    }

    return NGX_OK;

failed:

    ngx_http_strangler_count_unreserve(count, before);

    return NGX_DECLINED;
}


/* The next slot that has no name, or with oldest one that is gone. */

static ngx_http_strangler_slot_t *
ngx_http_strangler_next_spare(ngx_http_strangler_chunk_t **chunk,
    ngx_uint_t *i, ngx_uint_t kind, ngx_uint_t oldest)
{
    ngx_http_strangler_slot_t  *slot;

    for ( /* void */ ; *chunk; *chunk = (*chunk)->next, *i = 0) {

        for ( /* void */ ; (*chunk)->kind == kind && *i < (*chunk)->n; (*i)++)
        {
            slot = &(*chunk)->slots[*i];

            if (slot->named == 0 || slot->named < oldest) {
                return slot;
            }
        }
    }

    return NULL;
}


static void
ngx_http_strangler_fill_slots(ngx_http_strangler_count_t *count,
    const fig_model_t *model, ngx_uint_t kind, const u_char *found,
    ngx_uint_t number)
{
    ngx_uint_t                   i, at, n, oldest;
    ngx_http_strangler_slot_t   *slot;
    ngx_http_strangler_chunk_t  *chunk;

    at = 0;
    oldest = 0;
    chunk = count->chunks;
    n = ngx_http_strangler_nnames(model, kind);

    for (i = 0; i < n; i++) {

        if (found[i]) {
            continue;
        }

        slot = ngx_http_strangler_next_spare(&chunk, &at, kind, oldest);

        if (slot == NULL && oldest == 0) {
            at = 0;
            chunk = count->chunks;
            oldest = ngx_http_strangler_count_oldest(count);
            oldest = ngx_min(oldest, number);

            slot = ngx_http_strangler_next_spare(&chunk, &at, kind, oldest);
        }

        if (slot == NULL) {
            return;
        }

        ngx_http_strangler_count_give(count, slot, kind,
                                ngx_http_strangler_name(model, kind, i),
                                number);
    }
}


static void
ngx_http_strangler_commit(ngx_http_strangler_count_t *count,
    const fig_ruleset_t *ruleset, ngx_uint_t kind, ngx_uint_t number)
{
    u_char                      *found;
    ngx_uint_t                   i, n;
    fig_str_t                    name;
    const fig_model_t           *model;
    ngx_http_strangler_slot_t   *slot;
    ngx_http_strangler_index_t   index;

    model = fig_ruleset_model(ruleset);
    n = ngx_http_strangler_nnames(model, kind);

    if (ngx_http_strangler_index_init(&index, count, kind) != NGX_OK) {
        return;
    }

    found = calloc(n + 1, 1);

    for (i = 0; found && i < n; i++) {
        slot = ngx_http_strangler_find_slot(&index, ruleset, i);

        if (slot == NULL) {
            continue;
        }

        name = ngx_http_strangler_name(model, kind, i);

        slot->len = (u_char) name.len;
        ngx_memcpy(slot->name, name.data, name.len);
        slot->named = number;

        found[i] = 1;
    }

    free(index.table);

    if (found) {
        ngx_http_strangler_fill_slots(count, model, kind, found, number);
    }

    free(found);
}


static ngx_uint_t
ngx_http_strangler_is_timed(const fig_route_t *route)
{
    return route->stage == FIG_STAGE_SHADOW || route->stage == FIG_STAGE_RAMP
           || route->stage == FIG_STAGE_LIVE;
}


/* After all that shows what happens, as these are worth less in a full zone. */

static void
ngx_http_strangler_commit_guards(ngx_http_strangler_count_t *count,
    const fig_model_t *model, ngx_http_strangler_index_t *index)
{
    uint32_t                    k;
    ngx_uint_t                  i, n;
    const fig_route_t          *route;
    ngx_http_strangler_slot_t  *slot;

    n = ngx_http_strangler_nnames(model, index->kind);

    for (i = 0; i < n; i++) {
        slot = ngx_http_strangler_index_find(index,
                              ngx_http_strangler_name(model, index->kind, i));
        if (slot == NULL) {
            continue;
        }

        if (index->kind == NGX_HTTP_STRANGLER_BACKEND_SLOT) {
            ngx_http_strangler_guard_add_locked(count, slot,
                                                &model->backends[i]);
            continue;
        }

        route = &model->routes[i];

        for (k = 0; k < route->ntargets; k++) {
            ngx_http_strangler_guard_add_locked(count, slot,
                                                route->targets[k].backend);
        }

        if (route->from) {
            ngx_http_strangler_guard_add_locked(count, slot, route->from);
        }

        if (route->fallback.to) {
            ngx_http_strangler_guard_add_locked(count, slot,
                                                route->fallback.to);
        }
    }
}


void
ngx_http_strangler_count_commit(ngx_http_strangler_count_t *count,
    const fig_ruleset_t *ruleset, ngx_uint_t number)
{
    ngx_uint_t                   i;
    const fig_model_t           *model;
    ngx_http_strangler_slot_t   *slot;
    ngx_http_strangler_index_t   index;

    ngx_http_strangler_commit(count, ruleset, NGX_HTTP_STRANGLER_ROUTE_SLOT,
                              number);
    ngx_http_strangler_commit(count, ruleset, NGX_HTTP_STRANGLER_BACKEND_SLOT,
                              number);

    if (ngx_http_strangler_index_init(&index, count,
                                      NGX_HTTP_STRANGLER_ROUTE_SLOT)
        != NGX_OK)
    {
        return;
    }

    model = fig_ruleset_model(ruleset);

    for (i = 0; i < model->nroutes; i++) {

        if (!ngx_http_strangler_is_timed(&model->routes[i])) {
            continue;
        }

        slot = ngx_http_strangler_index_find(&index, model->routes[i].name);

        if (slot) {
            ngx_http_strangler_count_time_locked(count, slot);
        }
    }

    ngx_http_strangler_commit_guards(count, model, &index);

    free(index.table);

    if (ngx_http_strangler_index_init(&index, count,
                                      NGX_HTTP_STRANGLER_BACKEND_SLOT)
        == NGX_OK)
    {
        ngx_http_strangler_commit_guards(count, model, &index);
        free(index.table);
    }
}


size_t
ngx_http_strangler_count_needed(ngx_http_strangler_count_t *count,
    const fig_ruleset_t *ruleset)
{
    size_t              size;
    ngx_uint_t          kind, n;
    const fig_model_t  *model;

    size = 0;
    model = fig_ruleset_model(ruleset);

    for (kind = 0; kind < NGX_HTTP_STRANGLER_SLOT_KINDS; kind++) {
        n = ngx_http_strangler_nnames(model, kind)
            + NGX_HTTP_STRANGLER_CHUNK_MIN;

        /* a chunk takes whole pages */

        size += n * ngx_http_strangler_count_slot_size(count, kind)
                + (n / NGX_HTTP_STRANGLER_CHUNK + 1) * ngx_pagesize;
    }

    return size;
}


static ngx_http_strangler_slot_t **
ngx_http_strangler_map(ngx_http_strangler_count_t *count,
    ngx_http_strangler_gen_t *gen, ngx_uint_t kind)
{
    ngx_uint_t                    i, n;
    ngx_http_strangler_slot_t   **slots;
    ngx_http_strangler_index_t    index;

    n = ngx_http_strangler_nnames(gen->model, kind);

    slots = fig_arena_array(gen->arena, n + 1,
                            sizeof(ngx_http_strangler_slot_t *));

    if (slots == NULL
        || ngx_http_strangler_index_init(&index, count, kind) != NGX_OK)
    {
        return NULL;
    }

    for (i = 0; i < n; i++) {
        slots[i] = ngx_http_strangler_find_slot(&index, gen->ruleset, i);
    }

    free(index.table);

    return slots;
}


ngx_int_t
ngx_http_strangler_count_map(ngx_http_strangler_count_t *count,
    ngx_http_strangler_gen_t *gen)
{
    ngx_http_strangler_slot_t  **routes, **backends;

    ngx_shmtx_lock(&count->slab->mutex);

    routes = ngx_http_strangler_map(count, gen, NGX_HTTP_STRANGLER_ROUTE_SLOT);
    backends = ngx_http_strangler_map(count, gen,
                                      NGX_HTTP_STRANGLER_BACKEND_SLOT);

    ngx_shmtx_unlock(&count->slab->mutex);

    if (routes == NULL || backends == NULL) {
        return NGX_ERROR;
    }

    gen->route_slots = routes;
    gen->backend_slots = backends;

    return NGX_OK;
}
