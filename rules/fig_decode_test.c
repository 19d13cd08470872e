/*
 * `tests`: requests and where they must go.  fig_tests.c runs them.
 *
 *     {request: GET /api/orders/42, route: orders-read}
 */

#include "fig_address.h"
#include "fig_decode.h"
#include "fig_text.h"


enum {
    FIG_TEST_REQUEST = 0,
    FIG_TEST_HOST,
    FIG_TEST_HEADERS,
    FIG_TEST_COOKIES,
    FIG_TEST_CLIENT,
    FIG_TEST_ROUTE,
    FIG_TEST_BACKEND,
    FIG_TEST_STATUS,
    FIG_TEST_KEYS
};


static const fig_key_t  fig_test_keys[FIG_TEST_KEYS] = {
    { "request", FIG_KEY_KNOWN, NULL },
    { "host", FIG_KEY_KNOWN, NULL },
    { "headers", FIG_KEY_KNOWN, NULL },
    { "cookies", FIG_KEY_KNOWN, NULL },
    { "client", FIG_KEY_KNOWN, NULL },
    { "route", FIG_KEY_KNOWN, NULL },
    { "backend", FIG_KEY_KNOWN, NULL },
    { "status", FIG_KEY_KNOWN, NULL },
};


static void
fig_decode_request(fig_load_t *load, const fig_yaml_t *node, fig_test_t *test)
{
    size_t        method;
    fig_str_t     text;
    fig_fault_t   fault;
    const char   *space;

    if (!fig_load_text(load, node, "request", &text)) {
        return;
    }

    space = memchr(text.data, ' ', text.len);
    method = (space != NULL) ? (size_t) (space - text.data) : 0;

    if (method == 0 || method + 1 == text.len || space[1] != '/') {
        fig_load_error(load, node->pos, "write GET /api/orders?page=2",
                       "\"request\" must be a method and a path");
        return;
    }

    test->target = fig_str(space + 1, text.len - method - 1);

    if (!fig_scalar_method(fig_str(text.data, method), &fault)
        || !fig_scalar_field(test->target, &fault))
    {
        fig_load_key_fault(load, node, "request", &fault);
        return;
    }

    if (memchr(test->target.data, ' ', test->target.len) != NULL) {
        fig_load_error(load, node->pos, "write %20 for a space",
                       "\"request\" has a space in its path");
        return;
    }

    test->method = fig_str(text.data, method);
}


static void
fig_decode_client(fig_load_t *load, const fig_yaml_t *node, fig_addr_t *client)
{
    fig_fault_t  fault;

    if (fig_load_is_text(load, node, "client")
        && !fig_addr_parse(node->text, client, &fault))
    {
        fig_load_key_fault(load, node, "client", &fault);
    }
}


static void
fig_decode_test_host(fig_load_t *load, const fig_yaml_t *node,
    fig_str_t *host)
{
    size_t  i;

    if (!fig_load_host(load, node, "host", true, host)) {
        return;
    }

    /* a port does not take part in matching */

    for (i = host->len; i > 0 && host->data[i - 1] != ']'; i--) {
        if (host->data[i - 1] == ':') {
            host->len = i - 1;
            return;
        }
    }
}


/* A name that must be known; *pos is left at line 0 where it is not. */

static void
fig_decode_expected(fig_load_t *load, const fig_yaml_t *node, const char *key,
    const fig_names_t *names, fig_str_t *name, fig_pos_t *pos)
{
    uint32_t  i;

    if (fig_load_text(load, node, key, name)
        && fig_load_find(load, node, key, names, &i))
    {
        *pos = node->pos;
    }
}


static void
fig_decode_test(fig_load_t *load, const fig_yaml_t *node, fig_test_t *test)
{
    int64_t            status;
    const fig_pair_t  *given[FIG_TEST_KEYS];

    test->pos = node->pos;
    test->status = FIG_UNSET;

    if (!fig_load_keys(load, node, "a test", fig_test_keys, FIG_TEST_KEYS,
                       given))
    {
        return;
    }

    if (given[FIG_TEST_REQUEST] == NULL) {
        fig_load_error(load, node->pos, "add request: GET /api/orders",
                       "a test has no \"request\"");

    } else {
        fig_decode_request(load, given[FIG_TEST_REQUEST]->value, test);
    }

    if (given[FIG_TEST_HOST] != NULL) {
        fig_decode_test_host(load, given[FIG_TEST_HOST]->value, &test->host);
    }

    if (given[FIG_TEST_HEADERS] != NULL) {
        fig_decode_fields(load, given[FIG_TEST_HEADERS]->value, "headers",
                          &test->headers, &test->nheaders);
    }

    if (given[FIG_TEST_COOKIES] != NULL) {
        fig_decode_fields(load, given[FIG_TEST_COOKIES]->value, "cookies",
                          &test->cookies, &test->ncookies);
    }

    if (given[FIG_TEST_CLIENT] != NULL) {
        fig_decode_client(load, given[FIG_TEST_CLIENT]->value, &test->client);
    }

    if (given[FIG_TEST_ROUTE] == NULL && given[FIG_TEST_BACKEND] == NULL
        && given[FIG_TEST_STATUS] == NULL)
    {
        fig_load_error(load, node->pos, "add route, backend or status",
                       "a test expects nothing");
        return;
    }

    if (given[FIG_TEST_ROUTE] != NULL) {
        fig_decode_expected(load, given[FIG_TEST_ROUTE]->value, "route",
                            &load->route_names, &test->route,
                            &test->route_pos);
    }

    if (given[FIG_TEST_BACKEND] != NULL) {
        fig_decode_expected(load, given[FIG_TEST_BACKEND]->value, "backend",
                            &load->backend_names, &test->backend,
                            &test->backend_pos);
    }

    if (given[FIG_TEST_STATUS] != NULL
        && fig_load_int(load, given[FIG_TEST_STATUS]->value, "status", 100,
                        599, &status))
    {
        test->status = (int32_t) status;
        test->status_pos = given[FIG_TEST_STATUS]->value->pos;
    }
}


void
fig_decode_tests(fig_load_t *load, const fig_yaml_t *node)
{
    uint32_t  i;

    if (node->kind == FIG_YAML_LIST && node->n == 0) {
        return;
    }

    if (!fig_load_is_list(load, node, "tests",
                          "write [{request: GET /, backend: legacy}]"))
    {
        return;
    }

    load->model->tests = fig_load_array(load, node->n, sizeof(fig_test_t));
    if (load->model->tests == NULL) {
        return;
    }

    load->model->ntests = node->n;

    for (i = 0; i < node->n; i++) {
        fig_decode_test(load, node->items[i], &load->model->tests[i]);
    }
}
