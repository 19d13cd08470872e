/*
 * Normalising and encoding of paths.
 *
 * The table holds facts of nginx's ngx_http_parse_complex_uri() (merge_slashes
 * on) and what differs from it: %2F, %5C, %25.  Random paths are held against
 * a second reading of the rules: decode first, then walk over segments.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fig_path.h"
#include "random_paths.h"
#include "reference_path.h"


#define ROUNDS  200000


typedef struct {
    const char  *raw;
    const char  *out;              /* NULL: invalid */
    bool         resolved;
} fact_t;


static const fact_t  facts[] = {

    /* nothing to do */

    { "/", "/", false },
    { "/a", "/a", false },
    { "/a/", "/a/", false },
    { "/a/b/c", "/a/b/c", false },
    { "/a.b", "/a.b", false },
    { "/.a", "/.a", false },
    { "/a.", "/a.", false },
    { "/..a", "/..a", false },
    { "/a..", "/a..", false },
    { "/...", "/...", false },
    { "/....", "/....", false },
    { "/.../a", "/.../a", false },
    { "/a;x=y/b", "/a;x=y/b", false },
    { "/a+b", "/a+b", false },
    { "/~a", "/~a", false },
    { "/a\\b", "/a\\b", false },
    { "/\\..\\", "/\\..\\", false },
    { "/\xc3\xa4", "/\xc3\xa4", false },
    { "/\xff\x80", "/\xff\x80", false },
    { "/a b", "/a b", false },
    { "/\x01\x7f", "/\x01\x7f", false },
    { "/{id}", "/{id}", false },
    { "/*", "/*", false },

    /* slashes */

    { "//", "/", true },
    { "///", "/", true },
    { "//a", "/a", true },
    { "/a//b", "/a/b", true },
    { "/a///b", "/a/b", true },
    { "/a//", "/a/", true },
    { "/a/b//", "/a/b/", true },
    { "////a////b////", "/a/b/", true },

    /* dot segments */

    { "/.", "/", true },
    { "/./", "/", true },
    { "/./.", "/", true },
    { "/a/.", "/a/", true },
    { "/a/./", "/a/", true },
    { "/a/./b", "/a/b", true },
    { "/./a", "/a", true },
    { "/a/././b", "/a/b", true },
    { "/a/..", "/", true },
    { "/a/../", "/", true },
    { "/a/../b", "/b", true },
    { "/a/b/..", "/a/", true },
    { "/a/b/../", "/a/", true },
    { "/a/b/../..", "/", true },
    { "/a/b/../../", "/", true },
    { "/a/b/../c", "/a/c", true },
    { "/a/b/../../c", "/c", true },
    { "/a/b/.././../c", "/c", true },
    { "/a//../b", "/b", true },
    { "/a/b//../c", "/a/c", true },
    { "/a/.//../b", "/b", true },
    { "/a/.../..", "/a/", true },
    { "/a/..b/..", "/a/", true },

    /* above the root */

    { "/..", NULL, false },
    { "/../", NULL, false },
    { "/../a", NULL, false },
    { "/a/../..", NULL, false },
    { "/a/../../b", NULL, false },
    { "//..", NULL, false },
    { "/./..", NULL, false },
    { "/a/b/../../..", NULL, false },
    { "/%2e%2e", NULL, false },
    { "/%2e%2e/a", NULL, false },
    { "/.%2e", NULL, false },
    { "/a/..//..", NULL, false },

    /* encoded bytes */

    { "/%61", "/a", false },
    { "/%41%42", "/AB", false },
    { "/a%20b", "/a b", false },
    { "/a%0ab", "/a\nb", false },
    { "/a%0Db", "/a\rb", false },
    { "/%7e", "/~", false },
    { "/%7E", "/~", false },
    { "/%c3%a4", "/\xc3\xa4", false },
    { "/%C3%A4", "/\xc3\xa4", false },
    { "/%ff", "/\xff", false },
    { "/%3b", "/;", false },
    { "/a%2bb", "/a+b", false },
    { "/a%3fb", "/a?b", false },
    { "/a%3Fb%3fc", "/a?b?c", false },
    { "/a%23b", "/a#b", false },
    { "/%23", "/#", false },
    { "/%3f/..", "/", true },
    { "/%23/..", "/", true },
    { "/.%23", "/.#", false },
    { "/..%23/a", "/..#/a", false },
    { "/..%3f", "/..?", false },
    { "/%01", "/\x01", false },
    { "/%7f", "/\x7f", false },

    /* encoded dots are dots */

    { "/%2e", "/", true },
    { "/%2E", "/", true },
    { "/a/%2e", "/a/", true },
    { "/a/%2e/b", "/a/b", true },
    { "/a/%2e%2e", "/", true },
    { "/a/%2e%2e/b", "/b", true },
    { "/a/.%2e/b", "/b", true },
    { "/a/%2e./b", "/b", true },
    { "/a/%2E%2e/b", "/b", true },
    { "/a/%2e%2e%2e/b", "/a/.../b", false },
    { "/a%2eb", "/a.b", false },
    { "/a/%2ea", "/a/.a", false },
    { "/a/%2e%2ea", "/a/..a", false },
    { "/a/%61/../b", "/a/b", true },

    /* kept: an encoded slash, backslash or percent is a part of its segment */

    { "/a%2fb", "/a%2Fb", false },
    { "/a%2Fb", "/a%2Fb", false },
    { "/a%5cb", "/a%5Cb", false },
    { "/a%5Cb", "/a%5Cb", false },
    { "/a%25b", "/a%25b", false },
    { "/%2f", "/%2F", false },
    { "/%2f%2f", "/%2F%2F", false },
    { "/%2f/", "/%2F/", false },
    { "/a/%2f/../b", "/a/b", true },
    { "/a/..%2fb", "/a/..%2Fb", false },
    { "/a/..%2f..%2fb", "/a/..%2F..%2Fb", false },
    { "/a/.%2f", "/a/.%2F", false },
    { "/a/.%2fb/../c", "/a/c", true },
    { "/a/..%5c", "/a/..%5C", false },
    { "/..%2f", "/..%2F", false },
    { "/..%2f/..", "/", true },
    { "/%2f..", "/%2F..", false },
    { "/a/%2f../b", "/a/%2F../b", false },
    { "/a/%2e%2e%2fb", "/a/..%2Fb", false },
    { "/a/%2e%2f", "/a/.%2F", false },
    { "/a/.%25", "/a/.%25", false },
    { "/a/..%25", "/a/..%25", false },

    /* decoded once: what comes out is not read again */

    { "/%252e", "/%252e", false },
    { "/%252e%252e/a", "/%252e%252e/a", false },
    { "/%252f", "/%252f", false },
    { "/%2525", "/%2525", false },
    { "/%25%32%66", "/%252f", false },
    { "/%253f", "/%253f", false },

    /* malformed */

    { "", NULL, false },
    { "a", NULL, false },
    { "*", NULL, false },
    { "a/b", NULL, false },
    { "%2f", NULL, false },
    { "\\a", NULL, false },
    { "/%", NULL, false },
    { "/%2", NULL, false },
    { "/a%", NULL, false },
    { "/a%4", NULL, false },
    { "/%zz", NULL, false },
    { "/%2z", NULL, false },
    { "/%z2", NULL, false },
    { "/%g0/", NULL, false },
    { "/%%41", NULL, false },
    { "/%4%31", NULL, false },
    { "/%u0041", NULL, false },
    { "/% 41", NULL, false },
    { "/%+1", NULL, false },
    { "/%00", NULL, false },
    { "/a%00b", NULL, false },
    { "/a/%00/..", NULL, false },
    { "/a?", NULL, false },
    { "/a?b", NULL, false },
    { "/?", NULL, false },
    { "/#", NULL, false },
    { "/a#b", NULL, false },
    { "/a/..#", NULL, false }
};


static void
test_facts(void **state)
{
    bool        resolved;
    char        out[256];
    size_t      i, len;
    fig_str_t   raw;

    (void) state;

    for (i = 0; i < FIG_NELTS(facts); i++) {
        raw = fig_str_from(facts[i].raw);

        if (fig_path_normalize(raw, out, &len, &resolved) != FIG_OK) {
            if (facts[i].out != NULL) {
                fail_msg("\"%s\" is invalid", facts[i].raw);
            }

            continue;
        }

        out[len] = '\0';

        if (facts[i].out == NULL) {
            fail_msg("\"%s\" became \"%s\"", facts[i].raw, out);
        }

        if (strcmp(out, facts[i].out) != 0 || resolved != facts[i].resolved) {
            fail_msg("\"%s\" became \"%s\", resolved %d", facts[i].raw, out,
                     resolved);
        }
    }
}


static void
test_nul_is_invalid(void **state)
{
    bool    resolved;
    char    out[8];
    size_t  len;

    (void) state;

    assert_int_equal(fig_path_normalize(fig_str("/a\0b", 4), out, &len,
                                        &resolved), FIG_INVALID);
    assert_int_equal(fig_path_normalize(fig_str("/\0", 2), out, &len,
                                        &resolved), FIG_INVALID);
}


static void
random_raw(random_t *r, char *out)
{
    size_t  n;

    static const char *const  pieces[] = {
        "/", "/", "/", ".", ".", "..", "a", "b", "%2e", "%2E", "%2f", "%5c",
        "%25", "%61", "%", "%2", "%zz", "%00", "%23", "%3f", "%20", "+", "~",
        "...", "%c3%a9", "//", "/./", "/../", "\\", "#", "?", ";", NULL
    };

    strcpy(out, "/");

    for (n = random_below(r, 9); n > 0; n--) {
        strcat(out, random_of(r, pieces));
    }
}


static void
test_random_paths(void **state)
{
    bool      valid, resolved;
    char      raw[256], want[512], have[256];
    size_t    i, len, nvalid;
    random_t  r;

    (void) state;

    r = random_from_seed(1);
    nvalid = 0;

    for (i = 0; i < ROUNDS; i++) {
        random_raw(&r, raw);

        valid = fig_path_normalize(fig_str_from(raw), have, &len, &resolved)
                == FIG_OK;

        if (valid != reference_normalize(raw, want)) {
            fail_msg("\"%s\" is %s", raw, valid ? "valid" : "invalid");
        }

        if (!valid) {
            continue;
        }

        have[len] = '\0';
        nvalid++;

        if (strcmp(have, want) != 0) {
            fail_msg("\"%s\" became \"%s\", not \"%s\"", raw, have, want);
        }

        assert_true(len <= strlen(raw));
    }

    assert_true(nvalid > ROUNDS / 10);
}


/*
 * What is encoded is read back as it was, and needs no resolving; a plain
 * backslash alone comes back as the %5C that it was encoded to.
 */

static void
test_round_trip(void **state)
{
    bool      resolved;
    char      raw[256], path[256], encoded[768], again[768];
    size_t    i, len, elen, alen;
    random_t  r;

    (void) state;

    r = random_from_seed(2);

    for (i = 0; i < ROUNDS / 4; i++) {
        random_raw(&r, raw);

        if (strchr(raw, '\\') != NULL
            || fig_path_normalize(fig_str_from(raw), path, &len, &resolved)
               != FIG_OK)
        {
            continue;
        }

        elen = fig_path_encode(fig_str(path, len), encoded);
        assert_int_equal(fig_path_normalize(fig_str(encoded, elen), again,
                                            &alen, &resolved), FIG_OK);
        assert_false(resolved);
        assert_int_equal(alen, len);
        assert_memory_equal(again, path, len);
    }
}


static void
test_encode_every_byte(void **state)
{
    int           c;
    char          byte, out[3], want[4];
    size_t        len;

    static const char  plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
        "-._~!$&'()*+,;=:@/%";

    (void) state;

    for (c = 1; c < 256; c++) {
        byte = (char) c;
        len = fig_path_encode(fig_str(&byte, 1), out);

        if (strchr(plain, c) != NULL) {
            assert_int_equal(len, 1);
            assert_int_equal(out[0], byte);
            continue;
        }

        snprintf(want, sizeof(want), "%%%02X", (unsigned) c);
        assert_int_equal(len, 3);
        assert_memory_equal(out, want, 3);
    }

    byte = '\0';
    assert_int_equal(fig_path_encode(fig_str(&byte, 1), out), 3);
    assert_memory_equal(out, "%00", 3);
}


static void
test_from_decoded(void **state)
{
    char    out[64];
    size_t  i, len;

    static const struct {
        const char  *decoded;
        const char  *path;             /* NULL: invalid */
    } facts[] = {
        { "/", "/" },
        { "/a b/100%/%2F", "/a b/100%25/%252F" },
        { "/a\\b", "/a%5Cb" },
        { "/a?b#c", "/a?b#c" },
        { "/a/../b", "/b" },
        { "/a/..", "/" },
        { "//a//./b/", "/a/b/" },
        { "/..", NULL },
        { "/a/../../b", NULL },
        { "", NULL },
        { "a", NULL },
        { "http://a/b", NULL }
    };

    (void) state;

    for (i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {

        if (facts[i].path == NULL) {
            assert_int_equal(fig_path_from_decoded(
                                 fig_str_from(facts[i].decoded), out, &len),
                             FIG_INVALID);
            continue;
        }

        assert_int_equal(fig_path_from_decoded(fig_str_from(facts[i].decoded),
                                               out, &len), FIG_OK);
        assert_int_equal(len, strlen(facts[i].path));
        assert_memory_equal(out, facts[i].path, len);
    }

    assert_int_equal(fig_path_from_decoded(fig_str("/a\0b", 4), out, &len),
                     FIG_INVALID);
}


/* What is sent on is read again as the very path that was matched. */

static void
test_restore(void **state)
{
    char    out[64];
    size_t  len;

    (void) state;

    len = fig_path_restore(fig_str_from("/a b\\c%5Cd%2F\xff"), out);
    assert_int_equal(len, strlen("/a%20b\\c%5Cd%2F%FF"));
    assert_memory_equal(out, "/a%20b\\c%5Cd%2F%FF", len);

    len = fig_path_encode(fig_str_from("/a\\c%5Cd"), out);
    assert_int_equal(len, strlen("/a%5Cc%5Cd"));
    assert_memory_equal(out, "/a%5Cc%5Cd", len);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_facts),
        cmocka_unit_test(test_nul_is_invalid),
        cmocka_unit_test(test_random_paths),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_encode_every_byte),
        cmocka_unit_test(test_from_decoded),
        cmocka_unit_test(test_restore)
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
