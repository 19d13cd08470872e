/*
 * What a match costs: rule sets of 1 to 10,000 routes of each kind, hit and
 * miss, and what building their indexes costs.
 *
 *     match_bench              a table: ns a match, by kind and number
 *     match_bench KIND N OP    OP = hit or miss: one case, 1,000 matches; for
 *                              callgrind, with --toggle-collect=fig_match
 */

#define _POSIX_C_SOURCE 199309L

#include <time.h>

#include "rules_fixture.h"


#define MATCHES  1000


typedef struct {
    const char  *name;
    const char  *path;             /* %u becomes the route's number */
    const char  *hit;
    const char  *miss;
    bool         hosts;            /* %u in the host instead */
} kind_t;


static const kind_t  kinds[] = {
    { "exact", "/api/v1/item%05u", "/api/v1/item%05u",
      "/api/v1/itemxxxxx", false },
    { "prefix", "/api/item%05u/*", "/api/item%05u/orders/42",
      "/api/itemxxxxx/orders/42", false },
    { "template", "/api/item%05u/{id}/lines", "/api/item%05u/42/lines",
      "/api/item%05u/42/pages", false },
    { "segment", "~^/api/v\\d+/item%05u/\\d+$", "/api/v1/item%05u/77",
      "/api/v1/itemxxxxx/77", false },
    { "gram", "~^/api/v\\d+/item-%05u-\\d+$", "/api/v1/item-%05u-77",
      "/api/v1/item-xxxxx-77", false },
    { "host", "/orders/*", "/orders/42", "/carts/42", true },
};

static const unsigned  numbers[] = { 1, 10, 1000, 10000 };


static double
milliseconds(void)
{
    struct timespec  t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);

    return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}


/* Writes format with its %u, if it has one, filled in. */

static const char *
fill_in(const char *format, unsigned n, char *out)
{
    const char  *p;

    p = strstr(format, "%05u");

    if (p == NULL) {
        return strcpy(out, format);
    }

    sprintf(out, "%.*s%05u%s", (int) (p - format), format, n, p + 4);

    return out;
}


/* Builds the rules; returns what the index cost, in ms. */

static double
build(fixture_t *f, const kind_t *kind, unsigned n)
{
    char          text[128];
    double        start;
    unsigned      i;
    fig_set_t    *set;

    fixture_init(f, n);

    for (i = 0; i < n; i++) {
        set = fixture_set(f, fixture_route(f, "route"));
        fixture_path(f, set, fill_in(kind->path, i, text));

        if (kind->hosts) {
            sprintf(text, "shop%05u.example.com", i);
            fixture_host(f, set, text);
        }
    }

    start = milliseconds();
    fixture_compile(f);

    return milliseconds() - start;
}


/* The time of a match in ns. */

static double
run(fixture_t *f, const kind_t *kind, unsigned n, bool hit, unsigned rounds)
{
    bool      found;
    char      path[128], host[128];
    double    start;
    unsigned  i;

    sprintf(host, "shop%05u.example.com", n / 2);

    f->request.host = fig_str_from(host);
    f->request.path = fig_str_from(fill_in(hit ? kind->hit : kind->miss,
                                           n / 2, path));
    start = milliseconds();

    for (i = 0; i < rounds; i++) {
        fig_match(&f->ruleset, &f->request, f->scratch, &f->match);
    }

    found = f->match.route != NULL;
    assert_true(found == hit);

    return (milliseconds() - start) * 1e6 / rounds;
}


static void
table(void)
{
    double     built, hit, miss;
    size_t     size, k, i;
    fixture_t  f;

    printf("%-10s %8s %10s %10s %10s %10s\n", "kind", "routes", "hit ns",
           "miss ns", "index ms", "index KiB");

    for (k = 0; k < FIG_NELTS(kinds); k++) {
        for (i = 0; i < FIG_NELTS(numbers); i++) {
            built = build(&f, &kinds[k], numbers[i]);
            size = fig_arena_size(f.ruleset.arena);
            fixture_compile(&f);
            size = fig_arena_size(f.ruleset.arena) - size;

            hit = run(&f, &kinds[k], numbers[i], true, 100 * MATCHES);
            miss = run(&f, &kinds[k], numbers[i], false, 100 * MATCHES);

            printf("%-10s %8u %10.0f %10.0f %10.1f %10zu\n", kinds[k].name,
                   numbers[i], hit, miss, built, size / 1024);

            fixture_release(&f);
        }
    }
}


int
main(int argc, char **argv)
{
    size_t     k;
    unsigned   n;
    fixture_t  f;

    if (argc != 4) {
        table();
        return 0;
    }

    n = (unsigned) strtoul(argv[2], NULL, 10);

    for (k = 0; k < FIG_NELTS(kinds); k++) {
        if (strcmp(kinds[k].name, argv[1]) == 0 && n > 0) {
            build(&f, &kinds[k], n);
            run(&f, &kinds[k], n, strcmp(argv[3], "hit") == 0, MATCHES);
            fixture_release(&f);
            return 0;
        }
    }

    fprintf(stderr, "usage: match_bench [KIND N hit|miss]\n");

    return 2;
}
