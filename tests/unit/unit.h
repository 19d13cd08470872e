/*
 * What cmocka.h needs before it, once for all tests.
 */

#ifndef UNIT_H
#define UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "fig_base.h"


/* str, which is counted, is the C string text. */

static inline void
assert_str(fig_str_t str, const char *text)
{
    if (!fig_str_eq(str, fig_str_from(text))) {
        fail_msg("\"%.*s\" is not \"%s\"", (int) str.len, str.data, text);
    }
}


#endif /* UNIT_H */
