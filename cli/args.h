/*
 * Command lines: options, operands, and the help that follows from them.
 *
 *     spec -> usage, about, sets of options -> where each value goes
 *
 * Options and operands may come in any order; `--` ends the options; a value
 * follows as --name=VALUE, --name VALUE, -n VALUE or -nVALUE.  Unknown options
 * are answered with the nearest one.
 */

#ifndef ARGS_H
#define ARGS_H

#include "cli.h"


typedef enum {
    CLI_FLAG = 0,                      /* to: bool */
    CLI_TEXT,                          /* to: const char * */
    CLI_LIST,                          /* to: cli_list_t, in order */
    CLI_NUMBER,                        /* to: int64_t, 0 or more */
    CLI_TIME                           /* to: int64_t, ms: 250ms 5s 2m or s */
} cli_option_kind_t;


typedef struct {
    size_t              n;
    const char        **items;         /* borrowed from argv */
} cli_list_t;


typedef struct {
    const char         *name;          /* NULL ends a set */
    char                letter;        /* '\0': none */
    cli_option_kind_t   kind;
    const char         *value;         /* its name in the help */
    const char         *help;
    void               *to;
} cli_option_t;


#define CLI_OPTION_SETS  5
#define CLI_ANY          SIZE_MAX

typedef struct {
    const char         *command;
    const char         *usage;         /* lines, without the command's name */
    const char         *about;
    size_t              min;           /* operands */
    size_t              max;           /* CLI_ANY: no limit */
    const cli_option_t *sets[CLI_OPTION_SETS];     /* NULL: none */
} cli_spec_t;


/*
 * Sets what the options point to and collects operands, whose items are to be
 * freed, as those of lists.  False: *exit is what the program is to end with,
 * after help or a message, and there are no operands.
 */
bool cli_args_parse(const cli_spec_t *spec, int argc, char **argv,
    cli_list_t *operands, cli_exit_t *exit);

/* A message about wrong usage, and where to find the help. */
cli_exit_t cli_usage_error(const char *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

void cli_list_add(cli_list_t *list, const char *item);

/* 250ms, 5s, 2m, 1h, 1d; a number alone is seconds.  False: it is none. */
bool cli_parse_time(const char *text, int64_t *ms);


#endif /* ARGS_H */
