/*
 * Reading the journal as history.
 *
 * No lock is taken: lines are only ever appended, and a journal that begins
 * anew is another file.
 */

#define _GNU_SOURCE

#include "fig_journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>


/* Whether to go on. */

static bool
fig_history_line(const fig_lines_t *lines, fig_visit_pt visit, void *data,
    bool *nomem)
{
    bool           more;
    const char    *why;
    fig_arena_t   *arena;
    fig_entry_t    entry;
    fig_status_t   status;

    arena = fig_arena_create();
    if (arena == NULL) {
        *nomem = true;
        return false;
    }

    more = true;
    status = fig_entry_decode(lines->line, arena, &entry, &why);

    if (status == FIG_NOMEM) {
        *nomem = true;
        more = false;

    } else if (status == FIG_OK) {
        more = visit(data, &entry);
    }

    fig_arena_destroy(arena);

    return more;
}


static fig_status_t
fig_history_read(fig_store_t *store, fig_journal_t *journal)
{
    int   fd;
    bool  good, nomem;

    fd = fig_store_open(store, "journal.jsonl", O_RDONLY);

    if (fd == -1) {
        return FIG_INVALID;
    }

    good = fig_journal_read(fd, 0, journal);
    nomem = !good && errno == ENOMEM;
    (void) close(fd);

    return good ? FIG_OK : nomem ? FIG_NOMEM : FIG_INVALID;
}


fig_status_t
fig_store_history(fig_store_t *store, uint64_t after, uint64_t *oldest,
    fig_visit_pt visit, void *data)
{
    bool           nomem;
    uint64_t       seq;
    fig_lines_t    lines;
    fig_status_t   status;
    fig_journal_t  journal;

    *oldest = 0;
    nomem = false;

    status = fig_history_read(store, &journal);

    if (status != FIG_OK) {
        return status;
    }

    fig_lines_init(&lines, &journal);

    while (fig_lines_next(&lines)) {
        seq = fig_line_seq(lines.line);

        if (seq == 0 || fig_line_is_snapshot(lines.line)) {
            continue;
        }

        if (*oldest == 0) {
            *oldest = seq;
        }

        if (seq > after && !fig_history_line(&lines, visit, data, &nomem)) {
            break;
        }
    }

    free(journal.data);

    return nomem ? FIG_NOMEM : FIG_OK;
}


fig_status_t
fig_store_find(fig_store_t *store, uint64_t seq, fig_arena_t *arena,
    fig_entry_t *entry)
{
    char          *line;
    const char    *why;
    fig_lines_t    lines;
    fig_status_t   status;
    fig_journal_t  journal;

    status = fig_history_read(store, &journal);

    if (status != FIG_OK) {
        return status;
    }

    status = FIG_INVALID;
    fig_lines_init(&lines, &journal);

    while (fig_lines_next(&lines)) {

        if (fig_line_seq(lines.line) != seq
            || fig_line_is_snapshot(lines.line))
        {
            continue;
        }

        line = fig_arena_alloc(arena, lines.line.len + 1);

        if (line == NULL) {
            status = FIG_NOMEM;
            break;
        }

        memcpy(line, lines.line.data, lines.line.len);
        status = fig_entry_decode(fig_str(line, lines.line.len), arena, entry,
                                  &why);
        break;
    }

    free(journal.data);

    return status;
}
