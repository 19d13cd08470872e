/*
 * Lines of a log, through zlib, which hands plain files through.
 *
 *     block   | line LF line LF the beginning of a li |
 *                       ^at                      ^    ^end
 *                                                last LF: what follows moves to
 *                                                the front of the next block
 */

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "fig_text.h"
#include "logfile.h"


#define CLI_BLOCK  (1024 * 1024)


struct cli_logfile_s {
    const char  *path;
    gzFile       gz;
    int          fd;
    double       size;                 /* of the file; 0: not known */
    bool         ended;
    bool         failed;
    bool         cut;                  /* the rest of a line is to be skipped */
    unsigned     blocks;
    size_t       at;
    size_t       end;
    char         block[CLI_BLOCK];
};


cli_logfile_t *
cli_logfile_open(const char *path)
{
    char            quoted[FIG_QUOTED];
    struct stat     st;
    cli_logfile_t  *file;

    file = cli_alloc(1, sizeof(cli_logfile_t));
    file->path = path;
    file->fd = (strcmp(path, "-") == 0) ? dup(STDIN_FILENO)
                                        : open(path, O_RDONLY | O_CLOEXEC);
    errno = (file->fd >= 0) ? 0 : errno;

    if (file->fd >= 0 && fstat(file->fd, &st) == 0) {

        if (S_ISDIR(st.st_mode)) {
            errno = EISDIR;

        } else if (S_ISREG(st.st_mode)) {
            file->size = (double) st.st_size;
        }
    }

    if (errno == 0) {
        file->gz = gzdopen(file->fd, "rb");
        errno = (file->gz != NULL) ? 0 : ENOMEM;
    }

    if (errno != 0) {
        cli_error("cannot read %s: %s",
                  fig_text_quote(fig_str_from(path), quoted), strerror(errno));

        if (file->fd >= 0) {
            close(file->fd);
        }

        free(file);

        return NULL;
    }

    gzbuffer(file->gz, 256 * 1024);

    return file;
}


void
cli_logfile_close(cli_logfile_t *file)
{
    gzclose_r(file->gz);
    free(file);
}


/* Keeps what was not read and fills the rest; false: nothing was added. */

static bool
cli_logfile_fill(cli_logfile_t *file)
{
    int          n, code;
    char         quoted[FIG_QUOTED];
    const char  *what;

    if (file->ended) {
        return false;
    }

    memmove(file->block, file->block + file->at, file->end - file->at);
    file->end -= file->at;
    file->at = 0;
    file->blocks++;

    n = gzread(file->gz, file->block + file->end,
               (unsigned) (CLI_BLOCK - file->end));
    what = gzerror(file->gz, &code);

    if (n > 0) {
        file->end += (size_t) n;
    } else {
        file->ended = true;
    }

    /* Z_BUF_ERROR: it ends in the middle of what was compressed */

    if (n < 0 || (n == 0 && code == Z_BUF_ERROR)) {
        what = (code == Z_ERRNO) ? strerror(errno) : what;
        cli_error("cannot read %s to its end: %s",
                  fig_text_quote(fig_str_from(file->path), quoted), what);
        file->failed = true;
    }

    return n > 0;
}


/* A line of all there is in the block, or of the last bytes of the file. */

static bool
cli_logfile_rest(cli_logfile_t *file, fig_str_t *line)
{
    *line = fig_str(file->block + file->at, file->end - file->at);
    file->cut = !file->ended;
    file->at = file->end;

    return line->len != 0;
}


/*
 * More bytes for a line that has no end yet.  False: there are none, or no room
 * for them; then what there is goes, unless it is the rest of what was cut.
 */

static bool
cli_logfile_more(cli_logfile_t *file)
{
    if (file->end - file->at < CLI_BLOCK && cli_logfile_fill(file)) {
        return true;
    }

    if (!file->cut || file->ended) {
        return false;
    }

    file->at = file->end;

    return true;
}


bool
cli_logfile_line(cli_logfile_t *file, fig_str_t *line)
{
    bool         skip;
    const char  *p, *lf;

    do {
        p = file->block + file->at;
        lf = memchr(p, '\n', file->end - file->at);

        while (lf == NULL) {

            if (!cli_logfile_more(file)) {
                return !file->cut && cli_logfile_rest(file, line);
            }

            p = file->block + file->at;
            lf = memchr(p, '\n', file->end - file->at);
        }

        *line = fig_str(p, (size_t) (lf - p));
        file->at += line->len + 1;
        skip = file->cut;
        file->cut = false;
    } while (skip);

    if (line->len != 0 && line->data[line->len - 1] == '\r') {
        line->len--;
    }

    return true;
}


bool
cli_logfile_failed(const cli_logfile_t *file)
{
    return file->failed;
}


double
cli_logfile_progress(const cli_logfile_t *file)
{
    off_t  at;

    at = gzoffset(file->gz);

    return (file->size > 0 && at >= 0) ? (double) at / file->size : -1;
}


unsigned
cli_logfile_blocks(const cli_logfile_t *file)
{
    return file->blocks;
}
