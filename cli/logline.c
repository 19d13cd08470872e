/*
 * Parsing of one line of an access log, from left to right.
 *
 * nginx writes quotes, backslashes and control bytes as \xNN, Apache quotes
 * and backslashes with a backslash: so the first quote begins the request,
 * and the next that has no backslash before it ends it.
 */

#include "logline.h"


typedef struct {
    const char  *p;
    const char  *end;
    char        *room;
} cli_logcut_t;


static int
cli_log_hex(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }

    c = (char) fig_lower((unsigned char) c);

    return (c >= 'a' && c <= 'f') ? c - 'a' + 10 : -1;
}


/* The byte that an escape at p stands for; p moves behind it. */

static char
cli_log_escape(const char **p, const char *end)
{
    int   high, low;
    char  c;

    c = *(*p)++;

    switch (c) {

    case 'n':
        return '\n';

    case 'r':
        return '\r';

    case 't':
        return '\t';

    case 'x':
        break;

    default:
        return c;
    }

    if (end - *p < 2) {
        return c;
    }

    high = cli_log_hex((*p)[0]);
    low = cli_log_hex((*p)[1]);

    if (high < 0 || low < 0) {
        return c;
    }

    *p += 2;

    return (char) (high * 16 + low);
}


/* Takes what stands in quotes at p, without its escapes. */

static bool
cli_log_quoted(cli_logcut_t *cut, fig_str_t *text)
{
    char        *out;
    const char  *p, *quote;

    if (cut->p == cut->end || *cut->p != '"') {
        return false;
    }

    p = cut->p + 1;
    quote = memchr(p, '"', (size_t) (cut->end - p));

    if (quote == NULL) {
        return false;
    }

    if (memchr(p, '\\', (size_t) (quote - p)) == NULL) {
        *text = fig_str(p, (size_t) (quote - p));
        cut->p = quote + 1;
        return true;
    }

    for (out = cut->room; p < cut->end && *p != '"'; out++) {
        if (*p != '\\' || cut->end - p < 2) {
            *out = *p++;
            continue;
        }

        p++;
        *out = cli_log_escape(&p, cut->end);
    }

    if (p == cut->end) {
        return false;
    }

    *text = fig_str(cut->room, (size_t) (out - cut->room));
    cut->room = out;
    cut->p = p + 1;

    return true;
}


/* METHOD target HTTP/1.1, of which HTTP/0.9 has no version. */

static bool
cli_log_request(fig_str_t text, cli_logline_t *out)
{
    size_t       i;
    const char  *p, *end, *space;

    static const char  version[] = " HTTP/";

    p = text.data;
    end = p + text.len;

    for (i = 0; i < text.len && ((p[i] >= 'A' && p[i] <= 'Z') || p[i] == '-'
                                 || p[i] == '_'); i++)
    {
        /* void */
    }

    if (i == 0 || i == text.len || p[i] != ' ') {
        return false;
    }

    out->method = fig_str(p, i);
    p += i + 1;

    for (space = end; space > p && space[-1] != ' '; space--) {
        /* void */
    }

    if (space > p && (size_t) (end - space) >= sizeof(version) - 1
        && memcmp(space - 1, version, sizeof(version) - 1) == 0)
    {
        end = space - 1;
    }

    out->target = fig_str(p, (size_t) (end - p));

    return p != end;
}


/* ` 200 1234`: a status and a size, or `-`. */

static bool
cli_log_numbers(cli_logcut_t *cut)
{
    size_t       n;
    const char  *p;

    for (n = 0; n < 2; n++) {
        p = cut->p;

        if (p == cut->end || *p != ' ') {
            return false;
        }

        cut->p = ++p;

        while (cut->p < cut->end
               && ((*cut->p >= '0' && *cut->p <= '9') || *cut->p == '-'))
        {
            cut->p++;
        }

        if (cut->p == p) {
            return false;
        }
    }

    return cut->p == cut->end || *cut->p == ' ';
}


/* ` "text"`; nothing where there is none or `-` is logged. */

static fig_str_t
cli_log_field(cli_logcut_t *cut)
{
    fig_str_t  text;

    if (cut->p == cut->end || *cut->p != ' ') {
        return fig_str("", 0);
    }

    cut->p++;

    if (!cli_log_quoted(cut, &text)
        || (text.len == 1 && text.data[0] == '-'))
    {
        return fig_str("", 0);
    }

    return text;
}


bool
cli_logline_parse(fig_str_t line, char *room, cli_logline_t *out)
{
    fig_str_t      request;
    const char    *p, *end;
    cli_logcut_t   cut;

    if (line.len == 0) {
        return false;
    }

    end = line.data + line.len;
    p = memchr(line.data, ' ', line.len);

    if (p == NULL || p == line.data) {
        return false;
    }

    out->client = fig_str(line.data, (size_t) (p - line.data));
    cut.p = memchr(p, '"', (size_t) (end - p));
    cut.end = end;
    cut.room = room;

    /* the time is before the quote: `[...] "` */

    if (cut.p == NULL || cut.p - p < 3 || cut.p[-1] != ' ' || cut.p[-2] != ']'
        || !cli_log_quoted(&cut, &request)
        || !cli_log_request(request, out)
        || !cli_log_numbers(&cut))
    {
        return false;
    }

    out->referer = cli_log_field(&cut);
    out->agent = cli_log_field(&cut);

    return true;
}
