/*
 * `routes`: the keys of one route, each by its own decoder.
 *
 * What follows from several keys together is fig_validate.c's; it finds in the
 * draft which keys were given, and which of them had errors.
 */

#include "fig_decode.h"
#include "fig_text.h"

#include <stdio.h>


static const char  fig_under_match[] = "it belongs into \"match\"";

static const fig_key_t  fig_route_keys[FIG_ROUTE_KEYS] = {
    [FIG_ROUTE_NAME] = { "name", FIG_KEY_KNOWN, NULL },
    [FIG_ROUTE_WAS] = { "was", FIG_KEY_KNOWN, NULL },
    [FIG_ROUTE_MATCH] = { "match", FIG_KEY_KNOWN, NULL },
    [FIG_ROUTE_FROM] = { "from", FIG_KEY_KNOWN, NULL },
    [FIG_ROUTE_TO] = { "to", FIG_KEY_KNOWN, NULL },
    [FIG_ROUTE_STAGE] = { "stage", FIG_KEY_KNOWN, NULL },
    [FIG_ROUTE_PERCENT] = { "percent", FIG_KEY_KNOWN, NULL },
    [FIG_ROUTE_BY] = { "by", FIG_KEY_KNOWN, NULL },
    [FIG_ROUTE_GROUP] = { "group", FIG_KEY_KNOWN, NULL },
    [FIG_ROUTE_FORCE] = { "force", FIG_KEY_KNOWN, NULL },
    [FIG_ROUTE_DATA] = { "data", FIG_KEY_KNOWN, NULL },
    [FIG_ROUTE_REWRITE] = { "rewrite", FIG_KEY_KNOWN, NULL },
    [FIG_ROUTE_FALLBACK] = { "fallback", FIG_KEY_KNOWN, NULL },
    [FIG_ROUTE_TIMEOUTS] = { "timeouts", FIG_KEY_KNOWN, NULL },
    [FIG_ROUTE_HEADERS] = { "headers", FIG_KEY_KNOWN, NULL },
    [FIG_ROUTE_REDIRECT] = { "redirect", FIG_KEY_KNOWN, NULL },
    [FIG_ROUTE_RESPOND] = { "respond", FIG_KEY_KNOWN, NULL },
    [FIG_ROUTE_PRIORITY] = { "priority", FIG_KEY_KNOWN, NULL },
    [FIG_ROUTE_CAPABILITY] = { "capability", FIG_KEY_KNOWN, NULL },
    [FIG_ROUTE_OWNER] = { "owner", FIG_KEY_KNOWN, NULL },
    [FIG_ROUTE_EXPIRES] = { "expires", FIG_KEY_KNOWN, NULL },
    [FIG_ROUTE_NOTE] = { "note", FIG_KEY_KNOWN, NULL },
    [FIG_ROUTE_RETRY] = { "retry", FIG_KEY_KNOWN, NULL },
    [FIG_ROUTE_SHADOW] = { "shadow", FIG_KEY_KNOWN, NULL },
    [FIG_ROUTE_COMPARE] = { "compare", FIG_KEY_KNOWN, NULL },
    [FIG_ROUTE_HOST] = { "host", FIG_KEY_ELSEWHERE, fig_under_match },
    [FIG_ROUTE_PATH] = { "path", FIG_KEY_ELSEWHERE, fig_under_match },
    [FIG_ROUTE_METHODS] = { "methods", FIG_KEY_ELSEWHERE, fig_under_match },
    [FIG_ROUTE_QUERY] = { "query", FIG_KEY_ELSEWHERE, fig_under_match },
    [FIG_ROUTE_COOKIES] = { "cookies", FIG_KEY_ELSEWHERE, fig_under_match },
    [FIG_ROUTE_CLIENTS] = { "clients", FIG_KEY_ELSEWHERE, fig_under_match },
    [FIG_ROUTE_BACKEND] = { "backend", FIG_KEY_ELSEWHERE,
                            "\"to\" names the backend" },
    [FIG_ROUTE_WEIGHT] = { "weight", FIG_KEY_ELSEWHERE,
                           "write to: {orders-v1: 90, orders-v2: 10}" },
};


static void
fig_decode_force(fig_load_t *load, const fig_yaml_t *node, fig_route_t *route)
{
    const fig_pair_t  *given[2];

    static const fig_key_t  keys[] = {
        { "new", FIG_KEY_KNOWN, NULL },
        { "old", FIG_KEY_KNOWN, NULL },
    };

    if (!fig_load_is_map(load, node, "force",
                         "write {new: [{cookies: {qa: \"1\"}}]}")
        || !fig_load_keys(load, node, "\"force\"", keys, FIG_NELTS(keys),
                          given))
    {
        return;
    }

    if (given[0] != NULL) {
        fig_decode_sets(load, given[0]->value, "new", false,
                        &route->force_new, &route->nforce_new);
    }

    if (given[1] != NULL) {
        fig_decode_sets(load, given[1]->value, "old", false,
                        &route->force_old, &route->nforce_old);
    }
}


static void
fig_decode_data(fig_load_t *load, const fig_yaml_t *node, fig_data_t *data)
{
    size_t  i;

    static const char *const  words[] = { "shared", "old", "new" };
    static const fig_data_t   values[] = { FIG_DATA_SHARED, FIG_DATA_OLD,
                                           FIG_DATA_NEW };

    if (fig_load_word(load, node, "data", words, FIG_NELTS(words), &i)) {
        *data = values[i];
    }
}


static void
fig_decode_group_name(fig_load_t *load, const fig_yaml_t *node,
    const fig_group_t **group)
{
    uint32_t  i;

    if (fig_load_is_text(load, node, "group")
        && fig_load_find(load, node, "group", &load->group_names, &i))
    {
        *group = &load->model->groups[i];
    }
}


static void
fig_decode_expires(fig_load_t *load, const fig_yaml_t *node,
    fig_str_t *expires)
{
    fig_fault_t  fault;

    if (fig_load_text(load, node, "expires", expires)
        && !fig_scalar_date(*expires, &fault))
    {
        fig_load_key_fault(load, node, "expires", &fault);
    }
}


static void
fig_decode_priority(fig_load_t *load, const fig_yaml_t *node,
    int32_t *priority)
{
    int64_t  value;

    if (fig_load_int(load, node, "priority", INT32_MIN, INT32_MAX, &value)) {
        *priority = (int32_t) value;
    }
}


static void
fig_decode_was(fig_load_t *load, const fig_yaml_t *node, fig_str_t *was)
{
    if (fig_load_text(load, node, "was", was)) {
        fig_load_check_name(load, node, "route");
    }
}


/* A label that is logged and shown: one line of text. */

static void
fig_decode_label(fig_load_t *load, const fig_yaml_t *node, const char *key,
    fig_str_t *label)
{
    fig_fault_t  fault;

    if (fig_load_text(load, node, key, label)
        && !fig_scalar_field(*label, &fault))
    {
        fig_load_key_fault(load, node, key, &fault);
    }
}


/* Keys that say nothing about where a request goes. */

static void
fig_decode_about(fig_load_t *load, int key, const fig_yaml_t *value,
    fig_route_t *route)
{
    switch (key) {

    case FIG_ROUTE_SHADOW:
        fig_decode_shadow(load, value, &route->shadow);
        break;

    case FIG_ROUTE_COMPARE:
        fig_decode_compare(load, value, &route->compare);
        break;

    case FIG_ROUTE_CAPABILITY:
        fig_decode_label(load, value, "capability", &route->capability);
        break;

    case FIG_ROUTE_OWNER:
        fig_decode_label(load, value, "owner", &route->owner);
        break;

    case FIG_ROUTE_EXPIRES:
        fig_decode_expires(load, value, &route->expires);
        break;

    case FIG_ROUTE_NOTE:
        fig_load_text(load, value, "note", &route->note);
        break;
    }
}


static void
fig_decode_key(fig_load_t *load, int key, const fig_yaml_t *value,
    fig_route_t *route)
{
    switch (key) {

    case FIG_ROUTE_WAS:
        fig_decode_was(load, value, &route->was);
        break;

    case FIG_ROUTE_MATCH:
        fig_decode_sets(load, value, "match", true, &route->sets,
                        &route->nsets);
        break;

    case FIG_ROUTE_FROM:
        route->from = fig_load_backend(load, value, "from");
        break;

    case FIG_ROUTE_TO:
        fig_decode_targets(load, value, route);
        break;

    case FIG_ROUTE_STAGE:
        fig_decode_stage(load, value, &route->stage);
        break;

    case FIG_ROUTE_PERCENT:
        fig_load_percent(load, value, "percent", &route->percent);
        break;

    case FIG_ROUTE_BY:
        fig_decode_by(load, value, &route->by, &route->nby);
        break;

    case FIG_ROUTE_GROUP:
        fig_decode_group_name(load, value, &route->group);
        break;

    case FIG_ROUTE_FORCE:
        fig_decode_force(load, value, route);
        break;

    case FIG_ROUTE_DATA:
        fig_decode_data(load, value, &route->data);
        route->data_given = true;
        break;

    case FIG_ROUTE_REWRITE:
        fig_decode_rewrite(load, value, &route->rewrite);
        break;

    case FIG_ROUTE_RETRY:
        fig_decode_retry(load, value, &route->retry);
        break;

    case FIG_ROUTE_TIMEOUTS:
        fig_decode_timeouts(load, value, true, &route->timeouts);
        break;

    case FIG_ROUTE_HEADERS:
        fig_decode_headers(load, value, &route->request_headers,
                           &route->response_headers);
        break;

    case FIG_ROUTE_REDIRECT:
        fig_decode_redirect(load, value, &route->redirect);
        break;

    case FIG_ROUTE_RESPOND:
        fig_decode_respond(load, value, &route->respond);
        break;

    case FIG_ROUTE_PRIORITY:
        fig_decode_priority(load, value, &route->priority);
        break;

    default:
        fig_decode_about(load, key, value, route);
        break;
    }
}


/*
 * Whether the route has a name of its own, so that it can stay in the model.
 * One without has its errors told and is forgotten.
 */

static bool
fig_decode_route_name(fig_load_t *load, const fig_yaml_t *node,
    const fig_pair_t *pair, fig_route_t *route)
{
    bool      added;
    char      quoted[FIG_QUOTED], place[256], hint[300];
    uint32_t  index;

    if (pair == NULL) {
        fig_load_error(load, node->pos, "add name: orders-read",
                       "a route has no \"name\"");
        return false;
    }

    route->pos = pair->value->pos;

    if (!fig_load_text(load, pair->value, "name", &route->name)) {
        return false;
    }

    fig_load_check_name(load, pair->value, "route");

    if (fig_names_add(&load->route_names, route->name, &index, &added)
        != FIG_OK)
    {
        load->nomem = true;
        return false;
    }

    if (added) {
        return true;
    }

    fig_load_place(load, pair->value->pos.file,
                   load->model->routes[index].pos, place, sizeof(place));
    snprintf(hint, sizeof(hint), "the other one is at %s", place);
    fig_load_error(load, pair->value->pos, hint, "another route is named %s",
                   fig_text_quote(route->name, quoted));

    return false;
}


void
fig_decode_route(fig_load_t *load, const fig_yaml_t *node)
{
    int           i;
    bool          named;
    uint64_t      errors;
    fig_draft_t  *draft;
    fig_route_t  *route;

    route = &load->model->routes[load->model->nroutes];
    draft = &load->drafts[load->model->nroutes];
    memset(route, 0, sizeof(fig_route_t));
    memset(draft, 0, sizeof(fig_draft_t));

    if (!fig_load_keys(load, node, "a route", fig_route_keys, FIG_ROUTE_KEYS,
                       draft->given))
    {
        load->partial = true;
        return;
    }

    draft->node = node;
    draft->stage = draft->given[FIG_ROUTE_STAGE];
    draft->percent = draft->given[FIG_ROUTE_PERCENT];

    route->index = load->model->nroutes;
    route->percent = FIG_UNSET;
    route->timeouts.connect = FIG_UNSET;
    route->timeouts.send = FIG_UNSET;
    route->timeouts.read = FIG_UNSET;
    route->timeouts.total = FIG_UNSET;

    fig_decode_retry(load, NULL, &route->retry);
    fig_decode_shadow(load, NULL, &route->shadow);
    fig_decode_compare(load, NULL, &route->compare);

    named = fig_decode_route_name(load, node, draft->given[FIG_ROUTE_NAME],
                                  route);

    for (i = FIG_ROUTE_NAME + 1; i < FIG_ROUTE_KEYS; i++) {
        if (draft->given[i] != NULL) {
            errors = load->errors;
            fig_decode_key(load, i, draft->given[i]->value, route);
            draft->wrong[i] = (load->errors != errors);
        }
    }

    fig_decode_fallback(load,
                        draft->given[FIG_ROUTE_FALLBACK] != NULL
                        ? draft->given[FIG_ROUTE_FALLBACK]->value : NULL,
                        &route->fallback);

    if (draft->given[FIG_ROUTE_REDIRECT] != NULL) {
        route->action = FIG_ACTION_REDIRECT;

    } else if (draft->given[FIG_ROUTE_RESPOND] != NULL) {
        route->action = FIG_ACTION_RESPOND;
    }

    if (draft->given[FIG_ROUTE_FROM] == NULL
        && route->action == FIG_ACTION_PROXY)
    {
        route->from = load->model->fallthrough;
    }

    if (route->fallback.to == NULL && !route->fallback.none) {
        route->fallback.to = route->from;
    }

    load->model->nroutes += named;
}
