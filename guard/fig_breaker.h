/*
 * A circuit breaker: who fails again and again is left alone for a while.
 * Nygard, "Release It!", 2007.
 *
 *     closed --- failures in a row, or rate ---> open
 *       ^                                       | after `open`
 *       |                                       v
 *       +------- successes in a row -------- half open: trials
 *                                               | one fails -> open
 *
 * A breaker lies in memory that processes share, zeroed at first; all functions
 * are for any number of threads and processes at once, and none waits.  Times
 * are milliseconds of a clock that all of them share and that never goes back.
 */

#ifndef FIG_BREAKER_H
#define FIG_BREAKER_H

#include "fig_base.h"

#include <stdatomic.h>


#define FIG_BREAKER_FAILURES_MAX   1000
#define FIG_BREAKER_SUCCESSES_MAX  50
#define FIG_BREAKER_SLICES         10


/* How it is set; what counts as a failure is the caller's. */

typedef struct {
    uint32_t  failures;                /* in a row; 0: not by these */
    uint32_t  successes;               /* 1.., also how many trials at once */
    uint32_t  errors;                  /* hundredths of a percent of requests;
                                          0: not by rate */
    uint32_t  min_requests;            /* in the window */
    uint32_t  window;                  /* ms, FIG_BREAKER_SLICES at least */
    uint32_t  open;                    /* ms */
    uint32_t  ramp;                    /* ms until all may pass again; 0 */
} fig_breaker_conf_t;


typedef struct {
    _Atomic uint64_t  word;
    _Atomic uint64_t  slices[FIG_BREAKER_SLICES];
} fig_breaker_t;


typedef enum {
    FIG_BREAKER_CLOSED = 0,
    FIG_BREAKER_OPEN,
    FIG_BREAKER_HALF_OPEN
} fig_breaker_state_t;


/* What a request that was let through brings back. */

typedef struct {
    uint8_t  period;
    bool     trial;
} fig_breaker_pass_t;


typedef enum {
    FIG_BREAKER_SUCCESS = 0,
    FIG_BREAKER_FAILURE,
    FIG_BREAKER_NEITHER                /* the client went away, ... */
} fig_breaker_result_t;


typedef struct {
    fig_breaker_state_t  state;
    uint32_t             failures;     /* closed: in a row */
    uint32_t             trials;       /* half open: under way */
    uint32_t             share;        /* closed: percent that may pass */
    uint64_t             left;         /* open: ms until it is tried */
} fig_breaker_view_t;


/*
 * Whether a request may pass, and then its pass, for which there is to be one
 * report.  random: any 32 bits, which decide while the share that may pass
 * grows.
 */
bool fig_breaker_admit(fig_breaker_t *breaker, const fig_breaker_conf_t *conf,
    uint64_t now, uint32_t random, fig_breaker_pass_t *pass);

/*
 * How it went.  Says whether the report has changed the state, and to what.
 * Reports of passes from before the breaker was open count for nothing.
 */
bool fig_breaker_report(fig_breaker_t *breaker, const fig_breaker_conf_t *conf,
    uint64_t now, fig_breaker_pass_t pass, fig_breaker_result_t result,
    fig_breaker_state_t *state);

void fig_breaker_look(fig_breaker_t *breaker, const fig_breaker_conf_t *conf,
    uint64_t now, fig_breaker_view_t *view);


#endif /* FIG_BREAKER_H */
