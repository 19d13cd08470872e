/*
 * strangler check: rules files, as nginx would judge them.
 *
 *     stderr   diagnostics
 *     stdout   FILE: ok, N routes, M backends, K tests
 *
 * What depends on the machine that nginx runs on - certificates, names to be
 * resolved - is not looked at.
 */

#include "args.h"
#include "json.h"
#include "rules.h"
#include "term.h"


static cli_exit_t
cli_check_say(const cli_rules_t *rules, cli_exit_t code)
{
    char               *path;
    size_t              n;
    const fig_model_t  *model;

    path = cli_show_text(rules->path);

    if (code == CLI_NO) {
        n = fig_diags_count(rules->diags);
        cli_rules_print_errors(rules, stderr);
        printf("%s: %s%zu error%s%s\n", path, cli_style_on(CLI_BAD), n,
               n == 1 ? "" : "s", cli_style_off(CLI_BAD));

    } else if (code == CLI_OK) {
        model = fig_ruleset_model(rules->ruleset);
        printf("%s: %sok%s, %u route%s, %u backend%s, %u test%s\n", path,
               cli_style_on(CLI_GOOD), cli_style_off(CLI_GOOD),
               model->nroutes, model->nroutes == 1 ? "" : "s",
               model->nbackends, model->nbackends == 1 ? "" : "s",
               model->ntests, model->ntests == 1 ? "" : "s");
    }

    fflush(stdout);
    free(path);

    return code;
}


static json_t *
cli_check_entry(const cli_rules_t *rules, cli_exit_t code)
{
    json_t             *entry;
    const fig_model_t  *model;

    entry = json_object();
    json_object_set_new(entry, "file", cli_json_str(fig_str_from(rules->path)));
    json_object_set_new(entry, "ok", json_boolean(code == CLI_OK));

    if (code == CLI_OK) {
        model = fig_ruleset_model(rules->ruleset);
        json_object_set_new(entry, "routes", json_integer(model->nroutes));
        json_object_set_new(entry, "backends", json_integer(model->nbackends));
        json_object_set_new(entry, "tests", json_integer(model->ntests));
    }

    if (code == CLI_NO) {
        json_object_set_new(entry, "errors",
            json_integer((json_int_t) fig_diags_count(rules->diags)));
        json_object_set_new(entry, "diagnostics", cli_rules_errors(rules));
    }

    return entry;
}


cli_exit_t
cli_cmd_check(int argc, char **argv)
{
    bool          json;
    size_t        i;
    json_t       *files;
    cli_exit_t    code, all;
    cli_list_t    operands;
    cli_rules_t   rules;

    const cli_option_t  options[] = {
        { "json", 0, CLI_FLAG, NULL, "print JSON", &json },
        { NULL, 0, CLI_FLAG, NULL, NULL, NULL }
    };

    const cli_spec_t  spec = {
        "check", "FILE... [OPTION...]",
        "Checks rules files and what they include as nginx does when it loads "
        "them,\nand runs their tests.  `-` is stdin.  Exit status 1 when one "
        "has an error.",
        1, CLI_ANY, { options }
    };

    json = false;

    if (!cli_args_parse(&spec, argc, argv, &operands, &all)) {
        return all;
    }

    all = CLI_OK;
    files = json_array();

    for (i = 0; i < operands.n; i++) {
        code = cli_rules_load(operands.items[i], &rules);
        all = cli_worse(all, code);

        if (json) {
            json_array_append_new(files, cli_check_entry(&rules, code));
        } else {
            cli_check_say(&rules, code);
        }

        cli_rules_release(&rules);
    }

    if (json) {
        cli_json_print(json_pack("{s:b, s:O}", "ok", all == CLI_OK, "files",
                                 files));
    }

    json_decref(files);
    free(operands.items);

    return all;
}
