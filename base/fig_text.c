/*
 * Escaping, masking and line counting of fig_text.h.
 *
 * One character is one column, but for what is escaped; terminals disagree
 * about wider ones.  Masking rather hides a comment than shows a password.
 */

#include "fig_text.h"
#include "fig_utf8.h"


/* Bytes of a long text that are searched for credentials. */
#define FIG_TEXT_SCAN  8192


static const char  fig_hex[] = "0123456789abcdef";


static bool
fig_text_is_shown(uint32_t c)
{
    return !(c < 0x20
             || (c >= 0x7f && c <= 0x9f)
             || c == 0x061c
             || (c >= 0x200b && c <= 0x200f)
             || (c >= 0x2028 && c <= 0x202e)
             || (c >= 0x2060 && c <= 0x206f)
             || c == 0xfeff);
}


size_t
fig_text_show_char(fig_str_t text, size_t *at, char *out, size_t *columns)
{
    size_t                i, n, len;
    uint32_t              code;
    const unsigned char  *p;

    p = (const unsigned char *) text.data + *at;
    code = 0;

    n = fig_utf8_sequence(p, text.len - *at, &code);

    if (n != 0 && fig_text_is_shown(code)) {
        memcpy(out, p, n);
        *at += n;
        *columns = 1;
        return n;
    }

    if (n == 0) {
        n = 1;
    }

    /* at most three bytes: nothing beyond the basic plane is hidden */

    if (n > 3) {
        n = 3;
    }

    len = 0;

    for (i = 0; i < n; i++) {
        out[len++] = '\\';
        out[len++] = 'x';
        out[len++] = fig_hex[p[i] >> 4];
        out[len++] = fig_hex[p[i] & 0xf];
    }

    *at += n;
    *columns = len;

    return len;
}


static bool
fig_text_is_scheme(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')
           || (c >= '0' && c <= '9') || c == '+' || c == '.' || c == '-'
           || c == ':';
}


/* Whether at i, after a blank, a comment or another URL begins. */

static bool
fig_text_ends_plain(fig_str_t text, size_t i)
{
    size_t  n;

    if (strchr(" \t", text.data[i - 1]) == NULL) {
        return false;
    }

    for (n = 0; i + n < text.len && fig_text_is_scheme(text.data[i + n]); n++) {
        /* void */
    }

    return text.data[i] == '#'
           || (n > 1 && text.data[i + n - 1] == ':' && text.len - i - n >= 2
               && text.data[i + n] == '/' && text.data[i + n + 1] == '/');
}


/*
 * Where a value that holds `//` at slashes ends at the latest: at its closing
 * quote, or at a comment.  Too far is better than not far enough.
 */

static size_t
fig_text_value_end(fig_str_t text, size_t slashes)
{
    char    quote;
    size_t  i;

    for (i = slashes; i > 0 && fig_text_is_scheme(text.data[i - 1]); i--) {
        /* void */
    }

    quote = (i > 0) ? text.data[i - 1] : '\0';

    if (quote != '"' && quote != '\'') {
        quote = '\0';
    }

    for (i = slashes + 2; i < text.len; i++) {
        if (quote != '\0') {
            if (text.data[i] == quote) {
                break;
            }

        } else if (fig_text_ends_plain(text, i)) {
            break;
        }
    }

    return i;
}


static bool
fig_text_is_word(char c)
{
    return strchr(" \t\"'[]{},", c) == NULL;
}


/* user:password@host without any scheme: *start is where its word begins. */

static bool
fig_text_find_userinfo(fig_str_t text, size_t from, size_t at, size_t *start)
{
    bool    colon;
    size_t  i;

    colon = false;

    for (i = at; i > from && fig_text_is_word(text.data[i - 1]); i--) {
        if (text.data[i - 1] == ':') {
            colon = true;
        }
    }

    *start = i;

    return colon && text.data[at - 1] != '/';
}


bool
fig_text_find_secret(fig_str_t text, size_t at, size_t *start, size_t *end)
{
    size_t  i, last;

    for (i = at; i < text.len; i++) {

        if (text.data[i] == '@'
            && fig_text_find_userinfo(text, at, i, start))
        {
            *end = i;
            return true;
        }

        if (text.data[i] != '/' || i + 1 == text.len
            || text.data[i + 1] != '/')
        {
            continue;
        }

        last = fig_text_value_end(text, i);

        while (last > i + 2 && text.data[last - 1] != '@') {
            last--;
        }

        if (last > i + 3) {
            *start = i + 2;
            *end = last - 1;
            return true;
        }
    }

    return false;
}


size_t
fig_text_show(fig_str_t text, char *out, size_t size)
{
    char       shown[12];
    bool       secret;
    size_t     at, len, n, columns, start, end;
    fig_str_t  head;

    head = text;

    if (head.len > FIG_TEXT_SCAN) {
        head.len = FIG_TEXT_SCAN;
    }

    len = 0;
    at = 0;
    secret = fig_text_find_secret(head, 0, &start, &end);

    while (at < text.len) {

        if (secret && at == start) {
            n = 3;
            memcpy(shown, "***", n);
            at = end;
            secret = fig_text_find_secret(head, at, &start, &end);

        } else {
            n = fig_text_show_char(text, &at, shown, &columns);
        }

        if (len + n + (at < text.len ? 3 : 0) > size - 1) {
            memcpy(out + len, "...", 3);
            len += 3;
            break;
        }

        memcpy(out + len, shown, n);
        len += n;
    }

    out[len] = '\0';

    return len;
}


const char *
fig_text_quote(fig_str_t text, char out[FIG_QUOTED])
{
    size_t  len;

    out[0] = '"';
    len = fig_text_show(text, out + 1, FIG_QUOTED - 2) + 1;
    out[len++] = '"';
    out[len] = '\0';

    return out;
}


size_t
fig_text_break(fig_str_t text, size_t at)
{
    if (text.data[at] == '\n') {
        return 1;
    }

    if (text.data[at] != '\r') {
        return 0;
    }

    return (at + 1 < text.len && text.data[at + 1] == '\n') ? 2 : 1;
}


size_t
fig_text_bom(fig_str_t text)
{
    return (text.len >= 3 && memcmp(text.data, "\xef\xbb\xbf", 3) == 0) ? 3 : 0;
}


bool
fig_text_line(fig_str_t text, uint32_t n, fig_str_t *line)
{
    size_t  at, from, len;

    from = fig_text_bom(text);

    for (at = from; at < text.len; at += (len == 0) ? 1 : len) {
        len = fig_text_break(text, at);

        if (len == 0) {
            continue;
        }

        if (n == 1) {
            break;
        }

        n--;
        from = at + len;
    }

    *line = fig_str(text.data + from, at - from);

    return n == 1;
}
