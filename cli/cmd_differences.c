/*
 * strangler differences: what the new side answers otherwise.
 *
 *     ID  ROUTE  WHERE  KIND  CHANGE  PAIRS  FIRST  LAST  STATE    the list
 *     differences ID                                   one, with samples
 *
 * --follow listens to the events of all nodes and ends with Ctrl-C; what came
 * while nobody listened is read from the list.
 */

#include "classes.h"
#include "merge.h"
#include "number.h"
#include "stop.h"
#include "stream.h"
#include "view.h"


typedef struct {
    bool                   follow;
    int64_t                limit;
    cli_classes_filter_t   filter;
    cli_api_t              api;
    json_t                *seen;       /* ids that were told */
} cli_differences_t;


static const char *
cli_differences_time(const json_t *class, const char *member, double now,
    char out[CLI_NUMBER_SIZE])
{
    double  time;

    return cli_time_parse(cli_json_text(class, member), &time)
           ? cli_ago_text(time, now, out) : cli_json_text(class, member);
}


static void
cli_differences_row(cli_table_t *table, const json_t *class, double now)
{
    char   text[CLI_NUMBER_SIZE], *words;

    cli_table_add(table, CLI_BOLD, cli_json_text(class, "id"));
    cli_table_add(table, CLI_PLAIN, cli_json_text(class, "route"));

    words = cli_class_where(class);
    cli_table_add(table, CLI_PLAIN, words);
    free(words);

    cli_table_add(table, CLI_PLAIN, cli_json_text(class, "kind"));

    words = cli_class_change(class);
    cli_table_add(table, CLI_PLAIN, words);
    free(words);

    cli_table_add(table, CLI_PLAIN,
                  cli_count_text(cli_json_real(class, "pairs"), text));
    cli_table_add(table, CLI_PLAIN,
                  cli_differences_time(class, "first", now, text));
    cli_table_add(table, CLI_PLAIN,
                  cli_differences_time(class, "last", now, text));
    cli_table_add(table, cli_class_style(class), cli_class_state(class));
}


static void
cli_differences_print(const json_t *classes, size_t limit)
{
    size_t        i, n;
    double        now;
    cli_table_t  *table;

    static const cli_column_t  columns[] = {
        { "ID", CLI_LEFT }, { "ROUTE", CLI_CUT }, { "WHERE", CLI_CUT },
        { "KIND", CLI_LEFT }, { "CHANGE", CLI_CUT }, { "PAIRS", CLI_RIGHT },
        { "FIRST", CLI_LEFT }, { "LAST", CLI_LEFT }, { "STATE", CLI_LEFT }
    };

    now = cli_now();
    n = json_array_size(classes);
    table = cli_table_create(columns, FIG_NELTS(columns));

    for (i = 0; i < n && i < limit; i++) {
        cli_differences_row(table, json_array_get(classes, i), now);
    }

    cli_table_print(table, stdout, cli_term_width(), false);
    cli_table_destroy(table);

    if (n > limit) {
        printf("\n%zu more: --limit\n", n - limit);
    }
}


static void
cli_differences_print_hidden(const cli_differences_t *cmd, bool any,
    size_t hidden)
{
    if (hidden != 0) {
        printf("%s%zu not shown: %s%s%s\n", any ? "\n" : "", hidden,
               cmd->filter.noise ? "" : "--noise",
               cmd->filter.noise || cmd->filter.acknowledged ? "" : ", ",
               cmd->filter.acknowledged ? "" : "--acknowledged");

    } else if (!any) {
        puts("there are no differences");
    }
}


/* A line for one that is new; its columns are not all known yet. */

static void
cli_differences_tell(cli_differences_t *cmd, json_t *class)
{
    char        *where, *change, *line, *shown;
    const char  *id;

    id = cli_json_text(class, "id");

    if (json_object_get(cmd->seen, id) != NULL) {
        return;
    }

    json_object_set_new(cmd->seen, id, json_true());

    if (!cli_class_counts(class, &cmd->filter)) {
        return;
    }

    if (cli_api_is_json()) {
        cli_json_print_line(json_incref(class));
        return;
    }

    where = cli_class_where(class);
    change = cli_class_change(class);
    line = cli_format("%s  %s  %s  %s", id, cli_json_text(class, "route"),
                      where, cli_json_text(class, "kind"));
    line = cli_view_join(line, "  ", change);
    line = cli_view_join(line, "  ", cli_class_state(class));
    shown = cli_show_text(line);
    puts(shown);
    fflush(stdout);

    free(shown);
    free(line);
    free(change);
    free(where);
}


/* A stream is open: what came before it is in the list. */

static void
cli_differences_opened(void *data, size_t node)
{
    size_t              i, hidden;
    json_t             *list, *class;
    cli_exit_t          code;
    cli_differences_t  *cmd = data;

    const cli_classes_filter_t  every = { cmd->filter.route, true, true };

    (void) node;
    cmd->api.quiet = true;
    list = cli_classes_list(&cmd->api, &every, &hidden, &code);

    json_array_foreach(list, i, class) {
        cli_differences_tell(cmd, class);
    }

    json_decref(list);
}


static void
cli_differences_event(void *data, size_t node, const char *name,
    const char *text)
{
    json_t             *class;
    cli_differences_t  *cmd = data;

    if (strcmp(name, "difference") != 0) {
        return;
    }

    class = json_loads(text, 0, NULL);

    if (class != NULL && cmd->api.nodes.n > 1) {
        json_object_set_new(class, "node",
                            json_string(cmd->api.nodes.items[node].name));
    }

    if (class != NULL) {
        cli_differences_tell(cmd, class);
    }

    json_decref(class);
}


static void
cli_differences_failed(void *data, size_t node, const char *why)
{
    char                prefix[CLI_PREFIX], *shown;
    cli_differences_t  *cmd = data;

    shown = cli_show_text(why);
    cli_warn("%s%s", cli_api_prefix(&cmd->api, node, prefix), shown);
    free(shown);
}


static void
cli_differences_follow(cli_differences_t *cmd)
{
    const cli_listener_t  listener = {
        cli_differences_opened, cli_differences_event, cli_differences_failed,
        cmd
    };

    cli_stop_catch();
    cli_stream_listen(&cmd->api.nodes, &cmd->api.options, "v1/events",
                      &listener, &cli_stop_signal);
}


static cli_exit_t
cli_differences_list(cli_differences_t *cmd)
{
    size_t       i, hidden;
    json_t      *classes, *class;
    cli_exit_t   code;

    classes = cli_classes_list(&cmd->api, &cmd->filter, &hidden, &code);

    if (cli_api_first(&cmd->api) == NULL) {
        json_decref(classes);
        return code;
    }

    if (cmd->follow) {
        cmd->seen = json_object();

        if (!cli_api_is_json()) {
            cli_differences_print(classes, (size_t) cmd->limit);
            fflush(stdout);

            json_array_foreach(classes, i, class) {
                json_object_set_new(cmd->seen, cli_json_text(class, "id"),
                                    json_true());
            }
        }

        cli_differences_follow(cmd);
        json_decref(cmd->seen);

    } else if (cli_api_is_json()) {
        cli_json_print(json_pack("{s:O}", "classes", classes));

    } else {
        if (json_array_size(classes) != 0) {
            cli_differences_print(classes, (size_t) cmd->limit);
        }

        cli_differences_print_hidden(cmd, json_array_size(classes) != 0,
                                     hidden);
        cli_merge_print_differences(classes, "id", stdout);
    }

    json_decref(classes);

    return code;
}


static void
cli_differences_field(const char *name, const char *text)
{
    char  *shown;

    if (text[0] != '\0') {
        shown = cli_show_text(text);
        printf("%-13s %s\n", name, shown);
        free(shown);
    }
}


static void
cli_differences_samples(const json_t *samples, double now)
{
    char          text[CLI_NUMBER_SIZE], *change;
    size_t        i;
    json_t       *sample;
    cli_table_t  *table;

    static const cli_column_t  columns[] = {
        { "WHEN", CLI_LEFT }, { "REQUEST", CLI_CUT }, { "ID", CLI_CUT },
        { "POINTER", CLI_CUT }, { "CHANGE", CLI_CUT }
    };

    putchar('\n');
    table = cli_table_create(columns, FIG_NELTS(columns));

    json_array_foreach((json_t *) samples, i, sample) {
        cli_table_add(table, CLI_PLAIN,
                      cli_differences_time(sample, "time", now, text));
        cli_table_add(table, CLI_BOLD, cli_json_text(sample, "request"));
        cli_table_add(table, CLI_PLAIN, cli_json_text(sample, "id"));
        cli_table_add(table, CLI_PLAIN, cli_json_text(sample, "pointer"));
        change = cli_class_change(sample);
        cli_table_add(table, CLI_PLAIN, change);
        free(change);
    }

    cli_table_print(table, stdout, cli_term_width(), true);
    cli_table_destroy(table);
}


static void
cli_differences_print_one(const json_t *class)
{
    char           text[CLI_NUMBER_SIZE], *words;
    double         now;
    const json_t  *samples;

    now = cli_now();
    cli_differences_field("id", cli_json_text(class, "id"));
    cli_differences_field("route", cli_json_text(class, "route"));
    words = cli_class_where(class);
    cli_differences_field("where", words);
    free(words);
    cli_differences_field("kind", cli_json_text(class, "kind"));
    words = cli_class_change(class);
    cli_differences_field("change", words);
    free(words);
    cli_differences_field("pairs", cli_count_text(cli_json_real(class,
                                                  "pairs"), text));
    cli_differences_field("first", cli_differences_time(class, "first", now,
                                                        text));
    cli_differences_field("last", cli_differences_time(class, "last", now,
                                                       text));
    cli_differences_field("noise", cli_json_text(class, "noise"));
    words = cli_class_acknowledged(class, now);
    cli_differences_field("acknowledged", words);
    free(words);

    samples = json_object_get(class, "samples");

    if (json_array_size(samples) != 0) {
        cli_differences_samples(samples, now);
    }
}


static cli_exit_t
cli_differences_one(cli_differences_t *cmd, const char *id)
{
    json_t      *class, *list;
    cli_exit_t   code;

    class = cli_classes_get(&cmd->api, "differences", id, &code);

    if (class == NULL) {
        return code;
    }

    if (cli_api_is_json()) {
        cli_json_print(class);
        return code;
    }

    cli_differences_print_one(class);
    list = json_pack("[o]", class);
    cli_merge_print_differences(list, "id", stdout);
    json_decref(list);

    return code;
}


cli_exit_t
cli_cmd_differences(int argc, char **argv)
{
    cli_exit_t         code;
    cli_list_t         operands;
    cli_differences_t  cmd;

    const cli_option_t  options[] = {
        { "route", 0, CLI_TEXT, "NAME", "only those of this route",
          &cmd.filter.route },
        { "noise", 0, CLI_FLAG, NULL, "also in what the old side differs from "
          "itself", &cmd.filter.noise },
        { "acknowledged", 0, CLI_FLAG, NULL, "also those that are meant to be",
          &cmd.filter.acknowledged },
        { "limit", 0, CLI_NUMBER, "N", "so many, those of most pairs (50)",
          &cmd.limit },
        { "follow", 'f', CLI_FLAG, NULL, "go on with those that are new",
          &cmd.follow },
        { NULL, 0, CLI_FLAG, NULL, NULL, NULL }
    };

    const cli_spec_t  spec = {
        "differences", "[ID] [OPTION...]",
        "Lists in what the answers of the two sides differ, most pairs first; "
        "with an ID,\nor the beginning of one, that difference and samples "
        "of it.",
        0, 1, { options, cli_json_options, cli_api_options }
    };

    memset(&cmd, 0, sizeof(cli_differences_t));
    cmd.limit = 50;

    if (!cli_args_parse(&spec, argc, argv, &operands, &code)) {
        return code;
    }

    if (cli_api_open(&cmd.api, "differences", &code)) {
        code = (operands.n == 0)
               ? cli_differences_list(&cmd)
               : cli_differences_one(&cmd, operands.items[0]);
    }

    cli_api_close(&cmd.api);
    free(operands.items);

    return code;
}
