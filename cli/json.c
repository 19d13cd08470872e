/*
 * Reading and printing of JSON.
 *
 * jansson takes UTF-8 only, and not every name of a file is.
 */

#include "json.h"


json_t *
cli_json_str(fig_str_t text)
{
    char    *shown;
    json_t  *value;

    value = json_stringn(text.len != 0 ? text.data : "", text.len);

    if (value == NULL) {
        shown = cli_show(text);
        value = json_string(shown);
        free(shown);
    }

    return value;
}


json_t *
cli_json_str_or_null(fig_str_t text)
{
    return (text.len != 0) ? cli_json_str(text) : json_null();
}


json_t *
cli_json_percent(int32_t percent)
{
    return (percent % 100 == 0) ? json_integer(percent / 100)
                                : json_real(percent / 100.0);
}


void
cli_json_print(json_t *document)
{
    json_dumpf(document, stdout, JSON_INDENT(2) | JSON_ENCODE_ANY);
    putchar('\n');
    json_decref(document);
}


void
cli_json_print_line(json_t *document)
{
    json_dumpf(document, stdout, JSON_COMPACT | JSON_ENCODE_ANY);
    putchar('\n');
    fflush(stdout);
    json_decref(document);
}


const char *
cli_json_text(const json_t *object, const char *name)
{
    const char  *text;

    text = json_string_value(json_object_get(object, name));

    return (text != NULL) ? text : "";
}


int64_t
cli_json_int(const json_t *object, const char *name)
{
    return (int64_t) cli_json_real(object, name);
}


double
cli_json_real(const json_t *object, const char *name)
{
    return json_number_value(json_object_get(object, name));
}


bool
cli_json_bool(const json_t *object, const char *name)
{
    return json_is_true(json_object_get(object, name));
}
