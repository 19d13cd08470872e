/*
 * Rules for the commands that work without a router: files to a rule set.
 *
 *     "rules.yaml", "-" (stdin)  ->  cli_rules_t
 */

#ifndef RULES_H
#define RULES_H

#include <jansson.h>

#include "cli.h"
#include "fig_rules.h"


typedef struct {
    const char      *path;
    fig_files_t     *files;
    fig_ruleset_t   *ruleset;          /* NULL: there are errors */
    fig_diags_t     *diags;
} cli_rules_t;


/*
 * Reads, checks and tests.  CLI_NO: there are diagnostics and no rule set;
 * CLI_FAILED: the file cannot be read, which was said.  Release it always.
 */
cli_exit_t cli_rules_load(const char *path, cli_rules_t *rules);
void cli_rules_release(cli_rules_t *rules);

/* Diagnostics as nginx would log them, and how many there are in all. */
void cli_rules_print_errors(const cli_rules_t *rules, FILE *out);

/* The same for --json: a new list. */
json_t *cli_rules_errors(const cli_rules_t *rules);

/* The same load, but diagnostics are printed: for commands that need rules. */
cli_exit_t cli_rules_need(const char *path, cli_rules_t *rules);


#endif /* RULES_H */
