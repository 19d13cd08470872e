/*
 * How far a migration is: `stage`, `percent` and `by`, of groups and of what
 * `overrides` names.  An override takes the place of what it overrides before
 * anything is validated.
 */

#include "fig_decode.h"
#include "fig_text.h"

#include <stdio.h>


static const fig_key_t  fig_group_keys[] = {
    { "stage", FIG_KEY_KNOWN, NULL },
    { "percent", FIG_KEY_KNOWN, NULL },
    { "by", FIG_KEY_KNOWN, NULL },
};


void
fig_decode_stage(fig_load_t *load, const fig_yaml_t *node, fig_stage_t *stage)
{
    size_t  i;

    static const char *const  words[] = { "legacy", "shadow", "ramp", "live",
                                          "done" };
    static const fig_stage_t  stages[] = { FIG_STAGE_LEGACY, FIG_STAGE_SHADOW,
                                           FIG_STAGE_RAMP, FIG_STAGE_LIVE,
                                           FIG_STAGE_DONE };

    /* not to be judged by a stage that was replaced */

    *stage = FIG_STAGE_NONE;

    if (fig_load_word(load, node, "stage", words, FIG_NELTS(words), &i)) {
        *stage = stages[i];
    }
}


/* "cookie:uid": finds the kind and what follows its colon. */

static bool
fig_decode_by_kind(fig_load_t *load, const fig_yaml_t *node, fig_by_t *by)
{
    char    hint[64];
    size_t  i, len;

    static const struct {
        const char     *word;
        fig_by_kind_t   kind;
    } kinds[] = {
        { "cookie:", FIG_BY_COOKIE },
        { "header:", FIG_BY_HEADER },
        { "query:", FIG_BY_QUERY },
        { "client", FIG_BY_CLIENT },
        { "assign", FIG_BY_ASSIGN },
        { "request", FIG_BY_REQUEST },
    };
    static const char *const  words[] = { "cookie:NAME", "header:NAME",
                                          "query:NAME", "client", "assign",
                                          "request" };

    for (i = 0; i < FIG_NELTS(kinds); i++) {
        len = strlen(kinds[i].word);
        by->kind = kinds[i].kind;

        if (kinds[i].word[len - 1] != ':') {
            if (fig_str_eq(node->text, fig_str(kinds[i].word, len))) {
                return true;
            }

            continue;
        }

        if (node->text.len > len
            && memcmp(node->text.data, kinds[i].word, len) == 0)
        {
            by->name = fig_str(node->text.data + len, node->text.len - len);
            return true;
        }

        if (node->text.len >= len - 1 && node->text.len <= len
            && memcmp(node->text.data, kinds[i].word, len - 1) == 0)
        {
            snprintf(hint, sizeof(hint), "write %sNAME", kinds[i].word);
            fig_load_error(load, node->pos, hint,
                           "\"by\" does not say which %.*s", (int) len - 1,
                           kinds[i].word);
            return false;
        }
    }

    fig_load_word(load, node, "by", words, FIG_NELTS(words), &i);

    return false;
}


static bool
fig_decode_by_name(fig_load_t *load, const fig_yaml_t *node, fig_by_t *by)
{
    char         *p;
    bool          valid;
    size_t        i;
    fig_fault_t   fault;

    if (by->name.len == 0) {
        return true;
    }

    valid = (by->kind == FIG_BY_QUERY) ? fig_scalar_field(by->name, &fault)
                                       : fig_scalar_token(by->name, &fault);
    if (!valid) {
        fault.len = 0;
        fig_load_value_fault(load, node, &fault);
        return false;
    }

    p = fig_load_array(load, by->name.len, 1);
    if (p == NULL) {
        return false;
    }

    for (i = 0; i < by->name.len; i++) {
        p[i] = (by->kind == FIG_BY_HEADER)
               ? (char) fig_lower((unsigned char) by->name.data[i])
               : by->name.data[i];
    }

    by->name.data = p;

    return true;
}


static bool
fig_decode_by_one(fig_load_t *load, const fig_yaml_t *node, fig_by_t *by)
{
    memset(by, 0, sizeof(fig_by_t));

    if (!fig_load_is_text(load, node, "by")
        || !fig_decode_by_kind(load, node, by)
        || !fig_decode_by_name(load, node, by))
    {
        return false;
    }

    by->source = fig_load_copy(load, node->text);

    return by->source.data != NULL;
}


/* Whether an entry can ever be reached after those before it. */

static bool
fig_decode_by_check(fig_load_t *load, const fig_yaml_t *node,
    const fig_by_t *by, uint32_t n)
{
    char      quoted[FIG_QUOTED];
    uint32_t  i;

    for (i = 0; i < n; i++) {
        if (by[i].kind == by[n].kind && fig_str_eq(by[i].name, by[n].name)) {
            fig_load_error(load, node->pos, NULL, "%s is there twice",
                           fig_text_quote(node->text, quoted));
            return false;
        }

        if (by[i].kind == FIG_BY_REQUEST || by[i].kind == FIG_BY_CLIENT
            || by[i].kind == FIG_BY_ASSIGN)
        {
            fig_load_error(load, node->pos,
                           "put it before, or leave it out",
                           "%s is never reached: every request has \"%.*s\"",
                           fig_text_quote(node->text, quoted),
                           (int) by[i].source.len, by[i].source.data);
            return false;
        }
    }

    return true;
}


void
fig_decode_by(fig_load_t *load, const fig_yaml_t *node, fig_by_t **by,
    uint32_t *nby)
{
    uint32_t             i, n;
    const fig_yaml_t    *one[1];
    const fig_yaml_t   **items;

    items = one;
    one[0] = node;
    n = 1;

    if (node->kind != FIG_YAML_TEXT || fig_yaml_is_null(node)) {
        if (!fig_load_is_list(load, node, "by", "write [cookie:uid, assign]")) {
            return;
        }

        items = node->items;
        n = node->n;
    }

    *by = fig_load_array(load, n, sizeof(fig_by_t));
    if (*by == NULL) {
        return;
    }

    for (i = 0; i < n; i++) {
        if (fig_decode_by_one(load, items[i], &(*by)[*nby])
            && fig_decode_by_check(load, items[i], *by, *nby))
        {
            (*nby)++;
        }
    }
}


static void
fig_decode_group(fig_load_t *load, const fig_pair_t *pair, fig_group_t *group,
    fig_group_draft_t *draft)
{
    char               what[FIG_QUOTED + 16], quoted[FIG_QUOTED];
    const fig_pair_t  *given[FIG_NELTS(fig_group_keys)];

    snprintf(what, sizeof(what), "group %s",
             fig_text_quote(pair->key->text, quoted));

    group->name = fig_load_copy(load, pair->key->text);
    group->pos = pair->key->pos;
    group->percent = FIG_UNSET;
    draft->pair = pair;

    if (!fig_load_keys(load, pair->value, what, fig_group_keys,
                       FIG_NELTS(fig_group_keys), given))
    {
        return;
    }

    draft->stage = given[0];
    draft->percent = given[1];
    draft->by = given[2];

    if (draft->stage == NULL) {
        fig_load_error(load, pair->key->pos, "add stage: legacy",
                       "%s has no \"stage\"", what);

    } else {
        fig_decode_stage(load, draft->stage->value, &group->stage);
    }

    if (draft->percent != NULL) {
        fig_load_percent(load, draft->percent->value, "percent",
                         &group->percent);
    }

    if (draft->by != NULL) {
        fig_decode_by(load, draft->by->value, &group->by, &group->nby);
    }
}


void
fig_decode_groups(fig_load_t *load, const fig_yaml_t *node)
{
    bool               added;
    char               quoted[FIG_QUOTED], place[256], hint[300];
    uint32_t           i, index;
    fig_group_t        spare, *group;
    fig_group_draft_t  spare_draft, *draft;
    const fig_pair_t  *pair;

    for (i = 0; i < node->n; i++) {
        pair = &node->pairs[i];

        if (fig_names_add(&load->group_names, pair->key->text, &index, &added)
            != FIG_OK)
        {
            load->nomem = true;
            return;
        }

        group = &load->model->groups[index];
        draft = &load->group_drafts[index];

        if (!added) {
            fig_load_place(load, pair->key->pos.file, group->pos, place,
                           sizeof(place));
            snprintf(hint, sizeof(hint), "the other one is at %s", place);
            fig_load_error(load, pair->key->pos, hint,
                           "another group is named %s",
                           fig_text_quote(pair->key->text, quoted));
            group = &spare;
            draft = &spare_draft;
            memset(&spare, 0, sizeof(fig_group_t));

        } else {
            group->index = index;
            load->model->ngroups = index + 1;
            fig_load_check_name(load, pair->key, "group");
        }

        fig_decode_group(load, pair, group, draft);
    }
}


static void
fig_override_route(fig_load_t *load, const fig_pair_t *pair, uint32_t index,
    const fig_pair_t **given)
{
    char          hint[FIG_QUOTED + 32], quoted[FIG_QUOTED];
    fig_draft_t  *draft;
    fig_route_t  *route;

    route = &load->model->routes[index];
    draft = &load->drafts[index];

    if (route->group != NULL) {
        snprintf(hint, sizeof(hint), "override the group %s",
                 fig_text_quote(route->group->name, quoted));
        fig_load_error(load, pair->key->pos, hint,
                       "route %s has the stage of its group",
                       fig_text_quote(route->name, quoted));
        return;
    }

    if (route->action != FIG_ACTION_PROXY) {
        fig_load_error(load, pair->key->pos, NULL,
                       "route %s redirects or responds: it has no stage",
                       fig_text_quote(route->name, quoted));
        return;
    }

    if (given[0] != NULL) {
        draft->stage = given[0];
        fig_decode_stage(load, given[0]->value, &route->stage);
    }

    if (given[1] != NULL) {
        draft->percent = given[1];
        fig_load_percent(load, given[1]->value, "percent", &route->percent);
    }
}


static void
fig_override_group(fig_load_t *load, uint32_t index, const fig_pair_t **given)
{
    fig_group_t        *group;
    fig_group_draft_t  *draft;

    group = &load->model->groups[index];
    draft = &load->group_drafts[index];

    if (given[0] != NULL) {
        draft->stage = given[0];
        fig_decode_stage(load, given[0]->value, &group->stage);
    }

    if (given[1] != NULL) {
        draft->percent = given[1];
        fig_load_percent(load, given[1]->value, "percent", &group->percent);
    }
}


static void
fig_decode_override(fig_load_t *load, const fig_pair_t *pair,
    const fig_names_t *names)
{
    char               what[FIG_QUOTED + 32], quoted[FIG_QUOTED];
    uint32_t           index;
    const fig_pair_t  *given[3];

    static const fig_key_t  keys[] = {
        { "stage", FIG_KEY_KNOWN, NULL },
        { "percent", FIG_KEY_KNOWN, NULL },
        { "by", FIG_KEY_ELSEWHERE, "only stage and percent can be overridden" },
    };

    snprintf(what, sizeof(what), "the override of %s",
             fig_text_quote(pair->key->text, quoted));

    if (pair->value->kind == FIG_YAML_MAP && pair->value->n == 0) {
        fig_load_error(load, pair->value->pos, "say stage, percent or both",
                       "%s is empty", what);
        return;
    }

    if (!fig_load_keys(load, pair->value, what, keys, FIG_NELTS(keys), given)) {
        return;
    }

    if (fig_names_find(&load->group_names, pair->key->text, &index)) {
        fig_override_group(load, index, given);
        return;
    }

    if (fig_names_find(&load->route_names, pair->key->text, &index)) {
        fig_override_route(load, pair, index, given);
        return;
    }

    fig_load_find(load, pair->key, "route or group", names, &index);
}


static bool
fig_override_names(fig_names_t *all, const fig_names_t *names)
{
    bool      added;
    uint32_t  i, index;

    for (i = 0; i < names->n; i++) {
        if (fig_names_add(all, names->names[i], &index, &added) != FIG_OK) {
            return false;
        }
    }

    return true;
}


void
fig_decode_overrides(fig_load_t *load, const fig_yaml_t *node)
{
    uint32_t     i;
    fig_names_t  names;

    if (!fig_load_is_map(load, node, "overrides",
                         "write {NAME: {stage: ramp, percent: 5}}"))
    {
        return;
    }

    fig_names_init(&names, load->scratch);

    if (!fig_override_names(&names, &load->group_names)
        || !fig_override_names(&names, &load->route_names))
    {
        load->nomem = true;
        return;
    }

    for (i = 0; i < node->n; i++) {
        fig_decode_override(load, &node->pairs[i], &names);
    }
}
