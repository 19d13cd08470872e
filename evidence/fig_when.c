/*
 * Reading of moments.
 *
 * Days as in Hinnant, "chrono-Compatible Low-Level Date Algorithms" (2013),
 * days_from_civil(); a second 60 is the one after.
 */

#include "fig_when.h"

#include "fig_scalar.h"


/* n digits at p, or -1. */

static int
fig_when_digits(const char *p, size_t n)
{
    int  value;

    for (value = 0; n != 0; n--, p++) {
        if (*p < '0' || *p > '9') {
            return -1;
        }

        value = value * 10 + (*p - '0');
    }

    return value;
}


static int64_t
fig_when_days(int year, int month, int day)
{
    int64_t  y, era, yoe, doy;

    y = year - (month <= 2);
    era = y / 400;
    yoe = y - era * 400;
    doy = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}


/* YYYY-MM-DD */

static bool
fig_when_date(const char *p, int64_t *seconds)
{
    int  year, month, day, last;

    static const int  days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30,
                                 31 };

    year = fig_when_digits(p, 4);
    month = fig_when_digits(p + 5, 2);
    day = fig_when_digits(p + 8, 2);

    if (p[4] != '-' || p[7] != '-' || year < 1970 || month < 1 || month > 12) {
        return false;
    }

    last = days[month - 1]
           + (month == 2 && year % 4 == 0
              && (year % 100 != 0 || year % 400 == 0));

    if (day < 1 || day > last) {
        return false;
    }

    *seconds = fig_when_days(year, month, day) * 86400;

    return true;
}


/* Z or +HH:MM, to be taken from what was said. */

static bool
fig_when_zone(fig_str_t text, int64_t *seconds)
{
    int  hour, minute;

    if (text.len == 1) {
        *seconds = 0;
        return text.data[0] == 'Z' || text.data[0] == 'z';
    }

    if (text.len != 6 || text.data[3] != ':'
        || (text.data[0] != '+' && text.data[0] != '-'))
    {
        return false;
    }

    hour = fig_when_digits(text.data + 1, 2);
    minute = fig_when_digits(text.data + 4, 2);

    if (hour < 0 || hour > 23 || minute < 0 || minute > 59) {
        return false;
    }

    *seconds = (hour * 3600 + minute * 60) * (text.data[0] == '-' ? -1 : 1);

    return true;
}


/* THH:MM:SS, a fraction, and a zone. */

static bool
fig_when_time(fig_str_t text, int64_t *seconds)
{
    int          hour, minute, second;
    size_t       i;
    int64_t      zone;
    const char  *p;

    p = text.data;

    if (text.len < 10 || (p[0] != 'T' && p[0] != 't' && p[0] != ' ')
        || p[3] != ':' || p[6] != ':')
    {
        return false;
    }

    hour = fig_when_digits(p + 1, 2);
    minute = fig_when_digits(p + 4, 2);
    second = fig_when_digits(p + 7, 2);

    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0
        || second > 60)
    {
        return false;
    }

    i = 9;

    if (p[i] == '.') {
        do {
            i++;
        } while (i < text.len && p[i] >= '0' && p[i] <= '9');

        if (i == 10) {
            return false;
        }
    }

    if (!fig_when_zone(fig_str(p + i, text.len - i), &zone)) {
        return false;
    }

    *seconds = hour * 3600 + minute * 60 + second - zone;

    return true;
}


bool
fig_when(fig_str_t text, uint64_t now, uint64_t *seconds)
{
    int64_t      ms, date, time;
    fig_fault_t  fault;

    time = 0;

    if (text.len >= 10 && fig_when_date(text.data, &date)) {

        if (text.len > 10
            && !fig_when_time(fig_str(text.data + 10, text.len - 10), &time))
        {
            return false;
        }

        *seconds = (date + time > 0) ? (uint64_t) (date + time) : 0;

        return true;
    }

    if (!fig_scalar_duration(text, &ms, &fault)) {
        return false;
    }

    *seconds = now + (uint64_t) (ms + 999) / 1000;

    return true;
}
