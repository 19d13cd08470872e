/*
 * strangler acknowledge: a difference is meant to be, for a while.
 *
 *     acknowledge ID... --reason TEXT --owner NAME [--for TIME | --until DATE]
 *     acknowledge ID... --off
 *
 * It goes to the nodes that have met the difference; others are none the wiser.
 */

#include "classes.h"
#include "fig_text.h"
#include "merge.h"
#include "number.h"


#define CLI_ACKNOWLEDGE_FOR  (INT64_C(30) * 86400 * 1000)      /* ms */


typedef struct {
    bool          off;
    int64_t       lasts;               /* ms; -1: not given */
    const char   *until;
    const char   *reason;
    const char   *owner;
    char          expires[CLI_NUMBER_SIZE];
    cli_api_t     api;
    json_t       *told;                /* what they are now, for --json */
} cli_acknowledge_t;


/* False: *exit is set. */

static bool
cli_acknowledge_expires(cli_acknowledge_t *cmd, cli_exit_t *exit)
{
    char    *day, quoted[FIG_QUOTED];
    bool     good;
    double   time;

    time = cli_now() + (double) (cmd->lasts >= 0 ? cmd->lasts
                                                 : CLI_ACKNOWLEDGE_FOR) / 1000;

    if (cmd->until != NULL) {
        day = cli_format("%sT00:00:00Z", cmd->until);
        good = cli_time_parse(cmd->until, &time) || cli_time_parse(day, &time);
        free(day);

        if (!good) {
            *exit = cli_usage_error("acknowledge", "--until %s is no date such "
                        "as 2027-01-31",
                        fig_text_quote(fig_str_from(cmd->until), quoted));
            return false;
        }
    }

    if (time <= cli_now()) {
        *exit = cli_usage_error("acknowledge", "that would be over already");
        return false;
    }

    cli_time_text(time, cmd->expires);

    return true;
}


static json_t *
cli_acknowledge_body(const cli_acknowledge_t *cmd)
{
    if (cmd->off) {
        return json_pack("{s:n}", "acknowledge");
    }

    return json_pack("{s:{s:o, s:o, s:s}}", "acknowledge",
                     "reason", cli_json_str(fig_str_from(cmd->reason)),
                     "owner", cli_json_str(fig_str_from(cmd->owner)),
                     "expires", cmd->expires);
}


static void
cli_acknowledge_tell(const cli_acknowledge_t *cmd, const json_t *class)
{
    char  *where, *line, *shown;

    where = cli_class_where(class);
    line = cmd->off
           ? cli_format("%s counts again: %s of %s",
                        cli_json_text(class, "id"), where,
                        cli_json_text(class, "route"))
           : cli_format("%s is acknowledged until %s: %s of %s",
                        cli_json_text(class, "id"), cmd->expires, where,
                        cli_json_text(class, "route"));
    shown = cli_show_text(line);
    puts(shown);
    free(shown);
    free(line);
    free(where);
}


static cli_exit_t
cli_acknowledge_one(cli_acknowledge_t *cmd, const char *id)
{
    char        *path;
    size_t       i;
    json_t      *class, *body, *answer, **bodies;
    cli_exit_t   code;

    class = cli_classes_get(&cmd->api, "acknowledge", id, &code);

    if (class == NULL) {
        return code;
    }

    body = cli_acknowledge_body(cmd);
    bodies = cli_alloc(cmd->api.nodes.n, sizeof(json_t *));

    for (i = 0; i < cmd->api.nodes.n; i++) {
        bodies[i] = (cmd->api.documents[i] != NULL) ? body : NULL;
    }

    path = cli_class_path(class);
    code = cli_api_call_each(&cmd->api, "PATCH", path, bodies);
    free(path);
    free(bodies);
    json_decref(body);

    answer = cli_api_first(&cmd->api);

    if (answer != NULL) {
        json_object_set(class, "acknowledged",
                        json_object_get(answer, "acknowledged"));
        json_array_append(cmd->told, class);
    }

    if (code == CLI_OK && !cli_api_is_json()) {
        cli_acknowledge_tell(cmd, class);
    }

    json_decref(class);

    return code;
}


static cli_exit_t
cli_acknowledge_run(cli_acknowledge_t *cmd, const cli_list_t *ids)
{
    size_t      i;
    cli_exit_t  code;

    if (cmd->off && (cmd->reason != NULL || cmd->owner != NULL
                     || cmd->until != NULL || cmd->lasts >= 0))
    {
        return cli_usage_error("acknowledge", "--off takes it back, and needs "
                               "nothing else");
    }

    if (!cmd->off && (cmd->reason == NULL || cmd->owner == NULL)) {
        return cli_usage_error("acknowledge", "--reason says why that is good, "
                               "and --owner who is asked about it");
    }

    if (cmd->until != NULL && cmd->lasts >= 0) {
        return cli_usage_error("acknowledge", "--for or --until, not both");
    }

    if (!cmd->off && !cli_acknowledge_expires(cmd, &code)) {
        return code;
    }

    if (!cli_api_open(&cmd->api, "acknowledge", &code)) {
        return code;
    }

    cmd->told = json_array();
    code = CLI_OK;

    for (i = 0; i < ids->n; i++) {
        code = cli_worse(code, cli_acknowledge_one(cmd, ids->items[i]));
    }

    if (cli_api_is_json() && json_array_size(cmd->told) != 0) {
        cli_json_print(json_pack("{s:O}", "classes", cmd->told));
    }

    json_decref(cmd->told);

    return code;
}


cli_exit_t
cli_cmd_acknowledge(int argc, char **argv)
{
    cli_exit_t         code;
    cli_list_t         operands;
    cli_acknowledge_t  cmd;

    const cli_option_t  options[] = {
        { "reason", 0, CLI_TEXT, "TEXT", "why that is good", &cmd.reason },
        { "owner", 0, CLI_TEXT, "NAME", "who is asked about it", &cmd.owner },
        { "for", 0, CLI_TIME, "TIME", "for so long (30d)", &cmd.lasts },
        { "until", 0, CLI_TEXT, "DATE", "or to this day, or time (RFC 3339)",
          &cmd.until },
        { "off", 0, CLI_FLAG, NULL, "it counts again", &cmd.off },
        { NULL, 0, CLI_FLAG, NULL, NULL, NULL }
    };

    const cli_spec_t  spec = {
        "acknowledge", "ID... --reason TEXT --owner NAME [OPTION...]\n"
        "ID... --off [OPTION...]",
        "Says that a difference is meant to be: it keeps no route from being "
        "ready, until\nthe time is over.",
        1, CLI_ANY, { options, cli_json_options, cli_api_options }
    };

    memset(&cmd, 0, sizeof(cli_acknowledge_t));
    cmd.lasts = -1;

    if (!cli_args_parse(&spec, argc, argv, &operands, &code)) {
        return code;
    }

    code = cli_acknowledge_run(&cmd, &operands);
    cli_api_close(&cmd.api);
    free(operands.items);

    return code;
}
