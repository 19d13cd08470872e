/*
 * Reading rules files: the main file, then what its `include` names, in the
 * order of the list and sorted by name within each glob.
 *
 *     /etc/strangler/rules.yaml      include: [routes.d/ *.yaml]
 *     /etc/strangler/routes.d/a.yaml
 *     /etc/strangler/routes.d/b.yaml
 *
 * A file is the same file when device and inode are: it is read once, whatever
 * names lead to it.  Of the texts only `include` is understood here.
 */

#define _GNU_SOURCE

#include "fig_files_data.h"
#include "fig_text.h"
#include "fig_yaml.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>


typedef struct {
    fig_files_t   *files;
    fig_diags_t   *diags;
    fig_pos_t      pos;                /* of the pattern; line 0: main file */
} fig_reading_t;


static fig_status_t
fig_reading_error(fig_reading_t *reading, const char *name, const char *what)
{
    char  quoted[FIG_QUOTED];

    if (reading->pos.line == 0) {
        fig_diags_addf(reading->diags, reading->pos, NULL, "cannot be read: %s",
                       what);

    } else {
        fig_diags_addf(reading->diags, reading->pos, NULL,
                       "%s cannot be read: %s",
                       fig_text_quote(fig_str_from(name), quoted), what);
    }

    return FIG_INVALID;
}


/* Reads an open regular file of at most room bytes into *text. */

static fig_status_t
fig_reading_slurp(fig_reading_t *reading, int fd, const char *name, size_t room,
    fig_str_t *text)
{
    char     *data, *grown;
    size_t    len, size;
    ssize_t   n;

    len = 0;
    size = 16 * 1024;
    data = NULL;

    do {
        if (data == NULL || len == size) {
            size *= 2;

            grown = realloc(data, size);
            if (grown == NULL) {
                free(data);
                return FIG_NOMEM;
            }

            data = grown;
        }

        n = read(fd, data + len, size - len);

        if (n > 0) {
            len += (size_t) n;
        }

    } while (len <= room && (n > 0 || (n < 0 && errno == EINTR)));

    *text = fig_str(data, len);

    if (len > room) {
        free(data);
        return fig_reading_error(reading, name,
                                 "the rules files are more than 32 MiB in all");
    }

    if (n < 0) {
        free(data);
        return fig_reading_error(reading, name, strerror(errno));
    }

    return FIG_OK;
}


static bool
fig_files_has(const fig_files_t *files, const struct stat *st)
{
    uint32_t  i;

    for (i = 0; i < files->nfiles; i++) {
        if (files->files[i].dev == st->st_dev
            && files->files[i].ino == st->st_ino)
        {
            return true;
        }
    }

    return false;
}


/* Reads name unless that file is there already. */

static fig_status_t
fig_reading_file(fig_reading_t *reading, const char *name)
{
    int            fd;
    fig_str_t      text;
    struct stat    st;
    fig_files_t   *files;
    fig_status_t   status;

    files = reading->files;

    /* not to be caught by a pipe that nobody writes to */

    fd = open(name, O_RDONLY|O_CLOEXEC|O_NONBLOCK|O_NOCTTY);
    if (fd == -1) {
        return fig_reading_error(reading, name, strerror(errno));
    }

    if (fstat(fd, &st) == -1) {
        status = fig_reading_error(reading, name, strerror(errno));

    } else if (!S_ISREG(st.st_mode)) {
        status = fig_reading_error(reading, name, "not a regular file");

    } else if (fig_files_has(files, &st)) {
        status = FIG_OK;

    } else {
        status = fig_reading_slurp(reading, fd, name,
                                   FIG_FILES_MAX_SIZE - files->total, &text);

        if (status == FIG_OK) {
            status = fig_files_take(files, fig_str_from(name), text);
        }

        if (status == FIG_OK) {
            files->files[files->nfiles - 1].dev = st.st_dev;
            files->files[files->nfiles - 1].ino = st.st_ino;
        }
    }

    close(fd);

    return status;
}


/*
 * The glob for a pattern of `include`: the main file's directory, in which
 * nothing is a wildcard, goes before a relative one.
 */

static fig_status_t
fig_files_join(fig_files_t *files, fig_str_t pattern)
{
    char          *joined, *p;
    size_t         i, dir;
    fig_str_t      main_name;
    fig_status_t   status;

    main_name = files->files[0].name;
    dir = 0;

    for (i = 0; i < main_name.len && pattern.data[0] != '/'; i++) {
        if (main_name.data[i] == '/') {
            dir = i + 1;
        }
    }

    joined = malloc(2 * dir + pattern.len + 1);
    if (joined == NULL) {
        return FIG_NOMEM;
    }

    p = joined;

    for (i = 0; i < dir; i++) {
        if (strchr("*?[]\\", main_name.data[i]) != NULL) {
            *p++ = '\\';
        }

        *p++ = main_name.data[i];
    }

    memcpy(p, pattern.data, pattern.len);
    p += pattern.len;

    status = fig_files_add_pattern(files,
                                   fig_str(joined, (size_t) (p - joined)));
    free(joined);

    return status;
}


static fig_status_t
fig_reading_glob(fig_reading_t *reading, fig_str_t pattern)
{
    int            rc;
    bool           wild;
    glob_t         found;
    size_t         i;
    fig_files_t   *files;
    fig_status_t   status;

    files = reading->files;

    if (fig_files_join(files, pattern) != FIG_OK) {
        return FIG_NOMEM;
    }

    wild = strpbrk(pattern.data, "*?[") != NULL;
    rc = fig_files_glob(files->patterns[files->npatterns - 1], &found);
    status = FIG_OK;

    if (rc == GLOB_NOSPACE) {
        status = FIG_NOMEM;

    } else if (rc == GLOB_NOMATCH && !wild) {
        status = fig_reading_error(reading, pattern.data,
                                   "no such file");

    } else if (rc != 0 && rc != GLOB_NOMATCH) {
        status = fig_reading_error(reading, pattern.data,
                                   "a directory is not readable");
    }

    for (i = 0; status != FIG_NOMEM && rc == 0 && i < found.gl_pathc; i++) {
        fig_status_t  one;

        one = fig_reading_file(reading, found.gl_pathv[i]);

        if (one != FIG_OK) {
            status = one;
        }
    }

    globfree(&found);

    return status;
}


static fig_status_t
fig_reading_pattern(fig_reading_t *reading, const fig_yaml_t *item)
{
    reading->pos = item->pos;

    if (item->kind == FIG_YAML_BAD) {
        return FIG_OK;
    }

    if (item->kind != FIG_YAML_TEXT || fig_yaml_is_null(item)
        || item->text.len == 0
        || memchr(item->text.data, '\0', item->text.len) != NULL)
    {
        fig_diags_add(reading->diags, item->pos,
                      "\"include\" must be a list of file names or globs",
                      "write [routes.d/*.yaml]");
        return FIG_INVALID;
    }

    return fig_reading_glob(reading, item->text);
}


static fig_status_t
fig_reading_include(fig_reading_t *reading, const fig_yaml_t *include)
{
    uint32_t      i;
    fig_status_t  status, one;

    if (include->kind == FIG_YAML_BAD) {
        return FIG_OK;
    }

    if (include->kind != FIG_YAML_LIST) {
        fig_diags_add(reading->diags, include->pos,
                      "\"include\" must be a list of file names or globs",
                      "write [routes.d/*.yaml]");
        return FIG_INVALID;
    }

    status = FIG_OK;

    for (i = 0; i < include->n; i++) {
        one = fig_reading_pattern(reading, include->items[i]);

        if (one == FIG_NOMEM) {
            return FIG_NOMEM;
        }

        if (one != FIG_OK) {
            status = one;
        }
    }

    return status;
}


/*
 * Finds `include` in the main file.  What is wrong with its YAML will be told
 * by whoever reads the whole of it.
 */

static fig_status_t
fig_reading_includes(fig_reading_t *reading)
{
    fig_str_t          text;
    fig_diags_t       *ignored;
    fig_arena_t       *arena;
    fig_status_t       status;
    const fig_yaml_t  *root, *include;

    text = reading->files->files[0].text;
    reading->files->has_includes = true;

    if (memmem(text.data, text.len, "include", 7) == NULL) {
        return FIG_OK;
    }

    arena = fig_arena_create();
    ignored = fig_diags_create();
    status = FIG_NOMEM;

    if (arena != NULL && ignored != NULL) {
        status = fig_yaml_parse(text, 0, arena, ignored, &root);
    }

    if (status != FIG_NOMEM) {
        status = FIG_OK;
        include = (root != NULL && root->kind == FIG_YAML_MAP)
                  ? fig_yaml_find(root, "include") : NULL;

        if (include != NULL) {
            status = fig_reading_include(reading, include);
        }
    }

    fig_diags_destroy(ignored);
    fig_arena_destroy(arena);

    return status;
}


/* Names a main file that could not be read. */

static bool
fig_files_path_source(void *data, uint32_t file, fig_str_t *name,
    fig_str_t *text)
{
    *name = fig_str_from(data);
    *text = fig_str("", 0);

    return file == 0;
}


fig_status_t
fig_files_read(const char *path, fig_files_t **files, fig_diags_t *diags)
{
    fig_status_t   status;
    fig_reading_t  reading;

    *files = NULL;

    memset(&reading, 0, sizeof(fig_reading_t));
    reading.diags = diags;
    reading.files = calloc(1, sizeof(fig_files_t));

    if (reading.files == NULL) {
        return FIG_NOMEM;
    }

    fig_diags_set_source(diags, fig_files_path_source, (void *) path);
    status = fig_reading_file(&reading, path);

    if (status == FIG_OK) {
        fig_diags_set_source(diags, fig_files_source, reading.files);
        status = fig_reading_includes(&reading);
    }

    fig_diags_set_source(diags, NULL, NULL);

    if (status == FIG_NOMEM || reading.files->nfiles == 0) {
        fig_files_destroy(reading.files);
        return status;
    }

    *files = reading.files;

    return status;
}
