/*
 * Readiness of routes, for v1/routes, events and metrics.
 *
 *     "readiness": {"verdict", "reasons", "pairs", "mismatches", ...}
 *
 * Null where nothing is ever compared.  Without a state directory there is no
 * evidence, and it says so.
 */

#include "ngx_http_strangler_api.h"

#include <stdio.h>


static void
ngx_http_strangler_put_reasons(fig_json_out_t *out,
    const fig_readiness_t *readiness)
{
    size_t  i;

    fig_json_put_key(out, "verdict");
    fig_json_put_text(out, fig_verdict_name(readiness->verdict));
    fig_json_put_key(out, "reasons");
    fig_json_begin_array(out);

    for (i = 0; i < readiness->nreasons; i++) {
        fig_json_put_text(out, readiness->reasons[i]);
    }

    fig_json_end_array(out);
}


/* Rounded: more digits than these say nothing. */

static void
ngx_http_strangler_put_score(fig_json_out_t *out, const char *key,
    double value)
{
    char  text[32];

    (void) snprintf(text, sizeof(text), "%.2f", value);
    fig_json_put_key(out, key);
    fig_json_put_raw(out, fig_str_from(text));
}


static void
ngx_http_strangler_put_states(fig_json_out_t *out,
    const fig_evidence_view_t *view, uint64_t now)
{
    size_t              i, n[FIG_CLASS_ACKNOWLEDGED + 1];
    const fig_class_t  *class;

    ngx_memzero(n, sizeof(n));

    for (class = fig_classes_next(view->classes, NULL, NULL);
         class;
         class = fig_classes_next(view->classes, NULL, class))
    {
        if (class->count != 0 || class->expires > now) {
            n[fig_classes_state(view->classes, class, now)]++;
        }
    }

    fig_json_put_key(out, "classes");
    fig_json_begin_object(out);

    for (i = 0; i < FIG_NELTS(n); i++) {
        fig_json_put_key(out, fig_class_state_name((fig_class_state_t) i));
        fig_json_put_uint(out, n[i]);
    }

    fig_json_end_object(out);
}


static void
ngx_http_strangler_put_p99(fig_json_out_t *out, const char *key, uint32_t us)
{
    fig_json_put_key(out, key);

    if (us) {
        fig_json_put_double(out, us / 1e6);
    } else {
        fig_json_put_null(out);
    }
}


static void
ngx_http_strangler_put_view(fig_json_out_t *out,
    const fig_evidence_view_t *view, uint64_t key, uint64_t now)
{
    char  text[17];

    const fig_readiness_t  *readiness = &view->readiness;

    fig_json_begin_object(out);
    ngx_http_strangler_put_reasons(out, readiness);
    fig_json_put_key(out, "pairs");
    fig_json_put_uint(out, view->pairs);
    fig_json_put_key(out, "mismatches");
    fig_json_put_uint(out, view->mismatches);
    (void) snprintf(text, sizeof(text), "%016llx", (unsigned long long) key);
    fig_json_put_key(out, "evidence");
    fig_json_put_text(out, text);
    fig_json_put_key(out, "incomparable");
    fig_json_put_uint(out, view->incomparable);
    fig_json_put_key(out, "probes");
    fig_json_put_uint(out, view->probes);
    fig_json_put_key(out, "counted");
    fig_json_put_uint(out, readiness->m);
    fig_json_put_key(out, "needed");
    fig_json_put_uint(out, readiness->needed);
    ngx_http_strangler_put_score(out, "score", readiness->score);
    ngx_http_strangler_put_score(out, "threshold", readiness->threshold);
    ngx_http_strangler_put_when(out, "expected", readiness->expected);
    fig_json_put_key(out, "estimate");
    fig_json_put_text(out, readiness->estimate);
    ngx_http_strangler_put_when(out, "since", view->since);
    ngx_http_strangler_put_when(out, "updated", view->updated);

    fig_json_put_key(out, "p99");
    fig_json_begin_object(out);
    ngx_http_strangler_put_p99(out, "old", view->old_p99);
    ngx_http_strangler_put_p99(out, "new", view->new_p99);
    fig_json_end_object(out);

    ngx_http_strangler_put_states(out, view, now);
    fig_json_end_object(out);
}


static void
ngx_http_strangler_put_stateless(fig_json_out_t *out)
{
    fig_json_begin_object(out);
    fig_json_put_key(out, "verdict");
    fig_json_put_text(out, fig_verdict_name(FIG_VERDICT_GATHERING));
    fig_json_put_key(out, "reasons");
    fig_json_begin_array(out);
    fig_json_put_text(out, "nothing is kept: strangler_rules has no state=DIR");
    fig_json_end_array(out);
    fig_json_put_key(out, "pairs");
    fig_json_put_uint(out, 0);
    fig_json_put_key(out, "mismatches");
    fig_json_put_uint(out, 0);
    fig_json_end_object(out);
}


fig_status_t
ngx_http_strangler_evidence_view(ngx_http_strangler_rset_t *rset,
    ngx_http_strangler_gen_t *gen, const fig_route_t *route, uint64_t now,
    fig_evidence_view_t *view)
{
    return fig_evidence_read(rset->evidence, route->name,
                             fig_comparing_key(gen->comparing, route), now,
                             view);
}


void
ngx_http_strangler_put_readiness(ngx_http_strangler_api_t *api,
    const fig_route_t *route)
{
    uint64_t              now;
    fig_evidence_view_t   view;

    fig_json_put_key(&api->out, "readiness");

    if (fig_comparing_of(api->gen->comparing, route) == NULL) {
        fig_json_put_null(&api->out);
        return;
    }

    if (api->rset->evidence == NULL) {
        ngx_http_strangler_put_stateless(&api->out);
        return;
    }

    now = (uint64_t) time(NULL);

    if (ngx_http_strangler_evidence_view(api->rset, api->gen, route, now,
                                         &view)
        != FIG_OK)
    {
        api->out.nomem = true;
        return;
    }

    ngx_http_strangler_put_view(&api->out, &view,
                                fig_comparing_key(api->gen->comparing, route),
                                now);
    fig_evidence_release(&view);
}


/* As an event: the verdict, and the reasons for it. */

void
ngx_http_strangler_put_verdict(fig_json_out_t *out,
    const fig_evidence_view_t *view)
{
    fig_json_begin_object(out);
    fig_json_put_key(out, "route");
    fig_json_put_str(out, view->route);
    ngx_http_strangler_put_reasons(out, &view->readiness);
    fig_json_put_key(out, "pairs");
    fig_json_put_uint(out, view->pairs);
    fig_json_put_key(out, "mismatches");
    fig_json_put_uint(out, view->mismatches);
    fig_json_end_object(out);
}
