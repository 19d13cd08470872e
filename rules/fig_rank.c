/*
 * The order of specificity.
 *
 *     priority | host | path | methods | headers | query | cookies | clients
 *              | route, set, host and path as the file has them
 *
 * Entries of which no request can meet both (two literal hosts, say) need an
 * order as well, because ranks are total: any will do that is transitive.  A
 * comparison is negative where a is the more specific one, as qsort() has it.
 */

#include <stdlib.h>

#include "fig_method.h"
#include "fig_rank.h"


static int
fig_compare_numbers(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}


static int
fig_compare_hosts(const fig_hostname_t *a, const fig_hostname_t *b)
{
    if (a == NULL || b == NULL) {
        return (a == NULL) - (b == NULL);
    }

    if (a->wildcard != b->wildcard) {
        return a->wildcard ? 1 : -1;
    }

    return a->wildcard ? fig_compare_numbers(b->text.len, a->text.len) : 0;
}


/* Literal segments of a template. */

static size_t
fig_template_literals(fig_str_t text)
{
    size_t  i, n;

    n = 0;

    for (i = 0; i + 1 < text.len; i++) {
        if (text.data[i] == '/' && text.data[i + 1] != '{') {
            n++;
        }
    }

    return n;
}


/* The place after the segment that begins at i. */

static size_t
fig_template_next(fig_str_t text, size_t i)
{
    do {
        i++;
    } while (i < text.len && text.data[i] != '/');

    return i;
}


static bool
fig_template_is_literal(fig_str_t text, size_t i)
{
    return i + 1 >= text.len || text.data[i + 1] != '{';
}


static int
fig_compare_templates(fig_str_t a, fig_str_t b)
{
    int     rc;
    bool    literal;
    size_t  i, k;

    rc = fig_compare_numbers(fig_template_literals(b),
                             fig_template_literals(a));
    if (rc != 0) {
        return rc;
    }

    i = 0;
    k = 0;

    while (i < a.len && k < b.len) {
        literal = fig_template_is_literal(a, i);

        if (literal != fig_template_is_literal(b, k)) {
            return literal ? -1 : 1;
        }

        i = fig_template_next(a, i);
        k = fig_template_next(b, k);
    }

    return (i < a.len) - (k < b.len);
}


static int
fig_compare_paths(const fig_path_t *a, const fig_path_t *b)
{
    if (a == NULL || b == NULL) {
        return (a == NULL) - (b == NULL);
    }

    if (a->kind != b->kind) {
        return fig_compare_numbers(a->kind, b->kind);
    }

    switch (a->kind) {

    case FIG_PATH_TEMPLATE:
        return fig_compare_templates(a->text, b->text);

    case FIG_PATH_PREFIX:
        return fig_compare_numbers(b->text.len, a->text.len);

    default:
        return 0;
    }
}


static int
fig_compare_sets(const fig_set_t *a, const fig_set_t *b)
{
    int  rc;

    rc = (a->nmethods == 0) - (b->nmethods == 0);

    if (rc == 0) {
        rc = fig_compare_numbers(b->nheaders, a->nheaders);
    }

    if (rc == 0) {
        rc = fig_compare_numbers(b->nquery, a->nquery);
    }

    if (rc == 0) {
        rc = fig_compare_numbers(b->ncookies, a->ncookies);
    }

    if (rc == 0) {
        rc = (a->nclients == 0) - (b->nclients == 0);
    }

    return rc;
}


/* Alternatives of one set lie in arrays, in the order of the file. */

static int
fig_compare_places(const fig_entry_t *a, const fig_entry_t *b)
{
    int  rc;

    rc = fig_compare_numbers(a->route->index, b->route->index);

    if (rc == 0) {
        rc = fig_compare_numbers((uintptr_t) a->set, (uintptr_t) b->set);
    }

    if (rc == 0) {
        rc = fig_compare_numbers((uintptr_t) a->host, (uintptr_t) b->host);
    }

    if (rc == 0) {
        rc = fig_compare_numbers((uintptr_t) a->path, (uintptr_t) b->path);
    }

    return rc;
}


static int
fig_compare_entries(const void *one, const void *two)
{
    int                 rc;
    const fig_entry_t  *a, *b;

    a = one;
    b = two;

    if (a->route->priority != b->route->priority) {
        return (a->route->priority > b->route->priority) ? -1 : 1;
    }

    rc = fig_compare_hosts(a->host, b->host);

    if (rc == 0) {
        rc = fig_compare_paths(a->path, b->path);
    }

    if (rc == 0) {
        rc = fig_compare_sets(a->set, b->set);
    }

    return (rc != 0) ? rc : fig_compare_places(a, b);
}


/* A set without hosts, or without paths, has one alternative there: any. */

static uint64_t
fig_alternatives(uint32_t n)
{
    return (n != 0) ? n : 1;
}


uint64_t
fig_entries_count(const fig_model_t *model)
{
    uint32_t            i, k;
    uint64_t            n;
    const fig_set_t    *set;
    const fig_route_t  *route;

    n = 0;

    for (i = 0; i < model->nroutes; i++) {
        route = &model->routes[i];

        for (k = 0; k < route->nsets; k++) {
            set = &route->sets[k];

            if (__builtin_add_overflow(n, fig_alternatives(set->nhosts)
                                          * fig_alternatives(set->npaths), &n))
            {
                return UINT64_MAX;
            }
        }
    }

    return n;
}


static void
fig_entry_init(fig_entry_t *entry, const fig_route_t *route,
    const fig_set_t *set)
{
    uint32_t  i;

    entry->route = route;
    entry->set = set;
    entry->plain = set->nheaders == 0 && set->nquery == 0
                   && set->ncookies == 0 && set->nclients == 0;

    for (i = 0; i < set->nmethods; i++) {
        entry->methods |= fig_method_bit(set->methods[i]);
    }
}


/* Writes the entries of a set and returns the place after them. */

static fig_entry_t *
fig_entries_of_set(fig_entry_t *entry, const fig_route_t *route,
    const fig_set_t *set)
{
    uint64_t  h, p;

    for (h = 0; h < fig_alternatives(set->nhosts); h++) {
        for (p = 0; p < fig_alternatives(set->npaths); p++) {
            fig_entry_init(entry, route, set);

            entry->host = (set->nhosts != 0) ? &set->hosts[h] : NULL;
            entry->path = (set->npaths != 0) ? &set->paths[p] : NULL;
            entry++;
        }
    }

    return entry;
}


fig_entry_t *
fig_entries_create(const fig_model_t *model, size_t n, fig_arena_t *arena)
{
    uint32_t            i, k;
    fig_entry_t        *entries, *entry;
    const fig_route_t  *route;

    entries = fig_arena_array(arena, n, sizeof(fig_entry_t));
    if (entries == NULL) {
        return NULL;
    }

    entry = entries;

    for (i = 0; i < model->nroutes; i++) {
        route = &model->routes[i];

        for (k = 0; k < route->nsets; k++) {
            entry = fig_entries_of_set(entry, route, &route->sets[k]);
        }
    }

    qsort(entries, n, sizeof(fig_entry_t), fig_compare_entries);

    return entries;
}
