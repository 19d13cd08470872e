/*
 * From text to model: what each key becomes, defaults, and what takes its value
 * from elsewhere.  What is refused is in tests/golden.
 */

#include "load.h"


#define BACKENDS                                                             \
    "version: 1\n"                                                           \
    "backends:\n"                                                            \
    "  legacy: {servers: [http://127.0.0.1:8081]}\n"                         \
    "  orders: {servers: [http://127.0.0.1:9001]}\n"                         \
    "  v2: {servers: [http://127.0.0.1:9002]}\n"

#define HEAD  BACKENDS "default: legacy\n"


/* The only route of HEAD and these lines. */

static const fig_route_t *
load_route(loaded_t *loaded, const char *text)
{
    const fig_model_t  *model;

    load_text(loaded, text);
    assert_loads(loaded);
    model = fig_ruleset_model(loaded->ruleset);
    assert_int_equal(model->nroutes, 1);

    return &model->routes[0];
}


static void
test_smallest_file(void **state)
{
    loaded_t            loaded;
    const fig_model_t  *model;

    (void) state;

    load_text(&loaded, "version: 1\n");
    assert_loads(&loaded);
    model = fig_ruleset_model(loaded.ruleset);

    assert_int_equal(model->nroutes + model->nbackends + model->ngroups, 0);
    assert_null(model->fallthrough);
    assert_true(fig_ruleset_size(loaded.ruleset) > 0);

    loaded_release(&loaded);
}


static void
test_backend(void **state)
{
    loaded_t              loaded;
    const fig_backend_t  *b;

    (void) state;

    load_text(&loaded,
              "version: 1\n"
              "backends:\n"
              "  plain: {servers: [http://A]}\n"
              "  full:\n"
              "    servers:\n"
              "      - https://Orders.Example:9443\n"
              "      - {url: 'http://[::1]:80', weight: 1000}\n"
              "      - http://unix:/run/o.sock\n"
              "    host: Orders.Example:81\n"
              "    balance: random\n"
              "    timeouts: {connect: 250ms, send: 1s, read: 2m}\n"
              "    keepalive: {connections: 8, requests: 10, timeout: 5s}\n"
              "  server: {servers: [http://a], host: server, keepalive: 0,\n"
              "           balance: least_conn}\n"
              "  turns: {servers: [http://a], balance: round_robin}\n");
    assert_loads(&loaded);
    b = fig_ruleset_model(loaded.ruleset)->backends;

    assert_str(b[0].name, "plain");
    assert_int_equal(b[0].index, 0);
    assert_int_equal(b[0].host_mode, FIG_HOST_PRESERVE);
    assert_int_equal(b[0].timeouts.connect, 2000);
    assert_int_equal(b[0].timeouts.send, FIG_UNSET);
    assert_int_equal(b[0].timeouts.read, FIG_UNSET);
    assert_int_equal(b[0].timeouts.total, FIG_UNSET);
    assert_int_equal(b[0].balance, FIG_BALANCE_ROUND_ROBIN);
    assert_int_equal(b[0].keepalive, 32);
    assert_int_equal(b[0].keepalive_requests, 1000);
    assert_int_equal(b[0].keepalive_timeout, 60000);
    assert_str(b[0].servers[0].url, "http://A");
    assert_str(b[0].servers[0].host, "a");
    assert_str(b[0].servers[0].authority, "a");
    assert_int_equal(b[0].servers[0].weight, 1);

    assert_int_equal(b[1].nservers, 3);
    assert_true(b[1].servers[0].https);
    assert_str(b[1].servers[0].authority, "orders.example:9443");
    assert_int_equal(b[1].servers[0].port, 9443);
    assert_str(b[1].servers[1].authority, "[::1]");
    assert_int_equal(b[1].servers[1].weight, 1000);
    assert_int_equal(b[1].servers[1].kind, FIG_ADDR_IPV6);
    assert_str(b[1].servers[2].authority, "localhost");
    assert_str(b[1].servers[2].host, "/run/o.sock");
    assert_int_equal(b[1].host_mode, FIG_HOST_LITERAL);
    assert_str(b[1].host, "orders.example:81");
    assert_int_equal(b[1].timeouts.connect, 250);
    assert_int_equal(b[1].timeouts.read, 120000);
    assert_int_equal(b[1].balance, FIG_BALANCE_RANDOM);
    assert_int_equal(b[1].keepalive, 8);
    assert_int_equal(b[1].keepalive_requests, 10);
    assert_int_equal(b[1].keepalive_timeout, 5000);

    assert_int_equal(b[2].host_mode, FIG_HOST_SERVER);
    assert_int_equal(b[2].keepalive, 0);
    assert_int_equal(b[2].balance, FIG_BALANCE_LEAST_CONN);
    assert_int_equal(b[3].balance, FIG_BALANCE_ROUND_ROBIN);

    loaded_release(&loaded);
}


static void
test_places(void **state)
{
    loaded_t              loaded;
    const fig_backend_t  *b;

    (void) state;

    load_text(&loaded,
              "version: 1\n"
              "backends:\n"
              "  none: {servers: [http://a]}\n"
              "  both: {servers: [http://a], max_in_flight: 200,\n"
              "         max_fallbacks: 0}\n");
    assert_loads(&loaded);
    b = fig_ruleset_model(loaded.ruleset)->backends;

    assert_int_equal(b[0].max_in_flight, FIG_UNSET);
    assert_int_equal(b[0].max_fallbacks, FIG_UNSET);
    assert_int_equal(b[1].max_in_flight, 200);
    assert_int_equal(b[1].max_fallbacks, 0);

    loaded_release(&loaded);
}


static void
test_route_defaults(void **state)
{
    loaded_t            loaded;
    const fig_route_t  *r;

    (void) state;

    r = load_route(&loaded, HEAD
                   "routes: [{name: a, match: {path: /a}, to: orders, "
                   "stage: live}]\n");

    assert_str(r->name, "a");
    assert_int_equal(r->action, FIG_ACTION_PROXY);
    assert_int_equal(r->stage, FIG_STAGE_LIVE);
    assert_int_equal(r->percent, FIG_UNSET);
    assert_int_equal(r->nby, 0);
    assert_int_equal(r->priority, 0);
    assert_int_equal(r->data, FIG_DATA_SHARED);
    assert_null(r->group);
    assert_str(r->from->name, "legacy");
    assert_int_equal(r->ntargets, 1);
    assert_str(r->targets[0].backend->name, "orders");
    assert_int_equal(r->targets[0].weight, 1);
    assert_int_equal(r->timeouts.total, FIG_UNSET);

    assert_false(r->fallback.none);
    assert_true(r->fallback.when.connect);
    assert_true(r->fallback.when.timeout);
    assert_true(r->fallback.when.invalid);
    assert_false(r->fallback.unsafe);
    assert_false(r->fallback.stale);
    assert_false(fig_statuses_has(&r->fallback.when.statuses, 501));
    assert_true(fig_statuses_has(&r->fallback.when.statuses, 502));
    assert_true(fig_statuses_has(&r->fallback.when.statuses, 504));
    assert_false(fig_statuses_has(&r->fallback.when.statuses, 505));
    assert_ptr_equal(r->fallback.to, r->from);

    loaded_release(&loaded);
}


static const char  full[] =
    HEAD
    "routes:\n"
    "  - name: a\n"
    "    was: b\n"
    "    match: {path: /a/*}\n"
    "    from: v2\n"
    "    to: {orders: 90, v2: 0}\n"
    "    stage: ramp\n"
    "    percent: 12.5%\n"
    "    by: [cookie:Uid, header:X-User, query:u, assign]\n"
    "    force: {new: [{cookies: {qa: '1'}}],\n"
    "            old: [{clients: [10.0.0.0/8]}]}\n"
    "    data: new\n"
    "    fallback: {when: [timeout, 404], to: legacy,\n"
    "               unsafe: true, stale: true}\n"
    "    retry: {attempts: 10, when: [invalid, 429], unsafe: true,\n"
    "            backoff: {base: 1s, max: 1s}}\n"
    "    timeouts: {total: 1h}\n"
    "    headers:\n"
    "      request: {set: {X-A: '{id}'}, add: {x-b: ''}}\n"
    "      response: {remove: [Server]}\n"
    "    priority: -7\n"
    "    capability: yes\n"
    "    owner: 010\n"
    "    expires: 2027-03-31\n"
    "    note: |\n"
    "      two\n"
    "      lines\n";


static void
test_route_in_full(void **state)
{
    loaded_t            loaded;
    const fig_route_t  *r;

    (void) state;

    r = load_route(&loaded, full);

    assert_str(r->was, "b");
    assert_str(r->from->name, "v2");
    assert_int_equal(r->ntargets, 2);
    assert_int_equal(r->targets[0].weight, 90);
    assert_int_equal(r->targets[1].weight, 0);
    assert_int_equal(r->stage, FIG_STAGE_RAMP);
    assert_int_equal(r->percent, 1250);
    assert_int_equal(r->nby, 4);
    assert_int_equal(r->by[0].kind, FIG_BY_COOKIE);
    assert_str(r->by[0].name, "Uid");
    assert_str(r->by[0].source, "cookie:Uid");
    assert_int_equal(r->by[1].kind, FIG_BY_HEADER);
    assert_str(r->by[1].name, "x-user");
    assert_int_equal(r->by[2].kind, FIG_BY_QUERY);
    assert_int_equal(r->by[3].kind, FIG_BY_ASSIGN);
    assert_int_equal(r->nforce_new, 1);
    assert_int_equal(r->nforce_old, 1);
    assert_int_equal(r->force_old[0].nclients, 1);
    assert_int_equal(r->data, FIG_DATA_NEW);
    assert_false(r->fallback.when.connect);
    assert_true(r->fallback.when.timeout);
    assert_true(r->fallback.unsafe);
    assert_true(r->fallback.stale);
    assert_true(fig_statuses_has(&r->fallback.when.statuses, 404));
    assert_false(fig_statuses_has(&r->fallback.when.statuses, 502));
    assert_str(r->fallback.to->name, "legacy");
    assert_int_equal(r->retry.attempts, 10);
    assert_true(r->retry.unsafe);
    assert_true(r->retry.when.invalid);
    assert_false(r->retry.when.connect);
    assert_false(r->retry.when.timeout);
    assert_true(fig_statuses_has(&r->retry.when.statuses, 429));
    assert_false(fig_statuses_has(&r->retry.when.statuses, 503));
    assert_int_equal(r->retry.base, 1000);
    assert_int_equal(r->retry.max, 1000);
    assert_int_equal(r->timeouts.total, 3600000);
    assert_int_equal(r->timeouts.connect, FIG_UNSET);
    assert_int_equal(r->request_headers.nset, 1);
    assert_str(r->request_headers.set[0].name, "X-A");
    assert_str(r->request_headers.set[0].value, "{id}");
    assert_str(r->request_headers.add[0].value, "");
    assert_int_equal(r->request_headers.nremove, 0);
    assert_str(r->response_headers.remove[0].name, "Server");
    assert_int_equal(r->priority, -7);
    assert_str(r->capability, "yes");
    assert_str(r->owner, "010");
    assert_str(r->expires, "2027-03-31");
    assert_str(r->note, "two\nlines\n");

    loaded_release(&loaded);
}


/* Without the key there is no retry; with it there is one, by default. */

static void
test_retry(void **state)
{
    size_t              i;
    loaded_t            loaded;
    const fig_route_t  *r;

    static const struct {
        const char  *text;
        uint32_t     attempts;
        int64_t      base;
        int64_t      max;
    } rows[] = {
        { "", 0, 25, 250 },
        { ", retry: {attempts: 0}", 0, 25, 250 },
        { ", retry: {attempts: 3}", 3, 25, 250 },
        { ", retry: {unsafe: false}", 1, 25, 250 },
        { ", retry: {backoff: {base: 250ms}}", 1, 250, 250 },
        { ", retry: {backoff: {max: 25ms}}", 1, 25, 25 },
    };

    (void) state;

    for (i = 0; i < FIG_NELTS(rows); i++) {
        char  text[512];

        snprintf(text, sizeof(text), BACKENDS
                 "routes: [{name: a, match: {path: /a}, to: orders, "
                 "stage: live, fallback: none%s}]\n", rows[i].text);

        r = load_route(&loaded, text);

        assert_int_equal(r->retry.attempts, rows[i].attempts);
        assert_int_equal(r->retry.base, rows[i].base);
        assert_int_equal(r->retry.max, rows[i].max);
        assert_false(r->retry.unsafe);
        assert_true(r->retry.when.connect);
        assert_true(r->retry.when.timeout);
        assert_true(r->retry.when.invalid);
        assert_true(fig_statuses_has(&r->retry.when.statuses, 502));
        assert_true(fig_statuses_has(&r->retry.when.statuses, 504));
        assert_false(fig_statuses_has(&r->retry.when.statuses, 500));

        loaded_release(&loaded);
    }
}


static void
test_no_fallback(void **state)
{
    loaded_t            loaded;
    const fig_route_t  *r;

    (void) state;

    r = load_route(&loaded, BACKENDS
                   "routes: [{name: a, match: {path: /a}, to: orders, "
                   "stage: live, fallback: none}]\n");

    assert_true(r->fallback.none);
    assert_null(r->fallback.to);
    assert_null(r->from);

    loaded_release(&loaded);
}


static void
assert_path(const fig_path_t *path, fig_path_kind_t kind, const char *text)
{
    assert_int_equal(path->kind, kind);
    assert_str(path->text, text);
}


static void
test_match(void **state)
{
    loaded_t          loaded;
    const fig_set_t  *s;

    (void) state;

    s = load_route(&loaded, HEAD
                   "routes:\n"
                   "  - name: a\n"
                   "    to: orders\n"
                   "    stage: live\n"
                   "    match:\n"
                   "      - host: [Shop.Example., '*.Shop.example']\n"
                   "        path: [/, /*, /a%20b%2fc%5c%25, /x/*,\n"
                   "               '/t/{id}/u', /%2a,\n"
                   "               '~^/r', '~*^/R', /a/, /%7e]\n"
                   "        methods: [GET, PURGE]\n"
                   "        headers: {X-A: a, x-b: '~^b', x-c: '*', x-d: '!'}\n"
                   "        query: {q: '', '~': 010}\n"
                   "        cookies: {C: '~*c'}\n"
                   "        clients: ['2001:db8::/32']\n"
                   "      - {host: '[::1]'}\n")->sets;

    assert_int_equal(s->nhosts, 2);
    assert_str(s->hosts[0].text, "shop.example");
    assert_str(s->hosts[1].text, ".shop.example");
    assert_true(s->hosts[1].wildcard);
    assert_int_equal(s->npaths, 10);
    assert_path(&s->paths[0], FIG_PATH_EXACT, "/");
    assert_path(&s->paths[1], FIG_PATH_PREFIX, "");
    assert_path(&s->paths[2], FIG_PATH_EXACT, "/a b%2Fc%5C%25");
    assert_path(&s->paths[3], FIG_PATH_PREFIX, "/x");
    assert_path(&s->paths[4], FIG_PATH_TEMPLATE, "/t/{id}/u");
    assert_int_equal(s->paths[4].nparams, 1);
    assert_str(s->paths[4].params[0], "id");
    assert_path(&s->paths[5], FIG_PATH_EXACT, "/*");
    assert_str(s->paths[5].source, "/%2a");
    assert_path(&s->paths[6], FIG_PATH_REGEX, "~^/r");
    assert_false(fig_regex_is_caseless(s->paths[6].regex));
    assert_true(fig_regex_is_caseless(s->paths[7].regex));
    assert_str(fig_regex_pattern(s->paths[7].regex), "^/R");
    assert_path(&s->paths[8], FIG_PATH_EXACT, "/a/");
    assert_path(&s->paths[9], FIG_PATH_EXACT, "/~");
    assert_int_equal(s->nmethods, 2);
    assert_str(s->methods[1], "PURGE");
    assert_int_equal(s->nheaders, 4);
    assert_str(s->headers[0].name, "x-a");
    assert_int_equal(s->headers[0].kind, FIG_COND_LITERAL);
    assert_int_equal(s->headers[1].kind, FIG_COND_REGEX);
    assert_non_null(s->headers[1].regex);
    assert_int_equal(s->headers[2].kind, FIG_COND_PRESENT);
    assert_int_equal(s->headers[3].kind, FIG_COND_ABSENT);
    assert_str(s->query[0].value, "");
    assert_str(s->query[1].name, "~");
    assert_str(s->query[1].value, "010");
    assert_str(s->cookies[0].name, "C");
    assert_true(fig_regex_is_caseless(s->cookies[0].regex));
    assert_int_equal(s->nclients, 1);
    assert_str(s[1].hosts[0].text, "[::1]");

    loaded_release(&loaded);
}


static void
assert_part(const fig_part_t *part, fig_part_kind_t kind, const char *text)
{
    assert_int_equal(part->kind, kind);
    assert_str(part->text, text);
}


static void
test_rewrite_path(void **state)
{
    loaded_t              loaded;
    const fig_rewrite_t  *w;

    (void) state;

    w = &load_route(&loaded, HEAD
                    "routes: [{name: a, match: {path: /a/*}, to: orders, "
                    "stage: live, rewrite: {path: /%62%2f/*, host: A.B:81}}]\n")
         ->rewrite;
    assert_int_equal(w->path.nparts, 2);
    assert_part(&w->path.parts[0], FIG_PART_TEXT, "/b%2F");
    assert_part(&w->path.parts[1], FIG_PART_TAIL, "");
    assert_str(w->host, "a.b:81");
    assert_null(w->regex);
    loaded_release(&loaded);

    w = &load_route(&loaded, HEAD
                    "routes: [{name: a, match: {path: /a/*}, to: orders, "
                    "stage: live, rewrite: {path: /*}}]\n")->rewrite;
    assert_int_equal(w->path.nparts, 1);
    assert_int_equal(w->path.parts[0].kind, FIG_PART_TAIL);
    loaded_release(&loaded);

    w = &load_route(&loaded, HEAD
                    "routes: [{name: a, match: {path: '/a/{x}/{y}'}, "
                    "to: orders, stage: live, "
                    "rewrite: {path: '/{y}/b/{x}/'}}]\n")->rewrite;
    assert_int_equal(w->path.nparts, 5);
    assert_part(&w->path.parts[0], FIG_PART_TEXT, "/");
    assert_part(&w->path.parts[1], FIG_PART_PARAM, "y");
    assert_part(&w->path.parts[2], FIG_PART_TEXT, "/b/");
    assert_part(&w->path.parts[3], FIG_PART_PARAM, "x");
    assert_part(&w->path.parts[4], FIG_PART_TEXT, "/");
    loaded_release(&loaded);
}


static void
test_rewrite_regex(void **state)
{
    loaded_t              loaded;
    const fig_rewrite_t  *w;

    (void) state;

    w = &load_route(&loaded, HEAD
                    "routes: [{name: a, match: {path: /a/*}, to: orders, "
                    "stage: live, rewrite: {regex: '^/(?<n>a)/(.*)', "
                    "with: '/%62/$2$$/${n}${0}{x}*'}}]\n")->rewrite;

    assert_non_null(w->regex);
    assert_int_equal(w->path.nparts, 6);
    assert_part(&w->path.parts[0], FIG_PART_TEXT, "/b/");
    assert_int_equal(w->path.parts[1].kind, FIG_PART_CAPTURE);
    assert_int_equal(w->path.parts[1].index, 2);
    assert_part(&w->path.parts[2], FIG_PART_TEXT, "$/");
    assert_int_equal(w->path.parts[3].index, 1);
    assert_int_equal(w->path.parts[4].index, 0);
    assert_part(&w->path.parts[5], FIG_PART_TEXT, "{x}*");

    loaded_release(&loaded);
}


static void
test_redirect_and_respond(void **state)
{
    loaded_t            loaded;
    const fig_route_t  *r;

    (void) state;

    r = load_route(&loaded, HEAD
                   "routes: [{name: a, match: {path: /a}, "
                   "redirect: {scheme: https}}]\n");
    assert_int_equal(r->action, FIG_ACTION_REDIRECT);
    assert_int_equal(r->stage, FIG_STAGE_NONE);
    assert_null(r->from);
    assert_str(r->redirect.scheme, "https");
    assert_str(r->redirect.host, "");
    assert_int_equal(r->redirect.port, FIG_UNSET);
    assert_int_equal(r->redirect.status, 302);
    assert_int_equal(r->redirect.path.nparts, 0);
    loaded_release(&loaded);

    r = load_route(&loaded, HEAD
                   "routes: [{name: a, match: {path: /a/*}, redirect: "
                   "{host: New.Example, port: 8443, path: /b/*, "
                   "status: 308}}]\n");
    assert_str(r->redirect.host, "new.example");
    assert_int_equal(r->redirect.port, 8443);
    assert_int_equal(r->redirect.status, 308);
    assert_int_equal(r->redirect.path.nparts, 2);
    loaded_release(&loaded);

    r = load_route(&loaded, HEAD
                   "routes: [{name: a, match: {path: /a}, "
                   "respond: {status: 410, body: \"a\\0b\\n\"}}]\n");
    assert_int_equal(r->action, FIG_ACTION_RESPOND);
    assert_int_equal(r->respond.status, 410);
    assert_int_equal(r->respond.body.len, 4);
    assert_str(r->respond.type, "text/plain");
    loaded_release(&loaded);
}


static void
test_groups_and_overrides(void **state)
{
    loaded_t            loaded;
    const fig_model_t  *m;

    (void) state;

    load_text(&loaded, HEAD
              "groups:\n"
              "  g: {stage: ramp, percent: 5, by: [client]}\n"
              "routes:\n"
              "  - {name: a, match: {path: /a}, to: orders, group: g,\n"
              "     data: old}\n"
              "  - {name: b, match: {path: /b}, to: orders, stage: legacy,\n"
              "     percent: 7}\n"
              "overrides:\n"
              "  g: {percent: 50}\n"
              "  b: {stage: live}\n");
    assert_loads(&loaded);
    m = fig_ruleset_model(loaded.ruleset);

    assert_ptr_equal(m->routes[0].group, &m->groups[0]);
    assert_int_equal(m->groups[0].percent, 5000);
    assert_int_equal(m->routes[0].stage, FIG_STAGE_RAMP);
    assert_int_equal(m->routes[0].percent, 5000);
    assert_int_equal(m->routes[0].nby, 1);
    assert_int_equal(m->routes[0].by[0].kind, FIG_BY_CLIENT);
    assert_int_equal(m->routes[1].stage, FIG_STAGE_LIVE);
    assert_int_equal(m->routes[1].percent, 700);
    assert_int_equal(m->routes[1].index, 1);

    loaded_release(&loaded);
}


static void
test_tests(void **state)
{
    loaded_t           loaded;
    const fig_test_t  *t;

    (void) state;

    load_text(&loaded, HEAD
              "tests:\n"
              "  - {request: 'GET /a?b=c', host: 'A.B:80', headers: {X: y},\n"
              "     cookies: {c: d}, client: '::ffff:10.0.0.1',\n"
              "     backend: legacy}\n"
              "  - {request: GET /a, host: '[::1]:80', backend: legacy}\n");
    assert_loads(&loaded);
    t = fig_ruleset_model(loaded.ruleset)->tests;

    assert_str(t->method, "GET");
    assert_str(t->target, "/a?b=c");
    assert_str(t->host, "a.b");
    assert_str(t->headers[0].value, "y");
    assert_str(t->cookies[0].name, "c");
    assert_int_equal(t->client.family, 4);
    assert_str(t->backend, "legacy");
    assert_int_equal(t->status, FIG_UNSET);
    assert_str(t[1].host, "[::1]");

    loaded_release(&loaded);
}


/* n routes, every one with a path of its own. */

static fig_status_t
load_routes(int n)
{
    int            i;
    char          *text, *p;
    loaded_t       loaded;
    fig_status_t   status;

    text = malloc(64 * (size_t) n + 512);
    assert_non_null(text);
    p = text + sprintf(text, HEAD "routes:\n");

    for (i = 0; i < n; i++) {
        p += sprintf(p, "- {name: r%d, match: {path: /%d}, "
                        "respond: {status: 410}}\n", i, i);
    }

    load_bytes(&loaded, text, (size_t) (p - text));
    status = loaded.status;

    if (status == FIG_INVALID) {
        assert_int_equal(fig_diags_count(loaded.diags), 1);
        assert_str(fig_diags_get(loaded.diags, 0).message,
                   "more than 20,000 routes");
        assert_int_equal(fig_diags_get(loaded.diags, 0).line, 20000 + 8);
    }

    loaded_release(&loaded);
    free(text);

    return status;
}


static void
test_routes_are_limited(void **state)
{
    (void) state;

    assert_int_equal(load_routes(20000), FIG_OK);
    assert_int_equal(load_routes(20001), FIG_INVALID);
}


static void
test_rule_set_keeps_nothing_of_the_files(void **state)
{
    char          text[] = HEAD "routes: [{name: a, match: {path: '~^/a'}, "
                           "to: orders, stage: live}]\n";
    loaded_t      loaded;

    (void) state;

    load_text(&loaded, text);
    assert_loads(&loaded);
    fig_files_destroy(loaded.files);
    loaded.files = NULL;
    memset(text, 'x', sizeof(text));

    assert_str(fig_ruleset_model(loaded.ruleset)->routes[0].name, "a");
    assert_str(fig_ruleset_model(loaded.ruleset)->routes[0].sets[0].paths[0]
               .text, "~^/a");

    loaded_release(&loaded);
}


static void
test_a_text_cannot_include(void **state)
{
    loaded_t  loaded;

    (void) state;

    load_text(&loaded, "version: 1\ninclude: [a.yaml]\n");
    assert_int_equal(loaded.status, FIG_INVALID);
    assert_null(loaded.ruleset);
    assert_int_equal(fig_diags_count(loaded.diags), 1);
    assert_int_equal(fig_diags_get(loaded.diags, 0).line, 2);

    loaded_release(&loaded);
}


static void
test_example_loads(void **state)
{
    loaded_t  loaded;

    (void) state;

    loaded.ruleset = NULL;
    loaded.diags = fig_diags_create();
    assert_int_equal(fig_files_read(TESTS_DIR "/../rules/examples/rules.yaml",
                                    &loaded.files, loaded.diags), FIG_OK);
    loaded.status = fig_ruleset_create(loaded.files, &loaded.ruleset,
                                       loaded.diags);
    assert_loads(&loaded);
    assert_true(fig_ruleset_model(loaded.ruleset)->ntests > 0);

    loaded_release(&loaded);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_smallest_file),
        cmocka_unit_test(test_backend),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_route_defaults),
        cmocka_unit_test(test_route_in_full),
        cmocka_unit_test(test_retry),
        cmocka_unit_test(test_no_fallback),
        cmocka_unit_test(test_match),
        cmocka_unit_test(test_rewrite_path),
        cmocka_unit_test(test_rewrite_regex),
        cmocka_unit_test(test_redirect_and_respond),
        cmocka_unit_test(test_groups_and_overrides),
        cmocka_unit_test(test_tests),
        cmocka_unit_test(test_routes_are_limited),
        cmocka_unit_test(test_rule_set_keeps_nothing_of_the_files),
        cmocka_unit_test(test_a_text_cannot_include),
        cmocka_unit_test(test_example_loads),
    };

    return cmocka_run_group_tests_name("load", tests, NULL, NULL);
}
