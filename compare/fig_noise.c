/*
 * The exact binomial test of fig_noise.h.
 *
 *     P(X >= b) = sum of C(n, i) / 2^n for i = b..n
 *
 * Only +, * and / of doubles are used, which IEEE 754 defines to the last bit:
 * so every machine gives the same verdict.
 */

#include "fig_noise.h"


#define FIG_NOISE_SMALL  1e-250
#define FIG_NOISE_LARGE  1e+250


/* C(n, k) / 2^n; halved on the way, so that it stays within a double. */

static double
fig_noise_term(uint32_t n, uint32_t k)
{
    double    term;
    uint32_t  i, halves;

    term = 1;
    halves = n;

    for (i = 1; i <= k; i++) {
        term = term * (double) (n - k + i) / (double) i;

        while (term > FIG_NOISE_LARGE && halves > 0) {
            term /= 2;
            halves--;
        }
    }

    for ( /* void */ ; halves > 0 && term != 0; halves--) {
        term /= 2;
    }

    return term;
}


/* The sum from k on, which is at least n / 2: terms only become smaller. */

static double
fig_noise_tail(uint32_t n, uint32_t k)
{
    double    term, sum;
    uint32_t  i;

    term = fig_noise_term(n, k);

    for (i = k, sum = 0; i <= n && term > FIG_NOISE_SMALL; i++) {
        sum += term;
        term = term * (double) (n - i) / (double) (i + 1);
    }

    return (sum < 1) ? sum : 1;
}


double
fig_noise_p(uint32_t b, uint32_t c)
{
    uint32_t  n;

    n = b + c;

    if (b == 0) {
        return 1;
    }

    return (b > n / 2) ? fig_noise_tail(n, b)
                       : 1 - fig_noise_tail(n, n - b + 1);
}


fig_noise_verdict_t
fig_noise_judge(const fig_noise_t *noise, fig_kind_t kind, size_t nclasses)
{
    double  p;

    p = fig_noise_p(noise->b, noise->c);

    if (p * (double) (nclasses != 0 ? nclasses : 1) < 0.01) {
        return FIG_NOISE_REAL;
    }

    if ((kind == FIG_KIND_VALUE || kind == FIG_KIND_ORDER) && noise->n >= 20
        && noise->c + noise->both >= 3 && p >= 0.05)
    {
        return FIG_NOISE_NOISE;
    }

    return FIG_NOISE_UNDECIDED;
}
