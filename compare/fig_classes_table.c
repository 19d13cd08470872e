/*
 * Making, finding and dropping classes.
 *
 *     id = hash of route, part, kind, path, from, to       64 bits
 *
 * Two classes of one id would be counted as one: of 20,000 that happens once
 * in 10^11 times.  Slots are probed one by one.
 */

#include "fig_classes_table.h"
#include "fig_hash64.h"

#include <stdlib.h>


fig_str_t
fig_classes_copy(fig_str_t text)
{
    char  *copy;

    if (text.data == NULL) {
        return text;
    }

    copy = malloc(text.len + 1);
    if (copy == NULL) {
        return fig_str(NULL, 0);
    }

    if (text.len != 0) {
        memcpy(copy, text.data, text.len);
    }

    copy[text.len] = '\0';

    return fig_str(copy, text.len);
}


void
fig_classes_free(fig_str_t text)
{
    free((char *) text.data);
}


fig_classes_t *
fig_classes_create(size_t per_route, size_t total)
{
    fig_classes_t  *classes;

    classes = calloc(1, sizeof(fig_classes_t));

    if (classes != NULL) {
        classes->per_route = per_route ? per_route : FIG_CLASSES_PER_ROUTE;
        classes->total = total ? total : FIG_CLASSES_TOTAL;
    }

    return classes;
}


void
fig_class_sample_free(fig_sample_t *sample)
{
    fig_classes_free(sample->request);
    fig_classes_free(sample->id);
    fig_classes_free(sample->pointer);
    fig_classes_free(sample->from);
    fig_classes_free(sample->to);
}


static void
fig_class_drop_samples(fig_class_t *class)
{
    while (class->nsamples != 0) {
        fig_class_sample_free(&class->samples[--class->nsamples]);
    }
}


static void
fig_class_destroy(fig_class_entry_t *entry)
{
    fig_class_drop_samples(&entry->class);
    fig_classes_free(entry->class.path);
    fig_classes_free(entry->class.from);
    fig_classes_free(entry->class.to);
    fig_classes_free(entry->class.reason);
    fig_classes_free(entry->class.owner);
    fig_classes_free(entry->class.by);
    free(entry);
}


static size_t
fig_classes_slot(const fig_classes_t *classes, uint64_t id)
{
    size_t  slot;

    for (slot = (size_t) id & (classes->nslots - 1);
         classes->slots[slot] != NULL
         && classes->slots[slot]->class.id != id;
         slot = (slot + 1) & (classes->nslots - 1))
    {
        /* void */
    }

    return slot;
}


/* All entries into their slots. */

static void
fig_classes_index(fig_classes_t *classes)
{
    fig_class_entry_t  *entry;

    memset(classes->slots, 0, classes->nslots * sizeof(fig_class_entry_t *));

    for (entry = classes->first; entry != NULL; entry = entry->next) {
        classes->slots[fig_classes_slot(classes, entry->class.id)] = entry;
    }
}


static bool
fig_classes_grow(fig_classes_t *classes)
{
    size_t               nslots;
    fig_class_entry_t  **slots;

    if (2 * (classes->n + 1) <= classes->nslots) {
        return true;
    }

    nslots = classes->nslots ? 2 * classes->nslots : 64;

    slots = realloc(classes->slots, nslots * sizeof(fig_class_entry_t *));
    if (slots == NULL) {
        return false;
    }

    classes->slots = slots;
    classes->nslots = nslots;
    fig_classes_index(classes);

    return true;
}


fig_class_entry_t *
fig_classes_lookup(const fig_classes_t *classes, uint64_t id)
{
    return (classes->nslots == 0)
           ? NULL : classes->slots[fig_classes_slot(classes, id)];
}


const fig_class_t *
fig_classes_find(const fig_classes_t *classes, uint64_t id)
{
    fig_class_entry_t  *entry;

    entry = fig_classes_lookup(classes, id);

    return (entry != NULL) ? &entry->class : NULL;
}


fig_class_route_t *
fig_classes_route(const fig_classes_t *classes, fig_str_t name)
{
    fig_class_route_t  *route;

    for (route = classes->routes; route != NULL; route = route->next) {
        if (fig_str_eq(route->name, name)) {
            break;
        }
    }

    return route;
}


fig_class_route_t *
fig_classes_make_route(fig_classes_t *classes, fig_str_t name)
{
    fig_class_route_t  *route;

    route = fig_classes_route(classes, name);
    if (route != NULL) {
        return route;
    }

    route = calloc(1, sizeof(fig_class_route_t));
    if (route == NULL) {
        return NULL;
    }

    route->name = fig_classes_copy(name);
    if (route->name.data == NULL) {
        free(route);
        return NULL;
    }

    route->next = classes->routes;
    classes->routes = route;

    return route;
}


uint64_t
fig_class_id(fig_str_t route, const fig_difference_t *difference, bool other)
{
    uint64_t  id;

    id = fig_hash64_bytes(1, route);

    if (!other) {
        id = fig_hash64_word(id, difference->part * 64u + difference->kind + 1);
        id = fig_hash64_bytes(id, difference->path);
        id = fig_hash64_bytes(id, difference->from);
        id = fig_hash64_bytes(id, difference->to);
    }

    return fig_hash64_mix(id) | 1;
}


static fig_class_entry_t *
fig_class_create(fig_class_route_t *route, const fig_difference_t *difference,
    bool other, uint64_t now)
{
    fig_class_t        *class;
    fig_class_entry_t  *entry;

    entry = calloc(1, sizeof(fig_class_entry_t));
    if (entry == NULL) {
        return NULL;
    }

    class = &entry->class;
    entry->route = route;
    class->route = route->name;
    class->id = fig_class_id(route->name, difference, other);
    class->other = other;
    class->part = other ? FIG_PART_BODY : difference->part;
    class->kind = other ? FIG_KIND_VALUE : difference->kind;
    class->path = fig_classes_copy(other ? fig_str("other", 5)
                                         : difference->path);
    class->from = fig_classes_copy(other ? fig_str("", 0) : difference->from);
    class->to = fig_classes_copy(other ? fig_str("", 0) : difference->to);
    class->first = now;
    class->last = now;

    if (class->path.data == NULL || class->from.data == NULL
        || class->to.data == NULL)
    {
        fig_class_destroy(entry);
        return NULL;
    }

    return entry;
}


fig_class_entry_t *
fig_classes_get(fig_classes_t *classes, fig_class_route_t *route,
    const fig_difference_t *difference, bool other, uint64_t now)
{
    uint64_t            id;
    fig_class_entry_t  *entry;

    id = fig_class_id(route->name, difference, other);
    entry = fig_classes_lookup(classes, id);

    if (entry != NULL) {
        return entry;
    }

    if (!other && (route->nclasses >= classes->per_route
                   || classes->n >= classes->total))
    {
        return fig_classes_get(classes, route, difference, true, now);
    }

    if (!fig_classes_grow(classes)) {
        return NULL;
    }

    entry = fig_class_create(route, difference, other, now);
    if (entry == NULL) {
        return NULL;
    }

    classes->slots[fig_classes_slot(classes, id)] = entry;

    if (classes->last != NULL) {
        classes->last->next = entry;

    } else {
        classes->first = entry;
    }

    classes->last = entry;
    classes->n++;
    route->nclasses += !other;

    return entry;
}


const fig_class_t *
fig_classes_next(const fig_classes_t *classes, const fig_str_t *route,
    const fig_class_t *after)
{
    const fig_class_entry_t  *entry;

    entry = (after != NULL) ? ((const fig_class_entry_t *) after)->next
                            : classes->first;

    while (entry != NULL && route != NULL
           && !fig_str_eq(entry->class.route, *route))
    {
        entry = entry->next;
    }

    return (entry != NULL) ? &entry->class : NULL;
}


/* Takes the entry at a link out of the list, which last may have to follow. */

static void
fig_classes_unlink(fig_classes_t *classes, fig_class_entry_t **at)
{
    fig_class_entry_t  *entry;

    entry = *at;
    *at = entry->next;
    classes->n--;
    entry->route->nclasses -= !entry->class.other;
    fig_class_destroy(entry);
}


/* The end of the list, and the slots, after entries have gone. */

static void
fig_classes_settle(fig_classes_t *classes)
{
    fig_class_entry_t  *entry;

    classes->last = NULL;

    for (entry = classes->first; entry != NULL; entry = entry->next) {
        classes->last = entry;
    }

    if (classes->nslots != 0) {
        fig_classes_index(classes);
    }
}


bool
fig_classes_forget(fig_classes_t *classes, uint64_t id)
{
    fig_class_entry_t  **at;

    for (at = &classes->first; *at != NULL; at = &(*at)->next) {
        if ((*at)->class.id == id) {
            fig_classes_unlink(classes, at);
            fig_classes_settle(classes);
            return true;
        }
    }

    return false;
}


void
fig_classes_renew(fig_classes_t *classes, uint64_t now)
{
    fig_class_route_t   *route;
    fig_class_entry_t   *entry, **at;

    for (at = &classes->first; *at != NULL; /* void */) {
        entry = *at;

        if (entry->class.expires <= now) {
            fig_classes_unlink(classes, at);
            continue;
        }

        entry->class.count = 0;
        entry->seen = 0;
        memset(&entry->class.noise, 0, sizeof(fig_noise_t));
        fig_class_drop_samples(&entry->class);
        at = &entry->next;
    }

    for (route = classes->routes; route != NULL; route = route->next) {
        route->probes = 0;
    }

    fig_classes_settle(classes);
}


fig_status_t
fig_classes_rename(fig_classes_t *classes, fig_str_t from, fig_str_t to)
{
    fig_str_t           name;
    fig_class_t        *class;
    fig_difference_t    difference;
    fig_class_route_t  *route;
    fig_class_entry_t  *entry;

    route = fig_classes_route(classes, from);
    if (route == NULL) {
        return FIG_OK;
    }

    name = fig_classes_copy(to);
    if (name.data == NULL) {
        return FIG_NOMEM;
    }

    fig_classes_free(route->name);
    route->name = name;
    memset(&difference, 0, sizeof(fig_difference_t));

    for (entry = classes->first; entry != NULL; entry = entry->next) {
        if (entry->route != route) {
            continue;
        }

        class = &entry->class;
        class->route = name;
        difference.part = class->part;
        difference.kind = class->kind;
        difference.path = class->path;
        difference.from = class->from;
        difference.to = class->to;
        class->id = fig_class_id(name, &difference, class->other);
    }

    fig_classes_settle(classes);

    return FIG_OK;
}


uint32_t
fig_classes_probes(const fig_classes_t *classes, fig_str_t name)
{
    fig_class_route_t  *route;

    route = fig_classes_route(classes, name);

    return (route != NULL) ? route->probes : 0;
}


void
fig_classes_drop(fig_classes_t *classes, const fig_str_t *name)
{
    fig_class_route_t   *route, **link;
    fig_class_entry_t   *entry, **at;

    classes->last = NULL;

    for (at = &classes->first; *at != NULL; /* void */) {
        entry = *at;

        if (name != NULL && !fig_str_eq(entry->class.route, *name)) {
            classes->last = entry;
            at = &entry->next;
            continue;
        }

        *at = entry->next;
        classes->n--;
        fig_class_destroy(entry);
    }

    for (link = &classes->routes; *link != NULL; /* void */) {
        route = *link;

        if (name != NULL && !fig_str_eq(route->name, *name)) {
            link = &route->next;
            continue;
        }

        *link = route->next;
        fig_classes_free(route->name);
        free(route);
    }

    if (classes->nslots != 0) {
        fig_classes_index(classes);
    }
}


void
fig_classes_destroy(fig_classes_t *classes)
{
    if (classes != NULL) {
        fig_classes_drop(classes, NULL);
        free(classes->slots);
        free(classes);
    }
}
