/*
 * Entries: what competes for a request, in the order of specificity; private
 * to rules/.
 *
 *     condition set  hosts [a, *.b]  paths [/x, /y/ *]
 *     entries        (a, /x)  (a, /y/ *)  (*.b, /x)  (*.b, /y/ *)
 *
 * A set holds where one of its entries does.  The rank of an entry is its
 * place in the order: the winner is the least rank that holds.
 */

#ifndef FIG_RANK_H
#define FIG_RANK_H

#include "fig_arena.h"
#include "fig_model.h"


typedef struct {
    const fig_route_t     *route;
    const fig_set_t       *set;
    const fig_hostname_t  *host;       /* NULL: any */
    const fig_path_t      *path;       /* NULL: any */
    uint32_t               methods;    /* fig_method_bit()s; 0: any */
    bool                   plain;      /* nothing but host, path, methods */
} fig_entry_t;


/* Number of entries of a model; UINT64_MAX where it does not fit. */
uint64_t fig_entries_count(const fig_model_t *model);

/*
 * All entries, best rank first, in arena; NULL when memory is out.  n is what
 * fig_entries_count() says.
 */
fig_entry_t *fig_entries_create(const fig_model_t *model, size_t n,
    fig_arena_t *arena);


#endif /* FIG_RANK_H */
