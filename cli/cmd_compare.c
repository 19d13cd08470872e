/*
 * strangler compare: two saved answers, judged as the router judges a pair.
 *
 *     A, B          files as `curl -i` prints them
 *     --options     the `compare` of a route, with the same diagnostics
 *     ->            match 0, mismatch 1, incomparable 3
 */

#include <time.h>

#include "args.h"
#include "fig_comparing.h"
#include "fig_text.h"
#include "json.h"
#include "response.h"
#include "rules.h"
#include "term.h"


#define CLI_COMPARE_KEEP  ((size_t) 64 * 1024 * 1024)


typedef struct {
    cli_rules_t           rules;
    fig_str_t             text;        /* of the options */
    fig_comparing_t      *comparing;
    fig_answers_t         pair;
    fig_host_map_t       *maps;
    cli_response_t        a;
    cli_response_t        b;
    fig_arena_t          *arena;
    fig_comparison_t      result;
    double                speed;       /* MB/s; 0: not asked for */
} cli_compare_t;


/* FILE, or no options at all, as a rule set of one route. */

static cli_exit_t
cli_compare_options(cli_compare_t *compare, const char *path)
{
    fig_status_t   status;
    cli_rules_t   *rules = &compare->rules;

    rules->path = path;
    rules->diags = fig_diags_create();

    if (path != NULL && !cli_file_read(path, &compare->text)) {
        return CLI_FAILED;
    }

    status = (rules->diags != NULL)
             ? fig_files_from_text(fig_str_from(path != NULL ? path : ""),
                                   compare->text, &rules->files)
             : FIG_NOMEM;

    if (status == FIG_OK) {
        status = fig_ruleset_create_compare(rules->files,
                                            &fig_comparing_checks,
                                            &rules->ruleset, rules->diags);
    }

    if (status == FIG_OK) {
        status = fig_comparing_create(rules->ruleset, &compare->comparing,
                                      rules->diags);
    }

    if (status == FIG_INVALID) {
        cli_rules_print_errors(rules, stderr);
        return CLI_FAILED;
    }

    return (status == FIG_OK) ? CLI_OK : cli_error("out of memory");
}


static cli_exit_t
cli_compare_maps(cli_compare_t *compare, const cli_list_t *list)
{
    char         quoted[FIG_QUOTED];
    size_t       i;
    const char  *equals;

    compare->maps = cli_alloc(list->n + 1, sizeof(fig_host_map_t));
    compare->pair.maps = compare->maps;
    compare->pair.nmaps = list->n;

    for (i = 0; i < list->n; i++) {
        equals = strchr(list->items[i], '=');

        if (equals == NULL || equals == list->items[i] || equals[1] == '\0') {
            return cli_usage_error("compare", "--map-host %s is no FROM=TO",
                                   fig_text_quote(fig_str_from(list->items[i]),
                                                  quoted));
        }

        compare->maps[i].from = fig_str(list->items[i],
                                        (size_t) (equals - list->items[i]));
        compare->maps[i].to = fig_str_from(equals + 1);
    }

    return CLI_OK;
}


static double
cli_compare_now(void)
{
    struct timespec  t;

    clock_gettime(CLOCK_MONOTONIC, &t);

    return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}


/* Once, and so many times more where the speed is asked for. */

static cli_exit_t
cli_compare_run(cli_compare_t *compare, const fig_comparer_t *comparer,
    int64_t repeat)
{
    double   start, spent, bytes;
    int64_t  i;

    start = cli_compare_now();

    for (i = 0; i < (repeat > 0 ? repeat : 1); i++) {
        fig_arena_reset(compare->arena, CLI_COMPARE_KEEP);

        if (fig_compare(comparer, &compare->pair, compare->arena,
                        &compare->result) != FIG_OK)
        {
            return cli_error("out of memory");
        }
    }

    spent = cli_compare_now() - start;

    if (repeat > 0) {
        bytes = (double) (compare->pair.a.body.len + compare->pair.b.body.len);
        compare->speed = bytes * (double) repeat / 1e6
                         / (spent > 1e-9 ? spent : 1e-9);
    }

    return CLI_OK;
}


static cli_exit_t
cli_compare_judge(cli_compare_t *compare, int64_t repeat)
{
    cli_exit_t             code;
    const fig_model_t     *model;
    const fig_comparer_t  *comparer;

    model = fig_ruleset_model(compare->rules.ruleset);
    comparer = fig_comparing_of(compare->comparing, &model->routes[0]);

    if (comparer == NULL) {
        return cli_error("the options say compare: none");
    }

    compare->pair.a = compare->a.answer;
    compare->pair.b = compare->b.answer;
    compare->pair.match_data = fig_comparing_match_data_create();
    compare->arena = fig_arena_create();

    if (compare->pair.match_data == NULL || compare->arena == NULL) {
        return cli_error("out of memory");
    }

    code = cli_compare_run(compare, comparer, repeat);

    if (code != CLI_OK) {
        return code;
    }

    switch (compare->result.outcome) {

    case FIG_OUTCOME_MATCH:
        return CLI_OK;

    case FIG_OUTCOME_MISMATCH:
        return CLI_NO;

    default:
        return CLI_INCOMPARABLE;
    }
}


static void
cli_compare_print_json(const cli_compare_t *compare)
{
    size_t                   i;
    json_t                  *document, *list, *one;
    const fig_difference_t  *difference;

    list = json_array();

    for (i = 0; i < compare->result.n; i++) {
        difference = &compare->result.differences[i];

        one = json_pack("{s:s, s:o, s:s, s:o, s:o, s:o}",
                        "part", fig_part_name(difference->part),
                        "path", cli_json_str(difference->path),
                        "kind", fig_kind_name(difference->kind),
                        "from", cli_json_str(difference->from),
                        "to", cli_json_str(difference->to),
                        "pointer", cli_json_str(difference->pointer));

        if (difference->from_value.data != NULL) {
            json_object_set_new(one, "from_value",
                                cli_json_str(difference->from_value));
        }

        if (difference->to_value.data != NULL) {
            json_object_set_new(one, "to_value",
                                cli_json_str(difference->to_value));
        }

        json_array_append_new(list, one);
    }

    document = json_pack("{s:s, s:o}", "outcome",
                         fig_outcome_name(compare->result.outcome),
                         "differences", list);

    if (compare->result.why != NULL) {
        json_object_set_new(document, "reason",
                            json_string(compare->result.why));
    }

    if (compare->result.total > compare->result.n) {
        json_object_set_new(document, "total",
                        json_integer((json_int_t) compare->result.total));
    }

    if (compare->speed > 0) {
        json_object_set_new(document, "mb_per_second",
                            json_real(compare->speed));
    }

    cli_json_print(document);
}


static void
cli_compare_print_one(const fig_difference_t *difference)
{
    char  *path, *pointer, *from, *to;

    path = cli_show(difference->path);
    pointer = cli_show(difference->pointer);
    from = cli_show(difference->from_value.data != NULL
                    ? difference->from_value : difference->from);
    to = cli_show(difference->to_value.data != NULL
                  ? difference->to_value : difference->to);

    printf("%-6s %-9s", fig_part_name(difference->part),
           fig_kind_name(difference->kind));

    if (path[0] != '\0') {
        printf(" %s", path);
    }

    if (from[0] != '\0' || to[0] != '\0') {
        printf("  %s -> %s", from[0] != '\0' ? from : "nothing",
               to[0] != '\0' ? to : "nothing");
    }

    if (pointer[0] != '\0') {
        printf("  at %s", pointer);
    }

    putchar('\n');
    free(path);
    free(pointer);
    free(from);
    free(to);
}


static void
cli_compare_print(const cli_compare_t *compare)
{
    size_t                   i;
    cli_style_t              style;
    const fig_comparison_t  *result = &compare->result;

    style = (result->outcome == FIG_OUTCOME_MATCH) ? CLI_GOOD
            : (result->outcome == FIG_OUTCOME_MISMATCH) ? CLI_BAD : CLI_MIND;

    printf("%s%s%s", cli_style_on(style), fig_outcome_name(result->outcome),
           cli_style_off(style));

    if (result->why != NULL) {
        printf(": %s", result->why);

    } else if (result->total > 0) {
        printf(": %zu difference%s", result->total,
               result->total == 1 ? "" : "s");
    }

    putchar('\n');

    for (i = 0; i < result->n; i++) {
        cli_compare_print_one(&result->differences[i]);
    }

    if (compare->speed > 0) {
        printf("%.1f MB/s\n", compare->speed);
    }
}


static void
cli_compare_release(cli_compare_t *compare)
{
    fig_arena_destroy(compare->arena);
    fig_comparing_match_data_destroy(compare->pair.match_data);
    fig_comparing_destroy(compare->comparing);
    cli_rules_release(&compare->rules);
    cli_response_release(&compare->a);
    cli_response_release(&compare->b);
    free((char *) compare->text.data);
    free(compare->maps);
}


cli_exit_t
cli_cmd_compare(int argc, char **argv)
{
    bool            json;
    int64_t         repeat;
    cli_exit_t      code;
    cli_list_t      operands, maps;
    const char     *path;
    cli_compare_t   compare;

    const cli_option_t  options[] = {
        { "options", 0, CLI_TEXT, "FILE", "the `compare` of a route, as YAML",
          &path },
        { "map-host", 0, CLI_LIST, "FROM=TO",
          "a host of Location that counts as another", &maps },
        { "repeat", 0, CLI_NUMBER, "N", "compare N times and print the speed",
          &repeat },
        { "json", 0, CLI_FLAG, NULL, "print JSON", &json },
        { NULL, 0, CLI_FLAG, NULL, NULL, NULL }
    };

    const cli_spec_t  spec = {
        "compare", "A B [OPTION...]",
        "Compares two answers that were saved as `curl -i` prints them, as the "
        "router\ncompares the answer of the old side, A, with that of the new "
        "one, B.\nExit status 0 for a match, 1 for a mismatch, 3 when they "
        "cannot be compared.",
        2, 2, { options }
    };

    memset(&compare, 0, sizeof(cli_compare_t));
    memset(&maps, 0, sizeof(cli_list_t));
    path = NULL;
    repeat = 0;
    json = false;

    if (!cli_args_parse(&spec, argc, argv, &operands, &code)) {
        free(maps.items);
        return code;
    }

    code = cli_compare_maps(&compare, &maps);

    if (code == CLI_OK) {
        code = cli_compare_options(&compare, path);
    }

    if (code == CLI_OK
        && (!cli_response_read(operands.items[0], &compare.a)
            || !cli_response_read(operands.items[1], &compare.b)))
    {
        code = CLI_FAILED;
    }

    if (code == CLI_OK) {
        code = cli_compare_judge(&compare, repeat);

        if (code != CLI_FAILED) {
            json ? cli_compare_print_json(&compare)
                 : cli_compare_print(&compare);
        }
    }

    cli_compare_release(&compare);
    free(operands.items);
    free(maps.items);

    return code;
}
