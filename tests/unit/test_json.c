/*
 * The JSON reader of compare/.
 */

#include "unit.h"

#include <jansson.h>

#include "fig_json.h"
#include "random_json.h"


static fig_arena_t  *arena;
static fig_json_t   *doc;


static int
setup(void **state)
{
    (void) state;

    arena = fig_arena_create();

    return (arena == NULL) ? -1 : 0;
}


static int
teardown(void **state)
{
    (void) state;

    fig_arena_destroy(arena);

    return 0;
}


static const fig_json_node_t *
parse(const char *text)
{
    fig_json_error_t  error;

    if (fig_json_parse(fig_str_from(text), NULL, arena, &doc, &error)
        != FIG_OK)
    {
        fail_msg("%s: %u:%u: %s", text, error.line, error.col, error.message);
    }

    return fig_json_root(doc);
}


static void
test_kinds_and_texts(void **state)
{
    size_t                  i;
    const fig_json_node_t  *root, *node;

    static const struct {
        fig_json_kind_t  kind;
        const char      *text;
    } wanted[] = {
        { FIG_JSON_NULL, "null" }, { FIG_JSON_FALSE, "false" },
        { FIG_JSON_TRUE, "true" }, { FIG_JSON_NUMBER, "-0.50E+07" },
        { FIG_JSON_STRING, "a\"\xc3\xa9" }, { FIG_JSON_ARRAY, "[ 1,\t2 ]" },
        { FIG_JSON_OBJECT, "{ }" }, { FIG_JSON_STRING, "" },
        { FIG_JSON_NUMBER, "0" },
    };

    (void) state;

    root = parse(" [null , false,true,-0.50E+07,\"a\\\"\\u00E9\",[ 1,\t2 ]\r\n,"
                 "{ }, \"\",0] ");
    assert_int_equal(root->kind, FIG_JSON_ARRAY);
    assert_int_equal(root->nchildren, FIG_NELTS(wanted));
    assert_int_equal(fig_json_count(doc), FIG_NELTS(wanted) + 3);

    node = fig_json_first(doc, root);

    for (i = 0; i < FIG_NELTS(wanted); i++) {
        assert_non_null(node);
        assert_int_equal(node->kind, wanted[i].kind);
        assert_str(fig_json_text(doc, node), wanted[i].text);
        assert_int_equal(fig_json_key(doc, node).len, 0);
        node = fig_json_next(doc, node);
    }

    assert_null(node);
    assert_null(fig_json_next(doc, root));
}


static void
test_members_stay_in_order_with_duplicates(void **state)
{
    const fig_json_node_t  *root, *node;

    (void) state;

    root = parse("{\"b\":1,\"a\":{\"b\":2},\"\\u0062\":3,\"\":4}");
    assert_int_equal(root->nchildren, 4);

    node = fig_json_find(doc, root, fig_str("b", 1));
    assert_str(fig_json_text(doc, node), "1");
    node = fig_json_find(doc, root, fig_str("a", 1));
    assert_int_equal(fig_json_index(doc, node), 2);
    node = fig_json_find(doc, node, fig_str("b", 1));
    assert_str(fig_json_text(doc, node), "2");
    assert_null(fig_json_find(doc, node, fig_str("b", 1)));
    node = fig_json_find(doc, root, fig_str("", 0));
    assert_str(fig_json_text(doc, node), "4");
    assert_null(fig_json_find(doc, root, fig_str("c", 1)));

    assert_int_equal(fig_json_find_duplicate(doc, arena, &node), FIG_OK);
    assert_str(fig_json_text(doc, node), "3");
}


static void
test_the_first_duplicate_is_found(void **state)
{
    const fig_json_node_t  *node;

    (void) state;

    parse("[{\"x\":{\"y\":1,\"z\":2,\"y\":3},\"x\":4},{\"y\":5}]");
    assert_int_equal(fig_json_find_duplicate(doc, arena, &node), FIG_OK);
    assert_str(fig_json_text(doc, node), "3");

    parse("[{\"x\":1,\"xx\":2,\"X\":3},{\"x\":4}]");
    assert_int_equal(fig_json_find_duplicate(doc, arena, &node), FIG_OK);
    assert_null(node);
}


static void
test_duplicates_can_be_refused(void **state)
{
    fig_str_t          text;
    fig_json_error_t   error;
    fig_json_limits_t  limits = { .unique = true };

    (void) state;

    text = fig_str_from("{\"a\": 1,\n  \"b\": 2, \"a\": 3}");
    assert_int_equal(fig_json_parse(text, &limits, arena, &doc, &error),
                     FIG_INVALID);
    assert_int_equal(error.fault, FIG_JSON_DUPLICATE);
    assert_int_equal(error.line, 2);
    assert_int_equal(error.col, 12);

    text = fig_str_from("{\"a\":{\"a\":[{\"a\":1}]},\"b\":2}");
    assert_int_equal(fig_json_parse(text, &limits, arena, &doc, NULL),
                     FIG_OK);
}


static const struct {
    fig_str_t    text;
    unsigned     line, col;
    const char  *message;
} wrong[] = {
    { FIG_STR(""), 1, 1, "a value is missing" },
    { FIG_STR(" \n "), 2, 2, "a value is missing" },
    { FIG_STR("nul"), 1, 1, "a value is missing" },
    { FIG_STR("NaN"), 1, 1, "a value is missing" },
    { FIG_STR("[1,]"), 1, 4, "a value is missing" },
    { FIG_STR("[,1]"), 1, 2, "a value is missing" },
    { FIG_STR("[1"), 1, 3, "the text ends too early" },
    { FIG_STR("[1,"), 1, 4, "the text ends too early" },
    { FIG_STR("["), 1, 2, "the text ends too early" },
    { FIG_STR("[1 2]"), 1, 4, "a comma or the end is missing" },
    { FIG_STR("[1}"), 1, 3, "a comma or the end is missing" },
    { FIG_STR("{\"a\":1]"), 1, 7, "a comma or the end is missing" },
    { FIG_STR("{\"a\":1,}"), 1, 8, "a name in quotes is missing" },
    { FIG_STR("{a:1}"), 1, 2, "a name in quotes is missing" },
    { FIG_STR("{1:1}"), 1, 2, "a name in quotes is missing" },
    { FIG_STR("{\"a\" 1}"), 1, 6,
      "a name must be followed by a colon" },
    { FIG_STR("{\"a\":}"), 1, 6, "a value is missing" },
    { FIG_STR("{\"a\":"), 1, 6, "a value is missing" },
    { FIG_STR("{\"a\""), 1, 5, "a name must be followed by a colon" },
    { FIG_STR("]"), 1, 1, "a value is missing" },
    { FIG_STR("[]]"), 1, 3, "text after the value" },
    { FIG_STR("1 2"), 1, 3, "text after the value" },
    { FIG_STR("1\0"), 1, 2, "text after the value" },
    { FIG_STR("01"), 1, 1, "a number begins with 0" },
    { FIG_STR("-"), 1, 2, "a number needs a digit here" },
    { FIG_STR("-a"), 1, 2, "a number needs a digit here" },
    { FIG_STR("-01"), 1, 2, "a number begins with 0" },
    { FIG_STR("+1"), 1, 1, "a value is missing" },
    { FIG_STR(".5"), 1, 1, "a value is missing" },
    { FIG_STR("1."), 1, 3, "a number needs a digit here" },
    { FIG_STR("1.e5"), 1, 3, "a number needs a digit here" },
    { FIG_STR("1e"), 1, 3, "a number needs a digit here" },
    { FIG_STR("1e+"), 1, 4, "a number needs a digit here" },
    { FIG_STR("0x10"), 1, 2, "text after the value" },
    { FIG_STR("\""), 1, 2, "a string has no end" },
    { FIG_STR("\"abc\\"), 1, 6, "a string has no end" },
    { FIG_STR("\"a\nb\""), 1, 3, "a control character in a string" },
    { FIG_STR("\"a\0b\""), 1, 3, "a control character in a string" },
    { FIG_STR("\"12345678\x1f\""), 1, 10,
      "a control character in a string" },
    { FIG_STR("\"\\x\""), 1, 3, "no such escape" },
    { FIG_STR("\"\\\0\""), 1, 3, "no such escape" },
    { FIG_STR("\"\\u12g4\""), 1, 4,
      "\\u needs four hexadecimal digits" },
    { FIG_STR("\"\\u12"), 1, 4, "\\u needs four hexadecimal digits" },
    { FIG_STR("\"\\ud800\""), 1, 8, "half of a surrogate pair" },
    { FIG_STR("\"\\udc00\""), 1, 8, "half of a surrogate pair" },
    { FIG_STR("\"\\ud800\\u0041\""), 1, 14,
      "half of a surrogate pair" },
    { FIG_STR("\"\xc0\xaf\""), 1, 2, "this is not UTF-8" },
    { FIG_STR("\"\xed\xa0\x80\""), 1, 2, "this is not UTF-8" },
    { FIG_STR("\"\xe2\x82\""), 1, 2, "this is not UTF-8" },
    { FIG_STR("\"\xff\""), 1, 2, "this is not UTF-8" },
    { FIG_STR("\xff"), 1, 1, "a value is missing" },
    { FIG_STR("\xef\xbb\xbf\xef\xbb\xbf" "1"), 1, 1,
      "a value is missing" },
    { FIG_STR("'a'"), 1, 1, "a value is missing" },
    { FIG_STR("[1]/**/"), 1, 4, "text after the value" },
    { FIG_STR("\v1"), 1, 1, "a value is missing" },
    { FIG_STR("{\n \"a\": 1,\n \"b\" 2}"), 3, 6,
      "a name must be followed by a colon" },
};


static void
test_what_is_wrong_has_a_place(void **state)
{
    size_t            i;
    fig_json_error_t  error;

    (void) state;

    for (i = 0; i < FIG_NELTS(wrong); i++) {
        memset(&error, 0, sizeof(error));
        assert_int_equal(fig_json_parse(wrong[i].text, NULL, arena, &doc,
                                        &error), FIG_INVALID);

        if (error.line != wrong[i].line || error.col != wrong[i].col
            || strcmp(error.message, wrong[i].message) != 0
            || error.fault != FIG_JSON_SYNTAX)
        {
            fail_msg("%s: %u:%u: %s", wrong[i].text.data, error.line,
                     error.col, error.message);
        }
    }
}


static void
test_strings_of_every_length(void **state)
{
    char    text[128], want[128];
    size_t  i, n;

    (void) state;

    for (n = 0; n < 60; n++) {
        for (i = 0; i <= n; i++) {
            memset(want, 'x', n);
            want[n] = '\0';

            sprintf(text, "\"%.*s\\n%.*s\"", (int) i, want, (int) (n - i),
                    want);
            memmove(want + i + 1, want + i, n - i + 1);
            want[i] = '\n';
            parse(text);
            assert_str(fig_json_text(doc, fig_json_root(doc)), want);

            sprintf(text, "\"%.*s\xc3\xa9%.*s\"", (int) i, "                   "
                    "                                           ",
                    (int) (n - i), "                                          "
                    "                    ");
            parse(text);
            assert_int_equal(fig_json_text(doc, fig_json_root(doc)).len,
                             n + 2);
        }
    }
}


static void
test_escapes(void **state)
{
    const fig_json_node_t  *root;

    (void) state;

    root = parse("\"\\u0000\\uD834\\uDD1E\\u20ac\\/\\u007f\"");
    assert_true(fig_str_eq(fig_json_text(doc, root),
                fig_str("\0\xf0\x9d\x84\x9e\xe2\x82\xac/\x7f", 10)));

    root = parse("\xef\xbb\xbf{\"\\n\":\"\\t\",\"b\":\"\\\\\"}");
    root = fig_json_first(doc, root);
    assert_str(fig_json_key(doc, root), "\n");
    assert_str(fig_json_text(doc, root), "\t");
    root = fig_json_next(doc, root);
    assert_str(fig_json_key(doc, root), "b");
    assert_str(fig_json_text(doc, root), "\\");
}


static void
test_a_place_is_found_behind_escapes(void **state)
{
    fig_json_error_t        place;
    const fig_json_node_t  *root;

    (void) state;

    root = parse("\"\\n\"");
    fig_json_place(doc, root, &place);
    assert_int_equal(place.line, 1);

    root = parse("{\"a\":\n\"\\n\",\"\\n\":1, \"b\":\n2}");
    root = fig_json_first(doc, root);
    fig_json_place(doc, fig_json_next(doc, root), &place);
    assert_int_equal(place.line, 1);
    fig_json_place(doc, fig_json_next(doc, fig_json_next(doc, root)), &place);
    assert_int_equal(place.line, 2);
    assert_int_equal(place.col, 15);
}


static fig_status_t
parse_limited(fig_str_t text, uint32_t depth, uint32_t nodes,
    fig_json_error_t *error)
{
    fig_json_limits_t  limits = { .depth = depth, .nodes = nodes };

    return fig_json_parse(text, &limits, arena, &doc, error);
}


static void
test_depth_and_nodes_are_limited(void **state)
{
    char              *text;
    size_t             i, len;
    fig_json_error_t   error;

    (void) state;

    len = 200000;
    text = test_malloc(2 * len);
    memset(text, '[', len);
    memset(text + len, ']', len);

    assert_int_equal(parse_limited(fig_str(text + len - 64, 128), 0, 0, &error),
                     FIG_OK);
    assert_int_equal(parse_limited(fig_str(text + len - 65, 130), 0, 0, &error),
                     FIG_INVALID);
    assert_int_equal(error.fault, FIG_JSON_LIMIT);
    assert_int_equal(error.offset, 64);
    assert_int_equal(parse_limited(fig_str(text, 2 * len), 200000, 200000,
                                   &error), FIG_OK);
    assert_int_equal(parse_limited(fig_str(text, 2 * len), 200000, 199999,
                                   &error), FIG_INVALID);
    assert_int_equal(error.fault, FIG_JSON_LIMIT);
    assert_int_equal(parse_limited(fig_str("7", 1), 1, 1, &error), FIG_OK);
    assert_int_equal(parse_limited(fig_str("[7]", 3), 1, 1, &error),
                     FIG_INVALID);

    text[0] = '[';

    for (i = 1; i < len; i++) {
        text[i] = (i % 2) ? '0' : ',';
    }

    text[len] = ']';
    text[2 * 99998 + 2] = ']';
    assert_int_equal(parse_limited(fig_str(text, 2 * 99998 + 3), 0, 0, &error),
                     FIG_OK);
    assert_int_equal(fig_json_count(doc), 100000);
    text[2 * 99998 + 2] = ',';
    assert_int_equal(parse_limited(fig_str(text, len + 1), 0, 0, &error),
                     FIG_INVALID);
    assert_int_equal(error.fault, FIG_JSON_LIMIT);

    assert_int_equal(parse_limited(fig_str(text, 0x80000000u), 0, 0, &error),
                     FIG_INVALID);
    assert_int_equal(error.fault, FIG_JSON_LIMIT);

    test_free(text);
}


/* What we read, as jansson would have it. */

static json_t *
as_jansson(const fig_json_node_t *node)
{
    char                    number[64];
    json_t                 *json;
    fig_str_t               text, key;
    const fig_json_node_t  *child;

    text = fig_json_text(doc, node);

    switch (node->kind) {
    case FIG_JSON_NULL:
        return json_null();
    case FIG_JSON_FALSE:
        return json_false();
    case FIG_JSON_TRUE:
        return json_true();
    case FIG_JSON_STRING:
        return json_stringn(text.data, text.len);
    case FIG_JSON_NUMBER:
        snprintf(number, sizeof(number), "%.*s", (int) text.len, text.data);
        return json_real(strtod(number, NULL));
    default:
        break;
    }

    json = (node->kind == FIG_JSON_ARRAY) ? json_array() : json_object();

    for (child = fig_json_first(doc, node);
         child != NULL;
         child = fig_json_next(doc, child))
    {
        key = fig_json_key(doc, child);

        if (node->kind == FIG_JSON_ARRAY) {
            json_array_append_new(json, as_jansson(child));
        } else {
            json_object_setn_new(json, key.data, key.len, as_jansson(child));
        }
    }

    return json;
}


/* jansson minds numbers that no double can hold; all else is JSON's rule. */

static bool
is_known_difference(const json_error_t *error)
{
    return json_error_code(error) == json_error_numeric_overflow
           || json_error_code(error) == json_error_null_byte_in_key;
}


static void
check_against_jansson(fig_str_t text)
{
    json_t                 *theirs, *ours;
    json_error_t            error;
    fig_status_t            status;
    const fig_json_node_t  *member;

    theirs = json_loadb(text.data, text.len, JSON_DECODE_ANY | JSON_ALLOW_NUL
                        | JSON_DECODE_INT_AS_REAL, &error);

    if (theirs == NULL && is_known_difference(&error)) {
        return;
    }

    status = fig_json_parse(text, NULL, arena, &doc, NULL);

    if ((status == FIG_OK) != (theirs != NULL)) {
        fail_msg("%.*s: %s", (int) text.len, text.data, error.text);
    }

    if (theirs == NULL) {
        return;
    }

    ours = as_jansson(fig_json_root(doc));
    assert_true(json_equal(ours, theirs));
    json_decref(ours);
    json_decref(theirs);

    theirs = json_loadb(text.data, text.len, JSON_DECODE_ANY | JSON_ALLOW_NUL
                        | JSON_DECODE_INT_AS_REAL | JSON_REJECT_DUPLICATES,
                        &error);
    assert_int_equal(fig_json_find_duplicate(doc, arena, &member), FIG_OK);
    assert_int_equal(theirs == NULL, member != NULL);
    json_decref(theirs);
}


static void
test_agrees_with_jansson(void **state)
{
    int            i;
    random_json_t  random = { .state = 1 };

    for (i = 0; i < 40000; i++) {
        check_against_jansson(random_json_make(&random));
        check_against_jansson(random_json_spoil(&random));

        if (i % 50 == 49) {
            teardown(state);
            assert_int_equal(setup(state), 0);
        }
    }

    fig_json_out_release(&random.out);
}


/* n log n names, however they were chosen. */

static void
test_many_members(void **state)
{
    char              *text;
    size_t             len;
    unsigned           i;
    fig_json_error_t   error;
    fig_json_limits_t  limits = { .unique = true };

    (void) state;

    text = test_malloc(2000000);
    len = 0;

    for (i = 0; i < 99999; i++) {
        len += (size_t) sprintf(text + len, "%c\"%06u\":0", i ? ',' : '{',
                                i * 7919 % 99999);
    }

    text[len++] = '}';
    assert_int_equal(fig_json_parse(fig_str(text, len), &limits, arena, &doc,
                                    &error), FIG_OK);
    memcpy(text + len - 10, "\"000000", 7);
    assert_int_equal(fig_json_parse(fig_str(text, len), &limits, arena, &doc,
                                    &error), FIG_INVALID);
    assert_int_equal(error.offset, len - 9);
    test_free(text);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_kinds_and_texts),
        cmocka_unit_test(test_members_stay_in_order_with_duplicates),
        cmocka_unit_test(test_the_first_duplicate_is_found),
        cmocka_unit_test(test_duplicates_can_be_refused),
        cmocka_unit_test(test_what_is_wrong_has_a_place),
        cmocka_unit_test(test_strings_of_every_length),
        cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_a_place_is_found_behind_escapes),
        cmocka_unit_test(test_depth_and_nodes_are_limited),
        cmocka_unit_test(test_agrees_with_jansson),
        cmocka_unit_test(test_many_members),
    };

    return cmocka_run_group_tests_name("json", tests, setup, teardown);
}
