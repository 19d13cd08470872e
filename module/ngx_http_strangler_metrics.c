/*
 * The metrics: a table of families, each with a writer of one item's lines.
 *
 *     family "requests"   items: routes   writer(route i)  -> lines
 *     family "backend_.." items: backends writer(backend i)
 *
 * All lines of a family stand together, as both formats want it.  Labels are
 * names in the rules and words of ours, never anything that a request says.
 *
 * Of routes that do not move (legacy, done, redirect, respond) only what is
 * not 0 is told, beside the successes; others start with all at 0, so that the
 * first failure is an increase.
 */

#include "ngx_http_strangler_metrics.h"


typedef enum {
    NGX_HTTP_STRANGLER_GAUGE = 0,
    NGX_HTTP_STRANGLER_COUNTER,
    NGX_HTTP_STRANGLER_HISTOGRAM
} ngx_http_strangler_metric_e;


typedef enum {
    NGX_HTTP_STRANGLER_ONE = 0,
    NGX_HTTP_STRANGLER_ROUTES,
    NGX_HTTP_STRANGLER_RESULTS,        /* routes, and what no route matched */
    NGX_HTTP_STRANGLER_BACKENDS
} ngx_http_strangler_items_e;


typedef struct {
    const char                    *name;       /* without _total */
    ngx_http_strangler_metric_e    type;
    ngx_http_strangler_items_e     items;
    ngx_http_strangler_line_pt     writer;
    const char                    *help;
} ngx_http_strangler_family_t;


static const ngx_http_strangler_family_t  ngx_http_strangler_families[] = {

    { "build_info", NGX_HTTP_STRANGLER_GAUGE, NGX_HTTP_STRANGLER_ONE,
      ngx_http_strangler_write_build,
      "Versions of the module and of nginx, always 1." },

    { "generation", NGX_HTTP_STRANGLER_GAUGE, NGX_HTTP_STRANGLER_ONE,
      ngx_http_strangler_write_generation,
      "Number of the newest rules." },

    { "workers", NGX_HTTP_STRANGLER_GAUGE, NGX_HTTP_STRANGLER_ONE,
      ngx_http_strangler_write_workers,
      "Workers that are not exiting." },

    { "workers_behind", NGX_HTTP_STRANGLER_GAUGE, NGX_HTTP_STRANGLER_ONE,
      ngx_http_strangler_write_behind,
      "Those of them that do not have the newest rules in force." },

    { "rules_loads", NGX_HTTP_STRANGLER_COUNTER, NGX_HTTP_STRANGLER_ONE,
      ngx_http_strangler_write_loads,
      "Rules put in force, and texts that were refused." },

    { "rules_invalid", NGX_HTTP_STRANGLER_GAUGE, NGX_HTTP_STRANGLER_ONE,
      ngx_http_strangler_write_invalid,
      "1 while the rules file has an error and older rules are in force." },

    { "flips", NGX_HTTP_STRANGLER_COUNTER, NGX_HTTP_STRANGLER_ONE,
      ngx_http_strangler_write_flips,
      "Changes of stages and shares while running, by kind." },

    { "drift_routes", NGX_HTTP_STRANGLER_GAUGE, NGX_HTTP_STRANGLER_ONE,
      ngx_http_strangler_write_drift,
      "Routes whose stage or share in force is not the file's." },

    { "surface_lost_requests", NGX_HTTP_STRANGLER_COUNTER,
      NGX_HTTP_STRANGLER_ONE, ngx_http_strangler_write_lost,
      "Requests of the default that the surface does not know of." },

    { "stage_routes", NGX_HTTP_STRANGLER_GAUGE, NGX_HTTP_STRANGLER_ONE,
      ngx_http_strangler_write_stages,
      "Routes by the stage in force." },

    { "route_info", NGX_HTTP_STRANGLER_GAUGE, NGX_HTTP_STRANGLER_ROUTES,
      ngx_http_strangler_write_info,
      "Stage in force of a route, and who it belongs to; always 1." },

    { "route_share_ratio", NGX_HTTP_STRANGLER_GAUGE,
      NGX_HTTP_STRANGLER_ROUTES, ngx_http_strangler_write_share,
      "Share in force of the new side, 0 to 1." },

    { "requests", NGX_HTTP_STRANGLER_COUNTER, NGX_HTTP_STRANGLER_RESULTS,
      ngx_http_strangler_write_requests,
      "Requests by the side that answered; no route: the default." },

    { "fallbacks", NGX_HTTP_STRANGLER_COUNTER, NGX_HTTP_STRANGLER_ROUTES,
      ngx_http_strangler_write_fallbacks,
      "Masked failures: requests that another side answered instead." },

    { "retries", NGX_HTTP_STRANGLER_COUNTER, NGX_HTTP_STRANGLER_RESULTS,
      ngx_http_strangler_write_retries,
      "Further tries of a request at the same backend." },

    { "retries_refused", NGX_HTTP_STRANGLER_COUNTER,
      NGX_HTTP_STRANGLER_ROUTES, ngx_http_strangler_write_refused,
      "Retries that would have been beyond the budget of their backend." },

    { "breaker_state", NGX_HTTP_STRANGLER_GAUGE,
      NGX_HTTP_STRANGLER_ROUTES, ngx_http_strangler_write_breakers,
      "Breaker of a route at a backend: 0 closed, 1 open, 2 half open." },

    { "breaker_opened", NGX_HTTP_STRANGLER_COUNTER,
      NGX_HTTP_STRANGLER_ROUTES, ngx_http_strangler_write_opened,
      "Times it was opened." },

    { "pattern_limits", NGX_HTTP_STRANGLER_COUNTER,
      NGX_HTTP_STRANGLER_ROUTES, ngx_http_strangler_write_limits,
      "Requests on which a pattern hit its limit and did not match." },

    { "request_duration_seconds", NGX_HTTP_STRANGLER_HISTOGRAM,
      NGX_HTTP_STRANGLER_RESULTS, ngx_http_strangler_write_duration,
      "Requests that did not fall back, by the side that answered." },

    { "shadow_sent", NGX_HTTP_STRANGLER_COUNTER, NGX_HTTP_STRANGLER_ROUTES,
      ngx_http_strangler_write_sent,
      "Copies of requests, by the side that got them." },

    { "shadow_probes", NGX_HTTP_STRANGLER_COUNTER, NGX_HTTP_STRANGLER_ROUTES,
      ngx_http_strangler_write_probes,
      "Copies for which the old side was asked once more, too." },

    { "shadow_dropped", NGX_HTTP_STRANGLER_COUNTER,
      NGX_HTTP_STRANGLER_ROUTES, ngx_http_strangler_write_dropped,
      "Sampled requests of which no copy was made or compared." },

    { "shadow_outcomes", NGX_HTTP_STRANGLER_COUNTER,
      NGX_HTTP_STRANGLER_ROUTES, ngx_http_strangler_write_compared,
      "Pairs of answers that were compared." },

    { "shadow_in_flight", NGX_HTTP_STRANGLER_GAUGE,
      NGX_HTTP_STRANGLER_ROUTES, ngx_http_strangler_write_copies,
      "Copies under way." },

    { "differences", NGX_HTTP_STRANGLER_GAUGE, NGX_HTTP_STRANGLER_ROUTES,
      ngx_http_strangler_write_differences,
      "Classes of differences by state." },

    { "readiness", NGX_HTTP_STRANGLER_GAUGE, NGX_HTTP_STRANGLER_ROUTES,
      ngx_http_strangler_write_readiness,
      "1 for the verdict on a route that is compared." },

    { "backend_requests", NGX_HTTP_STRANGLER_COUNTER,
      NGX_HTTP_STRANGLER_BACKENDS, ngx_http_strangler_write_tries,
      "Tries at a backend: a request may be several." },

    { "backend_failures", NGX_HTTP_STRANGLER_COUNTER,
      NGX_HTTP_STRANGLER_BACKENDS, ngx_http_strangler_write_failures,
      "Tries that failed." },

    { "backend_in_flight", NGX_HTTP_STRANGLER_GAUGE,
      NGX_HTTP_STRANGLER_BACKENDS, ngx_http_strangler_write_in_flight,
      "Tries under way." },

    { "backend_max_in_flight", NGX_HTTP_STRANGLER_GAUGE,
      NGX_HTTP_STRANGLER_BACKENDS, ngx_http_strangler_write_places,
      "Tries that may be under way at once; not there: no limit." },

    { "backend_fallbacks_in_flight", NGX_HTTP_STRANGLER_GAUGE,
      NGX_HTTP_STRANGLER_BACKENDS, ngx_http_strangler_write_guests,
      "Tries under way of requests that fell back to this backend." },

    { "backend_max_fallbacks", NGX_HTTP_STRANGLER_GAUGE,
      NGX_HTTP_STRANGLER_BACKENDS, ngx_http_strangler_write_guest_places,
      "How many of these there may be at once; not there: no limit." },

    { "backend_refused", NGX_HTTP_STRANGLER_COUNTER,
      NGX_HTTP_STRANGLER_BACKENDS, ngx_http_strangler_write_full,
      "Requests for which a limit left no place, by the limit." },
    { "backend_breaker_state", NGX_HTTP_STRANGLER_GAUGE,
      NGX_HTTP_STRANGLER_BACKENDS, ngx_http_strangler_write_backend_breaker,
      "Breaker of a backend's connections: 0 closed, 1 open, 2 half open." },

    { "backend_breaker_opened", NGX_HTTP_STRANGLER_COUNTER,
      NGX_HTTP_STRANGLER_BACKENDS, ngx_http_strangler_write_backend_opened,
      "Times it was opened." },

    { "backend_retrying", NGX_HTTP_STRANGLER_GAUGE,
      NGX_HTTP_STRANGLER_BACKENDS, ngx_http_strangler_write_retrying,
      "Retries that wait or are under way." },

    { "backend_drained", NGX_HTTP_STRANGLER_GAUGE,
      NGX_HTTP_STRANGLER_BACKENDS, ngx_http_strangler_write_drained,
      "1 while requests go elsewhere where they can." },

    { "backend_request_duration_seconds", NGX_HTTP_STRANGLER_HISTOGRAM,
      NGX_HTTP_STRANGLER_BACKENDS, ngx_http_strangler_write_durations,
      "Tries from connecting to the end of the answer." },

    { NULL, NGX_HTTP_STRANGLER_GAUGE, NGX_HTTP_STRANGLER_ONE, NULL, NULL }
};


/* name{label="value",label="value"} */

void
ngx_http_strangler_put_name(ngx_http_strangler_metrics_t *m,
    const char *suffix)
{
    const ngx_http_strangler_family_t  *family;

    family = &ngx_http_strangler_families[m->family];

    fig_buffer_put_text(m->out, "strangler_");
    fig_buffer_put_text(m->out, family->name);

    if (family->type == NGX_HTTP_STRANGLER_COUNTER) {
        fig_buffer_put_text(m->out, "_total");
    }

    fig_buffer_put_text(m->out, suffix);
}


/* The first label's name comes with its brace, others' with their comma. */

void
ngx_http_strangler_put_label(ngx_http_strangler_metrics_t *m,
    const char *label, fig_str_t value)
{
    size_t  i;
    char    escaped[2];

    fig_buffer_put_text(m->out, label);
    fig_buffer_put_text(m->out, "=\"");

    for (i = 0; i < value.len; i++) {
        escaped[0] = '\\';
        escaped[1] = (value.data[i] == '\n') ? 'n' : value.data[i];

        if (value.data[i] == '\\' || value.data[i] == '"'
            || value.data[i] == '\n')
        {
            fig_buffer_put(m->out, fig_str(escaped, 2));

        } else {
            fig_buffer_put(m->out, fig_str(&value.data[i], 1));
        }
    }

    fig_buffer_put_text(m->out, "\"");
}


void
ngx_http_strangler_put_word(ngx_http_strangler_metrics_t *m,
    const char *label, const char *value)
{
    ngx_http_strangler_put_label(m, label, fig_str_from(value));
}


void
ngx_http_strangler_put_value(ngx_http_strangler_metrics_t *m, uint64_t value)
{
    fig_buffer_put_text(m->out, "} ");
    fig_buffer_put_uint(m->out, value);
    fig_buffer_put_text(m->out, "\n");
}


void
ngx_http_strangler_put_count(ngx_http_strangler_metrics_t *m, ngx_uint_t i,
    const char *label, const char *word, uint64_t count)
{
    ngx_http_strangler_put_who(m, "", i);

    if (label) {
        ngx_http_strangler_put_word(m, label, word);
    }

    ngx_http_strangler_put_value(m, count);
}


/* A line without labels. */

void
ngx_http_strangler_put_plain(ngx_http_strangler_metrics_t *m, uint64_t value)
{
    ngx_http_strangler_put_name(m, " ");
    fig_buffer_put_uint(m->out, value);
    fig_buffer_put_text(m->out, "\n");
}


/* The first label of each family is who it is about. */

void
ngx_http_strangler_put_who(ngx_http_strangler_metrics_t *m,
    const char *suffix, ngx_uint_t i)
{
    fig_str_t                       name;
    ngx_http_strangler_items_e      items;

    items = ngx_http_strangler_families[m->family].items;

    ngx_http_strangler_put_name(m, suffix);

    if (items == NGX_HTTP_STRANGLER_BACKENDS) {
        ngx_http_strangler_put_label(m, "{backend",
                                     m->gen->model->backends[i].name);
        return;
    }

    name = (i < m->gen->model->nroutes) ? m->gen->model->routes[i].name
                                        : fig_str("", 0);

    ngx_http_strangler_put_label(m, "{route", name);
}


static void
ngx_http_strangler_put_meta(ngx_http_strangler_metrics_t *m, const char *what,
    const char *suffix, const char *text)
{
    const ngx_http_strangler_family_t  *family;

    family = &ngx_http_strangler_families[m->family];

    fig_buffer_put_text(m->out, what);
    fig_buffer_put_text(m->out, family->name);
    fig_buffer_put_text(m->out, suffix);
    fig_buffer_put_text(m->out, " ");
    fig_buffer_put_text(m->out, text);
    fig_buffer_put_text(m->out, "\n");
}


/*
 * In OpenMetrics a counter's lines end in _total and its family does not; for
 * older parsers both are one name.  What both understand is a family without a
 * type, which has no suffix.
 */

static void
ngx_http_strangler_put_head(ngx_http_strangler_metrics_t *m)
{
    const char                         *suffix;
    const ngx_http_strangler_family_t  *family;

    static const char *const  types[] = { "gauge", "counter", "histogram" };

    suffix = "";
    family = &ngx_http_strangler_families[m->family];

    if (family->type == NGX_HTTP_STRANGLER_COUNTER
        && m->format != NGX_HTTP_STRANGLER_OPENMETRICS)
    {
        suffix = "_total";
    }

    ngx_http_strangler_put_meta(m, "# HELP strangler_", suffix, family->help);

    if (family->type != NGX_HTTP_STRANGLER_COUNTER
        || m->format != NGX_HTTP_STRANGLER_BOTH)
    {
        ngx_http_strangler_put_meta(m, "# TYPE strangler_", suffix,
                                    types[family->type]);
    }
}


static ngx_uint_t
ngx_http_strangler_nitems(ngx_http_strangler_metrics_t *m)
{
    switch (ngx_http_strangler_families[m->family].items) {

    case NGX_HTTP_STRANGLER_ROUTES:
        return m->gen->model->nroutes;

    case NGX_HTTP_STRANGLER_RESULTS:
        return m->gen->model->nroutes + 2;

    case NGX_HTTP_STRANGLER_BACKENDS:
        return m->gen->model->nbackends;

    default:
        return 1;
    }
}


void
ngx_http_strangler_metrics_init(ngx_http_strangler_metrics_t *m,
    ngx_http_strangler_rset_t *rset, ngx_http_strangler_gen_t *gen,
    ngx_http_strangler_format_e format)
{
    ngx_memzero(m, sizeof(ngx_http_strangler_metrics_t));

    m->rset = rset;
    m->gen = gen;
    m->format = format;
}


ngx_int_t
ngx_http_strangler_metrics_write(ngx_http_strangler_metrics_t *m,
    fig_buffer_t *out, size_t size)
{
    size_t      end;
    ngx_uint_t  n;

    m->out = out;
    end = out->len + size;

    for ( /* void */ ; ngx_http_strangler_families[m->family].name;
          m->family++, m->index = 0)
    {
        if (m->index == 0) {
            ngx_http_strangler_put_head(m);
        }

        n = ngx_http_strangler_nitems(m);

        while (m->index < n) {
            ngx_http_strangler_families[m->family].writer(m, m->index++);

            if (out->nomem) {
                return NGX_ERROR;
            }

            if (out->len >= end) {
                return NGX_AGAIN;
            }
        }
    }

    if (m->format != NGX_HTTP_STRANGLER_TEXT) {
        fig_buffer_put_text(out, "# EOF\n");
    }

    return out->nomem ? NGX_ERROR : NGX_OK;
}


static ngx_uint_t
ngx_http_strangler_accepts(ngx_str_t *accept, const char *type, size_t len)
{
    return accept->len >= len
           && ngx_strlcasestrn(accept->data, accept->data + accept->len,
                               (u_char *) type, len - 1)
              != NULL;
}


/*
 * Whoever names a format gets it; whoever takes anything, a format that every
 * parser understands.
 */

ngx_http_strangler_format_e
ngx_http_strangler_metrics_format(ngx_str_t accept)
{
    static const char  openmetrics[] = "application/openmetrics-text";
    static const char  text[] = "text/plain";

    if (ngx_http_strangler_accepts(&accept, openmetrics,
                                   sizeof(openmetrics) - 1))
    {
        return NGX_HTTP_STRANGLER_OPENMETRICS;
    }

    return ngx_http_strangler_accepts(&accept, text, sizeof(text) - 1)
           ? NGX_HTTP_STRANGLER_TEXT : NGX_HTTP_STRANGLER_BOTH;
}


ngx_str_t
ngx_http_strangler_metrics_type(ngx_http_strangler_format_e format)
{
    ngx_str_t  type;

    if (format == NGX_HTTP_STRANGLER_TEXT) {
        ngx_str_set(&type, "text/plain; version=0.0.4; charset=utf-8");

    } else {
        ngx_str_set(&type, "application/openmetrics-text; version=1.0.0; "
                           "charset=utf-8");
    }

    return type;
}
