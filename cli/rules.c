/*
 * Loading rules with the library that nginx loads them with.
 *
 * A file that cannot be opened is a failure of the call, not of the rules.
 */

#include <errno.h>
#include <unistd.h>

#include "fig_comparing.h"
#include "fig_text.h"
#include "json.h"
#include "rules.h"


static bool
cli_rules_stdin(fig_str_t *text)
{
    char    *data;
    size_t   n, size;

    data = NULL;
    text->len = 0;
    size = 0;

    do {
        if (text->len == size) {
            size = (size != 0) ? 2 * size : 65536;
            data = realloc(data, size);

            if (data == NULL) {
                return false;
            }
        }

        n = fread(data + text->len, 1, size - text->len, stdin);
        text->len += n;
    } while (n != 0 && text->len <= FIG_FILES_MAX_SIZE);

    text->data = data;

    return !ferror(stdin);
}


/* Reads into rules->files; FIG_INVALID: there are diagnostics. */

static fig_status_t
cli_rules_read(cli_rules_t *rules)
{
    fig_str_t     text;
    fig_status_t  status;

    if (strcmp(rules->path, "-") != 0) {
        return fig_files_read(rules->path, &rules->files, rules->diags);
    }

    status = FIG_NOMEM;

    if (cli_rules_stdin(&text)) {
        status = fig_files_from_text(fig_str("stdin", 5), text,
                                     &rules->files);
    }

    free((char *) text.data);

    return status;
}


cli_exit_t
cli_rules_load(const char *path, cli_rules_t *rules)
{
    char          quoted[FIG_QUOTED];
    fig_status_t  status;

    memset(rules, 0, sizeof(cli_rules_t));
    rules->path = path;

    if (strcmp(path, "-") != 0 && access(path, R_OK) != 0) {
        return cli_error("cannot read %s: %s",
                         fig_text_quote(fig_str_from(path), quoted),
                         strerror(errno));
    }

    rules->diags = fig_diags_create();
    status = (rules->diags != NULL) ? cli_rules_read(rules) : FIG_NOMEM;

    if (status == FIG_OK) {
        status = fig_comparing_load(rules->files, &rules->ruleset, NULL,
                                    rules->diags);
    }

    if (status == FIG_NOMEM) {
        return cli_error("out of memory");
    }

    return (status == FIG_OK) ? CLI_OK : CLI_NO;
}


void
cli_rules_release(cli_rules_t *rules)
{
    fig_ruleset_destroy(rules->ruleset);
    fig_files_destroy(rules->files);
    fig_diags_destroy(rules->diags);
}


void
cli_rules_print_errors(const cli_rules_t *rules, FILE *out)
{
    size_t     i, kept;
    fig_str_t  text;

    kept = fig_diags_kept(rules->diags);

    for (i = 0; i < kept; i++) {
        text = fig_diags_text(rules->diags, i);
        fprintf(out, "%.*s\n", (int) text.len, text.data);
    }

    if (fig_diags_count(rules->diags) > kept) {
        fprintf(out, "%zu errors in all\n", fig_diags_count(rules->diags));
    }
}


json_t *
cli_rules_errors(const cli_rules_t *rules)
{
    size_t      i;
    json_t     *list, *entry;
    fig_diag_t  diag;

    list = json_array();

    for (i = 0; i < fig_diags_kept(rules->diags); i++) {
        diag = fig_diags_get(rules->diags, i);
        entry = json_object();

        json_object_set_new(entry, "file", cli_json_str(diag.file));
        json_object_set_new(entry, "line", json_integer(diag.line));
        json_object_set_new(entry, "col", json_integer(diag.col));
        json_object_set_new(entry, "message", cli_json_str(diag.message));
        json_object_set_new(entry, "hint", diag.hint.len != 0
                                           ? cli_json_str(diag.hint)
                                           : json_null());
        json_array_append_new(list, entry);
    }

    return list;
}


cli_exit_t
cli_rules_need(const char *path, cli_rules_t *rules)
{
    cli_exit_t  code;

    code = cli_rules_load(path, rules);

    if (code == CLI_NO) {
        cli_rules_print_errors(rules, stderr);
    }

    return code;
}
