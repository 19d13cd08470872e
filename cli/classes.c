/*
 * Reading of classes, and words for them.
 *
 * A class has the same id on every node, as it is made of what the class is;
 * not every node has met every class.
 */

#include <ctype.h>

#include "classes.h"
#include "fig_text.h"
#include "merge.h"
#include "number.h"
#include "view.h"


static bool
cli_class_is_acknowledged(const json_t *class)
{
    return json_is_object(json_object_get(class, "acknowledged"));
}


bool
cli_class_counts(const json_t *class, const cli_classes_filter_t *filter)
{
    if (filter->route != NULL
        && strcmp(cli_json_text(class, "route"), filter->route) != 0)
    {
        return false;
    }

    if (cli_class_is_acknowledged(class)) {
        return filter->acknowledged;
    }

    return filter->noise
           || strcmp(cli_json_text(class, "noise"), "noise") != 0;
}


static int
cli_classes_compare(const void *one, const void *two)
{
    double               x, y;
    json_t *const  *a = one, *const *b = two;

    x = cli_json_real(*a, "pairs");
    y = cli_json_real(*b, "pairs");

    return (x != y) ? (x < y) - (x > y)
                    : strcmp(cli_json_text(*a, "id"), cli_json_text(*b, "id"));
}


json_t *
cli_classes_list(cli_api_t *api, const cli_classes_filter_t *filter,
    size_t *hidden, cli_exit_t *exit)
{
    char     *path, *escaped;
    size_t    i, n;
    json_t   *all, *class, *list, **items;

    escaped = cli_http_escape(filter->route != NULL ? filter->route : "");
    path = cli_format("v1/differences%s%s",
                      filter->route != NULL ? "?route=" : "", escaped);
    *exit = cli_api_list(api, path, "classes", NULL);
    free(path);
    free(escaped);

    all = cli_merge(api, "classes", "id");
    items = cli_alloc(json_array_size(all), sizeof(json_t *));
    n = 0;

    json_array_foreach(all, i, class) {
        if (cli_class_counts(class, filter)) {
            items[n++] = class;
        }
    }

    *hidden = json_array_size(all) - n;
    qsort(items, n, sizeof(json_t *), cli_classes_compare);
    list = json_array();

    for (i = 0; i < n; i++) {
        json_array_append(list, items[i]);
    }

    free(items);
    json_decref(all);

    return list;
}


/* The whole id of the only class that begins so; NULL: *exit is set. */

static char *
cli_classes_whole(cli_api_t *api, const char *id, cli_exit_t *exit)
{
    char        *found, quoted[FIG_QUOTED];
    size_t       i, n, hidden;
    json_t      *list, *class;

    const cli_classes_filter_t  every = { NULL, true, true };

    if (strlen(id) >= CLI_CLASS_ID) {
        return cli_format("%s", id);
    }

    list = cli_classes_list(api, &every, &hidden, exit);
    found = NULL;
    n = 0;

    json_array_foreach(list, i, class) {
        if (strncmp(cli_json_text(class, "id"), id, strlen(id)) == 0) {
            free(found);
            found = cli_format("%s", cli_json_text(class, "id"));
            n++;
        }
    }

    json_decref(list);

    if (n == 1) {
        return found;
    }

    if (*exit == CLI_OK) {
        fig_text_quote(fig_str_from(id), quoted);
        *exit = CLI_NO;

        if (n == 0) {
            cli_error("there is no difference %s", quoted);
        } else {
            cli_error("%zu differences begin with %s", n, quoted);
        }
    }

    free(found);

    return NULL;
}


json_t *
cli_classes_get(cli_api_t *api, const char *command, const char *id,
    cli_exit_t *exit)
{
    char    *path, *whole, quoted[FIG_QUOTED];
    size_t   i;
    json_t  *list, *class, **documents;

    if (id[0] == '\0' || id[strspn(id, "0123456789abcdef")] != '\0'
        || strlen(id) > CLI_CLASS_ID)
    {
        *exit = cli_usage_error(command, "%s is no id of a difference",
                                fig_text_quote(fig_str_from(id), quoted));
        return NULL;
    }

    whole = cli_classes_whole(api, id, exit);

    if (whole == NULL) {
        return NULL;
    }

    /* that some have not met it is nothing to be said */

    path = cli_format("v1/differences/%s", whole);
    api->quiet = true;
    *exit = cli_api_call(api, "GET", path, NULL);
    api->quiet = false;
    free(path);
    free(whole);

    if (*exit == CLI_FAILED || cli_api_first(api) == NULL) {
        cli_error("%s", api->wrong);
        return NULL;
    }

    *exit = CLI_OK;
    documents = api->documents;
    api->documents = cli_alloc(api->nodes.n, sizeof(json_t *));

    for (i = 0; i < api->nodes.n; i++) {
        if (documents[i] != NULL) {
            api->documents[i] = json_pack("{s:[O]}", "classes", documents[i]);
        }
    }

    list = cli_merge(api, "classes", "id");
    class = json_incref(json_array_get(list, 0));
    json_decref(list);

    for (i = 0; i < api->nodes.n; i++) {
        json_decref(api->documents[i]);
    }

    free(api->documents);
    api->documents = documents;

    return class;
}


char *
cli_class_path(const json_t *class)
{
    char  *path, *id;

    id = cli_http_escape(cli_json_text(class, "id"));
    path = cli_format("v1/differences/%s", id);
    free(id);

    return path;
}


char *
cli_class_where(const json_t *class)
{
    const char  *path;

    path = cli_json_text(class, "path");

    return cli_format("%s%s%s", cli_json_text(class, "part"),
                      path[0] != '\0' ? " " : "", path);
}


char *
cli_class_change(const json_t *class)
{
    const char  *from, *to;

    from = cli_json_text(class, "from");
    to = cli_json_text(class, "to");

    if (from[0] == '\0' && to[0] == '\0') {
        return cli_format("%s", "");
    }

    return cli_format("%s -> %s", from[0] != '\0' ? from : "nothing",
                      to[0] != '\0' ? to : "nothing");
}


const char *
cli_class_state(const json_t *class)
{
    return cli_class_is_acknowledged(class) ? "acknowledged"
                                            : cli_json_text(class, "noise");
}


cli_style_t
cli_class_style(const json_t *class)
{
    const char  *state;

    state = cli_class_state(class);

    return (strcmp(state, "real") == 0) ? CLI_BAD
           : (strcmp(state, "undecided") == 0) ? CLI_MIND : CLI_DIM;
}


char *
cli_class_acknowledged(const json_t *class, double now)
{
    char           until[CLI_NUMBER_SIZE];
    double         time;
    const char    *expires;
    const json_t  *by;

    if (!cli_class_is_acknowledged(class)) {
        return cli_format("%s", "");
    }

    by = json_object_get(class, "acknowledged");
    expires = cli_json_text(by, "expires");

    return cli_format("by %s, ends %s: %s", cli_json_text(by, "owner"),
                      cli_time_parse(expires, &time)
                      ? cli_ago_text(time, now, until) : expires,
                      cli_json_text(by, "reason"));
}
