/*
 * Text from outside made fit to be shown: in a terminal, a log, a message.
 *
 *     say "bob:pw@h<ESC>[2J"   ->   say "***@h\x1b[2J"
 *
 * Shown text is valid UTF-8 without control characters (C0, C1, bidirectional
 * overrides, line separators): each of their bytes becomes \xNN.  What stands
 * before the `@` of something like a URL becomes ***.  Nothing here allocates.
 */

#ifndef FIG_TEXT_H
#define FIG_TEXT_H

#include "fig_base.h"


/* Room for a quoted word in a message, with its quotes, dots and NUL. */
#define FIG_QUOTED  112

/*
 * Writes text fit to be shown.  At most size - 1 bytes and a NUL (size >= 8);
 * what is longer is cut and ends in "...".  Returns the length.
 */
size_t fig_text_show(fig_str_t text, char *out, size_t size);

/* The same in double quotes, for a word in a message.  Returns out. */
const char *fig_text_quote(fig_str_t text, char out[FIG_QUOTED]);


/*
 * Shows the one character at text.data[*at] and moves *at behind it: out gets
 * at most 12 bytes, no NUL.  Returns the number of bytes; *columns is how wide
 * they are.
 */
size_t fig_text_show_char(fig_str_t text, size_t *at, char *out,
    size_t *columns);

/*
 * Finds the next credentials at or after at: text[*start, *end) is what must
 * not be shown.  text must be one line.  Returns false when there are none.
 */
bool fig_text_find_secret(fig_str_t text, size_t at, size_t *start,
    size_t *end);


/* Bytes of the line break at text.data[at]: LF, CRLF or CR; 0: none. */
size_t fig_text_break(fig_str_t text, size_t at);

/* Bytes of a leading UTF-8 byte order mark: 3 or 0. */
size_t fig_text_bom(fig_str_t text);

/*
 * The n-th line (from 1) without its line break and, the first, without a byte
 * order mark.  Returns false when the text has fewer lines.
 */
bool fig_text_line(fig_str_t text, uint32_t n, fig_str_t *line);


#endif /* FIG_TEXT_H */
