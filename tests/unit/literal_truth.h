/*
 * Whether what the reader of patterns guarantees is true of a subject that
 * PCRE2 has matched.
 */

#ifndef LITERAL_TRUTH_H
#define LITERAL_TRUTH_H

#include "fig_literal.h"


static inline bool
run_is_at(fig_str_t subject, size_t i, fig_str_t text)
{
    return fig_str_caseeq(fig_str(subject.data + i, text.len), text);
}


static inline bool
run_is_in(fig_str_t subject, const fig_run_t *run)
{
    size_t  i;

    if (subject.len < run->text.len) {
        return false;
    }

    i = run->at_end ? subject.len - run->text.len : 0;

    for ( /* void */ ; i + run->text.len <= subject.len; i++) {
        if (run_is_at(subject, i, run->text)) {
            return true;
        }
    }

    return false;
}


/* One way, of which all runs are there, is enough. */

static inline bool
literals_are_true(const fig_literals_t *literals, fig_str_t subject)
{
    bool      all;
    uint32_t  way, i;

    for (way = 0; way < literals->nways; way++) {
        all = true;

        for (i = 0; i < literals->nruns; i++) {
            if (literals->runs[i].way == way) {
                all = all && run_is_in(subject, &literals->runs[i]);
            }
        }

        if (all) {
            return true;
        }
    }

    return literals->nways == 0;
}


#endif /* LITERAL_TRUTH_H */
