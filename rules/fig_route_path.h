/*
 * Paths as a rules file writes them.
 *
 *     match      /a/b   /a/ *   /a/{id}/b        -> fig_path_t
 *     rewrite    /x     /x/ *   /x/{id}          -> fig_pattern_t
 *     with       /x/$1/${name}                   -> fig_pattern_t
 *
 * Literal text is brought into the normalised form of fig_path.h, so that
 * matching compares bytes: `%20` becomes a space, `%2f` becomes `%2F`.  What
 * could never be matched (dot segments, `//`, `?`, `#`) is an error.  `%2A`,
 * `%7B` and `%7D` are a star and braces without a meaning of their own.
 * Private to rules/.
 */

#ifndef FIG_ROUTE_PATH_H
#define FIG_ROUTE_PATH_H

#include "fig_arena.h"
#include "fig_scalar.h"


#define FIG_PATH_MAX_PARAMS  32


/*
 * A path of `match` that is no regex.  Sets all of *path but pos and source.
 * FIG_INVALID fills *fault.  Results are in arena, the rest goes with scratch.
 */
fig_status_t fig_route_path_parse(fig_str_t text, fig_arena_t *arena,
    fig_arena_t *scratch, fig_path_t *path, fig_fault_t *fault);

/*
 * What a path matches, as bytes: paths that match the same, however they are
 * written, have the same.  In arena; data is NULL when memory is out.
 */
fig_str_t fig_route_path_key(const fig_path_t *path, fig_arena_t *arena);

/* `path` of `rewrite` and `redirect`. */
fig_status_t fig_pattern_parse(fig_str_t text, fig_arena_t *arena,
    fig_pattern_t *pattern, fig_fault_t *fault);

/* `with` of `rewrite`; its references must be groups of regex. */
fig_status_t fig_pattern_parse_with(fig_str_t text, const fig_regex_t *regex,
    fig_arena_t *arena, fig_pattern_t *pattern, fig_fault_t *fault);


#endif /* FIG_ROUTE_PATH_H */
