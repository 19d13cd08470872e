/*
 * strangler flip: routes into another stage, all or none.
 *
 *     flip ROUTE... STAGE [PERCENT]
 *     flip ROUTE... [STAGE [PERCENT]] --shadow PERCENT
 *     flip --group G | --capability C | --backend B | --all  STAGE [PERCENT]
 *
 * It asks only where somebody can answer: on a terminal, for more than one
 * route, without --yes.
 */

#include <ctype.h>

#include "fig_suggest.h"
#include "fig_text.h"
#include "flips.h"
#include "plan.h"
#include "term.h"
#include "view.h"


typedef struct {
    bool        dry_run;
    bool        yes;
    bool        hold;
    double      percent;
    double      shadow;
    char        percent_text[32];
    char        shadow_text[32];
    cli_plan_t  plan;
} cli_cmd_flip_t;


static const char *const  cli_stages[] = {
    "legacy", "shadow", "ramp", "live", "done"
};


static bool
cli_flip_is_stage(const char *word)
{
    size_t  i;

    for (i = 0; i < FIG_NELTS(cli_stages); i++) {
        if (strcmp(word, cli_stages[i]) == 0) {
            return true;
        }
    }

    return false;
}


/* 0 to 100, at most two decimals, % optional. */

static bool
cli_flip_percent(const char *word, char text[32], double *percent)
{
    size_t       len, dot;
    const char  *end;

    len = strspn(word, "0123456789.");
    dot = strcspn(word, ".");
    end = word + len;

    if (len == 0 || len > 6 || !isdigit((unsigned char) word[0])
        || (dot < len && (len - dot > 3 || len - dot < 2
                          || strchr(word + dot + 1, '.') != NULL))
        || (*end == '%' ? end[1] : end[0]) != '\0')
    {
        return false;
    }

    memcpy(text, word, len);
    text[len] = '\0';
    *percent = strtod(text, NULL);

    return *percent <= 100;
}


static cli_exit_t
cli_flip_no_percent(const char *word)
{
    char  quoted[FIG_QUOTED];

    return cli_usage_error("flip", "%s is no percent from 0 to 100 with at "
                           "most two decimals",
                           fig_text_quote(fig_str_from(word), quoted));
}


static cli_exit_t
cli_flip_no_stage(const char *word)
{
    char           quoted[FIG_QUOTED], hint[FIG_QUOTED + 32];
    size_t         i;
    fig_suggest_t  suggest;

    fig_suggest_init(&suggest, fig_str_from(word));

    for (i = 0; i < FIG_NELTS(cli_stages); i++) {
        fig_suggest_try(&suggest, fig_str_from(cli_stages[i]));
    }

    if (!fig_suggest_hint(&suggest, hint, sizeof(hint))) {
        snprintf(hint, sizeof(hint), "they are legacy, shadow, ramp, live, "
                 "done");
    }

    return cli_usage_error("flip", "%s is no stage: %s",
                           fig_text_quote(fig_str_from(word), quoted), hint);
}


/* The stage, and what is before it, of which there may be none for copies. */

static bool
cli_flip_stage(cli_cmd_flip_t *cmd, const cli_list_t *operands, size_t n,
    cli_exit_t *exit)
{
    cmd->plan.routes.items = operands->items;
    cmd->plan.routes.n = n;

    if (n > 0 && cli_flip_is_stage(operands->items[n - 1])) {
        cmd->plan.stage = operands->items[n - 1];
        cmd->plan.routes.n = n - 1;
        return true;
    }

    if (cmd->plan.shadow != NULL && n == operands->n) {
        return true;
    }

    *exit = (n == 0) ? cli_usage_error("flip", "which stage?")
                     : cli_flip_no_stage(operands->items[n - 1]);

    return false;
}


/* ROUTE... STAGE [PERCENT], from the end. */

static bool
cli_flip_operands(cli_cmd_flip_t *cmd, cli_list_t *operands, cli_exit_t *exit)
{
    size_t       n;
    const char  *last;

    if (cmd->plan.shadow != NULL
        && !cli_flip_percent(cmd->plan.shadow, cmd->shadow_text, &cmd->shadow))
    {
        *exit = cli_flip_no_percent(cmd->plan.shadow);
        return false;
    }

    n = operands->n;
    last = (n > 0) ? operands->items[n - 1] : "";

    /* behind a stage it can be nothing else; a route may be called 7 */

    if (isdigit((unsigned char) last[0])
        && (cmd->plan.shadow == NULL
            || (n > 1 && cli_flip_is_stage(operands->items[n - 2]))))
    {
        if (!cli_flip_percent(last, cmd->percent_text, &cmd->percent)) {
            *exit = cli_flip_no_percent(last);
            return false;
        }

        cmd->plan.percent = cmd->percent_text;
        n--;
    }

    if (!cli_flip_stage(cmd, operands, n, exit)) {
        return false;
    }

    if (cmd->plan.percent != NULL && strcmp(cmd->plan.stage, "ramp") != 0) {
        *exit = cli_usage_error("flip", "a percent is for stage ramp, not for "
                                "%s", cmd->plan.stage);
        return false;
    }

    if (cmd->plan.routes.n == 0 && !cli_plan_is_wide(&cmd->plan)) {
        *exit = cli_usage_error("flip", "which route? ROUTE..., --group, "
                                "--capability, --backend or --all");
        return false;
    }

    return true;
}


static json_t *
cli_flip_number(double percent)
{
    return percent == (int) percent ? json_integer((int) percent)
                                    : json_real(percent);
}


static void
cli_flip_add(const cli_cmd_flip_t *cmd, json_t *changes, const char *kind,
    json_t *name)
{
    json_t  *change;

    change = json_object();
    json_object_set_new(change, kind, name);

    if (cmd->plan.stage != NULL) {
        json_object_set_new(change, "stage", json_string(cmd->plan.stage));
    }

    if (cmd->plan.percent != NULL) {
        json_object_set_new(change, "percent", cli_flip_number(cmd->percent));
    }

    if (cmd->plan.shadow != NULL) {
        json_object_set_new(change, "shadow",
                            json_pack("{s:o}", "percent",
                                      cli_flip_number(cmd->shadow)));
    }

    json_array_append_new(changes, change);
}


static void
cli_flip_add_all(const cli_cmd_flip_t *cmd, json_t *changes, const char *kind,
    const cli_list_t *names)
{
    size_t  i;

    for (i = 0; i < names->n; i++) {
        cli_flip_add(cmd, changes, kind,
                     cli_json_str(fig_str_from(names->items[i])));
    }
}


static json_t *
cli_flip_body(const cli_cmd_flip_t *cmd)
{
    json_t  *body, *changes;

    changes = json_array();
    cli_flip_add_all(cmd, changes, "route", &cmd->plan.routes);
    cli_flip_add_all(cmd, changes, "group", &cmd->plan.groups);
    cli_flip_add_all(cmd, changes, "capability", &cmd->plan.capabilities);
    cli_flip_add_all(cmd, changes, "backend", &cmd->plan.backends);

    if (cmd->plan.all) {
        cli_flip_add(cmd, changes, "all", json_true());
    }

    body = json_pack("{s:o}", "changes", changes);

    if (cmd->hold) {
        json_object_set_new(body, "hold", json_true());
    }

    return body;
}


static cli_exit_t
cli_flip_dry_run(cli_api_t *api, const cli_cmd_flip_t *cmd)
{
    char        *from, *to;
    size_t       i;
    json_t      *routes, *route, *changes;
    cli_exit_t   code;

    routes = cli_plan_make(api, &cmd->plan, &code);

    if (routes == NULL) {
        return code;
    }

    if (cli_api_is_json()) {
        changes = json_array();

        json_array_foreach(routes, i, route) {
            from = cli_plan_now(&cmd->plan, route);
            to = cli_plan_stage(&cmd->plan, route);
            json_array_append_new(changes, json_pack("{s:s, s:s, s:s}",
                "route", cli_json_text(route, "name"), "from", from,
                "to", to));
            free(from);
            free(to);
        }

        cli_json_print(json_pack("{s:o}", "would_change", changes));

    } else if (json_array_size(routes) == 0) {
        puts("nothing would change: it is so already");

    } else {
        cli_plan_print(&cmd->plan, routes);
    }

    json_decref(routes);

    return code;
}


/* False: no, or nothing to be asked about could be had. */

static bool
cli_flip_ask(cli_api_t *api, const cli_cmd_flip_t *cmd, cli_exit_t *exit)
{
    size_t   n;
    json_t  *routes;

    *exit = CLI_OK;

    if (cmd->yes || !cli_term_asks()) {
        return true;
    }

    routes = cli_plan_make(api, &cmd->plan, exit);

    if (routes == NULL) {
        return false;
    }

    n = json_array_size(routes);

    if (n > 1) {
        cli_plan_print(&cmd->plan, routes);
        printf("change %zu routes? [y/N] ", n);

        if (!cli_term_yes()) {
            puts("nothing was changed");
            *exit = CLI_NO;
        }
    }

    json_decref(routes);

    return *exit == CLI_OK;
}


static cli_exit_t
cli_flip_run(const cli_cmd_flip_t *cmd)
{
    cli_api_t   api;
    cli_exit_t  code;

    if (cli_api_open(&api, "flip", &code)) {

        if (cmd->dry_run) {
            code = cli_flip_dry_run(&api, cmd);

        } else if (cli_flip_ask(&api, cmd, &code)) {
            code = cli_flip_send(&api, "POST", "v1/flips",
                                 cli_flip_body(cmd));
        }
    }

    cli_api_close(&api);

    return code;
}


cli_exit_t
cli_cmd_flip(int argc, char **argv)
{
    cli_exit_t      code;
    cli_list_t      operands;
    cli_cmd_flip_t  cmd;

    const cli_option_t  options[] = {
        { "group", 0, CLI_LIST, "NAME", "the routes of a group; repeatable, as "
          "the next", &cmd.plan.groups },
        { "capability", 0, CLI_LIST, "NAME", "those of a capability",
          &cmd.plan.capabilities },
        { "backend", 0, CLI_LIST, "NAME", "those to a backend",
          &cmd.plan.backends },
        { "all", 0, CLI_FLAG, NULL, "all routes", &cmd.plan.all },
        { "shadow", 0, CLI_TEXT, "PERCENT", "the share of requests that are "
          "copied", &cmd.plan.shadow },
        { "hold", 0, CLI_FLAG, NULL, "stays whatever the file says, until "
          "release", &cmd.hold },
        { "dry-run", 'n', CLI_FLAG, NULL, "only tell what would change",
          &cmd.dry_run },
        { "yes", 'y', CLI_FLAG, NULL, "do not ask on a terminal", &cmd.yes },
        { NULL, 0, CLI_FLAG, NULL, NULL, NULL }
    };

    const cli_spec_t  spec = {
        "flip", "ROUTE... STAGE [PERCENT] [OPTION...]\n"
        "ROUTE... [STAGE [PERCENT]] --shadow PERCENT [OPTION...]\n"
        "--group NAME STAGE [PERCENT] [OPTION...]",
        "Puts routes into another stage (legacy, shadow, ramp, live, done), "
        "all or none,\nin force when this returns.  A route of a group moves "
        "with its group.",
        0, CLI_ANY, { options, cli_lease_options, cli_flip_options,
                      cli_json_options, cli_api_options }
    };

    memset(&cmd, 0, sizeof(cli_cmd_flip_t));

    if (!cli_args_parse(&spec, argc, argv, &operands, &code)) {
        return code;
    }

    if (cli_flip_operands(&cmd, &operands, &code)) {
        code = cli_flip_run(&cmd);
    }

    free(operands.items);
    free(cmd.plan.groups.items);
    free(cmd.plan.capabilities.items);
    free(cmd.plan.backends.items);

    return code;
}
