/*
 * The admin API of one router or several, as the commands use it.
 *
 *     --api, --unix-socket, ... -> nodes -> the same call to each
 *
 * Reads go on with those that answer, and say which did not.  Documents are in
 * an array by node, NULL where there is none.
 */

#ifndef API_H
#define API_H

#include "http.h"


#define CLI_PREFIX  128                /* room for the name of a node */


/* The options of every command that speaks to routers. */
extern const cli_option_t  cli_api_options[];

/* The option --json of all of them. */
extern const cli_option_t  cli_json_options[];

bool cli_api_is_json(void);

/* Whether --api, --unix-socket or STRANGLER_API is there. */
bool cli_api_is_given(void);


typedef struct {
    cli_nodes_t          nodes;
    cli_http_options_t   options;
    cli_http_t          *http;
    json_t             **documents;    /* by node: what came last; owned */
    bool                 quiet;        /* what goes wrong is not said, but */
    char                *wrong;        /* the last of it is here; owned */
} cli_api_t;


/* False: *exit is set, something was said.  Close it always. */
bool cli_api_open(cli_api_t *api, const char *command, cli_exit_t *exit);
void cli_api_close(cli_api_t *api);

/*
 * Calls every node; body may be NULL.  CLI_OK, CLI_NO: one refused, CLI_FAILED:
 * one did not answer as an API does.  What went wrong was said.
 */
cli_exit_t cli_api_call(cli_api_t *api, const char *method, const char *path,
    json_t *body);

/*
 * The same with a body for each node, by node; those without one are not
 * called, and those with JSON's null are without a body.  bodies NULL: all are.
 */
cli_exit_t cli_api_call_each(cli_api_t *api, const char *method,
    const char *path, json_t *const *bodies);

/*
 * Gets a list from every node, page by page: a member of path's answers, which
 * becomes one array in the document.  path may have a query.  after are
 * sequence numbers by node to begin after; NULL: at the beginning.
 */
cli_exit_t cli_api_list(cli_api_t *api, const char *path, const char *member,
    const int64_t *after);

/* The first document that there is, or NULL. */
json_t *cli_api_first(const cli_api_t *api);

/* "NAME: " for messages where there are several nodes, else "". */
const char *cli_api_prefix(const cli_api_t *api, size_t node,
    char out[CLI_PREFIX]);


#endif /* API_H */
