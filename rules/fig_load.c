/*
 * The readers of fig_load.h: what is wrong with a node, in words.
 */

#include "fig_load.h"
#include "fig_address.h"
#include "fig_regex.h"
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


/*
 * The place of a part of a node's text, where the text stands in the file as
 * it is: without escapes, folding or an alias.
 */

static fig_pos_t
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

    fig_load_fault(load, node, fig_text_quote(node->text, subject), fault);
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

    return node->kind == FIG_YAML_MAP ? "a map" : "text";
}


/* "x" must be a map, not text */

static bool
fig_load_is_kind(fig_load_t *load, const fig_yaml_t *node, const char *key,
    fig_yaml_kind_t kind, const char *hint)
{
    static const char *const  names[] = { "text", "a list", "a map" };

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


bool
fig_load_text(fig_load_t *load, const fig_yaml_t *node, const char *key,
    fig_str_t *text)
{
    if (!fig_load_is_text(load, node, key)) {
        return false;
    }

    if (node->text.len == 0) {
        fig_load_error(load, node->pos, NULL, "\"%s\" is empty", key);
        return false;
    }

    if (memchr(node->text.data, '\0', node->text.len) != NULL) {
        fig_load_error(load, node->pos, NULL, "\"%s\" has a NUL in it", key);
        return false;
    }

    *text = fig_load_copy(load, node->text);

    return text->data != NULL;
}


bool
fig_load_bool(fig_load_t *load, const fig_yaml_t *node, const char *key,
    bool *value)
{
    fig_fault_t  fault;

    if (!fig_load_is_text(load, node, key)) {
        return false;
    }

    if (!fig_scalar_bool(node->text, value, &fault)) {
        fig_load_key_fault(load, node, key, &fault);
        return false;
    }

    return true;
}


bool
fig_load_int(fig_load_t *load, const fig_yaml_t *node, const char *key,
    int64_t min, int64_t max, int64_t *value)
{
    fig_fault_t  fault;

    if (!fig_load_is_text(load, node, key)) {
        return false;
    }

    if (!fig_scalar_int(node->text, min, max, value, &fault)) {
        fig_load_key_fault(load, node, key, &fault);
        return false;
    }

    return true;
}


bool
fig_load_duration(fig_load_t *load, const fig_yaml_t *node, const char *key,
    int64_t *ms)
{
    fig_fault_t  fault;

    if (!fig_load_is_text(load, node, key)) {
        return false;
    }

    if (!fig_scalar_duration(node->text, ms, &fault)) {
        fig_load_key_fault(load, node, key, &fault);
        return false;
    }

    return true;
}


bool
fig_load_percent(fig_load_t *load, const fig_yaml_t *node, const char *key,
    int32_t *percent)
{
    fig_fault_t  fault;

    if (!fig_load_is_text(load, node, key)) {
        return false;
    }

    if (!fig_scalar_percent(node->text, percent, &fault)) {
        fig_load_key_fault(load, node, key, &fault);
        return false;
    }

    return true;
}


bool
fig_load_word(fig_load_t *load, const fig_yaml_t *node, const char *key,
    const char *const *words, size_t nwords, size_t *index)
{
    char           hint[FIG_LOAD_HINT], quoted[FIG_QUOTED];
    size_t         i, len;
    fig_suggest_t  suggest;

    if (!fig_load_is_text(load, node, key)) {
        return false;
    }

    fig_suggest_init(&suggest, node->text);

    for (i = 0; i < nwords; i++) {
        if (fig_str_eq(node->text, fig_str_from(words[i]))) {
            *index = i;
            return true;
        }

        fig_suggest_try(&suggest, fig_str_from(words[i]));
    }

    if (!fig_suggest_hint(&suggest, hint, sizeof(hint))) {
        len = (size_t) snprintf(hint, sizeof(hint), "one of:");

        for (i = 0; i < nwords && len < sizeof(hint); i++) {
            len += (size_t) snprintf(hint + len, sizeof(hint) - len, " %s",
                                     words[i]);
        }
    }

    fig_load_error(load, node->pos, hint, "\"%s\" cannot be %s", key,
                   fig_text_quote(node->text, quoted));

    return false;
}


bool
fig_load_check_name(fig_load_t *load, const fig_yaml_t *node,
    const char *what)
{
    char         subject[FIG_QUOTED + 32], quoted[FIG_QUOTED];
    fig_fault_t  fault;

    if (fig_scalar_name(node->text, &fault)) {
        return true;
    }

    snprintf(subject, sizeof(subject), "%s %s", what,
             fig_text_quote(node->text, quoted));
    fig_load_fault(load, node, subject, &fault);

    return false;
}


bool
fig_load_find(fig_load_t *load, const fig_yaml_t *node, const char *what,
    const fig_names_t *names, uint32_t *index)
{
    char           hint[FIG_LOAD_HINT], quoted[FIG_QUOTED];
    uint32_t       i;
    fig_suggest_t  suggest;

    if (fig_names_find(names, node->text, index)) {
        return true;
    }

    if (load->partial) {
        load->errors++;
        return false;
    }

    hint[0] = '\0';

    /* no more errors are kept: do not search thousands of names for hints */

    if (fig_diags_count(load->diags) < FIG_DIAG_MAX) {
        fig_suggest_init(&suggest, node->text);

        for (i = 0; i < names->n; i++) {
            fig_suggest_try(&suggest, names->names[i]);
        }

        fig_suggest_hint(&suggest, hint, sizeof(hint));
    }

    fig_load_error(load, node->pos, hint, "unknown %s %s", what,
                   fig_text_quote(node->text, quoted));

    return false;
}


const fig_backend_t *
fig_load_backend(fig_load_t *load, const fig_yaml_t *node, const char *key)
{
    uint32_t  i;

    if (!fig_load_is_text(load, node, key)
        || !fig_load_find(load, node, "backend", &load->backend_names, &i))
    {
        return NULL;
    }

    return &load->model->backends[i];
}


static fig_status_t
fig_load_keep_regex(fig_load_t *load, fig_regex_t *regex)
{
    uint32_t       room;
    fig_regex_t  **regexes;

    if (load->nregexes == load->regex_room) {
        room = (load->regex_room == 0) ? 64 : load->regex_room * 2;

        regexes = fig_load_array(load, room, sizeof(fig_regex_t *));
        if (regexes == NULL) {
            return FIG_NOMEM;
        }

        if (load->nregexes > 0) {
            memcpy(regexes, load->regexes,
                   load->nregexes * sizeof(fig_regex_t *));
        }

        load->regexes = regexes;
        load->regex_room = room;
    }

    load->regexes[load->nregexes++] = regex;

    return FIG_OK;
}


fig_regex_t *
fig_load_regex(fig_load_t *load, const fig_yaml_t *node, size_t skip,
    bool caseless)
{
    char          error[256];
    size_t        offset;
    fig_str_t     pattern;
    fig_pos_t     pos;
    fig_regex_t  *regex;
    fig_status_t  status;

    pattern = fig_str(node->text.data + skip, node->text.len - skip);

    if (pattern.len == 0) {
        fig_load_error(load, node->pos, "for \"present\" write \"*\"",
                       "the regex is empty");
        return NULL;
    }

    status = fig_regex_create(pattern, caseless, &regex, error, &offset);

    if (status == FIG_INVALID) {
        pos = fig_load_part(node, skip + offset, 1);
        fig_load_error(load, pos, NULL, "bad regex: %s", error);
        return NULL;
    }

    if (status != FIG_OK) {
        load->nomem = true;
        return NULL;
    }

    if (fig_load_keep_regex(load, regex) != FIG_OK) {
        fig_regex_destroy(regex);
        return NULL;
    }

    return regex;
}


bool
fig_load_host(fig_load_t *load, const fig_yaml_t *node, const char *key,
    bool port_allowed, fig_str_t *host)
{
    char             *out, port[8];
    int               n;
    bool              brackets;
    fig_str_t         text;
    fig_fault_t       fault;
    fig_authority_t   authority;

    if (!fig_load_is_text(load, node, key)) {
        return false;
    }

    text = node->text;

    /* room for the parsed host and, behind it, for what is made of it */

    out = fig_load_array(load, 2 * text.len + sizeof(port), 1);
    if (out == NULL) {
        return false;
    }

    if (!fig_authority_parse(text, out, &authority, &fault)) {
        fig_load_key_fault(load, node, key, &fault);
        return false;
    }

    if (authority.has_port && !port_allowed) {
        fig_load_error(load, node->pos, "say \"port\" next to it",
                       "\"%s\" must not have a port", key);
        return false;
    }

    brackets = (authority.kind == FIG_ADDR_IPV6);
    n = authority.has_port ? snprintf(port, sizeof(port), ":%u",
                                      authority.port) : 0;

    *host = fig_str(out + text.len, authority.host.len + 2 * brackets
                                    + (size_t) n);
    out += text.len;

    if (brackets) {
        *out++ = '[';
    }

    memcpy(out, authority.host.data, authority.host.len);
    out += authority.host.len;

    if (brackets) {
        *out++ = ']';
    }

    memcpy(out, port, (size_t) n);

    return true;
}
