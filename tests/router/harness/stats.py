"""
Bounds for counts of random events.

A test that draws at random fails by chance with a stated probability: two-sided
1e-6 for each bound here, by the exact binomial distribution.
"""

import math

CHANCE = 1e-6


def binomial_bounds(n, p, chance=CHANCE):
    """(low, high): a count outside has at most this chance."""
    low = 0
    tail = 0.0
    for k in range(n + 1):
        tail += _probability(n, p, k)
        if tail > chance / 2:
            low = k
            break

    high = n
    tail = 0.0
    for k in range(n, -1, -1):
        tail += _probability(n, p, k)
        if tail > chance / 2:
            high = k
            break

    return low, high


def assert_share(count, n, p):
    low, high = binomial_bounds(n, p)
    assert low <= count <= high, (
        f"{count} of {n} at {p:.2%}: expected {low} to {high}")


def _probability(n, p, k):
    if p in (0, 1):
        return float(k == n * p)
    log = (math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
           + k * math.log(p) + (n - k) * math.log(1 - p))
    return math.exp(log)
