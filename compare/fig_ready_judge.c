/*
 * The verdict of fig_ready.h in words.
 *
 *     what forbids it     -> not ready     classes, latency, incomparable, S
 *     S >= ln(1/alpha)    -> ready
 *     otherwise           -> gathering     with the date at the present rate
 */

#include "fig_ready.h"
#include "fig_ready_score.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>


#define FIG_NUMBER  32


const char *
fig_verdict_name(fig_verdict_t verdict)
{
    static const char *const  names[] = { "gathering", "ready", "not ready" };

    return names[verdict];
}


static void __attribute__((format(printf, 2, 3)))
fig_ready_say(fig_readiness_t *readiness, const char *format, ...)
{
    va_list  args;

    if (readiness->nreasons == FIG_READY_REASONS) {
        return;
    }

    va_start(args, format);
    vsnprintf(readiness->reasons[readiness->nreasons++], FIG_READY_TEXT,
              format, args);
    va_end(args);
}


/* 1234567 -> 1,234,567 */

static const char *
fig_ready_number(uint64_t n, char text[FIG_NUMBER])
{
    char    *p;
    size_t   digits;

    p = text + FIG_NUMBER;
    *--p = '\0';
    digits = 0;

    do {
        if (digits != 0 && digits % 3 == 0) {
            *--p = ',';
        }

        *--p = (char) ('0' + n % 10);
        n /= 10;
        digits++;
    } while (n != 0);

    return p;
}


/* A share in percent with three digits behind the point at most: 0.1, 2.5 */

static const char *
fig_ready_percent(uint64_t part, uint64_t whole, char text[FIG_NUMBER])
{
    int       len;
    uint64_t  milli;

    milli = (whole != 0) ? (part * 100000 + whole / 2) / whole : 0;
    len = snprintf(text, FIG_NUMBER, "%" PRIu64 ".%03u", milli / 1000,
                   (unsigned) (milli % 1000));

    while (text[len - 1] == '0') {
        text[--len] = '\0';
    }

    if (text[len - 1] == '.') {
        text[--len] = '\0';
    }

    return text;
}


static void
fig_ready_forbid(fig_readiness_t *readiness)
{
    readiness->verdict = FIG_VERDICT_NOT_READY;
}


static void
fig_ready_judge_incomparable(const fig_ready_t *ready,
    fig_readiness_t *readiness)
{
    char      share[FIG_NUMBER];
    uint64_t  all;

    all = ready->matches + ready->mismatches + ready->incomparable;

    if (ready->incomparable * 100 <= all || all < 100) {
        return;
    }

    fig_ready_forbid(readiness);
    fig_ready_say(readiness, "%s %% of the pairs are incomparable, 1 %% may be",
                  fig_ready_percent(ready->incomparable, all, share));
}


/* Returns whether latencies are known, or need not be. */

static bool
fig_ready_judge_latency(const fig_ready_facts_t *facts,
    fig_readiness_t *readiness)
{
    uint32_t  a, b;
    uint64_t  allowed;

    if (facts->primary == NULL || facts->candidate == NULL) {
        return true;
    }

    if (facts->primary->total < FIG_LATENCY_ENOUGH
        || facts->candidate->total < FIG_LATENCY_ENOUGH)
    {
        return false;
    }

    a = fig_latency_percentile(facts->primary, 99);
    b = fig_latency_percentile(facts->candidate, 99);
    allowed = fig_latency_allowed(a);

    if (b > allowed) {
        fig_ready_forbid(readiness);
        fig_ready_say(readiness, "the candidate's p99 is %u ms, %u ms may be: "
                      "the primary's is %u ms", (unsigned) ((b + 500) / 1000),
                      (unsigned) (allowed / 1000),
                      (unsigned) ((a + 500) / 1000));
    }

    return true;
}


/* When it will be ready if all goes on as in the last hour or two. */

static void
fig_ready_expect(const fig_ready_t *ready, const fig_score_t *score,
    uint64_t now, fig_readiness_t *readiness)
{
    double    gain, missing, pairs, failures, seconds;
    uint64_t  since;

    since = ready->window - (ready->pairs[0] != 0 ? 3600 : 0);
    pairs = (double) (ready->pairs[0] + ready->pairs[1]);
    failures = (double) (ready->failures[0] + ready->failures[1]);
    missing = (double) (score->ready - ready->score);

    if (missing <= 0) {
        return;
    }

    /* what does not count of m does not count here either */

    gain = (pairs - failures) * (double) score->match;

    if (ready->matches != 0) {
        gain *= (double) ready->credit / 1000 / (double) ready->matches;
    }

    gain -= failures * (double) score->mismatch;

    if (pairs < 10 || now <= since) {
        return;
    }

    if (gain <= 0) {
        fig_ready_say(readiness, "at the present rate of mismatches it will "
                      "not become ready");
        return;
    }

    seconds = missing / gain * (double) (now - since);

    if (seconds < 100.0 * 365 * 86400) {
        readiness->expected = now + (uint64_t) seconds + 1;
    }
}


/* How far it is, and what is odd about what there is. */

static void
fig_ready_describe(const fig_ready_t *ready, const fig_score_t *score,
    fig_readiness_t *readiness)
{
    char      x[FIG_NUMBER], y[FIG_NUMBER];
    uint64_t  lost;

    if (readiness->needed != 0) {
        fig_ready_say(readiness, "%s matches in a row are needed at least, "
                      "besides the %s there are",
                      fig_ready_number(readiness->needed, x),
                      fig_ready_number(readiness->m, y));
    }

    if (ready->score <= -score->ready) {
        fig_ready_forbid(readiness);
        fig_ready_say(readiness, "%s of %s pairs are mismatches: that is "
                      "clearly too many", fig_ready_number(readiness->k, x),
                      fig_ready_number(ready->matches + ready->mismatches, y));
    }

    lost = ready->matches - readiness->m;

    if (ready->nrequests < FIG_READY_DISTINCT) {
        fig_ready_say(readiness, "only %u distinct requests were seen: all of "
                      "their pairs count", (unsigned) ready->nrequests);

    } else if (lost > ready->matches / 100) {
        fig_ready_say(readiness, "%s matches do not count: one request makes "
                      "at most 1 %%", fig_ready_number(lost, x));
    }
}


static void
fig_ready_estimate(const fig_ready_t *ready, const fig_score_t *score,
    fig_readiness_t *readiness)
{
    char      p0[FIG_NUMBER], level[FIG_NUMBER], k[FIG_NUMBER], n[FIG_NUMBER];
    uint64_t  pairs;

    pairs = ready->matches + ready->mismatches;

    if (ready->score >= score->ready) {
        fig_ready_percent((uint64_t) (score->p0 * 1e9 + 0.5), 1000000000, p0);
        fig_ready_percent((uint64_t) ((1 - score->alpha) * 1e9 + 0.5),
                          1000000000, level);
        snprintf(readiness->estimate, FIG_READY_TEXT,
                 "mismatch rate < %s %% at %s %% confidence", p0, level);
        return;
    }

    snprintf(readiness->estimate, FIG_READY_TEXT,
             "mismatch rate %s %% so far: %s of %s pairs",
             fig_ready_percent(ready->mismatches, pairs, p0),
             fig_ready_number(ready->mismatches, k),
             fig_ready_number(pairs, n));
}


void
fig_ready_judge(const fig_ready_t *ready, const fig_ready_limits_t *limits,
    const fig_ready_facts_t *facts, uint64_t now, fig_readiness_t *readiness)
{
    bool         known;
    fig_score_t  score;

    memset(readiness, 0, sizeof(fig_readiness_t));
    fig_ready_score(limits, &score);

    readiness->score = (double) ready->score / 1e12;
    readiness->threshold = (double) score.ready / 1e12;
    readiness->m = ready->credit / 1000;
    readiness->k = ready->mismatches;
    readiness->verdict = FIG_VERDICT_GATHERING;

    if (ready->score < score.ready) {
        readiness->needed = (uint64_t) ((score.ready - ready->score
                                         + score.match - 1) / score.match);
    }

    if (facts->nblocking != 0) {
        fig_ready_forbid(readiness);
        fig_ready_say(readiness, "%zu classes of differences forbid it, such "
                      "as %.*s", facts->nblocking, (int) facts->blocking.len,
                      facts->blocking.data);
    }

    fig_ready_judge_incomparable(ready, readiness);
    known = fig_ready_judge_latency(facts, readiness);
    fig_ready_describe(ready, &score, readiness);
    fig_ready_expect(ready, &score, now, readiness);
    fig_ready_estimate(ready, &score, readiness);

    if (!known) {
        fig_ready_say(readiness, "too few durations are known to compare");

    } else if (readiness->verdict == FIG_VERDICT_GATHERING
               && readiness->needed == 0)
    {
        readiness->verdict = FIG_VERDICT_READY;
    }

    if (readiness->verdict == FIG_VERDICT_READY) {
        fig_ready_say(readiness, "%s", readiness->estimate);
    }
}
