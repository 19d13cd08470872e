/*
 * Words for what the API answers.
 *
 * Members may be missing: a router may be older than this, or newer.
 */

#include "view.h"


char *
cli_view_join(char *a, const char *gap, const char *b)
{
    char  *both;

    both = cli_format("%s%s%s", a, a[0] != '\0' && b[0] != '\0' ? gap : "",
                      b);
    free(a);

    return both;
}


char *
cli_view_stage(const json_t *object)
{
    char         percent[CLI_NUMBER_SIZE];
    const char  *stage;

    stage = cli_json_text(object, "stage");

    if (strcmp(stage, "ramp") != 0) {
        return cli_format("%s", stage[0] != '\0' ? stage : "-");
    }

    return cli_format("ramp %s",
                      cli_percent_text(cli_json_real(object, "percent"),
                                       percent));
}


char *
cli_view_targets(const json_t *route)
{
    char        *text, *one;
    json_t      *targets, *weight;
    const char  *name;

    targets = json_object_get(route, "to");
    text = cli_format("%s", "");

    json_object_foreach(targets, name, weight) {
        one = (json_object_size(targets) == 1)
              ? cli_format("%s", name)
              : cli_format("%s %g", name, json_number_value(weight));
        text = cli_view_join(text, ", ", one);
        free(one);
    }

    return text;
}


char *
cli_view_notes(const json_t *route, double now)
{
    char           ago[CLI_NUMBER_SIZE], *text, *one;
    double         until;
    const char    *expires;
    const json_t  *file, *shadow;

    text = cli_format("%s", strcmp(cli_json_text(route, "source"), "flip") == 0
                            ? "flip" : "");

    if (cli_json_bool(route, "hold")) {
        text = cli_view_join(text, ", ", "hold");
    }

    file = json_object_get(route, "file");

    if (cli_json_bool(route, "drift")) {
        one = cli_view_stage(file);
        text = cli_view_join(text, ", ", "the file says ");
        text = cli_view_join(text, "", one);
        free(one);
    }

    shadow = json_object_get(route, "shadow");
    file = json_object_get(shadow, "file");

    if (file != NULL && cli_json_real(shadow, "percent")
                        != cli_json_real(file, "percent"))
    {
        text = cli_view_join(text, ", ", "copies ");
        text = cli_view_join(text, "",
                             cli_percent_text(cli_json_real(shadow, "percent"),
                                              ago));
    }

    expires = cli_json_text(json_object_get(route, "lease"), "expires");

    if (cli_time_parse(expires, &until)) {
        text = cli_view_join(text, ", ", "lease ends ");
        text = cli_view_join(text, "", cli_ago_text(until, now, ago));
    }

    if (json_object_get(route, "differs") != NULL) {
        text = cli_view_join(text, ", ", "differs by node");
    }

    return text;
}


double
cli_view_sum(const json_t *object)
{
    double       sum;
    json_t      *value;
    const char  *name;

    sum = 0;

    json_object_foreach((json_t *) object, name, value) {
        sum += json_number_value(value);
    }

    return sum;
}


char *
cli_view_counts(const json_t *object)
{
    char        *text, *one, number[CLI_NUMBER_SIZE];
    double       n, least, below;
    json_t      *value;
    const char  *name, *next;

    text = cli_format("%s", "");
    below = -1;

    /* a handful of names: the next smaller one is looked for each time */

    for ( ;; ) {
        next = NULL;
        least = 0;

        json_object_foreach((json_t *) object, name, value) {
            n = json_number_value(value);

            if (n > least && (below < 0 || n < below)) {
                least = n;
                next = name;
            }
        }

        if (next == NULL) {
            return text;
        }

        json_object_foreach((json_t *) object, name, value) {
            if (json_number_value(value) == least) {
                one = cli_format("%s %s", name,
                                 cli_count_text(least, number));
                text = cli_view_join(text, ", ", one);
                free(one);
            }
        }

        below = least;
    }
}


const char *
cli_view_latency(const json_t *latency, const char *quantile,
    char out[CLI_NUMBER_SIZE])
{
    const json_t  *value;

    value = json_object_get(latency, quantile);

    return json_is_number(value)
           ? cli_seconds_text(json_number_value(value), out) : "-";
}


/* A value of a change: live, 25%, on. */

static char *
cli_view_value(const char *field, const json_t *value)
{
    char  percent[CLI_NUMBER_SIZE];

    if (json_is_string(value)) {
        return cli_format("%s", json_string_value(value));
    }

    if (json_is_boolean(value)) {
        return cli_format("%s", json_is_true(value) ? "on" : "off");
    }

    if (json_is_number(value)) {
        return cli_format("%s", strstr(field, "percent") != NULL
                          ? cli_percent_text(json_number_value(value), percent)
                          : cli_count_text(json_number_value(value), percent));
    }

    return cli_format("none");
}


char *
cli_view_change(const json_t *change)
{
    char        *text, *from, *to;
    const char  *name, *field;

    name = cli_json_text(change, "route");

    if (name[0] == '\0') {
        name = cli_json_text(change, "backend");
    }

    field = cli_json_text(change, "field");
    from = cli_view_value(field, json_object_get(change, "from"));
    to = cli_view_value(field, json_object_get(change, "to"));
    text = cli_format("%s %s %s -> %s", name, field, from, to);
    free(from);
    free(to);

    return text;
}


char *
cli_view_changes(const json_t *changes, size_t max)
{
    char    *text, *one;
    size_t   i, n;

    text = cli_format("%s", "");
    n = json_array_size(changes);

    for (i = 0; i < n && i < max; i++) {
        one = cli_view_change(json_array_get(changes, i));
        text = cli_view_join(text, ", ", one);
        free(one);
    }

    if (n > max) {
        one = cli_format(" and %zu more", n - max);
        text = cli_view_join(text, "", one);
        free(one);
    }

    return text;
}


cli_style_t
cli_view_style(const json_t *route)
{
    const char  *stage;

    stage = cli_json_text(route, "stage");

    return (strcmp(stage, "live") == 0 || strcmp(stage, "done") == 0)
           ? CLI_GOOD : (strcmp(stage, "ramp") == 0) ? CLI_MIND : CLI_PLAIN;
}
