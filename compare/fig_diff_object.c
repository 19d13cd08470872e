/*
 * Objects: members in any order.
 *
 *     a  {x, z, y}        the same names in the same order: side by side
 *     b  {x, w, z}        otherwise sorted by name, and merged:
 *                         w | x x | y | z z
 *
 * A name that is there twice makes a list of its values, and the lists are
 * compared.
 */

#include "fig_diff.h"
#include "fig_json_reader.h"


#define FIG_DIFF_FEW  12           /* members that are compared all with all */


typedef struct {
    uint32_t  *members;            /* sorted by name, then place */
    size_t     n;
    size_t     at;
} fig_members_t;


/* false: no memory. */

static bool
fig_members_sort(fig_diff_t *diff, const fig_json_t *doc,
    const fig_json_node_t *object, fig_members_t *members)
{
    uint32_t               *room;
    const fig_json_node_t  *member;

    room = fig_diff_push(diff, 2 * object->nchildren * sizeof(uint32_t));
    if (room == NULL) {
        return false;
    }

    members->n = 0;
    members->at = 0;

    for (member = fig_json_first(doc, object);
         member != NULL;
         member = fig_json_next(doc, member))
    {
        room[members->n++] = fig_json_index(doc, member);
    }

    members->members = fig_json_sort(doc, room, members->n, room + members->n);

    return true;
}


static const fig_json_node_t *
fig_members_get(const fig_json_t *doc, const fig_members_t *members, size_t i)
{
    return fig_json_root(doc) + members->members[i];
}


/* How many members from at on have one name. */

static size_t
fig_members_group(const fig_json_t *doc, const fig_members_t *members)
{
    size_t     n;
    fig_str_t  name;

    if (members->at == members->n) {
        return 0;
    }

    name = fig_json_key(doc, fig_members_get(doc, members, members->at));

    for (n = 1; members->at + n < members->n; n++) {
        if (!fig_str_eq(name, fig_json_key(doc,
                              fig_members_get(doc, members, members->at + n))))
        {
            break;
        }
    }

    return n;
}


/* Among few members; more are sorted anyway. */

static bool
fig_object_has_duplicate(const fig_json_t *doc, const fig_json_node_t *object)
{
    const fig_json_node_t  *p, *q;

    for (p = fig_json_first(doc, object); p != NULL; p = fig_json_next(doc, p))
    {
        for (q = fig_json_next(doc, p); q != NULL; q = fig_json_next(doc, q)) {
            if (p->key_len == q->key_len
                && fig_str_eq(fig_json_key(doc, p), fig_json_key(doc, q)))
            {
                return true;
            }
        }
    }

    return false;
}


/* Whether the names are the same, in the same order. */

static bool
fig_object_is_parallel(const fig_diff_t *diff, const fig_place_t *object)
{
    const fig_json_node_t  *a, *b;

    if (object->a->nchildren != object->b->nchildren) {
        return false;
    }

    for (a = fig_json_first(diff->a.doc, object->a),
         b = fig_json_first(diff->b.doc, object->b);
         a != NULL && b != NULL;
         a = fig_json_next(diff->a.doc, a), b = fig_json_next(diff->b.doc, b))
    {
        if (a->key_len != b->key_len
            || !fig_str_eq(fig_json_key(diff->a.doc, a),
                           fig_json_key(diff->b.doc, b)))
        {
            return false;
        }
    }

    return true;
}


static void
fig_object_pair(fig_diff_t *diff, fig_place_t *object,
    const fig_json_node_t *a, const fig_json_node_t *b)
{
    fig_place_t   place;
    fig_jstate_t  state;

    fig_diff_member(diff, object, &place, &state, a, b);

    if (a != NULL && b != NULL) {
        fig_diff_value(diff, &place);
        return;
    }

    fig_diff_absent(diff, &place);
}


/* Lists of values of one name: equal, or a difference of their own. */

static bool
fig_object_lists_are_equal(fig_diff_t *diff, fig_place_t *object,
    const fig_members_t *x, size_t nx, const fig_members_t *y, size_t ny)
{
    size_t                  i;
    fig_place_t             place;
    fig_jstate_t            state;
    const fig_json_node_t  *a, *b;

    a = fig_members_get(diff->a.doc, x, x->at);
    b = fig_members_get(diff->b.doc, y, y->at);
    fig_diff_member(diff, object, &place, &state, a, b);

    if (place.applied.ignore) {
        return true;
    }

    for (i = 0; i < nx && i < ny; i++) {
        place.a = fig_members_get(diff->a.doc, x, x->at + i);
        place.b = fig_members_get(diff->b.doc, y, y->at + i);

        if (!fig_diff_is_equal(diff, &place)) {
            return false;
        }
    }

    return nx == ny;
}


/* Members of one name that only one side has: one difference. */

static const fig_json_node_t *
fig_object_alone(const fig_json_t *doc, const fig_members_t *members, size_t n)
{
    size_t                  i;
    const fig_json_node_t  *node;

    /* of several the one that null_absent does not let pass */

    for (i = 0; i < n; i++) {
        node = fig_members_get(doc, members, members->at + i);

        if (node->kind != FIG_JSON_NULL) {
            return node;
        }
    }

    return fig_members_get(doc, members, members->at);
}


static void
fig_object_merge(fig_diff_t *diff, fig_place_t *object, fig_members_t *x,
    fig_members_t *y)
{
    int                     order;
    bool                    duplicate;
    size_t                  nx, ny;
    const fig_json_node_t  *a, *b;

    duplicate = false;

    while ((x->at < x->n || y->at < y->n) && !fig_diff_is_over(diff)) {
        a = (x->at < x->n) ? fig_members_get(diff->a.doc, x, x->at) : NULL;
        b = (y->at < y->n) ? fig_members_get(diff->b.doc, y, y->at) : NULL;

        order = (a == NULL) ? 1 : (b == NULL) ? -1
                : fig_json_order(fig_json_key(diff->a.doc, a),
                                 fig_json_key(diff->b.doc, b));

        nx = (order <= 0) ? fig_members_group(diff->a.doc, x) : 0;
        ny = (order >= 0) ? fig_members_group(diff->b.doc, y) : 0;

        if (ny == 0) {
            a = fig_object_alone(diff->a.doc, x, nx);
            fig_object_pair(diff, object, a, NULL);

        } else if (nx == 0) {
            b = fig_object_alone(diff->b.doc, y, ny);
            fig_object_pair(diff, object, NULL, b);

        } else if (nx == 1 && ny == 1) {
            fig_object_pair(diff, object, a, b);

        } else if (!duplicate
                   && !fig_object_lists_are_equal(diff, object, x, nx, y, ny))
        {
            duplicate = true;
            fig_diff_report(diff, object, FIG_KIND_DUPLICATE);
        }

        x->at += nx;
        y->at += ny;
    }
}


static void
fig_object_sorted(fig_diff_t *diff, fig_place_t *object)
{
    fig_mark_t     mark;
    fig_members_t  x, y;

    mark = fig_diff_mark(diff);

    if (fig_members_sort(diff, diff->a.doc, object->a, &x)
        && fig_members_sort(diff, diff->b.doc, object->b, &y))
    {
        fig_object_merge(diff, object, &x, &y);
    }

    fig_diff_pop(diff, mark);
}


/*
 * Side by side lists of values are compared as well, but a difference in one
 * would be reported where it is, not as what it is: so then there must be none.
 * No value may be looked at before the way is chosen: on each level twice would
 * be on the lowest level once for every way through a binary tree.
 */

void
fig_diff_object(fig_diff_t *diff, fig_place_t *place)
{
    const fig_json_node_t  *a, *b;

    if (!fig_object_is_parallel(diff, place)
        || (!diff->probing
            && (place->a->nchildren > FIG_DIFF_FEW
                || fig_object_has_duplicate(diff->a.doc, place->a))))
    {
        fig_object_sorted(diff, place);
        return;
    }

    for (a = fig_json_first(diff->a.doc, place->a),
         b = fig_json_first(diff->b.doc, place->b);
         a != NULL && b != NULL && !fig_diff_is_over(diff);
         a = fig_json_next(diff->a.doc, a), b = fig_json_next(diff->b.doc, b))
    {
        fig_object_pair(diff, place, a, b);
    }
}
