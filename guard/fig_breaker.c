/*
 * The breaker of fig_breaker.h.  All of its state is one word, so that each
 * change of it is one compare and swap, and nobody sees half of one:
 *
 *     63 ........ 26 | 25 .. 18 | 17 .. 12 | 11 .... 2 | 1 0
 *     time in ms     | period   | trials   | count     | state
 *
 *     closed      count failures in a row; time it was closed, 0 when all may
 *                 pass
 *     open        time it was opened
 *     half open   count successes; time the last trial began
 *
 * The period goes on each time trials begin, so that what comes late is known.
 * The rate is counted in slices of the window, each a word as well:
 *
 *     63 .. 40 | 39 .. 20 | 19 .. 0
 *     number   | requests | errors
 */

#include "fig_breaker.h"


#define FIG_SLICE_MAX  0xfffffu


typedef struct {
    fig_breaker_state_t  state;
    uint32_t             count;
    uint32_t             trials;
    uint8_t              period;
    uint64_t             time;
} fig_breaker_word_t;


static fig_breaker_word_t
fig_breaker_unpack(uint64_t word)
{
    fig_breaker_word_t  w;

    w.state = (fig_breaker_state_t) (word & 3);
    w.count = (uint32_t) (word >> 2) & 0x3ff;
    w.trials = (uint32_t) (word >> 12) & 0x3f;
    w.period = (uint8_t) (word >> 18);
    w.time = word >> 26;

    return w;
}


static uint64_t
fig_breaker_pack(fig_breaker_word_t w)
{
    return (uint64_t) w.state | (uint64_t) w.count << 2
           | (uint64_t) w.trials << 12 | (uint64_t) w.period << 18
           | w.time << 26;
}


static bool
fig_breaker_swap(fig_breaker_t *breaker, uint64_t *word, fig_breaker_word_t w)
{
    return atomic_compare_exchange_weak(&breaker->word, word,
                                        fig_breaker_pack(w));
}


/* Clocks of processes differ by what they last looked: never below 0. */

static uint64_t
fig_breaker_since(uint64_t now, uint64_t time)
{
    return (now > time) ? now - time : 0;
}


/* In percent; the share grows with the time since it was closed. */

static uint32_t
fig_breaker_share(const fig_breaker_conf_t *conf, uint64_t now,
    fig_breaker_word_t w)
{
    uint64_t  since;

    since = fig_breaker_since(now, w.time);

    if (w.time == 0 || since >= conf->ramp) {
        return 100;
    }

    return (uint32_t) (since * 100 / conf->ramp);
}


/* The word when one more trial begins; false: none may now. */

static bool
fig_breaker_try(const fig_breaker_conf_t *conf, uint64_t now,
    fig_breaker_word_t *w)
{
    if (w->state == FIG_BREAKER_HALF_OPEN && w->trials < conf->successes) {
        w->trials++;
        w->time = now;

        return true;
    }

    if (fig_breaker_since(now, w->time) < conf->open) {
        return false;
    }

    /* half open for so long: its trials are lost, with their process */

    w->state = FIG_BREAKER_HALF_OPEN;
    w->count = 0;
    w->trials = 1;
    w->period++;
    w->time = now;

    return true;
}


bool
fig_breaker_admit(fig_breaker_t *breaker, const fig_breaker_conf_t *conf,
    uint64_t now, uint32_t random, fig_breaker_pass_t *pass)
{
    uint64_t            word;
    fig_breaker_word_t  w;

    word = atomic_load_explicit(&breaker->word, memory_order_relaxed);

    do {
        w = fig_breaker_unpack(word);

        if (w.state == FIG_BREAKER_CLOSED) {
            pass->period = w.period;
            pass->trial = false;

            return w.time == 0
                   || random % 100 < fig_breaker_share(conf, now, w);
        }

        if (!fig_breaker_try(conf, now, &w)) {
            return false;
        }

    } while (!fig_breaker_swap(breaker, &word, w));

    pass->period = w.period;
    pass->trial = true;

    return true;
}


/* Counts one request, and on an error says whether there are too many. */

static bool
fig_breaker_is_rate(fig_breaker_t *breaker, const fig_breaker_conf_t *conf,
    uint64_t now, bool error)
{
    uint64_t           word, number, slice, requests, errors;
    uint32_t           i;
    _Atomic uint64_t  *at;

    slice = now / (conf->window / FIG_BREAKER_SLICES);
    number = slice & 0xffffff;
    at = &breaker->slices[slice % FIG_BREAKER_SLICES];
    word = atomic_load_explicit(at, memory_order_relaxed);

    do {
        requests = (word >> 40 == number) ? (word >> 20) & FIG_SLICE_MAX : 0;
        errors = (word >> 40 == number) ? word & FIG_SLICE_MAX : 0;

        if (requests == FIG_SLICE_MAX) {
            break;
        }

    } while (!atomic_compare_exchange_weak(at, &word,
                                           number << 40 | (requests + 1) << 20
                                           | (errors + error)));

    if (!error) {
        return false;
    }

    requests = 0;
    errors = 0;

    for (i = 0; i < FIG_BREAKER_SLICES; i++) {
        word = atomic_load_explicit(&breaker->slices[i], memory_order_relaxed);

        if (((number - (word >> 40)) & 0xffffff) < FIG_BREAKER_SLICES) {
            requests += (word >> 20) & FIG_SLICE_MAX;
            errors += word & FIG_SLICE_MAX;
        }
    }

    return requests >= conf->min_requests
           && errors * 10000 >= requests * conf->errors;
}


/* What was before says nothing about who has recovered. */

static void
fig_breaker_forget(fig_breaker_t *breaker)
{
    uint32_t  i;

    for (i = 0; i < FIG_BREAKER_SLICES; i++) {
        atomic_store_explicit(&breaker->slices[i], 0, memory_order_relaxed);
    }
}


static void
fig_breaker_turn(fig_breaker_word_t *w, fig_breaker_state_t state,
    uint64_t now)
{
    w->state = state;
    w->count = 0;
    w->trials = 0;
    w->time = now;
}


/* The word after the report of a request; false: it stays as it is. */

static bool
fig_breaker_count(const fig_breaker_conf_t *conf, uint64_t now,
    fig_breaker_result_t result, bool rate, fig_breaker_word_t *w)
{
    switch (result) {

    case FIG_BREAKER_SUCCESS:
        if (w->count == 0) {
            return false;
        }

        w->count = 0;
        return true;

    case FIG_BREAKER_FAILURE:
        w->count += w->count < FIG_BREAKER_FAILURES_MAX;

        if (rate || (conf->failures && w->count >= conf->failures)) {
            fig_breaker_turn(w, FIG_BREAKER_OPEN, now);
        }

        return true;

    default:
        return false;
    }
}


/* The word after the report of a trial. */

static void
fig_breaker_learn(const fig_breaker_conf_t *conf, uint64_t now,
    fig_breaker_result_t result, fig_breaker_word_t *w)
{
    if (w->trials) {
        w->trials--;
    }

    if (result == FIG_BREAKER_FAILURE) {
        fig_breaker_turn(w, FIG_BREAKER_OPEN, now);

    } else if (result == FIG_BREAKER_SUCCESS
               && ++w->count >= conf->successes)
    {
        fig_breaker_turn(w, FIG_BREAKER_CLOSED, now);
    }
}


static bool
fig_breaker_next(const fig_breaker_conf_t *conf, uint64_t now,
    fig_breaker_pass_t pass, fig_breaker_result_t result, bool rate,
    fig_breaker_word_t *w)
{
    if (pass.period != w->period) {
        return false;
    }

    if (pass.trial) {

        if (w->state != FIG_BREAKER_HALF_OPEN) {
            return false;
        }

        fig_breaker_learn(conf, now, result, w);
        return true;
    }

    return w->state == FIG_BREAKER_CLOSED
           && fig_breaker_count(conf, now, result, rate, w);
}


bool
fig_breaker_report(fig_breaker_t *breaker, const fig_breaker_conf_t *conf,
    uint64_t now, fig_breaker_pass_t pass, fig_breaker_result_t result,
    fig_breaker_state_t *state)
{
    bool                 rate;
    uint64_t             word;
    fig_breaker_word_t   w;
    fig_breaker_state_t  before;

    word = atomic_load_explicit(&breaker->word, memory_order_relaxed);
    w = fig_breaker_unpack(word);

    rate = conf->errors
           && result != FIG_BREAKER_NEITHER
           && w.state == FIG_BREAKER_CLOSED
           && w.period == pass.period
           && !pass.trial
           && fig_breaker_is_rate(breaker, conf, now,
                                  result == FIG_BREAKER_FAILURE);

    do {
        w = fig_breaker_unpack(word);
        before = w.state;

        if (!fig_breaker_next(conf, now, pass, result, rate, &w)) {
            return false;
        }

    } while (!fig_breaker_swap(breaker, &word, w));

    *state = w.state;

    if (before == FIG_BREAKER_HALF_OPEN && w.state == FIG_BREAKER_CLOSED) {
        fig_breaker_forget(breaker);
    }

    return w.state != before;
}


void
fig_breaker_look(fig_breaker_t *breaker, const fig_breaker_conf_t *conf,
    uint64_t now, fig_breaker_view_t *view)
{
    uint64_t            since;
    fig_breaker_word_t  w;

    w = fig_breaker_unpack(atomic_load_explicit(&breaker->word,
                                                memory_order_relaxed));
    since = fig_breaker_since(now, w.time);

    view->state = w.state;
    view->failures = (w.state == FIG_BREAKER_CLOSED) ? w.count : 0;
    view->trials = w.trials;
    view->share = (w.state == FIG_BREAKER_CLOSED)
                  ? fig_breaker_share(conf, now, w) : 0;
    view->left = (w.state == FIG_BREAKER_OPEN && since < conf->open)
                 ? conf->open - since : 0;
}
