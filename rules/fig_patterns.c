/*
 * Indexes patterns by what they guarantee, so that a request is only matched
 * against those that it may satisfy.
 *
 *     ^/api/v\d+/item0042/\d+$    a whole segment    "item0042"
 *     ^/api/item-0042-\d+$        four bytes         "0042" of "/api/item-..."
 *     ^/.*\.php$                  nothing            tried always
 *
 * Each way of a pattern (see fig_literal.h) is indexed once, under its rarest
 * key among the patterns of its host: a segment if it is rare enough, because
 * a path has few of them; otherwise four bytes of a literal, which cost a step
 * at every byte of the path.  Keys may promise too much, never too little:
 * PCRE2 has the last word.
 */

#include <stdlib.h>

#include "fig_builder.h"
#include "fig_hash.h"
#include "fig_literal.h"


/* A segment that so many patterns share is still cheaper than a scan. */

#define FIG_SEGMENT_RARE  4


/* The best key of a way so far. */

typedef struct {
    uint64_t     hash;                 /* of (tree, segment or gram) */
    uint32_t     count;                /* patterns that have it; 0: no key */
    uint32_t     at;                   /* gram: where in its run */
    fig_str_t    run;                  /* gram: the literal to compare */
} fig_key_t;


typedef struct {
    fig_builder_t   *builder;
    fig_table_t      counts;           /* keys of all patterns */
    fig_table_t      probes;           /* gram and literal -> probe */
    fig_literals_t  *literals;         /* of the pattern at hand */
    uint32_t         tree;
    bool             failed;           /* no memory */
} fig_patterns_t;


static void
fig_patterns_count(fig_patterns_t *patterns, uint64_t hash)
{
    uint32_t  *count;

    count = fig_table_value(&patterns->counts, hash);

    if (count == NULL) {
        patterns->failed = true;
        return;
    }

    (*count)++;
}


/* Takes a key for the way if it is rarer than the one so far. */

static void
fig_patterns_prefer(fig_patterns_t *patterns, fig_key_t *key, uint64_t hash,
    fig_str_t run, size_t at)
{
    uint32_t  count;
    uint64_t  place;

    place = hash;
    count = fig_table_find(&patterns->counts, hash, &place);

    if (count != 0 && (key->count == 0 || count < key->count)) {
        key->hash = hash;
        key->count = count;
        key->at = (uint32_t) at;
        key->run = run;
    }
}


/*
 * Goes through the whole segments of a run: "/a/b" has "a", and "b" as well if
 * the run is at the end.  Counts them where key is NULL.
 */

static void
fig_patterns_segments(fig_patterns_t *patterns, const fig_run_t *run,
    fig_key_t *key)
{
    const char    *p, *last;
    fig_segment_t  segment;

    p = memchr(run->text.data, '/', run->text.len);
    last = run->text.data + run->text.len;

    while (p != NULL) {
        p++;
        segment = fig_segment_read(p, last, fig_hash_owner(patterns->tree),
                                   FIG_BYTES_20);

        if (segment.end == last && !run->at_end) {
            return;
        }

        /* nothing is gained from the empty segment of a slash at the end */

        if (segment.end != p) {
            if (key == NULL) {
                fig_patterns_count(patterns, segment.hash);
            } else {
                fig_patterns_prefer(patterns, key, segment.hash, run->text,
                                    0);
            }
        }

        p = (segment.end == last) ? NULL : segment.end;
    }
}


static uint64_t
fig_gram_hash(const char *p, uint32_t tree)
{
    uint32_t  gram;

    gram = fig_load_32(p) | (uint32_t) FIG_BYTES_20;

    return fig_hash_word(fig_hash_owner(tree), gram);
}


static void
fig_patterns_grams(fig_patterns_t *patterns, const fig_run_t *run,
    fig_key_t *key)
{
    size_t    i;
    uint64_t  hash;

    for (i = 0; i + FIG_GRAM <= run->text.len; i++) {
        hash = fig_gram_hash(run->text.data + i, patterns->tree);

        if (key == NULL) {
            fig_patterns_count(patterns, hash);
        } else {
            fig_patterns_prefer(patterns, key, hash, run->text, i);
        }
    }
}


static fig_key_t
fig_patterns_best_segment(fig_patterns_t *patterns, uint32_t way)
{
    uint32_t          i;
    fig_key_t         key;
    const fig_run_t  *run;

    memset(&key, 0, sizeof(fig_key_t));

    for (i = 0; i < patterns->literals->nruns; i++) {
        run = &patterns->literals->runs[i];

        if (run->way == way) {
            fig_patterns_segments(patterns, run, &key);
        }
    }

    return key;
}


/* Counts the grams of a way, or finds the rarest. */

static void
fig_patterns_way_grams(fig_patterns_t *patterns, uint32_t way,
    fig_key_t *key)
{
    uint32_t          i;
    const fig_run_t  *run;

    for (i = 0; i < patterns->literals->nruns; i++) {
        run = &patterns->literals->runs[i];

        if (run->way == way) {
            fig_patterns_grams(patterns, run, key);
        }
    }
}


/* First round: how many patterns have a segment. */

static void
fig_patterns_count_segments(fig_patterns_t *patterns, uint32_t rank)
{
    uint32_t  i;

    (void) rank;

    for (i = 0; i < patterns->literals->nruns; i++) {
        fig_patterns_segments(patterns, &patterns->literals->runs[i], NULL);
    }
}


/* Second round: how many have a gram, of those that need one. */

static void
fig_patterns_count_grams(fig_patterns_t *patterns, uint32_t rank)
{
    uint32_t   way;
    fig_key_t  key;

    (void) rank;

    for (way = 0; way < patterns->literals->nways; way++) {
        key = fig_patterns_best_segment(patterns, way);

        if (key.count == 0 || key.count > FIG_SEGMENT_RARE) {
            fig_patterns_way_grams(patterns, way, NULL);
        }
    }
}


/* The literal of a key, made where there is none. */

static fig_probe_t *
fig_patterns_probe(fig_patterns_t *patterns, const fig_key_t *key)
{
    uint32_t       n, *first;
    uint64_t       hash, at;
    fig_probe_t   *probe;
    fig_vector_t  *probes;

    probes = &patterns->builder->probes;

    hash = fig_hash_word(key->hash, fig_hash_bytes(key->run));
    at = hash;

    while ((n = fig_table_find(&patterns->probes, hash, &at)) != 0) {
        probe = (fig_probe_t *) probes->items + n;

        if (fig_str_eq(probe->text, key->run) && probe->at == key->at) {
            return probe;
        }
    }

    n = fig_vector_add(probes);
    first = fig_table_value(&patterns->builder->grams, key->hash);

    if (n == 0 || first == NULL
        || !fig_table_add(&patterns->probes, hash, n))
    {
        return NULL;
    }

    probe = (fig_probe_t *) probes->items + n;
    probe->text = fig_arena_str(patterns->builder->arena, key->run);
    probe->at = key->at;
    probe->next = *first;
    *first = n;

    return (probe->text.data != NULL) ? probe : NULL;
}


/* Lets the filter pass the four bytes of a key. */

static void
fig_patterns_filter(fig_patterns_t *patterns, const fig_key_t *key)
{
    uint32_t  bit;

    bit = fig_gram_bit(fig_load_32(key->run.data + key->at)
                       | (uint32_t) FIG_BYTES_20, patterns->tree);

    patterns->builder->index->filter[bit / 64] |= UINT64_C(1) << (bit % 64);
}


static bool
fig_patterns_add_gram(fig_patterns_t *patterns, const fig_key_t *key,
    uint32_t rank)
{
    fig_probe_t  *probe;

    probe = fig_patterns_probe(patterns, key);

    if (probe == NULL
        || !fig_builder_link(patterns->builder, &probe->list, rank))
    {
        return false;
    }

    fig_patterns_filter(patterns, key);
    fig_builder_tree(patterns->builder, patterns->tree)->by_gram = true;

    return true;
}


static bool
fig_patterns_add_segment(fig_patterns_t *patterns, const fig_key_t *key,
    uint32_t rank)
{
    uint32_t  *list;

    list = fig_table_value(&patterns->builder->segments, key->hash);

    if (list == NULL || !fig_builder_link(patterns->builder, list, rank)) {
        return false;
    }

    fig_builder_tree(patterns->builder, patterns->tree)->by_segment = true;

    return true;
}


/* The key of a way; count is 0 where it has none. */

static fig_key_t
fig_patterns_key(fig_patterns_t *patterns, uint32_t way, bool *by_gram)
{
    fig_key_t  segment, gram;

    *by_gram = false;
    segment = fig_patterns_best_segment(patterns, way);

    if (segment.count != 0 && segment.count <= FIG_SEGMENT_RARE) {
        return segment;
    }

    memset(&gram, 0, sizeof(fig_key_t));
    fig_patterns_way_grams(patterns, way, &gram);

    if (gram.count != 0
        && (segment.count == 0 || gram.count < segment.count / 2))
    {
        *by_gram = true;
        return gram;
    }

    return segment;
}


/* Third round: every way under its key, or the pattern among the rest. */

static void
fig_patterns_add(fig_patterns_t *patterns, uint32_t rank)
{
    bool             ok, by_gram[FIG_LITERAL_WAYS];
    uint32_t         way, nways;
    fig_key_t        keys[FIG_LITERAL_WAYS];
    fig_tree_t      *tree;

    nways = patterns->literals->nways;
    ok = true;

    for (way = 0; way < nways; way++) {
        keys[way] = fig_patterns_key(patterns, way, &by_gram[way]);

        if (keys[way].count == 0) {
            nways = 0;
        }
    }

    if (nways == 0) {
        tree = fig_builder_tree(patterns->builder, patterns->tree);
        ok = fig_builder_link(patterns->builder, &tree->always, rank);
    }

    for (way = 0; way < nways && ok; way++) {
        ok = by_gram[way]
             ? fig_patterns_add_gram(patterns, &keys[way], rank)
             : fig_patterns_add_segment(patterns, &keys[way], rank);
    }

    if (!ok) {
        patterns->failed = true;
    }
}


/* Does something for every pattern, from the last rank to the first. */

static void
fig_patterns_each(fig_patterns_t *patterns,
    void (*action)(fig_patterns_t *patterns, uint32_t rank))
{
    uint32_t            rank;
    const fig_path_t   *path;
    const fig_index_t  *index;

    index = patterns->builder->index;

    for (rank = index->nentries; rank > 0 && !patterns->failed; rank--) {
        path = index->entries[rank - 1].path;

        if (path == NULL || path->kind != FIG_PATH_REGEX) {
            continue;
        }

        patterns->tree = patterns->builder->tree_of[rank - 1];
        fig_literals_parse(fig_regex_pattern(path->regex),
                           patterns->literals);

        action(patterns, rank - 1);
    }
}


fig_status_t
fig_patterns_compile(fig_builder_t *builder)
{
    fig_patterns_t  patterns;

    memset(&patterns, 0, sizeof(fig_patterns_t));

    patterns.builder = builder;
    patterns.literals = malloc(sizeof(fig_literals_t));

    patterns.failed = patterns.literals == NULL
                      || !fig_table_init(&patterns.counts)
                      || !fig_table_init(&patterns.probes);

    fig_patterns_each(&patterns, fig_patterns_count_segments);
    fig_patterns_each(&patterns, fig_patterns_count_grams);
    fig_patterns_each(&patterns, fig_patterns_add);

    fig_table_release(&patterns.counts);
    fig_table_release(&patterns.probes);
    free(patterns.literals);

    return patterns.failed ? FIG_NOMEM : FIG_OK;
}
