/*
 * The shape of a path: what its identifiers stand for put in their place, so
 * that requests for the same thing count as one.
 *
 *     /api/orders/4711/lines                      /api/orders/{id}/lines
 *     /u/3f2b8c1e-0a4d-4c55-9a51-6f1f5f0f9f0a     /u/{id}
 *     /img/0a9f31d2c44b.png                       /img/{id}.png
 *     /p/red-shoes-with-very-long-laces-for-kids  /p/{text}
 *
 * No tables, no state: the same path has the same shape everywhere, always.
 */

#ifndef FIG_SHAPE_H
#define FIG_SHAPE_H

#include "fig_base.h"


#define FIG_SHAPE_SIZE  94             /* bytes of a shape, at most */


/*
 * Writes the shape of a normalised path; no NUL.  Returns its length.  Of each
 * segment without its extension (a dot, a letter, up to 4 letters or digits):
 *
 *     digits; a UUID; 8 or more hex digits with a digit among them; 4 or more
 *     bytes of which half or more are digits; over 24 bytes with a digit and
 *     without a dash                                   -> {id}
 *     over 24 bytes; with a byte that is neither a letter nor a digit nor
 *     one of - . _ ~ $ ! + @ , : ; =                   -> {text}
 *     anything else                                   -> stays
 *
 * What does not fit, or is deeper than 12 segments, ends in "/...".
 */
size_t fig_shape(fig_str_t path, char out[FIG_SHAPE_SIZE]);


#endif /* FIG_SHAPE_H */
