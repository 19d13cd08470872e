/*
 * Reading a journal line by line, and beginning it anew when it has grown.
 *
 *     journal.jsonl.new: snapshot, newest lines; fsync; rename; fsync of the
 *     directory
 */

#define _GNU_SOURCE

#include "fig_txn.h"

#include "fig_line.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>


#define FIG_JOURNAL_MAX  (256 * 1024 * 1024)   /* none of ours is that long */


bool
fig_write_all(int fd, const char *data, size_t size)
{
    size_t   done;
    ssize_t  n;

    for (done = 0; done < size; done += (size_t) n) {
        n = write(fd, data + done, size - done);

        if (n == -1 && errno == EINTR) {
            n = 0;

        } else if (n <= 0) {
            errno = (n == 0) ? ENOSPC : errno;
            return false;
        }
    }

    return true;
}


bool
fig_journal_read(int fd, uint64_t from, fig_journal_t *journal)
{
    ssize_t      n;
    struct stat  st;

    memset(journal, 0, sizeof(fig_journal_t));

    if (fstat(fd, &st) == -1) {
        return false;
    }

    if (!S_ISREG(st.st_mode) || (uint64_t) st.st_size < from
        || st.st_size > FIG_JOURNAL_MAX)
    {
        errno = EINVAL;
        return false;
    }

    journal->inode = st.st_ino;
    journal->size = (size_t) ((uint64_t) st.st_size - from);

    journal->data = malloc(journal->size + 1);
    if (journal->data == NULL) {
        errno = ENOMEM;
        return false;
    }

    for (size_t done = 0; done < journal->size; done += (size_t) n) {
        n = pread(fd, journal->data + done, journal->size - done,
                  (off_t) (from + done));

        if (n == 0) {                  /* it has become shorter */
            journal->size = done;
            break;
        }

        if (n == -1 && errno == EINTR) {
            n = 0;

        } else if (n == -1) {
            free(journal->data);
            journal->data = NULL;
            return false;
        }
    }

    return true;
}


void
fig_lines_init(fig_lines_t *lines, const fig_journal_t *journal)
{
    memset(lines, 0, sizeof(fig_lines_t));
    lines->journal = journal;
}


bool
fig_lines_next(fig_lines_t *lines)
{
    size_t       left;
    const char  *start, *end;

    left = lines->journal->size - lines->at;

    if (left == 0) {
        return false;
    }

    start = lines->journal->data + lines->at;
    end = memchr(start, '\n', left);

    lines->whole = (end != NULL);
    lines->start = lines->at;
    lines->line = fig_str(start, end != NULL ? (size_t) (end - start) : left);
    lines->at += lines->line.len + (end != NULL);
    lines->number++;

    return true;
}


uint64_t
fig_line_seq(fig_str_t line)
{
    size_t    i;
    uint64_t  seq;

    static const char  head[] = "{\"v\":1,\"seq\":";

    if (line.len < sizeof(head)
        || memcmp(line.data, head, sizeof(head) - 1) != 0)
    {
        return 0;
    }

    seq = 0;

    for (i = sizeof(head) - 1; i < line.len && i < sizeof(head) + 18; i++) {
        if (line.data[i] < '0' || line.data[i] > '9') {
            break;
        }

        seq = seq * 10 + (uint64_t) (line.data[i] - '0');
    }

    return seq;
}


bool
fig_line_is_snapshot(fig_str_t line)
{
    static const char  mark[] = "\"kind\":\"snapshot\",\"actor\":";

    /* it stands behind numbers and a time, before all that others chose */

    return memmem(line.data, line.len < 128 ? line.len : 128, mark,
                  sizeof(mark) - 1) != NULL;
}


bool
fig_store_path(const fig_store_t *store, const char *name, char *out,
    size_t size)
{
    int  n;

    n = snprintf(out, size, "%s/%s", store->dir, name);

    return n > 0 && (size_t) n < size;
}


/*
 * Whoever made a file, the workers' user is to write it, and nobody else.  A
 * second name that somebody has given to a file of root's is none of ours.
 */

static bool
fig_store_own(const fig_store_t *store, int fd)
{
    bool         root, other;
    struct stat  st;

    if (fstat(fd, &st) == -1) {
        return false;
    }

    if (!S_ISREG(st.st_mode)) {
        errno = EINVAL;
        return false;
    }

    root = (geteuid() == 0);
    other = root && store->user != (uid_t) -1
            && (st.st_uid != store->user || st.st_gid != store->group);

    if (other && st.st_nlink > 1) {
        errno = EPERM;
        return false;
    }

    if (other && fchown(fd, store->user, store->group) == -1) {
        return false;
    }

    return (st.st_mode & 07777) == 0600
           || (!root && geteuid() != st.st_uid)
           || fchmod(fd, 0600) == 0;
}


int
fig_store_open(const fig_store_t *store, const char *name, int flags)
{
    int   fd, error;
    char  path[sizeof(store->dir) + 64];

    if (!fig_store_path(store, name, path, sizeof(path))) {
        errno = ENAMETOOLONG;
        return -1;
    }

    /* O_NONBLOCK: a pipe in its place is not to be waited for */

    fd = open(path, flags|O_CLOEXEC|O_NOFOLLOW|O_NONBLOCK, 0600);

    if (fd == -1 || (flags & O_CREAT) == 0 || fig_store_own(store, fd)) {
        return fd;
    }

    error = errno;
    (void) close(fd);
    errno = error;

    return -1;
}


bool
fig_store_sync_dir(const fig_txn_t *txn)
{
    int  fd, rc, error;

    fd = open(txn->store->dir, O_RDONLY|O_DIRECTORY|O_CLOEXEC);

    if (fd == -1) {

        /* one that cannot be read can only be written with all the rest */

        return txn->journal != -1 && syncfs(txn->journal) == 0;
    }

    rc = fsync(fd);
    error = errno;
    (void) close(fd);
    errno = error;

    return rc == 0 || error == EINVAL;     /* it cannot be asked for */
}


#define FIG_JOURNAL_TAIL  64           /* the checksum of a line, and more */

uint32_t
fig_journal_tail(int fd, uint64_t size)
{
    char     tail[FIG_JOURNAL_TAIL];
    size_t   len;
    ssize_t  n;

    len = (size < sizeof(tail)) ? (size_t) size : sizeof(tail);
    n = pread(fd, tail, len, (off_t) (size - len));

    return (n == (ssize_t) len) ? fig_entry_sum(tail, len) : ~(uint32_t) 0;
}


void
fig_journal_note(const fig_txn_t *txn)
{
    fig_state_head_t  *head;

    head = txn->store->state.head;

    head->journal = txn->inode;
    head->applied = txn->size;
    head->tail = fig_journal_tail(txn->journal, txn->size);
}


/* The state as an entry. */

static bool
fig_journal_snapshot(const fig_state_t *state, int64_t now,
    fig_json_out_t *out)
{
    bool          all;
    uint32_t      i;
    fig_entry_t   entry;

    memset(&entry, 0, sizeof(fig_entry_t));
    entry.kind = FIG_ENTRY_SNAPSHOT;
    entry.seq = state->head->seq;
    entry.time = now;
    entry.actor = fig_str_from("compaction");
    entry.reason = fig_str_from("");
    entry.nleases = state->head->nleases;
    entry.leases = state->head->leases;

    entry.moved = calloc((size_t) state->head->nslots + 1,
                         sizeof(fig_moved_t));
    if (entry.moved == NULL) {
        return false;
    }

    /* one that says nothing has a number still, for `if_seq` */

    all = (state->head->nslots <= FIG_STATE_SLOTS / 2);

    for (i = 0; i < state->head->nslots; i++) {
        if (all || state->slots[i].flags != 0) {
            entry.moved[entry.nmoved].slot = state->slots[i];
            entry.moved[entry.nmoved].percent = FIG_UNSET;
            entry.nmoved++;
        }
    }

    fig_entry_encode(&entry, out);
    free(entry.moved);

    return !out->nomem;
}


/*
 * Copies the newest lines, as many as have room but always the last, as it is
 * the one to be undone; and those that a lease needs when it ends.
 */

static bool
fig_journal_copy(int fd, const fig_journal_t *journal, size_t room,
    const fig_state_t *state)
{
    fig_lines_t  lines;

    fig_lines_init(&lines, journal);

    while (fig_lines_next(&lines)) {

        if (!lines.whole || fig_line_is_snapshot(lines.line)
            || (journal->size - lines.start > room
                && lines.at != journal->size
                && !fig_state_is_leased(state, fig_line_seq(lines.line))))
        {
            continue;
        }

        if (!fig_write_all(fd, lines.line.data, lines.line.len + 1)) {
            return false;
        }
    }

    return true;
}


static bool
fig_journal_rewrite(fig_txn_t *txn, int fd, size_t room)
{
    bool              good;
    fig_journal_t     journal;
    fig_json_out_t    out;
    fig_state_t      *state;

    state = &txn->store->state;

    if (!fig_journal_read(txn->journal, 0, &journal)) {
        return false;
    }

    journal.size = (size_t) txn->size < journal.size ? (size_t) txn->size
                                                     : journal.size;
    fig_json_out_init(&out);

    good = fig_journal_snapshot(state, fig_time_now(), &out)
           && fig_write_all(fd, out.data, out.len)
           && fig_journal_copy(fd, &journal, room, state);

    fig_json_out_release(&out);
    free(journal.data);

    return good && fsync(fd) == 0;
}


bool
fig_journal_compact(fig_txn_t *txn, size_t room)
{
    int          fd, error;
    char         path[sizeof(txn->store->dir) + 64];
    char         tmp[sizeof(txn->store->dir) + 64];
    struct stat  st;

    if (!fig_store_path(txn->store, "journal.jsonl", path, sizeof(path))
        || !fig_store_path(txn->store, "journal.jsonl.new", tmp, sizeof(tmp)))
    {
        errno = ENAMETOOLONG;
        return false;
    }

    (void) unlink(tmp);

    fd = fig_store_open(txn->store, "journal.jsonl.new",
                        O_RDWR|O_CREAT|O_EXCL|O_APPEND);
    if (fd == -1) {
        return false;
    }

    if (!fig_journal_rewrite(txn, fd, room)
        || fstat(fd, &st) == -1
        || rename(tmp, path) == -1)
    {
        error = errno;
        (void) unlink(tmp);
        (void) close(fd);
        errno = error;
        return false;
    }

    (void) close(txn->journal);
    txn->journal = fd;
    txn->inode = (uint64_t) st.st_ino;
    txn->size = (uint64_t) st.st_size;
    txn->unfinished = false;

    /* an image that has not heard of it is made anew from it, and syncs too */

    if (!fig_store_sync_dir(txn)) {
        txn->unsynced = true;
        return false;
    }

    txn->unsynced = false;

    fig_state_begin(&txn->store->state, false);
    fig_journal_note(txn);
    txn->store->state.head->suspect = 0;
    fig_state_end(&txn->store->state, txn->store->state.head->seq);

    return true;
}
