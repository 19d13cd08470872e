/*
 * Arithmetic of counts.
 *
 * Bounds are those of the router, and the same in all nodes of one version; of
 * others the durations are left out.
 */

#include "counts.h"


static bool
cli_counts_side(const json_t *route, const char *name,
    cli_side_counts_t *side)
{
    const json_t  *ends;

    ends = json_object_get(json_object_get(route, "outcomes"), name);
    side->errors = cli_json_real(ends, "server_error");
    side->requests = side->errors + cli_json_real(ends, "success")
                     + cli_json_real(ends, "client_error");

    return json_is_object(ends);
}


static void
cli_counts_durations(const json_t *durations, const char *name, size_t n,
    cli_side_counts_t *side)
{
    size_t         i;
    const json_t  *buckets;

    buckets = json_object_get(durations, name);

    for (i = 0; i <= n; i++) {
        side->buckets[i] = json_number_value(json_array_get(buckets, i));
        side->timed += side->buckets[i];
    }
}


bool
cli_counts_read(const json_t *route, cli_counts_t *counts)
{
    size_t         i;
    double         fallbacks;
    json_t        *n;
    const char    *reason;
    const json_t  *durations, *bounds;

    memset(counts, 0, sizeof(cli_counts_t));

    if (!cli_counts_side(route, "new", &counts->on_new)
        || !cli_counts_side(route, "old", &counts->on_old))
    {
        return false;
    }

    fallbacks = 0;

    json_object_foreach(json_object_get(route, "fallbacks"), reason, n) {
        fallbacks += json_number_value(n);
    }

    counts->on_new.requests += fallbacks;
    counts->on_new.errors += fallbacks;

    durations = json_object_get(route, "durations");
    bounds = json_object_get(durations, "bounds");

    if (json_array_size(bounds) > CLI_COUNTS_BOUNDS) {
        return true;
    }

    counts->nbounds = json_array_size(bounds);

    for (i = 0; i < counts->nbounds; i++) {
        counts->bounds[i] = json_number_value(json_array_get(bounds, i));
    }

    if (counts->nbounds != 0) {
        cli_counts_durations(durations, "new", counts->nbounds,
                             &counts->on_new);
        cli_counts_durations(durations, "old", counts->nbounds,
                             &counts->on_old);
    }

    return true;
}


static void
cli_counts_side_since(const cli_side_counts_t *later,
    const cli_side_counts_t *before, cli_side_counts_t *between)
{
    size_t  i;

    *between = *later;

    if (later->requests < before->requests || later->timed < before->timed) {
        return;
    }

    between->requests -= before->requests;
    between->errors -= before->errors;
    between->timed -= before->timed;

    for (i = 0; i <= CLI_COUNTS_BOUNDS; i++) {
        between->buckets[i] -= before->buckets[i];
    }
}


void
cli_counts_since(const cli_counts_t *later, const cli_counts_t *before,
    cli_counts_t *between)
{
    *between = *later;
    cli_counts_side_since(&later->on_new, &before->on_new, &between->on_new);
    cli_counts_side_since(&later->on_old, &before->on_old, &between->on_old);
}


static void
cli_counts_side_add(cli_side_counts_t *sum, const cli_side_counts_t *other,
    bool timed)
{
    size_t  i;

    sum->requests += other->requests;
    sum->errors += other->errors;

    for (i = 0; i <= CLI_COUNTS_BOUNDS && timed; i++) {
        sum->buckets[i] += other->buckets[i];
    }

    sum->timed += timed ? other->timed : 0;
}


void
cli_counts_add(cli_counts_t *sum, const cli_counts_t *other)
{
    bool  timed;

    if (sum->nbounds == 0) {
        sum->nbounds = other->nbounds;
        memcpy(sum->bounds, other->bounds, sizeof(sum->bounds));
    }

    timed = other->nbounds == sum->nbounds
            && memcmp(sum->bounds, other->bounds, sizeof(sum->bounds)) == 0;

    cli_counts_side_add(&sum->on_new, &other->on_new, timed);
    cli_counts_side_add(&sum->on_old, &other->on_old, timed);
}


/* In a bucket durations are taken as spread evenly, as the router does. */

double
cli_counts_quantile(const cli_counts_t *counts,
    const cli_side_counts_t *side, double share)
{
    size_t  i;
    double  rank, below, low;

    if (side->timed <= 0) {
        return -1;
    }

    rank = share * side->timed;
    below = 0;

    for (i = 0; i < counts->nbounds; i++) {
        if (side->buckets[i] > 0 && below + side->buckets[i] >= rank) {
            low = (i != 0) ? counts->bounds[i - 1] : 0;
            return low + (counts->bounds[i] - low) * (rank - below)
                         / side->buckets[i];
        }

        below += side->buckets[i];
    }

    /* beyond them nothing is known but that it was longer */

    return (counts->nbounds != 0) ? counts->bounds[counts->nbounds - 1] : -1;
}
