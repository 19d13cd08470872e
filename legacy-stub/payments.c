/*
 * Payments, in the database and over HTTP:
 *
 *   {"order_id", "amount", "currency", "method", "status",
 *    "created_at", "updated_at"}
 *
 * They know an order by its id only: whether it exists is not theirs to say.
 */

#include <string.h>

#include "exchange.h"
#include "json_fields.h"
#include "payments.h"
#include "reply.h"


/* the lock is held; *payment stays NULL if there is none */
static shop_result_e
shop_payment_read(shop_db_t *db, int64_t id, json_t **payment)
{
    int            rc;
    sqlite3_stmt  *st;

    st = shop_db_query(db, "SELECT amount_cents, method, status, created_at,"
                           " updated_at FROM payments WHERE order_id = ?",
                       "i", id);
    rc = sqlite3_step(st);

    if (rc == SQLITE_ROW) {
        *payment = json_pack("{s:I, s:o, s:s, s:s, s:s, s:s, s:s}",
                       "order_id", (json_int_t) id,
                       "amount", shop_json_cents(sqlite3_column_int64(st, 0)),
                       "currency", "EUR",
                       "method", (const char *) sqlite3_column_text(st, 1),
                       "status", (const char *) sqlite3_column_text(st, 2),
                       "created_at", (const char *) sqlite3_column_text(st, 3),
                       "updated_at",
                       (const char *) sqlite3_column_text(st, 4));
    }

    sqlite3_finalize(st);

    if (rc == SQLITE_DONE) {
        return SHOP_ABSENT;
    }

    return *payment ? SHOP_OK : SHOP_FAILED;
}


static enum MHD_Result
shop_payments_get(shop_exchange_t *x)
{
    json_t         *payment;
    int64_t         id;
    shop_result_e   result;

    id = shop_parse_number(x->params[0], 1, INT64_MAX);
    payment = NULL;

    shop_db_lock(x->shop->db);
    result = shop_payment_read(x->shop->db, id, &payment);
    shop_db_unlock(x->shop->db);

    if (result != SHOP_OK) {
        return shop_reply_result(x, result, result == SHOP_ABSENT
                                 ? "no payment for such an order" : NULL);
    }

    return shop_reply_json(x, MHD_HTTP_OK, payment);
}


static int
shop_payment_is_one_of(const char *text, const char *a, const char *b,
    const char *c)
{
    return text && (strcmp(text, a) == 0 || strcmp(text, b) == 0
                    || strcmp(text, c) == 0);
}


/* *created tells whether there was none before */
static shop_result_e
shop_payment_put(shop_db_t *db, int64_t id, int64_t cents,
    const char *method, const char *status, int *created, json_t **payment)
{
    char           now[SHOP_TIME_LEN];
    shop_result_e  result;

    shop_time_now(now);

    if (shop_db_begin(db) != SHOP_OK) {
        return SHOP_FAILED;
    }

    *created = !shop_db_number(db, 0, "SELECT 1 FROM payments"
                                      " WHERE order_id = ?", "i", id);
    result = SHOP_FAILED;

    if (shop_db_run(db, "INSERT INTO payments (order_id, amount_cents,"
                        " method, status, created_at, updated_at)"
                        " VALUES (?1, ?2, ?3, ?4, ?5, ?5)"
                        " ON CONFLICT (order_id) DO UPDATE SET"
                        " amount_cents = ?2, method = ?3, status = ?4,"
                        " updated_at = ?5",
                    "iisss", id, cents, method, status, now) == 1)
    {
        result = shop_payment_read(db, id, payment);
    }

    return shop_db_end(db, result);
}


static enum MHD_Result
shop_payments_write(shop_exchange_t *x, json_t *value, int64_t id)
{
    int             created;
    json_t         *payment;
    int64_t         cents;
    const char     *method, *status;
    shop_fields_t   fields;
    shop_result_e   result;

    shop_fields_init(&fields, value);
    cents = shop_fields_cents(&fields, "amount", 1);
    method = shop_fields_string(&fields, "method", 1, 20);
    status = shop_fields_string(&fields, "status", 1, 20);

    if (!shop_payment_is_one_of(method, "card", "invoice", "transfer")) {
        shop_fields_fail(&fields, "\"method\" must be card, invoice or"
                                  " transfer");
    }

    if (!shop_payment_is_one_of(status, "pending", "captured", "refunded")) {
        shop_fields_fail(&fields, "\"status\" must be pending, captured or"
                                  " refunded");
    }

    if (!shop_fields_done(&fields)) {
        return shop_reply_result(x, SHOP_INVALID, fields.why);
    }

    payment = NULL;
    result = shop_payment_put(x->shop->db, id, cents, method, status,
                              &created, &payment);
    if (result != SHOP_OK) {
        json_decref(payment);
        return shop_reply_result(x, result, NULL);
    }

    shop_events_publish(x->shop->events, "payment",
                        created ? "created" : "updated", id);

    return shop_reply_json(x, created ? MHD_HTTP_CREATED : MHD_HTTP_OK,
                           payment);
}


static enum MHD_Result
shop_payments_put(shop_exchange_t *x)
{
    json_t           *value;
    int64_t           id;
    json_error_t      error;
    enum MHD_Result   rc;

    id = shop_parse_number(x->params[0], 1, INT64_MAX);

    if (id == -1) {
        return shop_reply_result(x, SHOP_ABSENT, "no such order id");
    }

    value = shop_body_json(&x->body, &error);
    if (value == NULL) {
        return shop_reply_problem(x, MHD_HTTP_BAD_REQUEST, "line %d: %s",
                                  error.line, error.text);
    }

    rc = shop_payments_write(x, value, id);
    json_decref(value);

    return rc;
}


const shop_route_t  shop_payments_routes[] = {
    { "GET", "/payments/order/{}", SHOP_BODY_NONE, shop_payments_get },
    { "PUT", "/payments/order/{}", SHOP_BODY_JSON, shop_payments_put },
    { NULL, NULL, SHOP_BODY_NONE, NULL }
};
