/*
 * strangler reset: back to what the file says.
 *
 *     reset NAME...        routes and groups
 */

#include "flips.h"


cli_exit_t
cli_cmd_reset(int argc, char **argv)
{
    const cli_spec_t  spec = {
        "reset", "NAME... [OPTION...]",
        "Puts routes, or groups, back to what the rules file says of them, "
        "whatever was\nflipped.",
        1, CLI_ANY, { cli_flip_options, cli_json_options, cli_api_options }
    };

    return cli_flip_names(&spec, argc, argv);
}
