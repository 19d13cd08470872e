/*
 * Noting of signals.
 *
 * Calls that wait go on after one: it is looked at between them.
 */

#include <time.h>

#include "number.h"
#include "stop.h"


#define CLI_STOP_STEP  50              /* ms, between two looks */


volatile sig_atomic_t  cli_stop_signal;


static void
cli_stop_note(int number)
{
    if (cli_stop_signal != 0) {
        (void) signal(number, SIG_DFL);
        (void) raise(number);
    }

    cli_stop_signal = number;
}


void
cli_stop_catch(void)
{
    struct sigaction  action;

    memset(&action, 0, sizeof(action));
    action.sa_handler = cli_stop_note;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    (void) sigaction(SIGINT, &action, NULL);
    (void) sigaction(SIGTERM, &action, NULL);
}


bool
cli_stop_rest(int64_t ms)
{
    double  end, left;

    struct timespec  step;

    end = cli_now() + (double) ms / 1000;

    while (cli_stop_signal == 0 && (left = end - cli_now()) > 0) {
        left = (left < CLI_STOP_STEP / 1e3) ? left : CLI_STOP_STEP / 1e3;
        step.tv_sec = 0;
        step.tv_nsec = (long) (left * 1e9);
        (void) nanosleep(&step, NULL);
    }

    return cli_stop_signal == 0;
}


void
cli_stop_end(void)
{
    if (cli_stop_signal != 0) {
        (void) fflush(stdout);
        (void) signal(cli_stop_signal, SIG_DFL);
        (void) raise(cli_stop_signal);
    }
}
