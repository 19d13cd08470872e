/*
 * Numbers, shares and times, as people read them.
 *
 *     1,234,567   12.5%   3m ago   in 12m   14:05:12
 */

#ifndef NUMBER_H
#define NUMBER_H

#include "cli.h"


/* Room for any of them, with its NUL. */
#define CLI_NUMBER_SIZE  48


/* With commas: 1,234,567.  All of these return out. */
const char *cli_count_text(double n, char out[CLI_NUMBER_SIZE]);

/* Without zeros that say nothing: 25%, 12.5%, 0.01%. */
const char *cli_percent_text(double percent, char out[CLI_NUMBER_SIZE]);

/* Part of whole in percent, one decimal, never rounded to 0 or 100. */
const char *cli_share_text(double part, double whole,
    char out[CLI_NUMBER_SIZE]);

/* Seconds as 3ms, 1.2s. */
const char *cli_seconds_text(double seconds, char out[CLI_NUMBER_SIZE]);

/* Seconds as a time that is waited for: 45s, 10m, 1h 5m. */
const char *cli_span_text(double seconds, char out[CLI_NUMBER_SIZE]);

/* How long before or after now (s since 1970): 3m ago, in 12m, now. */
const char *cli_ago_text(double time, double now, char out[CLI_NUMBER_SIZE]);

/* RFC 3339 to seconds since 1970; false: it is none. */
bool cli_time_parse(const char *text, double *time);

/* The same the other way, in UTC, whole seconds; returns out. */
const char *cli_time_text(double time, char out[CLI_NUMBER_SIZE]);

double cli_now(void);


#endif /* NUMBER_H */
