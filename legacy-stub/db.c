/*
 * The database file. Several programs may share one (two systems, one
 * truth), so writers take the write lock at once and wait for each other.
 *
 *   parts   schema and seed, one row of shop_parts for each that was run
 */

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "db.h"


#define SHOP_DB_BUSY_MS  5000


struct shop_db_s {
    sqlite3          *handle;
    pthread_mutex_t   lock;
};


static const char  shop_sql_accounts[] =
#include "accounts.sql.inc"
;

static const char  shop_sql_catalog[] =
#include "catalog.sql.inc"
;

static const char  shop_sql_inventory[] =
#include "inventory.sql.inc"
;

static const char  shop_sql_orders[] =
#include "orders.sql.inc"
;

static const char  shop_sql_payments[] =
#include "payments.sql.inc"
;


const shop_db_part_t  shop_db_accounts = { "accounts", shop_sql_accounts };
const shop_db_part_t  shop_db_catalog = { "catalog", shop_sql_catalog };
const shop_db_part_t  shop_db_inventory = { "inventory", shop_sql_inventory };
const shop_db_part_t  shop_db_orders = { "orders", shop_sql_orders };
const shop_db_part_t  shop_db_payments = { "payments", shop_sql_payments };


static void
shop_db_log(shop_db_t *db, const char *what)
{
    fprintf(stderr, "database: %s: %s\n", what, sqlite3_errmsg(db->handle));
}


static int
shop_db_script(shop_db_t *db, const char *sql)
{
    if (sqlite3_exec(db->handle, sql, NULL, NULL, NULL) != SQLITE_OK) {
        shop_db_log(db, "script");
        return -1;
    }

    return 0;
}


static shop_result_e
shop_db_install(shop_db_t *db, const shop_db_part_t *part)
{
    if (shop_db_number(db, 0, "SELECT 1 FROM shop_parts WHERE name = ?", "s",
                       part->name))
    {
        return SHOP_OK;
    }

    if (shop_db_script(db, part->sql) == -1
        || shop_db_run(db, "INSERT INTO shop_parts (name) VALUES (?)", "s",
                       part->name) == -1)
    {
        return SHOP_FAILED;
    }

    return SHOP_OK;
}


static shop_result_e
shop_db_install_all(shop_db_t *db, const shop_db_part_t *const *parts,
    size_t n)
{
    size_t         i;
    shop_result_e  result;

    result = shop_db_begin(db);

    if (result != SHOP_OK) {
        return result;
    }

    if (shop_db_script(db, "CREATE TABLE IF NOT EXISTS shop_parts"
                           " (name TEXT PRIMARY KEY)") == -1)
    {
        result = SHOP_FAILED;
    }

    for (i = 0; i < n && result == SHOP_OK; i++) {
        result = shop_db_install(db, parts[i]);
    }

    return shop_db_end(db, result);
}


shop_db_t *
shop_db_open(const char *path, const shop_db_part_t *const *parts, size_t n)
{
    shop_db_t  *db;

    db = calloc(1, sizeof(shop_db_t));
    if (db == NULL) {
        return NULL;
    }

    pthread_mutex_init(&db->lock, NULL);

    if (sqlite3_open(path, &db->handle) != SQLITE_OK) {
        shop_db_log(db, path);
        goto failed;
    }

    sqlite3_busy_timeout(db->handle, SHOP_DB_BUSY_MS);

    if (shop_db_script(db, "PRAGMA journal_mode = WAL;"
                           "PRAGMA synchronous = NORMAL;"
                           "PRAGMA foreign_keys = ON;") == -1
        || shop_db_install_all(db, parts, n) != SHOP_OK)
    {
        goto failed;
    }

    return db;

failed:

    shop_db_close(db);

    return NULL;
}


void
shop_db_close(shop_db_t *db)
{
    if (db == NULL) {
        return;
    }

    sqlite3_close(db->handle);
    pthread_mutex_destroy(&db->lock);
    free(db);
}


void
shop_db_lock(shop_db_t *db)
{
    pthread_mutex_lock(&db->lock);
}


void
shop_db_unlock(shop_db_t *db)
{
    pthread_mutex_unlock(&db->lock);
}


shop_result_e
shop_db_begin(shop_db_t *db)
{
    shop_db_lock(db);

    if (shop_db_script(db, "BEGIN IMMEDIATE") == -1) {
        shop_db_unlock(db);
        return SHOP_FAILED;
    }

    return SHOP_OK;
}


shop_result_e
shop_db_end(shop_db_t *db, shop_result_e result)
{
    if (result == SHOP_OK && shop_db_script(db, "COMMIT") == -1) {
        result = SHOP_FAILED;
    }

    /* some failures have rolled back already */
    if (!sqlite3_get_autocommit(db->handle)) {
        shop_db_script(db, "ROLLBACK");
    }

    shop_db_unlock(db);

    return result;
}


/* args is a pointer, as it goes on with the next parameter */
static int
shop_db_bind(sqlite3_stmt *st, int i, char type, va_list *args)
{
    const void  *bytes;

    switch (type) {

    case 'i':
        return sqlite3_bind_int64(st, i, va_arg(*args, int64_t));

    case 's':
        return sqlite3_bind_text(st, i, va_arg(*args, const char *), -1,
                                 SQLITE_STATIC);

    default:
        bytes = va_arg(*args, const void *);
        return sqlite3_bind_blob(st, i, bytes, va_arg(*args, int),
                                 SQLITE_STATIC);
    }
}


static sqlite3_stmt *
shop_db_vquery(shop_db_t *db, const char *sql, const char *types,
    va_list *args)
{
    int            i;
    sqlite3_stmt  *st;

    if (sqlite3_prepare_v2(db->handle, sql, -1, &st, NULL) != SQLITE_OK) {
        shop_db_log(db, sql);
        return NULL;
    }

    for (i = 0; types[i]; i++) {
        if (shop_db_bind(st, i + 1, types[i], args) != SQLITE_OK) {
            shop_db_log(db, sql);
            sqlite3_finalize(st);
            return NULL;
        }
    }

    return st;
}


sqlite3_stmt *
shop_db_query(shop_db_t *db, const char *sql, const char *types, ...)
{
    va_list        args;
    sqlite3_stmt  *st;

    va_start(args, types);
    st = shop_db_vquery(db, sql, types, &args);
    va_end(args);

    return st;
}


int
shop_db_run(shop_db_t *db, const char *sql, const char *types, ...)
{
    int            changes;
    va_list        args;
    sqlite3_stmt  *st;

    va_start(args, types);
    st = shop_db_vquery(db, sql, types, &args);
    va_end(args);

    if (st == NULL) {
        return -1;
    }

    changes = -1;

    if (sqlite3_step(st) == SQLITE_DONE) {
        changes = sqlite3_changes(db->handle);

    } else {
        shop_db_log(db, sql);
    }

    sqlite3_finalize(st);

    return changes;
}


int64_t
shop_db_number(shop_db_t *db, int64_t fallback, const char *sql,
    const char *types, ...)
{
    int64_t        n;
    va_list        args;
    sqlite3_stmt  *st;

    va_start(args, types);
    st = shop_db_vquery(db, sql, types, &args);
    va_end(args);

    n = fallback;

    if (st && sqlite3_step(st) == SQLITE_ROW) {
        n = sqlite3_column_int64(st, 0);
    }

    sqlite3_finalize(st);

    return n;
}


int64_t
shop_db_last_id(shop_db_t *db)
{
    return sqlite3_last_insert_rowid(db->handle);
}


void
shop_time_now(char text[SHOP_TIME_LEN])
{
    time_t     now;
    struct tm  tm;

    now = time(NULL);
    gmtime_r(&now, &tm);
    strftime(text, SHOP_TIME_LEN, "%Y-%m-%dT%H:%M:%SZ", &tm);
}
