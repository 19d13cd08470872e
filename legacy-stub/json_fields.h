/*
 * Reading the members of a JSON object that a client sent. One reader goes
 * over one object; it remembers the first thing that is wrong, so that a
 * decoder asks once at its end.
 */

#ifndef SHOP_JSON_FIELDS_H
#define SHOP_JSON_FIELDS_H

#include <stdint.h>
#include <jansson.h>


typedef struct {
    json_t  *object;
    size_t   taken;             /* members asked for and present */
    char     why[160];          /* empty as long as all is well */
} shop_fields_t;


/* value may be anything; it must outlive fields and what it returns. */
void shop_fields_init(shop_fields_t *fields, json_t *value);

/* A string of 1 to max bytes, or NULL. */
const char *shop_fields_string(shop_fields_t *fields, const char *name,
    int required, size_t max);

/* An integer of min to max, or fallback. */
int64_t shop_fields_integer(shop_fields_t *fields, const char *name,
    int required, int64_t fallback, int64_t min, int64_t max);

/* A positive amount of money as cents, or 0. */
int64_t shop_fields_cents(shop_fields_t *fields, const char *name,
    int required);

/* Any member, or NULL. */
json_t *shop_fields_any(shop_fields_t *fields, const char *name,
    int required);

/* 1 if all is well and the object has no member that nobody asked for. */
int shop_fields_done(shop_fields_t *fields);

/* Notes what is wrong unless something is wrong already. */
void shop_fields_fail(shop_fields_t *fields, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Money in an answer: a JSON number with up to two decimals. */
json_t *shop_json_cents(int64_t cents);


#endif /* SHOP_JSON_FIELDS_H */
