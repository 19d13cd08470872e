/*
 * Answers. All of them leave through shop_reply_response(), which signs them
 * with the name of the program.
 */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drift.h"
#include "reply.h"


/* 15 digits, as doubles that were cents must print as cents */
#define SHOP_JSON_FLAGS  (JSON_COMPACT | JSON_REAL_PRECISION(15))


void
shop_reply_header(shop_exchange_t *x, const char *name, const char *value)
{
    shop_header_t  *header;

    if (x->nheaders == SHOP_MAX_HEADERS) {
        return;
    }

    header = &x->headers[x->nheaders];
    header->value = strdup(value);

    if (header->value) {
        header->name = name;
        x->nheaders++;
    }
}


enum MHD_Result
shop_reply_response(shop_exchange_t *x, unsigned status,
    struct MHD_Response *response)
{
    size_t           i;
    enum MHD_Result  rc;

    if (response == NULL) {
        return MHD_NO;
    }

    MHD_add_response_header(response, "X-Served-By", x->shop->name);

    if (x->shop->build) {
        MHD_add_response_header(response, "X-Build", x->shop->build);
    }

    for (i = 0; i < x->nheaders; i++) {
        MHD_add_response_header(response, x->headers[i].name,
                                x->headers[i].value);
    }

    rc = MHD_queue_response(x->connection, status, response);
    MHD_destroy_response(response);

    return rc;
}


/* takes over text */
static enum MHD_Result
shop_reply_text(shop_exchange_t *x, unsigned status, const char *type,
    char *text)
{
    struct MHD_Response  *response;

    response = MHD_create_response_from_buffer(strlen(text), text,
                                               MHD_RESPMEM_MUST_FREE);
    if (response == NULL) {
        free(text);
        return MHD_NO;
    }

    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);

    MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL,
                            "no-store");

    return shop_reply_response(x, status, response);
}


/* takes over value */
static enum MHD_Result
shop_reply_document(shop_exchange_t *x, unsigned status, const char *type,
    json_t *value)
{
    char  *text;

    text = json_dumps(value, SHOP_JSON_FLAGS);
    json_decref(value);

    return text ? shop_reply_text(x, status, type, text) : MHD_NO;
}


enum MHD_Result
shop_reply_json(shop_exchange_t *x, unsigned status, json_t *value)
{
    if (value == NULL) {
        return shop_reply_problem(x, MHD_HTTP_INTERNAL_SERVER_ERROR,
                                  "the answer could not be made");
    }

    shop_drift_apply(x, value);

    return shop_reply_document(x, status, "application/json", value);
}


enum MHD_Result
shop_reply_problem(shop_exchange_t *x, unsigned status, const char *format,
    ...)
{
    char      detail[256];
    va_list   args;
    json_t   *problem;

    va_start(args, format);
    vsnprintf(detail, sizeof(detail), format, args);
    va_end(args);

    problem = json_pack("{s:s, s:s, s:i, s:o}", "type", "about:blank",
                        "title", MHD_get_reason_phrase_for(status),
                        "status", (int) status,
                        "detail", shop_json_latin1(detail));
    if (problem == NULL) {
        return MHD_NO;
    }

    return shop_reply_document(x, status, "application/problem+json",
                               problem);
}


enum MHD_Result
shop_reply_result(shop_exchange_t *x, shop_result_e result, const char *why)
{
    static const unsigned  statuses[] = {
        [SHOP_OK] = MHD_HTTP_OK,
        [SHOP_ABSENT] = MHD_HTTP_NOT_FOUND,
        [SHOP_CONFLICT] = MHD_HTTP_CONFLICT,
        [SHOP_INVALID] = MHD_HTTP_BAD_REQUEST,
        [SHOP_FAILED] = MHD_HTTP_INTERNAL_SERVER_ERROR
    };

    return shop_reply_problem(x, statuses[result], "%s",
                              why ? why : "the database did not answer");
}


enum MHD_Result
shop_reply_body_problem(shop_exchange_t *x)
{
    switch (x->body.state) {

    case SHOP_BODY_TOO_LARGE:
        return shop_reply_problem(x, MHD_HTTP_CONTENT_TOO_LARGE,
                                  "at most %llu bytes are taken here",
                                  (unsigned long long) x->body.limit);

    case SHOP_BODY_WRONG_TYPE:
        return shop_reply_problem(x, MHD_HTTP_UNSUPPORTED_MEDIA_TYPE,
                                  "this wants %s",
                                  x->body.kind == SHOP_BODY_JSON
                                  ? "application/json"
                                  : "application/x-www-form-urlencoded");

    default:
        return shop_reply_problem(x, MHD_HTTP_INTERNAL_SERVER_ERROR,
                                  "the body could not be kept");
    }
}


enum MHD_Result
shop_reply_html(shop_exchange_t *x, unsigned status, char *html)
{
    if (html == NULL) {
        return shop_reply_problem(x, MHD_HTTP_INTERNAL_SERVER_ERROR,
                                  "the page could not be made");
    }

    return shop_reply_text(x, status, "text/html; charset=utf-8", html);
}


enum MHD_Result
shop_reply_redirect(shop_exchange_t *x, unsigned status,
    const char *location)
{
    shop_reply_header(x, MHD_HTTP_HEADER_LOCATION, location);

    return shop_reply_empty(x, status);
}


enum MHD_Result
shop_reply_empty(shop_exchange_t *x, unsigned status)
{
    return shop_reply_response(x, status,
               MHD_create_response_from_buffer(0, NULL,
                                               MHD_RESPMEM_PERSISTENT));
}


enum MHD_Result
shop_reply_stream(shop_exchange_t *x, const char *type, size_t block,
    MHD_ContentReaderCallback reader, void *state)
{
    struct MHD_Response  *response;

    if (state == NULL) {
        return MHD_NO;
    }

    response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, block,
                                                 reader, state, free);
    if (response == NULL) {
        free(state);
        return MHD_NO;
    }

    if (strcmp(x->method, "HEAD") == 0) {
        /* a last chunk would follow the header otherwise */
        MHD_set_response_options(response, MHD_RF_HTTP_1_0_COMPATIBLE_STRICT,
                                 MHD_RO_END);
    }

    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL,
                            "no-store");

    return shop_reply_response(x, MHD_HTTP_OK, response);
}


json_t *
shop_json_latin1(const char *text)
{
    return shop_json_latin1_n(text, strlen(text));
}


json_t *
shop_json_latin1_n(const char *text, size_t len)
{
    char           *utf8, *p;
    size_t          i;
    json_t         *value;
    unsigned char   c;

    utf8 = malloc(2 * len + 1);
    if (utf8 == NULL) {
        return NULL;
    }

    p = utf8;

    for (i = 0; i < len; i++) {
        c = (unsigned char) text[i];

        if (c < 0x80) {
            *p++ = (char) c;
            continue;
        }

        *p++ = (char) (0xc0 | (c >> 6));
        *p++ = (char) (0x80 | (c & 0x3f));
    }

    value = json_stringn(utf8, (size_t) (p - utf8));
    free(utf8);

    return value;
}
