/*
 * The table of difference classes; private to its files.
 *
 *     slots by id -> entry -> entry         entries in a list, by age
 *     routes         name, number of classes, of probes
 */

#ifndef FIG_CLASSES_TABLE_H
#define FIG_CLASSES_TABLE_H

#include "fig_classes.h"


typedef struct fig_class_entry_s  fig_class_entry_t;
typedef struct fig_class_route_s  fig_class_route_t;

struct fig_class_entry_s {
    fig_class_t          class;            /* first: one is the other */
    fig_class_entry_t   *next;
    fig_class_route_t   *route;
    uint64_t             seen;             /* differences that were samples */
};


struct fig_class_route_s {
    fig_class_route_t   *next;
    fig_str_t            name;
    size_t               nclasses;
    uint32_t             probes;
};


struct fig_classes_s {
    size_t               per_route;
    size_t               total;
    size_t               n;
    size_t               nslots;           /* a power of two, or 0 */
    fig_class_entry_t  **slots;
    fig_class_entry_t   *first;
    fig_class_entry_t   *last;
    fig_class_route_t   *routes;
};


/* NULL: there is none, or no memory. */
fig_class_route_t *fig_classes_route(const fig_classes_t *classes,
    fig_str_t name);
fig_class_route_t *fig_classes_make_route(fig_classes_t *classes,
    fig_str_t name);

/* The id of a class. */
uint64_t fig_class_id(fig_str_t route, const fig_difference_t *difference,
    bool other);

/*
 * The entry of a class, made if need be, or that of `other`; NULL when memory
 * is out.
 */
fig_class_entry_t *fig_classes_get(fig_classes_t *classes,
    fig_class_route_t *route, const fig_difference_t *difference, bool other,
    uint64_t now);

/* An entry by id, or NULL. */
fig_class_entry_t *fig_classes_lookup(const fig_classes_t *classes,
    uint64_t id);

/* Frees what a sample has. */
void fig_class_sample_free(fig_sample_t *sample);

/* A copy on the heap; data NULL: no memory.  Of no data none. */
fig_str_t fig_classes_copy(fig_str_t text);
void fig_classes_free(fig_str_t text);


#endif /* FIG_CLASSES_TABLE_H */
