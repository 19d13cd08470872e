/*
 * The tables orders and order_lines, and products for names and prices.
 * A line keeps the price of the day it was ordered.
 */

#include <string.h>

#include "json_fields.h"
#include "order_store.h"


static const char  shop_order_absent[] = "there is no such order";

static const char *const  shop_order_statuses[] = {
    "new", "paid", "shipped", "cancelled", NULL
};


static json_t *
shop_order_text(sqlite3_stmt *st, int column)
{
    const char  *text;

    text = (const char *) sqlite3_column_text(st, column);

    return text ? json_string(text) : json_null();
}


/* *cents gets the sum */
static json_t *
shop_order_items(shop_db_t *db, int64_t id, int64_t *cents)
{
    json_t        *items;
    int64_t        quantity, price;
    sqlite3_stmt  *st;

    items = json_array();
    *cents = 0;

    st = shop_db_query(db, "SELECT l.sku, p.name, l.quantity, l.price_cents"
                           " FROM order_lines l LEFT JOIN products p"
                           " ON p.sku = l.sku"
                           " WHERE l.order_id = ? ORDER BY l.line", "i", id);

    while (sqlite3_step(st) == SQLITE_ROW) {
        quantity = sqlite3_column_int64(st, 2);
        price = sqlite3_column_int64(st, 3);
        *cents += quantity * price;

        json_array_append_new(items,
            json_pack("{s:o, s:o, s:I, s:o}",
                      "sku", shop_order_text(st, 0),
                      "name", shop_order_text(st, 1),
                      "quantity", (json_int_t) quantity,
                      "price", shop_json_cents(price)));
    }

    sqlite3_finalize(st);

    return items;
}


/* st: id, customer, status, note, created_at, updated_at */
static json_t *
shop_order_json(shop_db_t *db, sqlite3_stmt *st)
{
    json_t   *items;
    int64_t   cents;

    items = shop_order_items(db, sqlite3_column_int64(st, 0), &cents);

    return json_pack("{s:I, s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o}",
                     "id", (json_int_t) sqlite3_column_int64(st, 0),
                     "customer", shop_order_text(st, 1),
                     "status", shop_order_text(st, 2),
                     "currency", "EUR",
                     "items", items,
                     "total", shop_json_cents(cents),
                     "note", shop_order_text(st, 3),
                     "created_at", shop_order_text(st, 4),
                     "updated_at", shop_order_text(st, 5));
}


/* the lock is held */
static shop_result_e
shop_order_read(shop_db_t *db, int64_t id, json_t **order, const char **why)
{
    int            rc;
    json_t        *found;
    sqlite3_stmt  *st;

    st = shop_db_query(db, "SELECT id, customer, status, note, created_at,"
                           " updated_at FROM orders WHERE id = ?", "i", id);
    rc = sqlite3_step(st);
    found = rc == SQLITE_ROW ? shop_order_json(db, st) : NULL;
    sqlite3_finalize(st);

    if (found) {
        *order = found;
        return SHOP_OK;
    }

    if (rc != SQLITE_DONE) {
        return SHOP_FAILED;
    }

    *why = shop_order_absent;

    return SHOP_ABSENT;
}


shop_result_e
shop_order_find(shop_db_t *db, int64_t id, json_t **order, const char **why)
{
    shop_result_e  result;

    shop_db_lock(db);
    result = shop_order_read(db, id, order, why);
    shop_db_unlock(db);

    return result;
}


shop_result_e
shop_order_list(shop_db_t *db, const char *status, int64_t page,
    int64_t per_page, json_t **orders, int64_t *count)
{
    int            rc;
    json_t        *list;
    sqlite3_stmt  *st;

    list = json_array();

    shop_db_lock(db);

    *count = shop_db_number(db, 0, "SELECT count(*) FROM orders"
                                   " WHERE ?1 IS NULL OR status = ?1",
                            "s", status);

    st = shop_db_query(db, "SELECT id, customer, status, note, created_at,"
                           " updated_at FROM orders"
                           " WHERE ?1 IS NULL OR status = ?1"
                           " ORDER BY id LIMIT ?2 OFFSET ?3",
                       "sii", status, per_page, (page - 1) * per_page);

    while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
        json_array_append_new(list, shop_order_json(db, st));
    }

    sqlite3_finalize(st);
    shop_db_unlock(db);

    if (rc != SQLITE_DONE) {
        json_decref(list);
        return SHOP_FAILED;
    }

    *orders = list;

    return SHOP_OK;
}


/* a transaction is open */
static shop_result_e
shop_order_write_lines(shop_db_t *db, int64_t id,
    const shop_order_draft_t *draft, const char **why)
{
    int     rows;
    size_t  i;

    if (shop_db_run(db, "DELETE FROM order_lines WHERE order_id = ?", "i", id)
        == -1)
    {
        return SHOP_FAILED;
    }

    for (i = 0; i < draft->nlines; i++) {
        rows = shop_db_run(db, "INSERT INTO order_lines SELECT ?, ?, sku, ?,"
                               " price_cents FROM products WHERE sku = ?",
                           "iiis", id, (int64_t) i + 1,
                           draft->lines[i].quantity, draft->lines[i].sku);
        if (rows == -1) {
            return SHOP_FAILED;
        }

        if (rows == 0) {
            *why = "an item has an unknown sku";
            return SHOP_INVALID;
        }
    }

    return SHOP_OK;
}


shop_result_e
shop_order_create(shop_db_t *db, const shop_order_draft_t *draft,
    json_t **order, const char **why)
{
    char           now[SHOP_TIME_LEN];
    json_t        *created;
    int64_t        id;
    shop_result_e  result;

    shop_time_now(now);
    created = NULL;

    if (shop_db_begin(db) != SHOP_OK) {
        return SHOP_FAILED;
    }

    result = SHOP_FAILED;

    if (shop_db_run(db, "INSERT INTO orders (customer, status, note,"
                        " created_at, updated_at)"
                        " VALUES (?, 'new', ?, ?, ?)", "ssss",
                    draft->customer, draft->note, now, now) == 1)
    {
        id = shop_db_last_id(db);
        result = shop_order_write_lines(db, id, draft, why);

        if (result == SHOP_OK) {
            result = shop_order_read(db, id, &created, why);
        }
    }

    result = shop_db_end(db, result);

    if (result == SHOP_OK) {
        *order = created;

    } else {
        json_decref(created);
    }

    return result;
}


static int
shop_order_may_become(const char *from, const char *to)
{
    if (strcmp(from, to) == 0) {
        return 1;
    }

    if (strcmp(from, "new") == 0) {
        return strcmp(to, "paid") == 0 || strcmp(to, "cancelled") == 0;
    }

    if (strcmp(from, "paid") == 0) {
        return strcmp(to, "shipped") == 0 || strcmp(to, "cancelled") == 0;
    }

    return 0;
}


/* a transaction is open */
static shop_result_e
shop_order_change(shop_db_t *db, int64_t id, const char *status,
    const shop_order_draft_t *draft, const char **why)
{
    int   rows;
    char  now[SHOP_TIME_LEN];

    if (draft->status && !shop_order_may_become(status, draft->status)) {
        *why = "an order in its status cannot get this one";
        return SHOP_CONFLICT;
    }

    if (draft->nlines && strcmp(status, "new") != 0) {
        *why = "only the items of a new order can be changed";
        return SHOP_CONFLICT;
    }

    shop_time_now(now);

    rows = shop_db_run(db, "UPDATE orders SET customer = coalesce(?, customer),"
                           " status = coalesce(?, status),"
                           " note = CASE ? WHEN 1 THEN ? ELSE note END,"
                           " updated_at = ? WHERE id = ?", "ssissi",
                       draft->customer, draft->status,
                       (int64_t) draft->set_note, draft->note, now, id);
    if (rows != 1) {
        return SHOP_FAILED;
    }

    return draft->nlines ? shop_order_write_lines(db, id, draft, why)
                         : SHOP_OK;
}


shop_result_e
shop_order_update(shop_db_t *db, int64_t id, const shop_order_draft_t *draft,
    json_t **order, const char **why)
{
    json_t         *before, *after;
    const char     *status;
    shop_result_e   result;

    before = NULL;
    after = NULL;

    if (shop_db_begin(db) != SHOP_OK) {
        return SHOP_FAILED;
    }

    result = shop_order_read(db, id, &before, why);

    if (result == SHOP_OK) {
        status = json_string_value(json_object_get(before, "status"));
        result = shop_order_change(db, id, status, draft, why);
    }

    if (result == SHOP_OK) {
        result = shop_order_read(db, id, &after, why);
    }

    result = shop_db_end(db, result);
    json_decref(before);

    if (result == SHOP_OK) {
        *order = after;

    } else {
        json_decref(after);
    }

    return result;
}


shop_result_e
shop_order_delete(shop_db_t *db, int64_t id, const char **why)
{
    int            rows;
    shop_result_e  result;

    if (shop_db_begin(db) != SHOP_OK) {
        return SHOP_FAILED;
    }

    rows = shop_db_run(db, "DELETE FROM orders WHERE id = ?"
                           " AND status <> 'shipped'", "i", id);
    if (rows == 1) {
        result = SHOP_OK;

    } else if (rows == -1) {
        result = SHOP_FAILED;

    } else if (shop_db_number(db, 0, "SELECT 1 FROM orders WHERE id = ?",
                              "i", id))
    {
        *why = "what was shipped cannot be deleted";
        result = SHOP_CONFLICT;

    } else {
        *why = shop_order_absent;
        result = SHOP_ABSENT;
    }

    return shop_db_end(db, result);
}


int
shop_order_is_status(const char *status)
{
    size_t  i;

    for (i = 0; shop_order_statuses[i]; i++) {
        if (strcmp(shop_order_statuses[i], status) == 0) {
            return 1;
        }
    }

    return 0;
}
