/*
 * Text in one growing buffer, see fig_buffer.h.
 *
 *     | len bytes of text | room ... size |       doubled when it is full
 */

#include "fig_buffer.h"

#include <stdlib.h>


#define FIG_BUFFER_SIZE  1024


void
fig_buffer_init(fig_buffer_t *buffer)
{
    memset(buffer, 0, sizeof(fig_buffer_t));
}


void
fig_buffer_release(fig_buffer_t *buffer)
{
    free(buffer->data);
    fig_buffer_init(buffer);
}


static bool
fig_buffer_grow(fig_buffer_t *buffer, size_t more)
{
    char    *data;
    size_t   size;

    size = buffer->size ? buffer->size : FIG_BUFFER_SIZE;

    while (size - buffer->len < more) {
        size *= 2;
    }

    data = realloc(buffer->data, size);

    if (data == NULL) {
        buffer->nomem = true;
        return false;
    }

    buffer->data = data;
    buffer->size = size;

    return true;
}


void
fig_buffer_put(fig_buffer_t *buffer, fig_str_t str)
{
    if (buffer->nomem
        || (buffer->size - buffer->len < str.len
            && !fig_buffer_grow(buffer, str.len)))
    {
        return;
    }

    if (str.len) {
        memcpy(buffer->data + buffer->len, str.data, str.len);
        buffer->len += str.len;
    }
}


void
fig_buffer_put_text(fig_buffer_t *buffer, const char *text)
{
    fig_buffer_put(buffer, fig_str_from(text));
}


void
fig_buffer_put_uint(fig_buffer_t *buffer, uint64_t n)
{
    char   text[20];
    char  *p;

    p = text + sizeof(text);

    do {
        *--p = (char) ('0' + n % 10);
        n /= 10;
    } while (n);

    fig_buffer_put(buffer, fig_str(p, text + sizeof(text) - p));
}


void
fig_buffer_put_decimal(fig_buffer_t *buffer, uint64_t n, unsigned places)
{
    char      text[10];
    size_t    len;
    unsigned  i;
    uint64_t  scale;

    scale = 1;

    for (i = 0; i < places; i++) {
        scale *= 10;
    }

    fig_buffer_put_uint(buffer, n / scale);

    text[0] = '.';

    for (i = 1; i <= places; i++) {
        scale /= 10;
        text[i] = (char) ('0' + n / scale % 10);
    }

    for (len = places + 1; len > 2 && text[len - 1] == '0'; len--) {
        /* void */
    }

    fig_buffer_put(buffer, fig_str(text, len));
}
