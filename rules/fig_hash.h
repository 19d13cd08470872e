/*
 * Hashing the pieces of a path eight bytes at a time; private to rules/.
 *
 *     /api/inventory-items/7
 *      ^                      one word, cut at its slash
 *          ^       ^          two words
 *
 * A segment is found and hashed in one go, because both look at every byte.
 * Nothing is read beyond the end of the text.  The hash never leaves a process
 * and proves nothing: whoever finds by it compares the text as well.
 */

#ifndef FIG_HASH_H
#define FIG_HASH_H

#include "fig_base.h"


#define FIG_HASH_SEED   UINT64_C(0x9e3779b97f4a7c15)
#define FIG_HASH_MUL    UINT64_C(0xbf58476d1ce4e5b9)
#define FIG_HASH_OWNER  UINT64_C(0x94d049bb133111eb)

#define FIG_BYTES_01    UINT64_C(0x0101010101010101)
#define FIG_BYTES_20    UINT64_C(0x2020202020202020)
#define FIG_BYTES_2F    UINT64_C(0x2f2f2f2f2f2f2f2f)        /* slashes */
#define FIG_BYTES_80    UINT64_C(0x8080808080808080)


typedef struct {
    uint64_t     hash;
    uint64_t     head;             /* the first eight bytes, zero-padded */
    const char  *end;              /* the slash behind it, or the end */
} fig_segment_t;


/* Byte order does not matter to a hash, but the place of a slash does. */

static inline uint64_t
fig_little_64(uint64_t word)
{
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    return __builtin_bswap64(word);
#else
    return word;
#endif
}


static inline uint64_t
fig_load_64(const char *p)
{
    uint64_t  word;

    memcpy(&word, p, sizeof(word));

    return fig_little_64(word);
}


static inline uint32_t
fig_load_32(const char *p)
{
    uint32_t  word;

    memcpy(&word, p, sizeof(word));

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap32(word);
#endif

    return word;
}


/* n < 8 bytes, zero-padded; the loads overlap where n is no power of two. */

static inline uint64_t
fig_load_few(const char *p, size_t n)
{
    const unsigned char  *u;

    if (n >= 4) {
        return fig_load_32(p)
               | (uint64_t) fig_load_32(p + n - 4) << (8 * (n - 4));
    }

    if (n == 0) {
        return 0;
    }

    u = (const unsigned char *) p;

    return u[0] | (uint64_t) u[n / 2] << (8 * (n / 2))
           | (uint64_t) u[n - 1] << (8 * (n - 1));
}


static inline uint64_t
fig_hash_word(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * FIG_HASH_MUL;

    return hash ^ (hash >> 29);
}


/* The hash of something that belongs to a node or a tree of this number. */

static inline uint64_t
fig_hash_owned(uint64_t hash, uint32_t owner)
{
    hash = (hash ^ owner * FIG_HASH_OWNER) * FIG_HASH_SEED;

    return hash ^ (hash >> 32);
}


/*
 * Reads the segment at p, which is behind its slash.  bits is or-ed to every
 * byte before hashing: FIG_BYTES_20 makes one of the two ASCII cases (and of
 * some other bytes, which does no harm), 0 leaves them alone.
 */

static inline fig_segment_t
fig_segment_read(const char *p, const char *last, uint64_t bits)
{
    size_t         n;
    uint64_t       word, slashes;
    fig_segment_t  segment;

    segment.hash = FIG_HASH_SEED;
    segment.end = p;

    do {
        n = (size_t) (last - segment.end);

        if (n >= 8) {
            n = 8;
            word = fig_load_64(segment.end);
        } else {
            word = fig_load_few(segment.end, n);
        }

        slashes = word ^ FIG_BYTES_2F;
        slashes = (slashes - FIG_BYTES_01) & ~slashes & FIG_BYTES_80;

        if (slashes != 0) {
            n = (size_t) __builtin_ctzll(slashes) / 8;
        }

        word |= bits;

        if (n < 8) {
            word &= (UINT64_C(1) << (8 * n)) - 1;
        }

        if (segment.end == p) {
            segment.head = word;
        }

        segment.hash = fig_hash_word(segment.hash, word);
        segment.end += n;

    } while (n == 8);

    return segment;
}


/* The hash of any bytes; slashes mean nothing here. */

static inline uint64_t
fig_hash_bytes(fig_str_t text)
{
    size_t    i;
    uint64_t  hash;

    hash = FIG_HASH_SEED ^ text.len;

    for (i = 0; text.len - i >= 8; i += 8) {
        hash = fig_hash_word(hash, fig_load_64(text.data + i));
    }

    hash = fig_hash_word(hash, fig_load_few(text.data + i, text.len - i));

    return hash ^ (hash >> 32);
}


#endif /* FIG_HASH_H */
