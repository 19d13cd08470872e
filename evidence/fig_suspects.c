/*
 * Pairs remembered by the classes that they differ in.
 *
 *     pair -> ids of its classes, in order -> one of the list, counted
 */

#include "fig_suspects.h"


void
fig_suspects_add(fig_suspects_t *suspects, const fig_classes_t *classes,
    fig_str_t route, const fig_comparison_t *comparison)
{
    size_t          i;
    fig_suspect_t   one;
    fig_suspect_t  *known;

    memset(&one, 0, sizeof(one));
    one.count = 1;
    one.n = fig_classes_ids(classes, route, comparison, one.ids,
                            FIG_SUSPECT_CLASSES);

    if (one.n == 0) {
        return;
    }

    known = suspects->list;

    for (i = 0; i < suspects->n; i++, known++) {
        if (known->n == one.n
            && memcmp(known->ids, one.ids, one.n * sizeof(uint64_t)) == 0)
        {
            known->count++;
            return;
        }
    }

    if (suspects->n < FIG_SUSPECTS) {
        suspects->list[suspects->n++] = one;
    }
}


static bool
fig_suspect_is_clear(const fig_suspect_t *suspect,
    const fig_classes_t *classes, uint64_t now)
{
    size_t              i;
    const fig_class_t  *class;

    for (i = 0; i < suspect->n; i++) {
        class = fig_classes_find(classes, suspect->ids[i]);

        if (class == NULL
            || fig_classes_state(classes, class, now) < FIG_CLASS_NOISE)
        {
            return false;
        }
    }

    return true;
}


uint64_t
fig_suspects_clear(fig_suspects_t *suspects, const fig_classes_t *classes,
    uint64_t now)
{
    size_t    i, left;
    uint64_t  n;

    n = 0;

    for (i = 0, left = 0; i < suspects->n; i++) {

        if (fig_suspect_is_clear(&suspects->list[i], classes, now)) {
            n += suspects->list[i].count;
            continue;
        }

        suspects->list[left++] = suspects->list[i];
    }

    suspects->n = left;

    return n;
}
