/*
 * Insides of fig_files_t, shared by fig_files.c, which owns them,
 * fig_files_read.c, which fills them from the file system, and fig_bundle.c,
 * which packs them; private to rules/.
 */

#ifndef FIG_FILES_DATA_H
#define FIG_FILES_DATA_H

#include "fig_files.h"

#include <glob.h>
#include <sys/types.h>


typedef struct {
    fig_str_t     name;                /* heap, with a NUL */
    fig_str_t     text;                /* heap */
    dev_t         dev;                 /* of the file that was read */
    ino_t         ino;
} fig_file_t;


struct fig_files_s {
    uint32_t      nfiles;
    fig_file_t   *files;
    uint32_t      npatterns;
    fig_str_t    *patterns;            /* heap, with a NUL: globs from the root
                                          or the working directory */
    size_t        total;               /* bytes of all texts */
    bool          has_includes;
};


/* Appends a file or a pattern; takes copies.  FIG_OK or FIG_NOMEM. */
fig_status_t fig_files_add(fig_files_t *files, fig_str_t name, fig_str_t text);

/* As above, but takes over text (heap), which is freed on failure. */
fig_status_t fig_files_take(fig_files_t *files, fig_str_t name,
    fig_str_t text);

fig_status_t fig_files_add_pattern(fig_files_t *files, fig_str_t pattern);

/* glob(3) of a pattern above, sorted by bytes whatever the locale. */
int fig_files_glob(fig_str_t pattern, glob_t *found);

/* FNV-1a: goes on from hash over len bytes. */
uint64_t fig_files_hash(uint64_t hash, const void *data, size_t len);

#define FIG_FILES_HASH  UINT64_C(0xcbf29ce484222325)


#endif /* FIG_FILES_DATA_H */
