/*
 * Modes of the terminal, and signals, which must not leave it in them.
 *
 *     ^C, TERM, HUP   as it was, and then what the signal does by itself
 *     ^Z              as it was; ours again when it goes on
 *     another size    ends a wait
 *
 * The handlers use write() and tcsetattr() only.  The last two come while we
 * wait, and at no other time: then none comes just before a wait, unseen.
 */

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <termios.h>
#include <unistd.h>

#include "screen.h"
#include "term.h"


static struct termios         cli_screen_before;
static sigset_t               cli_screen_mask;         /* while we wait */
static volatile sig_atomic_t  cli_screen_is_open;


static void
cli_screen_write(const char *text, size_t len)
{
    ssize_t  n;

    while (len != 0) {
        n = write(STDOUT_FILENO, text, len);

        if (n <= 0 && errno != EINTR) {
            return;
        }

        if (n > 0) {
            text += n;
            len -= (size_t) n;
        }
    }
}


/* Another screen, no cursor, keys one by one and not shown. */

static void
cli_screen_enter(void)
{
    struct termios  mode;

    static const char  on[] = "\033[?1049h\033[?25l";

    mode = cli_screen_before;
    mode.c_lflag &= ~(tcflag_t) (ICANON | ECHO);
    (void) tcsetattr(STDIN_FILENO, TCSADRAIN, &mode);
    cli_screen_write(on, sizeof(on) - 1);
    cli_screen_is_open = 1;
}


static void
cli_screen_leave(void)
{
    static const char  off[] = "\033[?25h\033[?1049l";

    if (cli_screen_is_open) {
        cli_screen_is_open = 0;
        cli_screen_write(off, sizeof(off) - 1);
        (void) tcsetattr(STDIN_FILENO, TCSADRAIN, &cli_screen_before);
    }
}


static void
cli_screen_signal(int number)
{
    int  code;

    code = errno;

    switch (number) {

    case SIGWINCH:
        break;

    case SIGTSTP:
        cli_screen_leave();
        (void) raise(SIGSTOP);
        cli_screen_enter();
        break;

    default:
        cli_screen_leave();
        (void) signal(number, SIG_DFL);
        (void) raise(number);
        break;
    }

    errno = code;
}


bool
cli_screen_open(void)
{
    size_t            i;
    sigset_t          waiting;
    struct sigaction  action;

    static const int  numbers[] = {
        SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGWINCH
    };

    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)
        || tcgetattr(STDIN_FILENO, &cli_screen_before) != 0)
    {
        return false;
    }

    (void) sigemptyset(&waiting);
    (void) sigaddset(&waiting, SIGTSTP);
    (void) sigaddset(&waiting, SIGWINCH);
    (void) sigprocmask(SIG_BLOCK, &waiting, &cli_screen_mask);

    memset(&action, 0, sizeof(struct sigaction));
    action.sa_handler = cli_screen_signal;

    for (i = 0; i < FIG_NELTS(numbers); i++) {
        (void) sigaction(numbers[i], &action, NULL);
    }

    atexit(cli_screen_leave);
    cli_screen_enter();

    return true;
}


void
cli_screen_close(void)
{
    cli_screen_leave();
}


/* Bytes of a line that fit; styles are not cut, and have no columns. */

static size_t
cli_screen_fit(const char *line, size_t len, size_t width)
{
    char    *copy;
    size_t   at, columns, plain, fits;

    columns = 0;

    for (at = 0; at < len; at += plain) {

        if (line[at] == '\033') {
            plain = strcspn(line + at, "m") + 1;
            continue;
        }

        plain = strcspn(line + at, "\033\n");
        copy = cli_format("%.*s", (int) plain, line + at);
        fits = width - columns;

        if (cli_text_fit(copy, &fits) < plain) {
            fits = width - columns;
            at += cli_text_fit(copy, &fits);
            free(copy);
            return at;
        }

        columns += fits;
        free(copy);
    }

    return at;
}


void
cli_screen_draw(const char *text)
{
    char        *frame;
    FILE        *out;
    size_t       len, size, width, height;
    const char  *p;

    width = cli_term_width();
    height = cli_term_height();
    out = open_memstream(&frame, &size);

    if (out == NULL) {
        return;
    }

    fputs("\033[H", out);

    for (p = text; *p != '\0' && height > 1; height--) {
        len = strcspn(p, "\n");
        fprintf(out, "%.*s%s\033[K\n", (int) cli_screen_fit(p, len, width), p,
                cli_style_off(CLI_BOLD));
        p += len + (p[len] == '\n');
    }

    fputs("\033[J", out);
    fclose(out);
    cli_screen_write(frame, size);
    free(frame);
}


int
cli_screen_wait(int64_t ms)
{
    char             key;
    struct pollfd    in = { STDIN_FILENO, POLLIN, 0 };
    struct timespec  time;

    ms = (ms > 0) ? ms : 0;
    time.tv_sec = ms / 1000;
    time.tv_nsec = ms % 1000 * 1000000;

    if (ppoll(&in, 1, &time, &cli_screen_mask) <= 0) {
        return 0;
    }

    return (read(STDIN_FILENO, &key, 1) == 1) ? (unsigned char) key : 'q';
}
