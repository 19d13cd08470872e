/*
 * strangler watch: routes, requests a second and flips, live.
 *
 * It asks all nodes again after each interval, draws, and ends with q or ^C.
 */

#include "filters.h"
#include "frame.h"
#include "number.h"
#include "screen.h"
#include "term.h"


#define CLI_WATCH_INTERVAL  1000       /* ms */


static void
cli_watch_draw(const cli_frame_t *frame, const cli_frame_t *before)
{
    char  *text;

    text = cli_frame_text(frame, before, cli_term_width(), cli_term_height());
    cli_screen_draw(text);
    free(text);
}


/* Until the next look is due: keys, and another size.  False: the end. */

static bool
cli_watch_rest(const cli_frame_t *frame, const cli_frame_t *before,
    double until)
{
    int     key;
    double  left;

    for ( ;; ) {
        left = until - cli_now();

        if (left <= 0) {
            return true;
        }

        key = cli_screen_wait((int64_t) (left * 1000) + 1);

        if (key == 'q' || key == 'Q' || key == '\004') {
            return false;
        }

        cli_watch_draw(frame, before);
    }
}


static void
cli_watch_run(cli_api_t *api, int64_t interval)
{
    char         *path;
    double        until;
    cli_frame_t   frame, before;

    memset(&before, 0, sizeof(cli_frame_t));
    memset(&frame, 0, sizeof(cli_frame_t));
    path = cli_filters_path();

    do {
        cli_frame_release(&before);
        before = frame;
        memset(&frame, 0, sizeof(cli_frame_t));

        until = cli_now() + (double) interval / 1000;
        cli_frame_read(&frame, api, path);
        cli_watch_draw(&frame, &before);
    } while (cli_watch_rest(&frame, &before, until));

    cli_frame_release(&before);
    cli_frame_release(&frame);
    free(path);
}


cli_exit_t
cli_cmd_watch(int argc, char **argv)
{
    int64_t      interval;
    cli_api_t    api;
    cli_exit_t   code;
    cli_list_t   operands;

    const cli_option_t  options[] = {
        { "interval", 0, CLI_TIME, "TIME", "between two looks (1s)",
          &interval },
        { NULL, 0, CLI_FLAG, NULL, NULL, NULL }
    };

    const cli_spec_t  spec = {
        "watch", "[OPTION...]",
        "Shows routes with their requests and fallbacks a second, and the last "
        "flips, on\nthe whole terminal; q ends it.  For programs there is "
        "strangler routes --json.",
        0, 0, { options, cli_filter_options, cli_api_options }
    };

    interval = CLI_WATCH_INTERVAL;

    if (!cli_args_parse(&spec, argc, argv, &operands, &code)) {
        return code;
    }

    if (cli_api_open(&api, "watch", &code)) {

        if (cli_screen_open()) {
            cli_watch_run(&api, interval);
            cli_screen_close();

        } else {
            code = cli_usage_error("watch", "this is no terminal");
        }
    }

    cli_api_close(&api);

    return code;
}
