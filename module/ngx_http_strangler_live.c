/*
 * The values in force, for requests: what flips have made of the rules.
 *
 *     state directory -> store -> image, mapped shared by all processes
 *     generation      -> settings[] by route, drained[] by backend
 *
 * Each generation has its own copy of what concerns it, since names are not to
 * be looked up for a request.  One number of the image tells whether the copy
 * is still right; when it is not, the next request makes it right before it is
 * decided.  So a flip is in force in every worker as soon as it is in the
 * image, and no worker has to be told.
 */

#include "ngx_http_strangler.h"


#define NGX_HTTP_STRANGLER_LIVE_AGAIN  1000    /* ms */


static void
ngx_http_strangler_release_store(void *data)
{
    fig_store_release(data);
}


ngx_int_t
ngx_http_strangler_live_init(ngx_http_strangler_rset_t *rset,
    ngx_cycle_t *cycle)
{
    char                 text[FIG_STORE_ERROR];
    ngx_pool_cleanup_t  *cln;

    if (rset->state.len == 0) {
        return NGX_OK;
    }

    cln = ngx_pool_cleanup_add(cycle->pool, sizeof(fig_store_t));
    if (cln == NULL) {
        return NGX_ERROR;
    }

    if (!fig_store_init(cln->data, (char *) rset->state.data, rset->user,
                        rset->group))
    {
        return NGX_ERROR;
    }

    cln->handler = ngx_http_strangler_release_store;
    rset->store = cln->data;

    /* routing goes on without flips, but nobody is to find that out late */

    if (fig_store_error(rset->store, text)) {
        ngx_log_error(NGX_LOG_ERR, cycle->log, 0,
                      "strangler: no flip of \"%V\" is possible: %s",
                      &rset->name, text);
    }

    ngx_http_strangler_live_warn(rset, cycle->log);

    return ngx_http_strangler_evidence_init(rset, cycle);
}


void
ngx_http_strangler_live_warn(ngx_http_strangler_rset_t *rset, ngx_log_t *log)
{
    char  text[FIG_STORE_ERROR];

    if (rset->store && fig_store_warning(rset->store, text)) {
        ngx_log_error(NGX_LOG_WARN, log, 0, "strangler: \"%V\": %s",
                      &rset->name, text);
    }
}


static void
ngx_http_strangler_live_set(ngx_http_strangler_gen_t *gen,
    const fig_route_t *route, const fig_slot_t *slot)
{
    fig_effect_t    effect;
    fig_setting_t  *setting;

    setting = &gen->settings[route->index];
    fig_slot_effect(route, slot, &effect);

    /* a share of copies that was flipped has a slot of its own */

    if (setting->shadow_flipped) {
        effect.setting.shadow_percent = setting->shadow_percent;
        effect.setting.shadow_flipped = 1;
    }

    *setting = effect.setting;
}


static void
ngx_http_strangler_live_drain(ngx_http_strangler_gen_t *gen,
    const fig_slot_t *slot)
{
    uint8_t               drained;
    const fig_backend_t  *backend;

    backend = fig_ruleset_find_backend(gen->ruleset, fig_slot_name(slot));

    if (backend == NULL) {
        return;
    }

    drained = (slot->flags & FIG_SLOT_DRAIN) != 0;

    gen->ndrained += drained;
    gen->ndrained -= gen->drained[backend->index];
    gen->drained[backend->index] = drained;
}


/* Every route and backend, from all slots there are. */

static ngx_int_t
ngx_http_strangler_live_all(ngx_http_strangler_gen_t *gen,
    const fig_slot_t *slots, uint32_t n)
{
    fig_slot_index_t  index;

    if (!fig_slot_index_init(&index, slots, n)) {
        return NGX_ERROR;
    }

    gen->ndrained = fig_slots_in_force(gen->ruleset, &index, gen->settings,
                                       gen->drained);

    fig_slot_index_release(&index);

    return NGX_OK;
}


/* A few routes that were not renamed and are in no group: no need to search. */

static ngx_uint_t
ngx_http_strangler_live_few(ngx_http_strangler_gen_t *gen,
    const fig_slot_t *slots, uint32_t n)
{
    uint32_t            i;
    const fig_route_t  *route;

    for (i = 0; i < n; i++) {

        if (slots[i].kind == FIG_SLOT_BACKEND) {
            continue;
        }

        route = (slots[i].kind == FIG_SLOT_ROUTE)
                ? fig_ruleset_find_route(gen->ruleset,
                                         fig_slot_name(&slots[i]))
                : NULL;

        if (route == NULL || route->group) {
            return 0;
        }
    }

    for (i = 0; i < n; i++) {
        if (slots[i].kind == FIG_SLOT_BACKEND) {
            ngx_http_strangler_live_drain(gen, &slots[i]);
            continue;
        }

        route = fig_ruleset_find_route(gen->ruleset, fig_slot_name(&slots[i]));
        ngx_http_strangler_live_set(gen, route, &slots[i]);
    }

    return 1;
}


/*
 * Half of a change is waited for, or made whole: behind it are others that were
 * answered, and rules that are new know of none at all.  Where that cannot be
 * done - a damaged journal - it is not tried again for each request, and what
 * is in force stays in force.
 */

static ngx_uint_t
ngx_http_strangler_live_changes(ngx_http_strangler_rset_t *rset,
    ngx_http_strangler_gen_t *gen, uint64_t after, fig_slot_t **slots,
    uint32_t *n, uint64_t *seq, uint64_t *epoch)
{
    if ((ngx_msec_int_t) (ngx_current_msec - gen->live_again) < 0) {
        return fig_state_changes(&rset->store->state, after, gen->live_epoch,
                                 slots, n, seq, epoch);
    }

    if (fig_store_changes(rset->store, after, gen->live_epoch, slots, n, seq,
                          epoch))
    {
        return 1;
    }

    gen->live_again = ngx_current_msec + NGX_HTTP_STRANGLER_LIVE_AGAIN;

    return 0;
}


void
ngx_http_strangler_live_apply(ngx_http_strangler_rset_t *rset,
    ngx_http_strangler_gen_t *gen)
{
    uint32_t     n;
    uint64_t     seq, epoch;
    ngx_int_t    rc;
    fig_slot_t  *slots;

    if (rset->store == NULL) {
        return;
    }

    if (!ngx_http_strangler_live_changes(rset, gen, gen->live_seq, &slots, &n,
                                         &seq, &epoch))
    {
        return;
    }

    rc = NGX_OK;

    if (epoch != gen->live_epoch) {
        rc = ngx_http_strangler_live_all(gen, slots, n);

    } else if (!ngx_http_strangler_live_few(gen, slots, n)) {
        free(slots);

        if (!ngx_http_strangler_live_changes(rset, gen, 0, &slots, &n, &seq,
                                             &epoch))
        {
            return;
        }

        rc = ngx_http_strangler_live_all(gen, slots, n);
    }

    free(slots);

    if (rc != NGX_OK) {
        return;
    }

    gen->live_seq = seq;
    gen->live_epoch = epoch;
    gen->in_force.drained = gen->ndrained ? gen->drained : NULL;
}


/* An image that was made anew may have the number of the one before. */

void
ngx_http_strangler_live_tick(ngx_http_strangler_rset_t *rset)
{
    ngx_http_strangler_gen_t  *gen;

    gen = rset->gen;

    if (rset->store
        && (rset->store->state.head->epoch != gen->live_epoch
            || fig_state_seq(&rset->store->state) != gen->live_seq))
    {
        ngx_http_strangler_live_apply(rset, gen);
    }
}


fig_status_t
ngx_http_strangler_live_create(ngx_http_strangler_gen_t *gen)
{
    uint32_t            i;
    const fig_model_t  *model;

    model = gen->model;

    gen->settings = fig_arena_array(gen->arena, model->nroutes,
                                    sizeof(fig_setting_t));
    gen->drained = fig_arena_array(gen->arena, model->nbackends, 1);

    if (gen->settings == NULL || gen->drained == NULL) {
        return FIG_NOMEM;
    }

    for (i = 0; i < model->nroutes; i++) {
        ngx_http_strangler_live_set(gen, &model->routes[i], NULL);
    }

    gen->in_force.routes = gen->settings;
    gen->live_epoch = UINT64_MAX;
    gen->live_again = ngx_current_msec;

    return FIG_OK;
}
