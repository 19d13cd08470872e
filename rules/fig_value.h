/*
 * The values that a request has for a name: header field, query parameter,
 * cookie; private to rules/.
 *
 *     header   Accept: a          "a, b"    lines joined by ", "
 *              Accept: b
 *     query    q=1%2B2&q=3        "1+2"     the first one, decoded
 *     cookie   Cookie: u=1; u=2   "1"       the first one of all lines
 *
 * A value is borrowed from the request where it stands there as it is, and is
 * put together in the scratch otherwise: it lives until the next value.
 */

#ifndef FIG_VALUE_H
#define FIG_VALUE_H

#include "fig_rules.h"
#include "fig_scratch.h"


typedef enum {
    FIG_VALUE_FOUND = 0,
    FIG_VALUE_MISSING,
    FIG_VALUE_TOO_LONG         /* it is there, but not to be had in one piece */
} fig_value_t;


/* Sees to it that request's header lines and client address are there. */
void fig_request_fill(fig_request_t *request);

/* name is compared without regard to ASCII case. */
fig_value_t fig_value_header(fig_request_t *request, fig_str_t name,
    fig_scratch_t *scratch, fig_str_t *value);

/*
 * Names and values are compared as a form has them: %XX and `+` decoded, a
 * malformed %XX taken as it stands.
 */
fig_value_t fig_value_query(const fig_request_t *request, fig_str_t name,
    fig_scratch_t *scratch, fig_str_t *value);

/* name is case-sensitive.  Never FIG_VALUE_TOO_LONG. */
fig_value_t fig_value_cookie(fig_request_t *request, fig_str_t name,
    fig_str_t *value);


/* One of the three above, by FIG_BY_HEADER, FIG_BY_QUERY or FIG_BY_COOKIE. */
fig_value_t fig_value_find(fig_request_t *request, fig_by_kind_t kind,
    fig_str_t name, fig_scratch_t *scratch, fig_str_t *value);


#endif /* FIG_VALUE_H */
