/*
 * Path expressions: what they select, by the states of a walk and by a plain
 * reading of their steps.
 *
 *     expression ff document
 */

#include "fuzz.h"

#include "fig_compare.h"
#include "fig_jpath.h"
#include "fig_json.h"


typedef struct {
    fig_jpaths_t             paths;
    const fig_json_t        *doc;
    fig_str_t                text;
    const fig_json_node_t   *chain[FIG_JSON_DEPTH + 2];
    const fig_json_node_t   *parents[FIG_JSON_DEPTH + 2];
    uint32_t                 indexes[FIG_JSON_DEPTH + 2];
} walk_t;


static bool
step_matches(const walk_t *walk, const fig_step_t *step, size_t at)
{
    uint32_t                n;
    const fig_json_node_t  *parent = walk->parents[at];

    n = parent->nchildren;

    switch (step->kind) {

    case FIG_STEP_NAME:
        return parent->kind == FIG_JSON_OBJECT
               && fig_str_eq(fig_json_key(walk->doc, walk->chain[at]),
                             step->name);

    case FIG_STEP_INDEX:
        return parent->kind == FIG_JSON_ARRAY
               && (step->index == walk->indexes[at]
                   || step->index + (int64_t) n == walk->indexes[at]);

    default:
        return true;
    }
}


/* Whether the steps from s on lead from place at to the depth-th. */

static bool
selects(const walk_t *walk, size_t s, size_t at, size_t depth)
{
    const fig_step_t  *step = &walk->paths.steps[s];

    if (s == walk->paths.nsteps) {
        return at == depth;
    }

    if (at == depth) {
        return false;
    }

    if (step_matches(walk, step, at + 1)
        && selects(walk, s + 1, at + 1, depth))
    {
        return true;
    }

    return step->deep && selects(walk, s, at + 1, depth);
}


static void
check_node(walk_t *walk, const fig_json_node_t *node, size_t depth,
    const fig_jstate_t *state)
{
    bool                    alive;
    uint32_t                i;
    fig_jstate_t            below;
    fig_applied_t           applied;
    const fig_json_node_t  *child;

    for (i = 0, child = fig_json_first(walk->doc, node);
         child != NULL;
         i++, child = fig_json_next(walk->doc, child))
    {
        walk->chain[depth + 1] = child;
        walk->parents[depth + 1] = node;
        walk->indexes[depth + 1] = i;

        alive = false;
        memset(&applied, 0, sizeof(applied));

        if (state != NULL) {
            alive = (node->kind == FIG_JSON_OBJECT)
                    ? fig_jpaths_member(&walk->paths, state,
                                        fig_json_key(walk->doc, child),
                                        &below, &applied)
                    : fig_jpaths_element(&walk->paths, state, i,
                                         node->nchildren, &below, &applied);
        }

        fuzz_check(applied.ignore == selects(walk, 0, 0, depth + 1),
                   "selected", walk->text);
        check_node(walk, child, depth + 1, alive ? &below : NULL);
    }
}


/* A name that was written is read as itself. */

static void
check_name(fig_str_t name, fig_arena_t *arena)
{
    char               text[4096];
    size_t             len;
    fig_jpaths_t       paths;
    fig_jpath_error_t  error;

    text[0] = '$';
    len = 1 + fig_jpath_write_name(name, text + 1, sizeof(text) - 1);

    if (len > sizeof(text)) {
        return;
    }

    fuzz_check(fig_jpaths_init(&paths, 1, len, arena) == FIG_OK, "memory",
               name);
    fuzz_check(fig_jpaths_add(&paths, fig_str(text, len), FIG_RULE_IGNORE, 0,
                              arena, &error) == FIG_OK, "name", name);
    fuzz_check(paths.nsteps == 1 && paths.steps[0].kind == FIG_STEP_NAME
               && fig_str_eq(paths.steps[0].name, name), "name", name);
}


static size_t
deep_steps(const fig_jpaths_t *paths)
{
    size_t  i, n;

    for (i = 0, n = 0; i < paths->nsteps; i++) {
        n += paths->steps[i].deep;
    }

    return n;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    walk_t              walk;
    fig_str_t           rest, text;
    fig_json_t         *doc;
    fuzz_heap_t         heap;
    fig_arena_t        *arena;
    fig_status_t        status;
    fig_jpath_error_t   error;

    static const fig_json_limits_t  limits = { .nodes = 200 };

    heap.n = 0;
    rest = fig_str((const char *) data, size);
    text = fuzz_copy(&heap, fuzz_cut(&rest, (char) 0xff));
    rest = fuzz_copy(&heap, rest);
    arena = fig_arena_create();
    fuzz_check(arena != NULL, "memory", text);

    walk.text = text;
    fuzz_check(fig_jpaths_init(&walk.paths, 1, text.len, arena) == FIG_OK,
               "memory", text);
    status = fig_jpaths_add(&walk.paths, text, FIG_RULE_IGNORE, 0, arena,
                            &error);

    if (status != FIG_OK) {
        fuzz_check(error.offset <= text.len && error.message != NULL, "place",
                   text);

    } else if (deep_steps(&walk.paths) < 4
               && fig_json_parse(rest, &limits, arena, &doc, NULL) == FIG_OK)
    {
        walk.doc = doc;
        check_node(&walk, fig_json_root(doc), 0,
                   walk.paths.nsteps != 0 ? &walk.paths.start : NULL);

        if (fig_json_root(doc)->kind == FIG_JSON_STRING) {
            check_name(fig_json_text(doc, fig_json_root(doc)), arena);
        }
    }

    fig_arena_destroy(arena);
    fuzz_release(&heap);

    return 0;
}
