/*
 * Messages, memory and texts for all commands.
 *
 * A command line program ends when memory is out: nothing that it holds is
 * worth saving.
 */

#include <stdarg.h>

#include "cli.h"
#include "fig_text.h"


static void
cli_say(const char *kind, const char *format, va_list args)
{
    /* what was printed before comes before, where both go to one place */

    fflush(stdout);
    fprintf(stderr, "strangler: %s", kind);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
}


cli_exit_t
cli_error(const char *format, ...)
{
    va_list  args;

    va_start(args, format);
    cli_say("", format, args);
    va_end(args);

    return CLI_FAILED;
}


void
cli_warn(const char *format, ...)
{
    va_list  args;

    va_start(args, format);
    cli_say("warning: ", format, args);
    va_end(args);
}


cli_exit_t
cli_worse(cli_exit_t a, cli_exit_t b)
{
    return (a > b) ? a : b;
}


static void __attribute__((noreturn))
cli_no_memory(void)
{
    fputs("strangler: out of memory\n", stderr);
    exit(CLI_FAILED);
}


void *
cli_alloc(size_t n, size_t size)
{
    void  *p;

    p = calloc(n != 0 ? n : 1, size);

    if (p == NULL) {
        cli_no_memory();
    }

    return p;
}


void *
cli_grow(void *array, size_t n, size_t size)
{
    void  *p;

    /* full at 0, 8, 16, 32 ... */

    if (n != 0 && (n < 8 || (n & (n - 1)) != 0)) {
        return array;
    }

    p = reallocarray(array, (n != 0) ? 2 * n : 8, size);

    if (p == NULL) {
        cli_no_memory();
    }

    return p;
}


char *
cli_format(const char *format, ...)
{
    int       n;
    char     *text;
    va_list   args;

    va_start(args, format);
    n = vasprintf(&text, format, args);
    va_end(args);

    if (n < 0) {
        cli_no_memory();
    }

    return text;
}


char *
cli_show(fig_str_t text)
{
    char    *shown;
    size_t   size;

    /* \xNN is the longest form of a byte, *** that of a secret */

    size = 4 * text.len + 16;
    shown = cli_alloc(size, 1);
    fig_text_show(text, shown, size);

    return shown;
}


char *
cli_show_text(const char *text)
{
    return cli_show(fig_str_from(text));
}
