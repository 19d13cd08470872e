/*
 * An explanation of one request: made here from rules, or by a router.
 *
 *     {"route", "stage", "percent", "source", "side", "backend", "bucket",
 *      "by", "why", "retries", "fallback",
 *      "candidates": [{"route", "won", "because"}]}
 *
 * in the shape of the admin API's v1/explain, and printed from that shape.
 */

#ifndef EXPLAIN_H
#define EXPLAIN_H

#include "json.h"
#include "request.h"


#define CLI_CANDIDATES  50


/* A new document; the request was decided. */
json_t *cli_explain_make(const fig_ruleset_t *ruleset, cli_request_t *request,
    fig_scratch_t *scratch);

void cli_explain_print(const json_t *document);


#endif /* EXPLAIN_H */
