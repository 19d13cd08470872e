/*
 * YAML text as a tree of nodes that know where they stand.
 *
 *     map  -> pairs[] of key (a scalar) and value
 *     list -> items[]
 *     text -> the scalar's bytes
 *     bad  -> something was wrong here and has been reported: skip it
 *
 * Nodes live in an arena, their texts are copied.  An alias becomes a node of
 * its own, at the place of the alias, that shares its children with what it
 * repeats: so a tree may be a graph, but never one with a cycle.  It knows
 * nothing of rules.  fig_yaml.c is the only file that knows libyaml.
 */

#ifndef FIG_YAML_H
#define FIG_YAML_H

#include "fig_arena.h"
#include "fig_diag.h"


#define FIG_YAML_MAX_NESTING   32
#define FIG_YAML_MAX_EXPANDED  1000000


typedef enum {
    FIG_YAML_TEXT = 0,
    FIG_YAML_LIST,
    FIG_YAML_MAP,
    FIG_YAML_BAD
} fig_yaml_kind_t;


typedef struct fig_yaml_s  fig_yaml_t;


typedef struct {
    const fig_yaml_t   *key;           /* always FIG_YAML_TEXT */
    const fig_yaml_t   *value;
} fig_pair_t;


struct fig_yaml_s {
    fig_pos_t           pos;
    uint8_t             kind;          /* fig_yaml_kind_t */
    uint8_t             height;        /* levels of lists and maps below */
    bool                plain;         /* TEXT: written without quotes */
    bool                alias;         /* written as *name */
    bool                open;          /* still being read; false in a tree */
    uint32_t            n;             /* items or pairs */
    uint32_t            size;          /* nodes, counted through aliases */

    union {
        fig_str_t            text;
        const fig_yaml_t   **items;
        fig_pair_t          *pairs;
    };
};


/*
 * Parses text, which is file number file of the diagnostics' source.  *root is
 * NULL when there is nothing but blanks and comments.  FIG_INVALID: errors were
 * added; *root is set where the text's structure could be read all the same.
 * Refused are: other encodings than UTF-8, more than one document, tags, merge
 * keys (`<<`), keys that are no text, duplicate keys and anchors, aliases of
 * nothing or of what they stand in, and what exceeds the limits above.
 */
fig_status_t fig_yaml_parse(fig_str_t text, uint32_t file, fig_arena_t *arena,
    fig_diags_t *diags, const fig_yaml_t **root);

/* An unquoted nothing, `~` or `null`. */
bool fig_yaml_is_null(const fig_yaml_t *node);

/* The value of a key of a map, or NULL. */
const fig_yaml_t *fig_yaml_find(const fig_yaml_t *map, const char *key);


#endif /* FIG_YAML_H */
