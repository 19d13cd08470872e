/*
 * Forms that a value can have where the value itself is not to be compared.
 *
 *     uuid      8-4-4-4-12 hexadecimal digits, in any case
 *     rfc3339   2024-02-29T23:59:60.5+01:00
 *     epoch     10 digits (seconds) or 13 (milliseconds), text or number
 */

#ifndef FIG_FORM_H
#define FIG_FORM_H

#include "fig_base.h"


bool fig_form_is_uuid(fig_str_t text);
bool fig_form_is_rfc3339(fig_str_t text);
bool fig_form_is_epoch(fig_str_t text);

/*
 * Whether a member's name is one of many rather than a field: all digits, a
 * UUID, 16 or more hexadecimal digits, a ULID.
 */
bool fig_form_is_id(fig_str_t name);


#endif /* FIG_FORM_H */
