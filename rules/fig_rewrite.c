/*
 * The path that the new side gets.
 *
 *     path          the pattern is the new path
 *     regex, with   the pattern is the new path where the regex matches
 *
 *     out  | encoded path ......................... | filled in, plain |
 *                  <- 3 bytes for each of the plain ones ->
 *
 * The plain text is written to the end of the room and encoded to its front,
 * so that nothing has to be allocated.
 */

#include "fig_expand.h"


size_t
fig_rewrite_bound(const fig_route_t *route, size_t path_len)
{
    return 4 * fig_expand_bound(&route->rewrite.path, path_len) + 1;
}


size_t
fig_rewrite_path(const fig_match_t *match, fig_str_t path,
    fig_scratch_t *scratch, char *out)
{
    char                 *plain;
    size_t                len;
    fig_expand_t          from;
    const fig_rewrite_t  *rewrite;

    if (match->route == NULL || match->route->rewrite.path.nparts == 0) {
        return 0;
    }

    rewrite = &match->route->rewrite;

    from.matched = match->path;
    from.path = path;
    from.scratch = scratch;

    if (rewrite->regex != NULL
        && fig_regex_match(rewrite->regex, path, scratch) != FIG_REGEX_MATCH)
    {
        return 0;
    }

    plain = out + 3 * fig_expand_bound(&rewrite->path, path.len) + 1;
    len = fig_expand(&from, &rewrite->path, plain);

    return fig_expand_encode(fig_str(plain, len), out);
}
