/*
 * Paths of `match`, `rewrite` and `redirect`: segment by segment, with {name}
 * and a final star.
 *
 *     /orders/{id}/lines      "/orders/"  {id}  "/lines"
 */

#include "fig_route_path.h"
#include "fig_cutter.h"
#include "fig_text.h"

#include <stdio.h>


static bool
fig_route_check_star(fig_str_t text, size_t from, fig_str_t segment,
    fig_fault_t *fault)
{
    char  hint[FIG_FAULT_TEXT], prefix[FIG_QUOTED];

    if (memchr(segment.data, '*', segment.len) == NULL) {
        return true;
    }

    if (from + segment.len < text.len) {
        return fig_fault_at(fault, from, segment.len,
                            "has \"*\" before its end",
                            "\"*\" is the last segment; {name} stands for one "
                            "in the middle");
    }

    if (segment.len == 1) {
        return true;
    }

    while (segment.len > 0 && segment.data[segment.len - 1] == '*') {
        segment.len--;
    }

    if (memchr(segment.data, '*', segment.len) != NULL) {
        return fig_fault_at(fault, from, segment.len,
                            "has \"*\" within a segment",
                            "use a regex: ~^/...$");
    }

    fig_text_show(fig_str(text.data, from + segment.len), prefix,
                  sizeof(prefix));
    snprintf(hint, sizeof(hint), "say %s%s* for this path and all below it",
             prefix, segment.len == 0 ? "" : "/");

    return fig_fault_at(fault, from, text.len - from,
                        "has \"*\" that is no segment of its own", hint);
}


/* "{name}": *name is what is in the braces. */

static bool
fig_route_check_braces(fig_str_t segment, size_t from, fig_str_t *name,
    fig_fault_t *fault)
{
    *name = fig_str("", 0);

    if (segment.len == 0 || (memchr(segment.data, '{', segment.len) == NULL
                             && memchr(segment.data, '}', segment.len) == NULL))
    {
        return true;
    }

    if (segment.data[0] != '{' || segment.data[segment.len - 1] != '}') {
        return fig_fault_at(fault, from, segment.len,
                            "has {name} that is no segment of its own",
                            "use a regex, or write %7B and %7D for braces");
    }

    *name = fig_str(segment.data + 1, segment.len - 2);

    if (!fig_route_is_word(*name)) {
        return fig_fault_at(fault, from, segment.len,
                            "has no valid name in its braces",
                            "letters, digits and \"_\", as in {order_id}");
    }

    return true;
}


static bool
fig_pattern_has_param(const fig_pattern_t *pattern, fig_str_t name)
{
    uint32_t  i;

    for (i = 0; i < pattern->nparts; i++) {
        if (pattern->parts[i].kind == FIG_PART_PARAM
            && fig_str_eq(pattern->parts[i].text, name))
        {
            return true;
        }
    }

    return false;
}


/* Cuts one segment (without its slash); *params counts its holes. */

static bool
fig_pattern_cut_segment(fig_cutter_t *cutter, fig_str_t text, size_t from,
    fig_str_t segment, uint32_t *params, fig_fault_t *fault)
{
    fig_str_t  name;

    if (segment.len == 0) {
        fig_cutter_literal(cutter, fig_str("/", 1));
        return true;
    }

    if (!fig_route_check_star(text, from, segment, fault)
        || !fig_route_check_braces(segment, from, &name, fault))
    {
        return false;
    }

    if (segment.data[0] == '*') {
        fig_cutter_flush(cutter);
        fig_cutter_add(cutter, FIG_PART_TAIL, fig_str("", 0), 0);
        return true;
    }

    fig_cutter_literal(cutter, fig_str("/", 1));

    if (name.len == 0) {
        fig_cutter_literal(cutter, segment);
        return true;
    }

    if (fig_pattern_has_param(cutter->pattern, name)) {
        return fig_fault_at(fault, from, segment.len,
                            "has the same {name} twice", NULL);
    }

    if (*params == FIG_PATH_MAX_PARAMS) {
        return fig_fault_at(fault, from, segment.len,
                            "has more than 32 {names}", NULL);
    }

    fig_cutter_flush(cutter);
    fig_cutter_add(cutter, FIG_PART_PARAM, name, (*params)++);

    return true;
}


fig_status_t
fig_pattern_parse(fig_str_t text, fig_arena_t *arena, fig_pattern_t *pattern,
    fig_fault_t *fault)
{
    size_t        i, from, holes;
    uint32_t      params;
    fig_cutter_t  cutter;

    if (!fig_route_check(text, fault)) {
        return FIG_INVALID;
    }

    for (i = 0, holes = 1; i < text.len; i++) {
        holes += (text.data[i] == '{');
    }

    if (fig_cutter_init(&cutter, text, holes, arena, pattern) != FIG_OK) {
        return FIG_NOMEM;
    }

    params = 0;

    for (from = 1, i = 1; i <= text.len; i++) {
        if (i < text.len && text.data[i] != '/') {
            continue;
        }

        if (!fig_pattern_cut_segment(&cutter, text, from,
                                     fig_str(text.data + from, i - from),
                                     &params, fault))
        {
            return FIG_INVALID;
        }

        from = i + 1;
    }

    fig_cutter_flush(&cutter);

    return cutter.nomem ? FIG_NOMEM : FIG_OK;
}


/* Writes a template's text: literal parts and {names}. */

static fig_status_t
fig_route_path_template(const fig_pattern_t *pattern, size_t room,
    fig_arena_t *arena, fig_path_t *path)
{
    char              *p;
    uint32_t           i;
    const fig_part_t  *part;

    p = fig_arena_alloc(arena, room + 1);
    path->params = fig_arena_array(arena, pattern->nparts, sizeof(fig_str_t));

    if (p == NULL || path->params == NULL) {
        return FIG_NOMEM;
    }

    path->text = fig_str(p, 0);

    for (i = 0; i < pattern->nparts; i++) {
        part = &pattern->parts[i];

        if (part->kind == FIG_PART_PARAM) {
            path->params[path->nparams++] = fig_str(p + 1, part->text.len);
            *p++ = '{';
        }

        memcpy(p, part->text.data, part->text.len);
        p += part->text.len;

        if (part->kind == FIG_PART_PARAM) {
            *p++ = '}';
        }
    }

    path->text.len = (size_t) (p - path->text.data);

    return FIG_OK;
}


static bool
fig_pattern_has(const fig_pattern_t *pattern, fig_part_kind_t kind)
{
    uint32_t  i;

    for (i = 0; i < pattern->nparts; i++) {
        if (pattern->parts[i].kind == kind) {
            return true;
        }
    }

    return false;
}


fig_status_t
fig_route_path_parse(fig_str_t text, fig_arena_t *arena, fig_arena_t *scratch,
    fig_path_t *path, fig_fault_t *fault)
{
    bool           tail, params;
    uint32_t       i;
    fig_status_t   status;
    fig_pattern_t  pattern;

    status = fig_pattern_parse(text, scratch, &pattern, fault);

    if (status != FIG_OK) {
        return status;
    }

    tail = fig_pattern_has(&pattern, FIG_PART_TAIL);
    params = fig_pattern_has(&pattern, FIG_PART_PARAM);

    if (tail && params) {
        fig_fault(fault, "has both {name} and \"*\"",
                  "use a regex: ~^/a/[^/]+/");
        return FIG_INVALID;
    }

    path->kind = tail ? FIG_PATH_PREFIX : FIG_PATH_EXACT;
    path->text = fig_str("", 0);

    if (!params && pattern.parts[0].kind == FIG_PART_TEXT) {
        path->text = fig_arena_str(arena, pattern.parts[0].text);

        return (path->text.data == NULL) ? FIG_NOMEM : FIG_OK;
    }

    if (!params) {
        return FIG_OK;
    }

    /* in a template, braces are told from names by nothing but their place */

    for (i = 0; i < pattern.nparts; i++) {
        if (pattern.parts[i].kind == FIG_PART_TEXT
            && memchr(pattern.parts[i].text.data, '{',
                      pattern.parts[i].text.len) != NULL)
        {
            fig_fault(fault, "has both {name} and %7B", "use a regex");
            return FIG_INVALID;
        }
    }

    path->kind = FIG_PATH_TEMPLATE;

    return fig_route_path_template(&pattern, text.len, arena, path);
}


/* "T/a/{}/b" for "/a/{id}/b": the kind, and the text without names. */

fig_str_t
fig_route_path_key(const fig_path_t *path, fig_arena_t *arena)
{
    char       *key;
    bool        inside;
    size_t      i, len;
    fig_str_t   text;

    text = (path->kind == FIG_PATH_REGEX) ? path->source : path->text;

    key = fig_arena_alloc(arena, text.len + 1);
    if (key == NULL) {
        return fig_str(NULL, 0);
    }

    key[0] = (char) path->kind;
    inside = false;

    for (i = 0, len = 1; i < text.len; i++) {
        if (text.data[i] == '}') {
            inside = false;
        }

        if (!inside) {
            key[len++] = text.data[i];
        }

        if (text.data[i] == '{' && path->kind == FIG_PATH_TEMPLATE) {
            inside = true;
        }
    }

    return fig_str(key, len);
}
