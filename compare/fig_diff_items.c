/*
 * Elements of arrays with their hashes, sorted, paired and aligned.
 *
 *     a  x y z w        cells of the longest common subsequence; what both
 *     b  x z v w        begin or end with is cut off before
 *        ^     ^
 */

#include "fig_diff.h"


fig_item_t *
fig_diff_items(fig_diff_t *diff, fig_diff_side_t *side, fig_place_t *array)
{
    size_t                  n;
    fig_item_t             *items;
    fig_place_t             place;
    fig_jstate_t            state;
    const fig_json_node_t  *node, *element;

    node = (side == &diff->a) ? array->a : array->b;

    items = fig_diff_push(diff, node->nchildren * sizeof(fig_item_t));
    if (items == NULL) {
        return NULL;
    }

    for (n = 0, element = fig_json_first(side->doc, node);
         element != NULL;
         n++, element = fig_json_next(side->doc, element))
    {
        fig_diff_element(diff, array, &place, &state,
                         side == &diff->a ? element : NULL,
                         side == &diff->b ? element : NULL, (uint32_t) n);

        items[n].hash = fig_diff_hash(diff, side, element, place.state,
                                      &place.applied);
        items[n].node = fig_json_index(side->doc, element);
        items[n].index = (uint32_t) n;
    }

    return diff->nomem ? NULL : items;
}


static inline bool
fig_item_is_after(const fig_item_t *x, const fig_item_t *y)
{
    return x->hash > y->hash;
}


void
fig_diff_sort(fig_item_t *items, size_t n, fig_item_t *spare)
{
    size_t       i, j, k, at, run, middle, end;
    fig_item_t  *from, *to, *swap;

    from = items;
    to = spare;

    for (run = 1; run < n; run *= 2) {
        for (at = 0; at < n; at += 2 * run) {
            middle = (n - at < run) ? n : at + run;
            end = (n - at < 2 * run) ? n : at + 2 * run;

            for (k = i = at, j = middle; k < end; k++) {
                to[k] = (j == end || (i < middle
                                      && !fig_item_is_after(&from[i],
                                                            &from[j])))
                        ? from[i++] : from[j++];
            }
        }

        swap = from;
        from = to;
        to = swap;
    }

    if (from != items) {
        memcpy(items, from, n * sizeof(fig_item_t));
    }
}


static void
fig_items_place(fig_diff_t *diff, fig_place_t *array, const fig_item_t *a,
    const fig_item_t *b, fig_place_t *place, fig_jstate_t *state)
{
    fig_diff_element(diff, array, place, state,
                     a != NULL ? fig_json_root(diff->a.doc) + a->node : NULL,
                     b != NULL ? fig_json_root(diff->b.doc) + b->node : NULL,
                     (a != NULL ? a : b)->index);

    place->index_b = (b != NULL ? b : a)->index;
}


void
fig_diff_items_pair(fig_diff_t *diff, fig_place_t *array, const fig_item_t *a,
    const fig_item_t *b)
{
    fig_place_t   place;
    fig_jstate_t  state;

    fig_items_place(diff, array, a, b, &place, &state);

    if (a != NULL && b != NULL) {
        fig_diff_value(diff, &place);

    } else {
        fig_diff_absent(diff, &place);
    }
}


bool
fig_diff_items_equal(fig_diff_t *diff, fig_place_t *array,
    const fig_item_t *a, const fig_item_t *b)
{
    fig_place_t   place;
    fig_jstate_t  state;

    fig_items_place(diff, array, a, b, &place, &state);

    return fig_diff_is_equal(diff, &place);
}


/* Lengths of the longest common subsequences of what is behind i and j. */

static void
fig_align_fill(uint16_t *table, const fig_item_t *a, size_t na,
    const fig_item_t *b, size_t nb)
{
    size_t     i, j;
    uint16_t  *row, *below;

    below = table + na * (nb + 1);
    memset(below, 0, (nb + 1) * sizeof(uint16_t));

    for (i = na; i-- > 0; /* void */) {
        row = table + i * (nb + 1);
        row[nb] = 0;

        for (j = nb; j-- > 0; /* void */) {
            if (a[i].hash == b[j].hash) {
                row[j] = (uint16_t) (below[j + 1] + 1);

            } else {
                row[j] = (below[j] >= row[j + 1]) ? below[j] : row[j + 1];
            }
        }

        below = row;
    }
}


static bool
fig_align_room(fig_diff_t *diff, size_t na, size_t nb)
{
    size_t  size;

    if (na * nb > diff->cells) {
        return false;
    }

    diff->cells -= na * nb;
    size = (na + 1) * (nb + 1);

    if (size > diff->table_size) {

        /* the second time there may be a third: so the most there can be */

        if (diff->table_size != 0) {
            size = (FIG_DIFF_ALIGNED + 1) * (FIG_DIFF_ALIGNED + 1);
        }

        diff->table = fig_arena_room(diff->arena, size * sizeof(uint16_t));
        diff->table_size = size;
    }

    if (diff->table == NULL) {
        diff->nomem = true;
    }

    return !diff->nomem;
}


bool
fig_diff_align(fig_diff_t *diff, const fig_item_t *a, size_t na,
    const fig_item_t *b, size_t nb, fig_aligned_t *pairs, size_t *npairs)
{
    size_t           i, j, n, head, tail;
    const uint16_t  *table;

    for (head = 0; head < na && head < nb; head++) {
        if (a[head].hash != b[head].hash) {
            break;
        }

        pairs[head].a = pairs[head].b = (uint32_t) head;
    }

    for (tail = 0; tail < na - head && tail < nb - head; tail++) {
        if (a[na - tail - 1].hash != b[nb - tail - 1].hash) {
            break;
        }
    }

    n = head;
    na -= tail;
    nb -= tail;

    if (head < na && head < nb) {

        if (!fig_align_room(diff, na - head, nb - head)) {
            return false;
        }

        fig_align_fill(diff->table, a + head, na - head, b + head, nb - head);
    }

    table = diff->table;

    for (i = j = head; i < na && j < nb; /* void */) {

        if (a[i].hash == b[j].hash) {
            pairs[n].a = (uint32_t) i++;
            pairs[n++].b = (uint32_t) j++;

        } else if (table[(i - head + 1) * (nb - head + 1) + j - head]
                   >= table[(i - head) * (nb - head + 1) + j - head + 1])
        {
            i++;

        } else {
            j++;
        }
    }

    for ( /* void */ ; tail > 0; tail--, n++) {
        pairs[n].a = (uint32_t) na++;
        pairs[n].b = (uint32_t) nb++;
    }

    *npairs = n;

    return true;
}
