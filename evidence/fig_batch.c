/*
 * Copies of pairs, as much of them as evidence needs.
 *
 * Of differences only the first of a class counts, and a route has no more
 * classes than FIG_CLASSES_PER_ROUTE: so many are taken.
 */

#include "fig_batch_pairs.h"
#include "fig_classes.h"

#include <stdlib.h>


#define FIG_BATCH_NAME   200           /* bytes of a request's name */
#define FIG_BATCH_ID     64
#define FIG_BATCH_ROUTE  63
#define FIG_BATCH_KEEP   (64 * 1024)   /* of an empty one */


fig_batch_t *
fig_batch_create(size_t max_bytes)
{
    fig_batch_t  *batch;

    batch = calloc(1, sizeof(fig_batch_t));
    if (batch == NULL) {
        return NULL;
    }

    batch->max = max_bytes;
    batch->arena = fig_arena_create();

    if (batch->arena == NULL) {
        free(batch);
        return NULL;
    }

    return batch;
}


void
fig_batch_destroy(fig_batch_t *batch)
{
    if (batch != NULL) {
        fig_arena_destroy(batch->arena);
        free(batch);
    }
}


size_t
fig_batch_count(const fig_batch_t *batch)
{
    return batch->n;
}


bool
fig_batch_is_name(fig_str_t name)
{
    char    c;
    size_t  i;

    if (name.len == 0 || name.len > FIG_BATCH_ROUTE) {
        return false;
    }

    for (i = 0; i < name.len; i++) {
        c = (char) fig_lower((unsigned char) name.data[i]);

        if ((c < 'a' || c > 'z') && (c < '0' || c > '9')
            && (i == 0 || (c != '_' && c != '.' && c != '-')))
        {
            return false;
        }
    }

    return true;
}


/* Memory for a part of a pair; NULL when there is no room. */

static void *
fig_batch_alloc(fig_batch_t *batch, size_t size)
{
    void  *p;

    if (size > batch->max - batch->used) {
        return NULL;
    }

    p = fig_arena_alloc(batch->arena, size);

    if (p != NULL) {
        batch->used += size;
    }

    return p;
}


/* False: there is no room.  No data stays none. */

static bool
fig_batch_copy(fig_batch_t *batch, fig_str_t *to, fig_str_t from, size_t most)
{
    char    *p;
    size_t   len;

    if (from.data == NULL) {
        *to = from;
        return true;
    }

    len = (from.len < most) ? from.len : most;

    p = fig_batch_alloc(batch, len + 1);
    if (p == NULL) {
        return false;
    }

    if (len != 0) {
        memcpy(p, from.data, len);
    }

    *to = fig_str(p, len);

    return true;
}


/* What a value says must not be kept, whatever `values` is. */

static bool
fig_batch_is_secret(const fig_difference_t *difference)
{
    size_t  i;

    static const fig_str_t  secret[] = {
        FIG_STR("authorization"),
        FIG_STR("proxy-authorization"),
        FIG_STR("authentication-info"),
        FIG_STR("cookie"),
        FIG_STR("set-cookie"),
        FIG_STR("set-cookie2")
    };

    for (i = 0; i < FIG_NELTS(secret); i++) {
        if (difference->part == FIG_PART_HEADER
            && fig_str_caseeq(difference->path, secret[i]))
        {
            return true;
        }
    }

    return false;
}


static bool
fig_batch_copy_difference(fig_batch_t *batch, fig_difference_t *to,
    const fig_difference_t *from)
{
    *to = *from;

    if (fig_batch_is_secret(from)) {
        to->from_value = fig_str(NULL, 0);
        to->to_value = fig_str(NULL, 0);
    }

    return fig_batch_copy(batch, &to->path, from->path, FIG_COMPARE_PATH)
           && fig_batch_copy(batch, &to->from, from->from, FIG_COMPARE_VALUE)
           && fig_batch_copy(batch, &to->to, from->to, FIG_COMPARE_VALUE)
           && fig_batch_copy(batch, &to->pointer, from->pointer,
                             FIG_COMPARE_PATH)
           && fig_batch_copy(batch, &to->from_value, to->from_value,
                             FIG_COMPARE_VALUE)
           && fig_batch_copy(batch, &to->to_value, to->to_value,
                             FIG_COMPARE_VALUE);
}


static bool
fig_batch_copy_comparison(fig_batch_t *batch, fig_comparison_t *to,
    const fig_comparison_t *from)
{
    size_t  i, n;

    *to = *from;
    to->n = 0;

    for (i = 0, n = 0; i < from->n; i++) {
        n += from->differences[i].first;
    }

    if (n > FIG_CLASSES_PER_ROUTE) {
        n = FIG_CLASSES_PER_ROUTE;
    }

    to->differences = NULL;

    if (n == 0) {
        return true;
    }

    to->differences = fig_batch_alloc(batch, n * sizeof(fig_difference_t));
    if (to->differences == NULL) {
        return false;
    }

    for (i = 0; i < from->n && to->n < n; i++) {
        if (!from->differences[i].first) {
            continue;
        }

        if (!fig_batch_copy_difference(batch, &to->differences[to->n],
                                       &from->differences[i]))
        {
            /* one pair alone is as much of it as there is room for */

            return batch->n == 0 && to->n != 0;
        }

        to->n++;
    }

    return true;
}


static fig_batch_route_t *
fig_batch_route(fig_batch_t *batch, fig_str_t name)
{
    fig_batch_route_t  *route;

    for (route = batch->routes; route != NULL; route = route->next) {
        if (fig_str_eq(route->name, name)) {
            return route;
        }
    }

    route = fig_batch_alloc(batch, sizeof(fig_batch_route_t));

    if (route == NULL
        || !fig_batch_copy(batch, &route->name, name, name.len))
    {
        return NULL;
    }

    route->next = batch->routes;
    batch->routes = route;

    return route;
}


static fig_str_t
fig_batch_name(fig_str_t name)
{
    const char  *query;

    query = (name.len != 0) ? memchr(name.data, '?', name.len) : NULL;

    return fig_str(name.data, query != NULL ? (size_t) (query - name.data)
                                            : name.len);
}


fig_status_t
fig_batch_add(fig_batch_t *batch, const fig_pair_t *pair)
{
    fig_batch_pair_t   *copy;
    fig_batch_route_t  *route;

    if (!fig_batch_is_name(pair->route)) {
        return FIG_INVALID;
    }

    route = fig_batch_route(batch, pair->route);
    if (route == NULL) {
        return FIG_NOMEM;
    }

    copy = fig_batch_alloc(batch, sizeof(fig_batch_pair_t));
    if (copy == NULL) {
        return FIG_NOMEM;
    }

    copy->pair = *pair;
    copy->pair.route = route->name;

    if (!fig_batch_copy(batch, &copy->pair.name, fig_batch_name(pair->name),
                        FIG_BATCH_NAME)
        || !fig_batch_copy(batch, &copy->pair.id, pair->id, FIG_BATCH_ID)
        || !fig_batch_copy_comparison(batch, &copy->comparison,
                                      pair->comparison)
        || (pair->itself != NULL
            && !fig_batch_copy_comparison(batch, &copy->itself, pair->itself)))
    {
        /* nothing of it is of use: an empty batch has all of its room again */

        if (batch->n == 0) {
            batch->routes = NULL;
            batch->used = 0;
            fig_arena_reset(batch->arena, FIG_BATCH_KEEP);
        }

        return FIG_NOMEM;
    }

    copy->pair.comparison = &copy->comparison;
    copy->pair.itself = (pair->itself != NULL) ? &copy->itself : NULL;

    if (route->last != NULL) {
        route->last->next = copy;

    } else {
        route->first = copy;
    }

    route->last = copy;
    route->n++;
    batch->n++;

    return FIG_OK;
}


void
fig_batch_pop(fig_batch_t *batch)
{
    batch->n -= batch->routes->n;
    batch->routes = batch->routes->next;

    if (batch->n == 0) {
        batch->routes = NULL;
        batch->used = 0;
        fig_arena_reset(batch->arena, FIG_BATCH_KEEP);
    }
}


void
fig_batch_defer(fig_batch_t *batch)
{
    fig_batch_route_t  *route, **last;

    route = batch->routes;

    for (last = &batch->routes; *last != NULL; last = &(*last)->next) {
        /* void */
    }

    *last = route;
    batch->routes = route->next;
    route->next = NULL;
}
