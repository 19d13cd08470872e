/*
 * The texts of a rules file and its includes, read once and kept together, so
 * that everybody who compiles a generation compiles the same bytes.
 *
 *     files[0]  the main file
 *     files[1..] included files, sorted within each glob, each file once
 *
 *     bundle    one flat block of bytes that holds all of it: what crosses
 *               from process to process and what is kept as last good rules
 */

#ifndef FIG_FILES_H
#define FIG_FILES_H

#include "fig_base.h"
#include "fig_diag.h"


#define FIG_FILES_MAX_SIZE  (32 * 1024 * 1024)


typedef struct fig_files_s  fig_files_t;


/*
 * Reads path and what its `include` names.  Blocking; any thread.  On failure
 * (unreadable, too large, an include that is no list of patterns or names a
 * missing file) FIG_INVALID with diagnostics; *files is then still set where
 * the main file could be read, because its name and globs are to be watched.
 * What else is wrong with the texts, fig_ruleset_create() tells.  Free with
 * fig_files_destroy().
 */
fig_status_t fig_files_read(const char *path, fig_files_t **files,
    fig_diags_t *diags);

/*
 * One text that is no file, for tests and for texts that arrive by network; it
 * cannot include others.  FIG_OK or FIG_NOMEM.
 */
fig_status_t fig_files_from_text(fig_str_t name, fig_str_t text,
    fig_files_t **files);

/* Unpacks a bundle; FIG_INVALID, without diagnostics, when it is damaged. */
fig_status_t fig_files_from_bundle(fig_str_t bundle, fig_files_t **files);

/* Bytes that fig_files_bundle() writes. */
size_t fig_files_bundle_size(const fig_files_t *files);

/* Writes the bundle to out, which has room for fig_files_bundle_size(). */
void fig_files_bundle(const fig_files_t *files, char *out);

/* Number of texts; name and text of the i-th, borrowed. */
size_t fig_files_count(const fig_files_t *files);
fig_str_t fig_files_name(const fig_files_t *files, size_t i);
fig_str_t fig_files_text(const fig_files_t *files, size_t i);

/* The same for fig_diags_set_source(); data is a const fig_files_t. */
bool fig_files_source(void *data, uint32_t file, fig_str_t *name,
    fig_str_t *text);

/* Whether what `include` names is among the texts. */
bool fig_files_has_includes(const fig_files_t *files);

/* A checksum of all names and texts (64 bits, not cryptographic). */
uint64_t fig_files_checksum(const fig_files_t *files);

/*
 * What the file system says of these files and globs now: device, inode, size,
 * mtime and ctime of every file, following links, and the list of names.  Two
 * equal signatures mean that nothing was changed in between.  A missing file
 * is part of the signature, not an error.  Blocking; any thread.
 */
uint64_t fig_files_signature(const fig_files_t *files);

/* NULL is allowed. */
void fig_files_destroy(fig_files_t *files);


#endif /* FIG_FILES_H */
