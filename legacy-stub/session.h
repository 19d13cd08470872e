/*
 * Accounts and sessions. Functions take the database's lock.
 */

#ifndef SHOP_SESSION_H
#define SHOP_SESSION_H

#include "db.h"


#define SHOP_SESSION_TOKEN_LEN  65
#define SHOP_SESSION_USER_LEN   201
#define SHOP_SESSION_SECONDS    3600


/* Gives every account without a password the one of the demo. */
shop_result_e shop_session_seed(shop_db_t *db);

/* SHOP_OK, or SHOP_ABSENT if there is no such customer and password. */
shop_result_e shop_session_login(shop_db_t *db, const char *customer,
    const char *password, char token[SHOP_SESSION_TOKEN_LEN]);

/* The customer of a live session, or SHOP_ABSENT. */
shop_result_e shop_session_find(shop_db_t *db, const char *token,
    char customer[SHOP_SESSION_USER_LEN]);

/* Ends a session; one that does not exist is fine. */
shop_result_e shop_session_logout(shop_db_t *db, const char *token);


#endif /* SHOP_SESSION_H */
