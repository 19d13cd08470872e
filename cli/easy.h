/*
 * How a libcurl handle comes to a node.
 *
 *     options, node -> TLS, credentials, socket of a handle
 *
 * For the files that have handles: no other knows of libcurl.
 */

#ifndef EASY_H
#define EASY_H

#include <curl/curl.h>

#include "http.h"


/*
 * Sets all that the options say but the timeout.  *connect is to be freed with
 * curl_slist_free_all() after the handle has ended.
 */
void cli_easy_set(CURL *easy, const cli_http_options_t *options,
    const cli_node_t *node, struct curl_slist **connect);


#endif /* EASY_H */
