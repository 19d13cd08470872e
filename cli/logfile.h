/*
 * Access logs, read line by line: files, `-` (stdin), plain or gzip.
 *
 *     file -> zlib -> | ..... block ..... | -> lines, borrowed from the block
 *
 * A line that is longer than a block is cut: its head is given, as a line that
 * is none.
 */

#ifndef LOGFILE_H
#define LOGFILE_H

#include "cli.h"


typedef struct cli_logfile_s  cli_logfile_t;


/* NULL: it cannot be opened, which was said. */
cli_logfile_t *cli_logfile_open(const char *path);
void cli_logfile_close(cli_logfile_t *file);

/*
 * The next line, without LF or CRLF, and until the next call.  False at the
 * end; then cli_logfile_failed() tells whether it was read to the end.
 */
bool cli_logfile_line(cli_logfile_t *file, fig_str_t *line);
bool cli_logfile_failed(const cli_logfile_t *file);

/* How far it was read, of 1; negative where that is not known. */
double cli_logfile_progress(const cli_logfile_t *file);

/* Counts up with every block: when to look at the clock. */
unsigned cli_logfile_blocks(const cli_logfile_t *file);


#endif /* LOGFILE_H */
