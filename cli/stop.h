/*
 * Signals that end a command which goes on until somebody ends it.
 *
 * The first one is only noted, so that what was begun can be put in order; a
 * second one ends the program at once.
 */

#ifndef STOP_H
#define STOP_H

#include <signal.h>

#include "cli.h"


/* The number of the signal that came; 0: none has. */
extern volatile sig_atomic_t  cli_stop_signal;


/* From now on ^C and TERM are noted. */
void cli_stop_catch(void);

/* Waits, but not longer than to a signal; false: it came. */
bool cli_stop_rest(int64_t ms);

/* Ends as the signal that was noted would have: a shell is to see that. */
void cli_stop_end(void);


#endif /* STOP_H */
