/*
 * Space-Saving, see fig_sketch.h.
 *
 *     heads[hash % nheads] -> item -> item (next)      find a text
 *     heap[0]                                          the least count
 *
 * heap[i] <= heap[2i + 1], heap[2i + 2]; an item knows its place in it, so
 * that one whose count grew sinks without being searched.
 */

#include "fig_sketch.h"

#include <stdatomic.h>
#include <stdlib.h>


#define FIG_SKETCH_NONE  UINT32_MAX


struct fig_sketch_s {
    uint64_t      total;
    uint32_t      capacity;
    uint32_t      nheads;              /* a power of two */
    uint32_t      used;
    uint32_t      busy;                /* somebody is adding, or died so */
};


/* The parts lie behind one another. */

static fig_sketch_item_t *
fig_sketch_item(const fig_sketch_t *sketch, uint32_t i)
{
    return (fig_sketch_item_t *) (sketch + 1) + i;
}


static uint32_t *
fig_sketch_heap(const fig_sketch_t *sketch)
{
    return (uint32_t *) fig_sketch_item(sketch, sketch->capacity);
}


static uint32_t *
fig_sketch_heads(const fig_sketch_t *sketch)
{
    return fig_sketch_heap(sketch) + sketch->capacity;
}


static uint32_t
fig_sketch_nheads(uint32_t capacity)
{
    uint32_t  n;

    for (n = 1; n < capacity; n *= 2) {
        /* void */
    }

    return n;
}


size_t
fig_sketch_size(uint32_t capacity)
{
    return sizeof(fig_sketch_t)
           + capacity * (sizeof(fig_sketch_item_t) + sizeof(uint32_t))
           + fig_sketch_nheads(capacity) * sizeof(uint32_t);
}


static void
fig_sketch_clear_heads(fig_sketch_t *sketch)
{
    uint32_t  i, *heads;

    heads = fig_sketch_heads(sketch);

    for (i = 0; i < sketch->nheads; i++) {
        heads[i] = FIG_SKETCH_NONE;
    }
}


fig_sketch_t *
fig_sketch_init(void *memory, uint32_t capacity)
{
    fig_sketch_t  *sketch = memory;

    memset(sketch, 0, fig_sketch_size(capacity));

    sketch->capacity = capacity;
    sketch->nheads = fig_sketch_nheads(capacity);

    fig_sketch_clear_heads(sketch);

    return sketch;
}


/* Eight bytes at a time, each mixed by a product's high half. */

static uint64_t
fig_sketch_hash(fig_str_t text)
{
    size_t    i;
    uint64_t  h, word;

    h = 0x9e3779b97f4a7c15 ^ text.len;

    for (i = 0; i < text.len; i += 8) {
        word = 0;
        memcpy(&word, text.data + i, text.len - i < 8 ? text.len - i : 8);

        h = (h ^ word) * 0xbf58476d1ce4e5b9;
        h ^= h >> 29;
    }

    return h ^ (h >> 32);
}


static void
fig_sketch_place(fig_sketch_t *sketch, uint32_t at, uint32_t item)
{
    fig_sketch_heap(sketch)[at] = item;
    fig_sketch_item(sketch, item)->heap = at;
}


static uint64_t
fig_sketch_at(const fig_sketch_t *sketch, uint32_t at)
{
    return fig_sketch_item(sketch, fig_sketch_heap(sketch)[at])->count;
}


static void
fig_sketch_rise(fig_sketch_t *sketch, uint32_t item)
{
    uint32_t  at, up;
    uint64_t  count;

    at = fig_sketch_item(sketch, item)->heap;
    count = fig_sketch_item(sketch, item)->count;

    while (at > 0) {
        up = (at - 1) / 2;

        if (fig_sketch_at(sketch, up) <= count) {
            break;
        }

        fig_sketch_place(sketch, at, fig_sketch_heap(sketch)[up]);
        at = up;
    }

    fig_sketch_place(sketch, at, item);
}


static void
fig_sketch_sink(fig_sketch_t *sketch, uint32_t item)
{
    uint32_t  at, down;
    uint64_t  count;

    at = fig_sketch_item(sketch, item)->heap;
    count = fig_sketch_item(sketch, item)->count;

    for ( ;; ) {
        down = 2 * at + 1;

        if (down >= sketch->used) {
            break;
        }

        if (down + 1 < sketch->used
            && fig_sketch_at(sketch, down + 1) < fig_sketch_at(sketch, down))
        {
            down++;
        }

        if (count <= fig_sketch_at(sketch, down)) {
            break;
        }

        fig_sketch_place(sketch, at, fig_sketch_heap(sketch)[down]);
        at = down;
    }

    fig_sketch_place(sketch, at, item);
}


static void
fig_sketch_link(fig_sketch_t *sketch, uint32_t i)
{
    uint32_t           *head;
    fig_sketch_item_t  *item;

    item = fig_sketch_item(sketch, i);
    head = &fig_sketch_heads(sketch)[item->hash & (sketch->nheads - 1)];

    item->next = *head;
    *head = i;
}


static void
fig_sketch_unlink(fig_sketch_t *sketch, uint32_t i)
{
    uint32_t           *link;
    fig_sketch_item_t  *item;

    item = fig_sketch_item(sketch, i);
    link = &fig_sketch_heads(sketch)[item->hash & (sketch->nheads - 1)];

    while (*link != i) {
        link = &fig_sketch_item(sketch, *link)->next;
    }

    *link = item->next;
}


static uint32_t
fig_sketch_find(const fig_sketch_t *sketch, fig_str_t text, uint64_t hash)
{
    uint32_t            i;
    fig_sketch_item_t  *item;

    i = fig_sketch_heads(sketch)[hash & (sketch->nheads - 1)];

    while (i != FIG_SKETCH_NONE) {
        item = fig_sketch_item(sketch, i);

        if (item->hash == hash
            && fig_str_eq(fig_str(item->text, item->len), text))
        {
            break;
        }

        i = item->next;
    }

    return i;
}


/* An item is empty while its text is not whole. */

static void
fig_sketch_fill(fig_sketch_item_t *item, fig_str_t text, uint64_t hash,
    uint64_t error, uint64_t n)
{
    item->count = 0;
    atomic_signal_fence(memory_order_seq_cst);

    item->hash = hash;
    item->error = error;
    item->len = (uint16_t) text.len;
    memcpy(item->text, text.data, text.len);

    atomic_signal_fence(memory_order_seq_cst);
    item->count = error + n;
}


static uint32_t
fig_sketch_insert(fig_sketch_t *sketch, fig_str_t text, uint64_t hash,
    uint64_t error, uint64_t n)
{
    uint32_t            i;
    fig_sketch_item_t  *item;

    if (sketch->used < sketch->capacity) {
        i = sketch->used;
        item = fig_sketch_item(sketch, i);

        fig_sketch_fill(item, text, hash, error, n);
        item->heap = i;
        sketch->used++;
        fig_sketch_rise(sketch, i);

    } else {
        i = fig_sketch_heap(sketch)[0];
        item = fig_sketch_item(sketch, i);

        fig_sketch_unlink(sketch, i);
        fig_sketch_fill(item, text, hash, item->count, n);
        fig_sketch_sink(sketch, i);
    }

    fig_sketch_link(sketch, i);

    return i;
}


void
fig_sketch_add(fig_sketch_t *sketch, fig_str_t text, uint64_t n)
{
    uint32_t  i;
    uint64_t  hash;

    if (text.len > FIG_SKETCH_TEXT) {
        text.len = FIG_SKETCH_TEXT;
    }

    hash = fig_sketch_hash(text);

    sketch->busy = 1;
    atomic_signal_fence(memory_order_seq_cst);

    sketch->total += n;

    i = fig_sketch_find(sketch, text, hash);

    if (i != FIG_SKETCH_NONE) {
        fig_sketch_item(sketch, i)->count += n;
        fig_sketch_sink(sketch, i);

    } else {
        (void) fig_sketch_insert(sketch, text, hash, 0, n);
    }

    atomic_signal_fence(memory_order_seq_cst);
    sketch->busy = 0;
}


uint64_t
fig_sketch_total(const fig_sketch_t *sketch)
{
    return sketch->total;
}


uint64_t
fig_sketch_error(const fig_sketch_t *sketch)
{
    return (sketch->used < sketch->capacity) ? 0 : fig_sketch_at(sketch, 0);
}


uint32_t
fig_sketch_used(const fig_sketch_t *sketch)
{
    return sketch->used;
}


uint32_t
fig_sketch_capacity(const fig_sketch_t *sketch)
{
    return sketch->capacity;
}


void
fig_sketch_items(const fig_sketch_t *sketch, fig_sketch_item_t *out)
{
    memcpy(out, fig_sketch_item(sketch, 0),
           sketch->used * sizeof(fig_sketch_item_t));
}


static int
fig_sketch_compare(const void *one, const void *two)
{
    int                       rc;
    size_t                    len;
    const fig_sketch_item_t  *a = one;
    const fig_sketch_item_t  *b = two;

    if (a->count != b->count) {
        return (a->count > b->count) ? -1 : 1;
    }

    len = (a->len < b->len) ? a->len : b->len;
    rc = memcmp(a->text, b->text, len);

    return rc ? rc : (int) a->len - (int) b->len;
}


void
fig_sketch_sort(fig_sketch_item_t *items, size_t n)
{
    qsort(items, n, sizeof(fig_sketch_item_t), fig_sketch_compare);
}


void
fig_sketch_copy(fig_sketch_t *sketch, const fig_sketch_t *from,
    fig_sketch_item_t *items)
{
    uint32_t  i, n;

    n = from->used;

    fig_sketch_items(from, items);
    fig_sketch_sort(items, n);

    if (n > sketch->capacity) {
        n = sketch->capacity;
    }

    for (i = 0; i < n && items[i].count; i++) {
        (void) fig_sketch_insert(sketch, fig_str(items[i].text, items[i].len),
                                 items[i].hash, items[i].error,
                                 items[i].count - items[i].error);
    }

    sketch->total = from->total;
}


void
fig_sketch_repair(fig_sketch_t *sketch)
{
    uint32_t            i;
    fig_sketch_item_t  *item;

    if (!sketch->busy) {
        return;
    }

    fig_sketch_clear_heads(sketch);

    for (i = 0; i < sketch->used; i++) {
        item = fig_sketch_item(sketch, i);

        if (item->count == 0 || item->len > FIG_SKETCH_TEXT) {
            item->count = 0;
            item->error = 0;
            item->hash = 0;
            item->len = 0;
        }

        fig_sketch_link(sketch, i);

        item->heap = i;
        fig_sketch_rise(sketch, i);
    }

    atomic_signal_fence(memory_order_seq_cst);
    sketch->busy = 0;
}
