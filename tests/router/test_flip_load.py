"""Flips under load: at once, in every worker, whole, and nobody notices."""

import collections
import os
import statistics
import time

import pytest

from harness.answering import Answering
from harness.flips import Api, Flipped, route, rules
from harness.load import Load
from harness.wait import SLOWNESS, wait_until

FLIPS = int(os.environ.get("FLIPS", 1000))
MORE_THAN_FSYNC = 0.010                 # s; 2 ms on a machine of one's own
NAMES = "abcdefgh"

Flip = collections.namedtuple("Flip", "start end value")


@pytest.fixture(scope="module")
def answering():
    answering = Answering("legacy", "new")
    yield answering
    answering.stop()


@pytest.fixture(params=[2, 4], ids=["two-workers", "four-workers"])
def router(request, start, answering):
    text = rules(*NAMES)
    for name, url in answering.urls.items():
        text = text.replace(f"@{name}@", url)
    return start(Flipped(
        text, [], workers=request.param, listen="reuseport",
        http="add_header X-Pid $pid always;",
        rules_args="zone=1m state=@HOME@/state"))


@pytest.fixture
def load(request, start, router):
    return start(Load(router.port, [f"/{n}/1" for n in NAMES]))


def one_to_each(router, start):
    """A connection to each of the workers."""
    found = {}

    def all_there():
        connection = router.connect()
        pid = connection.request("GET", "/").value("X-Pid")
        if pid in found:
            connection.close()
        else:
            found[pid] = connection
        return len(found) == router.nginx.workers

    wait_until(all_there, "a connection to each worker")

    class Closing:
        @staticmethod
        def stop():
            for connection in found.values():
                connection.close()

    start(Closing)
    return list(found.values())


def flip(api, number, names):
    """All of them to the other side; when, and to which."""
    stage, value = (("live", "new"), ("legacy", "legacy"))[number % 2]
    begin = time.monotonic_ns()
    if len(names) == 1:
        api.patch(names[0], stage=stage)
    else:
        api.flips(*({"route": n, "stage": stage} for n in names))
    return Flip(begin, time.monotonic_ns(), value)


def impossible(answers, flips):
    """
    The first answer of a connection's pass that no flip explains: there must be
    one that had begun when the answer came, was not yet followed when it was
    asked for, and is not older than that of the answer before.
    """
    at = 0
    for answer in answers:
        _, who, start, end = answer
        while at + 1 < len(flips) and flips[at + 1].end < start:
            at += 1
        while at < len(flips) and flips[at].value != who:
            at += 1
        if at == len(flips) or flips[at].start > end:
            return answer
    return None


def check(load, flips, names):
    """What the clients saw; returns how many answers."""
    first = Flip(0, 0, "legacy")
    count = 0
    places = [NAMES.index(n) for n in names]
    for answers in load.results():
        count += len(answers)
        failed = [a for a in answers if a[1].startswith("!")]
        assert not failed, failed[:5]
        others = [a for a in answers
                  if a[0] not in places and a[1] != "legacy"]
        assert not others, others[:5]
        mine = [a for a in answers if a[0] in places]
        wrong = impossible(mine, [first, *flips])
        assert wrong is None, (
            [(NAMES[p], w, (e - s) // 1000) for p, w, s, e in mine],
            [(f.value, (f.start - mine[0][2]) // 1000,
              (f.end - mine[0][2]) // 1000) for f in flips
             if mine[0][2] - 10 ** 8 < f.end and f.start < mine[-1][3]])
    return count


def append(file):
    """What a flip cannot do without."""
    begin = time.monotonic_ns()
    file.write(b"x" * 420 + b"\n")
    os.fsync(file.fileno())
    return (time.monotonic_ns() - begin) / 1e9


def test_none_by_the_old_value(router, load, start):
    connections = one_to_each(router, start)
    api = Api(router, start_connection(router, start))
    workers = router.nginx.worker_pids()
    flips, bare = [], []

    with open(router.state / "bare", "ab", buffering=0) as file:
        for number in range(FLIPS):
            flips.append(flip(api, number, "a"))
            for connection in connections:
                answer = connection.request("GET", "/a/1")
                assert (answer.status, answer.backend) == (
                    200, flips[-1].value), f"flip {number}"
            if number % 5 == 0:
                bare.append(append(file))

    count = check(load, flips, "a")
    took = [(f.end - f.start) / 1e9 for f in flips]
    print(f"\n{FLIPS} flips, {count} requests; median of a PATCH "
          f"{statistics.median(took) * 1e3:.2f} ms (longest "
          f"{max(took) * 1e3:.0f}), of a bare append and fsync "
          f"{statistics.median(bare) * 1e3:.2f} ms")

    assert count > FLIPS
    assert router.nginx.worker_pids() == workers
    assert statistics.median(took) < (
        statistics.median(bare) + MORE_THAN_FSYNC * SLOWNESS)
    assert [e["seq"] for e in router.journal()] == list(range(1, FLIPS + 1))


def start_connection(router, start):
    connection = router.connect(timeout=30)

    class Closing:
        stop = connection.close

    start(Closing)
    return connection


def test_never_half(router, load, start):
    """Eight routes are one step for whoever asks for one after the other."""
    api = Api(router, start_connection(router, start))
    flips = []
    end = time.monotonic() + 5
    while time.monotonic() < end:
        flips.append(flip(api, len(flips), NAMES))
    count = check(load, flips, NAMES)
    print(f"\n{len(flips)} flips of {len(NAMES)} routes, {count} requests")
    assert len(flips) > 20
    assert count > 100


def test_an_acknowledged_flip_is_not_lost_between_others(router, load, start):
    """Those of other routes, by other calls, at the same time."""
    api = Api(router, start_connection(router, start))
    connections = one_to_each(router, start)
    busy = [Api(router, c) for c in one_to_each(router, start)]
    end = time.monotonic() + 5
    number = 0

    while time.monotonic() < end:
        for other, name in zip(busy, NAMES[4:]):
            stage = ("live", "legacy")[number % 2]
            send(other, name, stage)
        value = flip(api, number, "a").value
        for connection in connections:
            assert connection.request("GET", "/a/1").backend == value
        for other in busy:
            assert other.connection.read().status == 200
        number += 1

    failed = [a for answers in load.results() for a in answers
              if a[1].startswith("!")]
    assert not failed
    assert number > 20
    assert len(router.journal()) == number * (1 + len(busy))


def send(api, name, stage):
    body = f'{{"stage":"{stage}"}}'
    api.connection.send(
        f"PATCH /_s/v1/routes/{name} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        f"\r\n{body}".encode())


def test_while_rules_are_loaded_again_and_again(router, load, start):
    """New generations begin with what is in force, not with the file."""
    api = Api(router, start_connection(router, start))
    text = router.rules.path.read_text()
    flips = []
    generation = 0
    end = time.monotonic() + 6

    while generation < 3 or time.monotonic() < end:
        now = api.status()
        if now["generation"] > generation and now["converged"]:
            generation = now["generation"]
            router.rules.replace(f"{text}# {len(flips)}\n")
        flips.append(flip(api, len(flips), "ab"))

    check(load, flips, "ab")


def test_the_checker_sees_what_is_impossible():
    flips = [Flip(0, 0, "legacy"), Flip(10, 20, "new"), Flip(50, 60, "legacy")]
    assert impossible([(0, "legacy", 1, 2), (0, "new", 25, 30)], flips) is None
    assert impossible([(0, "legacy", 12, 15), (0, "new", 15, 19)],
                      flips) is None
    assert impossible([(0, "new", 12, 15), (0, "legacy", 15, 19)], flips)
    assert impossible([(0, "legacy", 21, 25)], flips)
    assert impossible([(0, "new", 3, 5)], flips)
    assert impossible([(0, "new", 61, 65)], flips)
    assert impossible([(0, "new", 12, 15), (0, "legacy", 15, 55)],
                      flips) is None
