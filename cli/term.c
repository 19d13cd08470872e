/*
 * What the terminal is and can do.
 *
 * Widths are those that base/fig_text.h gives characters; a terminal that
 * thinks otherwise of one gets a ragged column, nothing worse.
 */

#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "fig_text.h"
#include "term.h"


static const char *const  cli_styles[] = {
    "", "\033[1m", "\033[2m", "\033[32m", "\033[33m", "\033[31m"
};


static bool
cli_term_size(struct winsize *size)
{
    return isatty(STDOUT_FILENO)
           && ioctl(STDOUT_FILENO, TIOCGWINSZ, size) == 0;
}


size_t
cli_term_width(void)
{
    struct winsize  size;

    return cli_term_size(&size) ? size.ws_col : 0;
}


size_t
cli_term_height(void)
{
    struct winsize  size;

    return cli_term_size(&size) ? size.ws_row : 0;
}


bool
cli_term_has_colours(void)
{
    const char  *no, *term;

    static int   known = -1;

    if (known == -1) {
        no = getenv("NO_COLOR");
        term = getenv("TERM");

        known = isatty(STDOUT_FILENO) && (no == NULL || no[0] == '\0')
                && term != NULL && strcmp(term, "dumb") != 0;
    }

    return known;
}


bool
cli_term_asks(void)
{
    return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
}


bool
cli_term_yes(void)
{
    int  answer, c;

    fflush(stdout);
    answer = getchar();

    for (c = answer; c != '\n' && c != EOF; c = getchar()) {
        /* void */
    }

    return answer == 'y' || answer == 'Y';
}


const char *
cli_style_on(cli_style_t style)
{
    return cli_term_has_colours() ? cli_styles[style] : "";
}


const char *
cli_style_off(cli_style_t style)
{
    return (style != CLI_PLAIN && cli_term_has_colours()) ? "\033[0m" : "";
}


const char *
cli_term_ellipsis(size_t *columns)
{
    size_t       i;
    const char  *value;

    static const char *const  names[] = { "LC_ALL", "LC_CTYPE", "LANG" };

    for (i = 0; i < FIG_NELTS(names); i++) {
        value = getenv(names[i]);

        if (value == NULL || value[0] == '\0') {
            continue;
        }

        value = strchr(value, '.');

        if (value != NULL && (strcasecmp(value, ".utf-8") == 0
                              || strcasecmp(value, ".utf8") == 0))
        {
            *columns = 1;
            return "\xe2\x80\xa6";
        }

        break;
    }

    *columns = 3;

    return "...";
}


size_t
cli_text_fit(const char *text, size_t *columns)
{
    char       out[12];
    size_t     at, next, width, all, max;
    fig_str_t  str;

    str = fig_str_from(text);
    max = *columns;
    all = 0;

    for (at = 0; at < str.len; at = next) {
        next = at;
        (void) fig_text_show_char(str, &next, out, &width);

        if (all + width > max) {
            break;
        }

        all += width;
    }

    *columns = all;

    return at;
}


size_t
cli_text_columns(const char *text)
{
    size_t  columns;

    columns = SIZE_MAX;
    (void) cli_text_fit(text, &columns);

    return columns;
}
