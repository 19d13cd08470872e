/*
 * Rewriting, redirecting and the way back: rules with paths from outside, and
 * a request for them.
 *
 *     match LF regex LF new path LF request's path LF location LF query
 *
 *     without a match all paths are matched, without a regex the new path is
 *     `path`, and with one that is ">" the route is a redirect
 */

#include "follow.h"
#include "load.h"


static fig_scratch_t  *scratch;


/* text in double quotes, as YAML has it. */

static char *
quote(char *out, fig_str_t text)
{
    size_t         i;
    unsigned char  c;

    *out++ = '"';

    for (i = 0; i < text.len; i++) {
        c = (unsigned char) text.data[i];

        if (c < 0x20 || c == 0x7f || c == '"' || c == '\\') {
            out += sprintf(out, "\\x%02X", c);
        } else {
            *out++ = (char) c;
        }
    }

    *out++ = '"';

    return out;
}


static char *
add(char *out, const char *text)
{
    return out + sprintf(out, "%s", text);
}


static fig_str_t
make_rules(fuzz_heap_t *heap, fig_str_t match, fig_str_t regex, fig_str_t path)
{
    char  *out, *p;

    static const char  head[] =
        "version: 1\n"
        "backends:\n"
        "  old: {servers: [http://old.test]}\n"
        "  new: {servers: [http://new.test]}\n"
        "default: old\n"
        "routes:\n"
        "  - name: r\n"
        "    match: {methods: [GET]";

    out = fuzz_room(heap, sizeof(head) + 4 * (match.len + regex.len + path.len)
                          + 200);
    p = add(out, head);

    if (match.len != 0) {
        p = quote(add(p, ", path: "), match);
    }

    p = add(p, "}\n");

    if (fig_str_eq(regex, fig_str(">", 1))) {
        p = quote(add(p, "    redirect: {path: "), path);

    } else if (regex.len == 0) {
        p = quote(add(p, "    to: new\n    stage: live\n    rewrite: {path: "),
                  path);

    } else {
        p = quote(add(p, "    to: new\n    stage: live\n    rewrite: {regex: "),
                  regex);
        p = quote(add(p, ", with: "), path);
    }

    p = add(p, "}\n");

    return fig_str(out, (size_t) (p - out));
}


static void
follow_path(fuzz_heap_t *heap, const fig_ruleset_t *ruleset, fig_str_t rest)
{
    bool           resolved;
    char          *out;
    size_t         len;
    fig_str_t      raw, location;
    fig_request_t  request;

    memset(&request, 0, sizeof(fig_request_t));
    request.method = fig_str("GET", 3);

    raw = fuzz_cut(&rest, '\n');
    location = fuzz_cut(&rest, '\n');
    request.query = fuzz_copy(heap, rest);

    out = fuzz_room(heap, raw.len);

    if (fig_path_normalize(raw, out, &len, &resolved) == FIG_OK) {
        request.path = fuzz_copy(heap, fig_str(out, len));
        follow(ruleset, &request, scratch, location, raw);
    }
}


int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void) argc;
    (void) argv;

    scratch = fig_scratch_create();
    assert_non_null(scratch);

    return 0;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    loaded_t     loaded;
    fig_str_t    rest, match, regex, path, text;
    fuzz_heap_t  heap;

    heap.n = 0;
    rest = fig_str((const char *) data, size);

    match = fuzz_cut(&rest, '\n');
    regex = fuzz_cut(&rest, '\n');
    path = fuzz_cut(&rest, '\n');

    text = make_rules(&heap, match, regex, path);
    load_bytes(&loaded, text.data, text.len);

    if (loaded.ruleset != NULL) {
        follow_path(&heap, loaded.ruleset, rest);
    }

    loaded_release(&loaded);
    fuzz_release(&heap);

    return 0;
}
