/*
 * libcurl's multi interface: a handle for each node, used again and again.
 *
 * Redirects are not followed: a flip goes where it was sent, or nowhere.
 */

#include "easy.h"
#include "fig_text.h"


#define CLI_ANSWER_MAX  (64 * 1024 * 1024)
#define CLI_ERROR_MAX   1000           /* bytes of an error that are shown */


/* What is under way with one node. */

typedef struct {
    CURL               *easy;
    struct curl_slist  *headers;
    cli_call_t         *call;
    char               *data;
    size_t              len;
    size_t              size;
    char                why[CURL_ERROR_SIZE];
} cli_transfer_t;


struct cli_http_s {
    const cli_nodes_t         *nodes;
    const cli_http_options_t  *options;
    CURLM                     *multi;
    cli_transfer_t            *transfers;      /* by node */
};


static size_t
cli_http_receive(char *data, size_t one, size_t n, void *userdata)
{
    cli_transfer_t  *transfer;

    (void) one;
    transfer = userdata;

    if (n > CLI_ANSWER_MAX - transfer->len) {
        return 0;
    }

    if (transfer->len + n > transfer->size) {
        transfer->size = 2 * (transfer->len + n);
        transfer->data = realloc(transfer->data, transfer->size);

        if (transfer->data == NULL) {
            return 0;
        }
    }

    memcpy(transfer->data + transfer->len, data, n);
    transfer->len += n;

    return n;
}


cli_http_t *
cli_http_create(const cli_nodes_t *nodes, const cli_http_options_t *options)
{
    cli_http_t  *http;

    if (curl_global_init(CURL_GLOBAL_ALL) != 0) {
        exit(cli_error("cannot start libcurl"));
    }

    http = cli_alloc(1, sizeof(cli_http_t));
    http->nodes = nodes;
    http->options = options;
    http->multi = curl_multi_init();
    http->transfers = cli_alloc(nodes->n, sizeof(cli_transfer_t));

    return http;
}


void
cli_http_destroy(cli_http_t *http)
{
    size_t  i;

    for (i = 0; i < http->nodes->n; i++) {
        curl_easy_cleanup(http->transfers[i].easy);
        free(http->transfers[i].data);
    }

    curl_multi_cleanup(http->multi);
    free(http->transfers);
    free(http);
    curl_global_cleanup();
}


void
cli_easy_set(CURL *easy, const cli_http_options_t *options,
    const cli_node_t *node, struct curl_slist **connect)
{
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_NETRC, (long) CURL_NETRC_OPTIONAL);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "strangler/" CLI_VERSION);
    curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");

    if (options->unix_socket != NULL) {
        curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, options->unix_socket);
    }

    if (options->user != NULL) {
        curl_easy_setopt(easy, CURLOPT_USERPWD, options->user);
    }

    if (options->cacert != NULL) {
        curl_easy_setopt(easy, CURLOPT_CAINFO, options->cacert);
    }

    if (options->cert != NULL) {
        curl_easy_setopt(easy, CURLOPT_SSLCERT, options->cert);
    }

    if (options->key != NULL) {
        curl_easy_setopt(easy, CURLOPT_SSLKEY, options->key);
    }

    if (node->connect_to != NULL) {
        *connect = curl_slist_append(NULL, node->connect_to);
        curl_easy_setopt(easy, CURLOPT_CONNECT_TO, *connect);
    }
}


static void
cli_http_start(cli_http_t *http, cli_call_t *call)
{
    char            *url;
    cli_transfer_t  *transfer;

    transfer = &http->transfers[call->node - http->nodes->items];

    if (transfer->easy == NULL) {
        transfer->easy = curl_easy_init();
    }

    /* the connection stays, whatever was set goes */

    curl_easy_reset(transfer->easy);
    transfer->call = call;
    transfer->len = 0;
    transfer->why[0] = '\0';

    url = cli_format("%s%s", call->node->base, call->path);
    curl_easy_setopt(transfer->easy, CURLOPT_URL, url);
    free(url);
    curl_easy_setopt(transfer->easy, CURLOPT_PRIVATE, (char *) transfer);
    curl_easy_setopt(transfer->easy, CURLOPT_WRITEFUNCTION, cli_http_receive);
    curl_easy_setopt(transfer->easy, CURLOPT_WRITEDATA, transfer);
    curl_easy_setopt(transfer->easy, CURLOPT_ERRORBUFFER, transfer->why);
    curl_easy_setopt(transfer->easy, CURLOPT_CUSTOMREQUEST, call->method);

    transfer->headers = curl_slist_append(NULL, "Accept: application/json");

    if (call->body != NULL) {
        curl_easy_setopt(transfer->easy, CURLOPT_POSTFIELDS, call->body);
    }

    /* a write has it even without a body: no page of a browser can send it */

    if (strcmp(call->method, "GET") != 0) {
        transfer->headers = curl_slist_append(transfer->headers,
                                        "Content-Type: application/json");
    }

    curl_easy_setopt(transfer->easy, CURLOPT_HTTPHEADER, transfer->headers);
    curl_multi_add_handle(http->multi, transfer->easy);
}


/* What a problem document says, on one line; NULL: it is none. */

static char *
cli_http_problem(const json_t *document)
{
    char        *text, *longer;
    size_t       i;
    json_t      *errors, *error;
    const char  *detail, *item;

    detail = cli_json_text(document, "detail");

    if (detail[0] == '\0') {
        detail = cli_json_text(document, "title");
    }

    if (detail[0] == '\0') {
        return NULL;
    }

    text = cli_format("%s", detail);
    errors = json_object_get(document, "errors");

    json_array_foreach(errors, i, error) {
        item = json_is_string(error) ? json_string_value(error)
               : json_object_get(error, "detail") != NULL
               ? cli_json_text(error, "detail")
               : cli_json_text(error, "message");

        longer = cli_format("%s; %s", text, item);
        free(text);
        text = longer;
    }

    return text;
}


static bool
cli_http_is_problem(CURL *easy)
{
    char  *type;

    static const char  problem[] = "application/problem+json";

    type = NULL;
    curl_easy_getinfo(easy, CURLINFO_CONTENT_TYPE, &type);

    return type != NULL
           && strncasecmp(type, problem, sizeof(problem) - 1) == 0;
}


/* An error as it is shown: whatever came, on one line. */

static char *
cli_http_shown(char *text)
{
    char  shown[CLI_ERROR_MAX];

    fig_text_show(fig_str_from(text), shown, sizeof(shown));
    free(text);

    return cli_format("%s", shown);
}


static void
cli_http_answer(cli_transfer_t *transfer)
{
    char          *problem;
    json_t        *document;
    cli_call_t    *call;
    json_error_t   wrong;

    call = transfer->call;
    curl_easy_getinfo(transfer->easy, CURLINFO_RESPONSE_CODE, &call->status);

    document = json_loadb(transfer->data != NULL ? transfer->data : "",
                          transfer->len, JSON_REJECT_DUPLICATES, &wrong);

    if (call->status == 204) {
        document = json_object();
    }

    if (call->status / 100 == 2) {
        call->document = document;

        if (document == NULL) {
            call->error = cli_http_shown(cli_format("the answer is no JSON: "
                              "is this the base of an admin API? %s%s",
                              call->node->base, call->path));
        }

        return;
    }

    problem = cli_http_is_problem(transfer->easy) ? cli_http_problem(document)
                                                  : NULL;
    call->refused = (problem != NULL);

    if (problem != NULL) {
        call->error = cli_http_shown(cli_format("%s (%ld)", problem,
                                                call->status));
    } else if (call->status == 401) {
        call->error = cli_format("who is there? --user NAME:PASSWORD (401)");
    } else {
        call->error = cli_http_shown(cli_format("answered with %ld: is this "
                          "the base of an admin API? %s%s", call->status,
                          call->node->base, call->path));
    }

    free(problem);
    json_decref(document);
}


static void
cli_http_end(cli_http_t *http, const CURLMsg *message)
{
    CURLcode         code;
    cli_transfer_t  *transfer;

    code = message->data.result;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE,
                      (char **) &transfer);

    if (code == CURLE_OK) {
        cli_http_answer(transfer);
    } else {
        transfer->call->error = cli_http_shown(cli_format("%s",
            transfer->why[0] != '\0' ? transfer->why
                                     : curl_easy_strerror(code)));
    }

    curl_multi_remove_handle(http->multi, transfer->easy);
    curl_slist_free_all(transfer->headers);
}


void
cli_http_run(cli_http_t *http, cli_call_t *calls, size_t n)
{
    int                  running, left;
    size_t               i;
    CURLMsg             *message;
    cli_transfer_t      *transfer;
    struct curl_slist  **connect;

    connect = cli_alloc(n, sizeof(struct curl_slist *));

    for (i = 0; i < n; i++) {
        cli_http_start(http, &calls[i]);
        transfer = &http->transfers[calls[i].node - http->nodes->items];
        cli_easy_set(transfer->easy, http->options, calls[i].node,
                     &connect[i]);
        curl_easy_setopt(transfer->easy, CURLOPT_TIMEOUT_MS,
                         (long) http->options->timeout);
    }

    do {
        if (curl_multi_perform(http->multi, &running) != CURLM_OK
            || (running != 0
                && curl_multi_poll(http->multi, NULL, 0, 1000, NULL)
                   != CURLM_OK))
        {
            exit(cli_error("libcurl failed"));
        }

        while ((message = curl_multi_info_read(http->multi, &left)) != NULL) {
            if (message->msg == CURLMSG_DONE) {
                cli_http_end(http, message);
            }
        }
    } while (running != 0);

    for (i = 0; i < n; i++) {
        curl_slist_free_all(connect[i]);
    }

    free(connect);
}


void
cli_call_release(cli_call_t *call)
{
    json_decref(call->document);
    free(call->path);
    free(call->error);
}


char *
cli_http_escape(const char *text)
{
    char  *escaped, *copy;

    escaped = curl_easy_escape(NULL, text, 0);
    copy = cli_format("%s", escaped != NULL ? escaped : "");
    curl_free(escaped);

    return copy;
}
