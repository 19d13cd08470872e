/*
 * The top level of rules files, in the order that names need:
 *
 *     version, include, backends, default     main file only
 *     groups, routes                          main file, then included ones
 *     overrides, tests                        main file only
 */

#include "fig_decode.h"
#include "fig_text.h"

#include <stdio.h>


enum {
    FIG_TOP_VERSION = 0,
    FIG_TOP_INCLUDE,
    FIG_TOP_BACKENDS,
    FIG_TOP_DEFAULT,
    FIG_TOP_GROUPS,
    FIG_TOP_ROUTES,
    FIG_TOP_OVERRIDES,
    FIG_TOP_TESTS,
    FIG_TOP_KEYS
};


static const fig_key_t  fig_top_keys[FIG_TOP_KEYS] = {
    { "version", FIG_KEY_KNOWN, NULL },
    { "include", FIG_KEY_KNOWN, NULL },
    { "backends", FIG_KEY_KNOWN, NULL },
    { "default", FIG_KEY_KNOWN, NULL },
    { "groups", FIG_KEY_KNOWN, NULL },
    { "routes", FIG_KEY_KNOWN, NULL },
    { "overrides", FIG_KEY_KNOWN, NULL },
    { "tests", FIG_KEY_KNOWN, NULL },
};


static const char  fig_only_main[] =
    "an included file has \"routes\" and \"groups\" only";

static const fig_key_t  fig_included_keys[FIG_TOP_KEYS] = {
    { "version", FIG_KEY_ELSEWHERE, fig_only_main },
    { "include", FIG_KEY_ELSEWHERE, fig_only_main },
    { "backends", FIG_KEY_ELSEWHERE, fig_only_main },
    { "default", FIG_KEY_ELSEWHERE, fig_only_main },
    { "groups", FIG_KEY_KNOWN, NULL },
    { "routes", FIG_KEY_KNOWN, NULL },
    { "overrides", FIG_KEY_ELSEWHERE, fig_only_main },
    { "tests", FIG_KEY_ELSEWHERE, fig_only_main },
};


typedef struct {
    const fig_pair_t  *given[FIG_TOP_KEYS];
} fig_top_t;


/* False: this is a file of another version, or no rules file at all. */


/* Legacy has always been asked, however ill: where would one go from it? */

static void
fig_decode_default_breaker(fig_load_t *load)
{
    uint32_t        i;
    fig_backend_t  *backend;

    for (i = 0; i < load->model->nbackends; i++) {
        backend = &load->model->backends[i];

        if (backend == load->model->fallthrough && !backend->breaker.given) {
            backend->breaker.none = true;
        }
    }
}


static bool
fig_decode_version(fig_load_t *load, const fig_yaml_t *root,
    const fig_pair_t *version)
{
    char               quoted[FIG_QUOTED];
    const fig_yaml_t  *node;

    if (version == NULL) {
        fig_load_error(load, root->pos, "begin the file with version: 1",
                       "\"version\" is missing");
        return true;
    }

    node = version->value;

    if (!fig_load_is_text(load, node, "version")) {
        return true;
    }

    if (fig_str_eq(node->text, fig_str("1", 1))) {
        return true;
    }

    fig_load_error(load, node->pos, "write version: 1",
                   "version %s is not known",
                   fig_text_quote(node->text, quoted));

    return false;
}


/* What it names has been read by fig_files_read(), which tells most errors. */

static void
fig_decode_include(fig_load_t *load, const fig_pair_t *pair)
{
    uint32_t           i;
    const fig_yaml_t  *node;

    node = pair->value;

    if (!fig_str_eq(pair->key->text, fig_str("include", 7))) {
        load->partial = true;
        return;
    }

    if (!fig_files_has_includes(load->files)) {
        fig_load_error(load, pair->key->pos, NULL,
                       "a text that is no file cannot include others");
        load->partial = true;
        return;
    }

    if (node->kind == FIG_YAML_LIST && node->n == 0) {
        return;
    }

    if (!fig_load_is_list(load, node, "include",
                          "write [routes.d/*.yaml]"))
    {
        load->partial = true;
        return;
    }

    for (i = 0; i < node->n; i++) {
        fig_load_is_text(load, node->items[i], "include");
    }
}


static bool
fig_decode_top(fig_load_t *load, const fig_yaml_t **roots, size_t n,
    fig_top_t *tops)
{
    size_t     i;
    fig_pos_t  pos = { 0, 1, 1, 1 };

    for (i = 0; i < n; i++) {
        pos.file = (uint32_t) i;

        if (roots[i] == NULL) {
            fig_load_error(load, pos,
                           i == 0 ? "begin it with version: 1"
                                  : "for a file without routes write "
                                    "routes: []",
                           "the file is empty");
            load->partial = true;
            continue;
        }

        if (!fig_load_keys(load, roots[i],
                           i == 0 ? "a rules file" : "an included file",
                           i == 0 ? fig_top_keys : fig_included_keys,
                           FIG_TOP_KEYS, tops[i].given))
        {
            load->partial = true;
            continue;
        }

        if (i == 0 && !fig_decode_version(load, roots[0],
                                          tops[0].given[FIG_TOP_VERSION]))
        {
            return false;
        }
    }

    return true;
}


/* The node of a list or map that may be empty; NULL: not given, or wrong. */

static const fig_yaml_t *
fig_decode_collection(fig_load_t *load, const fig_pair_t *pair,
    const char *key, fig_yaml_kind_t kind)
{
    bool               right;
    const fig_yaml_t  *node;

    if (pair == NULL) {
        return NULL;
    }

    node = pair->value;

    if (node->kind == kind && node->n == 0) {
        return NULL;
    }

    right = (kind == FIG_YAML_LIST)
            ? fig_load_is_list(load, node, key, "write [{name: ...}]")
            : fig_load_is_map(load, node, key, "write {NAME: {stage: legacy}}");

    if (!right) {
        load->partial = true;
        return NULL;
    }

    return node;
}


static void
fig_decode_all_groups(fig_load_t *load, const fig_top_t *tops, size_t n)
{
    size_t              i, total;
    const fig_yaml_t  **nodes;

    nodes = fig_arena_array(load->scratch, n, sizeof(fig_yaml_t *));
    if (nodes == NULL) {
        load->nomem = true;
        return;
    }

    for (i = 0, total = 0; i < n; i++) {
        nodes[i] = fig_decode_collection(load, tops[i].given[FIG_TOP_GROUPS],
                                         "groups", FIG_YAML_MAP);
        total += (nodes[i] != NULL) ? nodes[i]->n : 0;
    }

    load->model->groups = fig_load_array(load, total, sizeof(fig_group_t));
    load->group_drafts = fig_arena_array(load->scratch, total,
                                         sizeof(fig_group_draft_t));

    if (load->model->groups == NULL || load->group_drafts == NULL) {
        load->nomem = true;
        return;
    }

    for (i = 0; i < n && !load->nomem; i++) {
        if (nodes[i] != NULL) {
            fig_decode_groups(load, nodes[i]);
        }
    }
}


/* Room for so many routes, and an error at the first that is too many. */

static bool
fig_decode_count_routes(fig_load_t *load, const fig_yaml_t **nodes, size_t n)
{
    size_t  i, total;

    for (i = 0, total = 0; i < n; i++) {
        if (nodes[i] == NULL) {
            continue;
        }

        if (nodes[i]->n > FIG_MAX_ROUTES - total) {
            fig_load_error(load, nodes[i]->items[FIG_MAX_ROUTES - total]->pos,
                           NULL, "more than 20,000 routes");
            return false;
        }

        total += nodes[i]->n;
    }

    load->model->routes = fig_load_array(load, total, sizeof(fig_route_t));
    load->drafts = fig_arena_array(load->scratch, total, sizeof(fig_draft_t));

    if (load->model->routes == NULL || load->drafts == NULL) {
        load->nomem = true;
        return false;
    }

    return true;
}


static void
fig_decode_all_routes(fig_load_t *load, const fig_top_t *tops, size_t n)
{
    size_t              i;
    uint32_t            j;
    const fig_yaml_t  **nodes;

    nodes = fig_arena_array(load->scratch, n, sizeof(fig_yaml_t *));
    if (nodes == NULL) {
        load->nomem = true;
        return;
    }

    for (i = 0; i < n; i++) {
        nodes[i] = fig_decode_collection(load, tops[i].given[FIG_TOP_ROUTES],
                                         "routes", FIG_YAML_LIST);
    }

    if (!fig_decode_count_routes(load, nodes, n)) {
        load->partial = true;
        return;
    }

    for (i = 0; i < n; i++) {
        for (j = 0; nodes[i] != NULL && j < nodes[i]->n && !load->nomem; j++) {
            fig_decode_route(load, nodes[i]->items[j]);
        }
    }
}


void
fig_decode(fig_load_t *load, const fig_yaml_t **roots, size_t n)
{
    fig_top_t          *tops;
    const fig_pair_t  **given;

    tops = fig_arena_array(load->scratch, n, sizeof(fig_top_t));
    if (tops == NULL) {
        load->nomem = true;
        return;
    }

    if (!fig_decode_top(load, roots, n, tops)) {
        return;
    }

    given = tops[0].given;

    if (given[FIG_TOP_INCLUDE] != NULL) {
        fig_decode_include(load, given[FIG_TOP_INCLUDE]);
    }

    if (given[FIG_TOP_BACKENDS] != NULL) {
        fig_decode_backends(load, given[FIG_TOP_BACKENDS]->value);
    }

    if (given[FIG_TOP_DEFAULT] != NULL) {
        load->model->fallthrough =
            fig_load_backend(load, given[FIG_TOP_DEFAULT]->value, "default");
    }

    load->no_default = (given[FIG_TOP_DEFAULT] == NULL);

    fig_decode_default_breaker(load);

    fig_decode_all_groups(load, tops, n);

    if (!load->nomem) {
        fig_decode_all_routes(load, tops, n);
    }

    if (given[FIG_TOP_OVERRIDES] != NULL && !load->nomem) {
        fig_decode_overrides(load, given[FIG_TOP_OVERRIDES]->value);
    }

    if (given[FIG_TOP_TESTS] != NULL && !load->nomem) {
        fig_decode_tests(load, given[FIG_TOP_TESTS]->value);
    }
}
