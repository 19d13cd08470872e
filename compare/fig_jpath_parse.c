/*
 * Reading path expressions (RFC 9535, section 2), strictly.
 *
 *     $ ..name ['a b'] [-1] .*
 *       ^ a segment: one selector, behind a dot, two dots or in brackets
 */

#include "fig_jpath.h"
#include "fig_utf8.h"


#define FIG_JPATH_INDEX_MAX  (INT64_C(1) << 53)


typedef struct {
    fig_str_t           text;
    size_t              at;
    fig_arena_t        *arena;
    fig_jpath_error_t  *error;
} fig_jparser_t;


static fig_status_t
fig_jpath_refuse(fig_jparser_t *parser, const char *message)
{
    parser->error->offset = parser->at;
    parser->error->message = message;

    return FIG_INVALID;
}


/* The next byte; 0 at the end, and where a NUL is, which is never right. */

static char
fig_jpath_peek(const fig_jparser_t *parser)
{
    return (parser->at < parser->text.len) ? parser->text.data[parser->at]
                                           : '\0';
}


static bool
fig_jpath_skip(fig_jparser_t *parser, char c)
{
    if (parser->at < parser->text.len && fig_jpath_peek(parser) == c) {
        parser->at++;
        return true;
    }

    return false;
}


static void
fig_jpath_skip_blanks(fig_jparser_t *parser)
{
    while (fig_jpath_skip(parser, ' ') || fig_jpath_skip(parser, '\t')) {
        /* void */
    }
}


static fig_status_t
fig_jpath_copy(fig_jparser_t *parser, const char *data, size_t len,
    fig_step_t *step)
{
    step->kind = FIG_STEP_NAME;
    step->name = fig_arena_str(parser->arena, fig_str(data, len));

    return (step->name.data == NULL) ? FIG_NOMEM : FIG_OK;
}


static fig_status_t
fig_jpath_read_bare(fig_jparser_t *parser, fig_step_t *step)
{
    size_t    n, start;
    uint32_t  code;

    if (fig_jpath_skip(parser, '*')) {
        step->kind = FIG_STEP_ANY;
        return FIG_OK;
    }

    start = parser->at;

    while (parser->at < parser->text.len
           && fig_jpath_is_name_char((unsigned char) fig_jpath_peek(parser),
                                     parser->at == start))
    {
        n = fig_utf8_sequence((const unsigned char *) parser->text.data
                              + parser->at, parser->text.len - parser->at,
                              &code);
        if (n == 0) {
            return fig_jpath_refuse(parser, "this is not UTF-8");
        }

        parser->at += n;
    }

    if (parser->at == start) {
        return fig_jpath_refuse(parser, "a name or * is missing");
    }

    n = parser->at;

    if (n < parser->text.len && parser->text.data[n] != '.'
        && parser->text.data[n] != '[')
    {
        return fig_jpath_refuse(parser, "such a name is written ['name']");
    }

    return fig_jpath_copy(parser, parser->text.data + start, n - start, step);
}


static bool
fig_jpath_read_hex(fig_jparser_t *parser, uint32_t *code)
{
    int   i;
    char  c;

    for (*code = 0, i = 0; i < 4; i++, parser->at++) {
        c = (char) fig_lower((unsigned char) fig_jpath_peek(parser));

        if (c >= '0' && c <= '9') {
            *code = *code << 4 | (uint32_t) (c - '0');

        } else if (c >= 'a' && c <= 'f') {
            *code = *code << 4 | (uint32_t) (c - 'a' + 10);

        } else {
            return false;
        }
    }

    return true;
}


/* \uXXXX, or two of them; at is behind the u. */

static fig_status_t
fig_jpath_read_unicode(fig_jparser_t *parser, char *out, size_t *len)
{
    uint32_t  code, low;

    if (!fig_jpath_read_hex(parser, &code)) {
        return fig_jpath_refuse(parser, "\\u needs four hexadecimal digits");
    }

    if (code >= 0xd800 && code <= 0xdfff) {

        if (code >= 0xdc00 || !fig_jpath_skip(parser, '\\')
            || !fig_jpath_skip(parser, 'u')
            || !fig_jpath_read_hex(parser, &low)
            || low < 0xdc00 || low > 0xdfff)
        {
            return fig_jpath_refuse(parser, "half of a surrogate pair");
        }

        code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
    }

    *len += fig_utf8_write(code, out + *len);

    return FIG_OK;
}


static fig_status_t
fig_jpath_read_escape(fig_jparser_t *parser, char quote, char *out,
    size_t *len)
{
    char         c;
    const char  *at;

    static const char  escapes[] = "\\/bfnrt", meant[] = "\\/\b\f\n\r\t";

    c = fig_jpath_peek(parser);

    if (fig_jpath_skip(parser, 'u')) {
        return fig_jpath_read_unicode(parser, out, len);
    }

    at = (c != '\0') ? strchr(escapes, c) : NULL;

    if (at == NULL && c != quote) {
        return fig_jpath_refuse(parser, "no such escape");
    }

    out[(*len)++] = (at != NULL) ? meant[at - escapes] : c;
    parser->at++;

    return FIG_OK;
}


/* A quoted name, at behind its opening quote. */

static fig_status_t
fig_jpath_read_quoted(fig_jparser_t *parser, char quote, fig_step_t *step)
{
    char          *out;
    size_t         n, len;
    uint32_t       code;
    fig_status_t   status;

    out = fig_arena_alloc(parser->arena, parser->text.len);
    if (out == NULL) {
        return FIG_NOMEM;
    }

    for (len = 0, code = 0; !fig_jpath_skip(parser, quote); /* void */) {

        if (parser->at == parser->text.len) {
            return fig_jpath_refuse(parser, "a quote is missing");
        }

        if (fig_jpath_skip(parser, '\\')) {
            status = fig_jpath_read_escape(parser, quote, out, &len);
            if (status != FIG_OK) {
                return status;
            }

            continue;
        }

        n = fig_utf8_sequence((const unsigned char *) parser->text.data
                              + parser->at, parser->text.len - parser->at,
                              &code);
        if (n == 0 || code < 0x20) {
            return fig_jpath_refuse(parser, n == 0 ? "this is not UTF-8"
                                    : "a control character in a name");
        }

        memcpy(out + len, parser->text.data + parser->at, n);
        len += n;
        parser->at += n;
    }

    step->kind = FIG_STEP_NAME;
    step->name = fig_str(out, len);

    return FIG_OK;
}


static fig_status_t
fig_jpath_read_index(fig_jparser_t *parser, fig_step_t *step)
{
    bool    negative;
    size_t  start;

    negative = fig_jpath_skip(parser, '-');
    start = parser->at;

    while (fig_jpath_peek(parser) >= '0' && fig_jpath_peek(parser) <= '9') {
        step->index = step->index * 10 + (fig_jpath_peek(parser) - '0');
        parser->at++;

        if (step->index >= FIG_JPATH_INDEX_MAX) {
            return fig_jpath_refuse(parser, "the index is too large");
        }
    }

    if (parser->at == start) {
        return fig_jpath_refuse(parser, "an index, * or a name in quotes is "
                                        "missing");
    }

    if (parser->text.data[start] == '0' && (parser->at - start > 1 || negative))
    {
        parser->at = start;
        return fig_jpath_refuse(parser, "an index begins with 0");
    }

    step->kind = FIG_STEP_INDEX;

    if (negative) {
        step->index = -step->index;
    }

    return FIG_OK;
}


static fig_status_t
fig_jpath_read_brackets(fig_jparser_t *parser, fig_step_t *step)
{
    fig_status_t  status;

    fig_jpath_skip_blanks(parser);

    if (fig_jpath_skip(parser, '*')) {
        step->kind = FIG_STEP_ANY;
        status = FIG_OK;

    } else if (fig_jpath_skip(parser, '\'')) {
        status = fig_jpath_read_quoted(parser, '\'', step);

    } else if (fig_jpath_skip(parser, '"')) {
        status = fig_jpath_read_quoted(parser, '"', step);

    } else {
        status = fig_jpath_read_index(parser, step);
    }

    if (status != FIG_OK) {
        return status;
    }

    fig_jpath_skip_blanks(parser);

    if (!fig_jpath_skip(parser, ']')) {
        return fig_jpath_refuse(parser, "a ] is missing: one index, name or * "
                                        "stands in brackets");
    }

    return FIG_OK;
}


static fig_status_t
fig_jpath_read_segment(fig_jparser_t *parser, fig_step_t *step)
{
    memset(step, 0, sizeof(fig_step_t));

    if (fig_jpath_skip(parser, '[')) {
        return fig_jpath_read_brackets(parser, step);
    }

    if (!fig_jpath_skip(parser, '.')) {
        return fig_jpath_refuse(parser, "a dot or a [ is missing");
    }

    step->deep = fig_jpath_skip(parser, '.');

    if (step->deep && fig_jpath_skip(parser, '[')) {
        return fig_jpath_read_brackets(parser, step);
    }

    return fig_jpath_read_bare(parser, step);
}


fig_status_t
fig_jpaths_init(fig_jpaths_t *paths, size_t max_rules, size_t len,
    fig_arena_t *arena)
{
    memset(paths, 0, sizeof(fig_jpaths_t));

    /* a step takes two bytes at least: .* */

    paths->max_rules = max_rules;
    paths->max_steps = (len / 2 < FIG_JPATH_STEPS) ? len / 2 : FIG_JPATH_STEPS;
    paths->rules = fig_arena_array(arena, max_rules, sizeof(fig_rule_t));
    paths->steps = fig_arena_array(arena, paths->max_steps,
                                   sizeof(fig_step_t));

    return (paths->rules == NULL || paths->steps == NULL) ? FIG_NOMEM : FIG_OK;
}


static void
fig_jpaths_set(fig_jstate_t *state, size_t at)
{
    state->bits[at / 64] |= UINT64_C(1) << at % 64;
}


/* A rule for the root itself. */

static void
fig_jpaths_apply_root(fig_jpaths_t *paths, fig_rule_kind_t kind, size_t n)
{
    uint16_t       *which;
    fig_applied_t  *root = &paths->root;

    root->ignore |= (kind == FIG_RULE_IGNORE);
    root->unordered |= (kind == FIG_RULE_UNORDERED);
    root->redact |= (kind == FIG_RULE_REDACT);

    which = (kind == FIG_RULE_KEYED) ? &root->keyed
            : (kind == FIG_RULE_TOLERANCE) ? &root->tolerance
            : (kind == FIG_RULE_SHAPE) ? &root->shape : NULL;

    if (which != NULL && *which == 0) {
        *which = (uint16_t) (n + 1);
    }
}


fig_status_t
fig_jpaths_add(fig_jpaths_t *paths, fig_str_t text, fig_rule_kind_t kind,
    size_t n, fig_arena_t *arena, fig_jpath_error_t *error)
{
    size_t          first, at;
    fig_status_t    status;
    fig_jparser_t   parser = { text, 0, arena, error };

    if (!fig_jpath_skip(&parser, '$')) {
        return fig_jpath_refuse(&parser, "a path begins with $");
    }

    first = paths->nsteps;

    for (at = first; parser.at < text.len; at++) {

        if (at == paths->max_steps || paths->nrules == paths->max_rules) {
            return fig_jpath_refuse(&parser, "there are too many paths");
        }

        status = fig_jpath_read_segment(&parser, &paths->steps[at]);
        if (status != FIG_OK) {
            return status;
        }

        paths->steps[at].rule = (uint16_t) paths->nrules;
    }

    if (at == first) {
        fig_jpaths_apply_root(paths, kind, n);
        return FIG_OK;
    }

    paths->steps[at - 1].last = true;
    paths->rules[paths->nrules].kind = kind;
    paths->rules[paths->nrules].n = (uint16_t) n;
    paths->nrules++;
    paths->nsteps = at;
    paths->nwords = (at + 63) / 64;
    fig_jpaths_set(&paths->start, first);

    for ( ; first < at; first++) {
        if (paths->steps[first].kind == FIG_STEP_INDEX) {
            fig_jpaths_set(&paths->indexed, first);
        }
    }

    return FIG_OK;
}
