/*
 * gzip bodies (RFC 1952) unpacked, with limits: the only file that knows zlib
 * is fig_inflate.c.
 *
 *     member | member | ...   ->   one text in the arena
 */

#ifndef FIG_INFLATE_H
#define FIG_INFLATE_H

#include "fig_arena.h"
#include "fig_base.h"


/* More than this, beyond the first 64 KiB, is no text but an attack. */
#define FIG_INFLATE_RATIO  200


typedef enum {
    FIG_INFLATE_OK = 0,
    FIG_INFLATE_BAD,           /* this is no gzip, or its checksum is wrong */
    FIG_INFLATE_SHORT,         /* it ends too early */
    FIG_INFLATE_LIMIT,         /* more than max bytes, or than the ratio */
    FIG_INFLATE_NOMEM
} fig_inflate_t;


/* *out is set on FIG_INFLATE_OK; it lives in the arena. */
fig_inflate_t fig_inflate(fig_str_t packed, size_t max, fig_arena_t *arena,
    fig_str_t *out);


#endif /* FIG_INFLATE_H */
