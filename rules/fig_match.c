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
    uint32_t        node;
    const char     *p;                 /* behind the node's segment */
    const char     *last;
    unsigned        open;              /* nodes above, left by a literal, from
                                          which a param leads as well */
    uint32_t        deepest;           /* by literals only; 0: not there yet */
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
fig_search_list(fig_search_t *search, uint32_t list)
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


/* The child for a literal segment which begins at p; 0: there is none. */

static inline uint32_t
fig_search_child(const fig_index_t *index, uint32_t parent, const char *p,
    const fig_segment_t *segment)
{
    size_t             len;
    uint32_t           child;
    uint64_t           hash, at;
    const fig_node_t  *node;

    len = (size_t) (segment->end - p);
    hash = fig_hash_owned(segment->hash, parent);
    at = hash;

    while ((child = fig_table_find(&index->children, hash, &at)) != 0) {
        node = &index->nodes[child];

        if (node->parent == parent && node->len == len
            && node->head == segment->head
            && (len <= 8 || memcmp(node->text + 8, p + 8, len - 8) == 0))
        {
            break;
        }
    }

    return child;
}


/* Goes down, by literals where there are some; true at the path's end. */

static bool
fig_walk_down(fig_walk_t *walk, const fig_search_t *search)
{
    uint32_t           child;
    fig_segment_t      segment;
    const fig_node_t  *nodes, *node;

    nodes = search->index->nodes;

    while (walk->p < walk->last) {
        node = &nodes[walk->node];

        segment = fig_segment_read(walk->p + 1, walk->last, 0);
        child = fig_search_child(search->index, walk->node, walk->p + 1,
                                 &segment);

        if (child != 0 && nodes[child].least < search->best) {
            walk->open += node->param != 0;

        } else {
            if (walk->deepest == 0) {
                walk->deepest = walk->node;
            }

            /* a param takes no empty segment */

            child = node->param;

            if (child == 0 || segment.end == walk->p + 1
                || nodes[child].least >= search->best)
            {
                return false;
            }
        }

        walk->node = child;
        walk->p = segment.end;
    }

    if (walk->deepest == 0) {
        walk->deepest = walk->node;
    }

    return true;
}


/* Goes up to the next param that was passed by; false when none is left. */

static bool
fig_walk_up(fig_walk_t *walk, const fig_search_t *search)
{
    uint32_t           param, child;
    const char        *end;
    const fig_node_t  *nodes;

    nodes = search->index->nodes;

    while (walk->open != 0) {
        child = walk->node;
        walk->node = nodes[child].parent;
        end = walk->p;

        do {
            walk->p--;
        } while (*walk->p != '/');

        param = nodes[walk->node].param;

        if (param == 0 || param == child) {
            continue;
        }

        walk->open--;

        if (end - walk->p > 1 && nodes[param].least < search->best) {
            walk->node = param;
            walk->p = end;
            return true;
        }
    }

    return false;
}


static void
fig_search_paths(fig_search_t *search, const fig_tree_t *tree)
{
    uint32_t           n;
    fig_walk_t         walk;
    const fig_node_t  *nodes;

    nodes = search->index->nodes;

    walk.node = tree->root;
    walk.p = search->request->path.data;
    walk.last = walk.p + search->request->path.len;
    walk.open = 0;
    walk.deepest = 0;

    if (walk.p == walk.last || *walk.p != '/'
        || nodes[tree->root].least >= search->best)
    {
        return;
    }

    do {
        if (fig_walk_down(&walk, search)) {
            fig_search_list(search, nodes[walk.node].ends);
        }

    } while (fig_walk_up(&walk, search));

    for (n = nodes[walk.deepest].up; n != 0; n = nodes[nodes[n].parent].up) {
        fig_search_list(search, nodes[n].prefixes);
    }
}


static void
fig_search_tree(fig_search_t *search, const fig_tree_t *tree)
{
    if (tree->least >= search->best) {
        return;
    }

    fig_search_paths(search, tree);
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
