/*
 * Memory that goes out at every single allocation: of the JSON reader and
 * writer.
 */

#define _GNU_SOURCE

#include "unit.h"

#include "failing.h"
#include "fig_json.h"
#include "fig_json_write.h"
#include "random_json.h"


/* Reads a text into a document and writes it down again. */

static fig_status_t
read_and_write(fig_str_t text, fig_json_out_t *out)
{
    fig_json_t             *doc;
    fig_arena_t            *arena;
    fig_status_t            status;
    const fig_json_node_t  *node;

    static const fig_json_limits_t  limits = { .unique = true };

    arena = fig_arena_create();
    if (arena == NULL) {
        return FIG_NOMEM;
    }

    status = fig_json_parse(text, &limits, arena, &doc, NULL);

    if (status == FIG_OK) {
        fig_json_begin_array(out);

        for (node = fig_json_first(doc, fig_json_root(doc));
             node != NULL;
             node = fig_json_next(doc, node))
        {
            fig_json_put_key_str(out, fig_json_key(doc, node));
            fig_json_put_str(out, fig_json_text(doc, node));
        }

        fig_json_end_array(out);
        status = out->nomem ? FIG_NOMEM : FIG_OK;
    }

    fig_arena_destroy(arena);

    return status;
}


static void
test_every_allocation(void **state)
{
    bool            done;
    char           *text;
    size_t          n, len;
    unsigned        i;
    fig_status_t    status;
    fig_json_out_t  out;

    (void) state;

    text = test_malloc(100000);
    len = 0;

    for (i = 0; i < 3000; i++) {
        len += (size_t) sprintf(text + len, "%c\"\\u00e9 %04u\":\"\\n\"",
                                i ? ',' : '{', i);
    }

    text[len++] = '}';
    status = FIG_NOMEM;

    for (n = 1, done = false; !done; n++) {
        fig_json_out_init(&out);
        failing_begin(n);
        status = read_and_write(fig_str(text, len), &out);
        fig_json_out_release(&out);
        done = failing_end();

        assert_int_equal(balance, 0);
        assert_int_equal(status, done ? FIG_OK : FIG_NOMEM);
    }

    assert_true(n > 10);
    test_free(text);
}


/* Once memory was out, nothing more is written, and a reset begins anew. */

static void
test_nomem_is_sticky(void **state)
{
    size_t          len;
    fig_json_out_t  out;

    (void) state;

    fig_json_out_init(&out);
    fig_json_put_text(&out, "x");
    failing_begin(1);

    do {
        len = out.len;
        fig_json_put_int(&out, 1);
    } while (!out.nomem);

    (void) failing_end();
    fig_json_put_int(&out, 1);
    assert_true(out.nomem);
    assert_true(out.len - len < 2);

    fig_json_out_reset(&out);
    fig_json_put_int(&out, 1);
    assert_false(out.nomem);
    assert_str(fig_json_out_text(&out), "1");
    fig_json_out_release(&out);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_every_allocation),
        cmocka_unit_test(test_nomem_is_sticky),
    };

    return cmocka_run_group_tests_name("alloc_json", tests, NULL, NULL);
}
