/*
 * News of comparisons, for v1/events: new classes of differences, and other
 * verdicts.
 *
 * Whoever merges evidence leaves a note; here it is looked up what the note is
 * of, as it is by now.  On a thread.
 */

#include "ngx_http_strangler_events.h"


typedef struct {
    ngx_http_strangler_hub_t   *hub;
    const fig_route_t          *route;         /* of view; NULL: none yet */
    fig_evidence_view_t         view;
    uint64_t                    now;
} ngx_http_strangler_news_t;


/* The evidence of a route, which many news may be of; NULL: skip them. */

static const fig_evidence_view_t *
ngx_http_strangler_news_view(ngx_http_strangler_news_t *look,
    const fig_news_t *news)
{
    const fig_route_t  *route;

    route = fig_ruleset_find_route(look->hub->gen->ruleset,
                                   fig_str(news->route, news->len));

    if (route == NULL || route == look->route) {
        return route ? &look->view : NULL;
    }

    if (look->route) {
        fig_evidence_release(&look->view);
        look->route = NULL;
    }

    if (ngx_http_strangler_evidence_view(look->hub->rset, look->hub->gen,
                                         route, look->now, &look->view)
        != FIG_OK)
    {
        return NULL;
    }

    look->route = route;

    return &look->view;
}


/* Whether the same route has another verdict later on. */

static ngx_uint_t
ngx_http_strangler_news_are_old(const fig_news_t *news, const fig_news_t *end)
{
    const fig_news_t  *next;

    for (next = news + 1; next < end; next++) {
        if (next->kind == FIG_NEWS_VERDICT && next->len == news->len
            && ngx_memcmp(next->route, news->route, news->len) == 0)
        {
            return 1;
        }
    }

    return 0;
}


static void
ngx_http_strangler_news_put(ngx_http_strangler_news_t *look,
    const fig_news_t *news, const fig_news_t *end)
{
    const fig_class_t          *class;
    ngx_http_strangler_hub_t   *hub;
    const fig_evidence_view_t  *view;
    ngx_http_strangler_told_t  *told;

    hub = look->hub;
    told = &hub->news[hub->nnews];

    view = ngx_http_strangler_news_view(look, news);
    if (view == NULL) {
        return;
    }

    fig_json_out_init(&told->text);
    told->seq = news->seq;

    if (news->kind == FIG_NEWS_CLASS) {
        class = fig_classes_find(view->classes, news->id);

        if (class == NULL) {
            return;
        }

        told->event = "difference";
        ngx_http_strangler_put_class(&told->text, view->classes, class,
                                     look->now);

    } else if (news->kind == FIG_NEWS_VERDICT
               && !ngx_http_strangler_news_are_old(news, end))
    {
        told->event = "readiness";
        ngx_http_strangler_put_verdict(&told->text, view);

    } else {
        return;
    }

    if (told->text.nomem) {
        fig_json_out_release(&told->text);
        return;
    }

    hub->nnews++;
}


void
ngx_http_strangler_events_news(ngx_http_strangler_hub_t *hub)
{
    size_t                      i, n;
    fig_news_t                  news[NGX_HTTP_STRANGLER_READ];
    ngx_http_strangler_news_t   look;

    hub->nnews = 0;
    hub->news_until = hub->news_after;

    if (hub->rset->evidence == NULL) {
        return;
    }

    n = fig_evidence_news(hub->rset->evidence, &hub->news_until, news,
                          NGX_HTTP_STRANGLER_READ);

    ngx_memzero(&look, sizeof(ngx_http_strangler_news_t));
    look.hub = hub;
    look.now = (uint64_t) time(NULL);

    for (i = 0; i < n; i++) {
        ngx_http_strangler_news_put(&look, &news[i], &news[n]);
    }

    if (look.route) {
        fig_evidence_release(&look.view);
    }
}


/* What one client has not been told of it. */

ngx_int_t
ngx_http_strangler_events_tell_news(ngx_http_strangler_hub_t *hub,
    ngx_http_strangler_client_t *client)
{
    ngx_uint_t  i;

    /* one that came meanwhile has its turn next, if it has missed any */

    if (client->news < hub->news_after) {
        return NGX_OK;
    }

    for (i = 0; i < hub->nnews; i++) {

        if (hub->news[i].seq > client->news
            && ngx_http_strangler_events_put(client, hub->news[i].event, 0,
                   fig_json_out_text(&hub->news[i].text))
               != NGX_OK)
        {
            return NGX_ERROR;
        }
    }

    client->news = ngx_max(client->news, hub->news_until);

    return NGX_OK;
}


void
ngx_http_strangler_events_forget_news(ngx_http_strangler_hub_t *hub)
{
    while (hub->nnews) {
        fig_json_out_release(&hub->news[--hub->nnews].text);
    }
}


uint64_t
ngx_http_strangler_events_last(ngx_http_strangler_rset_t *rset)
{
    return rset->evidence ? fig_evidence_last(rset->evidence) : 0;
}
