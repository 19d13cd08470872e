/*
 * Conditions under which a walk is to end.
 *
 *     errors>1%     of the new side's requests
 *     p99>300ms     of its durations; also p50
 *     p99>1.5x      the same, against the old side
 */

#ifndef GATES_H
#define GATES_H

#include "args.h"
#include "counts.h"


typedef enum {
    CLI_GATE_GOOD = 0,
    CLI_GATE_UNKNOWN,                  /* too little was seen to tell */
    CLI_GATE_BAD
} cli_gate_verdict_t;


typedef struct {
    const char  *text;                 /* as it was given; borrowed */
    double       quantile;             /* 0: errors */
    bool         relative;
    double       limit;                /* of 1, s, or times */
} cli_gate_t;


typedef struct {
    size_t       n;
    cli_gate_t  *items;
} cli_gates_t;


/* False: *exit is set.  Free items. */
bool cli_gates_parse(cli_gates_t *gates, const char *command,
    const cli_list_t *texts, cli_exit_t *exit);

/*
 * counts are those of a step; old are those of the old side to compare with.
 * least is of how many requests on something can be told.  Before the end of a
 * step only what will not get better by itself is bad.  *why is a new text
 * unless all is good.
 */
cli_gate_verdict_t cli_gates_look(const cli_gates_t *gates,
    const cli_counts_t *counts, const cli_counts_t *old, double least,
    bool at_end, char **why);


#endif /* GATES_H */
