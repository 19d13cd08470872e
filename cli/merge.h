/*
 * Lists of several nodes as one.
 *
 *     a: {"name": "o", "stage": "live", "requests": {"new": 7}}
 *     b: {"name": "o", "stage": "ramp", "requests": {"new": 2}}
 *
 *     ->  {"name": "o", "stage": "live", "requests": {"new": 9},
 *          "differs": {"stage": {"a": "live", "b": "ramp"}}}
 *
 * Counts are added up, of latencies the worst is taken, of times the first or
 * the last; what else differs is told by node.  What is not on every node has a
 * list of its "nodes".
 */

#ifndef MERGE_H
#define MERGE_H

#include "api.h"


/*
 * The entries of a member of all documents, which are merged by the text of
 * their member key.  A new list; with one node as it came.
 */
json_t *cli_merge(const cli_api_t *api, const char *member, const char *key);

/* Prints what differs between nodes, a line for each; false: nothing does. */
bool cli_merge_print_differences(const json_t *list, const char *key,
    FILE *out);


#endif /* MERGE_H */
