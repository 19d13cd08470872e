"""The counters agree with what a client counted, however requests end."""

import collections
import socket
import struct
import threading

import pytest

from harness import faults
from harness.metrics import (
    API, assert_requests, requests, scrape, wait_total)
from harness.wait import ClosedPort, wait_until

RULES = """
version: 1
backends:
  legacy: {servers: [@legacy@]}
  new: {servers: [@new@], breaker: none}
  refusing: {servers: [REFUSING], breaker: none}
  half: {servers: [REFUSING, @new@], breaker: none}
  slow: {servers: [@new@], breaker: none, timeouts: {read: 200ms}}
default: legacy
routes:
  - {name: live, match: {path: /live/*}, to: new, stage: live, data: shared}
  - {name: done, match: {path: /done/*}, to: new, stage: done}
  - {name: old, match: {path: /old/*}, to: new, stage: legacy}
  - {name: split, match: {path: /split/*, methods: [GET]}, to: new, stage: ramp, percent: 50, by: [request]}
  - {name: refused, match: {path: /refused/*}, to: refusing, stage: live}
  - {name: refused-done, match: {path: /refused-done/*}, to: refusing, stage: done}
  - {name: slow, match: {path: /slow/*}, to: slow, stage: live}
  - {name: half, match: {path: /half/*}, to: half, stage: done}
  - {name: total, match: {path: /total/*}, to: new, stage: done, timeouts: {total: 300ms}}
  - {name: moved, match: {path: /moved/*}, redirect: {path: /x}}
  - {name: gone, match: {path: /gone/*}, respond: {status: 410, body: gone}}
  - {name: slowest, match: {path: '~^/limit/(a+)+$'}, to: new, stage: done}
"""

ROOT = """
    location / { strangler_pass main; include @PARAMS@; }
    location /denied/ { strangler_pass main; include @PARAMS@; deny all; }
    location /paged/ {
        strangler_pass main;
        include @PARAMS@;
        proxy_intercept_errors on;
        error_page 404 410 /page;
        error_page 500 /live/page;
    }
    location = /page { return 200 page; }
    location = /sub { auth_request /old/auth; strangler_pass main; include @PARAMS@; }
""" + API


@pytest.fixture(scope="module")
def refusing():
    port = ClosedPort()
    yield port
    port.stop()


@pytest.fixture
def router(one_router, refusing):
    return one_router(RULES.replace("REFUSING", refusing.url), root=ROOT)


def tries(router, backend):
    """(outcome -> tries, reason -> failures) of a backend."""
    samples = wait_total(router, 0, "backend_in_flight")
    outcomes = samples.table("backend_requests_total", "outcome",
                             backend=backend)
    reasons = samples.table("backend_failures_total", "reason",
                            backend=backend)
    return ({k[0]: v for k, v in outcomes.items()},
            {k[0]: v for k, v in reasons.items()})


def test_by_route_and_side(router):
    for path, times in (("/live/1", 3), ("/done/1", 2), ("/old/1", 4),
                        ("/moved/1", 5), ("/gone/1", 6), ("/elsewhere", 7)):
        for _ in range(times):
            router.get(path)
    assert_requests(router, {
        ("live", "new", "success"): 3, ("done", "new", "success"): 2,
        ("old", "old", "success"): 4, ("moved", "none", "success"): 5,
        ("gone", "none", "client_error"): 6, ("", "old", "success"): 7})
    assert tries(router, "new") == ({"success": 5}, {})
    assert tries(router, "legacy") == ({"success": 11}, {})


def test_a_split_as_the_client_saw_it(router):
    seen = collections.Counter(
        "new" if r.backend == "new" else "old"
        for r in router.many([("GET", "/split/1", ())] * 400))
    counted = requests(router)
    assert {side: counted["split", side, "success"]
            for side in ("old", "new")} == dict(seen)
    assert seen["new"] > 0 and seen["old"] > 0


@pytest.mark.parametrize("status, outcome", [
    (204, "success"), (302, "success"), (400, "client_error"),
    (404, "client_error"), (500, "server_error"), (503, "server_error")])
def test_outcomes(router, status, outcome):
    router.new.on("/done/1", faults.answer(status))
    assert router.get("/done/1").status == status
    assert_requests(router, {("done", "new", outcome): 1})
    failures = {"status": 1} if status >= 500 else {}
    assert tries(router, "new") == ({outcome: 1}, failures)


def test_no_route_and_nobody_asked(one_router, refusing):
    router = one_router(RULES.replace("default: legacy", "").replace(
        "to: ", "from: legacy, to: ").replace("REFUSING", refusing.url),
        root=ROOT)
    assert router.get("/elsewhere").status == 404
    assert_requests(router, {("", "none", "client_error"): 1})


def fallbacks(router):
    samples = wait_total(router, 0, "backend_in_flight")
    return samples.table("fallbacks_total", "route", "reason")


@pytest.mark.parametrize("handler, reason, outcome", [
    (faults.garbage(), "invalid", "failed"),
    (faults.raw(b""), "invalid", "failed"),
    (faults.answer(502), "status", "server_error"),
    (faults.answer(504), "status", "server_error")])
def test_fallbacks(router, handler, reason, outcome):
    router.new.on("/live/1", handler)
    assert router.get("/live/1").backend == "legacy"
    assert fallbacks(router) == {("live", reason): 1}
    assert_requests(router, {("live", "old", "success"): 1})
    assert tries(router, "new") == ({outcome: 1}, {reason: 1})
    assert tries(router, "legacy") == ({"success": 1}, {})


def test_fallback_after_a_refusal(router):
    assert router.get("/refused/1").backend == "legacy"
    assert fallbacks(router) == {("refused", "connect"): 1}
    assert tries(router, "refusing") == ({"failed": 1}, {"connect": 1})


def test_fallback_after_a_timeout(router):
    router.new.on("/slow/1", faults.hang())
    assert router.get("/slow/1").backend == "legacy"
    assert fallbacks(router) == {("slow", "timeout"): 1}
    assert tries(router, "slow") == ({"failed": 1}, {"timeout": 1})


def test_a_fallback_is_in_no_side_s_durations(router):
    router.new.on("/live/1", faults.answer(502))
    router.get("/live/1")
    router.get("/live/2")
    assert wait_total(router, 1, "request_duration_seconds_count",
                      route="live").table(
        "request_duration_seconds_count", "side", route="live") == {
            ("new",): 1}


def test_failures_without_a_fallback(router):
    assert router.get("/refused-done/1").status == 502
    assert fallbacks(router) == {}
    assert_requests(router, {("refused-done", "new", "server_error"): 1})
    assert tries(router, "refusing") == ({"failed": 1}, {"connect": 1})


def test_the_total_time_is_over(router):
    router.new.on("/total/1", faults.hang())
    assert router.get("/total/1").status == 504
    assert_requests(router, {("total", "new", "server_error"): 1})
    assert tries(router, "new") == ({"failed": 1}, {"timeout": 1})


def test_another_server_is_a_retry(router):
    answers = [router.get("/half/1").backend for _ in range(4)]
    assert answers == ["new"] * 4
    samples = scrape(router)
    retries = samples.total("retries_total", route="half")
    assert retries >= 1
    assert tries(router, "half") == ({"success": 4, "failed": retries},
                                     {"connect": retries})


@pytest.mark.parametrize("handler", [
    faults.drop_mid_body(), faults.reset_mid_body()],
    ids=["closed", "reset"])
@pytest.mark.parametrize("path, backend", [("/live/1", "new"),
                                           ("/elsewhere", "legacy")])
def test_an_answer_that_dies_in_its_body(router, path, backend, handler):
    router.backends[backend].on(path, handler)
    assert not router.get(path).complete
    route, side = ("live", "new") if backend == "new" else ("", "old")
    assert_requests(router, {(route, side, "server_error"): 1})
    assert tries(router, backend) == ({"failed": 1}, {"incomplete": 1})
    assert fallbacks(router) == {}


def test_unbuffered_answers_that_die(one_router, refusing):
    router = one_router(
        RULES.replace("REFUSING", refusing.url),
        root=API + " location / { strangler_pass main; include @PARAMS@;"
        " proxy_buffering off; }")
    router.new.on("/done/1", faults.drop_mid_body())
    assert not router.get("/done/1").complete
    assert_requests(router, {("done", "new", "server_error"): 1})
    assert tries(router, "new") == ({"failed": 1}, {"incomplete": 1})


def give_up(client, reset):
    if reset:
        client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                               struct.pack("ii", 1, 0))
    client.stream.close()
    client.sock.close()


@pytest.mark.parametrize("reset", [False, True], ids=["close", "reset"])
@pytest.mark.parametrize("handler", [
    faults.hang(), faults.hang_after_header()], ids=["head", "body"])
def test_clients_that_go_away(router, handler, reset):
    router.new.on("/live/1", handler)
    clients = [router.connect() for _ in range(3)]
    for client in clients:
        client.send(b"GET /live/1 HTTP/1.1\r\nHost: a\r\n\r\n")
    wait_total(router, 3, "backend_in_flight", backend="new")
    wait_until(lambda: len(router.new.seen()) == 3, "all have arrived")
    for client in clients:
        give_up(client, reset)
    assert_requests(router, {("live", "new", "aborted"): 3})
    assert tries(router, "new") == ({"aborted": 3}, {})
    assert fallbacks(router) == {}


def test_what_is_in_flight(router):
    gate = faults.Gate()
    router.new.on("/live/1", gate)
    clients = [router.connect() for _ in range(5)]
    for client in clients:
        client.send(b"GET /live/1 HTTP/1.1\r\nHost: a\r\n\r\n")
    samples = wait_total(router, 5, "backend_in_flight")
    assert samples.table("backend_in_flight", "backend") == {("new",): 5}
    assert samples.total("requests_total") == 0
    gate.open()
    for client in clients:
        assert client.read().status == 200
        client.close()
    assert_requests(router, {("live", "new", "success"): 5})


def test_a_kept_connection_that_was_closed_is_no_failure(router):
    router.new.on("/done/1", faults.close_after(faults.answer(200, "x")))
    for _ in range(5):
        assert router.get("/done/1").status == 200
    assert tries(router, "new") == ({"success": 5}, {})
    assert_requests(router, {("done", "new", "success"): 5})


def test_an_upgrade(router):
    router.new.on("/done/ws", faults.upgrade_echo)
    with router.connect() as client:
        client.send(b"GET /done/ws HTTP/1.1\r\nHost: a\r\n"
                    b"Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
        assert client.read_head().status == 101
        client.send(b"hello")
        assert client.stream.read(5) == b"hello"
        wait_total(router, 1, "backend_in_flight")
    samples = wait_total(router, 0, "backend_in_flight")
    assert samples.total("requests_total", route="done") == 1
    assert samples.total("backend_failures_total") == 0


@pytest.mark.parametrize("status", [404, 410])
def test_error_pages_count_once(router, status):
    router.legacy.on("/paged/1", faults.answer(status))
    assert router.get("/paged/1").body == b"page"
    assert_requests(router, {("", "old", "client_error"): 1})
    assert tries(router, "legacy") == ({"client_error": 1}, {})


def test_an_error_page_of_another_route_counts_there(router):
    router.legacy.on("/paged/1", faults.answer(500))
    assert router.get("/paged/1").backend == "new"
    assert_requests(router, {("live", "new", "server_error"): 1})
    assert tries(router, "legacy") == ({"server_error": 1}, {"status": 1})
    assert tries(router, "new") == ({"success": 1}, {})


def test_what_is_denied_is_not_routed(router):
    assert router.get("/denied/1").status == 403
    assert_requests(router, {})


def test_subrequests_are_tries_only(router):
    assert router.get("/sub").status == 200
    assert_requests(router, {("", "old", "success"): 1})
    assert tries(router, "legacy") == ({"success": 2}, {})


def test_patterns_at_their_limit(router):
    for _ in range(3):
        router.get("/limit/" + "a" * 60 + "b")
    assert wait_total(router, 3, "requests_total").table(
        "pattern_limits_total", "route") == {("slowest",): 3}


def test_durations(router):
    def later(exchange):
        exchange.wait(0.3)
        return exchange.answer(200, "x")

    router.new.on("/live/1", later)
    for path in ("/live/1", "/live/2", "/live/2"):
        assert router.get(path).status == 200
    samples = wait_total(router, 3, "requests_total")
    for name, labels in (
            ("request_duration_seconds", {"route": "live", "side": "new"}),
            ("backend_request_duration_seconds", {"backend": "new"})):
        assert samples.total(name + "_count", **labels) == 3
        assert samples.total(name + "_bucket", le="+Inf", **labels) == 3
        assert samples.total(name + "_bucket", le="30.0", **labels) == 3
        assert samples.total(name + "_bucket", le="0.25", **labels) == 2
        assert 0.28 < samples.total(name + "_sum", **labels) < 30


def test_requests_at_once(one_router, refusing):
    """Of several workers, each in rows of its own."""
    router = one_router(RULES.replace("REFUSING", refusing.url), root=ROOT,
                        workers=3)
    paths = ["/live/1", "/done/1", "/old/1", "/x", "/refused/1", "/gone/1"]

    def run():
        for _ in range(20):
            with router.connect() as client:
                for path in paths:
                    client.request("GET", path)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    wait_total(router, 480, "requests_total")
    assert_requests(router, {
        ("live", "new", "success"): 80, ("done", "new", "success"): 80,
        ("old", "old", "success"): 80, ("", "old", "success"): 80,
        ("refused", "old", "success"): 80, ("gone", "none", "client_error"): 80})
    assert fallbacks(router) == {("refused", "connect"): 80}
    assert tries(router, "new") == ({"success": 160}, {})
    assert tries(router, "legacy") == ({"success": 240}, {})
    assert wait_until(lambda: scrape(router).total("workers") == 3, "three")
