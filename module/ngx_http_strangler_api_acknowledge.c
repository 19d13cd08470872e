/*
 * What people say about differences: PATCH and DELETE of v1/differences/ID,
 * DELETE of v1/differences?route=NAME.
 *
 * An acknowledgement says why a class is right as it is, whose it is, and until
 * when; it has who gave it and when, as the log has.
 */

#include "ngx_http_strangler_api.h"

#include "fig_body.h"
#include "fig_text.h"
#include "fig_when.h"


#define NGX_HTTP_STRANGLER_REASON  1000        /* bytes */
#define NGX_HTTP_STRANGLER_OWNER   200


/* What became of a change; NGX_ERROR with a problem. */

static ngx_int_t
ngx_http_strangler_differs_done(ngx_http_strangler_api_t *api,
    fig_evidence_done_t done)
{
    char  text[FIG_EVIDENCE_ERROR];

    ngx_http_strangler_evidence_warn(api->rset, ngx_cycle->log);

    if (done == FIG_EVIDENCE_DONE) {
        return NGX_OK;
    }

    if (done == FIG_EVIDENCE_NOTHING) {
        ngx_http_strangler_no_class(api);
        return NGX_ERROR;
    }

    if (!fig_evidence_error(api->rset->evidence, text)) {
        ngx_memcpy(text, "its files cannot be written",
                   sizeof("its files cannot be written"));
    }

    (void) fig_problem(&api->problem, NGX_HTTP_SERVICE_UNAVAILABLE,
                       "nothing was changed: %s", text);

    return NGX_ERROR;
}


/* A text that must be there, and must not be long. */

static bool
ngx_http_strangler_differs_text(fig_body_t *body, const fig_json_node_t *node,
    const char *key, size_t most, fig_str_t *text)
{
    if (!fig_body_str(body, node, key, text)) {
        return false;
    }

    if (text->len == 0 || text->len > most) {
        return fig_problem(body->problem, 422, "\"%s\" must be a text of 1 to "
                           "%d bytes", key, (int) most);
    }

    return true;
}


static bool
ngx_http_strangler_differs_expiry(fig_body_t *body,
    const fig_json_node_t *node, uint64_t now, uint64_t *expires)
{
    char       quoted[FIG_QUOTED];
    fig_str_t  text;

    if (!fig_body_str(body, node, "expires", &text)) {
        return false;
    }

    *expires = now + FIG_CLASSES_ACK;

    if (fig_body_find(body, node, "expires") == NULL) {
        return true;
    }

    if (!fig_when(text, now, expires)) {
        return fig_problem(body->problem, 422, "\"expires\" is %s, neither a "
                           "date, nor a time as in RFC 3339, nor a duration "
                           "such as 7d", fig_text_quote(text, quoted));
    }

    if (*expires <= now) {
        return fig_problem(body->problem, 422, "\"expires\" is over already");
    }

    return true;
}


/* {"acknowledge": {"reason", "owner", "expires"}}, or null to take it back. */

static bool
ngx_http_strangler_differs_parse(ngx_http_strangler_api_t *api, uint64_t now,
    fig_acknowledgement_t *ack)
{
    fig_body_t              body;
    const fig_json_node_t  *root, *node;

    static const char *const  keys[] = { "acknowledge", NULL };
    static const char *const  words[] = { "reason", "owner", "expires", NULL };

    ngx_memzero(ack, sizeof(fig_acknowledgement_t));
    ack->by = api->actor;

    if (!fig_body_parse(&body, api->body, 100, api->arena, &api->problem)) {
        return false;
    }

    root = fig_json_root(body.doc);

    if (!fig_body_check(&body, root, keys)) {
        return false;
    }

    node = fig_json_find(body.doc, root, fig_str_from("acknowledge"));

    if (node && node->kind == FIG_JSON_NULL) {
        return true;
    }

    if (node == NULL || node->kind != FIG_JSON_OBJECT) {
        return fig_problem(&api->problem, 422, "\"acknowledge\" must be given: "
                           "an object with reason, owner and expires, or null "
                           "to take it back");
    }

    return fig_body_check(&body, node, words)
           && ngx_http_strangler_differs_text(&body, node, "reason",
                  NGX_HTTP_STRANGLER_REASON, &ack->reason)
           && ngx_http_strangler_differs_text(&body, node, "owner",
                  NGX_HTTP_STRANGLER_OWNER, &ack->owner)
           && ngx_http_strangler_differs_expiry(&body, node, now,
                                                &ack->expires);
}


/* The log has who did what, as it has for flips. */

static void
ngx_http_strangler_differs_log(ngx_http_strangler_api_t *api, const char *what,
    fig_str_t of)
{
    char  actor[128], name[128];

    (void) fig_text_show(api->actor, actor, sizeof(actor));
    (void) fig_text_show(of, name, sizeof(name));

    ngx_log_error(NGX_LOG_NOTICE, ngx_cycle->log, 0,
                  "strangler: %s of \"%V\" by %s: %s", what, &api->rset->name,
                  actor, name);
}


void
ngx_http_strangler_api_acknowledge(ngx_http_strangler_api_t *api)
{
    uint64_t               id, now;
    fig_acknowledgement_t  ack;

    now = (uint64_t) time(NULL);
    id = ngx_http_strangler_class_id(api->name);

    if (ngx_http_strangler_evidence_given(api) != NGX_OK
        || !ngx_http_strangler_differs_parse(api, now, &ack)
        || ngx_http_strangler_differs_done(api, fig_evidence_acknowledge(
               api->rset->evidence, id, &ack, now)) != NGX_OK)
    {
        return;
    }

    ngx_http_strangler_differs_log(api, ack.expires ? "acknowledgement"
                                                    : "no acknowledgement any "
                                                      "more", api->name);
    ngx_http_strangler_api_difference(api);
}


static void
ngx_http_strangler_put_dropped(ngx_http_strangler_api_t *api, const char *key,
    fig_str_t name)
{
    fig_json_begin_object(&api->out);
    fig_json_put_key(&api->out, key);
    fig_json_put_str(&api->out, name);
    fig_json_put_key(&api->out, "dropped");
    fig_json_put_bool(&api->out, true);
    fig_json_end_object(&api->out);
}


void
ngx_http_strangler_api_forget(ngx_http_strangler_api_t *api)
{
    uint64_t  id;

    id = ngx_http_strangler_class_id(api->name);

    if (ngx_http_strangler_evidence_given(api) != NGX_OK
        || ngx_http_strangler_differs_done(api, fig_evidence_forget(
               api->rset->evidence, id, (uint64_t) time(NULL))) != NGX_OK)
    {
        return;
    }

    ngx_http_strangler_differs_log(api, "reset of a class", api->name);
    ngx_http_strangler_put_dropped(api, "id", api->name);
}


/* All of a route; one that has no evidence has none to lose. */

void
ngx_http_strangler_api_forget_route(ngx_http_strangler_api_t *api)
{
    fig_str_t            route;
    fig_evidence_done_t  done;

    if (ngx_http_strangler_evidence_given(api) != NGX_OK) {
        return;
    }

    if (!ngx_http_strangler_api_arg(api, "route", &route)) {
        (void) fig_problem(&api->problem, 422, "\"route\" must be given: it "
                           "says whose evidence is to begin anew");
        return;
    }

    if (!ngx_http_strangler_differs_known(api, route)) {
        return;
    }

    done = fig_evidence_reset(api->rset->evidence, route);

    if (done != FIG_EVIDENCE_NOTHING
        && ngx_http_strangler_differs_done(api, done) != NGX_OK)
    {
        return;
    }

    ngx_http_strangler_differs_log(api, "reset of all evidence", route);
    ngx_http_strangler_put_dropped(api, "route", route);
}
