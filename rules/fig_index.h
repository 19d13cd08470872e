/*
 * The compiled index over a checked model; private to rules/.  It lives in the
 * arena that it was built in and points into the model.
 *
 *     host ---> tree ---+--> node "" -> node "api" -> node "orders"
 *     *.host -> tree    |      |          |              |
 *     any ----> tree    |     param      param         ends, prefixes
 *                       |
 *                       +--> patterns: by segment, by gram, always
 *
 *     ends, prefixes, ...:  link -> link -> 0        ascending ranks
 *
 * A list is the number of its first link, 0 where it is empty; nodes and trees
 * count from 1 as well.
 */

#ifndef FIG_INDEX_H
#define FIG_INDEX_H

#include "fig_rank.h"
#include "fig_rules.h"
#include "fig_table.h"


/*
 * More entries than this (hosts times paths of every set, added up) are not
 * indexed: whoever validates a model refuses them first, with a diagnostic.
 */

#define FIG_INDEX_MAX_ENTRIES  1000000

#define FIG_RANK_NONE          UINT32_MAX

/* Suffix lengths of wildcard hosts; all longer ones share the last bit. */

#define FIG_SUFFIX_MAX         255

#define FIG_GRAM               4
#define FIG_FILTER_BITS        17


typedef struct {
    uint32_t        rank;
    uint32_t        next;
} fig_link_t;


/*
 * All nodes are in one hash table, by parent and segment.  Each one knows the
 * least rank below it: a search that has found better turns back at once.  It
 * has 64 bytes, so that it costs a cache line, and finding it a shift.
 */

typedef struct {
    uint64_t        head;              /* of text, see fig_hash.h */
    uint64_t        owner;             /* where its children's hashes begin */
    const char     *text;              /* the segment; not for a param */
    uint32_t        len;
    uint32_t        self;              /* its own number */
    uint32_t        parent;            /* 0: a root */
    uint32_t        literals;          /* number of children by literal */
    uint32_t        param;             /* child that takes any segment */
    uint32_t        ends;              /* list: exact paths and templates */
    uint32_t        prefixes;          /* list */
    uint32_t        up;                /* this node or the next one above it
                                          that has prefixes */
    uint32_t        least;
} fig_node_t;


/* A literal to be found in a path, by four bytes of it. */

typedef struct {
    fig_str_t       text;              /* ASCII in lower case */
    uint32_t        at;                /* where in text the four bytes are */
    uint32_t        list;
    uint32_t        next;              /* another literal for these bytes */
} fig_probe_t;


typedef struct {
    fig_str_t       host;              /* wildcard: with its dot; any: empty */
    bool            wildcard;
    uint32_t        root;
    uint32_t        least;
    uint32_t        pathless;          /* list: entries without a path */

    /* Patterns: all of them; those that nothing can be said about. */

    uint32_t        patterns;
    uint32_t        always;
    uint32_t        least_pattern;
    bool            by_segment;
    bool            by_gram;
} fig_tree_t;


typedef struct fig_index_s  fig_index_t;

struct fig_index_s {
    uint32_t        nentries;
    fig_entry_t    *entries;           /* by rank */

    fig_link_t     *links;
    fig_node_t     *nodes;
    fig_tree_t     *trees;             /* the first one is that of any host */
    fig_probe_t    *probes;

    fig_table_t     hosts;             /* host -> tree */
    fig_table_t     children;          /* parent, segment -> node */
    fig_table_t     segments;          /* tree, segment -> list */
    fig_table_t     grams;             /* tree, gram -> probe */

    bool            literal_hosts;
    bool            wildcard_hosts;
    uint64_t        suffixes[FIG_SUFFIX_MAX / 64 + 1];

    /* Which four bytes are worth a look-up, by fig_gram_bit(). */

    uint64_t        filter[(1 << FIG_FILTER_BITS) / 64];
};


struct fig_ruleset_s {
    fig_arena_t    *arena;             /* owns everything but the patterns */
    fig_model_t     model;
    fig_index_t    *index;
    uint32_t        nregexes;          /* every pattern, to be destroyed */
    fig_regex_t   **regexes;
};


/* The place of four bytes, each or-ed with 0x20, in the filter. */

static inline uint32_t
fig_gram_bit(uint32_t gram, uint32_t tree)
{
    gram = (gram ^ tree * UINT32_C(0x85ebca77)) * UINT32_C(0x9e3779b1);

    return gram >> (32 - FIG_FILTER_BITS);
}


/*
 * FIG_OK or FIG_NOMEM; the model must have been validated and must have at
 * most FIG_INDEX_MAX_ENTRIES (see fig_entries_count()).
 */
fig_status_t fig_index_create(const fig_model_t *model, fig_arena_t *arena,
    fig_index_t **index);


#endif /* FIG_INDEX_H */
