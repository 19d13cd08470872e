/*
 * What every command shares: exit statuses, messages, memory.
 *
 *     main -> command -> cli_args_parse() -> ... -> exit status
 *
 * A command is a file cmd_NAME.c with a function that gets its own arguments.
 * Messages go to stderr and begin with the name of the program; texts from
 * outside are shown through base/fig_text.h in all that is printed.
 */

#ifndef CLI_H
#define CLI_H

#include <stdio.h>
#include <stdlib.h>

#include "fig_base.h"


#define CLI_VERSION  "0.1.0"


/* Exit statuses. */

typedef enum {
    CLI_OK = 0,
    CLI_NO = 1,                        /* the answer is no */
    CLI_FAILED = 2,                    /* wrong usage, or no answer */
    CLI_INCOMPARABLE = 3               /* there is nothing to be said */
} cli_exit_t;


typedef struct {
    const char    *name;
    const char    *summary;
    cli_exit_t   (*run)(int argc, char **argv);
} cli_command_t;


/* argv[0] is the command's name. */

cli_exit_t cli_cmd_check(int argc, char **argv);
cli_exit_t cli_cmd_explain(int argc, char **argv);
cli_exit_t cli_cmd_replay(int argc, char **argv);
cli_exit_t cli_cmd_compare(int argc, char **argv);
cli_exit_t cli_cmd_status(int argc, char **argv);
cli_exit_t cli_cmd_routes(int argc, char **argv);
cli_exit_t cli_cmd_backends(int argc, char **argv);
cli_exit_t cli_cmd_history(int argc, char **argv);
cli_exit_t cli_cmd_surface(int argc, char **argv);
cli_exit_t cli_cmd_differences(int argc, char **argv);
cli_exit_t cli_cmd_acknowledge(int argc, char **argv);
cli_exit_t cli_cmd_forget(int argc, char **argv);
cli_exit_t cli_cmd_ready(int argc, char **argv);
cli_exit_t cli_cmd_flip(int argc, char **argv);
cli_exit_t cli_cmd_advance(int argc, char **argv);
cli_exit_t cli_cmd_undo(int argc, char **argv);
cli_exit_t cli_cmd_confirm(int argc, char **argv);
cli_exit_t cli_cmd_reset(int argc, char **argv);
cli_exit_t cli_cmd_release(int argc, char **argv);
cli_exit_t cli_cmd_drain(int argc, char **argv);
cli_exit_t cli_cmd_watch(int argc, char **argv);


/* "strangler: " and a message on stderr; returns CLI_FAILED. */
cli_exit_t cli_error(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* The same with "warning: ". */
void cli_warn(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* The worse of two. */
cli_exit_t cli_worse(cli_exit_t a, cli_exit_t b);

/* Zeroed memory, or the program ends: there is nothing to go on with. */
void *cli_alloc(size_t n, size_t size);

/* array with room for one more than n elements, doubled now and then. */
void *cli_grow(void *array, size_t n, size_t size);

/* A string of one's own, to be freed. */
char *cli_format(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

/* text fit to be shown, see fig_text_show(); whole; to be freed. */
char *cli_show(fig_str_t text);
char *cli_show_text(const char *text);


#endif /* CLI_H */
