/*
 * A pair of answers: who is to blame first, then status, headers and body.
 *
 *     fault of A       -> incomparable
 *     fault of B       -> mismatch: transport, limit or parse
 *     both malformed   -> compared as bytes
 */

#include "fig_comparer.h"
#include "fig_field.h"
#include "fig_inflate.h"

#include <stdio.h>


/* A body as it is compared, or why it is not. */

typedef enum {
    FIG_STATE_OK,
    FIG_STATE_SHORT,
    FIG_STATE_LIMIT,
    FIG_STATE_BAD
} fig_state_t;


typedef struct {
    fig_state_t       state;
    fig_body_mode_t   media;
    bool              opaque;              /* a coding that we do not know */
    fig_str_t         text;
} fig_body_t;


const char *
fig_outcome_name(fig_outcome_t outcome)
{
    static const char *const  names[] = {
        "match", "mismatch", "incomparable", "acknowledged", "noise"
    };

    return names[outcome];
}


const char *
fig_part_name(fig_answer_part_t part)
{
    static const char *const  names[] = { "status", "header", "body" };

    return names[part];
}


const char *
fig_kind_name(fig_kind_t kind)
{
    static const char *const  names[] = {
        "status", "header", "missing", "extra", "type", "null", "value",
        "order", "length", "parse", "limit", "transport", "duplicate"
    };

    return names[kind];
}


/* Room for more; false: there is none. */

static bool
fig_findings_grow(fig_findings_t *findings)
{
    size_t             max;
    fig_difference_t  *kept;

    if (findings->n < findings->max) {
        return true;
    }

    if (findings->n == FIG_COMPARE_KEPT) {
        return false;
    }

    max = (findings->max != 0) ? 4 * findings->max : 16;
    max = (max < FIG_COMPARE_KEPT) ? max : FIG_COMPARE_KEPT;

    kept = fig_arena_array(findings->arena, max, sizeof(fig_difference_t));
    if (kept == NULL) {
        findings->status = FIG_NOMEM;
        return false;
    }

    if (findings->n != 0) {
        memcpy(kept, findings->kept, findings->n * sizeof(fig_difference_t));
    }

    findings->kept = kept;
    findings->max = max;

    return true;
}


fig_difference_t *
fig_findings_add(fig_findings_t *findings, fig_answer_part_t part,
    fig_kind_t kind)
{
    fig_difference_t  *difference;

    findings->total++;

    if (!fig_findings_grow(findings)) {
        return NULL;
    }

    difference = &findings->kept[findings->n++];
    difference->part = part;
    difference->kind = kind;
    difference->first = true;
    difference->path = fig_str("", 0);
    difference->from = fig_str("", 0);
    difference->to = fig_str("", 0);
    difference->pointer = fig_str("", 0);

    return difference;
}


fig_str_t
fig_findings_value(fig_findings_t *findings, fig_str_t value)
{
    if (!findings->comparer->options.keep_values) {
        return fig_str(NULL, 0);
    }

    if (value.len > FIG_COMPARE_VALUE) {
        value.len = FIG_COMPARE_VALUE;

        while (value.len > FIG_COMPARE_VALUE - 4
               && ((unsigned char) value.data[value.len] & 0xc0) == 0x80)
        {
            value.len--;
        }
    }

    if (value.data == NULL) {
        value.data = "";
    }

    return value;
}


static fig_state_t
fig_body_unpack(fig_findings_t *findings, fig_str_t packed, fig_body_t *body)
{
    switch (fig_inflate(packed, findings->comparer->options.max_body,
                        findings->arena, &body->text))
    {
    case FIG_INFLATE_OK:
        return FIG_STATE_OK;

    case FIG_INFLATE_SHORT:
        return FIG_STATE_SHORT;

    case FIG_INFLATE_LIMIT:
        return FIG_STATE_LIMIT;

    case FIG_INFLATE_NOMEM:
        findings->status = FIG_NOMEM;
        return FIG_STATE_OK;

    default:
        return FIG_STATE_BAD;
    }
}


static void
fig_body_init(fig_findings_t *findings, const fig_answer_t *answer,
    fig_body_t *body)
{
    fig_str_t  coding;

    memset(body, 0, sizeof(fig_body_t));
    body->text = answer->body;

    if (answer->fault != FIG_FAULT_NONE || answer->status == 0) {
        body->state = (answer->fault == FIG_FAULT_LIMIT) ? FIG_STATE_LIMIT
                                                         : FIG_STATE_SHORT;
        return;
    }

    body->media = fig_field_media(fig_answer_field(answer, "content-type"));
    coding = fig_answer_field(answer, "content-encoding");

    if (fig_str_caseeq(coding, fig_str("gzip", 4))
        || fig_str_caseeq(coding, fig_str("x-gzip", 6)))
    {
        /* the answer to HEAD has none */

        if (answer->body.len != 0) {
            body->state = fig_body_unpack(findings, answer->body, body);
        }

    } else if (coding.len != 0
               && !fig_str_caseeq(coding, fig_str("identity", 8)))
    {
        body->opaque = true;
    }

    if (body->state == FIG_STATE_OK
        && body->text.len > findings->comparer->options.max_body)
    {
        body->state = FIG_STATE_LIMIT;
    }
}


static void
fig_compare_status(fig_findings_t *findings)
{
    int                           n;
    char                          text[24];
    size_t                        i;
    unsigned                      a, b;
    fig_difference_t             *difference;
    const fig_status_pair_t      *pair;
    const fig_compare_options_t  *options;

    options = &findings->comparer->options;
    a = findings->pair->a.status;
    b = findings->pair->b.status;

    if (a == b || (options->status_class && a / 100 == b / 100)) {
        return;
    }

    for (i = 0; i < options->nstatus_pairs; i++) {
        pair = &options->status_pairs[i];

        if ((pair->a == a && pair->b == b) || (pair->a == b && pair->b == a)) {
            return;
        }
    }

    difference = fig_findings_add(findings, FIG_PART_STATUS, FIG_KIND_STATUS);

    if (difference != NULL) {
        n = snprintf(text, sizeof(text), "%u", a);
        difference->from = fig_arena_str(findings->arena,
                                         fig_str(text, (size_t) n));
        n = snprintf(text, sizeof(text), "%u", b);
        difference->to = fig_arena_str(findings->arena,
                                       fig_str(text, (size_t) n));

        if (difference->from.data == NULL || difference->to.data == NULL) {
            findings->status = FIG_NOMEM;
        }
    }
}


/* A difference of the whole body. */

static void
fig_body_differs(fig_findings_t *findings, fig_kind_t kind, const char *path,
    const char *from, const char *to)
{
    fig_difference_t  *difference;

    difference = fig_findings_add(findings, FIG_PART_BODY, kind);

    if (difference != NULL) {
        difference->path = fig_str_from(path);
        difference->from = fig_str_from(from);
        difference->to = fig_str_from(to);
    }
}


static void
fig_compare_bytes(fig_findings_t *findings, fig_str_t a, fig_str_t b)
{
    if (!fig_str_eq(a, b)) {
        fig_body_differs(findings, a.len != b.len ? FIG_KIND_LENGTH
                         : FIG_KIND_VALUE, "$", "string", "string");
    }
}


static fig_state_t
fig_body_parse(fig_findings_t *findings, fig_str_t text, fig_json_t **doc)
{
    fig_json_error_t  error;

    switch (fig_json_parse(text, NULL, findings->arena, doc, &error)) {

    case FIG_OK:
        return FIG_STATE_OK;

    case FIG_NOMEM:
        findings->status = FIG_NOMEM;
        return FIG_STATE_OK;

    default:
        return (error.fault == FIG_JSON_LIMIT) ? FIG_STATE_LIMIT
                                               : FIG_STATE_BAD;
    }
}


static const char *
fig_body_root(const fig_json_t *doc)
{
    static const char *const  names[] = {
        "null", "boolean", "boolean", "number", "string", "array", "object"
    };

    return names[fig_json_root(doc)->kind];
}


/* Returns why the pair is incomparable, or NULL. */

static const char *
fig_compare_json(fig_findings_t *findings, fig_str_t a, fig_str_t b)
{
    bool         same;
    fig_json_t  *x, *y;
    fig_state_t  state_a, state_b;

    x = y = NULL;
    same = fig_str_eq(a, b);
    state_a = fig_body_parse(findings, a, &x);
    state_b = same ? state_a : fig_body_parse(findings, b, &y);

    if (findings->status != FIG_OK) {
        return NULL;
    }

    if (state_a == FIG_STATE_LIMIT) {
        return "the primary's body is over a limit";
    }

    if (state_a == FIG_STATE_BAD) {
        if (state_b != FIG_STATE_BAD) {
            return "the primary's body is malformed";
        }

        fig_compare_bytes(findings, a, b);

    } else if (state_b != FIG_STATE_OK) {
        fig_body_differs(findings, state_b == FIG_STATE_BAD ? FIG_KIND_PARSE
                         : FIG_KIND_LIMIT, "$", fig_body_root(x), "");

    } else if (!same) {
        fig_compare_documents(findings, x, y);
    }

    return NULL;
}


static const char *
fig_compare_body(fig_findings_t *findings, const fig_body_t *a,
    const fig_body_t *b)
{
    fig_body_mode_t  mode;

    mode = findings->comparer->options.body;

    if (mode == FIG_BODY_AUTO) {
        mode = (a->media == b->media) ? a->media : FIG_BODY_BYTES;
    }

    if (a->opaque || b->opaque) {
        mode = FIG_BODY_BYTES;
    }

    if (mode == FIG_BODY_JSON) {
        return fig_compare_json(findings, a->text, b->text);
    }

    if (mode == FIG_BODY_TEXT) {
        fig_compare_lines(findings, a->text, b->text);

    } else {
        fig_compare_bytes(findings, a->text, b->text);
    }

    return NULL;
}


/* What makes a pair incomparable before anything is compared; NULL: nothing. */

static const char *
fig_compare_blame(const fig_answers_t *pair, const fig_body_t *a,
    const fig_body_t *b, bool bodies)
{
    fig_str_t  type, media;

    if (pair->a.fault == FIG_FAULT_TRANSPORT || pair->a.status == 0) {
        return "the primary gave no complete answer";
    }

    if (pair->a.status == 206 || pair->a.status == 304
        || pair->b.status == 206 || pair->b.status == 304)
    {
        return "an answer is not a whole one (206 or 304)";
    }

    type = fig_answer_field(&pair->a, "content-type");

    if (fig_field_next(&type, ';', &media)
        && fig_str_caseeq(media, fig_str_from("text/event-stream")))
    {
        return "the primary's answer is a stream";
    }

    if (!bodies || a->state == FIG_STATE_OK) {
        return NULL;
    }

    if (a->state == FIG_STATE_LIMIT) {
        return "the primary's body is over a limit";
    }

    if (a->state == FIG_STATE_SHORT) {
        return "the primary gave no complete answer";
    }

    return (b->state == FIG_STATE_BAD) ? NULL
                                       : "the primary's body is malformed";
}


static const char *
fig_compare_parts(fig_findings_t *findings)
{
    bool                  bodies;
    fig_body_t            a, b;
    const char           *why;
    const fig_answers_t  *pair;

    pair = findings->pair;
    bodies = (findings->comparer->options.body != FIG_BODY_NONE);
    fig_body_init(findings, &pair->a, &a);
    fig_body_init(findings, &pair->b, &b);

    if (findings->status != FIG_OK) {
        return NULL;
    }

    why = fig_compare_blame(pair, &a, &b, bodies);
    if (why != NULL) {
        return why;
    }

    if (pair->b.status != 0) {
        fig_compare_status(findings);
        fig_compare_headers(findings);
    }

    if (pair->b.fault == FIG_FAULT_TRANSPORT || pair->b.status == 0
        || (bodies && b.state == FIG_STATE_SHORT))
    {
        fig_body_differs(findings, FIG_KIND_TRANSPORT, "", "", "");
        return NULL;
    }

    if (!bodies) {
        return NULL;
    }

    if (b.state == FIG_STATE_LIMIT) {
        fig_body_differs(findings, FIG_KIND_LIMIT, "$", "", "");
        return NULL;
    }

    if (a.state == FIG_STATE_BAD) {
        fig_compare_bytes(findings, pair->a.body, pair->b.body);
        return NULL;
    }

    if (b.state == FIG_STATE_BAD) {
        fig_body_differs(findings, FIG_KIND_PARSE, "$", "", "");
        return NULL;
    }

    return fig_compare_body(findings, &a, &b);
}


fig_status_t
fig_compare(const fig_comparer_t *comparer, const fig_answers_t *pair,
    fig_arena_t *arena, fig_comparison_t *result)
{
    fig_findings_t  findings;

    memset(&findings, 0, sizeof(findings));
    memset(result, 0, sizeof(fig_comparison_t));

    findings.comparer = comparer;
    findings.pair = pair;
    findings.arena = arena;

    result->why = fig_compare_parts(&findings);

    if (findings.status != FIG_OK) {
        return findings.status;
    }

    if (result->why != NULL) {
        result->outcome = FIG_OUTCOME_INCOMPARABLE;
        return FIG_OK;
    }

    result->outcome = (findings.total != 0) ? FIG_OUTCOME_MISMATCH
                                            : FIG_OUTCOME_MATCH;
    result->differences = findings.kept;
    result->n = findings.n;
    result->total = findings.total;

    return FIG_OK;
}
