/*
 * Text in one growing buffer: what is put comes after what was there.
 *
 *     fig_buffer_put_text(&buffer, "generation ");
 *     fig_buffer_put_uint(&buffer, 7);                 "generation 7"
 *
 * Nothing here fails: when memory is out, nomem is set, what follows is
 * dropped, and one look at the end is enough.
 */

#ifndef FIG_BUFFER_H
#define FIG_BUFFER_H

#include "fig_base.h"


typedef struct {
    char    *data;             /* len bytes, no NUL; NULL while empty */
    size_t   len;
    size_t   size;
    bool     nomem;
} fig_buffer_t;


/* An empty buffer; nothing is allocated yet. */
void fig_buffer_init(fig_buffer_t *buffer);

/* Frees the buffer and makes it an empty one. */
void fig_buffer_release(fig_buffer_t *buffer);

void fig_buffer_put(fig_buffer_t *buffer, fig_str_t str);
void fig_buffer_put_text(fig_buffer_t *buffer, const char *text);
void fig_buffer_put_uint(fig_buffer_t *buffer, uint64_t n);

/* n / 10^places, 1 to 9 of them: 1500 and 3 is 1.5, 2000 and 3 is 2.0. */
void fig_buffer_put_decimal(fig_buffer_t *buffer, uint64_t n, unsigned places);


#endif /* FIG_BUFFER_H */
