/*
 * The JSON reader: one pass, no recursion.
 *
 *     { -> name -> : -> value -> , -> name ...      value -> }
 *     [ -> value -> , -> value ...                  value -> ]
 *
 * There is no stack: while a container is open, its `next` is its parent, and
 * becomes its sibling when that is read.
 */

#include "fig_json_reader.h"
#include "fig_text.h"


fig_status_t
fig_json_refuse(fig_json_reader_t *reader, const char *message)
{
    reader->fault = FIG_JSON_SYNTAX;
    reader->message = message;

    return FIG_INVALID;
}


static fig_status_t
fig_json_limit(fig_json_reader_t *reader, const char *message)
{
    reader->fault = FIG_JSON_LIMIT;
    reader->message = message;

    return FIG_INVALID;
}


static inline bool
fig_json_is_blank(unsigned char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}


/* Goes to the next byte that means something; false: there is none. */

static inline bool
fig_json_skip_blanks(fig_json_reader_t *reader)
{
    const unsigned char  *p;

    for (p = reader->p; p < reader->end && fig_json_is_blank(*p); p++) {
        /* void */
    }

    reader->p = p;

    return p < reader->end;
}


/* A new node, the next child of the open container. */

static inline fig_status_t
fig_json_add(fig_json_reader_t *reader, fig_json_node_t **node)
{
    uint32_t  n;

    n = reader->n;

    if (n == reader->max_nodes) {
        return fig_json_limit(reader, "too many values");
    }

    *node = &reader->nodes[n];
    (*node)->nchildren = 0;
    (*node)->next = 0;

    if (reader->depth != 0) {
        reader->nodes[reader->parent].nchildren++;

        if (reader->last != 0) {
            reader->nodes[reader->last].next = n;
        }
    }

    reader->last = n;
    reader->n = n + 1;

    return FIG_OK;
}


/* The name of a member and its colon; what comes next is its value. */

static inline fig_status_t
fig_json_read_key(fig_json_reader_t *reader, uint32_t *key, uint32_t *len)
{
    fig_status_t  status;

    if (*reader->p != '"') {
        return fig_json_refuse(reader, "a name in quotes is missing");
    }

    reader->p++;

    status = fig_json_read_string(reader, key, len);
    if (status != FIG_OK) {
        return status;
    }

    if (!fig_json_skip_blanks(reader) || *reader->p != ':') {
        return fig_json_refuse(reader, "a name must be followed by a colon");
    }

    reader->p++;

    if (!fig_json_skip_blanks(reader)) {
        return fig_json_refuse(reader, "a value is missing");
    }

    return FIG_OK;
}


static fig_status_t
fig_json_read_word(fig_json_reader_t *reader, fig_json_node_t *node)
{
    size_t           left;
    fig_str_t        word;
    fig_json_kind_t  kind;

    static const fig_str_t  words[] = {
        FIG_STR("null"), FIG_STR("false"), FIG_STR("true")
    };

    left = (size_t) (reader->end - reader->p);

    for (kind = FIG_JSON_NULL; kind <= FIG_JSON_TRUE; kind++) {
        word = words[kind];

        if (left >= word.len && memcmp(reader->p, word.data, word.len) == 0) {
            node->kind = kind;
            reader->p += word.len;
            return FIG_OK;
        }
    }

    return fig_json_refuse(reader, "a value is missing");
}


static inline fig_status_t
fig_json_open(fig_json_reader_t *reader, fig_json_node_t *node)
{
    if (reader->depth == reader->max_depth) {
        return fig_json_limit(reader, "nested too deep");
    }

    node->kind = (*reader->p == '{') ? FIG_JSON_OBJECT : FIG_JSON_ARRAY;
    node->next = reader->parent;

    reader->p++;
    reader->depth++;
    reader->parent = reader->last;
    reader->last = 0;

    return FIG_OK;
}


static inline void
fig_json_close(fig_json_reader_t *reader)
{
    fig_json_node_t  *node;

    node = &reader->nodes[reader->parent];

    reader->p++;
    node->len = (uint32_t) (reader->p - reader->start) - node->text;

    reader->depth--;
    reader->last = reader->parent;
    reader->parent = node->next;
    node->next = 0;
}


/* One value, with its name where it is a member; of a container its start. */

static fig_status_t
fig_json_read_value(fig_json_reader_t *reader)
{
    uint32_t          key, key_len;
    fig_status_t      status;
    fig_json_node_t  *node;

    key = 0;
    key_len = 0;

    if (reader->depth != 0
        && reader->nodes[reader->parent].kind == FIG_JSON_OBJECT)
    {
        status = fig_json_read_key(reader, &key, &key_len);
        if (status != FIG_OK) {
            return status;
        }
    }

    status = fig_json_add(reader, &node);
    if (status != FIG_OK) {
        return status;
    }

    node->key = key;
    node->key_len = key_len;
    node->text = (uint32_t) (reader->p - reader->start);

    switch (*reader->p) {

    case '{':
    case '[':
        return fig_json_open(reader, node);

    case '"':
        node->kind = FIG_JSON_STRING;
        reader->p++;
        return fig_json_read_string(reader, &node->text, &node->len);

    case '-':
    case '0': case '1': case '2': case '3': case '4':
    case '5': case '6': case '7': case '8': case '9':
        node->kind = FIG_JSON_NUMBER;
        status = fig_json_read_number(reader);
        break;

    default:
        status = fig_json_read_word(reader, node);
        break;
    }

    node->len = (uint32_t) (reader->p - reader->start) - node->text;

    return status;
}


/*
 * What stands between two values: closes what ends here.  *more: p is at the
 * next value.
 */

static fig_status_t
fig_json_read_between(fig_json_reader_t *reader, bool *more)
{
    char  close;

    while (reader->depth != 0) {
        close = (reader->nodes[reader->parent].kind == FIG_JSON_OBJECT) ? '}'
                                                                        : ']';
        if (!fig_json_skip_blanks(reader)) {
            return fig_json_refuse(reader, "the text ends too early");
        }

        if (*reader->p == close) {
            fig_json_close(reader);
            continue;
        }

        *more = true;

        if (reader->last == 0) {
            return FIG_OK;
        }

        if (*reader->p != ',') {
            return fig_json_refuse(reader, "a comma or the end is missing");
        }

        reader->p++;

        if (!fig_json_skip_blanks(reader)) {
            return fig_json_refuse(reader, "the text ends too early");
        }

        return FIG_OK;
    }

    *more = false;

    if (fig_json_skip_blanks(reader)) {
        return fig_json_refuse(reader, "text after the value");
    }

    return FIG_OK;
}


static fig_status_t
fig_json_read(fig_json_reader_t *reader)
{
    bool          more;
    fig_status_t  status;

    if (!fig_json_skip_blanks(reader)) {
        return fig_json_refuse(reader, "a value is missing");
    }

    do {
        status = fig_json_read_value(reader);

        if (status == FIG_OK) {
            status = fig_json_read_between(reader, &more);
        }
    } while (status == FIG_OK && more);

    return status;
}


static void
fig_json_locate(fig_str_t text, size_t offset, fig_json_error_t *place)
{
    size_t  i, start;

    place->offset = offset;
    place->line = 1;

    for (i = 0, start = fig_text_bom(text); i < offset; i++) {
        if (text.data[i] == '\n') {
            place->line++;
            start = i + 1;
        }
    }

    place->col = (uint32_t) (offset - start) + 1;
}


/* FIG_INVALID when a name is there twice. */

static fig_status_t
fig_json_check_unique(const fig_json_t *doc, fig_arena_t *arena,
    fig_json_error_t *error)
{
    fig_status_t            status;
    const fig_json_node_t  *member;

    status = fig_json_find_duplicate(doc, arena, &member);
    if (status != FIG_OK || member == NULL) {
        return status;
    }

    fig_json_place(doc, member, error);
    error->fault = FIG_JSON_DUPLICATE;
    error->message = "this name is there already";

    return FIG_INVALID;
}


static fig_status_t
fig_json_init(fig_json_reader_t *reader, fig_str_t text,
    const fig_json_limits_t *limits, fig_arena_t *arena)
{
    size_t  most;

    memset(reader, 0, sizeof(fig_json_reader_t));

    reader->start = (const unsigned char *) (text.len != 0 ? text.data : "");
    reader->p = reader->start + fig_text_bom(text);
    reader->end = reader->start + text.len;
    reader->arena = arena;
    reader->max_depth = limits->depth ? limits->depth : FIG_JSON_DEPTH;
    reader->max_nodes = limits->nodes ? limits->nodes : FIG_JSON_NODES;

    if (text.len >= FIG_JSON_UNESCAPED) {
        return fig_json_limit(reader, "the text is too long");
    }

    /* a value takes a byte and, but for the last, one that separates it */

    most = text.len / 2 + 1;

    if (reader->max_nodes > most) {
        reader->max_nodes = (uint32_t) most;
    }

    reader->nodes = fig_arena_room(arena, reader->max_nodes
                                          * sizeof(fig_json_node_t));

    return (reader->nodes == NULL) ? FIG_NOMEM : FIG_OK;
}


fig_status_t
fig_json_parse(fig_str_t text, const fig_json_limits_t *limits,
    fig_arena_t *arena, fig_json_t **doc, fig_json_error_t *error)
{
    fig_json_t         *json;
    fig_status_t        status;
    fig_json_error_t    nobody;
    fig_json_reader_t   reader;

    static const fig_json_limits_t  defaults;

    error = (error != NULL) ? error : &nobody;
    limits = (limits != NULL) ? limits : &defaults;

    status = fig_json_init(&reader, text, limits, arena);

    if (status == FIG_OK) {
        status = fig_json_read(&reader);
    }

    if (status == FIG_INVALID) {
        fig_json_locate(text, (size_t) (reader.p - reader.start), error);
        error->fault = reader.fault;
        error->message = reader.message;
    }

    if (status != FIG_OK) {
        return status;
    }

    json = fig_arena_alloc(arena, sizeof(fig_json_t));
    if (json == NULL) {
        return FIG_NOMEM;
    }

    json->text = text;
    json->unescaped = reader.unescaped;
    json->n = reader.n;
    json->nodes = reader.nodes;

    if (limits->unique) {
        status = fig_json_check_unique(json, arena, error);
    }

    if (status == FIG_OK) {
        *doc = json;
    }

    return status;
}


/*
 * Where a string is unescaped its place in the text is lost: that of a node
 * before it, or around it, does for a message.
 */

void
fig_json_place(const fig_json_t *doc, const fig_json_node_t *node,
    fig_json_error_t *place)
{
    uint32_t  at;

    at = node->key_len != 0 ? node->key : node->text;

    while ((at & FIG_JSON_UNESCAPED) && node > doc->nodes) {
        at = (--node)->text;
    }

    if (at & FIG_JSON_UNESCAPED) {
        at = 0;
    }

    fig_json_locate(doc->text, at, place);
}
