/*
 * Kinds of values, hosts and addresses, suggestions: each from its text alone.
 */

#include "unit.h"

#include "fig_address.h"
#include "fig_names.h"
#include "fig_scalar.h"
#include "fig_suggest.h"


static fig_fault_t  fault;


static bool
is_name(const char *text)
{
    return fig_scalar_name(fig_str_from(text), &fault);
}


static void
test_names(void **state)
{
    char  text[65];

    (void) state;

    assert_true(is_name("a"));
    assert_true(is_name("0"));
    assert_true(is_name("Orders_v1.2-x"));
    assert_false(is_name(""));
    assert_false(is_name("-a"));
    assert_false(is_name("_a"));
    assert_false(is_name(".a"));
    assert_false(is_name("a b"));
    assert_false(is_name("a/b"));
    assert_false(is_name("\xc3\xbc"));
    assert_false(fig_scalar_name(fig_str("a\0b", 3), &fault));

    memset(text, 'a', sizeof(text));
    text[63] = '\0';
    assert_true(is_name(text));
    text[63] = 'a';
    text[64] = '\0';
    assert_false(is_name(text));
}


static void
test_booleans(void **state)
{
    bool    value;
    size_t  i;

    static const struct {
        const char  *text;
        const char  *hint;
    } wrong[] = {
        { "yes", "write true" }, { "on", "write true" }, { "1", "write true" },
        { "True", "write true" }, { "no", "write false" },
        { "OFF", "write false" }, { "0", "write false" }, { "", "" },
        { "truely", "" },
    };

    (void) state;

    assert_true(fig_scalar_bool(fig_str_from("true"), &value, &fault));
    assert_true(value);
    assert_true(fig_scalar_bool(fig_str_from("false"), &value, &fault));
    assert_false(value);

    for (i = 0; i < FIG_NELTS(wrong); i++) {
        assert_false(fig_scalar_bool(fig_str_from(wrong[i].text), &value,
                                     &fault));
        assert_string_equal(fault.hint, wrong[i].hint);
    }
}


static void
test_integers(void **state)
{
    size_t   i;
    int64_t  value;

    static const char *const  wrong[] = {
        "", "-", "+1", "1 ", " 1", "0x10", "1e3", "1_000", "1.0", "010", "00",
        "101", "-11", "99999999999999999999999", "-99999999999999999999999",
        "9223372036854775808",
    };

    (void) state;

    assert_true(fig_scalar_int(fig_str_from("0"), -10, 100, &value, &fault));
    assert_int_equal(value, 0);
    assert_true(fig_scalar_int(fig_str_from("100"), -10, 100, &value, &fault));
    assert_int_equal(value, 100);
    assert_true(fig_scalar_int(fig_str_from("-10"), -10, 100, &value, &fault));
    assert_int_equal(value, -10);

    for (i = 0; i < FIG_NELTS(wrong); i++) {
        assert_false(fig_scalar_int(fig_str_from(wrong[i]), -10, 100, &value,
                                    &fault));
    }

    assert_false(fig_scalar_int(fig_str_from("010"), 0, 100, &value, &fault));
    assert_string_equal(fault.hint, "write 10");
}


static void
test_durations(void **state)
{
    size_t   i;
    int64_t  ms;

    static const struct {
        const char  *text;
        int64_t      ms;
    } right[] = {
        { "1ms", 1 }, { "250ms", 250 }, { "5s", 5000 }, { "2m", 120000 },
        { "1h", 3600000 }, { "1d", 86400000 },
        { "365d", INT64_C(365) * 86400000 },
        { "31536000000ms", INT64_C(365) * 86400000 },
    };
    static const char *const  wrong[] = {
        "", "s", "5", "0s", "-5s", "+5s", "5 s", "5S", "1.5s", "1m30s", "05s",
        "366d", "31536000001ms", "99999999999999999999d", "5sec", "5ss",
    };

    (void) state;

    for (i = 0; i < FIG_NELTS(right); i++) {
        assert_true(fig_scalar_duration(fig_str_from(right[i].text), &ms,
                                        &fault));
        assert_true(ms == right[i].ms);
    }

    for (i = 0; i < FIG_NELTS(wrong); i++) {
        assert_false(fig_scalar_duration(fig_str_from(wrong[i]), &ms, &fault));
    }

    fig_scalar_duration(fig_str_from("5"), &ms, &fault);
    assert_string_equal(fault.hint, "write 5s (or ms, m, h, d)");
}


static void
test_percents(void **state)
{
    size_t   i;
    int32_t  percent;

    static const struct {
        const char  *text;
        int32_t      percent;
    } right[] = {
        { "0", 0 }, { "0.01", 1 }, { "0.1", 10 }, { "25", 2500 },
        { "25%", 2500 }, { "12.34%", 1234 }, { "99.99", 9999 },
        { "100", 10000 }, { "100.00%", 10000 },
    };
    static const char *const  wrong[] = {
        "", "%", "100.01", "101", "-1", "+1", "1.", ".1", "1.234", "1,5",
        "1e1", "01", "25%%", "% 25", "25 %", "999999999999999999999",
    };

    (void) state;

    for (i = 0; i < FIG_NELTS(right); i++) {
        assert_true(fig_scalar_percent(fig_str_from(right[i].text), &percent,
                                       &fault));
        assert_int_equal(percent, right[i].percent);
    }

    for (i = 0; i < FIG_NELTS(wrong); i++) {
        assert_false(fig_scalar_percent(fig_str_from(wrong[i]), &percent,
                                        &fault));
    }
}


static void
test_sizes(void **state)
{
    size_t  i, size;

    static const struct {
        const char  *text;
        size_t       size;
    } right[] = {
        { "1", 1 }, { "1000", 1000 }, { "64k", 65536 }, { "64K", 65536 },
        { "1m", 1048576 }, { "1024k", 1048576 }, { "1048576", 1048576 },
    };
    static const char *const  wrong[] = {
        "", "0", "k", "-1", "1.5k", "1kb", "1 k", "1g", "1048577", "1025k",
        "2m", "18446744073709551617", "99999999999999999999m", "64kk", "0x10",
    };

    (void) state;

    for (i = 0; i < FIG_NELTS(right); i++) {
        assert_true(fig_scalar_size(fig_str_from(right[i].text), 1, 1048576,
                                    &size, &fault));
        assert_int_equal(size, right[i].size);
    }

    for (i = 0; i < FIG_NELTS(wrong); i++) {
        if (fig_scalar_size(fig_str_from(wrong[i]), 1, 1048576, &size,
                            &fault))
        {
            fail_msg("%s", wrong[i]);
        }
    }
}


static void
test_decimals(void **state)
{
    size_t  i;

    static const char *const  right[] = {
        "0", "1", "10", "0.01", "1e-6", "1E+9999", "0.10", "1.5e3", "1e06",
        "12345678901234567890123456789012",
    };
    static const char *const  wrong[] = {
        "", "-1", "+1", ".5", "1.", "01", "00.1", "1e", "1e+", "1e99999",
        "0x1", "1 ", " 1", "1,5", "NaN", "inf", "1%", "1e1.5",
        "123456789012345678901234567890123", "e1", "--1",
    };

    (void) state;

    for (i = 0; i < FIG_NELTS(right); i++) {
        if (!fig_scalar_decimal(fig_str_from(right[i]), &fault)) {
            fail_msg("%s", right[i]);
        }
    }

    for (i = 0; i < FIG_NELTS(wrong); i++) {
        if (fig_scalar_decimal(fig_str_from(wrong[i]), &fault)) {
            fail_msg("%s", wrong[i]);
        }
    }
}


static void
test_statuses(void **state)
{
    size_t          i;
    fig_statuses_t  set;

    static const char *const  wrong[] = {
        "", "50", "5020", "5x", "xxx", "x5x", "5XX", "504-500", "500-", "-500",
        "500-5xx", "500 - 504", "399", "600", "399-404", "599-600", "3xx",
    };

    (void) state;

    memset(&set, 0, sizeof(set));
    assert_true(fig_scalar_statuses(fig_str_from("404"), 400, 599, &set,
                                    &fault));
    assert_true(fig_scalar_statuses(fig_str_from("502-504"), 400, 599, &set,
                                    &fault));

    for (i = 0; i < 1000; i++) {
        assert_int_equal(fig_statuses_has(&set, (unsigned) i),
                         i == 404 || (i >= 502 && i <= 504));
    }

    assert_true(fig_scalar_statuses(fig_str_from("5xx"), 400, 599, &set,
                                    &fault));
    assert_true(fig_statuses_has(&set, 500));
    assert_true(fig_statuses_has(&set, 599));
    assert_false(fig_statuses_has(&set, 499));

    for (i = 0; i < FIG_NELTS(wrong); i++) {
        assert_false(fig_scalar_statuses(fig_str_from(wrong[i]), 400, 599,
                                         &set, &fault));
    }
}


static void
test_tokens_fields_dates(void **state)
{
    (void) state;

    assert_true(fig_scalar_token(fig_str_from("x-A!#$%&'*+.^_`|~0"), &fault));
    assert_false(fig_scalar_token(fig_str_from(""), &fault));
    assert_false(fig_scalar_token(fig_str_from("a:b"), &fault));
    assert_false(fig_scalar_token(fig_str_from("a b"), &fault));
    assert_false(fig_scalar_token(fig_str("a\0", 2), &fault));
    assert_false(fig_scalar_token(fig_str_from("\xc3\xbc"), &fault));

    assert_true(fig_scalar_method(fig_str_from("M-SEARCH"), &fault));
    assert_false(fig_scalar_method(fig_str_from("Get"), &fault));
    assert_string_equal(fault.hint, "write GET");

    assert_true(fig_scalar_field(fig_str_from(" a\tb \xff"), &fault));
    assert_false(fig_scalar_field(fig_str_from("a\nb"), &fault));
    assert_false(fig_scalar_field(fig_str("\0", 1), &fault));
    assert_false(fig_scalar_field(fig_str_from("\x7f"), &fault));

    assert_true(fig_scalar_date(fig_str_from("2028-02-29"), &fault));
    assert_true(fig_scalar_date(fig_str_from("2000-02-29"), &fault));
    assert_false(fig_scalar_date(fig_str_from("2100-02-29"), &fault));
    assert_false(fig_scalar_date(fig_str_from("2027-00-10"), &fault));
    assert_false(fig_scalar_date(fig_str_from("2027-13-10"), &fault));
    assert_false(fig_scalar_date(fig_str_from("2027-04-31"), &fault));
    assert_false(fig_scalar_date(fig_str_from("2027-04-00"), &fault));
    assert_false(fig_scalar_date(fig_str_from("2027-4-1"), &fault));
    assert_false(fig_scalar_date(fig_str_from("2027-04-01T00"), &fault));
}


static void
test_servers(void **state)
{
    char          out[256];
    size_t        i;
    fig_server_t  server;

    static const struct {
        const char       *url;
        const char       *host;
        fig_addr_kind_t   kind;
        uint16_t          port;
        bool              https;
    } right[] = {
        { "http://a", "a", FIG_ADDR_NAME, 80, false },
        { "https://A.Example.", "a.example", FIG_ADDR_NAME, 443, true },
        { "http://127.0.0.1:65535", "127.0.0.1", FIG_ADDR_IPV4, 65535, false },
        { "http://[::1]", "::1", FIG_ADDR_IPV6, 80, false },
        { "https://[FE80::1]:8443", "fe80::1", FIG_ADDR_IPV6, 8443, true },
        { "http://unix:/run/o.sock", "/run/o.sock", FIG_ADDR_UNIX, 0, false },
        { "http://unix:/run/o.sock:", "/run/o.sock", FIG_ADDR_UNIX, 0, false },
        { "http://1a.b2_c", "1a.b2_c", FIG_ADDR_NAME, 80, false },
    };
    static const char *const  wrong[] = {
        "", "a", "a:80", "http:/a", "http://", "HTTP://a", "http://a/",
        "http://a?b", "http://a#b", "http://u@a", "http://a:0", "http://a:",
        "http://a:65536", "http://a:+1", "http://a b", "http://a..b",
        "http://.a", "http://-a", "http://a-", "http://1.2.3", "http://1",
        "http://0x7f.1", "http://a.0x1", "http://[::1", "http://[1.2.3.4]",
        "http://[::1]a", "http://[::1%1]", "http://*.a", "http://\xc3\xbc",
        "http://unix:", "http://unix:a", "http://unix:/", "http://unix:/a\n",
    };

    (void) state;

    for (i = 0; i < FIG_NELTS(right); i++) {
        memset(&server, 0, sizeof(server));
        assert_true(fig_server_parse(fig_str_from(right[i].url), out, &server,
                                     &fault));
        assert_str(server.host, right[i].host);
        assert_int_equal(server.kind, right[i].kind);
        assert_int_equal(server.port, right[i].port);
        assert_int_equal(server.https, right[i].https);
    }

    for (i = 0; i < FIG_NELTS(wrong); i++) {
        if (fig_server_parse(fig_str_from(wrong[i]), out, &server, &fault)) {
            fail_msg("%s is taken", wrong[i]);
        }
    }

    assert_false(fig_server_parse(fig_str("http://a\0b", 10), out, &server,
                                  &fault));
}


static void
test_credentials_are_not_in_the_message(void **state)
{
    char          out[256];
    fig_server_t  server;

    (void) state;

    assert_false(fig_server_parse(fig_str_from("http://bob:s3cret@a/b?c"), out,
                                  &server, &fault));
    assert_null(strstr(fault.message, "s3cret"));
    assert_null(strstr(fault.hint, "s3cret"));
    assert_non_null(strstr(fault.message, "credentials"));
}


static void
test_hostnames(void **state)
{
    char            out[256];
    size_t          i;
    fig_hostname_t  host;

    static const char *const  wrong[] = {
        "", "*", "*.", "*a", "a.*", "*.*.a", "a:80", "http://a", "a b",
        "*.1.2.3.4", "[::1]:80", "[::1", "256.1.1.1", ".a", "a..", "~a",
    };

    (void) state;

    assert_true(fig_hostname_parse(fig_str_from("Shop.Example."), out, &host,
                                   &fault));
    assert_str(host.text, "shop.example");
    assert_str(host.source, "shop.example");
    assert_false(host.wildcard);

    assert_true(fig_hostname_parse(fig_str_from("*.Example"), out, &host,
                                   &fault));
    assert_str(host.text, ".example");
    assert_str(host.source, "*.example");
    assert_true(host.wildcard);

    assert_true(fig_hostname_parse(fig_str_from("[::A]"), out, &host, &fault));
    assert_str(host.text, "[::a]");

    for (i = 0; i < FIG_NELTS(wrong); i++) {
        if (fig_hostname_parse(fig_str_from(wrong[i]), out, &host, &fault)) {
            fail_msg("%s is taken", wrong[i]);
        }
    }
}


static void
test_networks(void **state)
{
    size_t      i;
    fig_cidr_t  cidr;

    static const char *const  wrong[] = {
        "", "a", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/08",
        "10.0.0.1/8", "10.0.0/8", "010.0.0.0/8", "::1/129", "::1/127", "1::/1",
        "::ffff:10.0.0.0/95", "10.0.0.0/8/8", "[::1]", "::1%eth0",
    };

    (void) state;

    assert_true(fig_cidr_parse(fig_str_from("10.64.0.0/10"), &cidr, &fault));
    assert_int_equal(cidr.net.family, 4);
    assert_int_equal(cidr.bits, 10);
    assert_memory_equal(cidr.net.addr, "\x0a\x40\0\0", 4);

    assert_true(fig_cidr_parse(fig_str_from("192.0.2.7"), &cidr, &fault));
    assert_int_equal(cidr.bits, 32);

    assert_true(fig_cidr_parse(fig_str_from("2001:db8::/32"), &cidr, &fault));
    assert_int_equal(cidr.net.family, 6);
    assert_int_equal(cidr.bits, 32);

    assert_true(fig_cidr_parse(fig_str_from("::ffff:10.1.0.0/112"), &cidr,
                               &fault));
    assert_int_equal(cidr.net.family, 4);
    assert_int_equal(cidr.bits, 16);
    assert_memory_equal(cidr.net.addr, "\x0a\x01\0\0", 4);

    assert_true(fig_cidr_parse(fig_str_from("0.0.0.0/0"), &cidr, &fault));
    assert_true(fig_cidr_parse(fig_str_from("::/0"), &cidr, &fault));

    for (i = 0; i < FIG_NELTS(wrong); i++) {
        if (fig_cidr_parse(fig_str_from(wrong[i]), &cidr, &fault)) {
            fail_msg("%s is taken", wrong[i]);
        }
    }

    fig_cidr_parse(fig_str_from("10.0.0.1/8"), &cidr, &fault);
    assert_string_equal(fault.hint, "write 10.0.0.0/8");
}


static fig_str_t
suggest(const char *word)
{
    size_t         i;
    fig_suggest_t  s;

    static const char *const  words[] = { "to", "by", "match", "methods",
                                          "path", "capability" };

    fig_suggest_init(&s, fig_str_from(word));

    for (i = 0; i < FIG_NELTS(words); i++) {
        fig_suggest_try(&s, fig_str_from(words[i]));
    }

    return s.best;
}


static void
test_suggestions(void **state)
{
    char  text[200];

    (void) state;

    assert_str(suggest("metods"), "methods");
    assert_str(suggest("methodss"), "methods");
    assert_str(suggest("METHODS"), "methods");
    assert_str(suggest("mehtods"), "methods");
    assert_str(suggest("mach"), "match");
    assert_str(suggest("ot"), "to");
    assert_str(suggest("capabiltyi"), "capability");
    assert_str(suggest("x"), "");
    assert_str(suggest("frobnicate"), "");
    assert_str(suggest(""), "");

    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    assert_str(suggest(text), "");
}


static void
test_name_sets(void **state)
{
    bool          added;
    char          text[16];
    uint32_t      i, index;
    fig_arena_t  *arena;
    fig_names_t   names;

    (void) state;

    arena = fig_arena_create();
    fig_names_init(&names, arena);
    assert_false(fig_names_find(&names, fig_str_from("n0"), &index));

    for (i = 0; i < 5000; i++) {
        snprintf(text, sizeof(text), "n%u", i);
        assert_int_equal(fig_names_add(&names,
                                       fig_arena_str(arena, fig_str_from(text)),
                                       &index, &added), FIG_OK);
        assert_true(added);
        assert_int_equal(index, i);
    }

    for (i = 0; i < 5000; i++) {
        snprintf(text, sizeof(text), "n%u", i);
        assert_true(fig_names_find(&names, fig_str_from(text), &index));
        assert_int_equal(index, i);
    }

    assert_int_equal(fig_names_add(&names, fig_str_from("n7"), &index, &added),
                     FIG_OK);
    assert_false(added);
    assert_int_equal(index, 7);
    assert_false(fig_names_find(&names, fig_str_from("n5000"), &index));

    fig_arena_destroy(arena);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_booleans),
        cmocka_unit_test(test_integers),
        cmocka_unit_test(test_durations),
        cmocka_unit_test(test_percents),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_decimals),
        cmocka_unit_test(test_statuses),
        cmocka_unit_test(test_tokens_fields_dates),
        cmocka_unit_test(test_servers),
        cmocka_unit_test(test_credentials_are_not_in_the_message),
        cmocka_unit_test(test_hostnames),
        cmocka_unit_test(test_networks),
        cmocka_unit_test(test_suggestions),
        cmocka_unit_test(test_name_sets),
    };

    return cmocka_run_group_tests_name("scalar", tests, NULL, NULL);
}
