/*
 * The writer of fig_json_write.h.
 *
 *     out.data  |{"a":[1,2| free |
 *                         ^ len   ^ size, doubled when it does not do
 *
 * One flag makes all commas: it is set behind a value, and clear behind an
 * opening bracket and behind a key.
 */

#include "fig_json_write.h"
#include "fig_utf8.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>


#define FIG_JSON_OUT_MIN  256


void
fig_json_out_init(fig_json_out_t *out)
{
    memset(out, 0, sizeof(fig_json_out_t));
}


void
fig_json_out_release(fig_json_out_t *out)
{
    free(out->data);
    fig_json_out_init(out);
}


void
fig_json_out_reset(fig_json_out_t *out)
{
    out->len = 0;
    out->nomem = false;
    out->comma = false;
}


fig_str_t
fig_json_out_text(const fig_json_out_t *out)
{
    return fig_str(out->data, out->len);
}


/* Room for n more bytes, or NULL: then memory is out. */

static char *
fig_json_room(fig_json_out_t *out, size_t n)
{
    char    *data;
    size_t   size;

    if (out->nomem) {
        return NULL;
    }

    if (n <= out->size - out->len) {
        return out->data + out->len;
    }

    size = (out->size < FIG_JSON_OUT_MIN) ? FIG_JSON_OUT_MIN : out->size;

    while (size - out->len < n) {
        if (size > SIZE_MAX / 2) {
            out->nomem = true;
            return NULL;
        }

        size *= 2;
    }

    data = realloc(out->data, size);
    if (data == NULL) {
        out->nomem = true;
        return NULL;
    }

    out->data = data;
    out->size = size;

    return data + out->len;
}


static void
fig_json_append(fig_json_out_t *out, const char *data, size_t len)
{
    char  *p;

    p = fig_json_room(out, len);

    if (p != NULL && len != 0) {
        memcpy(p, data, len);
        out->len += len;
    }
}


/* A value begins: a comma, when one stands before it. */

static void
fig_json_separate(fig_json_out_t *out)
{
    if (out->comma) {
        fig_json_append(out, ",", 1);
    }

    out->comma = true;
}


static void
fig_json_begin(fig_json_out_t *out, const char *bracket)
{
    fig_json_separate(out);
    fig_json_append(out, bracket, 1);
    out->comma = false;
}


static void
fig_json_end(fig_json_out_t *out, const char *bracket)
{
    fig_json_append(out, bracket, 1);
    out->comma = true;
}


void
fig_json_begin_object(fig_json_out_t *out)
{
    fig_json_begin(out, "{");
}


void
fig_json_end_object(fig_json_out_t *out)
{
    fig_json_end(out, "}");
}


void
fig_json_begin_array(fig_json_out_t *out)
{
    fig_json_begin(out, "[");
}


void
fig_json_end_array(fig_json_out_t *out)
{
    fig_json_end(out, "]");
}


/* Bytes at p, left of them, that were begun as one sequence and went wrong. */

static size_t
fig_json_subpart(const unsigned char *p, size_t left)
{
    size_t         i, n;
    unsigned char  low, high;

    n = (p[0] >= 0xc2 && p[0] <= 0xdf) ? 2 : (p[0] >= 0xe0 && p[0] <= 0xef) ? 3
        : (p[0] >= 0xf0 && p[0] <= 0xf4) ? 4 : 1;

    low = (p[0] == 0xe0) ? 0xa0 : (p[0] == 0xf0) ? 0x90 : 0x80;
    high = (p[0] == 0xed) ? 0x9f : (p[0] == 0xf4) ? 0x8f : 0xbf;

    for (i = 1; i < n && i < left; i++) {
        if (p[i] < low || p[i] > high) {
            break;
        }

        low = 0x80;
        high = 0xbf;
    }

    return i;
}


/* A character that cannot stand for itself; returns how much of it was read. */

static size_t
fig_json_escape(fig_json_out_t *out, const unsigned char *p, size_t left)
{
    size_t       n;
    char         text[8];
    uint32_t     code;
    const char  *at;

    static const char  letters[] = "\"\\\b\f\n\r\t", escapes[] = "\"\\bfnrt";

    if (p[0] >= 0x80) {
        n = fig_utf8_sequence(p, left, &code);

        if (n == 0) {
            fig_json_append(out, "\xef\xbf\xbd", 3);
            return fig_json_subpart(p, left);
        }

        fig_json_append(out, (const char *) p, n);
        return n;
    }

    at = (p[0] != 0) ? strchr(letters, p[0]) : NULL;

    if (at != NULL) {
        text[0] = '\\';
        text[1] = escapes[at - letters];
        fig_json_append(out, text, 2);

    } else {
        snprintf(text, sizeof(text), "\\u%04x", p[0]);
        fig_json_append(out, text, 6);
    }

    return 1;
}


static bool
fig_json_is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}


static void
fig_json_quote(fig_json_out_t *out, fig_str_t str)
{
    size_t                i, start;
    const unsigned char  *p = (const unsigned char *) str.data;

    fig_json_append(out, "\"", 1);

    for (i = 0; i < str.len; /* void */) {
        start = i;

        while (i < str.len && fig_json_is_plain(p[i])) {
            i++;
        }

        fig_json_append(out, str.data + start, i - start);

        if (i < str.len) {
            i += fig_json_escape(out, p + i, str.len - i);
        }
    }

    fig_json_append(out, "\"", 1);
}


void
fig_json_put_key_str(fig_json_out_t *out, fig_str_t key)
{
    fig_json_separate(out);
    fig_json_quote(out, key);
    fig_json_append(out, ":", 1);
    out->comma = false;
}


void
fig_json_put_key(fig_json_out_t *out, const char *key)
{
    fig_json_put_key_str(out, fig_str_from(key));
}


void
fig_json_put_str(fig_json_out_t *out, fig_str_t str)
{
    fig_json_separate(out);
    fig_json_quote(out, str);
}


void
fig_json_put_text(fig_json_out_t *out, const char *text)
{
    fig_json_put_str(out, fig_str_from(text));
}


void
fig_json_put_raw(fig_json_out_t *out, fig_str_t json)
{
    fig_json_separate(out);
    fig_json_append(out, json.data, json.len);
}


void
fig_json_put_newline(fig_json_out_t *out)
{
    fig_json_append(out, "\n", 1);
    out->comma = false;
}


void
fig_json_put_int(fig_json_out_t *out, int64_t n)
{
    int   len;
    char  text[32];

    len = snprintf(text, sizeof(text), "%" PRId64, n);
    fig_json_put_raw(out, fig_str(text, (size_t) len));
}


void
fig_json_put_uint(fig_json_out_t *out, uint64_t n)
{
    int   len;
    char  text[32];

    len = snprintf(text, sizeof(text), "%" PRIu64, n);
    fig_json_put_raw(out, fig_str(text, (size_t) len));
}


void
fig_json_put_bool(fig_json_out_t *out, bool b)
{
    fig_json_put_raw(out, fig_str_from(b ? "true" : "false"));
}


void
fig_json_put_null(fig_json_out_t *out)
{
    fig_json_put_raw(out, fig_str("null", 4));
}


void
fig_json_put_hundredths(fig_json_out_t *out, int64_t n)
{
    int       len;
    char      text[32];
    uint64_t  size;

    size = (n < 0) ? 0 - (uint64_t) n : (uint64_t) n;

    len = snprintf(text, sizeof(text), "%s%" PRIu64 ".%02u", n < 0 ? "-" : "",
                   size / 100, (unsigned) (size % 100));

    while (text[len - 1] == '0') {
        len--;
    }

    if (text[len - 1] == '.') {
        len--;
    }

    fig_json_put_raw(out, fig_str(text, (size_t) len));
}


void
fig_json_put_double(fig_json_out_t *out, double d)
{
    int   i, n, len, digits;
    char  text[40];

    /* d - d is NaN for what is not finite */

    if (d - d != 0) {
        fig_json_put_null(out);
        return;
    }

    digits = 15;

    do {
        len = snprintf(text, sizeof(text), "%.*g", digits, d);
    } while (digits++ < 17 && strtod(text, NULL) != d);

    /* a locale's decimal sign, of one byte or more, is what JSON knows not */

    for (i = 0, n = 0; i < len; i++) {
        if (strchr("0123456789+-e", text[i]) != NULL) {
            text[n++] = text[i];

        } else if (n == 0 || text[n - 1] != '.') {
            text[n++] = '.';
        }
    }

    fig_json_put_raw(out, fig_str(text, (size_t) n));
}
