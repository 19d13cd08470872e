/*
 * Reads pairs, one JSON object a line, and writes what comes of each.
 *
 *     {"options": {"ignore": ["$.a"]}, "a": ANSWER, "b": ANSWER}
 *     ->  {"outcome": "mismatch", "differences": [...], "total": 1}
 *
 *     ANSWER   {"status": 200, "fields": [["Content-Type", "a/b"]],
 *               "body": "characters U+0000 to U+00FF are bytes",
 *               "fault": "transport", "authority": "10.0.0.1:8080"}
 *
 * What is wrong with options is the answer: {"error": ...}.
 */

#define _GNU_SOURCE

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "fig_compare.h"
#include "fig_json_write.h"


#define MOST  256


typedef struct {
    fig_compare_options_t  options;
    fig_status_pair_t      status[MOST];
    fig_str_t              lists[5][MOST];
    fig_keyed_t            keyed[MOST];
    fig_tolerance_t        tolerance[MOST];
    fig_shape_rule_t       shapes[MOST];
    fig_normalize_t        normalize[MOST];
} options_t;


static fig_str_t
text_of(json_t *value)
{
    return fig_str(json_string_value(value) ? json_string_value(value) : "",
                   json_string_length(value));
}


/* A pattern is a word, and what matches is that word. */

static bool
match(void *data, const void *pattern, fig_str_t subject, size_t from,
    fig_span_t *spans, size_t nspans)
{
    const char  *p;

    (void) data;
    (void) nspans;

    p = memmem(subject.data + from, subject.len - from, pattern,
               strlen(pattern));

    if (p == NULL) {
        return false;
    }

    spans[0].start = (size_t) (p - subject.data);
    spans[0].end = spans[0].start + strlen(pattern);

    return true;
}


static size_t
read_list(json_t *options, const char *name, fig_str_t *list)
{
    size_t   i;
    json_t  *value, *array;

    array = json_object_get(options, name);

    json_array_foreach(array, i, value) {
        list[i] = text_of(value);
    }

    return json_array_size(array);
}


static fig_shape_kind_t
shape_of(const char *name)
{
    return strcmp(name, "uuid") == 0 ? FIG_SHAPE_UUID
           : strcmp(name, "rfc3339") == 0 ? FIG_SHAPE_RFC3339
           : strcmp(name, "epoch") == 0 ? FIG_SHAPE_EPOCH : FIG_SHAPE_PATTERN;
}


static fig_body_mode_t
body_of(const char *name)
{
    size_t  i;

    static const char *const  names[] = {
        "auto", "json", "text", "bytes", "none"
    };

    for (i = 0; name != NULL && i < FIG_NELTS(names); i++) {
        if (strcmp(name, names[i]) == 0) {
            return (fig_body_mode_t) i;
        }
    }

    return FIG_BODY_AUTO;
}


static void
read_options(json_t *json, options_t *o)
{
    size_t       i;
    json_t      *value;
    const char  *name;

    memset(o, 0, sizeof(options_t));

    o->options.nignore = read_list(json, "ignore", o->lists[0]);
    o->options.ignore = o->lists[0];
    o->options.nunordered = read_list(json, "unordered", o->lists[1]);
    o->options.unordered = o->lists[1];
    o->options.nredact = read_list(json, "redact", o->lists[2]);
    o->options.redact = o->lists[2];
    o->options.nadd_headers = read_list(json, "add", o->lists[3]);
    o->options.add_headers = o->lists[3];
    o->options.nremove_headers = read_list(json, "remove", o->lists[4]);
    o->options.remove_headers = o->lists[4];
    o->options.null_absent = json_is_true(json_object_get(json,
                                                          "null_absent"));
    o->options.keep_values = json_is_true(json_object_get(json, "values"));
    o->options.status_class = json_is_true(json_object_get(json, "class"));
    o->options.max_body = (size_t) json_integer_value(json_object_get(json,
                                                      "max_body"));
    o->options.body = body_of(json_string_value(json_object_get(json,
                                                                "body")));
    o->options.match = match;
    o->options.keyed = o->keyed;
    o->options.tolerance = o->tolerance;
    o->options.shapes = o->shapes;
    o->options.normalize = o->normalize;
    o->options.status_pairs = o->status;

    json_object_foreach(json_object_get(json, "keyed"), name, value) {
        o->keyed[o->options.nkeyed].path = fig_str_from(name);
        o->keyed[o->options.nkeyed++].key = text_of(value);
    }

    json_object_foreach(json_object_get(json, "tolerance"), name, value) {
        i = o->options.ntolerance++;
        o->tolerance[i].path = fig_str_from(name);
        o->tolerance[i].abs = text_of(json_object_get(value, "abs"));
        o->tolerance[i].rel = text_of(json_object_get(value, "rel"));
    }

    json_object_foreach(json_object_get(json, "shape"), name, value) {
        i = o->options.nshapes++;
        o->shapes[i].path = fig_str_from(name);
        o->shapes[i].kind = shape_of(json_string_value(value));
        o->shapes[i].pattern = json_string_value(value);
    }

    json_array_foreach(json_object_get(json, "normalize"), i, value) {
        o->normalize[i].pattern = json_string_value(json_array_get(value, 0));
        o->normalize[i].with = text_of(json_array_get(value, 1));
        o->options.nnormalize = i + 1;
    }

    json_array_foreach(json_object_get(json, "status"), i, value) {
        o->status[i].a = (unsigned) json_integer_value(json_array_get(value,
                                                                      0));
        o->status[i].b = (unsigned) json_integer_value(json_array_get(value,
                                                                      1));
        o->options.nstatus_pairs = i + 1;
    }
}


/* U+0000 to U+00FF, as UTF-8, are bytes. */

static fig_str_t
bytes_of(json_t *value)
{
    char       *out;
    size_t      i, n;
    fig_str_t   text;

    text = text_of(value);
    out = malloc(text.len + 1);

    for (i = 0, n = 0; i < text.len; i++) {
        if ((unsigned char) text.data[i] >= 0x80) {
            out[n++] = (char) (text.data[i] << 6 | (text.data[i + 1] & 0x3f));
            i++;

        } else {
            out[n++] = text.data[i];
        }
    }

    return fig_str(out, n);
}


static void
read_answer(json_t *json, fig_answer_t *answer, fig_answer_field_t *fields)
{
    size_t       i;
    json_t      *value;
    const char  *fault;

    memset(answer, 0, sizeof(fig_answer_t));
    answer->status = (unsigned) json_integer_value(json_object_get(json,
                                                                   "status"));
    answer->fields = fields;
    answer->body = bytes_of(json_object_get(json, "body"));
    answer->authority = text_of(json_object_get(json, "authority"));

    fault = json_string_value(json_object_get(json, "fault"));
    answer->fault = (fault == NULL) ? FIG_FAULT_NONE
                    : strcmp(fault, "limit") == 0 ? FIG_FAULT_LIMIT
                    : FIG_FAULT_TRANSPORT;

    json_array_foreach(json_object_get(json, "fields"), i, value) {
        if (i == MOST) {
            break;
        }

        fields[i].name = text_of(json_array_get(value, 0));
        fields[i].value = text_of(json_array_get(value, 1));
        answer->nfields = i + 1;
    }
}


static void
put_pair(fig_json_out_t *out, const char *name, fig_str_t text)
{
    fig_json_put_key(out, name);

    if (text.data == NULL) {
        fig_json_put_null(out);

    } else {
        fig_json_put_str(out, text);
    }
}


static void
write_result(fig_json_out_t *out, const fig_comparison_t *result)
{
    size_t                   i;
    const fig_difference_t  *difference;

    fig_json_put_key(out, "outcome");
    fig_json_put_text(out, fig_outcome_name(result->outcome));
    fig_json_put_key(out, "why");
    fig_json_put_text(out, result->why != NULL ? result->why : "");
    fig_json_put_key(out, "total");
    fig_json_put_uint(out, result->total);
    fig_json_put_key(out, "differences");
    fig_json_begin_array(out);

    for (i = 0; i < result->n; i++) {
        difference = &result->differences[i];
        fig_json_begin_object(out);
        fig_json_put_key(out, "part");
        fig_json_put_text(out, fig_part_name(difference->part));
        fig_json_put_key(out, "kind");
        fig_json_put_text(out, fig_kind_name(difference->kind));
        fig_json_put_key(out, "first");
        fig_json_put_bool(out, difference->first);
        put_pair(out, "path", difference->path);
        put_pair(out, "from", difference->from);
        put_pair(out, "to", difference->to);
        put_pair(out, "pointer", difference->pointer);
        put_pair(out, "from_value", difference->from_value);
        put_pair(out, "to_value", difference->to_value);
        fig_json_end_object(out);
    }

    fig_json_end_array(out);
}


static void
write_error(fig_json_out_t *out, const fig_compare_error_t *error)
{
    fig_json_put_key(out, "error");
    fig_json_put_text(out, error->message);
    fig_json_put_key(out, "option");
    fig_json_put_text(out, error->option);
    fig_json_put_key(out, "n");
    fig_json_put_uint(out, error->n);
    fig_json_put_key(out, "offset");
    fig_json_put_uint(out, error->offset);
}


static void
run(json_t *line, fig_json_out_t *out)
{
    size_t                i;
    json_t               *value;
    fig_answers_t         pair;
    fig_status_t          status;
    fig_arena_t          *arena;
    fig_host_map_t        maps[MOST];
    fig_comparer_t       *comparer;
    fig_comparison_t      result;
    fig_compare_error_t   error;

    static options_t           options;
    static fig_answer_field_t  fields[2][MOST];

    memset(&pair, 0, sizeof(pair));
    read_options(json_object_get(line, "options"), &options);
    read_answer(json_object_get(line, "a"), &pair.a, fields[0]);
    read_answer(json_object_get(line, "b"), &pair.b, fields[1]);
    pair.host = text_of(json_object_get(line, "host"));
    pair.maps = maps;

    json_array_foreach(json_object_get(line, "maps"), i, value) {
        maps[i].from = text_of(json_array_get(value, 0));
        maps[i].to = text_of(json_array_get(value, 1));
        pair.nmaps = i + 1;
    }

    fig_json_begin_object(out);
    status = fig_comparer_create(&options.options, &comparer, &error);

    if (status == FIG_INVALID) {
        write_error(out, &error);

    } else if (status == FIG_OK) {
        arena = fig_arena_create();

        if (arena == NULL
            || fig_compare(comparer, &pair, arena, &result) != FIG_OK)
        {
            exit(3);
        }

        write_result(out, &result);
        fig_arena_destroy(arena);
        fig_comparer_destroy(comparer);
    }

    fig_json_end_object(out);
    free((void *) pair.a.body.data);
    free((void *) pair.b.body.data);
}


int
main(void)
{
    char            *text;
    size_t           size;
    json_t          *line;
    ssize_t          len;
    json_error_t     error;
    fig_json_out_t   out;

    text = NULL;
    size = 0;
    fig_json_out_init(&out);

    while ((len = getline(&text, &size, stdin)) > 0) {
        line = json_loadb(text, (size_t) len, JSON_ALLOW_NUL, &error);

        if (line == NULL) {
            fprintf(stderr, "%s\n", error.text);
            return 2;
        }

        fig_json_out_reset(&out);
        run(line, &out);
        json_decref(line);

        if (out.nomem) {
            return 3;
        }

        printf("%.*s\n", (int) out.len, out.data);
        fflush(stdout);
    }

    fig_json_out_release(&out);
    free(text);

    return 0;
}
