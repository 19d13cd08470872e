/*
 * A rule set, a state directory of its own, and what is asked of them.
 *
 *     bench_t  b;
 *
 *     bench_init(&b);
 *     assert_int_equal(patch(&b, "one", "{\"stage\":\"live\"}"), 0);
 *     assert_stage(&b, "one", FIG_STAGE_LIVE);
 *     bench_release(&b);
 *
 * For a file whose first line defines _GNU_SOURCE.
 */

#ifndef FLIP_BENCH_H
#define FLIP_BENCH_H

#include "load.h"

#include "fig_flip.h"

#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>


typedef struct {
    loaded_t         loaded;
    fig_store_t      store;
    fig_arena_t     *arena;
    fig_flipper_t    flipper;
    fig_flip_t       flip;
    fig_flipped_t    flipped;
    fig_problem_t    problem;
    char             dir[64];
    char             path[128];
} bench_t;


#define HEAD                                                                  \
    "version: 1\n"                                                            \
    "backends:\n"                                                             \
    "  legacy: {servers: [http://127.0.0.1:1]}\n"                             \
    "  a: {servers: [http://127.0.0.1:2]}\n"                                  \
    "  b: {servers: [http://127.0.0.1:3]}\n"                                  \
    "default: legacy\n"                                                       \
    "groups:\n"                                                               \
    "  pair: {stage: legacy}\n"                                               \
    "routes:\n"

#define REST                                                                  \
    "  - {name: g1, match: {path: /g1}, to: a, group: pair}\n"                \
    "  - {name: g2, match: {path: /g2}, to: b, group: pair}\n"                \
    "  - {name: solo, match: {path: /solo}, to: b, stage: done}\n"            \
    "  - {name: gone, match: {path: /gone}, respond: {status: 410}}\n"

#define ONE                                                                   \
    "match: {path: /one, methods: [GET]}, to: a, by: client, "                \
    "capability: shop"


#define RULES_LEGACY                                                          \
    HEAD "  - {name: one, " ONE ", stage: legacy}\n" REST

#define RULES_LIVE                                                            \
    HEAD "  - {name: one, " ONE ", stage: live}\n" REST

#define RULES_RENAMED                                                         \
    HEAD "  - {name: uno, was: one, " ONE ", stage: legacy}\n" REST


static inline void
bench_rules(bench_t *b, const char *text)
{
    if (b->loaded.ruleset != NULL) {
        loaded_release(&b->loaded);
    }

    load_text(&b->loaded, text);
    assert_loads(&b->loaded);
    b->flipper.ruleset = b->loaded.ruleset;
}


static inline void
bench_init(bench_t *b)
{
    memset(b, 0, sizeof(bench_t));
    bench_rules(b, RULES_LEGACY);

    strcpy(b->dir, "/tmp/strangler-flip-XXXXXX");
    assert_non_null(mkdtemp(b->dir));
    assert_true(fig_store_init(&b->store, b->dir, getuid(), getgid()));

    b->arena = fig_arena_create();
    assert_non_null(b->arena);

    b->flipper.store = &b->store;
    b->flipper.arena = b->arena;
    b->flipper.rules = 0x1234;
}


static inline int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void) st;
    (void) kind;
    (void) ftw;

    return remove(path);
}


static inline void
bench_remove(const char *dir)
{
    (void) nftw(dir, remove_one, 8, FTW_DEPTH|FTW_PHYS);
}


static inline void
bench_release(bench_t *b)
{
    fig_store_release(&b->store);
    fig_arena_destroy(b->arena);
    loaded_release(&b->loaded);
    bench_remove(b->dir);
}


/* As every process of its own would see it. */

static inline void
bench_restart(bench_t *b)
{
    fig_store_release(&b->store);
    assert_true(fig_store_init(&b->store, b->dir, getuid(), getgid()));
}


static inline unsigned
run(bench_t *b)
{
    if (b->problem.status == 0) {
        b->flip.actor = fig_str_from("tester");
        (void) fig_flip_run(&b->flipper, &b->flip, &b->flipped, &b->problem);
    }

    return b->problem.status;
}


static inline unsigned
patch(bench_t *b, const char *name, const char *body)
{
    memset(&b->problem, 0, sizeof(fig_problem_t));
    (void) fig_flip_parse_route(fig_str_from(body), fig_str_from(name),
                                b->arena, &b->flip, &b->problem);
    return run(b);
}


static inline unsigned
post(bench_t *b, const char *body)
{
    memset(&b->problem, 0, sizeof(fig_problem_t));
    (void) fig_flip_parse(fig_str_from(body), b->arena, &b->flip,
                          &b->problem);
    return run(b);
}


static inline unsigned
drain(bench_t *b, const char *name, const char *body)
{
    memset(&b->problem, 0, sizeof(fig_problem_t));
    (void) fig_flip_parse_backend(fig_str_from(body), fig_str_from(name),
                                  b->arena, &b->flip, &b->problem);
    return run(b);
}


static inline fig_effect_t
effect(bench_t *b, const char *name)
{
    fig_effect_t        effect;
    fig_slot_index_t    index;
    const fig_route_t  *route;

    route = fig_ruleset_find_route(b->loaded.ruleset, fig_str_from(name));
    assert_non_null(route);
    assert_true(fig_slot_index_init(&index, b->store.state.slots,
                                    b->store.state.head->nslots));

    fig_slots_effect(&index, route, &effect);
    fig_slot_index_release(&index);

    return effect;
}


static inline void
assert_stage(bench_t *b, const char *name, fig_stage_t stage)
{
    assert_int_equal(effect(b, name).setting.stage, stage);
}


static inline uint32_t
settle(bench_t *b)
{
    uint32_t  done;

    memset(&b->problem, 0, sizeof(fig_problem_t));
    assert_true(fig_flip_settle(&b->flipper, &done, &b->problem));

    return done;
}


/* Files of the state directory. */

static inline char *
bench_path(bench_t *b, const char *name)
{
    (void) snprintf(b->path, sizeof(b->path), "%s/%s", b->dir, name);

    return b->path;
}


/* The whole of one; to be freed by test_free(). */

static inline char *
bench_read(bench_t *b, const char *name, size_t *len)
{
    FILE  *file;
    char  *text;

    file = fopen(bench_path(b, name), "r");
    assert_non_null(file);

    text = test_malloc(4 * 1024 * 1024);
    *len = fread(text, 1, 4 * 1024 * 1024 - 1, file);
    text[*len] = '\0';
    assert_int_equal(fclose(file), 0);

    return text;
}


/* In place: "w" for all of it, "a" for its end. */

static inline void
bench_write(bench_t *b, const char *name, const char *how, const char *text,
    size_t len)
{
    FILE  *file;

    file = fopen(bench_path(b, name), how);
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, len, file), len);
    assert_int_equal(fclose(file), 0);
}


static inline off_t
bench_size(bench_t *b, const char *name)
{
    struct stat  st;

    assert_int_equal(stat(bench_path(b, name), &st), 0);

    return st.st_size;
}


/* Why the store cannot be written has this in it; NULL: it can be. */

static inline void
assert_error(bench_t *b, const char *what)
{
    bool  wrong;
    char  text[FIG_STORE_ERROR];

    wrong = fig_store_error(&b->store, text);

    if (what == NULL ? wrong : (!wrong || strstr(text, what) == NULL)) {
        fail_msg("error is \"%s\", not \"%s\"", text, what ? what : "");
    }
}


#endif /* FLIP_BENCH_H */
