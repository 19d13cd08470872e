/*
 * Selecting routes as the API does: by name (and with a route its group), by
 * group, capability or backend, or all.
 *
 * Routes without a stage are meant by their names only, and then refused.
 */

#include "fig_suggest.h"
#include "fig_text.h"
#include "merge.h"
#include "plan.h"
#include "table.h"
#include "view.h"


bool
cli_plan_is_wide(const cli_plan_t *plan)
{
    return plan->all || plan->groups.n != 0 || plan->capabilities.n != 0
           || plan->backends.n != 0;
}


static bool
cli_plan_has(const cli_list_t *list, const char *name)
{
    size_t  i;

    for (i = 0; i < list->n; i++) {
        if (name[0] != '\0' && strcmp(list->items[i], name) == 0) {
            return true;
        }
    }

    return false;
}


static const json_t *
cli_plan_find(const json_t *routes, const char *name)
{
    size_t   i;
    json_t  *route;

    json_array_foreach((json_t *) routes, i, route) {
        if (strcmp(cli_json_text(route, "name"), name) == 0) {
            return route;
        }
    }

    return NULL;
}


/* Groups of the routes that were named: they move with them. */

static bool
cli_plan_groups(const cli_plan_t *plan, const json_t *routes,
    cli_list_t *groups)
{
    char           quoted[FIG_QUOTED], hint[FIG_QUOTED + 32];
    size_t         i, k;
    json_t        *route;
    const json_t  *named;
    fig_suggest_t  suggest;

    for (i = 0; i < plan->routes.n; i++) {
        named = cli_plan_find(routes, plan->routes.items[i]);

        if (named != NULL) {
            if (plan->stage != NULL
                && cli_json_text(named, "group")[0] != '\0')
            {
                cli_list_add(groups, cli_json_text(named, "group"));
            }

            continue;
        }

        fig_suggest_init(&suggest, fig_str_from(plan->routes.items[i]));

        json_array_foreach((json_t *) routes, k, route) {
            fig_suggest_try(&suggest,
                            fig_str_from(cli_json_text(route, "name")));
        }

        cli_error("there is no route %s%s%s",
                  fig_text_quote(fig_str_from(plan->routes.items[i]), quoted),
                  suggest.best.len != 0 ? ", " : "",
                  fig_suggest_hint(&suggest, hint, sizeof(hint)) ? hint : "");
        return false;
    }

    return true;
}


static bool
cli_plan_to(const cli_plan_t *plan, const json_t *route)
{
    json_t      *weight;
    const char  *name;

    json_object_foreach(json_object_get(route, "to"), name, weight) {
        if (cli_plan_has(&plan->backends, name)) {
            return true;
        }
    }

    return false;
}


static bool
cli_plan_selects(const cli_plan_t *plan, const cli_list_t *groups,
    const json_t *route)
{
    const char  *group;

    if (cli_json_text(route, "stage")[0] == '\0') {
        return false;
    }

    group = cli_json_text(route, "group");

    return plan->all || cli_plan_has(groups, group)
           || cli_plan_has(&plan->groups, group)
           || cli_plan_has(&plan->routes, cli_json_text(route, "name"))
           || cli_plan_has(&plan->capabilities,
                           cli_json_text(route, "capability"))
           || cli_plan_to(plan, route);
}


static char *
cli_plan_copies(char *text, double percent)
{
    char  number[CLI_NUMBER_SIZE];

    text = cli_view_join(text, ", ", "copies ");

    return cli_view_join(text, "", cli_percent_text(percent, number));
}


char *
cli_plan_now(const cli_plan_t *plan, const json_t *route)
{
    char  *text;

    text = cli_view_stage(route);

    if (plan->shadow == NULL) {
        return text;
    }

    return cli_plan_copies(text, cli_json_real(json_object_get(route,
                                                               "shadow"),
                                               "percent"));
}


static char *
cli_plan_side(const cli_plan_t *plan, const json_t *route)
{
    char           number[CLI_NUMBER_SIZE];
    double         percent;
    const json_t  *file;

    if (plan->stage == NULL) {
        return cli_view_stage(route);
    }

    if (strcmp(plan->stage, "ramp") != 0) {
        return cli_format("%s", plan->stage);
    }

    if (plan->percent != NULL) {
        percent = strtod(plan->percent, NULL);

    } else if (strcmp(cli_json_text(route, "stage"), "ramp") == 0) {
        percent = cli_json_real(route, "percent");

    } else {
        file = json_object_get(route, "file");

        if (!json_is_number(json_object_get(file, "percent"))) {
            return cli_format("ramp");
        }

        percent = cli_json_real(file, "percent");
    }

    return cli_format("ramp %s", cli_percent_text(percent, number));
}


char *
cli_plan_stage(const cli_plan_t *plan, const json_t *route)
{
    char  *text;

    text = cli_plan_side(plan, route);

    return plan->shadow == NULL ? text
                                : cli_plan_copies(text,
                                                  strtod(plan->shadow, NULL));
}


json_t *
cli_plan_make(cli_api_t *api, const cli_plan_t *plan, cli_exit_t *exit)
{
    char        *is, *will;
    size_t       i;
    json_t      *routes, *route, *changed;
    cli_list_t   groups;

    memset(&groups, 0, sizeof(cli_list_t));
    changed = NULL;
    *exit = cli_api_list(api, "v1/routes", "routes", NULL);
    routes = cli_merge(api, "routes", "name");

    if (*exit == CLI_OK && !cli_plan_groups(plan, routes, &groups)) {
        *exit = CLI_NO;
    }

    if (*exit == CLI_OK) {
        changed = json_array();

        json_array_foreach(routes, i, route) {
            is = cli_plan_now(plan, route);
            will = cli_plan_stage(plan, route);

            if (cli_plan_selects(plan, &groups, route)
                && (strcmp(is, will) != 0
                    || json_object_get(route, "differs") != NULL))
            {
                json_array_append(changed, route);
            }

            free(is);
            free(will);
        }
    }

    json_decref(routes);
    free(groups.items);

    return changed;
}


void
cli_plan_print(const cli_plan_t *plan, const json_t *routes)
{
    char         *text;
    size_t        i;
    json_t       *route;
    cli_table_t  *table;

    static const cli_column_t  columns[] = {
        { "WOULD CHANGE", CLI_CUT }, { "FROM", CLI_LEFT }, { "TO", CLI_LEFT },
        { "GROUP", CLI_CUT }
    };

    table = cli_table_create(columns, FIG_NELTS(columns));

    json_array_foreach((json_t *) routes, i, route) {
        cli_table_add(table, CLI_BOLD, cli_json_text(route, "name"));

        text = cli_plan_now(plan, route);
        cli_table_add(table, CLI_PLAIN, text);
        free(text);

        text = cli_plan_stage(plan, route);
        cli_table_add(table, CLI_PLAIN, text);
        free(text);

        cli_table_add(table, CLI_PLAIN, cli_json_text(route, "group"));
    }

    cli_table_print(table, stdout, cli_term_width(), true);
    cli_table_destroy(table);
}
