"""
A storm under load: rules are edited ten times a second, nginx is reloaded and
workers are killed.  Nothing fails but what a killed worker had in its hands.
"""

import signal
import threading
import time

import pytest

from harness.versions import rules, version, wait_version
from harness.wait import wait_until

CLIENTS = 4
SECONDS = 6
EDIT_EVERY = 0.1

# How long before and after a kill -9 an answer may go missing.
AROUND = 1.0


class Client(threading.Thread):
    """
    Sends one GET after the other over a kept connection.  Where the server has
    closed that without an answer, as it may at any time (RFC 9112, 9.3.1), the
    request is sent again over a new one; that must not fail.
    """

    def __init__(self, router, stop):
        super().__init__(daemon=True)
        self.router = router
        self.stop = stop
        self.connection = None
        self.answers = 0
        self.again = 0
        self.failures = []             # (begin, end, what)

    def run(self):
        while not self.stop.is_set():
            begin = time.monotonic()
            try:
                self.one()
                self.answers += 1
            except (OSError, ValueError, AssertionError) as error:
                self.close()
                self.failures.append((begin, time.monotonic(), repr(error)))
        self.close()

    def one(self):
        kept = self.connection is not None
        if not kept:
            self.connection = self.router.connect()
        try:
            response = self.connection.request("GET", "/probe/x")
        except OSError:
            self.close()
            if not kept:
                raise
            self.again += 1
            self.connection = self.router.connect()
            response = self.connection.request("GET", "/probe/x")

        assert response.status == 200, response
        assert response.backend == "new", response
        version(response)
        if not self.connection.alive:
            self.close()

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None


class Edits(threading.Thread):
    def __init__(self, router, stop):
        super().__init__(daemon=True)
        self.router = router
        self.stop = stop
        self.number = 1

    def run(self):
        while not self.stop.wait(EDIT_EVERY):
            self.number += 1
            self.router.rules.replace(rules(self.number))


@pytest.fixture
def router(one_router):
    router = one_router(rules(1), workers=2,
                        rules_args="zone=1m poll=100ms state=@HOME@/state")
    wait_version(router, 1)
    return router


def storm(router, blows):
    """Runs blows in turns for some seconds; the clients and the edits."""
    stop = threading.Event()
    threads = [Client(router, stop) for _ in range(CLIENTS)]
    edits = Edits(router, stop)
    for thread in [*threads, edits]:
        thread.start()

    end = time.monotonic() + SECONDS
    try:
        while time.monotonic() < end:
            for blow in blows:
                blow()
                seen = sum(t.answers for t in threads)
                while (sum(t.answers for t in threads) < seen + 20
                       and time.monotonic() < end):
                    stop.wait(0.02)
    finally:
        stop.set()
        for thread in [*threads, edits]:
            thread.join(30)

    router.rules.replace(rules(edits.number + 1))
    wait_version(router, edits.number + 1)
    return threads, edits


def test_edits_and_reloads(router):
    clients, edits = storm(router, [router.nginx.reload])
    assert [c.failures for c in clients] == [[]] * CLIENTS
    assert sum(c.answers for c in clients) > 100
    assert edits.number > 10


def test_edits_reloads_and_killed_workers(router):
    kills = []

    def kill():
        # A worker that was just replaced or killed may not be there yet.
        pid = wait_until(lambda: router.nginx.worker_pids()[:1], "a worker")[0]
        kills.append(time.monotonic())
        router.nginx.kill_worker(pid)

    clients, edits = storm(router, [kill, router.nginx.reload, kill])

    for client in clients:
        for begin, end, what in client.failures:
            assert any(begin - AROUND < kill < end for kill in kills), what
    assert sum(len(c.failures) for c in clients) <= CLIENTS * len(kills)
    assert sum(c.answers for c in clients) > 100
    assert edits.number > 10


def test_killed_workers_lose_no_edit(router):
    """Whoever leads is killed in the middle of it."""
    for number in range(2, 12):
        router.rules.replace(rules(number))
        for pid in router.nginx.worker_pids():
            router.nginx.signal(signal.SIGKILL, pid)
        router.nginx.expect_log(r"exited on signal 9")
        wait_version(router, number, timeout=20.0)
