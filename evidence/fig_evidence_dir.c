/*
 * Files of the directory, and the lock of all of it.
 *
 * The lock is asked for again and again, and not waited for: a process that was
 * stopped must not stop all others for as long as it stands still.
 */

#define _GNU_SOURCE

#include "fig_evidence_dir.h"
#include "fig_batch_pairs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>


#define FIG_EVIDENCE_SUFFIX  ".json"


bool
fig_evidence_fail(fig_evidence_t *evidence, const char *format, ...)
{
    int      error;
    va_list  args;

    error = errno;
    pthread_mutex_lock(&evidence->mutex);

    va_start(args, format);
    (void) vsnprintf(evidence->error, sizeof(evidence->error), format, args);
    va_end(args);

    pthread_mutex_unlock(&evidence->mutex);
    errno = error;

    return false;
}


void
fig_evidence_warn(fig_evidence_t *evidence, const char *format, ...)
{
    va_list  args;

    pthread_mutex_lock(&evidence->mutex);

    va_start(args, format);
    (void) vsnprintf(evidence->warning, sizeof(evidence->warning), format,
                     args);
    va_end(args);

    pthread_mutex_unlock(&evidence->mutex);
}


bool
fig_evidence_error(fig_evidence_t *evidence, char out[FIG_EVIDENCE_ERROR])
{
    pthread_mutex_lock(&evidence->mutex);
    memcpy(out, evidence->error, FIG_EVIDENCE_ERROR);
    pthread_mutex_unlock(&evidence->mutex);

    return out[0] != '\0';
}


bool
fig_evidence_warning(fig_evidence_t *evidence, char out[FIG_EVIDENCE_ERROR])
{
    pthread_mutex_lock(&evidence->mutex);
    memcpy(out, evidence->warning, FIG_EVIDENCE_ERROR);
    evidence->warning[0] = '\0';
    pthread_mutex_unlock(&evidence->mutex);

    return out[0] != '\0';
}


/* What root has made is the workers'; nobody else is to read it. */

static bool
fig_evidence_own(const fig_evidence_t *evidence, int fd, mode_t mode)
{
    bool         root;
    struct stat  st;

    if (fstat(fd, &st) == -1) {
        return false;
    }

    root = (geteuid() == 0);

    if (root && evidence->user != (uid_t) -1
        && (st.st_uid != evidence->user || st.st_gid != evidence->group))
    {
        /* a second name that somebody gave to a file of root's */

        if (S_ISREG(st.st_mode) && st.st_nlink > 1) {
            errno = EPERM;
            return false;
        }

        if (fchown(fd, evidence->user, evidence->group) == -1) {
            return false;
        }
    }

    return (st.st_mode & 07777) == mode
           || (!root && geteuid() != st.st_uid)
           || fchmod(fd, mode) == 0;
}


int
fig_evidence_dir(fig_evidence_t *evidence, bool make)
{
    int   fd, error;
    char  path[sizeof(evidence->state) + 16];

    (void) snprintf(path, sizeof(path), "%s/evidence", evidence->state);

    if (make && mkdir(path, 0700) == -1 && errno != EEXIST) {
        return -1;
    }

    fd = open(path, O_RDONLY|O_DIRECTORY|O_NOFOLLOW|O_CLOEXEC);

    if (fd == -1 || !make || fig_evidence_own(evidence, fd, 0700)) {
        return fd;
    }

    error = errno;
    (void) close(fd);
    errno = error;

    return -1;
}


static bool
fig_evidence_lock(int fd)
{
    int  ms;

    static const struct timespec  pause = { 0, 1000 * 1000 };

    for (ms = 5000; ms != 0; ms--) {
        if (flock(fd, LOCK_EX|LOCK_NB) == 0) {
            return true;
        }

        if (errno != EWOULDBLOCK && errno != EINTR) {
            return false;
        }

        (void) nanosleep(&pause, NULL);
    }

    return false;
}


static const char  fig_evidence_magic[8] = "FIGEVID1";


static bool
fig_evidence_put_head(fig_evidence_txn_t *txn)
{
    return pwrite(txn->lock, &txn->head, sizeof(fig_evidence_head_t), 0)
           == (ssize_t) sizeof(fig_evidence_head_t);
}


/*
 * The head as it is, or a new one, whose news are newer than any there have
 * been: unless somebody sets the clock back for weeks.
 */

static bool
fig_evidence_get_head(fig_evidence_txn_t *txn)
{
    ssize_t  n;

    n = pread(txn->lock, &txn->head, sizeof(fig_evidence_head_t), 0);

    if (n != (ssize_t) sizeof(fig_evidence_head_t)
        || memcmp(txn->head.magic, fig_evidence_magic,
                  sizeof(txn->head.magic)) != 0)
    {
        memset(&txn->head, 0, sizeof(fig_evidence_head_t));
        memcpy(txn->head.magic, fig_evidence_magic, sizeof(txn->head.magic));
        txn->head.seq = (uint64_t) time(NULL) * 1000;
        txn->head.doubt = 1;
    }

    return txn->head.doubt == 0 || fig_evidence_recount(txn);
}


bool
fig_evidence_begin(fig_evidence_t *evidence, fig_evidence_txn_t *txn)
{
    txn->evidence = evidence;
    txn->lock = -1;
    txn->dir = fig_evidence_dir(evidence, true);

    if (txn->dir == -1) {
        return fig_evidence_fail(evidence, "\"%.300s/evidence\" cannot be "
                                 "used: %s", evidence->state, strerror(errno));
    }

    txn->lock = openat(txn->dir, ".lock",
                       O_RDWR|O_CREAT|O_NOFOLLOW|O_NONBLOCK|O_CLOEXEC, 0600);

    if (txn->lock != -1 && fig_evidence_own(evidence, txn->lock, 0600)
        && fig_evidence_lock(txn->lock) && fig_evidence_get_head(txn))
    {
        pthread_mutex_lock(&evidence->mutex);
        evidence->error[0] = '\0';
        pthread_mutex_unlock(&evidence->mutex);
        return true;
    }

    (void) fig_evidence_fail(evidence, "\"%.300s/evidence/.lock\" cannot be "
                             "locked: %s", evidence->state,
                             errno == EWOULDBLOCK ? "somebody else has it"
                                                  : strerror(errno));
    fig_evidence_end(txn);

    return false;
}


void
fig_evidence_end(fig_evidence_txn_t *txn)
{
    if (txn->lock != -1) {
        (void) flock(txn->lock, LOCK_UN);
        (void) close(txn->lock);
    }

    (void) close(txn->dir);
}


size_t
fig_evidence_left(const fig_evidence_txn_t *txn)
{
    return (txn->head.total < FIG_CLASSES_TOTAL)
           ? FIG_CLASSES_TOTAL - (size_t) txn->head.total : 0;
}


void
fig_evidence_doubt(fig_evidence_txn_t *txn)
{
    txn->head.doubt = 1;
    (void) fig_evidence_put_head(txn);
}


void
fig_evidence_count(fig_evidence_txn_t *txn, size_t before, size_t after)
{
    txn->head.total += after;
    txn->head.total -= (before < txn->head.total) ? before : txn->head.total;
    txn->head.doubt = 0;
    (void) fig_evidence_put_head(txn);
}


bool
fig_evidence_recount(fig_evidence_txn_t *txn)
{
    int             fd;
    DIR            *dir;
    char           *head;
    size_t          len;
    struct dirent  *entry;

    fd = openat(txn->dir, ".", O_RDONLY|O_DIRECTORY|O_CLOEXEC);
    dir = (fd != -1) ? fdopendir(fd) : NULL;

    if (dir == NULL) {
        if (fd != -1) {
            (void) close(fd);
        }

        return false;
    }

    txn->head.total = 0;

    while ((entry = readdir(dir)) != NULL) {

        if (fig_evidence_file_route(entry->d_name).len != 0
            && fig_evidence_slurp(txn->dir, entry->d_name, FIG_RECORD_HEAD,
                                  false, &head, &len))
        {
            txn->head.total += fig_record_count(fig_str(head, len));
            free(head);
        }
    }

    (void) closedir(dir);
    txn->head.doubt = 0;

    return fig_evidence_put_head(txn);
}


void
fig_evidence_tell(fig_evidence_txn_t *txn, fig_str_t route,
    fig_news_kind_t kind, fig_verdict_t verdict, uint64_t id, uint64_t now)
{
    off_t       at;
    fig_news_t  news;

    memset(&news, 0, sizeof(fig_news_t));
    news.seq = txn->head.seq + 1;
    news.id = id;
    news.time = now;
    news.kind = (uint8_t) kind;
    news.verdict = (uint8_t) verdict;
    news.len = (uint8_t) route.len;
    memcpy(news.route, route.data, route.len);

    at = (off_t) (sizeof(fig_evidence_head_t)
                  + news.seq % FIG_EVIDENCE_NEWS * sizeof(fig_news_t));

    if (pwrite(txn->lock, &news, sizeof(fig_news_t), at)
        == (ssize_t) sizeof(fig_news_t))
    {
        txn->head.seq++;
        (void) fig_evidence_put_head(txn);
    }
}


static int
fig_evidence_open_news(fig_evidence_t *evidence, fig_evidence_head_t *head)
{
    int   fd;
    char  path[sizeof(evidence->state) + 32];

    (void) snprintf(path, sizeof(path), "%s/evidence/.lock", evidence->state);
    fd = open(path, O_RDONLY|O_NOFOLLOW|O_NONBLOCK|O_CLOEXEC);

    if (fd != -1
        && (pread(fd, head, sizeof(fig_evidence_head_t), 0)
            != (ssize_t) sizeof(fig_evidence_head_t)
            || memcmp(head->magic, fig_evidence_magic, sizeof(head->magic))
               != 0))
    {
        (void) close(fd);
        fd = -1;
    }

    return fd;
}


uint64_t
fig_evidence_last(fig_evidence_t *evidence)
{
    int                  fd;
    fig_evidence_head_t  head;

    fd = fig_evidence_open_news(evidence, &head);
    if (fd == -1) {
        return 0;
    }

    (void) close(fd);

    return head.seq;
}


size_t
fig_evidence_news(fig_evidence_t *evidence, uint64_t *seq, fig_news_t *news,
    size_t max)
{
    int                  fd;
    off_t                at;
    size_t               n;
    uint64_t             next;
    fig_evidence_head_t  head;

    fd = fig_evidence_open_news(evidence, &head);
    if (fd == -1) {
        return 0;
    }

    if (*seq > head.seq) {
        *seq = head.seq;
    }

    next = *seq + 1;

    if (head.seq >= FIG_EVIDENCE_NEWS
        && next <= head.seq - FIG_EVIDENCE_NEWS)
    {
        next = head.seq - FIG_EVIDENCE_NEWS + 1;
    }

    for (n = 0; next <= head.seq && n < max; next++) {
        at = (off_t) (sizeof(fig_evidence_head_t)
                      + next % FIG_EVIDENCE_NEWS * sizeof(fig_news_t));
        *seq = next;

        /* one that a writer has gone over is another one by now */

        if (pread(fd, &news[n], sizeof(fig_news_t), at)
            == (ssize_t) sizeof(fig_news_t)
            && news[n].seq == next && news[n].len < FIG_EVIDENCE_NAME)
        {
            n++;
        }
    }

    (void) close(fd);

    return n;
}


void
fig_evidence_file(fig_str_t route, char out[FIG_EVIDENCE_FILE])
{
    (void) snprintf(out, FIG_EVIDENCE_FILE, "%.*s" FIG_EVIDENCE_SUFFIX,
                    (int) route.len, route.data);
}


fig_str_t
fig_evidence_file_route(const char *file)
{
    size_t  len, suffix;

    len = strlen(file);
    suffix = sizeof(FIG_EVIDENCE_SUFFIX) - 1;

    if (len <= suffix
        || strcmp(file + len - suffix, FIG_EVIDENCE_SUFFIX) != 0
        || !fig_batch_is_name(fig_str(file, len - suffix)))
    {
        return fig_str("", 0);
    }

    return fig_str(file, len - suffix);
}


bool
fig_evidence_slurp(int dir, const char *file, size_t max, bool whole,
    char **data, size_t *len)
{
    int          fd, error;
    ssize_t      n;
    struct stat  st;

    fd = openat(dir, file, O_RDONLY|O_NOFOLLOW|O_NONBLOCK|O_CLOEXEC);
    if (fd == -1) {
        return false;
    }

    error = 0;
    *data = NULL;
    *len = 0;

    if (fstat(fd, &st) == -1) {
        error = errno;

    } else if (!S_ISREG(st.st_mode) || (whole && (size_t) st.st_size > max)) {
        error = EFBIG;

    } else {
        if ((size_t) st.st_size < max) {
            max = (size_t) st.st_size;
        }

        *data = malloc(max + 1);
        error = (*data == NULL) ? ENOMEM : 0;
    }

    while (error == 0 && *len < max) {
        n = pread(fd, *data + *len, max - *len, (off_t) *len);

        if (n == 0) {
            break;
        }

        if (n > 0) {
            *len += (size_t) n;

        } else if (errno != EINTR) {
            error = errno;
        }
    }

    (void) close(fd);

    if (error != 0) {
        free(*data);
        *data = NULL;
        errno = error;
    }

    return error == 0;
}


bool
fig_evidence_sync(const fig_evidence_txn_t *txn)
{
    return fsync(txn->dir) == 0 || errno == EINVAL;
}


bool
fig_evidence_replace(fig_evidence_txn_t *txn, const char *file,
    fig_str_t text, bool durable)
{
    int      fd, error;
    size_t   done;
    ssize_t  n;

    (void) unlinkat(txn->dir, ".tmp", 0);

    fd = openat(txn->dir, ".tmp",
                O_WRONLY|O_CREAT|O_EXCL|O_NOFOLLOW|O_CLOEXEC, 0600);
    if (fd == -1) {
        return false;
    }

    error = fig_evidence_own(txn->evidence, fd, 0600) ? 0 : errno;

    for (done = 0; error == 0 && done < text.len; /* void */) {
        n = write(fd, text.data + done, text.len - done);

        if (n > 0) {
            done += (size_t) n;

        } else if (n == 0 || errno != EINTR) {
            error = (n == 0) ? ENOSPC : errno;
        }
    }

    if (error == 0 && durable && fsync(fd) == -1) {
        error = errno;
    }

    (void) close(fd);

    if (error == 0 && renameat(txn->dir, ".tmp", txn->dir, file) == -1) {
        error = errno;
    }

    if (error == 0 && durable && !fig_evidence_sync(txn)) {
        return false;                  /* it is there, for how long? */
    }

    if (error != 0) {
        (void) unlinkat(txn->dir, ".tmp", 0);
        errno = error;
        return false;
    }

    return true;
}
