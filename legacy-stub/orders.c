/*
 * Orders over HTTP: decodes and checks what clients send, leaves the rest to
 * the order store.
 *
 *   draft   {"customer", "items": [{"sku", "quantity"}], "note", "status"}
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "exchange.h"
#include "json_fields.h"
#include "order_store.h"
#include "orders.h"
#include "reply.h"


#define SHOP_ORDERS_PER_PAGE      20
#define SHOP_ORDERS_PER_PAGE_MAX  100
#define SHOP_ORDERS_PAGE_MAX      1000000
#define SHOP_ORDER_CUSTOMER_MAX   200
#define SHOP_ORDER_NOTE_MAX       1000
#define SHOP_ORDER_QUANTITY_MAX   1000


/* which members a draft must have, may have */
typedef enum {
    SHOP_DRAFT_NEW,         /* status is not the client's */
    SHOP_DRAFT_WHOLE,
    SHOP_DRAFT_PART
} shop_draft_kind_e;


/* the monolith says when it looked, and never twice the same */

static json_t *
shop_orders_stamp(void)
{
    char             text[40];
    struct tm        tm;
    struct timespec  now;

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &tm);
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);

    return json_sprintf("%s.%06ldZ", text, now.tv_nsec / 1000);
}


/* takes over order */
static enum MHD_Result
shop_orders_answer(shop_exchange_t *x, unsigned status, json_t *order)
{
    if (x->shop->stamped) {
        json_object_set_new(order, "generated_at", shop_orders_stamp());
    }

    return shop_reply_json(x, status, order);
}


static enum MHD_Result
shop_orders_list(shop_exchange_t *x)
{
    char           *status;
    json_t         *orders;
    int64_t         page, per_page, count;
    shop_result_e   result;

    page = shop_exchange_number(x, "page", 1, 1, SHOP_ORDERS_PAGE_MAX);
    per_page = shop_exchange_number(x, "per_page", SHOP_ORDERS_PER_PAGE, 1,
                                    SHOP_ORDERS_PER_PAGE_MAX);
    if (page == -1 || per_page == -1) {
        return shop_reply_problem(x, MHD_HTTP_BAD_REQUEST,
                                  "page is 1 to %d, per_page 1 to %d",
                                  SHOP_ORDERS_PAGE_MAX,
                                  SHOP_ORDERS_PER_PAGE_MAX);
    }

    status = shop_exchange_arg(x, "status");

    if (status && !shop_order_is_status(status)) {
        free(status);
        return shop_reply_problem(x, MHD_HTTP_BAD_REQUEST,
                                  "status is new, paid, shipped or cancelled");
    }

    result = shop_order_list(x->shop->db, status, page, per_page, &orders,
                             &count);
    free(status);

    if (result != SHOP_OK) {
        return shop_reply_result(x, result, NULL);
    }

    return shop_orders_answer(x, MHD_HTTP_OK,
               json_pack("{s:o, s:I, s:I, s:I}", "orders", orders,
                         "page", (json_int_t) page,
                         "per_page", (json_int_t) per_page,
                         "count", (json_int_t) count));
}


static void
shop_orders_decode_items(shop_fields_t *fields, json_t *items,
    shop_order_draft_t *draft)
{
    size_t              i;
    json_t             *item;
    shop_fields_t       part;
    shop_order_line_t  *line;

    draft->nlines = json_array_size(items);

    if (draft->nlines == 0 || draft->nlines > SHOP_ORDER_LINES) {
        shop_fields_fail(fields, "\"items\" must be an array of 1 to %d",
                         SHOP_ORDER_LINES);
        return;
    }

    json_array_foreach(items, i, item) {
        line = &draft->lines[i];

        shop_fields_init(&part, item);
        line->sku = shop_fields_string(&part, "sku", 1, 40);
        line->quantity = shop_fields_integer(&part, "quantity", 1, 0, 1,
                                             SHOP_ORDER_QUANTITY_MAX);
        if (!shop_fields_done(&part)) {
            shop_fields_fail(fields, "item %zu: %.120s", i, part.why);
            return;
        }
    }
}


static void
shop_orders_decode_note(shop_fields_t *fields, shop_order_draft_t *draft)
{
    if (json_is_null(json_object_get(fields->object, "note"))) {
        shop_fields_any(fields, "note", 0);
        draft->set_note = 1;
        return;
    }

    draft->note = shop_fields_string(fields, "note", 0, SHOP_ORDER_NOTE_MAX);

    if (draft->note) {
        draft->set_note = 1;
    }
}


/* draft borrows from value */
static void
shop_orders_decode(shop_fields_t *fields, json_t *value,
    shop_draft_kind_e kind, shop_order_draft_t *draft)
{
    json_t  *items;

    memset(draft, 0, sizeof(shop_order_draft_t));
    shop_fields_init(fields, value);

    draft->customer = shop_fields_string(fields, "customer",
                                         kind != SHOP_DRAFT_PART,
                                         SHOP_ORDER_CUSTOMER_MAX);

    if (draft->customer && strchr(draft->customer, '@') == NULL) {
        shop_fields_fail(fields, "\"customer\" must be a mail address");
    }

    items = shop_fields_any(fields, "items", kind != SHOP_DRAFT_PART);

    if (items) {
        shop_orders_decode_items(fields, items, draft);
    }

    shop_orders_decode_note(fields, draft);

    if (kind == SHOP_DRAFT_WHOLE) {
        draft->set_note = 1;
    }

    if (kind != SHOP_DRAFT_NEW) {
        draft->status = shop_fields_string(fields, "status",
                                           kind == SHOP_DRAFT_WHOLE, 20);
    }

    if (draft->status && !shop_order_is_status(draft->status)) {
        shop_fields_fail(fields, "\"status\" must be new, paid, shipped or"
                                 " cancelled");
    }
}


static void
shop_orders_set_location(shop_exchange_t *x, int64_t id)
{
    char  location[64];

    snprintf(location, sizeof(location), "%s/orders/%lld", x->mount->prefix,
             (long long) id);
    shop_reply_header(x, MHD_HTTP_HEADER_LOCATION, location);
}


/* creates an order if id is 0 */
static enum MHD_Result
shop_orders_write(shop_exchange_t *x, int64_t id, shop_draft_kind_e kind)
{
    json_t              *value, *order;
    const char          *why;
    json_error_t         error;
    shop_fields_t        fields;
    shop_result_e        result;
    shop_order_draft_t   draft;

    value = shop_body_json(&x->body, &error);
    if (value == NULL) {
        return shop_reply_problem(x, MHD_HTTP_BAD_REQUEST, "line %d: %s",
                                  error.line, error.text);
    }

    why = NULL;
    result = SHOP_INVALID;
    shop_orders_decode(&fields, value, kind, &draft);

    if (!shop_fields_done(&fields)) {
        why = fields.why;

    } else if (id) {
        result = shop_order_update(x->shop->db, id, &draft, &order, &why);

    } else {
        result = shop_order_create(x->shop->db, &draft, &order, &why);
    }

    json_decref(value);

    if (result != SHOP_OK) {
        return shop_reply_result(x, result, why);
    }

    if (id) {
        shop_events_publish(x->shop->events, "order", "updated", id);
        return shop_orders_answer(x, MHD_HTTP_OK, order);
    }

    id = json_integer_value(json_object_get(order, "id"));
    shop_events_publish(x->shop->events, "order", "created", id);
    shop_orders_set_location(x, id);

    return shop_orders_answer(x, MHD_HTTP_CREATED, order);
}


static enum MHD_Result
shop_orders_create(shop_exchange_t *x)
{
    return shop_orders_write(x, 0, SHOP_DRAFT_NEW);
}


static int64_t
shop_orders_id(shop_exchange_t *x)
{
    return shop_parse_number(x->params[0], 1, INT64_MAX);
}


static enum MHD_Result
shop_orders_absent(shop_exchange_t *x)
{
    return shop_reply_problem(x, MHD_HTTP_NOT_FOUND,
                              "there is no such order");
}


static enum MHD_Result
shop_orders_get(shop_exchange_t *x)
{
    json_t         *order;
    int64_t         id;
    const char     *why;
    shop_result_e   result;

    id = shop_orders_id(x);

    if (id == -1) {
        return shop_orders_absent(x);
    }

    why = NULL;
    result = shop_order_find(x->shop->db, id, &order, &why);

    if (result != SHOP_OK) {
        return shop_reply_result(x, result, why);
    }

    return shop_orders_answer(x, MHD_HTTP_OK, order);
}


static enum MHD_Result
shop_orders_replace(shop_exchange_t *x)
{
    int64_t  id;

    id = shop_orders_id(x);

    return id == -1 ? shop_orders_absent(x)
                    : shop_orders_write(x, id, SHOP_DRAFT_WHOLE);
}


static enum MHD_Result
shop_orders_change(shop_exchange_t *x)
{
    int64_t  id;

    id = shop_orders_id(x);

    return id == -1 ? shop_orders_absent(x)
                    : shop_orders_write(x, id, SHOP_DRAFT_PART);
}


static enum MHD_Result
shop_orders_delete(shop_exchange_t *x)
{
    int64_t         id;
    const char     *why;
    shop_result_e   result;

    id = shop_orders_id(x);

    if (id == -1) {
        return shop_orders_absent(x);
    }

    why = NULL;
    result = shop_order_delete(x->shop->db, id, &why);

    if (result != SHOP_OK) {
        return shop_reply_result(x, result, why);
    }

    shop_events_publish(x->shop->events, "order", "deleted", id);

    return shop_reply_empty(x, MHD_HTTP_NO_CONTENT);
}


const shop_route_t  shop_orders_routes[] = {
    { "GET", "/orders", SHOP_BODY_NONE, shop_orders_list },
    { "POST", "/orders", SHOP_BODY_JSON, shop_orders_create },
    { "GET", "/orders/{}", SHOP_BODY_NONE, shop_orders_get },
    { "PUT", "/orders/{}", SHOP_BODY_JSON, shop_orders_replace },
    { "PATCH", "/orders/{}", SHOP_BODY_JSON, shop_orders_change },
    { "DELETE", "/orders/{}", SHOP_BODY_NONE, shop_orders_delete },
    { NULL, NULL, SHOP_BODY_NONE, NULL }
};
