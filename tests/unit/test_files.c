/*
 * fig_files.h: reading, includes, bundles, checksums and signatures, in a
 * directory of its own.
 */

#define _GNU_SOURCE

#include "unit.h"

#include "fig_files.h"

#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>


static char  home[] = "/tmp/fig-files-XXXXXX";


static int
setup(void **state)
{
    (void) state;

    return (mkdtemp(home) != NULL && chdir(home) == 0
            && mkdir("d", 0755) == 0 && mkdir("empty", 0755) == 0) ? 0 : -1;
}


static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void) st;
    (void) type;
    (void) ftw;

    return remove(path);
}


static int
teardown(void **state)
{
    (void) state;

    return chdir("/") == 0 && nftw(home, remove_one, 8, FTW_DEPTH|FTW_PHYS) == 0
           ? 0 : -1;
}


static void
put(const char *path, const char *text)
{
    FILE  *file;

    file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}


/* Reads main.yaml; the first error must contain error, NULL: there is none. */

static fig_files_t *
read_main(const char *error)
{
    fig_str_t      text;
    fig_files_t   *files;
    fig_diags_t   *diags;
    fig_status_t   status;

    diags = fig_diags_create();
    status = fig_files_read("main.yaml", &files, diags);

    if (error == NULL) {
        assert_int_equal(status, FIG_OK);
        assert_int_equal(fig_diags_count(diags), 0);

    } else {
        assert_int_equal(status, FIG_INVALID);
        assert_int_equal(fig_diags_count(diags), 1);
        text = fig_diags_text(diags, 0);

        if (memmem(text.data, text.len, error, strlen(error)) == NULL) {
            fail_msg("%s is not in %s", error, text.data);
        }
    }

    fig_diags_destroy(diags);

    return files;
}


static void
test_main_file_alone(void **state)
{
    fig_files_t  *files;

    (void) state;

    put("main.yaml", "version: 1\n");
    files = read_main(NULL);

    assert_int_equal(fig_files_count(files), 1);
    assert_str(fig_files_name(files, 0), "main.yaml");
    assert_str(fig_files_text(files, 0), "version: 1\n");
    assert_true(fig_files_has_includes(files));

    fig_files_destroy(files);
    fig_files_destroy(NULL);
}


static void
test_includes_are_sorted_and_read_once(void **state)
{
    fig_files_t  *files;

    (void) state;

    put("main.yaml", "include: [d/z.yaml, 'd/*.yaml', main.yaml, '*.yaml', "
                     "empty/*, nowhere/*]");
    put("d/z.yaml", "z");
    put("d/b.yaml", "b");
    put("d/a.yaml", "a");
    put("d/.hidden.yaml", "hidden");
    assert_int_equal(symlink("a.yaml", "d/c.yaml"), 0);

    files = read_main(NULL);

    assert_int_equal(fig_files_count(files), 4);
    assert_str(fig_files_name(files, 1), "d/z.yaml");
    assert_str(fig_files_name(files, 2), "d/a.yaml");
    assert_str(fig_files_name(files, 3), "d/b.yaml");
    assert_str(fig_files_text(files, 3), "b");

    fig_files_destroy(files);
}


static void
test_main_files_directory_is_no_pattern(void **state)
{
    fig_files_t  *files;
    fig_diags_t  *diags;

    (void) state;

    assert_int_equal(mkdir("[d]*", 0755), 0);
    put("[d]*/main.yaml", "include: ['r*.yaml']");
    put("[d]*/r.yaml", "r");

    diags = fig_diags_create();
    assert_int_equal(fig_files_read("[d]*/main.yaml", &files, diags), FIG_OK);
    assert_int_equal(fig_files_count(files), 2);
    assert_str(fig_files_name(files, 1), "[d]*/r.yaml");

    fig_files_destroy(files);
    fig_diags_destroy(diags);
}


static void
test_what_cannot_be_read_is_told(void **state)
{
    (void) state;

    assert_int_equal(unlink("main.yaml"), 0);
    assert_null(read_main("main.yaml: error: cannot be read: No such file"));

    assert_int_equal(mkdir("main.yaml", 0755), 0);
    assert_null(read_main("not a regular file"));
    assert_int_equal(rmdir("main.yaml"), 0);

    assert_int_equal(mkfifo("main.yaml", 0644), 0);
    assert_null(read_main("not a regular file"));
    assert_int_equal(unlink("main.yaml"), 0);

    put("main.yaml", "a: b\ninclude: [d/nothing.yaml]");
    fig_files_destroy(read_main("main.yaml:2:11: error: \"d/nothing.yaml\""));

    put("main.yaml", "include: [d]");
    fig_files_destroy(read_main("main.yaml:1:11: error: \"d\""));

    assert_int_equal(symlink("nothing", "d/dangling"), 0);
    put("main.yaml", "include: [d/dangling]");
    fig_files_destroy(read_main("No such file"));
    assert_int_equal(unlink("d/dangling"), 0);

    put("main.yaml", "include: d/a.yaml");
    fig_files_destroy(read_main("main.yaml:1:10: error: \"include\" must be"));

    put("main.yaml", "include: [\"d/a\\0.yaml\"]");
    fig_files_destroy(read_main("main.yaml:1:11: error: \"include\" must be"));
}


static void
test_broken_yaml_is_not_told_here(void **state)
{
    (void) state;

    put("main.yaml", "include: [d/a.yaml");
    fig_files_destroy(read_main(NULL));

    put("main.yaml", "- include");
    fig_files_destroy(read_main(NULL));
}


static void
grow(const char *path, off_t size)
{
    int  fd;

    fd = open(path, O_WRONLY|O_CREAT, 0644);
    assert_true(fd != -1);
    assert_int_equal(ftruncate(fd, size), 0);
    assert_int_equal(close(fd), 0);
}


static void
test_size_is_limited_over_all_files(void **state)
{
    off_t  left;

    static const char  text[] = "include: [big]\n";

    (void) state;

    put("main.yaml", text);
    left = FIG_FILES_MAX_SIZE - (off_t) strlen(text);

    grow("big", left);
    fig_files_destroy(read_main(NULL));

    grow("big", left + 1);
    fig_files_destroy(read_main("main.yaml:1:11: error: \"big\" cannot be "
                                "read: the rules files are more than 32 MiB"));

    grow("main.yaml", FIG_FILES_MAX_SIZE + 1);
    assert_null(read_main("main.yaml: error: cannot be read: the rules files"));
    assert_int_equal(unlink("big"), 0);
    assert_int_equal(unlink("main.yaml"), 0);
}


static fig_files_t *
from_text(const char *name, const char *text)
{
    fig_files_t  *files;

    assert_int_equal(fig_files_from_text(fig_str_from(name),
                                         fig_str_from(text), &files), FIG_OK);

    return files;
}


static void
test_checksum_tells_names_and_texts_apart(void **state)
{
    size_t        i, j;
    uint64_t      sums[4];
    fig_files_t  *files;

    static const char *const  texts[][2] = {
        { "a", "bc" }, { "ab", "c" }, { "a", "bd" }, { "a", "" }
    };

    (void) state;

    for (i = 0; i < FIG_NELTS(texts); i++) {
        files = from_text(texts[i][0], texts[i][1]);
        assert_false(fig_files_has_includes(files));
        sums[i] = fig_files_checksum(files);
        fig_files_destroy(files);

        for (j = 0; j < i; j++) {
            assert_true(sums[i] != sums[j]);
        }
    }

    files = from_text("a", "bc");
    assert_true(fig_files_checksum(files) == sums[0]);
    fig_files_destroy(files);
}


static char *
bundle(const fig_files_t *files, size_t *size)
{
    char  *out;

    *size = fig_files_bundle_size(files);
    out = malloc(*size);
    assert_non_null(out);
    fig_files_bundle(files, out);

    return out;
}


static void
test_bundle_brings_everything_back(void **state)
{
    char         *out, *again;
    size_t        size, size_again;
    fig_files_t  *files, *copy;

    (void) state;

    put("main.yaml", "include: ['d/*.yaml', d/z.yaml]");
    files = read_main(NULL);
    out = bundle(files, &size);

    assert_int_equal(fig_files_from_bundle(fig_str(out, size), &copy), FIG_OK);
    assert_int_equal(fig_files_count(copy), fig_files_count(files));
    assert_str(fig_files_name(copy, 2), "d/b.yaml");
    assert_str(fig_files_text(copy, 2), "b");
    assert_true(fig_files_checksum(copy) == fig_files_checksum(files));
    assert_true(fig_files_signature(copy) == fig_files_signature(files));
    assert_true(fig_files_has_includes(copy));

    again = bundle(copy, &size_again);
    assert_int_equal(size, size_again);
    assert_memory_equal(out, again, size);

    fig_files_destroy(copy);
    fig_files_destroy(files);
    free(out);
    free(again);
}


static void
test_damaged_bundle_is_found(void **state)
{
    char         *out;
    size_t        i, size;
    fig_files_t  *files, *copy;

    (void) state;

    files = from_text("name", "some text");
    out = bundle(files, &size);
    fig_files_destroy(files);

    for (i = 0; i < size * 8; i++) {
        out[i / 8] ^= (char) (1 << (i % 8));
        assert_int_equal(fig_files_from_bundle(fig_str(out, size), &copy),
                         FIG_INVALID);
        assert_null(copy);
        out[i / 8] ^= (char) (1 << (i % 8));
    }

    for (i = 0; i < size; i++) {
        assert_int_equal(fig_files_from_bundle(fig_str(out, i), &copy),
                         FIG_INVALID);
    }

    assert_int_equal(fig_files_from_bundle(fig_str(out, size), &copy), FIG_OK);
    fig_files_destroy(copy);
    free(out);
}


/* A whole checksum over lengths that lie. */

static void
test_bundle_with_wrong_lengths_is_found(void **state)
{
    char         *out;
    int           shift;
    size_t        i, size;
    uint64_t      hash;
    fig_files_t  *files, *copy;

    (void) state;

    files = from_text("name", "some text");
    out = bundle(files, &size);
    fig_files_destroy(files);

    for (i = 8; i < 32; i++) {
        out[i] ^= 0x7f;
        hash = UINT64_C(0xcbf29ce484222325);

        for (size_t j = 0; j < size - 8; j++) {
            hash = (hash ^ (unsigned char) out[j]) * UINT64_C(0x100000001b3);
        }

        for (shift = 0; shift < 8; shift++) {
            out[size - 8 + (size_t) shift] = (char) (hash >> (8 * shift));
        }

        if (fig_files_from_bundle(fig_str(out, size), &copy) == FIG_OK) {
            assert_true(i >= 12 && i < 16);        /* a flag nobody knows */
            fig_files_destroy(copy);
        }

        out[i] ^= 0x7f;
    }

    free(out);
}


/* Whether doing something changes the signature of files. */

static void
assert_changes(fig_files_t *files, uint64_t *signature)
{
    uint64_t  now;

    now = fig_files_signature(files);
    assert_true(now != *signature);
    assert_true(fig_files_signature(files) == now);
    *signature = now;
}


static void
test_signature_sees_every_kind_of_change(void **state)
{
    uint64_t      signature;
    fig_files_t  *files;

    (void) state;

    put("main.yaml", "include: ['d/*.yaml']");
    files = read_main(NULL);
    signature = fig_files_signature(files);
    assert_true(fig_files_signature(files) == signature);

    put("d/a.yaml", "longer than it was");
    assert_changes(files, &signature);

    put("new", "longer than it was");
    assert_int_equal(rename("new", "d/a.yaml"), 0);
    assert_changes(files, &signature);

    put("d/d.yaml", "d");
    assert_changes(files, &signature);

    assert_int_equal(rename("d/d.yaml", "d/e.yaml"), 0);
    assert_changes(files, &signature);

    assert_int_equal(unlink("d/e.yaml"), 0);
    assert_changes(files, &signature);

    put("other.yaml", "other");
    assert_int_equal(unlink("d/c.yaml"), 0);
    assert_int_equal(symlink("../other.yaml", "d/c.yaml"), 0);
    assert_changes(files, &signature);

    put("other.yaml", "other and more");
    assert_changes(files, &signature);

    assert_int_equal(unlink("main.yaml"), 0);
    assert_changes(files, &signature);

    fig_files_destroy(files);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_main_file_alone),
        cmocka_unit_test(test_includes_are_sorted_and_read_once),
        cmocka_unit_test(test_main_files_directory_is_no_pattern),
        cmocka_unit_test(test_what_cannot_be_read_is_told),
        cmocka_unit_test(test_broken_yaml_is_not_told_here),
        cmocka_unit_test(test_size_is_limited_over_all_files),
        cmocka_unit_test(test_checksum_tells_names_and_texts_apart),
        cmocka_unit_test(test_bundle_brings_everything_back),
        cmocka_unit_test(test_damaged_bundle_is_found),
        cmocka_unit_test(test_bundle_with_wrong_lengths_is_found),
        cmocka_unit_test(test_signature_sees_every_kind_of_change),
    };

    return cmocka_run_group_tests_name("files", tests, setup, teardown);
}
