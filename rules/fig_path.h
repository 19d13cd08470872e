/*
 * Request paths: from the bytes of a request line to the form that rules are
 * matched against, and back.
 *
 *     raw          /a/./b%2Fc/%7Ed//e?q     as received, query cut off
 *     normalised   /a/b%2Fc/~d/e            what is matched
 *     encoded      /a/b%2Fc/~d/e            what may be sent on
 *
 * Normalising decodes %XX and resolves `.`, `..` and `//` as nginx does
 * (ngx_http_parse_complex_uri), except that %2F, %5C and %25 stay as they are,
 * in upper case: an encoded slash is a part of its segment.  In a normalised
 * path a `%` therefore always begins one of these three, and encoding can be
 * undone.
 */

#ifndef FIG_PATH_H
#define FIG_PATH_H

#include "fig_base.h"


/*
 * Normalises raw (without query) into out, which has room for raw.len bytes.
 * *resolved says that dot segments or `//` went: then the encoded form, not
 * the raw one, is to be forwarded.  FIG_INVALID: no leading slash, a NUL
 * (plain or encoded), a raw `#` or `?`, a bad %XX, `..` above the root.
 */
fig_status_t fig_path_normalize(fig_str_t raw, char *out, size_t *len,
    bool *resolved);

/*
 * The same for decoded bytes (nginx's r->uri): `%` and a backslash become %25
 * and %5C.  out has room for 3 * path.len bytes.  FIG_INVALID: no leading
 * slash, a NUL, `..` above the root.
 */
fig_status_t fig_path_from_decoded(fig_str_t path, char *out, size_t *len);

/*
 * Percent-encodes a normalised path: every byte that RFC 3986 does not allow
 * in a path, `%` excepted.  out has room for 3 * path.len; returns the length.
 */
size_t fig_path_encode(fig_str_t path, char *out);

/*
 * The same for a path that is sent on as it was matched: a backslash stays, as
 * %5C would be another path.
 */
size_t fig_path_restore(fig_str_t path, char *out);


#endif /* FIG_PATH_H */
