/*
 * strangler release: a flip that was held gives way to the file again.
 *
 *     release NAME...      routes and groups
 */

#include "flips.h"


cli_exit_t
cli_cmd_release(int argc, char **argv)
{
    const cli_spec_t  spec = {
        "release", "NAME... [OPTION...]",
        "Ends the hold of routes, or groups: a value in the rules file that "
        "was changed\nsince, or will be, is in force again.",
        1, CLI_ANY, { cli_flip_options, cli_json_options, cli_api_options }
    };

    return cli_flip_names(&spec, argc, argv);
}
