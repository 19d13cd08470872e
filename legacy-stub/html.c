/*
 * A memory stream; whatever is not markup goes through shop_page_text().
 */

#include <stdlib.h>

#include "html.h"


int
shop_page_begin(shop_page_t *page, const char *title)
{
    page->text = NULL;
    page->len = 0;
    page->out = open_memstream(&page->text, &page->len);

    if (page->out == NULL) {
        return -1;
    }

    fputs("<!doctype html>\n<html lang=\"en\">\n<head>\n"
          "<meta charset=\"utf-8\">\n<title>", page->out);
    shop_page_text(page, title);
    fputs(" - The Shop</title>\n"
          "<link rel=\"stylesheet\" href=\"/static/shop.css\">\n</head>\n"
          "<body>\n<header><nav><a href=\"/\">Shop</a>"
          "<a href=\"/account\">Account</a></nav></header>\n<h1>",
          page->out);
    shop_page_text(page, title);
    fputs("</h1>\n", page->out);

    return 0;
}


char *
shop_page_end(shop_page_t *page)
{
    int  failed;

    fputs("</body>\n</html>\n", page->out);

    failed = ferror(page->out);
    failed = fclose(page->out) != 0 || failed;

    if (failed) {
        free(page->text);
        return NULL;
    }

    return page->text;
}


void
shop_page_text(shop_page_t *page, const char *text)
{
    const char  *p;

    for (p = text; *p; p++) {
        switch (*p) {

        case '&':
            fputs("&amp;", page->out);
            break;

        case '<':
            fputs("&lt;", page->out);
            break;

        case '>':
            fputs("&gt;", page->out);
            break;

        case '"':
            fputs("&quot;", page->out);
            break;

        default:
            putc(*p, page->out);
        }
    }
}
