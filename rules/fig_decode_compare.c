/*
 * `compare`: what of two answers counts, and when there is evidence enough.
 *
 * Empty lists and maps say nothing, and are allowed: people leave them behind.
 */

#include "fig_decode.h"
#include "fig_text.h"

#include <stdio.h>


#define FIG_COMPARE_BODY      (256 * 1024)
#define FIG_COMPARE_MOST      (1024 * 1024)
#define FIG_COMPARE_NOISE     100
#define FIG_COMPARE_P0        0.001
#define FIG_COMPARE_ALPHA     0.01
#define FIG_COMPARE_CHANCE    5000     /* hundredths; half: a coin decides */
#define FIG_COMPARE_STATUSES  256


enum {
    FIG_COMPARE_STATUS = 0,
    FIG_COMPARE_HEADERS,
    FIG_COMPARE_BODY_MODE,
    FIG_COMPARE_IGNORE,
    FIG_COMPARE_UNORDERED,
    FIG_COMPARE_KEYED,
    FIG_COMPARE_TOLERANCE,
    FIG_COMPARE_SHAPE,
    FIG_COMPARE_NORMALIZE,
    FIG_COMPARE_NULL_ABSENT,
    FIG_COMPARE_MAX_BODY_KEY,
    FIG_COMPARE_VALUES,
    FIG_COMPARE_REDACT,
    FIG_COMPARE_NOISE_KEY,
    FIG_COMPARE_READY,
    FIG_COMPARE_KEYS
};


static const fig_key_t  fig_compare_keys[FIG_COMPARE_KEYS] = {
    { "status", FIG_KEY_KNOWN, NULL },
    { "headers", FIG_KEY_KNOWN, NULL },
    { "body", FIG_KEY_KNOWN, NULL },
    { "ignore", FIG_KEY_KNOWN, NULL },
    { "unordered", FIG_KEY_KNOWN, NULL },
    { "keyed", FIG_KEY_KNOWN, NULL },
    { "tolerance", FIG_KEY_KNOWN, NULL },
    { "shape", FIG_KEY_KNOWN, NULL },
    { "normalize", FIG_KEY_KNOWN, NULL },
    { "null_absent", FIG_KEY_KNOWN, NULL },
    { "max_body", FIG_KEY_KNOWN, NULL },
    { "values", FIG_KEY_KNOWN, NULL },
    { "redact", FIG_KEY_KNOWN, NULL },
    { "noise", FIG_KEY_KNOWN, NULL },
    { "ready", FIG_KEY_KNOWN, NULL },
};


static bool
fig_decode_is_nothing(const fig_yaml_t *node, fig_yaml_kind_t kind)
{
    return node->kind == kind && node->n == 0;
}


bool
fig_decode_header_name(fig_load_t *load, const fig_yaml_t *node, size_t skip,
    fig_str_t *name)
{
    char         *p;
    size_t        i, len;
    fig_fault_t   fault;

    len = node->text.len - skip;

    if (!fig_scalar_token(fig_str(node->text.data + skip, len), &fault)) {
        fault.len = 0;
        fig_load_value_fault(load, node, &fault);
        return false;
    }

    p = fig_load_array(load, len, 1);
    if (p == NULL) {
        return false;
    }

    for (i = 0; i < len; i++) {
        p[i] = (char) fig_lower((unsigned char) node->text.data[skip + i]);
    }

    *name = fig_str(p, len);

    return true;
}


/* 200~201 */

static bool
fig_decode_code_pair(fig_str_t text, fig_code_pair_t *pair)
{
    int64_t      a, b;
    fig_fault_t  fault;

    if (text.len != 7 || text.data[3] != '~'
        || !fig_scalar_int(fig_str(text.data, 3), 100, 599, &a, &fault)
        || !fig_scalar_int(fig_str(text.data + 4, 3), 100, 599, &b, &fault))
    {
        return false;
    }

    pair->a = (uint16_t) a;
    pair->b = (uint16_t) b;

    return true;
}


static void
fig_decode_codes(fig_load_t *load, const fig_yaml_t *node,
    fig_compare_rule_t *compare)
{
    char      quoted[FIG_QUOTED];
    uint32_t  i;

    if (fig_decode_is_nothing(node, FIG_YAML_LIST)) {
        return;
    }

    if (node->n > FIG_COMPARE_STATUSES) {
        fig_load_error(load, node->pos, NULL, "\"status\" has more than %d "
                       "pairs", FIG_COMPARE_STATUSES);
        return;
    }

    compare->codes = fig_load_array(load, node->n, sizeof(fig_code_pair_t));
    if (compare->codes == NULL) {
        return;
    }

    for (i = 0; i < node->n; i++) {
        if (!fig_load_is_text(load, node->items[i], "status")) {
            continue;
        }

        if (!fig_decode_code_pair(node->items[i]->text,
                                  &compare->codes[compare->ncodes]))
        {
            fig_load_error(load, node->items[i]->pos, "write 200~201",
                           "%s is no pair of statuses",
                           fig_text_quote(node->items[i]->text, quoted));
            continue;
        }

        compare->ncodes++;
    }
}


static void
fig_decode_status(fig_load_t *load, const fig_yaml_t *node,
    fig_compare_rule_t *compare)
{
    size_t           i;
    fig_code_pair_t  pair;

    static const char *const  words[] = { "exact", "class", "[200~201]" };

    if (node->kind == FIG_YAML_LIST) {
        fig_decode_codes(load, node, compare);
        return;
    }

    if (node->kind == FIG_YAML_TEXT
        && fig_decode_code_pair(node->text, &pair))
    {
        compare->codes = fig_load_array(load, 1, sizeof(fig_code_pair_t));

        if (compare->codes != NULL) {
            compare->codes[0] = pair;
            compare->ncodes = 1;
        }

        return;
    }

    if (fig_load_word(load, node, "status", words, FIG_NELTS(words), &i)) {
        compare->status_class = (i == 1);
    }
}


static void
fig_decode_names(fig_load_t *load, const fig_pair_t *pair, const char *key,
    fig_name_list_t *list)
{
    uint32_t           i;
    const fig_yaml_t  *node;

    if (pair == NULL || fig_decode_is_nothing(pair->value, FIG_YAML_LIST)) {
        return;
    }

    node = pair->value;

    if (!fig_load_is_list(load, node, key, NULL)) {
        return;
    }

    list->names = fig_load_array(load, node->n, sizeof(fig_str_t));
    if (list->names == NULL) {
        return;
    }

    for (i = 0; i < node->n; i++) {
        if (fig_load_is_text(load, node->items[i], key)
            && fig_decode_header_name(load, node->items[i], 0,
                                      &list->names[list->n]))
        {
            list->n++;
        }
    }
}


static void
fig_decode_compare_headers(fig_load_t *load, const fig_yaml_t *node,
    fig_compare_rule_t *compare)
{
    const fig_pair_t  *given[2];

    static const fig_key_t  keys[] = {
        { "add", FIG_KEY_KNOWN, NULL },
        { "remove", FIG_KEY_KNOWN, NULL },
    };

    if (fig_decode_is_nothing(node, FIG_YAML_MAP)
        || !fig_load_is_map(load, node, "headers", "write {add: [ETag]}")
        || !fig_load_keys(load, node, "\"headers\"", keys, FIG_NELTS(keys),
                          given))
    {
        return;
    }

    fig_decode_names(load, given[0], "add", &compare->add);
    fig_decode_names(load, given[1], "remove", &compare->remove);
}


/* A pattern may begin with ~ or ~*, as elsewhere; it is one in any case. */

static void
fig_decode_replace(fig_load_t *load, const fig_yaml_t *node,
    fig_replace_t *replace)
{
    bool               caseless;
    size_t             skip;
    fig_str_t          text;
    const fig_pair_t  *given[2];

    static const fig_key_t  keys[] = {
        { "regex", FIG_KEY_KNOWN, NULL },
        { "with", FIG_KEY_KNOWN, NULL },
    };

    if (!fig_load_keys(load, node, "\"normalize\"", keys, FIG_NELTS(keys),
                       given))
    {
        return;
    }

    if (given[0] == NULL) {
        fig_load_error(load, node->pos, "write {regex: \\d+, with: N}",
                       "\"normalize\" has no \"regex\"");

    } else if (fig_load_is_text(load, given[0]->value, "regex")) {
        text = given[0]->value->text;
        skip = (text.len > 0 && text.data[0] == '~');
        caseless = (skip == 1 && text.len > 1 && text.data[1] == '*');
        replace->regex = fig_load_regex(load, given[0]->value,
                                        skip + caseless, caseless);
    }

    replace->with = fig_str("", 0);

    if (given[1] != NULL && fig_load_is_text(load, given[1]->value, "with")) {
        replace->with = fig_load_copy(load, given[1]->value->text);
    }
}


static void
fig_decode_normalize(fig_load_t *load, const fig_yaml_t *node,
    fig_compare_rule_t *compare)
{
    uint32_t  i;

    if (fig_decode_is_nothing(node, FIG_YAML_LIST)
        || !fig_load_is_list(load, node, "normalize",
                             "write [{regex: \\d+, with: N}]"))
    {
        return;
    }

    compare->normalize = fig_load_array(load, node->n, sizeof(fig_replace_t));
    if (compare->normalize == NULL) {
        return;
    }

    compare->nnormalize = node->n;

    for (i = 0; i < node->n; i++) {
        fig_decode_replace(load, node->items[i], &compare->normalize[i]);
    }
}


static void
fig_decode_chance(fig_load_t *load, const fig_pair_t *pair, const char *key,
    double *chance)
{
    int32_t  percent;

    if (pair == NULL || !fig_load_percent(load, pair->value, key, &percent)) {
        return;
    }

    if (percent == 0 || percent > FIG_COMPARE_CHANCE) {
        fig_load_error(load, pair->value->pos, NULL,
                       "\"%s\" must be from 0.01%% to 50%%", key);
        return;
    }

    *chance = percent / 10000.0;
}


static void
fig_decode_ready(fig_load_t *load, const fig_yaml_t *node,
    fig_compare_rule_t *compare)
{
    const fig_pair_t  *given[2];

    static const fig_key_t  keys[] = {
        { "p0", FIG_KEY_KNOWN, NULL },
        { "alpha", FIG_KEY_KNOWN, NULL },
    };

    if (fig_decode_is_nothing(node, FIG_YAML_MAP)
        || !fig_load_is_map(load, node, "ready", "write {p0: 0.1%, alpha: 1%}")
        || !fig_load_keys(load, node, "\"ready\"", keys, FIG_NELTS(keys),
                          given))
    {
        return;
    }

    fig_decode_chance(load, given[0], "p0", &compare->p0);
    fig_decode_chance(load, given[1], "alpha", &compare->alpha);
}


static void
fig_decode_noise(fig_load_t *load, const fig_yaml_t *node, int32_t *noise)
{
    if (node->kind == FIG_YAML_TEXT
        && fig_str_eq(node->text, fig_str("none", 4)))
    {
        *noise = 0;
        return;
    }

    fig_load_percent(load, node, "noise", noise);
}


/* Keys that take one of a few words, or a size. */

static void
fig_decode_compare_word(fig_load_t *load, int key, const fig_yaml_t *node,
    fig_compare_rule_t *compare)
{
    size_t  i;

    static const char *const     bodies[] = { "auto", "json", "text", "bytes",
                                              "none" };
    static const fig_compared_t  modes[] = {
        FIG_COMPARED_AUTO, FIG_COMPARED_JSON, FIG_COMPARED_TEXT,
        FIG_COMPARED_BYTES, FIG_COMPARED_NONE
    };
    static const char *const     values[] = { "types", "keep" };

    switch (key) {

    case FIG_COMPARE_BODY_MODE:
        if (fig_load_word(load, node, "body", bodies, FIG_NELTS(bodies), &i)) {
            compare->body = modes[i];
        }

        break;

    case FIG_COMPARE_VALUES:
        if (fig_load_word(load, node, "values", values, FIG_NELTS(values),
                          &i))
        {
            compare->keep_values = (i == 1);
        }

        break;

    case FIG_COMPARE_NULL_ABSENT:
        fig_load_bool(load, node, "null_absent", &compare->null_absent);
        break;

    case FIG_COMPARE_MAX_BODY_KEY:
        fig_load_size(load, node, "max_body", 1, FIG_COMPARE_MOST,
                      &compare->max_body);
        break;
    }
}


static void
fig_decode_compare_key(fig_load_t *load, int key, const fig_yaml_t *node,
    fig_compare_rule_t *compare)
{
    switch (key) {

    case FIG_COMPARE_STATUS:
        fig_decode_status(load, node, compare);
        break;

    case FIG_COMPARE_HEADERS:
        fig_decode_compare_headers(load, node, compare);
        break;

    case FIG_COMPARE_IGNORE:
        fig_decode_path_list(load, node, "ignore", &compare->ignore);
        break;

    case FIG_COMPARE_UNORDERED:
        fig_decode_path_list(load, node, "unordered", &compare->unordered);
        break;

    case FIG_COMPARE_REDACT:
        fig_decode_path_list(load, node, "redact", &compare->redact);
        break;

    case FIG_COMPARE_KEYED:
        fig_decode_keyed(load, node, &compare->keyed);
        break;

    case FIG_COMPARE_TOLERANCE:
        fig_decode_tolerance(load, node, &compare->tolerance);
        break;

    case FIG_COMPARE_SHAPE:
        fig_decode_shape(load, node, &compare->shape);
        break;

    case FIG_COMPARE_NORMALIZE:
        fig_decode_normalize(load, node, compare);
        break;

    case FIG_COMPARE_NOISE_KEY:
        fig_decode_noise(load, node, &compare->noise);
        break;

    case FIG_COMPARE_READY:
        fig_decode_ready(load, node, compare);
        break;

    default:
        fig_decode_compare_word(load, key, node, compare);
        break;
    }
}


void
fig_decode_compare(fig_load_t *load, const fig_yaml_t *node,
    fig_compare_rule_t *compare)
{
    int                i;
    const fig_pair_t  *given[FIG_COMPARE_KEYS];

    memset(compare, 0, sizeof(fig_compare_rule_t));
    compare->max_body = FIG_COMPARE_BODY;
    compare->noise = FIG_COMPARE_NOISE;
    compare->p0 = FIG_COMPARE_P0;
    compare->alpha = FIG_COMPARE_ALPHA;

    if (node == NULL) {
        return;
    }

    compare->given = true;
    compare->pos = node->pos;

    if (node->kind == FIG_YAML_TEXT
        && fig_str_eq(node->text, fig_str("none", 4)))
    {
        compare->none = true;
        return;
    }

    if (fig_decode_is_nothing(node, FIG_YAML_MAP)
        || !fig_load_is_map(load, node, "compare",
                            "write none, or {ignore: [$.generated_at]}")
        || !fig_load_keys(load, node, "\"compare\"", fig_compare_keys,
                          FIG_COMPARE_KEYS, given))
    {
        return;
    }

    for (i = 0; i < FIG_COMPARE_KEYS; i++) {
        if (given[i] != NULL) {
            fig_decode_compare_key(load, i, given[i]->value, compare);
        }
    }
}
