/*
 * Strings and numbers of the JSON reader.
 *
 *     "plain text"       stays where it is: a place in the text
 *     "M\u00fcller"      is unescaped into memory that is taken for the first
 *                        such string and has room for all that follow it
 */

#include "fig_json_reader.h"
#include "fig_utf8.h"


#define FIG_JSON_01  UINT64_C(0x0101010101010101)
#define FIG_JSON_80  UINT64_C(0x8080808080808080)


/* Bytes of a string that are neither its end, nor \, nor to be looked at. */

static inline bool
fig_json_is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}


/* Whether a byte of the word is zero: then its top bit is set, maybe others. */

static inline uint64_t
fig_json_zeros(uint64_t word)
{
    return (word - FIG_JSON_01) & ~word;
}


/* The first byte, from p on, that is not plain; end: there is none. */

static inline const unsigned char *
fig_json_skip_plain(const unsigned char *p, const unsigned char *end)
{
    uint64_t  word, odd;

    while (end - p >= 8) {
        memcpy(&word, p, 8);

        odd = word | (word - 0x20 * FIG_JSON_01)
              | fig_json_zeros(word ^ ('"' * FIG_JSON_01))
              | fig_json_zeros(word ^ ('\\' * FIG_JSON_01));

        if (odd & FIG_JSON_80) {
            break;
        }

        p += 8;
    }

    while (p < end && fig_json_is_plain(*p)) {
        p++;
    }

    return p;
}


/* Goes over what stands for itself: to a quote, a \ or what is wrong. */

static fig_status_t
fig_json_skip_text(fig_json_reader_t *reader)
{
    size_t                n;
    uint32_t              code;
    const unsigned char  *p;

    p = reader->p;

    for ( ;; ) {
        p = fig_json_skip_plain(p, reader->end);
        reader->p = p;

        if (p == reader->end) {
            return fig_json_refuse(reader, "a string has no end");
        }

        if (*p < 0x20) {
            return fig_json_refuse(reader, "a control character in a string");
        }

        if (*p < 0x80) {
            return FIG_OK;
        }

        n = fig_utf8_sequence(p, (size_t) (reader->end - p), &code);
        if (n == 0) {
            return fig_json_refuse(reader, "this is not UTF-8");
        }

        p += n;
    }
}


static bool
fig_json_read_hex(fig_json_reader_t *reader, uint32_t *code)
{
    int                   i;
    unsigned char         c;
    const unsigned char  *p;

    p = reader->p;

    if (reader->end - p < 4) {
        return false;
    }

    *code = 0;

    for (i = 0; i < 4; i++) {
        c = fig_lower(p[i]);

        if (c >= '0' && c <= '9') {
            c -= '0';

        } else if (c >= 'a' && c <= 'f') {
            c -= 'a' - 10;

        } else {
            return false;
        }

        *code = *code << 4 | c;
    }

    reader->p = p + 4;

    return true;
}


/* \uXXXX, p behind the u: one code point, of which two escapes may be half. */

static fig_status_t
fig_json_read_unicode(fig_json_reader_t *reader, uint32_t *code)
{
    uint32_t  low;

    if (!fig_json_read_hex(reader, code)) {
        return fig_json_refuse(reader, "\\u needs four hexadecimal digits");
    }

    if (*code < 0xd800 || *code > 0xdfff) {
        return FIG_OK;
    }

    if (*code < 0xdc00 && reader->end - reader->p >= 2
        && reader->p[0] == '\\' && reader->p[1] == 'u')
    {
        reader->p += 2;

        if (!fig_json_read_hex(reader, &low)) {
            return fig_json_refuse(reader, "\\u needs four hexadecimal digits");
        }

        if (low >= 0xdc00 && low <= 0xdfff) {
            *code = 0x10000 + ((*code - 0xd800) << 10) + (low - 0xdc00);
            return FIG_OK;
        }
    }

    return fig_json_refuse(reader, "half of a surrogate pair");
}


/* An escape, p at its \. */

static fig_status_t
fig_json_read_escape(fig_json_reader_t *reader)
{
    uint32_t     code;
    const char  *at;

    static const char  escapes[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";

    reader->p++;

    if (reader->p == reader->end) {
        return fig_json_refuse(reader, "a string has no end");
    }

    if (*reader->p == 'u') {
        reader->p++;

        if (fig_json_read_unicode(reader, &code) != FIG_OK) {
            return FIG_INVALID;
        }

        reader->nunescaped +=
            (uint32_t) fig_utf8_write(code, reader->unescaped
                                            + reader->nunescaped);
        return FIG_OK;
    }

    at = (*reader->p != 0) ? strchr(escapes, *reader->p) : NULL;
    if (at == NULL) {
        return fig_json_refuse(reader, "no such escape");
    }

    reader->p++;
    reader->unescaped[reader->nunescaped++] = meant[at - escapes];

    return FIG_OK;
}


/* A string with escapes; text is where it began, p at the first of them. */

static fig_status_t
fig_json_unescape(fig_json_reader_t *reader, const unsigned char *text,
    uint32_t *at, uint32_t *len)
{
    size_t        n;
    fig_status_t  status;

    if (reader->unescaped == NULL) {
        reader->unescaped = fig_arena_room(reader->arena,
                                           (size_t) (reader->end - text));
        if (reader->unescaped == NULL) {
            return FIG_NOMEM;
        }
    }

    *at = reader->nunescaped;

    do {
        n = (size_t) (reader->p - text);
        memcpy(reader->unescaped + reader->nunescaped, text, n);
        reader->nunescaped += (uint32_t) n;

        if (*reader->p == '"') {
            *len = reader->nunescaped - *at;
            *at |= FIG_JSON_UNESCAPED;
            reader->p++;
            return FIG_OK;
        }

        status = fig_json_read_escape(reader);
        text = reader->p;

        if (status == FIG_OK) {
            status = fig_json_skip_text(reader);
        }
    } while (status == FIG_OK);

    return status;
}


fig_status_t
fig_json_read_string(fig_json_reader_t *reader, uint32_t *at, uint32_t *len)
{
    const unsigned char  *text;

    text = reader->p;
    reader->p = fig_json_skip_plain(text, reader->end);

    if (reader->p == reader->end || *reader->p != '"') {
        if (fig_json_skip_text(reader) != FIG_OK) {
            return FIG_INVALID;
        }

        if (*reader->p == '\\') {
            return fig_json_unescape(reader, text, at, len);
        }
    }

    *at = (uint32_t) (text - reader->start);
    *len = (uint32_t) (reader->p - text);
    reader->p++;

    return FIG_OK;
}


static inline bool
fig_json_skip_digits(fig_json_reader_t *reader)
{
    const unsigned char  *p;

    for (p = reader->p; p < reader->end && *p >= '0' && *p <= '9'; p++) {
        /* void */
    }

    if (p == reader->p) {
        return false;
    }

    reader->p = p;

    return true;
}


static inline bool
fig_json_skip_either(fig_json_reader_t *reader, char a, char b)
{
    if (reader->p < reader->end && (*reader->p == a || *reader->p == b)) {
        reader->p++;
        return true;
    }

    return false;
}


fig_status_t
fig_json_read_number(fig_json_reader_t *reader)
{
    const unsigned char  *p;

    fig_json_skip_either(reader, '-', '-');
    p = reader->p;

    if (!fig_json_skip_digits(reader)) {
        return fig_json_refuse(reader, "a number needs a digit here");
    }

    if (*p == '0' && reader->p - p > 1) {
        reader->p = p;
        return fig_json_refuse(reader, "a number begins with 0");
    }

    if (fig_json_skip_either(reader, '.', '.')
        && !fig_json_skip_digits(reader))
    {
        return fig_json_refuse(reader, "a number needs a digit here");
    }

    if (fig_json_skip_either(reader, 'e', 'E')) {
        fig_json_skip_either(reader, '+', '-');

        if (!fig_json_skip_digits(reader)) {
            return fig_json_refuse(reader, "a number needs a digit here");
        }
    }

    return FIG_OK;
}
