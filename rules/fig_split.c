/*
 * The split's hash: which of 10,000 buckets a sticky value falls into.
 *
 *     name NUL value -> FNV-1a, 64 bits -> finalizer -> high 32 bits
 *                    -> * 10,000 / 2^32 -> bucket
 *
 * FNV-1a takes any bytes and is a few lines in every language, so that others
 * can compute a client's bucket; the finalizer (Stafford's mix 13) spreads
 * what FNV leaves in the low bits.  The function is part of the contract with
 * everybody whose clients are split: it must never change, or every client of
 * every split would be dealt anew.  It knows nothing of requests.
 */

#include "fig_rules.h"
#include "fig_split.h"


#define FIG_FNV_BASIS  UINT64_C(0xcbf29ce484222325)
#define FIG_FNV_PRIME  UINT64_C(0x00000100000001b3)


/* FIG_SPLIT_BUCKET adds nothing: the bucket is that of plain FNV-1a. */

static const uint64_t  fig_split_seeds[] = {
    0,
    UINT64_C(0x9e3779b97f4a7c15),
    UINT64_C(0xd1b54a32d192ed03)
};


static uint64_t
fig_split_fnv(uint64_t hash, fig_str_t str)
{
    size_t  i;

    for (i = 0; i < str.len; i++) {
        hash ^= (unsigned char) str.data[i];
        hash *= FIG_FNV_PRIME;
    }

    return hash;
}


static uint64_t
fig_split_final(uint64_t hash)
{
    hash ^= hash >> 30;
    hash *= UINT64_C(0xbf58476d1ce4e5b9);
    hash ^= hash >> 27;
    hash *= UINT64_C(0x94d049bb133111eb);
    hash ^= hash >> 31;

    return hash;
}


uint64_t
fig_split_hash(fig_split_use_t use, fig_str_t name, fig_str_t value)
{
    uint64_t   hash;
    fig_str_t  nul = { 1, "" };

    hash = fig_split_fnv(FIG_FNV_BASIS, name);
    hash = fig_split_fnv(hash, nul);
    hash = fig_split_fnv(hash, value);

    return fig_split_final(hash ^ fig_split_seeds[use]);
}


uint64_t
fig_split_mix(fig_split_use_t use, uint64_t n)
{
    return fig_split_final(fig_split_final(n + FIG_FNV_BASIS)
                           ^ fig_split_seeds[use]);
}


uint32_t
fig_split_scale(uint64_t hash, uint64_t n)
{
    return (uint32_t) (((hash >> 32) * n) >> 32);
}


uint16_t
fig_split_bucket(fig_str_t name, fig_str_t value)
{
    uint64_t  hash;

    hash = fig_split_hash(FIG_SPLIT_BUCKET, name, value);

    return (uint16_t) fig_split_scale(hash, FIG_BUCKETS);
}
