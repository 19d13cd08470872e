/*
 * A strict JSON reader (RFC 8259).
 *
 *     {"a": [1, "x"], "b": null}
 *
 *     nodes   | object | array | 1 | "x" | null |      in document order
 *               n 2      n 2, next -------> null
 *
 * A document lives in the caller's arena and borrows its text: both must stay.
 * Numbers stay text, members stay in order and duplicates stay.  Text must be
 * UTF-8; a byte order mark in front is skipped.  No recursion: what a document
 * can cost is bounded by its limits and its length.
 */

#ifndef FIG_JSON_H
#define FIG_JSON_H

#include "fig_arena.h"
#include "fig_base.h"


#define FIG_JSON_DEPTH  64
#define FIG_JSON_NODES  100000


typedef enum {
    FIG_JSON_NULL,
    FIG_JSON_FALSE,
    FIG_JSON_TRUE,
    FIG_JSON_NUMBER,
    FIG_JSON_STRING,
    FIG_JSON_ARRAY,
    FIG_JSON_OBJECT
} fig_json_kind_t;


typedef struct fig_json_s  fig_json_t;


typedef struct {
    uint32_t  kind;            /* fig_json_kind_t */
    uint32_t  nchildren;       /* elements or members, duplicates too */

    /* private: places in the text, or in what was unescaped from it */

    uint32_t  next;            /* node of the next sibling; 0: none */
    uint32_t  text;
    uint32_t  len;
    uint32_t  key;
    uint32_t  key_len;
} fig_json_node_t;


typedef struct {
    uint32_t  depth;           /* of containers, the root is 1; 0: the above */
    uint32_t  nodes;           /* every value is one; 0: the above */
    bool      unique;          /* duplicate names are an error */
} fig_json_limits_t;


typedef enum {
    FIG_JSON_SYNTAX,           /* this is no JSON */
    FIG_JSON_LIMIT,            /* too deep, too many values, 2 GiB or more */
    FIG_JSON_DUPLICATE         /* a name that its object has already */
} fig_json_fault_t;


typedef struct {
    size_t            offset;  /* where in the text */
    uint32_t          line;    /* from 1, as is col, which counts bytes */
    uint32_t          col;
    fig_json_fault_t  fault;
    const char       *message; /* static */
} fig_json_error_t;


/*
 * Reads text, which must be one value.  limits may be NULL: the defaults.  On
 * FIG_INVALID *error, which may be NULL, says why; on FIG_NOMEM nothing is
 * known.  *doc is set on FIG_OK only.
 */
fig_status_t fig_json_parse(fig_str_t text, const fig_json_limits_t *limits,
    fig_arena_t *arena, fig_json_t **doc, fig_json_error_t *error);

/* The value that is the document. */
const fig_json_node_t *fig_json_root(const fig_json_t *doc);

/*
 * NUMBER: as it was written.  STRING: unescaped; it may contain NUL.  Others:
 * from their first byte to their last.
 */
fig_str_t fig_json_text(const fig_json_t *doc, const fig_json_node_t *node);

/* The name of a member, unescaped; empty for what is none. */
fig_str_t fig_json_key(const fig_json_t *doc, const fig_json_node_t *node);

/* The first child and the next sibling; NULL when there is none. */
const fig_json_node_t *fig_json_first(const fig_json_t *doc,
    const fig_json_node_t *node);
const fig_json_node_t *fig_json_next(const fig_json_t *doc,
    const fig_json_node_t *node);

/* The first member with this name, or NULL: also when object is none. */
const fig_json_node_t *fig_json_find(const fig_json_t *doc,
    const fig_json_node_t *object, fig_str_t key);

/*
 * The first member, in document order, whose object has one of its name before
 * it: *member, NULL when there is none.  n log n for n members, whatever their
 * names.  FIG_OK or FIG_NOMEM.
 */
fig_status_t fig_json_find_duplicate(const fig_json_t *doc,
    fig_arena_t *arena, const fig_json_node_t **member);

/* Where a node is in the text, for a message. */
void fig_json_place(const fig_json_t *doc, const fig_json_node_t *node,
    fig_json_error_t *place);

/* Number of nodes, and the place of a node among them. */
uint32_t fig_json_count(const fig_json_t *doc);
uint32_t fig_json_index(const fig_json_t *doc, const fig_json_node_t *node);


#endif /* FIG_JSON_H */
