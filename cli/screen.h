/*
 * The whole terminal, for a view that is drawn again and again.
 *
 * Whatever ends the program, the terminal is as it was: the last lines of the
 * shell are back, the cursor is seen, keys are echoed.
 */

#ifndef SCREEN_H
#define SCREEN_H

#include "cli.h"


/* False: stdin and stdout are no terminal. */
bool cli_screen_open(void);
void cli_screen_close(void);

/* Draws text, cut to what fits; its lines may have styles. */
void cli_screen_draw(const char *text);

/*
 * Waits for ms at most, but not longer than to a key or a change of the
 * terminal's size.  The key, 0: none.
 */
int cli_screen_wait(int64_t ms);


#endif /* SCREEN_H */
