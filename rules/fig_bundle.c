/*
 * Files as one block of bytes and back.  All numbers are little-endian:
 *
 *     "figrules" | version 4 | flags 4 | nfiles 4 | npatterns 4
 *       file:     name length 4 | text length 4 | name | text
 *       pattern:  length 4 | pattern
 *     checksum 8 of all bytes before
 */

#include "fig_files_data.h"

#include <stdlib.h>


#define FIG_BUNDLE_MAGIC     "figrules"
#define FIG_BUNDLE_VERSION   1
#define FIG_BUNDLE_INCLUDES  1         /* flag: has_includes */
#define FIG_BUNDLE_HEADER    24
#define FIG_BUNDLE_CHECKSUM  8


typedef struct {
    const char  *p;
    const char  *end;
    bool         damaged;
} fig_bundle_reader_t;


static char *
fig_bundle_put(char *p, uint64_t value, size_t n)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        *p++ = (char) (value >> (8 * i));
    }

    return p;
}


static char *
fig_bundle_put_str(char *p, fig_str_t str)
{
    memcpy(p, str.data, str.len);

    return p + str.len;
}


static uint64_t
fig_bundle_get(fig_bundle_reader_t *reader, size_t n)
{
    size_t    i;
    uint64_t  value;

    value = 0;

    if ((size_t) (reader->end - reader->p) < n) {
        reader->damaged = true;
        return 0;
    }

    for (i = 0; i < n; i++) {
        value |= (uint64_t) (unsigned char) *reader->p++ << (8 * i);
    }

    return value;
}


static fig_str_t
fig_bundle_get_str(fig_bundle_reader_t *reader, size_t len)
{
    fig_str_t  str;

    if ((size_t) (reader->end - reader->p) < len) {
        reader->damaged = true;
        return fig_str("", 0);
    }

    str = fig_str(reader->p, len);
    reader->p += len;

    return str;
}


size_t
fig_files_bundle_size(const fig_files_t *files)
{
    size_t    size;
    uint32_t  i;

    size = FIG_BUNDLE_HEADER + FIG_BUNDLE_CHECKSUM;

    for (i = 0; i < files->nfiles; i++) {
        size += 8 + files->files[i].name.len + files->files[i].text.len;
    }

    for (i = 0; i < files->npatterns; i++) {
        size += 4 + files->patterns[i].len;
    }

    return size;
}


void
fig_files_bundle(const fig_files_t *files, char *out)
{
    char      *p;
    uint32_t   i;

    p = fig_bundle_put_str(out, fig_str(FIG_BUNDLE_MAGIC, 8));
    p = fig_bundle_put(p, FIG_BUNDLE_VERSION, 4);
    p = fig_bundle_put(p, files->has_includes ? FIG_BUNDLE_INCLUDES : 0, 4);
    p = fig_bundle_put(p, files->nfiles, 4);
    p = fig_bundle_put(p, files->npatterns, 4);

    for (i = 0; i < files->nfiles; i++) {
        p = fig_bundle_put(p, files->files[i].name.len, 4);
        p = fig_bundle_put(p, files->files[i].text.len, 4);
        p = fig_bundle_put_str(p, files->files[i].name);
        p = fig_bundle_put_str(p, files->files[i].text);
    }

    for (i = 0; i < files->npatterns; i++) {
        p = fig_bundle_put(p, files->patterns[i].len, 4);
        p = fig_bundle_put_str(p, files->patterns[i]);
    }

    fig_bundle_put(p, fig_files_hash(FIG_FILES_HASH, out, (size_t) (p - out)),
                   FIG_BUNDLE_CHECKSUM);
}


static bool
fig_bundle_is_whole(fig_str_t bundle)
{
    fig_bundle_reader_t  reader;

    if (bundle.len < FIG_BUNDLE_HEADER + FIG_BUNDLE_CHECKSUM) {
        return false;
    }

    bundle.len -= FIG_BUNDLE_CHECKSUM;

    reader.p = bundle.data + bundle.len;
    reader.end = reader.p + FIG_BUNDLE_CHECKSUM;
    reader.damaged = false;

    return fig_bundle_get(&reader, FIG_BUNDLE_CHECKSUM)
               == fig_files_hash(FIG_FILES_HASH, bundle.data, bundle.len)
           && memcmp(bundle.data, FIG_BUNDLE_MAGIC, 8) == 0;
}


static fig_status_t
fig_bundle_get_file(fig_files_t *files, fig_bundle_reader_t *reader)
{
    size_t     name_len, text_len;
    fig_str_t  name, text;

    name_len = fig_bundle_get(reader, 4);
    text_len = fig_bundle_get(reader, 4);
    name = fig_bundle_get_str(reader, name_len);
    text = fig_bundle_get_str(reader, text_len);

    return reader->damaged ? FIG_INVALID : fig_files_add(files, name, text);
}


static fig_status_t
fig_bundle_get_pattern(fig_files_t *files, fig_bundle_reader_t *reader)
{
    size_t     len;
    fig_str_t  pattern;

    len = fig_bundle_get(reader, 4);
    pattern = fig_bundle_get_str(reader, len);

    return reader->damaged ? FIG_INVALID
                           : fig_files_add_pattern(files, pattern);
}


static fig_status_t
fig_bundle_read(fig_files_t *files, fig_bundle_reader_t *reader)
{
    uint64_t      nfiles, npatterns;
    fig_status_t  status;

    reader->p += 8;

    if (fig_bundle_get(reader, 4) != FIG_BUNDLE_VERSION) {
        return FIG_INVALID;
    }

    files->has_includes = (fig_bundle_get(reader, 4) == FIG_BUNDLE_INCLUDES);
    nfiles = fig_bundle_get(reader, 4);
    npatterns = fig_bundle_get(reader, 4);
    status = FIG_OK;

    while (nfiles-- > 0 && status == FIG_OK) {
        status = fig_bundle_get_file(files, reader);
    }

    while (npatterns-- > 0 && status == FIG_OK) {
        status = fig_bundle_get_pattern(files, reader);
    }

    if (status == FIG_OK && (files->nfiles == 0 || reader->p != reader->end)) {
        return FIG_INVALID;
    }

    return status;
}


fig_status_t
fig_files_from_bundle(fig_str_t bundle, fig_files_t **files)
{
    fig_status_t         status;
    fig_bundle_reader_t  reader;

    *files = NULL;

    if (!fig_bundle_is_whole(bundle)) {
        return FIG_INVALID;
    }

    *files = calloc(1, sizeof(fig_files_t));
    if (*files == NULL) {
        return FIG_NOMEM;
    }

    reader.p = bundle.data;
    reader.end = bundle.data + bundle.len - FIG_BUNDLE_CHECKSUM;
    reader.damaged = false;

    status = fig_bundle_read(*files, &reader);

    if (status != FIG_OK) {
        fig_files_destroy(*files);
        *files = NULL;
    }

    return status;
}
