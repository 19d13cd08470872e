/*
 * fig_yaml.h: nodes, their places, and what is refused.  How errors are worded
 * is in tests/golden.
 */

#include "unit.h"

#include "fig_cursor.h"
#include "fig_yaml.h"


typedef struct {
    fig_arena_t       *arena;
    fig_diags_t       *diags;
    const fig_yaml_t  *root;
    fig_status_t       status;
} parsed_t;


static void
parse_bytes(parsed_t *parsed, const char *text, size_t len)
{
    parsed->arena = fig_arena_create();
    parsed->diags = fig_diags_create();

    assert_non_null(parsed->arena);
    assert_non_null(parsed->diags);

    parsed->status = fig_yaml_parse(fig_str(text, len), 3, parsed->arena,
                                    parsed->diags, &parsed->root);
}


static void
parse(parsed_t *parsed, const char *text)
{
    parse_bytes(parsed, text, strlen(text));
}


static void
parsed_release(parsed_t *parsed)
{
    fig_arena_destroy(parsed->arena);
    fig_diags_destroy(parsed->diags);
}


static void
assert_pos(const fig_yaml_t *node, uint32_t line, uint32_t col, uint32_t len)
{
    if (node->pos.file != 3 || node->pos.line != line || node->pos.col != col
        || node->pos.len != len)
    {
        fail_msg("%u:%u+%u is not %u:%u+%u", node->pos.line, node->pos.col,
                 node->pos.len, line, col, len);
    }
}


/* The first error is at line:col. */

static void
assert_error(const char *text, size_t len, uint32_t line, uint32_t col)
{
    parsed_t    parsed;
    fig_diag_t  diag;

    parse_bytes(&parsed, text, len);
    assert_int_equal(parsed.status, FIG_INVALID);
    assert_true(fig_diags_count(parsed.diags) > 0);

    diag = fig_diags_get(parsed.diags, 0);

    if (diag.line != line || diag.col != col) {
        fail_msg("%s at %u:%u, not %u:%u", diag.message.data, diag.line,
                 diag.col, line, col);
    }

    parsed_release(&parsed);
}


static void
test_nodes_and_places(void **state)
{
    parsed_t           parsed;
    const fig_yaml_t  *root, *list;

    (void) state;

    parse(&parsed, "# comment\n"
                   "a: one\n"
                   "\xc3\xbc: 'two words' # and more\n"
                   "c:\n"
                   "  - {d: e}\n"
                   "  - \"q\\x41\"\n"
                   "  - |\n"
                   "    text\n"
                   "  -\n"
                   "f:\n");

    assert_int_equal(parsed.status, FIG_OK);
    root = parsed.root;

    assert_int_equal(root->kind, FIG_YAML_MAP);
    assert_int_equal(root->n, 4);
    assert_int_equal(root->height, 3);
    assert_int_equal(root->size, 15);
    assert_pos(root, 2, 1, 1);
    assert_pos(root->pairs[0].key, 2, 1, 1);
    assert_pos(root->pairs[0].value, 2, 4, 3);
    assert_true(root->pairs[0].value->plain);
    assert_pos(root->pairs[1].key, 3, 1, 2);
    assert_pos(root->pairs[1].value, 3, 5, 11);
    assert_false(root->pairs[1].value->plain);
    assert_str(root->pairs[1].value->text, "two words");

    list = fig_yaml_find(root, "c");
    assert_non_null(list);
    assert_int_equal(list->kind, FIG_YAML_LIST);
    assert_int_equal(list->n, 4);
    assert_pos(list->items[0], 5, 5, 1);
    assert_str(list->items[1]->text, "qA");
    assert_pos(list->items[1], 6, 5, 7);
    assert_str(list->items[2]->text, "text\n");
    assert_pos(list->items[2], 7, 5, 1);
    assert_true(fig_yaml_is_null(list->items[3]));
    assert_pos(list->items[3], 9, 3, 1);

    /* an empty value is shown at its key */

    assert_pos(fig_yaml_find(root, "f"), 10, 1, 1);
    assert_null(fig_yaml_find(root, "g"));

    parsed_release(&parsed);
}


static void
test_places_count_lines_as_editors_do(void **state)
{
    parsed_t  parsed;

    (void) state;

    parse(&parsed, "\xef\xbb\xbf" "a: \"\xe2\x80\xa8\xc2\x85\"\r\nb: 1\rc: 2\n"
                   "\n\r\nd: 3");

    assert_int_equal(parsed.status, FIG_OK);
    assert_pos(parsed.root, 1, 1, 1);
    assert_pos(fig_yaml_find(parsed.root, "a"), 1, 4, 7);
    assert_pos(fig_yaml_find(parsed.root, "b"), 2, 4, 1);
    assert_pos(fig_yaml_find(parsed.root, "c"), 3, 4, 1);
    assert_pos(fig_yaml_find(parsed.root, "d"), 6, 4, 1);

    parsed_release(&parsed);
}


static void
test_cursor_goes_back(void **state)
{
    fig_cursor_t  cursor;

    (void) state;

    fig_cursor_init(&cursor, fig_str_from("a\xc3\xbc\r\nbc\nd"), 0);

    fig_cursor_seek(&cursor, 7);
    assert_int_equal(cursor.line, 3);
    fig_cursor_seek(&cursor, 1);
    assert_int_equal(cursor.line, 1);
    assert_int_equal(cursor.at, 1);
    fig_cursor_seek_byte(&cursor, 5);
    assert_int_equal(cursor.line, 2);
    fig_cursor_seek_byte(&cursor, 3);
    assert_int_equal(cursor.line, 1);
    fig_cursor_seek(&cursor, 1000);
    assert_int_equal(cursor.at, cursor.text.len);
    assert_int_equal(fig_cursor_pos(&cursor, 5).len, 1);
}


static void
test_nothing(void **state)
{
    size_t    i;
    parsed_t  parsed;

    static const char *const  texts[] = { "", "\n\n", "# a\n", "---\n", "---",
                                          "\xef\xbb\xbf" };

    (void) state;

    for (i = 0; i < FIG_NELTS(texts); i++) {
        parse(&parsed, texts[i]);
        assert_int_equal(parsed.status, FIG_OK);
        assert_null(parsed.root);
        parsed_release(&parsed);
    }
}


static void
test_null(void **state)
{
    uint32_t  i;
    parsed_t  parsed;

    (void) state;

    parse(&parsed, "[~, null, Null, NULL, '', '~', \"null\", nUll, no]");

    for (i = 0; i < parsed.root->n; i++) {
        assert_int_equal(fig_yaml_is_null(parsed.root->items[i]), i < 4);
    }

    assert_false(fig_yaml_is_null(parsed.root));
    parsed_release(&parsed);
}


static void
test_aliases_share_children_and_have_places(void **state)
{
    parsed_t           parsed;
    const fig_yaml_t  *a, *b;

    (void) state;

    parse(&parsed, "a: &x [one, &y two]\n"
                   "b: *x\n"
                   "c: *y\n"
                   "*y : d\n");

    assert_int_equal(parsed.status, FIG_OK);
    a = fig_yaml_find(parsed.root, "a");
    b = fig_yaml_find(parsed.root, "b");

    assert_int_equal(b->kind, FIG_YAML_LIST);
    assert_pos(b, 2, 4, 2);
    assert_true(b->alias);
    assert_false(a->alias);
    assert_ptr_equal(a->items[1], b->items[1]);
    assert_pos(a->items[1], 1, 16, 3);
    assert_str(fig_yaml_find(parsed.root, "c")->text, "two");
    assert_str(fig_yaml_find(parsed.root, "two")->text, "d");
    assert_int_equal(parsed.root->size, 1 + 4 + 4 + 2 + 2);

    parsed_release(&parsed);
}


static void
test_refused(void **state)
{
    size_t  i;

    static const struct {
        const char  *text;
        uint32_t     line;
        uint32_t     col;
    } cases[] = {
        { "a: 1\na: 2\n", 2, 1 },
        { "{a: {b: 1, \"b\": 2}}", 1, 12 },
        { "a: 1\n---\nb: 2\n", 2, 1 },
        { "a: !!str b", 1, 4 },
        { "!x {a: b}", 1, 1 },
        { "a: *b", 1, 4 },
        { "a: &a [*a]", 1, 8 },
        { "&a a: &a b", 1, 10 },
        { "a: &x {}\nb:\n  <<: *x\n", 3, 3 },
        { "[a, b]: c", 1, 1 },
        { "a: [b", 1, 4 },
        { "a: 'b", 1, 4 },
        { "a:\n\t- b", 2, 1 },
        { "a: b: c", 1, 5 },
        { "a: \x01", 1, 4 },
        { "a: \xff", 1, 4 },
        { "\xc3\xbc: [\xc3\xbc, *b]", 1, 10 },
    };

    (void) state;

    for (i = 0; i < FIG_NELTS(cases); i++) {
        assert_error(cases[i].text, strlen(cases[i].text), cases[i].line,
                     cases[i].col);
    }

    assert_error("a: \0b", 5, 1, 4);
    assert_error("a: 1\nb: \0b", 10, 2, 4);
    assert_error("\xff\xfe" "a\0", 4, 1, 1);
    assert_error("\0a\0:", 4, 1, 1);
}


static void
test_quoted_merge_key_is_a_key(void **state)
{
    parsed_t  parsed;

    (void) state;

    parse(&parsed, "\"<<\": a");
    assert_int_equal(parsed.status, FIG_OK);
    assert_non_null(fig_yaml_find(parsed.root, "<<"));
    parsed_release(&parsed);
}


/* Lists in each other, so deep. */

static fig_status_t
parse_deep(uint32_t depth)
{
    char          text[1024];
    parsed_t      parsed;
    fig_status_t  status;

    memset(text, '[', depth);
    memset(text + depth, ']', depth);
    parse_bytes(&parsed, text, 2 * depth);
    status = parsed.status;
    parsed_release(&parsed);

    return status;
}


static void
test_nesting_is_limited(void **state)
{
    (void) state;

    assert_int_equal(parse_deep(FIG_YAML_MAX_NESTING), FIG_OK);
    assert_int_equal(parse_deep(FIG_YAML_MAX_NESTING + 1), FIG_INVALID);
    assert_int_equal(parse_deep(500), FIG_INVALID);
}


/* A list of 999 ones (1,000 nodes), repeated by that many aliases. */

static fig_status_t
parse_aliases(size_t aliases)
{
    char          *text, *p;
    size_t         i;
    parsed_t       parsed;
    fig_status_t   status;

    text = malloc(2 * 1000 + 4 * aliases + 64);
    assert_non_null(text);
    p = text + sprintf(text, "[&a [");

    for (i = 0; i < 999; i++) {
        p += sprintf(p, "1,");
    }

    p += sprintf(p, "]");

    for (i = 0; i < aliases; i++) {
        p += sprintf(p, ",*a ");
    }

    p += sprintf(p, "]");

    parse_bytes(&parsed, text, (size_t) (p - text));
    status = parsed.status;
    parsed_release(&parsed);
    free(text);

    return status;
}


static void
test_aliases_are_limited(void **state)
{
    (void) state;

    assert_int_equal(parse_aliases(1000), FIG_OK);
    assert_int_equal(parse_aliases(1001), FIG_INVALID);
}


static void
test_aliases_count_as_what_they_nest(void **state)
{
    char      text[512], *p;
    int       i;
    parsed_t  parsed;

    (void) state;

    /* 20 levels that are repeated below 12 or 13 others */

    for (i = 12; i <= 13; i++) {
        p = text + sprintf(text, "- &a [[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]"
                                 "\n- ");
        memset(p, '[', (size_t) i - 1);
        p += i - 1;
        p += sprintf(p, " *a ");
        memset(p, ']', (size_t) i - 1);
        p += i - 1;

        parse_bytes(&parsed, text, (size_t) (p - text));
        assert_int_equal(parsed.status, i == 12 ? FIG_OK : FIG_INVALID);
        parsed_release(&parsed);
    }
}


static void
test_every_beginning_of_a_text_is_survived(void **state)
{
    size_t    i;
    parsed_t  parsed;

    static const char  text[] =
        "\xef\xbb\xbf%YAML 1.1\n---\n\"a\\u00fc\": &x [1, {b: 'c', ? d : e}]\n"
        "f: |+2\n  text\n\n*x : >-\n  folded\n  \xe2\x82\xac\n? [k]\n: *x\n"
        "g: !!str h\n...\n";

    (void) state;

    for (i = 0; i < sizeof(text); i++) {
        parse_bytes(&parsed, text, i);
        assert_int_equal(parsed.status == FIG_OK,
                         fig_diags_count(parsed.diags) == 0);
        parsed_release(&parsed);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_nodes_and_places),
        cmocka_unit_test(test_places_count_lines_as_editors_do),
        cmocka_unit_test(test_cursor_goes_back),
        cmocka_unit_test(test_nothing),
        cmocka_unit_test(test_null),
        cmocka_unit_test(test_aliases_share_children_and_have_places),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_quoted_merge_key_is_a_key),
        cmocka_unit_test(test_nesting_is_limited),
        cmocka_unit_test(test_aliases_are_limited),
        cmocka_unit_test(test_aliases_count_as_what_they_nest),
        cmocka_unit_test(test_every_beginning_of_a_text_is_survived),
    };

    return cmocka_run_group_tests_name("yaml", tests, NULL, NULL);
}
