"""Connections to backends: reused, bounded, and safe when they went stale."""

import threading
import time

import pytest

from harness import faults
from harness.client import serialize
from harness.wait import holds, wait_until

RULES = """
version: 1
backends:
  legacy: {servers: [@legacy@]}
  new: {servers: [@new@]}
  few: {servers: [@few@], keepalive: 2}
  counted: {servers: [@counted@], keepalive: {requests: 3}}
  brief: {servers: [@brief@], keepalive: {timeout: 200ms}}
  pair: {servers: [@left@, @right@]}
default: legacy
routes:
  - {name: new, match: {path: /new/*}, to: new, stage: done}
  - {name: few, match: {path: /few/*}, to: few, stage: done}
  - {name: counted, match: {path: /counted/*}, to: counted, stage: done}
  - {name: brief, match: {path: /brief/*}, to: brief, stage: done}
  - {name: pair, match: {path: /pair/*}, to: pair, stage: done}
  - {name: live, match: {path: /live/*}, to: new, stage: live}
  - {name: live-unsafe, match: {path: /unsafe/*}, to: new, stage: live, fallback: {unsafe: true}}
  - {name: other-name, match: {path: /again/*}, to: new, stage: done}
"""


@pytest.fixture(scope="module")
def router(make_router):
    return make_router(
        RULES, ["legacy", "new", "few", "counted", "brief", "left", "right"],
        location="""
            client_body_buffer_size 16k;""",
        server="""
        location /second/ {
            rewrite ^/second(/.*)$ $1 break;
            strangler_pass main;
            include @PARAMS@;
        }""")


@pytest.fixture(autouse=True)
def no_idle_connections(router):
    """Each test starts with a pool of nothing."""
    router.drop_idle()


def connections(backend):
    return [r.connection for r in backend.seen()]


def at_once(router, backend, path, n):
    """n requests, all under way at the same moment."""
    gate = faults.Gate()
    backend.on(path, gate)
    clients = [router.connect() for _ in range(n)]
    for client in clients:
        client.send(serialize(target=path))
    wait_until(lambda: gate.waiting == n, f"{n} requests wait")
    gate.open()
    for client in clients:
        assert client.read().status == 200
        client.close()


def test_reused(router):
    for _ in range(10):
        router.get("/new/a")
    assert len(set(connections(router.new))) == 1
    assert router.new.seen()[0].values("Connection") in ([], ["keep-alive"])


def test_reused_between_clients_routes_and_locations(router):
    for path in ("/new/a", "/live/a", "/again/a", "/second/new/a"):
        with router.connect() as client:
            assert client.request("GET", path).backend == "new"
    assert len(set(connections(router.new))) == 1


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "HEAD"])
def test_reused_by_every_method(router, method):
    for _ in range(3):
        body = None if method == "HEAD" else b"x" * 1000
        assert router.request(method, "/new/a", body=body).status == 200
    assert len(set(connections(router.new))) == 1


def test_each_server_has_its_own(router):
    for _ in range(8):
        router.get("/pair/a")
    assert len(set(connections(router.left))) == 1
    assert len(set(connections(router.right))) == 1
    assert len(router.left.seen()) == len(router.right.seen()) == 4


def test_no_more_idle_than_allowed(router):
    at_once(router, router.few, "/few/a", 6)
    wait_until(lambda: len(router.few.connections) == 2,
               "two connections are kept")
    holds(lambda: len(router.few.connections) == 2, "two are kept", 0.1)


def test_thirty_two_by_default(router):
    at_once(router, router.new, "/new/a", 40)
    wait_until(lambda: len(router.new.connections) == 32,
               "32 connections are kept")


def test_requests_per_connection(router):
    for _ in range(7):
        router.get("/counted/a")
    numbers = connections(router.counted)
    assert [numbers.count(n) for n in dict.fromkeys(numbers)] == [3, 3, 1]


def test_idle_timeout(router):
    router.get("/brief/a")
    assert len(router.brief.connections) == 1
    wait_until(lambda: not router.brief.connections, "it is closed")
    assert router.get("/brief/a").backend == "brief"


def test_a_connection_that_the_backend_closes_is_dropped(router):
    router.new.on("/new/a", faults.close_after(faults.answer(200, "x")))
    assert router.get("/new/a").text == "x"
    wait_until(lambda: not router.new.connections, "it is closed")
    assert router.get("/new/b").backend == "new"
    assert len(router.new.seen()) == 2


def test_connection_close_is_honoured(router):
    router.new.on("/new/a", faults.answer(200, "x", close=True))
    for _ in range(3):
        assert router.get("/new/a").text == "x"
    assert len(set(connections(router.new))) == 3


@pytest.mark.parametrize("fault", [
    faults.answer(404, "no"), faults.answer(500, "oops"),
    faults.answer(204), faults.answer(304), faults.chunked([b"a", b"b"])],
    ids=["404", "500", "204", "304", "chunked"])
def test_any_whole_answer_keeps_the_connection(router, fault):
    router.new.on("/new/a", fault)
    for _ in range(3):
        router.get("/new/a")
    assert len(set(connections(router.new))) == 1


def test_a_failed_status_keeps_the_connection(router):
    """An answer of 503 is thrown away, its connection need not be; either way
    the next answers are not mixed up."""
    router.new.on("/live/a", faults.answer(503, "x" * 3000))
    for _ in range(3):
        assert router.get("/live/a").backend == "legacy"
        assert router.get("/live/b").backend == "new"


def test_an_answer_that_is_left_unread_is_not_mixed_up(router):
    """The client leaves while a long answer is under way."""
    router.new.on("/new/long", faults.answer(200, "y" * 5_000_000))
    with router.connect() as client:
        client.send(serialize(target="/new/long"))
        client.read_head()
    for _ in range(3):
        assert router.get("/new/a").echo["target"] == "/new/a"


# stale connections: the backend closes at the very moment of the next request

def warm(router, backend, path, fault):
    """One idle connection, whose next request meets the fault."""
    backend.on(path, faults.if_reused(fault))
    assert router.get(path).status == 200
    backend.requests.clear()


@pytest.mark.parametrize("fault", [faults.drop(), faults.reset()],
                         ids=["drop", "reset"])
@pytest.mark.parametrize("path", ["/new/a", "/live/a"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"])
def test_stale_is_tried_again_on_the_same_backend(router, method, path, fault):
    warm(router, router.new, path, fault)
    body = b"x" * 40000 if method == "PUT" else None
    response = router.request(method, path, body=body)

    assert response.status == 200
    assert router.legs() == ["new", "new"]
    first, second = router.new.seen()
    assert first.connection != second.connection
    assert second.digest == first.digest
    assert second.body_length == len(body or b"")

    entry = router.entry(response)
    assert entry["strangler_fallback"] == ""
    assert entry["strangler_backend"] == "new"
    address = router.new.address
    assert entry["upstream_addr"] == f"{address}, {address}"


@pytest.mark.parametrize("path", ["/new/a", "/live/a"])
@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_stale_is_not_replayed_for_other_methods(router, path, method):
    warm(router, router.new, path, faults.reset())
    response = router.request(method, path, body=b"x" * 1000)
    assert response.status == 502
    assert router.legs() == ["new"]


def test_stale_and_then_a_failure_falls_back(router):
    """The retry after a stale connection is the first try that counts."""
    warm(router, router.new, "/live/a", faults.reset())
    router.new.on("/live/a", faults.reset())
    response = router.get("/live/a")
    assert response.backend == "legacy"
    assert router.legs() == ["new", "new", "legacy"]
    assert router.entry(response)["strangler_fallback"] == "invalid"


def test_several_stale_connections_are_not_worn_one_by_one(router):
    """After one stale connection the next try is on a fresh one."""
    at_once(router, router.new, "/new/a", 5)
    wait_until(lambda: len(router.new.connections) == 5, "five are idle")
    known = {r.connection for r in router.new.seen()}
    router.new.requests.clear()
    lock = threading.Lock()

    def handler(exchange):
        with lock:
            old = exchange.request.connection in known
        return faults.reset()(exchange) if old else faults.echo(exchange)

    router.new.on("/new/a", handler)
    assert router.get("/new/a").backend == "new"
    assert len(router.new.seen()) == 2


def test_stale_connection_of_the_fallback(router):
    """legacy's kept connection has gone stale too."""
    assert router.get("/x").backend == "legacy"
    router.reset()
    router.new.on("/live/a", faults.answer(503))
    router.legacy.on("/live/a", faults.in_turn(faults.reset(), faults.echo))
    response = router.get("/live/a")
    assert response.backend == "legacy"
    assert router.legs() == ["new", "legacy", "legacy"]
    assert router.entry(response)["strangler_fallback"] == "503"


def test_a_kept_connection_waits_for_no_acknowledgement(router):
    """
    A backend that answers before it has read the body acknowledges the last of
    it up to 40 ms late; the next request is sent all the same.
    """
    def early(exchange):
        exchange.answer(200, "early")
        return exchange.read_body()
    early.before_body = True
    router.new.on("/new/early", early)

    taken = []
    for _ in range(8):
        response = router.request("POST", "/new/early", body=b"x" * 40000)
        assert response.status == 200
        begin = time.monotonic()
        assert router.get("/new/small").status == 200
        taken.append(time.monotonic() - begin)

    assert len(set(connections(router.new))) == 1
    assert min(taken[1:]) < 0.03, taken
