/*
 * Random paths and patterns over small alphabets, so that much matches.
 *
 * Patterns are made of pieces that a reader of patterns may know or not know;
 * many of them PCRE2 does not accept.  The sequence is that of a seed, or that
 * of bytes from outside, one a choice; when they end, all choices are the
 * first.
 */

#ifndef RANDOM_PATHS_H
#define RANDOM_PATHS_H

#include <stdio.h>

#include "fig_base.h"


typedef struct {
    uint64_t        state;
    const uint8_t  *bytes;             /* NULL: there is a seed */
    size_t          nbytes;
} random_t;


static const char *const  random_segments[] = {
    "a", "b", "ab", "aB", "A", "longsegment", "longsegment2", "item1",
    "item12", "eightbyt", "ninebytes", "%2F", "a.b", "bb", "abb", "aab", NULL
};

/* What patterns are made of: all that the reader of literals knows or not. */

static const char *const  random_atoms[] = {
    "/", "/", "/", "/a/", "/b", "/longsegment/", "/longsegment2", "/item1",
    "/item12/", "ab", "a", "A", "item", "segment", "[.]", "\\.", "\\/", ".",
    "\\d", "\\w+", "\\d+", "[^/]+", "[^/]*", ".*", ".+?", "[ab]", "[]a]",
    "[^]]", "[[:alpha:]]", "(a|b)", "(?:a|ab|b)", "(/a|/b)/", "(item|long)",
    "(?:/a)?", "(?:/a)*", "(/item)+", "(?:item){1,2}", "(a|)", "(|a)b",
    "a?", "b*", "b+", "a{1}", "a{0}", "a{0,1}", "b{1,}", "a{,2}", "(?i)",
    "(?i:AB)", "(?-i)", "(?x) ", "(?s)", "(?m)", "(?#/zz/)", "\\Qa.b\\E",
    "\\Q/a", "\\b", "\\B", "\\A", "^", "$", "\\z", "\\Z", "(?=/a)", "(?!/a)",
    "(?<=a)", "(?<!b)", "(?<n>a)", "(?P<m>b)", "(?'o'a)", "(?|(a)|(b))",
    "(?>ab)", "\\x61", "\\141", "(a)\\1", "(?:(a)|b)", "((a|b)|(ab|item))",
    "\\K", "\\R", "\\h", "\\N", "(*ACCEPT)", "(*FAIL)", "a++", "a*+b", "|",
    "|/a", "(?(?=a)a|b)", "(?(DEFINE)(?<q>ab))", "(?1)", "%2F", "\\%2F",
    "(?*a)", "(?<*a)", "(*pla:a)", "(*atomic:a)", "longsegment", "eightbyt",
    "[\\Q]\\E/a]", "[\\Q^]/\\E]b", "/ab+", "/a+b", "/ab+/", "a{2}b", "(ab?)+",
    NULL
};


static inline random_t
random_from_seed(uint64_t seed)
{
    random_t  r = { seed, NULL, 0 };

    return r;
}


static inline random_t
random_from_bytes(const uint8_t *bytes, size_t nbytes)
{
    random_t  r = { 0, bytes, nbytes };

    return r;
}


/* What counts most is in the upper bits. */

static inline uint64_t
random_next(random_t *r)
{
    uint64_t  z;

    if (r->bytes != NULL) {

        if (r->nbytes == 0) {
            return 0;
        }

        r->nbytes--;

        return (uint64_t) *r->bytes++ << 56;
    }

    z = (r->state += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);

    return z ^ (z >> 31);
}


static inline size_t
random_below(random_t *r, size_t n)
{
    return (size_t) ((random_next(r) >> 32) * n >> 32);
}


/* One of the words, which end with a NULL. */

static inline const char *
random_of(random_t *r, const char *const *words)
{
    size_t  n;

    for (n = 0; words[n] != NULL; n++) {
        /* void */
    }

    return words[random_below(r, n)];
}


static inline bool
random_percent(random_t *r, unsigned percent)
{
    return random_below(r, 100) < percent;
}


/* A path of up to four segments; templates get a {param} here and there. */

static inline void
random_path(random_t *r, char *out, bool template)
{
    size_t  i, n;

    n = random_below(r, 5);
    out[0] = '\0';

    for (i = 0; i < n; i++) {
        strcat(out, "/");

        if (template && random_percent(r, 50)) {
            sprintf(out + strlen(out), "{p%zu}", i);
        } else {
            strcat(out, random_of(r, random_segments));
        }
    }

    if (n == 0 || random_percent(r, 10)) {
        strcat(out, "/");
    }
}


static inline void
random_pattern(random_t *r, char *out)
{
    size_t  i, n;

    strcpy(out, random_percent(r, 20) ? "~*" : "~");

    if (random_percent(r, 50)) {
        strcat(out, "^");
    }

    n = 1 + random_below(r, 6);

    for (i = 0; i < n; i++) {
        strcat(out, random_percent(r, 30) ? "/" : "");
        strcat(out, random_percent(r, 30) ? random_of(r, random_segments)
                                          : random_of(r, random_atoms));
    }

    if (random_percent(r, 40)) {
        strcat(out, "$");
    }
}


#endif /* RANDOM_PATHS_H */
