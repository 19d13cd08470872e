/*
 * Requests: what clients send, against rules that look at all of it.
 *
 *     method LF host LF path LF query LF client LF location LF
 *     name: value LF ...
 */

#include "follow.h"
#include "load.h"

#include "fig_address.h"


#define HEADERS  16


static const char  rules[] =
    "version: 1\n"
    "backends:\n"
    "  old: {servers: [http://old.test]}\n"
    "  new: {servers: [http://new.test]}\n"
    "  own: {servers: [http://own.test]}\n"
    "default: old\n"
    "groups:\n"
    "  g: {stage: ramp, percent: 50,\n"
    "      by: [cookie:u, header:x-u, query:u, assign]}\n"
    "routes:\n"
    "  - name: template\n"
    "    match: {path: '/o/{id}/l/{n}', host: [a.test, '*.b.test']}\n"
    "    to: {new: 3, own: 1}\n"
    "    group: g\n"
    "    data: old\n"
    "    rewrite: {path: '/l/{n}/{id}'}\n"
    "  - name: prefix\n"
    "    match: {path: /p/*, query: {q: '~^1+2$', r: '*', s: '!'}}\n"
    "    to: new\n"
    "    stage: live\n"
    "    force: {old: [{cookies: {c: '~*x'}}, {clients: [10.0.0.0/8]}]}\n"
    "    rewrite: {path: /*}\n"
    "  - name: header\n"
    "    match: {path: /p/*, headers: {x-h: '~^a, b$', accept: '*'}}\n"
    "    to: new\n"
    "    stage: ramp\n"
    "    percent: 10\n"
    "    by: client\n"
    "    data: new\n"
    "    rewrite: {regex: '^/p/([^/]*)/?(.*)$', with: /$2/x$1}\n"
    "  - name: cookie\n"
    "    match: {path: /*, cookies: {c: '1', d: '~.'},\n"
    "            clients: ['2001:db8::/33']}\n"
    "    redirect: {path: /c/*, scheme: https}\n"
    "  - name: raw\n"
    "    match: {path: ['~*\\.php$', /raw/*]}\n"
    "    redirect: {port: 81}\n"
    "  - name: gone\n"
    "    match: {host: gone.test, methods: [GET, PUT, PURGE]}\n"
    "    respond: {status: 410}\n";


static loaded_t        loaded;
static fig_scratch_t  *scratch;


/* What nginx lets through as a host, in the form that the rules get. */

static bool
is_host(fig_str_t host)
{
    size_t  i;

    for (i = 0; i < host.len; i++) {
        if ((unsigned char) host.data[i] <= 0x20 || host.data[i] == 0x7f
            || host.data[i] == '/'
            || (host.data[i] >= 'A' && host.data[i] <= 'Z'))
        {
            return false;
        }
    }

    return true;
}


static void
read_headers(fuzz_heap_t *heap, fig_request_t *request, fig_header_t *headers,
    fig_str_t rest)
{
    fig_str_t  line, name;

    request->headers = headers;

    while (rest.len != 0 && request->nheaders < HEADERS) {
        line = fuzz_cut(&rest, '\n');
        name = fuzz_cut(&line, ':');

        if (line.len != 0 && line.data[0] == ' ') {
            line = fig_str(line.data + 1, line.len - 1);
        }

        headers[request->nheaders].name = fuzz_copy(heap, name);
        headers[request->nheaders].value = fuzz_copy(heap, line);
        request->nheaders++;
    }
}


int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void) argc;
    (void) argv;

    load_text(&loaded, rules);
    assert_loads(&loaded);

    scratch = fig_scratch_create();
    assert_non_null(scratch);

    return 0;
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bool           resolved;
    char          *out;
    size_t         len;
    fig_str_t      rest, raw, location;
    fig_fault_t    fault;
    fuzz_heap_t    heap;
    fig_header_t   headers[HEADERS];
    fig_request_t  request;

    heap.n = 0;
    memset(&request, 0, sizeof(fig_request_t));
    rest = fig_str((const char *) data, size);

    request.method = fuzz_copy(&heap, fuzz_cut(&rest, '\n'));
    request.host = fuzz_copy(&heap, fuzz_cut(&rest, '\n'));
    raw = fuzz_copy(&heap, fuzz_cut(&rest, '\n'));
    request.query = fuzz_copy(&heap, fuzz_cut(&rest, '\n'));
    (void) fig_addr_parse(fuzz_cut(&rest, '\n'), &request.client, &fault);
    location = fuzz_copy(&heap, fuzz_cut(&rest, '\n'));
    read_headers(&heap, &request, headers, rest);
    request.random = size;

    out = fuzz_room(&heap, raw.len);

    if (is_host(request.host)
        && fig_path_normalize(raw, out, &len, &resolved) == FIG_OK)
    {
        request.path = fig_str(out, len);
        follow(loaded.ruleset, &request, scratch, location, raw);
    }

    fuzz_release(&heap);

    return 0;
}
