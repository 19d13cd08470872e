/*
 * JSON: what is read is UTF-8 and a tree that fits its text, what is written
 * down again reads as the same, and a duplicate is one.
 *
 *     text -> document -> text -> document, the same as the first
 */

#include "fuzz.h"

#include "fig_json.h"
#include "fig_json_write.h"


static void
check_utf8(fig_str_t text)
{
    size_t    i, len;
    uint32_t  code;

    for (i = 0; i < text.len; i += len) {
        len = fuzz_character(text, i, &code);
        fuzz_check(len != 0, "UTF-8", text);
    }
}


static void
write_node(fig_json_out_t *out, const fig_json_t *doc,
    const fig_json_node_t *node)
{
    uint32_t                n;
    fig_str_t               text;
    const fig_json_node_t  *child;

    text = fig_json_text(doc, node);

    if (node->kind == FIG_JSON_STRING) {
        check_utf8(text);
        fig_json_put_str(out, text);
        return;
    }

    if (node->kind < FIG_JSON_ARRAY) {
        fig_json_put_raw(out, text);
        return;
    }

    if (node->kind == FIG_JSON_ARRAY) {
        fig_json_begin_array(out);
    } else {
        fig_json_begin_object(out);
    }

    for (n = 0, child = fig_json_first(doc, node);
         child != NULL;
         n++, child = fig_json_next(doc, child))
    {
        if (node->kind == FIG_JSON_OBJECT) {
            check_utf8(fig_json_key(doc, child));
            fig_json_put_key_str(out, fig_json_key(doc, child));
        }

        write_node(out, doc, child);
    }

    fuzz_check(n == node->nchildren, "children", text);

    if (node->kind == FIG_JSON_ARRAY) {
        fig_json_end_array(out);
    } else {
        fig_json_end_object(out);
    }
}


/* Whether two members of an object have one name, as slow as it gets. */

static bool
has_duplicate(const fig_json_t *doc, const fig_json_node_t *node)
{
    fig_str_t               key;
    const fig_json_node_t  *child;

    for (child = fig_json_first(doc, node);
         child != NULL;
         child = fig_json_next(doc, child))
    {
        key = fig_json_key(doc, child);

        if ((node->kind == FIG_JSON_OBJECT
             && fig_json_find(doc, node, key) != child)
            || has_duplicate(doc, child))
        {
            return true;
        }
    }

    return false;
}


static void
check_read(fig_arena_t *arena, fig_json_t *doc)
{
    fig_json_t             *again;
    fig_json_out_t          out, second;
    fig_json_error_t        place;
    const fig_json_node_t  *member;

    fig_json_out_init(&out);
    fig_json_out_init(&second);

    write_node(&out, doc, fig_json_root(doc));
    fuzz_check(fig_json_parse(fig_json_out_text(&out), NULL, arena, &again,
                              NULL) == FIG_OK, "written",
               fig_json_out_text(&out));
    fuzz_check(fig_json_count(doc) == fig_json_count(again), "nodes",
               fig_json_out_text(&out));

    write_node(&second, again, fig_json_root(again));
    fuzz_check(fig_str_eq(fig_json_out_text(&out),
                          fig_json_out_text(&second)), "the same",
               fig_json_out_text(&out));

    fuzz_check(fig_json_find_duplicate(doc, arena, &member) == FIG_OK,
               "memory", fig_json_out_text(&out));

    if (fig_json_count(doc) < 500) {
        fuzz_check(has_duplicate(doc, fig_json_root(doc)) == (member != NULL),
                   "duplicate", fig_json_out_text(&out));
    }

    if (member != NULL) {
        fig_json_place(doc, member, &place);
    }

    fig_json_out_release(&second);
    fig_json_out_release(&out);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fig_str_t          text;
    fig_json_t        *doc;
    fuzz_heap_t        heap;
    fig_arena_t       *arena;
    fig_json_error_t   error;

    heap.n = 0;
    text = fuzz_copy(&heap, fig_str((const char *) data, size));
    arena = fig_arena_create();
    fuzz_check(arena != NULL, "memory", text);

    if (fig_json_parse(text, NULL, arena, &doc, &error) == FIG_OK) {
        check_read(arena, doc);

    } else {
        fuzz_check(error.offset <= size && error.line != 0 && error.col != 0
                   && error.message != NULL, "place", text);
    }

    fig_arena_destroy(arena);
    fuzz_release(&heap);

    return 0;
}
