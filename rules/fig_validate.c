/*
 * Rules about routes and groups as a whole.  Each is one function; each reports
 * at the key that one would change.  What an error has left undecoded - a stage
 * of FIG_STAGE_NONE, a backend of NULL - is not judged a second time.
 */

#include "fig_validate.h"
#include "fig_stage.h"
#include "fig_text.h"


/* Keys that a route has no use for where it redirects or responds. */

static const int  fig_proxy_keys[] = {
    FIG_ROUTE_TO, FIG_ROUTE_FROM, FIG_ROUTE_STAGE, FIG_ROUTE_PERCENT,
    FIG_ROUTE_BY, FIG_ROUTE_GROUP, FIG_ROUTE_FORCE, FIG_ROUTE_DATA,
    FIG_ROUTE_REWRITE, FIG_ROUTE_RETRY, FIG_ROUTE_FALLBACK,
    FIG_ROUTE_TIMEOUTS, FIG_ROUTE_SHADOW, FIG_ROUTE_COMPARE,
};


/* The place to complain about the stage: where it is written. */

static fig_pos_t
fig_stage_pos(const fig_route_t *route, const fig_draft_t *draft)
{
    if (draft->stage != NULL) {
        return draft->stage->value->pos;
    }

    if (draft->given[FIG_ROUTE_GROUP] != NULL) {
        return draft->given[FIG_ROUTE_GROUP]->value->pos;
    }

    return route->pos;
}


static void
fig_validate_group(fig_load_t *load, const fig_group_t *group,
    const fig_group_draft_t *draft)
{
    char       quoted[FIG_QUOTED];
    uint32_t   index;
    fig_pos_t  pos;

    if (fig_names_find(&load->route_names, group->name, &index)) {
        fig_load_error(load, group->pos, "rename one of them",
                       "%s is the name of a route too",
                       fig_text_quote(group->name, quoted));
    }

    if (group->stage != FIG_STAGE_RAMP) {
        return;
    }

    pos = draft->stage->value->pos;

    if (draft->percent == NULL) {
        fig_load_error(load, pos, "add percent: 5",
                       "stage ramp needs \"percent\"");
    }

    if (draft->by == NULL) {
        fig_load_error(load, pos, "add by: [cookie:NAME, assign]",
                       "stage ramp needs \"by\"");
    }
}


/* A route that redirects or responds has nothing to do with backends. */

static void
fig_validate_answer(fig_load_t *load, const fig_draft_t *draft)
{
    size_t             i;
    const char        *what;
    const fig_pair_t  *pair;

    what = (draft->given[FIG_ROUTE_REDIRECT] != NULL) ? "redirect" : "respond";

    if (draft->given[FIG_ROUTE_REDIRECT] != NULL
        && draft->given[FIG_ROUTE_RESPOND] != NULL)
    {
        fig_load_error(load, draft->given[FIG_ROUTE_RESPOND]->key->pos, NULL,
                       "\"respond\" excludes \"redirect\"");
    }

    for (i = 0; i < FIG_NELTS(fig_proxy_keys); i++) {
        pair = draft->given[fig_proxy_keys[i]];

        if (pair != NULL) {
            fig_load_error(load, pair->key->pos, "leave one of them out",
                           "\"%.*s\" has no meaning next to \"%s\"",
                           (int) pair->key->text.len, pair->key->text.data,
                           what);
        }
    }
}


/* The group's stage, percent and by become the route's. */

static void
fig_validate_route_group(fig_load_t *load, fig_route_t *route,
    const fig_draft_t *draft)
{
    size_t             i;
    const fig_pair_t  *pair;

    static const int  keys[] = { FIG_ROUTE_STAGE, FIG_ROUTE_PERCENT,
                                 FIG_ROUTE_BY };

    if (draft->given[FIG_ROUTE_GROUP] == NULL) {
        return;
    }

    for (i = 0; i < FIG_NELTS(keys); i++) {
        pair = draft->given[keys[i]];

        if (pair != NULL) {
            fig_load_error(load, pair->key->pos,
                           "change it in the group, or leave \"group\" out",
                           "\"%.*s\" is given by the route's group",
                           (int) pair->key->text.len, pair->key->text.data);
        }
    }

    if (route->group != NULL) {
        route->stage = route->group->stage;
        route->percent = route->group->percent;
        route->by = route->group->by;
        route->nby = route->group->nby;

    } else {
        route->stage = FIG_STAGE_NONE;
    }
}


static void
fig_validate_ramp(fig_load_t *load, const fig_route_t *route,
    const fig_draft_t *draft)
{
    bool       grouped;
    fig_pos_t  pos;

    if (route->stage != FIG_STAGE_RAMP) {
        return;
    }

    grouped = (draft->given[FIG_ROUTE_GROUP] != NULL);
    pos = fig_stage_pos(route, draft);

    if (!grouped && draft->percent == NULL) {
        fig_load_error(load, pos, "add percent: 5",
                       "stage ramp needs \"percent\"");
    }

    if (!grouped && draft->given[FIG_ROUTE_BY] == NULL) {
        fig_load_error(load, pos, "add by: [cookie:NAME, assign]",
                       "stage ramp needs \"by\"");
    }

    if (draft->given[FIG_ROUTE_DATA] == NULL && route->nsets > 0
        && !draft->wrong[FIG_ROUTE_MATCH] && fig_route_has_unsafe(route))
    {
        fig_load_error(load, pos,
                       "add data: shared, old or new - or methods: [GET, HEAD]",
                       "stage ramp needs \"data\" where writes can match");
    }
}


static void
fig_validate_old(fig_load_t *load, const fig_route_t *route,
    const fig_draft_t *draft)
{
    fig_pos_t    pos;
    const char  *hint;

    if (draft->given[FIG_ROUTE_FROM] == NULL && load->no_default
        && fig_stage_needs_old(route, route->stage))
    {
        pos = fig_stage_pos(route, draft);
        hint = "add \"from\", or a top-level \"default\"";

        if (route->stage != FIG_STAGE_LIVE) {
            fig_load_error(load, pos, hint,
                           "this stage needs an old side and there is none");

        } else if (route->nforce_old > 0) {
            fig_load_error(load, draft->given[FIG_ROUTE_FORCE]->key->pos, hint,
                           "\"force\" names the old side and there is none");

        } else {
            fig_load_error(load, pos,
                           "add \"from\", or fallback: none",
                           "stage live falls back to an old side and there is "
                           "none");
        }
    }

    if (route->from != NULL && route->ntargets == 1
        && route->targets[0].backend == route->from)
    {
        fig_load_error(load, draft->given[FIG_ROUTE_TO]->value->pos,
                       draft->given[FIG_ROUTE_FROM] == NULL
                       ? "without \"from\" the old side is the top-level "
                         "\"default\"" : NULL,
                       "the old and the new side are the same backend");
    }
}


/* A copy goes to the side that did not answer, unless it is told where to. */

static void
fig_validate_shadow(fig_load_t *load, const fig_route_t *route,
    const fig_draft_t *draft)
{
    if (draft->given[FIG_ROUTE_SHADOW] == NULL
        || draft->wrong[FIG_ROUTE_SHADOW]
        || draft->given[FIG_ROUTE_FROM] != NULL || !load->no_default
        || route->shadow.to != NULL)
    {
        return;
    }

    fig_load_error(load, draft->given[FIG_ROUTE_SHADOW]->key->pos,
                   "add \"from\", or say \"to\" in it",
                   "\"shadow\" has nowhere to send copies: there is no old "
                   "side");
}


/* Whether every path of every condition set is of a kind (and has a name). */

static bool
fig_route_paths_have(const fig_route_t *route, fig_path_kind_t kind,
    fig_str_t name)
{
    bool               found;
    uint32_t           i, j, k;
    const fig_path_t  *path;

    for (i = 0; i < route->nsets; i++) {
        if (route->sets[i].npaths == 0) {
            return false;
        }

        for (j = 0; j < route->sets[i].npaths; j++) {
            path = &route->sets[i].paths[j];
            found = (kind == FIG_PATH_PREFIX);

            for (k = 0; k < path->nparams; k++) {
                found = found || fig_str_eq(path->params[k], name);
            }

            if (path->kind != kind || !found) {
                return false;
            }
        }
    }

    return true;
}


/* What a path is to be filled in with must be there on every request. */

static void
fig_validate_pattern(fig_load_t *load, const fig_route_t *route,
    const fig_pattern_t *pattern, const fig_yaml_t *map)
{
    uint32_t           i;
    const fig_yaml_t  *node;
    const fig_part_t  *part;

    node = fig_yaml_find(map, "path");

    for (i = 0; node != NULL && i < pattern->nparts; i++) {
        part = &pattern->parts[i];

        if (part->kind == FIG_PART_TAIL
            && !fig_route_paths_have(route, FIG_PATH_PREFIX, part->text))
        {
            fig_load_error(load, node->pos,
                           "only a route whose every path ends in /* has one",
                           "\"path\" has \"*\" and there is nothing to put "
                           "there");
        }

        if (part->kind == FIG_PART_PARAM
            && !fig_route_paths_have(route, FIG_PATH_TEMPLATE, part->text))
        {
            fig_load_error(load, node->pos,
                           "every path of \"match\" must have it",
                           "\"path\" has {%.*s} and there is nothing to put "
                           "there",
                           (int) part->text.len, part->text.data);
        }
    }
}


static void
fig_validate_was(fig_load_t *load, const fig_route_t *route,
    const fig_draft_t *draft, fig_names_t *names)
{
    bool       added;
    char       quoted[FIG_QUOTED];
    uint32_t   index;
    fig_pos_t  pos;

    if (route->was.len == 0) {
        return;
    }

    pos = draft->given[FIG_ROUTE_WAS]->value->pos;

    if (fig_names_find(&load->route_names, route->was, &index)) {
        fig_load_error(load, pos, "\"was\" names a route that is gone",
                       "there is a route named %s",
                       fig_text_quote(route->was, quoted));
        return;
    }

    if (fig_names_add(names, route->was, &index, &added) != FIG_OK) {
        load->nomem = true;

    } else if (!added) {
        fig_load_error(load, pos, NULL, "another route was named %s too",
                       fig_text_quote(route->was, quoted));
    }
}


static void
fig_validate_proxy(fig_load_t *load, fig_route_t *route,
    const fig_draft_t *draft)
{
    char  quoted[FIG_QUOTED];

    if (draft->given[FIG_ROUTE_TO] == NULL) {
        fig_load_error(load, route->pos,
                       "add to: BACKEND, or \"redirect\" or \"respond\"",
                       "route %s has no \"to\"",
                       fig_text_quote(route->name, quoted));
    }

    fig_validate_route_group(load, route, draft);

    if (draft->stage == NULL && draft->given[FIG_ROUTE_GROUP] == NULL) {
        fig_load_error(load, route->pos,
                       "add stage: legacy, shadow, ramp, live or done",
                       "route %s has no \"stage\"",
                       fig_text_quote(route->name, quoted));
    }

    fig_validate_ramp(load, route, draft);
    fig_validate_old(load, route, draft);
    fig_validate_shadow(load, route, draft);

    if (draft->given[FIG_ROUTE_REWRITE] != NULL && route->nsets > 0
        && !draft->wrong[FIG_ROUTE_MATCH] && !draft->wrong[FIG_ROUTE_REWRITE])
    {
        fig_validate_pattern(load, route, &route->rewrite.path,
                             draft->given[FIG_ROUTE_REWRITE]->value);
    }
}


static void
fig_validate_route(fig_load_t *load, fig_route_t *route,
    const fig_draft_t *draft)
{
    char               quoted[FIG_QUOTED];
    const fig_pair_t  *redirect;

    if (draft->given[FIG_ROUTE_MATCH] == NULL) {
        fig_load_error(load, route->pos, "add match: {path: /api/orders/*}",
                       "route %s has no \"match\"",
                       fig_text_quote(route->name, quoted));
    }

    if (route->action == FIG_ACTION_PROXY) {
        fig_validate_proxy(load, route, draft);
        return;
    }

    fig_validate_answer(load, draft);

    redirect = draft->given[FIG_ROUTE_REDIRECT];

    if (redirect != NULL && route->nsets > 0 && !draft->wrong[FIG_ROUTE_MATCH]
        && !draft->wrong[FIG_ROUTE_REDIRECT])
    {
        fig_validate_pattern(load, route, &route->redirect.path,
                             redirect->value);
    }
}


void
fig_validate(fig_load_t *load)
{
    uint32_t      i;
    fig_names_t   names;
    fig_model_t  *model;

    model = load->model;
    fig_names_init(&names, load->scratch);

    for (i = 0; i < model->ngroups; i++) {
        fig_validate_group(load, &model->groups[i], &load->group_drafts[i]);
    }

    for (i = 0; i < model->nroutes && !load->nomem; i++) {
        fig_validate_route(load, &model->routes[i], &load->drafts[i]);
        fig_validate_was(load, &model->routes[i], &load->drafts[i], &names);
    }

    if (!load->nomem) {
        fig_validate_sets(load);
    }
}
