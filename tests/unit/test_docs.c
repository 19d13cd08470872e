/*
 * Every rules file that the reference shows must load.
 */

#include "load.h"


static void
test_examples_of_the_reference_load(void **state)
{
    char      *text, *begin, *end;
    FILE      *file;
    size_t     n;
    unsigned   found;
    loaded_t   loaded;

    static const size_t  max = 1024 * 1024;

    (void) state;

    text = malloc(max);
    assert_non_null(text);

    file = fopen(TESTS_DIR "/../docs/rules.md", "r");
    assert_non_null(file);
    n = fread(text, 1, max - 1, file);
    text[n] = '\0';
    fclose(file);

    found = 0;

    for (begin = strstr(text, "```yaml\n"); begin != NULL;
         begin = strstr(end, "```yaml\n"))
    {
        begin += 8;
        end = strstr(begin, "```\n");
        assert_non_null(end);

        load_bytes(&loaded, begin, (size_t) (end - begin));
        assert_loads(&loaded);
        loaded_release(&loaded);

        end += 4;
        found++;
    }

    assert_true(found >= 5);
    free(text);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_examples_of_the_reference_load),
    };

    return cmocka_run_group_tests_name("docs", tests, NULL, NULL);
}
