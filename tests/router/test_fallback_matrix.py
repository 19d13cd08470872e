"""
Every failure x every shape of request x every kind of fallback: which leg is
reached how often, what the client gets, and whether the body arrives intact.
"""

import hashlib
import itertools

import pytest

from harness import faults
from harness.backend import Backend
from harness.router import Router
from harness.wait import Blackhole, ClosedPort

MODES = {
    "default": "",
    "none": "fallback: none",
    "unsafe": "fallback: {unsafe: true}",
    "fresh": "data: new",
    "stale": "data: new\n    fallback: {stale: true}",
}

# name: (backend, handler at new, reason, upstream status, client's status)
# Where no handler is given the connection itself fails: nothing was sent.
FAULTS = {
    "refused": ("dead", None, "connect", "502", 502),
    "unconnected": ("hole", None, "connect", "504", 504),
    "no-tls": ("notls", None, "connect", "502", 502),
    "hang": ("slow", faults.hang(), "timeout", "504", 504),
    "reset": ("new", faults.reset(), "invalid", "502", 502),
    "drop": ("new", faults.drop(), "invalid", "502", 502),
    "mid-header": ("new", faults.drop_mid_header(), "invalid", "502", 502),
    "garbage": ("new", faults.garbage(), "invalid", "502", 502),
    "mid-body": ("new", faults.drop_mid_body(), None, "200", 200),
    "502": ("new", faults.answer(502, "oops"), "502", "502", 502),
    "503": ("new", faults.answer(503, "oops"), "503", "503", 503),
    "504": ("new", faults.answer(504, "oops"), "504", "504", 504),
    "500": ("new", faults.answer(500, "oops"), None, "500", 500),
    "404": ("new", faults.answer(404, "oops"), None, "404", 404),
    "listed-500": ("new", faults.answer(500, "oops"), "500", "500", 500),
    "listed-404": ("new", faults.answer(404, "oops"), "404", "404", 404),
    "listed-429": ("new", faults.answer(429, "oops"), "429", "429", 429),
    "listed-501": ("new", faults.answer(501, "oops"), "501", "501", 501),
}

SMALL = b"a=1&b=2"
LARGE = bytes(range(256)) * 1200

# name: (method, body, chunked, location without request buffering)
SHAPES = {
    "get": ("GET", None, False, False),
    "head": ("HEAD", None, False, False),
    "put": ("PUT", SMALL, False, False),
    "delete": ("DELETE", None, False, False),
    "post": ("POST", SMALL, False, False),
    "spooled": ("POST", LARGE, False, False),
    "chunked": ("POST", LARGE, True, False),
    "unbuffered": ("POST", LARGE, False, True),
    "get-body": ("GET", SMALL, False, False),
}

ROUTE = """
  - name: {mode}.{fault}
    match: {{path: /{mode}/{fault}/*}}
    to: {to}
    stage: live
    {options}
"""


def rules():
    text = """
version: 1
backends:
  legacy: {servers: [@legacy@]}
  new: {servers: [@new@], breaker: none}
  slow: {servers: [@new@], breaker: none, timeouts: {read: 150ms}}
  dead: {servers: [@dead@], breaker: none}
  hole: {servers: [@hole@], breaker: none, timeouts: {connect: 150ms}}
  notls: {servers: ["https://@plain@"], breaker: none}
default: legacy
routes:
"""
    for mode, options in MODES.items():
        for fault, (to, *_) in FAULTS.items():
            extra = options
            if fault.startswith("listed") and mode != "none":
                when = "when: [404, 429, 500-501]"
                if "{" in extra:
                    extra = extra.replace("{", "{" + when + ", ")
                else:
                    extra += "\n    fallback: {" + when + "}"
            text += ROUTE.format(mode=mode, fault=fault, to=to, options=extra)
    return text


@pytest.fixture(scope="module")
def router():
    closed, hole = ClosedPort(), Blackhole()
    new = Backend("new")
    plain = Backend("plain", greeting=b"220 this is no TLS\r\n")
    text = rules().replace("@dead@", closed.url).replace("@hole@", hole.url)
    text = text.replace("@plain@", plain.address)
    router = Router(text, ["legacy", new, plain], server="""
        location ~ ^/[^/]+/[^/]+/unbuffered$ {
            strangler_pass main;
            include @PARAMS@;
            proxy_request_buffering off;
        }""")
    router.addresses = {"new": new.address, "slow": new.address,
                        "notls": plain.address, "dead": closed.address,
                        "hole": hole.address}
    yield router
    router.stop()
    closed.stop()
    hole.stop()


@pytest.fixture(autouse=True)
def no_idle_connections(router):
    router.drop_idle()


def falls_back(mode, fault, shape):
    """Nothing was sent where there is no handler; still a write that the old
    side would keep is lost to the new one, which has the truth with `data: new`.
    """
    _, handler, reason, _, _ = FAULTS[fault]
    method, _, _, unbuffered = SHAPES[shape]
    safe = method in ("GET", "HEAD")

    if reason is None or mode == "none":
        return False
    if mode == "fresh" and safe:
        return False
    if handler is None:
        return safe or mode not in ("fresh", "stale")
    if safe:
        return True
    return mode == "unsafe" and not unbuffered


def send(router, path, shape):
    method, body, chunked, _ = SHAPES[shape]
    connection = router.connect()
    with connection:
        if chunked:
            chunks = [body[i:i + 7000] for i in range(0, len(body), 7000)]
            return connection.request(method, path, chunks=chunks)
        return connection.request(method, path, body=body)


CASES = list(itertools.product(MODES, FAULTS, SHAPES))


@pytest.mark.parametrize("mode, fault, shape", CASES)
def test_matrix(router, mode, fault, shape):
    expected = falls_back(mode, fault, shape)
    to, handler, reason, upstream_status, status = FAULTS[fault]
    method, body, _, _ = SHAPES[shape]
    path = f"/{mode}/{fault}/{shape}"
    if handler:
        router.new.on(path, handler)

    response = send(router, path, shape)
    entry = router.entry(response)

    first = ["new"] if handler else []
    assert router.legs() == first + (["legacy"] if expected else [])

    for request in router.seen():
        assert request.method == method
        assert request.target == path
        assert request.body_length == len(body or b"")
        assert request.digest == hashlib.sha256(body or b"").hexdigest()
        assert request.complete

    assert entry["strangler_route"] == f"{mode}.{fault}"
    address = router.addresses[to]

    if expected:
        assert response.status == 200
        assert response.backend == "legacy"
        assert entry["strangler_fallback"] == reason
        assert entry["strangler_backend"] == "legacy"
        assert entry["upstream_addr"] == (
            f"{address}, {router.legacy.address}")
        assert entry["upstream_status"] == f"{upstream_status}, 200"
    else:
        assert response.status == status
        assert response.complete == (fault != "mid-body" or method == "HEAD")
        assert entry["strangler_fallback"] == ""
        assert entry["upstream_addr"] == address
        assert entry["upstream_status"] == upstream_status
        assert entry["strangler_backend"] == to
        if upstream_status == str(status) and handler and method != "HEAD":
            if fault[-3:].isdigit():
                assert response.text == "oops"
