/*
 * Lines of access logs: what is taken from them, and what is no such line.
 */

#include "unit.h"

#include "logline.h"


typedef struct {
    const char  *line;
    const char  *client;               /* NULL: it is no such line */
    const char  *method;
    const char  *target;
    const char  *referer;
    const char  *agent;
} want_t;


#define TIME  " - - [10/Oct/2026:13:55:36 +0200] "


static const want_t  lines[] = {
    { "192.0.2.1" TIME "\"GET /a?b=c HTTP/1.1\" 200 17 \"http://x/\" \"y/1\"",
      "192.0.2.1", "GET", "/a?b=c", "http://x/", "y/1" },
    { "2001:db8::1 - bob [10/Oct/2026:13:55:36 +0200] "
      "\"POST / HTTP/2.0\" 201 0 \"-\" \"-\"",
      "2001:db8::1", "POST", "/", "", "" },

    /* common; Apache's size of nothing; an unknown client */

    { "192.0.2.1" TIME "\"GET /a HTTP/1.0\" 200 17",
      "192.0.2.1", "GET", "/a", "", "" },
    { "unix:" TIME "\"GET /a HTTP/1.0\" 304 -",
      "unix:", "GET", "/a", "", "" },

    /* more behind it */

    { "h" TIME "\"GET /a HTTP/1.1\" 200 1 \"-\" \"a\" \"b\" 0.003",
      "h", "GET", "/a", "", "a" },
    { "h" TIME "\"GET /a HTTP/1.1\" 200 1 0.003 \"a\"",
      "h", "GET", "/a", "", "" },

    /* escapes of nginx and of Apache */

    { "h" TIME "\"GET /\\x22\\x5C%20 HTTP/1.1\" 200 1 \"\\x41\" \"\\x5Ax\\xZ\"",
      "h", "GET", "/\"\\%20", "A", "ZxxZ" },
    { "h" TIME "\"GET /\\\"\\\\ HTTP/1.1\" 200 1 \"a\\\"b\" \"\\t\\n\\r\\q\"",
      "h", "GET", "/\"\\", "a\"b", "\t\n\rq" },

    /* a whole URL, blanks in the target, no version */

    { "h" TIME "\"GET http://h.test/a HTTP/1.1\" 200 1",
      "h", "GET", "http://h.test/a", "", "" },
    { "h" TIME "\"GET /a b HTTP/1.1\" 200 1", "h", "GET", "/a b", "", "" },
    { "h" TIME "\"GET /a\" 200 1", "h", "GET", "/a", "", "" },
    { "h" TIME "\"GET / HTTP/x HTTP/1.1\" 200 1", "h", "GET", "/ HTTP/x", "",
      "" },
    { "h" TIME "\"M-SEARCH * HTTP/1.1\" 200 1", "h", "M-SEARCH", "*", "", "" },
    { "h - a b [c] [10/Oct/2026:13:55:36 +0200] \"GET /a HTTP/1.1\" 200 1",
      "h", "GET", "/a", "", "" },

    /* requests that were none */

    { "h" TIME "\"\" 400 0 \"-\" \"-\"", .client = NULL },
    { "h" TIME "\"-\" 400 0 \"-\" \"-\"", .client = NULL },
    { "h" TIME "\"\\x16\\x03\\x01\" 400 157 \"-\" \"-\"", .client = NULL },
    { "h" TIME "\"get /a HTTP/1.1\" 400 0", .client = NULL },
    { "h" TIME "\"GET  HTTP/1.1\" 400 0", .client = NULL },
    { "h" TIME "\"GET \" 400 0", .client = NULL },
    { "h" TIME "\"GET\" 400 0", .client = NULL },

    /* no such lines */

    { "", .client = NULL },
    { " ", .client = NULL },
    { "\"", .client = NULL },
    { "h", .client = NULL },
    { "h \"GET /a HTTP/1.1\" 200 1", .client = NULL },
    { "h] \"GET /a HTTP/1.1\" 200 1", .client = NULL },
    { TIME "\"GET /a HTTP/1.1\" 200 1", .client = NULL },
    { "h" TIME "GET /a HTTP/1.1 200 1", .client = NULL },
    { "h" TIME "\"GET /a HTTP/1.1", .client = NULL },
    { "h" TIME "\"GET /a HTTP/1.1\\\"", .client = NULL },
    { "h" TIME "\"GET /a HTTP/1.1\\", .client = NULL },
    { "h" TIME "\"GET /a HTTP/1.1\"", .client = NULL },
    { "h" TIME "\"GET /a HTTP/1.1\" 200", .client = NULL },
    { "h" TIME "\"GET /a HTTP/1.1\" 200 ", .client = NULL },
    { "h" TIME "\"GET /a HTTP/1.1\" x 1", .client = NULL },
    { "h" TIME "\"GET /a HTTP/1.1\" 200 1x", .client = NULL },
    { "{\"method\": \"GET\", \"uri\": \"/a\"}", .client = NULL },
    { "2026/10/10 13:55:36 [error] 7#7: *1 \"/a\" is not found", NULL, NULL,
      NULL, NULL, NULL }
};


/* On the heap and no longer than it is, so that reading on is seen. */

static bool
parse(const char *text, size_t len, char **copy, char **room,
    cli_logline_t *out)
{
    *copy = malloc(len != 0 ? len : 1);
    *room = malloc(len != 0 ? len : 1);
    assert_non_null(*copy);
    assert_non_null(*room);

    memcpy(*copy, text, len);

    return cli_logline_parse(fig_str(*copy, len), *room, out);
}


static void
test_lines(void **state)
{
    char           *copy, *room;
    bool            good;
    size_t          i;
    cli_logline_t   line;

    (void) state;

    for (i = 0; i < FIG_NELTS(lines); i++) {
        good = parse(lines[i].line, strlen(lines[i].line), &copy, &room,
                     &line);

        if (good != (lines[i].client != NULL)) {
            fail_msg("%s: %s", lines[i].line, good ? "taken" : "not taken");
        }

        if (good) {
            assert_str(line.client, lines[i].client);
            assert_str(line.method, lines[i].method);
            assert_str(line.target, lines[i].target);
            assert_str(line.referer, lines[i].referer);
            assert_str(line.agent, lines[i].agent);
        }

        free(copy);
        free(room);
    }
}


/* What is cut anywhere has the request that it had, or none. */

static void
test_cut_lines(void **state)
{
    char           *copy, *room;
    size_t          i, len, taken;
    cli_logline_t   line;

    (void) state;

    for (i = 0; i < FIG_NELTS(lines) && lines[i].client != NULL; i++) {
        taken = 0;

        for (len = 0; len <= strlen(lines[i].line); len++) {

            if (parse(lines[i].line, len, &copy, &room, &line)) {
                assert_str(line.client, lines[i].client);
                assert_str(line.target, lines[i].target);
                taken++;
            }

            free(copy);
            free(room);
        }

        assert_true(taken > 0 && taken < strlen(lines[i].line));
    }
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_cut_lines)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
