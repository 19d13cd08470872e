/*
 * strangler surface: what is left of the monolith.
 *
 *     REQUESTS  SHARE  PATHS
 *
 * Requests that no route matches, by the shape of their paths, most first.
 */

#include "merge.h"
#include "table.h"
#include "view.h"


#define CLI_SURFACE_ROWS  20


/* Most requests first. */

static int
cli_surface_compare(const void *one, const void *two)
{
    double  a, b;

    a = cli_json_real(*(json_t *const *) one, "requests");
    b = cli_json_real(*(json_t *const *) two, "requests");

    return (a < b) - (a > b);
}


static json_t *
cli_surface_sort(json_t *shapes)
{
    size_t    i, n;
    json_t   *sorted, **items;

    n = json_array_size(shapes);
    items = cli_alloc(n, sizeof(json_t *));

    for (i = 0; i < n; i++) {
        items[i] = json_array_get(shapes, i);
    }

    qsort(items, n, sizeof(json_t *), cli_surface_compare);
    sorted = json_array();

    for (i = 0; i < n; i++) {
        json_array_append(sorted, items[i]);
    }

    free(items);
    json_decref(shapes);

    return sorted;
}


/* Sums of a number over all nodes. */

static double
cli_surface_sum(const cli_api_t *api, const char *member)
{
    size_t  i;
    double  sum;

    sum = 0;

    for (i = 0; i < api->nodes.n; i++) {
        sum += cli_json_real(api->documents[i], member);
    }

    return sum;
}


static void
cli_surface_print(const cli_api_t *api, const json_t *shapes, size_t limit)
{
    char          number[CLI_NUMBER_SIZE];
    size_t        i, n;
    double        total, since, requests;
    json_t       *shape;
    cli_table_t  *table;

    static const cli_column_t  columns[] = {
        { "REQUESTS", CLI_RIGHT }, { "SHARE", CLI_RIGHT }, { "PATHS", CLI_CUT }
    };

    total = cli_surface_sum(api, "total");
    n = json_array_size(shapes);

    if (n == 0) {
        puts("no request has come that no route matches");
        return;
    }

    printf("%s requests that no route matches", cli_count_text(total, number));

    if (cli_time_parse(cli_json_text(cli_api_first(api), "since"), &since)) {
        printf(", the first %s", cli_ago_text(since, cli_now(), number));
    }

    fputs("\n\n", stdout);
    table = cli_table_create(columns, FIG_NELTS(columns));

    for (i = 0; i < n && i < limit; i++) {
        shape = json_array_get(shapes, i);
        requests = cli_json_real(shape, "requests");
        cli_table_add(table, CLI_BOLD, cli_count_text(requests, number));
        cli_table_add(table, CLI_PLAIN,
                      cli_share_text(requests, total, number));
        cli_table_add(table, CLI_PLAIN, cli_json_text(shape, "shape"));
    }

    cli_table_print(table, stdout, cli_term_width(), false);
    cli_table_destroy(table);

    if (n > limit) {
        printf("\n%zu more: --limit\n", n - limit);
    }
}


cli_exit_t
cli_cmd_surface(int argc, char **argv)
{
    json_t      *shapes;
    int64_t      limit;
    cli_api_t    api;
    cli_exit_t   code;
    cli_list_t   operands;

    const cli_option_t  options[] = {
        { "limit", 0, CLI_NUMBER, "N", "paths shown (20)", &limit },
        { NULL, 0, CLI_FLAG, NULL, NULL, NULL }
    };

    const cli_spec_t  spec = {
        "surface", "[OPTION...]",
        "Lists the paths that no route matches and `default` still serves, "
        "most requests\nfirst: what is left of the monolith.",
        0, 0, { options, cli_json_options, cli_api_options }
    };

    limit = CLI_SURFACE_ROWS;

    if (!cli_args_parse(&spec, argc, argv, &operands, &code)) {
        return code;
    }

    if (cli_api_open(&api, "surface", &code)) {
        code = cli_api_list(&api, "v1/surface", "shapes", NULL);
        shapes = cli_surface_sort(cli_merge(&api, "shapes", "shape"));

        if (cli_api_first(&api) == NULL) {
            /* void: what went wrong was said */

        } else if (cli_api_is_json()) {
            cli_json_print(json_pack("{s:O, s:I, s:I}", "shapes", shapes,
                "total", (json_int_t) cli_surface_sum(&api, "total"),
                "error", (json_int_t) cli_surface_sum(&api, "error")));

        } else {
            cli_surface_print(&api, shapes, (size_t) limit);
        }

        json_decref(shapes);
    }

    cli_api_close(&api);

    return code;
}
