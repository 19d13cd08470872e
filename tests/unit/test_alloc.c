/*
 * Memory that goes out at every single allocation: loading gives FIG_NOMEM or,
 * where it could do without, the right answer; never a crash, never a leak.
 *
 *     n = 1, 2, ...   the n-th malloc, calloc, realloc or mmap of a load fails
 *
 * libyaml and PCRE2 meet the same fate.
 */

#define _GNU_SOURCE

#include "failing.h"
#include "load.h"


/* A format: each note is a width and a text. */

#define RICH                                                                 \
    "version: 1\n"                                                           \
    "backends:\n"                                                            \
    "  legacy: {servers: [http://127.0.0.1:8081]}\n"                         \
    "  orders:\n"                                                            \
    "    servers:\n"                                                         \
    "      - https://orders.example:9443\n"                                  \
    "      - {url: 'http://[::1]:9001', weight: 3}\n"                        \
    "    host: orders.example\n"                                             \
    "    timeouts: &t {connect: 1s, send: 2s, read: 3s}\n"                   \
    "    keepalive: {connections: 8, requests: 10, timeout: 5s}\n"           \
    "default: legacy\n"                                                      \
    "groups:\n"                                                              \
    "  g: {stage: ramp, percent: 25, by: [cookie:uid, header:X-U, "          \
    "assign]}\n"                                                             \
    "routes:\n"                                                              \
    "  - name: a\n"                                                          \
    "    match:\n"                                                           \
    "      - host: [shop.example, '*.shop.example']\n"                       \
    "        path: [/a/*, /b/*]\n"                                           \
    "        methods: [GET, HEAD]\n"                                         \
    "        headers: {x-a: a, x-b: '~^b(.)$'}\n"                            \
    "        query: {q: '*'}\n"                                              \
    "        cookies: {c: '!'}\n"                                            \
    "        clients: [10.0.0.0/8, '2001:db8::/32']\n"                       \
    "    to: {orders: 9, legacy: 1}\n"                                       \
    "    group: g\n"                                                         \
    "    force: {new: [{cookies: {qa: '1'}}], "                              \
    "old: [{cookies: {qa: '0'}}]}\n"                                         \
    "    fallback: {when: [connect, 502-504], to: legacy}\n"                 \
    "    timeouts: *t\n"                                                     \
    "    rewrite: {path: /x/*, host: new.example}\n"                         \
    "    headers:\n"                                                         \
    "      request: {set: {X-A: a}, add: {X-B: b}, remove: [X-C]}\n"         \
    "      response: {remove: [Server]}\n"                                   \
    "    owner: me\n"                                                        \
    "    note: %.*s\n"                                                       \
    "  - name: b\n"                                                          \
    "    was: c\n"                                                           \
    "    match: {path: ['/c/{id}', '~^/api/v\\d+/(?<n>.*)$']}\n"             \
    "    to: orders\n"                                                       \
    "    stage: live\n"                                                      \
    "    note: %.*s\n"                                                       \
    "    rewrite: {regex: '^/(.*)$', with: '/y/$1'}\n"                       \
    "  - {name: d, match: {path: /d/*}, redirect: {path: /e/*}, "            \
    "note: %.*s}\n"                                                          \
    "  - {name: e, match: {path: /e}, respond: {status: 410}, note: %.*s}\n" \
    "overrides: {g: {percent: 30}}\n"                                        \
    "tests:\n"                                                               \
    "  - {request: GET /d/x?y=z, headers: {X: y}, cookies: {a: b}, "         \
    "route: d}\n"                                                            \
    "  - {request: GET /e, status: 410}\n"


static const char  wrong[] =
    "version: 1\n"
    "backends: {a: {servers: [http://bob:pw@a], hots: b}}\n"
    "default: b\n"
    "routes:\n"
    "  - {name: a, match: {path: '~('}, to: a, stage: lvie}\n"
    "  - {name: a, match: {path: /x, path: /y}, to: *nobody}\n";


/* Loads a text; every block must be gone afterwards. */

static fig_status_t
load_all(const char *text, size_t *errors)
{
    size_t          i;
    fig_str_t       shown;
    fig_files_t    *files;
    fig_diags_t    *diags;
    fig_status_t    status;
    fig_ruleset_t  *ruleset;

    *errors = 0;
    status = FIG_NOMEM;
    diags = fig_diags_create();

    if (diags != NULL) {
        status = fig_files_from_text(fig_str("rules.yaml", 10),
                                     fig_str_from(text), &files);
    }

    if (status == FIG_OK) {
        status = fig_ruleset_create(files, &ruleset, diags);
        *errors = fig_diags_count(diags);

        for (i = 0; i < fig_diags_kept(diags); i++) {
            shown = fig_diags_text(diags, i);
            *errors += (shown.len == 0);
        }

        fig_ruleset_destroy(ruleset);
        fig_files_destroy(files);
    }

    fig_diags_destroy(diags);

    return status;
}


/* The status when the n-th allocation fails; *done when there is none. */

static fig_status_t
load_failing(size_t n, const char *text, bool *done, size_t *errors)
{
    fig_status_t  status;

    failing_begin(n);
    status = load_all(text, errors);
    *done = failing_end();

    return status;
}


/* Returns how many times memory was out. */

static size_t
fail_each(const char *text, fig_status_t expected)
{
    bool          done;
    size_t        n, errors, failed;
    fig_status_t  status;

    /* what libraries allocate once and keep */

    load_failing(0, text, &done, &errors);

    for (n = 1, failed = 0, done = false; !done; n++) {
        status = load_failing(n, text, &done, &errors);

        if (status != FIG_NOMEM && status != expected) {
            fail_msg("allocation %zu: status %d", n, status);
        }

        if (status == FIG_OK && errors != 0) {
            fail_msg("allocation %zu: %zu errors and FIG_OK", n, errors);
        }

        if (balance != 0) {
            fail_msg("allocation %zu: %ld blocks are left", n, balance);
        }

        failed += (status == FIG_NOMEM);
    }

    assert_int_equal(status, expected);

    return failed;
}


static void
test_right_rules(void **state)
{
    char  *text;

    (void) state;

    assert_true(asprintf(&text, RICH, 1, "x", 1, "x", 1, "x", 1, "x") > 0);
    assert_true(fail_each(text, FIG_OK) > 100);
    free(text);
}


static void
test_wrong_rules(void **state)
{
    (void) state;

    assert_true(fail_each(wrong, FIG_INVALID) > 100);
}


/*
 * An arena asks for memory seldom: notes of growing length move the places
 * where it does through all of the loading.
 */

static void
test_every_place_in_an_arena(void **state)
{
    int     pad;
    char   *text;
    size_t  failed;

    static char  note[8000];

    (void) state;

    memset(note, 'x', sizeof(note));
    least = 16 * 1024;
    failed = 0;

    for (pad = 1; pad < (int) sizeof(note); pad += 16) {
        assert_true(asprintf(&text, RICH, pad, note, pad, note, pad, note, pad,
                             note) > 0);
        failed += fail_each(text, FIG_OK);
        free(text);
    }

    least = 0;
    assert_true(failed > 1000);
}


/* Reading from the file system, with its globs, and bundles. */

static fig_status_t
read_failing(size_t n, bool *done)
{
    char          *out;
    size_t         size;
    fig_files_t   *files, *copy;
    fig_diags_t   *diags;
    fig_status_t   status;

    failing_begin(n);
    status = FIG_NOMEM;
    diags = fig_diags_create();

    if (diags != NULL) {
        status = fig_files_read(TESTS_DIR "/golden/ok-include.yaml", &files,
                                diags);
    }

    if (status == FIG_INVALID) {
        fig_files_destroy(files);
    }

    if (status == FIG_OK) {
        size = fig_files_bundle_size(files);
        out = malloc(size);
        status = FIG_NOMEM;

        if (out != NULL) {
            fig_files_bundle(files, out);
            status = fig_files_from_bundle(fig_str(out, size), &copy);
            free(out);
        }

        if (status == FIG_OK) {
            fig_files_destroy(copy);
        }

        fig_files_destroy(files);
    }

    fig_diags_destroy(diags);
    *done = failing_end();

    return status;
}


static void
test_reading(void **state)
{
    bool          done;
    size_t        n;
    fig_status_t  status;

    (void) state;

    status = read_failing(0, &done);
    assert_int_equal(status, FIG_OK);

    for (n = 1, done = false; !done; n++) {
        status = read_failing(n, &done);

        if (status == FIG_INVALID || balance != 0) {
            fail_msg("allocation %zu: status %d, %ld blocks are left", n,
                     status, balance);
        }
    }

    assert_int_equal(status, FIG_OK);
    assert_true(n > 20);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_right_rules),
        cmocka_unit_test(test_wrong_rules),
        cmocka_unit_test(test_every_place_in_an_arena),
        cmocka_unit_test(test_reading),
    };

    return cmocka_run_group_tests_name("alloc", tests, NULL, NULL);
}
