/*
 * A request's decision.
 *
 *     view of the request  ->  fig_match  ->  fig_decide  ->  target, peer
 *
 * A decision is made once for each URI that a request has: at the latest in
 * the content phase, earlier when a variable asks for it.  It is found again
 * after an internal redirect, which clears module contexts, through the
 * cleanups of the request's pool; these run after the access log was written.
 */

#include "ngx_http_strangler_shadow.h"


#define NGX_HTTP_STRANGLER_CTXS  16            /* made at once */


static void ngx_http_strangler_cleanup(void *data);


static uint64_t  ngx_http_strangler_random_state;

static ngx_http_strangler_ctx_t  *ngx_http_strangler_ctxs;


/* SplitMix64: Steele, Lea, Flood, "Fast splittable PRNGs", OOPSLA 2014. */

uint64_t
ngx_http_strangler_random(void)
{
    uint64_t  z;

    z = (ngx_http_strangler_random_state += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;

    return z ^ (z >> 31);
}


void
ngx_http_strangler_seed(void)
{
    ngx_fd_t         fd;
    uint64_t         seed;
    struct timeval   tv;

    ngx_gettimeofday(&tv);

    seed = ((uint64_t) ngx_pid << 32) ^ ((uint64_t) tv.tv_sec << 20)
           ^ (uint64_t) tv.tv_usec;

    fd = ngx_open_file("/dev/urandom", NGX_FILE_RDONLY, NGX_FILE_OPEN, 0);

    if (fd != NGX_INVALID_FILE) {
        if (ngx_read_fd(fd, &seed, sizeof(seed)) != sizeof(seed)) {
            seed ^= 0x2545f4914f6cdd1d;
        }

        (void) ngx_close_file(fd);
    }

    ngx_http_strangler_random_state = seed;
}


ngx_http_strangler_ctx_t *
ngx_http_strangler_get_ctx(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t        *cln;
    ngx_http_strangler_ctx_t  *ctx;

    ctx = ngx_http_get_module_ctx(r, ngx_http_strangler_module);

    if (ctx != NULL || (!r->internal && !r->filter_finalize)) {
        return ctx;
    }

    for (cln = r->pool->cleanup; cln; cln = cln->next) {

        if (cln->handler != ngx_http_strangler_cleanup) {
            continue;
        }

        ctx = cln->data;

        if (ctx->request == r) {
            ngx_http_set_ctx(r, ctx, ngx_http_strangler_module);
            return ctx;
        }
    }

    return NULL;
}


ngx_http_strangler_ctx_t *
ngx_http_strangler_get_handled_ctx(ngx_http_request_t *r)
{
    ngx_pool_cleanup_t        *cln;
    ngx_http_strangler_ctx_t  *ctx;

    for (cln = r->pool->cleanup; cln; cln = cln->next) {

        if (cln->handler != ngx_http_strangler_cleanup) {
            continue;
        }

        ctx = cln->data;

        if (ctx->request == r && ctx->handled) {
            return ctx;
        }
    }

    return NULL;
}


static void
ngx_http_strangler_stop_total(ngx_http_strangler_ctx_t *ctx)
{
    if (ctx->total && ctx->total->timer_set) {
        ngx_del_timer(ctx->total);
    }
}


static void
ngx_http_strangler_drop(ngx_http_strangler_ctx_t *ctx)
{
    ngx_http_strangler_stop_total(ctx);

    if (ctx->gen) {
        ngx_http_strangler_stop_retry(ctx);
    }

    if (ctx->exchange) {
        ngx_http_strangler_exchange_release(ctx->exchange);
        ctx->exchange = NULL;
    }

    if (ctx->gen) {
        ngx_http_strangler_leave_place(ctx);
        ngx_http_strangler_leave(ctx);
        ngx_http_strangler_gen_release(ctx->gen);
        ctx->gen = NULL;
    }
}


static void
ngx_http_strangler_cleanup(void *data)
{
    ngx_http_strangler_ctx_t *ctx = data;

    ngx_http_strangler_drop(ctx);

    ctx->next = ngx_http_strangler_ctxs;
    ngx_http_strangler_ctxs = ctx;
}


/* Contexts are made some at a time and kept for as long as the process. */

static ngx_http_strangler_ctx_t *
ngx_http_strangler_new_ctx(void)
{
    ngx_uint_t                 i;
    ngx_http_strangler_ctx_t  *ctx;

    ctx = ngx_http_strangler_ctxs;

    if (ctx == NULL) {
        ctx = ngx_alloc(NGX_HTTP_STRANGLER_CTXS
                        * sizeof(ngx_http_strangler_ctx_t), ngx_cycle->log);
        if (ctx == NULL) {
            return NULL;
        }

        for (i = 0; i < NGX_HTTP_STRANGLER_CTXS - 1; i++) {
            ctx[i].next = &ctx[i + 1];
        }

        ctx[i].next = NULL;
    }

    ngx_http_strangler_ctxs = ctx->next;

    return ctx;
}


/* One that is given back with the request's pool. */

static ngx_http_strangler_ctx_t *
ngx_http_strangler_add_ctx(ngx_http_request_t *r)
{
    ngx_http_strangler_ctx_t  *ctx;

    ctx = ngx_http_strangler_new_ctx();
    if (ctx == NULL) {
        return NULL;
    }

    ctx->gen = NULL;
    ctx->exchange = NULL;
    ctx->total = NULL;

    ctx->cleanup.handler = ngx_http_strangler_cleanup;
    ctx->cleanup.data = ctx;
    ctx->cleanup.next = r->pool->cleanup;
    r->pool->cleanup = &ctx->cleanup;

    return ctx;
}


/* All but what was drawn for the request. */

static void
ngx_http_strangler_init_ctx(ngx_http_strangler_ctx_t *ctx,
    ngx_http_request_t *r, ngx_http_strangler_gen_t *gen)
{
    ngx_memzero(&ctx->request, offsetof(ngx_http_strangler_ctx_t, match)
                               - offsetof(ngx_http_strangler_ctx_t, request));

    ctx->request = r;
    ctx->rset = gen->rset;
    ctx->gen = gen;

    ctx->match.route = NULL;

    ctx->view.headers = NULL;
    ctx->view.nheaders = 0;
    ctx->view.client.family = 0;

    gen->refs++;

    ngx_http_set_ctx(r, ctx, ngx_http_strangler_module);
}


static void
ngx_http_strangler_swap(ngx_str_t *a, ngx_str_t *b)
{
    ngx_str_t  s;

    s = *a;
    *a = *b;
    *b = s;
}


/*
 * An empty context for this request, which holds the generation in force.  One
 * by which the request was sent stays as it is: the upstream module may be at
 * work with it still, and $upstream_addr shows names of its generation.
 */

static ngx_http_strangler_ctx_t *
ngx_http_strangler_reset_ctx(ngx_http_request_t *r,
    ngx_http_strangler_ctx_t *ctx, ngx_http_strangler_rset_t *rset)
{
    uint64_t  random;

    random = ctx ? ctx->view.random : ngx_http_strangler_random();

    if (ctx && ctx->tries == 0) {
        ngx_http_strangler_drop(ctx);

    } else {
        if (ctx) {
            ngx_http_strangler_stop_total(ctx);
        }

        ctx = ngx_http_strangler_add_ctx(r);
        if (ctx == NULL) {
            return NULL;
        }

        ctx->view.random = random;
    }

    ngx_http_strangler_init_ctx(ctx, r, rset->gen);

    return ctx;
}


ngx_http_strangler_ctx_t *
ngx_http_strangler_copy_ctx(ngx_http_strangler_ctx_t *from,
    ngx_http_request_t *r, const fig_backend_t *backend, fig_side_t side)
{
    ngx_int_t                  rc;
    ngx_str_t                  target, path;
    ngx_http_strangler_ctx_t  *ctx;

    /* the path of this side, in memory of the client's request */

    target = from->target;
    rc = ngx_http_strangler_target(from, side);

    ngx_http_strangler_swap(&target, &from->target);

    ctx = (rc == NGX_OK) ? ngx_http_strangler_add_ctx(r) : NULL;
    if (ctx == NULL) {
        return NULL;
    }

    ngx_http_strangler_init_ctx(ctx, r, from->gen);

    path = ngx_http_strangler_str(from->view.path);

    ctx->target.data = ngx_pstrdup(r->pool, &target);
    path.data = ngx_pstrdup(r->pool, &path);

    if (ctx->target.data == NULL || path.data == NULL) {
        return NULL;
    }

    ctx->target.len = target.len;

    ctx->uri = r->uri;
    ctx->args = r->args;
    ctx->resolved = from->resolved;
    ctx->handled = 1;

    ctx->match = from->match;
    ctx->decision = from->decision;
    ctx->decision.backend = backend;
    ctx->decision.fallback = NULL;
    ctx->decision.side = side;
    ctx->decision.assign = false;

    ctx->view.method = ngx_http_strangler_fig(r->method_name);
    ctx->view.host = ngx_http_strangler_fig(r->headers_in.server);
    ctx->view.path = ngx_http_strangler_fig(path);
    ctx->view.query = ngx_http_strangler_fig(r->args);
    ctx->view.random = from->view.random;
    ctx->view.fill = ngx_http_strangler_fill;
    ctx->view.data = ctx;

    ngx_http_strangler_choose_backend(ctx, backend);

    return ctx;
}


ngx_int_t
ngx_http_strangler_target(ngx_http_strangler_ctx_t *ctx, fig_side_t side)
{
    u_char              *p;
    size_t               len, size;
    const fig_route_t   *route;
    ngx_http_request_t  *r;

    r = ctx->request;
    route = ctx->decision.route;

    ngx_str_null(&ctx->target);

    size = 3 * ctx->view.path.len;

    if (side == FIG_SIDE_NEW && route->rewrite.path.nparts) {
        size = ngx_max(size, fig_rewrite_bound(route, ctx->view.path.len));

    } else if (!ctx->resolved) {
        return NGX_OK;
    }

    p = ngx_pnalloc(r->pool, size + 1 + ctx->args.len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    len = 0;

    if (side == FIG_SIDE_NEW && route->rewrite.path.nparts) {
        len = fig_rewrite_path(&ctx->match, ctx->view.path,
                               ngx_http_strangler_scratch, (char *) p);
    }

    if (len == 0) {
        if (!ctx->resolved) {
            return NGX_OK;
        }

        len = fig_path_restore(ctx->view.path, (char *) p);
    }

    ctx->target.data = p;
    p += len;

    if (ctx->args.len) {
        *p++ = '?';
        p = ngx_cpymem(p, ctx->args.data, ctx->args.len);
    }

    ctx->target.len = p - ctx->target.data;

    return NGX_OK;
}


static void
ngx_http_strangler_log_limit(ngx_http_request_t *r,
    ngx_http_strangler_ctx_t *ctx)
{
    time_t             *logged;
    const fig_route_t  *route;

    ngx_http_strangler_count_limit(ctx);

    route = ctx->match.limited;
    logged = &ctx->gen->limit_logged[route->index];

    /* at most once a minute: hostile paths must not fill the disk */

    if (*logged != 0 && ngx_time() - *logged < 60) {
        return;
    }

    *logged = ngx_time();

    ngx_log_error(NGX_LOG_ERR, r->connection->log, 0,
                  "strangler: a pattern of route \"%*s\" hit its match limit "
                  "and counts as not matching",
                  route->name.len, route->name.data);
}


/*
 * Where the request went before there were rules; but a route in stage `done`
 * may have no legacy left to go to.
 */

void
ngx_http_strangler_default(ngx_http_strangler_ctx_t *ctx)
{
    ngx_uint_t  done;

    done = ctx->match.route
           && ctx->gen->settings[ctx->match.route->index].stage
              == FIG_STAGE_DONE;

    ctx->backend = NULL;
    ctx->peer = NULL;

    ngx_memzero(&ctx->decision, sizeof(fig_decision_t));
    ngx_memzero(&ctx->match, sizeof(fig_match_t));

    ngx_str_null(&ctx->target);

    ctx->decision.backend = ctx->gen->model->fallthrough;
    ctx->decision.side = FIG_SIDE_OLD;
    ctx->decision.why = FIG_WHY_DEFAULT;
    ctx->decision.bucket = FIG_BUCKETS;
    ctx->failed = 1;

    if (done || ctx->decision.backend == NULL) {
        ctx->decision.backend = NULL;
        ctx->status = NGX_HTTP_INTERNAL_SERVER_ERROR;

    } else {
        ngx_http_strangler_choose_backend(ctx, ctx->decision.backend);
    }

    ngx_log_error(NGX_LOG_ALERT, ctx->request->connection->log, 0,
                  "strangler: the decision could not be made or carried out, "
                  "the request %s",
                  ctx->status ? "is answered with 500"
                              : "goes to the default backend");
}


static ngx_int_t
ngx_http_strangler_match(ngx_http_request_t *r, ngx_http_strangler_ctx_t *ctx)
{
    fig_request_t  *view;

    view = &ctx->view;

    view->method = ngx_http_strangler_fig(r->method_name);
    view->host = ngx_http_strangler_fig(r->headers_in.server);
    view->query = ngx_http_strangler_fig(r->args);
    view->fill = ngx_http_strangler_fill;
    view->data = ctx;

    if (ngx_http_strangler_path(r, ctx) != NGX_OK) {
        return NGX_ERROR;
    }

    if (!ngx_http_strangler_is_host(r)) {
        ctx->status = NGX_HTTP_BAD_REQUEST;
    }

    if (ctx->status) {
        ngx_memzero(&ctx->decision, sizeof(fig_decision_t));
        return NGX_OK;
    }

    fig_match(ctx->gen->ruleset, view, ngx_http_strangler_scratch,
              &ctx->match);

    if (ctx->match.limited) {
        ngx_http_strangler_log_limit(r, ctx);
    }

    ngx_http_strangler_live_follow(ctx->rset, ctx->gen);

    fig_decide(ctx->gen->ruleset, view, &ctx->match,
               ngx_http_strangler_scratch, &ctx->gen->in_force,
               &ctx->decision);

    if (ctx->failed) {
        return NGX_ERROR;
    }

    if (ctx->decision.backend == NULL) {
        return NGX_OK;
    }

    if (ctx->decision.why == FIG_WHY_DRAIN) {
        ngx_str_set(&ctx->reason, "drain");
    }

    return ngx_http_strangler_target(ctx, ctx->decision.side);
}


/* The location that the request was decided for has its rules set by merge. */

ngx_http_strangler_ctx_t *
ngx_http_strangler_decide(ngx_http_request_t *r)
{
    ngx_http_strangler_ctx_t       *ctx;
    ngx_http_strangler_rset_t      *rset;
    ngx_http_strangler_loc_conf_t  *lcf;

    lcf = ngx_http_get_module_loc_conf(r, ngx_http_strangler_module);
    rset = lcf->rset;

    ctx = ngx_http_strangler_get_ctx(r);

    if (rset == NULL || rset->gen == NULL
        || ngx_http_strangler_scratch == NULL)
    {
        return ctx;
    }

    /* what was sent once, and came here again by error_page, starts anew */

    if (ctx
        && ctx->tries == 0
        && ctx->rset == rset
        && ctx->uri.data == r->uri.data
        && ctx->uri.len == r->uri.len
        && ctx->args.data == r->args.data)
    {
        return ctx;
    }

    ctx = ngx_http_strangler_reset_ctx(r, ctx, rset);
    if (ctx == NULL) {
        return NULL;
    }

    ctx->uri = r->uri;
    ctx->args = r->args;

    if (ngx_http_strangler_match(r, ctx) != NGX_OK) {
        ngx_http_strangler_default(ctx);

    } else if (ctx->status == 0 && ctx->decision.backend) {
        ngx_http_strangler_choose_backend(ctx, ctx->decision.backend);
    }

    return ctx;
}
