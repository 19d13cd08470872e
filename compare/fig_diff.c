/*
 * Two documents: values, scalars, places.
 *
 *     the same nodes in the same order     most pairs: a loop over two arrays
 *     otherwise                            probe; then, if need be, report
 */

#include "fig_decimal.h"
#include "fig_diff.h"
#include "fig_form.h"


static inline uint32_t
fig_diff_type(const fig_json_node_t *node)
{
    return (node->kind == FIG_JSON_FALSE) ? FIG_JSON_TRUE : node->kind;
}


/*
 * Documents whose nodes are the same, one by one, are equal: their order and
 * the numbers of children make the tree.
 */

static bool
fig_diff_is_same(const fig_json_t *a, const fig_json_t *b)
{
    uint32_t                i, n;
    fig_str_t               x, y;
    const fig_json_node_t  *p, *q;

    n = fig_json_count(a);

    if (n != fig_json_count(b)) {
        return false;
    }

    p = fig_json_root(a);
    q = fig_json_root(b);

    for (i = 0; i < n; i++, p++, q++) {

        if (p->kind != q->kind || p->nchildren != q->nchildren
            || !fig_str_eq(fig_json_key(a, p), fig_json_key(b, q)))
        {
            return false;
        }

        if (p->kind != FIG_JSON_STRING && p->kind != FIG_JSON_NUMBER) {
            continue;
        }

        x = fig_json_text(a, p);
        y = fig_json_text(b, q);

        if (!fig_str_eq(x, y)
            && (p->kind == FIG_JSON_STRING || !fig_decimal_is_equal(x, y)))
        {
            return false;
        }
    }

    return true;
}


static void
fig_diff_place(fig_place_t *up, fig_place_t *place, const fig_json_node_t *a,
    const fig_json_node_t *b)
{
    memset(place, 0, sizeof(fig_place_t));

    place->up = up;
    place->a = a;
    place->b = b;
    place->redact = up->redact;
}


void
fig_diff_member(fig_diff_t *diff, fig_place_t *up, fig_place_t *place,
    fig_jstate_t *state, const fig_json_node_t *a, const fig_json_node_t *b)
{
    fig_str_t  name;

    fig_diff_place(up, place, a, b);

    if (up->state == NULL) {
        return;
    }

    name = (a != NULL) ? fig_json_key(diff->a.doc, a)
                       : fig_json_key(diff->b.doc, b);

    if (fig_jpaths_member(&diff->comparer->paths, up->state, name, state,
                          &place->applied))
    {
        place->state = state;
    }

    place->redact |= place->applied.redact;
}


void
fig_diff_element(fig_diff_t *diff, fig_place_t *up, fig_place_t *place,
    fig_jstate_t *state, const fig_json_node_t *a, const fig_json_node_t *b,
    uint32_t index)
{
    fig_diff_place(up, place, a, b);

    place->element = true;
    place->index = index;
    place->index_b = index;

    if (up->state == NULL) {
        return;
    }

    if (fig_jpaths_element(&diff->comparer->paths, up->state, index,
                           (a != NULL ? up->a : up->b)->nchildren, state,
                           &place->applied))
    {
        place->state = state;
    }

    place->redact |= place->applied.redact;
}


bool
fig_diff_has_shape(fig_diff_t *diff, const fig_json_t *doc,
    const fig_json_node_t *node, uint16_t shape)
{
    fig_str_t                     text;
    fig_span_t                    span;
    const fig_shape_rule_t       *rule;
    const fig_compare_options_t  *options;

    if (node->kind != FIG_JSON_STRING && node->kind != FIG_JSON_NUMBER) {
        return false;
    }

    options = &diff->comparer->options;
    rule = &options->shapes[shape - 1];
    text = fig_json_text(doc, node);

    switch (rule->kind) {

    case FIG_SHAPE_UUID:
        return fig_form_is_uuid(text);

    case FIG_SHAPE_RFC3339:
        return fig_form_is_rfc3339(text);

    case FIG_SHAPE_EPOCH:
        return fig_form_is_epoch(text);

    default:
        return options->match(diff->findings->pair->match_data, rule->pattern,
                              text, 0, &span, 1);
    }
}


static bool
fig_diff_is_near(fig_diff_t *diff, const fig_place_t *place)
{
    const fig_tolerance_t  *tolerance;

    if (place->applied.tolerance == 0) {
        return false;
    }

    tolerance = &diff->comparer->options.tolerance[place->applied.tolerance
                                                   - 1];

    return fig_decimal_is_near(fig_json_text(diff->a.doc, place->a),
                               fig_json_text(diff->b.doc, place->b),
                               tolerance->abs, tolerance->rel);
}


static bool
fig_diff_scalar_is_equal(fig_diff_t *diff, const fig_place_t *place)
{
    fig_str_t  x, y;

    if (place->a->kind != FIG_JSON_STRING && place->a->kind != FIG_JSON_NUMBER)
    {
        return place->a->kind == place->b->kind;
    }

    x = fig_json_text(diff->a.doc, place->a);
    y = fig_json_text(diff->b.doc, place->b);

    if (fig_str_eq(x, y)) {
        return true;
    }

    if (place->a->kind == FIG_JSON_NUMBER
        && (fig_decimal_is_equal(x, y) || fig_diff_is_near(diff, place)))
    {
        return true;
    }

    return place->applied.shape != 0
           && fig_diff_has_shape(diff, diff->a.doc, place->a,
                                 place->applied.shape)
           && fig_diff_has_shape(diff, diff->b.doc, place->b,
                                 place->applied.shape);
}


void
fig_diff_value(fig_diff_t *diff, fig_place_t *place)
{
    uint32_t  a, b;

    if (place->applied.ignore) {
        return;
    }

    a = fig_diff_type(place->a);
    b = fig_diff_type(place->b);

    if (a != b) {
        fig_diff_report(diff, place, a == FIG_JSON_NULL || b == FIG_JSON_NULL
                                     ? FIG_KIND_NULL : FIG_KIND_TYPE);
        return;
    }

    switch (a) {

    case FIG_JSON_OBJECT:
        fig_diff_object(diff, place);
        return;

    case FIG_JSON_ARRAY:
        fig_diff_array(diff, place);
        return;

    default:
        if (!fig_diff_scalar_is_equal(diff, place)) {
            fig_diff_report(diff, place, FIG_KIND_VALUE);
        }
    }
}


void
fig_diff_absent(fig_diff_t *diff, fig_place_t *place)
{
    const fig_json_node_t  *node;

    node = (place->a != NULL) ? place->a : place->b;

    if (place->applied.ignore
        || (diff->comparer->options.null_absent && !place->element
            && node->kind == FIG_JSON_NULL))
    {
        return;
    }

    fig_diff_report(diff, place, place->b == NULL ? FIG_KIND_MISSING
                                                  : FIG_KIND_EXTRA);
}


bool
fig_diff_is_equal(fig_diff_t *diff, fig_place_t *place)
{
    bool  equal, probing, found;

    probing = diff->probing;
    found = diff->found;
    diff->probing = true;
    diff->found = false;

    fig_diff_value(diff, place);

    equal = !diff->found && !diff->nomem;
    diff->probing = probing;
    diff->found = found;

    return equal;
}


void
fig_compare_documents(fig_findings_t *findings, const fig_json_t *a,
    const fig_json_t *b)
{
    fig_diff_t           diff;
    fig_place_t          root;
    const fig_jpaths_t  *paths;

    if (fig_diff_is_same(a, b)) {
        return;
    }

    memset(&diff, 0, sizeof(diff));
    memset(&root, 0, sizeof(root));

    diff.findings = findings;
    diff.comparer = findings->comparer;
    diff.arena = findings->arena;
    diff.a.doc = a;
    diff.b.doc = b;
    diff.cells = FIG_DIFF_CELLS;

    paths = &diff.comparer->paths;
    root.a = fig_json_root(a);
    root.b = fig_json_root(b);
    root.state = (paths->nsteps != 0) ? &paths->start : NULL;
    root.applied = paths->root;
    root.redact = root.applied.redact;

    if (fig_diff_push(&diff, 0) != NULL && !fig_diff_is_equal(&diff, &root)) {
        fig_diff_value(&diff, &root);
    }

    if (diff.nomem) {
        findings->status = FIG_NOMEM;
    }
}
