/*
 * The terminal: whether there is one, how wide it is, and colours.
 *
 * Colours only where stdout is a terminal that has them, and never with
 * NO_COLOR (no-color.org).
 */

#ifndef TERM_H
#define TERM_H

#include "cli.h"


typedef enum {
    CLI_PLAIN = 0,
    CLI_BOLD,
    CLI_DIM,
    CLI_GOOD,
    CLI_MIND,                          /* worth a look */
    CLI_BAD
} cli_style_t;


/* Columns of the terminal on stdout; 0: none, as wide as it takes. */
size_t cli_term_width(void);

/* Rows; 0: none. */
size_t cli_term_height(void);

bool cli_term_has_colours(void);

/* Whether somebody can answer a question: stdin and stdout are terminals. */
bool cli_term_asks(void);

/* Reads the answer to a question that was printed: true is yes. */
bool cli_term_yes(void);

/* What switches a style on and off; "" without colours. */
const char *cli_style_on(cli_style_t style);
const char *cli_style_off(cli_style_t style);

/* What stands for text that was cut: one column in UTF-8, else "...". */
const char *cli_term_ellipsis(size_t *columns);

/* How wide text is, which was shown already. */
size_t cli_text_columns(const char *text);

/* Bytes of text in at most *columns columns, which becomes theirs. */
size_t cli_text_fit(const char *text, size_t *columns);


#endif /* TERM_H */
