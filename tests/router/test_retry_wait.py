"""Waits between tries: how long they are, what ends them, and the budget."""

import email.utils
import os
import signal
import threading
import time

import pytest

from harness import faults
from harness.client import serialize
from harness.h2 import H2Connection
from harness.metrics import API, scrape, wait_total
from harness.router import Router
from harness.wait import SLOWNESS, wait_until

RULES = """
version: 1
backends:
  legacy: {servers: [@legacy@]}
  new: {servers: [@new@], breaker: none}
  brief: {servers: [@new@], breaker: none, timeouts: {connect: 50ms}}
default: legacy
routes:
  - name: jitter
    match: {path: /jitter/*}
    to: new
    stage: done
    retry: {attempts: 4, backoff: {base: 20ms, max: 50ms}}
  - name: hold
    match: {path: /hold/*}
    to: brief
    stage: done
    retry: {when: [429, 503], backoff: {base: 1ms, max: 40s}}
  - name: total
    match: {path: /total/*}
    to: new
    stage: live
    timeouts: {total: 300ms}
    retry: {backoff: {base: 1ms, max: 40s}}
  - name: short
    match: {path: /short/*}
    to: new
    stage: live
    retry: {attempts: 2, backoff: {base: 1ms, max: 1s}}
  - name: storm
    match: {path: /storm/*}
    to: new
    stage: done
    retry: {backoff: {base: 1ms, max: 1ms}}
"""

LARGE = bytes(range(256)) * 2000


def make(workers=1, **options):
    return Router(RULES, workers=workers, **options, server=API + """
        listen unix:@HOME@/h2.sock http2;""")


@pytest.fixture(scope="module")
def router():
    router = make()
    yield router
    router.stop()


@pytest.fixture(scope="module")
def two():
    router = make(workers=2)
    yield router
    router.stop()


def later(after, status=503, then=faults.echo):
    """Asks to be asked again later; then all is well."""
    return faults.in_turn(
        faults.answer(status, "later", [("Retry-After", str(after))]), then)


def always_later(after):
    return faults.answer(503, "later", [("Retry-After", str(after))])


def timed(times, handler):
    """Notes when requests arrive."""
    def noting(exchange):
        times.append(time.monotonic())
        return handler(exchange)
    return noting


def retrying(router):
    return scrape(router).total("backend_retrying")


def wait_retrying(router, n):
    wait_until(lambda: retrying(router) == n, f"{n} retries wait")


def descriptors(router):
    """How many each worker has open."""
    return sum(len(os.listdir(f"/proc/{pid}/fd"))
               for pid in router.nginx.worker_pids())


def test_waits_are_random_and_bounded(router):
    """Each is at most 20, 40, 50, 50 ms: 80 on average, all together."""
    gaps = []

    def one(n):
        times = []
        path = f"/jitter/{n}"
        router.new.on(path, timed(times, faults.answer(503)))
        with router.connect() as connection:
            assert connection.request("GET", path).status == 503
        assert len(times) == 5
        gaps.append([b - a for a, b in zip(times, times[1:])])

    threads = [threading.Thread(target=one, args=(n,)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(gaps) == 3
    for mine in gaps:
        for gap, bound in zip(mine, (0.02, 0.04, 0.05, 0.05)):
            assert gap < bound + 2 * SLOWNESS
    together = sum(map(sum, gaps))
    assert together > 0.05
    assert len({round(gap, 4) for mine in gaps for gap in mine}) > 1


def test_retry_after_is_waited_for(router):
    """Seconds, a date, and one that is over; of 429 as of 503."""
    soon = email.utils.formatdate(time.time() + 2, usegmt=True)
    cases = {"seconds": ("1", 503, 0.99), "date": (soon, 429, 0.7),
             "over": ("Sun, 06 Nov 1994 08:49:37 GMT", 503, 0)}
    times = {name: [] for name in cases}
    connections = {}
    for name, (after, status, _) in cases.items():
        router.new.on(f"/hold/{name}",
                      timed(times[name], later(after, status)))
        connections[name] = router.connect()
        connections[name].send(serialize(target=f"/hold/{name}"))

    for name, (_, status, least) in cases.items():
        with connections[name] as connection:
            response = connection.read()
        assert response.backend == "new"
        first, second = times[name]
        assert least <= second - first < least + 1.5 + 2 * SLOWNESS
        entry = router.entry(response)
        assert entry["upstream_status"] == f"{status}, 200"
        assert entry["strangler_retries"] == "1"
        assert float(entry["request_time"]) >= least
        for part in entry["upstream_response_time"].split(", "):
            assert float(part) < max(least, 0.5 * SLOWNESS)


@pytest.mark.parametrize("after", ["2", "3600", "9" * 40,
                                   "Fri, 01 Jan 2100 00:00:00 GMT"])
def test_a_retry_after_that_is_too_long_is_none(router, after):
    router.new.on("/short/a", always_later(after))
    response = router.get("/short/a")
    assert response.backend == "legacy"
    assert router.legs() == ["new", "legacy"]
    entry = router.entry(response)
    assert entry["strangler_retries"] == "0"
    assert entry["strangler_fallback"] == "503"


@pytest.mark.parametrize("after", ["", "soon", "-5", "1.5", "0"])
def test_a_retry_after_that_says_nothing(router, after):
    router.new.on("/short/a", later(after))
    assert router.get("/short/a").backend == "new"
    assert router.legs() == ["new", "new"]


def test_without_fallback_it_is_told_to_the_client(router):
    router.new.on("/hold/a", always_later("41"))
    response = router.get("/hold/a")
    assert (response.status, response.text) == (503, "later")
    assert response.value("Retry-After") == "41"
    assert router.legs() == ["new"]


def test_of_other_answers_it_means_nothing(router):
    router.new.on("/short/a", later("3600", 502))
    assert router.get("/short/a").backend == "new"


def test_a_body_is_sent_after_a_wait(router):
    router.new.on("/hold/put", later("1"))
    with router.connect() as connection:
        response = connection.request("PUT", "/hold/put", body=LARGE)
    assert response.backend == "new"
    assert {r.body_length for r in router.seen()} == {len(LARGE)}
    assert len({r.digest for r in router.seen()}) == 1


@pytest.mark.parametrize("kind", ["plain", "h2", "body"])
def test_a_client_that_leaves_while_it_waits(router, kind):
    path = "/hold/" + kind
    router.new.on(path, always_later("30"))
    router.new.on("/jitter/x", faults.answer(503))
    router.get("/jitter/x")
    before = descriptors(router)

    for _ in range(5):
        with (H2Connection(router.home + "/h2.sock") if kind == "h2"
              else router.connect()) as connection:
            if kind == "h2":
                connection.send("GET", path)
            else:
                connection.send(serialize(
                    "PUT" if kind == "body" else "GET", path,
                    body=LARGE if kind == "body" else None))
            wait_retrying(router, 1)
        wait_retrying(router, 0)

    wait_until(lambda: len([e for e in router.entries()
                            if e["request_uri"] == path]) == 5,
               "all are in the log")
    entries = [e for e in router.entries() if e["request_uri"] == path]
    for entry in entries[-5:]:
        assert entry["status"] == "499"
        assert entry["upstream_status"] == "503"
        assert entry["strangler_retries"] == "0"
    assert router.legs()[-5:] == ["new"] * 5
    router.drop_idle()
    wait_until(lambda: descriptors(router) <= before, "nothing is left open")
    assert scrape(router).total("backend_in_flight") == 0


def test_total_ends_a_wait(router):
    router.new.on("/total/a", always_later("30"))
    begin = time.monotonic()
    response = router.get("/total/a")
    assert response.status == 504
    assert 0.29 < time.monotonic() - begin < 10
    entry = router.entry(response)
    assert entry["upstream_status"] == "503"
    assert entry["strangler_fallback"] == ""
    assert router.legs() == ["new"]
    assert retrying(router) == 0
    assert router.get("/total/b").backend == "new"


def test_total_includes_waits(router):
    """It goes on after a wait, and ends the try that hangs then."""
    router.new.on("/total/a", faults.in_turn(faults.answer(503),
                                             faults.hang()))
    response = router.get("/total/a")
    assert response.status == 504
    assert router.entry(response)["upstream_status"] == "503, 504"
    assert retrying(router) == 0


def test_workers_that_end_wait_to_the_end():
    router = make()
    try:
        for end in (router.nginx.reload, None):
            router.new.on("/hold/a", later("1"))
            with router.connect() as connection:
                connection.send(serialize(target="/hold/a"))
                wait_retrying(router, 1)
                if end:
                    end()
                else:
                    router.nginx.signal(signal.SIGQUIT)
                assert connection.read().backend == "new"
            assert router.legs() == ["new", "new"]
            router.reset()
    finally:
        router.stop()


def test_a_worker_that_may_wait_no_longer_ends():
    """worker_shutdown_timeout: the wait is over, and with it the request."""
    router = make(start=False)
    config = router.nginx.config
    router.nginx.config = lambda: config().replace("_timeout 10s",
                                                   "_timeout 200ms")
    router.start()
    try:
        router.new.on("/hold/a", always_later("30"))
        with router.connect() as connection:
            connection.send(serialize(target="/hold/a"))
            wait_retrying(router, 1)
            router.nginx.reload()
            wait_until(connection.is_closed, "nginx has closed it")
        wait_retrying(router, 0)
    finally:
        router.stop()


def test_rules_that_change_while_it_waits(router):
    """Who waits goes on by the rules that it began with."""
    router.new.on("/hold/r", later("1"))
    generation = router.generation()
    with router.connect() as connection:
        connection.send(serialize(target="/hold/r"))
        wait_retrying(router, 1)
        router.rules.replace(RULES + "    note: changed\n")
        wait_until(lambda: router.generation() > generation,
                   "the new rules are in force")
        response = connection.read()
    assert response.backend == "new"
    assert int(response.value("X-Gen")) == generation


class Storm:
    """
    n requests that all fail when all are there; what is sent again is held
    until the end.
    """

    def __init__(self, router, path, n):
        self.router = router
        self.n = n
        self.first = faults.Gate(faults.answer(503))
        self.second = faults.Gate()
        self.lock = threading.Lock()
        self.came = 0
        before = self.refused()
        router.new.on(path, self)
        self.connections = [router.connect() for _ in range(n)]
        for connection in self.connections:
            connection.send(serialize(target=path))
        wait_until(lambda: self.first.waiting == n, "all are there")
        self.first.open()
        wait_until(lambda: self.second.waiting + self.refused() - before == n,
                   "each is tried again or refused")
        self.admitted = self.second.waiting

    def __call__(self, exchange):
        with self.lock:
            self.came += 1
            gate = self.first if self.came <= self.n else self.second
        return gate(exchange)

    def refused(self):
        return scrape(self.router).total("retries_refused_total")

    def end(self):
        """The statuses of the answers, sorted."""
        self.second.open()
        statuses = []
        for connection in self.connections:
            with connection:
                statuses.append(connection.read().status)
        wait_retrying(self.router, 0)
        assert self.came == self.n + self.admitted
        return sorted(statuses)


@pytest.mark.parametrize("n, least, most", [(3, 3, 3), (5, 3, 3), (60, 3, 12)])
def test_a_storm_stays_within_the_budget(router, n, least, most):
    """20 % of what is under way, and three in any case."""
    storm = Storm(router, "/storm/a", n)
    assert least <= storm.admitted <= most
    assert retrying(router) == storm.admitted
    assert storm.end() == ([200] * storm.admitted
                           + [503] * (n - storm.admitted))


def test_a_retry_that_is_answered_is_over(router):
    """What streams for hours afterwards takes nobody's place."""
    stream = faults.Stream()
    router.new.on("/storm/s", faults.in_turn(faults.answer(503), stream))
    with router.connect() as connection:
        connection.send(serialize(target="/storm/s"))
        stream.feed(b"first")
        assert connection.read_head().status == 200
        wait_retrying(router, 0)
        stream.end()


def test_workers_share_a_budget(two):
    """Exact to within their number."""
    storm = Storm(two, "/storm/a", 12)
    assert 3 <= storm.admitted <= 4
    assert retrying(two) == storm.admitted
    storm.end()


def test_a_killed_worker_leaks_no_budget(two):
    two.new.on("/hold/a", always_later("30"))
    connections = [two.connect() for _ in range(12)]
    for connection in connections:
        connection.send(serialize(target="/hold/a"))
    wait_until(lambda: retrying(two) >= 3, "the budget is spent")
    for pid in two.nginx.worker_pids():
        two.nginx.kill_worker(pid)
    for connection in connections:
        connection.close()
    wait_retrying(two, 0)
    two.new.on("/storm/b", faults.in_turn(faults.answer(503), faults.echo))
    assert two.get("/storm/b").backend == "new"
