/*
 * strangler undo: takes a flip back.
 *
 *     undo SEQ      that one
 *     undo          the last one, if it is a flip or a reset
 *
 * Said twice, undo does not undo what it has undone: that takes a number.
 */

#include "flips.h"


/* The last entry that did something; NULL: there is none. */

static const json_t *
cli_undo_last(const json_t *history)
{
    size_t         i;
    const char    *kind;
    const json_t  *entries, *entry;

    entries = json_object_get(history, "entries");

    for (i = json_array_size(entries); i > 0; i--) {
        entry = json_array_get(entries, i - 1);
        kind = cli_json_text(entry, "kind");

        if (strcmp(kind, "flip") == 0 || strcmp(kind, "undo") == 0
            || strcmp(kind, "revert") == 0 || strcmp(kind, "reset") == 0)
        {
            return entry;
        }
    }

    return NULL;
}


/* The body for one node; NULL: no, which was said. */

static json_t *
cli_undo_body(const cli_api_t *api, size_t node, const json_t *first)
{
    char           prefix[CLI_PREFIX];
    json_t        *body;
    const char    *kind;
    const json_t  *last, *entries;
    long long      seq;

    cli_api_prefix(api, node, prefix);
    last = cli_undo_last(api->documents[node]);

    if (last == NULL) {
        cli_error("%snothing was flipped that could be undone", prefix);
        return NULL;
    }

    seq = (long long) cli_json_int(last, "seq");
    kind = cli_json_text(last, "kind");

    if (strcmp(kind, "undo") == 0 || strcmp(kind, "revert") == 0) {
        cli_error("%sthe last change, %lld, took a flip back itself: strangler "
                  "undo %lld brings it again", prefix, seq, seq);
        return NULL;
    }

    if (!json_equal(json_object_get(last, "changes"),
                    json_object_get(cli_undo_last(first), "changes")))
    {
        cli_error("%sits last flip is another than the first node's: use --api "
                  "for one after the other", prefix);
        return NULL;
    }

    /* refused if somebody was quicker */

    entries = json_object_get(api->documents[node], "entries");
    last = json_array_get(entries, json_array_size(entries) - 1);
    body = json_pack("{s:I, s:I}", "undo", (json_int_t) seq, "if_seq",
                     (json_int_t) cli_json_int(last, "seq"));
    cli_flip_given(body);

    return body;
}


static cli_exit_t
cli_undo_the_last(cli_api_t *api)
{
    size_t       i;
    json_t     **bodies;
    int64_t     *after;
    cli_exit_t   code;

    after = cli_alloc(api->nodes.n, sizeof(int64_t));
    bodies = cli_alloc(api->nodes.n, sizeof(json_t *));
    code = cli_api_call(api, "GET", "v1/status", NULL);

    /* confirmations lie between: some hundred entries are enough */

    for (i = 0; i < api->nodes.n && code == CLI_OK; i++) {
        after[i] = cli_json_int(api->documents[i], "seq") - 200;
    }

    if (code == CLI_OK) {
        code = cli_api_list(api, "v1/history", "entries", after);
    }

    for (i = 0; i < api->nodes.n && code == CLI_OK; i++) {
        bodies[i] = cli_undo_body(api, i, api->documents[0]);
        code = (bodies[i] != NULL) ? CLI_OK : CLI_NO;
    }

    if (code == CLI_OK) {
        code = cli_api_call_each(api, "POST", "v1/flips", bodies);
        code = cli_flip_done(api, code);
    }

    for (i = 0; i < api->nodes.n; i++) {
        json_decref(bodies[i]);
    }

    free(bodies);
    free(after);

    return code;
}


cli_exit_t
cli_cmd_undo(int argc, char **argv)
{
    int64_t      seq;
    cli_api_t    api;
    cli_exit_t   code;
    cli_list_t   operands;

    const cli_spec_t  spec = {
        "undo", "[SEQ] [OPTION...]",
        "Takes back what the flip with the number SEQ has changed, or the last "
        "one.  An\nundo is a flip too, and can be undone by its number.",
        0, 1, { cli_flip_options, cli_json_options, cli_api_options }
    };

    if (!cli_args_parse(&spec, argc, argv, &operands, &code)) {
        return code;
    }

    if (operands.n != 0
        && !cli_flip_seq("undo", operands.items[0], &seq, &code))
    {
        free(operands.items);
        return code;
    }

    if (cli_api_open(&api, "undo", &code)) {

        if (operands.n == 0) {
            code = cli_undo_the_last(&api);

        } else if (cli_flip_is_same(&api, seq, &code)) {
            code = cli_flip_send(&api, "POST", "v1/flips",
                                 json_pack("{s:I}", "undo",
                                           (json_int_t) seq));
        }
    }

    cli_api_close(&api);
    free(operands.items);

    return code;
}
