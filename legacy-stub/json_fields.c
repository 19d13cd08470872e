/*
 * Checks of what clients send, on top of jansson. Unknown members are
 * errors: a misspelt one must not be lost in silence.
 */

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "json_fields.h"


#define SHOP_CENTS_MAX  100000000


void
shop_fields_init(shop_fields_t *fields, json_t *value)
{
    fields->object = value;
    fields->taken = 0;
    fields->why[0] = '\0';

    if (!json_is_object(value)) {
        shop_fields_fail(fields, "an object is expected");
    }
}


void
shop_fields_fail(shop_fields_t *fields, const char *format, ...)
{
    va_list  args;

    if (fields->why[0] == '\0') {
        va_start(args, format);
        vsnprintf(fields->why, sizeof(fields->why), format, args);
        va_end(args);
    }
}


json_t *
shop_fields_any(shop_fields_t *fields, const char *name, int required)
{
    json_t  *member;

    member = json_object_get(fields->object, name);

    if (member) {
        fields->taken++;

    } else if (required) {
        shop_fields_fail(fields, "\"%s\" is missing", name);
    }

    return member;
}


const char *
shop_fields_string(shop_fields_t *fields, const char *name, int required,
    size_t max)
{
    size_t   len;
    json_t  *member;

    member = shop_fields_any(fields, name, required);

    if (member == NULL) {
        return NULL;
    }

    len = json_string_length(member);

    if (!json_is_string(member) || len == 0 || len > max) {
        shop_fields_fail(fields, "\"%s\" must be a string of 1 to %zu bytes",
                         name, max);
        return NULL;
    }

    return json_string_value(member);
}


int64_t
shop_fields_integer(shop_fields_t *fields, const char *name, int required,
    int64_t fallback, int64_t min, int64_t max)
{
    int64_t   n;
    json_t   *member;

    member = shop_fields_any(fields, name, required);

    if (member == NULL) {
        return fallback;
    }

    n = json_integer_value(member);

    if (!json_is_integer(member) || n < min || n > max) {
        shop_fields_fail(fields, "\"%s\" must be an integer of %lld to %lld",
                         name, (long long) min, (long long) max);
        return fallback;
    }

    return n;
}


int64_t
shop_fields_cents(shop_fields_t *fields, const char *name, int required)
{
    double   cents;
    json_t  *member;

    member = shop_fields_any(fields, name, required);

    if (member == NULL) {
        return 0;
    }

    cents = json_number_value(member) * 100;

    if (!json_is_number(member) || cents < 0.5 || cents > SHOP_CENTS_MAX
        || fabs(cents - round(cents)) > 1e-4)
    {
        shop_fields_fail(fields, "\"%s\" must be a positive amount with at"
                         " most two decimals", name);
        return 0;
    }

    return llround(cents);
}


int
shop_fields_done(shop_fields_t *fields)
{
    if (fields->why[0] == '\0'
        && json_object_size(fields->object) != fields->taken)
    {
        shop_fields_fail(fields, "there is an unknown member");
    }

    return fields->why[0] == '\0';
}


json_t *
shop_json_cents(int64_t cents)
{
    return json_real((double) cents / 100);
}
