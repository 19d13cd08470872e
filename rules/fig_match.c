/*
 * Finds the winner: the least rank that holds.
 *
 *     host    literal -> wildcard, longest first -> any
 *     path    of each: ends -> prefixes, longest first -> none -> patterns
 *
 * That is the order of the ranks unless `priority` changes it, so that what is
 * found first mostly ends the search: whatever cannot rank better than the
 * best so far is not looked at.  Patterns come last because they cost most.
 *
 * A tree is walked down by literal segments as far as they go.  Only where
 * templates branch off on the way the walk goes back up, over the parents of
 * its nodes, and down again; it needs no stack.
 */

#include "fig_hash.h"
#include "fig_search.h"


/* A place in a tree, and how much of the path led to it. */

typedef struct {
    const fig_node_t  *node;
    const fig_node_t  *deepest;        /* by literals; NULL: not there yet */
    const char        *p;              /* behind the node's segment */
    const char        *last;
    unsigned           open;           /* nodes above, left by a literal, from
                                          which a param leads as well */
} fig_walk_t;


bool
fig_search_conditions(fig_search_t *search, const fig_entry_t *entry)
{
    bool               limited;
    fig_because_t      because;
    const fig_cond_t  *cond;

    limited = false;

    because = fig_conditions_check(entry->set, search->request,
                                   search->scratch, &cond, &limited);

    if (limited && because != FIG_BECAUSE_WON) {
        search->limited = entry->route;
    }

    return because == FIG_BECAUSE_WON;
}


/* Takes the first entry of a list that holds and ranks better. */

static void
fig_search_list_on(fig_search_t *search, uint32_t list)
{
    const fig_link_t  *link;

    while (list != 0) {
        link = &search->index->links[list];

        if (link->rank >= search->best) {
            return;
        }

        if (fig_search_holds(search, &search->index->entries[link->rank])) {
            search->best = link->rank;
            return;
        }

        list = link->next;
    }
}


static inline void
fig_search_list(fig_search_t *search, uint32_t list)
{
    if (list != 0) {
        fig_search_list_on(search, list);
    }
}


/* The child for a literal segment which begins at p, if there is one. */

static inline const fig_node_t *
fig_search_child(const fig_index_t *index, const fig_node_t *parent,
    const char *p, const fig_segment_t *segment)
{
    size_t             len;
    uint32_t           child;
    uint64_t           at;
    const fig_node_t  *node;

    len = (size_t) (segment->end - p);
    at = segment->hash;

    while ((child = fig_table_find(&index->children, segment->hash, &at))
           != 0)
    {
        node = &index->nodes[child];

        if (node->parent == parent->self && node->len == len
            && node->head == segment->head
            && fig_rest_is_same(node->text, p, len))
        {
            return node;
        }
    }

    return NULL;
}


/* Goes down, by literals where there are some; true at the path's end. */

static inline bool
fig_walk_down(fig_walk_t *walk, const fig_search_t *search)
{
    fig_segment_t      segment;
    const fig_node_t  *node, *child;

    while (walk->p < walk->last) {
        node = walk->node;

        if (node->literals == 0 && node->param == 0) {
            break;
        }

        segment = fig_segment_read(walk->p + 1, walk->last, node->owner, 0);
        child = fig_search_child(search->index, node, walk->p + 1, &segment);

        if (child != NULL && child->least < search->best) {
            walk->open += node->param != 0;

        } else {
            if (walk->deepest == NULL) {
                walk->deepest = node;
            }

            /* a param takes no empty segment */

            child = &search->index->nodes[node->param];

            if (node->param == 0 || segment.end == walk->p + 1
                || child->least >= search->best)
            {
                return false;
            }
        }

        walk->node = child;
        walk->p = segment.end;
    }

    if (walk->deepest == NULL) {
        walk->deepest = walk->node;
    }

    return walk->p == walk->last;
}


/* Goes up to the next param that was passed by; false when none is left. */

static bool
fig_walk_up(fig_walk_t *walk, const fig_search_t *search)
{
    const char        *end;
    const fig_node_t  *nodes, *child, *param;

    nodes = search->index->nodes;

    while (walk->open != 0) {
        child = walk->node;
        walk->node = &nodes[child->parent];
        end = walk->p;

        do {
            walk->p--;
        } while (*walk->p != '/');

        param = &nodes[walk->node->param];

        if (param == nodes || param == child) {
            continue;
        }

        walk->open--;

        if (end - walk->p > 1 && param->least < search->best) {
            walk->node = param;
            walk->p = end;
            return true;
        }
    }

    return false;
}


static void
fig_search_paths(fig_search_t *search, const fig_node_t *root)
{
    fig_walk_t         walk;
    const fig_node_t  *nodes, *node;

    walk.node = root;
    walk.p = search->request->path.data;
    walk.last = walk.p + search->request->path.len;
    walk.open = 0;
    walk.deepest = NULL;

    do {
        if (fig_walk_down(&walk, search)) {
            fig_search_list(search, walk.node->ends);
        }

    } while (walk.open != 0 && fig_walk_up(&walk, search));

    nodes = search->index->nodes;

    for (node = &nodes[walk.deepest->up]; node != nodes;
         node = &nodes[nodes[node->parent].up])
    {
        fig_search_list(search, node->prefixes);
    }
}


static void
fig_search_tree(fig_search_t *search, const fig_tree_t *tree)
{
    const fig_node_t  *root;

    if (tree->least >= search->best) {
        return;
    }

    root = &search->index->nodes[tree->root];

    if (root->least < search->best && search->request->path.len != 0
        && search->request->path.data[0] == '/')
    {
        fig_search_paths(search, root);
    }

    fig_search_list(search, tree->pathless);

    if (tree->least_pattern < search->best) {
        fig_search_patterns(search, tree);
    }
}


static void
fig_search_host(fig_search_t *search, fig_str_t host, bool wildcard)
{
    uint32_t           n;
    uint64_t           hash, at;
    const fig_tree_t  *tree;

    hash = fig_hash_bytes(host);
    at = hash;

    while ((n = fig_table_find(&search->index->hosts, hash, &at)) != 0) {
        tree = &search->index->trees[n];

        if (tree->wildcard == wildcard && fig_str_eq(tree->host, host)) {
            fig_search_tree(search, tree);
            return;
        }
    }
}


/* Tries every suffix that is as long as one of the wildcards. */

static void
fig_search_wildcards(fig_search_t *search, fig_str_t host)
{
    size_t           i, len, bit;
    const uint64_t  *suffixes;

    suffixes = search->index->suffixes;

    for (i = 1; i < host.len; i++) {

        if (host.data[i] != '.') {
            continue;
        }

        len = host.len - i;
        bit = (len < FIG_SUFFIX_MAX) ? len : FIG_SUFFIX_MAX;

        if ((suffixes[bit / 64] >> (bit % 64)) & 1) {
            fig_search_host(search, fig_str(host.data + i, len), true);
        }
    }
}


void
fig_match(const fig_ruleset_t *ruleset, fig_request_t *request,
    fig_scratch_t *scratch, fig_match_t *match)
{
    fig_search_t        search;
    const fig_index_t  *index;
    const fig_entry_t  *entry;

    index = ruleset->index;

    search.index = index;
    search.request = request;
    search.scratch = scratch;
    search.best = FIG_RANK_NONE;
    search.method = 0;
    search.limited = NULL;

    if (request->host.len != 0) {

        if (index->literal_hosts) {
            fig_search_host(&search, request->host, false);
        }

        if (index->wildcard_hosts) {
            fig_search_wildcards(&search, request->host);
        }
    }

    fig_search_tree(&search, &index->trees[1]);

    match->route = NULL;
    match->set = NULL;
    match->path = NULL;
    match->limited = search.limited;

    if (search.best != FIG_RANK_NONE) {
        entry = &index->entries[search.best];

        match->route = entry->route;
        match->set = entry->set;
        match->path = entry->path;
    }
}
