/*
 * A process that dies, a disk that fails and a machine that loses power, at
 * every call that it makes to write the state.
 *
 *     child: flips, each acknowledged in shared memory, until call n
 *     here:  whatever was acknowledged is in force, and it goes on
 *
 * What reached the disk is known by fsync(): contents of a file by its own, its
 * name by that of its directory.  Entry n sets n hundredths.
 */

#define _GNU_SOURCE

#include "flip_bench.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>


#define FLIPS  9                       /* the journal begins anew in between */

#define RAMPED                                                                \
    "to: a, by: client, data: shared, stage: legacy}\n"

#define RULES_THREE                                                           \
    HEAD                                                                      \
    "  - {name: one, match: {path: /1}, " RAMPED                              \
    "  - {name: two, match: {path: /2}, " RAMPED                              \
    "  - {name: six, match: {path: /6}, " RAMPED REST


typedef enum {
    FAULT_NONE = 0,
    FAULT_KILL_BEFORE,
    FAULT_KILL_AFTER,
    FAULT_KILL_HALF,                   /* half of what was to be written is */
    FAULT_ERROR                        /* the call fails, and life goes on */
} fault_t;


static fault_t   fault;
static unsigned  fault_at, calls;
static char      disk[80];             /* what is durable; "": nobody asks */
static unsigned *acked;                /* shared with children */


/* Whether this is the call. */

static bool
is_fault(void)
{
    return fault != FAULT_NONE && ++calls == fault_at;
}


static void
die_if(bool now)
{
    if (now) {
        (void) raise(SIGKILL);
    }
}


/* True: the call is to fail with errno. */

static bool
fault_before(bool *after, int error)
{
    bool  hit;

    hit = is_fault();
    *after = hit && fault == FAULT_KILL_AFTER;
    die_if(hit && fault == FAULT_KILL_BEFORE);

    if (hit && fault == FAULT_ERROR) {
        errno = error;
        return true;
    }

    return false;
}


/* By calls of the system that are not counted: none of these is to fail. */

static void
copy(const char *from, const char *to)
{
    int      in, out;
    char     buffer[65536];
    ssize_t  n;

    in = (int) syscall(SYS_openat, AT_FDCWD, from, O_RDONLY, 0);
    out = (int) syscall(SYS_openat, AT_FDCWD, to, O_WRONLY|O_CREAT|O_TRUNC,
                        0600);

    while (in != -1 && (n = read(in, buffer, sizeof(buffer))) > 0) {
        if (syscall(SYS_write, out, buffer, (size_t) n) != n) {
            abort();
        }
    }

    (void) close(in);
    (void) close(out);
}


/* What fsync() promises: DISK/content.INODE, and DISK/name.NAME -> INODE. */

static void
keep_content(int fd, ino_t inode)
{
    char  from[64], to[128];

    (void) snprintf(from, sizeof(from), "/proc/self/fd/%d", fd);
    (void) snprintf(to, sizeof(to), "%s/content.%lu", disk,
                    (unsigned long) inode);
    copy(from, to);
}


static void
keep_names(int fd)
{
    DIR            *dir;
    char            from[64], to[512];
    FILE           *file;
    struct dirent  *entry;

    (void) snprintf(from, sizeof(from), "/proc/self/fd/%d", fd);
    (void) snprintf(to, sizeof(to), "%s/names", disk);
    file = fopen(to, "w");
    dir = opendir(from);

    while ((entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] != '.') {
            fprintf(file, "%s %lu\n", entry->d_name,
                    (unsigned long) entry->d_ino);
        }
    }

    (void) closedir(dir);
    (void) fclose(file);
}


int
fsync(int fd)
{
    bool         after;
    struct stat  st;

    if (fault_before(&after, EIO)) {
        return -1;
    }

    if (disk[0] != '\0' && fstat(fd, &st) == 0) {
        if (S_ISDIR(st.st_mode)) {
            keep_names(fd);
        } else {
            keep_content(fd, st.st_ino);
        }
    }

    die_if(after);

    return 0;
}


ssize_t
write(int fd, const void *data, size_t size)
{
    bool     after;
    ssize_t  n;

    if (fault == FAULT_KILL_HALF && calls + 1 == fault_at) {
        (void) syscall(SYS_write, fd, data, size / 2);
        (void) raise(SIGKILL);
    }

    if (fault_before(&after, ENOSPC)) {
        return -1;
    }

    n = (ssize_t) syscall(SYS_write, fd, data, size);
    die_if(after);

    return n;
}


int
ftruncate(int fd, off_t size)
{
    int   rc;
    bool  after;

    if (fault_before(&after, EIO)) {
        return -1;
    }

    rc = (int) syscall(SYS_ftruncate, fd, size);
    die_if(after);

    return rc;
}


int
rename(const char *from, const char *to)
{
    int   rc;
    bool  after;

    if (fault_before(&after, EIO)) {
        return -1;
    }

    rc = (int) syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0);
    die_if(after);

    return rc;
}


int
posix_fallocate(int fd, off_t offset, off_t size)
{
    bool  after;

    if (fault_before(&after, ENOSPC)) {
        return ENOSPC;
    }

    if (syscall(SYS_fallocate, fd, 0, offset, size) != 0) {
        return errno;
    }

    die_if(after);

    return 0;
}


int
open(const char *name, int flags, ...)
{
    int          fd;
    bool         after;
    char         kept[128];
    mode_t       mode;
    va_list      args;
    struct stat  st;

    va_start(args, flags);
    mode = (flags & O_CREAT) ? va_arg(args, mode_t) : 0;
    va_end(args);

    after = false;

    if ((flags & O_CREAT) && fault_before(&after, ENOSPC)) {
        return -1;
    }

    fd = (int) syscall(SYS_openat, AT_FDCWD, name, flags, mode);

    /* another file may have had its inode */

    if (fd != -1 && (flags & O_EXCL) && disk[0] != '\0'
        && fstat(fd, &st) == 0)
    {
        (void) snprintf(kept, sizeof(kept), "%s/content.%lu", disk,
                        (unsigned long) st.st_ino);
        (void) unlink(kept);
    }

    die_if(after);

    return fd;
}


static unsigned
ramp(bench_t *b, unsigned hundredths)
{
    char  body[80];

    (void) snprintf(body, sizeof(body),
                    "{\"stage\":\"ramp\",\"percent\":%u.%02u}",
                    hundredths / 100, hundredths % 100);

    return patch(b, "one", body);
}


/* In a child: from nothing to FLIPS entries, with a journal that is short. */

static void
work(bench_t *b)
{
    unsigned  tries;
    uint64_t  seq;

    bench_restart(b);
    b->store.limit = 1;

    for (tries = 0; *acked < FLIPS && tries < 3 * FLIPS; tries++) {
        seq = b->store.state.head->seq;

        if (ramp(b, *acked + 1) == 0) {
            *acked = *acked + 1;

        } else if (b->store.inode == 0) {
            bench_restart(b);
            b->store.limit = 1;

        } else if (b->store.state.head->seq != seq) {
            _exit(3);                  /* it failed, and yet it was done */
        }
    }

    _exit(*acked == FLIPS ? 0 : 2);
}


/* Returns whether the child lived to the end. */

static bool
run_child(bench_t *b, fault_t what, unsigned at)
{
    int    status;
    pid_t  pid;

    *acked = 0;
    pid = fork();
    assert_int_not_equal(pid, -1);

    if (pid == 0) {
        fault = what;
        fault_at = at;
        work(b);
    }

    assert_int_equal(waitpid(pid, &status, 0), pid);

    if (WIFEXITED(status)) {
        if (WEXITSTATUS(status) != 0) {
            fail_msg("fault %d at call %u: exit %d", what, at,
                     WEXITSTATUS(status));
        }

        return true;
    }

    assert_int_equal(WTERMSIG(status), SIGKILL);

    return false;
}


/* What was acknowledged is in force, at most one more, and it goes on. */

static void
check(bench_t *b, const char *what, unsigned at)
{
    uint64_t  seq;

    bench_restart(b);
    seq = b->store.state.head->seq;

    if (b->store.error[0] != '\0' || seq < *acked || seq > *acked + 1
        || (seq != 0 && (uint64_t) effect(b, "one").setting.percent != seq))
    {
        fail_msg("%s, call %u: entry %lu is in force with %d, %u were "
                 "acknowledged; %s", what, at, (unsigned long) seq,
                 effect(b, "one").setting.percent, *acked, b->store.error);
    }

    assert_int_equal(ramp(b, (unsigned) seq + 1), 0);
    assert_int_equal(b->store.state.head->seq, seq + 1);
    assert_int_equal(post(b, seq == 0 ? "{\"reset\":[\"one\"]}"
                                      : "{\"changes\":[{\"route\":\"one\","
                                        "\"stage\":\"live\"}]}"), 0);
}


static void
clear(bench_t *b)
{
    (void) unlink(bench_path(b, "live"));
    (void) unlink(bench_path(b, "journal.jsonl"));
    (void) unlink(bench_path(b, "journal.jsonl.new"));
}


static void
test_killed(void **state)
{
    bool      lived;
    unsigned  at;
    bench_t   b;

    static const fault_t  faults[] = {
        FAULT_KILL_BEFORE, FAULT_KILL_AFTER, FAULT_KILL_HALF
    };

    (void) state;

    bench_init(&b);

    for (size_t i = 0; i < FIG_NELTS(faults); i++) {
        for (at = 1, lived = false; !lived; at++) {
            clear(&b);
            lived = run_child(&b, faults[i], at);
            check(&b, "killed", at);

            if (faults[i] == FAULT_KILL_HALF && at < 200) {
                lived = false;         /* other calls are passed over */
            }
        }

        assert_true(at > 40);
    }

    bench_release(&b);
}


/* Each call fails once; it is told, and the next try does what is asked. */

static void
test_failed(void **state)
{
    unsigned  at;
    bench_t   b;

    (void) state;

    bench_init(&b);

    for (at = 1; at < 150; at++) {
        clear(&b);
        assert_true(run_child(&b, FAULT_ERROR, at));
        check(&b, "failed", at);
    }

    bench_release(&b);
}


/* The directory as it is after a power cut. */

static void
cut_power(bench_t *b, unsigned how)
{
    int            n;
    char           name[60], from[128], to[128];
    FILE          *names;
    struct stat    st;
    unsigned long  inode;

    (void) snprintf(from, sizeof(from), "%s/old.live", disk);
    copy(bench_path(b, "live"), from);
    n = stat(from, &st) == 0 && st.st_size != 0;
    clear(b);

    (void) snprintf(from, sizeof(from), "%s/names", disk);
    names = fopen(from, "r");

    while (names != NULL && fscanf(names, "%59s %lu", name, &inode) == 2) {
        if (strcmp(name, "live") == 0) {
            continue;
        }

        (void) snprintf(from, sizeof(from), "%s/content.%lu", disk, inode);
        (void) snprintf(to, sizeof(to), "%s/%s", b->dir, name);
        copy(from, to);

        if (how % 2 == 1 && strcmp(name, "journal.jsonl") == 0) {
            bench_write(b, name, "a", "{\"v\":1,\0\0\0\0\0\0\0\0\n", 16);
        }
    }

    if (names != NULL) {
        (void) fclose(names);
    }

    /* of the image, all, only its head, only its slots, or nothing */

    if (n && how / 2 != 0) {
        (void) snprintf(from, sizeof(from), "%s/old.live", disk);
        copy(from, bench_path(b, "live"));
        n = open(b->path, O_RDWR);
        assert_int_not_equal(n, -1);

        if (how / 2 == 2) {
            assert_int_equal(ftruncate(n, FIG_STATE_PAGE), 0);
            assert_int_equal(ftruncate(n, st.st_size), 0);

        } else if (how / 2 == 3) {
            memset(name, 0, sizeof(name));
            assert_int_equal(pwrite(n, name, sizeof(name), 0), sizeof(name));
        }

        (void) close(n);
    }
}


static void
test_power_cut(void **state)
{
    bool      lived;
    char      kept[80];
    unsigned  at, how;
    bench_t   b;

    (void) state;

    bench_init(&b);
    (void) snprintf(kept, sizeof(kept), "%s/disk", b.dir);

    for (at = 1, lived = false; !lived; at++) {
        for (how = at % 5; how < 16; how += 5) {
            clear(&b);
            bench_remove(kept);
            assert_int_equal(mkdir(kept, 0700), 0);
            strcpy(disk, kept);
            lived = run_child(&b, how / 8 ? FAULT_KILL_BEFORE
                                          : FAULT_KILL_AFTER, at);
            cut_power(&b, how % 8);
            disk[0] = '\0';
            check(&b, "power cut", at);
        }
    }

    assert_true(at > 40);
    bench_release(&b);
}


/*
 * Readers see three routes flipped together, never apart, while writers are
 * killed in the middle of it.
 */

static void
write_on(bench_t *b, unsigned value)
{
    char  body[400];

    for ( ;; ) {
        value = value % 9000 + 1;
        (void) snprintf(body, sizeof(body), "{\"changes\":["
                        "{\"route\":\"one\",\"stage\":\"ramp\","
                        "\"percent\":%u.%02u},"
                        "{\"route\":\"two\",\"stage\":\"ramp\","
                        "\"percent\":%u.%02u},"
                        "{\"route\":\"six\",\"stage\":\"ramp\","
                        "\"percent\":%u.%02u}]}", value / 100, value % 100,
                        value / 100, value % 100, value / 100, value % 100);

        if (post(b, body) != 0) {
            _exit(1);
        }

        if (b->flipped.entry.seq > *acked) {
            __atomic_store_n(acked, (unsigned) b->flipped.entry.seq,
                             __ATOMIC_RELEASE);
        }

        fig_arena_destroy(b->arena);
        b->arena = fig_arena_create();
        b->flipper.arena = b->arena;
    }
}


/* One look; what had been acknowledged before it is in it. */

static void
look(bench_t *b)
{
    uint32_t     i, n;
    uint64_t     seq, epoch, least;
    fig_slot_t  *slots;

    least = __atomic_load_n(acked, __ATOMIC_ACQUIRE);

    /* a writer may have been put aside in the middle, and is not waited for */

    for (i = 0; !fig_store_changes(&b->store, 0, UINT64_MAX, &slots, &n, &seq,
                                   &epoch); i++)
    {
        assert_true(i < 10000);
        usleep(1000);
    }

    assert_true(seq >= least);
    assert_true(n == 0 || n == 3);

    for (i = 1; i < n; i++) {
        assert_int_equal(slots[i].percent, slots[0].percent);
        assert_int_equal(slots[i].seq, slots[0].seq);
    }

    free(slots);
}


static void
test_readers(void **state)
{
    int       status;
    pid_t     pids[2];
    bench_t   b;
    unsigned  round, i, reads, random;

    (void) state;

    bench_init(&b);
    bench_rules(&b, RULES_THREE);
    b.store.limit = 20000;
    *acked = 0;
    random = 1;

    for (round = 0; round < 200; round++) {
        for (i = 0; i < 2; i++) {
            pids[i] = fork();
            assert_int_not_equal(pids[i], -1);

            if (pids[i] == 0) {
                write_on(&b, 4000 * i + round);
            }
        }

        random = random * 1103515245 + 12345;
        reads = random / 65536 % 300;

        for (i = 0; i < reads || (round < 3 && *acked == 0); i++) {
            look(&b);
        }

        for (i = 0; i < 2; i++) {
            assert_int_equal(kill(pids[i], SIGKILL), 0);
            assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
            assert_true(WIFSIGNALED(status));
            look(&b);
        }
    }

    assert_true(*acked > 0);
    bench_restart(&b);
    assert_int_equal(b.store.error[0], '\0');
    look(&b);
    bench_release(&b);
}


static int
setup(void **state)
{
    (void) state;

    acked = mmap(NULL, sizeof(unsigned), PROT_READ|PROT_WRITE,
                 MAP_SHARED|MAP_ANONYMOUS, -1, 0);

    return acked == MAP_FAILED;
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_killed),
        cmocka_unit_test(test_failed),
        cmocka_unit_test(test_power_cut),
        cmocka_unit_test(test_readers),
    };

    return cmocka_run_group_tests_name("crash", tests, setup, NULL);
}
