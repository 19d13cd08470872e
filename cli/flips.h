/*
 * Flips, as the commands that make them share them: sent to every node, told,
 * and waited for.
 *
 *     body -> each node -> changes, seq -> v1/status until all have converged
 */

#ifndef FLIPS_H
#define FLIPS_H

#include "api.h"


/* --reason, --if-seq and --wait, of every command that writes. */
extern const cli_option_t  cli_flip_options[];

/* --lease, of those that can end by themselves. */
extern const cli_option_t  cli_lease_options[];

/* Adds them to a body. */
void cli_flip_given(json_t *body);

/*
 * After a call that wrote: prints what each node answered, or JSON, and waits
 * until all of them have converged.  code is that of the call; returns what the
 * command is to end with.
 */
cli_exit_t cli_flip_done(cli_api_t *api, cli_exit_t code);

/* Sends body to every node, and the above.  Releases body. */
cli_exit_t cli_flip_send(cli_api_t *api, const char *method, const char *path,
    json_t *body);

/* A whole command: POST {COMMAND: [operands]}, for reset and release. */
cli_exit_t cli_flip_names(const cli_spec_t *spec, int argc, char **argv);

/* A number of the history; false: *exit is set, something was said. */
bool cli_flip_seq(const char *command, const char *text, int64_t *seq,
    cli_exit_t *exit);

/*
 * Whether the entry seq of the history is the same flip on every node.  False:
 * *exit is set, something was said.
 */
bool cli_flip_is_same(cli_api_t *api, int64_t seq, cli_exit_t *exit);


#endif /* FLIPS_H */
