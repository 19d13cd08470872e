/*
 * The `strangler` command: finds the command and hands over to it.
 *
 *     strangler COMMAND [OPERAND...] [OPTION...]
 *
 * A command that is misspelt is answered with the nearest one.
 */

#include <signal.h>

#include "cli.h"
#include "fig_suggest.h"
#include "fig_text.h"


static const cli_command_t  cli_commands[] = {
    { "check", "check rules files and run their tests", cli_cmd_check },
    { "explain", "which route and backend a request gets, and why",
      cli_cmd_explain },
    { "replay", "what rules, or a change of them, do to logged requests",
      cli_cmd_replay },
    { "compare", "two saved answers: what differs", cli_cmd_compare },
    { "status", "which rules are in force, and what is wrong",
      cli_cmd_status },
    { "routes", "the routes as they are in force, with their counts",
      cli_cmd_routes },
    { "backends", "the backends, how busy and how well", cli_cmd_backends },
    { "history", "what was flipped, when, by whom and why", cli_cmd_history },
    { "surface", "paths that no route matches yet", cli_cmd_surface },
    { "differences", "in what the answers of the two sides differ",
      cli_cmd_differences },
    { "acknowledge", "say that a difference is meant to be",
      cli_cmd_acknowledge },
    { "forget", "let differences, or all of a route, begin anew",
      cli_cmd_forget },
    { "ready", "whether routes are ready to flip, and why not",
      cli_cmd_ready },
    { "watch", "the routes, live", cli_cmd_watch },
    { "flip", "put routes into another stage", cli_cmd_flip },
    { "advance", "walk a route up, and back when it does not do well",
      cli_cmd_advance },
    { "undo", "take a flip back", cli_cmd_undo },
    { "confirm", "keep a flip whose lease would end", cli_cmd_confirm },
    { "reset", "put routes back to what the file says", cli_cmd_reset },
    { "release", "let the file speak again where a flip is held",
      cli_cmd_release },
    { "drain", "take a backend out of use", cli_cmd_drain }
};


static void
cli_usage(FILE *out)
{
    size_t  i;

    fputs("usage: strangler COMMAND [OPERAND...] [OPTION...]\n"
          "\n"
          "Checks and tries the rules of a strangler-fig migration, and moves "
          "its routes.\n"
          "\n", out);

    for (i = 0; i < FIG_NELTS(cli_commands); i++) {
        fprintf(out, "  %-11s  %s\n", cli_commands[i].name,
                cli_commands[i].summary);
    }

    fputs("\n"
          "  strangler COMMAND --help   what a command takes\n"
          "  strangler --version        the version\n", out);
}


static cli_exit_t
cli_unknown_command(const char *word)
{
    char           quoted[FIG_QUOTED], hint[FIG_QUOTED + 16];
    size_t         i;
    fig_suggest_t  suggest;

    fig_suggest_init(&suggest, fig_str_from(word));

    for (i = 0; i < FIG_NELTS(cli_commands); i++) {
        fig_suggest_try(&suggest, fig_str_from(cli_commands[i].name));
    }

    hint[0] = '\0';

    if (suggest.best.len != 0) {
        snprintf(hint, sizeof(hint), ", did you mean %.*s?",
                 (int) suggest.best.len, suggest.best.data);
    }

    return cli_error("there is no %s %s%s (strangler --help)",
                     word[0] == '-' ? "option" : "command",
                     fig_text_quote(fig_str_from(word), quoted), hint);
}


static cli_exit_t
cli_run(int argc, char **argv)
{
    size_t       i;
    const char  *word;

    static char  help[] = "--help";

    if (argc < 2) {
        cli_usage(stderr);
        return CLI_FAILED;
    }

    word = argv[1];

    /* `help COMMAND` is `COMMAND --help` */

    if (strcmp(word, "help") == 0 && argc > 2) {
        word = argv[2];
        argv[1] = argv[2];
        argv[2] = help;
        argc = 3;
    }

    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0
        || strcmp(word, "help") == 0)
    {
        cli_usage(stdout);
        return CLI_OK;
    }

    if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0) {
        puts("strangler " CLI_VERSION);
        return CLI_OK;
    }

    for (i = 0; i < FIG_NELTS(cli_commands); i++) {
        if (strcmp(word, cli_commands[i].name) == 0) {
            return cli_commands[i].run(argc - 1, argv + 1);
        }
    }

    return cli_unknown_command(word);
}


int
main(int argc, char **argv)
{
    cli_exit_t  code;

    code = cli_run(argc, argv);

    if (fflush(stdout) != 0 || ferror(stdout)) {
        return cli_error("cannot write the output");
    }

    return code;
}
