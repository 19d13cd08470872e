/*
 * A short array under a mutex; a request looks at each of them. A new list
 * is made aside and put in place as a whole.
 */

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exchange.h"
#include "json_fields.h"
#include "reply.h"
#include "switches.h"


#define SHOP_SWITCHES_MAX  64
#define SHOP_TIMES_MAX     1000000000


struct shop_switches_s {
    pthread_mutex_t            lock;
    const char                *word;
    const shop_switch_kind_t  *kinds;
    unsigned                   early;
    size_t                     n;
    shop_switch_t              list[SHOP_SWITCHES_MAX];
};


shop_switches_t *
shop_switches_create(const char *word, const shop_switch_kind_t *kinds,
    unsigned early)
{
    shop_switches_t  *list;

    list = calloc(1, sizeof(shop_switches_t));
    if (list == NULL) {
        return NULL;
    }

    pthread_mutex_init(&list->lock, NULL);
    list->word = word;
    list->kinds = kinds;
    list->early = early;

    return list;
}


void
shop_switches_destroy(shop_switches_t *list)
{
    if (list) {
        pthread_mutex_destroy(&list->lock);
        free(list);
    }
}


static int
shop_switch_kind(shop_switches_t *list, const char *name)
{
    int  i;

    for (i = 0; list->kinds[i].name; i++) {
        if (strcmp(list->kinds[i].name, name) == 0) {
            return i;
        }
    }

    return -1;
}


static int
shop_switch_is_word(const shop_switch_kind_t *kind, const char *word)
{
    size_t  i;

    if (word[0] == '\0' || strlen(word) >= SHOP_SWITCH_WORD_LEN) {
        return 0;
    }

    for (i = 0; kind->words[i]; i++) {
        if (strcmp(kind->words[i], word) == 0) {
            return 1;
        }
    }

    return i == 0;
}


/* value is NULL for none; 0, or -1 if it does not fit the kind */
static int
shop_switch_set_value(shop_switch_t *s, const shop_switch_kind_t *kind,
    const char *value)
{
    s->number = -1;

    switch (kind->value) {

    case SHOP_VALUE_NONE:
        return value ? -1 : 0;

    case SHOP_VALUE_NUMBER:
    case SHOP_VALUE_MAY_NUMBER:
        if (value == NULL) {
            return kind->value == SHOP_VALUE_NUMBER ? -1 : 0;
        }

        s->number = shop_parse_number(value, kind->min, kind->max);
        return s->number == -1 ? -1 : 0;

    default:
        if (value && !shop_switch_is_word(kind, value)) {
            return -1;
        }

        snprintf(s->word, sizeof(s->word), "%s", value ? value : "");
        return 0;
    }
}


int
shop_switches_add(shop_switches_t *list, const char *text)
{
    int             rc;
    char           *copy, *name, *value;
    shop_switch_t  *s;

    copy = strdup(text);
    name = copy ? strrchr(copy, '=') : NULL;
    rc = -1;

    if (name && copy[0] == '/' && name - copy < SHOP_SWITCH_PATH_LEN
        && list->n < SHOP_SWITCHES_MAX)
    {
        *name++ = '\0';
        value = strchr(name, ':');

        if (value) {
            *value++ = '\0';
        }

        s = &list->list[list->n];
        memset(s, 0, sizeof(shop_switch_t));
        strcpy(s->path, copy);
        s->every = 1;
        s->kind = shop_switch_kind(list, name);

        if (s->kind != -1
            && shop_switch_set_value(s, &list->kinds[s->kind], value) == 0)
        {
            list->n++;
            rc = 0;
        }
    }

    free(copy);

    return rc;
}


static void
shop_switch_decode_value(shop_switches_t *list, shop_switch_t *s,
    shop_fields_t *fields)
{
    char         text[32];
    json_t      *member;
    const char  *value;

    member = shop_fields_any(fields, "value", 0);
    value = json_string_value(member);

    if (json_is_integer(member)) {
        snprintf(text, sizeof(text), "%lld",
                 (long long) json_integer_value(member));
        value = text;
    }

    if ((member && value == NULL)
        || shop_switch_set_value(s, &list->kinds[s->kind], value) == -1)
    {
        shop_fields_fail(fields, "\"value\" does not fit \"%s\"",
                         list->kinds[s->kind].name);
    }
}


static void
shop_switch_decode(shop_switches_t *list, shop_switch_t *s, json_t *value,
    shop_fields_t *fields)
{
    const char  *path, *kind, *method, *when;

    memset(s, 0, sizeof(shop_switch_t));
    shop_fields_init(fields, value);

    path = shop_fields_string(fields, "path", 1, SHOP_SWITCH_PATH_LEN - 1);
    kind = shop_fields_string(fields, list->word, 1, SHOP_SWITCH_WORD_LEN);
    method = shop_fields_string(fields, "method", 0, sizeof(s->method) - 1);
    when = list->early ? shop_fields_string(fields, "when", 0, 10) : NULL;
    s->times = shop_fields_integer(fields, "times", 0, 0, 1, SHOP_TIMES_MAX);
    s->every = shop_fields_integer(fields, "every", 0, 1, 1, SHOP_TIMES_MAX);

    s->kind = kind ? shop_switch_kind(list, kind) : -1;

    if (path && path[0] != '/') {
        shop_fields_fail(fields, "\"path\" must start with /");
    }

    if (s->kind == -1) {
        shop_fields_fail(fields, "there is no such \"%s\"", list->word);
        return;
    }

    if (when && strcmp(when, "header") != 0 && strcmp(when, "body") != 0) {
        shop_fields_fail(fields, "\"when\" must be header or body");
    }

    shop_switch_decode_value(list, s, fields);

    s->early = when && strcmp(when, "header") == 0;
    snprintf(s->path, sizeof(s->path), "%s", path ? path : "");
    snprintf(s->method, sizeof(s->method), "%s", method ? method : "");
}


int
shop_switches_replace(shop_switches_t *list, json_t *array, char *why,
    size_t size)
{
    size_t           i;
    json_t          *value;
    shop_switch_t    fresh[SHOP_SWITCHES_MAX];
    shop_fields_t    fields;

    if (!json_is_array(array) || json_array_size(array) > SHOP_SWITCHES_MAX) {
        snprintf(why, size, "an array of at most %d is expected",
                 SHOP_SWITCHES_MAX);
        return -1;
    }

    json_array_foreach(array, i, value) {
        shop_switch_decode(list, &fresh[i], value, &fields);

        if (!shop_fields_done(&fields)) {
            snprintf(why, size, "number %zu: %s", i, fields.why);
            return -1;
        }
    }

    pthread_mutex_lock(&list->lock);
    list->n = json_array_size(array);
    memcpy(list->list, fresh, list->n * sizeof(shop_switch_t));
    pthread_mutex_unlock(&list->lock);

    return 0;
}


void
shop_switches_clear(shop_switches_t *list)
{
    pthread_mutex_lock(&list->lock);
    list->n = 0;
    pthread_mutex_unlock(&list->lock);
}


static json_t *
shop_switch_json(shop_switches_t *list, shop_switch_t *s)
{
    json_t  *value;

    value = json_pack("{s:o, s:s}", "path", shop_json_latin1(s->path),
                      list->word, list->kinds[s->kind].name);

    if (s->number != -1) {
        json_object_set_new(value, "value", json_integer(s->number));
    }

    if (s->word[0]) {
        json_object_set_new(value, "value", shop_json_latin1(s->word));
    }

    if (s->method[0]) {
        json_object_set_new(value, "method", shop_json_latin1(s->method));
    }

    if (s->times) {
        json_object_set_new(value, "times", json_integer(s->times));
    }

    if (s->every > 1) {
        json_object_set_new(value, "every", json_integer(s->every));
    }

    if (s->early) {
        json_object_set_new(value, "when", json_string("header"));
    }

    json_object_set_new(value, "hits", json_integer(s->hits));

    return value;
}


json_t *
shop_switches_json(shop_switches_t *list)
{
    size_t   i;
    json_t  *array;

    array = json_array();

    pthread_mutex_lock(&list->lock);

    for (i = 0; i < list->n; i++) {
        json_array_append_new(array, shop_switch_json(list, &list->list[i]));
    }

    pthread_mutex_unlock(&list->lock);

    return array;
}


/* "/a" is that path, "/a/" followed by a star that and all below it */
static int
shop_switch_is_path(const char *pattern, const char *path, size_t len)
{
    size_t  n;

    n = strlen(pattern);

    if (n < 2 || strcmp(pattern + n - 2, "/*") != 0) {
        return n == len && memcmp(pattern, path, len) == 0;
    }

    n -= 2;

    return len >= n && memcmp(pattern, path, n) == 0
           && (len == n || path[n] == '/');
}


/* the lock is held; counts */
static int
shop_switch_fires(shop_switch_t *s)
{
    s->seen++;

    if (s->seen % s->every != 0 || (s->times && s->hits == s->times)) {
        return 0;
    }

    s->hits++;

    return 1;
}


int
shop_switches_next(shop_switches_t *list, size_t *i, const char *method,
    const char *path, size_t len, unsigned early, shop_switch_t *found)
{
    int             fires;
    shop_switch_t  *s;

    fires = 0;

    pthread_mutex_lock(&list->lock);

    while (*i < list->n && !fires) {
        s = &list->list[(*i)++];

        if (s->early == early
            && (s->method[0] == '\0' || strcmp(s->method, method) == 0)
            && shop_switch_is_path(s->path, path, len)
            && shop_switch_fires(s))
        {
            *found = *s;
            fires = 1;
        }
    }

    pthread_mutex_unlock(&list->lock);

    return fires;
}


int
shop_switches_find(shop_switches_t *list, int kind, shop_switch_t *found)
{
    int     is_there;
    size_t  i;

    is_there = 0;

    pthread_mutex_lock(&list->lock);

    for (i = 0; i < list->n && !is_there; i++) {
        if (list->list[i].kind == kind) {
            *found = list->list[i];
            is_there = 1;
        }
    }

    pthread_mutex_unlock(&list->lock);

    return is_there;
}
