/*
 * Server-sent events of all nodes at once.
 *
 *     event: difference
 *     data: {"id": "9c1f..."}
 *                                  -> event(data, node, "difference", "{...}")
 *
 * A stream that ends is opened again a second later: whoever listens is told,
 * and reads what was missed.
 */

#ifndef STREAM_H
#define STREAM_H

#include <signal.h>

#include "http.h"


typedef struct {
    void   (*opened)(void *data, size_t node);
    void   (*event)(void *data, size_t node, const char *name,
                    const char *text);
    void   (*failed)(void *data, size_t node, const char *why);
    void    *data;
} cli_listener_t;


/* Returns when *stop is set, by a signal. */
void cli_stream_listen(const cli_nodes_t *nodes,
    const cli_http_options_t *options, const char *path,
    const cli_listener_t *listener, const volatile sig_atomic_t *stop);


#endif /* STREAM_H */
