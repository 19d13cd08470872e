/*
 * The state directory: what is torn, damaged, missing, replaced, cut off, full
 * or not to be written, and what of it goes on.
 *
 * Flips are one route's percents: entry n sets n hundredths.
 */

#define _GNU_SOURCE

#include "flip_bench.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>


static unsigned
ramp(bench_t *b, unsigned hundredths)
{
    char  body[80];

    (void) snprintf(body, sizeof(body),
                    "{\"stage\":\"ramp\",\"percent\":%u.%02u}",
                    hundredths / 100, hundredths % 100);

    return patch(b, "one", body);
}


static void
ramp_to(bench_t *b, unsigned n)
{
    while (b->store.state.head->seq < n) {
        assert_int_equal(ramp(b, (unsigned) b->store.state.head->seq + 1), 0);
    }
}


/* All of it is as entry n made it. */

static void
assert_ramp(bench_t *b, unsigned n)
{
    assert_int_equal(b->store.state.head->seq, n);
    assert_int_equal(b->store.state.head->begin, n);

    if (n != 0) {
        assert_int_equal(effect(b, "one").setting.percent, n);
        assert_int_equal(effect(b, "one").seq, n);
    }
}


static void
assert_warned(bench_t *b, bool warned)
{
    char  text[FIG_STORE_ERROR];

    assert_int_equal(fig_store_warning(&b->store, text), warned);
    assert_false(fig_store_warning(&b->store, text));
}


/* What a crash leaves behind the last line. */

static void
test_torn(void **state)
{
    char     *text;
    size_t    i, len, whole;
    bench_t   b;

    static const struct {
        const char  *tail;
        size_t       len;
    } tails[] = {
        { "{", 1 },
        { "{\"v\":1,\"seq\":4,\"time\":", 22 },
        { "\0", 1 },
        { "\0\0\0\0\0\0\0\0", 8 },
        { "\0\0\0\0\0\0\0\n", 8 },
        { "\0\n\0\n", 4 },
        { "{\"v\":1,\0\0\0\0\"}\n", 14 },
        { "\0\n{\"v\":1", 9 },
    };

    (void) state;

    for (i = 0; i < FIG_NELTS(tails); i++) {
        bench_init(&b);
        ramp_to(&b, 3);
        bench_write(&b, "journal.jsonl", "a", tails[i].tail, tails[i].len);

        /* at the start, or while it runs */

        if (i % 2 == 0) {
            bench_restart(&b);
            assert_warned(&b, true);
            assert_false(fig_store_is_behind(&b.store));
        }

        assert_ramp(&b, 3);
        assert_error(&b, NULL);
        ramp_to(&b, 4);
        assert_warned(&b, i % 2 != 0);
        bench_restart(&b);
        assert_warned(&b, false);
        assert_ramp(&b, 4);
        bench_release(&b);
    }

    /* every part of a last line, but for a whole one without its LF */

    bench_init(&b);
    ramp_to(&b, 2);
    text = bench_read(&b, "journal.jsonl", &len);
    i = (size_t) ((char *) memchr(text, '\n', len) - text) + 1;

    for (whole = len - 1; len > i; len -= (len < whole) ? 29 : 1) {
        assert_int_equal(unlink(bench_path(&b, "live")), 0);
        bench_write(&b, "journal.jsonl", "w", text, len);
        bench_restart(&b);
        assert_error(&b, NULL);
        assert_ramp(&b, len >= whole ? 2 : 1);
    }

    assert_int_equal(ramp(&b, 2), 0);
    test_free(text);
    bench_release(&b);
}


/* A whole line that lacks its LF is good, and gets it. */

static void
test_unfinished(void **state)
{
    bench_t  b;

    (void) state;

    bench_init(&b);
    ramp_to(&b, 2);
    assert_int_equal(unlink(bench_path(&b, "live")), 0);
    assert_int_equal(truncate(bench_path(&b, "journal.jsonl"),
                              bench_size(&b, "journal.jsonl") - 1), 0);

    bench_restart(&b);
    assert_ramp(&b, 2);
    assert_false(fig_store_is_behind(&b.store));
    ramp_to(&b, 3);
    bench_restart(&b);
    assert_ramp(&b, 3);
    assert_warned(&b, false);
    bench_release(&b);
}


/* A byte anywhere but in what is torn. */

static void
test_damaged(void **state)
{
    char     *text;
    size_t    len, at, second;
    char      where[64];
    bench_t   b;

    (void) state;

    bench_init(&b);
    ramp_to(&b, 3);
    text = bench_read(&b, "journal.jsonl", &len);
    second = (size_t) ((char *) memchr(text, '\n', len) - text) + 1;

    for (at = 0; at < len; at += 37) {
        text[at] ^= 1;
        bench_write(&b, "journal.jsonl", "w", text, len);
        text[at] ^= 1;

        bench_restart(&b);

        if (at < second) {
            assert_error(&b, "damaged in line 1, at byte 0");
        } else {
            assert_error(&b, "damaged in line ");
        }

        /* what was in force is, and nothing is written */

        assert_ramp(&b, 3);
        assert_int_equal(ramp(&b, 4), 503);
        assert_non_null(strstr(b.problem.detail, "damaged"));
        assert_int_equal(bench_size(&b, "journal.jsonl"), len);
    }

    /* a line that is missing, and one that is empty */

    bench_write(&b, "journal.jsonl", "w", text + second, len - second);
    bench_restart(&b);
    assert_error(&b, "in line 1, at byte 0: it has number 2, where 1 is next");
    assert_ramp(&b, 3);

    bench_write(&b, "journal.jsonl", "w", text, len);
    bench_write(&b, "journal.jsonl", "a", "\n", 1);
    bench_restart(&b);
    (void) snprintf(where, sizeof(where), "in line 4, at byte %zu: ", len);
    assert_error(&b, where);

    /* without an image there is what can be read */

    assert_int_equal(unlink(bench_path(&b, "live")), 0);
    text[5] ^= 1;
    bench_write(&b, "journal.jsonl", "w", text, len);
    text[5] ^= 1;
    bench_restart(&b);
    assert_error(&b, "in line 1");
    assert_int_equal(effect(&b, "one").setting.percent, 3);
    assert_int_equal(ramp(&b, 4), 503);

    /* put right, it goes on without a restart */

    bench_write(&b, "journal.jsonl", "w", text, len);
    ramp_to(&b, 4);
    assert_error(&b, NULL);
    test_free(text);
    bench_release(&b);
}


/* It is damaged under a process that has it open. */

static void
test_damaged_while_running(void **state)
{
    size_t   len;
    char    *text;
    bench_t  b;

    (void) state;

    bench_init(&b);
    ramp_to(&b, 3);
    text = bench_read(&b, "journal.jsonl", &len);

    bench_write(&b, "journal.jsonl", "a", "garbage\n", 8);
    assert_true(fig_store_is_behind(&b.store));
    assert_int_equal(ramp(&b, 4), 503);
    assert_error(&b, "in line 4, at byte ");
    assert_ramp(&b, 3);

    /* the end of what was applied is another */

    text[len - 5] ^= 1;
    bench_write(&b, "journal.jsonl", "w", text, len);
    text[len - 5] ^= 1;
    assert_int_equal(ramp(&b, 4), 503);
    assert_error(&b, "in line 3, at byte ");
    assert_ramp(&b, 3);

    bench_write(&b, "journal.jsonl", "w", text, len);
    ramp_to(&b, 4);
    test_free(text);
    bench_release(&b);
}


/* A journal that has less than was in force: nothing is written over it. */

static void
test_lost(void **state)
{
    int      how;
    size_t   len, two;
    char    *text;
    bench_t  b;

    (void) state;

    for (how = 0; how < 8; how++) {
        bench_init(&b);
        ramp_to(&b, 2);
        two = (size_t) bench_size(&b, "journal.jsonl");
        ramp_to(&b, 4);
        text = bench_read(&b, "journal.jsonl", &len);

        switch (how / 2) {

        case 0:
            assert_int_equal(unlink(bench_path(&b, "journal.jsonl")), 0);
            break;

        case 1:
            bench_write(&b, "journal.jsonl", "w", "", 0);
            break;

        case 2:
            bench_write(&b, "journal.jsonl", "w", text, two);
            break;

        default:
            assert_int_equal(unlink(bench_path(&b, "journal.jsonl")), 0);
            bench_write(&b, "journal.jsonl", "w", text, two);
        }

        if (how % 2 == 0) {
            bench_restart(&b);
            assert_error(&b, "entry 4 was in force");
        }

        assert_ramp(&b, 4);
        assert_int_equal(ramp(&b, 5), 503);
        assert_error(&b, "entry 4 was in force");
        assert_int_equal(ramp(&b, 5), 503);
        assert_ramp(&b, 4);

        if (how % 4 == 0) {
            bench_write(&b, "journal.jsonl", "w", text, len);
            ramp_to(&b, 5);

        } else {
            assert_int_equal(unlink(bench_path(&b, "live")), 0);
            bench_restart(&b);
            assert_error(&b, NULL);
            assert_ramp(&b, how < 4 ? 0 : 2);
            ramp_to(&b, 3);
        }

        test_free(text);
        bench_release(&b);
    }
}


/* Half of a change, as a process that was killed leaves it. */

static void
test_half_published(void **state)
{
    uint32_t     n;
    uint64_t     seq, epoch;
    bench_t      b;
    fig_slot_t  *slots;

    (void) state;

    bench_init(&b);
    ramp_to(&b, 3);

    fig_state_begin(&b.store.state, false);
    b.store.state.slots[0].percent = 9999;
    b.store.state.head->nslots = 0;

    assert_false(fig_state_changes(&b.store.state, 0, 0, &slots, &n, &seq,
                                   &epoch));
    assert_true(fig_store_is_behind(&b.store));

    /* the next reader that needs it makes it right */

    assert_true(fig_store_changes(&b.store, 0, 0, &slots, &n, &seq, &epoch));
    assert_int_equal(n, 1);
    assert_int_equal(slots[0].percent, 3);
    assert_int_equal(seq, 3);
    free(slots);
    assert_false(fig_store_is_behind(&b.store));

    /* or the next writer, or the next start */

    fig_state_begin(&b.store.state, true);
    b.store.state.slots[0].percent = 9999;
    assert_int_equal(ramp(&b, 4), 0);
    assert_ramp(&b, 4);

    fig_state_begin(&b.store.state, true);
    memset(b.store.state.head, 0xff, FIG_STATE_PAGE);
    bench_restart(&b);
    assert_ramp(&b, 4);

    /* a value that nobody has flipped, as of a disk that lies */

    b.store.state.slots[0].percent = 9999;
    epoch = b.store.state.head->epoch;
    bench_restart(&b);
    assert_ramp(&b, 4);
    assert_int_not_equal(epoch, b.store.state.head->epoch);

    epoch = b.store.state.head->epoch;
    bench_restart(&b);
    assert_int_equal(epoch, b.store.state.head->epoch);
    bench_release(&b);
}


/* Appended by a process that died before it could put it in force. */

static void
test_appended_only(void **state)
{
    char     *text;
    size_t    len, three;
    bench_t   b;

    (void) state;

    bench_init(&b);
    ramp_to(&b, 3);
    three = (size_t) bench_size(&b, "journal.jsonl");
    ramp_to(&b, 4);
    text = bench_read(&b, "journal.jsonl", &len);
    bench_release(&b);

    bench_init(&b);
    bench_write(&b, "journal.jsonl", "a", text, three);
    assert_true(fig_store_is_behind(&b.store));
    assert_int_equal(settle(&b), 0);
    assert_ramp(&b, 3);

    bench_write(&b, "journal.jsonl", "a", text + three, len - three);
    assert_int_equal(ramp(&b, 5), 0);
    assert_ramp(&b, 5);
    bench_restart(&b);
    assert_ramp(&b, 5);
    test_free(text);
    bench_release(&b);
}


static void
test_live_gone(void **state)
{
    bench_t  b;

    (void) state;

    bench_init(&b);
    ramp_to(&b, 3);

    assert_int_equal(unlink(bench_path(&b, "live")), 0);
    assert_int_equal(ramp(&b, 4), 503);
    assert_error(&b, "live\" cannot be opened");

    bench_write(&b, "live", "w", "", 0);
    assert_int_equal(ramp(&b, 4), 503);
    assert_error(&b, "replaced");
    assert_ramp(&b, 3);

    bench_restart(&b);
    assert_ramp(&b, 3);
    ramp_to(&b, 4);
    bench_release(&b);
}


/* Cut off under everybody: whoever writes makes it whole before. */

static void
test_live_cut_off(void **state)
{
    size_t   i;
    bench_t  b;

    static const off_t  sizes[] = { 0, 100, FIG_STATE_PAGE };

    (void) state;

    for (i = 0; i < FIG_NELTS(sizes); i++) {
        bench_init(&b);
        ramp_to(&b, 3);
        assert_int_equal(truncate(bench_path(&b, "live"), sizes[i]), 0);
        assert_int_equal(ramp(&b, 4), 0);
        assert_ramp(&b, 4);
        bench_restart(&b);
        assert_ramp(&b, 4);

        assert_int_equal(truncate(bench_path(&b, "live"), sizes[i]), 0);
        bench_restart(&b);
        assert_ramp(&b, 4);
        bench_release(&b);
    }
}


/* What is there stays in force where nothing can be written. */

static void
test_unwritable(void **state)
{
    int          how;
    bench_t      b;
    fig_store_t  other;

    (void) state;

    for (how = 0; how < 4; how++) {
        bench_init(&b);
        ramp_to(&b, 3);

        switch (how) {

        case 0:
            assert_int_equal(unlink(bench_path(&b, "live")), 0);
            assert_int_equal(mkdir(bench_path(&b, "live"), 0700), 0);
            break;

        case 1:
            assert_int_equal(unlink(bench_path(&b, "live")), 0);
            assert_int_equal(mkfifo(bench_path(&b, "live"), 0600), 0);
            break;

        case 2:
            assert_int_equal(unlink(bench_path(&b, "live")), 0);
            assert_int_equal(symlink("elsewhere", bench_path(&b, "live")), 0);
            break;

        default:
            assert_int_equal(unlink(bench_path(&b, "journal.jsonl")), 0);
            assert_int_equal(mkdir(bench_path(&b, "journal.jsonl"), 0700), 0);
        }

        bench_restart(&b);
        assert_ramp(&b, 3);
        assert_error(&b, how < 3 ? "live" : "journal.jsonl");
        assert_int_equal(ramp(&b, 4), 503);
        assert_int_equal(fig_store_map(&other, b.dir), how == 3);
        fig_store_release(&other);
        bench_release(&b);
    }

    /* no directory at all */

    assert_true(fig_store_init(&other, "/nonexistent/strangler", 0, 0));
    assert_int_equal(other.state.head->seq, 0);
    assert_true(other.error[0] != '\0');
    fig_store_release(&other);
}


/* In a child, what may be done to files is limited. */

static int
in_child(void (*run)(bench_t *b), bench_t *b)
{
    int    status;
    pid_t  pid;

    pid = fork();
    assert_int_not_equal(pid, -1);

    if (pid == 0) {
        (void) signal(SIGXFSZ, SIG_IGN);
        run(b);
        _exit(0);
    }

    assert_int_equal(waitpid(pid, &status, 0), pid);

    return status;
}


static void
limit_size(rlim_t size)
{
    struct rlimit  limit = { .rlim_cur = size, .rlim_max = RLIM_INFINITY };

    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) {
        _exit(90);
    }
}


/* The journal is full in the middle of a line; what is there is cut off. */

static void
fill_journal(bench_t *b)
{
    off_t  size;

    size = bench_size(b, "journal.jsonl");
    limit_size((rlim_t) size + 100);

    if (ramp(b, 4) != 503 || strstr(b->problem.detail, "cannot be written")
        == NULL || bench_size(b, "journal.jsonl") != size
        || b->store.state.head->seq != 3)
    {
        _exit(1);
    }

    limit_size(RLIM_INFINITY);

    if (ramp(b, 4) != 0 || b->store.state.head->seq != 4) {
        _exit(2);
    }
}


static void
fill_live(bench_t *b)
{
    limit_size(1000);
    bench_restart(b);

    if (b->store.inode != 0 || b->store.error[0] == '\0'
        || effect(b, "one").setting.percent != 3 || ramp(b, 4) != 503)
    {
        _exit(1);
    }

    /* room for its head, but not for what it should have */

    limit_size(FIG_STATE_PAGE);
    bench_restart(b);

    if (b->store.inode != 0 || b->store.error[0] == '\0'
        || effect(b, "one").setting.percent != 3 || ramp(b, 4) != 503)
    {
        _exit(2);
    }

    limit_size(RLIM_INFINITY);
    bench_restart(b);

    if (b->store.inode == 0 || ramp(b, 4) != 0) {
        _exit(3);
    }
}


static void
test_full(void **state)
{
    bench_t  b;

    (void) state;

    bench_init(&b);
    ramp_to(&b, 3);
    assert_int_equal(in_child(fill_journal, &b), 0);
    assert_ramp(&b, 4);
    bench_release(&b);

    bench_init(&b);
    ramp_to(&b, 3);
    assert_int_equal(unlink(bench_path(&b, "live")), 0);
    assert_int_equal(in_child(fill_live, &b), 0);
    bench_restart(&b);
    assert_ramp(&b, 4);
    bench_release(&b);
}


/* Whoever makes the files, they are the workers' and nobody else's. */

static void
assert_owned(bench_t *b, const char *name, uid_t user)
{
    struct stat  st;

    assert_int_equal(stat(bench_path(b, name), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_int_equal(st.st_uid, user);
}


static void
test_owner(void **state)
{
    char     name[128];
    uid_t    user;
    mode_t   old;
    bench_t  b;

    (void) state;

    user = (getuid() == 0) ? 12345 : getuid();
    old = umask(0277);

    bench_init(&b);
    fig_store_release(&b.store);
    assert_int_equal(unlink(bench_path(&b, "live")), 0);
    assert_int_equal(unlink(bench_path(&b, "journal.jsonl")), 0);
    assert_true(fig_store_init(&b.store, b.dir, user, getgid()));
    assert_owned(&b, "live", user);
    assert_owned(&b, "journal.jsonl", user);

    /* of one that begins anew, too */

    b.store.limit = 1;
    ramp_to(&b, 10);
    assert_owned(&b, "journal.jsonl", user);

    (void) umask(0);
    assert_int_equal(chmod(bench_path(&b, "journal.jsonl"), 0644), 0);
    fig_store_release(&b.store);
    assert_true(fig_store_init(&b.store, b.dir, user, getgid()));
    assert_owned(&b, "journal.jsonl", user);
    (void) umask(old);

    /* root gives away no file that has another name somewhere */

    if (getuid() == 0) {
        fig_store_release(&b.store);
        assert_int_equal(chown(bench_path(&b, "live"), 0, 0), 0);
        (void) snprintf(name, sizeof(name), "%s/other", b.dir);
        assert_int_equal(link(b.path, name), 0);
        assert_true(fig_store_init(&b.store, b.dir, user, getgid()));
        assert_error(&b, "live");
    }

    bench_release(&b);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_torn),
        cmocka_unit_test(test_unfinished),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_damaged_while_running),
        cmocka_unit_test(test_lost),
        cmocka_unit_test(test_half_published),
        cmocka_unit_test(test_appended_only),
        cmocka_unit_test(test_live_gone),
        cmocka_unit_test(test_live_cut_off),
        cmocka_unit_test(test_unwritable),
        cmocka_unit_test(test_full),
        cmocka_unit_test(test_owner),
    };

    return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
