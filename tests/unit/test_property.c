/*
 * The indexed matcher against the plain one, over random rule sets and
 * requests.
 *
 *     rule set (small alphabets, so that much overlaps)
 *         x requests (the same alphabets)
 *             fig_match() == the winner of fig_explain()
 *
 * FIG_PROPERTY_SEED and FIG_PROPERTY_ROUNDS (rule sets) change the run; a
 * failure prints the seed of its rule set, which reproduces it with one round.
 */

#include "random_paths.h"
#include "rules_fixture.h"


#define ROUNDS    4000
#define REQUESTS  120
#define ROUTES    40


static const char *const  hosts[] = {
    "a.test", "b.test", "x.a.test", "*.test", "*.a.test", "*.x.a.test",
    "*.b.test", "test", NULL
};

static const char *const  request_hosts[] = {
    "", "a.test", "b.test", "x.a.test", "y.x.a.test", "z.y.x.a.test",
    "c.b.test", "test", ".test", ".a.test", "other", "x.other", NULL
};

static const char *const  methods[] = {
    "GET", "HEAD", "POST", "PUT", "DELETE", "PURGE", "LINK", NULL
};

static const char *const  values[] = {
    "*", "!", "1", "2", "~1", "~^1, 2$", "~*^A$", "", NULL
};

static const char *const  request_names[] = {
    "X-H", "x-h", "X-G", "Cookie", NULL
};

static const char *const  request_values[] = {
    "1", "2", "12", "a", "", NULL
};

static const char *const  cookies[] = {
    "c=1", "b=1; c=2", "c=2; c=1", "C=1", " c = a ;", "c", NULL
};

static const char *const  networks[] = {
    "10.0.0.0", "10.1.0.0", "10.1.2.3", "2001:db8::"
};

static const char *const  addresses[] = {
    "10.0.0.1", "10.1.0.1", "10.1.2.3", "192.0.2.1", "2001:db8::1", "::1", NULL
};

static const char *const  queries[] = {
    "", "q=1", "q=2&q=1", "q", "q=", "p=1&q=1", "%71=1", "q=%31", "q=1+2",
    "qq=1&&q=2", "q=%zz&p=a", NULL
};


static void
random_add_path(random_t *r, fixture_t *f, fig_set_t *set)
{
    char  path[512];

    switch (random_below(r, 8)) {

    case 0:
    case 1:
        random_path(r, path, false);
        break;

    case 2:
    case 3:
        random_path(r, path, true);
        break;

    case 4:
        random_path(r, path, false);
        strcpy(path + strlen(path) - (path[strlen(path) - 1] == '/'), "/*");
        break;

    default:
        do {
            random_pattern(r, path);
        } while (!fixture_path_find(f, set, path));

        return;
    }

    fixture_path(f, set, path);
}


static void
random_conditions(random_t *r, fixture_t *f, fig_set_t *set)
{
    size_t  n;

    for (n = random_percent(r, 30) ? 1 + random_below(r, 2) : 0; n > 0; n--) {
        fixture_method(f, set, random_of(r, methods));
    }

    if (random_percent(r, 15)) {
        fixture_header(f, set, "x-h", random_of(r, values));
    }

    if (random_percent(r, 5)) {
        fixture_header(f, set, "x-g", random_of(r, values));
    }

    if (random_percent(r, 15)) {
        fixture_query(f, set, "q", random_of(r, values));
    }

    if (random_percent(r, 5)) {
        fixture_query(f, set, "p", random_of(r, values));
    }

    if (random_percent(r, 15)) {
        fixture_cookie(f, set, "c", random_of(r, values));
    }

    if (random_percent(r, 15)) {
        n = random_below(r, FIG_NELTS(networks));
        fixture_client(f, set, networks[n], (uint8_t) (8 * (n + 1)));
    }
}


static void
random_route(random_t *r, fixture_t *f)
{
    size_t        sets, n;
    fig_set_t    *set;
    fig_route_t  *route;

    route = fixture_route(f, "route");
    route->priority = random_percent(r, 15) ? (int) random_below(r, 5) - 2 : 0;

    for (sets = 1 + random_below(r, 2); sets > 0; sets--) {
        set = fixture_set(f, route);

        for (n = random_percent(r, 40) ? 1 + random_below(r, 2) : 0; n > 0;
             n--)
        {
            fixture_host(f, set, random_of(r, hosts));
        }

        for (n = random_percent(r, 95) ? 1 + random_below(r, 3) : 0; n > 0;
             n--)
        {
            random_add_path(r, f, set);
        }

        random_conditions(r, f, set);
    }
}


static void
random_request(random_t *r, fixture_t *f, char *path)
{
    random_path(r, path, false);

    f->request.path = fig_str_from(path);
    f->request.host = fig_str_from(random_of(r, request_hosts));
    f->request.method = fig_str_from(random_of(r, methods));
    f->request.query = fig_str_from(random_of(r, queries));
    f->request.nheaders = 0;
    f->request.client = fixture_addr(random_of(r, addresses));

    while (f->request.nheaders < 4 && random_percent(r, 50)) {
        fixture_request_header(f, random_of(r, request_names),
                               random_of(r, request_values));
    }

    if (random_percent(r, 30)) {
        fixture_request_header(f, "cookie", random_of(r, cookies));
    }
}


static void
show_difference(uint64_t seed, const fixture_t *f,
    const fig_candidate_t *winner)
{
    print_error("rule set of seed %llu: %.*s http://%.*s%.*s?%.*s\n",
                (unsigned long long) seed,
                (int) f->request.method.len, f->request.method.data,
                (int) f->request.host.len, f->request.host.data,
                (int) f->request.path.len, f->request.path.data,
                (int) f->request.query.len, f->request.query.data);

    print_error("  index: route %d, path %s\n",
                f->match.route ? (int) f->match.route->index : -1,
                f->match.path ? f->match.path->source.data : "-");

    print_error("  plain: route %d, path %s\n",
                winner ? (int) winner->route->index : -1,
                winner && winner->path ? winner->path->source.data : "-");
}


/* The winner as the plain matcher sees it; NULL: none. */

static const fig_candidate_t *
plain_winner(fixture_t *f, fig_candidate_t *out, size_t max)
{
    size_t  i, n;

    n = fig_explain(&f->ruleset, &f->request, f->scratch, false, out, max);
    assert_true(n < max);

    for (i = 0; i < n; i++) {
        if (out[i].because == FIG_BECAUSE_WON) {
            return &out[i];
        }
    }

    return NULL;
}


static size_t
check_rule_set(uint64_t seed)
{
    char                    path[512];
    size_t                  i, n;
    random_t                r;
    fixture_t               f;
    const fig_candidate_t  *winner;

    static fig_candidate_t  candidates[4096];

    r.state = seed;
    fixture_init(&f, ROUTES);

    for (n = 1 + random_below(&r, ROUTES); n > 0; n--) {
        random_route(&r, &f);
    }

    fixture_compile(&f);

    for (i = 0; i < REQUESTS; i++) {
        random_request(&r, &f, path);

        fig_match(&f.ruleset, &f.request, f.scratch, &f.match);
        winner = plain_winner(&f, candidates, FIG_NELTS(candidates));

        if (f.match.route != (winner ? winner->route : NULL)
            || f.match.set != (winner ? winner->set : NULL)
            || f.match.path != (winner ? winner->path : NULL))
        {
            show_difference(seed, &f, winner);
            fail();
        }

        n += winner != NULL;
    }

    fixture_release(&f);

    return n;
}


static uint64_t
number_from(const char *name, uint64_t value)
{
    const char  *text;

    text = getenv(name);

    return (text != NULL) ? strtoull(text, NULL, 0) : value;
}


static void
test_index_agrees_with_plain(void **state)
{
    size_t    hits;
    uint64_t  i, seed, rounds;

    (void) state;

    seed = number_from("FIG_PROPERTY_SEED", 20240229);
    rounds = number_from("FIG_PROPERTY_ROUNDS", ROUNDS);
    hits = 0;

    for (i = 0; i < rounds; i++) {
        hits += check_rule_set(seed + i);
    }

    print_message("%llu comparisons, %zu with a winner\n",
                  (unsigned long long) (rounds * REQUESTS), hits);

    /* a test in which nothing matches would pass and say nothing */

    if (rounds >= 100) {
        assert_true(hits > rounds * REQUESTS / 2);
        assert_true(hits < rounds * REQUESTS);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_index_agrees_with_plain)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
