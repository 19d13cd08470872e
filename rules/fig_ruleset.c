/*
 * From texts to a rule set:
 *
 *     parse -> decode -> validate -> index -> run the file's tests
 *
 * Nodes and what else is only needed on the way live in an arena of their own
 * that is gone at the end.
 */

#include "fig_rules.h"
#include "fig_decode.h"
#include "fig_index.h"
#include "fig_lookup.h"
#include "fig_rank.h"
#include "fig_validate.h"

#include <stdlib.h>


static fig_status_t
fig_ruleset_parse(fig_load_t *load, const fig_yaml_t ***roots)
{
    size_t        i, n;
    fig_status_t  status;

    static const fig_yaml_t  unreadable = { .kind = FIG_YAML_BAD };

    n = fig_files_count(load->files);

    *roots = fig_arena_array(load->scratch, n, sizeof(fig_yaml_t *));
    if (*roots == NULL) {
        return FIG_NOMEM;
    }

    for (i = 0; i < n; i++) {
        status = fig_yaml_parse(fig_files_text(load->files, i), (uint32_t) i,
                                load->scratch, load->diags, &(*roots)[i]);

        if (status == FIG_NOMEM) {
            return FIG_NOMEM;
        }

        if (status == FIG_INVALID) {
            load->partial = true;

            if ((*roots)[i] == NULL) {
                (*roots)[i] = &unreadable;
            }
        }
    }

    return FIG_OK;
}


/* What the index can hold: a host and a path is an entry of it. */

static bool
fig_ruleset_fits(fig_load_t *load)
{
    fig_pos_t  pos = { 0, 0, 0, 0 };

    if (fig_entries_count(load->model) <= FIG_INDEX_MAX_ENTRIES) {
        return true;
    }

    fig_load_error(load, pos, "write fewer hosts and paths into one set",
                   "all condition sets together have more than 1,000,000 "
                   "pairs of a host and a path");

    return false;
}


static fig_status_t
fig_ruleset_load(fig_load_t *load, fig_ruleset_t *ruleset)
{
    size_t              before;
    fig_status_t        status;
    const fig_yaml_t  **roots;

    before = fig_diags_count(load->diags);
    status = fig_ruleset_parse(load, &roots);

    if (status == FIG_OK) {
        fig_decode(load, roots, fig_files_count(load->files));
    }

    if (status == FIG_OK && !load->nomem) {
        fig_validate(load);
    }

    ruleset->nregexes = load->nregexes;
    ruleset->regexes = load->regexes;

    if (status != FIG_OK || load->nomem) {
        return FIG_NOMEM;
    }

    if (fig_diags_count(load->diags) != before || !fig_ruleset_fits(load)) {
        return FIG_INVALID;
    }

    status = fig_lookup_create(&ruleset->model, ruleset->arena);

    if (status == FIG_OK) {
        status = fig_index_create(&ruleset->model, ruleset->arena,
                                  &ruleset->index);
    }

    return (status == FIG_OK) ? fig_tests_run(ruleset, load->diags) : status;
}


/* A file that is nothing but a route's `compare`. */

static fig_status_t
fig_ruleset_load_compare(fig_load_t *load, fig_ruleset_t *ruleset)
{
    size_t              before;
    fig_status_t        status;
    fig_route_t        *route;
    const fig_yaml_t  **roots;

    before = fig_diags_count(load->diags);
    status = fig_ruleset_parse(load, &roots);
    route = fig_load_array(load, 1, sizeof(fig_route_t));

    if (status != FIG_OK || route == NULL) {
        return FIG_NOMEM;
    }

    fig_decode_shadow(load, NULL, &route->shadow);
    fig_decode_compare(load, roots[0], &route->compare);

    load->model->routes = route;
    load->model->nroutes = 1;
    ruleset->nregexes = load->nregexes;
    ruleset->regexes = load->regexes;

    if (load->nomem) {
        return FIG_NOMEM;
    }

    return (fig_diags_count(load->diags) == before) ? FIG_OK : FIG_INVALID;
}


typedef fig_status_t (*fig_ruleset_load_pt)(fig_load_t *load,
    fig_ruleset_t *ruleset);


static fig_status_t
fig_ruleset_make(const fig_files_t *files, const fig_rules_checks_t *checks,
    fig_ruleset_load_pt load_all, fig_ruleset_t **ruleset, fig_diags_t *diags)
{
    fig_load_t      load;
    fig_status_t    status;
    fig_ruleset_t  *rules;

    *ruleset = NULL;

    rules = calloc(1, sizeof(fig_ruleset_t));
    if (rules == NULL) {
        return FIG_NOMEM;
    }

    memset(&load, 0, sizeof(fig_load_t));
    rules->arena = load.arena = fig_arena_create();
    load.scratch = fig_arena_create();
    load.files = files;
    load.checks = checks;
    load.diags = diags;
    load.model = &rules->model;

    status = FIG_NOMEM;

    if (load.arena != NULL && load.scratch != NULL) {
        fig_names_init(&load.backend_names, load.scratch);
        fig_names_init(&load.group_names, load.scratch);
        fig_names_init(&load.route_names, load.scratch);

        fig_diags_set_source(diags, fig_files_source, (void *) files);
        status = load_all(&load, rules);
        fig_diags_set_source(diags, NULL, NULL);
    }

    fig_arena_destroy(load.scratch);

    if (status != FIG_OK) {
        fig_ruleset_destroy(rules);
        return status;
    }

    *ruleset = rules;

    return FIG_OK;
}


fig_status_t
fig_ruleset_create_checked(const fig_files_t *files,
    const fig_rules_checks_t *checks, fig_ruleset_t **ruleset,
    fig_diags_t *diags)
{
    return fig_ruleset_make(files, checks, fig_ruleset_load, ruleset, diags);
}


fig_status_t
fig_ruleset_create(const fig_files_t *files, fig_ruleset_t **ruleset,
    fig_diags_t *diags)
{
    return fig_ruleset_create_checked(files, NULL, ruleset, diags);
}


fig_status_t
fig_ruleset_create_compare(const fig_files_t *files,
    const fig_rules_checks_t *checks, fig_ruleset_t **ruleset,
    fig_diags_t *diags)
{
    return fig_ruleset_make(files, checks, fig_ruleset_load_compare, ruleset,
                            diags);
}


void
fig_ruleset_destroy(fig_ruleset_t *ruleset)
{
    uint32_t  i;

    if (ruleset == NULL) {
        return;
    }

    for (i = 0; i < ruleset->nregexes; i++) {
        fig_regex_destroy(ruleset->regexes[i]);
    }

    fig_arena_destroy(ruleset->arena);
    free(ruleset);
}


const fig_model_t *
fig_ruleset_model(const fig_ruleset_t *ruleset)
{
    return &ruleset->model;
}


size_t
fig_ruleset_size(const fig_ruleset_t *ruleset)
{
    return sizeof(fig_ruleset_t) + fig_arena_size(ruleset->arena);
}
