/*
 * A 64-bit hash of bytes and of words; the same on every machine.
 *
 * The mixing is that of MurmurHash3's finalizer (Austin Appleby, public
 * domain).  It proves nothing: whoever finds by it compares the rest as well.
 */

#ifndef FIG_HASH64_H
#define FIG_HASH64_H

#include "fig_base.h"


static inline uint64_t
fig_hash64_mix(uint64_t h)
{
    h ^= h >> 33;
    h *= UINT64_C(0xff51afd7ed558ccd);
    h ^= h >> 33;
    h *= UINT64_C(0xc4ceb9fe1a85ec53);
    h ^= h >> 33;

    return h;
}


/* Small numbers, as kinds are, must not meet: h ^ word would not do. */

static inline uint64_t
fig_hash64_word(uint64_t h, uint64_t word)
{
    return fig_hash64_mix(h * UINT64_C(0x9e3779b97f4a7c15)
                        + word * UINT64_C(0xbf58476d1ce4e5b9) + 1);
}


static inline uint64_t
fig_hash64_load(const char *p, size_t n)
{
    size_t    i;
    uint64_t  word;

    for (i = 0, word = 0; i < n; i++) {
        word |= (uint64_t) (unsigned char) p[i] << (8 * i);
    }

    return word;
}


static inline uint64_t
fig_hash64_bytes(uint64_t h, fig_str_t text)
{
    size_t       n;
    uint64_t     word;
    const char  *p;

    p = text.data;

    for (n = text.len; n >= 8; n -= 8, p += 8) {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
        memcpy(&word, p, 8);
#else
        word = fig_hash64_load(p, 8);
#endif
        h = (h ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        h ^= h >> 29;
    }

    return fig_hash64_word(h ^ text.len, n != 0 ? fig_hash64_load(p, n) : 0);
}


#endif /* FIG_HASH64_H */
