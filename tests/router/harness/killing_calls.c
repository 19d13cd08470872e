/*
 * A death at a call that writes the journal, to be preloaded:
 *
 *     KILLING_FLAG=/path   when this file exists, the next such call that its
 *                          text names is the last one
 *
 * The text is `WHEN CALL WHOM`: before, after or half (of what is to be
 * written); write, fsync, ftruncate or rename; self, or all of the group, which
 * are the master and its workers.  The file is removed first, so that whoever
 * comes after goes on.
 */

#define _GNU_SOURCE

#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>


static char  killing_flag[256];


static void killing_init(void) __attribute__((constructor));


static void
killing_init(void)
{
    const char  *flag;

    /* nginx clears its environment */

    flag = getenv("KILLING_FLAG");

    if (flag != NULL && strlen(flag) < sizeof(killing_flag)) {
        strcpy(killing_flag, flag);
    }
}


static int
killing_is_journal(int fd)
{
    char     link[64], path[4096];
    ssize_t  n;

    (void) snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);

    n = readlink(link, path, sizeof(path) - 1);

    if (n <= 0) {
        return 0;
    }

    path[n] = '\0';

    return strstr(path, "/journal.jsonl") != NULL;
}


/* Whether this is the call; whom to kill is kept then. */

static int
killing_now(const char *when, const char *call, char whom[8])
{
    int      fd;
    char     text[64], moment[16], name[16];
    ssize_t  n;

    if (killing_flag[0] == '\0') {
        return 0;
    }

    fd = open(killing_flag, O_RDONLY|O_CLOEXEC);
    if (fd == -1) {
        return 0;
    }

    n = read(fd, text, sizeof(text) - 1);
    (void) close(fd);

    if (n <= 0) {
        return 0;
    }

    text[n] = '\0';

    return sscanf(text, "%15s %15s %7s", moment, name, whom) == 3
           && strcmp(moment, when) == 0
           && strcmp(name, call) == 0
           && unlink(killing_flag) == 0;
}


static void
killing_kill(const char *whom)
{
    (void) kill(strcmp(whom, "all") == 0 ? 0 : getpid(), SIGKILL);

    for ( ;; ) {
        (void) pause();
    }
}


static void
killing_at(const char *when, const char *call)
{
    char  whom[8];

    if (killing_now(when, call, whom)) {
        killing_kill(whom);
    }
}


ssize_t
write(int fd, const void *data, size_t size)
{
    int      mine;
    char     whom[8];
    ssize_t  n;

    static ssize_t (*next)(int, const void *, size_t);

    if (next == NULL) {
        *(void **) &next = dlsym(RTLD_NEXT, "write");
    }

    mine = killing_flag[0] != '\0' && size > 16 && killing_is_journal(fd);

    if (mine) {
        killing_at("before", "write");

        if (killing_now("half", "write", whom)) {
            (void) next(fd, data, size / 2);
            killing_kill(whom);
        }
    }

    n = next(fd, data, size);

    if (mine) {
        killing_at("after", "write");
    }

    return n;
}


int
fsync(int fd)
{
    int  mine, rc;

    static int (*next)(int);

    if (next == NULL) {
        *(void **) &next = dlsym(RTLD_NEXT, "fsync");
    }

    mine = killing_is_journal(fd);

    if (mine) {
        killing_at("before", "fsync");
    }

    rc = next(fd);

    if (mine) {
        killing_at("after", "fsync");
    }

    return rc;
}


int
ftruncate(int fd, off_t size)
{
    int  mine, rc;

    static int (*next)(int, off_t);

    if (next == NULL) {
        *(void **) &next = dlsym(RTLD_NEXT, "ftruncate64");
    }

    mine = killing_is_journal(fd);

    if (mine) {
        killing_at("before", "ftruncate");
    }

    rc = next(fd, size);

    if (mine) {
        killing_at("after", "ftruncate");
    }

    return rc;
}


int
ftruncate64(int fd, off64_t size)
{
    return ftruncate(fd, size);
}


int
rename(const char *from, const char *to)
{
    int  mine, rc;

    static int (*next)(const char *, const char *);

    if (next == NULL) {
        *(void **) &next = dlsym(RTLD_NEXT, "rename");
    }

    mine = strstr(to, "/journal.jsonl") != NULL;

    if (mine) {
        killing_at("before", "rename");
    }

    rc = next(from, to);

    if (mine) {
        killing_at("after", "rename");
    }

    return rc;
}
