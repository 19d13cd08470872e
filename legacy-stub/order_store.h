/*
 * Orders in the database and as JSON:
 *
 *   {"id", "customer", "status", "currency",
 *    "items": [{"sku", "name", "quantity", "price"}],
 *    "total", "note", "created_at", "updated_at"}
 *
 *   new -> paid -> shipped          new, paid -> cancelled
 */

#ifndef SHOP_ORDER_STORE_H
#define SHOP_ORDER_STORE_H

#include <stddef.h>
#include <jansson.h>

#include "db.h"


#define SHOP_ORDER_LINES  50


typedef struct {
    const char        *sku;
    int64_t            quantity;
} shop_order_line_t;


/* what a client wants an order to be; NULL and 0 leave as it is */
typedef struct {
    const char        *customer;
    const char        *status;
    const char        *note;
    shop_order_line_t  lines[SHOP_ORDER_LINES];
    size_t             nlines;
    unsigned           set_note:1;      /* note may be NULL then */
} shop_order_draft_t;


/*
 * All of these take the database's lock. *order and *orders are the
 * caller's to free, set only with SHOP_OK; *why is static text, set with
 * every failure but SHOP_FAILED.
 */
shop_result_e shop_order_find(shop_db_t *db, int64_t id, json_t **order,
    const char **why);

/* Page numbers start at 1; status may be NULL; *count is of all pages. */
shop_result_e shop_order_list(shop_db_t *db, const char *status,
    int64_t page, int64_t per_page, json_t **orders, int64_t *count);

shop_result_e shop_order_create(shop_db_t *db,
    const shop_order_draft_t *draft, json_t **order, const char **why);

shop_result_e shop_order_update(shop_db_t *db, int64_t id,
    const shop_order_draft_t *draft, json_t **order, const char **why);

shop_result_e shop_order_delete(shop_db_t *db, int64_t id, const char **why);

int shop_order_is_status(const char *status);


#endif /* SHOP_ORDER_STORE_H */
