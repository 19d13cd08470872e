/*
 * Shapes of paths: what stays, what is an identifier, and their bounds.
 */

#include "unit.h"

#include <stdio.h>

#include "fig_buffer.h"
#include "fig_shape.h"


static const struct {
    const char  *path;
    const char  *shape;
} cases[] = {

    { "", "/" },
    { "/", "/" },
    { "/a", "/a" },
    { "/a/", "/a/" },
    { "/api/v1/orders", "/api/v1/orders" },
    { "/api/orders/4711/lines", "/api/orders/{id}/lines" },
    { "/api/orders/4711/", "/api/orders/{id}/" },
    { "/7", "/{id}" },
    { "/2024/11", "/{id}/{id}" },

    { "/u/3f2b8c1e-0a4d-4c55-9a51-6f1f5f0f9f0a", "/u/{id}" },
    { "/u/3F2B8C1E-0A4D-4C55-9A51-6F1F5F0F9F0A", "/u/{id}" },
    { "/u/507f1f77bcf86cd799439011", "/u/{id}" },
    { "/u/d41d8cd98f00b204e9800998ecf8427e", "/u/{id}" },
    { "/u/01HZX5Q0V8T3J9KQ2M4N6P8R0S", "/u/{id}" },
    { "/u/deadbeef", "/u/deadbeef" },
    { "/u/deadbee1", "/u/{id}" },
    { "/u/SKU12345", "/u/{id}" },
    { "/u/order-123", "/u/order-123" },
    { "/u/2024-11-24", "/u/{id}" },
    { "/u/v2", "/u/v2" },
    { "/u/2.0", "/u/2.0" },
    { "/oauth2/token", "/oauth2/token" },

    { "/img/0a9f31d2c44b.png", "/img/{id}.png" },
    { "/img/12.jpg", "/img/{id}.jpg" },
    { "/img/logo.svg", "/img/logo.svg" },
    { "/img/12.jpg/x", "/img/{id}.jpg/x" },
    { "/.well-known/x", "/.well-known/x" },
    { "/.env", "/.env" },
    { "/a.", "/a." },

    { "/p/terms-and-conditions", "/p/terms-and-conditions" },
    { "/p/red-shoes-with-very-long-laces", "/p/{text}" },
    { "/p/a%2Fb", "/p/{text}" },
    { "/p/caf\xc3\xa9", "/p/{text}" },
    { "/p/<script>", "/p/{text}" },
    { "/p/~bob", "/p/~bob" },
    { "/p/a@b.example", "/p/a@b.example" },

    { "/1/2/3/4/5/6/7/8/9/10/11/12",
      "/{id}/{id}/{id}/{id}/{id}/{id}/{id}/{id}/{id}/{id}/{id}/{id}" },
    { "/1/2/3/4/5/6/7/8/9/10/11/12/13",
      "/{id}/{id}/{id}/{id}/{id}/{id}/{id}/{id}/{id}/{id}/{id}/{id}/..." },
    { "/abcdefghijklmnopqrst/abcdefghijklmnopqrst/abcdefghijklmnopqrst/"
      "abcdefghijklmnopqrst/abcdefghijklmnopqrst/x",
      "/abcdefghijklmnopqrst/abcdefghijklmnopqrst/abcdefghijklmnopqrst/"
      "abcdefghijklmnopqrst/..." },
};


static fig_str_t
shape(fig_str_t path, char out[FIG_SHAPE_SIZE + 8])
{
    size_t  len;

    memset(out, '#', FIG_SHAPE_SIZE + 8);

    len = fig_shape(path, out);

    assert_true(len >= 1 && len <= FIG_SHAPE_SIZE);
    assert_memory_equal(out + FIG_SHAPE_SIZE, "########", 8);

    return fig_str(out, len);
}


static void
test_cases(void **state)
{
    char       out[FIG_SHAPE_SIZE + 8];
    size_t     i;
    fig_str_t  s;

    (void) state;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        s = shape(fig_str_from(cases[i].path), out);

        if (!fig_str_eq(s, fig_str_from(cases[i].shape))) {
            fail_msg("%s: %.*s, not %s", cases[i].path, (int) s.len, s.data,
                     cases[i].shape);
        }
    }
}


/* Any bytes: bounded, printable, and a shape is its own shape or shorter. */

static void
test_any_bytes(void **state)
{
    char       path[300], out[FIG_SHAPE_SIZE + 8];
    size_t     i, n, len;
    uint64_t   x;
    fig_str_t  s;

    static const char  alphabet[] = "//////0123456789abcdefxyz-._%\xc3\x01 ";

    (void) state;

    x = 42;

    for (n = 0; n < 100000; n++) {
        x = x * 6364136223846793005 + 1442695040888963407;
        len = (x >> 33) % sizeof(path);

        for (i = 0; i < len; i++) {
            x = x * 6364136223846793005 + 1442695040888963407;
            path[i] = (n % 4) ? alphabet[(x >> 33) % (sizeof(alphabet) - 1)]
                              : (char) (x >> 33);
        }

        s = shape(fig_str(path, len), out);

        assert_int_equal(s.data[0], '/');

        for (i = 0; i < s.len; i++) {
            assert_true(s.data[i] > ' ' && s.data[i] < 127);
        }
    }
}


static void
test_identifiers_make_no_shapes(void **state)
{
    char       path[64], out[FIG_SHAPE_SIZE + 8];
    unsigned   i;
    fig_str_t  s;

    (void) state;

    for (i = 0; i < 20000; i++) {
        (void) snprintf(path, sizeof(path), "/orders/%u/lines/%08x9", i,
                        i * 2654435761u);
        s = shape(fig_str_from(path), out);
        assert_true(fig_str_eq(s, fig_str_from("/orders/{id}/lines/{id}")));
    }
}


static void
test_buffer(void **state)
{
    unsigned      i;
    fig_buffer_t  b;

    (void) state;

    fig_buffer_init(&b);
    fig_buffer_put(&b, fig_str(NULL, 0));
    assert_int_equal(b.len, 0);

    fig_buffer_put_text(&b, "n ");
    fig_buffer_put_uint(&b, 0);
    fig_buffer_put_text(&b, " ");
    fig_buffer_put_uint(&b, UINT64_MAX);
    fig_buffer_put_text(&b, " ");
    fig_buffer_put_decimal(&b, 1500, 3);
    fig_buffer_put_text(&b, " ");
    fig_buffer_put_decimal(&b, 2000, 3);
    fig_buffer_put_text(&b, " ");
    fig_buffer_put_decimal(&b, 25, 4);
    fig_buffer_put_text(&b, " ");
    fig_buffer_put_decimal(&b, 1, 9);

    assert_true(fig_str_eq(fig_str(b.data, b.len),
                fig_str_from("n 0 18446744073709551615 1.5 2.0 0.0025 "
                             "0.000000001")));

    b.len = 0;

    for (i = 0; i < 10000; i++) {
        fig_buffer_put_text(&b, "0123456789");
    }

    assert_int_equal(b.len, 100000);
    assert_memory_equal(b.data + 99990, "0123456789", 10);
    assert_false(b.nomem);

    fig_buffer_release(&b);
    assert_null(b.data);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_any_bytes),
        cmocka_unit_test(test_identifiers_make_no_shapes),
        cmocka_unit_test(test_buffer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
