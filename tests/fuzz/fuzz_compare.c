/*
 * Whole comparisons, of whatever options and answers.
 *
 *     flags ff paths ff fields of A ff fields of B ff body of A ff body of B
 *
 * An answer equals itself; who comes first makes no difference to whether there
 * is one; what is found has a path that is one, and that is not found any more
 * when it is ignored; a pointer points at something.
 */

#include "fuzz.h"

#include "fig_compare.h"
#include "fig_json.h"


#define FIELDS  8
#define PATHS   40
#define TIMES   6


typedef struct {
    fig_compare_options_t  options;
    fig_str_t              ignore[PATHS];
    fig_str_t              unordered[1];
    fig_keyed_t            keyed[1];
    fig_tolerance_t        tolerance[1];
    fig_shape_rule_t       shapes[1];
    fig_normalize_t        normalize[1];
} rules_t;


/* A pattern is one character. */

static bool
match(void *data, const void *pattern, fig_str_t subject, size_t from,
    fig_span_t *spans, size_t nspans)
{
    const char  *p;

    (void) data;
    (void) nspans;

    if (from >= subject.len) {
        return false;
    }

    p = memchr(subject.data + from, *(const char *) pattern,
               subject.len - from);

    if (p != NULL) {
        spans[0].start = (size_t) (p - subject.data);
        spans[0].end = spans[0].start + 1;
    }

    return p != NULL;
}


static void
read_rules(rules_t *rules, fig_str_t flags, fig_str_t paths)
{
    unsigned  bits;

    memset(rules, 0, sizeof(rules_t));
    bits = (flags.len != 0) ? (unsigned char) flags.data[0] : 0;

    rules->options.null_absent = bits & 1;
    rules->options.keep_values = bits & 2;
    rules->options.status_class = bits & 4;
    rules->options.body = (bits >> 3 & 7) % 5;
    rules->options.match = match;
    rules->options.ignore = rules->ignore;
    rules->options.unordered = rules->unordered;
    rules->options.keyed = rules->keyed;
    rules->options.tolerance = rules->tolerance;
    rules->options.shapes = rules->shapes;
    rules->options.normalize = rules->normalize;

    rules->ignore[0] = fuzz_cut(&paths, '\n');
    rules->options.nignore = rules->ignore[0].len != 0;
    rules->unordered[0] = fuzz_cut(&paths, '\n');
    rules->options.nunordered = rules->unordered[0].len != 0;
    rules->keyed[0].path = fuzz_cut(&paths, '\n');
    rules->keyed[0].key = fig_str("id", 2);
    rules->options.nkeyed = rules->keyed[0].path.len != 0;
    rules->tolerance[0].path = fuzz_cut(&paths, '\n');
    rules->tolerance[0].abs = fig_str("0.5", 3);
    rules->tolerance[0].rel = fig_str("1e-3", 4);
    rules->options.ntolerance = rules->tolerance[0].path.len != 0;
    rules->shapes[0].path = fuzz_cut(&paths, '\n');
    rules->shapes[0].kind = (bits >> 6) % 4;
    rules->shapes[0].pattern = "1";
    rules->options.nshapes = rules->shapes[0].path.len != 0;
    rules->normalize[0].pattern = "x";
    rules->normalize[0].with = fig_str("<$0$$>", 6);
    rules->options.nnormalize = bits >> 7;
}


static void
read_answer(fig_answer_t *answer, fig_str_t text, fig_str_t body,
    fig_answer_field_t *fields)
{
    size_t     n;
    fig_str_t  line;

    memset(answer, 0, sizeof(fig_answer_t));
    answer->status = 200;
    answer->fields = fields;
    answer->body = body;
    answer->authority = fig_str("a.example", 9);

    for (n = 0; n < FIELDS && text.len != 0; n++) {
        line = fuzz_cut(&text, '\n');
        fields[n].name = fuzz_cut(&line, ':');
        fields[n].value = line;
    }

    answer->nfields = n;
}


/* The value that a pointer points at, or NULL. */

static const fig_json_node_t *
follow(const fig_json_t *doc, fig_str_t pointer)
{
    char                    name[FIG_COMPARE_PATH];
    size_t                  i, n, index;
    const fig_json_node_t  *node;

    node = fig_json_root(doc);

    for (i = 0; i < pointer.len && node != NULL; /* void */) {

        for (i++, n = 0; i < pointer.len && pointer.data[i] != '/'; i++) {
            name[n] = pointer.data[i];

            if (name[n] == '~') {
                name[n] = (pointer.data[++i] == '1') ? '/' : '~';
            }

            n++;
        }

        if (node->kind == FIG_JSON_OBJECT) {
            node = fig_json_find(doc, node, fig_str(name, n));
            continue;
        }

        name[n] = '\0';
        index = strtoul(name, NULL, 10);

        for (node = fig_json_first(doc, node); node != NULL && index > 0;
             index--)
        {
            node = fig_json_next(doc, node);
        }
    }

    return node;
}


static void
check_pointer(fig_arena_t *arena, fig_str_t body,
    const fig_difference_t *difference)
{
    fig_json_t  *doc;

    if (fig_json_parse(body, NULL, arena, &doc, NULL) != FIG_OK
        || difference->pointer.len > FIG_COMPARE_PATH / 2)
    {
        return;
    }

    fuzz_check(follow(doc, difference->pointer) != NULL, "pointer",
               difference->pointer);
}


/* Compares; FIG_INVALID when the rules are wrong. */

static fig_status_t
compare(const rules_t *rules, const fig_answers_t *pair, fig_arena_t *arena,
    fig_comparison_t *result)
{
    fig_status_t          status;
    fig_comparer_t       *comparer;
    fig_compare_error_t   error;

    status = fig_comparer_create(&rules->options, &comparer, &error);
    if (status != FIG_OK) {
        return status;
    }

    status = fig_compare(comparer, pair, arena, result);
    fuzz_check(status == FIG_OK, "memory", pair->a.body);
    fig_comparer_destroy(comparer);

    return status;
}


static bool
is_ignored(const rules_t *rules, fig_str_t path)
{
    size_t  i;

    for (i = 0; i < rules->options.nignore; i++) {
        if (fig_str_eq(rules->ignore[i], path)) {
            return true;
        }
    }

    return false;
}


/* Every difference is what it says, and a path that is ignored is none. */

static void
check_differences(rules_t *rules, const fig_answers_t *pair, fig_arena_t *arena,
    const fig_comparison_t *result, size_t ignored)
{
    bool                     json;
    size_t                   i, offset;
    const char              *message;
    const fig_difference_t  *d;

    json = rules->options.body == FIG_BODY_JSON;
    fuzz_check((result->n != 0) == (result->outcome
                                    == FIG_OUTCOME_MISMATCH), "outcome",
               pair->a.body);

    for (i = 0; i < result->n; i++) {
        d = &result->differences[i];

        if (d->part != FIG_PART_BODY || d->kind == FIG_KIND_TRANSPORT) {
            continue;
        }

        fuzz_check(fig_compare_check_path(d->path, &offset, &message)
                   == FIG_OK, "path", d->path);

        if (!json || d->kind == FIG_KIND_PARSE || d->kind == FIG_KIND_LIMIT
            || pair->a.nfields != 0 || pair->b.nfields != 0)
        {
            continue;
        }

        check_pointer(arena, d->kind == FIG_KIND_EXTRA ? pair->b.body
                      : pair->a.body, d);

        if (ignored != 0 && fig_json_parse(pair->a.body, NULL, arena,
                                           &(fig_json_t *) { NULL }, NULL)
                            == FIG_OK)
        {
            fuzz_check(!is_ignored(rules, d->path), "ignored", d->path);
        }
    }
}


/* Ignores what was found, until nothing is found, or not much is left. */

static void
check_ignoring(rules_t *rules, const fig_answers_t *pair, fig_arena_t *arena,
    fig_comparison_t *result)
{
    size_t                   i, n, times;
    const fig_difference_t  *d;

    for (times = 0; times < TIMES; times++) {
        n = rules->options.nignore;

        for (i = 0; i < result->n && rules->options.nignore < PATHS; i++) {
            d = &result->differences[i];

            if (d->part == FIG_PART_BODY && d->first && d->path.len != 0
                && !is_ignored(rules, d->path))
            {
                rules->ignore[rules->options.nignore++] = d->path;
            }
        }

        if (n == rules->options.nignore
            || compare(rules, pair, arena, result) != FIG_OK)
        {
            return;
        }

        check_differences(rules, pair, arena, result, n + 1);
    }
}


static void
check_pair(rules_t *rules, fig_answers_t *pair, fig_arena_t *arena)
{
    fig_answers_t     turned, same;
    fig_comparison_t  result, other;

    if (compare(rules, pair, arena, &result) != FIG_OK) {
        return;
    }

    check_differences(rules, pair, arena, &result, 0);

    same = *pair;
    same.b = same.a;
    compare(rules, &same, arena, &other);
    fuzz_check(other.outcome == FIG_OUTCOME_MATCH
               || other.outcome == FIG_OUTCOME_INCOMPARABLE, "itself",
               pair->a.body);

    turned = *pair;
    turned.a = pair->b;
    turned.b = pair->a;
    compare(rules, &turned, arena, &other);

    if (rules->options.nignore + rules->options.nunordered
        + rules->options.nkeyed + rules->options.ntolerance
        + rules->options.nshapes == 0)
    {
        fuzz_check((result.outcome == FIG_OUTCOME_MATCH)
                   == (other.outcome == FIG_OUTCOME_MATCH), "turned",
                   pair->a.body);
    }

    check_ignoring(rules, pair, arena, &result);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t                i;
    rules_t               rules;
    fig_str_t             rest, parts[6];
    fig_answers_t         pair;
    fuzz_heap_t           heap;
    fig_arena_t          *arena;
    fig_answer_field_t    fields[2][FIELDS];

    static const char  end = (char) 0xff;

    heap.n = 0;
    rest = fig_str((const char *) data, size);

    for (i = 0; i < 6; i++) {
        parts[i] = fuzz_copy(&heap, fuzz_cut(&rest, end));
    }

    memset(&pair, 0, sizeof(pair));
    read_rules(&rules, parts[0], parts[1]);
    read_answer(&pair.a, parts[2], parts[4], fields[0]);
    read_answer(&pair.b, parts[3], parts[5], fields[1]);
    pair.host = fig_str("shop.example", 12);

    arena = fig_arena_create();
    fuzz_check(arena != NULL, "memory", rest);
    check_pair(&rules, &pair, arena);
    fig_arena_destroy(arena);
    fuzz_release(&heap);

    return 0;
}
