/*
 * Event streams (HTML Living Standard, 9.2), with libcurl behind them.
 *
 * A stream has no end that could be waited for; one that is idle has a comment
 * now and then, so that silence means that nobody is there any more.
 */

#include "easy.h"
#include "number.h"
#include "stream.h"


#define CLI_STREAM_STEP   200          /* ms, to look whether to stop */
#define CLI_STREAM_AGAIN  1.0          /* s, to the next attempt */
#define CLI_STREAM_IDLE   60L          /* s */
#define CLI_STREAM_LINE   (1024 * 1024)


typedef struct {
    const cli_listener_t  *listener;
    size_t                 node;
    CURL                  *easy;       /* NULL: not under way */
    struct curl_slist     *headers;
    struct curl_slist     *connect;
    double                 again;      /* s: not before */
    bool                   opened;
    char                   why[CURL_ERROR_SIZE];
    char                   name[64];   /* of the event that comes */
    char                  *text;       /* its data; owned */
    char                  *line;
    size_t                 len;
    size_t                 size;
} cli_stream_t;


/* The end of a line, its NUL included, is in the buffer. */

static void
cli_stream_line(cli_stream_t *stream)
{
    char        *longer;
    const char  *value;

    if (stream->line[0] == '\0') {
        if (stream->text != NULL) {
            stream->listener->event(stream->listener->data, stream->node,
                                    stream->name, stream->text);
        }

        free(stream->text);
        stream->text = NULL;
        stream->name[0] = '\0';
        return;
    }

    value = strchr(stream->line, ':');

    if (value == NULL || value == stream->line) {
        return;
    }

    value += (value[1] == ' ') ? 2 : 1;

    if (strncmp(stream->line, "event:", 6) == 0) {
        snprintf(stream->name, sizeof(stream->name), "%s", value);

    } else if (strncmp(stream->line, "data:", 5) == 0) {
        longer = cli_format("%s%s%s", stream->text != NULL ? stream->text : "",
                            stream->text != NULL ? "\n" : "", value);
        free(stream->text);
        stream->text = longer;
    }
}


static void
cli_stream_byte(cli_stream_t *stream, char c)
{
    if (c == '\n') {
        if (stream->len != 0 && stream->line[stream->len - 1] == '\r') {
            stream->len--;
        }

        c = '\0';
    }

    if (stream->len == stream->size) {
        stream->line = cli_grow(stream->line, stream->len, 1);
        stream->size = stream->len + 1;
    }

    stream->line[stream->len++] = c;

    if (c == '\0') {
        cli_stream_line(stream);
        stream->len = 0;
    }
}


static size_t
cli_stream_receive(char *data, size_t one, size_t n, void *userdata)
{
    long           status;
    size_t         i;
    cli_stream_t  *stream;

    (void) one;
    stream = userdata;
    curl_easy_getinfo(stream->easy, CURLINFO_RESPONSE_CODE, &status);

    if (status != 200) {
        return n;
    }

    if (!stream->opened) {
        stream->opened = true;
        stream->listener->opened(stream->listener->data, stream->node);
    }

    for (i = 0; i < n; i++) {
        if (stream->len >= CLI_STREAM_LINE) {
            return 0;
        }

        cli_stream_byte(stream, data[i]);
    }

    return n;
}


static void
cli_stream_start(cli_stream_t *stream, CURLM *multi,
    const cli_http_options_t *options, const cli_node_t *node,
    const char *path)
{
    char  *url;

    stream->easy = curl_easy_init();
    stream->opened = false;
    stream->len = 0;
    stream->name[0] = '\0';
    stream->why[0] = '\0';
    free(stream->text);
    stream->text = NULL;

    url = cli_format("%s%s", node->base, path);
    curl_easy_setopt(stream->easy, CURLOPT_URL, url);
    free(url);
    stream->headers = curl_slist_append(NULL, "Accept: text/event-stream");
    curl_easy_setopt(stream->easy, CURLOPT_HTTPHEADER, stream->headers);
    curl_easy_setopt(stream->easy, CURLOPT_PRIVATE, (char *) stream);
    curl_easy_setopt(stream->easy, CURLOPT_WRITEFUNCTION, cli_stream_receive);
    curl_easy_setopt(stream->easy, CURLOPT_WRITEDATA, stream);
    curl_easy_setopt(stream->easy, CURLOPT_ERRORBUFFER, stream->why);
    curl_easy_setopt(stream->easy, CURLOPT_CONNECTTIMEOUT_MS,
                     (long) options->timeout);
    curl_easy_setopt(stream->easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
    curl_easy_setopt(stream->easy, CURLOPT_LOW_SPEED_TIME, CLI_STREAM_IDLE);
    cli_easy_set(stream->easy, options, node, &stream->connect);
    curl_multi_add_handle(multi, stream->easy);
}


static void
cli_stream_end(cli_stream_t *stream, CURLM *multi)
{
    if (stream->easy != NULL) {
        curl_multi_remove_handle(multi, stream->easy);
        curl_easy_cleanup(stream->easy);
        curl_slist_free_all(stream->headers);
        curl_slist_free_all(stream->connect);
        stream->easy = NULL;
        stream->headers = NULL;
        stream->connect = NULL;
    }
}


static void
cli_stream_ended(const CURLMsg *message, CURLM *multi)
{
    long           status;
    char          *why;
    CURLcode       code;
    cli_stream_t  *stream;

    code = message->data.result;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE,
                      (char **) &stream);
    curl_easy_getinfo(message->easy_handle, CURLINFO_RESPONSE_CODE, &status);

    /* one that was open ends when a worker does */

    if (!stream->opened) {
        why = (code == CURLE_OK && status != 200)
              ? cli_format("the events are answered with %ld", status)
              : cli_format("%s", stream->why[0] != '\0' ? stream->why
                                 : curl_easy_strerror(code));
        stream->listener->failed(stream->listener->data, stream->node, why);
        free(why);
    }

    cli_stream_end(stream, multi);
    stream->again = cli_now() + CLI_STREAM_AGAIN;
}


void
cli_stream_listen(const cli_nodes_t *nodes, const cli_http_options_t *options,
    const char *path, const cli_listener_t *listener,
    const volatile sig_atomic_t *stop)
{
    int            running, left;
    CURLM         *multi;
    size_t         i;
    CURLMsg       *message;
    cli_stream_t  *streams;

    multi = curl_multi_init();
    streams = cli_alloc(nodes->n, sizeof(cli_stream_t));

    while (!*stop && !ferror(stdout)) {

        for (i = 0; i < nodes->n; i++) {
            if (streams[i].easy == NULL && cli_now() >= streams[i].again) {
                streams[i].listener = listener;
                streams[i].node = i;
                cli_stream_start(&streams[i], multi, options,
                                 &nodes->items[i], path);
            }
        }

        if (curl_multi_perform(multi, &running) != CURLM_OK
            || curl_multi_poll(multi, NULL, 0, CLI_STREAM_STEP, NULL)
               != CURLM_OK)
        {
            exit(cli_error("libcurl failed"));
        }

        while ((message = curl_multi_info_read(multi, &left)) != NULL) {
            if (message->msg == CURLMSG_DONE) {
                cli_stream_ended(message, multi);
            }
        }
    }

    for (i = 0; i < nodes->n; i++) {
        cli_stream_end(&streams[i], multi);
        free(streams[i].text);
        free(streams[i].line);
    }

    curl_multi_cleanup(multi);
    free(streams);
}
