/*
 * Equal condition sets.  Each set is written in a form in which equal sets are
 * equal bytes, whatever the order of their lists and the names in templates:
 *
 *     parts in a fixed order, the entries of each sorted
 *     entry: kind 1 | length 4 | bytes
 *     part:  number of entries 4 | entries
 */

#include "fig_validate.h"
#include "fig_route_path.h"
#include "fig_text.h"

#include <stdio.h>
#include <stdlib.h>


/* A form under construction: first only its size is counted. */

typedef struct {
    fig_load_t   *load;
    fig_str_t    *entries;             /* of the part under way */
    uint32_t      nentries;
    size_t        len;
    char         *data;
} fig_form_t;


static int
fig_form_compare(const void *a, const void *b)
{
    int               order;
    size_t            len;
    const fig_str_t  *x, *y;

    x = a;
    y = b;
    len = (x->len < y->len) ? x->len : y->len;
    order = (len > 0) ? memcmp(x->data, y->data, len) : 0;

    if (order != 0) {
        return order;
    }

    return (x->len > y->len) - (x->len < y->len);
}


/* Begins a part of n entries. */

static void
fig_form_begin(fig_form_t *form, uint32_t n)
{
    form->entries = fig_arena_array(form->load->scratch, n, sizeof(fig_str_t));
    form->nentries = 0;

    if (form->entries == NULL) {
        form->load->nomem = true;
    }
}


/* An entry of a kind: a name and a value, either of which may be empty. */

static void
fig_form_add(fig_form_t *form, char kind, fig_str_t name, fig_str_t value)
{
    char      *p;
    uint32_t   len;

    len = (uint32_t) name.len;

    if (form->load->nomem) {
        return;
    }

    p = fig_arena_alloc(form->load->scratch,
                        1 + sizeof(len) + name.len + value.len);
    if (p == NULL) {
        form->load->nomem = true;
        return;
    }

    form->entries[form->nentries++] =
        fig_str(p, 1 + sizeof(len) + name.len + value.len);

    *p++ = kind;
    memcpy(p, &len, sizeof(len));
    p += sizeof(len);

    if (name.len > 0) {
        memcpy(p, name.data, name.len);
    }

    if (value.len > 0) {
        memcpy(p + name.len, value.data, value.len);
    }
}


static void
fig_form_put(fig_form_t *form, const void *data, size_t len)
{
    if (len > 0) {
        memcpy(form->data + form->len, data, len);
    }

    form->len += len;
}


/* Sorts the entries and appends the part to the form. */

static void
fig_form_end(fig_form_t *form)
{
    char      *grown;
    size_t     size;
    uint32_t   i, len;

    if (form->load->nomem) {
        return;
    }

    size = form->len + sizeof(len);

    for (i = 0; i < form->nentries; i++) {
        size += sizeof(len) + form->entries[i].len;
    }

    grown = realloc(form->data, size);
    if (grown == NULL) {
        form->load->nomem = true;
        return;
    }

    form->data = grown;
    qsort(form->entries, form->nentries, sizeof(fig_str_t), fig_form_compare);
    fig_form_put(form, &form->nentries, sizeof(form->nentries));

    for (i = 0; i < form->nentries; i++) {
        len = (uint32_t) form->entries[i].len;
        fig_form_put(form, &len, sizeof(len));
        fig_form_put(form, form->entries[i].data, len);
    }
}


static void
fig_form_paths(fig_form_t *form, const fig_set_t *set)
{
    uint32_t   i;
    fig_str_t  key;

    fig_form_begin(form, set->npaths);

    for (i = 0; i < set->npaths; i++) {
        key = fig_route_path_key(&set->paths[i], form->load->scratch);

        if (key.data == NULL) {
            form->load->nomem = true;
            return;
        }

        fig_form_add(form, 0, key, fig_str("", 0));
    }

    fig_form_end(form);
}


static void
fig_form_conds(fig_form_t *form, const fig_cond_t *conds, uint32_t nconds)
{
    uint32_t  i;

    fig_form_begin(form, nconds);

    for (i = 0; i < nconds; i++) {
        fig_form_add(form, (char) conds[i].kind, conds[i].name,
                     conds[i].value);
    }

    fig_form_end(form);
}


/* Writes a set; the result is in scratch.  len 0: nothing can be said. */

static fig_str_t
fig_form_set(fig_load_t *load, const fig_set_t *set)
{
    uint32_t    i;
    fig_str_t   result;
    fig_form_t  form;

    memset(&form, 0, sizeof(fig_form_t));
    form.load = load;

    fig_form_begin(&form, set->nhosts);

    for (i = 0; i < set->nhosts; i++) {
        fig_form_add(&form, 0, set->hosts[i].source, fig_str("", 0));
    }

    fig_form_end(&form);
    fig_form_paths(&form, set);
    fig_form_begin(&form, set->nmethods);

    for (i = 0; i < set->nmethods; i++) {
        fig_form_add(&form, 0, set->methods[i], fig_str("", 0));
    }

    fig_form_end(&form);
    fig_form_conds(&form, set->headers, set->nheaders);
    fig_form_conds(&form, set->query, set->nquery);
    fig_form_conds(&form, set->cookies, set->ncookies);
    fig_form_begin(&form, set->nclients);

    for (i = 0; i < set->nclients; i++) {
        fig_form_add(&form, 0,
                     fig_str((const char *) &set->clients[i],
                             sizeof(fig_cidr_t)), fig_str("", 0));
    }

    fig_form_end(&form);

    result = fig_str(NULL, 0);

    if (!load->nomem) {
        result = fig_arena_str(load->scratch, fig_str(form.data, form.len));
        load->nomem = (result.data == NULL);
    }

    free(form.data);

    return result;
}


/* Where a set came from, by its number in names. */

typedef struct {
    const fig_route_t  *route;
    const fig_set_t    *set;
} fig_seen_t;


static void
fig_validate_set(fig_load_t *load, const fig_route_t *route,
    const fig_set_t *set, fig_names_t *names, fig_seen_t *seen)
{
    bool       added;
    char       hint[400], quoted[FIG_QUOTED], place[256];
    uint32_t   index;
    fig_str_t  form;

    form = fig_form_set(load, set);

    if (load->nomem
        || fig_names_add(names, form, &index, &added) != FIG_OK)
    {
        load->nomem = true;
        return;
    }

    if (added) {
        seen[index].route = route;
        seen[index].set = set;
        return;
    }

    fig_load_place(load, set->pos.file, seen[index].set->pos, place,
                   sizeof(place));
    snprintf(hint, sizeof(hint), "the other one is of route %s at %s",
             fig_text_quote(seen[index].route->name, quoted), place);
    fig_load_error(load, set->pos, hint,
                   "the same condition set is there already: one could never "
                   "match");
}


static void
fig_validate_force(fig_load_t *load, const fig_route_t *route)
{
    uint32_t     i, n;
    fig_names_t  names;
    fig_seen_t  *seen;

    n = route->nforce_new + route->nforce_old;

    if (n < 2) {
        return;
    }

    fig_names_init(&names, load->scratch);

    seen = fig_arena_array(load->scratch, n, sizeof(fig_seen_t));
    if (seen == NULL) {
        load->nomem = true;
        return;
    }

    for (i = 0; i < route->nforce_new; i++) {
        fig_validate_set(load, route, &route->force_new[i], &names, seen);
    }

    for (i = 0; i < route->nforce_old; i++) {
        fig_validate_set(load, route, &route->force_old[i], &names, seen);
    }
}


void
fig_validate_sets(fig_load_t *load)
{
    size_t        n;
    uint32_t      i, j;
    fig_names_t   names;
    fig_seen_t   *seen;
    fig_model_t  *model;
    fig_route_t  *route;
    const bool   *wrong;

    model = load->model;

    for (i = 0, n = 0; i < model->nroutes; i++) {
        n += model->routes[i].nsets;
    }

    fig_names_init(&names, load->scratch);

    seen = fig_arena_array(load->scratch, n, sizeof(fig_seen_t));
    if (seen == NULL) {
        load->nomem = true;
        return;
    }

    for (i = 0; i < model->nroutes && !load->nomem; i++) {
        route = &model->routes[i];
        wrong = load->drafts[i].wrong;

        /* sets that lost conditions to errors may look equal and are not */

        for (j = 0; j < route->nsets && !wrong[FIG_ROUTE_MATCH]; j++) {
            fig_validate_set(load, route, &route->sets[j], &names, seen);
        }

        if (!wrong[FIG_ROUTE_FORCE]) {
            fig_validate_force(load, route);
        }
    }
}
