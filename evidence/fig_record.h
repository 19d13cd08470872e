/*
 * The file of a route; private to evidence/.
 *
 *     {"v":1,"n":2,"ids":["89ab...", ...],"key":...,"ready":{...},
 *      "latency":{...},"classes":{...},"sum":"1c291ca3"}
 *
 * sum is the CRC-32 (as in gzip, RFC 1952) of the bytes before `,"sum"`.
 */

#ifndef FIG_RECORD_H
#define FIG_RECORD_H

#include "fig_evidence.h"
#include "fig_suspects.h"


#define FIG_RECORD_BEFORE  8           /* builds that are remembered */
#define FIG_RECORD_MAX     (16 * 1024 * 1024)
#define FIG_RECORD_VERSION 1
#define FIG_RECORD_MOST    1000000000000000    /* of anything that is counted */
#define FIG_RECORD_UNIT    1e9         /* p0, alpha as whole numbers */
#define FIG_RECORD_SUM     18          /* bytes of ,"sum":"..."} */
#define FIG_RECORD_HEAD    8192        /* in which n and all ids are */


typedef struct {
    uint64_t             key;
    uint64_t             version;
    uint64_t             seen;         /* when it answered last */
    size_t               nbefore;      /* builds that it has replaced */
    uint64_t             before[FIG_RECORD_BEFORE];
    uint64_t             since;
    uint64_t             updated;
    uint64_t             dropped;
    fig_ready_limits_t   limits;
    fig_verdict_t        verdict;      /* the last one that was told */
    fig_ready_t          ready;
    fig_latency_t        old_side;
    fig_latency_t        new_side;
    fig_suspects_t       suspects;
    fig_classes_t       *classes;
} fig_record_t;


/* An empty one, with room for left classes; false: memory is out. */
bool fig_record_init(fig_record_t *record, size_t left);
void fig_record_release(fig_record_t *record);

/*
 * Reads what fig_record_encode() has written into one that is made here, with
 * room for left classes more than it has.  route is the name of the file.
 * FIG_INVALID: it is damaged, *why (a static text) says how.
 */
fig_status_t fig_record_decode(fig_record_t *record, fig_str_t route,
    fig_str_t text, size_t left, const char **why);

/* out->nomem tells whether that went well. */
void fig_record_encode(const fig_record_t *record, fig_str_t route,
    fig_json_out_t *out);

/* Between the two files that write and read. */
static const char  fig_record_mark[] = ",\"sum\":\"";
uint32_t fig_record_sum(const char *data, size_t len);

/* The number of classes that the head of a file says it has. */
size_t fig_record_count(fig_str_t head);

/* Whether the head of a file has this id. */
bool fig_record_has(fig_str_t head, uint64_t id);

/* The verdict, and all that is said with it. */
void fig_record_judge(const fig_record_t *record, fig_str_t route,
    uint64_t now, fig_readiness_t *readiness);

/* Adds a pair, and notes its outcome in it. */
struct fig_batch_pair_s;
void fig_record_add(fig_record_t *record, struct fig_batch_pair_s *pair);

/* Takes back mismatches whose classes are noise or acknowledged by now. */
void fig_record_forgive(fig_record_t *record, uint64_t now);


#endif /* FIG_RECORD_H */
