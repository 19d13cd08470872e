/*
 * Reading a body that is JSON, and its members.
 *
 * Each returns false with a problem.  A member that is missing or null leaves
 * its value as if nobody had asked for anything.
 */

#ifndef FIG_BODY_H
#define FIG_BODY_H

#include "fig_flip.h"
#include "fig_json.h"


typedef struct {
    fig_json_t      *doc;
    fig_arena_t     *arena;
    fig_problem_t   *problem;
} fig_body_t;


/*
 * Parses text, which must be an object of at most so many nodes, without two
 * members of one name.
 */
bool fig_body_parse(fig_body_t *body, fig_str_t text, uint32_t nodes,
    fig_arena_t *arena, fig_problem_t *problem);

/* Whether every member of an object is one of keys, which end in NULL. */
bool fig_body_check(fig_body_t *body, const fig_json_node_t *object,
    const char *const *keys);

/* A member; NULL where it is missing or null. */
const fig_json_node_t *fig_body_find(fig_body_t *body,
    const fig_json_node_t *object, const char *key);

bool fig_body_str(fig_body_t *body, const fig_json_node_t *object,
    const char *key, fig_str_t *str);
bool fig_body_bool(fig_body_t *body, const fig_json_node_t *object,
    const char *key, bool *value);
bool fig_body_seq(fig_body_t *body, const fig_json_node_t *object,
    const char *key, bool *given, uint64_t *seq);
bool fig_body_stage(fig_body_t *body, const fig_json_node_t *object,
    fig_stage_t *stage);
bool fig_body_percent(fig_body_t *body, const fig_json_node_t *object,
    int32_t *percent);


#endif /* FIG_BODY_H */
