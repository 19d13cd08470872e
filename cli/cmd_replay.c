/*
 * strangler replay: logged requests through rules, and through a change.
 *
 *     replay FILE LOG...                   who would answer them
 *     replay FILE --against OLD LOG...     which of them would move
 *
 * The numbers come from outcome.h; here they become tables or JSON.
 */

#include <math.h>

#include "args.h"
#include "json.h"
#include "number.h"
#include "outcome.h"
#include "rules.h"
#include "table.h"


typedef struct {
    bool            json;
    bool            fail_if_moved;
    const char     *against;
    const char     *host;
    int64_t         samples;
    int64_t         limit;

    cli_rules_t     after;
    cli_rules_t     before;
    cli_replay_t    replay;
    cli_outcome_t   outcome;
} cli_cmd_replay_t;


static char *
cli_replay_route_text(const cli_judge_t *judge, cli_verdict_t verdict)
{
    const fig_route_t  *route;

    route = cli_judge_route(judge, verdict);

    return (route != NULL) ? cli_show(route->name) : cli_format("none");
}


static json_t *
cli_replay_place_json(const cli_replay_t *replay, uint32_t place)
{
    json_t             *entry;
    const cli_place_t  *p;

    p = &replay->places.items[place];
    entry = json_object();

    json_object_set_new(entry, "backend", p->is_backend
                        ? cli_json_str(fig_str_from(p->name)) : json_null());
    json_object_set_new(entry, "status", p->status != 0
                        ? json_integer(p->status) : json_null());

    return entry;
}


/* Counts are whole where they are exact, else to a hundredth. */

static json_t *
cli_replay_number(double n)
{
    return (n == floor(n)) ? json_integer((json_int_t) n)
                           : json_real(round(100 * n) / 100);
}


static json_t *
cli_replay_side_json(const cli_replay_t *replay, const cli_judge_t *judge,
    cli_verdict_t verdict)
{
    json_t             *entry, *place;
    const fig_route_t  *route;

    route = cli_judge_route(judge, verdict);
    entry = json_object();
    json_object_set_new(entry, "route", route != NULL
                        ? cli_json_str(route->name) : json_null());

    place = cli_replay_place_json(replay, verdict.place);
    json_object_update(entry, place);
    json_decref(place);

    return entry;
}


static json_t *
cli_replay_head_json(const cli_replay_t *replay)
{
    return json_pack("{s:I, s:I, s:I}",
                     "lines", (json_int_t) replay->lines,
                     "requests", (json_int_t) replay->requests,
                     "malformed", (json_int_t) replay->malformed);
}


static void
cli_replay_moves_json(cli_cmd_replay_t *cmd)
{
    size_t            i, n;
    json_t           *document, *list, *entry, *samples;
    uint32_t          k;
    const cli_row_t  *row;

    document = cli_replay_head_json(&cmd->replay);
    n = cli_outcome_moves(&cmd->outcome);
    list = json_array();

    for (i = 0; i < n; i++) {
        row = &cmd->outcome.items[i];
        samples = json_array();

        for (k = 0; k < row->cell->nsamples; k++) {
            json_array_append_new(samples,
                cli_json_str(fig_str_from(row->cell->samples[k])));
        }

        entry = json_object();
        json_object_set_new(entry, "requests", cli_replay_number(row->n));
        json_object_set_new(entry, "expected", json_boolean(row->expected));
        json_object_set_new(entry, "from",
            cli_replay_side_json(&cmd->replay, &cmd->replay.before,
                                 row->from));
        json_object_set_new(entry, "to",
            cli_replay_side_json(&cmd->replay, &cmd->replay.after, row->to));
        json_object_set_new(entry, "samples", samples);
        json_array_append_new(list, entry);
    }

    json_object_set_new(document, "moved",
                        cli_replay_number(cmd->outcome.moved));
    json_object_set_new(document, "expected",
                        json_boolean(cmd->outcome.expected));
    json_object_set_new(document, "rerouted",
                        cli_replay_number(cmd->outcome.rerouted));
    json_object_set_new(document, "moves", list);
    cli_json_print(document);
}


static void
cli_replay_samples(const cli_row_t *row)
{
    char      *shown;
    uint32_t   k;

    for (k = 0; k < row->cell->nsamples; k++) {
        shown = cli_show_text(row->cell->samples[k]);
        printf("    %s\n", shown);
        free(shown);
    }
}


static void
cli_replay_moves_table(const cli_cmd_replay_t *cmd, size_t n)
{
    char                *text, number[CLI_NUMBER_SIZE];
    size_t               i;
    cli_table_t         *table;
    const cli_row_t     *row;
    const cli_place_t   *places;

    static const cli_column_t  columns[] = {
        { "#", CLI_RIGHT }, { "REQUESTS", CLI_RIGHT }, { "FROM", CLI_CUT },
        { "TO", CLI_CUT }, { "ROUTE BEFORE", CLI_CUT },
        { "ROUTE AFTER", CLI_CUT }
    };

    table = cli_table_create(columns, FIG_NELTS(columns));
    places = cmd->replay.places.items;

    for (i = 0; i < n; i++) {
        row = &cmd->outcome.items[i];

        cli_table_addf(table, CLI_DIM, "%zu", i + 1);
        cli_table_addf(table, CLI_BOLD, "%s%s", row->expected ? "~" : "",
                       cli_count_text(row->n, number));
        cli_table_add(table, CLI_PLAIN, places[row->from.place].name);
        cli_table_add(table, CLI_PLAIN, places[row->to.place].name);

        text = cli_replay_route_text(&cmd->replay.before, row->from);
        cli_table_add(table, CLI_PLAIN, text);
        free(text);

        text = cli_replay_route_text(&cmd->replay.after, row->to);
        cli_table_add(table, CLI_PLAIN, text);
        free(text);
    }

    cli_table_print(table, stdout, cli_term_width(), false);
    cli_table_destroy(table);
}


static void
cli_replay_moves(cli_cmd_replay_t *cmd)
{
    char           moved[CLI_NUMBER_SIZE], all[CLI_NUMBER_SIZE];
    char           share[CLI_NUMBER_SIZE];
    size_t         i, n, shown;
    const double   requests = (double) cmd->replay.requests;

    n = cli_outcome_moves(&cmd->outcome);

    printf("%s%s of %s requests would move%s", cmd->outcome.expected
           ? "about " : "", cli_count_text(cmd->outcome.moved, moved),
           cli_count_text(requests, all), n != 0 ? "" : "\n");

    if (n != 0) {
        printf(" (%s)\n\n",
               cli_share_text(cmd->outcome.moved, requests, share));

        shown = (n < (size_t) cmd->limit) ? n : (size_t) cmd->limit;
        cli_replay_moves_table(cmd, shown);

        for (i = 0; i < shown && cmd->samples != 0; i++) {
            printf("\n%zu  such as\n", i + 1);
            cli_replay_samples(&cmd->outcome.items[i]);
        }

        if (shown < n) {
            printf("\n%zu more kinds of move: --limit\n", n - shown);
        }
    }

    if (cmd->outcome.rerouted > 0) {
        printf("%s%s requests get another route, and go where they went\n",
               n != 0 ? "\n" : "",
               cli_count_text(cmd->outcome.rerouted, moved));
    }
}


/* One route's rows lie side by side: the end of those that begin at i. */

static size_t
cli_replay_next(const cli_outcome_t *outcome, size_t i, double *requests)
{
    size_t  k;

    *requests = 0;

    for (k = i; k < outcome->n && outcome->items[k].to.route
                                  == outcome->items[i].to.route; k++)
    {
        *requests += outcome->items[k].n;
    }

    return k;
}


/* Where the rows from i to end go: "orders 12, legacy ~36". */

static char *
cli_replay_places_text(const cli_cmd_replay_t *cmd, size_t i, size_t end)
{
    char             *text, *longer, number[CLI_NUMBER_SIZE];
    const cli_row_t  *row;

    text = cli_format("%s", "");

    for ( ; i < end; i++) {
        row = &cmd->outcome.items[i];
        longer = cli_format("%s%s%s %s%s", text, text[0] != '\0' ? ", " : "",
                            cmd->replay.places.items[row->to.place].name,
                            row->expected ? "~" : "",
                            cli_count_text(row->n, number));
        free(text);
        text = longer;
    }

    return text;
}


static char *
cli_replay_stage_text(const fig_route_t *route)
{
    char  number[CLI_NUMBER_SIZE];

    if (route == NULL || route->stage == FIG_STAGE_NONE) {
        return cli_format("-");
    }

    if (route->stage != FIG_STAGE_RAMP) {
        return cli_format("%s", fig_stage_name(route->stage));
    }

    return cli_format("ramp %s", cli_percent_text(route->percent / 100.0,
                                                  number));
}


/* Names of routes that got nothing, at most ten of them. */

static void
cli_replay_idle(const cli_cmd_replay_t *cmd)
{
    char               *shown;
    bool               *used;
    size_t              i, n;
    const char         *gap;
    const fig_model_t  *model;

    model = cmd->replay.after.model;
    used = cli_alloc(model->nroutes, sizeof(bool));
    n = 0;

    for (i = 0; i < cmd->outcome.n; i++) {
        if (cmd->outcome.items[i].to.route != 0) {
            used[cmd->outcome.items[i].to.route - 1] = true;
        }
    }

    for (i = 0; i < model->nroutes; i++) {
        if (used[i]) {
            continue;
        }

        gap = (n == 0) ? "\nroutes without a request: " : ", ";

        if (n < 10) {
            shown = cli_show(model->routes[i].name);
            printf("%s%s", gap, shown);
            free(shown);
        }

        n++;
    }

    if (n != 0) {
        printf(n > 10 ? " and %zu more\n" : "\n", n - 10);
    }

    free(used);
}


static void
cli_replay_counts(cli_cmd_replay_t *cmd)
{
    char           *text, number[CLI_NUMBER_SIZE];
    size_t          i, end;
    double          requests;
    cli_table_t    *table;
    const double    all = (double) cmd->replay.requests;

    static const cli_column_t  columns[] = {
        { "ROUTE", CLI_CUT }, { "STAGE", CLI_LEFT }, { "REQUESTS", CLI_RIGHT },
        { "SHARE", CLI_RIGHT }, { "GO TO", CLI_CUT }
    };

    printf("%s request%s\n\n", cli_count_text(all, number),
           all == 1 ? "" : "s");

    cli_outcome_by_route(&cmd->outcome);
    table = cli_table_create(columns, FIG_NELTS(columns));

    for (i = 0; i < cmd->outcome.n; i = end) {
        end = cli_replay_next(&cmd->outcome, i, &requests);

        text = cli_replay_route_text(&cmd->replay.after,
                                     cmd->outcome.items[i].to);
        cli_table_add(table, CLI_BOLD, text);
        free(text);

        text = cli_replay_stage_text(cli_judge_route(&cmd->replay.after,
                                     cmd->outcome.items[i].to));
        cli_table_add(table, CLI_PLAIN, text);
        free(text);

        cli_table_add(table, CLI_PLAIN, cli_count_text(requests, number));
        cli_table_add(table, CLI_PLAIN,
                      cli_share_text(requests, all, number));

        text = cli_replay_places_text(cmd, i, end);
        cli_table_add(table, CLI_PLAIN, text);
        free(text);
    }

    if (cmd->outcome.n != 0) {
        cli_table_print(table, stdout, cli_term_width(), false);
    }

    cli_table_destroy(table);
    cli_replay_idle(cmd);
}


static void
cli_replay_counts_json(cli_cmd_replay_t *cmd)
{
    size_t              i, end;
    double              requests;
    json_t             *document, *list, *entry, *places, *place;
    const cli_row_t    *row;
    const fig_route_t  *route;

    document = cli_replay_head_json(&cmd->replay);
    list = json_array();
    cli_outcome_by_route(&cmd->outcome);

    for (i = 0; i < cmd->outcome.n; i = end) {
        end = cli_replay_next(&cmd->outcome, i, &requests);
        route = cli_judge_route(&cmd->replay.after, cmd->outcome.items[i].to);
        places = json_array();

        entry = json_object();
        json_object_set_new(entry, "route", route != NULL
                            ? cli_json_str(route->name) : json_null());
        json_object_set_new(entry, "requests",
                            cli_replay_number(round(requests)));
        json_object_set_new(entry, "to", places);
        json_array_append_new(list, entry);

        for ( ; i < end; i++) {
            row = &cmd->outcome.items[i];
            place = cli_replay_place_json(&cmd->replay, row->to.place);
            json_object_set_new(place, "requests", cli_replay_number(row->n));
            json_object_set_new(place, "expected",
                                json_boolean(row->expected));
            json_array_append_new(places, place);
        }
    }

    json_object_set_new(document, "routes", list);
    cli_json_print(document);
}


/* What the numbers do not rest on. */

static void
cli_replay_warn(const cli_cmd_replay_t *cmd)
{
    char                 number[CLI_NUMBER_SIZE];
    bool                 host, cookie, header;
    const cli_judge_t   *after, *before;

    after = &cmd->replay.after;
    before = &cmd->replay.before;
    host = (after->by_host || before->by_host) && cmd->host == NULL;
    cookie = after->by_cookie || before->by_cookie;
    header = after->by_header || before->by_header;

    if (cmd->replay.malformed != 0) {
        cli_warn("%s of %llu lines are no requests in the combined format",
                 cli_count_text((double) cmd->replay.malformed, number),
                 (unsigned long long) cmd->replay.lines);
    }

    if (host) {
        cli_warn("rules name hosts, which the log does not: --host says whose "
                 "it is");
    }

    if (cookie || header) {
        cli_warn("rules look at %s%s%s that the log does not have: these "
                 "count as missing", cookie ? "cookies" : "",
                 cookie && header ? " and " : "", header ? "headers" : "");
    }
}


static cli_exit_t
cli_replay_logs(cli_cmd_replay_t *cmd, const cli_list_t *operands)
{
    size_t      i;
    cli_exit_t  code;

    code = (operands->n == 1) ? cli_replay_file(&cmd->replay, "-") : CLI_OK;

    for (i = 1; i < operands->n; i++) {
        code = cli_worse(code, cli_replay_file(&cmd->replay,
                                               operands->items[i]));
    }

    cli_outcome_init(&cmd->outcome, &cmd->replay);
    cli_replay_warn(cmd);

    if (cmd->json) {
        if (cmd->against != NULL) {
            cli_replay_moves_json(cmd);
        } else {
            cli_replay_counts_json(cmd);
        }

    } else if (cmd->against != NULL) {
        cli_replay_moves(cmd);

    } else {
        cli_replay_counts(cmd);
    }

    if (code == CLI_OK && cmd->fail_if_moved && cmd->outcome.moved > 0) {
        code = CLI_NO;
    }

    free(cmd->outcome.items);

    return code;
}


static cli_exit_t
cli_replay_rules(cli_cmd_replay_t *cmd, const cli_list_t *operands)
{
    cli_exit_t  code;

    code = cli_rules_need(operands->items[0], &cmd->after);

    if (code == CLI_OK && cmd->against != NULL) {
        code = cli_rules_need(cmd->against, &cmd->before);
    }

    if (code != CLI_OK) {
        return code;
    }

    if (!cli_replay_init(&cmd->replay, cmd->after.ruleset,
                         cmd->before.ruleset, cmd->host,
                         (uint32_t) cmd->samples))
    {
        return cli_usage_error("replay", "--host needs a host name");
    }

    code = cli_replay_logs(cmd, operands);
    cli_replay_release(&cmd->replay);

    return code;
}


cli_exit_t
cli_cmd_replay(int argc, char **argv)
{
    cli_exit_t        code;
    cli_list_t        operands;
    cli_cmd_replay_t  cmd;

    const cli_option_t  options[] = {
        { "against", 0, CLI_TEXT, "OLD", "tell what moves, if FILE follows OLD",
          &cmd.against },
        { "host", 0, CLI_TEXT, "HOST", "the host of all requests in the logs",
          &cmd.host },
        { "samples", 0, CLI_NUMBER, "N", "requests shown of each move (3)",
          &cmd.samples },
        { "limit", 0, CLI_NUMBER, "N", "moves shown (20)", &cmd.limit },
        { "fail-if-moved", 0, CLI_FLAG, NULL, "exit status 1 if any would move",
          &cmd.fail_if_moved },
        { "json", 0, CLI_FLAG, NULL, "print JSON", &cmd.json },
        { NULL, 0, CLI_FLAG, NULL, NULL, NULL }
    };

    const cli_spec_t  spec = {
        "replay", "FILE [--against OLD] [LOG...] [OPTION...]",
        "Reads access logs in nginx's combined format, or the common one, "
        "plain or gzip,\nand tells which backends the rules in FILE would send "
        "these requests to; with\n--against, how many would go elsewhere than "
        "by the rules in OLD.  `-`, or no\nLOG, is stdin.  What a log does not "
        "tell counts by the shares in the rules: ~.",
        1, CLI_ANY, { options }
    };

    memset(&cmd, 0, sizeof(cli_cmd_replay_t));
    cmd.samples = 3;
    cmd.limit = 20;

    if (!cli_args_parse(&spec, argc, argv, &operands, &code)) {
        return code;
    }

    code = (cmd.samples <= 1000)
           ? cli_replay_rules(&cmd, &operands)
           : cli_usage_error("replay", "--samples is at most 1000");

    cli_rules_release(&cmd.after);
    cli_rules_release(&cmd.before);
    free(operands.items);

    return code;
}
