/*
 * The list of fig_diag.h: kept sorted, each error rendered when it is added,
 * because source texts may be gone when it is read.
 *
 *     kept[0] <= kept[1] <= ...     by file, line, column, then age
 *
 * A long source line is shown through a window around the token.
 */

#include "fig_diag.h"
#include "fig_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>


#define FIG_DIAG_TEXT    1024          /* of a message or a hint */
#define FIG_DIAG_NAME    1024          /* of a file name */
#define FIG_DIAG_WINDOW  100           /* columns of a source line */
#define FIG_DIAG_TOKEN   60            /* columns of a token that are marked */
#define FIG_DIAG_AROUND  4096          /* bytes searched for credentials */


typedef struct {
    fig_pos_t            pos;
    char                *text;
    size_t               len;
    char                *message;
    char                *hint;
    char                *file;
} fig_diag_entry_t;


struct fig_diags_s {
    size_t               count;
    size_t               kept;
    fig_diag_entry_t     entries[FIG_DIAG_MAX];
    fig_diag_source_pt   source;
    void                *data;
};


/* A growing line of output; what does not fit is dropped. */

typedef struct {
    size_t               len;
    char                 data[FIG_DIAG_WINDOW * 12 + 64];
} fig_diag_line_t;


fig_diags_t *
fig_diags_create(void)
{
    return calloc(1, sizeof(fig_diags_t));
}


static void
fig_diag_entry_release(fig_diag_entry_t *entry)
{
    free(entry->text);
    free(entry->message);
    free(entry->hint);
    free(entry->file);
}


void
fig_diags_destroy(fig_diags_t *diags)
{
    size_t  i;

    if (diags == NULL) {
        return;
    }

    for (i = 0; i < diags->kept; i++) {
        fig_diag_entry_release(&diags->entries[i]);
    }

    free(diags);
}


void
fig_diags_set_source(fig_diags_t *diags, fig_diag_source_pt source, void *data)
{
    diags->source = source;
    diags->data = data;
}


static int
fig_diag_compare(fig_pos_t a, fig_pos_t b)
{
    if (a.file != b.file) {
        return a.file < b.file ? -1 : 1;
    }

    if (a.line != b.line) {
        return a.line < b.line ? -1 : 1;
    }

    if (a.col != b.col) {
        return a.col < b.col ? -1 : 1;
    }

    return 0;
}


static void
fig_diag_put(fig_diag_line_t *line, const char *data, size_t len)
{
    if (len <= sizeof(line->data) - line->len) {
        memcpy(line->data + line->len, data, len);
        line->len += len;
    }
}


static void
fig_diag_fill(fig_diag_line_t *line, char c, size_t n)
{
    while (n-- > 0) {
        fig_diag_put(line, &c, 1);
    }
}


static bool
fig_diag_is_continuation(fig_str_t line, size_t at)
{
    return ((unsigned char) line.data[at] & 0xc0) == 0x80;
}


/* Moves at by up to n characters, to the left or to the right. */

static size_t
fig_diag_left(fig_str_t line, size_t at, size_t n)
{
    while (n-- > 0 && at > 0) {
        do {
            at--;
        } while (at > 0 && fig_diag_is_continuation(line, at));
    }

    return at;
}


static size_t
fig_diag_right(fig_str_t line, size_t at, size_t n)
{
    while (n-- > 0 && at < line.len) {
        do {
            at++;
        } while (at < line.len && fig_diag_is_continuation(line, at));
    }

    return at;
}


/* The part [*from, *to) of a line to show, around the token at at. */

static void
fig_diag_window(fig_str_t line, size_t at, size_t *from, size_t *to)
{
    *to = fig_diag_right(line, 0, FIG_DIAG_WINDOW);
    *from = 0;

    if (*to == line.len) {
        return;
    }

    *from = fig_diag_left(line, at, FIG_DIAG_WINDOW - FIG_DIAG_TOKEN);
    *to = fig_diag_right(line, *from, FIG_DIAG_WINDOW);

    if (*to == line.len) {
        *from = fig_diag_left(line, line.len, FIG_DIAG_WINDOW);
    }
}


/*
 * Finds the first credentials that end after at.  Only the line's part around
 * the window is looked at, so that a line of megabytes costs no more.
 */

static bool
fig_diag_secret(fig_str_t line, size_t from, size_t to, size_t at,
    size_t *start, size_t *end)
{
    bool       found;
    size_t     first, last;
    fig_str_t  part;

    first = from > FIG_DIAG_AROUND ? from - FIG_DIAG_AROUND : 0;
    last = line.len - to > FIG_DIAG_AROUND ? to + FIG_DIAG_AROUND : line.len;
    part = fig_str(line.data + first, last - first);
    *end = 0;

    do {
        found = fig_text_find_secret(part, *end, start, end);
    } while (found && first + *end <= at);

    *start += first;
    *end += first;

    return found;
}


/*
 * Shows line[from, to) in out and, below the bytes [at, at + len), marks in
 * caret.  Both lines grow column by column, so that they stay aligned.
 */

static void
fig_diag_show(fig_str_t line, size_t at, size_t len, fig_diag_line_t *out,
    fig_diag_line_t *caret)
{
    char    shown[12];
    bool    secret, marked;
    size_t  i, n, from, to, was, columns, start, end;

    fig_diag_window(line, at, &from, &to);
    secret = fig_diag_secret(line, from, to, from, &start, &end);
    marked = false;

    if (from > 0) {
        fig_diag_put(out, "...", 3);
        fig_diag_fill(caret, ' ', 3);
    }

    for (i = from; i < to; /* void */) {
        was = i;

        if (secret && i >= start) {
            n = columns = 3;
            memcpy(shown, "***", 3);
            i = end;
            secret = fig_diag_secret(line, from, to, end, &start, &end);

        } else if (line.data[i] == '\t') {
            n = columns = 1;
            shown[0] = '\t';
            i++;

        } else {
            n = fig_text_show_char(line, &i, shown, &columns);
        }

        fig_diag_put(out, shown, n);

        if (i > at && was < at + len) {
            fig_diag_fill(caret, marked ? '~' : '^', 1);
            fig_diag_fill(caret, '~', columns - 1);
            marked = true;

        } else if (!marked) {
            fig_diag_fill(caret, shown[0] == '\t' ? '\t' : ' ', columns);
        }
    }

    if (to < line.len) {
        fig_diag_put(out, "...", 3);
    }

    if (!marked) {
        fig_diag_fill(caret, '^', 1);
    }
}


/* Writes the source line and the caret line; "" where there is no such line. */

static void
fig_diag_quote_line(fig_str_t text, fig_pos_t pos, char *out, size_t size)
{
    int              width;
    char             number[16];
    size_t           at;
    fig_str_t        line;
    fig_diag_line_t  shown, caret;

    out[0] = '\0';

    if (text.data == NULL || pos.line == 0 || pos.col == 0
        || !fig_text_line(text, pos.line, &line))
    {
        return;
    }

    at = pos.col - 1;

    if (at > line.len) {
        at = line.len;
    }

    shown.len = 0;
    caret.len = 0;
    fig_diag_show(line, at, pos.len == 0 ? 1 : pos.len, &shown, &caret);

    width = snprintf(number, sizeof(number), "%5u", pos.line);

    snprintf(out, size, "\n%s | %.*s\n%*s | %.*s", number,
             (int) shown.len, shown.data, width, "",
             (int) caret.len, caret.data);
}


static char *
fig_diag_copy(const char *text)
{
    char    *copy;
    size_t   size;

    size = strlen(text) + 1;

    copy = malloc(size);
    if (copy != NULL) {
        memcpy(copy, text, size);
    }

    return copy;
}


/* Renders the whole error; false when memory is out. */

static bool
fig_diag_render(fig_diag_entry_t *entry, fig_str_t source)
{
    int     n;
    char    lines[2 * sizeof(fig_diag_line_t)], place[32];
    size_t  size;

    fig_diag_quote_line(source, entry->pos, lines, sizeof(lines));

    place[0] = '\0';

    if (entry->pos.line != 0) {
        snprintf(place, sizeof(place), "%u:%u:", entry->pos.line,
                 entry->pos.col);
    }

    size = strlen(entry->file) + strlen(place) + strlen(entry->message)
           + strlen(lines) + strlen(entry->hint) + 64;

    entry->text = malloc(size);
    if (entry->text == NULL) {
        return false;
    }

    n = snprintf(entry->text, size, "%s%s%s%serror: %s%s",
                 entry->file, entry->file[0] != '\0' ? ":" : "", place,
                 entry->file[0] != '\0' || place[0] != '\0' ? " " : "",
                 entry->message, lines);

    if (entry->hint[0] != '\0') {
        n += snprintf(entry->text + n, size - (size_t) n, "\n%*s = %s",
                      5, "", entry->hint);
    }

    entry->len = (size_t) n;

    return true;
}


static bool
fig_diag_entry_init(fig_diags_t *diags, fig_diag_entry_t *entry, fig_pos_t pos,
    const char *message, const char *hint)
{
    char       buf[FIG_DIAG_TEXT];
    fig_str_t  name, text;

    name = fig_str("", 0);
    text = fig_str(NULL, 0);

    if (diags->source != NULL
        && !diags->source(diags->data, pos.file, &name, &text))
    {
        name = fig_str("", 0);
        text = fig_str(NULL, 0);
    }

    memset(entry, 0, sizeof(fig_diag_entry_t));
    entry->pos = pos;

    fig_text_show(fig_str_from(message), buf, sizeof(buf));
    entry->message = fig_diag_copy(buf);

    fig_text_show(fig_str_from(hint), buf, sizeof(buf));
    entry->hint = fig_diag_copy(buf);

    fig_text_show(name, buf, FIG_DIAG_NAME);
    entry->file = fig_diag_copy(buf);

    if (entry->message != NULL && entry->hint != NULL && entry->file != NULL
        && fig_diag_render(entry, text))
    {
        return true;
    }

    fig_diag_entry_release(entry);

    return false;
}


static bool
fig_diags_has(const fig_diags_t *diags, fig_pos_t pos, const char *message)
{
    char    shown[FIG_DIAG_TEXT];
    size_t  i;

    fig_text_show(fig_str_from(message), shown, sizeof(shown));

    for (i = 0; i < diags->kept; i++) {
        if (fig_diag_compare(diags->entries[i].pos, pos) == 0
            && strcmp(diags->entries[i].message, shown) == 0)
        {
            return true;
        }
    }

    return false;
}


void
fig_diags_add(fig_diags_t *diags, fig_pos_t pos, const char *message,
    const char *hint)
{
    size_t            i;
    fig_diag_entry_t  entry;

    /* thousands of errors must not cost more than those that are kept */

    if (diags->kept == FIG_DIAG_MAX
        && fig_diag_compare(diags->entries[FIG_DIAG_MAX - 1].pos, pos) < 0)
    {
        diags->count++;
        return;
    }

    if (fig_diags_has(diags, pos, message)) {
        return;
    }

    diags->count++;

    for (i = diags->kept; i > 0; i--) {
        if (fig_diag_compare(diags->entries[i - 1].pos, pos) <= 0) {
            break;
        }
    }

    if (i == FIG_DIAG_MAX
        || !fig_diag_entry_init(diags, &entry, pos, message,
                                hint != NULL ? hint : ""))
    {
        return;
    }

    if (diags->kept == FIG_DIAG_MAX) {
        fig_diag_entry_release(&diags->entries[FIG_DIAG_MAX - 1]);
        diags->kept--;
    }

    memmove(&diags->entries[i + 1], &diags->entries[i],
            (diags->kept - i) * sizeof(fig_diag_entry_t));
    diags->entries[i] = entry;
    diags->kept++;
}


void
fig_diags_addf(fig_diags_t *diags, fig_pos_t pos, const char *hint,
    const char *format, ...)
{
    char     message[FIG_DIAG_TEXT];
    va_list  args;

    va_start(args, format);
    vsnprintf(message, sizeof(message), format, args);
    va_end(args);

    fig_diags_add(diags, pos, message, hint);
}


size_t
fig_diags_count(const fig_diags_t *diags)
{
    return diags->count;
}


size_t
fig_diags_kept(const fig_diags_t *diags)
{
    return diags->kept;
}


fig_str_t
fig_diags_text(fig_diags_t *diags, size_t i)
{
    return fig_str(diags->entries[i].text, diags->entries[i].len);
}


fig_diag_t
fig_diags_get(fig_diags_t *diags, size_t i)
{
    fig_diag_t               diag;
    const fig_diag_entry_t  *entry;

    entry = &diags->entries[i];

    diag.file = fig_str_from(entry->file);
    diag.line = entry->pos.line;
    diag.col = entry->pos.col;
    diag.message = fig_str_from(entry->message);
    diag.hint = fig_str_from(entry->hint);

    return diag;
}
