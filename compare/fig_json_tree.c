/*
 * Walking through a document, and its duplicate names.
 *
 *     object {a, b, a}  ->  members sorted by name, then place:  a a b
 *                                                                  ^
 *
 * Sorting compares n log n names, however they were chosen; a hash table would
 * compare n * n of those that an attacker chose.
 */

#include "fig_json_reader.h"


const fig_json_node_t *
fig_json_root(const fig_json_t *doc)
{
    return doc->nodes;
}


static inline fig_str_t
fig_json_slice(const fig_json_t *doc, uint32_t at, uint32_t len)
{
    if (at & FIG_JSON_UNESCAPED) {
        return fig_str(doc->unescaped + (at & ~FIG_JSON_UNESCAPED), len);
    }

    return fig_str(doc->text.data + at, len);
}


fig_str_t
fig_json_text(const fig_json_t *doc, const fig_json_node_t *node)
{
    return fig_json_slice(doc, node->text, node->len);
}


fig_str_t
fig_json_key(const fig_json_t *doc, const fig_json_node_t *node)
{
    return fig_json_slice(doc, node->key, node->key_len);
}


const fig_json_node_t *
fig_json_first(const fig_json_t *doc, const fig_json_node_t *node)
{
    (void) doc;

    return (node->nchildren != 0) ? node + 1 : NULL;
}


const fig_json_node_t *
fig_json_next(const fig_json_t *doc, const fig_json_node_t *node)
{
    return (node->next != 0) ? doc->nodes + node->next : NULL;
}


const fig_json_node_t *
fig_json_find(const fig_json_t *doc, const fig_json_node_t *object,
    fig_str_t key)
{
    const fig_json_node_t  *member;

    if (object->kind != FIG_JSON_OBJECT) {
        return NULL;
    }

    for (member = fig_json_first(doc, object);
         member != NULL;
         member = fig_json_next(doc, member))
    {
        if (fig_str_eq(fig_json_key(doc, member), key)) {
            return member;
        }
    }

    return NULL;
}


uint32_t
fig_json_count(const fig_json_t *doc)
{
    return doc->n;
}


uint32_t
fig_json_index(const fig_json_t *doc, const fig_json_node_t *node)
{
    return (uint32_t) (node - doc->nodes);
}


int
fig_json_order(fig_str_t a, fig_str_t b)
{
    int     rc;
    size_t  n;

    n = (a.len < b.len) ? a.len : b.len;
    rc = (n != 0) ? memcmp(a.data, b.data, n) : 0;

    if (rc != 0) {
        return rc;
    }

    return (a.len > b.len) - (a.len < b.len);
}


static int
fig_json_order_members(const fig_json_t *doc, uint32_t a, uint32_t b)
{
    return fig_json_order(fig_json_key(doc, &doc->nodes[a]),
                          fig_json_key(doc, &doc->nodes[b]));
}


/* Merges two sorted runs that follow each other; equal ones keep their order */

static void
fig_json_merge(const fig_json_t *doc, const uint32_t *from, uint32_t *to,
    size_t middle, size_t end)
{
    size_t  i, j, k;

    for (i = 0, j = middle, k = 0; k < end; k++) {
        if (j == end
            || (i < middle
                && fig_json_order_members(doc, from[i], from[j]) <= 0))
        {
            to[k] = from[i++];

        } else {
            to[k] = from[j++];
        }
    }
}


uint32_t *
fig_json_sort(const fig_json_t *doc, uint32_t *members, size_t n,
    uint32_t *spare)
{
    size_t     i, run, middle, end;
    uint32_t  *swap;

    for (run = 1; run < n; run *= 2) {

        for (i = 0; i < n; i += 2 * run) {
            middle = (n - i < run) ? n - i : run;
            end = (n - i < 2 * run) ? n - i : 2 * run;
            fig_json_merge(doc, members + i, spare + i, middle, end);
        }

        swap = members;
        members = spare;
        spare = swap;
    }

    return members;
}


/* The first member of an object that repeats a name; 0: none. */

static uint32_t
fig_json_repeated(const fig_json_t *doc, const fig_json_node_t *object,
    uint32_t *members)
{
    size_t                  i, n;
    uint32_t                found;
    const fig_json_node_t  *member;

    n = 0;

    for (member = fig_json_first(doc, object);
         member != NULL;
         member = fig_json_next(doc, member))
    {
        members[n++] = fig_json_index(doc, member);
    }

    members = fig_json_sort(doc, members, n, members + n);
    found = 0;

    for (i = 1; i < n; i++) {
        if (fig_json_order_members(doc, members[i - 1], members[i]) == 0
            && (found == 0 || members[i] < found))
        {
            found = members[i];
        }
    }

    return found;
}


fig_status_t
fig_json_find_duplicate(const fig_json_t *doc, fig_arena_t *arena,
    const fig_json_node_t **member)
{
    uint32_t                i, n, found, *members;
    const fig_json_node_t  *node;

    *member = NULL;

    for (i = 0, n = 0; i < doc->n; i++) {
        node = &doc->nodes[i];

        if (node->kind == FIG_JSON_OBJECT && node->nchildren > n) {
            n = node->nchildren;
        }
    }

    if (n < 2) {
        return FIG_OK;
    }

    members = fig_arena_array(arena, 2 * (size_t) n, sizeof(uint32_t));
    if (members == NULL) {
        return FIG_NOMEM;
    }

    /* a later object's member may stand before an earlier one's */

    for (i = 0; i < doc->n; i++) {
        node = &doc->nodes[i];

        if (node->kind != FIG_JSON_OBJECT || node->nchildren < 2) {
            continue;
        }

        found = fig_json_repeated(doc, node, members);

        if (found != 0
            && (*member == NULL || &doc->nodes[found] < *member))
        {
            *member = &doc->nodes[found];
        }
    }

    return FIG_OK;
}
