/*
 * Places in a text that is read from front to back.
 *
 *     index   characters before
 *     at      bytes before
 *     line    as editors count: LF, CRLF and CR end one
 *
 * A parser that counts characters, and line breaks of its own, moves a cursor
 * along and gets the line and byte column that people are to see.  Private to
 * rules/.
 */

#ifndef FIG_CURSOR_H
#define FIG_CURSOR_H

#include "fig_diag.h"


typedef struct {
    fig_str_t   text;                  /* borrowed; UTF-8 so far */
    uint32_t    file;
    size_t      index;
    size_t      at;
    size_t      line_start;
    uint32_t    line;
} fig_cursor_t;


void fig_cursor_init(fig_cursor_t *cursor, fig_str_t text, uint32_t file);

/* Moves to a number of characters; quick forwards, slow backwards. */
void fig_cursor_seek(fig_cursor_t *cursor, size_t index);

/* Moves to a number of bytes, with the same cost. */
void fig_cursor_seek_byte(fig_cursor_t *cursor, size_t at);

/* The place of len bytes here, cut at the end of the line; at least 1. */
fig_pos_t fig_cursor_pos(const fig_cursor_t *cursor, size_t len);


#endif /* FIG_CURSOR_H */
