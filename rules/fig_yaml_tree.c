/*
 * The tree builder of fig_yaml_tree.h, without recursion: the depth of a text
 * costs nothing but its frame.  Every node knows how many nodes it stands for
 * and how many levels are below it, so that an alias is judged by what it
 * repeats without looking into it.
 */

#include "fig_yaml_tree.h"
#include "fig_text.h"

#include <stdio.h>
#include <stdlib.h>


/* Up to this many keys are compared each with each. */
#define FIG_YAML_FEW_KEYS  16


void
fig_yaml_tree_init(fig_yaml_tree_t *tree, fig_arena_t *arena,
    fig_diags_t *diags)
{
    memset(tree, 0, sizeof(fig_yaml_tree_t));
    tree->arena = arena;
    tree->diags = diags;
    fig_names_init(&tree->anchors, arena);
}


void
fig_yaml_tree_release(fig_yaml_tree_t *tree)
{
    free(tree->stack);
}


void
fig_yaml_tree_error(fig_yaml_tree_t *tree, fig_pos_t pos,
    const char *message, const char *hint)
{
    fig_diags_add(tree->diags, pos, message, hint);
    tree->wrong = true;
}


static fig_yaml_t *
fig_yaml_node(fig_yaml_tree_t *tree, fig_yaml_kind_t kind, fig_pos_t pos)
{
    fig_yaml_t  *node;

    node = fig_arena_alloc(tree->arena, sizeof(fig_yaml_t));

    if (node != NULL) {
        node->kind = (uint8_t) kind;
        node->pos = pos;
        node->size = 1;
    }

    return node;
}


/* Hands a finished node to the list or map that is open. */

static fig_status_t
fig_yaml_emit(fig_yaml_tree_t *tree, fig_yaml_t *node)
{
    uint32_t      room;
    fig_yaml_t  **stack;

    if (tree->depth == 0) {
        tree->root = node;
        return FIG_OK;
    }

    if (tree->nstack == tree->room) {
        room = (tree->room == 0) ? 64 : tree->room * 2;

        stack = realloc(tree->stack, room * sizeof(fig_yaml_t *));
        if (stack == NULL) {
            return FIG_NOMEM;
        }

        tree->stack = stack;
        tree->room = room;
    }

    tree->stack[tree->nstack++] = node;

    return FIG_OK;
}


static fig_status_t
fig_yaml_anchor(fig_yaml_tree_t *tree, const char *anchor, fig_yaml_t *node)
{
    bool           added;
    uint32_t       i, room;
    fig_str_t      name;
    fig_yaml_t   **nodes;

    if (anchor == NULL) {
        return FIG_OK;
    }

    name = fig_arena_str(tree->arena, fig_str_from(anchor));

    if (name.data == NULL
        || fig_names_add(&tree->anchors, name, &i, &added) != FIG_OK)
    {
        return FIG_NOMEM;
    }

    if (!added) {
        fig_yaml_tree_error(tree, node->pos, "this anchor's name is taken",
                            NULL);
        return FIG_OK;
    }

    if (i == tree->anchor_room) {
        room = (i == 0) ? 16 : i * 2;

        nodes = fig_arena_array(tree->arena, room, sizeof(fig_yaml_t *));
        if (nodes == NULL) {
            return FIG_NOMEM;
        }

        if (i > 0) {
            memcpy(nodes, tree->anchor_nodes, i * sizeof(fig_yaml_t *));
        }

        tree->anchor_nodes = nodes;
        tree->anchor_room = room;
    }

    tree->anchor_nodes[i] = node;

    return FIG_OK;
}


fig_status_t
fig_yaml_tree_text(fig_yaml_tree_t *tree, fig_pos_t pos, fig_str_t text,
    bool plain, const char *anchor)
{
    fig_yaml_t  *node;

    node = fig_yaml_node(tree, FIG_YAML_TEXT, pos);
    if (node == NULL) {
        return FIG_NOMEM;
    }

    node->plain = plain;
    node->text = fig_arena_str(tree->arena, text);

    if (node->text.data == NULL
        || fig_yaml_anchor(tree, anchor, node) != FIG_OK)
    {
        return FIG_NOMEM;
    }

    return fig_yaml_emit(tree, node);
}


/*
 * The node that an alias repeats.  NULL, with an error, where it must not be
 * repeated; *fatal is set where more of the same kind would follow.
 */

static const fig_yaml_t *
fig_yaml_find_target(fig_yaml_tree_t *tree, fig_pos_t pos, const char *anchor,
    bool *fatal)
{
    uint32_t           i;
    const fig_yaml_t  *target;

    *fatal = false;

    if (!fig_names_find(&tree->anchors, fig_str_from(anchor), &i)) {
        fig_yaml_tree_error(tree, pos, "this alias has no anchor before it",
                            "a value that begins with * must be quoted");
        return NULL;
    }

    target = tree->anchor_nodes[i];

    if (target->open) {
        fig_yaml_tree_error(tree, pos,
                            "this alias stands inside of what it repeats",
                            NULL);
        return NULL;
    }

    if (target->size > FIG_YAML_MAX_EXPANDED - tree->expanded) {
        fig_yaml_tree_error(tree, pos,
                            "aliases expand to more than 1,000,000 nodes",
                            NULL);
        *fatal = true;
        return NULL;
    }

    if (tree->depth + target->height > FIG_YAML_MAX_NESTING) {
        fig_yaml_tree_error(tree, pos, "nested more than 32 levels deep", NULL);
        return NULL;
    }

    return target;
}


fig_status_t
fig_yaml_tree_alias(fig_yaml_tree_t *tree, fig_pos_t pos, const char *anchor)
{
    bool               fatal;
    fig_yaml_t        *node;
    const fig_yaml_t  *target;

    node = fig_yaml_node(tree, FIG_YAML_BAD, pos);
    if (node == NULL) {
        return FIG_NOMEM;
    }

    target = fig_yaml_find_target(tree, pos, anchor, &fatal);

    if (fatal) {
        return FIG_INVALID;
    }

    if (target != NULL) {
        tree->expanded += target->size;
        *node = *target;
        node->pos = pos;
        node->alias = true;
    }

    return fig_yaml_emit(tree, node);
}


fig_status_t
fig_yaml_tree_begin(fig_yaml_tree_t *tree, fig_pos_t pos, fig_yaml_kind_t kind,
    const char *anchor)
{
    fig_yaml_t        *node;
    fig_yaml_frame_t  *frame;

    if (tree->depth == FIG_YAML_MAX_NESTING) {
        fig_yaml_tree_error(tree, pos, "nested more than 32 levels deep", NULL);
        return FIG_INVALID;
    }

    node = fig_yaml_node(tree, kind, pos);
    if (node == NULL) {
        return FIG_NOMEM;
    }

    node->open = true;

    frame = &tree->frames[tree->depth++];
    frame->node = node;
    frame->base = tree->nstack;

    return fig_yaml_anchor(tree, anchor, node);
}


static void
fig_yaml_duplicate(fig_yaml_tree_t *tree, const fig_yaml_t *key,
    const fig_yaml_t *first)
{
    char  message[FIG_QUOTED + 32], hint[64], quoted[FIG_QUOTED];

    snprintf(message, sizeof(message), "duplicate key %s",
             fig_text_quote(key->text, quoted));
    snprintf(hint, sizeof(hint), "it stands at line %u already",
             first->pos.line);

    fig_yaml_tree_error(tree, key->pos, message, hint);
}


/* Whether a key may stand in a map at all; reports it if not. */

static bool
fig_yaml_check_key(fig_yaml_tree_t *tree, const fig_yaml_t *key)
{
    if (key->kind == FIG_YAML_BAD) {
        return false;
    }

    if (key->kind != FIG_YAML_TEXT) {
        fig_yaml_tree_error(tree, key->pos, "a key must be text", NULL);
        return false;
    }

    if (fig_yaml_is_null(key)) {
        fig_yaml_tree_error(tree, key->pos, "a key is missing here", NULL);
        return false;
    }

    if (key->plain && fig_str_eq(key->text, fig_str("<<", 2))) {
        fig_yaml_tree_error(tree, key->pos, "merge keys (<<) are not supported",
                       "repeat the keys, or use an alias for a whole value");
        return false;
    }

    return true;
}


/* Finds key among the pairs of map; names is used where there are many. */

static fig_status_t
fig_yaml_find_key(const fig_yaml_t *map, fig_names_t *names,
    const fig_yaml_t *key, const fig_yaml_t **found)
{
    bool      added;
    uint32_t  i;

    *found = NULL;

    if (names != NULL) {
        if (fig_names_add(names, key->text, &i, &added) != FIG_OK) {
            return FIG_NOMEM;
        }

        if (!added) {
            *found = map->pairs[i].key;
        }

        return FIG_OK;
    }

    for (i = 0; i < map->n; i++) {
        if (fig_str_eq(map->pairs[i].key->text, key->text)) {
            *found = map->pairs[i].key;
        }
    }

    return FIG_OK;
}


static fig_status_t
fig_yaml_end_map(fig_yaml_tree_t *tree, fig_yaml_t *map, fig_yaml_t **children,
    uint32_t n)
{
    uint32_t           i;
    fig_names_t        names;
    fig_yaml_t        *key, *value;
    const fig_yaml_t  *same;

    map->pairs = fig_arena_array(tree->arena, n / 2, sizeof(fig_pair_t));
    if (map->pairs == NULL) {
        return FIG_NOMEM;
    }

    fig_names_init(&names, tree->arena);

    for (i = 0; i + 1 < n; i += 2) {
        key = children[i];
        value = children[i + 1];

        /* what a map lacks is not known where a key cannot be read */

        if (!fig_yaml_check_key(tree, key)) {
            map->kind = FIG_YAML_BAD;
            continue;
        }

        if (fig_yaml_find_key(map,
                              n > 2 * FIG_YAML_FEW_KEYS ? &names : NULL,
                              key, &same) != FIG_OK)
        {
            return FIG_NOMEM;
        }

        if (same != NULL) {
            fig_yaml_duplicate(tree, key, same);
            continue;
        }

        if (value->kind == FIG_YAML_TEXT && value->plain
            && value->text.len == 0)
        {
            value->pos = key->pos;
        }

        map->pairs[map->n].key = key;
        map->pairs[map->n].value = value;
        map->n++;
    }

    /* a map in block style begins where its first key does */

    if (n > 0 && children[0]->pos.line == map->pos.line
        && children[0]->pos.col == map->pos.col)
    {
        map->pos.len = children[0]->pos.len;
    }

    return FIG_OK;
}


static fig_status_t
fig_yaml_end_list(fig_yaml_tree_t *tree, fig_yaml_t *list,
    fig_yaml_t **children, uint32_t n)
{
    list->items = fig_arena_array(tree->arena, n, sizeof(fig_yaml_t *));
    if (list->items == NULL) {
        return FIG_NOMEM;
    }

    if (n > 0) {
        memcpy(list->items, children, n * sizeof(fig_yaml_t *));
    }

    list->n = n;

    return FIG_OK;
}


fig_status_t
fig_yaml_tree_end(fig_yaml_tree_t *tree)
{
    uint32_t           i, n;
    fig_yaml_t        *node, **children;
    fig_status_t       status;
    fig_yaml_frame_t  *frame;

    frame = &tree->frames[--tree->depth];
    node = frame->node;
    children = tree->stack + frame->base;
    n = tree->nstack - frame->base;

    for (i = 0; i < n; i++) {
        node->size += children[i]->size;

        if (children[i]->height > node->height) {
            node->height = children[i]->height;
        }
    }

    node->height++;

    status = (node->kind == FIG_YAML_MAP)
             ? fig_yaml_end_map(tree, node, children, n)
             : fig_yaml_end_list(tree, node, children, n);

    if (status != FIG_OK) {
        return status;
    }

    node->open = false;
    tree->nstack = frame->base;

    return fig_yaml_emit(tree, node);
}


bool
fig_yaml_is_null(const fig_yaml_t *node)
{
    size_t  i;

    static const char *const  words[] = { "", "~", "null", "Null", "NULL" };

    if (node->kind != FIG_YAML_TEXT || !node->plain) {
        return false;
    }

    for (i = 0; i < FIG_NELTS(words); i++) {
        if (fig_str_eq(node->text, fig_str_from(words[i]))) {
            return true;
        }
    }

    return false;
}


const fig_yaml_t *
fig_yaml_find(const fig_yaml_t *map, const char *key)
{
    uint32_t  i;

    for (i = 0; i < map->n; i++) {
        if (fig_str_eq(map->pairs[i].key->text, fig_str_from(key))) {
            return map->pairs[i].value;
        }
    }

    return NULL;
}
