/*
 * The kinds of fig_scalar.h.
 *
 * Digits are read by hand: strtol() knows signs, blanks, octal and a locale,
 * and a rules file does not.
 */

#include "fig_scalar.h"

#include <stdio.h>


#define FIG_DURATION_MAX  (INT64_C(365) * 24 * 3600 * 1000)


bool
fig_fault(fig_fault_t *fault, const char *message, const char *hint)
{
    return fig_fault_at(fault, 0, 0, message, hint);
}


bool
fig_fault_at(fig_fault_t *fault, size_t offset, size_t len,
    const char *message, const char *hint)
{
    snprintf(fault->message, sizeof(fault->message), "%s", message);
    snprintf(fault->hint, sizeof(fault->hint), "%s", hint != NULL ? hint : "");
    fault->offset = offset;
    fault->len = len;

    return false;
}


static bool
fig_is_digit(char c)
{
    return c >= '0' && c <= '9';
}


static bool
fig_is_alnum(char c)
{
    return fig_is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}


/* Digits at the beginning of text. */

static size_t
fig_scalar_digits(fig_str_t text)
{
    size_t  n;

    for (n = 0; n < text.len && fig_is_digit(text.data[n]); n++) {
        /* void */
    }

    return n;
}


/* The value of n digits, or INT64_MAX when that is too much. */

static int64_t
fig_scalar_number(const char *digits, size_t n)
{
    size_t   i;
    int64_t  value;

    value = 0;

    for (i = 0; i < n; i++) {
        if (value > (INT64_MAX - 9) / 10) {
            return INT64_MAX;
        }

        value = value * 10 + (digits[i] - '0');
    }

    return value;
}


bool
fig_scalar_name(fig_str_t text, fig_fault_t *fault)
{
    size_t  i;

    static const char  hint[] =
        "a name is made of letters, digits, \"_\", \".\" and \"-\", and begins "
        "with a letter or digit";

    if (text.len == 0) {
        return fig_fault(fault, "is empty", hint);
    }

    for (i = 0; i < text.len; i++) {
        if (!fig_is_alnum(text.data[i])
            && (i == 0 || text.data[i] == '\0'
                || strchr("_.-", text.data[i]) == NULL))
        {
            return fig_fault(fault, "is no valid name", hint);
        }
    }

    if (text.len > 63) {
        return fig_fault(fault, "is longer than 63 characters", NULL);
    }

    return true;
}


bool
fig_scalar_bool(fig_str_t text, bool *value, fig_fault_t *fault)
{
    size_t  i;

    static const char *const  yes[] = { "yes", "on", "1", "y", "true" };
    static const char *const  no[] = { "no", "off", "0", "n", "false" };

    if (fig_str_eq(text, fig_str("true", 4))) {
        *value = true;
        return true;
    }

    if (fig_str_eq(text, fig_str("false", 5))) {
        *value = false;
        return true;
    }

    for (i = 0; i < FIG_NELTS(yes); i++) {
        if (fig_str_caseeq(text, fig_str_from(yes[i]))) {
            return fig_fault(fault, "must be true or false", "write true");
        }

        if (fig_str_caseeq(text, fig_str_from(no[i]))) {
            return fig_fault(fault, "must be true or false", "write false");
        }
    }

    return fig_fault(fault, "must be true or false", NULL);
}


/* Refuses 010, which YAML 1.1 reads as eight and others as ten. */

static bool
fig_scalar_check_zeros(fig_str_t text, size_t digits, fig_fault_t *fault)
{
    char    hint[64];
    size_t  i;

    if (digits < 2 || text.data[0] != '0') {
        return true;
    }

    for (i = 0; i + 1 < digits && text.data[i] == '0'; i++) {
        /* void */
    }

    snprintf(hint, sizeof(hint), "write %.*s",
             (int) (text.len - i < 40 ? text.len - i : 40), text.data + i);

    return fig_fault(fault, "begins with a zero", hint);
}


bool
fig_scalar_int(fig_str_t text, int64_t min, int64_t max, int64_t *value,
    fig_fault_t *fault)
{
    bool       negative;
    char       message[FIG_FAULT_TEXT];
    size_t     n;
    fig_str_t  digits;

    negative = (text.len > 0 && text.data[0] == '-');
    digits = fig_str(text.data + negative, text.len - negative);
    n = fig_scalar_digits(digits);

    snprintf(message, sizeof(message),
             "must be a whole number from %lld to %lld",
             (long long) min, (long long) max);

    if (n == 0 || n != digits.len) {
        return fig_fault(fault, message, NULL);
    }

    if (!fig_scalar_check_zeros(digits, n, fault)) {
        return false;
    }

    *value = fig_scalar_number(digits.data, n);

    if (negative) {
        *value = -*value;
    }

    if (*value < min || *value > max) {
        return fig_fault(fault, message, NULL);
    }

    return true;
}


bool
fig_scalar_duration(fig_str_t text, int64_t *ms, fig_fault_t *fault)
{
    char       hint[FIG_FAULT_TEXT];
    size_t     i, n;
    int64_t    number;
    fig_str_t  unit;

    static const char  form[] = "a duration is written 250ms, 5s, 2m, 1h or 1d";
    static const struct {
        const char  *name;
        int64_t      ms;
    } units[] = {
        { "ms", 1 }, { "s", 1000 }, { "m", 60 * 1000 },
        { "h", 3600 * 1000 }, { "d", 24 * 3600 * 1000 },
    };

    n = fig_scalar_digits(text);

    if (n == 0) {
        return fig_fault(fault, "must be a duration", form);
    }

    if (!fig_scalar_check_zeros(text, n, fault)) {
        return false;
    }

    if (n == text.len) {
        snprintf(hint, sizeof(hint), "write %.*ss (or ms, m, h, d)",
                 (int) (n < 20 ? n : 20), text.data);
        return fig_fault(fault, "is a duration and needs a unit", hint);
    }

    unit = fig_str(text.data + n, text.len - n);
    number = fig_scalar_number(text.data, n);

    for (i = 0; i < FIG_NELTS(units); i++) {
        if (!fig_str_eq(unit, fig_str_from(units[i].name))) {
            continue;
        }

        if (number == 0) {
            return fig_fault(fault, "must be longer than nothing", NULL);
        }

        if (number > FIG_DURATION_MAX / units[i].ms) {
            return fig_fault(fault, "must be at most 365d", NULL);
        }

        *ms = number * units[i].ms;

        return true;
    }

    return fig_fault(fault, "must be a duration", form);
}


bool
fig_scalar_percent(fig_str_t text, int32_t *percent, fig_fault_t *fault)
{
    size_t     whole, decimals;
    int64_t    value;
    fig_str_t  rest;

    static const char  must[] = "must be a percentage from 0 to 100";
    static const char  form[] = "write 25, 0.5 or 25%";

    if (text.len > 0 && text.data[text.len - 1] == '%') {
        text.len--;
    }

    whole = fig_scalar_digits(text);

    if (whole == 0) {
        return fig_fault(fault, must, form);
    }

    if (!fig_scalar_check_zeros(text, whole, fault)) {
        return false;
    }

    rest = fig_str(text.data + whole, text.len - whole);
    decimals = 0;

    if (rest.len > 0) {
        if (rest.data[0] != '.') {
            return fig_fault(fault, must, form);
        }

        rest = fig_str(rest.data + 1, rest.len - 1);
        decimals = fig_scalar_digits(rest);

        if (decimals == 0 || decimals != rest.len) {
            return fig_fault(fault, must, form);
        }

        if (decimals > 2) {
            return fig_fault(fault, "has more than two decimals", NULL);
        }
    }

    value = fig_scalar_number(text.data, whole);

    if (value > 100) {
        return fig_fault(fault, must, NULL);
    }

    value *= 100;

    if (decimals > 0) {
        value += fig_scalar_number(rest.data, decimals)
                 * (decimals == 1 ? 10 : 1);
    }

    if (value > 10000) {
        return fig_fault(fault, must, NULL);
    }

    *percent = (int32_t) value;

    return true;
}


bool
fig_scalar_statuses(fig_str_t text, unsigned min, unsigned max,
    fig_statuses_t *statuses, fig_fault_t *fault)
{
    char      message[FIG_FAULT_TEXT];
    size_t    n;
    int64_t   i, from, to;

    n = fig_scalar_digits(text);

    if (n == 3 && text.len == 3) {
        from = to = fig_scalar_number(text.data, 3);

    } else if (n == 3 && text.len == 7 && text.data[3] == '-'
               && fig_scalar_digits(fig_str(text.data + 4, 3)) == 3)
    {
        from = fig_scalar_number(text.data, 3);
        to = fig_scalar_number(text.data + 4, 3);

    } else if (n == 1 && text.len == 3 && text.data[1] == 'x'
               && text.data[2] == 'x')
    {
        from = fig_scalar_number(text.data, 1) * 100;
        to = from + 99;

    } else {
        return fig_fault(fault, "is no status",
                         "a status is written 502, 500-504 or 5xx");
    }

    if (from > to) {
        return fig_fault(fault, "ends before it begins", NULL);
    }

    if (from < min || to > max) {
        snprintf(message, sizeof(message), "must be from %u to %u", min, max);
        return fig_fault(fault, message, NULL);
    }

    for (i = from - 100; i <= to - 100; i++) {
        statuses->bits[i / 64] |= UINT64_C(1) << (i % 64);
    }

    return true;
}


bool
fig_scalar_token(fig_str_t text, fig_fault_t *fault)
{
    size_t  i;

    if (text.len == 0) {
        return fig_fault(fault, "is empty", NULL);
    }

    for (i = 0; i < text.len; i++) {
        if (!fig_is_alnum(text.data[i])
            && (text.data[i] == '\0'
                || strchr("!#$%&'*+-.^_`|~", text.data[i]) == NULL))
        {
            return fig_fault(fault, "is no valid name in HTTP",
                             "no spaces, no separators, ASCII only");
        }
    }

    return true;
}


bool
fig_scalar_method(fig_str_t text, fig_fault_t *fault)
{
    char    hint[64];
    size_t  i, n;

    if (!fig_scalar_token(text, fault)) {
        return false;
    }

    for (i = 0; i < text.len; i++) {
        if (text.data[i] >= 'a' && text.data[i] <= 'z') {
            break;
        }
    }

    if (i == text.len) {
        return true;
    }

    n = (text.len < 32) ? text.len : 32;
    memcpy(hint, "write ", 6);

    for (i = 0; i < n; i++) {
        hint[6 + i] = (text.data[i] >= 'a' && text.data[i] <= 'z')
                      ? (char) (text.data[i] & ~0x20) : text.data[i];
    }

    hint[6 + n] = '\0';

    return fig_fault(fault, "must be upper-case", hint);
}


bool
fig_scalar_field(fig_str_t text, fig_fault_t *fault)
{
    size_t         i;
    unsigned char  c;

    for (i = 0; i < text.len; i++) {
        c = (unsigned char) text.data[i];

        if ((c < 0x20 && c != '\t') || c == 0x7f) {
            return fig_fault(fault, "has a control character in it", NULL);
        }
    }

    return true;
}


bool
fig_scalar_date(fig_str_t text, fig_fault_t *fault)
{
    int64_t  year, month, day, last;

    static const int  days[] = { 31, 28, 31, 30, 31, 30,
                                 31, 31, 30, 31, 30, 31 };

    if (text.len != 10 || fig_scalar_digits(text) != 4 || text.data[4] != '-'
        || fig_scalar_digits(fig_str(text.data + 5, 5)) != 2
        || text.data[7] != '-'
        || fig_scalar_digits(fig_str(text.data + 8, 2)) != 2)
    {
        return fig_fault(fault, "must be a date", "write YYYY-MM-DD");
    }

    year = fig_scalar_number(text.data, 4);
    month = fig_scalar_number(text.data + 5, 2);
    day = fig_scalar_number(text.data + 8, 2);

    if (month >= 1 && month <= 12) {
        last = days[month - 1];

        if (month == 2 && year % 4 == 0
            && (year % 100 != 0 || year % 400 == 0))
        {
            last = 29;
        }

        if (day >= 1 && day <= last) {
            return true;
        }
    }

    return fig_fault(fault, "is no day of the calendar", NULL);
}
