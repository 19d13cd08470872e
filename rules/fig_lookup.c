/*
 * Routes, groups and backends by name, for what speaks of them by name: flips,
 * the admin API.
 *
 *     by_name[]   3 0 1 2     indexes, in the order of the names
 *
 * Made once with the rule set and searched by halving; no request needs it.
 */

#include "fig_lookup.h"
#include "fig_index.h"

#include <stdlib.h>


typedef struct {
    fig_str_t  name;
    uint32_t   index;
} fig_named_t;


static int
fig_name_order(fig_str_t a, fig_str_t b)
{
    int  rc;

    rc = memcmp(a.data, b.data, a.len < b.len ? a.len : b.len);

    if (rc != 0) {
        return rc;
    }

    return (a.len > b.len) - (a.len < b.len);
}


static int
fig_named_order(const void *a, const void *b)
{
    const fig_named_t *one = a;
    const fig_named_t *two = b;

    return fig_name_order(one->name, two->name);
}


static uint32_t *
fig_lookup_sort(fig_arena_t *arena, fig_named_t *named, uint32_t n)
{
    uint32_t   i;
    uint32_t  *sorted;

    qsort(named, n, sizeof(fig_named_t), fig_named_order);

    sorted = fig_arena_array(arena, n, sizeof(uint32_t));

    for (i = 0; sorted != NULL && i < n; i++) {
        sorted[i] = named[i].index;
    }

    return sorted;
}


static fig_status_t
fig_lookup_fill(fig_model_t *model, fig_arena_t *arena, fig_named_t *named)
{
    uint32_t  i;

    for (i = 0; i < model->nbackends; i++) {
        named[i].name = model->backends[i].name;
        named[i].index = i;
    }

    model->backends_by_name = fig_lookup_sort(arena, named, model->nbackends);

    for (i = 0; i < model->ngroups; i++) {
        named[i].name = model->groups[i].name;
        named[i].index = i;
    }

    model->groups_by_name = fig_lookup_sort(arena, named, model->ngroups);

    for (i = 0; i < model->nroutes; i++) {
        named[i].name = model->routes[i].name;
        named[i].index = i;
    }

    model->routes_by_name = fig_lookup_sort(arena, named, model->nroutes);

    for (i = 0, model->nwas = 0; i < model->nroutes; i++) {
        if (model->routes[i].was.len != 0) {
            named[model->nwas].name = model->routes[i].was;
            named[model->nwas].index = i;
            model->nwas++;
        }
    }

    model->routes_by_was = fig_lookup_sort(arena, named, model->nwas);

    return (model->backends_by_name == NULL || model->groups_by_name == NULL
            || model->routes_by_name == NULL || model->routes_by_was == NULL)
           ? FIG_NOMEM : FIG_OK;
}


fig_status_t
fig_lookup_create(fig_model_t *model, fig_arena_t *arena)
{
    size_t        n;
    fig_named_t  *named;
    fig_status_t  status;

    n = (size_t) model->nbackends + model->ngroups + model->nroutes + 1;

    named = calloc(n, sizeof(fig_named_t));
    if (named == NULL) {
        return FIG_NOMEM;
    }

    status = fig_lookup_fill(model, arena, named);
    free(named);

    return status;
}


/* What the i-th name is, for each of the four tables. */

typedef fig_str_t (*fig_lookup_name_pt)(const fig_model_t *model,
    uint32_t index);


static fig_str_t
fig_lookup_route_name(const fig_model_t *model, uint32_t index)
{
    return model->routes[index].name;
}


static fig_str_t
fig_lookup_route_was(const fig_model_t *model, uint32_t index)
{
    return model->routes[index].was;
}


static fig_str_t
fig_lookup_group_name(const fig_model_t *model, uint32_t index)
{
    return model->groups[index].name;
}


static fig_str_t
fig_lookup_backend_name(const fig_model_t *model, uint32_t index)
{
    return model->backends[index].name;
}


static bool
fig_lookup(const fig_model_t *model, const uint32_t *sorted, uint32_t n,
    fig_lookup_name_pt name_of, fig_str_t name, uint32_t *index)
{
    int       order;
    uint32_t  low, high, middle;

    low = 0;
    high = n;

    while (low < high) {
        middle = low + (high - low) / 2;
        order = fig_name_order(name, name_of(model, sorted[middle]));

        if (order == 0) {
            *index = sorted[middle];
            return true;
        }

        if (order < 0) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }

    return false;
}


const fig_route_t *
fig_ruleset_find_route(const fig_ruleset_t *ruleset, fig_str_t name)
{
    uint32_t            index;
    const fig_model_t  *model;

    model = &ruleset->model;

    return fig_lookup(model, model->routes_by_name, model->nroutes,
                      fig_lookup_route_name, name, &index)
           ? &model->routes[index] : NULL;
}


const fig_route_t *
fig_ruleset_find_was(const fig_ruleset_t *ruleset, fig_str_t name)
{
    uint32_t            index;
    const fig_model_t  *model;

    model = &ruleset->model;

    return fig_lookup(model, model->routes_by_was, model->nwas,
                      fig_lookup_route_was, name, &index)
           ? &model->routes[index] : NULL;
}


const fig_group_t *
fig_ruleset_find_group(const fig_ruleset_t *ruleset, fig_str_t name)
{
    uint32_t            index;
    const fig_model_t  *model;

    model = &ruleset->model;

    return fig_lookup(model, model->groups_by_name, model->ngroups,
                      fig_lookup_group_name, name, &index)
           ? &model->groups[index] : NULL;
}


const fig_backend_t *
fig_ruleset_find_backend(const fig_ruleset_t *ruleset, fig_str_t name)
{
    uint32_t            index;
    const fig_model_t  *model;

    model = &ruleset->model;

    return fig_lookup(model, model->backends_by_name, model->nbackends,
                      fig_lookup_backend_name, name, &index)
           ? &model->backends[index] : NULL;
}
