/*
 * Tries the patterns of a host that a path may satisfy.
 *
 *     path  --segments-->  lists  \
 *           --grams----->  lists   >  a heap by the rank of each list's first
 *                          always  /
 *
 * Patterns are tried in the order of their ranks, each once, and none that
 * ranks lower than what holds already, so that PCRE2 is called for those that
 * rank better than the winner and for no other.  A path that calls for more
 * lists than the scratch has room for is tried against all patterns.
 */

#include "fig_hash.h"
#include "fig_search.h"


typedef struct {
    fig_search_t  *search;
    fig_hit_t     *hits;               /* a heap, the least rank in front */
    uint32_t       n;
    bool           full;
} fig_hits_t;


/* Whether the list is new in this round; it is noted then. */

static bool
fig_hits_note(fig_scratch_t *scratch, uint32_t list)
{
    uint32_t  i;

    i = list;

    for ( ;; ) {
        i &= FIG_NELTS(scratch->seen) - 1;

        if (scratch->seen_round[i] != scratch->round) {
            scratch->seen_round[i] = scratch->round;
            scratch->seen[i] = list;
            return true;
        }

        if (scratch->seen[i] == list) {
            return false;
        }

        i++;
    }
}


static void
fig_hits_add(fig_hits_t *hits, uint32_t list)
{
    uint32_t   i, rank;
    fig_hit_t  hit;

    if (list == 0) {
        return;
    }

    rank = hits->search->index->links[list].rank;

    if (rank >= hits->search->best) {
        return;
    }

    if (hits->n == FIG_SCRATCH_HITS) {
        hits->full = true;
        return;
    }

    if (!fig_hits_note(hits->search->scratch, list)) {
        return;
    }

    for (i = hits->n++; i > 0; i = (i - 1) / 2) {
        hit = hits->hits[(i - 1) / 2];

        if (hit.rank <= rank) {
            break;
        }

        hits->hits[i] = hit;
    }

    hits->hits[i].rank = rank;
    hits->hits[i].link = list;
}


/* Puts the list in front on to its next entry, or takes it out. */

static void
fig_hits_next(fig_hits_t *hits)
{
    uint32_t           i, child;
    fig_hit_t          hit;
    const fig_link_t  *links;

    links = hits->search->index->links;

    hit.link = links[hits->hits[0].link].next;

    if (hit.link != 0) {
        hit.rank = links[hit.link].rank;

    } else if (--hits->n != 0) {
        hit = hits->hits[hits->n];

    } else {
        return;
    }

    for (i = 0; (child = 2 * i + 1) < hits->n; i = child) {

        if (child + 1 < hits->n
            && hits->hits[child + 1].rank < hits->hits[child].rank)
        {
            child++;
        }

        if (hits->hits[child].rank >= hit.rank) {
            break;
        }

        hits->hits[i] = hits->hits[child];
    }

    hits->hits[i] = hit;
}


/* Lists of whole segments. */

static void
fig_hits_of_segments(fig_hits_t *hits, uint32_t tree)
{
    uint64_t            at, owner;
    const char         *p, *last;
    fig_segment_t       segment;
    const fig_index_t  *index;

    index = hits->search->index;
    owner = fig_hash_owner(tree);

    p = hits->search->request->path.data;
    last = p + hits->search->request->path.len;

    while (p < last) {
        segment = fig_segment_read(p + 1, last, owner, FIG_BYTES_20);
        at = segment.hash;

        fig_hits_add(hits, fig_table_find(&index->segments, segment.hash,
                                          &at));
        p = segment.end;
    }
}


/* Whether the literal stands in path where its four bytes were found. */

static bool
fig_probe_holds(const fig_probe_t *probe, fig_str_t path, size_t i)
{
    size_t  k;

    if (i < probe->at || path.len - (i - probe->at) < probe->text.len) {
        return false;
    }

    i -= probe->at;

    for (k = 0; k < probe->text.len; k++) {
        if (fig_lower((unsigned char) path.data[i + k])
            != (unsigned char) probe->text.data[k])
        {
            return false;
        }
    }

    return true;
}


/* Lists of literals that have these four bytes, which are at i. */

static void
fig_hits_of_gram(fig_hits_t *hits, uint32_t tree, uint32_t gram, size_t i)
{
    uint32_t            n;
    uint64_t            hash, at;
    const fig_probe_t  *probe;
    const fig_index_t  *index;

    index = hits->search->index;

    hash = fig_hash_word(fig_hash_owner(tree), gram);
    at = hash;

    for (n = fig_table_find(&index->grams, hash, &at); n != 0;
         n = probe->next)
    {
        probe = &index->probes[n];

        if (fig_probe_holds(probe, hits->search->request->path, i)) {
            fig_hits_add(hits, probe->list);
        }
    }
}


static void
fig_hits_of_grams(fig_hits_t *hits, uint32_t tree)
{
    size_t           i;
    uint32_t         gram, bit;
    fig_str_t        path;
    const uint64_t  *filter;

    path = hits->search->request->path;
    filter = hits->search->index->filter;

    for (i = 0; i + FIG_GRAM <= path.len; i++) {
        gram = fig_load_32(path.data + i) | (uint32_t) FIG_BYTES_20;
        bit = fig_gram_bit(gram, tree);

        if ((filter[bit / 64] >> (bit % 64)) & 1) {
            fig_hits_of_gram(hits, tree, gram, i);
        }
    }
}


/*
 * Whether an entry with a pattern holds.  The host is asked again because
 * lists are found by hash alone, and a segment could be made up to have the
 * hash of another host's.
 */

static bool
fig_pattern_holds(fig_search_t *search, const fig_entry_t *entry)
{
    fig_regex_result_t  rc;

    if (!fig_search_holds(search, entry)) {
        return false;
    }

    if (entry->host != NULL
        && !fig_host_holds(entry->host, search->request->host))
    {
        return false;
    }

    rc = fig_regex_match(entry->path->regex, search->request->path,
                         search->scratch);

    if (rc == FIG_REGEX_LIMIT) {
        search->limited = entry->route;
    }

    return rc == FIG_REGEX_MATCH;
}


/* Goes through the heap; a pattern on several lists comes up in a row. */

static void
fig_hits_try(fig_hits_t *hits)
{
    uint32_t       rank, tried;
    fig_search_t  *search;

    search = hits->search;
    tried = FIG_RANK_NONE;

    for ( /* void */ ; hits->n != 0; fig_hits_next(hits)) {
        rank = hits->hits[0].rank;

        if (rank >= search->best) {
            return;
        }

        if (rank == tried) {
            continue;
        }

        tried = rank;

        if (fig_pattern_holds(search, &search->index->entries[rank])) {
            search->best = rank;
            return;
        }
    }
}


void
fig_search_patterns(fig_search_t *search, const fig_tree_t *tree)
{
    uint32_t        n;
    fig_hits_t      hits;
    fig_scratch_t  *scratch;

    scratch = search->scratch;

    if (++scratch->round == 0) {
        memset(scratch->seen_round, 0, sizeof(scratch->seen_round));
        scratch->round = 1;
    }

    hits.search = search;
    hits.hits = scratch->hits;
    hits.n = 0;
    hits.full = false;

    n = (uint32_t) (tree - search->index->trees);

    fig_hits_add(&hits, tree->always);

    if (tree->by_segment) {
        fig_hits_of_segments(&hits, n);
    }

    if (tree->by_gram) {
        fig_hits_of_grams(&hits, n);
    }

    if (hits.full) {
        hits.n = 1;
        hits.hits[0].rank = tree->least_pattern;
        hits.hits[0].link = tree->patterns;
    }

    fig_hits_try(&hits);
}
