/*
 * Request paths: normalising, and the way back.
 *
 *              usual byte           /            .            .
 *     USUAL -----------> USUAL -----> SLASH -----> DOT -----> DOT_DOT
 *                                     ^  | /        | /        | /
 *                                     +--+----------+----------+ drop
 *
 * The states are those of ngx_http_parse_complex_uri() with merge_slashes on.
 * A byte that was encoded takes the same way as a plain one, save for %2F, %5C
 * and %25, which are copied and count as usual text, so that `..%2F` is the
 * beginning of a segment and not a dot segment.
 */

#include "fig_path.h"


typedef enum {
    FIG_AT_USUAL = 0,
    FIG_AT_SLASH,              /* right after a slash that was written */
    FIG_AT_DOT,                /* the segment is "." so far */
    FIG_AT_DOT_DOT             /* the segment is ".." so far */
} fig_path_state_t;


/* One bit a byte: what RFC 3986 allows in a path as it is, and `%`. */

static const uint32_t  fig_path_plain[8] = {
    0x00000000, /* 1111 1111 1111 1111  1111 1111 1111 1111 */

                /* ?>=< ;:98 7654 3210  /.-, +*)( '&%$ #"!  */
    0x2ffffff2, /* 0010 1111 1111 1111  1111 1111 1111 0010 */

                /* _^]\ [ZYX WVUT SRQP  ONML KJIH GFED CBA@ */
    0x87ffffff, /* 1000 0111 1111 1111  1111 1111 1111 1111 */

                /*  ~}| {zyx wvut srqp  onml kjih gfed cba` */
    0x47fffffe, /* 0100 0111 1111 1111  1111 1111 1111 1110 */

    0x00000000,
    0x00000000,
    0x00000000,
    0x00000000
};


static int
fig_hex_digit(unsigned char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }

    c = fig_lower(c);

    return (c >= 'a' && c <= 'f') ? c - 'a' + 10 : -1;
}


/* The byte that `%` at p encodes, or -1. */

static int
fig_path_decode(const char *p, const char *last)
{
    int  high, low;

    if (last - p < 3) {
        return -1;
    }

    high = fig_hex_digit((unsigned char) p[1]);
    low = fig_hex_digit((unsigned char) p[2]);

    return (high < 0 || low < 0) ? -1 : high * 16 + low;
}


static char *
fig_path_quote(char *out, unsigned char c)
{
    static const char  hex[] = "0123456789ABCDEF";

    *out++ = '%';
    *out++ = hex[c >> 4];
    *out++ = hex[c & 0xf];

    return out;
}


/*
 * Drops the segment before a `..` that ends at `end`: returns the place after
 * the slash that is left, or NULL above the root.
 */

static char *
fig_path_up(char *out, char *end)
{
    ptrdiff_t  i;

    /* "/x/..": back over "/.." and then to the slash before x */

    for (i = end - out - 4; i >= 0; i--) {
        if (out[i] == '/') {
            return out + i + 1;
        }
    }

    return NULL;
}


/* The state after an ordinary byte or dot c, which has been written. */

static fig_path_state_t
fig_path_next(fig_path_state_t state, char c)
{
    if (c != '.') {
        return FIG_AT_USUAL;
    }

    switch (state) {

    case FIG_AT_SLASH:
        return FIG_AT_DOT;

    case FIG_AT_DOT:
        return FIG_AT_DOT_DOT;

    default:
        return FIG_AT_USUAL;
    }
}


/*
 * Ends a dot segment, if there is one, of which the bytes are written up to u.
 * Returns the new end, or NULL above the root.
 */

static char *
fig_path_resolve(fig_path_state_t state, char *out, char *u, bool *resolved)
{
    switch (state) {

    case FIG_AT_DOT:
        *resolved = true;
        return u - 1;

    case FIG_AT_DOT_DOT:
        *resolved = true;
        return fig_path_up(out, u);

    default:
        return u;
    }
}


/* Takes a slash: returns the new end, or NULL above the root. */

static char *
fig_path_slash(fig_path_state_t state, char *out, char *u, bool *resolved)
{
    if (state == FIG_AT_USUAL) {
        *u++ = '/';
        return u;
    }

    /* a second one, or the one after a dot segment, goes with it */

    *resolved = true;

    return fig_path_resolve(state, out, u, resolved);
}


/*
 * Takes %XX at *p: writes what it stands for to *u and moves both.  Returns
 * the state, or -1 when it is malformed or a NUL.
 */

static int
fig_path_quoted(const char **p, const char *last, char **u,
    fig_path_state_t state)
{
    int  c;

    c = fig_path_decode(*p, last);

    if (c <= 0) {
        return -1;
    }

    if (c == '/' || c == '\\' || c == '%') {
        *(*u)++ = '%';
        *(*u)++ = (c == '\\') ? '5' : '2';
        *(*u)++ = (c == '/') ? 'F' : (c == '\\') ? 'C' : '5';
        *p += 3;

        return FIG_AT_USUAL;
    }

    *(*u)++ = (char) c;
    *p += 3;

    return fig_path_next(state, (char) c);
}


fig_status_t
fig_path_normalize(fig_str_t raw, char *out, size_t *len, bool *resolved)
{
    int                state;
    char              *u;
    const char        *p, *last;

    *resolved = false;

    if (raw.len == 0 || raw.data[0] != '/') {
        return FIG_INVALID;
    }

    p = raw.data + 1;
    last = raw.data + raw.len;

    u = out;
    *u++ = '/';
    state = FIG_AT_SLASH;

    while (p < last) {

        switch (*p) {

        case '/':
            u = fig_path_slash(state, out, u, resolved);
            if (u == NULL) {
                return FIG_INVALID;
            }

            state = FIG_AT_SLASH;
            p++;
            break;

        case '%':
            state = fig_path_quoted(&p, last, &u, state);
            if (state < 0) {
                return FIG_INVALID;
            }
            break;

        case '\0':
        case '#':
        case '?':
            return FIG_INVALID;

        default:
            state = fig_path_next(state, *p);
            *u++ = *p++;
            break;
        }
    }

    u = fig_path_resolve(state, out, u, resolved);
    if (u == NULL) {
        return FIG_INVALID;
    }

    *len = (size_t) (u - out);

    return FIG_OK;
}


fig_status_t
fig_path_from_decoded(fig_str_t path, char *out, size_t *len)
{
    bool     resolved;
    char    *u;
    size_t   i;

    u = out;

    for (i = 0; i < path.len; i++) {

        switch (path.data[i]) {

        case '%':
        case '\\':
        case '#':
        case '?':
        case '\0':
            u = fig_path_quote(u, (unsigned char) path.data[i]);
            break;

        default:
            *u++ = path.data[i];
        }
    }

    /* in place: what is written is never longer than what was read */

    return fig_path_normalize(fig_str(out, (size_t) (u - out)), out, len,
                              &resolved);
}


static bool
fig_path_is_plain(unsigned char c)
{
    return (fig_path_plain[c >> 5] & (1U << (c & 0x1f))) != 0;
}


/* Encodes what is not plain; also is a byte that stays all the same. */

static size_t
fig_path_encode_but(fig_str_t path, unsigned char also, char *out)
{
    char           *u;
    size_t          i;
    unsigned char   c;

    u = out;

    for (i = 0; i < path.len; i++) {
        c = (unsigned char) path.data[i];

        if (fig_path_is_plain(c) || c == also) {
            *u++ = (char) c;

        } else {
            u = fig_path_quote(u, c);
        }
    }

    return (size_t) (u - out);
}


size_t
fig_path_encode(fig_str_t path, char *out)
{
    return fig_path_encode_but(path, '/', out);
}


size_t
fig_path_restore(fig_str_t path, char *out)
{
    return fig_path_encode_but(path, '\\', out);
}
