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


/* Where hashes of what belongs to a node or a tree of this number begin. */

static inline uint64_t
fig_hash_owner(uint32_t owner)
{
    return FIG_HASH_SEED ^ owner * FIG_HASH_OWNER;
}


/* The first slash of a word, and nothing before it, has its high bit set. */

static inline uint64_t
fig_slashes(uint64_t word)
{
    word ^= FIG_BYTES_2F;

    return (word - FIG_BYTES_01) & ~word & FIG_BYTES_80;
}


/* Hashes on from word to word; most segments end in their first one. */

static inline void
fig_segment_read_on(fig_segment_t *segment, const char *last, uint64_t bits)
{
    size_t    n;
    uint64_t  word, slashes;

    do {
        n = (size_t) (last - segment->end);

        if (n >= 8) {
            n = 8;
            word = fig_load_64(segment->end);
        } else {
            word = fig_load_few(segment->end, n);
        }

        slashes = fig_slashes(word);

        if (slashes != 0) {
            n = (size_t) __builtin_ctzll(slashes) / 8;
        }

        word |= bits;

        if (n < 8) {
            word &= (UINT64_C(1) << (8 * n)) - 1;
        }

        segment->hash = fig_hash_word(segment->hash, word);
        segment->end += n;

    } while (n == 8);
}


/*
 * Reads the segment at p, which is behind its slash.  hash is where to begin:
 * fig_hash_owner().  bits is or-ed to every byte before hashing: FIG_BYTES_20
 * makes one of the two ASCII cases (and of some other bytes, which does no
 * harm), 0 leaves them alone.
 */

static inline fig_segment_t
fig_segment_read(const char *p, const char *last, uint64_t hash,
    uint64_t bits)
{
    size_t         n;
    uint64_t       word, slashes;
    fig_segment_t  segment;

    n = (size_t) (last - p);
    word = (n >= 8) ? fig_load_64(p) : fig_load_few(p, n);
    slashes = fig_slashes(word);

    word |= bits;

    if (slashes != 0) {
        n = (size_t) __builtin_ctzll(slashes) / 8;
        word &= ((slashes & -slashes) >> 7) - 1;

    } else if (n >= 8) {
        segment.head = word;
        segment.hash = fig_hash_word(hash, word);
        segment.end = p + 8;

        fig_segment_read_on(&segment, last, bits);

        return segment;

    } else if (bits != 0) {
        word &= (UINT64_C(1) << (8 * n)) - 1;
    }

    segment.head = word;
    segment.hash = fig_hash_word(hash, word);
    segment.end = p + n;

    return segment;
}


/* Whether n bytes, of which the first eight are known to be, are the same. */

static inline bool
fig_rest_is_same(const char *a, const char *b, size_t n)
{
    size_t  i;

    if (n <= 8) {
        return true;
    }

    for (i = 8; n - i > 8; i += 8) {
        if (fig_load_64(a + i) != fig_load_64(b + i)) {
            return false;
        }
    }

    return fig_load_64(a + n - 8) == fig_load_64(b + n - 8);
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

    return fig_hash_word(hash, fig_load_few(text.data + i, text.len - i));
}


#endif /* FIG_HASH_H */
