/*
 * Explanations: every entry in the order of rank, against one request.
 *
 *     rank 0   fails: method      told
 *     rank 1   fails: path        told only if all is asked for
 *     rank 2   holds              won
 *     rank 3   fails: header      not told: it had no chance
 *     rank 4   holds              told: it matches too
 *
 * It tries all entries one after the other and does not use the index: the
 * test of fig_match() holds one against the other.
 */

#include "fig_condition.h"
#include "fig_index.h"


static fig_because_t
fig_explain_entry(const fig_entry_t *entry, fig_request_t *request,
    fig_scratch_t *scratch, const fig_cond_t **cond)
{
    bool  limited;

    *cond = NULL;
    limited = false;

    if (entry->host != NULL && !fig_host_holds(entry->host, request->host)) {
        return FIG_BECAUSE_HOST;
    }

    if (entry->path != NULL
        && !fig_path_holds(entry->path, request->path, scratch, &limited))
    {
        return FIG_BECAUSE_PATH;
    }

    return fig_conditions_check(entry->set, request, scratch, cond, &limited);
}


/* Whether an entry is told of, given what was found before it. */

static bool
fig_explain_tells(fig_because_t because, bool won, bool all)
{
    if (won) {
        return because == FIG_BECAUSE_RANK;
    }

    return all
           || (because != FIG_BECAUSE_HOST && because != FIG_BECAUSE_PATH);
}


size_t
fig_explain(const fig_ruleset_t *ruleset, fig_request_t *request,
    fig_scratch_t *scratch, bool all, fig_candidate_t *out, size_t max)
{
    bool                won;
    size_t              n;
    uint32_t            i;
    fig_because_t       because;
    const fig_cond_t   *cond;
    const fig_entry_t  *entry;

    n = 0;
    won = false;

    for (i = 0; i < ruleset->index->nentries && n < max; i++) {
        entry = &ruleset->index->entries[i];
        because = fig_explain_entry(entry, request, scratch, &cond);

        if (won && because == FIG_BECAUSE_WON) {
            because = FIG_BECAUSE_RANK;
        }

        if (!fig_explain_tells(because, won, all)) {
            continue;
        }

        won = won || because == FIG_BECAUSE_WON;

        out[n].route = entry->route;
        out[n].set = entry->set;
        out[n].host = entry->host;
        out[n].path = entry->path;
        out[n].because = because;
        out[n].cond = cond;
        n++;
    }

    return n;
}
