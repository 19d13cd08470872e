/*
 * libyaml's events -> the nodes of fig_yaml.h, without recursion.
 *
 *     frames[]   the lists and maps that are open, outermost first
 *     stack[]    finished children of all of them: a frame's begin at its base
 *
 *     - a           frames: list        stack: a
 *     - {k: v,      frames: list, map   stack: a k v
 *
 * libyaml counts characters and its own kinds of line break; positions here
 * are bytes and the lines that editors show, found by a cursor that follows
 * the events through the text.
 */

#include "fig_yaml.h"
#include "fig_names.h"
#include "fig_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <yaml.h>


/* Up to this many keys are compared each with each. */
#define FIG_YAML_FEW_KEYS  16


typedef struct {
    fig_yaml_t       *node;
    uint32_t          base;
} fig_frame_t;


typedef struct {
    size_t            index;           /* characters before */
    size_t            at;              /* bytes before */
    size_t            line_start;
    uint32_t          line;
} fig_cursor_t;


typedef struct {
    yaml_parser_t     parser;
    fig_str_t         text;            /* without byte order mark */
    uint32_t          file;
    fig_arena_t      *arena;
    fig_diags_t      *diags;
    fig_cursor_t      cursor;

    uint32_t          depth;
    fig_frame_t       frames[FIG_YAML_MAX_NESTING];
    uint32_t          nstack;
    uint32_t          room;
    fig_yaml_t      **stack;

    fig_names_t       anchors;
    uint32_t          anchor_room;
    fig_yaml_t      **anchor_nodes;    /* by number in anchors */

    uint32_t          expanded;        /* nodes that came through aliases */
    uint32_t          documents;
    fig_yaml_t       *root;
    bool              wrong;           /* an error was added */
    bool              done;
} fig_yaml_parser_t;


static void
fig_cursor_forward(fig_cursor_t *cursor, fig_str_t text)
{
    size_t  len;

    len = fig_text_break(text, cursor->at);

    /* CRLF is two characters: the line ends after the second */

    if (len == 2) {
        cursor->at++;
        cursor->index++;
        return;
    }

    do {
        cursor->at++;
    } while (cursor->at < text.len
             && ((unsigned char) text.data[cursor->at] & 0xc0) == 0x80);

    cursor->index++;

    if (len == 1) {
        cursor->line++;
        cursor->line_start = cursor->at;
    }
}


/* Moves to the character with the given number; rarely backwards. */

static void
fig_cursor_seek(fig_cursor_t *cursor, fig_str_t text, size_t index)
{
    if (index < cursor->index) {
        memset(cursor, 0, sizeof(fig_cursor_t));
        cursor->line = 1;
    }

    while (cursor->index < index && cursor->at < text.len) {
        fig_cursor_forward(cursor, text);
    }
}


static fig_pos_t
fig_yaml_here(fig_yaml_parser_t *yaml, size_t len)
{
    size_t     end;
    fig_pos_t  pos;

    for (end = yaml->cursor.at;
         end < yaml->text.len && end - yaml->cursor.at < len
             && fig_text_break(yaml->text, end) == 0;
         end++)
    {
        /* void */
    }

    pos.file = yaml->file;
    pos.line = yaml->cursor.line;
    pos.col = (uint32_t) (yaml->cursor.at - yaml->cursor.line_start + 1);
    pos.len = (uint32_t) (end - yaml->cursor.at);

    if (pos.len == 0) {
        pos.len = 1;
    }

    return pos;
}


/* Moves over `&anchor` and `!tag` to the value, if it is on the same line. */

static void
fig_yaml_skip_properties(fig_yaml_parser_t *yaml)
{
    size_t        i;
    fig_str_t     text;
    fig_cursor_t *cursor;

    text = yaml->text;
    cursor = &yaml->cursor;
    i = cursor->at;

    while (i < text.len && (text.data[i] == '&' || text.data[i] == '!')) {

        while (i < text.len && strchr(" \t\r\n,[]{}", text.data[i]) == NULL) {
            i++;
        }

        while (i < text.len && (text.data[i] == ' ' || text.data[i] == '\t')) {
            i++;
        }
    }

    if (i < text.len && fig_text_break(text, i) == 0 && text.data[i] != '#') {
        while (cursor->at < i) {
            fig_cursor_forward(cursor, text);
        }
    }
}


static fig_pos_t
fig_yaml_pos(fig_yaml_parser_t *yaml, const yaml_event_t *event)
{
    size_t        end;
    fig_pos_t     pos;
    fig_cursor_t  start;

    fig_cursor_seek(&yaml->cursor, yaml->text, event->start_mark.index);

    if (event->type == YAML_SCALAR_EVENT
        && event->end_mark.index > event->start_mark.index)
    {
        fig_yaml_skip_properties(yaml);
    }

    if (event->type != YAML_SCALAR_EVENT && event->type != YAML_ALIAS_EVENT) {
        return fig_yaml_here(yaml, 1);
    }

    start = yaml->cursor;
    fig_cursor_seek(&yaml->cursor, yaml->text, event->end_mark.index);
    end = yaml->cursor.at;

    if (end > start.at) {
        yaml->cursor = start;
        return fig_yaml_here(yaml, end - start.at);
    }

    /* nothing is written: show what stands before it */

    pos = fig_yaml_here(yaml, 0);

    if (pos.col > 1) {
        pos.col--;
    }

    return pos;
}


static void
fig_yaml_error(fig_yaml_parser_t *yaml, fig_pos_t pos, const char *message,
    const char *hint)
{
    fig_diags_add(yaml->diags, pos, message, hint);
    yaml->wrong = true;
}


static fig_yaml_t *
fig_yaml_node(fig_yaml_parser_t *yaml, fig_yaml_kind_t kind, fig_pos_t pos)
{
    fig_yaml_t  *node;

    node = fig_arena_alloc(yaml->arena, sizeof(fig_yaml_t));

    if (node != NULL) {
        node->kind = (uint8_t) kind;
        node->pos = pos;
        node->size = 1;
    }

    return node;
}


/* Hands a finished node to the list or map that is open. */

static fig_status_t
fig_yaml_emit(fig_yaml_parser_t *yaml, fig_yaml_t *node)
{
    uint32_t      room;
    fig_yaml_t  **stack;

    if (yaml->depth == 0) {
        yaml->root = node;
        return FIG_OK;
    }

    if (yaml->nstack == yaml->room) {
        room = (yaml->room == 0) ? 64 : yaml->room * 2;

        stack = realloc(yaml->stack, room * sizeof(fig_yaml_t *));
        if (stack == NULL) {
            return FIG_NOMEM;
        }

        yaml->stack = stack;
        yaml->room = room;
    }

    yaml->stack[yaml->nstack++] = node;

    return FIG_OK;
}


static fig_status_t
fig_yaml_anchor(fig_yaml_parser_t *yaml, const unsigned char *anchor,
    fig_yaml_t *node)
{
    bool           added;
    uint32_t       i, room;
    fig_str_t      name;
    fig_yaml_t   **nodes;

    if (anchor == NULL) {
        return FIG_OK;
    }

    name = fig_arena_str(yaml->arena, fig_str_from((const char *) anchor));

    if (name.data == NULL
        || fig_names_add(&yaml->anchors, name, &i, &added) != FIG_OK)
    {
        return FIG_NOMEM;
    }

    if (!added) {
        fig_yaml_error(yaml, node->pos, "this anchor's name is taken", NULL);
        return FIG_OK;
    }

    if (i == yaml->anchor_room) {
        room = (i == 0) ? 16 : i * 2;

        nodes = fig_arena_array(yaml->arena, room, sizeof(fig_yaml_t *));
        if (nodes == NULL) {
            return FIG_NOMEM;
        }

        if (i > 0) {
            memcpy(nodes, yaml->anchor_nodes, i * sizeof(fig_yaml_t *));
        }

        yaml->anchor_nodes = nodes;
        yaml->anchor_room = room;
    }

    yaml->anchor_nodes[i] = node;

    return FIG_OK;
}


static void
fig_yaml_check_tag(fig_yaml_parser_t *yaml, const yaml_event_t *event,
    const unsigned char *tag)
{
    if (tag == NULL) {
        return;
    }

    fig_cursor_seek(&yaml->cursor, yaml->text, event->start_mark.index);

    fig_yaml_error(yaml, fig_yaml_here(yaml, 1), "YAML tags are not supported",
                   "a value that begins with ! must be quoted; what kind a "
                   "value is follows from its key");
}


static fig_status_t
fig_yaml_scalar(fig_yaml_parser_t *yaml, const yaml_event_t *event)
{
    fig_yaml_t  *node;

    fig_yaml_check_tag(yaml, event, event->data.scalar.tag);

    node = fig_yaml_node(yaml, FIG_YAML_TEXT, fig_yaml_pos(yaml, event));
    if (node == NULL) {
        return FIG_NOMEM;
    }

    node->plain = (event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE);
    node->text = fig_arena_str(yaml->arena,
                               fig_str((char *) event->data.scalar.value,
                                       event->data.scalar.length));

    if (node->text.data == NULL
        || fig_yaml_anchor(yaml, event->data.scalar.anchor, node) != FIG_OK)
    {
        return FIG_NOMEM;
    }

    return fig_yaml_emit(yaml, node);
}


static fig_status_t
fig_yaml_alias(fig_yaml_parser_t *yaml, const yaml_event_t *event)
{
    uint32_t           i;
    fig_pos_t          pos;
    fig_str_t          name;
    fig_yaml_t        *node;
    const char        *message;
    const fig_yaml_t  *target;

    pos = fig_yaml_pos(yaml, event);
    name = fig_str_from((const char *) event->data.alias.anchor);
    target = NULL;
    message = NULL;

    node = fig_yaml_node(yaml, FIG_YAML_BAD, pos);
    if (node == NULL) {
        return FIG_NOMEM;
    }

    if (!fig_names_find(&yaml->anchors, name, &i)) {
        message = "this alias has no anchor before it";

    } else if (yaml->anchor_nodes[i]->open) {
        message = "this alias stands inside of what it repeats";

    } else {
        target = yaml->anchor_nodes[i];

        if (target->size > FIG_YAML_MAX_EXPANDED - yaml->expanded) {
            message = "aliases expand to more than 1,000,000 nodes";
            yaml->done = true;

        } else if (yaml->depth + target->height > FIG_YAML_MAX_NESTING) {
            message = "nested more than 32 levels deep";
        }
    }

    if (message != NULL) {
        fig_yaml_error(yaml, pos, message,
                       target == NULL
                       ? "a value that begins with * must be quoted" : NULL);
        return fig_yaml_emit(yaml, node);
    }

    yaml->expanded += target->size;
    *node = *target;
    node->pos = pos;
    node->alias = true;

    return fig_yaml_emit(yaml, node);
}


static fig_status_t
fig_yaml_begin(fig_yaml_parser_t *yaml, const yaml_event_t *event,
    fig_yaml_kind_t kind, const unsigned char *anchor,
    const unsigned char *tag)
{
    fig_pos_t     pos;
    fig_yaml_t   *node;
    fig_frame_t  *frame;

    fig_yaml_check_tag(yaml, event, tag);
    pos = fig_yaml_pos(yaml, event);

    if (yaml->depth == FIG_YAML_MAX_NESTING) {
        fig_yaml_error(yaml, pos, "nested more than 32 levels deep", NULL);
        yaml->done = true;
        return FIG_OK;
    }

    node = fig_yaml_node(yaml, kind, pos);
    if (node == NULL) {
        return FIG_NOMEM;
    }

    node->open = true;

    frame = &yaml->frames[yaml->depth++];
    frame->node = node;
    frame->base = yaml->nstack;

    return fig_yaml_anchor(yaml, anchor, node);
}


static void
fig_yaml_duplicate(fig_yaml_parser_t *yaml, const fig_yaml_t *key,
    const fig_yaml_t *first)
{
    char  message[FIG_QUOTED + 32], hint[64], quoted[FIG_QUOTED];

    snprintf(message, sizeof(message), "duplicate key %s",
             fig_text_quote(key->text, quoted));
    snprintf(hint, sizeof(hint), "it stands at line %u already",
             first->pos.line);

    fig_yaml_error(yaml, key->pos, message, hint);
}


/* Whether a key may stand in a map at all; reports it if not. */

static bool
fig_yaml_check_key(fig_yaml_parser_t *yaml, const fig_yaml_t *key)
{
    if (key->kind == FIG_YAML_BAD) {
        return false;
    }

    if (key->kind != FIG_YAML_TEXT) {
        fig_yaml_error(yaml, key->pos, "a key must be text", NULL);
        return false;
    }

    if (fig_yaml_is_null(key)) {
        fig_yaml_error(yaml, key->pos, "a key is missing here", NULL);
        return false;
    }

    if (key->plain && fig_str_eq(key->text, fig_str("<<", 2))) {
        fig_yaml_error(yaml, key->pos, "merge keys (<<) are not supported",
                       "repeat the keys, or use an alias for a whole value");
        return false;
    }

    return true;
}


/* Finds key among the pairs of map; names is used where there are many. */

static fig_status_t
fig_yaml_find_key(const fig_yaml_t *map, fig_names_t *names,
    const fig_yaml_t *key, const fig_yaml_t **found)
{
    bool      added;
    uint32_t  i;

    *found = NULL;

    if (names != NULL) {
        if (fig_names_add(names, key->text, &i, &added) != FIG_OK) {
            return FIG_NOMEM;
        }

        if (!added) {
            *found = map->pairs[i].key;
        }

        return FIG_OK;
    }

    for (i = 0; i < map->n; i++) {
        if (fig_str_eq(map->pairs[i].key->text, key->text)) {
            *found = map->pairs[i].key;
        }
    }

    return FIG_OK;
}


static fig_status_t
fig_yaml_end_map(fig_yaml_parser_t *yaml, fig_yaml_t *map, fig_yaml_t **children,
    uint32_t n)
{
    uint32_t           i;
    fig_names_t        names;
    fig_yaml_t        *key, *value;
    const fig_yaml_t  *same;

    map->pairs = fig_arena_array(yaml->arena, n / 2, sizeof(fig_pair_t));
    if (map->pairs == NULL) {
        return FIG_NOMEM;
    }

    fig_names_init(&names, yaml->arena);

    for (i = 0; i + 1 < n; i += 2) {
        key = children[i];
        value = children[i + 1];

        if (!fig_yaml_check_key(yaml, key)) {
            continue;
        }

        if (fig_yaml_find_key(map,
                              n > 2 * FIG_YAML_FEW_KEYS ? &names : NULL,
                              key, &same) != FIG_OK)
        {
            return FIG_NOMEM;
        }

        if (same != NULL) {
            fig_yaml_duplicate(yaml, key, same);
            continue;
        }

        if (value->kind == FIG_YAML_TEXT && value->plain
            && value->text.len == 0)
        {
            value->pos = key->pos;
        }

        map->pairs[map->n].key = key;
        map->pairs[map->n].value = value;
        map->n++;
    }

    /* a map in block style begins where its first key does */

    if (n > 0 && children[0]->pos.line == map->pos.line
        && children[0]->pos.col == map->pos.col)
    {
        map->pos.len = children[0]->pos.len;
    }

    return FIG_OK;
}


static fig_status_t
fig_yaml_end_list(fig_yaml_parser_t *yaml, fig_yaml_t *list, fig_yaml_t **children,
    uint32_t n)
{
    list->items = fig_arena_array(yaml->arena, n, sizeof(fig_yaml_t *));
    if (list->items == NULL) {
        return FIG_NOMEM;
    }

    if (n > 0) {
        memcpy(list->items, children, n * sizeof(fig_yaml_t *));
    }

    list->n = n;

    return FIG_OK;
}


static fig_status_t
fig_yaml_end(fig_yaml_parser_t *yaml)
{
    uint32_t       i, n;
    fig_yaml_t    *node, **children;
    fig_frame_t   *frame;
    fig_status_t   status;

    frame = &yaml->frames[--yaml->depth];
    node = frame->node;
    children = yaml->stack + frame->base;
    n = yaml->nstack - frame->base;

    for (i = 0; i < n; i++) {
        node->size += children[i]->size;

        if (children[i]->height > node->height) {
            node->height = children[i]->height;
        }
    }

    node->height++;

    status = (node->kind == FIG_YAML_MAP)
             ? fig_yaml_end_map(yaml, node, children, n)
             : fig_yaml_end_list(yaml, node, children, n);

    if (status != FIG_OK) {
        return status;
    }

    node->open = false;
    yaml->nstack = frame->base;

    return fig_yaml_emit(yaml, node);
}


static fig_status_t
fig_yaml_event(fig_yaml_parser_t *yaml, const yaml_event_t *event)
{
    switch (event->type) {

    case YAML_DOCUMENT_START_EVENT:
        if (yaml->documents++ > 0) {
            fig_yaml_error(yaml, fig_yaml_pos(yaml, event),
                           "a second document begins here",
                           "a rules file is one document");
            yaml->done = true;
        }

        return FIG_OK;

    case YAML_SCALAR_EVENT:
        return fig_yaml_scalar(yaml, event);

    case YAML_ALIAS_EVENT:
        return fig_yaml_alias(yaml, event);

    case YAML_SEQUENCE_START_EVENT:
        return fig_yaml_begin(yaml, event, FIG_YAML_LIST,
                              event->data.sequence_start.anchor,
                              event->data.sequence_start.tag);

    case YAML_MAPPING_START_EVENT:
        return fig_yaml_begin(yaml, event, FIG_YAML_MAP,
                              event->data.mapping_start.anchor,
                              event->data.mapping_start.tag);

    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return fig_yaml_end(yaml);

    case YAML_STREAM_END_EVENT:
        yaml->done = true;
        return FIG_OK;

    default:
        return FIG_OK;
    }
}


/* What may help with a text that libyaml cannot read; c is what stands there. */

static const char *
fig_yaml_hint(const char *problem, char c, char *buf, size_t size,
    const yaml_parser_t *parser)
{
    if (c == '\t') {
        return "indent with spaces, not with tabs";
    }

    if (c == '{' && strstr(problem, "expected ','") != NULL) {
        return "inside of {...} and [...] a path with {name} must be quoted";
    }

    if (strstr(problem, "alphabetic or numeric") != NULL
        || strstr(problem, "cannot start any token") != NULL)
    {
        return "a value that begins with a sign of YAML's own "
               "(* & ! % @ `) must be quoted";
    }

    if (strstr(problem, "mapping values are not allowed") != NULL) {
        return "check the indentation; a value that holds \": \" must be "
               "quoted";
    }

    if (parser->context == NULL || parser->context_mark.line == 0) {
        return "check the indentation and the quotes";
    }

    snprintf(buf, size, "%s that begins at line %zu", parser->context,
             parser->context_mark.line + 1);

    return buf;
}


static fig_status_t
fig_yaml_syntax_error(fig_yaml_parser_t *yaml)
{
    char            c, message[256], hint[256];
    size_t          at;
    const char     *problem;
    yaml_parser_t  *parser;

    parser = &yaml->parser;

    if (parser->error == YAML_MEMORY_ERROR) {
        return FIG_NOMEM;
    }

    problem = (parser->problem != NULL) ? parser->problem : "cannot be read";

    if (parser->error == YAML_READER_ERROR) {
        memset(&yaml->cursor, 0, sizeof(fig_cursor_t));
        yaml->cursor.line = 1;

        while (yaml->cursor.at < parser->problem_offset
               && yaml->cursor.at < yaml->text.len)
        {
            fig_cursor_forward(&yaml->cursor, yaml->text);
        }

        snprintf(message, sizeof(message), "not UTF-8 text: %s", problem);
        fig_yaml_error(yaml, fig_yaml_here(yaml, 1), message,
                       "in a quoted value write \\xNN");

        return FIG_INVALID;
    }

    fig_cursor_seek(&yaml->cursor, yaml->text, parser->problem_mark.index);
    at = yaml->cursor.at;
    c = (at < yaml->text.len) ? yaml->text.data[at] : '\n';

    snprintf(message, sizeof(message), "not YAML: %s", problem);
    fig_yaml_error(yaml, fig_yaml_here(yaml, 1), message,
                   fig_yaml_hint(problem, c, hint, sizeof(hint), parser));

    return FIG_INVALID;
}


static fig_status_t
fig_yaml_run(fig_yaml_parser_t *yaml)
{
    yaml_event_t  event;
    fig_status_t  status;

    yaml_parser_set_encoding(&yaml->parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&yaml->parser,
                                 (const unsigned char *) yaml->text.data,
                                 yaml->text.len);

    while (!yaml->done) {
        if (!yaml_parser_parse(&yaml->parser, &event)) {
            yaml->root = NULL;
            return fig_yaml_syntax_error(yaml);
        }

        status = fig_yaml_event(yaml, &event);
        yaml_event_delete(&event);

        if (status != FIG_OK) {
            return status;
        }
    }

    return yaml->wrong ? FIG_INVALID : FIG_OK;
}


/* UTF-16 and UTF-32, with a byte order mark or seen by their zero bytes. */

static bool
fig_yaml_is_wide(fig_str_t text)
{
    const unsigned char  *p;

    p = (const unsigned char *) text.data;

    return text.len >= 2
           && ((p[0] == 0xff && p[1] == 0xfe) || (p[0] == 0xfe && p[1] == 0xff)
               || (p[0] == 0 && p[1] != 0) || (p[0] != 0 && p[1] == 0));
}


fig_status_t
fig_yaml_parse(fig_str_t text, uint32_t file, fig_arena_t *arena,
    fig_diags_t *diags, const fig_yaml_t **root)
{
    size_t        bom;
    fig_pos_t     pos = { file, 1, 1, 1 };
    fig_yaml_parser_t    yaml;
    fig_status_t  status;

    *root = NULL;

    if (fig_yaml_is_wide(text)) {
        fig_diags_add(diags, pos, "not UTF-8 but UTF-16 or UTF-32",
                      "save the file as UTF-8");
        return FIG_INVALID;
    }

    bom = fig_text_bom(text);

    memset(&yaml, 0, sizeof(fig_yaml_parser_t));
    yaml.text = fig_str(text.data + bom, text.len - bom);
    yaml.file = file;
    yaml.arena = arena;
    yaml.diags = diags;
    yaml.cursor.line = 1;
    fig_names_init(&yaml.anchors, arena);

    if (!yaml_parser_initialize(&yaml.parser)) {
        return FIG_NOMEM;
    }

    status = fig_yaml_run(&yaml);

    yaml_parser_delete(&yaml.parser);
    free(yaml.stack);

    if (status == FIG_NOMEM) {
        return FIG_NOMEM;
    }

    if (yaml.root != NULL && yaml.depth == 0
        && !(yaml.root->kind == FIG_YAML_TEXT && yaml.root->plain
             && yaml.root->text.len == 0))
    {
        *root = yaml.root;
    }

    return status;
}


bool
fig_yaml_is_null(const fig_yaml_t *node)
{
    size_t  i;

    static const char *const  words[] = { "", "~", "null", "Null", "NULL" };

    if (node->kind != FIG_YAML_TEXT || !node->plain) {
        return false;
    }

    for (i = 0; i < FIG_NELTS(words); i++) {
        if (fig_str_eq(node->text, fig_str_from(words[i]))) {
            return true;
        }
    }

    return false;
}


const fig_yaml_t *
fig_yaml_find(const fig_yaml_t *map, const char *key)
{
    uint32_t  i;

    for (i = 0; i < map->n; i++) {
        if (fig_str_eq(map->pairs[i].key->text, fig_str_from(key))) {
            return map->pairs[i].value;
        }
    }

    return NULL;
}
