/*
 * Arrays in order.
 *
 *     equal side by side             no difference
 *     the same in another order      one: order
 *     up to 1,000 elements a side    aligned; in the gaps pair by pair, what is
 *                                    left over is missing or extra
 *     more                           pair by pair, and one: length
 */

#include "fig_diff.h"
#include "fig_hash64.h"


/* Element by element, as far as both go. */

static void
fig_array_side_by_side(fig_diff_t *diff, fig_place_t *array)
{
    uint32_t                i;
    fig_place_t             place;
    fig_jstate_t            state;
    const fig_json_node_t  *a, *b;

    a = fig_json_first(diff->a.doc, array->a);
    b = fig_json_first(diff->b.doc, array->b);

    for (i = 0; a != NULL && b != NULL && !fig_diff_is_over(diff); i++) {
        fig_diff_element(diff, array, &place, &state, a, b, i);
        fig_diff_value(diff, &place);

        a = fig_json_next(diff->a.doc, a);
        b = fig_json_next(diff->b.doc, b);
    }

    if (array->a->nchildren != array->b->nchildren) {
        fig_diff_report(diff, array, FIG_KIND_LENGTH);
    }
}


static bool
fig_array_is_same(const fig_item_t *a, const fig_item_t *b, size_t n)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        if (a[i].hash != b[i].hash) {
            return false;
        }
    }

    return true;
}


/* The same for the same elements; so mostly there is nothing to be sorted. */

static uint64_t
fig_array_sum(const fig_item_t *items, size_t n)
{
    size_t    i;
    uint64_t  sum;

    for (i = 0, sum = 0; i < n; i++) {
        sum += fig_hash64_mix(items[i].hash);
    }

    return sum;
}


/* Whether both have the same elements, in whatever order. */

static bool
fig_array_is_shuffled(fig_diff_t *diff, fig_place_t *array,
    const fig_item_t *a, const fig_item_t *b, size_t n)
{
    bool         same;
    size_t       i;
    fig_mark_t   mark;
    fig_item_t  *x, *y, *spare;

    if (fig_array_sum(a, n) != fig_array_sum(b, n)) {
        return false;
    }

    mark = fig_diff_mark(diff);
    x = fig_diff_push(diff, n * sizeof(fig_item_t));
    y = fig_diff_push(diff, n * sizeof(fig_item_t));
    spare = fig_diff_push(diff, n * sizeof(fig_item_t));

    if (x == NULL || y == NULL || spare == NULL) {
        return false;
    }

    memcpy(x, a, n * sizeof(fig_item_t));
    memcpy(y, b, n * sizeof(fig_item_t));
    fig_diff_sort(x, n, spare);
    fig_diff_sort(y, n, spare);

    same = fig_array_is_same(x, y, n);

    for (i = 0; i < n && same; i++) {
        same = fig_diff_items_equal(diff, array, &x[i], &y[i]);
    }

    fig_diff_pop(diff, mark);

    return same;
}


/* What stands between two pairs of an alignment. */

static void
fig_array_gap(fig_diff_t *diff, fig_place_t *array, const fig_item_t *a,
    size_t na, const fig_item_t *b, size_t nb)
{
    size_t  i;

    for (i = 0; (i < na || i < nb) && !fig_diff_is_over(diff); i++) {
        fig_diff_items_pair(diff, array, i < na ? &a[i] : NULL,
                            i < nb ? &b[i] : NULL);
    }
}


static void
fig_array_aligned(fig_diff_t *diff, fig_place_t *array, const fig_item_t *a,
    size_t na, const fig_item_t *b, size_t nb)
{
    size_t          i, n, at, bt;
    fig_aligned_t  *pairs;

    pairs = fig_diff_push(diff, (na < nb ? na : nb) * sizeof(fig_aligned_t));

    if (pairs == NULL
        || !fig_diff_align(diff, a, na, b, nb, pairs, &n))
    {
        if (!diff->nomem) {
            fig_array_side_by_side(diff, array);
        }

        return;
    }

    for (i = 0, at = 0, bt = 0; i < n && !fig_diff_is_over(diff); i++) {
        fig_array_gap(diff, array, a + at, pairs[i].a - at, b + bt,
                      pairs[i].b - bt);
        fig_diff_items_pair(diff, array, &a[pairs[i].a], &b[pairs[i].b]);
        at = pairs[i].a + 1;
        bt = pairs[i].b + 1;
    }

    fig_array_gap(diff, array, a + at, na - at, b + bt, nb - bt);
}


static void
fig_array_ordered(fig_diff_t *diff, fig_place_t *array)
{
    size_t       na, nb;
    fig_item_t  *a, *b;

    na = array->a->nchildren;
    nb = array->b->nchildren;

    a = fig_diff_items(diff, &diff->a, array);
    b = fig_diff_items(diff, &diff->b, array);

    if (a == NULL || b == NULL) {
        return;
    }

    /* equal hashes: what is there to report is found by going there */

    if (na == nb && fig_array_is_same(a, b, na)) {
        fig_array_side_by_side(diff, array);
        return;
    }

    if (na == nb && fig_array_is_shuffled(diff, array, a, b, na)) {
        fig_diff_report(diff, array, FIG_KIND_ORDER);
        return;
    }

    if (na > FIG_DIFF_ALIGNED || nb > FIG_DIFF_ALIGNED) {
        fig_array_side_by_side(diff, array);
        return;
    }

    fig_array_aligned(diff, array, a, na, b, nb);
}


void
fig_diff_array(fig_diff_t *diff, fig_place_t *place)
{
    fig_mark_t  mark;

    mark = fig_diff_mark(diff);

    if (place->applied.keyed != 0) {
        fig_diff_keyed(diff, place);

    } else if (place->applied.unordered) {
        fig_diff_unordered(diff, place);

    } else if (!diff->probing) {
        fig_array_ordered(diff, place);

    } else if (place->a->nchildren != place->b->nchildren) {
        diff->found = true;

    } else {
        fig_array_side_by_side(diff, place);
    }

    fig_diff_pop(diff, mark);
}
