/*
 * Runs the `tests` of a rules file against the rule set made from it, by the
 * same functions that route requests.
 *
 *     test -> request view -> fig_match() -> fig_decide() -> expectations
 *
 * Each expectation that fails is an error at its value.
 */

#include "fig_path.h"
#include "fig_rules.h"
#include "fig_text.h"
#include "fig_validate.h"

#include <stdio.h>
#include <stdlib.h>


typedef struct {
    const fig_ruleset_t  *ruleset;
    fig_scratch_t        *scratch;
    fig_arena_t          *arena;       /* of the test under way */
    fig_diags_t          *diags;
    bool                  failed;
} fig_tester_t;


static void
fig_tester_error(fig_tester_t *tester, fig_pos_t pos, const char *message)
{
    fig_diags_add(tester->diags, pos, message, NULL);
    tester->failed = true;
}


/* The header lines of a test, cookies as one line of them. */

static bool
fig_tester_headers(fig_tester_t *tester, const fig_test_t *test,
    fig_request_t *request)
{
    char          *p;
    size_t         len;
    uint32_t       i;
    fig_header_t  *headers;

    len = 0;

    for (i = 0; i < test->ncookies; i++) {
        len += test->cookies[i].name.len + test->cookies[i].value.len + 3;
    }

    headers = fig_arena_array(tester->arena, (size_t) test->nheaders + 1,
                              sizeof(fig_header_t));
    p = fig_arena_alloc(tester->arena, len);

    if (headers == NULL || p == NULL) {
        return false;
    }

    for (i = 0; i < test->nheaders; i++) {
        headers[i].name = test->headers[i].name;
        headers[i].value = test->headers[i].value;
    }

    request->headers = headers;
    request->nheaders = test->nheaders;

    if (test->ncookies == 0) {
        return true;
    }

    headers[i].name = fig_str("Cookie", 6);
    headers[i].value.data = p;
    request->nheaders++;

    for (i = 0; i < test->ncookies; i++) {
        if (i > 0) {
            *p++ = ';';
            *p++ = ' ';
        }

        memcpy(p, test->cookies[i].name.data, test->cookies[i].name.len);
        p += test->cookies[i].name.len;
        *p++ = '=';
        memcpy(p, test->cookies[i].value.data, test->cookies[i].value.len);
        p += test->cookies[i].value.len;
    }

    headers[test->nheaders].value.len =
        (size_t) (p - headers[test->nheaders].value.data);

    return true;
}


/* FIG_INVALID: such a request is answered with 400. */

static fig_status_t
fig_tester_request(fig_tester_t *tester, const fig_test_t *test,
    fig_request_t *request)
{
    bool         resolved;
    char        *path;
    size_t       len;
    fig_str_t    raw;
    const char  *query;

    memset(request, 0, sizeof(fig_request_t));
    request->method = test->method;
    request->host = test->host;
    request->client = test->client;

    raw = test->target;

    query = memchr(raw.data, '?', raw.len);
    if (query != NULL) {
        len = (size_t) (query - raw.data);
        request->query = fig_str(query + 1, raw.len - len - 1);
        raw.len = len;
    }

    path = fig_arena_alloc(tester->arena, raw.len);
    if (path == NULL || !fig_tester_headers(tester, test, request)) {
        return FIG_NOMEM;
    }

    if (fig_path_normalize(raw, path, &len, &resolved) != FIG_OK) {
        return FIG_INVALID;
    }

    request->path = fig_str(path, len);

    return FIG_OK;
}


static bool
fig_tester_is_target(const fig_route_t *route, fig_str_t name)
{
    uint32_t  i;

    for (i = 0; i < route->ntargets; i++) {
        if (route->targets[i].weight > 0
            && fig_str_eq(route->targets[i].backend->name, name))
        {
            return true;
        }
    }

    return false;
}


/*
 * Whether a backend may be what such a request reaches: which client it comes
 * from, and so its bucket, a test does not say.
 */

static bool
fig_tester_reaches(const fig_decision_t *decision, fig_str_t name)
{
    bool                split;
    const fig_route_t  *route;

    route = decision->route;

    if (route == NULL || decision->backend == NULL) {
        return decision->backend != NULL
               && fig_str_eq(decision->backend->name, name);
    }

    split = (decision->why == FIG_WHY_SPLIT);

    if ((split || decision->side == FIG_SIDE_NEW)
        && fig_tester_is_target(route, name))
    {
        return true;
    }

    return (split || decision->side == FIG_SIDE_OLD) && route->from != NULL
           && fig_str_eq(route->from->name, name);
}


/* The status of the router's own answer; 0: a backend answers. */

static int32_t
fig_tester_status(const fig_decision_t *decision)
{
    switch (decision->why) {

    case FIG_WHY_REDIRECT:
        return decision->route->redirect.status;

    case FIG_WHY_RESPOND:
        return decision->route->respond.status;

    case FIG_WHY_NOT_FOUND:
        return 404;

    default:
        return 0;
    }
}


/* "GET /x is routed by "a" to "b"", for every message. */

static void
fig_tester_actual(const fig_test_t *test, const fig_decision_t *decision,
    char *out, size_t size)
{
    int     n;
    char    request[FIG_QUOTED], route[FIG_QUOTED], backend[FIG_QUOTED];
    size_t  len;

    fig_text_show(test->target, request, sizeof(request));
    len = (size_t) snprintf(out, size, "%.*s %s ", (int) test->method.len,
                            test->method.data, request);

    if (len >= size) {
        return;
    }

    if (decision->route == NULL) {
        n = snprintf(out + len, size - len, "is matched by no route");

    } else {
        n = snprintf(out + len, size - len, "is matched by route %s",
                     fig_text_quote(decision->route->name, route));
    }

    len += (size_t) n;

    if (len >= size) {
        return;
    }

    if (decision->backend != NULL) {
        snprintf(out + len, size - len, " and goes to %s",
                 fig_text_quote(decision->backend->name, backend));

    } else {
        snprintf(out + len, size - len, " and is answered with %d",
                 fig_tester_status(decision));
    }
}


static void
fig_tester_check(fig_tester_t *tester, const fig_test_t *test,
    const fig_decision_t *decision)
{
    char       actual[400], message[600], quoted[FIG_QUOTED];
    fig_str_t  route;

    fig_tester_actual(test, decision, actual, sizeof(actual));
    route = (decision->route != NULL) ? decision->route->name : fig_str("", 0);

    if (test->route.len > 0 && !fig_str_eq(test->route, route)) {
        snprintf(message, sizeof(message),
                 "test failed: expected route %s, but %s",
                 fig_text_quote(test->route, quoted), actual);
        fig_tester_error(tester, test->route_pos, message);
    }

    if (test->backend.len > 0 && !fig_tester_reaches(decision, test->backend)) {
        snprintf(message, sizeof(message),
                 "test failed: expected backend %s, but %s",
                 fig_text_quote(test->backend, quoted), actual);
        fig_tester_error(tester, test->backend_pos, message);
    }

    if (test->status != FIG_UNSET
        && test->status != fig_tester_status(decision))
    {
        snprintf(message, sizeof(message),
                 "test failed: expected status %d, but %s", test->status,
                 actual);
        fig_tester_error(tester, test->status_pos, message);
    }
}


static void
fig_tester_bad_request(fig_tester_t *tester, const fig_test_t *test)
{
    if (test->status == 400 && test->route.len == 0 && test->backend.len == 0) {
        return;
    }

    fig_tester_error(tester, test->pos,
                     "test failed: such a request is answered with 400");
}


static fig_status_t
fig_tester_run(fig_tester_t *tester, const fig_test_t *test)
{
    fig_match_t     match;
    fig_status_t    status;
    fig_request_t   request;
    fig_decision_t  decision;

    tester->arena = fig_arena_create();
    if (tester->arena == NULL) {
        return FIG_NOMEM;
    }

    status = fig_tester_request(tester, test, &request);

    if (status == FIG_INVALID) {
        fig_tester_bad_request(tester, test);
        status = FIG_OK;

    } else if (status == FIG_OK) {
        fig_match(tester->ruleset, &request, tester->scratch, &match);
        fig_decide(tester->ruleset, &request, &match, tester->scratch, NULL,
                   &decision);
        fig_tester_check(tester, test, &decision);
    }

    fig_arena_destroy(tester->arena);

    return status;
}


fig_status_t
fig_tests_run(const fig_ruleset_t *ruleset, fig_diags_t *diags)
{
    uint32_t            i;
    fig_status_t        status;
    fig_tester_t        tester;
    const fig_model_t  *model;

    model = fig_ruleset_model(ruleset);

    if (model->ntests == 0) {
        return FIG_OK;
    }

    memset(&tester, 0, sizeof(fig_tester_t));
    tester.ruleset = ruleset;
    tester.diags = diags;

    tester.scratch = fig_scratch_create();
    if (tester.scratch == NULL) {
        return FIG_NOMEM;
    }

    status = FIG_OK;

    for (i = 0; i < model->ntests && status == FIG_OK; i++) {
        status = fig_tester_run(&tester, &model->tests[i]);
    }

    fig_scratch_destroy(tester.scratch);

    if (status == FIG_OK && tester.failed) {
        return FIG_INVALID;
    }

    return status;
}
