/*
 * What comparisons have found, as far as processes have to do with it.
 *
 *     master   init     the directory, made for the workers' user
 *     leader   sweep    names that have changed or are gone; a thread
 */

#include "ngx_http_strangler.h"


static void
ngx_http_strangler_evidence_close(void *data)
{
    fig_evidence_close(*(fig_evidence_t **) data);
}


ngx_int_t
ngx_http_strangler_evidence_init(ngx_http_strangler_rset_t *rset,
    ngx_cycle_t *cycle)
{
    char                 text[FIG_EVIDENCE_ERROR];
    ngx_pool_cleanup_t  *cln;

    cln = ngx_pool_cleanup_add(cycle->pool, sizeof(fig_evidence_t *));
    if (cln == NULL) {
        return NGX_ERROR;
    }

    if (fig_evidence_open((char *) rset->state.data, rset->user, rset->group,
                          &rset->evidence)
        != FIG_OK)
    {
        return NGX_ERROR;
    }

    *(fig_evidence_t **) cln->data = rset->evidence;
    cln->handler = ngx_http_strangler_evidence_close;

    /* requests are served without it, and comparisons go on */

    if (fig_evidence_error(rset->evidence, text)) {
        ngx_log_error(NGX_LOG_ERR, cycle->log, 0,
                      "strangler: what comparisons of \"%V\" find cannot be "
                      "kept: %s", &rset->name, text);
    }

    return NGX_OK;
}


void
ngx_http_strangler_evidence_warn(ngx_http_strangler_rset_t *rset,
    ngx_log_t *log)
{
    char  text[FIG_EVIDENCE_ERROR];

    if (rset->evidence && fig_evidence_warning(rset->evidence, text)) {
        ngx_log_error(NGX_LOG_ERR, log, 0, "strangler: \"%V\": %s",
                      &rset->name, text);
    }
}


void
ngx_http_strangler_evidence_sweep(ngx_http_strangler_rset_t *rset,
    ngx_http_strangler_gen_t *gen, ngx_log_t *log)
{
    char                  text[FIG_EVIDENCE_ERROR];
    uint32_t              i;
    fig_arena_t          *arena;
    fig_status_t          status;
    fig_evidence_name_t  *names;

    arena = fig_arena_create();
    if (arena == NULL) {
        return;
    }

    status = FIG_NOMEM;
    names = fig_arena_array(arena, gen->model->nroutes + 1,
                            sizeof(fig_evidence_name_t));

    if (names) {
        for (i = 0; i < gen->model->nroutes; i++) {
            names[i].name = gen->model->routes[i].name;
            names[i].was = gen->model->routes[i].was;
        }

        status = fig_evidence_sweep(rset->evidence, names,
                                    gen->model->nroutes,
                                    (uint64_t) time(NULL));
    }

    fig_arena_destroy(arena);

    ngx_http_strangler_evidence_warn(rset, log);

    if (status != FIG_OK) {
        if (!fig_evidence_error(rset->evidence, text)) {
            ngx_memcpy(text, "memory is out", sizeof("memory is out"));
        }

        ngx_log_error(NGX_LOG_ERR, log, 0,
                      "strangler: evidence of \"%V\" cannot be swept: %s",
                      &rset->name, text);
    }
}
