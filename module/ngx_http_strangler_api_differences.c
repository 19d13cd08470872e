/*
 * What comparisons have found: GET v1/differences, v1/differences/ID.
 *
 * Evidence is read from its files, which any worker may do; a list goes on
 * behind the class that `after` is, route by route.
 */

#include "ngx_http_strangler_api.h"

#include <stdio.h>


typedef struct {
    uint64_t                            now;
    uint64_t                            after;         /* 0: from the start */
    uint32_t                            limit;
    uint32_t                            n;
    uint64_t                            last;
    fig_str_t                           state;         /* len 0: any */
    ngx_uint_t                          more;
} ngx_http_strangler_differences_t;


ngx_int_t
ngx_http_strangler_evidence_given(ngx_http_strangler_api_t *api)
{
    if (api->rset->evidence) {
        return NGX_OK;
    }

    (void) fig_problem(&api->problem, NGX_HTTP_SERVICE_UNAVAILABLE,
                       "differences are not kept: strangler_rules has no "
                       "state=DIR to keep them in");

    return NGX_ERROR;
}


static ngx_int_t
ngx_http_strangler_api_nomem(ngx_http_strangler_api_t *api)
{
    api->out.nomem = true;

    return NGX_ERROR;
}


uint64_t
ngx_http_strangler_class_id(fig_str_t text)
{
    char      c;
    size_t    i;
    uint64_t  id;

    id = 0;

    for (i = 0; i < text.len; i++) {
        c = (char) fig_lower((unsigned char) text.data[i]);

        if ((c < '0' || c > '9') && (c < 'a' || c > 'f')) {
            return 0;
        }

        id = id << 4 | (uint64_t) (c <= '9' ? c - '0' : c - 'a' + 10);
    }

    return (text.len == 16) ? id : 0;
}


void
ngx_http_strangler_put_when(fig_json_out_t *out, const char *key,
    uint64_t seconds)
{
    char  text[FIG_ENTRY_TIME];

    fig_json_put_key(out, key);

    if (seconds == 0) {
        fig_json_put_null(out);
        return;
    }

    fig_time_text((int64_t) seconds * 1000, text);
    fig_json_put_text(out, text);
}


static void
ngx_http_strangler_put_kept(fig_json_out_t *out, const char *key,
    fig_str_t value)
{
    fig_json_put_key(out, key);

    if (value.data) {
        fig_json_put_str(out, value);
    } else {
        fig_json_put_null(out);
    }
}


static void
ngx_http_strangler_put_samples(fig_json_out_t *out, const fig_class_t *class)
{
    size_t               i;
    const fig_sample_t  *sample;

    fig_json_put_key(out, "samples");
    fig_json_begin_array(out);

    for (i = 0; i < class->nsamples; i++) {
        sample = &class->samples[i];

        fig_json_begin_object(out);
        ngx_http_strangler_put_when(out, "time", sample->time);
        ngx_http_strangler_put_kept(out, "request", sample->request);
        ngx_http_strangler_put_kept(out, "id", sample->id);
        ngx_http_strangler_put_kept(out, "pointer", sample->pointer);
        ngx_http_strangler_put_kept(out, "from", sample->from);
        ngx_http_strangler_put_kept(out, "to", sample->to);
        fig_json_end_object(out);
    }

    fig_json_end_array(out);
}


static void
ngx_http_strangler_put_acknowledged(fig_json_out_t *out,
    const fig_class_t *class, uint64_t now)
{
    fig_json_put_key(out, "acknowledged");

    if (class->expires <= now) {
        fig_json_put_null(out);
        return;
    }

    fig_json_begin_object(out);
    ngx_http_strangler_put_kept(out, "reason", class->reason);
    ngx_http_strangler_put_kept(out, "owner", class->owner);
    ngx_http_strangler_put_kept(out, "by", class->by);
    ngx_http_strangler_put_when(out, "time", class->since);
    ngx_http_strangler_put_when(out, "expires", class->expires);
    fig_json_end_object(out);
}


void
ngx_http_strangler_put_class(fig_json_out_t *out, const fig_classes_t *classes,
    const fig_class_t *class, uint64_t now)
{
    char  id[17];

    (void) snprintf(id, sizeof(id), "%016llx", (unsigned long long) class->id);

    fig_json_begin_object(out);
    fig_json_put_key(out, "id");
    fig_json_put_text(out, id);
    fig_json_put_key(out, "route");
    fig_json_put_str(out, class->route);
    fig_json_put_key(out, "part");
    fig_json_put_text(out, fig_part_name(class->part));
    fig_json_put_key(out, "path");
    fig_json_put_str(out, class->path);
    fig_json_put_key(out, "kind");
    fig_json_put_text(out, class->other ? "other"
                                        : fig_kind_name(class->kind));
    fig_json_put_key(out, "from");
    fig_json_put_str(out, class->from);
    fig_json_put_key(out, "to");
    fig_json_put_str(out, class->to);
    fig_json_put_key(out, "pairs");
    fig_json_put_uint(out, class->count);
    ngx_http_strangler_put_when(out, "first", class->first);
    ngx_http_strangler_put_when(out, "last", class->last);

    /* what it would be without anybody's word */

    fig_json_put_key(out, "noise");
    fig_json_put_text(out, fig_class_state_name(fig_classes_state(classes,
                                                    class, UINT64_MAX)));
    fig_json_put_key(out, "state");
    fig_json_put_text(out, fig_class_state_name(fig_classes_state(classes,
                                                    class, now)));
    fig_json_put_key(out, "probes");
    fig_json_begin_object(out);
    fig_json_put_key(out, "all");
    fig_json_put_uint(out, fig_classes_probes(classes, class->route));
    fig_json_put_key(out, "both");
    fig_json_put_uint(out, class->noise.both);
    fig_json_put_key(out, "new");
    fig_json_put_uint(out, class->noise.b);
    fig_json_put_key(out, "old");
    fig_json_put_uint(out, class->noise.c);
    fig_json_end_object(out);

    ngx_http_strangler_put_acknowledged(out, class, now);
    ngx_http_strangler_put_samples(out, class);
    fig_json_end_object(out);
}


/* The classes of a route; NGX_DONE: the page is full. */

static ngx_int_t
ngx_http_strangler_put_differences(ngx_http_strangler_api_t *api,
    ngx_http_strangler_differences_t *list, fig_str_t route)
{
    ngx_int_t             rc;
    const fig_class_t    *class;
    fig_evidence_view_t   view;

    if (fig_evidence_read(api->rset->evidence, route, 0, list->now, &view)
        != FIG_OK)
    {
        return ngx_http_strangler_api_nomem(api);
    }

    rc = NGX_OK;
    class = (list->after != 0) ? fig_classes_find(view.classes, list->after)
                               : NULL;
    list->after = 0;

    for ( ;; ) {
        class = fig_classes_next(view.classes, NULL, class);

        if (class == NULL) {
            break;
        }

        /* in which only the old side differs from itself: nobody's fault */

        if (class->count == 0 && class->expires <= list->now) {
            continue;
        }

        if (list->state.len
            && !fig_str_eq(list->state, fig_str_from(fig_class_state_name(
                   fig_classes_state(view.classes, class, list->now)))))
        {
            continue;
        }

        if (list->n == list->limit) {
            list->more = 1;
            rc = NGX_DONE;
            break;
        }

        ngx_http_strangler_put_class(&api->out, view.classes, class,
                                     list->now);
        list->last = class->id;
        list->n++;
    }

    fig_evidence_release(&view);

    return rc;
}


ngx_uint_t
ngx_http_strangler_differs_known(ngx_http_strangler_api_t *api,
    fig_str_t route)
{
    ngx_uint_t           known;
    fig_evidence_view_t  view;

    if (fig_ruleset_find_route(api->gen->ruleset, route)) {
        return 1;
    }

    if (fig_evidence_read(api->rset->evidence, route, 0, 0, &view) != FIG_OK) {
        api->out.nomem = true;
        return 1;
    }

    known = !view.none;
    fig_evidence_release(&view);

    if (!known) {
        (void) fig_problem(&api->problem, NGX_HTTP_NOT_FOUND,
                           "there is no route \"%.*s\"", (int) route.len,
                           route.data);
    }

    return known;
}


static ngx_int_t
ngx_http_strangler_differences_after(ngx_http_strangler_api_t *api,
    ngx_http_strangler_differences_t *list, char *route)
{
    fig_str_t  value;

    if (!ngx_http_strangler_api_arg(api, "after", &value)) {
        return NGX_OK;
    }

    list->after = ngx_http_strangler_class_id(value);

    if (list->after == 0
        || !fig_evidence_find(api->rset->evidence, list->after, route))
    {
        (void) fig_problem(&api->problem, NGX_HTTP_NOT_FOUND,
                           "there is no class \"%.*s\" to go on after",
                           (int) value.len, value.data);
        return NGX_ERROR;
    }

    return NGX_OK;
}


static ngx_int_t
ngx_http_strangler_put_all(ngx_http_strangler_api_t *api,
    ngx_http_strangler_differences_t *list, const char *from)
{
    size_t      i, n;
    ngx_int_t   rc;
    fig_str_t  *names, route;

    if (ngx_http_strangler_api_arg(api, "route", &route)) {

        if (list->after && !fig_str_eq(route, fig_str_from(from))) {
            (void) fig_problem(&api->problem, 422, "\"after\" is a class of "
                               "another route");
            return NGX_ERROR;
        }

        return ngx_http_strangler_put_differences(api, list, route);
    }

    if (fig_evidence_routes(api->rset->evidence, api->arena, &names, &n)
        != FIG_OK)
    {
        return ngx_http_strangler_api_nomem(api);
    }

    rc = NGX_OK;

    for (i = 0; i < n && rc == NGX_OK; i++) {

        /* names are sorted, and end in a NUL */

        if (strcmp(names[i].data, from) >= 0) {
            rc = ngx_http_strangler_put_differences(api, list, names[i]);
        }
    }

    return rc;
}


void
ngx_http_strangler_api_differences(ngx_http_strangler_api_t *api)
{
    char                               from[FIG_EVIDENCE_NAME], id[17];
    fig_str_t                          route;
    ngx_http_strangler_differences_t   list;

    ngx_memzero(&list, sizeof(ngx_http_strangler_differences_t));

    from[0] = '\0';
    list.now = (uint64_t) time(NULL);

    if (ngx_http_strangler_evidence_given(api) != NGX_OK
        || !ngx_http_strangler_api_limit(api, &list.limit)
        || ngx_http_strangler_differences_after(api, &list, from) != NGX_OK
        || (ngx_http_strangler_api_arg(api, "route", &route)
            && !ngx_http_strangler_differs_known(api, route)))
    {
        return;
    }

    (void) ngx_http_strangler_api_arg(api, "state", &list.state);

    fig_json_begin_object(&api->out);
    fig_json_put_key(&api->out, "classes");
    fig_json_begin_array(&api->out);

    if (ngx_http_strangler_put_all(api, &list, from) == NGX_ERROR) {
        return;
    }

    fig_json_end_array(&api->out);
    fig_json_put_key(&api->out, "next");

    if (list.more) {
        (void) snprintf(id, sizeof(id), "%016llx",
                        (unsigned long long) list.last);
        fig_json_put_text(&api->out, id);
    } else {
        fig_json_put_null(&api->out);
    }

    fig_json_end_object(&api->out);
    ngx_http_strangler_evidence_warn(api->rset, ngx_cycle->log);
}


void
ngx_http_strangler_no_class(ngx_http_strangler_api_t *api)
{
    (void) fig_problem(&api->problem, NGX_HTTP_NOT_FOUND,
                       "there is no class of differences \"%.*s\"",
                       (int) api->name.len, api->name.data);
}


void
ngx_http_strangler_api_difference(ngx_http_strangler_api_t *api)
{
    char                  route[FIG_EVIDENCE_NAME];
    uint64_t              id, now;
    const fig_class_t    *class;
    fig_evidence_view_t   view;

    if (ngx_http_strangler_evidence_given(api) != NGX_OK) {
        return;
    }

    id = ngx_http_strangler_class_id(api->name);
    now = (uint64_t) time(NULL);

    if (id == 0 || !fig_evidence_find(api->rset->evidence, id, route)) {
        ngx_http_strangler_no_class(api);
        return;
    }

    if (fig_evidence_read(api->rset->evidence, fig_str_from(route), 0, now,
                          &view)
        != FIG_OK)
    {
        (void) ngx_http_strangler_api_nomem(api);
        return;
    }

    class = fig_classes_find(view.classes, id);

    if (class) {
        ngx_http_strangler_put_class(&api->out, view.classes, class, now);

    } else {
        ngx_http_strangler_no_class(api);
    }

    fig_evidence_release(&view);
}
