/*
 * The loader: bytes as rules files.
 *
 *     main file  "\n#+file\n"  included file  "\n#+file\n"  ...
 *
 * What is wrong with them is told in text that can be shown.  What is right
 * gets requests that its own conditions suggest.  Nothing is read from the file
 * system: that is fig_files_read()'s, which is not called.
 */

#include "follow.h"
#include "load.h"

#include "fig_files_data.h"


#define FILES     8
#define REQUESTS  24


static const char  mark[] = "\n#+file\n";


/* The text before the next mark. */

static fig_str_t
next_file(fig_str_t *rest)
{
    size_t     i, n;
    fig_str_t  text;

    n = sizeof(mark) - 1;

    for (i = 0; i + n <= rest->len; i++) {
        if (memcmp(rest->data + i, mark, n) == 0) {
            text = fig_str(rest->data, i);
            *rest = fig_str(rest->data + i + n, rest->len - i - n);
            return text;
        }
    }

    text = *rest;
    *rest = fig_str(rest->data + rest->len, 0);

    return text;
}


static fig_files_t *
make_files(fig_str_t rest)
{
    char          name[32];
    size_t        i;
    fig_files_t  *files;

    assert_int_equal(fig_files_from_text(fig_str_from("rules.yaml"),
                                         next_file(&rest), &files), FIG_OK);

    for (i = 1; i < FILES && rest.len != 0; i++) {
        sprintf(name, "routes.d/%zu.yaml", i);
        assert_int_equal(fig_files_add(files, fig_str_from(name),
                                       next_file(&rest)), FIG_OK);
        files->has_includes = true;
    }

    return files;
}


static void
check_diags(fig_diags_t *diags)
{
    size_t      i;
    fig_str_t   text;
    fig_diag_t  diag;

    for (i = 0; i < fig_diags_kept(diags); i++) {
        text = fig_diags_text(diags, i);
        diag = fig_diags_get(diags, i);

        fuzz_check(fuzz_is_shown(text, "\n\t"), "a diagnostic", text);
        fuzz_check(fuzz_is_shown(diag.message, "") && diag.message.len != 0,
                   "a message", diag.message);
        fuzz_check(fuzz_is_shown(diag.hint, ""), "a hint", diag.hint);
    }
}


/* A path that comes near to matching; normalised, as a request's is. */

static fig_str_t
suggest_path(fuzz_heap_t *heap, const fig_path_t *path)
{
    bool         resolved;
    char        *out;
    size_t       i, len;
    fig_str_t    raw;

    static const char  special[] = "^$\\()[]?*+|";

    out = fuzz_room(heap, path->text.len + path->source.len + 1);
    out[0] = '/';
    len = 0;

    if (path->kind != FIG_PATH_REGEX) {
        memcpy(out, path->text.data, path->text.len);
        len = path->text.len;

    } else {
        for (i = 1; i < path->source.len; i++) {
            if (strchr(special, path->source.data[i]) == NULL) {
                out[len++] = path->source.data[i];
            }
        }
    }

    raw = follow_encode(heap, fig_str(out, len != 0 ? len : 1));
    out = fuzz_room(heap, raw.len);

    return (fig_path_normalize(raw, out, &len, &resolved) == FIG_OK)
           ? fig_str(out, len) : fig_str("/", 1);
}


static void
suggest_headers(fig_request_t *request, fig_header_t *headers,
    const fig_set_t *set)
{
    if (set->nheaders != 0) {
        headers[request->nheaders].name = set->headers[0].name;
        headers[request->nheaders].value = set->headers[0].value;
        request->nheaders++;
    }

    if (set->ncookies != 0) {
        headers[request->nheaders].name = fig_str("Cookie", 6);
        headers[request->nheaders].value = set->cookies[0].name;
        request->nheaders++;
    }

    if (set->nquery != 0) {
        request->query = set->query[0].name;
    }

    if (set->nclients != 0) {
        request->client = set->clients[0].net;
    }

    request->headers = headers;
}


static void
follow_set(const fig_ruleset_t *ruleset, fig_scratch_t *scratch,
    const fig_set_t *set)
{
    fig_str_t      location;
    fuzz_heap_t    heap;
    fig_header_t   headers[2];
    fig_request_t  request;

    heap.n = 0;
    memset(&request, 0, sizeof(fig_request_t));

    request.method = (set->nmethods != 0) ? set->methods[0]
                                          : fig_str("GET", 3);
    request.path = (set->npaths != 0) ? suggest_path(&heap, &set->paths[0])
                                      : fig_str("/a", 2);

    if (set->nhosts != 0) {
        request.host = set->hosts[0].text;
    }

    suggest_headers(&request, headers, set);

    location = fig_str("/orders/7", 9);
    follow(ruleset, &request, scratch, location, request.path);

    fuzz_release(&heap);
}


static void
follow_rules(const fig_ruleset_t *ruleset)
{
    size_t              n;
    uint32_t            i, k;
    fig_scratch_t      *scratch;
    const fig_route_t  *route;

    scratch = fig_scratch_create();
    assert_non_null(scratch);

    n = 0;

    for (i = 0; i < ruleset->model.nroutes; i++) {
        route = &ruleset->model.routes[i];

        for (k = 0; k < route->nsets && n < REQUESTS; k++) {
            follow_set(ruleset, scratch, &route->sets[k]);
            n++;
        }
    }

    fig_scratch_destroy(scratch);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    loaded_t  loaded;

    loaded.diags = fig_diags_create();
    assert_non_null(loaded.diags);

    loaded.files = make_files(fig_str((const char *) data, size));
    loaded.status = fig_comparing_load(loaded.files, &loaded.ruleset, NULL,
                                       loaded.diags);

    assert_int_not_equal(loaded.status, FIG_NOMEM);
    assert_int_equal(loaded.status == FIG_OK, loaded.ruleset != NULL);
    assert_int_equal(loaded.status == FIG_OK,
                     fig_diags_count(loaded.diags) == 0);

    check_diags(loaded.diags);

    if (loaded.ruleset != NULL) {
        follow_rules(loaded.ruleset);
    }

    loaded_release(&loaded);

    return 0;
}
