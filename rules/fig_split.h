/*
 * Where hashing is done for the split; private to rules/.  The public door to
 * the bucket itself is fig_split_bucket() in fig_rules.h.
 *
 *     use, name, value -> 64 bits -> fig_split_scale() -> [0, n)
 */

#ifndef FIG_SPLIT_H
#define FIG_SPLIT_H

#include "fig_base.h"


/* What a hash is for, so that two uses of one value have nothing in common. */

typedef enum {
    FIG_SPLIT_BUCKET = 0,      /* old or new side */
    FIG_SPLIT_WEIGHT,          /* which of the weighted backends of `to` */
    FIG_SPLIT_ASSIGN           /* the second half of an assigned value */
} fig_split_use_t;


/* 64 well-mixed bits of (use, name, value). */
uint64_t fig_split_hash(fig_split_use_t use, fig_str_t name, fig_str_t value);

/* 64 well-mixed bits of (use, n): for draws that stick to nothing. */
uint64_t fig_split_mix(fig_split_use_t use, uint64_t n);

/* Maps hash evenly to [0, n).  n is at most 2^32. */
uint32_t fig_split_scale(uint64_t hash, uint64_t n);


#endif /* FIG_SPLIT_H */
