/*
 * Counts and caps of copies, for all workers together.
 *
 *     slot of a route -> row | window | sent | dropped | .. | in flight[] |
 *
 * Copies are few beside requests, so that atomic operations do for them.  What
 * is in flight counts by seat, so that a worker that was killed leaves nothing.
 */

#include "ngx_http_strangler_shadow.h"


#define NGX_HTTP_STRANGLER_TRIES    64
#define NGX_HTTP_STRANGLER_PATIENT  64         /* copies without an answer */
#define NGX_HTTP_STRANGLER_WARY     100        /* ms between two then */


/* The log's words; metrics leave out what is in front of the reason. */

const char *const  ngx_http_strangler_drops[NGX_HTTP_STRANGLER_DROPS] = {
    "dropped_rate",
    "dropped_in_flight",
    "dropped_body",
    "dropped_memory",
    "dropped_connections",
    "dropped_queue",
    "dropped_exiting",
    "dropped_error"
};


size_t
ngx_http_strangler_shadow_row_size(ngx_http_strangler_count_t *count)
{
    return sizeof(ngx_http_strangler_shadow_row_t)
           + count->nseats * sizeof(ngx_atomic_t);
}


void
ngx_http_strangler_count_drop(ngx_http_strangler_slot_t *slot,
    ngx_http_strangler_drop_e drop)
{
    (void) ngx_atomic_fetch_add(&slot->shadow->dropped[drop], 1);
}


/*
 * A side that answers nothing, or that is given up in the middle, costs as much
 * as one that is worth it, or more.  Then few copies are enough to know, and to
 * see that it is back.
 */

void
ngx_http_strangler_shadow_answered(ngx_http_strangler_slot_t *slot,
    ngx_uint_t answered)
{
    ngx_atomic_t  *unanswered;

    unanswered = &slot->shadow->unanswered;

    if (!answered) {
        (void) ngx_atomic_fetch_add(unanswered, 1);

    } else if (*unanswered) {
        *unanswered = 0;
    }
}


/*
 * One at a time, so that what each of them costs is never to be waited for by
 * many clients at once.
 */

static ngx_uint_t
ngx_http_strangler_is_turn(ngx_http_strangler_slot_t *slot)
{
    ngx_atomic_t       *last;
    ngx_atomic_uint_t   old;

    last = &slot->shadow->last;
    old = *last;

    return (ngx_msec_int_t) (ngx_current_msec - old) >= NGX_HTTP_STRANGLER_WARY
           && ngx_atomic_cmp_set(last, old, ngx_current_msec);
}


/*
 * So many in each second of the clock.  A loop that is beaten by others again
 * and again is among too many anyway.
 */

ngx_uint_t
ngx_http_strangler_shadow_rate(ngx_http_strangler_slot_t *slot,
    ngx_uint_t per_second)
{
    ngx_uint_t         i;
    ngx_atomic_t      *window;
    ngx_atomic_uint_t  old, second, copies;

    if (slot->shadow->unanswered >= NGX_HTTP_STRANGLER_PATIENT
        && !ngx_http_strangler_is_turn(slot))
    {
        return 0;
    }

    window = &slot->shadow->window;
    second = (ngx_atomic_uint_t) ngx_time() & 0x7fffffff;

    for (i = 0; i < NGX_HTTP_STRANGLER_TRIES; i++) {
        old = *window;
        copies = (old >> 32 == second) ? (old & 0xffffffff) : 0;

        if (copies >= per_second) {
            return 0;
        }

        if (ngx_atomic_cmp_set(window, old, (second << 32) | (copies + 1))) {
            return 1;
        }
    }

    return 0;
}


ngx_uint_t
ngx_http_strangler_shadow_in_flight(ngx_http_strangler_count_t *count,
    ngx_http_strangler_slot_t *slot)
{
    ngx_uint_t         seat;
    ngx_atomic_int_t   n;

    n = 0;

    for (seat = 0; seat <= count->nseats; seat++) {
        n += (ngx_atomic_int_t) slot->shadow->in_flight[seat];
    }

    return (ngx_uint_t) ngx_max(n, 0);
}


void
ngx_http_strangler_shadow_enter(ngx_http_strangler_counter_t *counter,
    ngx_http_strangler_slot_t *slot, ngx_atomic_int_t n)
{
    (void) ngx_atomic_fetch_add(&slot->shadow->in_flight[counter->seat], n);
}


ngx_uint_t
ngx_http_strangler_count_shadow(ngx_http_strangler_count_t *count,
    const ngx_http_strangler_slot_t *slot,
    ngx_http_strangler_shadow_sums_t *sums)
{
    ngx_uint_t                        i, seat;
    ngx_atomic_int_t                  n;
    ngx_http_strangler_shadow_row_t  *row;

    ngx_memzero(sums, sizeof(ngx_http_strangler_shadow_sums_t));

    if (slot == NULL || slot->shadow == NULL) {
        return 0;
    }

    row = slot->shadow;

    sums->sent[0] = row->sent[0];
    sums->sent[1] = row->sent[1];
    sums->probes = row->probes;

    for (i = 0; i < NGX_HTTP_STRANGLER_DROPS; i++) {
        sums->dropped[i] = row->dropped[i];
    }

    for (i = 0; i < NGX_HTTP_STRANGLER_PAIR_OUTCOMES; i++) {
        sums->outcomes[i] = row->outcomes[i];
    }

    n = 0;

    for (seat = 0; seat <= count->nseats; seat++) {
        if (seat == count->nseats
            || ngx_http_strangler_lives(count->seats[seat].pid))
        {
            n += (ngx_atomic_int_t) row->in_flight[seat];
        }
    }

    sums->in_flight = (uint64_t) ngx_max(n, 0);

    return 1;
}
