/*
 * Classes of differences, as the API lists them, and in words.
 *
 *     part body, path $.a  -> "body $.a"
 *     from string, to null -> "string -> null"
 *     noise, acknowledged  -> "real"
 *
 * All texts are new ones, to be freed, and not yet fit to be shown.
 */

#ifndef CLASSES_H
#define CLASSES_H

#include "api.h"
#include "table.h"


#define CLI_CLASS_ID  16               /* hex digits of an id */


/* What the list is to have beside what counts. */

typedef struct {
    const char  *route;                /* NULL: all */
    bool         noise;
    bool         acknowledged;
} cli_classes_filter_t;


/*
 * Those of all nodes, merged, most pairs first: a new list.  hidden: so many
 * were left out.  Wrong ones were said, and are in *exit.
 */
json_t *cli_classes_list(cli_api_t *api, const cli_classes_filter_t *filter,
    size_t *hidden, cli_exit_t *exit);

/* Whether a class is what a filter asks for. */
bool cli_class_counts(const json_t *class,
    const cli_classes_filter_t *filter);

/*
 * One class with its samples, merged: a new object.  id may be the beginning of
 * one.  After it the documents of api are those of the nodes that have it.
 * NULL: *exit is set, something was said.
 */
json_t *cli_classes_get(cli_api_t *api, const char *command, const char *id,
    cli_exit_t *exit);

/* v1/differences/ID of a class; to be freed. */
char *cli_class_path(const json_t *class);

char *cli_class_where(const json_t *class);
char *cli_class_change(const json_t *class);
const char *cli_class_state(const json_t *class);
cli_style_t cli_class_style(const json_t *class);

/* "by team-o in 12d: it is rounded", or "". */
char *cli_class_acknowledged(const json_t *class, double now);


#endif /* CLASSES_H */
