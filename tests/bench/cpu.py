"""CPU time of the worker a request, user and system, of router and bare.

Both run side by side and take turns, in short rounds, so that whatever else
the machine does meets both: medians over the rounds, and the median of the
rounds' ratios.  All share one core, or else it is up to the scheduler how many
answers nginx finds when it wakes up, which decides what one of them costs.
The first row is bare against another bare: what is left of chance.
"""

import contextlib
import dataclasses
import os
import statistics
import time

import cases
from servers import running
from wire import Client

CONNECTIONS = 16
REQUESTS = 12 * CONNECTIONS            # a round


@dataclasses.dataclass
class Row:
    kind: str
    routes: int
    op: str
    bare_us: float
    router_us: float
    ratio: float


def clock(pid):
    """Seconds of CPU that a process has used, to the nanosecond: what
    /proc/PID/stat has as utime + stime in ticks.  The clock's number is that
    of clock_getcpuclockid(), which Python does not have."""
    return time.clock_gettime((~pid << 3) | 2)


def measure(lab, kinds, numbers, rounds):
    """Yields a Row for each case."""
    with running(lab.bare()) as bare, one_core(bare, lab.backend):
        with running(lab.bare()) as other:
            yield Row("bare", 0, "", *compare(bare, other, "/", rounds))

        for kind in kinds:
            for number in numbers:
                path = lab.write_rules(
                    cases.rules(kind, number, lab.backend.url))
                with running(lab.router(path)) as router:
                    for op in cases.OPS:
                        yield Row(kind.name, number, op, *compare(
                            bare, router, kind.target(op, number), rounds))


@contextlib.contextmanager
def one_core(*servers):
    """These and what is started by us later run where we do, meanwhile."""
    pids = [0, *(server.worker() for server in servers)]
    before = os.sched_getaffinity(0)
    try:
        for pid in pids:
            os.sched_setaffinity(pid, {max(before)})
        yield
    finally:
        for pid in pids:
            os.sched_setaffinity(pid, before)


def compare(bare, router, target, rounds):
    """Microseconds a request of both, and their ratio."""
    with Client(bare.port, target, CONNECTIONS) as bare_client, \
            Client(router.port, target, CONNECTIONS) as router_client:
        one_round(bare, bare_client)    # to warm up
        one_round(router, router_client)
        pairs = [(one_round(bare, bare_client),
                  one_round(router, router_client))
                 for _ in range(rounds)]

    return (statistics.median(pair[0] for pair in pairs),
            statistics.median(pair[1] for pair in pairs),
            statistics.median(pair[1] / pair[0] for pair in pairs))


def one_round(server, client):
    pid = server.worker()
    before = clock(pid)
    client.run(REQUESTS)
    return (clock(pid) - before) * 1e6 / REQUESTS
