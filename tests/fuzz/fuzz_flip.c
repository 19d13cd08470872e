/*
 * Bodies of PATCH and POST against a rule set, in a state directory of their
 * own.
 *
 *     'R' NAME LF body     PATCH v1/routes/NAME
 *     'B' NAME LF body     PATCH v1/backends/NAME
 *     body                 POST v1/flips
 *
 * What is refused changes nothing and says why; what is done is in force, is
 * allowed by the rules, and is undone by its undo.
 */

#define _GNU_SOURCE

#include "fuzz.h"
#include "load.h"

#include "fig_flip.h"

#include <unistd.h>


static const char  rules[] =
    "version: 1\n"
    "backends:\n"
    "  legacy: {servers: [http://127.0.0.1:1]}\n"
    "  a: {servers: [http://127.0.0.1:2]}\n"
    "  b: {servers: [http://127.0.0.1:3]}\n"
    "default: legacy\n"
    "groups:\n"
    "  pair: {stage: ramp, percent: 5, by: client}\n"
    "routes:\n"
    "  - {name: one, match: {path: /1, methods: [GET]}, to: a, by: client,"
    " stage: legacy, capability: shop}\n"
    "  - {name: two, match: {path: /2}, to: b, stage: live}\n"
    "  - {name: g1, match: {path: /3}, to: a, group: pair, data: shared}\n"
    "  - {name: g2, match: {path: /4}, to: b, group: pair, data: shared}\n"
    "  - {name: out, match: {path: /5}, respond: {status: 410}}\n";


static char         dir[64];
static loaded_t     loaded;
static fig_store_t  store;


static void
forget(void)
{
    char  name[128];

    (void) snprintf(name, sizeof(name), "%s/live", dir);
    (void) unlink(name);
    (void) snprintf(name, sizeof(name), "%s/journal.jsonl", dir);
    (void) unlink(name);
}


static void
leave(void)
{
    forget();
    (void) rmdir(dir);
}


/* On a file system in memory, where there is one. */

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void) argc;
    (void) argv;

    strcpy(dir, "/dev/shm/strangler-fuzz-XXXXXX");

    if (mkdtemp(dir) == NULL) {
        strcpy(dir, "/tmp/strangler-fuzz-XXXXXX");
        fuzz_check(mkdtemp(dir) != NULL, "directory", fig_str("", 0));
    }

    load_text(&loaded, rules);
    assert_loads(&loaded);
    (void) atexit(leave);

    return 0;
}


static bool
parse(fig_str_t text, fig_arena_t *arena, fig_flip_t *flip,
    fig_problem_t *problem)
{
    char       kind;
    fig_str_t  name;

    kind = (text.len != 0) ? text.data[0] : '\0';

    if (kind != 'R' && kind != 'B') {
        return fig_flip_parse(text, arena, flip, problem);
    }

    text = fig_str(text.data + 1, text.len - 1);
    name = fuzz_cut(&text, '\n');

    return (kind == 'R')
           ? fig_flip_parse_route(text, name, arena, flip, problem)
           : fig_flip_parse_backend(text, name, arena, flip, problem);
}


/* Every route is in a stage that the rules allow. */

static void
check_effects(fig_effect_t *effects, fig_str_t text)
{
    uint32_t            i;
    fig_slot_index_t    index;
    const fig_model_t  *model;
    const fig_route_t  *route;

    model = fig_ruleset_model(loaded.ruleset);
    fuzz_check(fig_slot_index_init(&index, store.state.slots,
                                   store.state.head->nslots), "memory", text);

    for (i = 0; i < model->nroutes; i++) {
        route = &model->routes[i];
        fig_slots_effect(&index, route, &effects[i]);

        fuzz_check(route->action != FIG_ACTION_PROXY
                   || fig_route_refuses(route, (fig_stage_t)
                                        effects[i].setting.stage,
                                        effects[i].setting.percent) == NULL,
                   "stage", text);
    }

    fig_slot_index_release(&index);
}


static void
check_undo(const fig_flipper_t *flipper, uint64_t seq,
    const fig_effect_t *before, fig_str_t text)
{
    uint32_t        i;
    fig_flip_t      flip;
    fig_effect_t    after[8];
    fig_flipped_t   flipped;
    fig_problem_t   problem;

    memset(&flip, 0, sizeof(fig_flip_t));
    memset(&problem, 0, sizeof(fig_problem_t));
    flip.kind = FIG_ENTRY_UNDO;
    flip.of = seq;

    fuzz_check(fig_flip_run(flipper, &flip, &flipped, &problem), "undo",
               text);
    check_effects(after, text);

    for (i = 0; i < fig_ruleset_model(loaded.ruleset)->nroutes; i++) {
        fuzz_check(before[i].setting.stage == after[i].setting.stage
                   && before[i].hold == after[i].hold
                   && (before[i].setting.stage != FIG_STAGE_RAMP
                       || before[i].setting.percent
                          == after[i].setting.percent), "as before", text);
    }
}


static void
run(fig_str_t text, fig_arena_t *arena)
{
    bool            done;
    uint64_t        seq;
    fig_flip_t      flip;
    fig_effect_t    before[8], after[8];
    fig_flipped_t   flipped;
    fig_flipper_t   flipper;
    fig_problem_t   problem;

    memset(&flipper, 0, sizeof(fig_flipper_t));
    flipper.ruleset = loaded.ruleset;
    flipper.store = &store;
    flipper.arena = arena;

    memset(&problem, 0, sizeof(fig_problem_t));
    seq = store.state.head->seq;
    check_effects(before, text);

    done = parse(text, arena, &flip, &problem)
           && fig_flip_run(&flipper, &flip, &flipped, &problem);

    fuzz_check(done == (problem.status == 0), "problem", text);
    fuzz_check(done || (problem.status >= 400 && problem.status < 500
                        && problem.detail[0] != '\0'), "status", text);
    fuzz_check(store.state.head->seq == seq
               || (done && store.state.head->seq == seq + 1
                   && flipped.entry.seq == seq + 1), "number", text);
    check_effects(after, text);

    if (done && flipped.entry.nmoved != 0) {
        fuzz_check(flipped.entry.seq == seq + 1, "written", text);
        check_undo(&flipper, seq + 1, before, text);
    }
}


/* A CR parts several requests to one state. */

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fig_str_t     text, rest;
    fuzz_heap_t   heap;
    fig_arena_t  *arena;
    unsigned      n;

    forget();
    fuzz_check(fig_store_init(&store, dir, getuid(), getgid())
               && store.error[0] == '\0', "state", fig_str("", 0));

    rest = fig_str((const char *) data, size);

    for (n = 0; n < 8 && rest.len != 0; n++) {
        heap.n = 0;
        text = fuzz_copy(&heap, fuzz_cut(&rest, '\r'));
        arena = fig_arena_create();
        fuzz_check(arena != NULL, "memory", text);

        run(text, arena);

        fig_arena_destroy(arena);
        fuzz_release(&heap);
    }

    fig_store_release(&store);

    return 0;
}
