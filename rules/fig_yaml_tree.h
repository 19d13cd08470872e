/*
 * Building the nodes of fig_yaml.h from a stream of events, whoever it is that
 * parses; private to rules/.
 *
 *     begin(MAP)  text("a")  begin(LIST)  text("x")  end()  end()  -> {a: [x]}
 *
 * Checks all that concerns the tree and not its spelling: nesting, anchors and
 * aliases, keys.  FIG_INVALID means that going on makes no sense.
 */

#ifndef FIG_YAML_TREE_H
#define FIG_YAML_TREE_H

#include "fig_names.h"
#include "fig_yaml.h"


typedef struct {
    fig_yaml_t     *node;
    uint32_t        base;              /* of its children in stack */
} fig_yaml_frame_t;


/*
 *     frames[]   the lists and maps that are open, outermost first
 *     stack[]    finished children of all of them
 *
 *     - a           frames: list        stack: a
 *     - {k: v,      frames: list, map   stack: a k v
 */

typedef struct {
    fig_arena_t        *arena;
    fig_diags_t        *diags;

    uint32_t            depth;
    fig_yaml_frame_t    frames[FIG_YAML_MAX_NESTING];
    uint32_t            nstack;
    uint32_t            room;
    fig_yaml_t        **stack;         /* heap */

    fig_names_t         anchors;
    uint32_t            anchor_room;
    fig_yaml_t        **anchor_nodes;  /* by number in anchors */

    uint32_t            expanded;      /* nodes that came through aliases */
    fig_yaml_t         *root;          /* once depth is 0 again */
    bool                wrong;         /* an error was added */
} fig_yaml_tree_t;


void fig_yaml_tree_init(fig_yaml_tree_t *tree, fig_arena_t *arena,
    fig_diags_t *diags);
void fig_yaml_tree_release(fig_yaml_tree_t *tree);

/* Adds an error; hint may be NULL. */
void fig_yaml_tree_error(fig_yaml_tree_t *tree, fig_pos_t pos,
    const char *message, const char *hint);

/* anchor is a C string or NULL, text is copied. */
fig_status_t fig_yaml_tree_text(fig_yaml_tree_t *tree, fig_pos_t pos,
    fig_str_t text, bool plain, const char *anchor);
fig_status_t fig_yaml_tree_alias(fig_yaml_tree_t *tree, fig_pos_t pos,
    const char *anchor);

/* kind is FIG_YAML_LIST or FIG_YAML_MAP. */
fig_status_t fig_yaml_tree_begin(fig_yaml_tree_t *tree, fig_pos_t pos,
    fig_yaml_kind_t kind, const char *anchor);
fig_status_t fig_yaml_tree_end(fig_yaml_tree_t *tree);


#endif /* FIG_YAML_TREE_H */
