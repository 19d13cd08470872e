/*
 * From a decision to a document, and from a document to lines for people.
 *
 * A document of a router may have more members than are shown, or fewer.
 */

#include "explain.h"
#include "fig_path.h"
#include "number.h"
#include "table.h"


static json_t *
cli_explain_candidates(const fig_ruleset_t *ruleset, cli_request_t *request,
    fig_scratch_t *scratch)
{
    char             text[512];
    size_t           i, n;
    json_t          *list, *entry;
    fig_candidate_t  out[CLI_CANDIDATES];

    list = json_array();
    n = fig_explain(ruleset, &request->view, scratch, false, out,
                    FIG_NELTS(out));

    for (i = 0; i < n; i++) {
        fig_candidate_text(&out[i], text, sizeof(text));

        entry = json_object();
        json_object_set_new(entry, "route", cli_json_str(out[i].route->name));
        json_object_set_new(entry, "won",
                            json_boolean(out[i].because == FIG_BECAUSE_WON));
        json_object_set_new(entry, "because", json_string(text));
        json_array_append_new(list, entry);
    }

    return list;
}


/* What is sent to the backend instead of the path; null: the path itself. */

static json_t *
cli_explain_path(cli_request_t *request, fig_scratch_t *scratch)
{
    char               *out;
    size_t              len;
    json_t             *path;
    const fig_route_t  *route;

    route = request->match.route;

    if (request->decision.side != FIG_SIDE_NEW || route == NULL) {
        return json_null();
    }

    out = cli_alloc(fig_rewrite_bound(route, request->view.path.len), 1);
    len = fig_rewrite_path(&request->match, request->view.path, scratch, out);
    path = cli_json_str_or_null(fig_str(out, len));
    free(out);

    return path;
}


static void
cli_explain_decision(json_t *document, const fig_decision_t *decision)
{
    char                text[512];
    const fig_route_t  *route;

    route = decision->route;
    fig_decision_text(decision, text, sizeof(text));

    json_object_set_new(document, "route", route != NULL
                        ? cli_json_str(route->name) : json_null());
    json_object_set_new(document, "stage", decision->stage != FIG_STAGE_NONE
                        ? json_string(fig_stage_name(decision->stage))
                        : json_null());
    json_object_set_new(document, "percent",
                        decision->stage == FIG_STAGE_RAMP
                        ? cli_json_percent(route->percent) : json_null());
    json_object_set_new(document, "source", json_string("file"));
    json_object_set_new(document, "side", decision->side != FIG_SIDE_NONE
                        ? json_string(fig_side_name(decision->side))
                        : json_null());
    json_object_set_new(document, "backend", decision->backend != NULL
                        ? cli_json_str(decision->backend->name)
                        : json_null());
    json_object_set_new(document, "bucket", decision->bucket < FIG_BUCKETS
                        ? json_integer(decision->bucket) : json_null());
    json_object_set_new(document, "by", decision->by != NULL
                        ? cli_json_str(decision->by->source) : json_null());
    json_object_set_new(document, "retries",
                        json_integer(fig_decision_retries(decision)));
    json_object_set_new(document, "fallback", decision->fallback != NULL
                        ? cli_json_str(decision->fallback->name)
                        : json_null());
    json_object_set_new(document, "why", json_string(text));
}


json_t *
cli_explain_make(const fig_ruleset_t *ruleset, cli_request_t *request,
    fig_scratch_t *scratch)
{
    json_t  *document;

    document = json_object();

    if (request->refused) {
        json_object_set_new(document, "route", json_null());
        json_object_set_new(document, "backend", json_null());
        json_object_set_new(document, "why",
            json_string("such a path is answered with 400"));
        json_object_set_new(document, "candidates", json_array());
        return document;
    }

    cli_explain_decision(document, &request->decision);
    json_object_set_new(document, "path",
                        cli_json_str(request->view.path));
    json_object_set_new(document, "rewritten",
                        cli_explain_path(request, scratch));
    json_object_set_new(document, "candidates",
                        cli_explain_candidates(ruleset, request, scratch));

    return document;
}


static void
cli_explain_line(const char *name, const char *value)
{
    char  *shown;

    if (value[0] != '\0') {
        shown = cli_show_text(value);
        printf("%s%-10s%s%s\n", cli_style_on(CLI_DIM), name,
               cli_style_off(CLI_DIM), shown);
        free(shown);
    }
}


static void
cli_explain_route(const json_t *document)
{
    bool         ramp;
    char        *text, percent[CLI_NUMBER_SIZE];
    const char  *stage;

    text = cli_format("%s", cli_json_text(document, "route"));
    cli_explain_line("route", text[0] != '\0' ? text : "none");
    free(text);

    stage = cli_json_text(document, "stage");
    ramp = strcmp(stage, "ramp") == 0
           && json_is_number(json_object_get(document, "percent"));
    text = cli_format("%s%s%s%s", stage, ramp ? " " : "",
        ramp ? cli_percent_text(cli_json_real(document, "percent"), percent)
             : "",
        strcmp(cli_json_text(document, "source"), "flip") == 0 ? " (by a flip)"
                                                               : "");
    cli_explain_line("stage", text);
    free(text);
}


static void
cli_explain_bucket(const json_t *document)
{
    char        *text;
    const char  *by;

    if (!json_is_integer(json_object_get(document, "bucket"))) {
        return;
    }

    by = cli_json_text(document, "by");
    text = cli_format("%d%s%s%s", (int) cli_json_int(document, "bucket"),
                      by[0] != '\0' ? " by " : "", by,
                      strcmp(by, "request") == 0
                          ? ", drawn anew for every request"
                          : strcmp(by, "assign") == 0
                          ? ", of the router's own cookie" : "");
    cli_explain_line("bucket", text);
    free(text);
}


static void
cli_explain_retries(const json_t *document)
{
    char        text[32];
    json_int_t  n;

    n = json_integer_value(json_object_get(document, "retries"));

    if (n > 0) {
        snprintf(text, sizeof(text), "at most %d", (int) n);
        cli_explain_line("retries", text);
    }
}


void
cli_explain_print(const json_t *document)
{
    bool          won;
    size_t        i;
    json_t       *candidates, *entry;
    const char   *backend;
    cli_table_t  *table;

    static const cli_column_t  columns[] = {
        { "CANDIDATE", CLI_LEFT }, { "", CLI_LEFT }, { "BECAUSE", CLI_LEFT }
    };

    cli_explain_route(document);
    cli_explain_line("side", cli_json_text(document, "side"));

    backend = cli_json_text(document, "backend");
    cli_explain_line("backend", backend[0] != '\0' ? backend : "none");
    cli_explain_bucket(document);
    cli_explain_line("why", cli_json_text(document, "why"));
    cli_explain_retries(document);
    cli_explain_line("fallback", cli_json_text(document, "fallback"));
    cli_explain_line("sent as", cli_json_text(document, "rewritten"));

    candidates = json_object_get(document, "candidates");

    if (json_array_size(candidates) == 0) {
        return;
    }

    table = cli_table_create(columns, FIG_NELTS(columns));

    json_array_foreach(candidates, i, entry) {
        won = cli_json_bool(entry, "won");
        cli_table_add(table, won ? CLI_BOLD : CLI_PLAIN,
                      cli_json_text(entry, "route"));
        cli_table_add(table, CLI_GOOD, won ? "won" : "");
        cli_table_add(table, CLI_PLAIN, cli_json_text(entry, "because"));
    }

    putchar('\n');
    cli_table_print(table, stdout, 0, false);
    cli_table_destroy(table);
}
