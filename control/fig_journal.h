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
 * Replaces the journal by a snapshot of state and its newest entries, at most
 * about half of limit.  False with errno: the old one is as it was.
 */
bool fig_journal_compact(fig_txn_t *txn, int64_t now);

/* Opens a file of the state directory; errno as open(2). */
int fig_store_open(const fig_store_t *store, const char *name, int flags);

/* The whole name of a file of the state directory; false: it is too long. */
bool fig_store_path(const fig_store_t *store, const char *name,
    char *out, size_t size);

void fig_store_sync_dir(const fig_store_t *store);


#endif /* FIG_JOURNAL_H */
