/*
 * base/: arena, shown text, diagnostics.
 */

#include "unit.h"

#include "fig_arena.h"
#include "fig_diag.h"
#include "fig_text.h"


static const char  source_text[] =
    "first line\n"
    "\tkey: value\r\n"
    "http://bob:s3cret@host/ key\n"
    "last";


static bool
source(void *data, uint32_t file, fig_str_t *name, fig_str_t *text)
{
    (void) data;

    *name = fig_str_from(file == 0 ? "a.yaml" : "b.yaml");
    *text = fig_str_from(source_text);

    return file < 2;
}


static fig_diags_t *
diags_create(void)
{
    fig_diags_t  *diags;

    diags = fig_diags_create();
    assert_non_null(diags);
    fig_diags_set_source(diags, source, NULL);

    return diags;
}


static fig_pos_t
pos(uint32_t file, uint32_t line, uint32_t col, uint32_t len)
{
    fig_pos_t  pos = { file, line, col, len };

    return pos;
}


static void
test_arena_gives_zeroed_aligned_memory(void **state)
{
    size_t          i, j, size;
    fig_arena_t    *arena;
    unsigned char  *p;

    (void) state;

    arena = fig_arena_create();
    assert_non_null(arena);

    for (i = 0; i < 2000; i++) {
        size = (i * 37) % 3000;
        p = fig_arena_alloc(arena, size);
        assert_non_null(p);
        assert_int_equal((uintptr_t) p % _Alignof(max_align_t), 0);

        for (j = 0; j < size; j++) {
            assert_int_equal(p[j], 0);
        }

        memset(p, 0xff, size);
    }

    assert_true(fig_arena_size(arena) > 2000 * 1400);
    fig_arena_destroy(arena);
}


static void
test_arena_keeps_free_space_behind_large_blocks(void **state)
{
    char         *small, *next;
    fig_arena_t  *arena;

    (void) state;

    arena = fig_arena_create();
    small = fig_arena_alloc(arena, 16);
    assert_non_null(fig_arena_alloc(arena, 1024 * 1024));
    next = fig_arena_alloc(arena, 16);

    assert_ptr_equal(next, small + 16);
    fig_arena_destroy(arena);
}


/* The second round takes nothing from the system, and finds zeros. */

static void
test_arena_reset_keeps_memory(void **state)
{
    char         *p;
    size_t        i, j, round, size;
    fig_arena_t  *arena;

    (void) state;

    arena = fig_arena_create();
    size = 0;

    for (round = 0; round < 4; round++) {

        for (i = 0; i < 100; i++) {
            p = (i % 3) ? fig_arena_alloc(arena, 700 * i)
                        : fig_arena_room(arena, 700 * i);
            assert_non_null(p);

            for (j = 0; j < 700 * i && i % 3; j++) {
                assert_int_equal(p[j], 0);
            }

            memset(p, 0xff, 700 * i);
        }

        if (round == 2) {
            assert_int_equal(fig_arena_size(arena), size);
        }

        fig_arena_reset(arena, 100 * 1024 * 1024);
        size = fig_arena_size(arena);
        assert_true(size > 700 * 100 * 99 / 2);
    }

    fig_arena_reset(arena, size - 1);
    assert_true(fig_arena_size(arena) < 4096);
    fig_arena_reset(arena, 0);
    assert_non_null(fig_arena_alloc(arena, 10));
    fig_arena_destroy(arena);
}


static void
test_arena_refuses_what_overflows(void **state)
{
    fig_str_t     str = { SIZE_MAX, "" };
    fig_arena_t  *arena;

    (void) state;

    arena = fig_arena_create();

    assert_null(fig_arena_alloc(arena, SIZE_MAX));
    assert_null(fig_arena_alloc(arena, SIZE_MAX - 64));
    assert_null(fig_arena_array(arena, SIZE_MAX / 2, 3));
    assert_null(fig_arena_str(arena, str).data);
    assert_non_null(fig_arena_array(arena, 0, 8));

    fig_arena_destroy(arena);
    fig_arena_destroy(NULL);
}


static void
test_arena_strings_end_with_nul(void **state)
{
    fig_str_t     str;
    fig_arena_t  *arena;

    (void) state;

    arena = fig_arena_create();
    str = fig_arena_str(arena, fig_str("abcdef", 3));
    assert_str(str, "abc");
    assert_string_equal(str.data, "abc");

    fig_arena_destroy(arena);
}


static void
assert_shown(const char *text, size_t len, const char *shown)
{
    char  out[256];

    assert_int_equal(fig_text_show(fig_str(text, len), out, sizeof(out)),
                     strlen(shown));
    assert_string_equal(out, shown);
}


static void
test_text_escapes_what_a_terminal_obeys(void **state)
{
    (void) state;

    assert_shown("plain \xc3\xbc", 8, "plain \xc3\xbc");
    assert_shown("\x1b[2J\0\x7f", 6, "\\x1b[2J\\x00\\x7f");
    assert_shown("\xc2\x9b" "31m", 5, "\\xc2\\x9b31m");
    assert_shown("\xe2\x80\xae", 3, "\\xe2\\x80\\xae");
    assert_shown("\xff\xc0\xaf", 3, "\\xff\\xc0\\xaf");
    assert_shown("\xed\xa0\x80", 3, "\\xed\\xa0\\x80");
    assert_shown("\xf4\x90\x80\x80", 4, "\\xf4\\x90\\x80\\x80");
    assert_shown("\xe2\x80", 2, "\\xe2\\x80");
    assert_shown("\xf0\x9f\x98\x80", 4, "\xf0\x9f\x98\x80");
}


static void
test_text_hides_credentials(void **state)
{
    size_t  i;

    static const struct {
        const char  *text;
        const char  *shown;
    } cases[] = {
        { "http://bob:pw@h/", "http://***@h/" },
        { "https://token@h", "https://***@h" },
        { "http://bob:p@w@h", "http://***@h" },
        { "\"http://bob:p w@h\" # me@x", "\"http://***@h\" # me@x" },
        { "http://bob:p w@h # me@x", "http://***@h # me@x" },
        { "http://a:b@c http://d:e@f", "http://***@c http://***@f" },
        { "bob:pw@h", "***@h" },
        { "x: bob:pw@h", "x: ***@h" },
        { "http://h/ # me@example.com", "http://h/ # me@example.com" },
        { "me@example.com", "me@example.com" },
        { "@", "@" },
        { "http://@h", "http://@h" },
        { "//", "//" },
    };

    (void) state;

    for (i = 0; i < FIG_NELTS(cases); i++) {
        assert_shown(cases[i].text, strlen(cases[i].text), cases[i].shown);
    }
}


static void
test_text_is_cut_to_its_room(void **state)
{
    char    out[16], quoted[FIG_QUOTED], text[4096];
    size_t  size;

    (void) state;

    memset(text, 'x', sizeof(text));

    for (size = 8; size <= sizeof(out); size++) {
        assert_int_equal(fig_text_show(fig_str(text, sizeof(text)), out, size),
                         size - 1);
        assert_int_equal(out[size - 1], '\0');
        assert_string_equal(out + size - 4, "...");
    }

    /* no half of an escape, and no half of a password either */

    assert_int_equal(fig_text_show(fig_str("\x1b\x1b\x1b\x1b", 4), out, 16),
                     15);
    assert_string_equal(out, "\\x1b\\x1b\\x1b...");

    fig_text_quote(fig_str(text, sizeof(text)), quoted);
    assert_int_equal(strlen(quoted), FIG_QUOTED - 1);
    assert_int_equal(quoted[FIG_QUOTED - 2], '"');

    memcpy(text, "http://bob:", 11);
    text[2000] = '@';
    fig_text_quote(fig_str(text, sizeof(text)), quoted);
    assert_memory_equal(quoted, "\"http://***@xxx", 15);
}


static void
test_text_finds_lines(void **state)
{
    fig_str_t  line, text = FIG_STR("\xef\xbb\xbf" "a\r\nb\rc\n\nd");

    (void) state;

    assert_true(fig_text_line(text, 1, &line));
    assert_str(line, "a");
    assert_true(fig_text_line(text, 2, &line));
    assert_str(line, "b");
    assert_true(fig_text_line(text, 3, &line));
    assert_str(line, "c");
    assert_true(fig_text_line(text, 4, &line));
    assert_str(line, "");
    assert_true(fig_text_line(text, 5, &line));
    assert_str(line, "d");
    assert_false(fig_text_line(text, 6, &line));
    assert_false(fig_text_line(text, 0, &line));
}


static void
test_diag_shows_place_line_caret_and_hint(void **state)
{
    fig_diags_t  *diags;

    (void) state;

    diags = diags_create();
    fig_diags_addf(diags, pos(0, 2, 7, 5), "say it", "bad %s", "value");

    assert_int_equal(fig_diags_count(diags), 1);
    assert_str(fig_diags_text(diags, 0),
               "a.yaml:2:7: error: bad value\n"
               "    2 | \tkey: value\n"
               "      | \t     ^~~~~\n"
               "      = say it");
    assert_str(fig_diags_get(diags, 0).file, "a.yaml");
    assert_str(fig_diags_get(diags, 0).message, "bad value");
    assert_str(fig_diags_get(diags, 0).hint, "say it");
    assert_int_equal(fig_diags_get(diags, 0).line, 2);
    assert_int_equal(fig_diags_get(diags, 0).col, 7);

    fig_diags_destroy(diags);
}


static void
test_diag_works_without_place_line_or_source(void **state)
{
    fig_diags_t  *diags;

    (void) state;

    diags = diags_create();
    fig_diags_add(diags, pos(0, 0, 0, 0), "no place", NULL);
    fig_diags_add(diags, pos(0, 99, 1, 1), "no such line", NULL);
    fig_diags_add(diags, pos(0, 4, 40, 1), "behind the end", NULL);
    fig_diags_add(diags, pos(7, 1, 1, 1), "no such file", NULL);
    fig_diags_set_source(diags, NULL, NULL);
    fig_diags_add(diags, pos(8, 0, 0, 0), "no source", NULL);

    assert_str(fig_diags_text(diags, 0), "a.yaml: error: no place");
    assert_str(fig_diags_text(diags, 1),
               "a.yaml:4:40: error: behind the end\n"
               "    4 | last\n"
               "      |     ^");
    assert_str(fig_diags_text(diags, 2), "a.yaml:99:1: error: no such line");
    assert_str(fig_diags_text(diags, 3), "1:1: error: no such file");
    assert_str(fig_diags_text(diags, 4), "error: no source");

    fig_diags_destroy(diags);
}


static void
test_diag_hides_credentials_and_keeps_the_caret_right(void **state)
{
    fig_diags_t  *diags;

    (void) state;

    diags = diags_create();
    fig_diags_add(diags, pos(0, 3, 25, 3), "http://bob:s3cret@host", NULL);

    assert_str(fig_diags_text(diags, 0),
               "a.yaml:3:25: error: http://***@host\n"
               "    3 | http://***@host/ key\n"
               "      |                  ^~~");

    fig_diags_destroy(diags);
}


static void
test_diags_are_in_order_once_and_few(void **state)
{
    char          message[32];
    uint32_t      i;
    fig_diags_t  *diags;

    (void) state;

    diags = diags_create();

    for (i = 0; i < 100; i++) {
        snprintf(message, sizeof(message), "e%u", i);
        fig_diags_add(diags, pos(1, 1000 - i, 1, 1), message, NULL);
    }

    fig_diags_add(diags, pos(1, 901, 1, 1), "e99", NULL);
    fig_diags_add(diags, pos(0, 5000, 1, 1), "first file", NULL);
    fig_diags_add(diags, pos(1, 901, 1, 1), "second of its place", NULL);

    assert_int_equal(fig_diags_count(diags), 102);
    assert_int_equal(fig_diags_kept(diags), FIG_DIAG_MAX);
    assert_str(fig_diags_get(diags, 0).message, "first file");
    assert_str(fig_diags_get(diags, 1).message, "e99");
    assert_str(fig_diags_get(diags, 2).message, "second of its place");
    assert_str(fig_diags_get(diags, 3).message, "e98");
    assert_str(fig_diags_get(diags, 19).message, "e82");

    fig_diags_destroy(diags);
    fig_diags_destroy(NULL);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_arena_gives_zeroed_aligned_memory),
        cmocka_unit_test(test_arena_keeps_free_space_behind_large_blocks),
        cmocka_unit_test(test_arena_reset_keeps_memory),
        cmocka_unit_test(test_arena_refuses_what_overflows),
        cmocka_unit_test(test_arena_strings_end_with_nul),
        cmocka_unit_test(test_text_escapes_what_a_terminal_obeys),
        cmocka_unit_test(test_text_hides_credentials),
        cmocka_unit_test(test_text_is_cut_to_its_room),
        cmocka_unit_test(test_text_finds_lines),
        cmocka_unit_test(test_diag_shows_place_line_caret_and_hint),
        cmocka_unit_test(test_diag_works_without_place_line_or_source),
        cmocka_unit_test(test_diag_hides_credentials_and_keeps_the_caret_right),
        cmocka_unit_test(test_diags_are_in_order_once_and_few),
    };

    return cmocka_run_group_tests_name("base", tests, NULL, NULL);
}
