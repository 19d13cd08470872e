/*
 * `breaker` of a backend: when it is left alone for a while, and how it comes
 * back.  What is not given has its default, and `none` leaves it out; which
 * backend has none by default is known when all of them are.
 */

#include "fig_decode.h"


#define FIG_BREAKER_FAILURES      5
#define FIG_BREAKER_FAILURES_MAX  1000
#define FIG_BREAKER_SUCCESSES     2
#define FIG_BREAKER_SUCCESSES_MAX 50
#define FIG_BREAKER_REQUESTS      20
#define FIG_BREAKER_REQUESTS_MAX  1000000
#define FIG_BREAKER_WINDOW        10000
#define FIG_BREAKER_WINDOW_MIN    100
#define FIG_BREAKER_OPEN          30000
#define FIG_BREAKER_OPEN_MIN      100
#define FIG_BREAKER_MAX           86400000


enum {
    FIG_BREAKER_KEY_FAILURES = 0,
    FIG_BREAKER_KEY_ERRORS,
    FIG_BREAKER_KEY_WINDOW,
    FIG_BREAKER_KEY_REQUESTS,
    FIG_BREAKER_KEY_OPEN,
    FIG_BREAKER_KEY_SUCCESSES,
    FIG_BREAKER_KEYS
};


static const fig_key_t  fig_breaker_keys[FIG_BREAKER_KEYS] = {
    { "failures", FIG_KEY_KNOWN, NULL },
    { "errors", FIG_KEY_KNOWN, NULL },
    { "window", FIG_KEY_KNOWN, NULL },
    { "min_requests", FIG_KEY_KNOWN, NULL },
    { "open", FIG_KEY_KNOWN, NULL },
    { "successes", FIG_KEY_KNOWN, NULL },
};


void
fig_decode_breaker_init(fig_breaker_rule_t *breaker)
{
    breaker->given = false;
    breaker->none = false;
    breaker->failures = FIG_BREAKER_FAILURES;
    breaker->errors = 0;
    breaker->min_requests = FIG_BREAKER_REQUESTS;
    breaker->window = FIG_BREAKER_WINDOW;
    breaker->open = FIG_BREAKER_OPEN;
    breaker->successes = FIG_BREAKER_SUCCESSES;
}


static void
fig_decode_number(fig_load_t *load, const fig_pair_t *pair, const char *key,
    int64_t max, uint32_t *number)
{
    int64_t  value;

    if (pair != NULL
        && fig_load_int(load, pair->value, key, 1, max, &value))
    {
        *number = (uint32_t) value;
    }
}


static void
fig_decode_time(fig_load_t *load, const fig_pair_t *pair, const char *key,
    int64_t min, uint32_t *time)
{
    int64_t  ms;

    if (pair == NULL || !fig_load_duration(load, pair->value, key, &ms)) {
        return;
    }

    if (ms < min || ms > FIG_BREAKER_MAX) {
        fig_load_error(load, pair->value->pos, NULL,
                       "\"%s\" must be from %dms to 24h", key, (int) min);
        return;
    }

    *time = (uint32_t) ms;
}


/* A rate is told by three keys, of which one means nothing without the first */

static void
fig_decode_rate(fig_load_t *load, const fig_pair_t **given,
    fig_breaker_rule_t *breaker)
{
    int32_t            percent;
    const fig_pair_t  *alone;

    fig_decode_time(load, given[FIG_BREAKER_KEY_WINDOW], "window",
                    FIG_BREAKER_WINDOW_MIN, &breaker->window);
    fig_decode_number(load, given[FIG_BREAKER_KEY_REQUESTS], "min_requests",
                      FIG_BREAKER_REQUESTS_MAX, &breaker->min_requests);

    if (given[FIG_BREAKER_KEY_ERRORS] == NULL) {
        alone = given[FIG_BREAKER_KEY_WINDOW];

        if (alone == NULL) {
            alone = given[FIG_BREAKER_KEY_REQUESTS];
        }

        if (alone != NULL) {
            fig_load_error(load, alone->key->pos, "add errors: 50%",
                           "\"%.*s\" says nothing without \"errors\"",
                           (int) alone->key->text.len, alone->key->text.data);
        }

        return;
    }

    if (!fig_load_percent(load, given[FIG_BREAKER_KEY_ERRORS]->value, "errors",
                          &percent))
    {
        return;
    }

    if (percent == 0) {
        fig_load_error(load, given[FIG_BREAKER_KEY_ERRORS]->value->pos,
                       "leave \"errors\" out: failures in a row count alone",
                       "\"errors\" of 0 would open it at once");
        return;
    }

    breaker->errors = (uint32_t) percent;
}


void
fig_decode_breaker(fig_load_t *load, const fig_yaml_t *node,
    fig_breaker_rule_t *breaker)
{
    const fig_pair_t  *given[FIG_BREAKER_KEYS];

    breaker->given = true;

    if (node->kind == FIG_YAML_TEXT
        && fig_str_eq(node->text, fig_str("none", 4)))
    {
        breaker->none = true;
        return;
    }

    if (!fig_load_is_map(load, node, "breaker",
                         "write none, or {failures: 5, open: 30s}")
        || !fig_load_keys(load, node, "\"breaker\"", fig_breaker_keys,
                          FIG_BREAKER_KEYS, given))
    {
        return;
    }

    fig_decode_number(load, given[FIG_BREAKER_KEY_FAILURES], "failures",
                      FIG_BREAKER_FAILURES_MAX, &breaker->failures);
    fig_decode_number(load, given[FIG_BREAKER_KEY_SUCCESSES], "successes",
                      FIG_BREAKER_SUCCESSES_MAX, &breaker->successes);
    fig_decode_time(load, given[FIG_BREAKER_KEY_OPEN], "open",
                    FIG_BREAKER_OPEN_MIN, &breaker->open);
    fig_decode_rate(load, given, breaker);
}
