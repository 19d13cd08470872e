/*
 * Filling in path patterns, and making what comes out fit to be sent; private
 * to rules/.  fig_rewrite.c and fig_redirect.c stand on it.
 *
 *     pattern, match, path -> fig_expand() -> fig_expand_encode() -> new path
 */

#ifndef FIG_EXPAND_H
#define FIG_EXPAND_H

#include "fig_rules.h"


/*
 * What a pattern is filled from.  Captures are those of the last match in
 * scratch, of which path was the subject.
 */

typedef struct {
    const fig_path_t     *matched;     /* NULL: the set has no path */
    fig_str_t             path;        /* normalised */
    const fig_scratch_t  *scratch;
} fig_expand_t;


/* Most bytes that fig_expand() writes for a path of so many. */
size_t fig_expand_bound(const fig_pattern_t *pattern, size_t path_len);

/* Fills in pattern, not yet fit to be sent.  Returns the length. */
size_t fig_expand(const fig_expand_t *from, const fig_pattern_t *pattern,
    char *out);

/*
 * Turns what was filled in into an encoded path of at most 3 * text.len + 1
 * bytes.  text may overlap out if it begins 2 * text.len + 1 bytes behind it.
 */
size_t fig_expand_encode(fig_str_t text, char *out);


#endif /* FIG_EXPAND_H */
