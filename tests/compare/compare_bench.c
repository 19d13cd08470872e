/*
 * What a comparison costs.
 *
 *     compare_bench            a table: MB/s of both bodies together, and the
 *                              time and memory that hostile documents take
 *     compare_bench --check    exit status 1 when one takes far too much
 *
 * jansson's parsing and a plain comparison of its trees stand beside.
 */

#define _GNU_SOURCE

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "fig_compare.h"
#include "fig_json_write.h"


#define KEEP     (64 * 1024 * 1024)


typedef struct {
    const char             *name;
    fig_str_t               a;
    fig_str_t               b;
    fig_compare_options_t   options;
} case_t;


static const fig_str_t      stamps[] = {
    FIG_STR("$..updated_at"), FIG_STR("$.meta.request_id")
};

static const fig_str_t      tags[] = { FIG_STR("$.items[*].tags") };

static const fig_str_t      all[] = { FIG_STR("$..*"), FIG_STR("$") };

static const fig_tolerance_t  any[] = {
    { FIG_STR("$..*"), FIG_STR("0.001"), FIG_STR("1e-9") }
};

static const fig_answer_field_t    json_fields[] = {
    { FIG_STR("Content-Type"), FIG_STR("application/json; charset=utf-8") },
    { FIG_STR("Cache-Control"), FIG_STR("max-age=60, private") },
};

static int                  failed;
static double               seconds = 0.4;
static fig_arena_t         *arena;


static double
now(void)
{
    struct timespec  t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);

    return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}


static fig_str_t
finish(fig_json_out_t *out)
{
    if (out->nomem) {
        exit(3);
    }

    return fig_json_out_text(out);
}


/* What an API gives: items with members of all kinds. */

typedef struct {
    unsigned  items;
    unsigned  stamp;               /* differs between sides */
    unsigned  price_of;            /* an item that differs; items: none */
    unsigned  inserted;            /* before which item one is; items: none */
    bool      reversed;            /* members in another order */
} shop_t;


static void
put_item(fig_json_out_t *out, unsigned i, const shop_t *shop)
{
    char      text[64];
    unsigned  k, step, cents;

    cents = (i * 7919) % 100000 + (i == shop->price_of);
    fig_json_begin_object(out);

    for (k = 0; k < 8; k++) {
        step = shop->reversed ? 7 - k : k;

        switch (step) {
        case 0:
            fig_json_put_key(out, "id");
            fig_json_put_uint(out, 100000 + i);
            break;
        case 1:
            fig_json_put_key(out, "name");
            sprintf(text, "Gr\xc3\xbc" "ner Tee, Nr. %u, 100 g", i);
            fig_json_put_text(out, text);
            break;
        case 2:
            fig_json_put_key(out, "price");
            fig_json_put_hundredths(out, cents);
            break;
        case 3:
            fig_json_put_key(out, "in_stock");
            fig_json_put_bool(out, i % 3 != 0);
            break;
        case 4:
            fig_json_put_key(out, "updated_at");
            sprintf(text, "2024-05-%02uT12:%02u:%02u.%03uZ", i % 28 + 1,
                    i % 60, shop->stamp % 60, (shop->stamp + i) % 1000);
            fig_json_put_text(out, text);
            break;
        case 5:
            fig_json_put_key(out, "tags");
            fig_json_begin_array(out);
            fig_json_put_text(out, "tea");
            fig_json_put_text(out, i % 2 ? "green" : "organic");
            fig_json_end_array(out);
            break;
        case 6:
            fig_json_put_key(out, "discount");
            fig_json_put_null(out);
            break;
        default:
            fig_json_put_key(out, "seller");
            fig_json_begin_object(out);
            fig_json_put_key(out, "id");
            fig_json_put_uint(out, i % 17);
            fig_json_put_key(out, "url");
            sprintf(text, "https://shop.example/sellers/%u", i % 17);
            fig_json_put_text(out, text);
            fig_json_end_object(out);
        }
    }

    fig_json_end_object(out);
}


static fig_str_t
make_shop(shop_t shop)
{
    unsigned        i;
    fig_json_out_t  out;

    fig_json_out_init(&out);
    fig_json_begin_object(&out);
    fig_json_put_key(&out, "meta");
    fig_json_begin_object(&out);
    fig_json_put_key(&out, "request_id");
    fig_json_put_uint(&out, shop.stamp);
    fig_json_put_key(&out, "total");
    fig_json_put_uint(&out, shop.items);
    fig_json_end_object(&out);
    fig_json_put_key(&out, "items");
    fig_json_begin_array(&out);

    for (i = 0; i < shop.items; i++) {
        if (i == shop.inserted) {
            put_item(&out, 99999, &shop);
        }

        put_item(&out, i, &shop);
    }

    fig_json_end_array(&out);
    fig_json_end_object(&out);

    fig_json_put_raw(&out, fig_str("\0", 1));
    out.len -= 2;

    return finish(&out);
}


/* n times a text between two others. */

static fig_str_t
repeat(const char *head, const char *text, size_t n, const char *tail)
{
    char    *out;
    size_t   len, one;

    one = strlen(text);
    out = malloc(strlen(head) + n * one + strlen(tail) + 1);
    len = (size_t) sprintf(out, "%s", head);

    for ( /* void */ ; n > 0; n--, len += one) {
        memcpy(out + len, text, one);
    }

    len += (size_t) sprintf(out + len, "%s", tail);

    return fig_str(out, len);
}


/* Arrays of numbers in some order; the order differs by seed. */

static fig_str_t
shuffled(unsigned arrays, unsigned n, unsigned seed, bool nested)
{
    unsigned        i, j, k, swap, *numbers;
    fig_json_out_t  out;

    numbers = malloc(n * sizeof(unsigned));
    fig_json_out_init(&out);
    fig_json_begin_array(&out);

    for (k = 0; k < arrays; k++) {

        for (i = 0; i < n; i++) {
            numbers[i] = i;
        }

        for (i = n - 1; i > 0; i--) {
            seed = seed * 1103515245u + 12345;
            j = (seed >> 8) % (i + 1);
            swap = numbers[i];
            numbers[i] = numbers[j];
            numbers[j] = swap;
        }

        fig_json_begin_array(&out);

        for (i = 0; i < n; i++) {
            if (nested) {
                fig_json_begin_array(&out);
            }

            fig_json_put_uint(&out, numbers[i]);

            if (nested) {
                fig_json_end_array(&out);
            }
        }

        fig_json_put_uint(&out, seed);
        fig_json_end_array(&out);
    }

    fig_json_end_array(&out);
    free(numbers);

    return finish(&out);
}


/* An object whose names are all different, in an order that differs by step. */

static fig_str_t
wide(unsigned n, unsigned step, bool alike)
{
    char            name[32];
    unsigned        i;
    fig_json_out_t  out;

    fig_json_out_init(&out);
    fig_json_begin_object(&out);

    for (i = 0; i < n; i++) {
        sprintf(name, "%06u", (unsigned) ((uint64_t) i * step % n));
        fig_json_put_key(&out, alike ? "a" : name);
        fig_json_put_uint(&out, i * step);
    }

    fig_json_end_object(&out);

    return finish(&out);
}


static fig_comparer_t *
comparer_of(const case_t *c)
{
    fig_comparer_t         *comparer;
    fig_compare_error_t     error;
    fig_compare_options_t   options = c->options;

    options.max_body = 16 * 1024 * 1024;

    if (fig_comparer_create(&options, &comparer, &error) != FIG_OK) {
        fprintf(stderr, "%s: %s\n", c->name, error.message);
        exit(3);
    }

    return comparer;
}


static size_t
compare_once(const fig_comparer_t *comparer, const case_t *c,
    fig_comparison_t *result)
{
    fig_answers_t  pair;

    memset(&pair, 0, sizeof(pair));
    pair.a.status = pair.b.status = 200;
    pair.a.fields = pair.b.fields = json_fields;
    pair.a.nfields = pair.b.nfields = FIG_NELTS(json_fields);
    pair.a.body = c->a;
    pair.b.body = c->b;

    fig_arena_reset(arena, KEEP);

    if (fig_compare(comparer, &pair, arena, result) != FIG_OK) {
        exit(3);
    }

    return fig_arena_size(arena);
}


/* Parsing both with jansson, and json_equal(). */

static void
jansson_once(const case_t *c)
{
    json_t        *a, *b;
    static int     sum;
    json_error_t   error;

    a = json_loadb(c->a.data, c->a.len, JSON_DECODE_ANY, &error);
    b = json_loadb(c->b.data, c->b.len, JSON_DECODE_ANY, &error);
    sum += json_equal(a, b);
    json_decref(a);
    json_decref(b);
}


static double
speed(const case_t *c, bool jansson)
{
    double             began, spent;
    size_t             n;
    fig_comparer_t    *comparer;
    fig_comparison_t   result;

    comparer = comparer_of(c);
    began = now();
    n = 0;

    do {
        if (jansson) {
            jansson_once(c);
        } else {
            compare_once(comparer, c, &result);
        }

        n++;
        spent = now() - began;
    } while (spent < seconds);

    fig_comparer_destroy(comparer);

    return (double) n * (double) (c->a.len + c->b.len) / spent / 1e6;
}


static void
measure_speed(const case_t *c, double least, double times)
{
    double             ours, theirs;
    size_t             size;
    fig_comparer_t    *comparer;
    fig_comparison_t   result;

    comparer = comparer_of(c);
    fig_arena_reset(arena, 0);
    size = compare_once(comparer, c, &result);
    fig_comparer_destroy(comparer);

    ours = speed(c, false);
    theirs = speed(c, true);

    printf("%-34s %7zu B  %-12s %3zu  %7.0f MB/s  jansson %5.0f  %4.1fx  "
           "arena %5zu KiB\n", c->name, c->a.len,
           fig_outcome_name(result.outcome), result.total, ours, theirs,
           ours / theirs, size / 1024);

    /* a busy or slower machine is no failure, another order of growth is */

    if (ours < least / 4 || ours / theirs < times / 2) {
        printf("  TOO SLOW: %.0f MB/s and %.0fx are expected\n", least, times);
        failed = 1;
    }
}


static void
measure_hostile(const case_t *c)
{
    int                i;
    double             began, spent, best;
    size_t             size;
    fig_comparer_t    *comparer;
    fig_comparison_t   result;

    comparer = comparer_of(c);

    fig_arena_reset(arena, 0);
    size = compare_once(comparer, c, &result);

    for (i = 0, best = 1e9; i < 3; i++) {
        began = now();
        compare_once(comparer, c, &result);
        spent = now() - began;
        best = (spent < best) ? spent : best;
    }

    fig_comparer_destroy(comparer);

    printf("%-34s %7zu B  %-12s %6zu  %6.1f ms  arena %5zu KiB\n", c->name,
           c->a.len, fig_outcome_name(result.outcome), result.total,
           best * 1e3, size / 1024);

    if (best > 0.6 || size > 16 * 1024 * 1024) {
        printf("  TOO MUCH: 150 ms and 16 MiB are expected\n");
        failed = 1;
    }
}


static void
speeds(void)
{
    size_t   i;
    unsigned small = 38, large = 3900;
    shop_t   same = { small, 1, small, small, false };
    shop_t   big = { large, 1, large, large, false };
    shop_t   other = { small, 2, 5, small, false };
    shop_t   one = { large, 1, 3000, large, false };
    shop_t   stamp = { small, 2, small, small, false };
    shop_t   turned = { small, 1, small, small, true };
    shop_t   more = { small, 1, small, 7, false };
    shop_t   some = { 900, 1, 900, 900, false };
    shop_t   some_more = { 900, 1, 4, 450, false };
    shop_t   turned_big = { large, 1, large, large, true };

    case_t   cases[] = {
        { .name = "10 KB, the same numbers" },
        { .name = "10 KB, members in another order" },
        { .name = "10 KB, stamps are ignored",
          .options = { .ignore = stamps, .nignore = 2,
                       .unordered = tags, .nunordered = 1 } },
        { .name = "10 KB, all stamps differ" },
        { .name = "10 KB, one element inserted" },
        { .name = "1 MB, one value differs" },
        { .name = "1 MB, members in another order" },
        { .name = "250 KB, one of 900 inserted" },
    };

    cases[0].a = make_shop(same);
    cases[0].b = repeat("\n", "", 0, cases[0].a.data);
    cases[0].b.len = cases[0].a.len + 1;
    cases[1].a = cases[0].a;
    cases[1].b = make_shop(turned);
    cases[2].a = cases[0].a;
    cases[2].b = make_shop(stamp);
    cases[3].a = cases[0].a;
    cases[3].b = make_shop(other);
    cases[4].a = cases[0].a;
    cases[4].b = make_shop(more);
    cases[5].a = make_shop(big);
    cases[5].b = make_shop(one);
    cases[6].a = cases[5].a;
    cases[6].b = make_shop(turned_big);
    cases[7].a = make_shop(some);
    cases[7].b = make_shop(some_more);

    for (i = 0; i < FIG_NELTS(cases); i++) {
        measure_speed(&cases[i], 150, i >= 5 ? 5 : 1);
    }
}


static void
hostiles(void)
{
    size_t  i;

    case_t  cases[] = {
        { .name = "deep: 500,000 brackets" },
        { .name = "{} x 350,000, over the limit" },
        { .name = "{} x 99,998" },
        { .name = "wide: 80,000 members, shuffled" },
        { .name = "wide: 80,000 of one name" },
        { .name = "1 array of 90,000, shuffled" },
        { .name = "90 arrays of 1,000, shuffled" },
        { .name = "the same, all unordered",
          .options = { .unordered = all, .nunordered = 2 } },
        { .name = "the same, all with a tolerance",
          .options = { .unordered = all, .nunordered = 2,
                       .tolerance = any, .ntolerance = 1 } },
        { .name = "nested arrays, shuffled" },
        { .name = "a string of escapes" },
        { .name = "a number of 1 MB" },
        { .name = "numbers with large exponents",
          .options = { .tolerance = any, .ntolerance = 1 } },
        { .name = "one name of 1 MB" },
        { .name = "64 deep, 1,500 times" },
    };

    cases[0].a = repeat("", "[", 500000, "");
    cases[0].b = repeat("", "[", 500001, "");
    cases[1].a = repeat("[{}", ",{}", 350000, "]");
    cases[1].b = repeat("[{}", ",{}", 350001, "]");
    cases[2].a = repeat("[{}", ",{}", 99997, "]");
    cases[2].b = repeat("[{}", ",[]", 99997, "]");
    cases[3].a = wide(80000, 1, false);
    cases[3].b = wide(80000, 7919, false);
    cases[4].a = wide(80000, 1, true);
    cases[4].b = wide(80000, 3, true);
    cases[5].a = shuffled(1, 90000, 1, false);
    cases[5].b = shuffled(1, 90000, 2, false);
    cases[6].a = shuffled(90, 999, 1, false);
    cases[6].b = shuffled(90, 999, 2, false);
    cases[7].a = cases[8].a = cases[6].a;
    cases[7].b = cases[8].b = cases[6].b;
    cases[9].a = shuffled(45, 999, 1, true);
    cases[9].b = shuffled(45, 999, 2, true);
    cases[10].a = repeat("\"", "\\u00e9", 170000, "\"");
    cases[10].b = repeat("\"", "\\u00e9", 170000, "x\"");
    cases[11].a = repeat("1", "0", 1000000, "");
    cases[11].b = repeat("1", "0", 1000000, "e1");
    cases[12].a = repeat("[1", ",1e690", 99990, "]");
    cases[12].b = repeat("[1", ",2e-90", 99990, "]");
    cases[13].a = repeat("{\"", "x", 1000000, "\":1}");
    cases[13].b = repeat("{\"", "x", 1000000, "\":2}");
    cases[14].a = repeat("[1", ",[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["
                         "[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"
                         "]]]]]]]]]]]]]]]]]]]]]]]]]",1500, "]");
    cases[14].b = repeat("[2", ",[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["
                         "[[[[[[[[[[[[[[2]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]"
                         "]]]]]]]]]]]]]]]]]]]]]]]]]",1500, "]");

    for (i = 0; i < FIG_NELTS(cases); i++) {
        measure_hostile(&cases[i]);
    }
}


int
main(int argc, char **argv)
{
    bool  check;

    check = (argc > 1 && strcmp(argv[1], "--check") == 0);
    seconds = check ? 0.1 : seconds;

    arena = fig_arena_create();
    if (arena == NULL) {
        return 3;
    }

    speeds();
    hostiles();
    fig_arena_destroy(arena);

    return check ? failed : 0;
}
