/*
 * The report of all orders as a stream. More rows than there are orders
 * start over, so that a report can be of any length. Each row is read when
 * it is due: none is held, and the database is not locked in between.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exchange.h"
#include "reply.h"
#include "report.h"


#define SHOP_REPORT_ROWS_MAX   10000000
#define SHOP_REPORT_DELAY_MAX  10000
#define SHOP_REPORT_BLOCK      4096


typedef struct {
    shop_t                 *shop;
    struct MHD_Connection  *connection;
    int64_t                 rows;           /* still to come */
    int64_t                 delay_ms;
    int64_t                 last_id;
    unsigned                started:1;
} shop_report_t;


static const char  shop_report_head[] =
    "id,customer,status,total,created_at\r\n";


/* the length of the row after last_id, 0 if there is none, -1 on failure */
static int
shop_report_row(shop_report_t *report, char *text, size_t size)
{
    int            rc, len;
    int64_t        cents;
    sqlite3_stmt  *st;

    st = shop_db_query(report->shop->db,
                       "SELECT o.id, o.customer, o.status, o.created_at,"
                       " (SELECT sum(l.quantity * l.price_cents)"
                       "  FROM order_lines l WHERE l.order_id = o.id)"
                       " FROM orders o WHERE o.id > ? ORDER BY o.id LIMIT 1",
                       "i", report->last_id);
    rc = sqlite3_step(st);
    len = rc == SQLITE_DONE ? 0 : -1;

    if (rc == SQLITE_ROW) {
        report->last_id = sqlite3_column_int64(st, 0);
        cents = sqlite3_column_int64(st, 4);

        len = snprintf(text, size, "%lld,\"%s\",%s,%lld.%02lld,%s\r\n",
                       (long long) report->last_id,
                       (const char *) sqlite3_column_text(st, 1),
                       (const char *) sqlite3_column_text(st, 2),
                       (long long) cents / 100, (long long) cents % 100,
                       (const char *) sqlite3_column_text(st, 3));
    }

    sqlite3_finalize(st);

    return len;
}


static int
shop_report_next(shop_report_t *report, char *text, size_t size)
{
    int  len;

    shop_db_lock(report->shop->db);

    len = shop_report_row(report, text, size);

    if (len == 0 && report->last_id) {
        report->last_id = 0;
        len = shop_report_row(report, text, size);
    }

    shop_db_unlock(report->shop->db);

    /* no order at all, or one too long to be honest about */
    if (len == 0 || len >= (int) size) {
        return -1;
    }

    return len;
}


static ssize_t
shop_report_read(void *cls, uint64_t pos, char *buf, size_t max)
{
    int             len;
    size_t          used;
    char            row[512];
    shop_report_t  *report = cls;

    (void) pos;

    if (!report->started) {
        report->started = 1;
        memcpy(buf, shop_report_head, sizeof(shop_report_head) - 1);
        return sizeof(shop_report_head) - 1;
    }

    if (report->rows == 0) {
        return MHD_CONTENT_READER_END_OF_STREAM;
    }

    if (report->delay_ms
        && shop_exchange_wait(report->shop, report->connection,
                              report->delay_ms) != SHOP_PAUSE_OVER)
    {
        return MHD_CONTENT_READER_END_WITH_ERROR;
    }

    used = 0;

    do {
        len = shop_report_next(report, row, sizeof(row));

        if (len == -1) {
            return MHD_CONTENT_READER_END_WITH_ERROR;
        }

        memcpy(buf + used, row, (size_t) len);
        used += (size_t) len;
        report->rows--;

    } while (report->rows && !report->delay_ms && max - used >= sizeof(row));

    return (ssize_t) used;
}


static enum MHD_Result
shop_report_get(shop_exchange_t *x)
{
    int64_t         rows, delay, count;
    shop_report_t  *report;

    shop_db_lock(x->shop->db);
    count = shop_db_number(x->shop->db, 0, "SELECT count(*) FROM orders", "");
    shop_db_unlock(x->shop->db);

    rows = shop_exchange_number(x, "rows", count, 0, SHOP_REPORT_ROWS_MAX);
    delay = shop_exchange_number(x, "delay_ms", 0, 0, SHOP_REPORT_DELAY_MAX);

    if (rows == -1 || delay == -1) {
        return shop_reply_problem(x, MHD_HTTP_BAD_REQUEST,
                                  "rows is 0 to %d, delay_ms 0 to %d",
                                  SHOP_REPORT_ROWS_MAX,
                                  SHOP_REPORT_DELAY_MAX);
    }

    report = calloc(1, sizeof(shop_report_t));
    if (report == NULL) {
        return MHD_NO;
    }

    report->shop = x->shop;
    report->connection = x->connection;
    report->rows = rows;
    report->delay_ms = delay;

    return shop_reply_stream(x, "text/csv; charset=utf-8", SHOP_REPORT_BLOCK,
                             shop_report_read, report);
}


const shop_route_t  shop_report_routes[] = {
    { "GET", "/reports/orders.csv", SHOP_BODY_NONE, shop_report_get },
    { NULL, NULL, SHOP_BODY_NONE, NULL }
};
