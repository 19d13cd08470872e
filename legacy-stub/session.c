/*
 * Passwords are kept as salted PBKDF2, tokens as SHA-256: whoever reads the
 * database can use neither. The rounds are few, as the accounts are a demo's.
 */

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "session.h"


#define SHOP_SESSION_ROUNDS    20000
#define SHOP_SESSION_SALT_LEN  16
#define SHOP_SESSION_HASH_LEN  32


static const char  shop_session_demo[] = "secret";


static int
shop_session_hash_password(const char *password, const unsigned char *salt,
    unsigned char hash[SHOP_SESSION_HASH_LEN])
{
    return PKCS5_PBKDF2_HMAC(password, -1, salt, SHOP_SESSION_SALT_LEN,
                             SHOP_SESSION_ROUNDS, EVP_sha256(),
                             SHOP_SESSION_HASH_LEN, hash) == 1 ? 0 : -1;
}


static int
shop_session_hash_token(const char *token,
    unsigned char hash[SHOP_SESSION_HASH_LEN])
{
    return EVP_Digest(token, strlen(token), hash, NULL, EVP_sha256(), NULL)
           == 1 ? 0 : -1;
}


shop_result_e
shop_session_seed(shop_db_t *db)
{
    unsigned char  salt[SHOP_SESSION_SALT_LEN], hash[SHOP_SESSION_HASH_LEN];
    shop_result_e  result;

    result = shop_db_begin(db);

    if (result != SHOP_OK) {
        return result;
    }

    if (shop_db_number(db, 0, "SELECT 1 FROM accounts WHERE password IS NULL",
                       ""))
    {
        if (RAND_bytes(salt, sizeof(salt)) != 1
            || shop_session_hash_password(shop_session_demo, salt, hash) == -1
            || shop_db_run(db, "UPDATE accounts SET salt = ?, password = ?"
                               " WHERE password IS NULL", "bb",
                           salt, (int) sizeof(salt), hash, (int) sizeof(hash))
               == -1)
        {
            result = SHOP_FAILED;
        }
    }

    return shop_db_end(db, result);
}


/* is it this customer's? the lock is not held: this takes a while */
static int
shop_session_is_password(shop_db_t *db, const char *customer,
    const char *password)
{
    int            known;
    sqlite3_stmt  *st;
    unsigned char  salt[SHOP_SESSION_SALT_LEN], hash[SHOP_SESSION_HASH_LEN];
    unsigned char  wanted[SHOP_SESSION_HASH_LEN];

    memset(salt, 0, sizeof(salt));
    memset(wanted, 0, sizeof(wanted));

    shop_db_lock(db);
    st = shop_db_query(db, "SELECT salt, password FROM accounts"
                           " WHERE customer = ?", "s", customer);

    known = sqlite3_step(st) == SQLITE_ROW
            && sqlite3_column_bytes(st, 0) == sizeof(salt)
            && sqlite3_column_bytes(st, 1) == sizeof(wanted);

    if (known) {
        memcpy(salt, sqlite3_column_blob(st, 0), sizeof(salt));
        memcpy(wanted, sqlite3_column_blob(st, 1), sizeof(wanted));
    }

    sqlite3_finalize(st);
    shop_db_unlock(db);

    /* hashed for an unknown customer, too: time must not tell */
    if (shop_session_hash_password(password, salt, hash) == -1) {
        return 0;
    }

    return CRYPTO_memcmp(hash, wanted, sizeof(hash)) == 0 && known;
}


static int
shop_session_make_token(char token[SHOP_SESSION_TOKEN_LEN])
{
    size_t         i;
    unsigned char  random[(SHOP_SESSION_TOKEN_LEN - 1) / 2];

    if (RAND_bytes(random, sizeof(random)) != 1) {
        return -1;
    }

    for (i = 0; i < sizeof(random); i++) {
        snprintf(token + 2 * i, 3, "%02x", random[i]);
    }

    return 0;
}


shop_result_e
shop_session_login(shop_db_t *db, const char *customer, const char *password,
    char token[SHOP_SESSION_TOKEN_LEN])
{
    int64_t        now;
    shop_result_e  result;
    unsigned char  hash[SHOP_SESSION_HASH_LEN];

    if (!shop_session_is_password(db, customer, password)) {
        return SHOP_ABSENT;
    }

    if (shop_session_make_token(token) == -1
        || shop_session_hash_token(token, hash) == -1
        || shop_db_begin(db) != SHOP_OK)
    {
        return SHOP_FAILED;
    }

    now = time(NULL);
    result = SHOP_OK;

    if (shop_db_run(db, "DELETE FROM sessions WHERE expires_at <= ?", "i", now)
        == -1
        || shop_db_run(db, "INSERT INTO sessions (token, customer,"
                           " expires_at) VALUES (?, ?, ?)", "bsi",
                       hash, (int) sizeof(hash), customer,
                       now + SHOP_SESSION_SECONDS) == -1)
    {
        result = SHOP_FAILED;
    }

    return shop_db_end(db, result);
}


shop_result_e
shop_session_find(shop_db_t *db, const char *token,
    char customer[SHOP_SESSION_USER_LEN])
{
    int            rc;
    sqlite3_stmt  *st;
    unsigned char  hash[SHOP_SESSION_HASH_LEN];

    if (shop_session_hash_token(token, hash) == -1) {
        return SHOP_FAILED;
    }

    shop_db_lock(db);
    st = shop_db_query(db, "SELECT customer FROM sessions WHERE token = ?"
                           " AND expires_at > ?", "bi", hash,
                       (int) sizeof(hash), (int64_t) time(NULL));
    rc = sqlite3_step(st);

    if (rc == SQLITE_ROW) {
        snprintf(customer, SHOP_SESSION_USER_LEN, "%s",
                 (const char *) sqlite3_column_text(st, 0));
    }

    sqlite3_finalize(st);
    shop_db_unlock(db);

    return rc == SQLITE_ROW ? SHOP_OK
           : rc == SQLITE_DONE ? SHOP_ABSENT : SHOP_FAILED;
}


shop_result_e
shop_session_logout(shop_db_t *db, const char *token)
{
    shop_result_e  result;
    unsigned char  hash[SHOP_SESSION_HASH_LEN];

    if (shop_session_hash_token(token, hash) == -1) {
        return SHOP_FAILED;
    }

    result = shop_db_begin(db);

    if (result != SHOP_OK) {
        return result;
    }

    if (shop_db_run(db, "DELETE FROM sessions WHERE token = ?", "b", hash,
                    (int) sizeof(hash)) == -1)
    {
        result = SHOP_FAILED;
    }

    return shop_db_end(db, result);
}
