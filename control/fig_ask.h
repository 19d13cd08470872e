/*
 * A request that somebody asks about, as the rules see it.
 *
 *     method GET, url https://Shop.test:8443/a/./b?q=1, headers, client
 *       -> host shop.test, path /a/b, query q=1
 *
 * What nginx would answer with 400 is refused here, too.
 */

#ifndef FIG_ASK_H
#define FIG_ASK_H

#include "fig_arena.h"
#include "fig_rules.h"


typedef struct {
    fig_str_t            method;
    fig_str_t            url;          /* or a path with its query */
    fig_str_t            client;       /* address; len 0: not known */
    const fig_header_t  *headers;      /* Host counts where url has none */
    size_t               nheaders;
} fig_ask_t;


/*
 * The request lives in arena and borrows what ask points to.  FIG_INVALID:
 * *why says what is wrong, a static text.
 */
fig_status_t fig_ask_request(const fig_ask_t *ask, fig_arena_t *arena,
    fig_request_t *request, const char **why);


#endif /* FIG_ASK_H */
