/*
 * Cells in rows, measured when all are there, and then printed.
 *
 *     cells[row * ncolumns + column]
 *     widths[column]     what it takes, then what it gets; 0: left out
 */

#include <stdarg.h>

#include "table.h"


#define CLI_TABLE_GAP      2
#define CLI_TABLE_MINIMUM  8           /* columns that are always left */


typedef struct {
    char         *text;                /* shown; owned */
    size_t        columns;
    cli_style_t   style;
} cli_cell_t;


struct cli_table_s {
    const cli_column_t  *columns;
    size_t               ncolumns;
    size_t               n;
    cli_cell_t          *cells;
};


cli_table_t *
cli_table_create(const cli_column_t *columns, size_t ncolumns)
{
    cli_table_t  *table;

    table = cli_alloc(1, sizeof(cli_table_t));
    table->columns = columns;
    table->ncolumns = ncolumns;

    return table;
}


void
cli_table_destroy(cli_table_t *table)
{
    size_t  i;

    for (i = 0; i < table->n; i++) {
        free(table->cells[i].text);
    }

    free(table->cells);
    free(table);
}


void
cli_table_add(cli_table_t *table, cli_style_t style, const char *text)
{
    cli_cell_t  *cell;

    table->cells = cli_grow(table->cells, table->n, sizeof(cli_cell_t));

    cell = &table->cells[table->n++];
    cell->text = cli_show_text(text);
    cell->columns = cli_text_columns(cell->text);
    cell->style = style;
}


void
cli_table_addf(cli_table_t *table, cli_style_t style, const char *format, ...)
{
    char    *text;
    va_list  args;

    va_start(args, format);

    if (vasprintf(&text, format, args) >= 0) {
        cli_table_add(table, style, text);
        free(text);
    }

    va_end(args);
}


size_t
cli_table_rows(const cli_table_t *table)
{
    return table->n / table->ncolumns;
}


static size_t
cli_table_max(size_t a, size_t b)
{
    return (a > b) ? a : b;
}


static void
cli_table_measure(const cli_table_t *table, bool spare, size_t *widths)
{
    bool                said;
    size_t              i, column;
    const cli_cell_t   *cell;

    for (column = 0; column < table->ncolumns; column++) {
        widths[column] = strlen(table->columns[column].title);
        said = !spare;

        for (i = column; i < table->n; i += table->ncolumns) {
            cell = &table->cells[i];
            widths[column] = cli_table_max(widths[column], cell->columns);
            said = said || (cell->columns != 0
                            && strcmp(cell->text, "-") != 0);
        }

        if (!said) {
            widths[column] = 0;
        }
    }
}


static size_t
cli_table_total(const cli_table_t *table, const size_t *widths)
{
    size_t  i, total;

    total = 0;

    for (i = 0; i < table->ncolumns; i++) {
        if (widths[i] != 0) {
            total += widths[i] + (total != 0 ? CLI_TABLE_GAP : 0);
        }
    }

    return total;
}


/* Takes from the widest column that may be cut, until all of it fits. */

static void
cli_table_shrink(const cli_table_t *table, size_t width, size_t *widths)
{
    size_t  i, total, widest;

    for (total = cli_table_total(table, widths); total > width; total--) {
        widest = table->ncolumns;

        for (i = 0; i < table->ncolumns; i++) {
            if (table->columns[i].kind == CLI_CUT
                && widths[i] > CLI_TABLE_MINIMUM
                && (widest == table->ncolumns || widths[i] > widths[widest]))
            {
                widest = i;
            }
        }

        if (widest == table->ncolumns) {
            return;
        }

        widths[widest]--;
    }
}


/* *blanks are those to be printed before the next text, if there is one. */

static void
cli_table_print_cell(FILE *out, const cli_cell_t *cell,
    cli_column_kind_t kind, size_t width, size_t *blanks)
{
    size_t       len, dots, columns;
    const char  *ellipsis;

    len = strlen(cell->text);
    columns = cell->columns;
    ellipsis = "";

    if (columns > width) {
        ellipsis = cli_term_ellipsis(&dots);
        columns = width - dots;
        len = cli_text_fit(cell->text, &columns);
        columns += dots;
    }

    if (columns == 0) {
        *blanks += width;
        return;
    }

    fprintf(out, "%*s%s%.*s%s%s",
            (int) (*blanks + (kind == CLI_RIGHT ? width - columns : 0)), "",
            cli_style_on(cell->style), (int) len, cell->text, ellipsis,
            cli_style_off(cell->style));

    *blanks = (kind == CLI_RIGHT) ? 0 : width - columns;
}


/* row -1 are the titles. */

static void
cli_table_print_row(const cli_table_t *table, FILE *out,
    const size_t *widths, ptrdiff_t row)
{
    size_t               i, blanks;
    cli_cell_t           title;
    const cli_cell_t    *cell;
    const cli_column_t  *column;

    blanks = 0;

    for (i = 0; i < table->ncolumns; i++) {
        column = &table->columns[i];

        if (widths[i] == 0) {
            continue;
        }

        if (row < 0) {
            title.text = (char *) column->title;
            title.columns = strlen(column->title);
            title.style = CLI_DIM;
            cell = &title;

        } else {
            cell = &table->cells[(size_t) row * table->ncolumns + i];
        }

        cli_table_print_cell(out, cell, column->kind, widths[i], &blanks);
        blanks += CLI_TABLE_GAP;
    }

    fputc('\n', out);
}


void
cli_table_print(const cli_table_t *table, FILE *out, size_t width, bool spare)
{
    size_t    *widths;
    ptrdiff_t  row;

    widths = cli_alloc(table->ncolumns, sizeof(size_t));
    cli_table_measure(table, spare, widths);

    if (width != 0) {
        cli_table_shrink(table, width, widths);
    }

    for (row = -1; row < (ptrdiff_t) cli_table_rows(table); row++) {
        cli_table_print_row(table, out, widths, row);
    }

    free(widths);
}
