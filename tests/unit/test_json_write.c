/*
 * The JSON writer of base/.
 */

#include "unit.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <jansson.h>

#include "fig_json_write.h"
#include "fig_utf8.h"


static void
assert_written(fig_json_out_t *out, const char *text)
{
    assert_false(out->nomem);
    assert_str(fig_json_out_text(out), text);
    fig_json_out_reset(out);
}


static void
test_commas_stand_between_values(void **state)
{
    fig_json_out_t  out;

    (void) state;

    fig_json_out_init(&out);
    assert_int_equal(fig_json_out_text(&out).len, 0);

    fig_json_begin_object(&out);
    fig_json_put_key(&out, "a");
    fig_json_begin_array(&out);
    fig_json_begin_array(&out);
    fig_json_end_array(&out);
    fig_json_begin_object(&out);
    fig_json_end_object(&out);
    fig_json_put_int(&out, -1);
    fig_json_put_null(&out);
    fig_json_end_array(&out);
    fig_json_put_key_str(&out, fig_str("b\"", 2));
    fig_json_put_bool(&out, true);
    fig_json_put_key(&out, "c");
    fig_json_put_raw(&out, fig_str("[1,2]", 5));
    fig_json_put_key(&out, "d");
    fig_json_put_bool(&out, false);
    fig_json_end_object(&out);

    assert_written(&out, "{\"a\":[[],{},-1,null],\"b\\\"\":true,\"c\":[1,2],"
                         "\"d\":false}");
    fig_json_out_release(&out);
    assert_null(out.data);
}


static void
test_integers_have_all_their_digits(void **state)
{
    fig_json_out_t  out;

    (void) state;

    fig_json_out_init(&out);
    fig_json_begin_array(&out);
    fig_json_put_int(&out, INT64_MIN);
    fig_json_put_int(&out, INT64_MAX);
    fig_json_put_uint(&out, UINT64_MAX);
    fig_json_put_uint(&out, 0);
    fig_json_end_array(&out);
    assert_written(&out, "[-9223372036854775808,9223372036854775807,"
                         "18446744073709551615,0]");
    fig_json_out_release(&out);
}


static void
test_hundredths_have_no_needless_digit(void **state)
{
    size_t          i;
    fig_json_out_t  out;

    static const struct {
        int64_t      n;
        const char  *text;
    } cases[] = {
        { 0, "0" }, { 1, "0.01" }, { 10, "0.1" }, { 100, "1" },
        { 1250, "12.5" }, { 2500, "25" }, { 1234, "12.34" },
        { 10000, "100" }, { -5, "-0.05" }, { -250, "-2.5" },
        { INT64_MIN, "-92233720368547758.08" },
    };

    (void) state;

    fig_json_out_init(&out);

    for (i = 0; i < FIG_NELTS(cases); i++) {
        fig_json_put_hundredths(&out, cases[i].n);
        assert_written(&out, cases[i].text);
    }

    fig_json_out_release(&out);
}


static void
test_doubles_read_back(void **state)
{
    double          d;
    size_t          i;
    uint64_t        bits;
    fig_json_out_t  out;

    static const struct {
        double       d;
        const char  *text;
    } cases[] = {
        { 0.1, "0.1" }, { 0.25, "0.25" }, { 3, "3" }, { 1e21, "1e+21" },
        { 1.0 / 3, "0.3333333333333333" }, { DBL_MAX, "1.79769313486232e+308" },
        { NAN, "null" }, { INFINITY, "null" }, { -INFINITY, "null" },
    };

    (void) state;

    fig_json_out_init(&out);

    for (i = 0; i < FIG_NELTS(cases); i++) {
        fig_json_put_double(&out, cases[i].d);

        if (cases[i].d != DBL_MAX) {
            assert_written(&out, cases[i].text);
        }

        fig_json_out_reset(&out);
    }

    for (i = 0, bits = 1; i < 20000; i++) {
        bits = bits * UINT64_C(6364136223846793005) + 1442695040888963407u;
        memcpy(&d, &bits, sizeof(d));

        if (!isfinite(d)) {
            continue;
        }

        fig_json_put_double(&out, d);
        fig_json_put_raw(&out, fig_str("\0", 1));
        assert_true(strtod(out.data, NULL) == d);
        fig_json_out_reset(&out);
    }

    fig_json_out_release(&out);
}


static void
test_doubles_know_no_locale(void **state)
{
    fig_json_out_t  out;

    (void) state;

    if (setlocale(LC_NUMERIC, "de_DE.UTF-8") == NULL) {
        skip();
    }

    fig_json_out_init(&out);
    fig_json_put_double(&out, 1.5);
    setlocale(LC_NUMERIC, "C");
    assert_written(&out, "1.5");
    fig_json_out_release(&out);
}


static void
test_strings_are_escaped(void **state)
{
    size_t          i;
    fig_json_out_t  out;

    static const struct {
        fig_str_t    str;
        const char  *text;
    } cases[] = {
        { FIG_STR(""), "\"\"" },
        { FIG_STR("a\"\\/b"), "\"a\\\"\\\\/b\"" },
        { FIG_STR("\b\f\n\r\t"), "\"\\b\\f\\n\\r\\t\"" },
        { FIG_STR("\0\x1f\x7f"), "\"\\u0000\\u001f\x7f\"" },
        { FIG_STR("\xc3\xbc\xf0\x9f\x98\x80"),
          "\"\xc3\xbc\xf0\x9f\x98\x80\"" },
        { FIG_STR("\xff" "a\xc0\xaf"),
          "\"\xef\xbf\xbd" "a\xef\xbf\xbd\xef\xbf\xbd\"" },
        { FIG_STR("\xed\xa0\x80"),
          "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },
        { FIG_STR("\xe2\x82"), "\"\xef\xbf\xbd\"" },
        { FIG_STR("\xf0\x9f\x98z"), "\"\xef\xbf\xbdz\"" },
        { FIG_STR("\xf4\x90\x80"),
          "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },
    };

    (void) state;

    fig_json_out_init(&out);

    for (i = 0; i < FIG_NELTS(cases); i++) {
        fig_json_put_str(&out, cases[i].str);
        assert_written(&out, cases[i].text);
    }

    fig_json_put_text(&out, "text");
    assert_written(&out, "\"text\"");
    fig_json_out_release(&out);
}


/* Whatever the bytes are, others can read them; UTF-8 comes back. */

static void
test_random_strings_are_json(void **state)
{
    char             bytes[64];
    size_t           i, j, n;
    json_t          *json;
    fig_json_out_t   out;

    (void) state;

    srand(1);
    fig_json_out_init(&out);

    for (i = 0; i < 20000; i++) {
        n = (size_t) rand() % 16;

        for (j = 0; j < n; j++) {
            bytes[j] = (char) (i % 2 ? rand() % 128 : 0x78 + rand() % 136);
        }

        if (i % 4 == 1) {
            n += fig_utf8_write(0x800 + (uint32_t) rand() % 0x8000,
                                bytes + n);
            n += fig_utf8_write(0x10000 + (uint32_t) rand() % 0x100000,
                                bytes + n);
        }

        fig_json_put_str(&out, fig_str(bytes, n));
        json = json_loadb(out.data, out.len, JSON_DECODE_ANY | JSON_ALLOW_NUL,
                          NULL);
        assert_non_null(json);

        if (i % 2) {
            assert_int_equal(json_string_length(json), n);
            assert_memory_equal(json_string_value(json), bytes, n);
        }

        json_decref(json);
        fig_json_out_reset(&out);
    }

    fig_json_out_release(&out);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_commas_stand_between_values),
        cmocka_unit_test(test_integers_have_all_their_digits),
        cmocka_unit_test(test_hundredths_have_no_needless_digit),
        cmocka_unit_test(test_doubles_read_back),
        cmocka_unit_test(test_doubles_know_no_locale),
        cmocka_unit_test(test_strings_are_escaped),
        cmocka_unit_test(test_random_strings_are_json),
    };

    return cmocka_run_group_tests_name("json_write", tests, NULL, NULL);
}
