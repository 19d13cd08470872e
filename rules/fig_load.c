/*
 * What fig_load.h has for nodes as such: their places, kinds and keys.
 *
 * Their values are fig_load_value.c's.
 */

#include "fig_load.h"
#include "fig_suggest.h"
#include "fig_text.h"

#include <stdarg.h>
#include <stdio.h>


#define FIG_LOAD_HINT  400


void *
fig_load_array(fig_load_t *load, size_t n, size_t size)
{
    void  *p;

    p = fig_arena_array(load->arena, n, size);

    if (p == NULL) {
        load->nomem = true;
    }

    return p;
}


fig_str_t
fig_load_copy(fig_load_t *load, fig_str_t str)
{
    fig_str_t  copy;

    copy = fig_arena_str(load->arena, str);

    if (copy.data == NULL) {
        load->nomem = true;
    }

    return copy;
}


const char *
fig_load_place(fig_load_t *load, uint32_t file, fig_pos_t pos, char *out,
    size_t size)
{
    fig_str_t  name;

    if (pos.file == file) {
        snprintf(out, size, "line %u", pos.line);

    } else {
        name = fig_files_name(load->files, pos.file);
        snprintf(out, size, "%.*s:%u", (int) name.len, name.data, pos.line);
    }

    return out;
}


void
fig_load_error(fig_load_t *load, fig_pos_t pos, const char *hint,
    const char *format, ...)
{
    char     message[1024];
    va_list  args;

    va_start(args, format);
    vsnprintf(message, sizeof(message), format, args);
    va_end(args);

    load->errors++;
    fig_diags_add(load->diags, pos, message, hint);
}


fig_pos_t
fig_load_part(const fig_yaml_t *node, size_t offset, size_t len)
{
    size_t     quotes;
    fig_pos_t  pos;

    pos = node->pos;
    quotes = node->plain ? 0 : 2;

    if (len == 0 || node->alias || pos.len != node->text.len + quotes
        || offset + len > node->text.len + 1)
    {
        return pos;
    }

    pos.col += (uint32_t) (offset + quotes / 2);
    pos.len = (uint32_t) len;

    return pos;
}


void
fig_load_fault(fig_load_t *load, const fig_yaml_t *node, const char *subject,
    const fig_fault_t *fault)
{
    fig_load_error(load, fig_load_part(node, fault->offset, fault->len),
                   fault->hint[0] != '\0' ? fault->hint : NULL,
                   "%s %s", subject, fault->message);
}


void
fig_load_key_fault(fig_load_t *load, const fig_yaml_t *node, const char *key,
    const fig_fault_t *fault)
{
    char  subject[64];

    snprintf(subject, sizeof(subject), "\"%s\"", key);
    fig_load_fault(load, node, subject, fault);
}


void
fig_load_value_fault(fig_load_t *load, const fig_yaml_t *node,
    const fig_fault_t *fault)
{
    char  subject[FIG_QUOTED];

    fig_load_fault(load, node,
                   node->text.len == 0 ? "a value"
                                       : fig_text_quote(node->text, subject),
                   fault);
}


/* "known here: a, b, c" */

static void
fig_load_list_keys(const fig_key_t *keys, size_t nkeys, char *out, size_t size)
{
    size_t  i, len;

    len = (size_t) snprintf(out, size, "known here:");

    for (i = 0; i < nkeys && len < size; i++) {
        if (keys[i].kind == FIG_KEY_KNOWN) {
            len += (size_t) snprintf(out + len, size - len, " %s",
                                     keys[i].name);
        }
    }
}


static void
fig_load_unknown_key(fig_load_t *load, const fig_pair_t *pair,
    const char *what, const fig_key_t *keys, size_t nkeys,
    const fig_pair_t **given)
{
    char           hint[FIG_LOAD_HINT], quoted[FIG_QUOTED];
    size_t         i;
    fig_suggest_t  suggest;

    fig_suggest_init(&suggest, pair->key->text);

    for (i = 0; i < nkeys; i++) {
        if (keys[i].kind != FIG_KEY_ELSEWHERE) {
            fig_suggest_try(&suggest, fig_str_from(keys[i].name));
        }
    }

    if (!fig_suggest_hint(&suggest, hint, sizeof(hint))) {
        fig_load_list_keys(keys, nkeys, hint, sizeof(hint));
    }

    fig_load_error(load, pair->key->pos, hint, "unknown key %s in %s",
                   fig_text_quote(pair->key->text, quoted), what);

    for (i = 0; i < nkeys && suggest.best.len > 0; i++) {
        if (keys[i].kind == FIG_KEY_KNOWN && given[i] == NULL
            && fig_str_eq(suggest.best, fig_str_from(keys[i].name)))
        {
            given[i] = pair;
        }
    }
}


static void
fig_load_key(fig_load_t *load, const fig_pair_t *pair, const char *what,
    const fig_key_t *keys, size_t nkeys, const fig_pair_t **given)
{
    size_t  i;

    for (i = 0; i < nkeys; i++) {
        if (!fig_str_eq(pair->key->text, fig_str_from(keys[i].name))) {
            continue;
        }

        if (keys[i].kind == FIG_KEY_LATER) {
            fig_load_error(load, pair->key->pos, keys[i].hint,
                           "\"%s\" is not supported yet", keys[i].name);

        } else if (keys[i].kind == FIG_KEY_ELSEWHERE) {
            fig_load_error(load, pair->key->pos, keys[i].hint,
                           "unknown key \"%s\" in %s", keys[i].name, what);

        } else {
            given[i] = pair;
        }

        return;
    }
}


static bool
fig_load_key_is_known(const fig_pair_t *pair, const fig_key_t *keys,
    size_t nkeys)
{
    size_t  i;

    for (i = 0; i < nkeys; i++) {
        if (fig_str_eq(pair->key->text, fig_str_from(keys[i].name))) {
            return true;
        }
    }

    return false;
}


static const char *
fig_load_kind(const fig_yaml_t *node)
{
    if (node->kind == FIG_YAML_LIST) {
        return "a list";
    }

    return node->kind == FIG_YAML_MAP ? "a map" : "a single value";
}


/* "x" must be a map, not text */

static bool
fig_load_is_kind(fig_load_t *load, const fig_yaml_t *node, const char *key,
    fig_yaml_kind_t kind, const char *hint)
{
    static const char *const  names[] = { "a single value", "a list",
                                          "a map" };

    if (node->kind == FIG_YAML_BAD) {
        load->errors++;
        return false;
    }

    if (fig_yaml_is_null(node)) {
        fig_load_error(load, node->pos,
                       hint != NULL ? hint : "leave the key out, or quote it "
                                             "if this is meant as text",
                       "\"%s\" has no value", key);
        return false;
    }

    if (node->kind != kind) {
        fig_load_error(load, node->pos, hint, "\"%s\" must be %s, not %s",
                       key, names[kind], fig_load_kind(node));
        return false;
    }

    return true;
}


bool
fig_load_keys(fig_load_t *load, const fig_yaml_t *node, const char *what,
    const fig_key_t *keys, size_t nkeys, const fig_pair_t **given)
{
    uint32_t  i;

    memset(given, 0, nkeys * sizeof(fig_pair_t *));

    if (node->kind == FIG_YAML_BAD) {
        load->errors++;
        return false;
    }

    if (node->kind != FIG_YAML_MAP) {
        fig_load_error(load, node->pos, NULL, "%s must be a map, not %s", what,
                       fig_yaml_is_null(node) ? "empty" : fig_load_kind(node));
        return false;
    }

    /* misspelt keys last: they must not take the place of right ones */

    for (i = 0; i < node->n; i++) {
        fig_load_key(load, &node->pairs[i], what, keys, nkeys, given);
    }

    for (i = 0; i < node->n; i++) {
        if (!fig_load_key_is_known(&node->pairs[i], keys, nkeys)) {
            fig_load_unknown_key(load, &node->pairs[i], what, keys, nkeys,
                                 given);
        }
    }

    return true;
}


bool
fig_load_is_text(fig_load_t *load, const fig_yaml_t *node, const char *key)
{
    return fig_load_is_kind(load, node, key, FIG_YAML_TEXT, NULL);
}


bool
fig_load_is_list(fig_load_t *load, const fig_yaml_t *node, const char *key,
    const char *hint)
{
    char  buf[FIG_QUOTED + 16], shown[FIG_QUOTED];

    if (node->kind == FIG_YAML_TEXT && !fig_yaml_is_null(node)
        && node->text.len > 0 && node->text.len <= 60 && hint == NULL)
    {
        fig_text_show(node->text, shown, sizeof(shown));
        snprintf(buf, sizeof(buf), "write [%s]", shown);
        hint = buf;
    }

    if (!fig_load_is_kind(load, node, key, FIG_YAML_LIST, hint)) {
        return false;
    }

    if (node->n == 0) {
        fig_load_error(load, node->pos, hint, "\"%s\" is an empty list", key);
        return false;
    }

    return true;
}


bool
fig_load_is_map(fig_load_t *load, const fig_yaml_t *node, const char *key,
    const char *hint)
{
    if (!fig_load_is_kind(load, node, key, FIG_YAML_MAP, hint)) {
        return false;
    }

    if (node->n == 0) {
        fig_load_error(load, node->pos, hint, "\"%s\" is an empty map", key);
        return false;
    }

    return true;
}
