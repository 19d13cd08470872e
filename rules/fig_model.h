/*
 * The checked model of a rules file: what decode and validate produce, what
 * compile indexes, and what the glue reads.
 *
 *     fig_model_t
 *       backends[]  <- named by routes' from, to, fallback
 *       groups[]    <- shared stage, percent and by
 *       routes[]
 *         sets[]    condition sets, any of which may match
 *
 * Everything is read-only once validated, lives in the rule set's arena and is
 * addressed by index in file order.  Durations are milliseconds, FIG_UNSET
 * where the file gives none; percents are hundredths of a percent (0-10000),
 * which is also a number of buckets.  It knows neither YAML nor nginx.
 */

#ifndef FIG_MODEL_H
#define FIG_MODEL_H

#include "fig_base.h"
#include "fig_diag.h"


#define FIG_UNSET        (-1)
#define FIG_BUCKETS      10000


typedef struct fig_regex_s    fig_regex_t;
typedef struct fig_backend_s  fig_backend_t;
typedef struct fig_route_s    fig_route_t;


typedef struct {
    int64_t           connect;         /* ms or FIG_UNSET */
    int64_t           send;
    int64_t           read;
    int64_t           total;           /* routes only */
} fig_timeouts_t;


typedef enum {
    FIG_ADDR_NAME = 0,                 /* resolved by the glue */
    FIG_ADDR_IPV4,
    FIG_ADDR_IPV6,
    FIG_ADDR_UNIX
} fig_addr_kind_t;


typedef struct {
    fig_pos_t         pos;
    fig_str_t         url;             /* as written */
    fig_str_t         host;            /* lower-case; IPv6 without brackets;
                                          unix: the socket's path */
    fig_str_t         authority;       /* Host for `host: server`: host[:port],
                                          port only where it is not the
                                          scheme's; unix: "localhost" */
    fig_addr_kind_t   kind;
    uint16_t          port;            /* 0 for unix */
    uint16_t          weight;          /* 1-1000 */
    bool              https;
} fig_server_t;


typedef enum {
    FIG_HOST_PRESERVE = 0,             /* the client's Host */
    FIG_HOST_SERVER,                   /* the URL's authority */
    FIG_HOST_LITERAL
} fig_host_mode_t;


/* Which of its servers gets a request. */

typedef enum {
    FIG_BALANCE_ROUND_ROBIN = 0,       /* in turn, by weight */
    FIG_BALANCE_LEAST_CONN,            /* the least busy for its weight */
    FIG_BALANCE_RANDOM                 /* the less busy of two that are drawn */
} fig_policy_t;


/* `tls` of a backend; paths are absolute and end in a NUL. */

typedef struct {
    bool              verify;          /* true unless it is switched off */
    fig_str_t         name;            /* len 0: the Host that is sent */
    fig_str_t         ca;              /* len 0: the system's CAs */
    fig_str_t         cert;            /* of the client; len 0: none */
    fig_str_t         key;
    fig_pos_t         ca_pos;
    fig_pos_t         cert_pos;
    fig_pos_t         key_pos;
} fig_tls_t;


/* `breaker`, filled with the defaults where it is not given. */

typedef struct {
    bool              given;
    bool              none;
    uint32_t          failures;        /* in a row, 1-1000 */
    uint32_t          errors;          /* hundredths of a percent; 0: no rate */
    uint32_t          min_requests;    /* in the window, 1-1000000 */
    uint32_t          window;          /* ms, 100 at least */
    uint32_t          open;            /* ms */
    uint32_t          successes;       /* in a row, 1-50 */
} fig_breaker_rule_t;


struct fig_backend_s {
    fig_str_t         name;
    fig_pos_t         pos;
    uint32_t          index;
    uint32_t          nservers;
    fig_server_t     *servers;
    fig_host_mode_t   host_mode;
    fig_str_t         host;            /* FIG_HOST_LITERAL */
    fig_policy_t      balance;
    fig_tls_t         tls;
    fig_timeouts_t    timeouts;        /* connect is never FIG_UNSET */
    uint32_t          keepalive;       /* idle connections kept per worker */
    uint32_t          keepalive_requests;
    int64_t           keepalive_timeout;       /* ms */
    int32_t           max_in_flight;   /* requests at once, of all workers;
                                          FIG_UNSET: no limit */
    int32_t           max_fallbacks;   /* of these, from elsewhere; the same */
    fig_breaker_rule_t  breaker;       /* none for the default backend, unless
                                          it is given */
    fig_str_t         version;         /* the header that names the build,
                                          lower-case; len 0: none */
};


typedef struct {
    const fig_backend_t  *backend;
    uint32_t              weight;      /* 0-1000, not all 0 */
} fig_target_t;


/* Field, query parameter or cookie conditions. */

typedef enum {
    FIG_COND_LITERAL = 0,
    FIG_COND_REGEX,
    FIG_COND_PRESENT,
    FIG_COND_ABSENT
} fig_cond_kind_t;


typedef struct {
    fig_str_t         name;            /* header names lower-case */
    fig_cond_kind_t   kind;
    fig_str_t         value;           /* literal or pattern text */
    fig_regex_t      *regex;           /* FIG_COND_REGEX */
} fig_cond_t;


typedef enum {
    FIG_PATH_EXACT = 0,                /* /a/b */
    FIG_PATH_TEMPLATE,                 /* /a/{id} */
    FIG_PATH_REGEX,                    /* ~^/a/\d+$ */
    FIG_PATH_PREFIX                    /* /a/ * : text without the slash-star;
                                          empty for the root */
} fig_path_kind_t;


typedef struct {
    fig_path_kind_t   kind;
    fig_pos_t         pos;
    fig_str_t         source;          /* as written, for people */
    fig_str_t         text;            /* normalised (see fig_path.h); for
                                          TEMPLATE with its {names} */
    fig_regex_t      *regex;           /* FIG_PATH_REGEX */
    uint32_t          nparams;         /* TEMPLATE */
    fig_str_t        *params;          /* names, in order of appearance */
} fig_path_t;


typedef struct {
    fig_str_t         source;          /* as written, lower-case */
    fig_str_t         text;            /* lower-case; wildcard: ".example.com",
                                          with its dot */
    bool              wildcard;
} fig_hostname_t;


typedef struct {
    uint8_t           family;          /* 4, 6; 0: not known */
    uint8_t           addr[16];        /* network order; IPv4 in the first 4;
                                          mapped IPv6 is to be given as IPv4 */
} fig_addr_t;


typedef struct {
    fig_addr_t        net;
    uint8_t           bits;            /* prefix length */
} fig_cidr_t;


/* One condition set: every part that is given must hold. */

typedef struct {
    fig_pos_t         pos;
    uint32_t          nhosts;
    fig_hostname_t   *hosts;
    uint32_t          npaths;
    fig_path_t       *paths;
    uint32_t          nmethods;
    fig_str_t        *methods;
    uint32_t          nheaders;
    fig_cond_t       *headers;
    uint32_t          nquery;
    fig_cond_t       *query;
    uint32_t          ncookies;
    fig_cond_t       *cookies;
    uint32_t          nclients;
    fig_cidr_t       *clients;
} fig_set_t;


typedef enum {
    FIG_STAGE_NONE = 0,                /* redirect and respond have none */
    FIG_STAGE_LEGACY,
    FIG_STAGE_SHADOW,
    FIG_STAGE_RAMP,
    FIG_STAGE_LIVE,
    FIG_STAGE_DONE
} fig_stage_t;


typedef enum {
    FIG_BY_REQUEST = 0,
    FIG_BY_COOKIE,
    FIG_BY_HEADER,
    FIG_BY_QUERY,
    FIG_BY_CLIENT,
    FIG_BY_ASSIGN
} fig_by_kind_t;


typedef struct {
    fig_by_kind_t     kind;
    fig_str_t         name;            /* cookie, header (lower-case), query */
    fig_str_t         source;          /* as written: "cookie:uid" */
} fig_by_t;


typedef struct {
    fig_str_t         name;
    fig_pos_t         pos;
    uint32_t          index;
    fig_stage_t       stage;
    int32_t           percent;         /* hundredths; FIG_UNSET */
    uint32_t          nby;
    fig_by_t         *by;
} fig_group_t;


typedef enum {
    FIG_DATA_SHARED = 0,
    FIG_DATA_OLD,
    FIG_DATA_NEW
} fig_data_t;


/* A set of HTTP statuses 100-611. */

typedef struct {
    uint64_t          bits[8];         /* bit (status - 100) */
} fig_statuses_t;


static inline bool
fig_statuses_has(const fig_statuses_t *statuses, unsigned status)
{
    unsigned  i;

    i = status - 100;

    return i < 512 && ((statuses->bits[i / 64] >> (i % 64)) & 1);
}


/* Failures, as `when` lists them. */

typedef struct {
    bool              connect;
    bool              timeout;
    bool              invalid;
    fig_statuses_t    statuses;
} fig_when_t;


typedef struct {
    bool              none;            /* `fallback: none` */
    bool              unsafe;
    bool              stale;
    fig_when_t        when;
    const fig_backend_t  *to;          /* NULL: there is nowhere to go */
} fig_fallback_t;


/* Further tries at the new side, with the defaults in what was not given. */

typedef struct {
    uint32_t          attempts;        /* 0-10; 0: none */
    bool              unsafe;
    fig_when_t        when;
    int64_t           base;            /* ms: the first wait is at most so
                                          long, each next twice as long */
    int64_t           max;             /* ms; never below base */
} fig_retry_t;


/*
 * A path with parts to fill in, as `rewrite.path` and `redirect.path` have it:
 * literal text (in normalised form), a template parameter, or what a prefix's
 * star covered.
 *
 *     /orders/{id}/x   TEXT "/orders/"  PARAM "id"  TEXT "/x"
 *     /orders/ *       TEXT "/orders"   TAIL
 *     / *              TAIL
 *
 * TAIL stands for what follows a prefix's text in the path that matched: empty
 * or beginning with `/`.  It is the last part, and the only one of `/ *`; a
 * path that comes out empty means `/`.
 */

typedef enum {
    FIG_PART_TEXT = 0,
    FIG_PART_PARAM,
    FIG_PART_TAIL,
    FIG_PART_CAPTURE                   /* $1, ${name} of a regex */
} fig_part_kind_t;


typedef struct {
    fig_part_kind_t   kind;
    fig_str_t         text;            /* FIG_PART_TEXT, or the PARAM's name */
    uint32_t          index;           /* CAPTURE: its number */
} fig_part_t;


typedef struct {
    uint32_t          nparts;          /* 0: no path is given */
    fig_part_t       *parts;
} fig_pattern_t;


typedef struct {
    fig_pattern_t     path;            /* from `path` or `with` */
    fig_regex_t      *regex;           /* with `regex` */
    fig_str_t         host;            /* len 0: not given */
} fig_rewrite_t;


typedef struct {
    fig_str_t         name;            /* as written */
    fig_str_t         value;           /* empty for `remove` */
} fig_field_t;


typedef struct {
    uint32_t          nset;
    fig_field_t      *set;
    uint32_t          nadd;
    fig_field_t      *add;
    uint32_t          nremove;
    fig_field_t      *remove;
} fig_fields_t;


typedef struct {
    fig_str_t         scheme;          /* "http", "https"; len 0: as it was */
    fig_str_t         host;            /* len 0: as it was */
    int32_t           port;            /* FIG_UNSET: see fig_redirect_url() */
    fig_pattern_t     path;
    uint16_t          status;
} fig_redirect_t;


typedef struct {
    uint16_t          status;
    fig_str_t         body;
    fig_str_t         type;            /* default text/plain */
} fig_respond_t;


/* Why a second write is harmless: the operator's word. */

typedef enum {
    FIG_WRITES_NONE = 0,
    FIG_WRITES_DRYRUN,
    FIG_WRITES_SANDBOX,
    FIG_WRITES_IDEMPOTENT
} fig_writes_t;


/* `shadow`, with the defaults in all that was not given. */

typedef struct {
    bool              given;
    fig_pos_t         pos;
    int32_t           percent;         /* hundredths */
    uint32_t          per_second;      /* of all workers of a node */
    uint32_t          in_flight;
    uint32_t          nmethods;
    const fig_str_t  *methods;
    fig_writes_t      writes;
    int64_t           timeout;         /* ms, of the whole copy */
    size_t            max_body;        /* of a request */
    const fig_backend_t  *to;          /* NULL: the side that did not answer */
    uint32_t          nstrip_cookies;
    const fig_str_t  *strip_cookies;
    uint32_t          nstrip_headers;
    const fig_str_t  *strip_headers;   /* lower-case */
} fig_shadow_t;


/* What `compare` says about one path expression, which is not parsed here. */

typedef enum {
    FIG_SHAPED_UUID = 0,
    FIG_SHAPED_RFC3339,
    FIG_SHAPED_EPOCH,
    FIG_SHAPED_REGEX
} fig_shaped_t;


typedef struct {
    fig_str_t         path;
    fig_str_t         key;             /* `keyed` */
    fig_str_t         abs;             /* `tolerance`: decimals, len 0: none */
    fig_str_t         rel;
    fig_shaped_t      shape;           /* `shape` */
    fig_regex_t      *regex;           /* FIG_SHAPED_REGEX */
} fig_path_rule_t;


typedef struct {
    uint32_t          n;
    fig_path_rule_t  *rules;
} fig_path_rules_t;


typedef struct {
    uint32_t          n;
    fig_str_t        *names;
} fig_name_list_t;


typedef struct {
    fig_regex_t      *regex;
    fig_str_t         with;
} fig_replace_t;


typedef struct {
    uint16_t          a;
    uint16_t          b;
} fig_code_pair_t;


typedef enum {
    FIG_COMPARED_AUTO = 0,             /* by media type */
    FIG_COMPARED_JSON,
    FIG_COMPARED_TEXT,
    FIG_COMPARED_BYTES,
    FIG_COMPARED_NONE
} fig_compared_t;


/* `compare`, with the defaults in all that was not given. */

typedef struct {
    bool              given;
    bool              none;            /* copied, but not compared */
    bool              status_class;
    bool              null_absent;
    bool              keep_values;     /* `values: keep` */
    fig_pos_t         pos;
    uint32_t          ncodes;          /* `status` as pairs */
    fig_code_pair_t  *codes;
    fig_name_list_t   add;             /* `headers` */
    fig_name_list_t   remove;
    fig_compared_t    body;
    fig_path_rules_t  ignore;
    fig_path_rules_t  unordered;
    fig_path_rules_t  redact;
    fig_path_rules_t  keyed;
    fig_path_rules_t  tolerance;
    fig_path_rules_t  shape;
    uint32_t          nnormalize;
    fig_replace_t    *normalize;
    size_t            max_body;
    int32_t           noise;           /* hundredths of a percent; 0: none */
    double            p0;              /* 0.001 is 0.1 % */
    double            alpha;
} fig_compare_rule_t;


typedef enum {
    FIG_ACTION_PROXY = 0,
    FIG_ACTION_REDIRECT,
    FIG_ACTION_RESPOND
} fig_action_t;


struct fig_route_s {
    fig_str_t             name;
    fig_str_t             was;         /* len 0: none */
    fig_pos_t             pos;
    uint32_t              index;       /* file order, includes expanded */
    int32_t               priority;
    fig_action_t          action;

    uint32_t              nsets;
    fig_set_t            *sets;

    const fig_group_t    *group;       /* NULL: none */
    fig_stage_t           stage;       /* the group's where it has one */
    int32_t               percent;     /* hundredths; FIG_UNSET outside ramp
                                          unless written */
    uint32_t              nby;
    fig_by_t             *by;

    const fig_backend_t  *from;        /* NULL: there is no old side */
    uint32_t              ntargets;
    fig_target_t         *targets;     /* `to` */

    uint32_t              nforce_new;
    fig_set_t            *force_new;
    uint32_t              nforce_old;
    fig_set_t            *force_old;

    fig_data_t            data;
    bool                  data_given;
    fig_retry_t           retry;
    fig_fallback_t        fallback;
    fig_timeouts_t        timeouts;
    fig_rewrite_t         rewrite;
    fig_fields_t          request_headers;
    fig_fields_t          response_headers;
    fig_redirect_t        redirect;
    fig_respond_t         respond;
    fig_shadow_t          shadow;
    fig_compare_rule_t    compare;

    fig_str_t             capability;  /* len 0: none; so the next three */
    fig_str_t             owner;
    fig_str_t             expires;     /* YYYY-MM-DD */
    fig_str_t             note;
};


/* An entry of `tests`. */

typedef struct {
    fig_pos_t             pos;
    fig_str_t             method;
    fig_str_t             target;      /* path and query as written */
    fig_str_t             host;
    uint32_t              nheaders;
    fig_field_t          *headers;
    uint32_t              ncookies;
    fig_field_t          *cookies;
    fig_addr_t            client;
    fig_str_t             route;       /* expectations; len 0: not given */
    fig_pos_t             route_pos;
    fig_str_t             backend;
    fig_pos_t             backend_pos;
    int32_t               status;      /* FIG_UNSET: not given */
    fig_pos_t             status_pos;
} fig_test_t;


typedef struct {
    uint32_t              nbackends;
    fig_backend_t        *backends;
    uint32_t              ngroups;
    fig_group_t          *groups;
    uint32_t              nroutes;
    fig_route_t          *routes;
    uint32_t              ntests;
    fig_test_t           *tests;
    const fig_backend_t  *fallthrough; /* `default`; NULL: 404 */

    /* Indexes in the order of names, to be found by them. */

    uint32_t             *routes_by_name;
    uint32_t              nwas;
    uint32_t             *routes_by_was;       /* those that were renamed */
    uint32_t             *groups_by_name;
    uint32_t             *backends_by_name;
} fig_model_t;


#endif /* FIG_MODEL_H */
