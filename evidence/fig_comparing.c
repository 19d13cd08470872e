/*
 * `compare` of the rules -> options of a comparison -> comparers.
 *
 *     rules/: fig_compare_rule_t        compare/: fig_compare_options_t
 *
 * These two do not know each other; this is where one becomes the other, and
 * where the patterns of one are matched for the other.
 */

#include "fig_comparing.h"
#include "fig_comparing_key.h"

#include <stdlib.h>


struct fig_comparing_s {
    fig_comparer_t   *common;          /* of routes without `compare` */
    size_t            n;
    fig_comparer_t  **comparers;       /* by route; NULL: the common one */
    uint64_t         *keys;
};


const fig_rules_checks_t  fig_comparing_checks = { fig_compare_check_path };


/* data is a scratch. */

static bool
fig_comparing_match(void *data, const void *pattern, fig_str_t subject,
    size_t from, fig_span_t *spans, size_t nspans)
{
    size_t              i;
    fig_str_t           group;
    const fig_regex_t  *regex = pattern;

    if (fig_regex_find(regex, subject, from, data) != FIG_REGEX_MATCH) {
        return false;
    }

    for (i = 0; i < nspans && i <= fig_regex_captures(regex); i++) {
        group = fig_regex_capture(data, subject, (unsigned) i);

        if (group.data != NULL) {
            spans[i].start = (size_t) (group.data - subject.data);
            spans[i].end = spans[i].start + group.len;
        }
    }

    return true;
}


/* Both enumerations have one order; texts are borrowed. */

static fig_status_t
fig_comparing_paths(const fig_path_rules_t *rules, fig_arena_t *arena,
    const fig_str_t **paths, size_t *npaths)
{
    uint32_t    i;
    fig_str_t  *list;

    list = fig_arena_array(arena, rules->n, sizeof(fig_str_t));
    if (list == NULL) {
        return FIG_NOMEM;
    }

    for (i = 0; i < rules->n; i++) {
        list[i] = rules->rules[i].path;
    }

    *paths = list;
    *npaths = rules->n;

    return FIG_OK;
}


static fig_status_t
fig_comparing_maps(const fig_compare_rule_t *rule, fig_arena_t *arena,
    fig_compare_options_t *options)
{
    uint32_t                i;
    fig_keyed_t            *keyed;
    fig_tolerance_t        *tolerance;
    fig_shape_rule_t       *shapes;
    const fig_path_rule_t  *from;

    static const fig_shape_kind_t  kinds[] = {
        [FIG_SHAPED_UUID] = FIG_SHAPE_UUID,
        [FIG_SHAPED_RFC3339] = FIG_SHAPE_RFC3339,
        [FIG_SHAPED_EPOCH] = FIG_SHAPE_EPOCH,
        [FIG_SHAPED_REGEX] = FIG_SHAPE_PATTERN
    };

    keyed = fig_arena_array(arena, rule->keyed.n, sizeof(fig_keyed_t));
    tolerance = fig_arena_array(arena, rule->tolerance.n,
                                sizeof(fig_tolerance_t));
    shapes = fig_arena_array(arena, rule->shape.n, sizeof(fig_shape_rule_t));

    if (keyed == NULL || tolerance == NULL || shapes == NULL) {
        return FIG_NOMEM;
    }

    for (i = 0; i < rule->keyed.n; i++) {
        keyed[i].path = rule->keyed.rules[i].path;
        keyed[i].key = rule->keyed.rules[i].key;
    }

    for (i = 0; i < rule->tolerance.n; i++) {
        tolerance[i].path = rule->tolerance.rules[i].path;
        tolerance[i].abs = rule->tolerance.rules[i].abs;
        tolerance[i].rel = rule->tolerance.rules[i].rel;
    }

    for (i = 0; i < rule->shape.n; i++) {
        from = &rule->shape.rules[i];
        shapes[i].path = from->path;
        shapes[i].kind = kinds[from->shape];
        shapes[i].pattern = from->regex;
    }

    options->keyed = keyed;
    options->nkeyed = rule->keyed.n;
    options->tolerance = tolerance;
    options->ntolerance = rule->tolerance.n;
    options->shapes = shapes;
    options->nshapes = rule->shape.n;

    return FIG_OK;
}


static fig_status_t
fig_comparing_texts(const fig_compare_rule_t *rule, fig_arena_t *arena,
    fig_compare_options_t *options)
{
    uint32_t            i;
    fig_normalize_t    *normalize;
    fig_status_pair_t  *pairs;

    normalize = fig_arena_array(arena, rule->nnormalize,
                                sizeof(fig_normalize_t));
    pairs = fig_arena_array(arena, rule->ncodes, sizeof(fig_status_pair_t));

    if (normalize == NULL || pairs == NULL) {
        return FIG_NOMEM;
    }

    for (i = 0; i < rule->nnormalize; i++) {
        normalize[i].pattern = rule->normalize[i].regex;
        normalize[i].with = rule->normalize[i].with;
    }

    for (i = 0; i < rule->ncodes; i++) {
        pairs[i].a = rule->codes[i].a;
        pairs[i].b = rule->codes[i].b;
    }

    options->normalize = normalize;
    options->nnormalize = rule->nnormalize;
    options->status_pairs = pairs;
    options->nstatus_pairs = rule->ncodes;

    return FIG_OK;
}


static fig_status_t
fig_comparing_options(const fig_compare_rule_t *rule, fig_arena_t *arena,
    fig_compare_options_t *options)
{
    static const fig_body_mode_t  modes[] = {
        [FIG_COMPARED_AUTO] = FIG_BODY_AUTO,
        [FIG_COMPARED_JSON] = FIG_BODY_JSON,
        [FIG_COMPARED_TEXT] = FIG_BODY_TEXT,
        [FIG_COMPARED_BYTES] = FIG_BODY_BYTES,
        [FIG_COMPARED_NONE] = FIG_BODY_NONE
    };

    memset(options, 0, sizeof(fig_compare_options_t));
    options->status_class = rule->status_class;
    options->add_headers = rule->add.names;
    options->nadd_headers = rule->add.n;
    options->remove_headers = rule->remove.names;
    options->nremove_headers = rule->remove.n;
    options->body = modes[rule->body];
    options->null_absent = rule->null_absent;
    options->keep_values = rule->keep_values;
    options->max_body = rule->max_body;
    options->match = fig_comparing_match;

    if (fig_comparing_paths(&rule->ignore, arena, &options->ignore,
                            &options->nignore) != FIG_OK
        || fig_comparing_paths(&rule->unordered, arena, &options->unordered,
                               &options->nunordered) != FIG_OK
        || fig_comparing_paths(&rule->redact, arena, &options->redact,
                               &options->nredact) != FIG_OK
        || fig_comparing_maps(rule, arena, options) != FIG_OK)
    {
        return FIG_NOMEM;
    }

    return fig_comparing_texts(rule, arena, options);
}


static fig_status_t
fig_comparing_make(const fig_compare_rule_t *rule, fig_comparer_t **comparer,
    fig_diags_t *diags)
{
    fig_arena_t            *arena;
    fig_status_t            status;
    fig_compare_error_t     error;
    fig_compare_options_t   options;

    arena = fig_arena_create();
    if (arena == NULL) {
        return FIG_NOMEM;
    }

    status = fig_comparing_options(rule, arena, &options);

    if (status == FIG_OK) {
        status = fig_comparer_create(&options, comparer, &error);
    }

    fig_arena_destroy(arena);

    if (status == FIG_INVALID) {
        fig_diags_addf(diags, rule->pos, NULL, "\"compare\": \"%s\": %s",
                       error.option, error.message);
    }

    return status;
}


static fig_status_t
fig_comparing_fill(fig_comparing_t *comparing, const fig_model_t *model,
    fig_diags_t *diags)
{
    uint32_t            i;
    fig_status_t        status, one;
    fig_compare_rule_t  plain = { .max_body = FIG_COMPARE_MAX_BODY };

    status = fig_comparing_make(&plain, &comparing->common, diags);

    for (i = 0; i < model->nroutes && status != FIG_NOMEM; i++) {
        if (model->routes[i].action != FIG_ACTION_PROXY) {
            continue;
        }

        comparing->keys[i] = fig_comparing_hash(&model->routes[i]);

        if (!model->routes[i].compare.given || model->routes[i].compare.none) {
            continue;
        }

        one = fig_comparing_make(&model->routes[i].compare,
                                 &comparing->comparers[i], diags);

        if (one != FIG_OK) {
            status = one;
        }
    }

    return status;
}


fig_status_t
fig_comparing_create(const fig_ruleset_t *ruleset,
    fig_comparing_t **comparing, fig_diags_t *diags)
{
    fig_status_t        status;
    fig_comparing_t    *made;
    const fig_model_t  *model;

    *comparing = NULL;
    model = fig_ruleset_model(ruleset);

    made = calloc(1, sizeof(fig_comparing_t));
    if (made == NULL) {
        return FIG_NOMEM;
    }

    made->n = model->nroutes;
    made->comparers = calloc(made->n + 1, sizeof(fig_comparer_t *));
    made->keys = calloc(made->n + 1, sizeof(uint64_t));
    status = FIG_NOMEM;

    if (made->comparers != NULL && made->keys != NULL) {
        status = fig_comparing_fill(made, model, diags);
    }

    if (status != FIG_OK) {
        fig_comparing_destroy(made);
        return status;
    }

    *comparing = made;

    return FIG_OK;
}


fig_status_t
fig_comparing_load(const fig_files_t *files, fig_ruleset_t **ruleset,
    fig_comparing_t **comparing, fig_diags_t *diags)
{
    fig_status_t      status;
    fig_comparing_t  *made;

    if (comparing != NULL) {
        *comparing = NULL;
    }

    status = fig_ruleset_create_checked(files, &fig_comparing_checks, ruleset,
                                        diags);
    if (status != FIG_OK) {
        return status;
    }

    fig_diags_set_source(diags, fig_files_source, (void *) files);
    status = fig_comparing_create(*ruleset, &made, diags);
    fig_diags_set_source(diags, NULL, NULL);

    if (status != FIG_OK) {
        fig_ruleset_destroy(*ruleset);
        *ruleset = NULL;
        return status;
    }

    if (comparing != NULL) {
        *comparing = made;

    } else {
        fig_comparing_destroy(made);
    }

    return FIG_OK;
}


void
fig_comparing_destroy(fig_comparing_t *comparing)
{
    size_t  i;

    if (comparing == NULL) {
        return;
    }

    for (i = 0; comparing->comparers != NULL && i < comparing->n; i++) {
        fig_comparer_destroy(comparing->comparers[i]);
    }

    fig_comparer_destroy(comparing->common);
    free(comparing->comparers);
    free(comparing->keys);
    free(comparing);
}


const fig_comparer_t *
fig_comparing_of(const fig_comparing_t *comparing, const fig_route_t *route)
{
    if (route->action != FIG_ACTION_PROXY || route->compare.none) {
        return NULL;
    }

    return comparing->comparers[route->index] != NULL
           ? comparing->comparers[route->index] : comparing->common;
}


uint64_t
fig_comparing_key(const fig_comparing_t *comparing, const fig_route_t *route)
{
    return comparing->keys[route->index];
}


fig_ready_limits_t
fig_comparing_limits(const fig_route_t *route)
{
    fig_ready_limits_t  limits;

    limits.p0 = route->compare.p0;
    limits.alpha = route->compare.alpha;

    return limits;
}


void *
fig_comparing_match_data_create(void)
{
    return fig_scratch_create();
}


void
fig_comparing_match_data_destroy(void *match_data)
{
    if (match_data != NULL) {
        fig_scratch_destroy(match_data);
    }
}
