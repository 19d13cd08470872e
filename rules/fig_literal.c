/*
 * Cuts what a pattern's ways consist of into runs of literal text.
 *
 *     tokens of a way     / v GAP GAP / a END
 *     runs                "/v"  "/a" at the end
 *
 * GAP stands for anything, or nothing.  Where a pattern has too many ways, all
 * alternations but the outermost one become gaps.  How patterns are read is
 * fig_reader.c's matter.
 */

#include "fig_literal.h"
#include "fig_reader.h"


/* Cuts the tokens of a way into runs; false when there is no more room. */

static bool
fig_literals_add(fig_literals_t *literals, const fig_reader_t *reader)
{
    size_t      i;
    unsigned    token;
    fig_run_t  *run;

    run = NULL;

    for (i = 0; i < reader->ntokens; i++) {
        token = reader->tokens[i];

        if (token >= FIG_TOKEN_GAP) {
            if (run != NULL) {
                run->at_end = token == FIG_TOKEN_END;
            }

            run = NULL;
            continue;
        }

        if (literals->ntext == FIG_LITERAL_TEXT
            || (run == NULL && literals->nruns == FIG_LITERAL_RUNS))
        {
            return false;
        }

        if (run == NULL) {
            run = &literals->runs[literals->nruns++];
            run->way = literals->nways;
            run->at_end = false;
            run->text = fig_str(literals->text + literals->ntext, 0);
        }

        literals->text[literals->ntext++]
            = (char) fig_lower((unsigned char) token);
        run->text.len++;
    }

    literals->nways++;

    return true;
}


static bool
fig_literals_read(fig_literals_t *literals, fig_reader_t *reader,
    fig_str_t pattern)
{
    literals->nways = 0;
    literals->nruns = 0;
    literals->ntext = 0;

    memset(reader->choice, 0, sizeof(reader->choice));

    do {
        if (literals->nways == FIG_LITERAL_WAYS
            || !fig_reader_way(reader, pattern)
            || !fig_literals_add(literals, reader))
        {
            literals->nways = 0;
            return false;
        }

    } while (fig_reader_turn(reader));

    return true;
}


void
fig_literals_parse(fig_str_t pattern, fig_literals_t *literals)
{
    fig_reader_t  reader;

    reader.flat = false;

    if (fig_literals_read(literals, &reader, pattern) || reader.failed) {
        return;
    }

    reader.flat = true;
    fig_literals_read(literals, &reader, pattern);
}
