/*
 * Normalising paths once more, in another way: decode all, then walk over the
 * segments.  For tests, which hold fig_path_normalize() against it.
 */

#ifndef REFERENCE_PATH_H
#define REFERENCE_PATH_H

#include <stdio.h>

#include "fig_base.h"


/* Room for what is decoded: raw paths are to be shorter. */

#define REFERENCE_MAX  512


/* A byte, or 256 more for one that stays encoded; -1: malformed. */

static inline int
reference_byte(const char **p)
{
    char      digits[3];
    unsigned  c;

    if (**p != '%') {
        return (unsigned char) *(*p)++;
    }

    digits[0] = (*p)[1];
    digits[1] = (digits[0] != '\0') ? (*p)[2] : '\0';
    digits[2] = '\0';

    if (strspn(digits, "0123456789abcdefABCDEF") != 2
        || sscanf(digits, "%x", &c) != 1 || c == 0)
    {
        return -1;
    }

    *p += 3;

    return (c == '/' || c == '\\' || c == '%') ? (int) c + 256 : (int) c;
}


static inline bool
reference_decode(const char *raw, char *out)
{
    int  c;

    while (*raw != '\0') {

        if (*raw == '#' || *raw == '?') {
            return false;
        }

        c = reference_byte(&raw);

        if (c < 0) {
            return false;
        }

        if (c >= 256) {
            out += sprintf(out, "%%%02X", (unsigned) c - 256);
        } else {
            *out++ = (char) c;
        }
    }

    *out = '\0';

    return true;
}


/* out has room for one byte more than raw; false where raw is invalid. */

static inline bool
reference_normalize(const char *raw, char *out)
{
    bool    dir;
    char    decoded[REFERENCE_MAX], *p, *end, *slash;

    if (!reference_decode(raw, decoded)) {
        return false;
    }

    strcpy(out, "");
    dir = true;

    for (p = decoded; *p == '/'; p = end) {
        end = p + 1 + strcspn(p + 1, "/");
        dir = false;

        if (end == p + 1 || (end == p + 2 && p[1] == '.')) {
            dir = true;

        } else if (end == p + 3 && p[1] == '.' && p[2] == '.') {
            slash = strrchr(out, '/');

            if (slash == NULL) {
                return false;
            }

            *slash = '\0';
            dir = true;

        } else {
            strncat(out, p, (size_t) (end - p));
        }
    }

    if (dir) {
        strcat(out, "/");
    }

    return true;
}


#endif /* REFERENCE_PATH_H */
