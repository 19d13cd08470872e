/*
 * The texts of a rules file and its includes, once they are there: names,
 * checksum, and what the file system says of them.  fig_files_read.c reads
 * them, fig_bundle.c packs them.
 */

#define _GNU_SOURCE

#include "fig_files_data.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>


static fig_str_t
fig_files_copy(fig_str_t str)
{
    char  *p;

    p = malloc(str.len + 1);
    if (p == NULL) {
        return fig_str(NULL, 0);
    }

    if (str.len != 0) {
        memcpy(p, str.data, str.len);
    }

    p[str.len] = '\0';

    return fig_str(p, str.len);
}


static void
fig_files_free(fig_str_t str)
{
    free((char *) str.data);
}


/* Makes room for one more in an array of n that grows by doubling. */

static bool
fig_files_grow(void *array, uint32_t n, size_t size)
{
    void  *grown, **place;

    if ((n & (n - 1)) != 0) {
        return true;
    }

    place = array;

    grown = realloc(*place, (n == 0 ? 1 : (size_t) n * 2) * size);
    if (grown == NULL) {
        return false;
    }

    *place = grown;

    return true;
}


fig_status_t
fig_files_take(fig_files_t *files, fig_str_t name, fig_str_t text)
{
    fig_file_t  *file;

    name = fig_files_copy(name);

    if (name.data == NULL
        || !fig_files_grow(&files->files, files->nfiles, sizeof(fig_file_t)))
    {
        fig_files_free(name);
        fig_files_free(text);
        return FIG_NOMEM;
    }

    file = &files->files[files->nfiles++];
    memset(file, 0, sizeof(fig_file_t));
    file->name = name;
    file->text = text;
    files->total += text.len;

    return FIG_OK;
}


fig_status_t
fig_files_add(fig_files_t *files, fig_str_t name, fig_str_t text)
{
    text = fig_files_copy(text);

    return text.data == NULL ? FIG_NOMEM : fig_files_take(files, name, text);
}


fig_status_t
fig_files_add_pattern(fig_files_t *files, fig_str_t pattern)
{
    pattern = fig_files_copy(pattern);

    if (pattern.data == NULL
        || !fig_files_grow(&files->patterns, files->npatterns,
                           sizeof(fig_str_t)))
    {
        fig_files_free(pattern);
        return FIG_NOMEM;
    }

    files->patterns[files->npatterns++] = pattern;

    return FIG_OK;
}


fig_status_t
fig_files_from_text(fig_str_t name, fig_str_t text, fig_files_t **files)
{
    *files = calloc(1, sizeof(fig_files_t));

    if (*files == NULL || fig_files_add(*files, name, text) != FIG_OK) {
        fig_files_destroy(*files);
        *files = NULL;
        return FIG_NOMEM;
    }

    return FIG_OK;
}


size_t
fig_files_count(const fig_files_t *files)
{
    return files->nfiles;
}


fig_str_t
fig_files_name(const fig_files_t *files, size_t i)
{
    return files->files[i].name;
}


fig_str_t
fig_files_text(const fig_files_t *files, size_t i)
{
    return files->files[i].text;
}


bool
fig_files_source(void *data, uint32_t file, fig_str_t *name, fig_str_t *text)
{
    const fig_files_t  *files = data;

    if (file >= files->nfiles) {
        return false;
    }

    *name = files->files[file].name;
    *text = files->files[file].text;

    return true;
}


bool
fig_files_has_includes(const fig_files_t *files)
{
    return files->has_includes;
}


uint64_t
fig_files_hash(uint64_t hash, const void *data, size_t len)
{
    size_t                i;
    const unsigned char  *p;

    p = data;

    for (i = 0; i < len; i++) {
        hash = (hash ^ p[i]) * UINT64_C(0x100000001b3);
    }

    return hash;
}


static uint64_t
fig_files_hash_str(uint64_t hash, fig_str_t str)
{
    uint64_t  len;

    len = str.len;
    hash = fig_files_hash(hash, &len, sizeof(len));

    return fig_files_hash(hash, str.data, str.len);
}


uint64_t
fig_files_checksum(const fig_files_t *files)
{
    uint32_t  i;
    uint64_t  hash;

    hash = FIG_FILES_HASH;

    for (i = 0; i < files->nfiles; i++) {
        hash = fig_files_hash_str(hash, files->files[i].name);
        hash = fig_files_hash_str(hash, files->files[i].text);
    }

    return hash;
}


/* A directory that is not there matches nothing; one not readable is wrong. */

static int
fig_files_glob_error(const char *path, int error)
{
    (void) path;

    return error != ENOENT && error != ENOTDIR;
}


static int
fig_files_compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *) a, *(char *const *) b);
}


int
fig_files_glob(fig_str_t pattern, glob_t *found)
{
    int  rc;

    memset(found, 0, sizeof(glob_t));
    rc = glob(pattern.data, GLOB_NOSORT, fig_files_glob_error, found);

    if (rc == GLOB_ABORTED && errno == ENOMEM) {
        return GLOB_NOSPACE;
    }

    if (rc == 0) {
        qsort(found->gl_pathv, found->gl_pathc, sizeof(char *),
              fig_files_compare_names);
    }

    return rc;
}


static uint64_t
fig_files_hash_stat(uint64_t hash, const char *name)
{
    uint64_t     facts[7];
    struct stat  st;

    memset(facts, 0, sizeof(facts));

    if (stat(name, &st) == 0) {
        facts[0] = (uint64_t) st.st_dev;
        facts[1] = (uint64_t) st.st_ino;
        facts[2] = (uint64_t) st.st_size;
        facts[3] = (uint64_t) st.st_mtim.tv_sec;
        facts[4] = (uint64_t) st.st_mtim.tv_nsec;
        facts[5] = (uint64_t) st.st_ctim.tv_sec;
        facts[6] = (uint64_t) st.st_ctim.tv_nsec;
    }

    hash = fig_files_hash_str(hash, fig_str_from(name));

    return fig_files_hash(hash, facts, sizeof(facts));
}


uint64_t
fig_files_signature(const fig_files_t *files)
{
    int       rc;
    glob_t    found;
    size_t    j;
    uint32_t  i;
    uint64_t  hash;

    hash = fig_files_hash_stat(FIG_FILES_HASH, files->files[0].name.data);

    for (i = 0; i < files->npatterns; i++) {
        rc = fig_files_glob(files->patterns[i], &found);
        hash = fig_files_hash(hash, &rc, sizeof(rc));

        for (j = 0; rc == 0 && j < found.gl_pathc; j++) {
            hash = fig_files_hash_stat(hash, found.gl_pathv[j]);
        }

        globfree(&found);
    }

    return hash;
}


void
fig_files_destroy(fig_files_t *files)
{
    uint32_t  i;

    if (files == NULL) {
        return;
    }

    for (i = 0; i < files->nfiles; i++) {
        fig_files_free(files->files[i].name);
        fig_files_free(files->files[i].text);
    }

    for (i = 0; i < files->npatterns; i++) {
        fig_files_free(files->patterns[i]);
    }

    free(files->files);
    free(files->patterns);
    free(files);
}
