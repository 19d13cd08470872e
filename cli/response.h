/*
 * An HTTP answer from a file, as `curl -i` prints it:
 *
 *     HTTP/1.1 100 Continue          skipped, as all of 1xx
 *
 *     HTTP/1.1 200 OK                status
 *     Content-Type: text/plain       fields, as they are
 *                                    an empty line
 *     body                           as it is: maybe gzip
 *
 * Lines may end in LF alone.  Chunks are not looked for: curl has put them
 * together.
 */

#ifndef RESPONSE_H
#define RESPONSE_H

#include "cli.h"
#include "fig_compare.h"


typedef struct {
    fig_answer_t         answer;
    fig_answer_field_t  *fields;
    char                *text;         /* the file's, which all points into */
} cli_response_t;


/* A whole file, or stdin for "-", with a NUL behind it; false: it was said. */
bool cli_file_read(const char *path, fig_str_t *text);

/*
 * False: the file cannot be read or is no answer, which was said.  A body that
 * is shorter than Content-Length says is a fault of the answer.  Release it
 * always.
 */
bool cli_response_read(const char *path, cli_response_t *response);
void cli_response_release(cli_response_t *response);


#endif /* RESPONSE_H */
