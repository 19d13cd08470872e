/*
 * Rewritten paths seen from the other side: what a service says of its own
 * paths, turned into the paths that clients know.
 *
 *     rule        /api/orders/ *  ->  /orders/ *
 *     request     /api/orders/42  ->  /orders/42
 *     Location    /api/orders/43  <-  /orders/43
 *     prefix      /api
 *
 * A pattern is read as a template.  What it does not carry (the {user} of
 * /u/{user}/orders/{id} -> /orders/{id}) is taken from the request.  A regex
 * cannot be turned round, nor can a star that the new path drops.
 */

#include "fig_expand.h"
#include "fig_path.h"


#define FIG_BACK_MAX_PARAMS  32


typedef struct {
    fig_str_t  name;
    fig_str_t  value;
} fig_back_param_t;


typedef struct {
    fig_back_param_t  params[FIG_BACK_MAX_PARAMS];
    uint32_t          nparams;
    fig_str_t         tail;
    bool              has_tail;
} fig_back_t;


size_t
fig_rewrite_back_bound(const fig_match_t *match, fig_str_t request_path,
    fig_str_t path)
{
    size_t  n;

    n = path.len;

    if (match->path != NULL) {
        n += match->path->text.len + request_path.len * match->path->nparams
             + path.len * match->path->nparams;
    }

    return 4 * n + path.len + 2;
}


static size_t
fig_back_segment(fig_str_t path, size_t i)
{
    while (i < path.len && path.data[i] != '/') {
        i++;
    }

    return i;
}


/*
 * Text before a star may end in a slash, which then belongs to the star; a
 * backslash was encoded on its way out.
 */

static bool
fig_back_text(fig_str_t text, bool before_tail, fig_str_t path, size_t *i)
{
    size_t  k;

    if (before_tail) {
        while (text.len != 0 && text.data[text.len - 1] == '/') {
            text.len--;
        }
    }

    for (k = 0; k < text.len; k++) {

        if (text.data[k] == '\\' && path.len - *i >= 3
            && memcmp(path.data + *i, "%5C", 3) == 0)
        {
            *i += 3;
            continue;
        }

        if (*i == path.len || path.data[*i] != text.data[k]) {
            return false;
        }

        (*i)++;
    }

    return true;
}


/* Reads path by the pattern that it was made with. */

static bool
fig_back_read(const fig_pattern_t *pattern, fig_str_t path, fig_back_t *back)
{
    bool               tail;
    size_t             i, end;
    uint32_t           n;
    const fig_part_t  *part;

    i = 0;

    for (n = 0; n < pattern->nparts; n++) {
        part = &pattern->parts[n];
        tail = n + 1 < pattern->nparts
               && pattern->parts[n + 1].kind == FIG_PART_TAIL;

        switch (part->kind) {

        case FIG_PART_TEXT:
            if (!fig_back_text(part->text, tail, path, &i)) {
                return false;
            }

            break;

        case FIG_PART_PARAM:
            end = fig_back_segment(path, i);

            if (end == i || back->nparams == FIG_BACK_MAX_PARAMS) {
                return false;
            }

            back->params[back->nparams].name = part->text;
            back->params[back->nparams].value = fig_str(path.data + i,
                                                        end - i);
            back->nparams++;
            i = end;
            break;

        case FIG_PART_TAIL:
            if (i < path.len && path.data[i] != '/') {
                return false;
            }

            back->has_tail = true;
            back->tail = fig_str(path.data + i, path.len - i);
            i = path.len;
            break;

        case FIG_PART_CAPTURE:
            return false;
        }
    }

    return i == path.len;
}


static fig_str_t
fig_back_param(const fig_back_t *back, fig_str_t name, fig_str_t fallback)
{
    uint32_t  i;

    for (i = 0; i < back->nparams; i++) {
        if (fig_str_eq(back->params[i].name, name)) {
            return back->params[i].value;
        }
    }

    return fallback;
}


/* A template, with what was read in place of its names. */

static size_t
fig_back_template(fig_str_t text, const fig_back_t *back,
    fig_str_t request_path, char *out)
{
    size_t     i, k, iend, kend, n;
    fig_str_t  segment;

    n = 0;

    for (i = 1, k = 1; i <= text.len; i = iend + 1, k = kend + 1) {
        iend = fig_back_segment(text, i);
        kend = (k <= request_path.len) ? fig_back_segment(request_path, k) : k;

        segment = fig_str(text.data + i, iend - i);

        if (segment.len > 2 && segment.data[0] == '{') {
            segment.data++;
            segment.len -= 2;
            segment = fig_back_param(back, segment,
                                     fig_str(request_path.data + k, kend - k));
        }

        out[n++] = '/';
        memcpy(out + n, segment.data, segment.len);
        n += segment.len;
    }

    return n;
}


static size_t
fig_back_write(const fig_path_t *matched, const fig_back_t *back,
    fig_str_t request_path, char *out)
{
    size_t  n;

    switch (matched->kind) {

    case FIG_PATH_EXACT:
        memcpy(out, matched->text.data, matched->text.len);
        return matched->text.len;

    case FIG_PATH_TEMPLATE:
        return fig_back_template(matched->text, back, request_path, out);

    case FIG_PATH_PREFIX:
        if (!back->has_tail) {
            return 0;
        }

        n = matched->text.len;

        if (n != 0) {
            memcpy(out, matched->text.data, n);
        }

        if (back->tail.len != 0) {
            memcpy(out + n, back->tail.data, back->tail.len);
        }

        n += back->tail.len;

        if (n == 0) {
            out[n++] = '/';
        }

        return n;

    default:
        return 0;
    }
}


size_t
fig_rewrite_back(const fig_match_t *match, fig_str_t request_path,
    fig_str_t path, char *out)
{
    bool                  resolved;
    char                 *plain, *normalized;
    size_t                n, bound;
    fig_back_t            back;
    const fig_rewrite_t  *rewrite;

    if (match->route == NULL || match->path == NULL) {
        return 0;
    }

    rewrite = &match->route->rewrite;

    if (rewrite->path.nparts == 0 || rewrite->regex != NULL) {
        return 0;
    }

    bound = fig_rewrite_back_bound(match, request_path, path);
    normalized = out + bound - path.len;

    if (fig_path_normalize(path, normalized, &n, &resolved) != FIG_OK) {
        return 0;
    }

    back.nparams = 0;
    back.has_tail = false;
    back.tail = fig_str(NULL, 0);

    if (!fig_back_read(&rewrite->path, fig_str(normalized, n), &back)) {
        return 0;
    }

    plain = out + 3 * ((bound - path.len) / 4) + 1;

    n = fig_back_write(match->path, &back, request_path, plain);

    return (n == 0) ? 0 : fig_expand_encode(fig_str(plain, n), out);
}


size_t
fig_rewrite_prefix(fig_str_t path, fig_str_t rewritten)
{
    size_t  n;

    /* the service's root stands for the prefix with and without its slash */

    if (rewritten.len == 1 && path.len > 1 && path.data[path.len - 1] != '/') {
        return path.len;
    }

    if (rewritten.len == 0 || rewritten.len >= path.len) {
        return 0;
    }

    n = path.len - rewritten.len;

    return memcmp(path.data + n, rewritten.data, rewritten.len) == 0 ? n : 0;
}
