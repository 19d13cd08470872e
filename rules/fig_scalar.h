/*
 * The kinds of value that a rules file knows, each from its text alone: what
 * kind a value is follows from its key, never from how YAML would read it.
 *
 *     name      [A-Za-z0-9][A-Za-z0-9_.-]{0,62}
 *     duration  250ms 5s 2m 1h 1d
 *     percent   0 to 100, two decimals, % optional
 *     size      64k 1m
 *     statuses  502  500-504  5xx
 *
 * Knows neither nodes nor diagnostics: what is wrong goes into a fig_fault_t,
 * worded so that it can follow the name of a key.  No function keeps or
 * allocates anything.  Private to rules/.
 */

#ifndef FIG_SCALAR_H
#define FIG_SCALAR_H

#include "fig_base.h"
#include "fig_model.h"


#define FIG_FAULT_TEXT  200


typedef struct {
    char      message[FIG_FAULT_TEXT]; /* "must be ...", "has no unit" */
    char      hint[FIG_FAULT_TEXT];    /* "": none */
    size_t    offset;                  /* of the bytes that are wrong */
    size_t    len;                     /* 0: all of the text */
} fig_fault_t;


/* Fills fault and returns false, so that checks can return it. */
bool fig_fault(fig_fault_t *fault, const char *message, const char *hint);

/* The same for a part of the text. */
bool fig_fault_at(fig_fault_t *fault, size_t offset, size_t len,
    const char *message, const char *hint);


/* All of these return false and fill *fault when text is not of the kind. */

bool fig_scalar_name(fig_str_t text, fig_fault_t *fault);

/* "true" or "false", nothing else. */
bool fig_scalar_bool(fig_str_t text, bool *value, fig_fault_t *fault);

/* Decimal, without sign (but -), leading zeros, underscores or exponent. */
bool fig_scalar_int(fig_str_t text, int64_t min, int64_t max, int64_t *value,
    fig_fault_t *fault);

/* Milliseconds, from 1 ms to 365 days. */
bool fig_scalar_duration(fig_str_t text, int64_t *ms, fig_fault_t *fault);

/* Hundredths of a percent. */
bool fig_scalar_percent(fig_str_t text, int32_t *percent, fig_fault_t *fault);

/* Bytes: a number of them, of `k` or of `m`. */
bool fig_scalar_size(fig_str_t text, size_t min, size_t max, size_t *size,
    fig_fault_t *fault);

/* A number of JSON, 0 or more, of at most 32 digits and an exponent of 4. */
bool fig_scalar_decimal(fig_str_t text, fig_fault_t *fault);

/* Adds what text names to *statuses; all must be from min to max. */
bool fig_scalar_statuses(fig_str_t text, unsigned min, unsigned max,
    fig_statuses_t *statuses, fig_fault_t *fault);

/* A token of RFC 9110 5.6.2: methods, header and cookie names. */
bool fig_scalar_token(fig_str_t text, fig_fault_t *fault);

/* An upper-case token. */
bool fig_scalar_method(fig_str_t text, fig_fault_t *fault);

/* Text that may stand in a header: no control bytes but tab. */
bool fig_scalar_field(fig_str_t text, fig_fault_t *fault);

/* A day of the calendar, YYYY-MM-DD. */
bool fig_scalar_date(fig_str_t text, fig_fault_t *fault);


#endif /* FIG_SCALAR_H */
