/*
 * A line of an access log in nginx's `combined` format, which is Apache's, or
 * in the older `common`, which ends after the size.
 *
 *     192.0.2.1 - bob [10/Oct/2026:13:55:36 +0200] "GET /a?b HTTP/1.1" 200 7
 *     "http://from.test/" "agent/1.0"
 *
 * Pure: bytes in, places of bytes out.  What is escaped (\x22, \") is put
 * together in room that the caller gives; nothing is allocated.
 */

#ifndef LOGLINE_H
#define LOGLINE_H

#include "fig_base.h"


typedef struct {
    fig_str_t    client;               /* as written */
    fig_str_t    method;
    fig_str_t    target;               /* path and query, or a whole URL */
    fig_str_t    referer;              /* len 0: none, or not logged */
    fig_str_t    agent;
} cli_logline_t;


/*
 * line has no line break; room has line.len bytes.  False: it is no such line,
 * or one of a request that was none ("" or garbage, which nginx answers with
 * 400 before any rule is looked at).  Whatever follows the size or the agent is
 * not looked at.
 */
bool cli_logline_parse(fig_str_t line, char *room, cli_logline_t *out);


#endif /* LOGLINE_H */
