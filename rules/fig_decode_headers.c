/*
 * `headers`: what is set, added and removed, in requests and in answers.  What
 * frames a message or belongs to one connection only is not the rules' to
 * touch.
 */

#include "fig_decode.h"
#include "fig_text.h"

#include <stdio.h>


enum {
    FIG_FIELDS_SET = 0,
    FIG_FIELDS_ADD,
    FIG_FIELDS_REMOVE,
    FIG_FIELDS_KEYS
};


static const fig_key_t  fig_fields_keys[FIG_FIELDS_KEYS] = {
    { "set", FIG_KEY_KNOWN, NULL },
    { "add", FIG_KEY_KNOWN, NULL },
    { "remove", FIG_KEY_KNOWN, NULL },
};


typedef struct {
    const char  *name;
    const char  *hint;
} fig_refused_t;


static const fig_refused_t  fig_refused_request[] = {
    { "host", "say rewrite: {host: ...} or the backend's \"host\"" },
    { "content-length", NULL },
    { "transfer-encoding", NULL },
    { "connection", NULL },
    { "upgrade", NULL },
    { "te", NULL },
    { "trailer", NULL },
    { "expect", NULL },
    { "keep-alive", NULL },
    { "proxy-connection", NULL },
    { NULL, NULL },
};


static const fig_refused_t  fig_refused_response[] = {
    { "content-length", NULL },
    { "transfer-encoding", NULL },
    { "connection", NULL },
    { "upgrade", NULL },
    { "trailer", NULL },
    { "keep-alive", NULL },
    { "date", NULL },
    { NULL, NULL },
};


static bool
fig_fields_check_name(fig_load_t *load, const fig_yaml_t *node,
    const fig_refused_t *refused)
{
    char         quoted[FIG_QUOTED];
    size_t       i;
    fig_fault_t  fault;

    if (!fig_scalar_token(node->text, &fault)) {
        fig_load_value_fault(load, node, &fault);
        return false;
    }

    for (i = 0; refused[i].name != NULL; i++) {
        if (fig_str_caseeq(node->text, fig_str_from(refused[i].name))) {
            fig_load_error(load, node->pos, refused[i].hint,
                           "the header %s cannot be changed here",
                           fig_text_quote(node->text, quoted));
            return false;
        }
    }

    return true;
}


/*
 * Adds a header's name to names, whatever its case; false, with an error, when
 * it is there already.
 */

static bool
fig_fields_is_new(fig_load_t *load, const fig_yaml_t *node, fig_names_t *names)
{
    bool      added;
    char     *lower, quoted[FIG_QUOTED];
    size_t    i;
    uint32_t  index;

    lower = fig_arena_alloc(load->scratch, node->text.len);
    if (lower == NULL) {
        load->nomem = true;
        return false;
    }

    for (i = 0; i < node->text.len; i++) {
        lower[i] = (char) fig_lower((unsigned char) node->text.data[i]);
    }

    if (fig_names_add(names, fig_str(lower, node->text.len), &index, &added)
        != FIG_OK)
    {
        load->nomem = true;
        return false;
    }

    if (!added) {
        fig_load_error(load, node->pos, NULL,
                       "the header %s is set or removed twice",
                       fig_text_quote(node->text, quoted));
    }

    return added;
}


static void
fig_fields_decode_map(fig_load_t *load, const fig_yaml_t *node,
    const char *key, const fig_refused_t *refused, fig_names_t *names,
    fig_field_t **fields, uint32_t *nfields)
{
    uint32_t           i;
    fig_field_t       *field;
    fig_fault_t        fault;
    const fig_pair_t  *pair;

    if (!fig_load_is_map(load, node, key, "write {X-Name: value}")) {
        return;
    }

    *fields = fig_load_array(load, node->n, sizeof(fig_field_t));
    if (*fields == NULL) {
        return;
    }

    for (i = 0; i < node->n; i++) {
        pair = &node->pairs[i];

        if (!fig_fields_check_name(load, pair->key, refused)
            || (names != NULL && !fig_fields_is_new(load, pair->key, names))
            || !fig_load_is_text(load, pair->value, key))
        {
            continue;
        }

        if (!fig_scalar_field(pair->value->text, &fault)) {
            fig_load_fault(load, pair->value, "a header's value", &fault);
            continue;
        }

        field = &(*fields)[(*nfields)++];
        field->name = fig_load_copy(load, pair->key->text);
        field->value = fig_load_copy(load, pair->value->text);
    }
}


static void
fig_fields_decode_remove(fig_load_t *load, const fig_yaml_t *node,
    const fig_refused_t *refused, fig_names_t *names, fig_fields_t *fields)
{
    uint32_t           i;
    const fig_yaml_t  *item;

    if (!fig_load_is_list(load, node, "remove", NULL)) {
        return;
    }

    fields->remove = fig_load_array(load, node->n, sizeof(fig_field_t));
    if (fields->remove == NULL) {
        return;
    }

    for (i = 0; i < node->n; i++) {
        item = node->items[i];

        if (fig_load_is_text(load, item, "remove")
            && fig_fields_check_name(load, item, refused)
            && fig_fields_is_new(load, item, names))
        {
            fields->remove[fields->nremove++].name = fig_load_copy(load,
                                                                item->text);
        }
    }
}


static void
fig_fields_decode(fig_load_t *load, const fig_yaml_t *node, const char *key,
    const fig_refused_t *refused, fig_fields_t *fields)
{
    char               what[32];
    fig_names_t        names;
    const fig_pair_t  *given[FIG_FIELDS_KEYS];

    snprintf(what, sizeof(what), "\"%s\"", key);

    if (!fig_load_is_map(load, node, key, "write {set: {X-Name: value}}")
        || !fig_load_keys(load, node, what, fig_fields_keys, FIG_FIELDS_KEYS,
                          given))
    {
        return;
    }

    fig_names_init(&names, load->scratch);

    if (given[FIG_FIELDS_SET] != NULL) {
        fig_fields_decode_map(load, given[FIG_FIELDS_SET]->value, "set",
                              refused, &names, &fields->set, &fields->nset);
    }

    if (given[FIG_FIELDS_ADD] != NULL) {
        fig_fields_decode_map(load, given[FIG_FIELDS_ADD]->value, "add",
                              refused, NULL, &fields->add, &fields->nadd);
    }

    if (given[FIG_FIELDS_REMOVE] != NULL) {
        fig_fields_decode_remove(load, given[FIG_FIELDS_REMOVE]->value,
                                 refused, &names, fields);
    }
}


void
fig_decode_headers(fig_load_t *load, const fig_yaml_t *node,
    fig_fields_t *request, fig_fields_t *response)
{
    const fig_pair_t  *given[5];

    static const char       under[] =
        "say under \"request\" or \"response\" which headers are meant";
    static const fig_key_t  keys[] = {
        { "request", FIG_KEY_KNOWN, NULL },
        { "response", FIG_KEY_KNOWN, NULL },
        { "set", FIG_KEY_ELSEWHERE, under },
        { "add", FIG_KEY_ELSEWHERE, under },
        { "remove", FIG_KEY_ELSEWHERE, under },
    };

    if (!fig_load_is_map(load, node, "headers",
                         "write {request: {set: {X-Name: value}}}")
        || !fig_load_keys(load, node, "\"headers\" of a route", keys,
                          FIG_NELTS(keys), given))
    {
        return;
    }

    if (given[0] != NULL) {
        fig_fields_decode(load, given[0]->value, "request",
                          fig_refused_request, request);
    }

    if (given[1] != NULL) {
        fig_fields_decode(load, given[1]->value, "response",
                          fig_refused_response, response);
    }
}


void
fig_decode_fields(fig_load_t *load, const fig_yaml_t *node, const char *key,
    fig_field_t **fields, uint32_t *nfields)
{
    uint32_t           i;
    fig_field_t       *field;
    fig_fault_t        fault;
    const fig_pair_t  *pair;

    if (!fig_load_is_map(load, node, key, "write {NAME: value}")) {
        return;
    }

    *fields = fig_load_array(load, node->n, sizeof(fig_field_t));
    if (*fields == NULL) {
        return;
    }

    for (i = 0; i < node->n; i++) {
        pair = &node->pairs[i];

        if (!fig_scalar_token(pair->key->text, &fault)) {
            fig_load_value_fault(load, pair->key, &fault);
            continue;
        }

        if (!fig_load_is_text(load, pair->value, key)) {
            continue;
        }

        if (!fig_scalar_field(pair->value->text, &fault)) {
            fig_load_value_fault(load, pair->value, &fault);
            continue;
        }

        field = &(*fields)[(*nfields)++];
        field->name = fig_load_copy(load, pair->key->text);
        field->value = fig_load_copy(load, pair->value->text);
    }
}
