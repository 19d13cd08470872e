/*
 * Logged requests through one rule set, or two of them.
 *
 *     log line -> request view -> verdict, verdict -> tally
 *
 * No heap for a line: what a line needs is in the replay.
 */

#ifndef REPLAY_H
#define REPLAY_H

#include "args.h"
#include "logfile.h"
#include "tally.h"


typedef struct {
    cli_places_t   places;
    cli_judge_t    after;              /* the rules in question */
    cli_judge_t    before;             /* what they are held against */
    bool           compares;           /* there are such */
    cli_tally_t    tally;

    const char    *host;               /* of every request; NULL: none */
    uint64_t       lines;
    uint64_t       requests;
    uint64_t       malformed;          /* lines that are no request */

    uint32_t       host_len;
    char           host_room[256];
    size_t         room_size;          /* of both */
    char          *room;               /* of unescaped text */
    char          *path;
} cli_replay_t;


/* before may be NULL.  host may be NULL; false: it is none. */
bool cli_replay_init(cli_replay_t *replay, const fig_ruleset_t *after,
    const fig_ruleset_t *before, const char *host, uint32_t max_samples);
void cli_replay_release(cli_replay_t *replay);

/* Reads a log, or as much as there is: CLI_FAILED, after a message. */
cli_exit_t cli_replay_file(cli_replay_t *replay, const char *path);


#endif /* REPLAY_H */
