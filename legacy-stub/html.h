/*
 * Pages of the storefront, written into memory.
 */

#ifndef SHOP_HTML_H
#define SHOP_HTML_H

#include <stdio.h>


typedef struct {
    FILE    *out;
    char    *text;
    size_t   len;
} shop_page_t;


/* Starts a page with head and navigation. 0, or -1 without memory. */
int shop_page_begin(shop_page_t *page, const char *title);

/* Ends it. The caller frees the text, NULL if memory has run out. */
char *shop_page_end(shop_page_t *page);

/* Writes text that must not be read as markup. */
void shop_page_text(shop_page_t *page, const char *text);


#endif /* SHOP_HTML_H */
