/*
 * Going through a document with path expressions.
 *
 *     state {1, 4}, child "price":   step 1 is .price, the last   -> its rule
 *                                    step 4 is ..id                -> {4}
 */

#include "fig_jpath.h"


static void
fig_jpaths_apply(const fig_jpaths_t *paths, const fig_step_t *step,
    fig_applied_t *applied)
{
    uint16_t           n;
    const fig_rule_t  *rule;

    rule = &paths->rules[step->rule];
    n = (uint16_t) (rule->n + 1);

    switch (rule->kind) {

    case FIG_RULE_IGNORE:
        applied->ignore = true;
        break;

    case FIG_RULE_UNORDERED:
        applied->unordered = true;
        break;

    case FIG_RULE_REDACT:
        applied->redact = true;
        break;

    case FIG_RULE_KEYED:
        if (applied->keyed == 0 || n < applied->keyed) {
            applied->keyed = n;
        }

        break;

    case FIG_RULE_TOLERANCE:
        if (applied->tolerance == 0 || n < applied->tolerance) {
            applied->tolerance = n;
        }

        break;

    case FIG_RULE_SHAPE:
        if (applied->shape == 0 || n < applied->shape) {
            applied->shape = n;
        }

        break;
    }
}


/* A child and what its container is to steps. */

typedef struct {
    bool       member;
    fig_str_t  name;
    uint32_t   index;
    uint32_t   n;
} fig_child_t;


static inline bool
fig_step_matches(const fig_step_t *step, const fig_child_t *child)
{
    switch (step->kind) {

    case FIG_STEP_NAME:
        return child->member && fig_str_eq(step->name, child->name);

    case FIG_STEP_INDEX:
        return !child->member
               && (step->index < 0 ? step->index + (int64_t) child->n
                                   : step->index) == (int64_t) child->index;
    default:
        return true;
    }
}


static bool
fig_jpaths_go(const fig_jpaths_t *paths, const fig_jstate_t *from,
    const fig_child_t *child, fig_jstate_t *to, fig_applied_t *applied)
{
    size_t             i, at;
    uint64_t           word, alive;
    fig_jstate_t       next;
    const fig_step_t  *step;

    alive = 0;
    memset(applied, 0, sizeof(fig_applied_t));
    memset(next.bits, 0, paths->nwords * sizeof(uint64_t));

    for (i = 0; i < paths->nwords; i++) {
        for (word = from->bits[i]; word != 0; word &= word - 1) {
            at = 64 * i + (size_t) __builtin_ctzll(word);
            step = &paths->steps[at];

            if (step->deep) {
                next.bits[i] |= word & -word;
                alive = 1;
            }

            if (!fig_step_matches(step, child)) {
                continue;
            }

            if (step->last) {
                fig_jpaths_apply(paths, step, applied);
                continue;
            }

            at++;
            next.bits[at / 64] |= UINT64_C(1) << at % 64;
            alive = 1;
        }
    }

    if (alive) {
        memcpy(to->bits, next.bits, paths->nwords * sizeof(uint64_t));
    }

    return alive;
}


bool
fig_jpaths_member(const fig_jpaths_t *paths, const fig_jstate_t *from,
    fig_str_t name, fig_jstate_t *to, fig_applied_t *applied)
{
    fig_child_t  child = { .member = true, .name = name };

    return fig_jpaths_go(paths, from, &child, to, applied);
}


bool
fig_jpaths_element(const fig_jpaths_t *paths, const fig_jstate_t *from,
    uint32_t index, uint32_t n, fig_jstate_t *to, fig_applied_t *applied)
{
    fig_child_t  child = { .member = false, .index = index, .n = n };

    return fig_jpaths_go(paths, from, &child, to, applied);
}


bool
fig_jpaths_is_indexed(const fig_jpaths_t *paths, const fig_jstate_t *state)
{
    size_t  i;

    for (i = 0; i < paths->nwords; i++) {
        if (state->bits[i] & paths->indexed.bits[i]) {
            return true;
        }
    }

    return false;
}


static bool
fig_jpath_is_name(fig_str_t name)
{
    size_t  i;

    for (i = 0; i < name.len; i++) {
        if (!fig_jpath_is_name_char((unsigned char) name.data[i], i == 0)) {
            return false;
        }
    }

    return name.len != 0;
}


typedef struct {
    char    *data;
    size_t   size;
    size_t   len;
} fig_jpath_out_t;


static void
fig_jpath_put(fig_jpath_out_t *out, const char *data, size_t len)
{
    if (out->len + len <= out->size) {
        memcpy(out->data + out->len, data, len);
    }

    out->len += len;
}


size_t
fig_jpath_write_name(fig_str_t name, char *out, size_t size)
{
    size_t           i;
    unsigned char    c;
    fig_jpath_out_t  text = { out, size, 0 };
    char             escape[] = "\\u00xx";

    static const char  hex[] = "0123456789abcdef";

    if (fig_jpath_is_name(name)) {
        fig_jpath_put(&text, ".", 1);
        fig_jpath_put(&text, name.data, name.len);
        return text.len;
    }

    fig_jpath_put(&text, "['", 2);

    for (i = 0; i < name.len; i++) {
        c = (unsigned char) name.data[i];

        if (c == '\'' || c == '\\') {
            fig_jpath_put(&text, "\\", 1);
        }

        if (c < 0x20) {
            escape[4] = hex[c >> 4];
            escape[5] = hex[c & 15];
            fig_jpath_put(&text, escape, 6);

        } else {
            fig_jpath_put(&text, name.data + i, 1);
        }
    }

    fig_jpath_put(&text, "']", 2);

    return text.len;
}
