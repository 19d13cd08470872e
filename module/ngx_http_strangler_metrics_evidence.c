/*
 * The lines of metrics about evidence, for one route.
 *
 *     route i -> its file -> classes by state, the verdict
 *
 * Only of routes that have evidence; files are read on the thread that writes
 * metrics.
 */

#include "ngx_http_strangler_metrics.h"
#include "ngx_http_strangler_api.h"


/* NGX_DECLINED: there is nothing to tell.  Else release the view. */

static ngx_int_t
ngx_http_strangler_found(ngx_http_strangler_metrics_t *m, ngx_uint_t i,
    uint64_t now, fig_evidence_view_t *view)
{
    const fig_route_t  *route;

    route = &m->gen->model->routes[i];

    if (m->rset->evidence == NULL
        || fig_comparing_of(m->gen->comparing, route) == NULL)
    {
        return NGX_DECLINED;
    }

    if (ngx_http_strangler_evidence_view(m->rset, m->gen, route, now, view)
        != FIG_OK)
    {
        m->out->nomem = true;
        return NGX_DECLINED;
    }

    if (view->none) {
        fig_evidence_release(view);
        return NGX_DECLINED;
    }

    return NGX_OK;
}


void
ngx_http_strangler_write_differences(ngx_http_strangler_metrics_t *m,
    ngx_uint_t i)
{
    size_t                state;
    uint64_t              now, n[FIG_CLASS_ACKNOWLEDGED + 1];
    const fig_class_t    *class;
    fig_evidence_view_t   view;

    now = (uint64_t) time(NULL);

    if (ngx_http_strangler_found(m, i, now, &view) != NGX_OK) {
        return;
    }

    ngx_memzero(n, sizeof(n));

    for (class = fig_classes_next(view.classes, NULL, NULL);
         class;
         class = fig_classes_next(view.classes, NULL, class))
    {
        if (class->count != 0 || class->expires > now) {
            n[fig_classes_state(view.classes, class, now)]++;
        }
    }

    fig_evidence_release(&view);

    for (state = 0; state < FIG_NELTS(n); state++) {
        ngx_http_strangler_put_count(m, i, ",state",
                                fig_class_state_name((fig_class_state_t) state),
                                n[state]);
    }
}


void
ngx_http_strangler_write_readiness(ngx_http_strangler_metrics_t *m,
    ngx_uint_t i)
{
    fig_verdict_t        verdict, now;
    fig_evidence_view_t  view;

    if (ngx_http_strangler_found(m, i, (uint64_t) time(NULL), &view)
        != NGX_OK)
    {
        return;
    }

    now = view.readiness.verdict;
    fig_evidence_release(&view);

    for (verdict = FIG_VERDICT_GATHERING;
         verdict <= FIG_VERDICT_NOT_READY;
         verdict++)
    {
        ngx_http_strangler_put_count(m, i, ",verdict",
                                     fig_verdict_name(verdict),
                                     verdict == now);
    }
}
