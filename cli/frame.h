/*
 * What `watch` shows at one moment.
 *
 *     rules, generation, nodes, what is wrong
 *     ROUTE  STAGE  NEW/S  OLD/S  FALLBACKS/S  NOTES
 *     last flips
 */

#ifndef FRAME_H
#define FRAME_H

#include "api.h"


typedef struct {
    double      time;                  /* s, when the routes were read */
    json_t     *routes;                /* merged; owned, as the others */
    json_t     *status;                /* a list, by node, null: no answer */
    json_t     *history;               /* entries, the newest last */
    char       *wrong;                 /* NULL: all nodes have answered */
} cli_frame_t;


/* Asks all nodes; path is that of the routes. */
void cli_frame_read(cli_frame_t *frame, cli_api_t *api, const char *path);
void cli_frame_release(cli_frame_t *frame);

/*
 * The text of a frame; before is the one before it, for requests a second, or
 * has no routes.  width and height are those of the terminal.  To be freed.
 */
char *cli_frame_text(const cli_frame_t *frame, const cli_frame_t *before,
    size_t width, size_t height);


#endif /* FRAME_H */
