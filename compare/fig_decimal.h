/*
 * Numbers of JSON as what they are: exact decimals.
 *
 *     -012.3400e+5   ->   -, digits 1234, first of them at 10^6
 *      ^first ^last
 *
 * A decimal borrows the text that it was made of; its digits are there, with a
 * dot between two of them maybe.
 */

#ifndef FIG_DECIMAL_H
#define FIG_DECIMAL_H

#include "fig_base.h"


typedef struct {
    const char  *first;        /* the first digit that is not 0 */
    const char  *end;          /* behind the last digit that is not 0 */
    uint32_t     ndigits;      /* 0: the number is zero */
    bool         negative;     /* never of zero */
    bool         huge;         /* the exponent has more than 18 digits */
    int64_t      top;          /* the power of ten of the first digit */
} fig_decimal_t;


/* text must be a number of JSON. */
fig_decimal_t fig_decimal_read(fig_str_t text);

/* Whether both are the same number; huge ones when their text is the same. */
bool fig_decimal_is_equal(fig_str_t a, fig_str_t b);

/* The same for numbers that are equal, whatever way they are written. */
uint64_t fig_decimal_hash(fig_str_t text);

/*
 * Whether |a - b| <= abs or |a - b| <= rel * max(|a|, |b|), exactly.  abs and
 * rel are numbers of at most FIG_DECIMAL_LIMIT digits and exponents of at most
 * four, or empty.  What spans more than FIG_DECIMAL_SPAN digits is not near.
 */
bool fig_decimal_is_near(fig_str_t a, fig_str_t b, fig_str_t abs,
    fig_str_t rel);

#define FIG_DECIMAL_LIMIT  32
#define FIG_DECIMAL_SPAN   700

/* Whether text can be an abs or rel: a number, >= 0 and not too long. */
bool fig_decimal_is_limit(fig_str_t text);


#endif /* FIG_DECIMAL_H */
