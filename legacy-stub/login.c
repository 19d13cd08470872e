/*
 * The pages around a session:
 *
 *   GET /account  -> 302 /login?next=/account  -> POST /login
 *                 -> 303 /account, Set-Cookie  -> GET /account 200
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exchange.h"
#include "html.h"
#include "login.h"
#include "reply.h"
#include "session.h"


#define SHOP_LOGIN_COOKIE  "shop_session"
#define SHOP_LOGIN_HOME    "/account"


/* a path of this site, or somebody could be sent away from it */
static int
shop_login_is_next(const char *next)
{
    const char  *p;

    if (next == NULL || next[0] != '/' || next[1] == '/' || next[1] == '\\') {
        return 0;
    }

    for (p = next; *p; p++) {
        if ((unsigned char) *p <= ' ' || (unsigned char) *p >= 0x7f) {
            return 0;
        }
    }

    return 1;
}


static const char *
shop_login_token(shop_exchange_t *x)
{
    return MHD_lookup_connection_value(x->connection, MHD_COOKIE_KIND,
                                       SHOP_LOGIN_COOKIE);
}


static enum MHD_Result
shop_login_form(shop_exchange_t *x, unsigned status, const char *next,
    const char *problem)
{
    shop_page_t  page;

    if (shop_page_begin(&page, "Log in") == -1) {
        return shop_reply_html(x, status, NULL);
    }

    if (problem) {
        fputs("<p class=\"problem\">", page.out);
        shop_page_text(&page, problem);
        fputs("</p>\n", page.out);
    }

    fputs("<form method=\"post\" action=\"/login\">\n"
          "<input type=\"hidden\" name=\"next\" value=\"", page.out);
    shop_page_text(&page, shop_login_is_next(next) ? next : SHOP_LOGIN_HOME);
    fputs("\">\n<p><label>Mail <input name=\"user\" type=\"email\" required>"
          "</label></p>\n<p><label>Password <input name=\"password\""
          " type=\"password\" required></label></p>\n"
          "<p><button>Log in</button></p>\n</form>\n", page.out);

    return shop_reply_html(x, status, shop_page_end(&page));
}


static enum MHD_Result
shop_login_get(shop_exchange_t *x)
{
    char             *next;
    enum MHD_Result   rc;

    next = shop_exchange_arg(x, "next");
    rc = shop_login_form(x, MHD_HTTP_OK, next, NULL);
    free(next);

    return rc;
}


static void
shop_login_set_cookie(shop_exchange_t *x, const char *token, int seconds)
{
    char  cookie[160];

    snprintf(cookie, sizeof(cookie),
             SHOP_LOGIN_COOKIE "=%s; Path=/; Max-Age=%d; HttpOnly;"
             " SameSite=Lax", token, seconds);
    shop_reply_header(x, MHD_HTTP_HEADER_SET_COOKIE, cookie);
}


static enum MHD_Result
shop_login_post(shop_exchange_t *x)
{
    char            token[SHOP_SESSION_TOKEN_LEN];
    const char     *user, *password, *next;
    shop_result_e   result;

    user = shop_body_field(&x->body, "user");
    password = shop_body_field(&x->body, "password");
    next = shop_body_field(&x->body, "next");

    if (user == NULL || password == NULL) {
        return shop_login_form(x, MHD_HTTP_BAD_REQUEST, next,
                               "Mail and password are needed.");
    }

    result = shop_session_login(x->shop->db, user, password, token);

    if (result == SHOP_ABSENT) {
        return shop_login_form(x, MHD_HTTP_FORBIDDEN, next,
                               "Mail or password is wrong.");
    }

    if (result != SHOP_OK) {
        return shop_reply_result(x, result, NULL);
    }

    shop_login_set_cookie(x, token, SHOP_SESSION_SECONDS);

    return shop_reply_redirect(x, MHD_HTTP_SEE_OTHER,
                               shop_login_is_next(next) ? next
                                                        : SHOP_LOGIN_HOME);
}


static enum MHD_Result
shop_login_leave(shop_exchange_t *x)
{
    const char     *token;
    shop_result_e   result;

    token = shop_login_token(x);

    if (token) {
        result = shop_session_logout(x->shop->db, token);

        if (result != SHOP_OK) {
            return shop_reply_result(x, result, NULL);
        }
    }

    shop_login_set_cookie(x, "", 0);

    return shop_reply_redirect(x, MHD_HTTP_SEE_OTHER, "/");
}


static void
shop_login_orders(shop_exchange_t *x, shop_page_t *page, const char *customer)
{
    sqlite3_stmt  *st;

    fputs("<h2>Your orders</h2>\n<table>\n", page->out);

    shop_db_lock(x->shop->db);
    st = shop_db_query(x->shop->db, "SELECT id, status, created_at FROM orders"
                                    " WHERE customer = ? ORDER BY id", "s",
                       customer);

    while (sqlite3_step(st) == SQLITE_ROW) {
        fprintf(page->out, "<tr><td>%lld</td><td>%s</td><td>%s</td></tr>\n",
                (long long) sqlite3_column_int64(st, 0),
                (const char *) sqlite3_column_text(st, 1),
                (const char *) sqlite3_column_text(st, 2));
    }

    sqlite3_finalize(st);
    shop_db_unlock(x->shop->db);

    fputs("</table>\n", page->out);
}


static enum MHD_Result
shop_login_account(shop_exchange_t *x)
{
    char            customer[SHOP_SESSION_USER_LEN];
    const char     *token;
    shop_page_t     page;
    shop_result_e   result;

    token = shop_login_token(x);
    result = token ? shop_session_find(x->shop->db, token, customer)
                   : SHOP_ABSENT;

    if (result == SHOP_ABSENT) {
        return shop_reply_redirect(x, MHD_HTTP_FOUND,
                                   "/login?next=" SHOP_LOGIN_HOME);
    }

    if (result != SHOP_OK) {
        return shop_reply_result(x, result, NULL);
    }

    if (shop_page_begin(&page, "Your account") == -1) {
        return shop_reply_html(x, MHD_HTTP_OK, NULL);
    }

    fputs("<p>You are ", page.out);
    shop_page_text(&page, customer);
    fputs(".</p>\n", page.out);
    shop_login_orders(x, &page, customer);
    fputs("<form method=\"post\" action=\"/logout\">"
          "<button>Log out</button></form>\n", page.out);

    return shop_reply_html(x, MHD_HTTP_OK, shop_page_end(&page));
}


const shop_route_t  shop_login_routes[] = {
    { "GET", "/login", SHOP_BODY_NONE, shop_login_get },
    { "POST", "/login", SHOP_BODY_FORM, shop_login_post },
    { "GET", "/logout", SHOP_BODY_NONE, shop_login_leave },
    { "POST", "/logout", SHOP_BODY_NONE, shop_login_leave },
    { "GET", "/account", SHOP_BODY_NONE, shop_login_account },
    { NULL, NULL, SHOP_BODY_NONE, NULL }
};
