/*
 * Builds the index: entries by rank.
 */

#include "fig_index.h"


fig_status_t
fig_index_create(const fig_model_t *model, fig_arena_t *arena,
    fig_index_t **index)
{
    uint64_t      n;
    fig_index_t  *ix;

    n = fig_entries_count(model);
    if (n > FIG_INDEX_MAX_ENTRIES) {
        return FIG_NOMEM;
    }

    ix = fig_arena_alloc(arena, sizeof(fig_index_t));
    if (ix == NULL) {
        return FIG_NOMEM;
    }

    ix->nentries = (uint32_t) n;
    ix->entries = fig_entries_create(model, n, arena);
    if (ix->entries == NULL && n != 0) {
        return FIG_NOMEM;
    }

    *index = ix;

    return FIG_OK;
}
