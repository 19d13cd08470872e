/*
 * An open-addressed table of counts, at most half full.
 *
 * Samples are the first requests that differ; of a pair that always is the same
 * request only so many are looked at.
 */

#include "tally.h"


#define CLI_TALLY_SIZE    256
#define CLI_TALLY_LOOKED  1000
#define CLI_SAMPLE_MAX    2000         /* bytes that are kept of a target */


void
cli_tally_init(cli_tally_t *tally, uint32_t max_samples)
{
    tally->size = CLI_TALLY_SIZE;
    tally->n = 0;
    tally->max_samples = max_samples;
    tally->cells = cli_alloc(tally->size, sizeof(cli_cell_count_t));
}


void
cli_tally_release(cli_tally_t *tally)
{
    size_t    i;
    uint32_t  k;

    for (i = 0; i < tally->size; i++) {
        for (k = 0; k < tally->cells[i].nsamples; k++) {
            free(tally->cells[i].samples[k]);
        }

        free(tally->cells[i].samples);
    }

    free(tally->cells);
}


static bool
cli_verdict_eq(cli_verdict_t a, cli_verdict_t b)
{
    return a.route == b.route && a.place == b.place;
}


/* The slot of a pair, or the empty one where it belongs. */

static cli_cell_count_t *
cli_tally_find(const cli_tally_t *tally, cli_verdict_t from, cli_verdict_t to)
{
    size_t             i;
    uint64_t           hash;
    cli_cell_count_t  *cell;

    hash = ((uint64_t) from.route << 32 | from.place)
           * UINT64_C(0x9e3779b97f4a7c15);
    hash ^= hash >> 29;
    hash = (hash + ((uint64_t) to.route << 32 | to.place))
           * UINT64_C(0xbf58476d1ce4e5b9);

    for (i = hash >> 32; ; i++) {
        cell = &tally->cells[i & (tally->size - 1)];

        if (cell->count == 0 || (cli_verdict_eq(cell->from, from)
                                 && cli_verdict_eq(cell->to, to)))
        {
            return cell;
        }
    }
}


static void
cli_tally_double(cli_tally_t *tally)
{
    size_t             i, size;
    cli_cell_count_t  *old, *cell;

    old = tally->cells;
    size = tally->size;
    tally->size = 2 * size;
    tally->cells = cli_alloc(tally->size, sizeof(cli_cell_count_t));

    for (i = 0; i < size; i++) {
        if (old[i].count != 0) {
            cell = cli_tally_find(tally, old[i].from, old[i].to);
            *cell = old[i];
        }
    }

    free(old);
}


static void
cli_tally_sample(cli_tally_t *tally, cli_cell_count_t *cell, fig_str_t method,
    fig_str_t target)
{
    size_t       len;
    uint32_t     i;
    const char  *sample;

    cell->looked++;
    len = (target.len < CLI_SAMPLE_MAX) ? target.len : CLI_SAMPLE_MAX;

    for (i = 0; i < cell->nsamples; i++) {
        sample = cell->samples[i];

        if (strncmp(sample, method.data, method.len) == 0
            && sample[method.len] == ' '
            && strlen(sample + method.len + 1) == len
            && memcmp(sample + method.len + 1, target.data, len) == 0)
        {
            return;
        }
    }

    if (cell->samples == NULL) {
        cell->samples = cli_alloc(tally->max_samples, sizeof(char *));
    }

    cell->samples[cell->nsamples++] =
        cli_format("%.*s %.*s", (int) method.len, method.data, (int) len,
                   target.data);
}


void
cli_tally_add(cli_tally_t *tally, cli_verdict_t from, cli_verdict_t to,
    fig_str_t method, fig_str_t target)
{
    cli_cell_count_t  *cell;

    cell = cli_tally_find(tally, from, to);

    if (cell->count == 0) {

        if (2 * (tally->n + 1) > tally->size) {
            cli_tally_double(tally);
            cell = cli_tally_find(tally, from, to);
        }

        tally->n++;
        cell->from = from;
        cell->to = to;
    }

    cell->count++;

    if (cell->nsamples < tally->max_samples
        && cell->looked < CLI_TALLY_LOOKED)
    {
        cli_tally_sample(tally, cell, method, target);
    }
}
