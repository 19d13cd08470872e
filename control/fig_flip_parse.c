/*
 * From a request's body to what is wished for.
 *
 *     PATCH v1/routes/NAME     one wish, for that route
 *     PATCH v1/backends/NAME   one wish, to drain it or not
 *     POST v1/flips            changes, or one of undo, confirm, reset, release
 */

#include "fig_body.h"

#include "fig_scalar.h"


#define FIG_FLIP_NODES   300000
#define FIG_FLIP_REASON  1000
#define FIG_FLIP_WIDE    256           /* each looks at all routes */
#define FIG_FLIP_LEASE   (INT64_C(30) * 24 * 3600 * 1000)


static const char *const  fig_route_keys[] = {
    "stage", "percent", "shadow", "reason", "lease", "hold", "if_seq", NULL
};

static const char *const  fig_backend_keys[] = {
    "drain", "reason", "lease", "if_seq", NULL
};

static const char *const  fig_flips_keys[] = {
    "changes", "undo", "confirm", "reset", "release", "reason", "lease",
    "hold", "if_seq", NULL
};

static const char *const  fig_change_keys[] = {
    "route", "group", "capability", "backend", "all", "stage", "percent",
    "shadow", NULL
};

static const char *const  fig_shadow_keys[] = { "percent", NULL };


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


/* "shadow": {"percent": 5} */

static bool
fig_body_shadow(fig_body_t *body, const fig_json_node_t *object,
    fig_wish_t *wish)
{
    const fig_json_node_t  *node;

    node = fig_body_find(body, object, "shadow");

    if (node == NULL) {
        return true;
    }

    if (node->kind != FIG_JSON_OBJECT) {
        return fig_problem(body->problem, 422, "\"shadow\" must be an object "
                           "such as {\"percent\": 5}");
    }

    if (!fig_body_check(body, node, fig_shadow_keys)
        || !fig_body_percent(body, node, &wish->shadow_percent))
    {
        return false;
    }

    wish->shadow = (wish->shadow_percent != FIG_UNSET);

    return wish->shadow
           || fig_problem(body->problem, 422, "\"shadow\" needs \"percent\"");
}


static bool
fig_body_wish(fig_body_t *body, const fig_json_node_t *object,
    fig_wish_t *wish)
{
    if (!fig_body_stage(body, object, &wish->stage)
        || !fig_body_percent(body, object, &wish->percent)
        || !fig_body_shadow(body, object, wish))
    {
        return false;
    }

    if (wish->stage == FIG_STAGE_NONE && wish->percent == FIG_UNSET
        && !wish->shadow)
    {
        return fig_problem(body->problem, 422, "nothing is to be changed: "
                           "give \"stage\", \"percent\" or \"shadow\"");
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
fig_flip_open(fig_body_t *body, fig_str_t text, fig_arena_t *arena,
    fig_flip_t *flip, fig_problem_t *problem)
{
    memset(flip, 0, sizeof(fig_flip_t));

    return fig_body_parse(body, text, FIG_FLIP_NODES, arena, problem);
}


bool
fig_flip_parse_route(fig_str_t text, fig_str_t name, fig_arena_t *arena,
    fig_flip_t *flip, fig_problem_t *problem)
{
    bool         held;
    fig_body_t   body;
    fig_wish_t  *wish;

    if (!fig_flip_open(&body, text, arena, flip, problem)
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
           && fig_body_find(&body, fig_json_root(body.doc), "percent") == NULL
           && fig_body_find(&body, fig_json_root(body.doc), "shadow") == NULL;

    return held || fig_body_wish(&body, fig_json_root(body.doc), wish);
}


bool
fig_flip_parse_backend(fig_str_t text, fig_str_t name, fig_arena_t *arena,
    fig_flip_t *flip, fig_problem_t *problem)
{
    fig_body_t   body;
    fig_wish_t  *wish;

    if (!fig_flip_open(&body, text, arena, flip, problem)
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
    uint32_t                wide;
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

    wide = 0;
    node = fig_json_first(body->doc, array);

    for ( /* void */ ; node != NULL; node = fig_json_next(body->doc, node)) {
        if (!fig_body_check(body, node, fig_change_keys)
            || !fig_body_selector(body, node, wish)
            || !fig_body_wish(body, node, wish))
        {
            return false;
        }

        wide += (wish->kind != FIG_WISH_ROUTE && wish->kind != FIG_WISH_GROUP);

        if (wide > FIG_FLIP_WIDE) {
            return fig_problem(body->problem, 422, "more than %d changes are "
                               "for a capability, a backend or all",
                               FIG_FLIP_WIDE);
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

    if (!fig_flip_open(&body, text, arena, flip, problem)
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
