/*
 * Steps of a route, and how it does.
 *
 * A route's own number (seq) tells whether anybody else has touched it: every
 * write says which one it knows of.
 */

#include <math.h>

#include "advance.h"
#include "number.h"
#include "readiness.h"
#include "stop.h"
#include "view.h"


#define CLI_ADVANCE_TRIES  5           /* looks at a node that is silent */
#define CLI_ADVANCE_STEP   200         /* ms, between two of them */


static void
cli_advance_because(cli_advance_t *advance, char *why)
{
    free(advance->why);
    advance->why = why;
}


/* The routes of all nodes, as they are now; false: not all have answered. */

static bool
cli_advance_read(cli_advance_t *advance)
{
    bool        all;
    size_t      i;
    cli_api_t  *api = advance->api;

    (void) cli_api_call(api, "GET", advance->path, NULL);
    all = true;

    for (i = 0; i < api->nodes.n; i++) {
        json_decref(advance->nodes[i].route);
        advance->nodes[i].route = json_incref(api->documents[i]);
        all = all && advance->nodes[i].route != NULL;
    }

    return all;
}


static bool
cli_advance_count(cli_advance_t *advance, bool begin)
{
    size_t               i;
    cli_counts_t         counts;
    cli_advance_node_t  *node;

    for (i = 0; i < advance->api->nodes.n; i++) {
        node = &advance->nodes[i];

        if (!cli_counts_read(node->route, &counts)) {
            return false;
        }

        node->step = counts;

        if (begin) {
            node->begin = counts;
        }
    }

    return true;
}


/* Why a route cannot go up at all; NULL: it can.  A new text. */

static char *
cli_advance_refuses(const cli_advance_t *advance)
{
    size_t         i;
    const json_t  *route, *first;

    first = advance->nodes[0].route;

    for (i = 0; i < advance->api->nodes.n; i++) {
        route = advance->nodes[i].route;

        if (!json_equal(json_object_get(route, "stage"),
                        json_object_get(first, "stage"))
            || !json_equal(json_object_get(route, "percent"),
                           json_object_get(first, "percent")))
        {
            return cli_format("it is not the same on all nodes: flip it to "
                              "one stage first");
        }

        if (json_is_object(json_object_get(route, "lease"))) {
            return cli_format("a flip of it has a lease: strangler confirm "
                              "%lld keeps it", (long long)
                              cli_json_int(json_object_get(route, "lease"),
                                           "seq"));
        }
    }

    if (cli_json_text(first, "stage")[0] == '\0') {
        return cli_format("the router answers it by itself");
    }

    return NULL;
}


/* Whether all are ready, where that matters. */

static bool
cli_advance_is_ready(cli_advance_t *advance)
{
    char                  prefix[CLI_PREFIX], *why;
    size_t                i;
    const json_t         *route;

    for (i = 0; i < advance->api->nodes.n && !advance->unready; i++) {
        route = advance->nodes[i].route;

        if (route != NULL && !cli_readiness_is_ready(route)) {
            why = cli_readiness_why(route);
            cli_advance_because(advance, cli_format("%s%s: %s",
                cli_api_prefix(advance->api, i, prefix),
                cli_readiness_verdict(route), why));
            free(why);
            return false;
        }
    }

    return true;
}


bool
cli_advance_open(cli_advance_t *advance, cli_exit_t *exit)
{
    char       *why, *shown;
    size_t      i;
    cli_api_t  *api = advance->api;

    advance->path = cli_route_path(advance->name);
    advance->nodes = cli_alloc(api->nodes.n, sizeof(cli_advance_node_t));
    *exit = cli_api_call(api, "GET", advance->path, NULL);

    if (*exit != CLI_OK) {
        return false;
    }

    for (i = 0; i < api->nodes.n; i++) {
        advance->nodes[i].route = json_incref(api->documents[i]);
        advance->nodes[i].seq = cli_json_int(api->documents[i], "seq");
    }

    advance->stage = cli_format("%s", cli_json_text(api->documents[0],
                                                    "stage"));
    advance->percent = cli_json_real(api->documents[0], "percent");
    advance->hold = cli_json_bool(api->documents[0], "hold");

    why = cli_advance_refuses(advance);

    if (why == NULL && !cli_advance_count(advance, true)) {
        why = cli_format("a router is too old: it does not tell how requests "
                         "end");
    }

    if (why == NULL && !cli_advance_is_ready(advance)) {
        why = cli_format("%s (--unready-ok goes on all the same)",
                         advance->why);
    }

    if (why != NULL) {
        cli_advance_because(advance, why);
        shown = cli_show_text(why);
        cli_error("%s stays as it is: %s", advance->name, shown);
        free(shown);
        *exit = CLI_NO;
    }

    return why == NULL;
}


void
cli_advance_close(cli_advance_t *advance)
{
    size_t  i;

    for (i = 0; advance->nodes != NULL && i < advance->api->nodes.n; i++) {
        json_decref(advance->nodes[i].route);
    }

    free(advance->nodes);
    free(advance->path);
    free(advance->stage);
    free(advance->why);
    free(advance->gates.items);
}


static json_t *
cli_advance_body(const cli_advance_t *advance, const char *stage,
    double percent, const char *reason)
{
    json_t  *body;

    body = json_pack("{s:s}", "stage", stage);

    if (strcmp(stage, "ramp") == 0) {
        json_object_set_new(body, "percent", percent == floor(percent)
                            ? json_integer((json_int_t) percent)
                            : json_real(percent));
    }

    if (advance->hold) {
        json_object_set_new(body, "hold", json_true());
    }

    json_object_set_new(body, "reason", cli_json_str(fig_str_from(reason)));

    return body;
}


/* Sends body to nodes that are ours, or to all; true: all of them took it. */

static bool
cli_advance_patch(cli_advance_t *advance, json_t *body, bool only_ours)
{
    bool                  all;
    size_t                i;
    json_t              **bodies;
    cli_api_t            *api = advance->api;
    cli_advance_node_t   *node;

    bodies = cli_alloc(api->nodes.n, sizeof(json_t *));

    for (i = 0; i < api->nodes.n; i++) {
        if (!only_ours || advance->nodes[i].ours) {
            bodies[i] = json_copy(body);
            json_object_set_new(bodies[i], "if_seq",
                                json_integer(advance->nodes[i].seq));
        }
    }

    (void) cli_api_call_each(api, "PATCH", advance->path, bodies);
    all = true;

    for (i = 0; i < api->nodes.n; i++) {
        node = &advance->nodes[i];

        if (bodies[i] != NULL && api->documents[i] == NULL) {
            all = false;
        }

        if (api->documents[i] != NULL) {
            json_decref(node->route);
            node->route = json_incref(api->documents[i]);
            node->seq = cli_json_int(node->route, "seq");
            node->ours = !only_ours;
        }

        json_decref(bodies[i]);
    }

    free(bodies);

    return all;
}


/* A node whose number is not ours; SIZE_MAX: there is none. */

static size_t
cli_advance_taken(const cli_advance_t *advance)
{
    size_t                     i;
    const cli_advance_node_t  *node;

    for (i = 0; i < advance->api->nodes.n; i++) {
        node = &advance->nodes[i];

        if (node->route != NULL
            && cli_json_int(node->route, "seq") != node->seq)
        {
            return i;
        }
    }

    return SIZE_MAX;
}


static cli_advance_end_t
cli_advance_is_taken(cli_advance_t *advance, size_t node)
{
    char  prefix[CLI_PREFIX];

    cli_advance_because(advance, cli_format("%sit was flipped by somebody else "
        "meanwhile", cli_api_prefix(advance->api, node, prefix)));

    return CLI_ADVANCE_TAKEN;
}


cli_advance_end_t
cli_advance_step(cli_advance_t *advance, double percent)
{
    char    *reason;
    bool     all;
    size_t   taken;
    json_t  *body;

    reason = (advance->reason != NULL)
             ? cli_format("advance: %s", advance->reason)
             : cli_format("advance");
    body = cli_advance_body(advance, percent < 100 ? "ramp" : "live", percent,
                            reason);
    json_object_set_new(body, "lease", json_sprintf("%llds",
                        (long long) advance->lease));
    free(reason);

    advance->api->quiet = true;
    all = cli_advance_patch(advance, body, false);
    json_decref(body);

    if (!all) {
        cli_advance_because(advance, cli_format("%s", advance->api->wrong));
        (void) cli_advance_read(advance);
        taken = cli_advance_taken(advance);

        return (taken != SIZE_MAX) ? cli_advance_is_taken(advance, taken)
                                   : CLI_ADVANCE_BAD;
    }

    memset(&advance->counts, 0, sizeof(cli_counts_t));
    (void) cli_advance_count(advance, false);

    return CLI_ADVANCE_GOOD;
}


/* The gates on each node alone, and then on all together. */

static cli_advance_end_t
cli_advance_judge(cli_advance_t *advance, bool at_end)
{
    char                 prefix[CLI_PREFIX], *why;
    size_t               i;
    cli_counts_t         now, step, all, sum;
    cli_gate_verdict_t   verdict;

    memset(&advance->counts, 0, sizeof(cli_counts_t));
    memset(&sum, 0, sizeof(cli_counts_t));
    verdict = CLI_GATE_GOOD;
    why = NULL;

    for (i = 0; i < advance->api->nodes.n; i++) {
        if (!cli_counts_read(advance->nodes[i].route, &now)) {
            continue;
        }

        cli_counts_since(&now, &advance->nodes[i].step, &step);
        cli_counts_add(&advance->counts, &step);

        /* the old side is compared with as it is now, if that is enough */

        cli_counts_since(&now, &advance->nodes[i].begin, &all);

        if (all.on_old.timed < advance->least) {
            all.on_old = now.on_old;
        }

        cli_counts_add(&sum, &all);

        if (verdict != CLI_GATE_BAD) {
            free(why);
            verdict = cli_gates_look(&advance->gates, &step, &all,
                                     advance->least, at_end, &why);

            if (verdict == CLI_GATE_BAD) {
                cli_advance_because(advance, cli_format("%s%s",
                    cli_api_prefix(advance->api, i, prefix), why));
            }
        }
    }

    free(why);

    if (verdict == CLI_GATE_BAD) {
        return CLI_ADVANCE_BAD;
    }

    verdict = cli_gates_look(&advance->gates, &advance->counts, &sum,
                             advance->least, at_end, &why);

    if (verdict == CLI_GATE_BAD || (verdict == CLI_GATE_UNKNOWN && at_end)) {
        cli_advance_because(advance, why);
        return CLI_ADVANCE_BAD;
    }

    free(why);

    return CLI_ADVANCE_GOOD;
}


cli_advance_end_t
cli_advance_look(cli_advance_t *advance, bool at_end)
{
    bool               all;
    size_t             i, taken;

    advance->api->quiet = true;
    all = cli_advance_read(advance);

    /* one that does not answer for a moment may: at the end it has to */

    for (i = 0; at_end && !all && i < CLI_ADVANCE_TRIES; i++) {
        (void) cli_stop_rest(CLI_ADVANCE_STEP);
        all = cli_advance_read(advance);
    }

    taken = cli_advance_taken(advance);

    if (taken != SIZE_MAX) {
        return cli_advance_is_taken(advance, taken);
    }

    if (!all) {
        if (at_end) {
            cli_advance_because(advance, cli_format("%s",
                                                    advance->api->wrong));
        }

        return at_end ? CLI_ADVANCE_BAD : CLI_ADVANCE_GOOD;
    }

    if (!cli_advance_is_ready(advance)) {
        return CLI_ADVANCE_BAD;
    }

    return cli_advance_judge(advance, at_end);
}


cli_advance_end_t
cli_advance_keep(cli_advance_t *advance)
{
    size_t         i;
    json_t       **bodies;
    cli_api_t     *api = advance->api;
    cli_exit_t     code;
    const json_t  *lease;

    bodies = cli_alloc(api->nodes.n, sizeof(json_t *));

    for (i = 0; i < api->nodes.n; i++) {
        lease = json_object_get(advance->nodes[i].route, "lease");

        if (json_is_object(lease)) {
            bodies[i] = json_pack("{s:I}", "confirm",
                            (json_int_t) cli_json_int(lease, "seq"));
        }
    }

    api->quiet = true;
    code = cli_api_call_each(api, "POST", "v1/flips", bodies);

    for (i = 0; i < api->nodes.n; i++) {
        json_decref(bodies[i]);
    }

    free(bodies);

    if (code != CLI_OK) {
        cli_advance_because(advance, cli_format("%s", api->wrong));
        return CLI_ADVANCE_BAD;
    }

    return CLI_ADVANCE_GOOD;
}


bool
cli_advance_back(cli_advance_t *advance)
{
    char     prefix[CLI_PREFIX], until[CLI_NUMBER_SIZE], *reason;
    bool     all;
    size_t   i;
    json_t  *body;

    reason = cli_format("advance went back: %.900s",
                        advance->why != NULL ? advance->why : "interrupted");
    body = cli_advance_body(advance, advance->stage, advance->percent, reason);
    free(reason);
    advance->api->quiet = false;
    all = cli_advance_patch(advance, body, true);
    json_decref(body);

    for (i = 0; i < advance->api->nodes.n; i++) {
        if (advance->nodes[i].ours) {
            cli_error("%sit is not back, and goes back by itself within %s",
                      cli_api_prefix(advance->api, i, prefix),
                      cli_span_text((double) advance->lease, until));
        }
    }

    return all;
}


char *
cli_advance_figures(const cli_advance_t *advance)
{
    char                      text[CLI_NUMBER_SIZE], share[CLI_NUMBER_SIZE];
    char                     *figures, *more;
    double                    is, was;
    const cli_side_counts_t  *side;

    side = &advance->counts.on_new;
    figures = cli_format("%s requests, %s errors",
                         cli_count_text(side->requests, text),
                         cli_share_text(side->errors, side->requests, share));
    is = cli_counts_quantile(&advance->counts, side, 0.99);
    was = cli_counts_quantile(&advance->counts, &advance->counts.on_old, 0.99);

    if (is >= 0) {
        more = cli_format("p99 %s", cli_seconds_text(is, text));
        figures = cli_view_join(figures, ", ", more);
        free(more);
    }

    if (is >= 0 && was >= 0) {
        more = cli_format(" (old %s)", cli_seconds_text(was, text));
        figures = cli_view_join(figures, "", more);
        free(more);
    }

    return figures;
}
