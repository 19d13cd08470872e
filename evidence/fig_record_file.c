/*
 * Records as JSON: written, and what their first bytes tell without reading the
 * rest.
 */

#define _GNU_SOURCE

#include "fig_record.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <zlib.h>


uint32_t
fig_record_sum(const char *data, size_t len)
{
    return (uint32_t) crc32_z(0, (const unsigned char *) data, len);
}


static void
fig_record_put(fig_json_out_t *out, const char *key, uint64_t n)
{
    fig_json_put_key(out, key);
    fig_json_put_uint(out, n);
}


static void
fig_record_put_hex(fig_json_out_t *out, uint64_t n)
{
    char  text[17];

    (void) snprintf(text, sizeof(text), "%016" PRIx64, n);
    fig_json_put_text(out, text);
}


static void
fig_record_put_head(const fig_record_t *record, fig_json_out_t *out)
{
    size_t              n;
    const fig_class_t  *class;

    for (n = 0, class = NULL; ; n++) {
        class = fig_classes_next(record->classes, NULL, class);

        if (class == NULL) {
            break;
        }
    }

    fig_record_put(out, "v", FIG_RECORD_VERSION);
    fig_record_put(out, "n", n);
    fig_json_put_key(out, "ids");
    fig_json_begin_array(out);

    for (class = fig_classes_next(record->classes, NULL, NULL);
         class != NULL;
         class = fig_classes_next(record->classes, NULL, class))
    {
        fig_record_put_hex(out, class->id);
    }

    fig_json_end_array(out);
}


static void
fig_record_put_ready(const fig_record_t *record, fig_json_out_t *out)
{
    uint32_t            i;
    const fig_ready_t  *ready = &record->ready;

    fig_json_put_key(out, "ready");
    fig_json_begin_object(out);
    fig_json_put_key(out, "score");
    fig_json_put_int(out, ready->score);
    fig_record_put(out, "matches", ready->matches);
    fig_record_put(out, "mismatches", ready->mismatches);
    fig_record_put(out, "incomparable", ready->incomparable);
    fig_record_put(out, "credit", ready->credit);
    fig_record_put(out, "window", ready->window);
    fig_record_put(out, "pairs", ready->pairs[1]);
    fig_record_put(out, "pairs_before", ready->pairs[0]);
    fig_record_put(out, "failures", ready->failures[1]);
    fig_record_put(out, "failures_before", ready->failures[0]);
    fig_json_put_key(out, "requests");
    fig_json_begin_array(out);

    for (i = 0; i < ready->nrequests; i++) {
        fig_record_put_hex(out, ready->requests[i]);
        fig_json_put_uint(out, ready->counts[i]);
    }

    fig_json_end_array(out);
    fig_json_end_object(out);
}


static void
fig_record_put_latency(fig_json_out_t *out, const char *key,
    const fig_latency_t *latency)
{
    size_t  i;

    fig_json_put_key(out, key);
    fig_json_begin_array(out);

    for (i = 0; i < FIG_LATENCY_BUCKETS; i++) {
        if (latency->counts[i] != 0) {
            fig_json_put_uint(out, i);
            fig_json_put_uint(out, latency->counts[i]);
        }
    }

    fig_json_end_array(out);
}


/* Each as a list: how often, and the ids of its classes. */

static void
fig_record_put_suspects(const fig_suspects_t *suspects, fig_json_out_t *out)
{
    size_t  i, k;

    fig_json_put_key(out, "suspects");
    fig_json_begin_array(out);

    for (i = 0; i < suspects->n; i++) {
        fig_json_begin_array(out);
        fig_json_put_uint(out, suspects->list[i].count);

        for (k = 0; k < suspects->list[i].n; k++) {
            fig_record_put_hex(out, suspects->list[i].ids[k]);
        }

        fig_json_end_array(out);
    }

    fig_json_end_array(out);
}


void
fig_record_encode(const fig_record_t *record, fig_str_t route,
    fig_json_out_t *out)
{
    char       sum[9];
    size_t     i;
    fig_str_t  text;

    fig_json_begin_object(out);
    fig_record_put_head(record, out);
    fig_json_put_key(out, "route");
    fig_json_put_str(out, route);
    fig_json_put_key(out, "key");
    fig_record_put_hex(out, record->key);
    fig_json_put_key(out, "version");
    fig_record_put_hex(out, record->version);
    fig_json_put_key(out, "before");
    fig_json_begin_array(out);

    for (i = 0; i < record->nbefore; i++) {
        fig_record_put_hex(out, record->before[i]);
    }

    fig_json_end_array(out);
    fig_record_put(out, "seen", record->seen);
    fig_record_put(out, "since", record->since);
    fig_record_put(out, "updated", record->updated);
    fig_record_put(out, "dropped", record->dropped);
    fig_record_put(out, "p0",
                   (uint64_t) llround(record->limits.p0 * FIG_RECORD_UNIT));
    fig_record_put(out, "alpha",
                   (uint64_t) llround(record->limits.alpha * FIG_RECORD_UNIT));
    fig_json_put_key(out, "verdict");
    fig_json_put_text(out, fig_verdict_name(record->verdict));
    fig_record_put_ready(record, out);
    fig_record_put_latency(out, "old", &record->old_side);
    fig_record_put_latency(out, "new", &record->new_side);
    fig_record_put_suspects(&record->suspects, out);
    fig_json_put_key(out, "classes");
    fig_classes_write(record->classes, out);

    text = fig_json_out_text(out);
    (void) snprintf(sum, sizeof(sum), "%08x",
                    fig_record_sum(text.data, text.len));
    fig_json_put_key(out, "sum");
    fig_json_put_text(out, sum);
    fig_json_end_object(out);
}


size_t
fig_record_count(fig_str_t head)
{
    size_t  i, n;

    static const char  mark[] = "{\"v\":1,\"n\":";

    if (head.len < sizeof(mark)
        || memcmp(head.data, mark, sizeof(mark) - 1) != 0)
    {
        return 0;
    }

    for (i = sizeof(mark) - 1, n = 0; i < head.len && n < 100000; i++) {
        if (head.data[i] < '0' || head.data[i] > '9') {
            break;
        }

        n = n * 10 + (size_t) (head.data[i] - '0');
    }

    return n;
}


bool
fig_record_has(fig_str_t head, uint64_t id)
{
    char         text[24];
    const char  *end;

    end = (head.len != 0) ? memchr(head.data, ']', head.len) : NULL;

    (void) snprintf(text, sizeof(text), "\"%016" PRIx64 "\"", id);

    return end != NULL
           && memmem(head.data, (size_t) (end - head.data), text, 18) != NULL;
}
