/*
 * The bytes of a journal; private to control/.
 *
 *     line LF line LF ... line LF [half a line]
 *
 * Reading one finds the good lines, what is torn off at its end - a line that
 * nobody was told of - and damage anywhere else.
 */

#ifndef FIG_JOURNAL_H
#define FIG_JOURNAL_H

#include "fig_store.h"


/* The whole file in memory; free data. */

typedef struct {
    char      *data;
    size_t     size;
    uint64_t   inode;
} fig_journal_t;

/* False with errno: it cannot be read.  ENOMEM: memory is out. */
bool fig_journal_read(int fd, uint64_t from, fig_journal_t *journal);


/* A walk through the lines of a journal. */

typedef struct {
    const fig_journal_t  *journal;
    size_t                at;
    uint64_t              number;      /* of the line, from 1 */
    fig_str_t             line;
    size_t                start;       /* of the line */
    bool                  whole;       /* it ends in LF */
} fig_lines_t;

void fig_lines_init(fig_lines_t *lines, const fig_journal_t *journal);

/* The next line, without its LF; false: there is none. */
bool fig_lines_next(fig_lines_t *lines);

/* The sequence number that a line says it has, without reading the rest. */
uint64_t fig_line_seq(fig_str_t line);


bool fig_line_is_snapshot(fig_str_t line);


/* Writes all; false with errno. */
bool fig_write_all(int fd, const char *data, size_t size);

/*
 * Replaces the journal by a snapshot of the state and its newest entries, of
 * about room bytes, and notes that in the image.  False with errno: the old one
 * is as it was, or the new one is in its place but may not be durable.
 */
bool fig_journal_compact(fig_txn_t *txn, size_t room);

/* A checksum of the last bytes before size: whether it is the same journal. */
uint32_t fig_journal_tail(int fd, uint64_t size);

/* Notes in the image how much of which journal it has. */
void fig_journal_note(const fig_txn_t *txn);

/*
 * Opens a file of the state directory; errno as open(2).  With O_CREAT it is a
 * regular file of the workers' user and nobody else's.
 */
int fig_store_open(const fig_store_t *store, const char *name, int flags);

/* The whole name of a file of the state directory; false: it is too long. */
bool fig_store_path(const fig_store_t *store, const char *name,
    char *out, size_t size);

/* Makes names in the directory durable; false with errno. */
bool fig_store_sync_dir(const fig_txn_t *txn);


#endif /* FIG_JOURNAL_H */
