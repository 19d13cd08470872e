/*
 * Memory that goes out at every single allocation: of the JSON reader and
 * writer, of a comparison, and of classes.
 */

#define _GNU_SOURCE

#include "unit.h"

#include "failing.h"
#include "fig_classes.h"
#include "fig_compare.h"
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


static bool
match_nothing(void *data, const void *pattern, fig_str_t subject, size_t from,
    fig_span_t *spans, size_t nspans)
{
    (void) data;
    (void) pattern;
    (void) subject;
    (void) spans;
    (void) nspans;

    return from > 1000000;
}


static fig_status_t
compare_texts(const fig_compare_options_t *options, const fig_answers_t *pair,
    size_t *total)
{
    fig_arena_t          *arena;
    fig_status_t          status;
    fig_comparer_t       *comparer;
    fig_comparison_t      result;
    fig_compare_error_t   error;

    status = fig_comparer_create(options, &comparer, &error);
    if (status != FIG_OK) {
        return status;
    }

    arena = fig_arena_create();
    status = FIG_NOMEM;

    if (arena != NULL) {
        status = fig_compare(comparer, pair, arena, &result);
        *total = result.total;
    }

    fig_arena_destroy(arena);
    fig_comparer_destroy(comparer);

    return status;
}


/* All kinds of options; bodies that need room of all kinds. */

static void
compare_each(fig_body_mode_t body, fig_str_t a, fig_str_t b)
{
    bool           done;
    size_t         n, total;
    fig_answers_t  pair;
    fig_status_t   status;

    static const fig_str_t         paths[] = { FIG_STR("$.set"),
                                               FIG_STR("$.u") };
    static const fig_keyed_t       keyed[] = {
        { FIG_STR("$.keyed"), FIG_STR("id") }
    };
    static const fig_tolerance_t   near[] = {
        { FIG_STR("$..n"), FIG_STR("0.1"), FIG_STR("0.2") }
    };
    static const fig_shape_rule_t  shapes[] = {
        { FIG_STR("$..s"), FIG_SHAPE_PATTERN, "x" }
    };
    static const fig_normalize_t     normalize[] = { { "x", FIG_STR("y") } };
    static const fig_answer_field_t  fields[] = {
        { FIG_STR("Content-Type"), FIG_STR("a/b; x=\"\\y\"; Charset=Z") },
        { FIG_STR("Set-Cookie"), FIG_STR("a=b; Path=/; Expires=0") },
        { FIG_STR("Location"), FIG_STR("https://a.example/x") },
        { FIG_STR("Vary"), FIG_STR("a, b") },
    };

    fig_compare_options_t          options = {
        .unordered = paths, .nunordered = 2, .keyed = keyed, .nkeyed = 1,
        .tolerance = near, .ntolerance = 1, .shapes = shapes, .nshapes = 1,
        .normalize = normalize, .nnormalize = 1, .keep_values = true,
        .match = match_nothing, .body = body, .add_headers = paths,
        .nadd_headers = 2
    };

    memset(&pair, 0, sizeof(pair));
    pair.a.status = 200;
    pair.b.status = 201;
    pair.a.fields = pair.b.fields = fields;
    pair.a.nfields = 4;
    pair.b.nfields = 3;
    pair.a.body = a;
    pair.b.body = b;

    for (n = 1, done = false; !done; n++) {
        failing_begin(n);
        status = compare_texts(&options, &pair, &total);
        done = failing_end();

        assert_int_equal(balance, 0);
        assert_int_equal(status, done ? FIG_OK : FIG_NOMEM);
    }

    assert_true(total >= 3);
    assert_true(n > 4);
}


static void
test_comparison(void **state)
{
    char            text[64];
    size_t          i, k, at;
    fig_json_out_t  a, b, *out;

    static const char *const  names[] = {
        "set", "keyed", "list", "u", "n", "s"
    };

    (void) state;

    fig_json_out_init(&a);
    fig_json_out_init(&b);

    for (k = 0; k < 2; k++) {
        out = k ? &b : &a;
        fig_json_begin_object(out);

        for (i = 0; i < 6; i++) {
            fig_json_put_key(out, names[i]);
            fig_json_begin_array(out);

            for (at = 0; at < 700; at++) {
                sprintf(text, "{\"id\":%zu,\"k%zu\":%zu}", at,
                        k ? at % 400 : at % 300, (at * (k + 7)) % 701);
                fig_json_put_raw(out, fig_str_from(text));
            }

            fig_json_end_array(out);
        }

        fig_json_end_object(out);
    }

    compare_each(FIG_BODY_JSON, fig_json_out_text(&a),
                 fig_json_out_text(&b));
    compare_each(FIG_BODY_TEXT, fig_str("x\ny", 3), fig_str("y\nz", 3));
    fig_json_out_release(&a);
    fig_json_out_release(&b);
}


/* Counts, probes, acknowledges, writes and reads classes. */

static bool
use_classes(const fig_comparison_t *comparison)
{
    bool             whole;
    fig_json_t      *doc;
    fig_arena_t     *arena;
    fig_classes_t   *classes, *again;
    fig_json_out_t   out;

    fig_json_out_init(&out);
    classes = fig_classes_create(0, 0);
    again = fig_classes_create(0, 0);
    arena = fig_arena_create();
    whole = false;

    if (classes != NULL && again != NULL && arena != NULL) {
        fig_classes_add(classes, fig_str("a", 1), comparison, fig_str("r", 1),
                        fig_str("i", 1), 1);
        whole = fig_classes_probe(classes, fig_str("b", 1), comparison,
                                  comparison, 1) == FIG_OK
                && fig_classes_acknowledge(classes,
                       fig_classes_next(classes, NULL, NULL)->id,
                       fig_str("x", 1), fig_str("y", 1),
                       fig_str("z", 1), 9, 1) == FIG_OK
                && fig_classes_rename(classes, fig_str("a", 1),
                                      fig_str("c", 1)) == FIG_OK;
        fig_classes_write(classes, &out);
        whole = whole && !out.nomem
                && fig_json_parse(fig_json_out_text(&out), NULL, arena, &doc,
                                  NULL) == FIG_OK
                && fig_classes_read(again, doc, fig_json_root(doc)) == FIG_OK;
    }

    fig_arena_destroy(arena);
    fig_classes_destroy(classes);
    fig_classes_destroy(again);
    fig_json_out_release(&out);

    return whole;
}


static void
test_classes(void **state)
{
    bool              done, whole;
    char              paths[80][16];
    size_t            n, i;
    fig_comparison_t  comparison = { .outcome = FIG_OUTCOME_MISMATCH };

    static fig_difference_t  differences[80];

    (void) state;

    for (i = 0; i < 80; i++) {
        sprintf(paths[i], "$.p%zu", i);
        differences[i].part = FIG_PART_BODY;
        differences[i].kind = FIG_KIND_VALUE;
        differences[i].first = true;
        differences[i].path = fig_str_from(paths[i]);
        differences[i].from = differences[i].to = fig_str("null", 4);
        differences[i].pointer = differences[i].to_value = fig_str("x", 1);
    }

    comparison.differences = differences;
    comparison.n = comparison.total = 80;

    for (n = 1, done = false; !done; n++) {
        failing_begin(n);
        whole = use_classes(&comparison);
        done = failing_end();

        assert_int_equal(balance, 0);
        assert_true(whole || !done);
    }

    assert_true(n > 1000);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_every_allocation),
        cmocka_unit_test(test_nomem_is_sticky),
        cmocka_unit_test(test_comparison),
        cmocka_unit_test(test_classes),
    };

    return cmocka_run_group_tests_name("alloc_json", tests, NULL, NULL);
}
