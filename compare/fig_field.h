/*
 * Header fields as text that is the same for what means the same; private to
 * compare/.
 *
 *     Text/HTML; charset="UTF-8"          ->  text/html;charset=utf-8
 *     Accept, accept-ENCODING             ->  accept,accept-encoding
 *     a=1; Path=/; Max-Age=3; HttpOnly    ->  a;httponly;max-age;path=/
 */

#ifndef FIG_FIELD_H
#define FIG_FIELD_H

#include "fig_comparer.h"


/* What a Location's authority is compared with. */

typedef struct {
    const fig_answers_t  *pair;
    fig_str_t             own;             /* the backend's */
} fig_field_hosts_t;


/*
 * All fields of a name, lower case, in one text.  data is NULL when there is
 * none, or, which *nomem tells, when memory is out.
 */
fig_str_t fig_field_text(const fig_answer_t *answer, fig_str_t name,
    const fig_answers_t *pair, fig_arena_t *arena, bool *nomem);

/* As received, joined by ", ": for a sample. */
fig_str_t fig_field_raw(const fig_answer_t *answer, fig_str_t name,
    fig_arena_t *arena, bool *nomem);


/*
 * The next item of a list, trimmed, up to a separator that stands in no quotes;
 * false at the end.
 */
bool fig_field_next(fig_str_t *rest, char separator, fig_str_t *item);

/* Without blanks at both ends; without quotes and their backslashes. */
fig_str_t fig_field_trim(fig_str_t text);
fig_str_t fig_field_unquote(fig_str_t text, fig_arena_t *arena);

/* A Location without an authority that is ours, and with others mapped. */
fig_str_t fig_location_text(const fig_field_hosts_t *hosts, fig_str_t location,
    fig_arena_t *arena, bool *nomem);

/* What the media type of a body means to us: JSON, TEXT or BYTES. */
fig_body_mode_t fig_field_media(fig_str_t content_type);


#endif /* FIG_FIELD_H */
