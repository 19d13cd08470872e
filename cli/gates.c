/*
 * Reading and judging of gates.
 *
 * A p99 of a hundred requests is one request: before the end of a step it is
 * looked at only when there are ten times as many.  A tiny old side is no
 * measure: 10 ms more than it has are always allowed.
 */

#include <ctype.h>

#include "fig_text.h"
#include "gates.h"
#include "number.h"


#define CLI_GATE_SLACK  0.010          /* s */
#define CLI_GATE_EARLY  10             /* times the least */


static bool
cli_gate_number(const char **p, double *n)
{
    char  *end;

    if (!isdigit((unsigned char) **p)) {
        return false;
    }

    *n = strtod(*p, &end);
    *p = end;

    return *n >= 0 && *n < 1e9;
}


static bool
cli_gate_limit(cli_gate_t *gate, const char *p)
{
    double  n;

    if (!cli_gate_number(&p, &n)) {
        return false;
    }

    if (gate->quantile == 0) {
        gate->limit = n / 100;
        return strcmp(p, "%") == 0 && n <= 100;
    }

    gate->relative = strcmp(p, "x") == 0;
    gate->limit = (strcmp(p, "ms") == 0) ? n / 1000 : n;

    return gate->relative ? n >= 1
                          : strcmp(p, "ms") == 0 || strcmp(p, "s") == 0;
}


static bool
cli_gate_parse(cli_gate_t *gate, const char *text)
{
    size_t  i;

    static const struct {
        const char  *name;
        double       quantile;
    } names[] = { { "errors", 0 }, { "p50", 0.5 }, { "p99", 0.99 } };

    memset(gate, 0, sizeof(cli_gate_t));
    gate->text = text;

    for (i = 0; i < FIG_NELTS(names); i++) {
        if (strncmp(text, names[i].name, strlen(names[i].name)) == 0) {
            gate->quantile = names[i].quantile;
            text += strlen(names[i].name);
            text += strspn(text, " ");

            if (*text != '>') {
                return false;
            }

            text++;

            return cli_gate_limit(gate, text + strspn(text, " "));
        }
    }

    return false;
}


bool
cli_gates_parse(cli_gates_t *gates, const char *command,
    const cli_list_t *texts, cli_exit_t *exit)
{
    char    quoted[FIG_QUOTED];
    size_t  i;

    gates->items = cli_alloc(texts->n, sizeof(cli_gate_t));
    gates->n = texts->n;

    for (i = 0; i < texts->n; i++) {
        if (!cli_gate_parse(&gates->items[i], texts->items[i])) {
            *exit = cli_usage_error(command, "%s is none of errors>1%%, "
                        "p99>300ms, p99>1.5x",
                        fig_text_quote(fig_str_from(texts->items[i]),
                                       quoted));
            return false;
        }
    }

    return true;
}


static cli_gate_verdict_t
cli_gate_errors(const cli_gate_t *gate, const cli_side_counts_t *side,
    double least, char **why)
{
    char    errors[CLI_NUMBER_SIZE], requests[CLI_NUMBER_SIZE];
    double  of;

    /* as if all that come yet until there are enough were good */

    of = (side->requests > least) ? side->requests : least;

    if (side->errors > 0 && side->errors > gate->limit * of) {
        *why = cli_format("%s: %s of %s requests failed", gate->text,
                          cli_count_text(side->errors, errors),
                          cli_count_text(side->requests, requests));
        return CLI_GATE_BAD;
    }

    if (side->requests < least) {
        *why = cli_format("too little traffic to tell: %s of the %s requests "
                          "that --min-requests asks for",
                          cli_count_text(side->requests, requests),
                          cli_count_text(least, errors));
        return CLI_GATE_UNKNOWN;
    }

    return CLI_GATE_GOOD;
}


static cli_gate_verdict_t
cli_gate_duration(const cli_gate_t *gate, const cli_counts_t *counts,
    const cli_counts_t *old, double least, bool at_end, char **why)
{
    char    text[CLI_NUMBER_SIZE], other[CLI_NUMBER_SIZE];
    double  is, was, limit;

    if (counts->on_new.timed < (at_end ? least : least * CLI_GATE_EARLY)) {
        *why = cli_format("%s: too few durations to tell: %s", gate->text,
                          cli_count_text(counts->on_new.timed, text));
        return CLI_GATE_UNKNOWN;
    }

    is = cli_counts_quantile(counts, &counts->on_new, gate->quantile);
    limit = gate->limit;
    was = 0;

    if (gate->relative) {
        if (old->on_old.timed < least) {
            *why = cli_format("%s: the old side has answered too little to "
                              "compare with: %s", gate->text,
                              cli_count_text(old->on_old.timed, text));
            return CLI_GATE_UNKNOWN;
        }

        was = cli_counts_quantile(old, &old->on_old, gate->quantile);
        limit = gate->limit * was + CLI_GATE_SLACK;
    }

    if (is <= limit) {
        return CLI_GATE_GOOD;
    }

    *why = gate->relative
           ? cli_format("%s: it is %s, and %s on the old side", gate->text,
                        cli_seconds_text(is, text),
                        cli_seconds_text(was, other))
           : cli_format("%s: it is %s", gate->text,
                        cli_seconds_text(is, text));

    return CLI_GATE_BAD;
}


cli_gate_verdict_t
cli_gates_look(const cli_gates_t *gates, const cli_counts_t *counts,
    const cli_counts_t *old, double least, bool at_end, char **why)
{
    char                *one;
    size_t               i;
    const cli_gate_t    *gate;
    cli_gate_verdict_t   verdict, worst;

    worst = CLI_GATE_GOOD;
    *why = NULL;

    for (i = 0; i < gates->n; i++) {
        gate = &gates->items[i];
        one = NULL;
        verdict = (gate->quantile == 0)
                  ? cli_gate_errors(gate, &counts->on_new, least, &one)
                  : cli_gate_duration(gate, counts, old, least, at_end, &one);

        if (verdict > worst) {
            worst = verdict;
            free(*why);
            *why = one;
        } else {
            free(one);
        }
    }

    return worst;
}
