/*
 * Condition sets: `match` of a route and the lists of `force`.
 *
 * Every list of a set is free of duplicates once it is decoded; a set that has
 * an error is still complete enough to be compared with others.
 */

#include "fig_address.h"
#include "fig_decode.h"
#include "fig_regex.h"
#include "fig_route_path.h"
#include "fig_text.h"

#include <stdio.h>


enum {
    FIG_SET_HOST = 0,
    FIG_SET_PATH,
    FIG_SET_METHODS,
    FIG_SET_HEADERS,
    FIG_SET_QUERY,
    FIG_SET_COOKIES,
    FIG_SET_CLIENTS,
    FIG_SET_KEYS = 11
};


static const fig_key_t  fig_set_keys[FIG_SET_KEYS] = {
    { "host", FIG_KEY_KNOWN, NULL },
    { "path", FIG_KEY_KNOWN, NULL },
    { "methods", FIG_KEY_KNOWN, NULL },
    { "headers", FIG_KEY_KNOWN, NULL },
    { "query", FIG_KEY_KNOWN, NULL },
    { "cookies", FIG_KEY_KNOWN, NULL },
    { "clients", FIG_KEY_KNOWN, NULL },
    { "hosts", FIG_KEY_ELSEWHERE, "\"host\" takes a list too" },
    { "paths", FIG_KEY_ELSEWHERE, "\"path\" takes a list too" },
    { "method", FIG_KEY_ELSEWHERE, "write methods: [GET]" },
    { "client", FIG_KEY_ELSEWHERE, "write clients: [10.0.0.0/8]" },
};


/* One value or a list of them, seen as a list. */

typedef struct {
    uint32_t             n;
    const fig_yaml_t   **items;
    const fig_yaml_t    *one[1];
} fig_values_t;


static bool
fig_decode_values(fig_load_t *load, const fig_yaml_t *node, const char *key,
    fig_values_t *values)
{
    if (node->kind != FIG_YAML_LIST) {
        if (!fig_load_is_text(load, node, key)) {
            return false;
        }

        values->one[0] = node;
        values->items = values->one;
        values->n = 1;

        return true;
    }

    if (!fig_load_is_list(load, node, key, NULL)) {
        return false;
    }

    values->items = node->items;
    values->n = node->n;

    return true;
}


/*
 * Adds what makes an item the same as another to names; false, with an error,
 * when it is there already.
 */

static bool
fig_decode_is_new(fig_load_t *load, const fig_yaml_t *node, fig_names_t *names,
    fig_str_t same)
{
    bool      added;
    char      quoted[FIG_QUOTED];
    uint32_t  index;

    if (fig_names_add(names, same, &index, &added) != FIG_OK) {
        load->nomem = true;
        return false;
    }

    if (!added) {
        fig_load_error(load, node->pos, NULL, "%s is there twice",
                       fig_text_quote(node->text, quoted));
    }

    return added;
}


static bool
fig_decode_hostname(fig_load_t *load, const fig_yaml_t *node,
    fig_hostname_t *host)
{
    char         *out;
    fig_fault_t   fault;

    if (!fig_load_is_text(load, node, "host")) {
        return false;
    }

    if (node->text.len > 0 && node->text.data[0] == '~') {
        fig_load_error(load, node->pos, "say shop.example.com or "
                       "*.example.com", "\"host\" cannot be a regex");
        return false;
    }

    out = fig_load_array(load, node->text.len, 1);
    if (out == NULL) {
        return false;
    }

    if (!fig_hostname_parse(node->text, out, host, &fault)) {
        fig_load_key_fault(load, node, "host", &fault);
        return false;
    }

    return true;
}


static void
fig_decode_hosts(fig_load_t *load, const fig_yaml_t *node, fig_set_t *set)
{
    uint32_t         i;
    fig_names_t      names;
    fig_values_t     values;
    fig_hostname_t  *host;

    if (!fig_decode_values(load, node, "host", &values)) {
        return;
    }

    set->hosts = fig_load_array(load, values.n, sizeof(fig_hostname_t));
    if (set->hosts == NULL) {
        return;
    }

    fig_names_init(&names, load->scratch);

    for (i = 0; i < values.n; i++) {
        host = &set->hosts[set->nhosts];

        if (fig_decode_hostname(load, values.items[i], host)
            && (values.n == 1
                || fig_decode_is_new(load, values.items[i], &names,
                                     host->source)))
        {
            set->nhosts++;
        }
    }
}


static bool
fig_decode_path(fig_load_t *load, const fig_yaml_t *node, fig_path_t *path)
{
    bool          caseless;
    fig_fault_t   fault;
    fig_status_t  status;

    memset(path, 0, sizeof(fig_path_t));
    path->pos = node->pos;

    if (!fig_load_text(load, node, "path", &path->source)) {
        return false;
    }

    if (path->source.data[0] == '~') {
        caseless = path->source.len > 1 && path->source.data[1] == '*';

        path->kind = FIG_PATH_REGEX;
        path->text = path->source;
        path->regex = fig_load_regex(load, node, caseless ? 2 : 1, caseless);

        return path->regex != NULL;
    }

    status = fig_route_path_parse(node->text, load->arena, load->scratch, path,
                                  &fault);

    if (status == FIG_INVALID) {
        fig_load_key_fault(load, node, "path", &fault);

    } else if (status == FIG_NOMEM) {
        load->nomem = true;
    }

    return status == FIG_OK;
}


static void
fig_decode_paths(fig_load_t *load, const fig_yaml_t *node, fig_set_t *set)
{
    uint32_t      i;
    fig_str_t     key;
    fig_path_t   *path;
    fig_names_t   names;
    fig_values_t  values;

    if (!fig_decode_values(load, node, "path", &values)) {
        return;
    }

    set->paths = fig_load_array(load, values.n, sizeof(fig_path_t));
    if (set->paths == NULL) {
        return;
    }

    fig_names_init(&names, load->scratch);

    for (i = 0; i < values.n; i++) {
        path = &set->paths[set->npaths];

        if (!fig_decode_path(load, values.items[i], path)) {
            continue;
        }

        if (values.n > 1) {
            key = fig_route_path_key(path, load->scratch);

            if (key.data == NULL) {
                load->nomem = true;
                return;
            }

            if (!fig_decode_is_new(load, values.items[i], &names, key)) {
                continue;
            }
        }

        set->npaths++;
    }
}


static void
fig_decode_methods(fig_load_t *load, const fig_yaml_t *node, fig_set_t *set)
{
    uint32_t           i;
    fig_fault_t        fault;
    fig_names_t        names;
    const fig_yaml_t  *item;

    if (!fig_load_is_list(load, node, "methods", NULL)) {
        return;
    }

    set->methods = fig_load_array(load, node->n, sizeof(fig_str_t));
    if (set->methods == NULL) {
        return;
    }

    fig_names_init(&names, load->scratch);

    for (i = 0; i < node->n; i++) {
        item = node->items[i];

        if (!fig_load_is_text(load, item, "methods")) {
            continue;
        }

        if (!fig_scalar_method(item->text, &fault)) {
            fig_load_value_fault(load, item, &fault);
            continue;
        }

        if (fig_decode_is_new(load, item, &names, item->text)) {
            set->methods[set->nmethods++] = fig_load_copy(load, item->text);
        }
    }
}


static void
fig_decode_clients(fig_load_t *load, const fig_yaml_t *node, fig_set_t *set)
{
    uint32_t           i;
    fig_cidr_t        *cidr;
    fig_fault_t        fault;
    fig_names_t        names;
    const fig_yaml_t  *item;

    if (!fig_load_is_list(load, node, "clients", NULL)) {
        return;
    }

    set->clients = fig_load_array(load, node->n, sizeof(fig_cidr_t));
    if (set->clients == NULL) {
        return;
    }

    fig_names_init(&names, load->scratch);

    for (i = 0; i < node->n; i++) {
        item = node->items[i];
        cidr = &set->clients[set->nclients];

        if (!fig_load_is_text(load, item, "clients")) {
            continue;
        }

        if (!fig_cidr_parse(item->text, cidr, &fault)) {
            fig_load_value_fault(load, item, &fault);
            continue;
        }

        if (fig_decode_is_new(load, item, &names,
                              fig_str((char *) cidr, sizeof(fig_cidr_t))))
        {
            set->nclients++;
        }
    }
}


/* The name of a condition, lower-case for a header. */

static bool
fig_decode_cond_name(fig_load_t *load, const fig_yaml_t *key, int kind,
    fig_str_t *name)
{
    char         *p;
    bool          valid;
    size_t        i;
    fig_fault_t   fault;

    if (kind == FIG_SET_QUERY) {
        valid = key->text.len > 0 ? fig_scalar_field(key->text, &fault)
                                  : fig_fault(&fault, "is empty", NULL);
    } else {
        valid = fig_scalar_token(key->text, &fault);
    }

    if (!valid) {
        fig_load_value_fault(load, key, &fault);
        return false;
    }

    if (kind != FIG_SET_HEADERS) {
        *name = fig_load_copy(load, key->text);
        return name->data != NULL;
    }

    p = fig_load_array(load, key->text.len, 1);
    if (p == NULL) {
        return false;
    }

    for (i = 0; i < key->text.len; i++) {
        p[i] = (char) fig_lower((unsigned char) key->text.data[i]);
    }

    *name = fig_str(p, key->text.len);

    if (fig_str_eq(*name, fig_str("host", 4))) {
        fig_load_error(load, key->pos, "use \"host\" of the condition set",
                       "the Host header is not matched as a header");
        return false;
    }

    return true;
}


static bool
fig_decode_cond_value(fig_load_t *load, const fig_yaml_t *node,
    const char *key, fig_cond_t *cond)
{
    bool         caseless;
    fig_fault_t  fault;

    if (!fig_load_is_text(load, node, key)) {
        return false;
    }

    cond->value = fig_load_copy(load, node->text);

    if (fig_str_eq(node->text, fig_str("*", 1))) {
        cond->kind = FIG_COND_PRESENT;
        return true;
    }

    if (fig_str_eq(node->text, fig_str("!", 1))) {
        cond->kind = FIG_COND_ABSENT;
        return true;
    }

    if (node->text.len > 0 && node->text.data[0] == '~') {
        caseless = node->text.len > 1 && node->text.data[1] == '*';

        cond->kind = FIG_COND_REGEX;
        cond->regex = fig_load_regex(load, node, caseless ? 2 : 1, caseless);

        return cond->regex != NULL;
    }

    cond->kind = FIG_COND_LITERAL;

    if (node->text.len > FIG_REGEX_MAX_PATTERN) {
        fig_fault(&fault, "is longer than 4 KiB", NULL);
        fig_load_value_fault(load, node, &fault);
        return false;
    }

    if (!fig_scalar_field(node->text, &fault)) {
        fig_load_value_fault(load, node, &fault);
        return false;
    }

    return true;
}


static void
fig_decode_conds(fig_load_t *load, const fig_yaml_t *node, int kind,
    fig_cond_t **conds, uint32_t *nconds)
{
    uint32_t           i;
    const char        *key;
    fig_cond_t        *cond;
    fig_names_t        names;
    const fig_pair_t  *pair;

    key = fig_set_keys[kind].name;

    if (!fig_load_is_map(load, node, key, "write {NAME: value}")) {
        return;
    }

    *conds = fig_load_array(load, node->n, sizeof(fig_cond_t));
    if (*conds == NULL) {
        return;
    }

    fig_names_init(&names, load->scratch);

    for (i = 0; i < node->n; i++) {
        pair = &node->pairs[i];
        cond = &(*conds)[*nconds];

        if (fig_decode_cond_name(load, pair->key, kind, &cond->name)
            && fig_decode_cond_value(load, pair->value, key, cond)
            && (node->n == 1
                || fig_decode_is_new(load, pair->key, &names, cond->name)))
        {
            (*nconds)++;
        }
    }
}


static void
fig_decode_set(fig_load_t *load, const fig_yaml_t *node, const char *key,
    fig_set_t *set)
{
    char               what[64];
    const fig_pair_t  *given[FIG_SET_KEYS];

    set->pos = node->pos;
    snprintf(what, sizeof(what), "\"%s\"", key);

    if (node->kind == FIG_YAML_MAP && node->n == 0) {
        fig_load_error(load, node->pos,
                       "to match everything say {path: /*}",
                       "\"%s\" has no condition", key);
        return;
    }

    if (!fig_load_keys(load, node, what, fig_set_keys, FIG_SET_KEYS, given)) {
        return;
    }

    if (given[FIG_SET_HOST] != NULL) {
        fig_decode_hosts(load, given[FIG_SET_HOST]->value, set);
    }

    if (given[FIG_SET_PATH] != NULL) {
        fig_decode_paths(load, given[FIG_SET_PATH]->value, set);
    }

    if (given[FIG_SET_METHODS] != NULL) {
        fig_decode_methods(load, given[FIG_SET_METHODS]->value, set);
    }

    if (given[FIG_SET_HEADERS] != NULL) {
        fig_decode_conds(load, given[FIG_SET_HEADERS]->value, FIG_SET_HEADERS,
                         &set->headers, &set->nheaders);
    }

    if (given[FIG_SET_QUERY] != NULL) {
        fig_decode_conds(load, given[FIG_SET_QUERY]->value, FIG_SET_QUERY,
                         &set->query, &set->nquery);
    }

    if (given[FIG_SET_COOKIES] != NULL) {
        fig_decode_conds(load, given[FIG_SET_COOKIES]->value, FIG_SET_COOKIES,
                         &set->cookies, &set->ncookies);
    }

    if (given[FIG_SET_CLIENTS] != NULL) {
        fig_decode_clients(load, given[FIG_SET_CLIENTS]->value, set);
    }
}


void
fig_decode_sets(fig_load_t *load, const fig_yaml_t *node, const char *key,
    bool one_allowed, fig_set_t **sets, uint32_t *nsets)
{
    uint32_t             i, n;
    const fig_yaml_t    *one[1];
    const fig_yaml_t   **items;

    one[0] = node;
    items = one;
    n = 1;

    if (!one_allowed || node->kind == FIG_YAML_LIST) {
        if (!fig_load_is_list(load, node, key,
                              one_allowed ? "write {path: /a/*}"
                                          : "write [{cookies: {qa: \"1\"}}]"))
        {
            return;
        }

        items = node->items;
        n = node->n;

    } else if (fig_yaml_is_null(node)
               && !fig_load_is_map(load, node, key, "write {path: /a/*}"))
    {
        return;
    }

    *sets = fig_load_array(load, n, sizeof(fig_set_t));
    if (*sets == NULL) {
        return;
    }

    *nsets = n;

    for (i = 0; i < n; i++) {
        fig_decode_set(load, items[i], key, &(*sets)[i]);
    }
}
