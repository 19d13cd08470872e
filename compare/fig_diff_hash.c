/*
 * Hashes of values: the same for all that count as equal.
 *
 *     {"b": 1.0, "a": [1, 2]}     sum of (name, value), so in any order
 *     unordered and keyed arrays  sum of elements
 *     what is ignored             nothing at all
 *     what has a shape            the shape
 *     a number with a tolerance   any number: equality is more than the hash
 */

#include "fig_decimal.h"
#include "fig_diff.h"
#include "fig_hash64.h"


#define FIG_HASH_SHAPE    UINT64_C(0x5348415045)
#define FIG_HASH_NEAR     UINT64_C(0x4e454152)
#define FIG_HASH_IGNORED  UINT64_C(0x49474e)


uint64_t
fig_diff_scalar_hash(const fig_json_t *doc, const fig_json_node_t *node)
{
    uint64_t  h;

    switch (node->kind) {

    case FIG_JSON_STRING:
        h = fig_hash64_bytes(1, fig_json_text(doc, node));
        break;

    case FIG_JSON_NUMBER:
        h = fig_decimal_hash(fig_json_text(doc, node));
        break;

    case FIG_JSON_ARRAY:
    case FIG_JSON_OBJECT:
        return 0;

    default:
        h = 7;
        break;
    }

    return fig_hash64_word(h, node->kind) | 1;
}


static uint64_t
fig_hash_array(fig_diff_t *diff, fig_diff_side_t *side,
    const fig_json_node_t *node, const fig_jstate_t *state, bool ordered)
{
    uint32_t                i;
    uint64_t                h, child;
    fig_jstate_t            below;
    fig_applied_t           applied = { .ignore = false };
    const fig_jstate_t     *next;
    const fig_json_node_t  *element;

    h = 3;
    next = NULL;

    for (i = 0, element = fig_json_first(side->doc, node);
         element != NULL;
         i++, element = fig_json_next(side->doc, element))
    {
        if (state != NULL) {
            next = fig_jpaths_element(&diff->comparer->paths, state, i,
                                      node->nchildren, &below, &applied)
                   ? &below : NULL;
        }

        child = fig_diff_hash(diff, side, element, next, &applied);
        h = ordered ? fig_hash64_word(h, child) : h + fig_hash64_mix(child);
    }

    return h;
}


static uint64_t
fig_hash_object(fig_diff_t *diff, fig_diff_side_t *side,
    const fig_json_node_t *node, const fig_jstate_t *state)
{
    uint64_t                h, name;
    fig_str_t               key;
    fig_jstate_t            below;
    fig_applied_t           applied = { .ignore = false };
    const fig_jstate_t     *next;
    const fig_json_node_t  *member;

    h = 5;
    next = NULL;

    for (member = fig_json_first(side->doc, node);
         member != NULL;
         member = fig_json_next(side->doc, member))
    {
        key = fig_json_key(side->doc, member);

        if (state != NULL) {
            next = fig_jpaths_member(&diff->comparer->paths, state, key,
                                     &below, &applied)
                   ? &below : NULL;
        }

        if (applied.ignore || (member->kind == FIG_JSON_NULL
                               && diff->comparer->options.null_absent))
        {
            continue;
        }

        name = fig_hash64_bytes(2, key);
        h += fig_hash64_word(name, fig_diff_hash(diff, side, member, next,
                                               &applied));
    }

    return h;
}


static uint64_t
fig_hash_value(fig_diff_t *diff, fig_diff_side_t *side,
    const fig_json_node_t *node, const fig_jstate_t *state,
    const fig_applied_t *applied)
{
    uint64_t  h;

    if (applied->ignore) {
        return FIG_HASH_IGNORED;
    }

    if (applied->shape != 0
        && fig_diff_has_shape(diff, side->doc, node, applied->shape))
    {
        return FIG_HASH_SHAPE + node->kind;
    }

    if (node->kind == FIG_JSON_NUMBER && applied->tolerance != 0) {
        return FIG_HASH_NEAR;
    }

    if (node->kind == FIG_JSON_ARRAY) {
        h = fig_hash_array(diff, side, node, state,
                           !applied->unordered && applied->keyed == 0);

    } else if (node->kind == FIG_JSON_OBJECT) {
        h = fig_hash_object(diff, side, node, state);

    } else {
        return fig_diff_scalar_hash(side->doc, node);
    }

    return fig_hash64_word(h, node->kind) | 1;
}


uint64_t
fig_diff_hash(fig_diff_t *diff, fig_diff_side_t *side,
    const fig_json_node_t *node, const fig_jstate_t *state,
    const fig_applied_t *applied)
{
    uint64_t  *hash;

    if (side->hashes == NULL) {
        side->hashes = fig_arena_array(diff->arena, fig_json_count(side->doc),
                                       sizeof(uint64_t));
        if (side->hashes == NULL) {
            diff->nomem = true;
            return 0;
        }
    }

    hash = &side->hashes[fig_json_index(side->doc, node)];

    if (*hash == 0) {
        *hash = fig_hash_value(diff, side, node, state, applied);
    }

    return *hash;
}
