/*
 * Members of a body that is JSON, read one by one, and what is wrong with them.
 *
 * 400 is for what is no JSON or names a thing twice, 422 for what is JSON and
 * makes no sense.
 */

#include "fig_body.h"

#include "fig_scalar.h"
#include "fig_text.h"

#include <stdarg.h>
#include <stdio.h>


#define FIG_BODY_DEPTH  16


bool
fig_problem(fig_problem_t *problem, unsigned status, const char *format, ...)
{
    va_list  args;

    if (problem->status == 0) {
        problem->status = status;

        va_start(args, format);
        (void) vsnprintf(problem->detail, sizeof(problem->detail), format,
                         args);
        va_end(args);
    }

    return false;
}


bool
fig_body_parse(fig_body_t *body, fig_str_t text, uint32_t nodes,
    fig_arena_t *arena, fig_problem_t *problem)
{
    fig_status_t       status;
    fig_json_error_t   error;
    fig_json_limits_t  limits;

    body->arena = arena;
    body->problem = problem;

    memset(&limits, 0, sizeof(fig_json_limits_t));
    limits.depth = FIG_BODY_DEPTH;
    limits.nodes = nodes;
    limits.unique = true;

    status = fig_json_parse(text, &limits, arena, &body->doc, &error);

    if (status == FIG_NOMEM) {
        return fig_problem(problem, 503, "memory is out");
    }

    if (status == FIG_INVALID) {
        return fig_problem(problem, 400, "the body is not JSON that can be "
                           "used: line %u, column %u: %s", error.line,
                           error.col, error.message);
    }

    if (fig_json_root(body->doc)->kind != FIG_JSON_OBJECT) {
        return fig_problem(problem, 422, "the body must be an object");
    }

    return true;
}


/* Every member must be one of keys. */

bool
fig_body_check(fig_body_t *body, const fig_json_node_t *object,
    const char *const *keys)
{
    size_t                  i;
    char                    quoted[FIG_QUOTED], known[256];
    const fig_json_node_t  *node;

    if (object->kind != FIG_JSON_OBJECT) {
        return fig_problem(body->problem, 422,
                           "each of \"changes\" must be an object");
    }

    node = fig_json_first(body->doc, object);

    for ( /* void */ ; node != NULL; node = fig_json_next(body->doc, node)) {

        for (i = 0; keys[i] != NULL; i++) {
            if (fig_str_eq(fig_json_key(body->doc, node),
                           fig_str_from(keys[i])))
            {
                break;
            }
        }

        if (keys[i] != NULL) {
            continue;
        }

        for (i = 0, known[0] = '\0'; keys[i] != NULL; i++) {
            strcat(known, i == 0 ? "" : ", ");
            strcat(known, keys[i]);
        }

        return fig_problem(body->problem, 422, "unknown member %s; known are: "
                           "%s", fig_text_quote(fig_json_key(body->doc, node),
                                                quoted), known);
    }

    return true;
}


/* A member; NULL where it is missing or null. */

const fig_json_node_t *
fig_body_find(fig_body_t *body, const fig_json_node_t *object,
    const char *key)
{
    const fig_json_node_t  *node;

    node = fig_json_find(body->doc, object, fig_str_from(key));

    return (node != NULL && node->kind != FIG_JSON_NULL) ? node : NULL;
}


bool
fig_body_str(fig_body_t *body, const fig_json_node_t *object,
    const char *key, fig_str_t *str)
{
    const fig_json_node_t  *node;

    *str = fig_str("", 0);
    node = fig_body_find(body, object, key);

    if (node == NULL) {
        return true;
    }

    if (node->kind != FIG_JSON_STRING) {
        return fig_problem(body->problem, 422, "\"%s\" must be a string",
                           key);
    }

    *str = fig_json_text(body->doc, node);

    return true;
}


bool
fig_body_bool(fig_body_t *body, const fig_json_node_t *object,
    const char *key, bool *value)
{
    const fig_json_node_t  *node;

    node = fig_body_find(body, object, key);

    if (node == NULL) {
        return true;
    }

    if (node->kind != FIG_JSON_TRUE && node->kind != FIG_JSON_FALSE) {
        return fig_problem(body->problem, 422, "\"%s\" must be true or false",
                           key);
    }

    *value = (node->kind == FIG_JSON_TRUE);

    return true;
}


bool
fig_body_seq(fig_body_t *body, const fig_json_node_t *object,
    const char *key, bool *given, uint64_t *seq)
{
    int64_t                 value;
    fig_fault_t             fault;
    const fig_json_node_t  *node;

    *given = false;
    node = fig_body_find(body, object, key);

    if (node == NULL) {
        return true;
    }

    if (node->kind != FIG_JSON_NUMBER
        || !fig_scalar_int(fig_json_text(body->doc, node), 0, INT64_MAX,
                           &value, &fault))
    {
        return fig_problem(body->problem, 422, "\"%s\" must be a sequence "
                           "number, a whole number from 0", key);
    }

    *given = true;
    *seq = (uint64_t) value;

    return true;
}


bool
fig_body_stage(fig_body_t *body, const fig_json_node_t *object,
    fig_stage_t *stage)
{
    int         i;
    char        quoted[FIG_QUOTED];
    fig_str_t   word;

    *stage = FIG_STAGE_NONE;

    if (!fig_body_str(body, object, "stage", &word)) {
        return false;
    }

    if (fig_body_find(body, object, "stage") == NULL) {
        return true;
    }

    for (i = FIG_STAGE_LEGACY; i <= FIG_STAGE_DONE; i++) {
        if (fig_str_eq(word, fig_str_from(fig_stage_name((fig_stage_t) i)))) {
            *stage = (fig_stage_t) i;
            return true;
        }
    }

    return fig_problem(body->problem, 422, "\"stage\" is %s, not one of "
                       "legacy, shadow, ramp, live and done",
                       fig_text_quote(word, quoted));
}


bool
fig_body_percent(fig_body_t *body, const fig_json_node_t *object,
    int32_t *percent)
{
    fig_fault_t             fault;
    const fig_json_node_t  *node;

    *percent = FIG_UNSET;
    node = fig_body_find(body, object, "percent");

    if (node == NULL) {
        return true;
    }

    if (node->kind != FIG_JSON_NUMBER
        || !fig_scalar_percent(fig_json_text(body->doc, node), percent,
                               &fault))
    {
        return fig_problem(body->problem, 422, "\"percent\" must be a number "
                           "from 0 to 100 with at most two decimals");
    }

    return true;
}
