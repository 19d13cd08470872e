/*
 * A comparer inside, and what its parts do; private to compare/.
 *
 *     fig_compare -> status, headers, body -> JSON  -> differences
 *                                          -> text
 *                                          -> bytes
 */

#ifndef FIG_COMPARER_H
#define FIG_COMPARER_H

#include "fig_compare.h"
#include "fig_jpath.h"
#include "fig_json.h"


struct fig_comparer_s {
    fig_arena_t            *arena;
    fig_compare_options_t   options;       /* texts are copies */
    fig_jpaths_t            paths;
    fig_str_t              *headers;       /* lower case */
    size_t                  nheaders;
};


/* Differences that a part found; in the arena of the comparison. */

typedef struct {
    const fig_comparer_t  *comparer;
    const fig_answers_t   *pair;
    fig_arena_t           *arena;
    fig_difference_t      *kept;           /* at most FIG_COMPARE_KEPT */
    size_t                 n;
    size_t                 max;
    size_t                 total;
    fig_status_t           status;         /* FIG_NOMEM once memory was out */
} fig_findings_t;


/* Another difference, all of it zero, or NULL: no room, which is counted. */
fig_difference_t *fig_findings_add(fig_findings_t *findings,
    fig_answer_part_t part, fig_kind_t kind);

/* The first len bytes, cut between characters when they are too many. */
fig_str_t fig_findings_value(fig_findings_t *findings, fig_str_t value);


void fig_compare_headers(fig_findings_t *findings);

/* The last field of this name, trimmed; data NULL: there is none. */
fig_str_t fig_answer_field(const fig_answer_t *answer, const char *name);

void fig_compare_lines(fig_findings_t *findings, fig_str_t a, fig_str_t b);

/* Two documents.  FIG_OK, or FIG_NOMEM. */
void fig_compare_documents(fig_findings_t *findings, const fig_json_t *a,
    const fig_json_t *b);


#endif /* FIG_COMPARER_H */
