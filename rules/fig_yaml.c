/*
 * libyaml's events -> fig_yaml_tree.h.  Owns what the text itself can get
 * wrong: encoding, syntax, tags, documents; and where each event stands.
 *
 *     text -> yaml_parser_t -> event -> place, anchor, text -> tree
 *
 * Places come from a cursor of our own that follows the events, because
 * libyaml counts characters, and line breaks that editors do not count.
 */

#include "fig_yaml.h"
#include "fig_cursor.h"
#include "fig_text.h"
#include "fig_yaml_tree.h"

#include <stdio.h>
#include <yaml.h>


typedef struct {
    yaml_parser_t      parser;
    fig_cursor_t       cursor;         /* over the text after its BOM */
    fig_yaml_tree_t    tree;
    uint32_t           documents;
    bool               done;
} fig_yaml_reader_t;


/* Moves over `&anchor` and `!tag` to the value, if it is on the same line. */

static void
fig_yaml_skip_properties(fig_cursor_t *cursor)
{
    size_t     i;
    fig_str_t  text;

    text = cursor->text;
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
        fig_cursor_seek_byte(cursor, i);
    }
}


/* The place of a scalar or an alias, from its first to its last byte. */

static fig_pos_t
fig_yaml_pos(fig_yaml_reader_t *reader, const yaml_event_t *event)
{
    fig_pos_t     pos;
    fig_cursor_t  end;

    fig_cursor_seek(&reader->cursor, event->start_mark.index);

    if (event->end_mark.index > event->start_mark.index) {
        fig_yaml_skip_properties(&reader->cursor);
    }

    end = reader->cursor;
    fig_cursor_seek(&end, event->end_mark.index);

    if (end.at > reader->cursor.at) {
        return fig_cursor_pos(&reader->cursor, end.at - reader->cursor.at);
    }

    /* nothing is written: show what stands before it */

    pos = fig_cursor_pos(&reader->cursor, 1);

    if (pos.col > 1) {
        pos.col--;
    }

    return pos;
}


static void
fig_yaml_check_tag(fig_yaml_reader_t *reader, const yaml_event_t *event,
    const unsigned char *tag)
{
    if (tag == NULL) {
        return;
    }

    fig_cursor_seek(&reader->cursor, event->start_mark.index);
    fig_yaml_tree_error(&reader->tree, fig_cursor_pos(&reader->cursor, 1),
                        "YAML tags are not supported",
                        "a value that begins with ! must be quoted; what kind "
                        "a value is follows from its key");
}


static fig_status_t
fig_yaml_scalar(fig_yaml_reader_t *reader, const yaml_event_t *event)
{
    fig_str_t  text;

    fig_yaml_check_tag(reader, event, event->data.scalar.tag);

    text = fig_str((const char *) event->data.scalar.value,
                   event->data.scalar.length);

    return fig_yaml_tree_text(&reader->tree, fig_yaml_pos(reader, event), text,
                              event->data.scalar.style
                                  == YAML_PLAIN_SCALAR_STYLE,
                              (const char *) event->data.scalar.anchor);
}


static fig_status_t
fig_yaml_begin(fig_yaml_reader_t *reader, const yaml_event_t *event,
    fig_yaml_kind_t kind, const unsigned char *anchor,
    const unsigned char *tag)
{
    fig_yaml_check_tag(reader, event, tag);
    fig_cursor_seek(&reader->cursor, event->start_mark.index);

    return fig_yaml_tree_begin(&reader->tree,
                               fig_cursor_pos(&reader->cursor, 1), kind,
                               (const char *) anchor);
}


static fig_status_t
fig_yaml_document(fig_yaml_reader_t *reader, const yaml_event_t *event)
{
    if (reader->documents++ == 0) {
        return FIG_OK;
    }

    fig_cursor_seek(&reader->cursor, event->start_mark.index);
    fig_yaml_tree_error(&reader->tree, fig_cursor_pos(&reader->cursor, 3),
                        "a second document begins here",
                        "a rules file is one document");

    return FIG_INVALID;
}


static fig_status_t
fig_yaml_event(fig_yaml_reader_t *reader, const yaml_event_t *event)
{
    switch (event->type) {

    case YAML_DOCUMENT_START_EVENT:
        return fig_yaml_document(reader, event);

    case YAML_SCALAR_EVENT:
        return fig_yaml_scalar(reader, event);

    case YAML_ALIAS_EVENT:
        return fig_yaml_tree_alias(&reader->tree, fig_yaml_pos(reader, event),
                                   (const char *) event->data.alias.anchor);

    case YAML_SEQUENCE_START_EVENT:
        return fig_yaml_begin(reader, event, FIG_YAML_LIST,
                              event->data.sequence_start.anchor,
                              event->data.sequence_start.tag);

    case YAML_MAPPING_START_EVENT:
        return fig_yaml_begin(reader, event, FIG_YAML_MAP,
                              event->data.mapping_start.anchor,
                              event->data.mapping_start.tag);

    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return fig_yaml_tree_end(&reader->tree);

    case YAML_STREAM_END_EVENT:
        reader->done = true;
        return FIG_OK;

    default:
        return FIG_OK;
    }
}


/* What may help with a text that libyaml cannot read; c is what is there. */

static const char *
fig_yaml_hint(const yaml_parser_t *parser, char c, char *buf, size_t size)
{
    const char  *problem, *context;

    problem = parser->problem;
    context = (parser->context != NULL) ? parser->context : "";

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

    if (strstr(context, "a tag") != NULL) {
        return "a value that begins with ! must be quoted";
    }

    if (strstr(problem, "mapping values are not allowed") != NULL) {
        return "check the indentation; a value that holds \": \" must be "
               "quoted";
    }

    if (context[0] == '\0' || parser->context_mark.line == 0) {
        return "check the indentation and the quotes";
    }

    snprintf(buf, size, "%s that begins at line %zu", context,
             parser->context_mark.line + 1);

    return buf;
}


/* The text is not UTF-8, or has bytes that no YAML text may have. */

static void
fig_yaml_reader_error(fig_yaml_reader_t *reader)
{
    bool         control;
    char         message[256];
    const char  *problem;

    problem = reader->parser.problem;
    control = strstr(problem, "control") != NULL;

    fig_cursor_seek_byte(&reader->cursor, reader->parser.problem_offset);

    snprintf(message, sizeof(message), "not %s: %s",
             control ? "YAML" : "UTF-8", problem);
    fig_yaml_tree_error(&reader->tree, fig_cursor_pos(&reader->cursor, 1),
                        message,
                        control ? "in a double-quoted value write \\xNN"
                                : "save the file as UTF-8");
}


static fig_status_t
fig_yaml_syntax_error(fig_yaml_reader_t *reader)
{
    char            c, message[256], hint[256];
    const char     *problem;
    fig_cursor_t   *cursor;
    yaml_parser_t  *parser;

    parser = &reader->parser;
    cursor = &reader->cursor;
    problem = parser->problem;

    if (parser->error == YAML_MEMORY_ERROR || problem == NULL) {
        return FIG_NOMEM;
    }

    if (parser->error == YAML_READER_ERROR) {
        fig_yaml_reader_error(reader);
        return FIG_INVALID;
    }

    fig_cursor_seek(cursor, parser->problem_mark.index);

    /* what ends too late is told where it begins */

    if (cursor->at >= cursor->text.len && parser->context != NULL) {
        fig_cursor_seek(cursor, parser->context_mark.index);
        snprintf(message, sizeof(message), "not YAML: %s %s", problem,
                 parser->context);
        fig_yaml_tree_error(&reader->tree, fig_cursor_pos(cursor, 1), message,
                            "it begins here and has no end");

        return FIG_INVALID;
    }

    c = (cursor->at < cursor->text.len) ? cursor->text.data[cursor->at] : '\n';

    snprintf(message, sizeof(message), "not YAML: %s", problem);
    fig_yaml_tree_error(&reader->tree, fig_cursor_pos(cursor, 1), message,
                        fig_yaml_hint(parser, c, hint, sizeof(hint)));

    return FIG_INVALID;
}


static fig_status_t
fig_yaml_run(fig_yaml_reader_t *reader)
{
    fig_str_t     text;
    yaml_event_t  event;
    fig_status_t  status;

    text = reader->cursor.text;

    yaml_parser_set_encoding(&reader->parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&reader->parser,
                                 (const unsigned char *) text.data, text.len);

    while (!reader->done) {
        if (!yaml_parser_parse(&reader->parser, &event)) {
            reader->tree.root = NULL;
            return fig_yaml_syntax_error(reader);
        }

        status = fig_yaml_event(reader, &event);
        yaml_event_delete(&event);

        if (status != FIG_OK) {
            return status;
        }
    }

    return reader->tree.wrong ? FIG_INVALID : FIG_OK;
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
    size_t             bom;
    fig_pos_t          pos = { file, 1, 1, 1 };
    fig_yaml_t        *node;
    fig_status_t       status;
    fig_yaml_reader_t  reader;

    *root = NULL;

    if (fig_yaml_is_wide(text)) {
        fig_diags_add(diags, pos, "not UTF-8 but UTF-16 or UTF-32",
                      "save the file as UTF-8");
        return FIG_INVALID;
    }

    memset(&reader, 0, sizeof(fig_yaml_reader_t));
    bom = fig_text_bom(text);
    fig_cursor_init(&reader.cursor, fig_str(text.data + bom, text.len - bom),
                    file);
    fig_yaml_tree_init(&reader.tree, arena, diags);

    if (!yaml_parser_initialize(&reader.parser)) {
        return FIG_NOMEM;
    }

    status = fig_yaml_run(&reader);

    yaml_parser_delete(&reader.parser);
    fig_yaml_tree_release(&reader.tree);

    node = reader.tree.root;

    if (status == FIG_NOMEM || node == NULL || reader.tree.depth > 0) {
        return status;
    }

    /* nothing but blanks and comments is an empty scalar after `---` */

    if (node->kind != FIG_YAML_TEXT || !node->plain || node->text.len > 0) {
        *root = node;
    }

    return status;
}
