/*
 * Rule sets built by hand, for tests of what runs on a checked model.
 *
 *     fixture_init(&f, 10);
 *     route = fixture_route(&f, "orders");
 *     set = fixture_set(&f, route);
 *     fixture_path(&f, set, "/orders/ *");
 *     fixture_compile(&f);
 *     ... f.ruleset, f.request, f.scratch ...
 *     fixture_release(&f);
 *
 * Values are written as in a rules file.  Everything is borrowed from the
 * fixture's arena or from string literals; there are no diagnostics: what is
 * wrong here is a wrong test, and aborts it.
 */

#ifndef RULES_FIXTURE_H
#define RULES_FIXTURE_H

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "fig_index.h"


#ifndef FIXTURE_REGEXES
#define FIXTURE_REGEXES  65536
#endif

#define FIXTURE_HEADERS  8


typedef struct {
    fig_ruleset_t    ruleset;
    fig_scratch_t   *scratch;
    fig_request_t    request;
    fig_header_t     headers[FIXTURE_HEADERS];
    fig_match_t      match;
    fig_decision_t   decision;
} fixture_t;


static inline void
fixture_init(fixture_t *f, uint32_t max_routes)
{
    memset(f, 0, sizeof(fixture_t));

    f->ruleset.arena = fig_arena_create();
    f->scratch = fig_scratch_create();

    assert_non_null(f->ruleset.arena);
    assert_non_null(f->scratch);

    f->ruleset.model.routes = fig_arena_array(f->ruleset.arena, max_routes,
                                              sizeof(fig_route_t));
    f->ruleset.regexes = fig_arena_array(f->ruleset.arena, FIXTURE_REGEXES,
                                         sizeof(fig_regex_t *));

    assert_non_null(f->ruleset.model.routes);
    assert_non_null(f->ruleset.regexes);

    f->request.method = fig_str_from("GET");
    f->request.path = fig_str_from("/");
    f->request.headers = f->headers;
}


static inline void
fixture_release(fixture_t *f)
{
    uint32_t  i;

    for (i = 0; i < f->ruleset.nregexes; i++) {
        fig_regex_destroy(f->ruleset.regexes[i]);
    }

    fig_scratch_destroy(f->scratch);
    fig_arena_destroy(f->ruleset.arena);
}


/* One more element at the end of an array of n; the array moves. */

static inline void *
fixture_add(fixture_t *f, void *array, uint32_t *n, size_t size)
{
    char  *copy;
    void **old = array;

    copy = fig_arena_array(f->ruleset.arena, *n + 1, size);
    assert_non_null(copy);

    if (*n != 0) {
        memcpy(copy, *old, *n * size);
    }

    *old = copy;

    return copy + (*n)++ * size;
}


static inline fig_str_t
fixture_str(fixture_t *f, const char *text)
{
    fig_str_t  str;

    str = fig_arena_str(f->ruleset.arena, fig_str_from(text));
    assert_non_null(str.data);

    return str;
}


/* The pattern behind ~ or ~*; NULL when PCRE2 does not accept it. */

static inline fig_regex_t *
fixture_regex_find(fixture_t *f, const char *text)
{
    bool          caseless;
    char          error[256];
    size_t        offset;
    fig_regex_t  *regex;

    assert_int_equal(text[0], '~');

    caseless = text[1] == '*';
    text += caseless ? 2 : 1;

    if (fig_regex_create(fig_str_from(text), caseless, &regex, error, &offset)
        != FIG_OK)
    {
        return NULL;
    }

    assert_true(f->ruleset.nregexes < FIXTURE_REGEXES);
    f->ruleset.regexes[f->ruleset.nregexes++] = regex;

    return regex;
}


static inline fig_regex_t *
fixture_regex(fixture_t *f, const char *text)
{
    fig_regex_t  *regex;

    regex = fixture_regex_find(f, text);
    assert_non_null(regex);

    return regex;
}


static inline fig_route_t *
fixture_route(fixture_t *f, const char *name)
{
    fig_route_t  *route;
    fig_model_t  *model;

    model = &f->ruleset.model;

    route = &model->routes[model->nroutes];
    route->name = fixture_str(f, name);
    route->index = model->nroutes++;

    return route;
}


static inline fig_set_t *
fixture_set(fixture_t *f, fig_route_t *route)
{
    return fixture_add(f, &route->sets, &route->nsets, sizeof(fig_set_t));
}


static inline void
fixture_host(fixture_t *f, fig_set_t *set, const char *text)
{
    fig_hostname_t  *host;

    host = fixture_add(f, &set->hosts, &set->nhosts, sizeof(fig_hostname_t));
    host->source = fixture_str(f, text);
    host->wildcard = text[0] == '*';
    host->text = fixture_str(f, host->wildcard ? text + 1 : text);
}


static inline void
fixture_params(fixture_t *f, fig_path_t *path)
{
    fig_str_t   *name;
    const char  *p, *end;

    for (p = path->text.data; (p = strchr(p, '{')) != NULL; p = end) {
        end = strchr(p, '}');
        assert_non_null(end);

        name = fixture_add(f, &path->params, &path->nparams,
                           sizeof(fig_str_t));
        *name = fig_str(p + 1, (size_t) (end - p - 1));
    }
}


/* A path of any kind; false where a pattern is not accepted. */

static inline bool
fixture_path_find(fixture_t *f, fig_set_t *set, const char *text)
{
    size_t        len;
    fig_path_t    path;

    memset(&path, 0, sizeof(fig_path_t));

    len = strlen(text);
    path.source = fixture_str(f, text);
    path.text = path.source;

    if (text[0] == '~') {
        path.kind = FIG_PATH_REGEX;
        path.regex = fixture_regex_find(f, text);

        if (path.regex == NULL) {
            return false;
        }

    } else if (len >= 2 && strcmp(text + len - 2, "/*") == 0) {
        path.kind = FIG_PATH_PREFIX;
        path.text.len -= 2;

    } else if (strchr(text, '{') != NULL) {
        path.kind = FIG_PATH_TEMPLATE;
        fixture_params(f, &path);

    } else {
        path.kind = FIG_PATH_EXACT;
    }

    *(fig_path_t *) fixture_add(f, &set->paths, &set->npaths,
                                sizeof(fig_path_t)) = path;

    return true;
}


static inline void
fixture_path(fixture_t *f, fig_set_t *set, const char *text)
{
    assert_true(fixture_path_find(f, set, text));
}


static inline void
fixture_method(fixture_t *f, fig_set_t *set, const char *method)
{
    *(fig_str_t *) fixture_add(f, &set->methods, &set->nmethods,
                               sizeof(fig_str_t)) = fixture_str(f, method);
}


static inline void
fixture_cond(fixture_t *f, fig_cond_t *cond, const char *name,
    const char *value)
{
    cond->name = fixture_str(f, name);
    cond->value = fixture_str(f, value);

    if (value[0] == '~') {
        cond->kind = FIG_COND_REGEX;
        cond->regex = fixture_regex(f, value);

    } else if (strcmp(value, "*") == 0) {
        cond->kind = FIG_COND_PRESENT;

    } else if (strcmp(value, "!") == 0) {
        cond->kind = FIG_COND_ABSENT;
    }
}


static inline void
fixture_header(fixture_t *f, fig_set_t *set, const char *name,
    const char *value)
{
    fixture_cond(f, fixture_add(f, &set->headers, &set->nheaders,
                                sizeof(fig_cond_t)), name, value);
}


static inline void
fixture_query(fixture_t *f, fig_set_t *set, const char *name,
    const char *value)
{
    fixture_cond(f, fixture_add(f, &set->query, &set->nquery,
                                sizeof(fig_cond_t)), name, value);
}


static inline void
fixture_cookie(fixture_t *f, fig_set_t *set, const char *name,
    const char *value)
{
    fixture_cond(f, fixture_add(f, &set->cookies, &set->ncookies,
                                sizeof(fig_cond_t)), name, value);
}


static inline fig_addr_t
fixture_addr(const char *text)
{
    fig_addr_t  addr;

    memset(&addr, 0, sizeof(fig_addr_t));

    addr.family = (strchr(text, ':') != NULL) ? 6 : 4;
    assert_int_equal(inet_pton(addr.family == 6 ? AF_INET6 : AF_INET, text,
                               addr.addr), 1);

    return addr;
}


static inline void
fixture_client(fixture_t *f, fig_set_t *set, const char *text, uint8_t bits)
{
    fig_cidr_t  *cidr;

    cidr = fixture_add(f, &set->clients, &set->nclients, sizeof(fig_cidr_t));
    cidr->net = fixture_addr(text);
    cidr->bits = bits;
}


static inline void
fixture_compile(fixture_t *f)
{
    assert_int_equal(fig_index_create(&f->ruleset.model, f->ruleset.arena,
                                      &f->ruleset.index), FIG_OK);
}


static inline void
fixture_request_header(fixture_t *f, const char *name, const char *value)
{
    assert_true(f->request.nheaders < FIXTURE_HEADERS);

    f->headers[f->request.nheaders].name = fig_str_from(name);
    f->headers[f->request.nheaders].value = fig_str_from(value);
    f->request.nheaders++;
}


/* Matches a request for path; the name of the route, "-" for none. */

static inline const char *
fixture_match(fixture_t *f, const char *path)
{
    f->request.path = fig_str_from(path);

    fig_match(&f->ruleset, &f->request, f->scratch, &f->match);

    return (f->match.route != NULL) ? f->match.route->name.data : "-";
}


/* The same from scratch, with a method and a host, and without headers. */

static inline const char *
fixture_match_host(fixture_t *f, const char *method, const char *host,
    const char *path)
{
    f->request.method = fig_str_from(method);
    f->request.host = fig_str_from(host);
    f->request.nheaders = 0;

    return fixture_match(f, path);
}


#endif /* RULES_FIXTURE_H */
