/*
 * What the files of the JSON reader share; private to them.
 *
 *     start ... p ...... end        the text, p is what comes next
 *     unescaped |xyz| free |        strings that had escapes, one by one
 *
 * A place in the text is its offset; one in unescaped has its top bit set.
 */

#ifndef FIG_JSON_READER_H
#define FIG_JSON_READER_H

#include "fig_json.h"


#define FIG_JSON_UNESCAPED  0x80000000u


struct fig_json_s {
    fig_str_t              text;
    const char            *unescaped;
    uint32_t               n;
    fig_json_node_t       *nodes;
};


typedef struct {
    const unsigned char   *start;
    const unsigned char   *p;
    const unsigned char   *end;

    char                  *unescaped;      /* room for all that is to come */
    uint32_t               nunescaped;

    fig_arena_t           *arena;
    fig_json_node_t       *nodes;
    uint32_t               n;
    uint32_t               max_nodes;
    uint32_t               max_depth;

    uint32_t               depth;
    uint32_t               parent;         /* the container that is open */
    uint32_t               last;           /* its last child; 0: none */

    fig_json_fault_t       fault;
    const char            *message;
} fig_json_reader_t;


/* Notes why p is wrong; returns FIG_INVALID. */
fig_status_t fig_json_refuse(fig_json_reader_t *reader, const char *message);

/*
 * Reads a string, p behind its opening quote, up to behind its closing one.
 * *at and *len are its place.
 */
fig_status_t fig_json_read_string(fig_json_reader_t *reader, uint32_t *at,
    uint32_t *len);

/* Checks a number, p at its first byte, and goes behind it. */
fig_status_t fig_json_read_number(fig_json_reader_t *reader);

/* Order of bytes: < 0, 0, > 0. */
int fig_json_order(fig_str_t a, fig_str_t b);

/*
 * Sorts n members (indexes of nodes) by name, those of one name by place, with
 * a second array as spare room.  Returns the one of the two that is sorted.
 */
uint32_t *fig_json_sort(const fig_json_t *doc, uint32_t *members, size_t n,
    uint32_t *spare);


#endif /* FIG_JSON_READER_H */
