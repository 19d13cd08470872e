/*
 * What every room stands on: counted strings and result codes.
 *
 *     fig_str_t   | len | data -> bytes, not NUL-terminated, not owned |
 *
 * A fig_str_t borrows: whoever made the bytes says how long they live.  The
 * layout is that of nginx's ngx_str_t, so that glue passes strings without
 * copying.  Nothing here allocates.
 */

#ifndef FIG_BASE_H
#define FIG_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>


typedef struct {
    size_t       len;
    const char  *data;
} fig_str_t;


typedef enum {
    FIG_OK = 0,
    FIG_INVALID = -1,          /* the input is wrong; diagnostics say why */
    FIG_NOMEM = -2             /* memory is out; nothing was changed */
} fig_status_t;


#define FIG_STR(literal)  { sizeof(literal) - 1, (literal) }
#define FIG_NELTS(array)  (sizeof(array) / sizeof((array)[0]))


static inline fig_str_t
fig_str(const char *data, size_t len)
{
    fig_str_t  str = { len, data };

    return str;
}


static inline fig_str_t
fig_str_from(const char *text)
{
    return fig_str(text, strlen(text));
}


static inline bool
fig_str_eq(fig_str_t a, fig_str_t b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}


/* ASCII only, whatever the locale: the rule of HTTP field and host names. */

static inline unsigned char
fig_lower(unsigned char c)
{
    return (c >= 'A' && c <= 'Z') ? (unsigned char) (c | 0x20) : c;
}


static inline bool
fig_str_caseeq(fig_str_t a, fig_str_t b)
{
    size_t  i;

    if (a.len != b.len) {
        return false;
    }

    for (i = 0; i < a.len; i++) {
        if (fig_lower((unsigned char) a.data[i])
            != fig_lower((unsigned char) b.data[i]))
        {
            return false;
        }
    }

    return true;
}


#endif /* FIG_BASE_H */
