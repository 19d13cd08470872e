/*
 * The path that the new side gets.
 *
 *     path    the pattern is the new path
 *     regex   the pattern replaces what the regex matched; what stands before
 *             and after stays: ^/v1 with /v2 makes /v2/x of /v1/x
 *
 *     out  | encoded path ......................... | filled in, plain |
 *                  <- 3 bytes for each of the plain ones ->
 *
 * The plain text is written to the end of the room and encoded to its front,
 * so that nothing has to be allocated.
 */

#include "fig_expand.h"


/* Bytes of a new path before it is encoded. */

static size_t
fig_rewrite_plain_bound(const fig_route_t *route, size_t path_len)
{
    size_t  n;

    n = fig_expand_bound(&route->rewrite.path, path_len);

    return (route->rewrite.regex != NULL) ? n + path_len : n;
}


size_t
fig_rewrite_bound(const fig_route_t *route, size_t path_len)
{
    return 4 * fig_rewrite_plain_bound(route, path_len) + 1;
}


/* Replaces what the regex matched; false when it does not match. */

static bool
fig_rewrite_regex(const fig_expand_t *from, const fig_rewrite_t *rewrite,
    fig_scratch_t *scratch, char *out, size_t *len)
{
    size_t     n, head, tail;
    fig_str_t  whole;

    if (fig_regex_match(rewrite->regex, from->path, scratch)
        != FIG_REGEX_MATCH)
    {
        return false;
    }

    whole = fig_regex_capture(scratch, from->path, 0);

    head = (size_t) (whole.data - from->path.data);
    tail = head + whole.len;

    memcpy(out, from->path.data, head);

    n = head + fig_expand(from, &rewrite->path, out + head);

    memcpy(out + n, from->path.data + tail, from->path.len - tail);

    *len = n + from->path.len - tail;

    return true;
}


size_t
fig_rewrite_path(const fig_match_t *match, fig_str_t path,
    fig_scratch_t *scratch, char *out)
{
    char                 *plain;
    size_t                len, bound;
    fig_expand_t          from;
    const fig_rewrite_t  *rewrite;

    if (match->route == NULL || match->route->rewrite.path.nparts == 0) {
        return 0;
    }

    rewrite = &match->route->rewrite;

    from.matched = match->path;
    from.path = path;
    from.scratch = scratch;

    bound = fig_rewrite_plain_bound(match->route, path.len);
    plain = out + 3 * bound + 1;

    if (rewrite->regex == NULL) {
        len = fig_expand(&from, &rewrite->path, plain);

    } else if (!fig_rewrite_regex(&from, rewrite, scratch, plain, &len)) {
        return 0;
    }

    return fig_expand_encode(fig_str(plain, len), out);
}
