/*
 * Evidence of fig_ready.h: the score, and what counts of it.
 *
 *     counts  | 900 | 30 | 7 | 7 | 1 ...     m = sum of min(count, m / 100)
 *
 * Which requests are frequent is kept by Space-Saving (Metwally, Agrawal, El
 * Abbadi 2005): where there is no room the least frequent one makes it, and
 * leaves its count.  Integers, so that every machine comes to the same verdict.
 */

#include "fig_ready.h"
#include "fig_ready_score.h"

#include <math.h>


#define FIG_READY_UNIT    1e12
#define FIG_READY_CREDIT  1000         /* thousandths of a match */
#define FIG_READY_SLACK   2.31
#define FIG_READY_HOUR    3600
#define FIG_READY_LEAST   (INT64_MIN / 4)      /* of S: no number is lower */


void
fig_ready_score(const fig_ready_limits_t *limits, fig_score_t *score)
{
    double  p0, p1, alpha;

    p0 = (limits != NULL && limits->p0 > 0) ? limits->p0 : 0.001;
    alpha = (limits != NULL && limits->alpha > 0) ? limits->alpha : 0.01;
    p1 = p0 / 10;

    score->p0 = p0;
    score->alpha = alpha;
    score->match = llround(log((1 - p1) / (1 - p0)) * FIG_READY_UNIT);
    score->mismatch = llround(log(p0 / p1) * FIG_READY_UNIT);
    score->ready = llround(log(1 / alpha) * FIG_READY_UNIT);
    score->most = score->ready + llround(FIG_READY_SLACK * FIG_READY_UNIT);
}


void
fig_ready_init(fig_ready_t *ready, uint64_t evidence)
{
    memset(ready, 0, sizeof(fig_ready_t));
    ready->evidence = evidence;
}


/* Counts a request, for how often it matched. */

static void
fig_ready_count(fig_ready_t *ready, uint64_t request, bool match)
{
    uint32_t  i, least;

    for (i = 0, least = 0; i < ready->nrequests; i++) {
        if (ready->requests[i] == request) {
            ready->counts[i] += match;
            return;
        }

        if (ready->counts[i] < ready->counts[least]) {
            least = i;
        }
    }

    if (i < FIG_READY_REQUESTS) {
        ready->requests[i] = request;
        ready->counts[i] = match;
        ready->nrequests++;

    } else if (match) {
        ready->requests[least] = request;
        ready->counts[least]++;
    }
}


/* The sum of counts, none of which is more than most, in thousandths. */

static uint64_t
fig_ready_sum(const fig_ready_t *ready, uint64_t most)
{
    uint32_t  i;
    uint64_t  sum, count;

    for (i = 0, sum = 0; i < ready->nrequests; i++) {
        count = (uint64_t) ready->counts[i] * FIG_READY_CREDIT;
        sum += (count < most) ? count : most;
    }

    return sum;
}


/*
 * The largest m of which no request makes more than a hundredth: the sum grows
 * ever slower with what a request may make, 100 times that does not.
 */

static uint64_t
fig_ready_credit(const fig_ready_t *ready)
{
    uint64_t  low, high, middle;

    if (ready->nrequests < FIG_READY_DISTINCT) {
        return ready->matches * FIG_READY_CREDIT;
    }

    low = 0;
    high = ready->matches * FIG_READY_CREDIT / 100;

    while (low < high) {
        middle = low + (high - low + 1) / 2;

        if (fig_ready_sum(ready, middle) >= 100 * middle) {
            low = middle;

        } else {
            high = middle - 1;
        }
    }

    return 100 * low;
}


/* The score of a credit and all mismatches; what is too large stays so. */

static int64_t
fig_ready_alone(const fig_ready_t *ready, const fig_score_t *score,
    uint64_t credit)
{
    uint64_t  most, least, matches;

    most = (uint64_t) (INT64_MAX / 2 / score->match);
    least = (uint64_t) (-FIG_READY_LEAST / score->mismatch);
    matches = credit / FIG_READY_CREDIT;

    return (int64_t) (matches < most ? matches : most) * score->match
           + (int64_t) (credit % FIG_READY_CREDIT) * score->match
             / FIG_READY_CREDIT
           - (int64_t) (ready->mismatches < least ? ready->mismatches : least)
             * score->mismatch;
}


static void
fig_ready_match(fig_ready_t *ready, const fig_score_t *score)
{
    uint64_t  credit;

    credit = fig_ready_credit(ready);

    if (credit >= ready->credit) {
        ready->score += (int64_t) (credit - ready->credit) * score->match
                        / FIG_READY_CREDIT;

    } else {

        /* there are enough distinct requests now, and too few of most */

        if (fig_ready_alone(ready, score, credit) < ready->score) {
            ready->score = fig_ready_alone(ready, score, credit);
        }
    }

    ready->credit = credit;

    if (ready->score > score->most) {
        ready->score = score->most;
    }
}


/* The present hour and the one before it, for the rate. */

static void
fig_ready_turn(fig_ready_t *ready, uint64_t now)
{
    if (ready->window == 0) {
        ready->window = now;
    }

    if (now < ready->window + FIG_READY_HOUR) {
        return;
    }

    if (now < ready->window + 2 * FIG_READY_HOUR) {
        ready->pairs[0] = ready->pairs[1];
        ready->failures[0] = ready->failures[1];
        ready->window += FIG_READY_HOUR;

    } else {
        ready->pairs[0] = 0;
        ready->failures[0] = 0;
        ready->window = now;
    }

    ready->pairs[1] = 0;
    ready->failures[1] = 0;
}


void
fig_ready_add(fig_ready_t *ready, const fig_ready_limits_t *limits,
    fig_outcome_t outcome, uint64_t request, uint64_t now)
{
    bool         match;
    fig_score_t  score;

    if (outcome == FIG_OUTCOME_INCOMPARABLE) {
        ready->incomparable++;
        return;
    }

    fig_ready_turn(ready, now);
    fig_ready_score(limits, &score);
    match = (outcome != FIG_OUTCOME_MISMATCH);
    ready->pairs[1]++;

    if (match) {
        ready->matches++;

    } else {
        ready->mismatches++;
        ready->failures[1]++;

        if (ready->score > FIG_READY_LEAST) {
            ready->score -= score.mismatch;
        }
    }

    fig_ready_count(ready, request, match);
    fig_ready_match(ready, &score);
}


void
fig_ready_forgive(fig_ready_t *ready, const fig_ready_limits_t *limits,
    uint64_t mismatches)
{
    size_t       i;
    uint64_t     n, most, left;
    fig_score_t  score;

    fig_ready_score(limits, &score);

    if (mismatches > ready->mismatches) {
        mismatches = ready->mismatches;
    }

    ready->mismatches -= mismatches;
    ready->matches += mismatches;

    for (i = 0, left = mismatches; i < 2; i++) {
        n = (left < ready->failures[i]) ? left : ready->failures[i];
        ready->failures[i] -= n;
        left -= n;
    }

    /* at its lower end the score has not counted all of them */

    most = (uint64_t) (-FIG_READY_LEAST / score.mismatch);

    if (ready->score <= FIG_READY_LEAST || mismatches >= most) {
        ready->score = fig_ready_alone(ready, &score, ready->credit);

    } else {
        ready->score += (int64_t) mismatches * score.mismatch;
    }

    fig_ready_match(ready, &score);
}
