/*
 * What fig_load.h has for single values.
 *
 * Each reader turns the text of one node into one value, or tells what is
 * wrong with it.
 */

#include "fig_load.h"
#include "fig_address.h"
#include "fig_regex.h"
#include "fig_suggest.h"
#include "fig_text.h"

#include <stdio.h>


#define FIG_LOAD_HINT       400
#define FIG_LOAD_FEW_NAMES  3


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
fig_load_size(fig_load_t *load, const fig_yaml_t *node, const char *key,
    size_t min, size_t max, size_t *size)
{
    fig_fault_t  fault;

    if (!fig_load_is_text(load, node, key)) {
        return false;
    }

    if (!fig_scalar_size(node->text, min, max, size, &fault)) {
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


/* "known: a, b" where these are few */

static void
fig_load_list_names(const fig_names_t *names, char *out, size_t size)
{
    char      quoted[FIG_QUOTED];
    size_t    len;
    uint32_t  i;

    if (names->n == 0 || names->n > FIG_LOAD_FEW_NAMES) {
        return;
    }

    len = (size_t) snprintf(out, size, "known:");

    for (i = 0; i < names->n && len < size; i++) {
        len += (size_t) snprintf(out + len, size - len, " %s",
                                 fig_text_quote(names->names[i], quoted));
    }
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

        if (!fig_suggest_hint(&suggest, hint, sizeof(hint))) {
            fig_load_list_names(names, hint, sizeof(hint));
        }
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
