/*
 * Builds the index: ranks, a tree of path segments for every host, lists.
 *
 *     entry (*.shop.de, /cart/{id})
 *         -> tree of ".shop.de"
 *             -> root -> child "cart" -> param: ends
 *
 * What a pattern guarantees is fig_patterns.c's matter.
 */

#include <stdlib.h>

#include "fig_builder.h"
#include "fig_hash.h"


#define FIG_TREE_ANY  1


uint32_t
fig_vector_add(fig_vector_t *vector)
{
    void      *items;
    uint32_t   max;

    if (vector->n == vector->max) {

        if (vector->max > UINT32_MAX / 2) {
            return 0;
        }

        max = 2 * vector->max;

        items = realloc(vector->items, max * vector->size);
        if (items == NULL) {
            return 0;
        }

        vector->items = items;
        vector->max = max;
    }

    memset((char *) vector->items + vector->n * vector->size, 0,
           vector->size);

    return vector->n++;
}


static bool
fig_vector_init(fig_vector_t *vector, size_t size)
{
    vector->size = size;
    vector->max = 16;
    vector->n = 0;
    vector->items = malloc(vector->max * size);

    /* element 0 */

    return vector->items != NULL && fig_vector_add(vector) == 0;
}


static void *
fig_vector_copy(const fig_vector_t *vector, fig_arena_t *arena)
{
    void  *copy;

    copy = fig_arena_array(arena, vector->n, vector->size);
    if (copy != NULL) {
        memcpy(copy, vector->items, vector->n * vector->size);
    }

    return copy;
}


static fig_node_t *
fig_builder_node(const fig_builder_t *builder, uint32_t node)
{
    return (fig_node_t *) builder->nodes.items + node;
}


fig_tree_t *
fig_builder_tree(const fig_builder_t *builder, uint32_t tree)
{
    return (fig_tree_t *) builder->trees.items + tree;
}


bool
fig_builder_link(fig_builder_t *builder, uint32_t *list, uint32_t rank)
{
    uint32_t     n;
    fig_link_t  *link;

    link = (fig_link_t *) builder->links.items + *list;

    if (*list != 0 && link->rank == rank) {
        return true;
    }

    n = fig_vector_add(&builder->links);
    if (n == 0) {
        return false;
    }

    link = (fig_link_t *) builder->links.items + n;
    link->rank = rank;
    link->next = *list;
    *list = n;

    return true;
}


static uint32_t
fig_builder_add_node(fig_builder_t *builder, uint32_t parent)
{
    uint32_t     n;
    fig_node_t  *node;

    n = fig_vector_add(&builder->nodes);

    if (n != 0) {
        node = fig_builder_node(builder, n);
        node->self = n;
        node->parent = parent;
        node->owner = fig_hash_owner(n);
        node->least = FIG_RANK_NONE;
    }

    return n;
}


static uint32_t
fig_builder_add_tree(fig_builder_t *builder, fig_str_t host)
{
    uint32_t     n, root;
    fig_tree_t  *tree;

    n = fig_vector_add(&builder->trees);
    root = fig_builder_add_node(builder, 0);

    if (n == 0 || root == 0) {
        return 0;
    }

    tree = fig_builder_tree(builder, n);
    tree->host = host;
    tree->root = root;
    tree->least = FIG_RANK_NONE;
    tree->least_pattern = FIG_RANK_NONE;

    return n;
}


static void
fig_builder_note_suffix(fig_index_t *index, size_t len)
{
    if (len > FIG_SUFFIX_MAX) {
        len = FIG_SUFFIX_MAX;
    }

    index->suffixes[len / 64] |= UINT64_C(1) << (len % 64);
    index->wildcard_hosts = true;
}


/* The tree of an entry's host, made where there is none; 0: no memory. */

static uint32_t
fig_builder_find_tree(fig_builder_t *builder, const fig_hostname_t *host)
{
    uint32_t  tree;
    uint64_t  hash, at;

    if (host == NULL) {
        return FIG_TREE_ANY;
    }

    hash = fig_hash_bytes(host->text);
    at = hash;

    while ((tree = fig_table_find(&builder->hosts, hash, &at)) != 0) {
        if (fig_str_eq(fig_builder_tree(builder, tree)->host, host->text)
            && fig_builder_tree(builder, tree)->wildcard == host->wildcard)
        {
            return tree;
        }
    }

    tree = fig_builder_add_tree(builder, host->text);

    if (tree == 0 || !fig_table_add(&builder->hosts, hash, tree)) {
        return 0;
    }

    fig_builder_tree(builder, tree)->wildcard = host->wildcard;

    if (host->wildcard) {
        fig_builder_note_suffix(builder->index, host->text.len);
    } else {
        builder->index->literal_hosts = true;
    }

    return tree;
}


/* The child of a node for a literal segment, made where there is none. */

static uint32_t
fig_builder_child(fig_builder_t *builder, uint32_t parent, fig_str_t text)
{
    uint32_t       child;
    uint64_t       hash, at;
    fig_node_t    *node;
    fig_segment_t  segment;

    segment = fig_segment_read(text.data, text.data + text.len,
                               fig_hash_owner(parent), 0);
    hash = segment.hash;
    at = hash;

    while ((child = fig_table_find(&builder->children, hash, &at)) != 0) {
        node = fig_builder_node(builder, child);

        if (node->parent == parent
            && fig_str_eq(fig_str(node->text, node->len), text))
        {
            return child;
        }
    }

    child = fig_builder_add_node(builder, parent);

    if (child == 0 || !fig_table_add(&builder->children, hash, child)) {
        return 0;
    }

    node = fig_builder_node(builder, child);
    node->text = text.data;
    node->len = (uint32_t) text.len;
    node->head = segment.head;

    fig_builder_node(builder, parent)->literals++;

    return child;
}


static uint32_t
fig_builder_param(fig_builder_t *builder, uint32_t parent)
{
    uint32_t  child;

    child = fig_builder_node(builder, parent)->param;

    if (child == 0) {
        child = fig_builder_add_node(builder, parent);
        fig_builder_node(builder, parent)->param = child;
    }

    return child;
}


/* The node of a path, all of them made where there are none. */

static uint32_t
fig_builder_path(fig_builder_t *builder, uint32_t node,
    const fig_path_t *path)
{
    fig_str_t    segment;
    const char  *p, *last;

    p = path->text.data;
    last = p + path->text.len;

    while (p < last && node != 0) {
        segment.data = ++p;

        while (p < last && *p != '/') {
            p++;
        }

        segment.len = (size_t) (p - segment.data);

        if (path->kind == FIG_PATH_TEMPLATE && segment.len > 1
            && segment.data[0] == '{')
        {
            node = fig_builder_param(builder, node);
        } else {
            node = fig_builder_child(builder, node, segment);
        }
    }

    return node;
}


/* Ranks come in descending order: each one is the least so far. */

static void
fig_builder_note_least(fig_builder_t *builder, uint32_t node, uint32_t rank)
{
    while (node != 0) {
        fig_builder_node(builder, node)->least = rank;
        node = fig_builder_node(builder, node)->parent;
    }
}


static fig_status_t
fig_builder_add_path(fig_builder_t *builder, fig_tree_t *tree,
    const fig_path_t *path, uint32_t rank)
{
    bool         ok;
    uint32_t     n;
    fig_node_t  *node;

    n = fig_builder_path(builder, tree->root, path);
    if (n == 0) {
        return FIG_NOMEM;
    }

    fig_builder_note_least(builder, n, rank);

    node = fig_builder_node(builder, n);

    if (path->kind == FIG_PATH_PREFIX) {
        ok = fig_builder_link(builder, &node->prefixes, rank);
    } else {
        ok = fig_builder_link(builder, &node->ends, rank);
    }

    return ok ? FIG_OK : FIG_NOMEM;
}


static fig_status_t
fig_builder_add_entry(fig_builder_t *builder, uint32_t rank)
{
    uint32_t            n;
    fig_tree_t         *tree;
    const fig_entry_t  *entry;

    entry = &builder->index->entries[rank];

    n = fig_builder_find_tree(builder, entry->host);
    if (n == 0) {
        return FIG_NOMEM;
    }

    builder->tree_of[rank] = n;

    tree = fig_builder_tree(builder, n);
    tree->least = rank;

    if (entry->path == NULL) {
        return fig_builder_link(builder, &tree->pathless, rank) ? FIG_OK
                                                                : FIG_NOMEM;
    }

    if (entry->path->kind == FIG_PATH_REGEX) {
        tree->least_pattern = rank;
        return fig_builder_link(builder, &tree->patterns, rank) ? FIG_OK
                                                                : FIG_NOMEM;
    }

    return fig_builder_add_path(builder, tree, entry->path, rank);
}


/* Parents are older than their children, so that theirs is known. */

static void
fig_builder_note_up(fig_builder_t *builder)
{
    uint32_t     n;
    fig_node_t  *node;

    for (n = 1; n < builder->nodes.n; n++) {
        node = fig_builder_node(builder, n);
        node->up = (node->prefixes != 0)
                   ? n : fig_builder_node(builder, node->parent)->up;
    }
}


static fig_status_t
fig_builder_run(fig_builder_t *builder)
{
    uint32_t      rank;
    fig_str_t     any;
    fig_status_t  rc;

    any = fig_str(NULL, 0);

    if (fig_builder_add_tree(builder, any) != FIG_TREE_ANY) {
        return FIG_NOMEM;
    }

    for (rank = builder->index->nentries; rank > 0; rank--) {
        rc = fig_builder_add_entry(builder, rank - 1);
        if (rc != FIG_OK) {
            return rc;
        }
    }

    fig_builder_note_up(builder);

    return fig_patterns_compile(builder);
}


/* What was built becomes part of the index. */

static fig_status_t
fig_builder_finish(fig_builder_t *builder)
{
    fig_index_t  *index;
    fig_arena_t  *arena;

    index = builder->index;
    arena = builder->arena;

    index->links = fig_vector_copy(&builder->links, arena);
    index->nodes = fig_vector_copy(&builder->nodes, arena);
    index->trees = fig_vector_copy(&builder->trees, arena);
    index->probes = fig_vector_copy(&builder->probes, arena);

    if (index->links == NULL || index->nodes == NULL || index->trees == NULL
        || index->probes == NULL
        || !fig_table_copy(&builder->hosts, arena, &index->hosts)
        || !fig_table_copy(&builder->children, arena, &index->children)
        || !fig_table_copy(&builder->segments, arena, &index->segments)
        || !fig_table_copy(&builder->grams, arena, &index->grams))
    {
        return FIG_NOMEM;
    }

    return FIG_OK;
}


static bool
fig_builder_init(fig_builder_t *builder, fig_arena_t *arena,
    fig_index_t *index)
{
    memset(builder, 0, sizeof(fig_builder_t));

    builder->arena = arena;
    builder->index = index;
    builder->tree_of = calloc(index->nentries + 1, sizeof(uint32_t));

    return builder->tree_of != NULL
           && fig_vector_init(&builder->links, sizeof(fig_link_t))
           && fig_vector_init(&builder->nodes, sizeof(fig_node_t))
           && fig_vector_init(&builder->trees, sizeof(fig_tree_t))
           && fig_vector_init(&builder->probes, sizeof(fig_probe_t))
           && fig_table_init(&builder->hosts)
           && fig_table_init(&builder->children)
           && fig_table_init(&builder->segments)
           && fig_table_init(&builder->grams);
}


static void
fig_builder_release(fig_builder_t *builder)
{
    free(builder->tree_of);
    free(builder->links.items);
    free(builder->nodes.items);
    free(builder->trees.items);
    free(builder->probes.items);

    fig_table_release(&builder->hosts);
    fig_table_release(&builder->children);
    fig_table_release(&builder->segments);
    fig_table_release(&builder->grams);
}


fig_status_t
fig_index_create(const fig_model_t *model, fig_arena_t *arena,
    fig_index_t **index)
{
    uint64_t       n;
    fig_index_t   *ix;
    fig_status_t   rc;
    fig_builder_t  builder;

    n = fig_entries_count(model);
    if (n > FIG_INDEX_MAX_ENTRIES) {
        return FIG_NOMEM;
    }

    ix = fig_arena_alloc(arena, sizeof(fig_index_t));
    if (ix == NULL) {
        return FIG_NOMEM;
    }

    ix->nentries = (uint32_t) n;
    ix->entries = fig_entries_create(model, n, arena);

    if (ix->entries == NULL && n != 0) {
        return FIG_NOMEM;
    }

    rc = FIG_NOMEM;

    if (fig_builder_init(&builder, arena, ix)) {
        rc = fig_builder_run(&builder);
    }

    if (rc == FIG_OK) {
        rc = fig_builder_finish(&builder);
    }

    fig_builder_release(&builder);

    if (rc == FIG_OK) {
        *index = ix;
    }

    return rc;
}
