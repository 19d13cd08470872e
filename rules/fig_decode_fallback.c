/*
 * What happens when a backend fails or takes too long: `retry`, `fallback`,
 * `timeouts`.  A fallback that is not given is the default one, not none; that
 * it has nowhere to go is for fig_validate.c to find.
 */

#include "fig_decode.h"
#include "fig_text.h"


/* What counts as a failure: an error that the service itself admits. */
#define FIG_FAILURE_MIN  400
#define FIG_FAILURE_MAX  599


enum {
    FIG_FALLBACK_WHEN = 0,
    FIG_FALLBACK_TO,
    FIG_FALLBACK_UNSAFE,
    FIG_FALLBACK_STALE,
    FIG_FALLBACK_KEYS
};


enum {
    FIG_RETRY_ATTEMPTS = 0,
    FIG_RETRY_WHEN,
    FIG_RETRY_BACKOFF,
    FIG_RETRY_UNSAFE,
    FIG_RETRY_KEYS
};


/* More of them would be an outage of their own. */
#define FIG_RETRY_MAX  10


static const fig_key_t  fig_fallback_keys[FIG_FALLBACK_KEYS] = {
    { "when", FIG_KEY_KNOWN, NULL },
    { "to", FIG_KEY_KNOWN, NULL },
    { "unsafe", FIG_KEY_KNOWN, NULL },
    { "stale", FIG_KEY_KNOWN, NULL },
};


static const fig_key_t  fig_retry_keys[FIG_RETRY_KEYS] = {
    { "attempts", FIG_KEY_KNOWN, NULL },
    { "when", FIG_KEY_KNOWN, NULL },
    { "backoff", FIG_KEY_KNOWN, NULL },
    { "unsafe", FIG_KEY_KNOWN, NULL },
};


/* What a service admits itself, or what keeps it from being heard. */

static void
fig_default_when(fig_when_t *when)
{
    fig_fault_t  fault;

    memset(when, 0, sizeof(fig_when_t));
    when->connect = true;
    when->timeout = true;
    when->invalid = true;
    (void) fig_scalar_statuses(fig_str("502-504", 7), FIG_FAILURE_MIN,
                               FIG_FAILURE_MAX, &when->statuses, &fault);
}


/* Words that have a meaning in some lists only come last. */

static void
fig_decode_failure(fig_load_t *load, const fig_yaml_t *node, bool is_fallback,
    fig_when_t *when)
{
    size_t       i;
    fig_fault_t  fault;

    static const char *const  words[] = { "connect", "timeout", "invalid",
                                          "502", "500-504", "5xx",
                                          "breaker", "overload" };

    if (!fig_load_is_text(load, node, "when")) {
        return;
    }

    if (node->text.len > 0 && node->text.data[0] >= '0'
        && node->text.data[0] <= '9')
    {
        if (!fig_scalar_statuses(node->text, FIG_FAILURE_MIN, FIG_FAILURE_MAX,
                                 &when->statuses, &fault))
        {
            fig_load_value_fault(load, node, &fault);
        }

        return;
    }

    if (!fig_load_word(load, node, "when", words,
                       FIG_NELTS(words) - (is_fallback ? 0 : 2), &i))
    {
        return;
    }

    switch (i) {

    case 0:
        when->connect = true;
        break;

    case 1:
        when->timeout = true;
        break;

    case 2:
        when->invalid = true;
        break;

    default:
        /* breaker, overload: always, as nothing was sent */
        break;
    }
}


static void
fig_decode_when(fig_load_t *load, const fig_yaml_t *node, bool is_fallback,
    fig_when_t *when)
{
    uint32_t  i;

    if (!fig_load_is_list(load, node, "when",
                          is_fallback
                          ? "write [connect, timeout, 502-504]; for no "
                            "fallback write fallback: none"
                          : "write [connect, timeout, 502-504]"))
    {
        return;
    }

    memset(when, 0, sizeof(fig_when_t));

    for (i = 0; i < node->n; i++) {
        fig_decode_failure(load, node->items[i], is_fallback, when);
    }
}


static void
fig_decode_backoff(fig_load_t *load, const fig_yaml_t *node,
    fig_retry_t *retry)
{
    bool               good;
    const fig_pair_t  *given[2];

    static const fig_key_t  keys[] = {
        { "base", FIG_KEY_KNOWN, NULL },
        { "max", FIG_KEY_KNOWN, NULL },
    };

    if (!fig_load_is_map(load, node, "backoff",
                         "write {base: 25ms, max: 250ms}")
        || !fig_load_keys(load, node, "\"backoff\"", keys, FIG_NELTS(keys),
                          given))
    {
        return;
    }

    good = true;

    if (given[0] != NULL) {
        good = fig_load_duration(load, given[0]->value, "base", &retry->base);
    }

    if (given[1] != NULL) {
        good = fig_load_duration(load, given[1]->value, "max", &retry->max)
               && good;
    }

    if (!good || retry->base <= retry->max) {
        return;
    }

    if (given[1] != NULL) {
        fig_load_error(load, given[1]->value->pos, NULL,
                       "\"max\" must not be shorter than \"base\"");

    } else {
        fig_load_error(load, given[0]->value->pos,
                       "\"max\" is 250ms where it is not given",
                       "\"base\" must not be longer than \"max\"");
    }
}


void
fig_decode_retry(fig_load_t *load, const fig_yaml_t *node, fig_retry_t *retry)
{
    int64_t            attempts;
    const fig_pair_t  *given[FIG_RETRY_KEYS];

    memset(retry, 0, sizeof(fig_retry_t));
    fig_default_when(&retry->when);
    retry->base = 25;
    retry->max = 250;

    if (node == NULL
        || !fig_load_is_map(load, node, "retry", "write {attempts: 2}")
        || !fig_load_keys(load, node, "\"retry\"", fig_retry_keys,
                          FIG_RETRY_KEYS, given))
    {
        return;
    }

    retry->attempts = 1;

    if (given[FIG_RETRY_ATTEMPTS] != NULL
        && fig_load_int(load, given[FIG_RETRY_ATTEMPTS]->value, "attempts", 0,
                        FIG_RETRY_MAX, &attempts))
    {
        retry->attempts = (uint32_t) attempts;
    }

    if (given[FIG_RETRY_WHEN] != NULL) {
        fig_decode_when(load, given[FIG_RETRY_WHEN]->value, false,
                        &retry->when);
    }

    if (given[FIG_RETRY_BACKOFF] != NULL) {
        fig_decode_backoff(load, given[FIG_RETRY_BACKOFF]->value, retry);
    }

    if (given[FIG_RETRY_UNSAFE] != NULL) {
        fig_load_bool(load, given[FIG_RETRY_UNSAFE]->value, "unsafe",
                      &retry->unsafe);
    }
}


void
fig_decode_fallback(fig_load_t *load, const fig_yaml_t *node,
    fig_fallback_t *fallback)
{
    const fig_pair_t  *given[FIG_FALLBACK_KEYS];

    memset(fallback, 0, sizeof(fig_fallback_t));
    fig_default_when(&fallback->when);

    if (node == NULL) {
        return;
    }

    if (node->kind == FIG_YAML_TEXT
        && fig_str_eq(node->text, fig_str("none", 4)))
    {
        memset(fallback, 0, sizeof(fig_fallback_t));
        fallback->none = true;
        return;
    }

    if (!fig_load_is_map(load, node, "fallback",
                         "write none, or {when: [connect, 502-504]}")
        || !fig_load_keys(load, node, "\"fallback\"", fig_fallback_keys,
                          FIG_FALLBACK_KEYS, given))
    {
        return;
    }

    if (given[FIG_FALLBACK_WHEN] != NULL) {
        fig_decode_when(load, given[FIG_FALLBACK_WHEN]->value, true,
                        &fallback->when);
    }

    if (given[FIG_FALLBACK_TO] != NULL) {
        fallback->to = fig_load_backend(load, given[FIG_FALLBACK_TO]->value,
                                        "to");
    }

    if (given[FIG_FALLBACK_UNSAFE] != NULL) {
        fig_load_bool(load, given[FIG_FALLBACK_UNSAFE]->value, "unsafe",
                      &fallback->unsafe);
    }

    if (given[FIG_FALLBACK_STALE] != NULL) {
        fig_load_bool(load, given[FIG_FALLBACK_STALE]->value, "stale",
                      &fallback->stale);
    }
}


void
fig_decode_timeouts(fig_load_t *load, const fig_yaml_t *node, bool is_route,
    fig_timeouts_t *timeouts)
{
    size_t             i;
    int64_t           *values[4];
    const fig_pair_t  *given[4];

    static const fig_key_t  keys[] = {
        { "connect", FIG_KEY_KNOWN, NULL },
        { "send", FIG_KEY_KNOWN, NULL },
        { "read", FIG_KEY_KNOWN, NULL },
        { "total", FIG_KEY_KNOWN, NULL },
    };
    static const fig_key_t  backend_keys[] = {
        { "connect", FIG_KEY_KNOWN, NULL },
        { "send", FIG_KEY_KNOWN, NULL },
        { "read", FIG_KEY_KNOWN, NULL },
        { "total", FIG_KEY_ELSEWHERE, "it belongs to \"timeouts\" of a route" },
    };

    if (!fig_load_is_map(load, node, "timeouts",
                         "write {connect: 2s, read: 5s}")
        || !fig_load_keys(load, node, "\"timeouts\"",
                          is_route ? keys : backend_keys, FIG_NELTS(keys),
                          given))
    {
        return;
    }

    values[0] = &timeouts->connect;
    values[1] = &timeouts->send;
    values[2] = &timeouts->read;
    values[3] = &timeouts->total;

    for (i = 0; i < FIG_NELTS(keys); i++) {
        if (given[i] != NULL) {
            fig_load_duration(load, given[i]->value, keys[i].name, values[i]);
        }
    }
}
