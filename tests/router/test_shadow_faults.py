"""Whatever becomes of a copy, its client has its answer and knows nothing."""

import signal
import time

import pytest

from harness import faults
from harness.metrics import API, scrape
from harness.wait import wait_until

RULES = """
version: 1
backends:
  legacy: {servers: [@legacy@]}
  new: {servers: [@new@]}
default: legacy
routes:
  - name: shadow
    match: {path: /shadow/*}
    to: new
    stage: shadow
    shadow: {percent: 100, per_second: 100000, in_flight: 1000, timeout: 300ms}
    compare: {max_body: 64k, noise: none}
  - name: long
    match: {path: /long/*}
    to: new
    stage: shadow
    shadow: {percent: 100, per_second: 100000, in_flight: 1000, timeout: 30s}
    compare: {noise: none}
  - name: live
    match: {path: /live/*}
    to: new
    stage: live
    fallback: {when: [connect, timeout, invalid, 502-504]}
    shadow: {percent: 100, per_second: 100000}
    compare: {noise: none}
  - name: rate
    match: {path: /rate/*}
    to: new
    stage: shadow
    shadow: {percent: 100, per_second: 5}
    compare: {noise: none}
  - name: few
    match: {path: /few/*}
    to: new
    stage: shadow
    shadow: {percent: 100, per_second: 100000, in_flight: 3, timeout: 30s}
    compare: {noise: none}
  - name: some
    match: {path: /some/*}
    to: new
    stage: shadow
    shadow: {percent: 25, per_second: 100000, in_flight: 10000}
    compare: {noise: none}
"""


@pytest.fixture(scope="module")
def router(make_router):
    return make_router(RULES, root="""
        location / { strangler_pass main; include @PARAMS@; }
        location /redirected/ { return 200 redirected; }
    """ + API, rules_args="zone=2m poll=100ms state=@HOME@/state")


def endless(exchange):
    exchange.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    while not exchange.request.released.is_set():
        exchange.send(chunk)
    return False


def drip(exchange):
    exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while not exchange.request.released.is_set():
        exchange.send(b"x")
        exchange.request.released.wait(0.02)
    return False


def raw_head(lines):
    return faults.raw(("HTTP/1.1 200 OK\r\n" + lines + "\r\n").encode())


FAULTS = {
    "reset": faults.reset(), "hang": faults.hang(), "drop": faults.drop(),
    "garbage": faults.garbage(), "mid-header": faults.drop_mid_header(),
    "mid-body": faults.drop_mid_body(), "reset-body": faults.reset_mid_body(),
    "hang-body": faults.hang_after_header(), "endless": endless, "drip": drip,
    "large": faults.answer(200, b"x" * 200_000),
    "status": faults.answer(500, b"x"), "204": faults.answer(204),
    "304": faults.answer(304), "206": faults.answer(206, b"x"),
    "redirect": faults.answer(302, b"", [("Location", "/redirected/")]),
    "accel": faults.answer(200, b"x", [
        ("X-Accel-Redirect", "/redirected/"), ("X-Accel-Limit-Rate", "1"),
        ("X-Accel-Buffering", "no")]),
    "101": faults.raw(b"HTTP/1.1 101 Switching Protocols\r\n"
                      b"Upgrade: x\r\nConnection: upgrade\r\n\r\n"),
    "100": faults.raw(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n"
                      b"Content-Length: 1\r\n\r\nx"),
    "no-length": raw_head("Content-Type: a/b\r\n"),
    "bad-chunk": raw_head("Transfer-Encoding: chunked\r\n\r\nzz\r\n"),
    "too-long": raw_head("X-A: " + "x" * 100_000 + "\r\n"),
    "http09": faults.raw(b"hello"),
}


def idle(router):
    """Nothing is in flight."""
    return scrape(router).total("shadow_in_flight") == 0


@pytest.mark.parametrize("fault", FAULTS)
def test_the_client_does_not_notice(router, fault):
    router.new.on("/shadow/1", FAULTS[fault])
    with router.connect() as client:
        for _ in range(5):
            start = time.monotonic()
            response = client.request("GET", "/shadow/1")
            assert response.status == 200
            assert response.value("X-Backend") == "legacy"
            assert time.monotonic() - start < 0.25
    wait_until(lambda: len(router.new.seen("/shadow/1")) == 5, "all copies")
    wait_until(lambda: idle(router), "all copies have ended")


def test_a_dead_shadow(router, one_router):
    dead = one_router(RULES, root="location / { strangler_pass main; "
                      "include @PARAMS@; }" + API)
    dead.new.stop()
    with dead.connect() as client:
        for _ in range(20):
            assert client.request("GET", "/shadow/1").status == 200
    wait_until(lambda: idle(dead), "all copies have ended")
    assert scrape(dead).total("shadow_sent_total") == 20
    assert "connect() failed" not in dead.nginx.log()


def test_few_copies_go_to_who_never_answers(one_router):
    router = one_router(RULES, root="location / { strangler_pass main; "
                        "include @PARAMS@; }" + API)
    asked = 0

    def dropped():
        return scrape(router).total("shadow_dropped_total", reason="rate")

    def ask(n=200):
        nonlocal asked
        router.many([("GET", "/shadow/1", ())] * n)
        asked += n

    router.new.on("/shadow/1", faults.reset())
    start = time.monotonic()
    wait_until(lambda: ask() or dropped(), "copies are dropped", 30)
    ask()
    seconds = time.monotonic() - start
    wait_until(lambda: idle(router), "all copies have ended")
    sent = scrape(router).total("shadow_sent_total")
    assert sent == asked - dropped()
    # 64 in a row, what was under way then, and 10 a second
    assert 64 <= sent <= 64 + 200 + 10 * (seconds + 2)

    # not all of them at the begin of a second
    start = time.monotonic()
    ask()
    seconds = time.monotonic() - start
    wait_until(lambda: idle(router), "all copies have ended")
    assert scrape(router).total("shadow_sent_total") - sent <= 10 * seconds + 2

    router.new.on("/shadow/1", faults.answer(200, b"x"))

    def answered():
        router.get("/shadow/1")
        return router.new.seen("/shadow/1")

    router.new.requests.clear()
    wait_until(answered, "a copy is answered", 15, 0.05)
    wait_until(lambda: idle(router), "all copies have ended")
    before = dropped()
    ask(300)
    assert dropped() == before


def test_a_shadow_does_not_count_against_its_backend(router):
    before = scrape(router).total("backend_requests_total", backend="new")
    router.new.on("/shadow/1", faults.reset())
    for _ in range(5):
        router.get("/shadow/1")
    wait_until(lambda: len(router.new.seen("/shadow/1")) == 5, "all copies")
    after = scrape(router).total("backend_requests_total", backend="new")
    assert after == before


def test_the_deadline_is_for_the_whole_copy(router):
    router.new.on("/shadow/1", drip)
    router.get("/shadow/1")
    wait_until(lambda: router.new.seen("/shadow/1"), "the copy is there")
    start = time.monotonic()
    wait_until(lambda: idle(router), "the copy has ended")
    assert time.monotonic() - start < 2


def test_only_so_many_a_second(router):
    for _ in range(60):
        router.get("/rate/1")
    sent = len([e for e in router.entries()
                if e["request_uri"] == "/rate/1"
                and e["strangler_shadow"] == "sent"])
    assert 5 <= sent <= 15
    samples = scrape(router)
    assert samples.total("shadow_dropped_total", route="rate",
                         reason="rate") == 60 - sent
    assert samples.total("shadow_sent_total", route="rate") == sent


def test_only_so_many_at_once(router):
    gate = faults.Gate()
    router.new.on("/few/1", gate)
    for _ in range(10):
        router.get("/few/1")
    wait_until(lambda: gate.waiting == 3, "three are there")
    samples = scrape(router)
    assert samples.total("shadow_in_flight", route="few") == 3
    assert samples.total("shadow_dropped_total", route="few",
                         reason="in_flight") == 7
    gate.open()
    wait_until(lambda: idle(router), "all copies have ended")
    router.get("/few/1")
    wait_until(lambda: len(router.new.seen("/few/1")) == 4, "one more")


def test_a_share_is_drawn(router):
    router.many(("GET", "/some/1", ()) for _ in range(2000))
    sent = scrape(router).total("shadow_sent_total", route="some")
    assert 400 < sent < 600           # 25 %, more than 5 sigma each way


def test_a_client_that_goes_away_is_not_copied(router):
    gate = faults.Gate()
    router.legacy.on("/shadow/1", gate)
    with router.connect() as client:
        client.send(b"GET /shadow/1 HTTP/1.1\r\nHost: a\r\n\r\n")
        wait_until(lambda: gate.waiting, "the request is there")
    wait_until(lambda: any(e["status"] == "499" for e in router.entries()),
               "the client has gone")
    gate.open()
    router.get("/shadow/marker")
    wait_until(lambda: router.new.seen("/shadow/marker"), "the next one")
    assert not router.new.seen("/shadow/1")


def test_kept_connections_are_used(router):
    router.drop_idle()
    with router.connect() as client:
        for _ in range(5):
            client.request("GET", "/shadow/1")
            wait_until(lambda: idle(router), "the copy has ended")
    assert len({r.connection for r in router.new.seen()}) == 1


def test_a_stale_connection_is_replaced(router):
    router.new.on("/shadow/1", faults.close_after(faults.answer(200, b"x")))
    with router.connect() as client:
        for i in range(3):
            client.request("GET", "/shadow/1")
            wait_until(lambda: len(router.new.seen("/shadow/1")) == i + 1,
                       "the copy is there")


@pytest.mark.parametrize("how", ["quit", "term", "reload", "kill"])
def test_copies_under_way_when_workers_end(one_router, how):
    router = one_router(RULES, root="location / { strangler_pass main; "
                        "include @PARAMS@; }" + API,
                        rules_args="zone=2m poll=100ms state=@HOME@/state")
    gate = faults.Gate()
    router.new.on("/long/1", gate)
    for _ in range(5):
        router.get("/long/1")
    wait_until(lambda: gate.waiting == 5, "the copies are there")
    router.close()
    (old,) = router.nginx.worker_pids()

    if how in ("quit", "term"):
        master = router.nginx.pid()
        router.nginx.signal({"quit": signal.SIGQUIT,
                             "term": signal.SIGTERM}[how])
        gate.open()
        router.nginx.wait_ended(master)
        return

    if how == "kill":
        router.nginx.kill_worker(old)
    else:
        router.nginx.reload()

    gate.open()
    wait_until(lambda: idle(router), "nothing is in flight")
    router.new.on("/long/1", faults.answer(200, b"x"))
    assert scrape(router).total("shadow_sent_total", route="long") == 5
    router.get("/long/1")
    assert scrape(router).total("shadow_sent_total", route="long") == 6
