/*
 * Gives a state directory what workers would have found: tests of what is made
 * of it need no traffic.
 *
 *     feed_evidence DIR < pairs
 *
 *     ROUTE KEY N match
 *     ROUTE KEY N incomparable
 *     ROUTE KEY N body|header|status KIND PATH FROM TO [A B]
 *
 * N pairs, each of another request; `-` is an empty text; A and B are values.
 */

#define _GNU_SOURCE

#include "fig_evidence.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>


static const char *const  kinds[] = {
    "status", "header", "missing", "extra", "type", "null", "value", "order",
    "length", "parse", "limit", "transport", "duplicate", NULL
};

static const char *const  parts[] = { "status", "header", "body", NULL };


static void
die(const char *why)
{
    fprintf(stderr, "feed_evidence: %s\n", why);
    exit(1);
}


static unsigned
find(const char *word, const char *const *words)
{
    unsigned  i;

    for (i = 0; words[i] != NULL; i++) {
        if (strcmp(word, words[i]) == 0) {
            return i;
        }
    }

    die(word);

    return 0;
}


static fig_str_t
text(const char *word)
{
    return fig_str_from(strcmp(word, "-") == 0 ? "" : word);
}


static void
merge(fig_evidence_t *evidence, fig_batch_t *batch)
{
    char  error[FIG_EVIDENCE_ERROR];

    if (fig_evidence_merge(evidence, batch, (uint64_t) time(NULL), NULL, NULL)
        != FIG_OK)
    {
        fig_evidence_error(evidence, error);
        die(error);
    }
}


static void
give(fig_evidence_t *evidence, fig_batch_t *batch, fig_pair_t *pair,
    unsigned long n)
{
    while (n-- != 0) {
        pair->request++;

        if (fig_batch_add(batch, pair) == FIG_OK) {
            continue;
        }

        merge(evidence, batch);

        if (fig_batch_add(batch, pair) != FIG_OK) {
            die("there is no room");
        }
    }
}


static void
read_difference(char **words, int n, fig_difference_t *difference)
{
    if (n < 8) {
        die("a line is too short");
    }

    difference->part = find(words[3], parts);
    difference->kind = find(words[4], kinds);
    difference->first = true;
    difference->path = text(words[5]);
    difference->from = text(words[6]);
    difference->to = text(words[7]);
    difference->pointer = fig_str_from("/0/a");

    if (n >= 10) {
        difference->from_value = text(words[8]);
        difference->to_value = text(words[9]);
    }
}


int
main(int argc, char **argv)
{
    int                n;
    char               line[1024], *words[12], *rest;
    fig_pair_t         pair;
    fig_batch_t       *batch;
    fig_evidence_t    *evidence;
    fig_difference_t   difference;
    fig_comparison_t   comparison;
    struct stat        st;

    if (argc != 2 || stat(argv[1], &st) == -1
        || fig_evidence_open(argv[1], st.st_uid, st.st_gid, &evidence)
           != FIG_OK)
    {
        die("DIR is needed");
    }

    batch = fig_batch_create(4 * 1024 * 1024);
    memset(&pair, 0, sizeof(pair));
    pair.request = (uint64_t) getpid() << 32;
    pair.comparison = &comparison;
    pair.name = fig_str_from("GET /api/x?secret=1");
    pair.id = fig_str_from("0123456789abcdef0123456789abcdef");
    pair.old_us = pair.new_us = 1000;

    while (fgets(line, sizeof(line), stdin) != NULL) {

        for (n = 0, rest = line; n < 12; n++) {
            words[n] = strsep(&rest, " \n");

            if (words[n] == NULL || words[n][0] == '\0') {
                break;
            }
        }

        if (n < 4) {
            die("a line is too short");
        }

        memset(&comparison, 0, sizeof(comparison));
        memset(&difference, 0, sizeof(difference));
        pair.route = fig_str_from(words[0]);
        pair.key = strtoull(words[1], NULL, 16);
        pair.time = (uint64_t) time(NULL);

        if (strcmp(words[3], "incomparable") == 0) {
            comparison.outcome = FIG_OUTCOME_INCOMPARABLE;

        } else if (strcmp(words[3], "match") != 0) {
            read_difference(words, n, &difference);
            comparison.outcome = FIG_OUTCOME_MISMATCH;
            comparison.differences = &difference;
            comparison.n = comparison.total = 1;
        }

        give(evidence, batch, &pair, strtoul(words[2], NULL, 10));
    }

    merge(evidence, batch);
    fig_batch_destroy(batch);
    fig_evidence_close(evidence);

    return 0;
}
