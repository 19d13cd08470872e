/*
 * Records as JSON, read.
 *
 * A file with a good checksum was written here, but perhaps by another version
 * of this program: numbers that cannot be are damage as well.
 */

#include "fig_record.h"

#include <stdio.h>
#include <stdlib.h>


typedef struct {
    const fig_json_t  *doc;
    bool               wrong;
} fig_record_in_t;


static uint64_t
fig_record_number(fig_record_in_t *in, const fig_json_node_t *node)
{
    size_t     i;
    uint64_t   n;
    fig_str_t  text;

    if (node == NULL || node->kind != FIG_JSON_NUMBER) {
        in->wrong = true;
        return 0;
    }

    text = fig_json_text(in->doc, node);

    for (i = 0, n = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9' || i == 18) {
            in->wrong = true;
            return 0;
        }

        n = n * 10 + (uint64_t) (text.data[i] - '0');
    }

    return n;
}


static const fig_json_node_t *
fig_record_find(fig_record_in_t *in, const fig_json_node_t *object,
    const char *key)
{
    return fig_json_find(in->doc, object, fig_str_from(key));
}


static uint64_t
fig_record_get(fig_record_in_t *in, const fig_json_node_t *object,
    const char *key)
{
    uint64_t  n;

    n = fig_record_number(in, fig_record_find(in, object, key));
    in->wrong |= (n > FIG_RECORD_MOST);

    return n;
}


static uint64_t
fig_record_hex(fig_record_in_t *in, const fig_json_node_t *node)
{
    char       c;
    size_t     i;
    uint64_t   n;
    fig_str_t  text;

    text = (node != NULL && node->kind == FIG_JSON_STRING)
           ? fig_json_text(in->doc, node) : fig_str("", 0);

    in->wrong |= (text.len != 16);

    for (i = 0, n = 0; i < text.len && i < 16; i++) {
        c = text.data[i];

        if ((c < '0' || c > '9') && (c < 'a' || c > 'f')) {
            in->wrong = true;
            return 0;
        }

        n = n << 4 | (uint64_t) (c <= '9' ? c - '0' : c - 'a' + 10);
    }

    return n;
}


/* The first element of an array, and NULL where there is none. */

static const fig_json_node_t *
fig_record_array(fig_record_in_t *in, const fig_json_node_t *object,
    const char *key)
{
    const fig_json_node_t  *node;

    node = fig_record_find(in, object, key);

    if (node == NULL || node->kind != FIG_JSON_ARRAY) {
        in->wrong = true;
        return NULL;
    }

    return fig_json_first(in->doc, node);
}


static int64_t
fig_record_score(fig_record_in_t *in, const fig_json_node_t *object)
{
    int64_t                 score;
    fig_str_t               text;
    const fig_json_node_t  *node;

    char  copy[24];

    node = fig_record_find(in, object, "score");
    text = (node != NULL && node->kind == FIG_JSON_NUMBER)
           ? fig_json_text(in->doc, node) : fig_str("", 0);

    if (text.len == 0 || text.len > 20) {
        in->wrong = true;
        return 0;
    }

    memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    score = strtoll(copy, NULL, 10);

    if (score < INT64_MIN / 2 || score > INT64_MAX / 2) {
        in->wrong = true;
        return 0;
    }

    return score;
}


static void
fig_record_read_ready(fig_record_in_t *in, const fig_json_node_t *root,
    fig_ready_t *ready)
{
    uint64_t                count;
    const fig_json_node_t  *node, *object;

    object = fig_record_find(in, root, "ready");
    ready->score = fig_record_score(in, object);
    ready->matches = fig_record_get(in, object, "matches");
    ready->mismatches = fig_record_get(in, object, "mismatches");
    ready->incomparable = fig_record_get(in, object, "incomparable");
    ready->credit = fig_record_number(in, fig_record_find(in, object,
                                                          "credit"));
    ready->window = fig_record_get(in, object, "window");
    ready->pairs[1] = fig_record_get(in, object, "pairs");
    ready->pairs[0] = fig_record_get(in, object, "pairs_before");
    ready->failures[1] = fig_record_get(in, object, "failures");
    ready->failures[0] = fig_record_get(in, object, "failures_before");
    in->wrong |= (ready->credit > ready->matches * 1000);

    for (node = fig_record_array(in, object, "requests");
         node != NULL && ready->nrequests < FIG_READY_REQUESTS;
         node = fig_json_next(in->doc, node))
    {
        ready->requests[ready->nrequests] = fig_record_hex(in, node);
        node = fig_json_next(in->doc, node);
        count = fig_record_number(in, node);

        if (node == NULL || count > UINT32_MAX) {
            in->wrong = true;
            return;
        }

        ready->counts[ready->nrequests++] = (uint32_t) count;
    }
}


static void
fig_record_read_latency(fig_record_in_t *in, const fig_json_node_t *root,
    const char *key, fig_latency_t *latency)
{
    uint64_t                bucket, count;
    const fig_json_node_t  *node;

    for (node = fig_record_array(in, root, key);
         node != NULL;
         node = fig_json_next(in->doc, node))
    {
        bucket = fig_record_number(in, node);
        node = fig_json_next(in->doc, node);
        count = fig_record_number(in, node);

        if (node == NULL || bucket >= FIG_LATENCY_BUCKETS
            || count > FIG_LATENCY_FADE
            || latency->total + count > FIG_LATENCY_FADE)
        {
            in->wrong = true;
            return;
        }

        latency->counts[bucket] += (uint32_t) count;
        latency->total += (uint32_t) count;
    }
}


/* A file that is older has none. */

static void
fig_record_read_suspects(fig_record_in_t *in, const fig_json_node_t *root,
    fig_suspects_t *suspects)
{
    fig_suspect_t          *suspect;
    const fig_json_node_t  *node, *item;

    if (fig_record_find(in, root, "suspects") == NULL) {
        return;
    }

    for (node = fig_record_array(in, root, "suspects");
         node != NULL && suspects->n < FIG_SUSPECTS;
         node = fig_json_next(in->doc, node))
    {
        if (node->kind != FIG_JSON_ARRAY) {
            in->wrong = true;
            return;
        }

        suspect = &suspects->list[suspects->n++];
        item = fig_json_first(in->doc, node);
        suspect->count = fig_record_number(in, item);

        while (item != NULL && suspect->n < FIG_SUSPECT_CLASSES) {
            item = fig_json_next(in->doc, item);

            if (item != NULL) {
                suspect->ids[suspect->n++] = fig_record_hex(in, item);
            }
        }

        in->wrong |= (suspect->n == 0 || suspect->count > FIG_RECORD_MOST);
    }
}


static void
fig_record_read(fig_record_in_t *in, const fig_json_node_t *root,
    fig_record_t *record)
{
    fig_verdict_t           verdict;
    const fig_json_node_t  *node;

    record->key = fig_record_hex(in, fig_record_find(in, root, "key"));
    record->version = fig_record_hex(in, fig_record_find(in, root, "version"));

    for (node = fig_record_array(in, root, "before");
         node != NULL && record->nbefore < FIG_RECORD_BEFORE;
         node = fig_json_next(in->doc, node))
    {
        record->before[record->nbefore++] = fig_record_hex(in, node);
    }

    record->seen = fig_record_get(in, root, "seen");
    record->since = fig_record_get(in, root, "since");
    record->updated = fig_record_get(in, root, "updated");
    record->dropped = fig_record_get(in, root, "dropped");
    record->limits.p0 = (double) fig_record_get(in, root, "p0")
                        / FIG_RECORD_UNIT;
    record->limits.alpha = (double) fig_record_get(in, root, "alpha")
                           / FIG_RECORD_UNIT;
    in->wrong |= (record->limits.p0 >= 1 || record->limits.alpha >= 1);

    node = fig_record_find(in, root, "verdict");

    for (verdict = FIG_VERDICT_GATHERING;
         verdict <= FIG_VERDICT_NOT_READY;
         verdict++)
    {
        if (node != NULL && node->kind == FIG_JSON_STRING
            && fig_str_eq(fig_json_text(in->doc, node),
                          fig_str_from(fig_verdict_name(verdict))))
        {
            break;
        }
    }

    in->wrong |= (verdict > FIG_VERDICT_NOT_READY);
    record->verdict = verdict;
    record->ready.evidence = record->key;
    fig_record_read_ready(in, root, &record->ready);
    fig_record_read_latency(in, root, "old", &record->old_side);
    fig_record_read_latency(in, root, "new", &record->new_side);
    fig_record_read_suspects(in, root, &record->suspects);
}


/* Whether all classes are of the route that the file is of. */

static bool
fig_record_is_of(const fig_record_t *record, fig_str_t route)
{
    const fig_class_t  *class;

    for (class = fig_classes_next(record->classes, NULL, NULL);
         class != NULL;
         class = fig_classes_next(record->classes, NULL, class))
    {
        if (!fig_str_eq(class->route, route)) {
            return false;
        }
    }

    return true;
}


static bool
fig_record_is_whole(fig_str_t text)
{
    char    sum[16];
    size_t  len;

    if (text.len < FIG_RECORD_SUM) {
        return false;
    }

    len = text.len - FIG_RECORD_SUM;
    (void) snprintf(sum, sizeof(sum), "%08x\"}",
                    fig_record_sum(text.data, len));

    return memcmp(text.data + len, fig_record_mark,
                  sizeof(fig_record_mark) - 1) == 0
           && memcmp(text.data + len + sizeof(fig_record_mark) - 1, sum, 10)
              == 0;
}


static fig_status_t
fig_record_parse(fig_record_t *record, fig_str_t route, fig_str_t text,
    fig_arena_t *arena, const char **why)
{
    fig_json_t             *doc;
    fig_status_t            status;
    fig_record_in_t         in;
    const fig_json_node_t  *root, *name;

    status = fig_json_parse(text, NULL, arena, &doc, NULL);
    if (status != FIG_OK) {
        *why = "it is not JSON";
        return status;
    }

    in.doc = doc;
    in.wrong = false;
    root = fig_json_root(doc);
    name = fig_record_find(&in, root, "route");

    if (fig_record_get(&in, root, "v") != FIG_RECORD_VERSION || in.wrong) {
        *why = "it is of another version";
        return FIG_INVALID;
    }

    if (name == NULL || name->kind != FIG_JSON_STRING
        || !fig_str_eq(fig_json_text(doc, name), route))
    {
        *why = "it is of another route";
        return FIG_INVALID;
    }

    fig_record_read(&in, root, record);

    if (in.wrong) {
        *why = "its numbers make no sense";
        return FIG_INVALID;
    }

    status = fig_classes_read(record->classes, doc,
                              fig_record_find(&in, root, "classes"));

    if (status == FIG_OK && !fig_record_is_of(record, route)) {
        *why = "it has classes of another route";
        status = FIG_INVALID;
    }

    return status;
}


fig_status_t
fig_record_decode(fig_record_t *record, fig_str_t route, fig_str_t text,
    size_t left, const char **why)
{
    fig_arena_t   *arena;
    fig_status_t   status;

    if (!fig_record_is_whole(text)) {
        *why = "its checksum is wrong";
        return FIG_INVALID;
    }

    arena = fig_arena_create();
    if (arena == NULL) {
        return FIG_NOMEM;
    }

    status = FIG_NOMEM;

    if (fig_record_init(record, left + fig_record_count(text))) {
        status = fig_record_parse(record, route, text, arena, why);

        if (status != FIG_OK) {
            fig_record_release(record);
        }
    }

    fig_arena_destroy(arena);

    return status;
}
