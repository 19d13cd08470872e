/*
 * Tables of text for people.
 *
 *     ROUTE         STAGE     REQUESTS
 *     orders-read   ramp 25%    12,034
 *     checkout      legacy       1,200
 *
 * Columns are as wide as their widest cell; those that may be cut are, the
 * widest first, where the terminal is narrower.  Cells are shown as
 * base/fig_text.h shows text.
 */

#ifndef TABLE_H
#define TABLE_H

#include "term.h"


typedef enum {
    CLI_LEFT = 0,
    CLI_RIGHT,                         /* numbers */
    CLI_CUT                            /* left, may be cut */
} cli_column_kind_t;


typedef struct {
    const char         *title;
    cli_column_kind_t   kind;
} cli_column_t;


typedef struct cli_table_s  cli_table_t;


/* columns must outlive the table.  Free with cli_table_destroy(). */
cli_table_t *cli_table_create(const cli_column_t *columns, size_t ncolumns);
void cli_table_destroy(cli_table_t *table);

/* The next cell, from left to right; text is copied. */
void cli_table_add(cli_table_t *table, cli_style_t style, const char *text);
void cli_table_addf(cli_table_t *table, cli_style_t style,
    const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * Prints it, the titles first; a column in which every cell is empty or "-"
 * is left out if spare is true.  width 0: as wide as it takes.
 */
void cli_table_print(const cli_table_t *table, FILE *out, size_t width,
    bool spare);

/* Rows so far. */
size_t cli_table_rows(const cli_table_t *table);


#endif /* TABLE_H */
