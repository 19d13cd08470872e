/*
 * Parsing of command lines by a table of options, and printing that table.
 *
 *     argv   --against=b.yaml  -H 'A: b'  rules.yaml  --  -
 *            option            option     operand         operand
 *
 * A `-` alone is an operand.
 */

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>

#include "args.h"
#include "fig_suggest.h"
#include "fig_text.h"


#define CLI_HELP_COLUMN  26


/* A command line under way. */

typedef struct {
    const cli_spec_t   *spec;
    int                 argc;
    char              **argv;
    int                 at;            /* of the argument looked at */
} cli_args_t;


static const cli_option_t  cli_help_option[] = {
    { "help", 'h', CLI_FLAG, NULL, "print this help", NULL },
    { NULL, 0, CLI_FLAG, NULL, NULL, NULL }
};


cli_exit_t
cli_usage_error(const char *command, const char *format, ...)
{
    char    *text;
    va_list  args;

    va_start(args, format);

    if (vasprintf(&text, format, args) >= 0) {
        cli_error("%s (strangler %s --help)", text, command);
        free(text);
    }

    va_end(args);

    return CLI_FAILED;
}


void
cli_list_add(cli_list_t *list, const char *item)
{
    list->items = cli_grow(list->items, list->n, sizeof(char *));
    list->items[list->n++] = item;
}


bool
cli_parse_time(const char *text, int64_t *ms)
{
    char           *end;
    size_t          i;
    long long       n;

    static const struct {
        const char  *unit;
        int64_t      ms;
    } units[] = {
        { "ms", 1 }, { "", 1000 }, { "s", 1000 }, { "m", 60000 },
        { "h", 3600000 }, { "d", 86400000 }
    };

    if (!isdigit((unsigned char) text[0])) {
        return false;
    }

    errno = 0;
    n = strtoll(text, &end, 10);

    for (i = 0; i < FIG_NELTS(units); i++) {
        if (strcmp(end, units[i].unit) == 0 && errno == 0
            && n <= INT64_MAX / units[i].ms)
        {
            *ms = n * units[i].ms;
            return true;
        }
    }

    return false;
}


/* What --help shows of an option, in one line or two. */

static void
cli_help_set(const cli_option_t *set)
{
    int  n;

    for ( ; set->name != NULL; set++) {
        n = set->letter != '\0' ? printf("  -%c, --%s", set->letter, set->name)
                                : printf("      --%s", set->name);

        if (set->value != NULL) {
            n += printf(" %s", set->value);
        }

        if (n >= CLI_HELP_COLUMN) {
            putchar('\n');
            n = 0;
        }

        printf("%*s%s\n", CLI_HELP_COLUMN - n, "", set->help);
    }
}


static void
cli_help(const cli_spec_t *spec)
{
    size_t       i, len;
    const char  *p, *word;

    word = "usage:";

    for (p = spec->usage; *p != '\0'; p += len + (p[len] == '\n')) {
        len = strcspn(p, "\n");
        printf("%s strangler %s %.*s\n", word, spec->command, (int) len, p);
        word = "      ";
    }

    printf("\n%s\n\noptions\n\n", spec->about);

    for (i = 0; i < CLI_OPTION_SETS; i++) {
        if (spec->sets[i] != NULL) {
            cli_help_set(spec->sets[i]);
        }
    }

    cli_help_set(cli_help_option);
}


/* The option of this name (letter '\0') or letter; NULL: none. */

static const cli_option_t *
cli_args_find(const cli_spec_t *spec, fig_str_t name, char letter)
{
    size_t               i;
    const cli_option_t  *option;

    for (i = 0; i <= CLI_OPTION_SETS; i++) {
        option = (i < CLI_OPTION_SETS) ? spec->sets[i] : cli_help_option;

        for ( ; option != NULL && option->name != NULL; option++) {
            if (letter != '\0' ? option->letter == letter
                               : fig_str_eq(fig_str_from(option->name), name))
            {
                return option;
            }
        }
    }

    return NULL;
}


static cli_exit_t
cli_args_unknown(const cli_spec_t *spec, fig_str_t name)
{
    char                 shown[FIG_QUOTED], hint[FIG_QUOTED + 16];
    size_t               i;
    fig_suggest_t        suggest;
    const cli_option_t  *option;

    fig_suggest_init(&suggest, name);

    for (i = 0; i <= CLI_OPTION_SETS; i++) {
        option = (i < CLI_OPTION_SETS) ? spec->sets[i] : cli_help_option;

        for ( ; option != NULL && option->name != NULL; option++) {
            fig_suggest_try(&suggest, fig_str_from(option->name));
        }
    }

    fig_text_show(name, shown, sizeof(shown));
    hint[0] = '\0';

    if (suggest.best.len != 0) {
        snprintf(hint, sizeof(hint), ", did you mean --%.*s?",
                 (int) suggest.best.len, suggest.best.data);
    }

    return cli_usage_error(spec->command, "unknown option --%s%s", shown,
                           hint);
}


static bool
cli_args_set(const cli_args_t *args, const cli_option_t *option,
    const char *value, cli_exit_t *exit)
{
    char       *end, quoted[FIG_QUOTED];
    long long   n;

    switch (option->kind) {

    case CLI_FLAG:
        *(bool *) option->to = true;
        return true;

    case CLI_TEXT:
        *(const char **) option->to = value;
        return true;

    case CLI_LIST:
        cli_list_add(option->to, value);
        return true;

    case CLI_NUMBER:
        errno = 0;
        n = strtoll(value, &end, 10);

        if (isdigit((unsigned char) value[0]) && *end == '\0' && errno == 0) {
            *(int64_t *) option->to = n;
            return true;
        }

        break;

    case CLI_TIME:
        if (cli_parse_time(value, option->to)) {
            return true;
        }

        break;
    }

    *exit = cli_usage_error(args->spec->command, "--%s %s is no %s",
                            option->name,
                            fig_text_quote(fig_str_from(value), quoted),
                            option->kind == CLI_TIME ? "time such as 5s"
                                                     : "number");

    return false;
}


/* Sets an option whose value is what follows it, or inside. */

static bool
cli_args_option(cli_args_t *args, const cli_option_t *option,
    const char *inside, cli_exit_t *exit)
{
    if (option->kind == CLI_FLAG && inside != NULL) {
        *exit = cli_usage_error(args->spec->command, "--%s takes no value",
                                option->name);
        return false;
    }

    if (option->to == NULL) {
        cli_help(args->spec);
        *exit = CLI_OK;
        return false;
    }

    if (option->kind != CLI_FLAG && inside == NULL) {

        if (args->at + 1 == args->argc) {
            *exit = cli_usage_error(args->spec->command, "--%s needs %s",
                                    option->name, option->value);
            return false;
        }

        inside = args->argv[++args->at];
    }

    return cli_args_set(args, option, inside, exit);
}


static bool
cli_args_long(cli_args_t *args, cli_exit_t *exit)
{
    fig_str_t            name;
    const char          *text, *value;
    const cli_option_t  *option;

    text = args->argv[args->at] + 2;
    name = fig_str(text, strcspn(text, "="));
    value = (text[name.len] == '=') ? text + name.len + 1 : NULL;

    option = cli_args_find(args->spec, name, '\0');

    if (option == NULL) {
        *exit = cli_args_unknown(args->spec, name);
        return false;
    }

    return cli_args_option(args, option, value, exit);
}


/* -abH VALUE, -HVALUE: letters up to one that takes a value. */

static bool
cli_args_letters(cli_args_t *args, cli_exit_t *exit)
{
    char                 shown[FIG_QUOTED];
    const char          *p;
    const cli_option_t  *option;

    for (p = args->argv[args->at] + 1; *p != '\0'; p++) {
        option = cli_args_find(args->spec, fig_str("", 0), *p);

        if (option == NULL) {
            fig_text_show(fig_str(p, 1), shown, sizeof(shown));
            *exit = cli_usage_error(args->spec->command, "unknown option -%s",
                                    shown);
            return false;
        }

        if (option->kind != CLI_FLAG) {
            return cli_args_option(args, option, p[1] != '\0' ? p + 1 : NULL,
                                   exit);
        }

        if (!cli_args_option(args, option, NULL, exit)) {
            return false;
        }
    }

    return true;
}


static bool
cli_args_walk(const cli_spec_t *spec, int argc, char **argv,
    cli_list_t *operands, cli_exit_t *exit)
{
    bool         ended, well;
    cli_args_t   args = { spec, argc, argv, 1 };
    const char  *word;

    ended = false;

    for ( ; args.at < argc; args.at++) {
        word = argv[args.at];

        if (ended || word[0] != '-' || word[1] == '\0') {
            cli_list_add(operands, word);
            continue;
        }

        if (strcmp(word, "--") == 0) {
            ended = true;
            continue;
        }

        well = (word[1] == '-') ? cli_args_long(&args, exit)
                                : cli_args_letters(&args, exit);
        if (!well) {
            return false;
        }
    }

    if (operands->n < spec->min || operands->n > spec->max) {
        *exit = cli_usage_error(spec->command, "usage: strangler %s %.*s",
                                spec->command,
                                (int) strcspn(spec->usage, "\n"), spec->usage);
        return false;
    }

    return true;
}


bool
cli_args_parse(const cli_spec_t *spec, int argc, char **argv,
    cli_list_t *operands, cli_exit_t *exit)
{
    memset(operands, 0, sizeof(cli_list_t));

    if (cli_args_walk(spec, argc, argv, operands, exit)) {
        return true;
    }

    free(operands->items);

    return false;
}
