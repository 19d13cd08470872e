/*
 * Restricted edit distance for fig_suggest.h, three rows at a time.
 *
 * How much may be wrong grows with the length of the word: among short words
 * everything is near to everything.
 */

#include "fig_suggest.h"
#include "fig_text.h"

#include <stdio.h>


#define FIG_SUGGEST_MAX  63            /* letters of a word or candidate */


/* How many mistakes a word of len letters may hold to be recognised. */

static unsigned
fig_suggest_limit(size_t len)
{
    if (len <= 5) {
        return 1;
    }

    return (len <= 9) ? 2 : 3;
}


void
fig_suggest_init(fig_suggest_t *suggest, fig_str_t word)
{
    suggest->word = word;
    suggest->best = fig_str("", 0);
    suggest->distance = fig_suggest_limit(word.len) + 1;
}


static unsigned
fig_suggest_min(unsigned a, unsigned b)
{
    return a < b ? a : b;
}


static unsigned
fig_suggest_distance(fig_str_t a, fig_str_t b)
{
    size_t         i, j;
    unsigned       rows[3][FIG_SUGGEST_MAX + 1];
    unsigned      *row, *last, *last_but_one;
    unsigned char  x, y;

    for (j = 0; j <= b.len; j++) {
        rows[0][j] = (unsigned) j;
    }

    for (i = 1; i <= a.len; i++) {
        row = rows[i % 3];
        last = rows[(i + 2) % 3];
        last_but_one = rows[(i + 1) % 3];
        row[0] = (unsigned) i;
        x = fig_lower((unsigned char) a.data[i - 1]);

        for (j = 1; j <= b.len; j++) {
            y = fig_lower((unsigned char) b.data[j - 1]);

            row[j] = fig_suggest_min(last[j] + 1, row[j - 1] + 1);
            row[j] = fig_suggest_min(row[j], last[j - 1] + (x != y));

            if (i > 1 && j > 1
                && x == fig_lower((unsigned char) b.data[j - 2])
                && y == fig_lower((unsigned char) a.data[i - 2]))
            {
                row[j] = fig_suggest_min(row[j], last_but_one[j - 2] + 1);
            }
        }
    }

    return rows[a.len % 3][b.len];
}


void
fig_suggest_try(fig_suggest_t *suggest, fig_str_t candidate)
{
    size_t     apart;
    unsigned   distance;
    fig_str_t  word;

    word = suggest->word;
    apart = (word.len > candidate.len) ? word.len - candidate.len
                                       : candidate.len - word.len;

    if (word.len > FIG_SUGGEST_MAX || candidate.len > FIG_SUGGEST_MAX
        || apart >= suggest->distance)
    {
        return;
    }

    distance = fig_suggest_distance(word, candidate);

    if (distance < suggest->distance && distance < candidate.len) {
        suggest->distance = distance;
        suggest->best = candidate;
    }
}


bool
fig_suggest_hint(const fig_suggest_t *suggest, char *out, size_t size)
{
    char  quoted[FIG_QUOTED];

    out[0] = '\0';

    if (suggest->best.len == 0) {
        return false;
    }

    snprintf(out, size, "did you mean %s?",
             fig_text_quote(suggest->best, quoted));

    return true;
}
