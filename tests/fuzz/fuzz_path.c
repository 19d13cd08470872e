/*
 * Paths: as they are received, and as nginx has decoded them.
 *
 *     raw -> fig_path_normalize() == a second reading of the rules
 *         -> fig_path_encode() -> fig_path_normalize() -> the same
 *         -> fig_path_restore() -> fig_path_normalize() -> the very same
 *     decoded -> fig_path_from_decoded() -> encoded and back
 */

#include "follow.h"
#include "reference_path.h"


/*
 * A backslash comes back as the %5C that it was encoded to, or as itself from
 * what is sent on.
 */

static void
check_round_trip(fuzz_heap_t *heap, fig_str_t path)
{
    bool        resolved;
    char       *out;
    size_t      len;
    fig_str_t   encoded;

    encoded = follow_encode(heap, path);
    fuzz_check(follow_is_path(encoded), "encoded", encoded);

    out = fuzz_room(heap, encoded.len);
    fuzz_check(fig_path_normalize(encoded, out, &len, &resolved) == FIG_OK
               && !resolved, "read back", encoded);

    if (memchr(path.data, '\\', path.len) == NULL) {
        fuzz_check(fig_str_eq(fig_str(out, len), path), "came back", encoded);
    }

    out = fuzz_room(heap, 3 * path.len);
    encoded = fig_str(out, fig_path_restore(path, out));

    out = fuzz_room(heap, encoded.len);
    fuzz_check(fig_path_normalize(encoded, out, &len, &resolved) == FIG_OK
               && !resolved && fig_str_eq(fig_str(out, len), path),
               "restored", encoded);
}


static void
check_raw(fuzz_heap_t *heap, fig_str_t raw)
{
    bool        valid, resolved;
    char       *out, copy[REFERENCE_MAX], want[REFERENCE_MAX + 1];
    size_t      len;
    fig_str_t   path;

    out = fuzz_room(heap, raw.len);
    valid = fig_path_normalize(raw, out, &len, &resolved) == FIG_OK;

    if (valid) {
        path = fig_str(out, len);
        fuzz_check(len <= raw.len && len != 0 && out[0] == '/', "grew", path);
        check_round_trip(heap, path);
    }

    if (raw.len >= REFERENCE_MAX) {
        return;
    }

    if (raw.len != 0) {
        memcpy(copy, raw.data, raw.len);
    }

    copy[raw.len] = '\0';

    if (strlen(copy) != raw.len || copy[0] != '/') {
        fuzz_check(!valid, "valid", raw);
        return;
    }

    fuzz_check(valid == reference_normalize(copy, want), "valid or not", raw);

    if (valid) {
        fuzz_check(fig_str_eq(path, fig_str_from(want)), "another path", raw);
    }
}


/* Whatever comes of a rewrite of nginx's is a path that comes back, or none. */

static void
check_decoded(fuzz_heap_t *heap, fig_str_t decoded)
{
    char    *out;
    size_t   len;

    out = fuzz_room(heap, 3 * decoded.len);

    if (fig_path_from_decoded(decoded, out, &len) != FIG_OK) {
        return;
    }

    fuzz_check(memchr(out, '\\', len) == NULL, "a backslash",
               fig_str(out, len));
    check_round_trip(heap, fig_str(out, len));
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fig_str_t    text;
    fuzz_heap_t  heap;

    heap.n = 0;
    text = fig_str((const char *) data, size);

    check_raw(&heap, text);
    check_decoded(&heap, text);

    fuzz_release(&heap);

    return 0;
}
