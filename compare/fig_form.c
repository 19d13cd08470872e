/*
 * The forms of fig_form.h.
 *
 *     pattern   "xxxxxxxx-xxxx-..."    x is a hexadecimal digit, 0 a decimal
 *                                      one, all else is itself
 */

#include "fig_form.h"


static inline bool
fig_form_is_digit(char c)
{
    return c >= '0' && c <= '9';
}


static inline bool
fig_form_is_hex(char c)
{
    c = (char) fig_lower((unsigned char) c);

    return fig_form_is_digit(c) || (c >= 'a' && c <= 'f');
}


/* Whether text begins as the pattern says. */

static bool
fig_form_begins(fig_str_t text, const char *pattern)
{
    size_t  i;

    for (i = 0; pattern[i] != '\0'; i++) {
        if (i == text.len
            || !(pattern[i] == 'x' ? fig_form_is_hex(text.data[i])
                 : pattern[i] == '0' ? fig_form_is_digit(text.data[i])
                 : pattern[i] == text.data[i]))
        {
            return false;
        }
    }

    return true;
}


static bool
fig_form_is_all(fig_str_t text, bool (*is)(char c))
{
    size_t  i;

    for (i = 0; i < text.len; i++) {
        if (!is(text.data[i])) {
            return false;
        }
    }

    return text.len != 0;
}


bool
fig_form_is_uuid(fig_str_t text)
{
    return text.len == 36
           && fig_form_begins(text, "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx");
}


bool
fig_form_is_epoch(fig_str_t text)
{
    return (text.len == 10 || text.len == 13)
           && fig_form_is_all(text, fig_form_is_digit);
}


/* The two digits at at, when they are least..most; -1 when not. */

static int
fig_form_two(fig_str_t text, size_t at, int least, int most)
{
    int  n;

    n = (text.data[at] - '0') * 10 + (text.data[at + 1] - '0');

    return (n >= least && n <= most) ? n : -1;
}


static bool
fig_form_is_date(fig_str_t text)
{
    int  year, month, days;

    static const int  lengths[] = {
        31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31
    };

    year = fig_form_two(text, 0, 0, 99) * 100 + fig_form_two(text, 2, 0, 99);
    month = fig_form_two(text, 5, 1, 12);

    if (month == -1) {
        return false;
    }

    days = lengths[month - 1];

    if (month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)) {
        days = 29;
    }

    return fig_form_two(text, 8, 1, days) != -1;
}


bool
fig_form_is_rfc3339(fig_str_t text)
{
    size_t  at;

    /* the T and the Z may be small (5.6), and the T a blank, as many have it */

    if (!fig_form_begins(text, "0000-00-00") || text.len < 20
        || memchr("Tt ", text.data[10], 3) == NULL
        || !fig_form_begins(fig_str(text.data + 11, text.len - 11), "00:00:00")
        || !fig_form_is_date(text) || fig_form_two(text, 11, 0, 23) == -1
        || fig_form_two(text, 14, 0, 59) == -1
        || fig_form_two(text, 17, 0, 60) == -1)
    {
        return false;
    }

    at = 19;

    if (text.data[at] == '.') {
        for (at++; at < text.len && fig_form_is_digit(text.data[at]); at++) {
            /* void */
        }

        if (at == 20) {
            return false;
        }
    }

    if (text.len - at == 1) {
        return text.data[at] == 'Z' || text.data[at] == 'z';
    }

    return text.len - at == 6 && (text.data[at] == '+' || text.data[at] == '-')
           && fig_form_begins(fig_str(text.data + at + 1, 5), "00:00")
           && fig_form_two(text, at + 1, 0, 23) != -1
           && fig_form_two(text, at + 4, 0, 59) != -1;
}


/* A ULID: 26 of Crockford's 32 digits, the first at most 7. */

static bool
fig_form_is_ulid(fig_str_t text)
{
    char    c;
    size_t  i;

    if (text.len != 26 || text.data[0] < '0' || text.data[0] > '7') {
        return false;
    }

    for (i = 0; i < text.len; i++) {
        c = (char) fig_lower((unsigned char) text.data[i]);

        if (!fig_form_is_digit(c)
            && (c < 'a' || c > 'z' || memchr("ilou", c, 4) != NULL))
        {
            return false;
        }
    }

    return true;
}


bool
fig_form_is_id(fig_str_t name)
{
    return fig_form_is_all(name, fig_form_is_digit)
           || (name.len >= 16 && fig_form_is_all(name, fig_form_is_hex))
           || fig_form_is_uuid(name) || fig_form_is_ulid(name);
}
