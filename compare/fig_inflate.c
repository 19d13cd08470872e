/*
 * gzip, through zlib; the only file of the room that includes zlib.h.
 *
 *     out    | 16 KiB |              four times as large, and copied, as often
 *            | 64 KiB       |  ...   as it does not do
 *
 * The size that a gzip trailer claims is not believed.
 */

#include "fig_inflate.h"

#include <limits.h>
#include <zlib.h>


#define FIG_INFLATE_FIRST  (16 * 1024)
#define FIG_INFLATE_FREE   (64 * 1024)
#define FIG_INFLATE_GZIP   (15 + 16)       /* zlib: gzip with any window */


typedef struct {
    z_stream      z;
    fig_arena_t  *arena;
    char         *data;
    size_t        size;
    size_t        len;
    size_t        max;
} fig_inflater_t;


static size_t
fig_inflate_most(fig_str_t packed, size_t max)
{
    size_t  most;

    most = FIG_INFLATE_FREE;

    if (packed.len > most / FIG_INFLATE_RATIO) {
        most = (packed.len > SIZE_MAX / FIG_INFLATE_RATIO)
               ? SIZE_MAX : packed.len * FIG_INFLATE_RATIO;
    }

    return (max < most) ? max : most;
}


/* Room for more than there is, up to one byte above the limit. */

static fig_inflate_t
fig_inflate_grow(fig_inflater_t *inflater)
{
    char    *data;
    size_t   size;

    if (inflater->len > inflater->max) {
        return FIG_INFLATE_LIMIT;
    }

    if (inflater->len < inflater->size) {
        return FIG_INFLATE_OK;
    }

    size = (inflater->size == 0) ? FIG_INFLATE_FIRST : 4 * inflater->size;

    if (size > inflater->max) {
        size = inflater->max + 1;
    }

    data = fig_arena_room(inflater->arena, size);
    if (data == NULL) {
        return FIG_INFLATE_NOMEM;
    }

    if (inflater->len != 0) {
        memcpy(data, inflater->data, inflater->len);
    }

    inflater->data = data;
    inflater->size = size;

    return FIG_INFLATE_OK;
}


/* One step; *end: a member is complete. */

static fig_inflate_t
fig_inflate_step(fig_inflater_t *inflater, bool *end)
{
    int            rc;
    size_t         room;
    fig_inflate_t  result;

    result = fig_inflate_grow(inflater);
    if (result != FIG_INFLATE_OK) {
        return result;
    }

    room = inflater->size - inflater->len;
    room = (room > INT_MAX) ? INT_MAX : room;
    inflater->z.next_out = (Bytef *) inflater->data + inflater->len;
    inflater->z.avail_out = (uInt) room;

    rc = inflate(&inflater->z, Z_NO_FLUSH);
    inflater->len += room - inflater->z.avail_out;
    *end = (rc == Z_STREAM_END);

    if (rc == Z_OK || rc == Z_STREAM_END) {
        return FIG_INFLATE_OK;
    }

    if (rc == Z_MEM_ERROR) {
        return FIG_INFLATE_NOMEM;
    }

    return (rc == Z_BUF_ERROR) ? FIG_INFLATE_SHORT : FIG_INFLATE_BAD;
}


static fig_inflate_t
fig_inflate_run(fig_inflater_t *inflater)
{
    bool           end;
    fig_inflate_t  result;

    end = false;

    while (!end || inflater->z.avail_in != 0) {

        if (end && inflateReset(&inflater->z) != Z_OK) {
            return FIG_INFLATE_BAD;
        }

        result = fig_inflate_step(inflater, &end);
        if (result != FIG_INFLATE_OK) {
            return result;
        }
    }

    return (inflater->len > inflater->max) ? FIG_INFLATE_LIMIT : FIG_INFLATE_OK;
}


fig_inflate_t
fig_inflate(fig_str_t packed, size_t max, fig_arena_t *arena, fig_str_t *out)
{
    fig_inflate_t   result;
    fig_inflater_t  inflater;

    if (packed.len > INT_MAX) {
        return FIG_INFLATE_LIMIT;
    }

    memset(&inflater, 0, sizeof(inflater));
    inflater.arena = arena;
    inflater.max = fig_inflate_most(packed, max);
    inflater.z.next_in = (z_const Bytef *) packed.data;
    inflater.z.avail_in = (uInt) packed.len;

    if (inflateInit2(&inflater.z, FIG_INFLATE_GZIP) != Z_OK) {
        return FIG_INFLATE_NOMEM;
    }

    result = fig_inflate_run(&inflater);
    inflateEnd(&inflater.z);

    if (result == FIG_INFLATE_OK) {
        *out = fig_str(inflater.data, inflater.len);
    }

    return result;
}
