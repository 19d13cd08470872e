/*
 * Counting pairs and probes in classes, and what classes are.
 *
 *     pair -> its classes -> one of them is real or undecided    mismatch
 *                            all of them are acknowledged        acknowledged
 *                            otherwise                           noise
 */

#include "fig_classes.h"
#include "fig_classes_table.h"
#include "fig_hash64.h"

#include <stdio.h>


const char *
fig_class_state_name(fig_class_state_t state)
{
    static const char *const  names[] = {
        "undecided", "real", "noise", "acknowledged"
    };

    return names[state];
}


size_t
fig_class_text(const fig_class_t *class, char *out, size_t size)
{
    int          n;
    const char  *kind = fig_kind_name(class->kind);

    if (class->part == FIG_PART_STATUS) {
        n = snprintf(out, size, "status %.*s -> %.*s", (int) class->from.len,
                     class->from.data, (int) class->to.len, class->to.data);

    } else {
        n = snprintf(out, size, "%s %.*s: %s", fig_part_name(class->part),
                     (int) class->path.len, class->path.data, kind);
    }

    return ((size_t) n < size) ? (size_t) n : size - 1;
}


static fig_class_state_t
fig_class_state(const fig_class_entry_t *entry, uint64_t now)
{
    fig_noise_t         noise;
    const fig_class_t  *class = &entry->class;

    if (class->expires > now) {
        return FIG_CLASS_ACKNOWLEDGED;
    }

    noise = class->noise;
    noise.n = entry->route->probes;

    switch (class->other ? FIG_NOISE_UNDECIDED
            : fig_noise_judge(&noise, class->kind, entry->route->nclasses))
    {
    case FIG_NOISE_REAL:
        return FIG_CLASS_REAL;

    case FIG_NOISE_NOISE:
        return FIG_CLASS_NOISE;

    default:
        return FIG_CLASS_UNDECIDED;
    }
}


fig_class_state_t
fig_classes_state(const fig_classes_t *classes, const fig_class_t *class,
    uint64_t now)
{
    (void) classes;

    return fig_class_state((const fig_class_entry_t *) class, now);
}


/* Makes or replaces a sample; without memory it stays as it is. */

static void
fig_class_keep(fig_class_t *class, size_t at,
    const fig_difference_t *difference, fig_str_t request, fig_str_t id,
    uint64_t now)
{
    fig_sample_t  *sample, copy;

    copy.time = now;
    copy.request = fig_classes_copy(request);
    copy.id = fig_classes_copy(id);
    copy.pointer = fig_classes_copy(difference->pointer);
    copy.from = fig_classes_copy(difference->from_value);
    copy.to = fig_classes_copy(difference->to_value);

    sample = &class->samples[at];

    if (at == class->nsamples) {
        class->nsamples++;

    } else {
        fig_class_sample_free(sample);
    }

    *sample = copy;
}


/* The n-th is kept with probability 5 / n, always the same way. */

static void
fig_class_sample(fig_class_entry_t *entry, const fig_difference_t *difference,
    fig_str_t request, fig_str_t id, uint64_t now)
{
    uint64_t  at;

    at = entry->seen++;

    if (at >= FIG_CLASSES_SAMPLES) {
        at = fig_hash64_word(entry->class.id, entry->seen) % entry->seen;
    }

    if (at < FIG_CLASSES_SAMPLES) {
        fig_class_keep(&entry->class, (size_t) at, difference, request, id,
                       now);
    }
}


fig_outcome_t
fig_classes_add(fig_classes_t *classes, fig_str_t name,
    const fig_comparison_t *comparison, fig_str_t request, fig_str_t id,
    uint64_t now)
{
    size_t                   i;
    bool                     mismatch, noise;
    fig_class_route_t       *route;
    fig_class_entry_t       *entry, *other;
    fig_class_state_t        state;
    const fig_difference_t  *difference;

    if (comparison->outcome != FIG_OUTCOME_MISMATCH) {
        return comparison->outcome;
    }

    route = fig_classes_make_route(classes, name);
    if (route == NULL) {
        return FIG_OUTCOME_MISMATCH;
    }

    mismatch = (comparison->n == 0);
    noise = false;
    other = NULL;

    for (i = 0; i < comparison->n; i++) {
        difference = &comparison->differences[i];

        if (!difference->first) {
            continue;
        }

        entry = fig_classes_get(classes, route, difference, false, now);

        if (entry == NULL) {
            mismatch = true;
            continue;
        }

        state = fig_class_state(entry, now);
        mismatch |= (state < FIG_CLASS_NOISE);
        noise |= (state == FIG_CLASS_NOISE);

        /* of those that found no room a pair may have many */

        if (entry == other) {
            continue;
        }

        if (entry->class.other) {
            other = entry;
        }

        entry->class.count++;
        entry->class.last = now;
        fig_class_sample(entry, difference, request, id, now);
    }

    return mismatch ? FIG_OUTCOME_MISMATCH
           : noise ? FIG_OUTCOME_NOISE : FIG_OUTCOME_ACKNOWLEDGED;
}


/* Inserts an id in its order, unless it is there; false: there is no room. */

static bool
fig_classes_insert(uint64_t *ids, size_t *n, size_t max, uint64_t id)
{
    size_t  i, at;

    for (at = 0; at < *n && ids[at] < id; at++) {
        /* void */
    }

    if (at < *n && ids[at] == id) {
        return true;
    }

    if (*n == max) {
        return false;
    }

    for (i = (*n)++; i > at; i--) {
        ids[i] = ids[i - 1];
    }

    ids[at] = id;

    return true;
}


size_t
fig_classes_ids(const fig_classes_t *classes, fig_str_t route,
    const fig_comparison_t *comparison, uint64_t *ids, size_t max)
{
    size_t    i, n;
    uint64_t  id;

    n = 0;

    for (i = 0; i < comparison->n; i++) {

        if (!comparison->differences[i].first) {
            continue;
        }

        id = fig_class_id(route, &comparison->differences[i], false);

        if (fig_classes_lookup(classes, id) == NULL
            || !fig_classes_insert(ids, &n, max, id))
        {
            return 0;
        }
    }

    return n;
}


static bool
fig_classes_has(fig_str_t route, const fig_comparison_t *comparison,
    uint64_t id)
{
    size_t  i;

    for (i = 0; i < comparison->n; i++) {
        if (comparison->differences[i].first
            && fig_class_id(route, &comparison->differences[i], false) == id)
        {
            return true;
        }
    }

    return false;
}


/* What one of the two comparisons of a probe has, and the other may have. */

static fig_status_t
fig_classes_probe_side(fig_classes_t *classes, fig_class_route_t *route,
    const fig_comparison_t *side, const fig_comparison_t *other,
    bool candidate, uint64_t now)
{
    bool                     both;
    size_t                   i;
    fig_noise_t             *noise;
    fig_class_entry_t       *entry;
    const fig_difference_t  *difference;

    for (i = 0; i < side->n; i++) {
        difference = &side->differences[i];

        if (!difference->first
            || (!candidate && difference->kind != FIG_KIND_VALUE
                && difference->kind != FIG_KIND_ORDER))
        {
            continue;
        }

        entry = fig_classes_get(classes, route, difference, false, now);
        if (entry == NULL) {
            return FIG_NOMEM;
        }

        noise = &entry->class.noise;
        both = fig_classes_has(route->name, other, entry->class.id);

        if (candidate) {
            noise->both += both;
            noise->b += !both;

        } else {
            noise->c += !both;
        }
    }

    return FIG_OK;
}


fig_status_t
fig_classes_probe(fig_classes_t *classes, fig_str_t name,
    const fig_comparison_t *candidate, const fig_comparison_t *itself,
    uint64_t now)
{
    fig_status_t        status;
    fig_class_route_t  *route;

    if (candidate->outcome == FIG_OUTCOME_INCOMPARABLE
        || itself->outcome == FIG_OUTCOME_INCOMPARABLE)
    {
        return FIG_OK;
    }

    route = fig_classes_make_route(classes, name);
    if (route == NULL) {
        return FIG_NOMEM;
    }

    route->probes++;
    status = fig_classes_probe_side(classes, route, candidate, itself, true,
                                    now);

    if (status == FIG_OK) {
        status = fig_classes_probe_side(classes, route, itself, candidate,
                                        false, now);
    }

    return status;
}


fig_status_t
fig_classes_acknowledge(fig_classes_t *classes, uint64_t id, fig_str_t reason,
    fig_str_t owner, fig_str_t by, uint64_t expires, uint64_t now)
{
    fig_str_t           why, who, whom;
    fig_class_entry_t  *entry;

    entry = fig_classes_lookup(classes, id);

    if (entry == NULL
        || (expires != 0 && (reason.len == 0 || owner.len == 0)))
    {
        return FIG_INVALID;
    }

    if (expires == 0) {
        why = who = whom = fig_str(NULL, 0);

    } else {
        why = fig_classes_copy(reason);
        who = fig_classes_copy(owner);
        whom = fig_classes_copy(by);

        if (why.data == NULL || who.data == NULL
            || (whom.data == NULL && by.data != NULL))
        {
            fig_classes_free(why);
            fig_classes_free(who);
            fig_classes_free(whom);
            return FIG_NOMEM;
        }
    }

    fig_classes_free(entry->class.reason);
    fig_classes_free(entry->class.owner);
    fig_classes_free(entry->class.by);

    if (expires > now + FIG_CLASSES_ACK) {
        expires = now + FIG_CLASSES_ACK;
    }

    entry->class.reason = why;
    entry->class.owner = who;
    entry->class.by = whom;
    entry->class.since = (expires != 0) ? now : 0;
    entry->class.expires = expires;

    return FIG_OK;
}


static bool
fig_class_blocks(const fig_class_t *class)
{
    return class->kind == FIG_KIND_TYPE || class->kind == FIG_KIND_MISSING
           || (class->part == FIG_PART_STATUS && class->from.len == 3
               && class->to.len == 3 && class->from.data[0] == '2'
               && class->to.data[0] == '5');
}


size_t
fig_classes_blocking(const fig_classes_t *classes, fig_str_t route,
    uint64_t now, const fig_class_t **one)
{
    size_t              n;
    const fig_class_t  *class;

    n = 0;
    *one = NULL;

    for (class = fig_classes_next(classes, &route, NULL);
         class != NULL;
         class = fig_classes_next(classes, &route, class))
    {
        if (!fig_class_blocks(class)
            || fig_classes_state(classes, class, now) == FIG_CLASS_ACKNOWLEDGED)
        {
            continue;
        }

        n++;

        if (*one == NULL || class->count > (*one)->count) {
            *one = class;
        }
    }

    return n;
}
