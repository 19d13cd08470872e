/*
 * strangler advance: walks a route up, step by step, and back at once when it
 * does not do well.
 *
 *     advance ROUTE --steps 1,5,25,100 --every 10m --abort-if 'errors>1%'
 *
 *     0  every step went well, the last one stays
 *     1  it is where it was before; or somebody else has it now
 *
 * Not to know is not to do well.  Ctrl-C goes back, too.
 */

#include "advance.h"
#include "fig_text.h"
#include "number.h"
#include "stop.h"
#include "term.h"


#define CLI_ADVANCE_STEPS   64
#define CLI_ADVANCE_LEAST   100        /* requests a step */
#define CLI_ADVANCE_EVERY   (INT64_C(10) * 60 * 1000)          /* ms */
#define CLI_ADVANCE_MOST    (INT64_C(14) * 86400 * 1000)
#define CLI_ADVANCE_LOOK    5000       /* ms, between two looks, at most */
#define CLI_ADVANCE_SOON    100        /* and at least */
#define CLI_ADVANCE_BAR     20         /* columns */


typedef struct {
    const char      *steps_text;
    const char      *reason;
    int64_t          every;            /* ms */
    int64_t          least;
    bool             unready;
    cli_list_t       gate_texts;
    size_t           nsteps;
    double           steps[CLI_ADVANCE_STEPS];
    bool             draws;            /* on a terminal */
    json_t          *told;             /* of steps, for --json */
    cli_api_t        api;
    cli_advance_t    advance;
} cli_cmd_advance_t;


static const char *const  cli_advance_gates[] = { "errors>1%", "p99>1.5x" };


/* Ascending, above 0 up to 100, at most two decimals. */

static bool
cli_advance_steps(cli_cmd_advance_t *cmd)
{
    char        *end;
    double       percent, last;
    const char  *p;

    last = 0;

    for (p = cmd->steps_text; ; p = end + 1) {
        if (*p < '0' || *p > '9' || cmd->nsteps == CLI_ADVANCE_STEPS) {
            return false;
        }

        percent = strtod(p, &end);

        if (strspn(p, "0123456789.") != (size_t) (end - p)
            || (memchr(p, '.', (size_t) (end - p)) != NULL
                && end - strchr(p, '.') > 3)
            || percent <= last || percent > 100)
        {
            return false;
        }

        end += (*end == '%');
        cmd->steps[cmd->nsteps++] = percent;
        last = percent;

        if (*end != ',') {
            return *end == '\0';
        }
    }
}


/* Steps that are behind the route already are not made. */

static void
cli_advance_skip(cli_cmd_advance_t *cmd)
{
    size_t       i, n;
    const char  *stage;

    stage = cmd->advance.stage;

    for (i = 0, n = 0; i < cmd->nsteps; i++) {
        if (cmd->steps[i] > cmd->advance.percent
            || (cmd->steps[i] >= 100 && strcmp(stage, "ramp") == 0))
        {
            cmd->steps[n++] = cmd->steps[i];
        }
    }

    cmd->nsteps = n;
}


static char *
cli_advance_stage(const char *stage, double percent)
{
    char  text[CLI_NUMBER_SIZE];

    return (strcmp(stage, "ramp") == 0)
           ? cli_format("ramp %s", cli_percent_text(percent, text))
           : cli_format("%s", stage);
}


static char *
cli_advance_step_name(double percent)
{
    return cli_advance_stage(percent < 100 ? "ramp" : "live", percent);
}


/* What is printed of the walk; with --json nothing is, until its end. */

static void
cli_advance_say(const cli_cmd_advance_t *cmd, char *line)
{
    char  *shown;

    if (!cli_api_is_json()) {
        shown = cli_show_text(line);
        printf("%s%s\n", cmd->draws ? "\r\033[K" : "", shown);
        fflush(stdout);
        free(shown);
    }

    free(line);
}


/* The bar of a step, drawn over the one before. */

static void
cli_advance_draw(const cli_cmd_advance_t *cmd, size_t step, double left)
{
    char    span[CLI_NUMBER_SIZE], bar[CLI_ADVANCE_BAR + 1], *name, *figures;
    char   *line, *shown;
    double  done;
    size_t  i, columns, len;

    if (!cmd->draws) {
        return;
    }

    left = (left > 0) ? left : 0;
    done = 1 - left * 1000 / (double) cmd->every;

    for (i = 0; i < CLI_ADVANCE_BAR; i++) {
        bar[i] = ((double) i < done * CLI_ADVANCE_BAR) ? '#' : '-';
    }

    bar[i] = '\0';
    name = cli_advance_step_name(cmd->steps[step]);
    figures = cli_advance_figures(&cmd->advance);
    line = cli_format("%s [%s] %s left, %s", name, bar,
                      cli_span_text(left, span), figures);
    shown = cli_show_text(line);
    columns = cli_term_width();
    columns = (columns > 1) ? columns - 1 : 79;
    len = cli_text_fit(shown, &columns);
    printf("\r%.*s\033[K", (int) len, shown);
    fflush(stdout);

    free(shown);
    free(line);
    free(figures);
    free(name);
}


static void
cli_advance_tell_step(cli_cmd_advance_t *cmd, size_t step, const char *verdict)
{
    char                     *figures, *name;
    double                    is, was;
    json_t                   *entry;
    const cli_counts_t       *counts;

    counts = &cmd->advance.counts;
    name = cli_advance_step_name(cmd->steps[step]);
    figures = cli_advance_figures(&cmd->advance);
    cli_advance_say(cmd, cli_format("%s: %s: %s", name, figures, verdict));
    free(figures);
    free(name);

    is = cli_counts_quantile(counts, &counts->on_new, 0.99);
    was = cli_counts_quantile(counts, &counts->on_old, 0.99);
    entry = json_pack("{s:s, s:f, s:I, s:I, s:{s:o, s:o}, s:s}",
        "stage", cmd->steps[step] < 100 ? "ramp" : "live",
        "percent", cmd->steps[step],
        "requests", (json_int_t) counts->on_new.requests,
        "errors", (json_int_t) counts->on_new.errors,
        "p99", "new", is < 0 ? json_null() : json_real(is),
        "old", was < 0 ? json_null() : json_real(was),
        "verdict", verdict);
    json_array_append_new(cmd->told, entry);
}


/* Watches a step until its time is over. */

static cli_advance_end_t
cli_advance_watch(cli_cmd_advance_t *cmd, size_t step)
{
    double              end, left;
    int64_t             look;
    cli_advance_end_t   result;

    end = cli_now() + (double) cmd->every / 1000;
    look = cmd->every / 20;
    look = (look > CLI_ADVANCE_LOOK) ? CLI_ADVANCE_LOOK
           : (look < CLI_ADVANCE_SOON) ? CLI_ADVANCE_SOON : look;

    for ( ;; ) {
        left = end - cli_now();
        cli_advance_draw(cmd, step, left);

        if (left <= 0) {
            return cli_advance_look(&cmd->advance, true);
        }

        if (!cli_stop_rest((double) look / 1000 < left
                           ? look : (int64_t) (left * 1000) + 1))
        {
            return CLI_ADVANCE_BAD;
        }

        result = cli_advance_look(&cmd->advance, false);

        if (result != CLI_ADVANCE_GOOD) {
            return result;
        }
    }
}


static cli_advance_end_t
cli_advance_walk(cli_cmd_advance_t *cmd)
{
    char               *name, span[CLI_NUMBER_SIZE];
    size_t              i;
    cli_advance_end_t   result;

    for (i = 0; i < cmd->nsteps; i++) {

        if (cli_stop_signal != 0) {
            return CLI_ADVANCE_BAD;
        }

        result = cli_advance_step(&cmd->advance, cmd->steps[i]);

        if (result != CLI_ADVANCE_GOOD) {
            return result;
        }

        name = cli_advance_step_name(cmd->steps[i]);
        cli_advance_say(cmd, cli_format("step %zu of %zu: %s, for %s", i + 1,
            cmd->nsteps, name, cli_span_text((double) cmd->every / 1000,
                                             span)));
        free(name);

        result = cli_advance_watch(cmd, i);
        cli_advance_tell_step(cmd, i, result == CLI_ADVANCE_GOOD ? "good"
                              : result == CLI_ADVANCE_TAKEN ? "taken"
                              : cli_stop_signal != 0 ? "interrupted" : "bad");

        if (result != CLI_ADVANCE_GOOD) {
            return result;
        }
    }

    return cli_advance_keep(&cmd->advance);
}


static void
cli_advance_report(cli_cmd_advance_t *cmd, const char *outcome)
{
    if (cli_api_is_json()) {
        cli_json_print(json_pack("{s:s, s:s, s:s?, s:{s:s, s:f}, s:O}",
            "route", cmd->advance.name, "outcome", outcome,
            "because", cmd->advance.why,
            "before", "stage", cmd->advance.stage,
            "percent", cmd->advance.percent,
            "steps", cmd->told));
    }
}


static cli_exit_t
cli_advance_ended(cli_cmd_advance_t *cmd, cli_advance_end_t result)
{
    char           *stage, *why;
    bool            back;
    cli_advance_t  *advance = &cmd->advance;

    if (result == CLI_ADVANCE_GOOD) {
        stage = cli_advance_step_name(cmd->steps[cmd->nsteps - 1]);
        cli_advance_say(cmd, cli_format("%s is %s", advance->name, stage));
        cli_advance_report(cmd, "done");
        free(stage);

        return CLI_OK;
    }

    if (cli_stop_signal != 0 && result == CLI_ADVANCE_BAD) {
        free(advance->why);
        advance->why = cli_format("interrupted");
    }

    why = cli_show_text(advance->why);

    if (result == CLI_ADVANCE_TAKEN) {
        cli_error("%s is left alone: %s", advance->name, why);
        cli_advance_report(cmd, "taken");
        free(why);

        return CLI_NO;
    }

    back = cli_advance_back(advance);
    stage = cli_advance_stage(advance->stage, advance->percent);
    cli_error("%s %s %s: %s", advance->name, back ? "is back to"
              : "is not everywhere back to", stage, why);
    cli_advance_report(cmd, back ? "back" : "partly back");
    free(stage);
    free(why);

    return CLI_NO;
}


static cli_exit_t
cli_advance_run(cli_cmd_advance_t *cmd)
{
    cli_exit_t          code;
    cli_advance_end_t   result;

    if (!cli_advance_open(&cmd->advance, &code)) {
        if (code == CLI_NO && cmd->advance.why != NULL) {
            cli_advance_report(cmd, "refused");
        }

        return code;
    }

    cli_advance_skip(cmd);

    if (cmd->nsteps == 0) {
        cli_advance_say(cmd, cli_format("nothing to do: %s is there already",
                                        cmd->advance.name));
        cli_advance_report(cmd, "done");

        return CLI_OK;
    }

    cli_stop_catch();
    result = cli_advance_walk(cmd);

    if (cmd->draws) {
        fputs("\r\033[K", stdout);
        fflush(stdout);
    }

    return cli_advance_ended(cmd, result);
}


/* What was given, as the walk takes it; false: *exit is set. */

static bool
cli_advance_given(cli_cmd_advance_t *cmd, const char *route, cli_exit_t *exit)
{
    char        quoted[FIG_QUOTED];
    bool        good;
    size_t      i;
    cli_list_t  gates;

    if (cmd->steps_text == NULL || !cli_advance_steps(cmd)) {
        *exit = (cmd->steps_text == NULL)
                ? cli_usage_error("advance", "--steps says which percents, "
                                  "such as 1,5,25,100")
                : cli_usage_error("advance", "--steps %s is no ascending list "
                      "of percents such as 1,5,25,100",
                      fig_text_quote(fig_str_from(cmd->steps_text), quoted));
        return false;
    }

    if (cmd->every < CLI_ADVANCE_SOON || cmd->every > CLI_ADVANCE_MOST) {
        *exit = cli_usage_error("advance", "--every is from 100ms to 14d");
        return false;
    }

    gates = cmd->gate_texts;

    for (i = 0; cmd->gate_texts.n == 0 && i < FIG_NELTS(cli_advance_gates);
         i++)
    {
        cli_list_add(&gates, cli_advance_gates[i]);
    }

    cmd->advance.api = &cmd->api;
    cmd->advance.name = route;
    cmd->advance.reason = cmd->reason;
    cmd->advance.unready = cmd->unready;
    cmd->advance.least = (cmd->least > 0) ? (double) cmd->least : 1;
    cmd->advance.lease = 2 * cmd->every / 1000 + 60;
    cmd->draws = cli_term_width() != 0 && !cli_api_is_json();

    good = cli_gates_parse(&cmd->advance.gates, "advance", &gates, exit);
    free(gates.items);
    cmd->gate_texts.items = NULL;

    return good;
}


cli_exit_t
cli_cmd_advance(int argc, char **argv)
{
    cli_exit_t         code;
    cli_list_t         operands;
    cli_cmd_advance_t  cmd;

    const cli_option_t  options[] = {
        { "steps", 0, CLI_TEXT, "LIST", "percents, such as 1,5,25,100; 100 is "
          "stage live", &cmd.steps_text },
        { "every", 0, CLI_TIME, "TIME", "how long each step is watched (10m)",
          &cmd.every },
        { "abort-if", 0, CLI_LIST, "GATE", "errors>1%, p99>300ms, p99>1.5x; "
          "repeatable", &cmd.gate_texts },
        { "min-requests", 0, CLI_NUMBER, "N", "of a step, to tell at all "
          "(100)", &cmd.least },
        { "unready-ok", 0, CLI_FLAG, NULL, "readiness does not matter",
          &cmd.unready },
        { "reason", 0, CLI_TEXT, "TEXT", "why, for the history",
          &cmd.reason },
        { NULL, 0, CLI_FLAG, NULL, NULL, NULL }
    };

    const cli_spec_t  spec = {
        "advance", "ROUTE --steps LIST [OPTION...]",
        "Walks a route up, step by step, and puts it back when a gate says so, "
        "it is no\nlonger ready, or too little came to tell.  Gates are "
        "errors>1% and p99>1.5x\nunless given.",
        1, 1, { options, cli_json_options, cli_api_options }
    };

    memset(&cmd, 0, sizeof(cli_cmd_advance_t));
    cmd.every = CLI_ADVANCE_EVERY;
    cmd.least = CLI_ADVANCE_LEAST;

    if (!cli_args_parse(&spec, argc, argv, &operands, &code)) {
        return code;
    }

    cmd.told = json_array();

    if (cli_advance_given(&cmd, operands.items[0], &code)
        && cli_api_open(&cmd.api, "advance", &code))
    {
        code = cli_advance_run(&cmd);
    }

    cli_advance_close(&cmd.advance);
    cli_api_close(&cmd.api);
    json_decref(cmd.told);
    free(cmd.gate_texts.items);
    free(operands.items);

    if (code != CLI_OK) {
        cli_stop_end();
    }

    return code;
}
