/*
 * `shadow`: which requests are copied, how many, and what a copy may do.
 *
 * A method that may write is refused without `writes`, by which the operator
 * says why a second write does no harm.
 */

#include "fig_decode.h"
#include "fig_rules.h"
#include "fig_text.h"

#include <stdio.h>


#define FIG_SHADOW_PERCENT     1000
#define FIG_SHADOW_PER_SECOND  50
#define FIG_SHADOW_IN_FLIGHT   32
#define FIG_SHADOW_TIMEOUT     2000
#define FIG_SHADOW_MAX_BODY    (256 * 1024)

#define FIG_SHADOW_MAX_PER_SECOND  100000
#define FIG_SHADOW_MAX_IN_FLIGHT   10000
#define FIG_SHADOW_LARGEST_BODY    (64 * 1024 * 1024)


enum {
    FIG_SHADOW_KEY_PERCENT = 0,
    FIG_SHADOW_KEY_PER_SECOND,
    FIG_SHADOW_KEY_IN_FLIGHT,
    FIG_SHADOW_KEY_METHODS,
    FIG_SHADOW_KEY_WRITES,
    FIG_SHADOW_KEY_TIMEOUT,
    FIG_SHADOW_KEY_MAX_BODY,
    FIG_SHADOW_KEY_TO,
    FIG_SHADOW_KEY_STRIP,
    FIG_SHADOW_KEYS
};


static const fig_key_t  fig_shadow_keys[FIG_SHADOW_KEYS] = {
    { "percent", FIG_KEY_KNOWN, NULL },
    { "per_second", FIG_KEY_KNOWN, NULL },
    { "in_flight", FIG_KEY_KNOWN, NULL },
    { "methods", FIG_KEY_KNOWN, NULL },
    { "writes", FIG_KEY_KNOWN, NULL },
    { "timeout", FIG_KEY_KNOWN, NULL },
    { "max_body", FIG_KEY_KNOWN, NULL },
    { "to", FIG_KEY_KNOWN, NULL },
    { "strip", FIG_KEY_KNOWN, NULL },
};


static const fig_str_t  fig_shadow_methods[] = {
    FIG_STR("GET"), FIG_STR("HEAD"),
};


/* What frames a message, or says where it goes, is in every copy. */

static const char *const  fig_shadow_kept[] = {
    "host", "content-length", "transfer-encoding", "connection",
};


static bool
fig_shadow_is_new(fig_load_t *load, const fig_yaml_t *node,
    const fig_str_t *names, uint32_t n, fig_str_t name)
{
    char      quoted[FIG_QUOTED];
    uint32_t  i;

    for (i = 0; i < n; i++) {
        if (fig_str_eq(names[i], name)) {
            fig_load_error(load, node->pos, NULL, "%s is there twice",
                           fig_text_quote(node->text, quoted));
            return false;
        }
    }

    return true;
}


static void
fig_decode_shadow_methods(fig_load_t *load, const fig_yaml_t *node,
    bool writes, fig_shadow_t *shadow)
{
    char               quoted[FIG_QUOTED];
    uint32_t           i;
    fig_str_t         *methods;
    fig_fault_t        fault;
    const fig_yaml_t  *item;

    if (!fig_load_is_list(load, node, "methods", NULL)) {
        return;
    }

    methods = fig_load_array(load, node->n, sizeof(fig_str_t));
    if (methods == NULL) {
        return;
    }

    shadow->methods = methods;
    shadow->nmethods = 0;

    for (i = 0; i < node->n; i++) {
        item = node->items[i];

        if (!fig_load_is_text(load, item, "methods")) {
            continue;
        }

        if (!fig_scalar_method(item->text, &fault)) {
            fig_load_value_fault(load, item, &fault);
            continue;
        }

        if (!writes && !fig_method_is_safe(item->text)) {
            fig_load_error(load, item->pos,
                           "add writes: dryrun, sandbox or idempotent, if a "
                           "second write is harmless for that reason",
                           "%s may write, and a copy would write again",
                           fig_text_quote(item->text, quoted));
            continue;
        }

        if (fig_shadow_is_new(load, item, methods, shadow->nmethods,
                              item->text))
        {
            methods[shadow->nmethods++] = fig_load_copy(load, item->text);
        }
    }
}


static void
fig_decode_writes(fig_load_t *load, const fig_yaml_t *node,
    fig_writes_t *writes)
{
    size_t  i;

    static const char *const   words[] = { "none", "dryrun", "sandbox",
                                           "idempotent" };
    static const fig_writes_t  values[] = {
        FIG_WRITES_NONE, FIG_WRITES_DRYRUN, FIG_WRITES_SANDBOX,
        FIG_WRITES_IDEMPOTENT
    };

    if (fig_load_word(load, node, "writes", words, FIG_NELTS(words), &i)) {
        *writes = values[i];
    }
}


static bool
fig_shadow_may_strip(fig_load_t *load, const fig_yaml_t *node, fig_str_t name)
{
    char    quoted[FIG_QUOTED];
    size_t  i;

    for (i = 0; i < FIG_NELTS(fig_shadow_kept); i++) {
        if (fig_str_eq(name, fig_str_from(fig_shadow_kept[i]))) {
            fig_load_error(load, node->pos, NULL,
                           "the header %s is part of every request",
                           fig_text_quote(name, quoted));
            return false;
        }
    }

    return true;
}


static void
fig_decode_strip_one(fig_load_t *load, const fig_yaml_t *node,
    fig_str_t *cookies, fig_str_t *headers, fig_shadow_t *shadow)
{
    size_t       len;
    fig_str_t    name;
    fig_fault_t  fault;

    static const char  cookie[] = "cookie:", header[] = "header:";

    if (!fig_load_is_text(load, node, "strip")) {
        return;
    }

    len = sizeof(cookie) - 1;

    if (node->text.len > len && memcmp(node->text.data, header, len) == 0) {
        if (fig_decode_header_name(load, node, len, &name)
            && fig_shadow_may_strip(load, node, name)
            && fig_shadow_is_new(load, node, headers, shadow->nstrip_headers,
                                 name))
        {
            headers[shadow->nstrip_headers++] = name;
        }

        return;
    }

    if (node->text.len <= len || memcmp(node->text.data, cookie, len) != 0) {
        fig_load_error(load, node->pos, "write cookie:NAME or header:NAME",
                       "\"strip\" does not say what it is");
        return;
    }

    name = fig_str(node->text.data + len, node->text.len - len);

    if (!fig_scalar_token(name, &fault)) {
        fault.len = 0;
        fig_load_value_fault(load, node, &fault);
        return;
    }

    if (fig_shadow_is_new(load, node, cookies, shadow->nstrip_cookies, name)) {
        cookies[shadow->nstrip_cookies++] = fig_load_copy(load, name);
    }
}


static void
fig_decode_strip(fig_load_t *load, const fig_yaml_t *node,
    fig_shadow_t *shadow)
{
    uint32_t    i;
    fig_str_t  *names;

    if (!fig_load_is_list(load, node, "strip", NULL)) {
        return;
    }

    names = fig_load_array(load, 2 * (size_t) node->n, sizeof(fig_str_t));
    if (names == NULL) {
        return;
    }

    shadow->strip_cookies = names;
    shadow->strip_headers = names + node->n;

    for (i = 0; i < node->n; i++) {
        fig_decode_strip_one(load, node->items[i], names, names + node->n,
                             shadow);
    }
}


static void
fig_decode_caps(fig_load_t *load, const fig_pair_t **given,
    fig_shadow_t *shadow)
{
    int64_t  value;

    if (given[FIG_SHADOW_KEY_PER_SECOND] != NULL
        && fig_load_int(load, given[FIG_SHADOW_KEY_PER_SECOND]->value,
                        "per_second", 1, FIG_SHADOW_MAX_PER_SECOND, &value))
    {
        shadow->per_second = (uint32_t) value;
    }

    if (given[FIG_SHADOW_KEY_IN_FLIGHT] != NULL
        && fig_load_int(load, given[FIG_SHADOW_KEY_IN_FLIGHT]->value,
                        "in_flight", 1, FIG_SHADOW_MAX_IN_FLIGHT, &value))
    {
        shadow->in_flight = (uint32_t) value;
    }

    if (given[FIG_SHADOW_KEY_TIMEOUT] != NULL) {
        fig_load_duration(load, given[FIG_SHADOW_KEY_TIMEOUT]->value,
                          "timeout", &shadow->timeout);
    }

    if (given[FIG_SHADOW_KEY_MAX_BODY] != NULL) {
        fig_load_size(load, given[FIG_SHADOW_KEY_MAX_BODY]->value, "max_body",
                      0, FIG_SHADOW_LARGEST_BODY, &shadow->max_body);
    }
}


void
fig_decode_shadow(fig_load_t *load, const fig_yaml_t *node,
    fig_shadow_t *shadow)
{
    bool               writes;
    const fig_pair_t  *given[FIG_SHADOW_KEYS];

    memset(shadow, 0, sizeof(fig_shadow_t));
    shadow->percent = FIG_SHADOW_PERCENT;
    shadow->per_second = FIG_SHADOW_PER_SECOND;
    shadow->in_flight = FIG_SHADOW_IN_FLIGHT;
    shadow->methods = fig_shadow_methods;
    shadow->nmethods = FIG_NELTS(fig_shadow_methods);
    shadow->timeout = FIG_SHADOW_TIMEOUT;
    shadow->max_body = FIG_SHADOW_MAX_BODY;

    if (node == NULL) {
        return;
    }

    shadow->given = true;
    shadow->pos = node->pos;

    if ((node->kind == FIG_YAML_MAP && node->n == 0)
        || !fig_load_is_map(load, node, "shadow", "write {percent: 10}")
        || !fig_load_keys(load, node, "\"shadow\"", fig_shadow_keys,
                          FIG_SHADOW_KEYS, given))
    {
        return;
    }

    if (given[FIG_SHADOW_KEY_PERCENT] != NULL) {
        fig_load_percent(load, given[FIG_SHADOW_KEY_PERCENT]->value, "percent",
                         &shadow->percent);
    }

    fig_decode_caps(load, given, shadow);

    writes = false;

    if (given[FIG_SHADOW_KEY_WRITES] != NULL) {
        fig_decode_writes(load, given[FIG_SHADOW_KEY_WRITES]->value,
                          &shadow->writes);

        /* what is misspelt is told once */

        writes = given[FIG_SHADOW_KEY_WRITES]->value->kind != FIG_YAML_TEXT
                 || !fig_str_eq(given[FIG_SHADOW_KEY_WRITES]->value->text,
                                fig_str("none", 4));
    }

    if (given[FIG_SHADOW_KEY_METHODS] != NULL) {
        fig_decode_shadow_methods(load, given[FIG_SHADOW_KEY_METHODS]->value,
                                  writes, shadow);
    }

    if (given[FIG_SHADOW_KEY_TO] != NULL) {
        shadow->to = fig_load_backend(load, given[FIG_SHADOW_KEY_TO]->value,
                                      "to");
    }

    if (given[FIG_SHADOW_KEY_STRIP] != NULL) {
        fig_decode_strip(load, given[FIG_SHADOW_KEY_STRIP]->value, shadow);
    }
}
