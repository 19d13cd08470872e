/*
 * A reader of patterns; private to rules/.  What it knows of PCRE2 is enough to
 * tell literal text from the rest.
 *
 * A pattern has ways: one choice at each alternation.  It is read once for
 * each way, with the choices counted up like an odometer.
 */

#ifndef FIG_READER_H
#define FIG_READER_H

#include "fig_base.h"


#define FIG_READER_CHOICES  64
#define FIG_READER_TOKENS   8192

/* Tokens: a byte, or one of these. */

#define FIG_TOKEN_GAP        256
#define FIG_TOKEN_END        257


typedef struct {
    const char  *p;
    const char  *last;

    bool         failed;
    bool         flat;                 /* inner alternations are gaps */
    unsigned     muted;                /* inside what is not chosen */
    unsigned     depth;

    /* The odometer: the choice at each alternation, and how many it has. */

    uint32_t     nchoices;
    uint32_t     choice[FIG_READER_CHOICES];
    uint32_t     count[FIG_READER_CHOICES];

    size_t       ntokens;
    uint16_t     tokens[FIG_READER_TOKENS];
} fig_reader_t;


/*
 * Reads pattern with the choices as they stand, all 0 in the beginning.  false
 * where it cannot be read; failed tells a pattern that is not understood.
 */
bool fig_reader_way(fig_reader_t *reader, fig_str_t pattern);

/* Turns to the next way; false when all were read. */
bool fig_reader_turn(fig_reader_t *reader);


#endif /* FIG_READER_H */
