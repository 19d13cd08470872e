/*
 * strangler confirm: a flip with a lease stays.
 *
 *     confirm SEQ
 */

#include "flips.h"


cli_exit_t
cli_cmd_confirm(int argc, char **argv)
{
    int64_t      seq;
    cli_api_t    api;
    cli_exit_t   code;
    cli_list_t   operands;

    const cli_spec_t  spec = {
        "confirm", "SEQ [OPTION...]",
        "Keeps what the flip with the number SEQ has changed: it does not go "
        "back when\nits lease ends.",
        1, 1, { cli_flip_options, cli_json_options, cli_api_options }
    };

    if (!cli_args_parse(&spec, argc, argv, &operands, &code)) {
        return code;
    }

    if (!cli_flip_seq("confirm", operands.items[0], &seq, &code)) {
        free(operands.items);
        return code;
    }

    if (cli_api_open(&api, "confirm", &code)
        && cli_flip_is_same(&api, seq, &code))
    {
        code = cli_flip_send(&api, "POST", "v1/flips",
                             json_pack("{s:I}", "confirm", (json_int_t) seq));
    }

    cli_api_close(&api);
    free(operands.items);

    return code;
}
