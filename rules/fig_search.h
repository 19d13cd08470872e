/*
 * A search under way; private to rules/.  fig_match.c owns it and goes through
 * hosts and paths, fig_match_patterns.c through patterns.
 *
 *     best   the least rank that holds so far: what does not rank better is
 *            not looked at
 */

#ifndef FIG_SEARCH_H
#define FIG_SEARCH_H

#include "fig_condition.h"
#include "fig_index.h"
#include "fig_method.h"


typedef struct {
    const fig_index_t  *index;
    fig_request_t      *request;
    fig_scratch_t      *scratch;
    uint32_t            best;          /* the least rank that holds so far */
    uint32_t            method;        /* its bit; 0: not asked for yet */
    const fig_route_t  *limited;
} fig_search_t;


/* Tries the patterns of a tree. */
void fig_search_patterns(fig_search_t *search, const fig_tree_t *tree);

/* Conditions of an entry that are more than host, path and methods. */
bool fig_search_conditions(fig_search_t *search, const fig_entry_t *entry);


/* Everything of an entry but host and path. */

static inline bool
fig_search_holds(fig_search_t *search, const fig_entry_t *entry)
{
    if (entry->methods != 0) {

        if (search->method == 0) {
            search->method = fig_method_bit(search->request->method);
        }

        if ((entry->methods & search->method) == 0) {
            return false;
        }
    }

    /* methods without a bit of their own are compared with the conditions */

    return (entry->plain && search->method != FIG_METHOD_OTHER)
           || fig_search_conditions(search, entry);
}


#endif /* FIG_SEARCH_H */
