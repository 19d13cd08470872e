/*
 * Flips and their history: PATCH v1/routes/NAME, PATCH v1/backends/NAME, POST
 * v1/flips, GET v1/history.
 *
 * What a flip is and when it is refused, control/ knows: here it is fetched
 * from a body, and what came of it is put into an answer.
 */

#include "ngx_http_strangler_api.h"

#include <stdio.h>
#include <stdlib.h>


void
ngx_http_strangler_api_tag(ngx_http_strangler_api_t *api, uint64_t seq)
{
    (void) snprintf(api->etag, sizeof(api->etag), "\"%llx-%llu\"",
                    (unsigned long long) api->gen->checksum,
                    (unsigned long long) seq);
}


/* "RULES-SEQ", as ngx_http_strangler_api_tag() writes it; the place behind. */

static const char *
ngx_http_strangler_api_tag_read(const char *p, uint64_t *rules, uint64_t *seq)
{
    char                 mark;
    int                  n;
    unsigned long long   a, b;

    n = 0;

    if (sscanf(p, "\"%16llx-%20llu%c%n", &a, &b, &mark, &n) != 3
        || mark != '"' || n == 0 || p[1] == '-' || p[1] == '+' || p[1] == ' ')
    {
        return NULL;
    }

    *rules = a;
    *seq = b;

    return p + n;
}


/*
 * If-Match: `*`, or a list of tags (RFC 9110, 13.1.1).  Numbers only grow, so
 * that of those with the rules of today the newest alone can be right.
 */

static ngx_int_t
ngx_http_strangler_api_if_match(ngx_http_strangler_api_t *api,
    fig_flip_t *flip)
{
    char        *text;
    uint64_t     rules, seq;
    ngx_str_t    value;
    const char  *p, *next;

    value = ngx_http_strangler_api_header(api->request, "if-match");

    if (value.len == 0 || (value.len == 1 && value.data[0] == '*')) {
        return NGX_OK;
    }

    flip->has_if_match = true;
    flip->if_match_seq = UINT64_MAX;

    text = fig_arena_alloc(api->arena, value.len + 1);

    if (text == NULL) {
        api->out.nomem = true;
        return NGX_ERROR;
    }

    ngx_memcpy(text, value.data, value.len);
    text[value.len] = '\0';

    for (p = text; *p != '\0'; p += strcspn(p, ",")) {
        p += strspn(p, " \t,");
        next = ngx_http_strangler_api_tag_read(p, &rules, &seq);

        if (next == NULL) {
            continue;
        }

        p = next + strspn(next, " \t");

        if ((*p == ',' || *p == '\0') && rules == api->gen->checksum
            && (flip->if_match_seq == UINT64_MAX || seq > flip->if_match_seq))
        {
            flip->if_match_rules = rules;
            flip->if_match_seq = seq;
        }
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_strangler_api_flip(ngx_http_strangler_api_t *api, fig_flip_t *flip,
    fig_flipped_t *flipped)
{
    bool           done;
    fig_flipper_t  flipper;

    if (api->rset->store == NULL) {
        (void) fig_problem(&api->problem, NGX_HTTP_SERVICE_UNAVAILABLE,
                           "nothing can be flipped: strangler_rules has no "
                           "state=DIR to keep flips in");
        return NGX_ERROR;
    }

    ngx_memzero(&flipper, sizeof(fig_flipper_t));

    flipper.ruleset = api->gen->ruleset;
    flipper.rules = api->gen->checksum;
    flipper.store = api->rset->store;
    flipper.arena = api->arena;

    flip->actor = api->actor;

    done = fig_flip_run(&flipper, flip, flipped, &api->problem);

    ngx_http_strangler_live_warn(api->rset, ngx_cycle->log);

    if (!done) {
        return NGX_ERROR;
    }

    if (flipped->entry.seq) {
        ngx_http_strangler_flipped(api->rset, api->gen, &flipped->entry,
                                   ngx_cycle->log);
    }

    return NGX_OK;
}


void
ngx_http_strangler_api_patch_route(ngx_http_strangler_api_t *api)
{
    fig_flip_t     flip;
    fig_flipped_t  flipped;

    if (!fig_flip_parse_route(api->body, api->name, api->arena, &flip,
                              &api->problem)
        || ngx_http_strangler_api_if_match(api, &flip) != NGX_OK
        || ngx_http_strangler_api_flip(api, &flip, &flipped) != NGX_OK)
    {
        return;
    }

    ngx_http_strangler_api_route(api);
}


void
ngx_http_strangler_api_patch_backend(ngx_http_strangler_api_t *api)
{
    fig_flip_t     flip;
    fig_flipped_t  flipped;

    if (!fig_flip_parse_backend(api->body, api->name, api->arena, &flip,
                                &api->problem)
        || ngx_http_strangler_api_if_match(api, &flip) != NGX_OK
        || ngx_http_strangler_api_flip(api, &flip, &flipped) != NGX_OK)
    {
        return;
    }

    ngx_http_strangler_api_backend(api);
}


void
ngx_http_strangler_api_flips(ngx_http_strangler_api_t *api)
{
    uint32_t         i;
    fig_flip_t       flip;
    fig_flipped_t    flipped;
    fig_json_out_t  *out;

    if (ngx_http_strangler_api_header(api->request, "if-match").len) {
        (void) fig_problem(&api->problem, 422, "there is no tag of many: use "
                           "\"if_seq\" instead of If-Match");
        return;
    }

    if (!fig_flip_parse(api->body, api->arena, &flip, &api->problem)
        || ngx_http_strangler_api_flip(api, &flip, &flipped) != NGX_OK)
    {
        return;
    }

    out = &api->out;

    fig_json_begin_object(out);
    fig_json_put_key(out, "seq");
    fig_json_put_uint(out, flipped.seq);
    fig_entry_show_changes(&flipped.entry, out);

    fig_json_put_key(out, "skipped");
    fig_json_begin_array(out);

    for (i = 0; i < flipped.nskipped; i++) {
        fig_json_begin_object(out);
        fig_json_put_key(out, "route");
        fig_json_put_str(out, flipped.skipped[i].route->name);
        fig_json_put_key(out, "because");
        fig_json_put_text(out, flipped.skipped[i].because);
        fig_json_end_object(out);
    }

    fig_json_end_array(out);
    fig_json_end_object(out);
}


typedef struct {
    ngx_http_strangler_api_t   *api;
    fig_str_t                   route;         /* len 0: any */
    uint32_t                    left;
    uint64_t                    next;          /* 0: this is the end */
    uint64_t                    last;
} ngx_http_strangler_history_t;


static bool
ngx_http_strangler_history_has(const fig_entry_t *entry, fig_str_t route)
{
    uint32_t  i;

    for (i = 0; i < entry->nchanges; i++) {
        if (fig_str_eq(entry->changes[i].name, route)) {
            return true;
        }
    }

    for (i = 0; i < entry->nmoved; i++) {
        if (fig_str_eq(fig_slot_name(&entry->moved[i].slot), route)) {
            return true;
        }
    }

    return false;
}


static bool
ngx_http_strangler_history_visit(void *data, const fig_entry_t *entry)
{
    ngx_http_strangler_history_t *history = data;

    if (history->route.len
        && !ngx_http_strangler_history_has(entry, history->route))
    {
        return true;
    }

    if (history->left == 0) {
        history->next = history->last;
        return false;
    }

    history->left--;
    history->last = entry->seq;

    fig_entry_show(entry, &history->api->out);

    return true;
}


static ngx_int_t
ngx_http_strangler_history_after(ngx_http_strangler_api_t *api,
    uint64_t *after)
{
    size_t     i;
    fig_str_t  value;

    *after = 0;

    if (!ngx_http_strangler_api_arg(api, "after", &value)) {
        return NGX_OK;
    }

    for (i = 0; i < value.len && i < 19; i++) {
        if (value.data[i] < '0' || value.data[i] > '9') {
            break;
        }

        *after = *after * 10 + (uint64_t) (value.data[i] - '0');
    }

    if (value.len == 0 || i != value.len) {
        (void) fig_problem(&api->problem, 422, "\"after\" must be a sequence "
                           "number");
        return NGX_ERROR;
    }

    return NGX_OK;
}


void
ngx_http_strangler_api_history(ngx_http_strangler_api_t *api)
{
    uint64_t                       after, oldest;
    fig_status_t                   status;
    fig_json_out_t                *out;
    ngx_http_strangler_history_t   history;

    ngx_memzero(&history, sizeof(ngx_http_strangler_history_t));

    history.api = api;
    out = &api->out;
    oldest = 0;

    if (!ngx_http_strangler_api_limit(api, &history.left)
        || ngx_http_strangler_history_after(api, &after) != NGX_OK)
    {
        return;
    }

    (void) ngx_http_strangler_api_arg(api, "route", &history.route);

    fig_json_begin_object(out);
    fig_json_put_key(out, "entries");
    fig_json_begin_array(out);

    status = FIG_OK;

    if (api->rset->store) {
        status = fig_store_history(api->rset->store, after, &oldest,
                                   ngx_http_strangler_history_visit, &history);
    }

    if (status != FIG_OK) {
        (void) fig_problem(&api->problem, NGX_HTTP_SERVICE_UNAVAILABLE,
                           "the journal in \"%.*s\" cannot be read",
                           (int) api->rset->state.len, api->rset->state.data);
        return;
    }

    fig_json_end_array(out);
    fig_json_put_key(out, "next");

    if (history.next) {
        fig_json_put_uint(out, history.next);
    } else {
        fig_json_put_null(out);
    }

    fig_json_put_key(out, "oldest");

    if (oldest) {
        fig_json_put_uint(out, oldest);
    } else {
        fig_json_put_null(out);
    }

    fig_json_end_object(out);
}
