/*
 * Decoders: one concept a file, nodes in, model out.  Private to the loading
 * half of rules/.
 *
 *     fig_decode.c            the top level, in the order that names need
 *     fig_decode_backend.c    backends, with fig_decode_tls.c, _breaker.c
 *     fig_decode_group.c      groups, overrides, stage, by
 *     fig_decode_route.c      routes
 *     fig_decode_match.c      condition sets
 *     fig_decode_fallback.c   retry, fallback, timeouts
 *     fig_decode_target.c     to, rewrite, redirect, respond
 *     fig_decode_headers.c    headers, and fig_decode_shadow.c
 *     fig_decode_compare.c    compare, with fig_decode_paths.c
 *
 * A decoder reports what is wrong and leaves what it could not read as it was:
 * zero, or its default.  fig_load_t.nomem says whether memory went out.
 */

#ifndef FIG_DECODE_H
#define FIG_DECODE_H

#include "fig_load.h"


#define FIG_MAX_ROUTES  20000


typedef enum {
    FIG_ROUTE_NAME = 0,
    FIG_ROUTE_WAS,
    FIG_ROUTE_MATCH,
    FIG_ROUTE_FROM,
    FIG_ROUTE_TO,
    FIG_ROUTE_STAGE,
    FIG_ROUTE_PERCENT,
    FIG_ROUTE_BY,
    FIG_ROUTE_GROUP,
    FIG_ROUTE_FORCE,
    FIG_ROUTE_DATA,
    FIG_ROUTE_REWRITE,
    FIG_ROUTE_FALLBACK,
    FIG_ROUTE_TIMEOUTS,
    FIG_ROUTE_HEADERS,
    FIG_ROUTE_REDIRECT,
    FIG_ROUTE_RESPOND,
    FIG_ROUTE_PRIORITY,
    FIG_ROUTE_CAPABILITY,
    FIG_ROUTE_OWNER,
    FIG_ROUTE_EXPIRES,
    FIG_ROUTE_NOTE,
    FIG_ROUTE_RETRY,
    FIG_ROUTE_SHADOW,
    FIG_ROUTE_COMPARE,
    FIG_ROUTE_HOST,
    FIG_ROUTE_PATH,
    FIG_ROUTE_METHODS,
    FIG_ROUTE_QUERY,
    FIG_ROUTE_COOKIES,
    FIG_ROUTE_CLIENTS,
    FIG_ROUTE_BACKEND,
    FIG_ROUTE_WEIGHT,
    FIG_ROUTE_KEYS
} fig_route_key_t;


/*
 * A route's keys as written, for positions; stage and percent are those that
 * are in force: the route's own, or an override's.
 */

typedef struct fig_draft_s {
    const fig_yaml_t  *node;
    const fig_pair_t  *given[FIG_ROUTE_KEYS];
    const fig_pair_t  *stage;
    const fig_pair_t  *percent;
    bool               wrong[FIG_ROUTE_KEYS];  /* what of it had an error */
} fig_draft_t;


typedef struct fig_group_draft_s {
    const fig_pair_t  *pair;           /* name and map */
    const fig_pair_t  *stage;
    const fig_pair_t  *percent;
    const fig_pair_t  *by;
} fig_group_draft_t;


/*
 * Decodes all files' roots (n of them, the main file first; NULL where a text
 * was empty) into load->model.
 */
void fig_decode(fig_load_t *load, const fig_yaml_t **roots, size_t n);


void fig_decode_backends(fig_load_t *load, const fig_yaml_t *node);

/* Adds to the model's groups, which must have room. */
void fig_decode_groups(fig_load_t *load, const fig_yaml_t *node);
void fig_decode_overrides(fig_load_t *load, const fig_yaml_t *node);
void fig_decode_stage(fig_load_t *load, const fig_yaml_t *node,
    fig_stage_t *stage);
void fig_decode_by(fig_load_t *load, const fig_yaml_t *node, fig_by_t **by,
    uint32_t *nby);

/* Adds one to the model's routes, which must have room. */
void fig_decode_route(fig_load_t *load, const fig_yaml_t *node);

/* One condition set or a list of them; only a list where !one_allowed. */
void fig_decode_sets(fig_load_t *load, const fig_yaml_t *node, const char *key,
    bool one_allowed, fig_set_t **sets, uint32_t *nsets);

void fig_decode_targets(fig_load_t *load, const fig_yaml_t *node,
    fig_route_t *route);
void fig_decode_rewrite(fig_load_t *load, const fig_yaml_t *node,
    fig_rewrite_t *rewrite);
void fig_decode_redirect(fig_load_t *load, const fig_yaml_t *node,
    fig_redirect_t *redirect);
void fig_decode_respond(fig_load_t *load, const fig_yaml_t *node,
    fig_respond_t *respond);

/* The defaults, and what is given. */
void fig_decode_breaker_init(fig_breaker_rule_t *breaker);
void fig_decode_breaker(fig_load_t *load, const fig_yaml_t *node,
    fig_breaker_rule_t *breaker);

/* `tls` of a backend whose servers have been read. */
void fig_decode_tls(fig_load_t *load, const fig_pair_t *pair,
    fig_backend_t *backend);

/* None where node is NULL. */
void fig_decode_retry(fig_load_t *load, const fig_yaml_t *node,
    fig_retry_t *retry);

/* The default where node is NULL. */
void fig_decode_fallback(fig_load_t *load, const fig_yaml_t *node,
    fig_fallback_t *fallback);
void fig_decode_timeouts(fig_load_t *load, const fig_yaml_t *node,
    bool is_route, fig_timeouts_t *timeouts);

/* The defaults where node is NULL. */
void fig_decode_shadow(fig_load_t *load, const fig_yaml_t *node,
    fig_shadow_t *shadow);
void fig_decode_compare(fig_load_t *load, const fig_yaml_t *node,
    fig_compare_rule_t *compare);

/* `compare`: lists of path expressions, and maps from them to something. */
void fig_decode_path_list(fig_load_t *load, const fig_yaml_t *node,
    const char *key, fig_path_rules_t *rules);
void fig_decode_keyed(fig_load_t *load, const fig_yaml_t *node,
    fig_path_rules_t *rules);
void fig_decode_tolerance(fig_load_t *load, const fig_yaml_t *node,
    fig_path_rules_t *rules);
void fig_decode_shape(fig_load_t *load, const fig_yaml_t *node,
    fig_path_rules_t *rules);

/* A lower-case copy of the name of a header in node's text, from skip on. */
bool fig_decode_header_name(fig_load_t *load, const fig_yaml_t *node,
    size_t skip, fig_str_t *name);

void fig_decode_headers(fig_load_t *load, const fig_yaml_t *node,
    fig_fields_t *request, fig_fields_t *response);

/* A map of header or cookie names to values, as `tests` have them. */
void fig_decode_fields(fig_load_t *load, const fig_yaml_t *node,
    const char *key, fig_field_t **fields, uint32_t *nfields);

void fig_decode_tests(fig_load_t *load, const fig_yaml_t *node);


#endif /* FIG_DECODE_H */
