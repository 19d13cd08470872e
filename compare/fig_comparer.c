/*
 * Options -> comparer: everything is copied, checked, and made ready.
 *
 *     ignore, keyed ...  ->  steps of one list of paths
 *     add, remove        ->  names of headers, lower case
 */

#include "fig_comparer.h"
#include "fig_decimal.h"

#include <stdlib.h>


/* compare.md: what is compared when nothing else is said. */

static const fig_str_t  fig_default_headers[] = {
    FIG_STR("content-type"), FIG_STR("location"), FIG_STR("cache-control"),
    FIG_STR("vary"), FIG_STR("www-authenticate"), FIG_STR("allow"),
    FIG_STR("content-language"), FIG_STR("set-cookie")
};


typedef struct {
    fig_comparer_t               *comparer;
    const fig_compare_options_t  *options;
    fig_compare_error_t          *error;
} fig_builder_t;


static fig_status_t
fig_builder_refuse(fig_builder_t *builder, const char *option, size_t n,
    const char *message)
{
    builder->error->option = option;
    builder->error->n = n;
    builder->error->offset = 0;
    builder->error->message = message;

    return FIG_INVALID;
}


static fig_status_t
fig_builder_add_path(fig_builder_t *builder, const char *option, size_t n,
    fig_str_t path, fig_rule_kind_t kind)
{
    fig_status_t       status;
    fig_jpath_error_t  error;

    status = fig_jpaths_add(&builder->comparer->paths, path, kind, n,
                            builder->comparer->arena, &error);

    if (status == FIG_INVALID) {
        fig_builder_refuse(builder, option, n, error.message);
        builder->error->offset = error.offset;
    }

    return status;
}


static fig_status_t
fig_builder_add_list(fig_builder_t *builder, const char *option,
    const fig_str_t *paths, size_t n, fig_rule_kind_t kind)
{
    size_t        i;
    fig_status_t  status;

    for (i = 0; i < n; i++) {
        status = fig_builder_add_path(builder, option, i, paths[i], kind);
        if (status != FIG_OK) {
            return status;
        }
    }

    return FIG_OK;
}


static fig_status_t
fig_builder_copy(fig_builder_t *builder, fig_str_t *text)
{
    *text = fig_arena_str(builder->comparer->arena, *text);

    return (text->data == NULL) ? FIG_NOMEM : FIG_OK;
}


static fig_status_t
fig_builder_add_keyed(fig_builder_t *builder)
{
    size_t        i;
    fig_keyed_t  *keyed;
    fig_status_t  status;

    keyed = fig_arena_array(builder->comparer->arena, builder->options->nkeyed,
                            sizeof(fig_keyed_t));
    if (keyed == NULL) {
        return FIG_NOMEM;
    }

    builder->comparer->options.keyed = keyed;

    for (i = 0; i < builder->options->nkeyed; i++) {
        keyed[i] = builder->options->keyed[i];

        status = fig_builder_add_path(builder, "keyed", i, keyed[i].path,
                                      FIG_RULE_KEYED);

        if (status == FIG_OK) {
            status = fig_builder_copy(builder, &keyed[i].key);
        }

        if (status != FIG_OK) {
            return status;
        }
    }

    return FIG_OK;
}


/* A number of JSON that is short enough; FIG_NOMEM when that is not known. */

static fig_status_t
fig_builder_check_limit(fig_builder_t *builder, size_t n, fig_str_t *limit)
{
    fig_json_t    *doc;
    fig_status_t   status;

    if (limit->len == 0) {
        return FIG_OK;
    }

    status = fig_builder_copy(builder, limit);

    if (status == FIG_OK) {
        status = fig_json_parse(*limit, NULL, builder->comparer->arena, &doc,
                                NULL);
    }

    if (status == FIG_INVALID
        || (status == FIG_OK && !fig_decimal_is_limit(*limit)))
    {
        return fig_builder_refuse(builder, "tolerance", n, "abs and rel are "
                                  "numbers, 0 or more, of at most 32 digits");
    }

    return status;
}


static fig_status_t
fig_builder_add_tolerance(fig_builder_t *builder)
{
    size_t            i;
    fig_status_t      status;
    fig_tolerance_t  *tolerance;

    tolerance = fig_arena_array(builder->comparer->arena,
                                builder->options->ntolerance,
                                sizeof(fig_tolerance_t));
    if (tolerance == NULL) {
        return FIG_NOMEM;
    }

    builder->comparer->options.tolerance = tolerance;

    for (i = 0; i < builder->options->ntolerance; i++) {
        tolerance[i] = builder->options->tolerance[i];

        if (tolerance[i].abs.len == 0 && tolerance[i].rel.len == 0) {
            return fig_builder_refuse(builder, "tolerance", i,
                                      "abs or rel is missing");
        }

        status = fig_builder_add_path(builder, "tolerance", i,
                                      tolerance[i].path, FIG_RULE_TOLERANCE);

        if (status == FIG_OK) {
            status = fig_builder_check_limit(builder, i, &tolerance[i].abs);
        }

        if (status == FIG_OK) {
            status = fig_builder_check_limit(builder, i, &tolerance[i].rel);
        }

        if (status != FIG_OK) {
            return status;
        }
    }

    return FIG_OK;
}


static fig_status_t
fig_builder_add_shapes(fig_builder_t *builder)
{
    size_t             i;
    fig_status_t       status;
    fig_shape_rule_t  *shapes;

    shapes = fig_arena_array(builder->comparer->arena,
                             builder->options->nshapes,
                             sizeof(fig_shape_rule_t));
    if (shapes == NULL) {
        return FIG_NOMEM;
    }

    builder->comparer->options.shapes = shapes;

    for (i = 0; i < builder->options->nshapes; i++) {
        shapes[i] = builder->options->shapes[i];

        if (shapes[i].kind == FIG_SHAPE_PATTERN
            && (shapes[i].pattern == NULL || builder->options->match == NULL))
        {
            return fig_builder_refuse(builder, "shape", i,
                                      "there is no pattern");
        }

        status = fig_builder_add_path(builder, "shape", i, shapes[i].path,
                                      FIG_RULE_SHAPE);
        if (status != FIG_OK) {
            return status;
        }
    }

    return FIG_OK;
}


/* Bytes of all expressions. */

static size_t
fig_builder_length(const fig_compare_options_t *options)
{
    size_t  i, len;

    len = 0;

    for (i = 0; i < options->nignore; i++) {
        len += options->ignore[i].len;
    }

    for (i = 0; i < options->nunordered; i++) {
        len += options->unordered[i].len;
    }

    for (i = 0; i < options->nredact; i++) {
        len += options->redact[i].len;
    }

    for (i = 0; i < options->nkeyed; i++) {
        len += options->keyed[i].path.len;
    }

    for (i = 0; i < options->ntolerance; i++) {
        len += options->tolerance[i].path.len;
    }

    for (i = 0; i < options->nshapes; i++) {
        len += options->shapes[i].path.len;
    }

    return len;
}


static fig_status_t
fig_builder_add_paths(fig_builder_t *builder)
{
    size_t                        most;
    fig_status_t                  status;
    const fig_compare_options_t  *options = builder->options;

    most = options->nignore + options->nunordered + options->nredact
           + options->nkeyed + options->ntolerance + options->nshapes;

    if (most > FIG_JPATH_STEPS) {
        return fig_builder_refuse(builder, "ignore", 0,
                                  "there are too many paths");
    }

    status = fig_jpaths_init(&builder->comparer->paths, most,
                             fig_builder_length(options),
                             builder->comparer->arena);

    if (status == FIG_OK) {
        status = fig_builder_add_list(builder, "ignore", options->ignore,
                                      options->nignore, FIG_RULE_IGNORE);
    }

    if (status == FIG_OK) {
        status = fig_builder_add_list(builder, "unordered", options->unordered,
                                      options->nunordered,
                                      FIG_RULE_UNORDERED);
    }

    if (status == FIG_OK) {
        status = fig_builder_add_list(builder, "redact", options->redact,
                                      options->nredact, FIG_RULE_REDACT);
    }

    if (status == FIG_OK) {
        status = fig_builder_add_keyed(builder);
    }

    if (status == FIG_OK) {
        status = fig_builder_add_tolerance(builder);
    }

    if (status == FIG_OK) {
        status = fig_builder_add_shapes(builder);
    }

    return status;
}


static bool
fig_builder_has(const fig_str_t *names, size_t n, fig_str_t name)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        if (fig_str_caseeq(names[i], name)) {
            return true;
        }
    }

    return false;
}


static fig_status_t
fig_builder_add_header(fig_builder_t *builder, fig_str_t name)
{
    char            *lower;
    size_t           i;
    fig_comparer_t  *comparer = builder->comparer;

    if (fig_builder_has(builder->options->remove_headers,
                        builder->options->nremove_headers, name)
        || fig_builder_has(comparer->headers, comparer->nheaders, name))
    {
        return FIG_OK;
    }

    lower = fig_arena_alloc(comparer->arena, name.len);
    if (lower == NULL) {
        return FIG_NOMEM;
    }

    for (i = 0; i < name.len; i++) {
        lower[i] = (char) fig_lower((unsigned char) name.data[i]);
    }

    comparer->headers[comparer->nheaders++] = fig_str(lower, name.len);

    return FIG_OK;
}


static fig_status_t
fig_builder_add_headers(fig_builder_t *builder)
{
    size_t           i;
    fig_status_t     status;
    fig_comparer_t  *comparer = builder->comparer;

    comparer->headers = fig_arena_array(comparer->arena,
                                        FIG_NELTS(fig_default_headers)
                                        + builder->options->nadd_headers,
                                        sizeof(fig_str_t));
    if (comparer->headers == NULL) {
        return FIG_NOMEM;
    }

    status = FIG_OK;

    for (i = 0; i < FIG_NELTS(fig_default_headers) && status == FIG_OK; i++) {
        status = fig_builder_add_header(builder, fig_default_headers[i]);
    }

    for (i = 0; i < builder->options->nadd_headers && status == FIG_OK; i++) {
        status = fig_builder_add_header(builder,
                                        builder->options->add_headers[i]);
    }

    return status;
}


static fig_status_t
fig_builder_add_normalize(fig_builder_t *builder)
{
    size_t            i;
    fig_normalize_t  *rules;

    rules = fig_arena_array(builder->comparer->arena,
                            builder->options->nnormalize,
                            sizeof(fig_normalize_t));
    if (rules == NULL) {
        return FIG_NOMEM;
    }

    builder->comparer->options.normalize = rules;

    for (i = 0; i < builder->options->nnormalize; i++) {
        rules[i] = builder->options->normalize[i];

        if (rules[i].pattern == NULL || builder->options->match == NULL) {
            return fig_builder_refuse(builder, "normalize", i,
                                      "there is no pattern");
        }

        if (fig_builder_copy(builder, &rules[i].with) != FIG_OK) {
            return FIG_NOMEM;
        }
    }

    return FIG_OK;
}


static fig_status_t
fig_builder_add_status(fig_builder_t *builder)
{
    size_t              size;
    fig_status_pair_t  *pairs;

    size = builder->options->nstatus_pairs * sizeof(fig_status_pair_t);

    pairs = fig_arena_alloc(builder->comparer->arena, size);
    if (pairs == NULL) {
        return FIG_NOMEM;
    }

    if (size != 0) {
        memcpy(pairs, builder->options->status_pairs, size);
    }

    builder->comparer->options.status_pairs = pairs;

    return FIG_OK;
}


static fig_status_t
fig_builder_run(fig_builder_t *builder)
{
    fig_status_t            status;
    fig_compare_options_t  *copy;

    copy = &builder->comparer->options;
    *copy = *builder->options;

    if (copy->max_body == 0) {
        copy->max_body = FIG_COMPARE_MAX_BODY;
    }

    status = fig_builder_add_paths(builder);

    if (status == FIG_OK) {
        status = fig_builder_add_headers(builder);
    }

    if (status == FIG_OK) {
        status = fig_builder_add_normalize(builder);
    }

    if (status == FIG_OK) {
        status = fig_builder_add_status(builder);
    }

    /* only what was copied stays */

    copy->add_headers = copy->remove_headers = NULL;
    copy->ignore = copy->unordered = copy->redact = NULL;

    return status;
}


fig_status_t
fig_comparer_create(const fig_compare_options_t *options,
    fig_comparer_t **comparer, fig_compare_error_t *error)
{
    fig_arena_t    *arena;
    fig_status_t    status;
    fig_builder_t   builder = { NULL, options, error };

    *comparer = NULL;

    arena = fig_arena_create();
    if (arena == NULL) {
        return FIG_NOMEM;
    }

    builder.comparer = fig_arena_alloc(arena, sizeof(fig_comparer_t));
    status = FIG_NOMEM;

    if (builder.comparer != NULL) {
        builder.comparer->arena = arena;
        status = fig_builder_run(&builder);
    }

    if (status != FIG_OK) {
        fig_arena_destroy(arena);
        return status;
    }

    *comparer = builder.comparer;

    return FIG_OK;
}


void
fig_comparer_destroy(fig_comparer_t *comparer)
{
    if (comparer != NULL) {
        fig_arena_destroy(comparer->arena);
    }
}


fig_status_t
fig_compare_check_path(fig_str_t text, size_t *offset, const char **message)
{
    fig_arena_t       *arena;
    fig_jpaths_t       paths;
    fig_status_t       status;
    fig_jpath_error_t  error = { 0, NULL };

    arena = fig_arena_create();
    if (arena == NULL) {
        return FIG_NOMEM;
    }

    status = fig_jpaths_init(&paths, 1, text.len, arena);

    if (status == FIG_OK) {
        status = fig_jpaths_add(&paths, text, FIG_RULE_IGNORE, 0, arena,
                                &error);
    }

    *offset = error.offset;
    *message = error.message;
    fig_arena_destroy(arena);

    return status;
}
