/*
 * Diagnostics: what is wrong with a text, where, and what to do about it.
 *
 *     rules.yaml:12:5: error: unknown key "metods"
 *        12 |     metods: [GET]
 *           |     ^~~~~~
 *           = did you mean "methods"?
 *
 * A list keeps the first FIG_DIAG_MAX errors, first by file and position, and
 * counts the rest.  Messages, file names and source lines are copied, so that
 * a list outlives the texts that it speaks of.  Control bytes are escaped
 * (\xNN) wherever text from outside is shown, so that a terminal or a log shows
 * what is there and nothing else.  Credentials in URLs are never shown (***@).
 */

#ifndef FIG_DIAG_H
#define FIG_DIAG_H

#include "fig_base.h"


#define FIG_DIAG_MAX  20


/* A place in a text: 1-based line and column (in bytes); 0 where unknown. */

typedef struct {
    uint32_t  file;            /* index into the files that were loaded */
    uint32_t  line;
    uint32_t  col;
    uint32_t  len;             /* bytes under the caret, at least 1 */
} fig_pos_t;


typedef struct fig_diags_s  fig_diags_t;

/* Gives the name and the text of a file index; false when there is none. */

typedef bool (*fig_diag_source_pt)(void *data, uint32_t file, fig_str_t *name,
    fig_str_t *text);


/* Returns NULL when memory is out.  Free with fig_diags_destroy(). */
fig_diags_t *fig_diags_create(void);

/* Frees the list.  NULL is allowed. */
void fig_diags_destroy(fig_diags_t *diags);

/* Where fig_diags_add() finds names and source lines; borrowed. */
void fig_diags_set_source(fig_diags_t *diags, fig_diag_source_pt source,
    void *data);

/*
 * Adds an error at pos.  hint may be NULL.  Both texts are plain, not formats.
 * Never fails visibly: when memory is out the error is counted, not kept.  An
 * error that is there already (the same place and message) is not added again:
 * an alias must not report what it repeats.
 */
void fig_diags_add(fig_diags_t *diags, fig_pos_t pos, const char *message,
    const char *hint);

/* The same with a printf-like message; text longer than 1 KiB is cut. */
void fig_diags_addf(fig_diags_t *diags, fig_pos_t pos, const char *hint,
    const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Errors added, kept or not. */
size_t fig_diags_count(const fig_diags_t *diags);

/* Errors kept: at most FIG_DIAG_MAX. */
size_t fig_diags_kept(const fig_diags_t *diags);

/*
 * The i-th kept error as text in the form shown above, lines joined by LF, no
 * LF at the end.  Borrowed from the list.  Order is that of file and position.
 */
fig_str_t fig_diags_text(fig_diags_t *diags, size_t i);

/* The parts of the i-th kept error, for machine-readable output. */

typedef struct {
    fig_str_t  file;
    uint32_t   line;
    uint32_t   col;
    fig_str_t  message;
    fig_str_t  hint;           /* len 0: none */
} fig_diag_t;

fig_diag_t fig_diags_get(fig_diags_t *diags, size_t i);


#endif /* FIG_DIAG_H */
