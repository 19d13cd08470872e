"""
What a death leaves half done, and what waits for others: made by hand, since
such moments are too short to be met by chance.
"""

import contextlib
import fcntl
import mmap
import signal
import struct
import threading
import time

import pytest

from harness.flips import Flipped, rules
from harness.nginx import has_open
from harness.wait import SLOWNESS, holds, wait_until

TEXT = rules("a", "b")

BEGIN, SEQ = 8, 16                      # bytes of the image; see fig_state.h
HALF = struct.pack("<Q", 2 ** 64 - 1)


@pytest.fixture
def router(start):
    router = start(Flipped(TEXT))
    router.api.patch("a", stage="live")
    return router


@contextlib.contextmanager
def image(router):
    with open(router.state / "live", "r+b") as file, \
            mmap.mmap(file.fileno(), 4096) as head:
        yield head


def is_half(head):
    return head[BEGIN:BEGIN + 8] != head[SEQ:SEQ + 8]


@contextlib.contextmanager
def killed_writer(router):
    """Again and again, so that nobody mends it for long."""
    over = threading.Event()
    with image(router) as head:
        def spoil():
            while not over.wait(0.02 * SLOWNESS):
                head[BEGIN:BEGIN + 8] = HALF

        head[BEGIN:BEGIN + 8] = HALF
        thread = threading.Thread(target=spoil)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


@contextlib.contextmanager
def locked(router):
    """Somebody writes, and takes long."""
    with open(router.state / "live", "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def test_it_is_mended_by_itself(router):
    with image(router) as head:
        head[BEGIN:BEGIN + 8] = HALF
        assert router.sides("/a/1") == "new"
        wait_until(lambda: not is_half(head), "the image is whole")
    assert router.sides("/a/1") == "new"
    assert [e["seq"] for e in router.journal()] == [1]


def test_it_is_mended_by_a_flip(router):
    with image(router) as head:
        head[BEGIN:BEGIN + 8] = HALF
        router.api.patch("b", stage="live")
        assert not is_half(head)
    assert router.sides("/a/1") == router.sides("/b/1") == "new"


def test_a_new_worker_has_the_flips(router):
    with killed_writer(router):
        for pid in router.nginx.worker_pids():
            router.nginx.kill_worker(pid)
            assert router.sides("/a/1") == "new"


def test_new_rules_have_the_flips(router):
    with killed_writer(router):
        router.edit(TEXT + "# edited elsewhere\n")
        assert router.sides("/a/1") == "new"


def test_a_reload_has_the_flips(router):
    with killed_writer(router):
        router.nginx.reload()
        assert router.sides("/a/1") == "new"


def test_a_worker_that_comes_late_has_the_flips(router):
    """It has answered nothing since the flip before the half one."""
    with router.connect() as early:
        assert early.request("GET", "/a/1").backend == "new"
        router.api.patch("a", stage="legacy")
        with killed_writer(router):
            assert router.sides("/a/1", 16) == "legacy"


def test_routing_does_not_wait_for_a_lock(router):
    with locked(router):
        for _ in range(8):
            assert router.side("/a/1") == "new"
        router.nginx.kill_worker(router.nginx.worker_pids()[0])
        assert router.sides("/a/1") == "new"


def test_a_flip_waits_for_a_lock(router):
    with router.connect() as connection:
        with locked(router):
            send(connection, "b")
            holds(lambda: router.side("/b/1") == "legacy", "not yet", 0.3)
        assert connection.read().status == 200
        assert router.sides("/b/1") == "new"


@pytest.mark.parametrize("number", [signal.SIGWINCH, signal.SIGQUIT],
                         ids=["winch", "quit"])
def test_a_flip_that_is_under_way_is_answered(router, number):
    """Workers that are to go wait for it.  WINCH: as at the end of an
    upgrade, without a look at the configuration, which needs the lock."""
    master = router.nginx.pid()
    workers = router.nginx.worker_pids()

    with router.connect() as connection:
        with locked(router):
            send(connection, "b")
            wait_until(lambda: has_open(workers, router.state / "live"),
                       "it asks for the lock")
            router.nginx.signal(number)
            wait_until(lambda: not set(workers) & set(
                router.nginx.worker_pids(master)), "they are to go")
        answer = connection.read()

    assert answer.status == 200
    assert b'"live"' in answer.body
    if number == signal.SIGWINCH:
        router.nginx.signal(signal.SIGHUP)
        wait_until(router.nginx.has_started, "new workers run")
    else:
        router.nginx.wait_ended(master)
        router.nginx.stop()
        router.nginx.start()
    assert router.sides("/b/1") == "new"


def send(connection, name):
    body = '{"stage":"live"}'
    connection.send(
        f"PATCH /_s/v1/routes/{name} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        f"\r\n{body}".encode())
