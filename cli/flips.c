/*
 * What a flip has changed, and whether it is in force everywhere.
 *
 * A journal belongs to a node: the same flip may have another number on each.
 */

#include <errno.h>
#include <time.h>

#include "fig_text.h"
#include "flips.h"
#include "table.h"
#include "view.h"


#define CLI_WAIT       10000           /* ms, for nodes to converge */
#define CLI_WAIT_STEP  50              /* between two looks */


static struct {
    const char  *reason;
    const char  *lease;
    int64_t      if_seq;
    int64_t      wait;                 /* ms */
} cli_flip = { .if_seq = -1, .wait = CLI_WAIT };


const cli_option_t  cli_flip_options[] = {
    { "reason", 0, CLI_TEXT, "TEXT", "why, for the history",
      &cli_flip.reason },
    { "if-seq", 0, CLI_NUMBER, "N", "only if the last of all flips was N",
      &cli_flip.if_seq },
    { "wait", 0, CLI_TIME, "TIME", "for all nodes to converge (10s)",
      &cli_flip.wait },
    { NULL, 0, CLI_FLAG, NULL, NULL, NULL }
};

const cli_option_t  cli_lease_options[] = {
    { "lease", 0, CLI_TEXT, "TIME", "goes back by itself after this, unless "
      "confirmed", &cli_flip.lease },
    { NULL, 0, CLI_FLAG, NULL, NULL, NULL }
};


void
cli_flip_given(json_t *body)
{
    if (cli_flip.lease != NULL) {
        json_object_set_new(body, "lease",
                            cli_json_str(fig_str_from(cli_flip.lease)));
    }

    if (cli_flip.reason != NULL) {
        json_object_set_new(body, "reason",
                            cli_json_str(fig_str_from(cli_flip.reason)));
    }

    if (cli_flip.if_seq >= 0 && json_object_get(body, "if_seq") == NULL) {
        json_object_set_new(body, "if_seq", json_integer(cli_flip.if_seq));
    }
}


bool
cli_flip_seq(const char *command, const char *text, int64_t *seq,
    cli_exit_t *exit)
{
    char  *end, quoted[FIG_QUOTED];

    errno = 0;
    *seq = strtoll(text, &end, 10);

    if (end != text && *end == '\0' && errno == 0 && *seq > 0) {
        return true;
    }

    *exit = cli_usage_error(command, "%s is no number of the history",
                            fig_text_quote(fig_str_from(text), quoted));

    return false;
}


bool
cli_flip_is_same(cli_api_t *api, int64_t seq, cli_exit_t *exit)
{
    char    *path;
    size_t   i;
    json_t  *entry, *first;

    if (api->nodes.n == 1) {
        return true;
    }

    path = cli_format("v1/history?limit=1&after=%lld", (long long) seq - 1);
    *exit = cli_api_call(api, "GET", path, NULL);
    free(path);
    first = NULL;

    for (i = 0; i < api->nodes.n && *exit == CLI_OK; i++) {
        entry = json_array_get(json_object_get(api->documents[i], "entries"),
                               0);
        first = (i == 0) ? entry : first;

        if (cli_json_int(entry, "seq") != seq
            || !json_equal(json_object_get(entry, "changes"),
                           json_object_get(first, "changes")))
        {
            cli_error("%lld is not the same flip on every node: use --api for "
                      "one after the other", (long long) seq);
            *exit = CLI_NO;
        }
    }

    return *exit == CLI_OK;
}


/* Rows of one answer: stage, percent and copies of one route are one row. */

static void
cli_flip_rows(cli_table_t *table, const json_t *changes)
{
    char          *from, *to;
    size_t         i, n;
    const char    *name;
    const json_t  *change, *next;

    n = json_array_size(changes);

    for (i = 0; i < n; i++) {
        change = json_array_get(changes, i);
        next = json_array_get(changes, i + 1);
        name = cli_json_text(change, "route");
        name = (name[0] != '\0') ? name : cli_json_text(change, "backend");

        from = cli_view_change(change);

        while (next != NULL && name[0] != '\0'
               && strcmp(cli_json_text(next, "route"), name) == 0)
        {
            to = cli_view_change(next);
            from = cli_view_join(from, ", ", to + strlen(name) + 1);
            free(to);
            i++;
            next = json_array_get(changes, i + 1);
        }

        cli_table_add(table, CLI_BOLD, name);
        cli_table_add(table, CLI_PLAIN, from + strlen(name) + 1);
        free(from);
    }
}


static void
cli_flip_print_changes(const json_t *answer)
{
    cli_table_t  *table;

    static const cli_column_t  columns[] = {
        { "CHANGED", CLI_LEFT }, { "", CLI_LEFT }
    };

    table = cli_table_create(columns, FIG_NELTS(columns));
    cli_flip_rows(table, json_object_get(answer, "changes"));
    cli_table_print(table, stdout, 0, false);
    cli_table_destroy(table);
}


/* A backend, of which PATCH answers the whole; or a flip. */

static void
cli_flip_print_one(const json_t *answer)
{
    char    *name, *because;
    size_t   i;
    json_t  *skipped, *entry;

    if (json_object_get(answer, "changes") == NULL) {
        return;
    }

    if (json_array_size(json_object_get(answer, "changes")) != 0) {
        cli_flip_print_changes(answer);
    } else {
        puts("nothing to change: it is so already");
    }

    skipped = json_object_get(answer, "skipped");

    json_array_foreach(skipped, i, entry) {
        name = cli_show_text(cli_json_text(entry, "route"));
        because = cli_show_text(cli_json_text(entry, "because"));
        printf("left out: %s, %s\n", name, because);
        free(name);
        free(because);
    }
}


static bool
cli_flip_changed(const json_t *answer)
{
    return json_array_size(json_object_get(answer, "changes")) != 0;
}


/* Nodes that answered the same are told of once. */

static void
cli_flip_print(const cli_api_t *api)
{
    char           prefix[CLI_PREFIX];
    size_t         i;
    long long      seq;
    const json_t  *answer, *last;

    last = NULL;

    for (i = 0; i < api->nodes.n; i++) {
        answer = api->documents[i];

        if (answer == NULL) {
            continue;
        }

        if (last == NULL || !json_equal(json_object_get(answer, "changes"),
                                        json_object_get(last, "changes")))
        {
            cli_flip_print_one(answer);
        }

        last = answer;
    }

    for (i = 0; i < api->nodes.n; i++) {
        answer = api->documents[i];

        if (answer != NULL && cli_flip_changed(answer)) {
            seq = (long long) cli_json_int(answer, "seq");
            printf("%sthis is flip %lld: strangler undo %lld takes it back\n",
                   cli_api_prefix(api, i, prefix), seq, seq);

            if (cli_flip.lease != NULL) {
                printf("%sit goes back by itself, but for strangler confirm "
                       "%lld\n", prefix, seq);
            }
        }
    }

    fflush(stdout);
}


/* Why a node has not what it was told; NULL: it has. */

static const char *
cli_flip_lacks(const json_t *status, const json_t *answer,
    const char *checksum)
{
    if (status == NULL) {
        return "does not tell its status";
    }

    if (!cli_json_bool(status, "converged")) {
        return "not every worker has the newest rules";
    }

    if (cli_json_int(status, "seq") < cli_json_int(answer, "seq")) {
        return "its status does not know of the flip";
    }

    if (checksum != NULL && checksum[0] != '\0'
        && strcmp(cli_json_text(status, "checksum"), checksum) != 0)
    {
        return "has other rules than the first node";
    }

    return NULL;
}


static void
cli_flip_rest(void)
{
    const struct timespec  step = { 0, CLI_WAIT_STEP * 1000000L };

    nanosleep(&step, NULL);
}


/* Nodes that took a flip and have it in force, of answers by node. */

static bool
cli_flip_look(cli_api_t *api, json_t *const *answers, bool tell)
{
    bool         all;
    char         prefix[CLI_PREFIX];
    size_t       i;
    const char  *lacks, *checksum;

    (void) cli_api_call(api, "GET", "v1/status", NULL);
    checksum = NULL;
    all = true;

    for (i = 0; i < api->nodes.n; i++) {
        if (answers[i] == NULL) {
            continue;
        }

        lacks = cli_flip_lacks(api->documents[i], answers[i], checksum);

        if (checksum == NULL) {
            checksum = cli_json_text(api->documents[i], "checksum");
        }

        all = all && lacks == NULL;

        if (lacks != NULL && tell) {
            cli_error("%snot converged: %s", cli_api_prefix(api, i, prefix),
                      lacks);
        }
    }

    return all;
}


static bool
cli_flip_wait(cli_api_t *api, json_t *const *answers)
{
    double  end;

    end = cli_now() + (double) cli_flip.wait / 1000;
    api->quiet = true;

    while (!cli_flip_look(api, answers, false)) {

        if (cli_now() > end) {
            api->quiet = false;
            return cli_flip_look(api, answers, true);
        }

        cli_flip_rest();
    }

    api->quiet = false;

    return true;
}


static void
cli_flip_print_json(const cli_api_t *api, json_t *const *answers, bool well)
{
    size_t   i;
    json_t  *nodes, *entry;

    nodes = json_array();

    for (i = 0; i < api->nodes.n; i++) {
        if (answers[i] == NULL) {
            continue;
        }

        entry = json_copy(answers[i]);

        if (api->nodes.n == 1) {
            json_object_set_new(entry, "converged", json_boolean(well));
            cli_json_print(entry);
            continue;
        }

        json_object_set_new(entry, "node",
                            json_string(api->nodes.items[i].name));
        json_array_append_new(nodes, entry);
    }

    if (api->nodes.n > 1) {
        cli_json_print(json_pack("{s:b, s:O}", "converged", (int) well,
                                 "nodes", nodes));
    }

    json_decref(nodes);
}


cli_exit_t
cli_flip_done(cli_api_t *api, cli_exit_t code)
{
    bool      well;
    size_t    i, took;
    json_t  **answers;

    if (!cli_api_is_json()) {
        cli_flip_print(api);
    }

    answers = cli_alloc(api->nodes.n, sizeof(json_t *));
    took = 0;

    for (i = 0; i < api->nodes.n; i++) {
        answers[i] = json_incref(api->documents[i]);
        took += answers[i] != NULL;
    }

    if (took != api->nodes.n && took != 0) {
        cli_error("%zu of %zu nodes did not take it", api->nodes.n - took,
                  api->nodes.n);
        code = cli_worse(code, CLI_NO);
    }

    well = (took != 0) && cli_flip_wait(api, answers);

    if (cli_api_is_json()) {
        cli_flip_print_json(api, answers, well && took == api->nodes.n);
    }

    for (i = 0; i < api->nodes.n; i++) {
        json_decref(answers[i]);
    }

    free(answers);

    return well ? code : cli_worse(code, CLI_NO);
}


cli_exit_t
cli_flip_send(cli_api_t *api, const char *method, const char *path,
    json_t *body)
{
    cli_exit_t  code;

    cli_flip_given(body);
    code = cli_api_call(api, method, path, body);
    json_decref(body);

    return cli_flip_done(api, code);
}


cli_exit_t
cli_flip_names(const cli_spec_t *spec, int argc, char **argv)
{
    size_t       i;
    json_t      *names;
    cli_api_t    api;
    cli_exit_t   code;
    cli_list_t   operands;

    if (!cli_args_parse(spec, argc, argv, &operands, &code)) {
        return code;
    }

    if (cli_api_open(&api, spec->command, &code)) {
        names = json_array();

        for (i = 0; i < operands.n; i++) {
            json_array_append_new(names,
                cli_json_str(fig_str_from(operands.items[i])));
        }

        code = cli_flip_send(&api, "POST", "v1/flips",
                             json_pack("{s:o}", spec->command, names));
    }

    cli_api_close(&api);
    free(operands.items);

    return code;
}
