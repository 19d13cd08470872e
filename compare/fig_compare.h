/*
 * Two answers to one request -> an outcome, and what differs.
 *
 *     options -> comparer                     once, immutable, for all threads
 *     comparer, answer A, answer B -> outcome, differences
 *
 * A is the primary, which the client got; B is the candidate.  The same input
 * gives the same result on every machine.  Nothing here blocks or waits; what
 * a comparison costs is bounded by the limits, whatever the answers are.
 */

#ifndef FIG_COMPARE_H
#define FIG_COMPARE_H

#include "fig_arena.h"
#include "fig_base.h"


#define FIG_COMPARE_MAX_BODY  (256 * 1024)
#define FIG_COMPARE_KEPT      1000     /* differences of a pair */
#define FIG_COMPARE_VALUE     256      /* bytes of a value that is kept */
#define FIG_COMPARE_PATH      512      /* bytes of a path or pointer */


typedef struct fig_comparer_s  fig_comparer_t;


typedef enum {
    FIG_BODY_AUTO,             /* by media type */
    FIG_BODY_JSON,
    FIG_BODY_TEXT,
    FIG_BODY_BYTES,
    FIG_BODY_NONE
} fig_body_mode_t;


typedef enum {
    FIG_SHAPE_UUID,
    FIG_SHAPE_RFC3339,
    FIG_SHAPE_EPOCH,
    FIG_SHAPE_PATTERN
} fig_shape_kind_t;


/* A part of a subject; start is SIZE_MAX where a group took no part. */

typedef struct {
    size_t  start;
    size_t  end;
} fig_span_t;


/*
 * How patterns are matched, which is not known here: whether pattern is found
 * in subject at or after from; spans[0] is the match, then come its groups, up
 * to nspans in all.  data is the pair's, that of one thread.
 */

typedef bool (*fig_pattern_pt)(void *data, const void *pattern,
    fig_str_t subject, size_t from, fig_span_t *spans, size_t nspans);


typedef struct {
    unsigned  a;
    unsigned  b;
} fig_status_pair_t;


typedef struct {
    fig_str_t  path;
    fig_str_t  key;            /* the member that tells elements apart */
} fig_keyed_t;


typedef struct {
    fig_str_t  path;
    fig_str_t  abs;            /* decimal numbers as text; empty: none */
    fig_str_t  rel;
} fig_tolerance_t;


typedef struct {
    fig_str_t         path;
    fig_shape_kind_t  kind;
    const void       *pattern; /* of FIG_SHAPE_PATTERN */
} fig_shape_rule_t;


typedef struct {
    const void  *pattern;
    fig_str_t    with;         /* $0 to $9 are the match and its groups */
} fig_normalize_t;


/* All zero is what compare.md calls the defaults. */

typedef struct {
    bool                      status_class;    /* 200 is as good as 204 */
    const fig_status_pair_t  *status_pairs;    /* in either order */
    size_t                    nstatus_pairs;
    const fig_str_t          *add_headers;
    size_t                    nadd_headers;
    const fig_str_t          *remove_headers;
    size_t                    nremove_headers;
    fig_body_mode_t           body;
    const fig_str_t          *ignore;          /* path expressions */
    size_t                    nignore;
    const fig_str_t          *unordered;
    size_t                    nunordered;
    const fig_str_t          *redact;
    size_t                    nredact;
    const fig_keyed_t        *keyed;
    size_t                    nkeyed;
    const fig_tolerance_t    *tolerance;
    size_t                    ntolerance;
    const fig_shape_rule_t   *shapes;
    size_t                    nshapes;
    const fig_normalize_t    *normalize;
    size_t                    nnormalize;
    bool                      null_absent;
    bool                      keep_values;
    size_t                    max_body;        /* 0: FIG_COMPARE_MAX_BODY */
    fig_pattern_pt            match;           /* where there are patterns */
} fig_compare_options_t;


typedef struct {
    const char  *option;       /* "ignore", "tolerance" ... */
    size_t       n;            /* which of them, from 0 */
    size_t       offset;       /* in its path, or number */
    const char  *message;      /* static */
} fig_compare_error_t;


/*
 * Texts of options are copied; patterns are borrowed, and must outlive the
 * comparer.  FIG_INVALID: *error says which option is wrong.  Free with
 * fig_comparer_destroy().
 */
fig_status_t fig_comparer_create(const fig_compare_options_t *options,
    fig_comparer_t **comparer, fig_compare_error_t *error);

/* NULL is allowed. */
void fig_comparer_destroy(fig_comparer_t *comparer);

/*
 * Whether text is a path expression, for diagnostics; *offset and *message,
 * which is static, say why not.  FIG_OK, FIG_INVALID or FIG_NOMEM.
 */
fig_status_t fig_compare_check_path(fig_str_t text, size_t *offset,
    const char **message);


typedef struct {
    fig_str_t  name;
    fig_str_t  value;
} fig_answer_field_t;


typedef enum {
    FIG_FAULT_NONE,
    FIG_FAULT_TRANSPORT,       /* refused, timed out, cut off */
    FIG_FAULT_LIMIT            /* more than is kept for a comparison */
} fig_answer_fault_t;


typedef struct {
    unsigned                   status;     /* 0: there was no answer */
    const fig_answer_field_t  *fields;     /* as received, repeated ones too */
    size_t                     nfields;
    fig_str_t                  body;       /* as received: maybe gzip */
    fig_answer_fault_t         fault;
    fig_str_t                  authority;  /* the backend's own, or empty */
} fig_answer_t;


/* An authority of a Location that counts as another: of either answer. */

typedef struct {
    fig_str_t  from;
    fig_str_t  to;
} fig_host_map_t;


typedef struct {
    fig_answer_t           a;
    fig_answer_t           b;
    fig_str_t              host;       /* the request's own, or empty */
    const fig_host_map_t  *maps;
    size_t                 nmaps;
    void                  *match_data; /* for the options' match() */
} fig_answers_t;


typedef enum {
    FIG_OUTCOME_MATCH,
    FIG_OUTCOME_MISMATCH,
    FIG_OUTCOME_INCOMPARABLE,
    FIG_OUTCOME_ACKNOWLEDGED,          /* the last two: see fig_classes.h */
    FIG_OUTCOME_NOISE
} fig_outcome_t;


typedef enum {
    FIG_PART_STATUS,
    FIG_PART_HEADER,
    FIG_PART_BODY
} fig_answer_part_t;


typedef enum {
    FIG_KIND_STATUS,
    FIG_KIND_HEADER,
    FIG_KIND_MISSING,
    FIG_KIND_EXTRA,
    FIG_KIND_TYPE,
    FIG_KIND_NULL,
    FIG_KIND_VALUE,
    FIG_KIND_ORDER,
    FIG_KIND_LENGTH,
    FIG_KIND_PARSE,
    FIG_KIND_LIMIT,
    FIG_KIND_TRANSPORT,
    FIG_KIND_DUPLICATE
} fig_kind_t;


typedef struct {
    fig_answer_part_t  part;
    fig_kind_t         kind;
    bool               first;          /* of its class in this pair */
    fig_str_t          path;           /* a path expression, or a name */
    fig_str_t          from;           /* type or status, of A and of B */
    fig_str_t          to;
    fig_str_t          pointer;        /* RFC 6901, in A; of extra in B */
    fig_str_t          from_value;     /* data NULL: not kept */
    fig_str_t          to_value;
} fig_difference_t;


typedef struct {
    fig_outcome_t      outcome;        /* one of the first three */
    const char        *why;            /* static; of an incomparable pair */
    fig_difference_t  *differences;
    size_t             n;
    size_t             total;          /* with those that were not kept */
} fig_comparison_t;


/*
 * Compares a pair.  What *result points to lives in the arena, which also is
 * the room to work in; the pair must stay as long.  FIG_OK or FIG_NOMEM.
 */
fig_status_t fig_compare(const fig_comparer_t *comparer,
    const fig_answers_t *pair, fig_arena_t *arena, fig_comparison_t *result);

/* As in --json: "match", "body", "missing". */
const char *fig_outcome_name(fig_outcome_t outcome);
const char *fig_part_name(fig_answer_part_t part);
const char *fig_kind_name(fig_kind_t kind);


#endif /* FIG_COMPARE_H */
