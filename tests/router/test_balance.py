"""Weights between backends and between servers, kinds of address, Host."""

import collections
import os

import pytest

from harness.backend import Backend
from harness.stats import assert_share

RULES = """
version: 1
backends:
  legacy: {servers: [@legacy@]}
  a: {servers: [@a@]}
  b: {servers: [@b@]}
  even: {servers: [@a@, @b@, @c@]}
  smooth:
    servers:
      - {url: "@a@", weight: 5}
      - {url: "@b@", weight: 1}
      - @c@
  preserved: {servers: [@a@], host: preserve}
  served: {servers: [@a@], host: server}
  literal: {servers: [@a@], host: orders.internal}
  v6: {servers: ["@six@"]}
  v6-served: {servers: ["@six@"], host: server}
  socket: {servers: ["@sock@"]}
  socket-served: {servers: ["@sock@"], host: server}
default: legacy
routes:
  - {name: even, match: {path: /even/*}, to: even, stage: done}
  - {name: smooth, match: {path: /smooth/*}, to: smooth, stage: done}
  - {name: weights, match: {path: /weights/*}, to: {a: 80, b: 20}, stage: done}
  - {name: zero, match: {path: /zero/*}, to: {a: 0, b: 3}, stage: done}
  - name: sticky
    match: {path: /sticky/*}
    to: {a: 50, b: 50}
    by: [header:X-User]
    stage: done
  - name: ramped
    match: {path: /ramped/*}
    to: {a: 50, b: 50}
    by: [header:X-User]
    stage: ramp
    percent: 50
    data: shared
  - {name: preserved, match: {path: /preserved}, to: preserved, stage: done}
  - {name: served, match: {path: /served}, to: served, stage: done}
  - {name: literal, match: {path: /literal}, to: literal, stage: done}
  - {name: v6, match: {path: /v6}, to: v6, stage: done}
  - {name: v6-served, match: {path: /v6-served}, to: v6-served, stage: done}
  - {name: socket, match: {path: /socket}, to: socket, stage: done}
  - {name: socket-served, match: {path: /socket-served}, to: socket-served, stage: done}
"""


@pytest.fixture(scope="module")
def router(make_router, tmp_path_factory):
    directory = tmp_path_factory.mktemp("unix")
    backends = [Backend(name) for name in ("legacy", "a", "b", "c")]
    backends.append(Backend("six", host="::1"))
    backends.append(Backend("sock", unix=os.path.join(directory, "s")))
    return make_router(RULES, backends)


def count(router, path, n, headers=()):
    return collections.Counter(
        r.backend for r in router.many([("GET", path, headers)] * n))


def test_round_robin(router):
    names = [router.get("/even/x").backend for _ in range(9)]
    assert names == names[:3] * 3
    assert sorted(names[:3]) == ["a", "b", "c"]


def test_weighted_round_robin_is_smooth(router):
    """
    nginx's own pattern for 5, 1, 1, from anywhere on: never five of one in a
    row.
    """
    names = "".join(router.get("/smooth/x").backend for _ in range(21))
    assert names in "aabacaa" * 4


def test_weights_of_backends(router):
    got = count(router, "/weights/x", 1500)
    assert sum(got.values()) == 1500
    assert set(got) == {"a", "b"}
    assert_share(got["b"], 1500, 0.2)


def test_weight_zero_gets_nothing(router):
    assert count(router, "/zero/x", 200) == {"b": 200}


def test_weights_stick(router):
    users = range(400)
    requests = [("GET", "/sticky/x", {"X-User": str(u)}) for u in users]
    once = [r.backend for r in router.many(requests)]
    again = [r.backend for r in router.many(requests)]
    assert once == again
    assert_share(once.count("a"), len(once), 0.5)


def test_weights_have_a_hash_of_their_own(router):
    """
    Of those whom the ramp sends to the new side, both backends get half: the
    two draws are independent.
    """
    requests = [("GET", "/ramped/x", {"X-User": str(u)}) for u in range(1000)]
    got = collections.Counter(r.backend for r in router.many(requests))
    new = got["a"] + got["b"]
    assert_share(new, 1000, 0.5)
    assert_share(got["a"], new, 0.5)


def test_the_log_names_the_backend_that_was_drawn(router):
    for _ in range(10):
        response = router.get("/weights/x")
        assert router.entry(response)["strangler_backend"] == response.backend


def host_sent(router, path, host="shop.test:81"):
    response = router.get(path, host=host)
    request = router.seen()[-1]
    assert router.entry(response)["strangler_host"] == request.value("Host")
    return request.value("Host")


def test_host_preserve(router):
    assert host_sent(router, "/preserved") == "shop.test:81"


def test_host_server(router):
    assert host_sent(router, "/served") == router.a.address


def test_host_literal(router):
    assert host_sent(router, "/literal") == "orders.internal"


def test_ipv6(router):
    response = router.get("/v6")
    assert response.backend == "six"
    assert router.entry(response)["upstream_addr"] == router.six.address
    assert host_sent(router, "/v6-served") == router.six.address


def test_unix_socket(router):
    response = router.get("/socket")
    assert response.backend == "sock"
    assert router.entry(response)["upstream_addr"] == router.sock.address
    assert host_sent(router, "/socket") == "shop.test:81"
    assert host_sent(router, "/socket-served") == "localhost"


def test_a_host_that_is_missing_is_not_missing_for_the_backend(router):
    """HTTP/1.1 to the backend needs exactly one Host."""
    router.raw("GET /preserved HTTP/1.0\r\n\r\n")
    assert len(router.seen()[0].values("Host")) == 1


def test_a_name_is_resolved(one_router):
    backend = Backend("named")
    other = one_router("""
version: 1
backends:
  named: {servers: ["http://localhost:%d"], host: server, timeouts: {connect: 1s}}
default: named
""" % backend.port, [backend])
    names = {other.get("/x").status for _ in range(4)}
    assert 200 in names
    assert backend.seen()[0].value("Host") == f"localhost:{backend.port}"
