/*
 * Moments as people write them.
 */

#include "unit.h"

#include "fig_when.h"


#define NOW  1000


static void
test_moments(void **state)
{
    size_t    i;
    uint64_t  seconds;

    static const struct {
        const char  *text;
        uint64_t     seconds;
    } good[] = {
        { "1970-01-01", 0 },
        { "2026-11-24", 1795478400 },
        { "2024-02-29", 1709164800 },
        { "2000-02-29T00:00:00Z", 951782400 },
        { "2026-11-24T12:34:56Z", 1795523696 },
        { "2026-11-24t12:34:56.789z", 1795523696 },
        { "2026-11-24 12:34:56+02:00", 1795516496 },
        { "2026-11-24T12:34:56-00:30", 1795525496 },
        { "2026-12-31T23:59:60Z", 1798761600 },
        { "1970-01-01T00:00:00+01:00", 0 },
        { "7d", NOW + 7 * 86400 },
        { "1h", NOW + 3600 },
        { "1ms", NOW + 1 },
    };

    static const char *const  bad[] = {
        "", "7", "d", "-7d", "0d", "tomorrow", "2026-11-2", "2026-13-01",
        "2026-11-31", "2026-02-29", "1900-02-29", "1969-12-31", "2026-11-24T",
        "2026-11-24T12:34:56", "2026-11-24T12:34Z", "2026-11-24T24:00:00Z",
        "2026-11-24T12:60:00Z", "2026-11-24T12:34:61Z", "2026-11-24T12:34:56.Z",
        "2026-11-24T12:34:56+2", "2026-11-24T12:34:56+24:00",
        "2026-11-24T12:34:56+02:60", "2026-11-24T12:34:56ZZ", "2026/11/24",
        "2026-11-24Z", "+026-11-24", "2026-1a-24"
    };

    (void) state;

    for (i = 0; i < FIG_NELTS(good); i++) {
        seconds = 1;

        if (!fig_when(fig_str_from(good[i].text), NOW, &seconds)
            || seconds != good[i].seconds)
        {
            fail_msg("\"%s\" is %lu", good[i].text, (unsigned long) seconds);
        }
    }

    for (i = 0; i < FIG_NELTS(bad); i++) {
        if (fig_when(fig_str_from(bad[i]), NOW, &seconds)) {
            fail_msg("\"%s\" is taken for %lu", bad[i],
                     (unsigned long) seconds);
        }
    }
}


/* Never a byte behind the text. */

static void
test_every_prefix(void **state)
{
    char       *copy;
    size_t      len;
    uint64_t    seconds;

    static const char  text[] = "2026-11-24T12:34:56.789+02:00";

    (void) state;

    for (len = 0; len < sizeof(text); len++) {
        copy = malloc(len + 1);
        memcpy(copy, text, len);
        copy = realloc(copy, len != 0 ? len : 1);
        assert_int_equal(fig_when(fig_str(copy, len), NOW, &seconds),
                         len == 10 || len == sizeof(text) - 1);
        free(copy);
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_moments),
        cmocka_unit_test(test_every_prefix),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
