/*
 * Shapes of paths, see fig_shape.h: one pass over the bytes of each segment,
 * which counts classes of bytes, and then a verdict.
 *
 *     "0a9f31d2c44b"  ->  digits 7, hex 12, dashes 0, odd 0  ->  {id}
 */

#include "fig_shape.h"


#define FIG_SHAPE_SEGMENTS  12
#define FIG_SHAPE_LONG      24
#define FIG_SHAPE_HEX       8          /* hex digits that look like an id */
#define FIG_SHAPE_MIXED     4

#define FIG_SHAPE_MORE      "/..."


/*
 * What each byte adds to a tally: four counters in one word, so that a byte
 * costs one look and one addition.  A counter overflows in a segment of 64 KiB,
 * which no server takes.
 */

#define D  (1 | (1 << 16) | ((uint64_t) 1 << 48))      /* a digit */
#define X  ((1 << 16) | ((uint64_t) 1 << 48))          /* a to f */
#define M  (((uint64_t) 1 << 32) | ((uint64_t) 1 << 48))       /* a dash */
#define P  ((uint64_t) 1 << 48)                        /* nothing odd */

static const uint64_t  fig_shape_class[256] = {
    ['!'] = P, ['$'] = P, ['+'] = P, [','] = P, [':'] = P, [';'] = P,
    ['='] = P, ['@'] = P, ['_'] = P, ['~'] = P,
    ['-'] = M, ['.'] = P,
    ['0'] = D, ['1'] = D, ['2'] = D, ['3'] = D, ['4'] = D,
    ['5'] = D, ['6'] = D, ['7'] = D, ['8'] = D, ['9'] = D,
    ['A'] = X, ['B'] = X, ['C'] = X, ['D'] = X, ['E'] = X, ['F'] = X,
    ['a'] = X, ['b'] = X, ['c'] = X, ['d'] = X, ['e'] = X, ['f'] = X,
    ['G'] = P, ['H'] = P, ['I'] = P, ['J'] = P, ['K'] = P, ['L'] = P,
    ['M'] = P, ['N'] = P, ['O'] = P, ['P'] = P, ['Q'] = P, ['R'] = P,
    ['S'] = P, ['T'] = P, ['U'] = P, ['V'] = P, ['W'] = P, ['X'] = P,
    ['Y'] = P, ['Z'] = P,
    ['g'] = P, ['h'] = P, ['i'] = P, ['j'] = P, ['k'] = P, ['l'] = P,
    ['m'] = P, ['n'] = P, ['o'] = P, ['p'] = P, ['q'] = P, ['r'] = P,
    ['s'] = P, ['t'] = P, ['u'] = P, ['v'] = P, ['w'] = P, ['x'] = P,
    ['y'] = P, ['z'] = P
};

#undef D
#undef X
#undef M
#undef P


typedef struct {
    size_t  len;
    size_t  digits;
    size_t  hex;                       /* digits among them */
    size_t  dashes;
    size_t  odd;
} fig_shape_tally_t;


static fig_shape_tally_t
fig_shape_tally(const char *p, size_t len)
{
    size_t             i;
    uint64_t           sum;
    fig_shape_tally_t  t;

    sum = 0;

    for (i = 0; i < len; i++) {
        sum += fig_shape_class[(unsigned char) p[i]];
    }

    t.len = len;
    t.digits = sum & 0xffff;
    t.hex = (sum >> 16) & 0xffff;
    t.dashes = (sum >> 32) & 0xffff;
    t.odd = len - (sum >> 48);

    return t;
}


static bool
fig_shape_is_uuid(const char *p, const fig_shape_tally_t *t)
{
    return t->len == 36 && t->hex == 32 && t->dashes == 4
           && p[8] == '-' && p[13] == '-' && p[18] == '-' && p[23] == '-';
}


/* What a segment is called; len 0: it stays as it is. */

static fig_str_t
fig_shape_word(const char *p, size_t len)
{
    fig_shape_tally_t  t;

    static const fig_str_t  id = FIG_STR("{id}");
    static const fig_str_t  text = FIG_STR("{text}");
    static const fig_str_t  none = FIG_STR("");

    t = fig_shape_tally(p, len);

    if (t.digits == 0) {
        return (t.odd || len > FIG_SHAPE_LONG) ? text : none;
    }

    if (t.digits == len
        || (t.hex == len && len >= FIG_SHAPE_HEX)
        || (len >= FIG_SHAPE_MIXED && 2 * t.digits >= len && t.odd == 0)
        || (len > FIG_SHAPE_LONG && t.dashes == 0 && t.odd == 0)
        || fig_shape_is_uuid(p, &t))
    {
        return id;
    }

    return (t.odd || len > FIG_SHAPE_LONG) ? text : none;
}


/* The length of the extension at the end of a segment, with its dot. */

static size_t
fig_shape_extension(const char *p, size_t len)
{
    size_t         i;
    unsigned char  c;

    c = 0;

    for (i = 1; i <= 6 && i < len; i++) {

        if (p[len - i] == '.') {
            return (i > 1 && c >= 'a') ? i : 0;
        }

        c = fig_lower((unsigned char) p[len - i]);

        if ((c < 'a' || c > 'z') && (c < '0' || c > '9')) {
            return 0;
        }
    }

    return 0;
}


size_t
fig_shape(fig_str_t path, char out[FIG_SHAPE_SIZE])
{
    size_t       n, len, tail, segments;
    fig_str_t    word;
    const char  *p, *last, *end;

    n = 0;
    segments = 0;
    p = path.data;
    last = p + path.len;

    if (p < last && *p == '/') {
        p++;
    }

    /* each segment is written with the slash before it */

    for ( ;; ) {
        end = memchr(p, '/', last - p);
        end = end ? end : last;

        tail = fig_shape_extension(p, end - p);
        word = fig_shape_word(p, end - p - tail);

        if (word.len == 0) {
            word = fig_str(p, end - p - tail);
        }

        len = 1 + word.len + tail;

        /* unless it is the last there must be room to say that more follows */

        if (++segments > FIG_SHAPE_SEGMENTS
            || n + len + (end < last ? sizeof(FIG_SHAPE_MORE) - 1 : 0)
               > FIG_SHAPE_SIZE)
        {
            memcpy(out + n, FIG_SHAPE_MORE, sizeof(FIG_SHAPE_MORE) - 1);
            return n + sizeof(FIG_SHAPE_MORE) - 1;
        }

        out[n++] = '/';
        memcpy(out + n, word.data, word.len);
        memcpy(out + n + word.len, end - tail, tail);
        n += word.len + tail;

        if (end == last) {
            return n;
        }

        p = end + 1;
    }
}
