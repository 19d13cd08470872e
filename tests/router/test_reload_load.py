"""
Edits under load with two workers: no request fails, no connection is closed,
and each answer is of one generation - header, path and number agree.
"""

import os
import threading
import time

import pytest

from harness import faults
from harness.versions import BAD, rules, version, wait_version

CLIENTS = 4
EDITS = 10


class Load(threading.Thread):
    """One client: one connection, one request after the other."""

    def __init__(self, router, method, stop):
        super().__init__(daemon=True)
        self.router = router
        self.method = method
        self.stop = stop
        self.errors = []
        self.seen = []

    def run(self):
        try:
            with self.router.connect() as client:
                while not self.stop.is_set():
                    self.one(client)
                if client.is_closed():
                    self.errors.append("closed")
        except (OSError, ValueError, AssertionError) as error:
            self.errors.append(repr(error))

    def one(self, client):
        body = b"x" * 500 if self.method == "POST" else None
        response = client.request(self.method, "/probe/x", body=body)
        self.seen.append((version(response), int(response.value("X-Gen"))))
        if not client.alive:
            self.errors.append("told to close")


@pytest.fixture
def router(one_router):
    router = one_router(rules(1), workers=2)
    wait_version(router, 1)
    return router


def run_all(threads, stop, during):
    for thread in threads:
        thread.start()
    try:
        during()
    finally:
        stop.set()
        for thread in threads:
            thread.join(10)


def run_load(router, during):
    stop = threading.Event()
    clients = [Load(router, "POST" if i % 2 else "GET", stop)
               for i in range(CLIENTS)]
    run_all(clients, stop, during)
    return clients


def check(clients, numbers):
    generations = {}
    for client in clients:
        assert client.errors == []
        assert len(client.seen) > 20
        for number, generation in client.seen:
            assert generations.setdefault(generation, number) == number
    found = list(generations[g] for g in sorted(generations))
    assert found == sorted(found), "generations are in the order of edits"
    assert set(found) <= set(numbers)
    return found


def test_edits_under_load(router):
    def during():
        for number in range(2, EDITS + 2):
            router.rules.replace(rules(number))
            wait_version(router, number)

    clients = run_load(router, during)
    found = check(clients, range(1, EDITS + 2))
    assert len(found) == EDITS + 1
    # one client is served by one worker: it never sees older rules again
    for client in clients:
        numbers = [number for number, _ in client.seen]
        assert numbers == sorted(numbers)


def test_a_storm_of_edits_under_load(router):
    """Ten a second, good and bad, renamed and in place."""
    def during():
        for number in range(2, 22):
            write = (router.rules.replace if number % 2
                     else router.rules.overwrite)
            write(BAD if number % 5 == 0 else rules(number))
            time.sleep(0.1)
        router.rules.replace(rules(30))
        wait_version(router, 30)

    check(run_load(router, during), range(1, 31))


def test_edits_with_fallbacks_under_load(router):
    """Half of the requests fail over while the rules change."""
    def during():
        for number in range(2, 6):
            router.new.on(f"/v{number}/x", faults.answer(503))
            router.rules.replace(rules(number))
            router.wait_all_workers(
                lambda c: c.request("GET", "/probe/x").value("X-Version")
                == str(number), "in force")

    stop = threading.Event()
    errors = []

    def run():
        with router.connect() as client:
            while not stop.is_set():
                response = client.request("GET", "/probe/x")
                number = int(response.value("X-Version"))
                backend = "new" if number == 1 else "legacy"
                target = "/v1/x" if number == 1 else "/probe/x"
                if (response.backend, response.echo["target"]) != (
                        backend, target):
                    errors.append((number, response))

    run_all([threading.Thread(target=run) for _ in range(CLIENTS)], stop,
            during)
    assert errors == []


def test_no_open_files_are_left(router):
    """After many generations nginx holds what it held before."""
    def open_files():
        return [len(os.listdir(f"/proc/{pid}/fd"))
                for pid in router.nginx.worker_pids()]

    def settle(number):
        router.rules.replace(rules(number))
        wait_version(router, number)

    for number in range(2, 5):
        settle(number)
    before = open_files()
    for number in range(5, 20):
        settle(number)
    after = open_files()
    assert all(b <= a + 4 for a, b in zip(before, after)), (before, after)
