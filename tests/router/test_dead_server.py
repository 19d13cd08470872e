"""
A backend of which a server is dead: where no fallback is open, another of its
servers answers; nothing was sent to the dead one.
"""

import hashlib

import pytest

from harness.backend import Backend
from harness.router import Router
from harness.wait import Blackhole, ClosedPort

RULES = """
version: 1
backends:
  legacy: {servers: [@legacy@, %(dead)s]}
  both: {servers: [%(dead)s, @new@], breaker: none, host: server}
  mixed: {servers: ["https://%(dead_address)s", @new@], breaker: none, host: server}
  slow: {servers: [%(hole)s, @new@], breaker: none, timeouts: {connect: 150ms}}
  none: {servers: [%(dead)s, %(dead2)s], breaker: none}
default: legacy
routes:
  - {name: done, match: {path: /done/*}, to: both, stage: done}
  - {name: mixed, match: {path: /mixed/*}, to: mixed, stage: done}
  - {name: slow, match: {path: /slow/*}, to: slow, stage: done}
  - {name: none, match: {path: /none/*}, to: none, stage: done}
  - {name: live, match: {path: /live/*}, to: both, stage: live}
  - {name: lost, match: {path: /lost/*}, to: none, stage: live}
  - {name: alone, match: {path: /alone/*}, to: both, stage: live, fallback: none}
"""

BODY = bytes(range(256)) * 300


@pytest.fixture(scope="module")
def router():
    dead, dead2, hole = ClosedPort(), ClosedPort(), Blackhole()
    router = Router(RULES % {
        "dead": dead.url, "dead_address": dead.url.partition("//")[2],
        "dead2": dead2.url, "hole": hole.url}, ["legacy", Backend("new")])
    router.dead = dead.url.partition("//")[2]
    router.dead2 = dead2.url.partition("//")[2]
    yield router
    router.stop()
    for port in (dead, dead2, hole):
        port.stop()


def ask(router, path, method, body=None):
    with router.connect() as client:
        return client.request(method, path, body=body)


SHAPES = [("GET", None), ("DELETE", None), ("POST", b"small"), ("POST", BODY)]


@pytest.mark.parametrize("method, body", SHAPES)
@pytest.mark.parametrize("path, backend", [
    ("/", "legacy"), ("/done/a", "new"), ("/mixed/a", "new"),
    ("/slow/a", "new"), ("/alone/a", "new")])
def test_another_server_answers(router, path, backend, method, body):
    addresses = set()
    for _ in range(4):
        response = ask(router, path, method, body)
        assert response.status == 200
        assert response.backend == backend
        entry = router.entry(response)
        assert entry["strangler_fallback"] == ""
        addresses.add(entry["upstream_addr"].count(","))
    assert addresses == {0, 1}          # with and without the dead one

    assert len(router.seen()) == 4
    for request in router.seen():
        assert request.digest == hashlib.sha256(body or b"").hexdigest()
        if path in ("/done/a", "/mixed/a"):
            assert request.value("Host") == router.new.address


@pytest.mark.parametrize("method, body", SHAPES)
def test_each_is_asked_once(router, method, body):
    response = ask(router, "/none/a", method, body)
    assert response.status == 502
    asked = router.entry(response)["upstream_addr"].split(", ")
    assert sorted(asked) == sorted([router.dead, router.dead2])


def test_the_fallback_comes_first(router):
    """It is there for that; the dead server's share goes to it."""
    reasons = []
    for _ in range(4):
        response = ask(router, "/live/a", "GET")
        assert response.status == 200
        reasons.append(router.entry(response)["strangler_fallback"])
    assert sorted(reasons) == ["", "", "connect", "connect"]


def test_servers_of_the_fallback(router):
    for _ in range(4):
        response = ask(router, "/lost/a", "POST", b"hello")
        assert response.status == 200
        assert response.backend == "legacy"
        entry = router.entry(response)
        assert entry["strangler_fallback"] == "connect"
        assert entry["upstream_addr"].count(",") in (1, 2)
    assert [r.body_length for r in router.seen()] == [5] * 4
