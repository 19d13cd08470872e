/*
 * What `compare` says of path expressions: lists of them, and maps whose keys
 * they are.
 *
 *     ignore: [$.a]    keyed: {$.items: id}    shape: {$.id: uuid}
 *
 * What such an expression is made of is not known here: fig_load_t.checks has
 * somebody who knows it.
 */

#include "fig_decode.h"
#include "fig_text.h"

#include <stdio.h>


static bool
fig_decode_path(fig_load_t *load, const fig_yaml_t *node, const char *key,
    fig_str_t *path)
{
    char          quoted[FIG_QUOTED];
    size_t        offset;
    const char   *message;
    fig_status_t  status;

    if (!fig_load_text(load, node, key, path)) {
        return false;
    }

    if (load->checks == NULL || load->checks->path == NULL) {
        return true;
    }

    status = load->checks->path(node->text, &offset, &message);

    if (status == FIG_NOMEM) {
        load->nomem = true;

    } else if (status != FIG_OK) {
        fig_load_error(load, fig_load_part(node, offset, 1),
                       "write $.a.b, $.a[*].b, $..b or $['a b']",
                       "%s is no path: %s", fig_text_quote(node->text, quoted),
                       message);
    }

    return status == FIG_OK;
}


static bool
fig_decode_path_rules(fig_load_t *load, const fig_yaml_t *node,
    fig_path_rules_t *rules)
{
    rules->rules = fig_load_array(load, node->n, sizeof(fig_path_rule_t));

    return rules->rules != NULL;
}


void
fig_decode_path_list(fig_load_t *load, const fig_yaml_t *node,
    const char *key, fig_path_rules_t *rules)
{
    uint32_t  i;

    if (node->kind == FIG_YAML_LIST && node->n == 0) {
        return;
    }

    if (!fig_load_is_list(load, node, key, NULL)
        || !fig_decode_path_rules(load, node, rules))
    {
        return;
    }

    for (i = 0; i < node->n; i++) {
        if (fig_decode_path(load, node->items[i], key,
                            &rules->rules[rules->n].path))
        {
            rules->n++;
        }
    }
}


typedef bool (*fig_path_rule_pt)(fig_load_t *load, const fig_yaml_t *node,
    fig_path_rule_t *rule);


static void
fig_decode_path_map(fig_load_t *load, const fig_yaml_t *node,
    const char *key, const char *hint, fig_path_rule_pt decode,
    fig_path_rules_t *rules)
{
    bool              right;
    uint32_t          i;
    fig_path_rule_t  *rule;

    if (node->kind == FIG_YAML_MAP && node->n == 0) {
        return;
    }

    if (!fig_load_is_map(load, node, key, hint)
        || !fig_decode_path_rules(load, node, rules))
    {
        return;
    }

    for (i = 0; i < node->n; i++) {
        rule = &rules->rules[rules->n];
        right = fig_decode_path(load, node->pairs[i].key, key, &rule->path);

        if (decode(load, node->pairs[i].value, rule) && right) {
            rules->n++;
        }
    }
}


static bool
fig_decode_keyed_one(fig_load_t *load, const fig_yaml_t *node,
    fig_path_rule_t *rule)
{
    return fig_load_text(load, node, "keyed", &rule->key);
}


void
fig_decode_keyed(fig_load_t *load, const fig_yaml_t *node,
    fig_path_rules_t *rules)
{
    fig_decode_path_map(load, node, "keyed", "write {$.items: id}",
                        fig_decode_keyed_one, rules);
}


static bool
fig_decode_decimal(fig_load_t *load, const fig_pair_t *pair, const char *key,
    fig_str_t *number)
{
    fig_fault_t  fault;

    if (pair == NULL) {
        return true;
    }

    if (!fig_load_text(load, pair->value, key, number)) {
        return false;
    }

    if (!fig_scalar_decimal(pair->value->text, &fault)) {
        fig_load_key_fault(load, pair->value, key, &fault);
        return false;
    }

    return true;
}


static bool
fig_decode_tolerance_one(fig_load_t *load, const fig_yaml_t *node,
    fig_path_rule_t *rule)
{
    bool               abs, rel;
    const fig_pair_t  *given[2];

    static const fig_key_t  keys[] = {
        { "abs", FIG_KEY_KNOWN, NULL },
        { "rel", FIG_KEY_KNOWN, NULL },
    };

    if (!fig_load_is_map(load, node, "tolerance", "write {abs: 0.01}")
        || !fig_load_keys(load, node, "\"tolerance\"", keys, FIG_NELTS(keys),
                          given))
    {
        return false;
    }

    abs = fig_decode_decimal(load, given[0], "abs", &rule->abs);
    rel = fig_decode_decimal(load, given[1], "rel", &rule->rel);

    return abs && rel && (given[0] != NULL || given[1] != NULL);
}


void
fig_decode_tolerance(fig_load_t *load, const fig_yaml_t *node,
    fig_path_rules_t *rules)
{
    fig_decode_path_map(load, node, "tolerance",
                        "write {$.price: {abs: 0.01}}",
                        fig_decode_tolerance_one, rules);
}


static bool
fig_decode_shape_one(fig_load_t *load, const fig_yaml_t *node,
    fig_path_rule_t *rule)
{
    bool    caseless;
    size_t  i;

    static const char *const   words[] = { "uuid", "rfc3339", "epoch",
                                           "~regex" };
    static const fig_shaped_t  values[] = { FIG_SHAPED_UUID,
                                            FIG_SHAPED_RFC3339,
                                            FIG_SHAPED_EPOCH };

    if (!fig_load_is_text(load, node, "shape")) {
        return false;
    }

    if (node->text.len > 0 && node->text.data[0] == '~') {
        caseless = (node->text.len > 1 && node->text.data[1] == '*');
        rule->shape = FIG_SHAPED_REGEX;
        rule->regex = fig_load_regex(load, node, 1 + caseless, caseless);

        return rule->regex != NULL;
    }

    if (!fig_load_word(load, node, "shape", words, FIG_NELTS(words), &i)) {
        return false;
    }

    rule->shape = values[i];

    return true;
}


void
fig_decode_shape(fig_load_t *load, const fig_yaml_t *node,
    fig_path_rules_t *rules)
{
    fig_decode_path_map(load, node, "shape", "write {$.id: uuid}",
                        fig_decode_shape_one, rules);
}
