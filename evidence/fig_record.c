/*
 * Pairs added to the record of a route.
 *
 *     pair -> of the same key and build? -> classes -> outcome -> score
 *                    | no: begins anew, or does not count
 */

#include "fig_record.h"
#include "fig_batch_pairs.h"

#include <stdlib.h>


#define FIG_RECORD_ROLLING  60         /* s that a build is gone for good */


bool
fig_record_init(fig_record_t *record, size_t left)
{
    memset(record, 0, sizeof(fig_record_t));

    /* 0 would be the most there can be */

    record->classes = fig_classes_create(FIG_CLASSES_PER_ROUTE,
                                         left != 0 ? left : 1);

    return record->classes != NULL;
}


void
fig_record_release(fig_record_t *record)
{
    fig_classes_destroy(record->classes);
    record->classes = NULL;
}


static void
fig_record_renew(fig_record_t *record, const fig_pair_t *pair)
{
    fig_classes_renew(record->classes, pair->time);
    fig_ready_init(&record->ready, pair->key);
    record->suspects.n = 0;
    memset(&record->old_side, 0, sizeof(fig_latency_t));
    memset(&record->new_side, 0, sizeof(fig_latency_t));

    record->key = pair->key;
    record->since = pair->time;
    record->dropped = 0;
}


static bool
fig_record_knows(const fig_record_t *record, uint64_t version)
{
    size_t  i;

    for (i = 0; i < record->nbefore; i++) {
        if (record->before[i] == version) {
            return true;
        }
    }

    return false;
}


/* The newest ones are kept, and the one that is in force is none of them. */

static void
fig_record_replace(fig_record_t *record, uint64_t version)
{
    size_t    i, n;
    uint64_t  before[FIG_RECORD_BEFORE];

    n = 0;

    if (record->version != 0) {
        before[n++] = record->version;
    }

    for (i = 0; i < record->nbefore && n < FIG_RECORD_BEFORE; i++) {
        if (record->before[i] != version) {
            before[n++] = record->before[i];
        }
    }

    memcpy(record->before, before, n * sizeof(uint64_t));
    record->nbefore = n;
    record->version = version;
}


/*
 * Whether a pair counts.  A build that was replaced answers on for a while, and
 * counts again when the one that has replaced it does not answer any more.
 */

static bool
fig_record_accepts(fig_record_t *record, const fig_pair_t *pair)
{
    if (record->key != pair->key) {
        fig_record_renew(record, pair);
        record->version = 0;
        record->nbefore = 0;
    }

    if (pair->version == 0) {
        return true;                   /* of whatever build there is */
    }

    if (pair->version != record->version) {

        if (fig_record_knows(record, pair->version)
            && pair->time < record->seen + FIG_RECORD_ROLLING)
        {
            record->dropped++;
            return false;
        }

        /* the first build, after pairs that have failed, is no other one */

        if (record->version != 0 || record->ready.matches != 0) {
            fig_record_renew(record, pair);
        }

        fig_record_replace(record, pair->version);
    }

    if (pair->time > record->seen) {
        record->seen = pair->time;
    }

    return true;
}


/* How many classes have been counted. */

static size_t
fig_record_counted(const fig_record_t *record, fig_str_t route)
{
    size_t              n;
    const fig_class_t  *class;

    n = 0;

    for (class = fig_classes_next(record->classes, &route, NULL);
         class != NULL;
         class = fig_classes_next(record->classes, &route, class))
    {
        n += (class->count != 0);
    }

    return n;
}


void
fig_record_add(fig_record_t *record, fig_batch_pair_t *merged)
{
    size_t             before;
    const fig_pair_t  *pair = &merged->pair;

    merged->outcome = pair->comparison->outcome;
    merged->new_classes = 0;

    if (!fig_record_accepts(record, pair)) {
        return;
    }

    record->limits = pair->limits;

    if (pair->time > record->updated) {
        record->updated = pair->time;
    }

    if (merged->outcome == FIG_OUTCOME_MISMATCH) {
        before = fig_record_counted(record, pair->route);
        merged->outcome = fig_classes_add(record->classes, pair->route,
                                          pair->comparison, pair->name,
                                          pair->id, pair->time);
        merged->new_classes = fig_record_counted(record, pair->route) - before;
    }

    if (merged->outcome == FIG_OUTCOME_MISMATCH) {
        fig_suspects_add(&record->suspects, record->classes, pair->route,
                         pair->comparison);
    }

    if (pair->itself != NULL) {

        /* without memory it is a probe less */

        (void) fig_classes_probe(record->classes, pair->route,
                                 pair->comparison, pair->itself, pair->time);
    }

    fig_ready_add(&record->ready, &pair->limits, merged->outcome,
                  pair->request, pair->time);

    if (merged->outcome != FIG_OUTCOME_INCOMPARABLE && pair->old_us != 0
        && pair->new_us != 0)
    {
        fig_latency_add(&record->old_side, pair->old_us);
        fig_latency_add(&record->new_side, pair->new_us);
    }
}


void
fig_record_forgive(fig_record_t *record, uint64_t now)
{
    uint64_t  n;

    n = fig_suspects_clear(&record->suspects, record->classes, now);

    if (n != 0) {
        fig_ready_forgive(&record->ready, &record->limits, n);
    }
}


void
fig_record_judge(const fig_record_t *record, fig_str_t route, uint64_t now,
    fig_readiness_t *readiness)
{
    char                text[FIG_READY_TEXT];
    const fig_class_t  *one;
    fig_ready_facts_t   facts;

    memset(&facts, 0, sizeof(fig_ready_facts_t));
    facts.primary = &record->old_side;
    facts.candidate = &record->new_side;
    facts.nblocking = fig_classes_blocking(record->classes, route, now, &one);

    if (facts.nblocking != 0) {
        facts.blocking = fig_str(text, fig_class_text(one, text,
                                                      sizeof(text)));
    }

    fig_ready_judge(&record->ready, &record->limits, &facts, now, readiness);
}
