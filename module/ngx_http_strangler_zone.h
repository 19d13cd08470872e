/*
 * What the processes of a rule set share beside its counters: the bytes of the
 * newest rules, their number, who leads, and which errors were told.
 *
 *     publish (one process)  ->  zone  ->  read (every other)
 *
 * ngx_http_strangler_zone.c
 */

#ifndef NGX_HTTP_STRANGLER_ZONE_H
#define NGX_HTTP_STRANGLER_ZONE_H

#include "ngx_http_strangler.h"


struct ngx_http_strangler_shared_s {
    ngx_atomic_t     generation;
    ngx_atomic_t     leader;                   /* pid; 0: none */
    ngx_atomic_t     leader_seen;              /* its last sign, ms */
    uint64_t         reported;                 /* checksum of logged errors */
    uint64_t         checksum;
    u_char          *bundle;
    size_t           size;
    ngx_slab_pool_t *slab;
    ngx_http_strangler_count_t  *count;
    char            *error;                    /* JSON; NULL: none */
    size_t           error_len;
    int64_t          error_time;               /* ms since 1970 */
};


ngx_int_t ngx_http_strangler_zone_add(ngx_conf_t *cf,
    ngx_http_strangler_rset_t *rset);

/* The newest generation's number. */
ngx_uint_t ngx_http_strangler_zone_generation(ngx_http_strangler_rset_t *rset);

/*
 * A copy of the newest bytes and their number; any thread.  Free the files
 * with fig_files_destroy().
 */
fig_status_t ngx_http_strangler_zone_read(ngx_http_strangler_rset_t *rset,
    fig_files_t **files, ngx_uint_t *number);

/*
 * Makes files the newest generation, unless they are that already; any thread.
 * *needed: bytes that the zone lacks, with NGX_DECLINED.
 */
ngx_int_t ngx_http_strangler_zone_publish(ngx_http_strangler_rset_t *rset,
    const fig_files_t *files, const fig_ruleset_t *ruleset,
    ngx_uint_t *number, size_t *needed);

/* Checksum of the newest bytes. */
uint64_t ngx_http_strangler_zone_checksum(ngx_http_strangler_rset_t *rset);

/*
 * True once a text: whether errors of this text are still to be logged (and
 * counted); 0: the text is a good one.
 */
ngx_uint_t ngx_http_strangler_zone_report(ngx_http_strangler_rset_t *rset,
    uint64_t checksum);

/* Takes or renews the leader's lease; false: another process has it. */
ngx_uint_t ngx_http_strangler_zone_lead(ngx_http_strangler_rset_t *rset);
void ngx_http_strangler_zone_unlead(ngx_http_strangler_rset_t *rset);

/* The leader's pid; 0: there is none. */
ngx_uint_t ngx_http_strangler_zone_leader(ngx_http_strangler_rset_t *rset);

/*
 * Keeps the diagnostics of rules that were refused, as JSON, until there are
 * good ones; what the zone has no room for is not kept.
 */
void ngx_http_strangler_zone_set_error(ngx_http_strangler_rset_t *rset,
    fig_str_t json);

/* A copy of them, to be freed, and when that was; NULL: there are none. */
char *ngx_http_strangler_zone_error(ngx_http_strangler_rset_t *rset,
    size_t *len, int64_t *time);

/* Whether rules were refused since the last good ones. */
ngx_uint_t ngx_http_strangler_zone_is_spoiled(ngx_http_strangler_rset_t *rset);

/* ngx_http_strangler_diags.c */

/* Writes diagnostics to the log, a line each. */
void ngx_http_strangler_log_diags(ngx_log_t *log, ngx_uint_t level,
    ngx_http_strangler_rset_t *rset, fig_diags_t *diags);

/* Puts them into an answer, a list of objects. */
void ngx_http_strangler_put_diags(fig_json_out_t *out, fig_diags_t *diags);

/* Keeps them in the zone, for whoever asks. */
void ngx_http_strangler_keep_diags(ngx_http_strangler_rset_t *rset,
    fig_diags_t *diags);

/* The same of rules for which the zone would have to have so many bytes. */
void ngx_http_strangler_log_too_large(ngx_log_t *log, ngx_uint_t level,
    ngx_http_strangler_rset_t *rset, size_t needed);

/* And keeps it, as the diagnostics of rules. */
void ngx_http_strangler_keep_too_large(ngx_http_strangler_rset_t *rset,
    size_t needed);


#endif /* NGX_HTTP_STRANGLER_ZONE_H */
