/*
 * PCRE2 behind a small door: the only file that knows it is fig_regex.c.
 *
 * Bytes, not UTF; unanchored; PCRE2_DOLLAR_ENDONLY and PCRE2_DOTALL, so that
 * `$` is the very end and `.` any byte.  JIT where the kernel allows it; match,
 * depth and heap limits always.  A pattern is immutable once created and may
 * be used by many threads; each thread brings a scratch of its own.
 */

#ifndef FIG_REGEX_H
#define FIG_REGEX_H

#include "fig_base.h"
#include "fig_model.h"


#define FIG_REGEX_MAX_PATTERN   4096
#define FIG_REGEX_MAX_CAPTURES  99


typedef struct fig_scratch_s  fig_scratch_t;


typedef enum {
    FIG_REGEX_MATCH = 0,
    FIG_REGEX_NO_MATCH,
    FIG_REGEX_LIMIT                    /* a limit was hit: counts as no match */
} fig_regex_result_t;


/*
 * Compiles pattern (without its leading ~ or ~*).  On FIG_INVALID error holds
 * a message (at most 255 bytes and a NUL) and *offset the byte of the pattern
 * where it went wrong: syntax, longer than FIG_REGEX_MAX_PATTERN, more than
 * FIG_REGEX_MAX_CAPTURES groups, or something that could escape the limits:
 * \C, callouts, (*LIMIT_...), (*NO_JIT), (*UTF) and other (*VERBS at the
 * start.  Free with fig_regex_destroy().
 */
fig_status_t fig_regex_create(fig_str_t pattern, bool caseless,
    fig_regex_t **regex, char error[256], size_t *offset);

/* NULL is allowed. */
void fig_regex_destroy(fig_regex_t *regex);

/* Scratch for matching; one a thread.  NULL when memory is out. */
fig_scratch_t *fig_scratch_create(void);
void fig_scratch_destroy(fig_scratch_t *scratch);

/* No heap use once the scratch is made. */
fig_regex_result_t fig_regex_match(const fig_regex_t *regex, fig_str_t subject,
    fig_scratch_t *scratch);

/*
 * The same for the first match that begins at from or later: what is before it
 * is there for \b, ^ and (?<=...), but not part of a match.
 */
fig_regex_result_t fig_regex_find(const fig_regex_t *regex, fig_str_t subject,
    size_t from, fig_scratch_t *scratch);

/*
 * After a FIG_REGEX_MATCH with this scratch and subject: the n-th capture (0 is
 * the whole match); empty when the group took no part.
 */
fig_str_t fig_regex_capture(const fig_scratch_t *scratch, fig_str_t subject,
    unsigned n);

/* Number of capture groups; number of a named group or -1. */
unsigned fig_regex_captures(const fig_regex_t *regex);
int fig_regex_group(const fig_regex_t *regex, fig_str_t name);

/* The pattern's text without ~ or ~*, and whether it ignores case. */
fig_str_t fig_regex_pattern(const fig_regex_t *regex);
bool fig_regex_is_caseless(const fig_regex_t *regex);


#endif /* FIG_REGEX_H */
