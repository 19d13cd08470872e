/*
 * The breaker with a clock of the test's own: each transition, what comes late,
 * and a long walk beside a model that keeps everything in plain variables.
 */

#include "unit.h"

#include "fig_breaker.h"


#define OPEN    30000
#define RAMP    10000
#define WINDOW  10000


static const fig_breaker_conf_t  in_a_row = {
    .failures = 3, .successes = 2, .open = OPEN, .ramp = RAMP,
    .window = WINDOW, .min_requests = 20
};

static const fig_breaker_conf_t  by_rate = {
    .successes = 2, .errors = 5000, .min_requests = 20, .window = WINDOW,
    .open = OPEN, .ramp = RAMP
};


/* A breaker, its clock, and what a report has said last. */

static fig_breaker_t        breaker;
static uint64_t             now;
static fig_breaker_state_t  turned;


static int
setup(void **state)
{
    (void) state;

    memset(&breaker, 0, sizeof(breaker));
    now = 1000000;

    return 0;
}


static fig_breaker_view_t
look(const fig_breaker_conf_t *conf)
{
    fig_breaker_view_t  view;

    fig_breaker_look(&breaker, conf, now, &view);

    return view;
}


static fig_breaker_pass_t
admitted(const fig_breaker_conf_t *conf)
{
    fig_breaker_pass_t  pass;

    assert_true(fig_breaker_admit(&breaker, conf, now, 0, &pass));

    return pass;
}


static void
refused(const fig_breaker_conf_t *conf)
{
    fig_breaker_pass_t  pass;

    assert_false(fig_breaker_admit(&breaker, conf, now, 0, &pass));
}


static bool
report(const fig_breaker_conf_t *conf, fig_breaker_pass_t pass,
    fig_breaker_result_t result)
{
    return fig_breaker_report(&breaker, conf, now, pass, result, &turned);
}


/* One request from begin to end. */

static bool
request(const fig_breaker_conf_t *conf, fig_breaker_result_t result)
{
    return report(conf, admitted(conf), result);
}


static void
open_it(const fig_breaker_conf_t *conf)
{
    uint32_t  i;

    for (i = 1; i < conf->failures; i++) {
        assert_false(request(conf, FIG_BREAKER_FAILURE));
    }

    assert_true(request(conf, FIG_BREAKER_FAILURE));
    assert_int_equal(turned, FIG_BREAKER_OPEN);
}


static void
test_failures_in_a_row(void **state)
{
    (void) state;

    open_it(&in_a_row);
    assert_int_equal(look(&in_a_row).state, FIG_BREAKER_OPEN);
    assert_int_equal(look(&in_a_row).left, OPEN);
    refused(&in_a_row);

    now += OPEN - 1;
    assert_int_equal(look(&in_a_row).left, 1);
    refused(&in_a_row);
}


static void
test_a_success_between_starts_anew(void **state)
{
    int  i;

    (void) state;

    for (i = 0; i < 10; i++) {
        assert_false(request(&in_a_row, FIG_BREAKER_FAILURE));
        assert_false(request(&in_a_row, FIG_BREAKER_FAILURE));
        assert_int_equal(look(&in_a_row).failures, 2);
        assert_false(request(&in_a_row, FIG_BREAKER_SUCCESS));
        assert_int_equal(look(&in_a_row).failures, 0);
    }
}


static void
test_neither_changes_nothing(void **state)
{
    int  i;

    (void) state;

    assert_false(request(&in_a_row, FIG_BREAKER_FAILURE));
    assert_false(request(&in_a_row, FIG_BREAKER_FAILURE));

    for (i = 0; i < 10; i++) {
        assert_false(request(&in_a_row, FIG_BREAKER_NEITHER));
    }

    assert_int_equal(look(&in_a_row).failures, 2);
}


static void
test_trials_close_it(void **state)
{
    fig_breaker_pass_t  first, second;

    (void) state;

    open_it(&in_a_row);
    now += OPEN;

    first = admitted(&in_a_row);
    second = admitted(&in_a_row);
    assert_true(first.trial && second.trial);
    refused(&in_a_row);
    assert_int_equal(look(&in_a_row).state, FIG_BREAKER_HALF_OPEN);
    assert_int_equal(look(&in_a_row).trials, 2);

    assert_false(report(&in_a_row, first, FIG_BREAKER_SUCCESS));
    assert_int_equal(look(&in_a_row).trials, 1);
    assert_true(report(&in_a_row, second, FIG_BREAKER_SUCCESS));
    assert_int_equal(turned, FIG_BREAKER_CLOSED);
}


static void
test_a_trial_that_fails_opens_it_again(void **state)
{
    fig_breaker_pass_t  first, second;

    (void) state;

    open_it(&in_a_row);
    now += OPEN;

    first = admitted(&in_a_row);
    second = admitted(&in_a_row);

    now += 100;
    assert_true(report(&in_a_row, second, FIG_BREAKER_FAILURE));
    assert_int_equal(turned, FIG_BREAKER_OPEN);
    assert_int_equal(look(&in_a_row).left, OPEN);

    /* the other one is of no account any more */

    assert_false(report(&in_a_row, first, FIG_BREAKER_SUCCESS));
    assert_int_equal(look(&in_a_row).state, FIG_BREAKER_OPEN);
}


static void
test_a_trial_that_says_nothing_makes_place(void **state)
{
    fig_breaker_pass_t  pass;

    (void) state;

    open_it(&in_a_row);
    now += OPEN;

    (void) admitted(&in_a_row);
    pass = admitted(&in_a_row);
    refused(&in_a_row);
    assert_false(report(&in_a_row, pass, FIG_BREAKER_NEITHER));
    assert_true(admitted(&in_a_row).trial);
    refused(&in_a_row);
}


/* Of a process that was killed there is no report. */

static void
test_lost_trials_are_forgotten(void **state)
{
    fig_breaker_pass_t  lost, pass;

    (void) state;

    open_it(&in_a_row);
    now += OPEN;

    lost = admitted(&in_a_row);
    (void) admitted(&in_a_row);
    now += OPEN - 1;
    refused(&in_a_row);
    now += 1;

    pass = admitted(&in_a_row);
    assert_true(pass.trial);
    assert_int_equal(look(&in_a_row).trials, 1);

    /* and one that comes back after all is of the period before */

    assert_false(report(&in_a_row, lost, FIG_BREAKER_FAILURE));
    assert_int_equal(look(&in_a_row).state, FIG_BREAKER_HALF_OPEN);
}


static void
test_what_was_under_way_counts_for_nothing(void **state)
{
    int                 i;
    fig_breaker_pass_t  before[8];

    (void) state;

    for (i = 0; i < 8; i++) {
        before[i] = admitted(&in_a_row);
    }

    open_it(&in_a_row);
    assert_false(report(&in_a_row, before[0], FIG_BREAKER_SUCCESS));

    now += OPEN;
    assert_false(request(&in_a_row, FIG_BREAKER_SUCCESS));
    assert_false(report(&in_a_row, before[1], FIG_BREAKER_FAILURE));
    assert_true(request(&in_a_row, FIG_BREAKER_SUCCESS));
    assert_int_equal(turned, FIG_BREAKER_CLOSED);

    for (i = 2; i < 8; i++) {
        assert_false(report(&in_a_row, before[i], FIG_BREAKER_FAILURE));
    }

    assert_int_equal(look(&in_a_row).failures, 0);
}


static void
close_it(const fig_breaker_conf_t *conf)
{
    open_it(conf);
    now += OPEN;
    assert_false(request(conf, FIG_BREAKER_SUCCESS));
    assert_true(request(conf, FIG_BREAKER_SUCCESS));
}


static void
test_traffic_comes_back_by_and_by(void **state)
{
    uint32_t            i, passed, share;
    fig_breaker_pass_t  pass;

    (void) state;

    close_it(&in_a_row);

    for (share = 0; share <= 100; share += 10) {
        passed = 0;

        for (i = 0; i < 100; i++) {
            passed += fig_breaker_admit(&breaker, &in_a_row, now, i, &pass);
        }

        assert_int_equal(passed, share);
        assert_int_equal(look(&in_a_row).share, share);
        now += RAMP / 10;
    }

    now += 10 * RAMP;
    assert_int_equal(look(&in_a_row).share, 100);
}


static void
test_without_a_ramp_all_come_back(void **state)
{
    fig_breaker_pass_t  pass;
    fig_breaker_conf_t  conf;

    (void) state;

    conf = in_a_row;
    conf.ramp = 0;
    close_it(&conf);
    assert_true(fig_breaker_admit(&breaker, &conf, now, 99, &pass));
}


static void
test_the_rate_opens_it(void **state)
{
    int  i;

    (void) state;

    /* 9 of 19 are too few to tell, 10 of 20 are half of them */

    for (i = 0; i < 19; i++) {
        assert_false(request(&by_rate, i % 2 ? FIG_BREAKER_FAILURE
                                             : FIG_BREAKER_SUCCESS));
    }

    assert_true(request(&by_rate, FIG_BREAKER_FAILURE));
    assert_int_equal(turned, FIG_BREAKER_OPEN);
}


static void
test_below_the_rate_it_stays_closed(void **state)
{
    int  i;

    (void) state;

    for (i = 0; i < 1000; i++) {
        assert_false(request(&by_rate, i % 3 ? FIG_BREAKER_SUCCESS
                                             : FIG_BREAKER_FAILURE));
        now += 10;
    }
}


static void
test_the_window_moves_on(void **state)
{
    int  i;

    (void) state;

    for (i = 0; i < 19; i++) {
        assert_false(request(&by_rate, FIG_BREAKER_FAILURE));
    }

    now += WINDOW;

    for (i = 0; i < 19; i++) {
        assert_false(request(&by_rate, FIG_BREAKER_FAILURE));
    }

    now += WINDOW / 2;
    assert_true(request(&by_rate, FIG_BREAKER_FAILURE));
}


static void
test_errors_of_before_do_not_open_it_again(void **state)
{
    int                 i;
    fig_breaker_conf_t  conf;

    (void) state;

    conf = by_rate;
    conf.open = 100;
    conf.ramp = 0;

    for (i = 0; i < 19; i++) {
        (void) request(&conf, FIG_BREAKER_FAILURE);
    }

    assert_true(request(&conf, FIG_BREAKER_FAILURE));
    now += 100;
    assert_false(request(&conf, FIG_BREAKER_SUCCESS));
    assert_true(request(&conf, FIG_BREAKER_SUCCESS));
    assert_int_equal(turned, FIG_BREAKER_CLOSED);

    for (i = 0; i < 19; i++) {
        assert_false(request(&conf, FIG_BREAKER_FAILURE));
    }

    assert_true(request(&conf, FIG_BREAKER_FAILURE));
}


static void
test_late_reports_are_not_in_the_rate(void **state)
{
    int                 i;
    fig_breaker_conf_t  conf;
    fig_breaker_pass_t  late[30];

    (void) state;

    conf = by_rate;
    conf.ramp = 0;

    for (i = 0; i < 30; i++) {
        late[i] = admitted(&conf);
    }

    for (i = 0; i < 20; i++) {
        (void) request(&conf, FIG_BREAKER_FAILURE);
    }

    assert_int_equal(look(&conf).state, FIG_BREAKER_OPEN);
    now += OPEN;
    (void) request(&conf, FIG_BREAKER_SUCCESS);
    assert_true(request(&conf, FIG_BREAKER_SUCCESS));

    for (i = 0; i < 30; i++) {
        assert_false(report(&conf, late[i], FIG_BREAKER_FAILURE));
    }

    assert_false(request(&conf, FIG_BREAKER_FAILURE));
}


/* Other workers look at the clock a little earlier or later. */

static void
test_a_clock_that_lags(void **state)
{
    (void) state;

    open_it(&in_a_row);
    now -= 5;
    refused(&in_a_row);
    assert_int_equal(look(&in_a_row).left, OPEN);
    now += OPEN + 5;
    assert_true(admitted(&in_a_row).trial);
    now -= 5;
    assert_true(admitted(&in_a_row).trial);
    refused(&in_a_row);
}


/* What the breaker should be, in plain variables; no rate, no ramp. */

typedef struct {
    fig_breaker_state_t  state;
    uint32_t             failures, successes, trials;
    uint64_t             time;
    int                  period;
} model_t;


typedef struct {
    fig_breaker_pass_t   pass;
    int                  period;
    bool                 trial;
} held_t;


static bool
model_admit(model_t *m, const fig_breaker_conf_t *conf, held_t *held)
{
    if (m->state == FIG_BREAKER_OPEN && now - m->time >= conf->open) {
        m->state = FIG_BREAKER_HALF_OPEN;
        m->successes = m->trials = 0;
        m->period++;
    }

    if (m->state == FIG_BREAKER_HALF_OPEN && m->trials == conf->successes
        && now - m->time >= conf->open)
    {
        m->successes = m->trials = 0;
        m->period++;
    }

    held->period = m->period;
    held->trial = m->state == FIG_BREAKER_HALF_OPEN;

    if (m->state == FIG_BREAKER_CLOSED) {
        return true;
    }

    if (m->state == FIG_BREAKER_OPEN || m->trials == conf->successes) {
        return false;
    }

    m->trials++;
    m->time = now;

    return true;
}


static void
model_report(model_t *m, const fig_breaker_conf_t *conf, const held_t *held,
    fig_breaker_result_t result)
{
    bool  failed;

    failed = result == FIG_BREAKER_FAILURE;

    if (held->period != m->period || m->state == FIG_BREAKER_OPEN
        || held->trial != (m->state == FIG_BREAKER_HALF_OPEN))
    {
        return;
    }

    if (held->trial) {
        m->trials--;
        m->successes += result == FIG_BREAKER_SUCCESS;

        if (m->successes == conf->successes) {
            m->state = FIG_BREAKER_CLOSED;
            m->failures = 0;
        }

    } else if (result == FIG_BREAKER_SUCCESS) {
        m->failures = 0;
    }

    m->failures += failed;

    if (failed && (held->trial || m->failures == conf->failures)) {
        m->state = FIG_BREAKER_OPEN;
        m->time = now;
    }
}


static void
test_a_long_walk_beside_a_model(void **state)
{
    bool                 may;
    int                  i, n, at, opened;
    held_t               held[32];
    model_t              m = { .state = FIG_BREAKER_CLOSED };
    fig_breaker_conf_t   conf;
    fig_breaker_state_t  before;

    (void) state;

    conf = in_a_row;
    conf.ramp = 0;
    conf.open = 50;
    n = opened = 0;
    srand(1);

    for (i = 0; i < 300000; i++) {
        now += (uint64_t) (rand() % 8);

        if (n < 32 && rand() % 2) {
            may = model_admit(&m, &conf, &held[n]);
            assert_int_equal(fig_breaker_admit(&breaker, &conf, now, 0,
                                               &held[n].pass), may);
            n += may;

        } else if (n) {
            fig_breaker_result_t  result = (fig_breaker_result_t) (rand() % 3);

            at = rand() % n;
            before = m.state;
            model_report(&m, &conf, &held[at], result);
            assert_int_equal(report(&conf, held[at].pass, result),
                             m.state != before);
            opened += m.state != before && m.state == FIG_BREAKER_OPEN;
            held[at] = held[--n];
        }

        assert_int_equal(look(&conf).state, m.state);
    }

    assert_true(opened > 1000);
}


int
main(void)
{
    const struct CMUnitTest  tests[] = {
        cmocka_unit_test_setup(test_failures_in_a_row, setup),
        cmocka_unit_test_setup(test_a_success_between_starts_anew, setup),
        cmocka_unit_test_setup(test_neither_changes_nothing, setup),
        cmocka_unit_test_setup(test_trials_close_it, setup),
        cmocka_unit_test_setup(test_a_trial_that_fails_opens_it_again, setup),
        cmocka_unit_test_setup(test_a_trial_that_says_nothing_makes_place,
                               setup),
        cmocka_unit_test_setup(test_lost_trials_are_forgotten, setup),
        cmocka_unit_test_setup(test_what_was_under_way_counts_for_nothing,
                               setup),
        cmocka_unit_test_setup(test_traffic_comes_back_by_and_by, setup),
        cmocka_unit_test_setup(test_without_a_ramp_all_come_back, setup),
        cmocka_unit_test_setup(test_the_rate_opens_it, setup),
        cmocka_unit_test_setup(test_below_the_rate_it_stays_closed, setup),
        cmocka_unit_test_setup(test_the_window_moves_on, setup),
        cmocka_unit_test_setup(test_errors_of_before_do_not_open_it_again,
                               setup),
        cmocka_unit_test_setup(test_late_reports_are_not_in_the_rate, setup),
        cmocka_unit_test_setup(test_a_clock_that_lags, setup),
        cmocka_unit_test_setup(test_a_long_walk_beside_a_model, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
