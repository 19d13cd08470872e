/*
 * One SQLite database shared by all threads of a program. A caller locks,
 * runs its statements, unlocks; whoever writes also opens a transaction.
 * Schema and first data come in parts, so that a service owns just its own.
 */

#ifndef SHOP_DB_H
#define SHOP_DB_H

#include <stddef.h>
#include <stdint.h>
#include <sqlite3.h>


typedef struct shop_db_s  shop_db_t;


typedef struct {
    const char  *name;
    const char  *sql;       /* run once in the life of a database */
} shop_db_part_t;


extern const shop_db_part_t  shop_db_accounts;
extern const shop_db_part_t  shop_db_catalog;
extern const shop_db_part_t  shop_db_inventory;
extern const shop_db_part_t  shop_db_orders;
extern const shop_db_part_t  shop_db_payments;


/* what a store function did */
typedef enum {
    SHOP_OK,
    SHOP_ABSENT,            /* no such thing */
    SHOP_CONFLICT,          /* not in the state it is in */
    SHOP_INVALID,           /* the request makes no sense */
    SHOP_FAILED             /* database or memory */
} shop_result_e;


/*
 * Opens path, which may be ":memory:", creates the missing ones of the n
 * parts. Returns NULL and says why on stderr; shop_db_close() frees.
 */
shop_db_t *shop_db_open(const char *path, const shop_db_part_t *const *parts,
    size_t n);

/* db may be NULL; no thread may use it any more. */
void shop_db_close(shop_db_t *db);

void shop_db_lock(shop_db_t *db);
void shop_db_unlock(shop_db_t *db);

/*
 * Locks and opens a write transaction; SHOP_OK, or SHOP_FAILED and unlocked.
 */
shop_result_e shop_db_begin(shop_db_t *db);

/*
 * Ends what shop_db_begin() began: commits if result is SHOP_OK, rolls back
 * otherwise, unlocks. Returns result, or SHOP_FAILED if the commit failed.
 */
shop_result_e shop_db_end(shop_db_t *db, shop_result_e result);

/*
 * Prepares sql and binds its parameters: 'i' an int64_t, 's' a string or
 * NULL, 'b' bytes and their int length. Strings and bytes must outlive the
 * statement. The lock is held. The caller finalizes; NULL (logged) on
 * failure, which sqlite3_step() reports as SQLITE_MISUSE and
 * sqlite3_finalize() takes.
 */
sqlite3_stmt *shop_db_query(shop_db_t *db, const char *sql,
    const char *types, ...);

/* Runs a statement without rows. Returns the rows changed, -1 on failure. */
int shop_db_run(shop_db_t *db, const char *sql, const char *types, ...);

/* Returns the first column of the first row, or fallback without a row. */
int64_t shop_db_number(shop_db_t *db, int64_t fallback, const char *sql,
    const char *types, ...);

/* Id of the row inserted last; the lock is held. */
int64_t shop_db_last_id(shop_db_t *db);

/* Now, as the databases and answers write it: 2026-01-31T23:59:59Z. */
#define SHOP_TIME_LEN  sizeof("2026-01-31T23:59:59Z")
void shop_time_now(char text[SHOP_TIME_LEN]);


#endif /* SHOP_DB_H */
