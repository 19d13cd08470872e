/*
 * Bundles: what is kept as last good rules and what comes out of shared
 * memory.
 *
 *     bytes                       hardly ever pass their checksum
 *     bytes, with the checksum    -> files -> bundle -> the same files
 */

#include "fuzz.h"

#include "fig_files_data.h"


#define CHECKSUM  8


static void
check_same(const fig_files_t *files, const fig_files_t *again)
{
    size_t  i;

    fuzz_check(fig_files_count(files) == fig_files_count(again)
               && fig_files_has_includes(files)
                  == fig_files_has_includes(again)
               && fig_files_checksum(files) == fig_files_checksum(again),
               "other files", fig_files_name(files, 0));

    for (i = 0; i < fig_files_count(files); i++) {
        fuzz_check(fig_str_eq(fig_files_name(files, i),
                              fig_files_name(again, i))
                   && fig_str_eq(fig_files_text(files, i),
                                 fig_files_text(again, i)),
                   "another file", fig_files_name(files, i));
    }
}


static void
unpack(fig_str_t bundle)
{
    char         *out;
    size_t        size;
    fig_files_t  *files, *again;
    fuzz_heap_t   heap;

    if (fig_files_from_bundle(bundle, &files) != FIG_OK) {
        assert_null(files);
        return;
    }

    heap.n = 0;
    size = fig_files_bundle_size(files);
    out = fuzz_room(&heap, size);
    fig_files_bundle(files, out);

    assert_int_equal(fig_files_from_bundle(fig_str(out, size), &again),
                     FIG_OK);
    check_same(files, again);

    fig_files_destroy(again);
    fig_files_destroy(files);
    fuzz_release(&heap);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char         *out;
    size_t        i;
    uint64_t      sum;
    fuzz_heap_t   heap;

    unpack(fig_str((const char *) data, size));

    heap.n = 0;
    out = fuzz_room(&heap, size + CHECKSUM);

    if (size != 0) {
        memcpy(out, data, size);
    }

    sum = fig_files_hash(FIG_FILES_HASH, out, size);

    for (i = 0; i < CHECKSUM; i++) {
        out[size + i] = (char) (sum >> (8 * i));
    }

    unpack(fig_str(out, size + CHECKSUM));
    fuzz_release(&heap);

    return 0;
}
