/*
 * A moment, as people write it.
 *
 *     2027-01-31              the beginning of that day, UTC
 *     2027-01-31T12:00:00Z    RFC 3339, any offset, any fraction
 *     7d                      from now: as durations of the rules file
 */

#ifndef FIG_WHEN_H
#define FIG_WHEN_H

#include "fig_base.h"


/* Seconds since 1970; false: it is none of these. */
bool fig_when(fig_str_t text, uint64_t now, uint64_t *seconds);


#endif /* FIG_WHEN_H */
