/*
 * The texts that occur most, in memory of a fixed size: Space-Saving with
 * weights (Metwally, Agrawal, El Abbadi, "Efficient Computation of Frequent and
 * Top-k Elements in Data Streams", ICDT 2005).
 *
 *     sketch | heads[] -> items by hash | heap[] of items, least count first
 *
 * A text that is not among the items takes the place of the one with the least
 * count m, and goes on from m: its count is then at most m too high, which is
 * its error.  Counts are never too low, and any text that is missing occurred
 * at most min times, where min <= total / capacity.
 *
 * All of it is one piece of memory without pointers, fit for sharing.
 */

#ifndef FIG_SKETCH_H
#define FIG_SKETCH_H

#include "fig_base.h"


#define FIG_SKETCH_TEXT  94            /* bytes of a text */


typedef struct fig_sketch_s  fig_sketch_t;


typedef struct {
    uint64_t      count;               /* occurrences, never too low; 0: the
                                          item is empty */
    uint64_t      error;               /* it is at most so much too high */
    uint64_t      hash;
    uint32_t      heap;                /* its place; private, as next */
    uint32_t      next;
    uint16_t      len;
    char          text[FIG_SKETCH_TEXT];
} fig_sketch_item_t;


/* Bytes of a sketch of so many items (at least 1). */
size_t fig_sketch_size(uint32_t capacity);

/* Makes memory of that size, aligned for any type, an empty sketch. */
fig_sketch_t *fig_sketch_init(void *memory, uint32_t capacity);

/*
 * Counts n more of a text (what is longer than FIG_SKETCH_TEXT is cut).  At
 * most about 2 log2(capacity) steps, and those of one hash chain.
 */
void fig_sketch_add(fig_sketch_t *sketch, fig_str_t text, uint64_t n);

/*
 * All that was added; the most that a count can be off; items in use, and at
 * most.
 */
uint64_t fig_sketch_total(const fig_sketch_t *sketch);
uint64_t fig_sketch_error(const fig_sketch_t *sketch);
uint32_t fig_sketch_used(const fig_sketch_t *sketch);
uint32_t fig_sketch_capacity(const fig_sketch_t *sketch);

/* Copies the items in use to out, which has room for them; in no order. */
void fig_sketch_items(const fig_sketch_t *sketch, fig_sketch_item_t *out);

/* Sorts items: most first, then by text. */
void fig_sketch_sort(fig_sketch_item_t *items, size_t n);

/*
 * Takes over the largest items of another sketch into an empty one.  items is
 * scratch with room for those of from.
 */
void fig_sketch_copy(fig_sketch_t *sketch, const fig_sketch_t *from,
    fig_sketch_item_t *items);

/*
 * Makes a sketch whole again that somebody died in while adding to it; does
 * nothing to others.  To be called before anything else where that may have
 * happened.
 */
void fig_sketch_repair(fig_sketch_t *sketch);


#endif /* FIG_SKETCH_H */
