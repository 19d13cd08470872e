/*
 * Reading of saved answers: line by line up to the empty one, then the rest.
 * Names and values point into the text, of which nothing is copied; what is
 * wrong with it is told by its line.
 */

#include <errno.h>

#include "fig_text.h"
#include "response.h"


#define CLI_FILE_MAX  ((size_t) 256 * 1024 * 1024)


/* A text that is being read. */

typedef struct {
    const char  *path;
    const char  *p;
    const char  *end;
    unsigned     line;
} cli_reader_t;


static bool
cli_file_read_all(FILE *file, fig_str_t *text)
{
    char    *data;
    size_t   n, size;

    data = NULL;
    size = 0;
    text->len = 0;

    do {
        if (text->len + 1 >= size) {
            size = (size != 0) ? 2 * size : 65536;
            data = realloc(data, size);

            if (data == NULL) {
                cli_error("out of memory");
                exit(CLI_FAILED);
            }
        }

        n = fread(data + text->len, 1, size - text->len - 1, file);
        text->len += n;
    } while (n != 0 && text->len <= CLI_FILE_MAX);

    data[text->len] = '\0';
    text->data = data;

    return !ferror(file) && text->len <= CLI_FILE_MAX;
}


bool
cli_file_read(const char *path, fig_str_t *text)
{
    bool   well;
    char   quoted[FIG_QUOTED];
    FILE  *file;

    text->data = NULL;
    errno = 0;
    file = (strcmp(path, "-") == 0) ? stdin : fopen(path, "rb");
    well = file != NULL && cli_file_read_all(file, text);

    if (!well) {
        cli_error("cannot read %s: %s",
                  fig_text_quote(fig_str_from(path), quoted),
                  errno != 0 ? strerror(errno) : "it is too large");
    }

    if (file != NULL && file != stdin) {
        fclose(file);
    }

    return well;
}


/* The next line without its end; false: there is none. */

static bool
cli_reader_line(cli_reader_t *reader, fig_str_t *line)
{
    const char  *end;

    if (reader->p == reader->end) {
        return false;
    }

    end = memchr(reader->p, '\n', (size_t) (reader->end - reader->p));
    end = (end != NULL) ? end : reader->end;

    *line = fig_str(reader->p, (size_t) (end - reader->p));
    reader->p = (end != reader->end) ? end + 1 : end;
    reader->line++;

    if (line->len > 0 && line->data[line->len - 1] == '\r') {
        line->len--;
    }

    return true;
}


static bool
cli_reader_fail(const cli_reader_t *reader, const char *what)
{
    char  quoted[FIG_QUOTED];

    cli_error("%s is no HTTP answer: %s in line %u",
              fig_text_quote(fig_str_from(reader->path), quoted), what,
              reader->line);

    return false;
}


/* HTTP/1.1 200 OK, HTTP/2 200 */

static bool
cli_response_status(cli_reader_t *reader, unsigned *status)
{
    size_t     i;
    fig_str_t  line;

    if (!cli_reader_line(reader, &line)) {
        reader->line++;
        return cli_reader_fail(reader, "there is no status line");
    }

    i = (line.len > 5 && memcmp(line.data, "HTTP/", 5) == 0)
        ? strspn(line.data + 5, "0123456789.") + 5 : 0;

    if (i <= 5 || i + 4 > line.len || line.data[i] != ' '
        || strspn(line.data + i + 1, "0123456789") != 3
        || line.data[i + 1] == '0'
        || (i + 4 < line.len && line.data[i + 4] != ' '))
    {
        return cli_reader_fail(reader, "there is no status line");
    }

    *status = (unsigned) strtoul(line.data + i + 1, NULL, 10);

    return true;
}


static fig_str_t
cli_response_trim(fig_str_t text)
{
    while (text.len > 0 && (text.data[0] == ' ' || text.data[0] == '\t')) {
        text.data++;
        text.len--;
    }

    while (text.len > 0 && (text.data[text.len - 1] == ' '
                            || text.data[text.len - 1] == '\t'))
    {
        text.len--;
    }

    return text;
}


/*
 * What goes on in the next line (RFC 9112 5.2) is one value: the bytes between
 * become blanks, in place.
 */

static void
cli_response_fold(cli_response_t *response, fig_str_t line)
{
    char                *p;
    fig_answer_field_t  *field;

    field = &response->fields[response->answer.nfields - 1];
    p = (char *) field->value.data + field->value.len;
    memset(p, ' ', (size_t) (line.data - p));
    field->value.len = (size_t) (line.data + line.len - field->value.data);
    field->value = cli_response_trim(field->value);
}


static bool
cli_response_field(cli_reader_t *reader, cli_response_t *response,
    fig_str_t line)
{
    size_t               n;
    const char          *colon;
    fig_answer_field_t  *field;

    n = response->answer.nfields;

    if (n > 0 && (line.data[0] == ' ' || line.data[0] == '\t')) {
        cli_response_fold(response, line);
        return true;
    }

    colon = memchr(line.data, ':', line.len);

    if (colon == NULL || colon == line.data) {
        return cli_reader_fail(reader, "there is no header");
    }

    response->fields = cli_grow(response->fields, n,
                                sizeof(fig_answer_field_t));
    field = &response->fields[n];
    field->name = cli_response_trim(fig_str(line.data,
                                            (size_t) (colon - line.data)));
    field->value = cli_response_trim(fig_str(colon + 1,
        (size_t) (line.data + line.len - colon) - 1));
    response->answer.nfields++;

    return true;
}


/* Status and fields of one block; what comes behind is not looked at. */

static bool
cli_response_block(cli_reader_t *reader, cli_response_t *response)
{
    fig_str_t  line;

    response->answer.nfields = 0;

    if (!cli_response_status(reader, &response->answer.status)) {
        return false;
    }

    while (cli_reader_line(reader, &line) && line.len != 0) {
        if (!cli_response_field(reader, response, line)) {
            return false;
        }
    }

    return true;
}


static bool
cli_response_is_short(const fig_answer_t *answer)
{
    size_t              i;
    char               *end;
    fig_str_t           value;
    unsigned long long  length;

    if (answer->status == 204 || answer->status == 304) {
        return false;
    }

    for (i = 0; i < answer->nfields; i++) {
        value = answer->fields[i].value;

        if (!fig_str_caseeq(answer->fields[i].name,
                            fig_str("content-length", 14))
            || value.len == 0 || value.data[0] < '0' || value.data[0] > '9')
        {
            continue;
        }

        errno = 0;
        length = strtoull(value.data, &end, 10);

        return end == value.data + value.len
               && (errno != 0 || answer->body.len < length);
    }

    return false;
}


bool
cli_response_read(const char *path, cli_response_t *response)
{
    fig_str_t      text;
    cli_reader_t   reader;
    fig_answer_t  *answer;

    memset(response, 0, sizeof(cli_response_t));
    answer = &response->answer;

    if (!cli_file_read(path, &text)) {
        free((char *) text.data);
        return false;
    }

    response->text = (char *) text.data;
    reader.path = path;
    reader.p = text.data;
    reader.end = text.data + text.len;
    reader.line = 0;

    do {
        if (!cli_response_block(&reader, response)) {
            return false;
        }
    } while (answer->status < 200);

    answer->fields = response->fields;
    answer->body = fig_str(reader.p, (size_t) (reader.end - reader.p));

    if (cli_response_is_short(answer)) {
        answer->fault = FIG_FAULT_TRANSPORT;
    }

    return true;
}


void
cli_response_release(cli_response_t *response)
{
    free(response->fields);
    free(response->text);
}
