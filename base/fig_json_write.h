/*
 * A JSON writer: values in order, commas by itself, one growing buffer.
 *
 *     fig_json_begin_object(&out);                    {
 *     fig_json_put_key(&out, "percent");              {"percent":
 *     fig_json_put_hundredths(&out, 1250);            {"percent":12.5
 *     fig_json_end_object(&out);                      {"percent":12.5}
 *
 * No blanks and no newline, so that a document is a line.  Whether keys and
 * values come in an order that makes sense is the caller's affair.  Nothing
 * here fails: when memory is out, nomem is set, what follows is dropped, and
 * one look at the end is enough.
 */

#ifndef FIG_JSON_WRITE_H
#define FIG_JSON_WRITE_H

#include "fig_base.h"


typedef struct {
    char    *data;             /* len bytes, no NUL; NULL while empty */
    size_t   len;
    size_t   size;
    bool     nomem;
    bool     comma;            /* private: a value stands before this place */
} fig_json_out_t;


/* An empty buffer; nothing is allocated yet. */
void fig_json_out_init(fig_json_out_t *out);

/* Frees the buffer and makes it an empty one. */
void fig_json_out_release(fig_json_out_t *out);

/* Drops the text, and nomem, but keeps the memory: for the next document. */
void fig_json_out_reset(fig_json_out_t *out);

/* What was written, borrowed until the next call. */
fig_str_t fig_json_out_text(const fig_json_out_t *out);


void fig_json_begin_object(fig_json_out_t *out);
void fig_json_end_object(fig_json_out_t *out);
void fig_json_begin_array(fig_json_out_t *out);
void fig_json_end_array(fig_json_out_t *out);

/* The name of the member whose value comes next; escaped like a string. */
void fig_json_put_key(fig_json_out_t *out, const char *key);
void fig_json_put_key_str(fig_json_out_t *out, fig_str_t key);

/*
 * Strings of any bytes.  What is not UTF-8 becomes U+FFFD, one for each
 * sequence that was begun (Unicode 15, 3.9, "maximal subparts").
 */
void fig_json_put_str(fig_json_out_t *out, fig_str_t str);
void fig_json_put_text(fig_json_out_t *out, const char *text);

void fig_json_put_int(fig_json_out_t *out, int64_t n);
void fig_json_put_uint(fig_json_out_t *out, uint64_t n);
void fig_json_put_bool(fig_json_out_t *out, bool b);
void fig_json_put_null(fig_json_out_t *out);

/* n / 100 in as few digits as it takes: 1250 -> 12.5, 2500 -> 25. */
void fig_json_put_hundredths(fig_json_out_t *out, int64_t n);

/*
 * The shortest decimal that reads back as d, whatever the locale.  JSON has no
 * NaN and no infinity: they become null.
 */
void fig_json_put_double(fig_json_out_t *out, double d);

/* Ends a line: what follows is a document of its own. */
void fig_json_put_newline(fig_json_out_t *out);

/* A value that is JSON already. */
void fig_json_put_raw(fig_json_out_t *out, fig_str_t json);


#endif /* FIG_JSON_WRITE_H */
