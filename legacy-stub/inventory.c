/*
 * Stock, in the database and over HTTP:
 *
 *   {"sku", "name", "price", "currency", "on_hand", "reserved", "available",
 *    "status": "in_stock" | "low" | "sold_out", "updated_at"}
 */

#include "exchange.h"
#include "inventory.h"
#include "json_fields.h"
#include "reply.h"


#define SHOP_INVENTORY_LOW  5
#define SHOP_INVENTORY_MAX  1000000


/* ?1 is one sku, or NULL for all */
static const char  shop_inventory_select[] =
    "SELECT s.sku, p.name, p.price_cents, s.on_hand, s.updated_at,"
    " (SELECT coalesce(sum(r.quantity), 0) FROM reservations r"
    "  WHERE r.sku = s.sku)"
    " FROM stock s JOIN products p ON p.sku = s.sku"
    " WHERE ?1 IS NULL OR s.sku = ?1 ORDER BY s.sku";


static json_t *
shop_inventory_json(sqlite3_stmt *st)
{
    int64_t      on_hand, reserved, available;
    const char  *status;

    on_hand = sqlite3_column_int64(st, 3);
    reserved = sqlite3_column_int64(st, 5);
    available = on_hand > reserved ? on_hand - reserved : 0;

    status = available == 0 ? "sold_out"
             : available < SHOP_INVENTORY_LOW ? "low" : "in_stock";

    return json_pack("{s:s, s:s, s:o, s:s, s:I, s:I, s:I, s:s, s:s}",
                     "sku", (const char *) sqlite3_column_text(st, 0),
                     "name", (const char *) sqlite3_column_text(st, 1),
                     "price", shop_json_cents(sqlite3_column_int64(st, 2)),
                     "currency", "EUR",
                     "on_hand", (json_int_t) on_hand,
                     "reserved", (json_int_t) reserved,
                     "available", (json_int_t) available,
                     "status", status,
                     "updated_at", (const char *) sqlite3_column_text(st, 4));
}


/* an array; NULL on failure; takes the lock */
static json_t *
shop_inventory_read(shop_db_t *db, const char *sku)
{
    int            rc;
    json_t        *list;
    sqlite3_stmt  *st;

    list = json_array();

    shop_db_lock(db);
    st = shop_db_query(db, shop_inventory_select, "s", sku);

    while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
        json_array_append_new(list, shop_inventory_json(st));
    }

    sqlite3_finalize(st);
    shop_db_unlock(db);

    if (rc != SQLITE_DONE) {
        json_decref(list);
        return NULL;
    }

    return list;
}


static enum MHD_Result
shop_inventory_list(shop_exchange_t *x)
{
    json_t  *list;

    list = shop_inventory_read(x->shop->db, NULL);

    if (list == NULL) {
        return shop_reply_result(x, SHOP_FAILED, NULL);
    }

    return shop_reply_json(x, MHD_HTTP_OK,
                           json_pack("{s:o}", "inventory", list));
}


static enum MHD_Result
shop_inventory_get(shop_exchange_t *x)
{
    json_t  *list, *one;

    list = shop_inventory_read(x->shop->db, x->params[0]);

    if (list == NULL) {
        return shop_reply_result(x, SHOP_FAILED, NULL);
    }

    one = json_incref(json_array_get(list, 0));
    json_decref(list);

    if (one == NULL) {
        return shop_reply_result(x, SHOP_ABSENT, "there is no such sku");
    }

    return shop_reply_json(x, MHD_HTTP_OK, one);
}


static shop_result_e
shop_inventory_set(shop_db_t *db, const char *sku, int64_t on_hand)
{
    int            rows;
    char           now[SHOP_TIME_LEN];
    shop_result_e  result;

    shop_time_now(now);

    if (shop_db_begin(db) != SHOP_OK) {
        return SHOP_FAILED;
    }

    rows = shop_db_run(db, "UPDATE stock SET on_hand = ?, updated_at = ?"
                           " WHERE sku = ?", "iss", on_hand, now, sku);

    result = rows == -1 ? SHOP_FAILED : rows == 0 ? SHOP_ABSENT : SHOP_OK;

    return shop_db_end(db, result);
}


static enum MHD_Result
shop_inventory_put(shop_exchange_t *x)
{
    json_t         *value;
    int64_t         on_hand;
    json_error_t    error;
    shop_fields_t   fields;
    shop_result_e   result;

    value = shop_body_json(&x->body, &error);
    if (value == NULL) {
        return shop_reply_problem(x, MHD_HTTP_BAD_REQUEST, "line %d: %s",
                                  error.line, error.text);
    }

    shop_fields_init(&fields, value);
    on_hand = shop_fields_integer(&fields, "on_hand", 1, 0, 0,
                                  SHOP_INVENTORY_MAX);
    shop_fields_done(&fields);
    json_decref(value);

    if (fields.why[0]) {
        return shop_reply_result(x, SHOP_INVALID, fields.why);
    }

    result = shop_inventory_set(x->shop->db, x->params[0], on_hand);

    if (result != SHOP_OK) {
        return shop_reply_result(x, result, result == SHOP_ABSENT
                                            ? "there is no such sku" : NULL);
    }

    return shop_inventory_get(x);
}


const shop_route_t  shop_inventory_routes[] = {
    { "GET", "/inventory", SHOP_BODY_NONE, shop_inventory_list },
    { "GET", "/inventory/{}", SHOP_BODY_NONE, shop_inventory_get },
    { "PUT", "/inventory/{}", SHOP_BODY_JSON, shop_inventory_put },
    { NULL, NULL, SHOP_BODY_NONE, NULL }
};
