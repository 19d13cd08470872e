/*
 * Path patterns filled in with what a request has.
 *
 *     /orders/ *   and   /a/ * matched /a/x/y    ->   /orders/x/y
 *     /o/{id}/s    and   /a/{id} matched /a/7    ->   /o/7/s
 *     /o/$1        and   ^/a/(.*)$ matched /a/b  ->   /o/b
 *
 * What a request brings may stand anywhere in a new path, and nothing says
 * that it was a whole segment before.  So the new path is made safe as a whole
 * and in one place, fig_expand_encode().
 */

#include "fig_expand.h"
#include "fig_path.h"


/* Whether text.data[i] is a `%` that stands for itself. */

static bool
fig_is_lone_percent(fig_str_t text, size_t i)
{
    const char  *p;

    p = text.data + i;

    if (*p != '%') {
        return false;
    }

    return text.len - i < 3
           || !((p[1] == '2' && (p[2] == 'F' || p[2] == '5'))
                || (p[1] == '5' && p[2] == 'C'));
}


/*
 * Copies a piece of a new path.  A regex may cut a %2F in two: a `%` that is
 * not the beginning of an encoded byte within its piece is itself.
 */

static size_t
fig_copy(char *out, fig_str_t text)
{
    size_t  i, n;

    n = 0;

    for (i = 0; i < text.len; i++) {
        out[n++] = text.data[i];

        if (fig_is_lone_percent(text, i)) {
            out[n++] = '2';
            out[n++] = '5';
        }
    }

    return n;
}


/* The end of the segment that begins with the slash at i. */

static size_t
fig_segment_end(fig_str_t text, size_t i)
{
    do {
        i++;
    } while (i < text.len && text.data[i] != '/');

    return i;
}


/* What the template's parameter of this name stands for in the path. */

static fig_str_t
fig_expand_param(const fig_expand_t *from, fig_str_t name)
{
    size_t     i, k, iend, kend;
    fig_str_t  text;

    if (from->matched == NULL || from->matched->kind != FIG_PATH_TEMPLATE) {
        return fig_str(NULL, 0);
    }

    text = from->matched->text;

    for (i = 0, k = 0; i < text.len && k < from->path.len; i = iend, k = kend) {
        iend = fig_segment_end(text, i);
        kend = fig_segment_end(from->path, k);

        /* "/{name}" */

        if (iend - i == name.len + 3 && text.data[i + 1] == '{'
            && fig_str_eq(fig_str(text.data + i + 2, name.len), name))
        {
            return fig_str(from->path.data + k + 1, kend - k - 1);
        }
    }

    return fig_str(NULL, 0);
}


/* What the matched star covered: nothing, or from the slash on. */

static fig_str_t
fig_expand_tail(const fig_expand_t *from)
{
    size_t  skip;

    if (from->matched == NULL) {
        return from->path;
    }

    if (from->matched->kind != FIG_PATH_PREFIX) {
        return fig_str(NULL, 0);
    }

    skip = from->matched->text.len;

    return fig_str(from->path.data + skip, from->path.len - skip);
}


size_t
fig_expand_bound(const fig_pattern_t *pattern, size_t path_len)
{
    size_t    n;
    uint32_t  i;

    n = 0;

    for (i = 0; i < pattern->nparts; i++) {
        n += (pattern->parts[i].kind == FIG_PART_TEXT)
             ? 3 * pattern->parts[i].text.len : path_len + 2;
    }

    return n;
}


size_t
fig_expand(const fig_expand_t *from, const fig_pattern_t *pattern, char *out)
{
    size_t             n;
    uint32_t           i;
    const fig_part_t  *part;

    n = 0;

    for (i = 0; i < pattern->nparts; i++) {
        part = &pattern->parts[i];

        switch (part->kind) {

        case FIG_PART_TEXT:
            n += fig_copy(out + n, part->text);
            break;

        case FIG_PART_PARAM:
            n += fig_copy(out + n, fig_expand_param(from, part->text));
            break;

        case FIG_PART_TAIL:

            /* the tail brings its slash, or there is none: /a is /orders */

            while (n != 0 && out[n - 1] == '/') {
                n--;
            }

            n += fig_copy(out + n, fig_expand_tail(from));
            break;

        case FIG_PART_CAPTURE:
            n += fig_copy(out + n, fig_regex_capture(from->scratch, from->path,
                                                     part->index));
            break;
        }
    }

    return n;
}


static bool
fig_is_dot_segment(fig_str_t segment)
{
    return (segment.len == 1 && segment.data[0] == '.')
           || (segment.len == 2 && segment.data[0] == '.'
               && segment.data[1] == '.');
}


/* Encodes a segment without its slash. */

static size_t
fig_encode_segment(fig_str_t segment, char *out)
{
    size_t  i, n;

    n = 0;

    for (i = 0; i < segment.len; i++) {

        if (fig_is_lone_percent(segment, i)) {
            out[n++] = '%';
            out[n++] = '2';
            out[n++] = '5';
            continue;
        }

        n += fig_path_encode(fig_str(segment.data + i, 1), out + n);
    }

    return n;
}


/*
 *   - The path begins with one slash, never with two, and has no `//` at all.
 *   - A dot segment (`/x/$1` with a $1 of `..`) is dropped, and takes nothing
 *     with it: what the rule wrote cannot be climbed out of.
 *   - A `%` is the beginning of %2F, %5C or %25 or becomes %25; that no two
 *     pieces make an encoded byte is fig_copy()'s care.
 *   - Everything that may not stand in a path is encoded.
 */

size_t
fig_expand_encode(fig_str_t text, char *out)
{
    size_t     i, end, n;
    fig_str_t  segment;

    n = 0;
    out[n++] = '/';

    for (i = 0; i < text.len; i = end + 1) {
        for (end = i; end < text.len && text.data[end] != '/'; end++) {
            /* void */
        }

        segment = fig_str(text.data + i, end - i);

        if (segment.len == 0 || fig_is_dot_segment(segment)) {
            continue;
        }

        n += fig_encode_segment(segment, out + n);

        if (end < text.len) {
            out[n++] = '/';
        }
    }

    return n;
}
