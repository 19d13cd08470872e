/*
 * A request all the way through the rules: match, decision, explanation, and
 * the paths that are made for it, with all that must be true of them.
 *
 *     fig_match() == the winner of fig_explain()
 *     rewritten, redirected, mapped back: nothing in it that HTTP cannot carry
 */

#ifndef FOLLOW_H
#define FOLLOW_H

#include "fuzz.h"
#include "plain_winner.h"

#include "fig_condition.h"
#include "fig_index.h"
#include "fig_path.h"


/* What RFC 3986 allows in a path, `%` only before two upper-case hex digits. */

static inline bool
follow_is_path(fig_str_t path)
{
    size_t       i;
    const char  *p;

    static const char  hex[] = "0123456789ABCDEF";
    static const char  plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
        "-._~!$&'()*+,;=:@/";

    for (i = 0; i < path.len; i++) {
        p = path.data + i;

        if (*p == '%') {
            if (path.len - i < 3 || memchr(hex, p[1], 16) == NULL
                || memchr(hex, p[2], 16) == NULL)
            {
                return false;
            }

        } else if (memchr(plain, *p, sizeof(plain) - 1) == NULL) {
            return false;
        }
    }

    return true;
}


/* One slash at the front, no dot segment, no `//`: read by all in one way. */

static inline void
follow_check_path(const char *what, fig_str_t path)
{
    bool    resolved;
    char   *out;
    size_t  len;

    fuzz_check(follow_is_path(path), what, path);

    out = malloc(path.len);
    assert_non_null(out);

    fuzz_check(fig_path_normalize(path, out, &len, &resolved) == FIG_OK,
               what, path);
    fuzz_check(!resolved, what, path);

    free(out);
}


static inline fig_str_t
follow_encode(fuzz_heap_t *heap, fig_str_t path)
{
    char  *out;

    out = fuzz_room(heap, 3 * path.len);

    return fig_str(out, fig_path_encode(path, out));
}


/* The path that the new side gets; len 0: it stays. */

static inline fig_str_t
follow_rewrite(fuzz_heap_t *heap, const fig_match_t *match, fig_str_t path,
    fig_scratch_t *scratch)
{
    char       *out;
    size_t      n, bound;
    fig_str_t   made, encoded;

    bound = fig_rewrite_bound(match->route, path.len);
    out = fuzz_room(heap, bound);
    made = fig_str(out, fig_rewrite_path(match, path, scratch, out));

    if (made.len == 0) {
        return made;
    }

    fuzz_check(made.len <= bound, "a rewritten path beyond its bound", made);
    follow_check_path("a rewritten path", made);

    encoded = follow_encode(heap, path);
    n = fig_rewrite_prefix(encoded, made);

    fuzz_check(n <= encoded.len, "a prefix beyond its path", made);
    fuzz_check(n == 0 || n == encoded.len
               || fig_str_eq(fig_str(encoded.data + n, encoded.len - n), made),
               "a prefix of something else", made);

    return made;
}


/* /b of a /b/ * that stands for all paths is /, which becomes /b/. */

static inline bool
follow_is_root(fig_str_t back, fig_str_t again, fig_str_t location)
{
    return back.len == 1 && again.len == location.len + 1
           && again.data[location.len] == '/'
           && fig_str_eq(fig_str(again.data, location.len), location);
}


/*
 * location as clients know it: a path that matches as the request did, and
 * that becomes location when it is rewritten.
 */

static inline fig_str_t
follow_back(fuzz_heap_t *heap, const fig_match_t *match, fig_str_t path,
    fig_str_t location, fig_scratch_t *scratch)
{
    bool       limited, resolved;
    char      *out;
    size_t     len, bound;
    fig_str_t  back, again, plain, want;

    bound = fig_rewrite_back_bound(match, path, location);
    out = fuzz_room(heap, bound);
    back = fig_str(out, fig_rewrite_back(match, path, location, out));

    if (back.len == 0) {
        return back;
    }

    fuzz_check(back.len <= bound, "a path back beyond its bound", back);
    follow_check_path("a path back", back);

    out = fuzz_room(heap, back.len);
    assert_int_equal(fig_path_normalize(back, out, &len, &resolved), FIG_OK);
    plain = fig_str(out, len);

    fuzz_check(fig_path_holds(match->path, plain, scratch, &limited),
               "a path back that its rule does not match", back);

    again = follow_rewrite(heap, match, plain, scratch);

    out = fuzz_room(heap, location.len);
    assert_int_equal(fig_path_normalize(location, out, &len, &resolved),
                     FIG_OK);

    want = follow_encode(heap, fig_str(out, len));
    fuzz_check(fig_str_eq(again, want) || follow_is_root(back, again, want),
               "a path back that leads elsewhere", back);

    return back;
}


/* What can be turned round: see fig_rewrite_back.c. */

static inline bool
follow_is_reversible(const fig_match_t *match)
{
    const fig_pattern_t  *pattern;

    pattern = &match->route->rewrite.path;

    if (match->route->rewrite.regex != NULL || match->path == NULL) {
        return false;
    }

    switch (match->path->kind) {

    case FIG_PATH_REGEX:
        return false;

    case FIG_PATH_PREFIX:
        return pattern->parts[pattern->nparts - 1].kind == FIG_PART_TAIL;

    default:
        return true;
    }
}


static inline void
follow_proxy(const fig_match_t *match, const fig_request_t *request,
    fig_scratch_t *scratch, fig_str_t location)
{
    fig_str_t    made, back;
    fuzz_heap_t  heap;

    if (match->route->rewrite.path.nparts == 0) {
        return;
    }

    heap.n = 0;
    made = follow_rewrite(&heap, match, request->path, scratch);

    if (made.len != 0) {
        back = follow_back(&heap, match, request->path, made, scratch);
        fuzz_check(back.len != 0 || !follow_is_reversible(match),
                   "no way back", made);
    }

    location = fuzz_copy(&heap, location);
    (void) follow_back(&heap, match, request->path, location, scratch);

    fuzz_release(&heap);
}


static inline void
follow_redirect(const fig_match_t *match, const fig_request_t *request,
    fig_scratch_t *scratch, fig_str_t raw)
{
    char        *out;
    size_t       i, bound;
    fig_str_t    url;
    fuzz_heap_t  heap;

    heap.n = 0;
    raw = fuzz_copy(&heap, raw);
    bound = fig_redirect_bound(match, request, raw);
    out = fuzz_room(&heap, bound);
    url = fig_str(out, fig_redirect_url(match, request, fig_str("https", 5),
                                        8443, raw, scratch, out));

    fuzz_check(url.len <= bound, "a redirect beyond its bound", url);

    for (i = 0; i < url.len; i++) {
        fuzz_check((unsigned char) url.data[i] > 0x20 && url.data[i] != 0x7f,
                   "a redirect with control bytes", url);
    }

    if (match->route->redirect.host.len == 0 && request->host.len == 0) {
        fuzz_check(url.len != 0 && url.data[0] == '/'
                   && (url.len == 1 || (url.data[1] != '/'
                                        && url.data[1] != '\\')),
                   "a redirect to another host", url);
    }

    fuzz_release(&heap);
}


static inline void
follow_decide(const fig_ruleset_t *ruleset, const fig_match_t *match,
    fig_request_t *request, fig_scratch_t *scratch)
{
    char            text[256];
    size_t          len;
    fig_decision_t  once, again;

    fig_decide(ruleset, request, match, scratch, NULL, &once);
    fig_decide(ruleset, request, match, scratch, NULL, &again);

    fuzz_check(once.backend == again.backend && once.why == again.why
               && once.fallback == again.fallback && once.side == again.side
               && once.bucket == again.bucket && once.assign == again.assign
               && (!once.assign || memcmp(once.assigned, again.assigned,
                                          sizeof(once.assigned)) == 0),
               "two decisions", request->path);

    fuzz_check((once.side == FIG_SIDE_NONE) == (once.backend == NULL),
               "a side without a backend", request->path);
    fuzz_check(once.bucket <= FIG_BUCKETS, "a bucket", request->path);

    len = fig_decision_text(&once, text, sizeof(text));
    fuzz_check(len < sizeof(text) && fuzz_is_shown(fig_str(text, len), ""),
               "a decision's text", fig_str(text, len));
}


/* The explanation, which must have the winner of the match. */

static inline void
follow_explain(const fig_ruleset_t *ruleset, const fig_match_t *match,
    fig_request_t *request, fig_scratch_t *scratch)
{
    char              text[256];
    size_t            i, n, len, max;
    fig_candidate_t  *out;

    max = (size_t) ruleset->index->nentries + 1;
    out = malloc(max * sizeof(fig_candidate_t));
    assert_non_null(out);

    fuzz_check(is_winner(match, plain_winner(ruleset, request, scratch, out,
                                             max)),
               "another winner", request->path);

    n = fig_explain(ruleset, request, scratch, true, out, max);

    for (i = 0; i < n && i < 32; i++) {
        len = fig_candidate_text(&out[i], text, sizeof(text));
        fuzz_check(len < sizeof(text) && fuzz_is_shown(fig_str(text, len), ""),
                   "a candidate's text", fig_str(text, len));
    }

    free(out);
}


/*
 * location is what a service answers with; raw is the path as it was received,
 * of which request has the normalised form.
 */

static inline void
follow(const fig_ruleset_t *ruleset, fig_request_t *request,
    fig_scratch_t *scratch, fig_str_t location, fig_str_t raw)
{
    fig_match_t  match;

    fig_match(ruleset, request, scratch, &match);
    follow_explain(ruleset, &match, request, scratch);
    follow_decide(ruleset, &match, request, scratch);

    if (match.route == NULL) {
        return;
    }

    switch (match.route->action) {

    case FIG_ACTION_PROXY:
        follow_proxy(&match, request, scratch, location);
        break;

    case FIG_ACTION_REDIRECT:
        follow_redirect(&match, request, scratch, raw);
        break;

    case FIG_ACTION_RESPOND:
        break;
    }
}


#endif /* FOLLOW_H */
