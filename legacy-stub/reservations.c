/*
 * Reservations, in the database and over HTTP:
 *
 *   {"id", "sku", "quantity", "order_id", "created_at"}
 *
 * Never more than what is on hand: the check and the write are one
 * transaction.
 */

#include <stdio.h>
#include <stdlib.h>

#include "exchange.h"
#include "json_fields.h"
#include "reply.h"
#include "reservations.h"


#define SHOP_RESERVATION_MAX  1000


static const char  shop_reservation_absent[] =
    "there is no such reservation";


static json_t *
shop_reservation_json(sqlite3_stmt *st)
{
    json_t  *order;

    order = sqlite3_column_type(st, 3) == SQLITE_NULL
            ? json_null() : json_integer(sqlite3_column_int64(st, 3));

    return json_pack("{s:I, s:s, s:I, s:o, s:s}",
                     "id", (json_int_t) sqlite3_column_int64(st, 0),
                     "sku", (const char *) sqlite3_column_text(st, 1),
                     "quantity", (json_int_t) sqlite3_column_int64(st, 2),
                     "order_id", order,
                     "created_at", (const char *) sqlite3_column_text(st, 4));
}


/*
 * An array of those with this id, unless 0, and this sku, unless NULL;
 * NULL on failure; the lock is held.
 */
static json_t *
shop_reservation_read(shop_db_t *db, int64_t id, const char *sku)
{
    int            rc;
    json_t        *list;
    sqlite3_stmt  *st;

    list = json_array();

    st = shop_db_query(db, "SELECT id, sku, quantity, order_id, created_at"
                           " FROM reservations WHERE (?1 = 0 OR id = ?1)"
                           " AND (?2 IS NULL OR sku = ?2) ORDER BY id",
                       "is", id, sku);

    while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
        json_array_append_new(list, shop_reservation_json(st));
    }

    sqlite3_finalize(st);

    if (rc != SQLITE_DONE) {
        json_decref(list);
        return NULL;
    }

    return list;
}


static enum MHD_Result
shop_reservations_list(shop_exchange_t *x)
{
    char    *sku;
    json_t  *list;

    sku = shop_exchange_arg(x, "sku");

    shop_db_lock(x->shop->db);
    list = shop_reservation_read(x->shop->db, 0, sku);
    shop_db_unlock(x->shop->db);

    free(sku);

    if (list == NULL) {
        return shop_reply_result(x, SHOP_FAILED, NULL);
    }

    return shop_reply_json(x, MHD_HTTP_OK,
                           json_pack("{s:o}", "reservations", list));
}


static enum MHD_Result
shop_reservations_get(shop_exchange_t *x)
{
    json_t   *list, *one;
    int64_t   id;

    id = shop_parse_number(x->params[0], 1, INT64_MAX);

    shop_db_lock(x->shop->db);
    list = shop_reservation_read(x->shop->db, id, NULL);
    shop_db_unlock(x->shop->db);

    if (list == NULL) {
        return shop_reply_result(x, SHOP_FAILED, NULL);
    }

    one = json_incref(json_array_get(list, 0));
    json_decref(list);

    if (one == NULL) {
        return shop_reply_result(x, SHOP_ABSENT, shop_reservation_absent);
    }

    return shop_reply_json(x, MHD_HTTP_OK, one);
}


/* a transaction is open; order is 0 for none */
static shop_result_e
shop_reservation_insert(shop_db_t *db, const char *sku, int64_t quantity,
    int64_t order, const char **why)
{
    int      rows;
    char     now[SHOP_TIME_LEN];
    int64_t  available;

    available = shop_db_number(db, -1,
        "SELECT max(0, on_hand - (SELECT coalesce(sum(quantity), 0)"
        " FROM reservations r WHERE r.sku = s.sku))"
        " FROM stock s WHERE sku = ?", "s", sku);

    if (available == -1) {
        *why = "there is no such sku";
        return SHOP_INVALID;
    }

    if (available < quantity) {
        *why = "not so many are available";
        return SHOP_CONFLICT;
    }

    shop_time_now(now);

    rows = shop_db_run(db, "INSERT INTO reservations (sku, quantity,"
                           " order_id, created_at)"
                           " VALUES (?, ?, nullif(?, 0), ?)",
                       "siis", sku, quantity, order, now);

    return rows == 1 ? SHOP_OK : SHOP_FAILED;
}


/* *list is an array of the one that was made */
static shop_result_e
shop_reservation_create(shop_db_t *db, const char *sku, int64_t quantity,
    int64_t order, json_t **list, const char **why)
{
    shop_result_e  result;

    if (shop_db_begin(db) != SHOP_OK) {
        return SHOP_FAILED;
    }

    result = shop_reservation_insert(db, sku, quantity, order, why);

    if (result == SHOP_OK) {
        *list = shop_reservation_read(db, shop_db_last_id(db), NULL);
        result = *list ? SHOP_OK : SHOP_FAILED;
    }

    return shop_db_end(db, result);
}


static enum MHD_Result
shop_reservations_write(shop_exchange_t *x, json_t *value)
{
    char            location[64];
    json_t         *list, *one;
    int64_t         quantity, order;
    const char     *sku, *why;
    shop_fields_t   fields;
    shop_result_e   result;

    shop_fields_init(&fields, value);
    sku = shop_fields_string(&fields, "sku", 1, 40);
    quantity = shop_fields_integer(&fields, "quantity", 1, 0, 1,
                                   SHOP_RESERVATION_MAX);
    order = shop_fields_integer(&fields, "order_id", 0, 0, 1, INT64_MAX);

    if (!shop_fields_done(&fields)) {
        return shop_reply_result(x, SHOP_INVALID, fields.why);
    }

    why = NULL;
    list = NULL;
    result = shop_reservation_create(x->shop->db, sku, quantity, order,
                                     &list, &why);
    if (result != SHOP_OK) {
        json_decref(list);
        return shop_reply_result(x, result, why);
    }

    one = json_incref(json_array_get(list, 0));
    json_decref(list);

    snprintf(location, sizeof(location), "%s/reservations/%lld",
             x->mount->prefix,
             (long long) json_integer_value(json_object_get(one, "id")));
    shop_reply_header(x, MHD_HTTP_HEADER_LOCATION, location);

    return shop_reply_json(x, MHD_HTTP_CREATED, one);
}


static enum MHD_Result
shop_reservations_create(shop_exchange_t *x)
{
    json_t           *value;
    json_error_t      error;
    enum MHD_Result   rc;

    value = shop_body_json(&x->body, &error);
    if (value == NULL) {
        return shop_reply_problem(x, MHD_HTTP_BAD_REQUEST, "line %d: %s",
                                  error.line, error.text);
    }

    rc = shop_reservations_write(x, value);
    json_decref(value);

    return rc;
}


static enum MHD_Result
shop_reservations_delete(shop_exchange_t *x)
{
    int            rows;
    int64_t        id;
    shop_result_e  result;

    id = shop_parse_number(x->params[0], 1, INT64_MAX);
    result = shop_db_begin(x->shop->db);

    if (result == SHOP_OK) {
        rows = shop_db_run(x->shop->db,
                           "DELETE FROM reservations WHERE id = ?", "i", id);
        result = rows == 1 ? SHOP_OK : rows == 0 ? SHOP_ABSENT : SHOP_FAILED;
        result = shop_db_end(x->shop->db, result);
    }

    if (result != SHOP_OK) {
        return shop_reply_result(x, result, result == SHOP_ABSENT
                                            ? shop_reservation_absent : NULL);
    }

    return shop_reply_empty(x, MHD_HTTP_NO_CONTENT);
}


const shop_route_t  shop_reservations_routes[] = {
    { "GET", "/reservations", SHOP_BODY_NONE, shop_reservations_list },
    { "POST", "/reservations", SHOP_BODY_JSON, shop_reservations_create },
    { "GET", "/reservations/{}", SHOP_BODY_NONE, shop_reservations_get },
    { "DELETE", "/reservations/{}", SHOP_BODY_NONE,
      shop_reservations_delete },
    { NULL, NULL, SHOP_BODY_NONE, NULL }
};
