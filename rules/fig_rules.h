/*
 * The rules room's front door: texts in, decisions out.
 *
 *     files -> fig_ruleset_create() -> fig_ruleset_t (immutable)
 *     request view -> fig_match() -> route -> fig_decide() -> side, backend
 *
 * A rule set may be read by any number of threads; a scratch by one.  Matching
 * and deciding use no heap and take no lock.  What is matched first:
 * priority, host, path, methods, headers, query, cookies, clients, file order
 * (docs/rules.md has the whole table).
 */

#ifndef FIG_RULES_H
#define FIG_RULES_H

#include "fig_files.h"
#include "fig_model.h"
#include "fig_regex.h"


typedef struct fig_ruleset_s  fig_ruleset_t;


/*
 * What a file is to be checked for that is not known here; each may be NULL.
 * path: whether text is a path expression, as `compare` has them; if not,
 * *offset and *message, which is static, say why.
 */

typedef struct {
    fig_status_t       (*path)(fig_str_t text, size_t *offset,
                               const char **message);
} fig_rules_checks_t;


/*
 * Parses, checks, compiles and tests the rules.  Blocking: up to some hundred
 * milliseconds for 10,000 routes; any thread, no nginx.  FIG_INVALID: diags
 * has at least one error and *ruleset is NULL.  The rule set keeps no pointer
 * into files.  checks may be NULL.  Free with fig_ruleset_destroy() (NULL is
 * allowed).
 */
fig_status_t fig_ruleset_create_checked(const fig_files_t *files,
    const fig_rules_checks_t *checks, fig_ruleset_t **ruleset,
    fig_diags_t *diags);
fig_status_t fig_ruleset_create(const fig_files_t *files,
    fig_ruleset_t **ruleset, fig_diags_t *diags);
void fig_ruleset_destroy(fig_ruleset_t *ruleset);

/*
 * The same for a text whose top level is the mapping of a route's `compare`,
 * and may be empty: the model has one route, which has nothing but that.
 */
fig_status_t fig_ruleset_create_compare(const fig_files_t *files,
    const fig_rules_checks_t *checks, fig_ruleset_t **ruleset,
    fig_diags_t *diags);

/* The model behind it, borrowed. */
const fig_model_t *fig_ruleset_model(const fig_ruleset_t *ruleset);

/* By name; NULL: there is none.  find_was: the route that was named so. */
const fig_route_t *fig_ruleset_find_route(const fig_ruleset_t *ruleset,
    fig_str_t name);
const fig_route_t *fig_ruleset_find_was(const fig_ruleset_t *ruleset,
    fig_str_t name);
const fig_group_t *fig_ruleset_find_group(const fig_ruleset_t *ruleset,
    fig_str_t name);
const fig_backend_t *fig_ruleset_find_backend(const fig_ruleset_t *ruleset,
    fig_str_t name);

/* Bytes that it holds. */
size_t fig_ruleset_size(const fig_ruleset_t *ruleset);


/* A request as the rules see it.  All strings are borrowed. */

typedef struct {
    fig_str_t            name;
    fig_str_t            value;
} fig_header_t;


typedef struct fig_request_s  fig_request_t;

struct fig_request_s {
    fig_str_t            method;       /* case-sensitive, upper-case */
    fig_str_t            host;         /* lower-case, no port, no final dot;
                                          len 0: the request names none */
    fig_str_t            path;         /* normalised, see fig_path.h */
    fig_str_t            query;        /* raw, without `?` */

    /*
     * Header lines in order and the client's address.  Where fill is not
     * NULL they are missing: it is called (and set to NULL before) the first
     * time that one of them is needed, and sets them.
     */
    const fig_header_t  *headers;
    size_t               nheaders;
    fig_addr_t           client;
    void               (*fill)(fig_request_t *request);
    void                *data;         /* for fill */

    uint64_t             random;       /* drawn once a request */
};


/* The winner of a match. */

typedef struct {
    const fig_route_t   *route;        /* NULL: none, `default` serves */
    const fig_set_t     *set;          /* the set that matched */
    const fig_path_t    *path;         /* its path that matched; NULL: none */
    const fig_route_t   *limited;      /* a route whose pattern hit a limit on
                                          this request; NULL: none did */
} fig_match_t;


/* Finds the best-ranked condition set that the request satisfies. */
void fig_match(const fig_ruleset_t *ruleset, fig_request_t *request,
    fig_scratch_t *scratch, fig_match_t *match);


typedef enum {
    FIG_SIDE_NONE = 0,                 /* redirect, respond, 404 */
    FIG_SIDE_OLD,
    FIG_SIDE_NEW
} fig_side_t;


/* Why a side was chosen. */

typedef enum {
    FIG_WHY_DEFAULT = 0,               /* no route matched */
    FIG_WHY_NOT_FOUND,                 /* none matched and no `default` */
    FIG_WHY_STAGE,                     /* the stage leaves no choice */
    FIG_WHY_SPLIT,                     /* ramp: bucket against percent */
    FIG_WHY_FORCE,
    FIG_WHY_DATA,                      /* unsafe method, `data` old or new */
    FIG_WHY_DRAIN,                     /* what would answer is drained */
    FIG_WHY_REDIRECT,
    FIG_WHY_RESPOND
} fig_why_t;


typedef struct {
    const fig_route_t    *route;       /* NULL: none matched */
    const fig_backend_t  *backend;     /* NULL: redirect, respond, 404 */
    const fig_backend_t  *fallback;    /* NULL: none for this request */
    fig_side_t            side;
    fig_why_t             why;
    fig_stage_t           stage;       /* that was applied */
    int32_t               percent;     /* the same; FIG_UNSET: none */
    const fig_by_t       *by;          /* what the bucket was made from; NULL:
                                          nothing was there to stick to, or no
                                          bucket was needed */
    uint16_t              bucket;      /* 0-9999; FIG_BUCKETS: none */
    bool                  assign;      /* the client is to be given the cookie
                                          FIG_ASSIGN_COOKIE=assigned */
    char                  assigned[32];        /* hex, no NUL */
} fig_decision_t;


/*
 * Where `by` has `assign`: the cookie's name.  A value that is not 32 lower-
 * case hex digits counts as missing and is assigned anew.
 */
#define FIG_ASSIGN_COOKIE  "strangler_id"


/*
 * What is in force where it is not what the file says.  A backend that is
 * drained gets no request that has another place to go to: another target of
 * `to`, or the fallback.
 */

typedef struct {
    int32_t               percent;     /* hundredths; FIG_UNSET */
    int32_t               shadow_percent;      /* of copies; never FIG_UNSET */
    uint8_t               stage;       /* fig_stage_t */
    uint8_t               shadow_flipped;      /* it is not the file's */
} fig_setting_t;


typedef struct {
    const fig_setting_t  *routes;      /* by index; NULL: as in the file */
    const uint8_t        *drained;     /* by index of backend, 0 or 1; NULL:
                                          none is */
} fig_in_force_t;


/*
 * Which side and which backend answer a request that matched.  match may be
 * that of no route; in_force NULL: everything is as in the file.
 * Deterministic: the same rules, values in force, request (with its random) and
 * match give the same decision in every process.
 */
void fig_decide(const fig_ruleset_t *ruleset, fig_request_t *request,
    const fig_match_t *match, fig_scratch_t *scratch,
    const fig_in_force_t *in_force, fig_decision_t *decision);

/*
 * Which backend of `to` a request that matched the route would get, whoever
 * answers it: that of its copy.  NULL: there is none, or all are drained.
 */
const fig_backend_t *fig_decide_target(const fig_route_t *route,
    fig_request_t *request, fig_scratch_t *scratch,
    const fig_in_force_t *in_force);

/*
 * What the request sticks to, by the route's `by`; len 0: nothing.  It is the
 * request's, or the scratch's until the next match.
 */
fig_str_t fig_decide_sticky(const fig_route_t *route, fig_request_t *request,
    fig_scratch_t *scratch);

/*
 * Why a route cannot be in this stage (or with FIG_STAGE_RAMP, at this
 * percent), in words for people; NULL: it can.  What it says of the file's own
 * values is what loading says of them.
 */
const char *fig_route_refuses(const fig_route_t *route, fig_stage_t stage,
    int32_t percent);

/* The share that the new side gets, in hundredths of a percent. */
int32_t fig_setting_share(fig_stage_t stage, int32_t percent);

/*
 * The share of requests that are copied in a stage, as the file has it: that
 * of `shadow`, and in stage shadow also where that is not given.  Hundredths
 * of a percent.
 */
int32_t fig_shadow_share(const fig_route_t *route, fig_stage_t stage);

/* Why no request of a route can be copied, for people; NULL: it can. */
const char *fig_shadow_refuses(const fig_route_t *route);

/* Bucket of a sticky value: see fig_split.c for the function. */
uint16_t fig_split_bucket(fig_str_t name, fig_str_t value);

/* RFC 9110 9.2.1 and 9.2.2: GET, HEAD, OPTIONS, TRACE; also PUT, DELETE. */
bool fig_method_is_safe(fig_str_t method);
bool fig_method_is_idempotent(fig_str_t method);

/* Lower-case words, never NULL. */
const char *fig_stage_name(fig_stage_t stage);
const char *fig_side_name(fig_side_t side);
const char *fig_why_name(fig_why_t why);

/*
 * Writes why a decision fell as it did, in one line such as
 * "stage ramp, bucket 1234 of cookie:uid is below 25%"; at most size bytes
 * including a NUL.  Returns the length without it.
 */
size_t fig_decision_text(const fig_decision_t *decision, char *out,
    size_t size);

/* How often its backend may be tried again, if it fails. */
uint32_t fig_decision_retries(const fig_decision_t *decision);


/*
 * The path to send to the new side: rewritten by the route and encoded.  out
 * has room for fig_rewrite_bound() bytes.  Returns the length, or 0 when the
 * route does not rewrite this path (a regex without a match; no rewrite).
 *
 * `path` and `with` are the whole new path, as in nginx's rewrite: nothing of
 * the old one is kept but what they name.  Of /a/ * to /b/ *, /a becomes /b and
 * /a/ becomes /b/.  Whatever a request brings, the result begins with one slash
 * and has no `//`, no dot segment (one is dropped) and nothing unencoded.
 */
size_t fig_rewrite_bound(const fig_route_t *route, size_t path_len);
size_t fig_rewrite_path(const fig_match_t *match, fig_str_t path,
    fig_scratch_t *scratch, char *out);


/*
 * The way back: a path of the service that answers, encoded or not and without
 * query, as clients know it.  request_path is the normalised path that was
 * matched.  out has room for fig_rewrite_back_bound() bytes; returns the
 * length of the encoded path, or 0 when the path is none that the rewriting
 * of this match makes or when it cannot be turned round (a regex).
 */
size_t fig_rewrite_back_bound(const fig_match_t *match,
    fig_str_t request_path, fig_str_t path);
size_t fig_rewrite_back(const fig_match_t *match, fig_str_t request_path,
    fig_str_t path, char *out);

/*
 * What was taken off the front of path to make rewritten of it, both in the
 * same form: the length of that prefix, or 0 when nothing was or when more
 * than that was changed.  The X-Forwarded-Prefix of a request.
 */
size_t fig_rewrite_prefix(fig_str_t path, fig_str_t rewritten);


/*
 * The Location of a redirect.  scheme and port are those of the request (port
 * as the client wrote it in Host; 0: it wrote none).  A port that is not given
 * stays, but where `scheme` is given it becomes that scheme's own, which is
 * not written.  raw_path is the path as received, used where the rule gives
 * none.  The query stays.  out has room for fig_redirect_bound() bytes;
 * returns the length.
 */
size_t fig_redirect_bound(const fig_match_t *match,
    const fig_request_t *request, fig_str_t raw_path);
size_t fig_redirect_url(const fig_match_t *match,
    const fig_request_t *request, fig_str_t scheme, uint16_t port,
    fig_str_t raw_path, fig_scratch_t *scratch, char *out);


/* One line of an explanation: an entry and how it fared. */

typedef enum {
    FIG_BECAUSE_WON = 0,
    FIG_BECAUSE_HOST,                  /* the first condition that failed */
    FIG_BECAUSE_PATH,
    FIG_BECAUSE_METHOD,
    FIG_BECAUSE_HEADER,
    FIG_BECAUSE_QUERY,
    FIG_BECAUSE_COOKIE,
    FIG_BECAUSE_CLIENT,
    FIG_BECAUSE_RANK                   /* it matches too, but ranks lower */
} fig_because_t;


typedef struct {
    const fig_route_t   *route;
    const fig_set_t     *set;
    const fig_hostname_t  *host;       /* of the entry; NULL: any */
    const fig_path_t    *path;         /* of the entry; NULL: any */
    fig_because_t        because;
    const fig_cond_t    *cond;         /* HEADER, QUERY, COOKIE; else NULL */
} fig_candidate_t;


/*
 * Tells, best rank first, how each entry fared: all those that rank better
 * than the winner, the winner, and those after it that match too, up to max.
 * Slow (it tries every entry); for people, not for the request path.  Entries
 * that fail by host or path only are left out unless all is true.  Returns
 * the number written.
 */
size_t fig_explain(const fig_ruleset_t *ruleset, fig_request_t *request,
    fig_scratch_t *scratch, bool all, fig_candidate_t *out, size_t max);

/* "header x-tenant is not \"a\"", as fig_decision_text(). */
size_t fig_candidate_text(const fig_candidate_t *candidate, char *out,
    size_t size);


#endif /* FIG_RULES_H */
