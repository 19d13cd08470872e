/*
 * Merging of entries by name, in the order in which they come first.
 *
 * While a list is merged each entry has "nodes": those that have it so far,
 * which is what "differs" has to name when the first one disagrees.
 */

#include "merge.h"


typedef enum {
    CLI_MERGE_COMPARE = 0,
    CLI_MERGE_ADD,
    CLI_MERGE_WORST,
    CLI_MERGE_FIRST,                   /* times in UTC: texts in order */
    CLI_MERGE_LAST,
    CLI_MERGE_APPEND,
    CLI_MERGE_LEAVE                    /* each node has its own */
} cli_merge_how_t;


static cli_merge_how_t
cli_merge_how(const char *member)
{
    size_t  i;

    static const struct {
        const char        *member;
        cli_merge_how_t    how;
    } members[] = {
        { "requests", CLI_MERGE_ADD }, { "fallbacks", CLI_MERGE_ADD },
        { "outcomes", CLI_MERGE_ADD }, { "pairs", CLI_MERGE_ADD },
        { "first", CLI_MERGE_FIRST }, { "last", CLI_MERGE_LAST },
        { "samples", CLI_MERGE_APPEND }, { "probes", CLI_MERGE_ADD },
        { "acknowledged", CLI_MERGE_LEAVE },
        { "failures", CLI_MERGE_ADD }, { "in_flight", CLI_MERGE_ADD },
        { "refused", CLI_MERGE_ADD },
        { "error", CLI_MERGE_ADD }, { "latency", CLI_MERGE_WORST },
        { "seq", CLI_MERGE_LEAVE }, { "lease", CLI_MERGE_LEAVE },
        { "readiness", CLI_MERGE_LEAVE }, { "nodes", CLI_MERGE_LEAVE },
        { "differs", CLI_MERGE_LEAVE }
    };

    for (i = 0; i < FIG_NELTS(members); i++) {
        if (strcmp(member, members[i].member) == 0) {
            return members[i].how;
        }
    }

    return CLI_MERGE_COMPARE;
}


/* Two numbers, or the numbers in two objects; a new value. */

static json_t *
cli_merge_numbers(json_t *a, json_t *b, cli_merge_how_t how)
{
    double       x, y;
    json_t      *sum, *value;
    const char  *key;

    if (json_is_object(a) && json_is_object(b)) {
        sum = json_copy(a);

        json_object_foreach(b, key, value) {
            json_object_set_new(sum, key,
                cli_merge_numbers(json_object_get(a, key), value, how));
        }

        return sum;
    }

    if (!json_is_number(a) || !json_is_number(b)) {
        return json_incref((a == NULL || json_is_null(a)) ? b : a);
    }

    x = json_number_value(a);
    y = json_number_value(b);

    if (how == CLI_MERGE_WORST) {
        return json_incref(x > y ? a : b);
    }

    if (json_is_integer(a) && json_is_integer(b)) {
        return json_integer(json_integer_value(a) + json_integer_value(b));
    }

    return json_real(x + y);
}


/* Notes what this node says, and what all those before it said. */

static void
cli_merge_differ(json_t *entry, const char *member, const cli_api_t *api,
    size_t node, json_t *value)
{
    size_t   i;
    json_t  *differs, *by_node, *nodes;

    differs = json_object_get(entry, "differs");

    if (differs == NULL) {
        differs = json_object();
        json_object_set_new(entry, "differs", differs);
    }

    by_node = json_object_get(differs, member);

    if (by_node == NULL) {
        by_node = json_object();
        json_object_set_new(differs, member, by_node);
        nodes = json_object_get(entry, "nodes");

        for (i = 0; i + 1 < json_array_size(nodes); i++) {
            json_object_set(by_node,
                json_string_value(json_array_get(nodes, i)),
                json_object_get(entry, member));
        }
    }

    json_object_set(by_node, api->nodes.items[node].name, value);
}


static void
cli_merge_time(json_t *entry, json_t *other, const char *member, bool last)
{
    int  order;

    order = strcmp(cli_json_text(other, member), cli_json_text(entry, member));

    if (last ? order > 0 : order < 0) {
        json_object_set(entry, member, json_object_get(other, member));
    }
}


/* The list of entry may be one that came from a node: it stays as it is. */

static void
cli_merge_append(json_t *entry, const char *member, json_t *more)
{
    json_t  *all;

    all = json_array();
    json_array_extend(all, json_object_get(entry, member));
    json_array_extend(all, more);
    json_object_set_new(entry, member, all);
}


static void
cli_merge_into(json_t *entry, json_t *other, const cli_api_t *api,
    size_t node)
{
    json_t           *value, *old;
    const char       *member;
    cli_merge_how_t   how;

    json_object_foreach(other, member, value) {
        how = cli_merge_how(member);
        old = json_object_get(entry, member);

        switch (how) {

        case CLI_MERGE_ADD:
        case CLI_MERGE_WORST:
            json_object_set_new(entry, member,
                                cli_merge_numbers(old, value, how));
            break;

        case CLI_MERGE_FIRST:
        case CLI_MERGE_LAST:
            cli_merge_time(entry, other, member, how == CLI_MERGE_LAST);
            break;

        case CLI_MERGE_APPEND:
            cli_merge_append(entry, member, value);
            break;

        case CLI_MERGE_COMPARE:
            if (old != NULL
                && (!json_equal(old, value)
                    || json_object_get(json_object_get(entry, "differs"),
                                       member) != NULL))
            {
                cli_merge_differ(entry, member, api, node, value);
            }

            break;

        default:
            break;
        }
    }
}


static void
cli_merge_node(json_t *list, json_t *index, const cli_api_t *api,
    size_t node, json_t *entries, const char *key)
{
    size_t       i;
    json_t      *entry, *merged;
    const char  *name;

    json_array_foreach(entries, i, entry) {
        name = cli_json_text(entry, key);
        merged = json_object_get(index, name);

        if (merged == NULL) {
            merged = json_copy(entry);
            json_object_set_new(merged, "nodes", json_array());
            json_array_append_new(list, merged);
            json_object_set(index, name, merged);
            json_array_append_new(json_object_get(merged, "nodes"),
                json_string(api->nodes.items[node].name));
            continue;
        }

        json_array_append_new(json_object_get(merged, "nodes"),
                              json_string(api->nodes.items[node].name));
        cli_merge_into(merged, entry, api, node);
    }
}


json_t *
cli_merge(const cli_api_t *api, const char *member, const char *key)
{
    size_t   i, answered;
    json_t  *list, *index, *entry;

    if (api->nodes.n == 1) {
        list = json_object_get(api->documents[0], member);
        return (list != NULL) ? json_incref(list) : json_array();
    }

    list = json_array();
    index = json_object();
    answered = 0;

    for (i = 0; i < api->nodes.n; i++) {
        if (api->documents[i] != NULL) {
            answered++;
            cli_merge_node(list, index, api, i,
                           json_object_get(api->documents[i], member), key);
        }
    }

    json_array_foreach(list, i, entry) {
        if (json_array_size(json_object_get(entry, "nodes")) == answered) {
            json_object_del(entry, "nodes");
        }
    }

    json_decref(index);

    return list;
}


/* "o: stage is live on a, ramp on b" */

static void
cli_merge_print(const char *name, const char *member, json_t *by_node,
    FILE *out)
{
    char        *text, *shown;
    json_t      *value;
    const char  *node, *gap;

    shown = cli_show_text(name);
    fprintf(out, "%s: %s is", shown, member);
    free(shown);
    gap = " ";

    json_object_foreach(by_node, node, value) {
        text = json_is_string(value)
               ? cli_format("%s", json_string_value(value))
               : json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
        shown = cli_show_text(text);
        fprintf(out, "%s%s on %s", gap, shown, node);
        gap = ", ";
        free(text);
        free(shown);
    }

    fputc('\n', out);
}


bool
cli_merge_print_differences(const json_t *list, const char *key, FILE *out)
{
    bool         any;
    size_t       i;
    json_t      *entry, *differs, *by_node;
    const char  *member;

    any = false;

    json_array_foreach(list, i, entry) {
        differs = json_object_get(entry, "differs");

        json_object_foreach(differs, member, by_node) {
            cli_merge_print(cli_json_text(entry, key), member, by_node, out);
            any = true;
        }
    }

    return any;
}
