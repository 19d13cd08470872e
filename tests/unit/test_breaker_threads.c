/*
 * The breaker between threads; with the thread sanitizer, too.  A clock goes on
 * while they ask and report, so that all its changes meet each other.
 */

#include "unit.h"

#include "fig_breaker.h"

#include <pthread.h>


#define THREADS   8
#define REQUESTS  40000
#define PERIODS   256


static const fig_breaker_conf_t  conf = {
    .failures = 5, .successes = 3, .errors = 5000, .min_requests = 20,
    .window = 100, .open = 40, .ramp = 20
};

static fig_breaker_t     breaker;
static _Atomic uint64_t  clock_ms = 1000;

/* Trials under way, by their period, and what the reports have said. */

static _Atomic uint32_t  trials[PERIODS];
static _Atomic uint32_t  most;
static _Atomic uint32_t  turns[3];
static _Atomic uint64_t  passed, refused;


static void
begin_trial(uint8_t period)
{
    uint32_t  n, seen;

    n = atomic_fetch_add(&trials[period], 1) + 1;
    seen = atomic_load(&most);

    while (n > seen && !atomic_compare_exchange_weak(&most, &seen, n)) {
        /* void */
    }
}


/* Numerical Recipes' generator: each thread has its own. */

static uint32_t
draw(uint32_t *seed)
{
    *seed = *seed * 1664525 + 1013904223;

    return *seed >> 8;
}


static void *
work(void *data)
{
    int                   i;
    uint64_t              now;
    uint32_t              seed;
    fig_breaker_pass_t    pass;
    fig_breaker_state_t   turned;
    fig_breaker_result_t  result;

    seed = (uint32_t) (uintptr_t) data;

    for (i = 0; i < REQUESTS; i++) {
        now = atomic_fetch_add(&clock_ms, draw(&seed) % 8 == 0);

        if (!fig_breaker_admit(&breaker, &conf, now, draw(&seed),
                               &pass))
        {
            atomic_fetch_add(&refused, 1);
            continue;
        }

        atomic_fetch_add(&passed, 1);

        if (pass.trial) {
            begin_trial(pass.period);
        }

        /* good and bad times follow each other */

        result = (now / 300 % 2 && draw(&seed) % 4) ? FIG_BREAKER_FAILURE
                                                      : FIG_BREAKER_SUCCESS;

        if (pass.trial) {
            atomic_fetch_sub(&trials[pass.period], 1);
        }

        if (fig_breaker_report(&breaker, &conf, now, pass, result, &turned)) {
            atomic_fetch_add(&turns[turned], 1);
        }
    }

    return NULL;
}


static void
test_threads(void **state)
{
    int                 i;
    uint32_t            opened, closed;
    pthread_t           threads[THREADS];
    fig_breaker_view_t  view;

    (void) state;

    for (i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, work,
                                        (void *) (uintptr_t) (i + 1)), 0);
    }

    for (i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }

    opened = turns[FIG_BREAKER_OPEN];
    closed = turns[FIG_BREAKER_CLOSED];

    print_message("%u passed, %u refused, opened %u and closed %u times\n",
                  (unsigned) passed, (unsigned) refused, opened, closed);

    assert_int_equal(passed + refused, THREADS * REQUESTS);
    assert_true(opened > 10 && closed > 10 && refused > 1000);
    assert_int_equal(turns[FIG_BREAKER_HALF_OPEN], 0);

    /* each closing follows an opening, and each is told of once */

    fig_breaker_look(&breaker, &conf, clock_ms, &view);
    assert_true(closed <= opened);
    assert_true(view.state != FIG_BREAKER_CLOSED || closed > 0);

    /* never more trials than successes are wanted */

    assert_true(most > 0);
    assert_true(most <= conf.successes);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test(test_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
