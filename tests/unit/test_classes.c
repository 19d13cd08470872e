/*
 * Difference classes.
 */

#include "unit.h"

#include "fig_classes.h"


static const fig_str_t  orders = FIG_STR("orders");
static const fig_str_t  shop = FIG_STR("shop");


/* A comparison of so many differences of one pair. */

typedef struct {
    fig_comparison_t  comparison;
    fig_difference_t  differences[64];
} pair_t;


static void
differ(pair_t *pair, fig_answer_part_t part, fig_kind_t kind, const char *path,
    const char *from, const char *to)
{
    fig_difference_t  *difference;

    difference = &pair->differences[pair->comparison.n++];
    memset(difference, 0, sizeof(fig_difference_t));
    difference->part = part;
    difference->kind = kind;
    difference->first = true;
    difference->path = fig_str_from(path);
    difference->from = fig_str_from(from);
    difference->to = fig_str_from(to);
    difference->pointer = fig_str("/a/1", 4);

    pair->comparison.outcome = FIG_OUTCOME_MISMATCH;
    pair->comparison.differences = pair->differences;
    pair->comparison.total = pair->comparison.n;
}


static pair_t
value_at(const char *path)
{
    pair_t  pair = { .comparison.n = 0 };

    differ(&pair, FIG_PART_BODY, FIG_KIND_VALUE, path, "number", "number");

    return pair;
}


static fig_outcome_t
add(fig_classes_t *classes, fig_str_t route, pair_t *pair, uint64_t now)
{
    pair->comparison.differences = pair->differences;

    return fig_classes_add(classes, route, &pair->comparison,
                           fig_str("GET /x", 6), fig_str("r1", 2), now);
}


static size_t
count(const fig_classes_t *classes, const fig_str_t *route)
{
    size_t              n;
    const fig_class_t  *class;

    for (n = 0, class = NULL; ; n++) {
        class = fig_classes_next(classes, route, class);

        if (class == NULL) {
            return n;
        }
    }
}


static void
test_a_pair_counts_once(void **state)
{
    pair_t              pair = { .comparison.n = 0 };
    fig_classes_t      *classes;
    const fig_class_t  *class;

    (void) state;

    classes = fig_classes_create(0, 0);
    differ(&pair, FIG_PART_STATUS, FIG_KIND_STATUS, "", "200", "500");
    differ(&pair, FIG_PART_BODY, FIG_KIND_VALUE, "$.a", "number", "number");
    differ(&pair, FIG_PART_BODY, FIG_KIND_VALUE, "$.a", "number", "number");
    pair.differences[2].first = false;

    assert_int_equal(add(classes, orders, &pair, 10), FIG_OUTCOME_MISMATCH);
    assert_int_equal(add(classes, orders, &pair, 20), FIG_OUTCOME_MISMATCH);
    assert_int_equal(add(classes, shop, &pair, 30), FIG_OUTCOME_MISMATCH);

    assert_int_equal(count(classes, &orders), 2);
    assert_int_equal(count(classes, NULL), 4);
    class = fig_classes_next(classes, &orders, NULL);
    assert_str(class->from, "200");
    class = fig_classes_next(classes, &orders, class);
    assert_str(class->path, "$.a");
    assert_int_equal(class->count, 2);
    assert_int_equal(class->first, 10);
    assert_int_equal(class->last, 20);
    assert_int_equal(class->nsamples, 2);
    assert_str(class->samples[0].request, "GET /x");
    assert_str(class->samples[0].id, "r1");
    assert_ptr_equal(fig_classes_find(classes, class->id), class);
    assert_null(fig_classes_find(classes, class->id + 2));

    pair.comparison.outcome = FIG_OUTCOME_MATCH;
    assert_int_equal(add(classes, orders, &pair, 10), FIG_OUTCOME_MATCH);
    fig_classes_drop(classes, &orders);
    assert_int_equal(count(classes, NULL), 2);
    assert_int_equal(count(classes, &orders), 0);
    fig_classes_destroy(classes);
    fig_classes_destroy(NULL);
}


/* Of 2,000 each has had the chance to be one of five. */

static void
test_samples_are_drawn_evenly(void **state)
{
    size_t              i, early, runs;
    pair_t              pair;
    fig_classes_t      *classes;
    const fig_class_t  *class;
    char                path[32];

    (void) state;

    for (runs = 0, early = 0; runs < 200; runs++) {
        classes = fig_classes_create(0, 0);
        sprintf(path, "$.p%zu", runs);
        pair = value_at(path);

        for (i = 0; i < 500; i++) {
            add(classes, orders, &pair, i);
        }

        class = fig_classes_next(classes, NULL, NULL);
        assert_int_equal(class->nsamples, FIG_CLASSES_SAMPLES);

        for (i = 0; i < class->nsamples; i++) {
            early += (class->samples[i].time < 250);
        }

        fig_classes_destroy(classes);
    }

    assert_in_range(early, 500 - 64, 500 + 64);
}


static void
test_what_finds_no_room_is_other(void **state)
{
    size_t              i, k;
    char                path[32];
    pair_t              pair;
    fig_classes_t      *classes;
    const fig_class_t  *class;

    (void) state;

    classes = fig_classes_create(3, 5);

    for (i = 0; i < 10; i++) {
        for (k = 0; k < 2; k++) {
            sprintf(path, "$.p%zu", i);
            pair = value_at(path);
            add(classes, k ? shop : orders, &pair, i);
        }
    }

    /* 3 + other, and 2 + other */

    assert_int_equal(count(classes, &orders), 4);
    assert_int_equal(count(classes, &shop), 3);

    for (class = fig_classes_next(classes, &orders, NULL);
         !class->other;
         class = fig_classes_next(classes, &orders, class))
    {
        assert_int_equal(class->count, 1);
    }

    assert_str(class->path, "other");
    assert_int_equal(class->count, 7);

    /* a pair counts once there as well */

    memset(&pair, 0, sizeof(pair));
    differ(&pair, FIG_PART_BODY, FIG_KIND_TYPE, "$.x", "null", "array");
    differ(&pair, FIG_PART_BODY, FIG_KIND_TYPE, "$.y", "null", "array");
    add(classes, orders, &pair, 1);
    assert_int_equal(class->count, 8);
    fig_classes_destroy(classes);
}


static void
test_many_classes(void **state)
{
    size_t          i;
    char            name[32], path[32];
    pair_t          pair;
    fig_classes_t  *classes;

    (void) state;

    classes = fig_classes_create(0, 0);

    for (i = 0; i < 30000; i++) {
        sprintf(path, "$.p%zu", i);
        sprintf(name, "route %zu", i % 100);
        pair = value_at(path);
        add(classes, fig_str_from(name), &pair, i);
    }

    assert_int_equal(count(classes, NULL), FIG_CLASSES_TOTAL + 100);
    fig_classes_destroy(classes);
}


static void
test_acknowledging(void **state)
{
    pair_t              pair;
    fig_classes_t      *classes;
    const fig_class_t  *a, *b;
    const fig_str_t     why = FIG_STR("known"), who = FIG_STR("me");
    const fig_str_t     ann = FIG_STR("ann");

    (void) state;

    classes = fig_classes_create(0, 0);
    pair = value_at("$.a");
    add(classes, orders, &pair, 1);
    a = fig_classes_next(classes, NULL, NULL);

    assert_int_equal(fig_classes_acknowledge(classes, a->id + 2, why, who, ann,
                                             9, 1), FIG_INVALID);
    assert_int_equal(fig_classes_acknowledge(classes, a->id, fig_str("", 0),
                                             who, ann, 9, 1), FIG_INVALID);
    assert_int_equal(fig_classes_acknowledge(classes, a->id, why, who, ann,
                                             100, 1), FIG_OK);
    assert_str(a->by, "ann");
    assert_int_equal(a->since, 1);
    assert_int_equal(add(classes, orders, &pair, 99),
                     FIG_OUTCOME_ACKNOWLEDGED);
    assert_int_equal(add(classes, orders, &pair, 100), FIG_OUTCOME_MISMATCH);
    assert_int_equal(fig_classes_acknowledge(classes, a->id, why, who, ann,
                                             UINT64_MAX, 100), FIG_OK);
    assert_int_equal(a->expires, 100 + FIG_CLASSES_ACK);

    /* a class, not what is below its path, nor with another class */

    pair = value_at("$.a.b");
    assert_int_equal(add(classes, orders, &pair, 101), FIG_OUTCOME_MISMATCH);
    differ(&pair, FIG_PART_BODY, FIG_KIND_VALUE, "$.a", "number", "number");
    assert_int_equal(add(classes, orders, &pair, 101), FIG_OUTCOME_MISMATCH);
    b = fig_classes_next(classes, NULL, a);
    fig_classes_acknowledge(classes, b->id, why, who, ann, 200, 101);
    assert_int_equal(add(classes, orders, &pair, 102),
                     FIG_OUTCOME_ACKNOWLEDGED);
    assert_int_equal(fig_classes_state(classes, b, 102),
                     FIG_CLASS_ACKNOWLEDGED);
    fig_classes_acknowledge(classes, b->id, why, who, ann, 0, 102);
    assert_int_equal(add(classes, orders, &pair, 102), FIG_OUTCOME_MISMATCH);
    assert_null(b->owner.data);
    assert_null(b->by.data);
    fig_classes_destroy(classes);
}


/* Only what is acknowledged outlives a new beginning, or is taken along. */

static void
test_beginning_anew(void **state)
{
    uint64_t            id;
    pair_t              pair = { .comparison.n = 0 };
    fig_classes_t      *classes;
    const fig_class_t  *class;

    (void) state;

    classes = fig_classes_create(2, 0);
    differ(&pair, FIG_PART_BODY, FIG_KIND_TYPE, "$.a", "null", "array");
    differ(&pair, FIG_PART_BODY, FIG_KIND_TYPE, "$.b", "null", "array");
    add(classes, orders, &pair, 1);
    add(classes, shop, &pair, 1);
    fig_classes_probe(classes, orders, &pair.comparison, &pair.comparison, 1);
    assert_int_equal(fig_classes_probes(classes, orders), 1);
    class = fig_classes_next(classes, &orders, NULL);
    class = fig_classes_next(classes, &orders, class);
    fig_classes_acknowledge(classes, class->id, shop, shop, shop, 10, 1);
    id = class->id;

    fig_classes_renew(classes, 9);
    assert_int_equal(count(classes, NULL), 1);
    class = fig_classes_next(classes, NULL, NULL);
    assert_ptr_equal(fig_classes_find(classes, id), class);
    assert_str(class->path, "$.b");
    assert_int_equal(class->count, 0);
    assert_int_equal(class->nsamples, 0);
    assert_int_equal(class->noise.both, 0);
    assert_int_equal(fig_classes_probes(classes, orders), 0);

    /* there is room again, and what comes is behind it */

    add(classes, orders, &pair, 9);
    assert_int_equal(count(classes, &orders), 2);
    assert_int_equal(fig_classes_next(classes, NULL, class)->count, 1);

    assert_int_equal(fig_classes_rename(classes, orders, shop), FIG_OK);
    assert_int_equal(count(classes, &orders), 0);
    assert_int_equal(count(classes, &shop), 2);
    assert_null(fig_classes_find(classes, id));
    assert_int_equal(add(classes, shop, &pair, 9), FIG_OUTCOME_MISMATCH);
    assert_int_equal(count(classes, &shop), 2);
    class = fig_classes_next(classes, &shop, NULL);
    assert_int_equal(class->count, 2);
    assert_str(class->reason, "shop");

    assert_false(fig_classes_forget(classes, id));
    assert_true(fig_classes_forget(classes, class->id));
    assert_int_equal(count(classes, &shop), 1);
    assert_true(fig_classes_forget(classes,
                    fig_classes_next(classes, NULL, NULL)->id));
    assert_null(fig_classes_next(classes, NULL, NULL));
    add(classes, shop, &pair, 9);
    assert_int_equal(count(classes, &shop), 2);

    fig_classes_renew(classes, 11);
    assert_null(fig_classes_next(classes, NULL, NULL));
    assert_int_equal(fig_classes_rename(classes, orders, shop), FIG_OK);
    fig_classes_destroy(classes);
}


static void
test_noise(void **state)
{
    size_t              i;
    pair_t              stamp, price, none = { .comparison.n = 0 };
    fig_classes_t      *classes;
    const fig_class_t  *class;

    (void) state;

    classes = fig_classes_create(0, 0);
    stamp = value_at("$.stamp");
    price = value_at("$.price");

    for (i = 0; i < 20; i++) {
        stamp.comparison.differences = stamp.differences;
        price.comparison.differences = price.differences;
        assert_int_equal(add(classes, orders, &stamp, i),
                         FIG_OUTCOME_MISMATCH);
        fig_classes_probe(classes, orders, &stamp.comparison,
                          &stamp.comparison, i);
    }

    assert_int_equal(add(classes, orders, &stamp, i), FIG_OUTCOME_NOISE);

    for (i = 0; i < 20; i++) {
        fig_classes_probe(classes, orders, &price.comparison,
                          &none.comparison, i);
    }

    assert_int_equal(add(classes, orders, &price, i), FIG_OUTCOME_MISMATCH);
    class = fig_classes_next(classes, NULL, NULL);
    assert_int_equal(class->noise.both, 20);
    assert_int_equal(fig_classes_state(classes, class, i), FIG_CLASS_NOISE);
    class = fig_classes_next(classes, NULL, class);
    assert_int_equal(class->noise.b, 20);
    assert_int_equal(class->count, 1);
    assert_int_equal(fig_classes_state(classes, class, i), FIG_CLASS_REAL);

    /* what is in a pair with noise is what it is */

    differ(&stamp, FIG_PART_BODY, FIG_KIND_VALUE, "$.price", "number",
           "number");
    assert_int_equal(add(classes, orders, &stamp, i), FIG_OUTCOME_MISMATCH);

    /* only the primary differs from itself: a class that counts nothing yet */

    stamp = value_at("$.other");
    stamp.comparison.differences = stamp.differences;
    fig_classes_probe(classes, orders, &none.comparison, &stamp.comparison, 1);
    class = fig_classes_next(classes, NULL, class);
    assert_int_equal(class->noise.c, 1);
    assert_int_equal(class->count, 0);
    fig_classes_destroy(classes);
}


static void
test_what_forbids_a_flip(void **state)
{
    char                text[64];
    pair_t              pair = { .comparison.n = 0 };
    fig_classes_t      *classes;
    const fig_class_t  *one;

    (void) state;

    classes = fig_classes_create(0, 0);
    differ(&pair, FIG_PART_STATUS, FIG_KIND_STATUS, "", "200", "404");
    differ(&pair, FIG_PART_STATUS, FIG_KIND_STATUS, "", "404", "500");
    differ(&pair, FIG_PART_BODY, FIG_KIND_VALUE, "$.a", "number", "number");
    differ(&pair, FIG_PART_BODY, FIG_KIND_EXTRA, "$.b", "", "number");
    add(classes, orders, &pair, 1);
    assert_int_equal(fig_classes_blocking(classes, orders, 1, &one), 0);
    assert_null(one);

    differ(&pair, FIG_PART_STATUS, FIG_KIND_STATUS, "", "201", "503");
    differ(&pair, FIG_PART_BODY, FIG_KIND_TYPE, "$.c", "number", "string");
    differ(&pair, FIG_PART_BODY, FIG_KIND_MISSING, "$.d", "number", "");
    add(classes, orders, &pair, 1);
    assert_int_equal(fig_classes_blocking(classes, orders, 1, &one), 3);
    assert_int_equal(fig_class_text(one, text, sizeof(text)), 17);
    assert_string_equal(text, "status 201 -> 503");
    fig_classes_acknowledge(classes, one->id, orders, orders, orders, 9, 1);
    assert_int_equal(fig_classes_blocking(classes, orders, 1, &one), 2);
    fig_class_text(one, text, sizeof(text));
    assert_string_equal(text, "body $.c: type");
    assert_int_equal(fig_classes_blocking(classes, shop, 1, &one), 0);
    fig_classes_destroy(classes);
}


static fig_status_t
read_back(fig_classes_t *classes, fig_str_t text)
{
    fig_json_t    *doc;
    fig_arena_t   *arena;
    fig_status_t   status;

    static const fig_json_limits_t  limits = { .nodes = 1000000 };

    arena = fig_arena_create();
    assert_int_equal(fig_json_parse(text, &limits, arena, &doc, NULL), FIG_OK);
    status = fig_classes_read(classes, doc, fig_json_root(doc));
    fig_arena_destroy(arena);

    return status;
}


static void
test_classes_survive(void **state)
{
    size_t              i;
    char                path[32];
    pair_t              pair;
    fig_classes_t      *classes, *again;
    fig_json_out_t      out, second;
    const fig_class_t  *class;

    (void) state;

    classes = fig_classes_create(10, 0);
    again = fig_classes_create(10, 0);

    for (i = 0; i < 60; i++) {
        sprintf(path, "$['p\"%zu']", i % 15);
        pair = value_at(path);
        pair.differences[0].to_value = fig_str("\xc3\xbc", 2);
        add(classes, i % 2 ? orders : shop, &pair, i);
        fig_classes_probe(classes, orders, &pair.comparison,
                          &pair.comparison, i);
    }

    class = fig_classes_next(classes, NULL, NULL);
    fig_classes_acknowledge(classes, class->id, orders, shop, orders, 99, 1);

    fig_json_out_init(&out);
    fig_json_out_init(&second);
    fig_classes_write(classes, &out);
    assert_int_equal(read_back(again, fig_json_out_text(&out)), FIG_OK);
    assert_int_equal(count(classes, NULL), count(again, NULL));
    class = fig_classes_find(again, class->id);
    assert_str(class->owner, "shop");
    assert_int_equal(class->expires, 99);
    assert_str(class->samples[0].to, "\xc3\xbc");

    /* twice written it is the same, but for the order of routes */

    fig_classes_write(again, &second);
    assert_int_equal(out.len, second.len);
    fig_json_put_raw(&out, fig_str("", 1));
    fig_json_put_raw(&second, fig_str("", 1));
    assert_string_equal(strstr(out.data, "\"classes\""),
                        strstr(second.data, "\"classes\""));
    fig_json_out_release(&out);
    fig_json_out_release(&second);
    fig_classes_destroy(classes);
    fig_classes_destroy(again);
}


static void
test_odd_files_are_read(void **state)
{
    size_t          i;
    fig_classes_t  *classes;

    static const char *const  texts[] = {
        "null", "[]", "{\"routes\":7,\"classes\":{}}",
        "{\"routes\":[1,{},{\"name\":1},{\"name\":\"a\",\"probes\":-1}]}",
        "{\"classes\":[1,{},{\"route\":\"a\"},{\"route\":\"a\",\"part\":\"x\","
        "\"kind\":\"value\",\"path\":\"\",\"from\":\"\",\"to\":\"\"}]}",
        "{\"classes\":[{\"route\":\"a\",\"part\":\"body\",\"kind\":\"x\","
        "\"path\":\"\",\"from\":\"\",\"to\":\"\"}]}",
        "{\"classes\":[{\"route\":\"a\",\"part\":\"body\",\"kind\":\"value\","
        "\"path\":\"\",\"from\":\"\",\"to\":\"\",\"count\":1e9,\"samples\":"
        "[1,2,3,4,5,6,7],\"noise\":[1,2,3,4],\"acknowledged\":3}]}",
    };

    (void) state;

    classes = fig_classes_create(0, 0);

    for (i = 0; i < FIG_NELTS(texts); i++) {
        assert_int_equal(read_back(classes, fig_str_from(texts[i])), FIG_OK);
    }

    assert_int_equal(count(classes, NULL), 1);
    assert_int_equal(fig_classes_next(classes, NULL, NULL)->nsamples, 5);
    fig_classes_destroy(classes);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_a_pair_counts_once),
        cmocka_unit_test(test_samples_are_drawn_evenly),
        cmocka_unit_test(test_what_finds_no_room_is_other),
        cmocka_unit_test(test_many_classes),
        cmocka_unit_test(test_acknowledging),
        cmocka_unit_test(test_beginning_anew),
        cmocka_unit_test(test_noise),
        cmocka_unit_test(test_what_forbids_a_flip),
        cmocka_unit_test(test_classes_survive),
        cmocka_unit_test(test_odd_files_are_read),
    };

    return cmocka_run_group_tests_name("classes", tests, NULL, NULL);
}
