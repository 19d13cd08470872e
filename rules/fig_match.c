/*
 * Finds the winner: the least rank that holds.
 */

#include "fig_condition.h"
#include "fig_index.h"


static bool
fig_entry_holds(const fig_entry_t *entry, fig_request_t *request,
    fig_scratch_t *scratch, bool *limited)
{
    const fig_cond_t  *cond;

    return (entry->host == NULL || fig_host_holds(entry->host, request->host))
           && fig_conditions_check(entry->set, request, scratch, &cond,
                                   limited)
              == FIG_BECAUSE_WON
           && (entry->path == NULL
               || fig_path_holds(entry->path, request->path, scratch,
                                 limited));
}


void
fig_match(const fig_ruleset_t *ruleset, fig_request_t *request,
    fig_scratch_t *scratch, fig_match_t *match)
{
    bool                limited;
    uint32_t            i;
    const fig_entry_t  *entry;

    memset(match, 0, sizeof(fig_match_t));

    for (i = 0; i < ruleset->index->nentries; i++) {
        entry = &ruleset->index->entries[i];
        limited = false;

        if (fig_entry_holds(entry, request, scratch, &limited)) {
            match->route = entry->route;
            match->set = entry->set;
            match->path = entry->path;
            return;
        }

        if (limited) {
            match->limited = entry->route;
        }
    }
}
