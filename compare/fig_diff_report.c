/*
 * Differences: their class paths, pointers and values.
 *
 *     place  / items / 3 / price      ->  pointer     /items/3/price
 *                                     ->  class path  $.items[*].price
 *
 *     class paths   | $ | .items | [*] | .price |     a tree: each knows what
 *                     ^----'  ^-----'  ^----'         it goes from
 *
 * All differences count.  The first ones are kept, and while there is any room
 * the first of every class.
 */

#include "fig_diff.h"
#include "fig_form.h"
#include "fig_hash64.h"


/* Beyond these only differences of new classes are kept. */
#define FIG_DIFF_ANY     (FIG_COMPARE_KEPT * 4 / 5)

#define FIG_CLASS_SLOTS  2048


static const fig_str_t  fig_type_names[] = {
    FIG_STR("null"), FIG_STR("boolean"), FIG_STR("boolean"),
    FIG_STR("number"), FIG_STR("string"), FIG_STR("array"), FIG_STR("object")
};


static bool
fig_class_path_is_equal(const fig_class_path_t *x, const fig_class_path_t *y)
{
    return x->parent == y->parent && x->any == y->any
           && x->element == y->element && fig_str_eq(x->name, y->name);
}


/* The slot of a class path: its own, or the empty one where it belongs. */

static uint16_t *
fig_class_path_slot(fig_diff_t *diff, const fig_class_path_t *path)
{
    size_t    slot, nslots;
    uint64_t  h;

    nslots = 2 * diff->max_class_paths;
    h = fig_hash64_bytes(path->parent * 4u + path->any * 2u + path->element,
                       path->name);

    for (slot = h % nslots;
         diff->path_slots[slot] != 0;
         slot = (slot + 1) % nslots)
    {
        if (fig_class_path_is_equal(
                &diff->class_paths[diff->path_slots[slot] - 1], path))
        {
            break;
        }
    }

    return &diff->path_slots[slot];
}


/* Twice the room, or the first; false: no memory. */

static bool
fig_class_paths_grow(fig_diff_t *diff)
{
    size_t             i, max;
    fig_class_path_t  *paths;

    max = (diff->max_class_paths != 0) ? 2 * diff->max_class_paths : 32;

    paths = fig_arena_array(diff->arena, max, sizeof(fig_class_path_t));
    diff->path_slots = fig_arena_array(diff->arena, 2 * max, sizeof(uint16_t));

    if (paths == NULL || diff->path_slots == NULL) {
        diff->nomem = true;
        return false;
    }

    if (diff->nclass_paths != 0) {
        memcpy(paths, diff->class_paths,
               diff->nclass_paths * sizeof(fig_class_path_t));
    }

    diff->class_paths = paths;
    diff->max_class_paths = max;

    /* the root is found without a slot */

    for (i = 1; i < diff->nclass_paths; i++) {
        *fig_class_path_slot(diff, &paths[i]) = (uint16_t) (i + 1);
    }

    return true;
}


static bool
fig_report_init(fig_diff_t *diff)
{
    if (diff->class_keys != NULL) {
        return true;
    }

    diff->class_slots = fig_arena_array(diff->arena, FIG_CLASS_SLOTS,
                                        sizeof(uint16_t));
    diff->class_keys = fig_arena_array(diff->arena, FIG_COMPARE_KEPT,
                                       sizeof(uint64_t));

    if (diff->class_slots == NULL || diff->class_keys == NULL) {
        diff->nomem = true;
        return false;
    }

    if (!fig_class_paths_grow(diff)) {
        return false;
    }

    diff->class_paths[0].text = fig_str("$", 1);
    diff->nclass_paths = 1;

    return true;
}


/* Which class path it is, a new one if need be; its parent where all is full */

static uint32_t
fig_class_path_find(fig_diff_t *diff, const fig_class_path_t *path)
{
    uint16_t  *slot;

    slot = fig_class_path_slot(diff, path);

    if (*slot != 0) {
        return *slot - 1u;
    }

    if (diff->nclass_paths == diff->max_class_paths) {

        if (diff->nclass_paths == FIG_DIFF_PATHS
            || !fig_class_paths_grow(diff))
        {
            return path->parent;
        }

        slot = fig_class_path_slot(diff, path);
    }

    diff->class_paths[diff->nclass_paths] = *path;
    *slot = (uint16_t) ++diff->nclass_paths;

    return *slot - 1u;
}


static fig_str_t
fig_place_name(const fig_diff_t *diff, const fig_place_t *place)
{
    return (place->a != NULL) ? fig_json_key(diff->a.doc, place->a)
                              : fig_json_key(diff->b.doc, place->b);
}


static bool
fig_place_is_id(const fig_place_t *place, fig_str_t name)
{
    const fig_place_t  *up;

    up = place->up;

    return (up->a != NULL && up->a->nchildren >= FIG_DIFF_SIBLINGS)
           || (up->b != NULL && up->b->nchildren >= FIG_DIFF_SIBLINGS)
           || fig_form_is_id(name);
}


/* As deep as documents are. */

static uint32_t
fig_place_class_path(fig_diff_t *diff, fig_place_t *place)
{
    fig_class_path_t  path;

    if (place->class_path != 0) {
        return place->class_path - 1;
    }

    if (place->up != NULL) {
        memset(&path, 0, sizeof(path));
        path.parent = fig_place_class_path(diff, place->up);
        path.element = place->element;
        path.any = place->element;

        if (!place->element) {
            path.name = fig_place_name(diff, place);

            if (fig_place_is_id(place, path.name)) {
                path.any = true;
                path.name = fig_str("", 0);
            }
        }

        place->class_path = fig_class_path_find(diff, &path);
    }

    return place->class_path++;
}


/* A class path as text; what would be too long ends in ..* */

static fig_str_t
fig_class_path_text(fig_diff_t *diff, uint32_t which)
{
    size_t             len;
    char               text[FIG_COMPARE_PATH + 8];
    fig_str_t          parent;
    fig_class_path_t  *path;

    path = &diff->class_paths[which];

    if (path->text.data != NULL) {
        return path->text;
    }

    parent = fig_class_path_text(diff, path->parent);

    if (parent.len > 3
        && memcmp(parent.data + parent.len - 3, "..*", 3) == 0)
    {
        return parent;
    }

    memcpy(text, parent.data, parent.len);
    len = parent.len;

    if (path->any) {
        memcpy(text + len, path->element ? "[*]" : ".*", 3);
        len += path->element ? 3 : 2;

    } else {
        len += fig_jpath_write_name(path->name, text + len,
                                    sizeof(text) - len);
    }

    if (len > FIG_COMPARE_PATH - 3) {
        memcpy(text + parent.len, "..*", 3);
        len = parent.len + 3;
    }

    path->text = fig_arena_str(diff->arena, fig_str(text, len));

    if (path->text.data == NULL) {
        diff->nomem = true;
        return fig_str("$", 1);
    }

    return path->text;
}


typedef struct {
    char    data[FIG_COMPARE_PATH];
    size_t  len;
    bool    full;
} fig_pointer_t;


static void
fig_pointer_put(fig_pointer_t *pointer, const char *data, size_t len)
{
    if (pointer->full || len > sizeof(pointer->data) - pointer->len) {
        pointer->full = true;
        return;
    }

    memcpy(pointer->data + pointer->len, data, len);
    pointer->len += len;
}


/* One step of a pointer, or none of it. */

static void
fig_pointer_put_place(fig_diff_t *diff, fig_pointer_t *pointer,
    const fig_place_t *place, bool in_b)
{
    size_t      i, start;
    char        number[16];
    uint32_t    index;
    fig_str_t   name;

    start = pointer->len;

    if (place->element) {
        index = in_b ? place->index_b : place->index;
        i = sizeof(number);

        do {
            number[--i] = (char) ('0' + index % 10);
            index /= 10;
        } while (index != 0);

        name = fig_str(number + i, sizeof(number) - i);

    } else {
        name = fig_place_name(diff, place);
    }

    fig_pointer_put(pointer, "/", 1);

    for (i = 0; i < name.len && !pointer->full; i++) {
        if (name.data[i] == '~') {
            fig_pointer_put(pointer, "~0", 2);

        } else if (name.data[i] == '/') {
            fig_pointer_put(pointer, "~1", 2);

        } else {
            fig_pointer_put(pointer, name.data + i, 1);
        }
    }

    if (pointer->full) {
        pointer->len = start;
    }
}


static fig_str_t
fig_place_pointer(fig_diff_t *diff, const fig_place_t *place)
{
    size_t              n;
    fig_str_t           text;
    fig_pointer_t       pointer;
    const fig_place_t  *at, *chain[FIG_JSON_DEPTH + 1];

    pointer.len = 0;
    pointer.full = false;

    for (n = 0, at = place; at->up != NULL; at = at->up) {
        chain[n++] = at;
    }

    while (n > 0) {
        fig_pointer_put_place(diff, &pointer, chain[--n], place->a == NULL);
    }

    text = fig_arena_str(diff->arena, fig_str(pointer.data, pointer.len));

    if (text.data == NULL) {
        diff->nomem = true;
    }

    return text;
}


/* Whether the class is a new one; then the next difference is its first. */

static bool
fig_class_is_new(fig_diff_t *diff, uint64_t key)
{
    size_t  slot;

    for (slot = fig_hash64_mix(key) % FIG_CLASS_SLOTS;
         diff->class_slots[slot] != 0;
         slot = (slot + 1) % FIG_CLASS_SLOTS)
    {
        if (diff->class_keys[diff->class_slots[slot] - 1] == key) {
            return false;
        }
    }

    if (diff->findings->n < FIG_COMPARE_KEPT) {
        diff->class_keys[diff->findings->n] = key;
        diff->class_slots[slot] = (uint16_t) (diff->findings->n + 1);
    }

    return true;
}


/* Values of scalars, where they may be kept: others have members to redact. */

static fig_str_t
fig_report_value(fig_diff_t *diff, const fig_place_t *place,
    const fig_json_t *doc, const fig_json_node_t *node)
{
    if (node == NULL || place->redact || node->kind >= FIG_JSON_ARRAY) {
        return fig_str(NULL, 0);
    }

    return fig_findings_value(diff->findings, fig_json_text(doc, node));
}


static void
fig_report_keep(fig_diff_t *diff, fig_place_t *place, fig_kind_t kind)
{
    bool               first;
    uint32_t           which;
    uint64_t           key;
    fig_str_t          from, to;
    fig_findings_t    *findings;
    fig_difference_t  *difference;

    findings = diff->findings;
    which = fig_place_class_path(diff, place);
    from = (place->a != NULL) ? fig_type_names[place->a->kind] : fig_str("", 0);
    to = (place->b != NULL) ? fig_type_names[place->b->kind] : fig_str("", 0);

    key = (uint64_t) which << 32 | (uint64_t) kind << 16
          | (place->a != NULL ? 1 + place->a->kind + (place->a->kind == 1) : 0)
            << 8
          | (place->b != NULL ? 1 + place->b->kind + (place->b->kind == 1) : 0);

    first = fig_class_is_new(diff, key);

    if (!first && findings->n >= FIG_DIFF_ANY) {
        findings->total++;
        return;
    }

    difference = fig_findings_add(findings, FIG_PART_BODY, kind);
    if (difference == NULL) {
        return;
    }

    difference->first = first;
    difference->from = from;
    difference->to = to;
    difference->path = fig_class_path_text(diff, which);
    difference->pointer = fig_place_pointer(diff, place);
    difference->from_value = fig_report_value(diff, place, diff->a.doc,
                                              place->a);
    difference->to_value = fig_report_value(diff, place, diff->b.doc,
                                            place->b);

    diff->nomem |= (findings->status != FIG_OK);
}


void
fig_diff_report(fig_diff_t *diff, fig_place_t *place, fig_kind_t kind)
{
    if (diff->probing) {
        diff->found = true;
        return;
    }

    if (fig_report_init(diff)) {
        fig_report_keep(diff, place, kind);
    }
}
