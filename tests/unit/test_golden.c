/*
 * Every rules file of tests/golden with the diagnostics that it must give:
 *
 *     NAME.yaml      what is loaded, by that name
 *     NAME.expected  the diagnostics, or "ok" for a file without errors
 *
 * With UPDATE=1 in the environment the expectations are written instead; see
 * tests/golden/regenerate.sh.
 */

#define _GNU_SOURCE

#include "load.h"

#include <glob.h>
#include <unistd.h>


static char *
slurp(const char *path)
{
    char   *text;
    FILE   *file;
    size_t  n;

    static const size_t  max = 1024 * 1024;

    file = fopen(path, "r");
    if (file == NULL) {
        return NULL;
    }

    text = malloc(max);
    assert_non_null(text);

    n = fread(text, 1, max - 1, file);
    text[n] = '\0';
    fclose(file);

    return text;
}


/* The diagnostics of one file, as one text. */

static char *
render(const char *path)
{
    char      *text;
    FILE      *out;
    size_t     size;
    loaded_t   loaded;

    loaded.ruleset = NULL;
    loaded.diags = fig_diags_create();
    assert_non_null(loaded.diags);

    loaded.status = fig_files_read(path, &loaded.files, loaded.diags);

    if (loaded.status == FIG_OK) {
        loaded.status = fig_comparing_load(loaded.files, &loaded.ruleset,
                                           NULL, loaded.diags);
    }

    assert_int_not_equal(loaded.status, FIG_NOMEM);
    assert_int_equal(loaded.status == FIG_OK,
                     fig_diags_count(loaded.diags) == 0);

    out = open_memstream(&text, &size);
    assert_non_null(out);

    loaded_print(&loaded, out);

    if (loaded.status == FIG_OK) {
        fprintf(out, "ok\n");
    }

    fclose(out);
    loaded_release(&loaded);

    return text;
}


static void
expected_path(const char *path, char *out, size_t size)
{
    snprintf(out, size, "%.*s.expected", (int) (strlen(path) - 5), path);
}


static void
update(const char *path)
{
    char   name[1024], *actual;
    FILE  *out;

    expected_path(path, name, sizeof(name));
    actual = render(path);

    out = fopen(name, "w");
    assert_non_null(out);
    assert_true(fputs(actual, out) >= 0);
    fclose(out);
    free(actual);
}


static bool
is_as_expected(const char *path)
{
    bool   same;
    char   name[1024], *actual, *expected;

    expected_path(path, name, sizeof(name));
    actual = render(path);
    expected = slurp(name);

    same = expected != NULL && strcmp(actual, expected) == 0;

    if (!same) {
        print_error("--- %s: expected\n%s--- but got\n%s", path,
                    expected != NULL ? expected : "nothing\n", actual);
    }

    free(actual);
    free(expected);

    return same;
}


static void
test_golden(void **state)
{
    bool    updating;
    glob_t  found;
    size_t  i, failed;

    (void) state;

    updating = getenv("UPDATE") != NULL;

    assert_int_equal(chdir(TESTS_DIR "/golden"), 0);
    assert_int_equal(glob("*.yaml", 0, NULL, &found), 0);
    assert_true(found.gl_pathc > 100);

    for (i = 0, failed = 0; i < found.gl_pathc; i++) {
        if (updating) {
            update(found.gl_pathv[i]);

        } else if (!is_as_expected(found.gl_pathv[i])) {
            failed++;
        }
    }

    globfree(&found);
    assert_int_equal(failed, 0);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_golden),
    };

    return cmocka_run_group_tests_name("golden", tests, NULL, NULL);
}
