/*
 * Arrays whose order means nothing.
 *
 *     unordered   equal elements are paired; the rest as in a gap: in order
 *     keyed       elements with the same key are paired; the rest is missing
 *                 or extra
 *
 *     a  sorted by hash   11 22 22 33        b   11 22 44
 */

#include "fig_diff.h"


/* Items of one hash: places from..end of each side. */

typedef struct {
    fig_item_t  *items;
    size_t       n;
    size_t       at;               /* the group begins here */
    size_t       end;              /* and ends before this */
} fig_group_t;


static size_t
fig_group_end(const fig_group_t *group)
{
    size_t  end;

    for (end = group->at; end < group->n; end++) {
        if (group->items[end].hash != group->items[group->at].hash) {
            break;
        }
    }

    return end;
}


/* Goes on to the next groups, one of which may be empty; false: no more. */

static bool
fig_groups_next(fig_group_t *a, fig_group_t *b)
{
    bool  more_a, more_b;

    a->at = a->end;
    b->at = b->end;
    more_a = (a->at < a->n);
    more_b = (b->at < b->n);

    if (more_a && (!more_b || a->items[a->at].hash <= b->items[b->at].hash)) {
        a->end = fig_group_end(a);
    }

    if (more_b && (!more_a || b->items[b->at].hash <= a->items[a->at].hash)) {
        b->end = fig_group_end(b);
    }

    return more_a || more_b;
}


/* Back into the order of the array; the hash has done its work. */

static void
fig_items_restore(fig_item_t *items, size_t n, fig_item_t *spare)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        items[i].hash = items[i].index;
    }

    fig_diff_sort(items, n, spare);
}


static void
fig_group_put(fig_group_t *group, const fig_item_t *item)
{
    group->items[group->n++] = *item;
}


/*
 * Finds an element of b's group that equals item, from its at on; end: there is
 * none.  Where a hash says all the first one does; where tolerances make it say
 * less others are tried, as long as there are cells.
 */

static size_t
fig_group_find(fig_diff_t *diff, fig_place_t *array, const fig_item_t *item,
    const fig_group_t *b)
{
    size_t  j, cost;

    for (j = b->at; j < b->end && !diff->nomem; j++) {
        cost = 16 + fig_json_root(diff->b.doc)[b->items[j].node].len;

        if (j != b->at) {
            if (cost > diff->cells) {
                break;
            }

            diff->cells -= cost;
        }

        if (fig_diff_items_equal(diff, array, item, &b->items[j])) {
            return j;
        }
    }

    return b->end;
}


/* Pairs equal elements of a group; the others go to the rest. */

static void
fig_group_pair(fig_diff_t *diff, fig_place_t *array, fig_group_t *a,
    fig_group_t *b, fig_group_t *rest_a, fig_group_t *rest_b)
{
    size_t      i, j;
    fig_item_t  item;

    for (i = a->at; i < a->end; i++) {
        j = fig_group_find(diff, array, &a->items[i], b);

        if (j == b->end) {
            fig_group_put(rest_a, &a->items[i]);
            continue;
        }

        /* those before j stay, in their order */

        for (item = b->items[j]; j > b->at; j--) {
            b->items[j] = b->items[j - 1];
        }

        b->items[b->at++] = item;
    }

    for (j = b->at; j < b->end; j++) {
        fig_group_put(rest_b, &b->items[j]);
    }
}


/* What was paired with nothing: in order, as in a gap. */

static void
fig_set_rest(fig_diff_t *diff, fig_place_t *array, fig_group_t *a,
    fig_group_t *b, fig_item_t *spare)
{
    size_t  i;

    fig_items_restore(a->items, a->n, spare);
    fig_items_restore(b->items, b->n, spare);

    for (i = 0; (i < a->n || i < b->n) && !fig_diff_is_over(diff); i++) {
        fig_diff_items_pair(diff, array, i < a->n ? &a->items[i] : NULL,
                            i < b->n ? &b->items[i] : NULL);
    }
}


void
fig_diff_unordered(fig_diff_t *diff, fig_place_t *place)
{
    size_t        most;
    fig_item_t   *spare;
    fig_group_t   a = { .n = place->a->nchildren };
    fig_group_t   b = { .n = place->b->nchildren };
    fig_group_t   rest_a = { .n = 0 }, rest_b = { .n = 0 };

    if (diff->probing && a.n != b.n) {
        diff->found = true;
        return;
    }

    most = (a.n > b.n) ? a.n : b.n;
    a.items = fig_diff_items(diff, &diff->a, place);
    b.items = fig_diff_items(diff, &diff->b, place);
    rest_a.items = fig_diff_push(diff, a.n * sizeof(fig_item_t));
    rest_b.items = fig_diff_push(diff, b.n * sizeof(fig_item_t));
    spare = fig_diff_push(diff, most * sizeof(fig_item_t));

    if (diff->nomem) {
        return;
    }

    fig_diff_sort(a.items, a.n, spare);
    fig_diff_sort(b.items, b.n, spare);

    while (fig_groups_next(&a, &b)) {
        fig_group_pair(diff, place, &a, &b, &rest_a, &rest_b);

        if (diff->probing && (rest_a.n != 0 || rest_b.n != 0)) {
            diff->found = true;
            return;
        }
    }

    fig_set_rest(diff, place, &rest_a, &rest_b, spare);
}


/*
 * Elements by the hash of their key; those without one go to rest.  Returns
 * NULL when memory is out.
 */

static fig_item_t *
fig_keyed_items(fig_diff_t *diff, const fig_json_t *doc,
    const fig_json_node_t *array, fig_str_t key, fig_group_t *keyed,
    fig_group_t *rest)
{
    uint32_t                i;
    fig_item_t              item, *spare;
    const fig_json_node_t  *element, *member;

    keyed->items = fig_diff_push(diff, array->nchildren * sizeof(fig_item_t));
    rest->items = fig_diff_push(diff, array->nchildren * sizeof(fig_item_t));
    spare = fig_diff_push(diff, array->nchildren * sizeof(fig_item_t));

    if (diff->nomem) {
        return NULL;
    }

    for (i = 0, element = fig_json_first(doc, array);
         element != NULL;
         i++, element = fig_json_next(doc, element))
    {
        member = fig_json_find(doc, element, key);

        item.hash = (member == NULL || member->kind == FIG_JSON_NULL)
                    ? 0 : fig_diff_scalar_hash(doc, member);
        item.node = fig_json_index(doc, element);
        item.index = i;

        if (item.hash == 0) {
            fig_group_put(rest, &item);

        } else {
            fig_group_put(keyed, &item);
        }
    }

    rest->end = rest->n;
    fig_diff_sort(keyed->items, keyed->n, spare);

    return spare;
}


static bool
fig_groups_are_equal(fig_diff_t *diff, fig_place_t *array,
    const fig_group_t *a, const fig_group_t *b)
{
    size_t  i;

    if (a->end - a->at != b->end - b->at) {
        return false;
    }

    for (i = 0; i < a->end - a->at; i++) {
        if (!fig_diff_items_equal(diff, array, &a->items[a->at + i],
                                  &b->items[b->at + i]))
        {
            return false;
        }
    }

    return true;
}


/* Groups of one key.  Returns whether it is a repeated one that differs. */

static bool
fig_keyed_compare(fig_diff_t *diff, fig_place_t *array, const fig_group_t *a,
    const fig_group_t *b)
{
    size_t  i;

    if (a->at == a->end || b->at == b->end) {
        for (i = a->at; i < a->end; i++) {
            fig_diff_items_pair(diff, array, &a->items[i], NULL);
        }

        for (i = b->at; i < b->end; i++) {
            fig_diff_items_pair(diff, array, NULL, &b->items[i]);
        }

        return false;
    }

    if (a->end - a->at == 1 && b->end - b->at == 1) {
        fig_diff_items_pair(diff, array, &a->items[a->at], &b->items[b->at]);
        return false;
    }

    return !fig_groups_are_equal(diff, array, a, b);
}


void
fig_diff_keyed(fig_diff_t *diff, fig_place_t *place)
{
    bool         duplicate;
    fig_str_t    key;
    fig_group_t  a = { .n = 0 }, b = { .n = 0 };
    fig_group_t  rest_a = { .n = 0 }, rest_b = { .n = 0 };

    key = diff->comparer->options.keyed[place->applied.keyed - 1].key;

    if (fig_keyed_items(diff, diff->a.doc, place->a, key, &a, &rest_a) == NULL
        || fig_keyed_items(diff, diff->b.doc, place->b, key, &b, &rest_b)
           == NULL)
    {
        return;
    }

    for (duplicate = false;
         fig_groups_next(&a, &b) && !fig_diff_is_over(diff);
         /* void */)
    {
        duplicate |= fig_keyed_compare(diff, place, &a, &b);
    }

    if (duplicate) {
        fig_diff_report(diff, place, FIG_KIND_DUPLICATE);
    }

    if (!fig_groups_are_equal(diff, place, &rest_a, &rest_b)) {
        fig_diff_report(diff, place, FIG_KIND_MISSING);
    }
}
