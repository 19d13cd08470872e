/*
 * Each kind changes one value and, unless it removed it, what is below:
 *
 *   rounding       fractions keep one decimal, or none
 *   missing-field  the member of this name is gone
 *   null           it is null
 *   type           integers are strings, or what has this name is one
 *   order          arrays run backwards
 *   timestamp      an hour later, or now, or as seconds since 1970
 */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "control.h"
#include "drift.h"


#define SHOP_DRIFT_FIELD  "currency"
#define SHOP_DRIFT_SHIFT  3600


typedef enum {
    SHOP_DRIFT_ROUNDING,
    SHOP_DRIFT_MISSING,
    SHOP_DRIFT_NULL,
    SHOP_DRIFT_ORDER,
    SHOP_DRIFT_TYPE,
    SHOP_DRIFT_TIMESTAMP
} shop_drift_e;


const shop_switch_kind_t  shop_drift_kinds[] = {
    [SHOP_DRIFT_ROUNDING] = { "rounding", SHOP_VALUE_MAY_NUMBER, 0, 1,
                              { NULL } },
    [SHOP_DRIFT_MISSING] = { "missing-field", SHOP_VALUE_MAY_WORD, 0, 0,
                             { NULL } },
    [SHOP_DRIFT_NULL] = { "null", SHOP_VALUE_MAY_WORD, 0, 0, { NULL } },
    [SHOP_DRIFT_ORDER] = { "order", SHOP_VALUE_NONE, 0, 0, { NULL } },
    [SHOP_DRIFT_TYPE] = { "type", SHOP_VALUE_MAY_WORD, 0, 0, { NULL } },
    [SHOP_DRIFT_TIMESTAMP] = { "timestamp", SHOP_VALUE_MAY_WORD, 0, 0,
                               { "shift", "now", "epoch", NULL } },
    { NULL, SHOP_VALUE_NONE, 0, 0, { NULL } }
};


static void
shop_drift_round(json_t *value, int64_t decimals)
{
    double  scale;

    if (json_is_real(value)) {
        scale = decimals == 0 ? 1 : 10;
        json_real_set(value, round(json_real_value(value) * scale) / scale);
    }
}


static void
shop_drift_reverse(json_t *array)
{
    size_t   i, n;
    json_t  *last;

    n = json_array_size(array);

    for (i = 0; i + 1 < n; i++) {
        last = json_incref(json_array_get(array, n - 1));
        json_array_remove(array, n - 1);
        json_array_insert_new(array, i, last);
    }
}


/* a new reference */
static json_t *
shop_drift_new_time(time_t when, const char *how)
{
    char             text[40];
    struct tm        tm;
    struct timespec  now;

    if (strcmp(how, "epoch") == 0) {
        return json_integer((json_int_t) when);
    }

    if (strcmp(how, "now") == 0) {
        clock_gettime(CLOCK_REALTIME, &now);
        gmtime_r(&now.tv_sec, &tm);
        strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);

        /* fine enough to differ from one answer to the next */
        return json_sprintf("%s.%06ldZ", text, now.tv_nsec / 1000);
    }

    when += SHOP_DRIFT_SHIFT;
    gmtime_r(&when, &tm);
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);

    return json_string(text);
}


/* a new reference to what is in the place of a member now, NULL: the same */
static json_t *
shop_drift_member_time(json_t *value, const char *how)
{
    char        *end;
    struct tm    tm;
    const char  *text;

    text = json_string_value(value);

    if (text == NULL) {
        return NULL;
    }

    memset(&tm, 0, sizeof(tm));
    end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);

    return end && *end == '\0' ? shop_drift_new_time(timegm(&tm), how) : NULL;
}


static json_t *
shop_drift_member_type(const char *key, json_t *value, const char *field)
{
    char    *text;
    json_t  *string;

    if (json_is_string(value)
        || (field[0] ? strcmp(key, field) != 0 : !json_is_integer(value)))
    {
        return NULL;
    }

    text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT
                             | JSON_REAL_PRECISION(15));
    string = text ? json_string(text) : NULL;
    free(text);

    return string;
}


static json_t *
shop_drift_member(const shop_switch_t *s, const char *key, json_t *value)
{
    const char  *field;

    switch (s->kind) {

    case SHOP_DRIFT_NULL:
        field = s->word[0] ? s->word : SHOP_DRIFT_FIELD;
        return strcmp(key, field) == 0 ? json_null() : NULL;

    case SHOP_DRIFT_TYPE:
        return shop_drift_member_type(key, value, s->word);

    case SHOP_DRIFT_TIMESTAMP:
        return shop_drift_member_time(value, s->word);

    default:
        return NULL;
    }
}


static void
shop_drift_walk(const shop_switch_t *s, json_t *value)
{
    void        *next;
    size_t       i;
    json_t      *member, *changed;
    const char  *key;

    if (s->kind == SHOP_DRIFT_ROUNDING) {
        shop_drift_round(value, s->number);

    } else if (s->kind == SHOP_DRIFT_ORDER && json_is_array(value)) {
        shop_drift_reverse(value);

    } else if (s->kind == SHOP_DRIFT_MISSING) {
        json_object_del(value, s->word[0] ? s->word : SHOP_DRIFT_FIELD);
    }

    json_object_foreach_safe(value, next, key, member) {
        changed = shop_drift_member(s, key, member);

        if (changed) {
            json_object_set_new(value, key, changed);

        } else {
            shop_drift_walk(s, member);
        }
    }

    json_array_foreach(value, i, member) {
        shop_drift_walk(s, member);
    }
}


void
shop_drift_apply(shop_exchange_t *x, json_t *value)
{
    size_t         i;
    shop_switch_t  s;

    if (shop_control_is_target(x)) {
        return;
    }

    i = 0;

    while (shop_switches_next(x->shop->drift, &i, x->method, x->raw,
                              x->raw_len, 0, &s))
    {
        shop_drift_walk(&s, value);
    }
}
