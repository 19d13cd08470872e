/*
 * The cursor of fig_cursor.h.
 *
 * It goes from character to character and never looks at a byte twice, unless
 * it is sent back: then it starts over.
 */

#include "fig_cursor.h"
#include "fig_text.h"


void
fig_cursor_init(fig_cursor_t *cursor, fig_str_t text, uint32_t file)
{
    memset(cursor, 0, sizeof(fig_cursor_t));
    cursor->text = text;
    cursor->file = file;
    cursor->line = 1;
}


static void
fig_cursor_forward(fig_cursor_t *cursor)
{
    size_t         len;
    unsigned char  c;

    c = (unsigned char) cursor->text.data[cursor->at];

    if (c >= 0x20 && c < 0x80) {
        cursor->at++;
        cursor->index++;
        return;
    }

    len = fig_text_break(cursor->text, cursor->at);

    /* CRLF is two characters: the line ends after the second */

    if (len == 2) {
        cursor->at++;
        cursor->index++;
        return;
    }

    do {
        cursor->at++;
    } while (cursor->at < cursor->text.len
             && ((unsigned char) cursor->text.data[cursor->at] & 0xc0)
                == 0x80);

    cursor->index++;

    if (len == 1) {
        cursor->line++;
        cursor->line_start = cursor->at;
    }
}


void
fig_cursor_seek(fig_cursor_t *cursor, size_t index)
{
    if (index < cursor->index) {
        fig_cursor_init(cursor, cursor->text, cursor->file);
    }

    while (cursor->index < index && cursor->at < cursor->text.len) {
        fig_cursor_forward(cursor);
    }
}


void
fig_cursor_seek_byte(fig_cursor_t *cursor, size_t at)
{
    if (at < cursor->at) {
        fig_cursor_init(cursor, cursor->text, cursor->file);
    }

    while (cursor->at < at && cursor->at < cursor->text.len) {
        fig_cursor_forward(cursor);
    }
}


fig_pos_t
fig_cursor_pos(const fig_cursor_t *cursor, size_t len)
{
    size_t     end;
    fig_pos_t  pos;

    for (end = cursor->at;
         end < cursor->text.len && end - cursor->at < len
             && fig_text_break(cursor->text, end) == 0;
         end++)
    {
        /* void */
    }

    pos.file = cursor->file;
    pos.line = cursor->line;
    pos.col = (uint32_t) (cursor->at - cursor->line_start + 1);
    pos.len = (uint32_t) (end - cursor->at);

    if (pos.len == 0) {
        pos.len = 1;
    }

    return pos;
}
