/*
 * An exchange: a request and the answers to it.
 *
 *     exchange, its pool
 *       answers[primary] | status | fields | body, up to a limit |
 *       answers[copy]
 *       answers[probe]     sometimes
 *
 * The client's request and every copy hold it; whoever comes last hands it over
 * to be compared.  What all exchanges of a process keep is bounded.
 */

#include "ngx_http_strangler_shadow.h"


ngx_http_strangler_exchange_t *
ngx_http_strangler_exchange_create(ngx_http_strangler_ctx_t *ctx)
{
    ngx_uint_t                      i;
    ngx_pool_t                     *pool;
    ngx_http_strangler_exchange_t  *exchange;

    pool = ngx_create_pool(2048, ngx_cycle->log);
    if (pool == NULL) {
        return NULL;
    }

    exchange = ngx_pcalloc(pool, sizeof(ngx_http_strangler_exchange_t));

    if (exchange == NULL) {
        ngx_destroy_pool(pool);
        return NULL;
    }

    for (i = 0; i < NGX_HTTP_STRANGLER_ANSWERS; i++) {
        if (ngx_array_init(&exchange->answers[i].fields, pool, 12,
                           sizeof(fig_answer_field_t))
            != NGX_OK)
        {
            ngx_destroy_pool(pool);
            return NULL;
        }

        exchange->answers[i].ms = (ngx_msec_t) -1;
    }

    exchange->pool = pool;
    exchange->rset = ctx->rset;
    exchange->gen = ctx->gen;
    exchange->route = ctx->decision.route;
    exchange->comparer = fig_comparing_of(ctx->gen->comparing,
                                          ctx->decision.route);
    exchange->max_body = exchange->route->compare.max_body;
    exchange->loc_conf = ctx->request->loc_conf;
    exchange->valid_unparsed_uri = ctx->request->valid_unparsed_uri;
    exchange->refs = 1;

    ctx->gen->refs++;

    return exchange;
}


void
ngx_http_strangler_exchange_destroy(ngx_http_strangler_exchange_t *exchange)
{
    ngx_uint_t  i;

    for (i = 0; i < NGX_HTTP_STRANGLER_ANSWERS; i++) {
        ngx_http_strangler_body_free(&exchange->answers[i].body);
    }

    ngx_http_strangler_gen_release(exchange->gen);
    ngx_destroy_pool(exchange->pool);
}


/* What could not be kept here says nothing about who answered. */

static void
ngx_http_strangler_exchange_end(ngx_http_strangler_exchange_t *exchange)
{
    ngx_http_strangler_kept_t  *answers;

    answers = exchange->answers;

    if (answers[NGX_HTTP_STRANGLER_PROBE].failed) {
        exchange->probed = 0;
    }

    if (!answers[NGX_HTTP_STRANGLER_PRIMARY].failed
        && !answers[NGX_HTTP_STRANGLER_COPY].failed)
    {
        ngx_http_strangler_learn(exchange);
        return;
    }

    if (exchange->gen->route_slots) {
        ngx_http_strangler_count_drop(exchange->slot,
                                      NGX_HTTP_STRANGLER_DROP_MEMORY);
    }

    ngx_http_strangler_exchange_destroy(exchange);
}


void
ngx_http_strangler_exchange_release(ngx_http_strangler_exchange_t *exchange)
{
    if (--exchange->refs) {
        return;
    }

    if (exchange->copied && exchange->comparer) {
        ngx_http_strangler_exchange_end(exchange);

    } else {
        ngx_http_strangler_exchange_destroy(exchange);
    }
}


void
ngx_http_strangler_keep_body(ngx_http_strangler_exchange_t *exchange,
    ngx_http_strangler_kept_t *kept, u_char *data, size_t len)
{
    if (kept->over || kept->failed || len == 0) {
        return;
    }

    if (len > exchange->max_body - kept->body.len) {
        kept->over = 1;

    } else if (ngx_http_strangler_body_add(&kept->body, data, len)
               != NGX_OK)
    {
        kept->failed = 1;
    }

    if (kept->over || kept->failed) {
        ngx_http_strangler_body_free(&kept->body);
    }
}


size_t
ngx_http_strangler_exchange_size(
    const ngx_http_strangler_exchange_t *exchange)
{
    size_t      size;
    ngx_uint_t  i;

    size = 0;

    for (i = 0; i < NGX_HTTP_STRANGLER_ANSWERS; i++) {
        size += exchange->answers[i].body.len;
    }

    return size;
}


void
ngx_http_strangler_keep_time(ngx_http_strangler_kept_t *kept,
    ngx_http_upstream_t *u)
{
    if (u && u->state && kept->status) {
        kept->ms = u->state->response_time;
    }
}


fig_status_t
ngx_http_strangler_answer(const ngx_http_strangler_kept_t *kept,
    fig_arena_t *arena, fig_answer_t *answer)
{
    ngx_memzero(answer, sizeof(fig_answer_t));

    answer->status = (unsigned) kept->status;
    answer->fields = kept->fields.elts;
    answer->nfields = kept->fields.nelts;
    answer->authority = ngx_http_strangler_fig(kept->authority);

    if (kept->over) {
        answer->fault = FIG_FAULT_LIMIT;

    } else if (kept->status == 0 || !kept->complete) {
        answer->fault = FIG_FAULT_TRANSPORT;
    }

    return ngx_http_strangler_body_read(&kept->body, arena, &answer->body);
}


/* The builds that answered, as one number; 0: one has not said its name. */

uint64_t
ngx_http_strangler_versions(const ngx_http_strangler_kept_t *a,
    const ngx_http_strangler_kept_t *b)
{
    if ((a->version.len == 0 && a->versioned)
        || (b->version.len == 0 && b->versioned)
        || (a->version.len == 0 && b->version.len == 0))
    {
        return 0;
    }

    return ((uint64_t) ngx_crc32_long(a->version.data, a->version.len) << 32)
           | (ngx_crc32_long(b->version.data, b->version.len) | 1);
}
