/*
 * What all fuzz targets share.
 *
 *     bytes -> texts on the heap, each of exactly its size -> what is fuzzed
 *
 * so that a sanitizer sees a byte that is read too far.  What must be true of
 * what comes out is checked by fuzz_check(), which ends the program where it
 * is not.
 */

#ifndef FUZZ_H
#define FUZZ_H

#include "unit.h"


#define FUZZ_TEXTS  64


/* Texts that are freed together. */

typedef struct {
    size_t  n;
    char   *texts[FUZZ_TEXTS];
} fuzz_heap_t;


int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static inline void
fuzz_check(bool holds, const char *what, fig_str_t text)
{
    if (!holds) {
        fprintf(stderr, "WRONG: %s: \"%.*s\"\n", what, (int) text.len,
                text.data);
        abort();
    }
}


/* Room for len bytes, which are to be read and written, and no more. */

static inline char *
fuzz_room(fuzz_heap_t *heap, size_t len)
{
    char  *room;

    room = malloc(len);
    fuzz_check(room != NULL && heap->n < FUZZ_TEXTS, "out of memory",
               fig_str("", 0));
    heap->texts[heap->n++] = room;

    return room;
}


static inline fig_str_t
fuzz_copy(fuzz_heap_t *heap, fig_str_t text)
{
    char  *room;

    room = fuzz_room(heap, text.len);

    if (text.len != 0) {
        memcpy(room, text.data, text.len);
    }

    return fig_str(room, text.len);
}


static inline void
fuzz_release(fuzz_heap_t *heap)
{
    while (heap->n > 0) {
        free(heap->texts[--heap->n]);
    }
}


/* Cuts off what is before the first end, or all. */

static inline fig_str_t
fuzz_cut(fig_str_t *rest, char end)
{
    size_t       len;
    fig_str_t    text;
    const char  *p;

    p = (rest->len != 0) ? memchr(rest->data, end, rest->len) : NULL;
    len = (p != NULL) ? (size_t) (p - rest->data) : rest->len;
    text = fig_str(rest->data, len);
    len += p != NULL;
    *rest = fig_str(rest->data + len, rest->len - len);

    return text;
}


/* Bytes of the character at i: UTF-8 in its shortest form, or 0. */

static inline size_t
fuzz_character(fig_str_t text, size_t i, uint32_t *code)
{
    size_t               len, k;
    const unsigned char *p = (const unsigned char *) text.data + i;

    static const uint32_t  least[] = { 0, 0, 0x80, 0x800, 0x10000 };

    len = (*p < 0x80) ? 1 : (*p >> 5 == 6) ? 2 : (*p >> 4 == 14) ? 3
          : (*p >> 3 == 30) ? 4 : 0;

    if (len == 0 || text.len - i < len) {
        return 0;
    }

    *code = (len == 1) ? *p : *p & (0x7fU >> len);

    for (k = 1; k < len; k++) {
        if (p[k] >> 6 != 2) {
            return 0;
        }

        *code = *code << 6 | (p[k] & 0x3f);
    }

    return (*code < least[len] || *code > 0x10ffff || *code >> 11 == 27) ? 0
                                                                         : len;
}


/*
 * Text for people: UTF-8 without control characters, but for those in allowed,
 * and without what turns the direction of text or breaks lines.
 */

static inline bool
fuzz_is_shown(fig_str_t text, const char *allowed)
{
    size_t    i, len;
    uint32_t  code;

    for (i = 0; i < text.len; i += len) {
        len = fuzz_character(text, i, &code);

        if (len == 0 || (code >= 0x7f && code < 0xa0)
            || (code >= 0x2028 && code <= 0x202e)
            || (code < 0x20 && (code == 0 || !strchr(allowed, (int) code))))
        {
            return false;
        }
    }

    return true;
}


#endif /* FUZZ_H */
