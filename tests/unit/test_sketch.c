/*
 * The sketch against exact counts, its memory, and a death in the middle.
 */

#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "fig_sketch.h"


#define KINDS  5000


static uint64_t  seed;


static uint32_t
draw(uint32_t below)
{
    seed = seed * 6364136223846793005 + 1442695040888963407;

    return (uint32_t) (seed >> 33) % below;
}


/* Few texts are frequent, most are not. */

static uint32_t
draw_kind(uint32_t kinds)
{
    uint32_t  k;

    k = draw(kinds);

    return draw(k + 1);
}


static fig_str_t
text_of(uint32_t kind, char text[FIG_SKETCH_TEXT])
{
    int  len;

    len = snprintf(text, FIG_SKETCH_TEXT, "/shape/%u/{id}", kind);

    return fig_str(text, (size_t) len);
}


typedef struct {
    fig_sketch_t       *sketch;
    fig_sketch_item_t  *items;
    uint64_t            exact[KINDS];
    uint64_t            total;
} fixture_t;


static fixture_t *
create(uint32_t capacity)
{
    fixture_t  *f;

    f = calloc(1, sizeof(fixture_t));
    f->sketch = fig_sketch_init(malloc(fig_sketch_size(capacity)), capacity);
    f->items = malloc((capacity + 1) * sizeof(fig_sketch_item_t));

    return f;
}


static void
destroy(fixture_t *f)
{
    free(f->sketch);
    free(f->items);
    free(f);
}


static void
add(fixture_t *f, uint32_t kind, uint64_t n)
{
    char  text[FIG_SKETCH_TEXT];

    fig_sketch_add(f->sketch, text_of(kind, text), n);
    f->exact[kind] += n;
    f->total += n;
}


static uint32_t
kind_of(const fig_sketch_item_t *item)
{
    char  text[FIG_SKETCH_TEXT + 1];

    memcpy(text, item->text, item->len);
    text[item->len] = '\0';

    return (uint32_t) strtoul(text + sizeof("/shape/") - 1, NULL, 10);
}


/* What Space-Saving promises, against what was really added. */

static void
check(fixture_t *f, uint32_t capacity)
{
    uint8_t    seen[KINDS];
    uint32_t   i, kind, n;
    uint64_t   sum, error;

    n = fig_sketch_used(f->sketch);
    error = fig_sketch_error(f->sketch);
    sum = 0;
    memset(seen, 0, sizeof(seen));

    assert_true(n <= capacity);
    assert_int_equal(fig_sketch_total(f->sketch), f->total);
    assert_true(error <= f->total / capacity);

    fig_sketch_items(f->sketch, f->items);
    fig_sketch_sort(f->items, n);

    for (i = 0; i < n; i++) {
        kind = kind_of(&f->items[i]);

        assert_false(seen[kind]);
        seen[kind] = 1;
        sum += f->items[i].count;

        assert_true(f->items[i].count >= f->exact[kind]);
        assert_true(f->items[i].count - f->items[i].error <= f->exact[kind]);
        assert_true(f->items[i].error <= error);
        assert_true(i == 0 || f->items[i - 1].count >= f->items[i].count);
    }

    assert_int_equal(sum, f->total);

    /* who occurred more often than the error is among them */

    for (kind = 0; kind < KINDS; kind++) {
        assert_true(seen[kind] || f->exact[kind] <= error);
    }
}


static void
test_against_exact_counts(void **state)
{
    fixture_t  *f;
    uint32_t    i, c;

    static const uint32_t  capacities[] = { 1, 2, 3, 10, 64, 100, 1000, 6000 };

    (void) state;

    for (c = 0; c < sizeof(capacities) / sizeof(capacities[0]); c++) {
        f = create(capacities[c]);
        check(f, capacities[c]);
        seed = c + 1;

        for (i = 0; i < 30000; i++) {
            add(f, draw_kind(KINDS), 1 + draw(3) * draw(50));

            if (i == 7 || i == 500) {
                check(f, capacities[c]);
            }
        }

        check(f, capacities[c]);
        destroy(f);
    }
}


static void
test_exact_while_there_is_room(void **state)
{
    fixture_t  *f;
    uint32_t    i;

    (void) state;

    f = create(100);
    seed = 7;

    for (i = 0; i < 10000; i++) {
        add(f, draw(100), 1);
    }

    assert_int_equal(fig_sketch_used(f->sketch), 100);
    fig_sketch_items(f->sketch, f->items);

    for (i = 0; i < 100; i++) {
        assert_int_equal(f->items[i].count, f->exact[kind_of(&f->items[i])]);
        assert_int_equal(f->items[i].error, 0);
    }

    destroy(f);
}


static void
test_stays_in_its_memory(void **state)
{
    char       *memory;
    size_t      size;
    uint32_t    i;
    fig_str_t   str;
    char        text[FIG_SKETCH_TEXT * 2];

    (void) state;

    for (i = 1; i < 40; i++) {
        size = fig_sketch_size(i);
        memory = malloc(size + 64);
        memset(memory + size, 0x5a, 64);

        (void) fig_sketch_init(memory, i);

        for (str.len = 0; str.len < sizeof(text); str.len++) {
            memset(text, 'a', sizeof(text));
            str.data = text;
            fig_sketch_add((fig_sketch_t *) memory, str, 1);
        }

        for (size = 0; size < 64; size++) {
            assert_int_equal(memory[fig_sketch_size(i) + size], 0x5a);
        }

        free(memory);
    }
}


static void
test_long_texts_are_cut(void **state)
{
    fixture_t  *f;
    char        text[FIG_SKETCH_TEXT + 10];

    (void) state;

    f = create(4);
    memset(text, 'x', sizeof(text));

    fig_sketch_add(f->sketch, fig_str(text, sizeof(text)), 1);
    fig_sketch_add(f->sketch, fig_str(text, FIG_SKETCH_TEXT), 1);

    assert_int_equal(fig_sketch_used(f->sketch), 1);
    fig_sketch_items(f->sketch, f->items);
    assert_int_equal(f->items[0].len, FIG_SKETCH_TEXT);
    assert_int_equal(f->items[0].count, 2);

    destroy(f);
}


static void
test_copy(void **state)
{
    fixture_t  *f, *g;
    uint32_t    i, c;

    static const uint32_t  capacities[] = { 1, 10, 50, 100, 200 };

    (void) state;

    for (c = 0; c < sizeof(capacities) / sizeof(capacities[0]); c++) {
        f = create(100);
        g = create(capacities[c]);
        seed = c + 3;

        for (i = 0; i < 5000; i++) {
            add(f, draw_kind(300), 1);
        }

        fig_sketch_copy(g->sketch, f->sketch, f->items);

        assert_int_equal(fig_sketch_total(g->sketch), f->total);
        assert_int_equal(fig_sketch_used(g->sketch),
                         capacities[c] < 100 ? capacities[c] : 100);

        fig_sketch_items(g->sketch, g->items);

        for (i = 0; i < fig_sketch_used(g->sketch); i++) {
            assert_true(g->items[i].count >= f->exact[kind_of(&g->items[i])]);
        }

        /* what is missing was less frequent than the error says */

        for (i = 0; i < fig_sketch_used(g->sketch); i++) {
            f->exact[kind_of(&g->items[i])] = 0;
        }

        for (i = 0; i < 300 && capacities[c] <= 100; i++) {
            assert_true(f->exact[i] <= fig_sketch_error(g->sketch));
        }

        destroy(f);
        destroy(g);
    }
}


/*
 * Whoever dies while adding leaves the sketch marked and in any state between
 * two: links and heap are damaged here, items as an unfinished one is.
 */

static void
test_repair(void **state)
{
    fixture_t          *f;
    uint32_t            i, *words, from;
    fig_sketch_item_t  *items;

    (void) state;

    f = create(64);
    seed = 11;

    for (i = 0; i < 3000; i++) {
        add(f, draw_kind(500), 1);
    }

    fig_sketch_repair(f->sketch);
    check(f, 64);

    /* total, capacity, nheads, used, busy; then items, heap, heads */

    words = (uint32_t *) f->sketch;
    words[5] = 1;

    items = (fig_sketch_item_t *) (words + 6);
    f->exact[kind_of(&items[5])] = 0;
    items[5].count = 0;

    for (i = 0; i < 64; i++) {
        items[i].next = draw(64);
        items[i].heap = draw(64);
    }

    from = (uint32_t) ((fig_sketch_size(64) - (64 + 64) * 4) / 4);

    for (i = from; i < fig_sketch_size(64) / 4; i++) {
        words[i] = draw(64);
    }

    fig_sketch_repair(f->sketch);
    assert_int_equal(words[5], 0);

    for (i = 0; i < 3000; i++) {
        add(f, draw_kind(500), 1);
    }

    fig_sketch_items(f->sketch, f->items);

    for (i = 0; i < 64; i++) {
        assert_true(f->items[i].count - f->items[i].error
                    <= f->exact[kind_of(&f->items[i])]);
    }

    destroy(f);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_against_exact_counts),
        cmocka_unit_test(test_exact_while_there_is_room),
        cmocka_unit_test(test_stays_in_its_memory),
        cmocka_unit_test(test_long_texts_are_cut),
        cmocka_unit_test(test_copy),
        cmocka_unit_test(test_repair),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
