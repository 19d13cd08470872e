/*
 * What a pattern guarantees: literal text that every match contains; private
 * to rules/.
 *
 *     ^/api/v\d+/(orders|carts)/\d+$
 *
 *     way 0   "/api/v"   "/orders/"
 *     way 1   "/api/v"   "/carts/"
 *
 * Every match goes one of the ways, and then the subject contains all the runs
 * of that way.  This is an index's knowledge, not a matcher's: fewer runs are
 * always right, a run too many never is.
 */

#ifndef FIG_LITERAL_H
#define FIG_LITERAL_H

#include "fig_base.h"


#define FIG_LITERAL_WAYS  16
#define FIG_LITERAL_RUNS  256
#define FIG_LITERAL_TEXT  8192


typedef struct {
    uint32_t   way;
    bool       at_end;                 /* of the subject, too */
    fig_str_t  text;                   /* ASCII in lower case */
} fig_run_t;


/* Owns nothing, but is large: keep one and use it again. */

typedef struct {
    uint32_t   nways;                  /* 0: nothing is known */
    uint32_t   nruns;                  /* sorted by way */
    fig_run_t  runs[FIG_LITERAL_RUNS];
    size_t     ntext;
    char       text[FIG_LITERAL_TEXT];
} fig_literals_t;


/*
 * Reads pattern, which PCRE2 has accepted (with PCRE2_DOTALL and
 * PCRE2_DOLLAR_ENDONLY, not extended, not multi-line).  A way may be without
 * any run; that of a pattern that is not understood is: nways is 0.
 */
void fig_literals_parse(fig_str_t pattern, fig_literals_t *literals);


#endif /* FIG_LITERAL_H */
