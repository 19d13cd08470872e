/*
 * Formatting of numbers and times.
 *
 * Nothing here depends on the locale, so that what is printed can be compared.
 */

#include <math.h>
#include <time.h>

#include "number.h"


const char *
cli_count_text(double n, char out[CLI_NUMBER_SIZE])
{
    char    digits[CLI_NUMBER_SIZE];
    size_t  i, len, to;

    if (!(n >= 0 && n < 1e18)) {
        snprintf(out, CLI_NUMBER_SIZE, "%g", n);
        return out;
    }

    len = (size_t) snprintf(digits, sizeof(digits), "%.0f", n);
    to = 0;

    for (i = 0; i < len; i++) {
        if (i != 0 && (len - i) % 3 == 0) {
            out[to++] = ',';
        }

        out[to++] = digits[i];
    }

    out[to] = '\0';

    return out;
}


const char *
cli_percent_text(double percent, char out[CLI_NUMBER_SIZE])
{
    size_t  len;

    len = (size_t) snprintf(out, CLI_NUMBER_SIZE - 1, "%.2f", percent);

    if (len >= CLI_NUMBER_SIZE - 1) {
        len = (size_t) snprintf(out, CLI_NUMBER_SIZE - 1, "%.3g", percent);
    }

    if (strchr(out, '.') != NULL && strchr(out, 'e') == NULL) {
        while (out[len - 1] == '0') {
            len--;
        }

        if (out[len - 1] == '.') {
            len--;
        }
    }

    out[len] = '%';
    out[len + 1] = '\0';

    return out;
}


const char *
cli_share_text(double part, double whole, char out[CLI_NUMBER_SIZE])
{
    double  share;

    share = (whole > 0) ? 100 * part / whole : 0;

    if (part > 0 && share < 0.05) {
        return strcpy(out, "<0.1%");
    }

    if (part < whole && share >= 99.95) {
        return strcpy(out, ">99.9%");
    }

    snprintf(out, CLI_NUMBER_SIZE, "%.1f%%", share);

    return out;
}


const char *
cli_seconds_text(double seconds, char out[CLI_NUMBER_SIZE])
{
    if (seconds < 0.0995) {
        snprintf(out, CLI_NUMBER_SIZE, "%.3gms", seconds * 1e3);
    } else if (seconds < 0.9995) {
        snprintf(out, CLI_NUMBER_SIZE, "%.0fms", seconds * 1e3);
    } else {
        snprintf(out, CLI_NUMBER_SIZE, "%.3gs", seconds);
    }

    return out;
}


const char *
cli_span_text(double seconds, char out[CLI_NUMBER_SIZE])
{
    double  minutes;

    seconds = ceil(seconds);
    minutes = floor(seconds / 60);

    if (seconds < 120 && seconds != 60) {
        snprintf(out, CLI_NUMBER_SIZE, "%.0fs", seconds);
    } else if (minutes < 120 && minutes != 60) {
        snprintf(out, CLI_NUMBER_SIZE, fmod(seconds, 60) != 0 ? "%.0fm %.0fs"
                                       : "%.0fm", minutes, fmod(seconds, 60));
    } else {
        snprintf(out, CLI_NUMBER_SIZE, fmod(minutes, 60) != 0 ? "%.0fh %.0fm"
                                       : "%.0fh", floor(minutes / 60),
                 fmod(minutes, 60));
    }

    return out;
}


const char *
cli_ago_text(double time, double now, char out[CLI_NUMBER_SIZE])
{
    size_t  i;
    double  seconds, n;

    static const struct {
        double       least;            /* s, of what is told in this unit */
        double       unit;
        const char  *name;
    } units[] = {
        { 2 * 86400, 86400, "d" }, { 2 * 3600, 3600, "h" }, { 90, 60, "m" },
        { 0, 1, "s" }
    };

    seconds = fabs(now - time);

    if (seconds < 1) {
        return strcpy(out, "now");
    }

    for (i = 0; seconds < units[i].least; i++) {
        /* void */
    }

    n = floor(seconds / units[i].unit);

    if (!(n < 1e9)) {
        return strcpy(out, "-");
    }

    snprintf(out, CLI_NUMBER_SIZE, time > now ? "in %.0f%s" : "%.0f%s ago", n,
             units[i].name);

    return out;
}


bool
cli_time_parse(const char *text, double *time)
{
    int        n, hours, minutes, used;
    char       sign[2];
    double     seconds;
    struct tm  tm;

    memset(&tm, 0, sizeof(struct tm));
    used = 0;

    n = sscanf(text, "%4d-%2d-%2d%*1[Tt ]%2d:%2d:%lf%n", &tm.tm_year,
               &tm.tm_mon, &tm.tm_mday, &tm.tm_hour, &tm.tm_min, &seconds,
               &used);

    if (n != 6) {
        return false;
    }

    tm.tm_year -= 1900;
    tm.tm_mon--;
    *time = (double) timegm(&tm) + seconds;
    text += used;

    if ((text[0] | 0x20) == 'z') {
        return text[1] == '\0';
    }

    if (sscanf(text, "%1[+-]%2d:%2d", sign, &hours, &minutes) != 3) {
        return false;
    }

    *time -= (sign[0] == '-' ? -60 : 60) * (hours * 60 + minutes);

    return true;
}


const char *
cli_time_text(double time, char out[CLI_NUMBER_SIZE])
{
    time_t     seconds;
    struct tm  tm;

    seconds = (time_t) time;

    if (gmtime_r(&seconds, &tm) == NULL
        || strftime(out, CLI_NUMBER_SIZE, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
    {
        return strcpy(out, "-");
    }

    return out;
}


double
cli_now(void)
{
    struct timespec  now;

    clock_gettime(CLOCK_REALTIME, &now);

    return (double) now.tv_sec + (double) now.tv_nsec / 1e9;
}
