/*
 * The walk through two documents; private to its files.
 *
 *     place of the root <- up - place of a member <- up - place of an element
 *       a, b                      a, b                      a, b
 *
 * Two ways of walking: probing ends at the first difference and says whether
 * there is one, reporting finds them all.  Depth is bounded by the reader, so
 * is recursion.  To align arrays every value has a hash that is the same for
 * all that count as equal; it is made when it is needed, once.
 */

#ifndef FIG_DIFF_H
#define FIG_DIFF_H

#include "fig_comparer.h"


#define FIG_DIFF_ALIGNED  1000             /* elements a side */
#define FIG_DIFF_CELLS    4000000          /* of all alignments of a pair */
#define FIG_DIFF_SIBLINGS  50              /* names that are ids */
#define FIG_DIFF_PATHS    4096             /* class paths of a pair */


/* One side: its document, and hashes by node; 0: not made yet. */

typedef struct {
    const fig_json_t       *doc;
    uint64_t               *hashes;
} fig_diff_side_t;


typedef struct fig_place_s  fig_place_t;

struct fig_place_s {
    fig_place_t            *up;            /* NULL: the root */
    const fig_json_node_t  *a;             /* NULL: absent */
    const fig_json_node_t  *b;
    const fig_jstate_t     *state;         /* NULL: no rule waits below */
    fig_applied_t           applied;
    bool                    redact;
    bool                    element;
    uint32_t                index;         /* of an element, in a if it is */
    uint32_t                index_b;
    uint32_t                class_path;    /* 1 + which; 0: not made yet */
};


/* Class paths are a tree: a step and what it goes from. */

typedef struct {
    uint32_t                parent;
    bool                    any;           /* [*] or .* */
    bool                    element;
    fig_str_t               name;
    fig_str_t               text;          /* data NULL: not written yet */
} fig_class_path_t;


/* Room to work in: blocks, each larger than the one before it. */

typedef struct fig_block_s  fig_block_t;

struct fig_block_s {
    fig_block_t            *next;
    size_t                  size;
    size_t                  used;
    char                   *data;
};


/* What to go back to. */

typedef struct {
    fig_block_t            *block;
    size_t                  used;
} fig_mark_t;


typedef struct {
    fig_findings_t         *findings;
    const fig_comparer_t   *comparer;
    fig_arena_t            *arena;
    fig_diff_side_t         a;
    fig_diff_side_t         b;

    bool                    probing;
    bool                    found;         /* a difference, while probing */
    bool                    nomem;

    fig_block_t            *stack;         /* the block that is in use */

    size_t                  cells;         /* that are left */
    uint16_t               *table;
    size_t                  table_size;

    fig_class_path_t       *class_paths;
    size_t                  nclass_paths;
    size_t                  max_class_paths;
    uint16_t               *path_slots;    /* 1 + which; 0: empty */
    uint64_t               *class_keys;    /* of differences that are kept */
    uint16_t               *class_slots;
} fig_diff_t;


/* Whether the walk is to end here. */

static inline bool
fig_diff_is_over(const fig_diff_t *diff)
{
    return diff->found || diff->nomem;
}


/* Compares a value that both have. */
void fig_diff_value(fig_diff_t *diff, fig_place_t *place);
void fig_diff_object(fig_diff_t *diff, fig_place_t *place);
void fig_diff_array(fig_diff_t *diff, fig_place_t *place);
void fig_diff_unordered(fig_diff_t *diff, fig_place_t *place);
void fig_diff_keyed(fig_diff_t *diff, fig_place_t *place);

/* Whether they count as equal. */
bool fig_diff_is_equal(fig_diff_t *diff, fig_place_t *place);

/* Notes a difference. */
void fig_diff_report(fig_diff_t *diff, fig_place_t *place, fig_kind_t kind);

/* A value that one side lacks. */
void fig_diff_absent(fig_diff_t *diff, fig_place_t *place);


/*
 * Makes the place of a child; state is room for its own, which it points to
 * where rules wait below.
 */
void fig_diff_member(fig_diff_t *diff, fig_place_t *up, fig_place_t *place,
    fig_jstate_t *state, const fig_json_node_t *a, const fig_json_node_t *b);
void fig_diff_element(fig_diff_t *diff, fig_place_t *up, fig_place_t *place,
    fig_jstate_t *state, const fig_json_node_t *a, const fig_json_node_t *b,
    uint32_t index);


/* The hash of an element or member, under the state of its container. */
uint64_t fig_diff_hash(fig_diff_t *diff, fig_diff_side_t *side,
    const fig_json_node_t *node, const fig_jstate_t *state,
    const fig_applied_t *applied);

/* Whether the rule for a shape lets a value pass. */
bool fig_diff_has_shape(fig_diff_t *diff, const fig_json_t *doc,
    const fig_json_node_t *node, uint16_t shape);

/* A hash of a scalar, whose equality is that of values; 0: it is none. */
uint64_t fig_diff_scalar_hash(const fig_json_t *doc,
    const fig_json_node_t *node);


/* Elements of an array, with what they are sorted by. */

typedef struct {
    uint64_t                hash;
    uint32_t                node;
    uint32_t                index;
} fig_item_t;


/* Elements of one side with their hashes; on the stack.  NULL: no memory. */
fig_item_t *fig_diff_items(fig_diff_t *diff, fig_diff_side_t *side,
    fig_place_t *array);

/* Sorts by hash, then index; on the stack is room for as many. */
void fig_diff_sort(fig_item_t *items, size_t n, fig_item_t *spare);

/* Compares, or notes as absent, two elements, of which one may be NULL. */
void fig_diff_items_pair(fig_diff_t *diff, fig_place_t *array,
    const fig_item_t *a, const fig_item_t *b);

/* Whether two elements count as equal. */
bool fig_diff_items_equal(fig_diff_t *diff, fig_place_t *array,
    const fig_item_t *a, const fig_item_t *b);

/*
 * A longest common subsequence of hashes: pairs[] of places in a and b, as many
 * as are returned; room for the shorter one.  false: too much, or no memory.
 */
typedef struct {
    uint32_t                a;
    uint32_t                b;
} fig_aligned_t;

bool fig_diff_align(fig_diff_t *diff, const fig_item_t *a, size_t na,
    const fig_item_t *b, size_t nb, fig_aligned_t *pairs, size_t *npairs);


/*
 * Room of size bytes, until what was marked before is gone back to.  NULL: no
 * memory, and the walk is over.
 */
void *fig_diff_push(fig_diff_t *diff, size_t size);
fig_mark_t fig_diff_mark(const fig_diff_t *diff);
void fig_diff_pop(fig_diff_t *diff, fig_mark_t mark);


#endif /* FIG_DIFF_H */
