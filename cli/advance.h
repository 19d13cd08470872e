/*
 * A route on its way up, on all nodes.
 *
 *     open -> step -> look ... -> step -> look ... -> keep     well
 *                       |                  |
 *                       +---> back <-------+                   not well
 *
 * Each step has a lease: whatever becomes of who takes them, a route does not
 * stay where nobody looks after it.
 */

#ifndef ADVANCE_H
#define ADVANCE_H

#include "api.h"
#include "gates.h"


typedef struct {
    int64_t        seq;                /* of the route, as we know it */
    bool           ours;               /* what is in force is our step */
    json_t        *route;              /* NULL: no answer; owned */
    cli_counts_t   begin;              /* before the first step */
    cli_counts_t   step;               /* when this step began */
} cli_advance_node_t;


typedef struct {
    cli_api_t           *api;
    const char          *name;
    const char          *reason;
    char                *path;
    int64_t              lease;        /* s, of a step */
    bool                 unready;      /* readiness does not matter */
    double               least;        /* requests of a step */
    cli_gates_t          gates;

    char                *stage;        /* before the first step */
    double               percent;
    bool                 hold;
    cli_advance_node_t  *nodes;

    cli_counts_t         counts;       /* of all nodes in this step */
    char                *why;          /* what went wrong last; owned */
} cli_advance_t;


typedef enum {
    CLI_ADVANCE_GOOD = 0,
    CLI_ADVANCE_BAD,                   /* why says what */
    CLI_ADVANCE_TAKEN                  /* somebody else has flipped it */
} cli_advance_end_t;


/* Looks at the route and whether it may go up: false, and *exit is set. */
bool cli_advance_open(cli_advance_t *advance, cli_exit_t *exit);
void cli_advance_close(cli_advance_t *advance);

/* Puts the route to percent on every node; 100 is stage live. */
cli_advance_end_t cli_advance_step(cli_advance_t *advance, double percent);

/* How the step does so far, or at its end. */
cli_advance_end_t cli_advance_look(cli_advance_t *advance, bool at_end);

/* Keeps what is in force. */
cli_advance_end_t cli_advance_keep(cli_advance_t *advance);

/* Puts back what was before; false: not everywhere, which was said. */
bool cli_advance_back(cli_advance_t *advance);

/* "1,204 requests, 0.1% errors, p99 35ms (old 40ms)"; to be freed. */
char *cli_advance_figures(const cli_advance_t *advance);


#endif /* ADVANCE_H */
