/*
 * Cutting the text of a path into literal parts and holes; private to
 * fig_route_path.c and fig_route_with.c.
 *
 *     text "/a%20b/{id}"  ->  literal "/a b/"  hole {id}
 */

#ifndef FIG_CUTTER_H
#define FIG_CUTTER_H

#include "fig_arena.h"
#include "fig_scalar.h"


typedef struct {
    fig_arena_t    *arena;
    fig_pattern_t  *pattern;
    char           *text;              /* of the literal part under way */
    size_t          len;
    uint32_t        room;
    bool            nomem;
} fig_cutter_t;


/* Checks text as a path, whatever its holes. */
bool fig_route_check(fig_str_t text, fig_fault_t *fault);

/* A name for a hole: letters, digits and `_`, no digit first. */
bool fig_route_is_word(fig_str_t text);

/* Begins a pattern with room for the parts of text around that many holes. */
fig_status_t fig_cutter_init(fig_cutter_t *cutter, fig_str_t text, size_t holes,
    fig_arena_t *arena, fig_pattern_t *pattern);

/* Appends literal text: decodes what normalising a request would decode. */
void fig_cutter_literal(fig_cutter_t *cutter, fig_str_t text);

/* Appends a hole, after a flush; sets nomem when memory is out. */
void fig_cutter_add(fig_cutter_t *cutter, fig_part_kind_t kind, fig_str_t text,
    uint32_t index);

/* Ends the literal part under way, if there is one. */
void fig_cutter_flush(fig_cutter_t *cutter);


#endif /* FIG_CUTTER_H */
