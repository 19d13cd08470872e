/*
 * What goes wrong on purpose, path by path: a list of switches that can be
 * changed while the program runs. Faults have one list, drift another; they
 * differ in the kinds that they know.
 *
 *   {"path": "/api/orders", "fault": "status", "value": 503,
 *    "method": "GET", "times": 2, "every": 10, "when": "header"}
 *
 * A path that ends with a star covers all below it, too.
 */

#ifndef SHOP_SWITCHES_H
#define SHOP_SWITCHES_H

#include <stddef.h>
#include <stdint.h>
#include <jansson.h>


#define SHOP_SWITCH_PATH_LEN  256
#define SHOP_SWITCH_WORD_LEN  40


/* what may be given as a value */
typedef enum {
    SHOP_VALUE_NONE,
    SHOP_VALUE_NUMBER,              /* must be */
    SHOP_VALUE_MAY_NUMBER,
    SHOP_VALUE_MAY_WORD
} shop_value_e;


typedef struct {
    const char    *name;
    shop_value_e   value;
    int64_t        min;             /* of a number */
    int64_t        max;
    const char    *words[4];        /* allowed, ends with NULL; none: any */
} shop_switch_kind_t;


typedef struct {
    char           path[SHOP_SWITCH_PATH_LEN];
    char           method[16];      /* empty: any */
    int            kind;            /* index of the list's kinds */
    int64_t        number;          /* -1: none given */
    char           word[SHOP_SWITCH_WORD_LEN];
    int64_t        times;           /* fires so often, 0: always */
    int64_t        every;           /* only each so many-th match */
    int64_t        seen;            /* matches */
    int64_t        hits;            /* times that it fired */
    unsigned       early:1;         /* before the body is read */
} shop_switch_t;


typedef struct shop_switches_s  shop_switches_t;


/*
 * An empty list. word is how a switch names its kind in JSON ("fault");
 * kinds are static, the last has no name. early: may a switch be for the
 * time before the body? NULL without memory.
 */
shop_switches_t *shop_switches_create(const char *word,
    const shop_switch_kind_t *kinds, unsigned early);
void shop_switches_destroy(shop_switches_t *list);

/* Adds PATH=KIND[:VALUE]. 0, or -1 if it is not that. */
int shop_switches_add(shop_switches_t *list, const char *text);

/* Replaces all by a JSON array. 0, or -1, all as before, and why. */
int shop_switches_replace(shop_switches_t *list, json_t *array, char *why,
    size_t size);

void shop_switches_clear(shop_switches_t *list);

/* The list as JSON, with the hits; the caller frees. */
json_t *shop_switches_json(shop_switches_t *list);

/*
 * Copies the first switch from index *i on that fires for this request, and
 * sets *i behind it. Counts it. path is not terminated. Returns 1, or 0.
 */
int shop_switches_next(shop_switches_t *list, size_t *i, const char *method,
    const char *path, size_t len, unsigned early, shop_switch_t *found);

/* Copies the first switch of a kind, whatever its path. Returns 1, or 0. */
int shop_switches_find(shop_switches_t *list, int kind,
    shop_switch_t *found);


#endif /* SHOP_SWITCHES_H */
