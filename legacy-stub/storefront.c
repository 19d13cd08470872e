/*
 * The pages of the catalogue.
 */

#include <stdlib.h>

#include "exchange.h"
#include "html.h"
#include "reply.h"
#include "storefront.h"


static void
shop_storefront_price(shop_page_t *page, int64_t cents)
{
    fprintf(page->out, "%lld.%02lld EUR", (long long) cents / 100,
            (long long) cents % 100);
}


static enum MHD_Result
shop_storefront_home(shop_exchange_t *x)
{
    const char    *sku;
    shop_page_t    page;
    sqlite3_stmt  *st;

    if (shop_page_begin(&page, "Everything for tea and coffee") == -1) {
        return shop_reply_html(x, MHD_HTTP_OK, NULL);
    }

    fputs("<table>\n", page.out);

    shop_db_lock(x->shop->db);
    st = shop_db_query(x->shop->db, "SELECT sku, name, price_cents"
                                    " FROM products ORDER BY name", "");

    while (sqlite3_step(st) == SQLITE_ROW) {
        sku = (const char *) sqlite3_column_text(st, 0);

        fputs("<tr><td><a href=\"/products/", page.out);
        shop_page_text(&page, sku);
        fputs("\">", page.out);
        shop_page_text(&page, (const char *) sqlite3_column_text(st, 1));
        fputs("</a></td><td class=\"price\">", page.out);
        shop_storefront_price(&page, sqlite3_column_int64(st, 2));
        fputs("</td></tr>\n", page.out);
    }

    sqlite3_finalize(st);
    shop_db_unlock(x->shop->db);

    fputs("</table>\n", page.out);

    return shop_reply_html(x, MHD_HTTP_OK, shop_page_end(&page));
}


/* the whole page, or NULL; *found tells why */
static char *
shop_storefront_product_page(shop_db_t *db, const char *sku, int *found)
{
    char          *html;
    shop_page_t    page;
    sqlite3_stmt  *st;

    html = NULL;

    shop_db_lock(db);
    st = shop_db_query(db, "SELECT p.name, p.price_cents, s.on_hand"
                           " FROM products p LEFT JOIN stock s"
                           " ON s.sku = p.sku WHERE p.sku = ?", "s", sku);

    *found = sqlite3_step(st) == SQLITE_ROW;

    if (*found
        && shop_page_begin(&page, (const char *) sqlite3_column_text(st, 0))
           == 0)
    {
        fputs("<p>", page.out);
        shop_storefront_price(&page, sqlite3_column_int64(st, 1));
        fprintf(page.out, ", %s</p>\n<p>Article ",
                sqlite3_column_int64(st, 2) ? "in stock" : "sold out");
        shop_page_text(&page, sku);
        fputs("</p>\n", page.out);
        html = shop_page_end(&page);
    }

    sqlite3_finalize(st);
    shop_db_unlock(db);

    return html;
}


static enum MHD_Result
shop_storefront_product(shop_exchange_t *x)
{
    int           found;
    char         *html;
    shop_page_t   page;

    html = shop_storefront_product_page(x->shop->db, x->params[0], &found);

    if (found) {
        return shop_reply_html(x, MHD_HTTP_OK, html);
    }

    if (shop_page_begin(&page, "No such article") == 0) {
        html = shop_page_end(&page);
    }

    return shop_reply_html(x, MHD_HTTP_NOT_FOUND, html);
}


const shop_route_t  shop_storefront_routes[] = {
    { "GET", "/", SHOP_BODY_NONE, shop_storefront_home },
    { "GET", "/products/{}", SHOP_BODY_NONE, shop_storefront_product },
    { NULL, NULL, SHOP_BODY_NONE, NULL }
};
