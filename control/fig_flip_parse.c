/*
 * From a request's body to what is wished for.
 *
 * 400 is for what is no JSON or names a thing twice, 422 for what is JSON and
 * makes no sense.
 */

#include "fig_flip.h"
#include "fig_json.h"
#include "fig_scalar.h"
#include "fig_text.h"

#include <stdarg.h>
#include <stdio.h>


#define FIG_FLIP_DEPTH   16
#define FIG_FLIP_NODES   300000
#define FIG_FLIP_REASON  1000
#define FIG_FLIP_LEASE   (INT64_C(30) * 24 * 3600 * 1000)


typedef struct {
    fig_json_t      *doc;
    fig_arena_t     *arena;
    fig_problem_t   *problem;
} fig_body_t;


static const char *const  fig_route_keys[] = {
    "stage", "percent", "reason", "lease", "hold", "if_seq", NULL
};

static const char *const  fig_backend_keys[] = {
    "drain", "reason", "lease", "if_seq", NULL
};

static const char *const  fig_flips_keys[] = {
    "changes", "undo", "confirm", "reset", "release", "reason", "lease",
    "hold", "if_seq", NULL
};

static const char *const  fig_change_keys[] = {
    "route", "group", "capability", "backend", "all", "stage", "percent", NULL
};


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


static bool
fig_body_parse(fig_body_t *body, fig_str_t text)
{
    fig_status_t       status;
    fig_json_error_t   error;
    fig_json_limits_t  limits;

    memset(&limits, 0, sizeof(fig_json_limits_t));
    limits.depth = FIG_FLIP_DEPTH;
    limits.nodes = FIG_FLIP_NODES;
    limits.unique = true;

    status = fig_json_parse(text, &limits, body->arena, &body->doc, &error);

    if (status == FIG_NOMEM) {
        return fig_problem(body->problem, 503, "memory is out");
    }

    if (status == FIG_INVALID) {
        return fig_problem(body->problem, 400, "the body is not JSON that can "
                           "be used: line %u, column %u: %s", error.line,
                           error.col, error.message);
    }

    if (fig_json_root(body->doc)->kind != FIG_JSON_OBJECT) {
        return fig_problem(body->problem, 422, "the body must be an object");
    }

    return true;
}


/* Every member must be one of keys. */

static bool
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

static const fig_json_node_t *
fig_body_find(fig_body_t *body, const fig_json_node_t *object,
    const char *key)
{
    const fig_json_node_t  *node;

    node = fig_json_find(body->doc, object, fig_str_from(key));

    return (node != NULL && node->kind != FIG_JSON_NULL) ? node : NULL;
}


static bool
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


static bool
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


static bool
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


static bool
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


static bool
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


/* Members that every change may have. */

static bool
fig_body_common(fig_body_t *body, fig_flip_t *flip)
{
    fig_str_t               lease;
    fig_fault_t             fault;
    const fig_json_node_t  *root;

    root = fig_json_root(body->doc);

    if (!fig_body_str(body, root, "reason", &flip->reason)
        || !fig_body_str(body, root, "lease", &lease)
        || !fig_body_bool(body, root, "hold", &flip->hold)
        || !fig_body_seq(body, root, "if_seq", &flip->has_if_seq,
                         &flip->if_seq))
    {
        return false;
    }

    if (flip->reason.len > FIG_FLIP_REASON) {
        return fig_problem(body->problem, 422, "\"reason\" has more than %d "
                           "bytes", FIG_FLIP_REASON);
    }

    if (fig_body_find(body, root, "lease") == NULL) {
        return true;
    }

    if (!fig_scalar_duration(lease, &flip->lease, &fault)
        || flip->lease < 1000 || flip->lease > FIG_FLIP_LEASE)
    {
        return fig_problem(body->problem, 422, "\"lease\" must be a duration "
                           "such as \"15m\", from 1s to 30d");
    }

    return true;
}


static fig_wish_t *
fig_body_wishes(fig_body_t *body, fig_flip_t *flip, uint32_t n)
{
    flip->wishes = fig_arena_array(body->arena, n, sizeof(fig_wish_t));

    if (flip->wishes == NULL) {
        (void) fig_problem(body->problem, 503, "memory is out");
        return NULL;
    }

    flip->nwishes = n;

    return flip->wishes;
}


static bool
fig_body_wish(fig_body_t *body, const fig_json_node_t *object,
    fig_wish_t *wish)
{
    if (!fig_body_stage(body, object, &wish->stage)
        || !fig_body_percent(body, object, &wish->percent))
    {
        return false;
    }

    if (wish->stage == FIG_STAGE_NONE && wish->percent == FIG_UNSET) {
        return fig_problem(body->problem, 422, "nothing is to be changed: "
                           "give \"stage\" or \"percent\"");
    }

    if (wish->percent != FIG_UNSET && wish->stage != FIG_STAGE_NONE
        && wish->stage != FIG_STAGE_RAMP)
    {
        return fig_problem(body->problem, 422, "\"percent\" is for stage ramp, "
                           "not for %s", fig_stage_name(wish->stage));
    }

    return true;
}


static bool
fig_body_init(fig_body_t *body, fig_str_t text, fig_arena_t *arena,
    fig_flip_t *flip, fig_problem_t *problem)
{
    memset(flip, 0, sizeof(fig_flip_t));
    memset(body, 0, sizeof(fig_body_t));

    body->arena = arena;
    body->problem = problem;

    return fig_body_parse(body, text);
}


bool
fig_flip_parse_route(fig_str_t text, fig_str_t name, fig_arena_t *arena,
    fig_flip_t *flip, fig_problem_t *problem)
{
    bool         held;
    fig_body_t   body;
    fig_wish_t  *wish;

    if (!fig_body_init(&body, text, arena, flip, problem)
        || !fig_body_check(&body, fig_json_root(body.doc), fig_route_keys)
        || !fig_body_common(&body, flip))
    {
        return false;
    }

    wish = fig_body_wishes(&body, flip, 1);

    if (wish == NULL) {
        return false;
    }

    wish->kind = FIG_WISH_ROUTE;
    wish->name = name;
    wish->percent = FIG_UNSET;
    flip->single = true;

    /* the values that are there can be held as they are */

    held = flip->hold
           && fig_body_find(&body, fig_json_root(body.doc), "stage") == NULL
           && fig_body_find(&body, fig_json_root(body.doc), "percent") == NULL;

    return held || fig_body_wish(&body, fig_json_root(body.doc), wish);
}


bool
fig_flip_parse_backend(fig_str_t text, fig_str_t name, fig_arena_t *arena,
    fig_flip_t *flip, fig_problem_t *problem)
{
    fig_body_t   body;
    fig_wish_t  *wish;

    if (!fig_body_init(&body, text, arena, flip, problem)
        || !fig_body_check(&body, fig_json_root(body.doc), fig_backend_keys)
        || !fig_body_common(&body, flip))
    {
        return false;
    }

    wish = fig_body_wishes(&body, flip, 1);

    if (wish == NULL) {
        return false;
    }

    wish->kind = FIG_WISH_DRAIN;
    wish->name = name;
    wish->percent = FIG_UNSET;
    flip->single = true;

    if (fig_body_find(&body, fig_json_root(body.doc), "drain") == NULL) {
        return fig_problem(problem, 422, "nothing is to be changed: give "
                           "\"drain\"");
    }

    return fig_body_bool(&body, fig_json_root(body.doc), "drain",
                         &wish->drain);
}


/* Exactly one member says what is flipped. */

static bool
fig_body_selector(fig_body_t *body, const fig_json_node_t *object,
    fig_wish_t *wish)
{
    bool                    all;
    size_t                  i, n;
    fig_str_t               name;

    static const char *const  keys[] = { "route", "group", "capability",
                                         "backend" };

    all = false;

    if (!fig_body_bool(body, object, "all", &all)) {
        return false;
    }

    n = all;
    wish->kind = FIG_WISH_ALL;

    for (i = 0; i < FIG_NELTS(keys); i++) {
        if (!fig_body_str(body, object, keys[i], &name)) {
            return false;
        }

        if (fig_body_find(body, object, keys[i]) != NULL) {
            wish->kind = (fig_wish_kind_t) (FIG_WISH_ROUTE + i);
            wish->name = name;
            n++;
        }
    }

    if (n != 1) {
        return fig_problem(body->problem, 422, "a change needs one of "
                           "\"route\", \"group\", \"capability\", \"backend\" "
                           "and \"all\": true");
    }

    return true;
}


static bool
fig_body_changes(fig_body_t *body, const fig_json_node_t *array,
    fig_flip_t *flip)
{
    fig_wish_t             *wish;
    const fig_json_node_t  *node;

    if (array->kind != FIG_JSON_ARRAY || array->nchildren == 0) {
        return fig_problem(body->problem, 422, "\"changes\" must be a list "
                           "that is not empty");
    }

    wish = fig_body_wishes(body, flip, array->nchildren);

    if (wish == NULL) {
        return false;
    }

    node = fig_json_first(body->doc, array);

    for ( /* void */ ; node != NULL; node = fig_json_next(body->doc, node)) {
        if (!fig_body_check(body, node, fig_change_keys)
            || !fig_body_selector(body, node, wish)
            || !fig_body_wish(body, node, wish))
        {
            return false;
        }

        wish++;
    }

    return true;
}


static bool
fig_body_names(fig_body_t *body, const fig_json_node_t *array,
    const char *key, fig_flip_t *flip)
{
    fig_wish_t             *wish;
    const fig_json_node_t  *node;

    if (array->kind != FIG_JSON_ARRAY || array->nchildren == 0) {
        return fig_problem(body->problem, 422, "\"%s\" must be a list of names "
                           "that is not empty", key);
    }

    wish = fig_body_wishes(body, flip, array->nchildren);

    if (wish == NULL) {
        return false;
    }

    node = fig_json_first(body->doc, array);

    for ( /* void */ ; node != NULL; node = fig_json_next(body->doc, node)) {
        if (node->kind != FIG_JSON_STRING) {
            return fig_problem(body->problem, 422, "\"%s\" must be a list of "
                               "names", key);
        }

        wish->kind = FIG_WISH_ROUTE;
        wish->name = fig_json_text(body->doc, node);
        wish++;
    }

    return true;
}


static bool
fig_body_what(fig_body_t *body, const char *key, fig_entry_kind_t kind,
    fig_flip_t *flip)
{
    bool                    given;
    const fig_json_node_t  *node;

    flip->kind = kind;
    node = fig_body_find(body, fig_json_root(body->doc), key);

    switch (kind) {

    case FIG_ENTRY_FLIP:
        return fig_body_changes(body, node, flip);

    case FIG_ENTRY_UNDO:
    case FIG_ENTRY_CONFIRM:
        return fig_body_seq(body, fig_json_root(body->doc), key, &given,
                            &flip->of);

    default:
        return fig_body_names(body, node, key, flip);
    }
}


bool
fig_flip_parse(fig_str_t text, fig_arena_t *arena, fig_flip_t *flip,
    fig_problem_t *problem)
{
    size_t      i, n, which;
    fig_body_t  body;

    static const struct {
        const char        *key;
        fig_entry_kind_t   kind;
    } kinds[] = {
        { "changes", FIG_ENTRY_FLIP },
        { "undo", FIG_ENTRY_UNDO },
        { "confirm", FIG_ENTRY_CONFIRM },
        { "reset", FIG_ENTRY_RESET },
        { "release", FIG_ENTRY_RELEASE },
    };

    if (!fig_body_init(&body, text, arena, flip, problem)
        || !fig_body_check(&body, fig_json_root(body.doc), fig_flips_keys)
        || !fig_body_common(&body, flip))
    {
        return false;
    }

    for (i = 0, n = 0, which = 0; i < FIG_NELTS(kinds); i++) {
        if (fig_body_find(&body, fig_json_root(body.doc), kinds[i].key)
            != NULL)
        {
            which = i;
            n++;
        }
    }

    if (n != 1) {
        return fig_problem(problem, 422, "the body needs one of \"changes\", "
                           "\"undo\", \"confirm\", \"reset\" and \"release\"");
    }

    if (which != 0 && (flip->hold || flip->lease != 0)) {
        return fig_problem(problem, 422, "\"hold\" and \"lease\" go with "
                           "\"changes\" only");
    }

    return fig_body_what(&body, kinds[which].key, kinds[which].kind, flip);
}
