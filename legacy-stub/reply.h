/*
 * The kinds of answers. Each queues one answer of x and returns what a
 * handler returns; after it, x must not be answered again. Statuses are HTTP.
 */

#ifndef SHOP_REPLY_H
#define SHOP_REPLY_H

#include <jansson.h>

#include "exchange.h"


/* Adds a header to the coming answer; name is static, value is copied. */
void shop_reply_header(shop_exchange_t *x, const char *name,
    const char *value);

/* Takes over value, NULL of which is answered with 500. */
enum MHD_Result shop_reply_json(shop_exchange_t *x, unsigned status,
    json_t *value);

/* An RFC 9457 problem document with a formatted detail. */
enum MHD_Result shop_reply_problem(shop_exchange_t *x, unsigned status,
    const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The problem that a store function's failed result and its reason are. */
enum MHD_Result shop_reply_result(shop_exchange_t *x, shop_result_e result,
    const char *why);

/* The problem that a body in a state other than fine is. */
enum MHD_Result shop_reply_body_problem(shop_exchange_t *x);

/* Takes over html, from malloc(); NULL is answered with 500. */
enum MHD_Result shop_reply_html(shop_exchange_t *x, unsigned status,
    char *html);

/* Sends the client to location. */
enum MHD_Result shop_reply_redirect(shop_exchange_t *x, unsigned status,
    const char *location);

/* No content, or nothing but the headers. */
enum MHD_Result shop_reply_empty(shop_exchange_t *x, unsigned status);

/*
 * A body of unknown length, as reader makes it from state, which is taken
 * over and freed with free(); NULL closes the connection. block is how much
 * the reader gets room for at least.
 */
enum MHD_Result shop_reply_stream(shop_exchange_t *x, const char *type,
    size_t block, MHD_ContentReaderCallback reader, void *state);

/* Takes over response, NULL of which closes the connection. */
enum MHD_Result shop_reply_response(shop_exchange_t *x, unsigned status,
    struct MHD_Response *response);

/* A JSON string of bytes taken as ISO 8859-1; any bytes are fine. */
json_t *shop_json_latin1(const char *text);
json_t *shop_json_latin1_n(const char *text, size_t len);


#endif /* SHOP_REPLY_H */
