/*
 * Random rule sets and requests over small alphabets, so that much overlaps.
 */

#ifndef RANDOM_RULES_H
#define RANDOM_RULES_H

#include "random_paths.h"
#include "rules_fixture.h"


#define RANDOM_ROUTES  40


static const char *const  random_hosts[] = {
    "a.test", "b.test", "x.a.test", "*.test", "*.a.test", "*.x.a.test",
    "*.b.test", "test", NULL
};

static const char *const  random_request_hosts[] = {
    "", "a.test", "b.test", "x.a.test", "y.x.a.test", "z.y.x.a.test",
    "c.b.test", "test", ".test", ".a.test", "other", "x.other", NULL
};

static const char *const  random_methods[] = {
    "GET", "HEAD", "POST", "PUT", "DELETE", "PURGE", "LINK", NULL
};

static const char *const  random_values[] = {
    "*", "!", "1", "2", "~1", "~^1, 2$", "~*^A$", "", NULL
};

static const char *const  random_request_names[] = {
    "X-H", "x-h", "X-G", "Cookie", NULL
};

static const char *const  random_request_values[] = {
    "1", "2", "12", "a", "", NULL
};

static const char *const  random_cookies[] = {
    "c=1", "b=1; c=2", "c=2; c=1", "C=1", " c = a ;", "c", NULL
};

static const char *const  random_networks[] = {
    "10.0.0.0", "10.1.0.0", "10.1.2.3", "2001:db8::"
};

static const char *const  random_addresses[] = {
    "10.0.0.1", "10.1.0.1", "10.1.2.3", "192.0.2.1", "2001:db8::1", "::1", NULL
};

static const char *const  random_queries[] = {
    "", "q=1", "q=2&q=1", "q", "q=", "p=1&q=1", "%71=1", "q=%31", "q=1+2",
    "qq=1&&q=2", "q=%zz&p=a", NULL
};


static inline void
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


static inline void
random_conditions(random_t *r, fixture_t *f, fig_set_t *set)
{
    size_t  n;

    for (n = random_percent(r, 30) ? 1 + random_below(r, 2) : 0; n > 0; n--) {
        fixture_method(f, set, random_of(r, random_methods));
    }

    if (random_percent(r, 15)) {
        fixture_header(f, set, "x-h", random_of(r, random_values));
    }

    if (random_percent(r, 5)) {
        fixture_header(f, set, "x-g", random_of(r, random_values));
    }

    if (random_percent(r, 15)) {
        fixture_query(f, set, "q", random_of(r, random_values));
    }

    if (random_percent(r, 5)) {
        fixture_query(f, set, "p", random_of(r, random_values));
    }

    if (random_percent(r, 15)) {
        fixture_cookie(f, set, "c", random_of(r, random_values));
    }

    if (random_percent(r, 15)) {
        n = random_below(r, FIG_NELTS(random_networks));
        fixture_client(f, set, random_networks[n], (uint8_t) (8 * (n + 1)));
    }
}


static inline void
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
            fixture_host(f, set, random_of(r, random_hosts));
        }

        for (n = random_percent(r, 95) ? 1 + random_below(r, 3) : 0; n > 0;
             n--)
        {
            random_add_path(r, f, set);
        }

        random_conditions(r, f, set);
    }
}


/* A compiled rule set of at most RANDOM_ROUTES, for which f has room. */

static inline void
random_rules(random_t *r, fixture_t *f)
{
    size_t  n;

    for (n = 1 + random_below(r, RANDOM_ROUTES); n > 0; n--) {
        random_route(r, f);
    }

    fixture_compile(f);
}


static inline void
random_request(random_t *r, fixture_t *f, char *path)
{
    random_path(r, path, false);

    f->request.path = fig_str_from(path);
    f->request.host = fig_str_from(random_of(r, random_request_hosts));
    f->request.method = fig_str_from(random_of(r, random_methods));
    f->request.query = fig_str_from(random_of(r, random_queries));
    f->request.nheaders = 0;
    f->request.client = fixture_addr(random_of(r, random_addresses));

    while (f->request.nheaders < 4 && random_percent(r, 50)) {
        fixture_request_header(f, random_of(r, random_request_names),
                               random_of(r, random_request_values));
    }

    if (random_percent(r, 30)) {
        fixture_request_header(f, "cookie", random_of(r, random_cookies));
    }
}


#endif /* RANDOM_RULES_H */
