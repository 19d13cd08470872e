"""
Backends that speak before they are asked, or before there is TLS.

Which event nginx sees first is chance: many requests are sent at once, so that
what the backends say is there by the time that nginx looks.
"""

import signal

import pytest

from harness.backend import Backend
from harness.client import serialize
from harness.router import Router

RULES = """
version: 1
backends:
  legacy: {servers: [@legacy@]}
  %(backends)s
default: legacy
routes:
%(routes)s
"""

TIMES = 25

SAID = {
    "answer": b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil",
    "begun": b"HTTP/1.1 200 OK\r\nContent-Length: 40\r\nX-Evil: 1\r\n",
    "interim": b"HTTP/1.1 103 Early Hints\r\nX-Evil: 1\r\n\r\n",
    "garbage": b"220 this is no HTTP\r\n",
}


@pytest.fixture(scope="module")
def router():
    backends = [Backend(name, greeting=said) for name, said in SAID.items()]
    text = RULES % {
        "backends": "\n  ".join(
            f'{b.name}: {{servers: ["https://{b.address}"], breaker: none}}\n'
            f'  plain-{b.name}: {{servers: ["http://{b.address}"], breaker: none}}'
            for b in backends),
        "routes": "".join(
            f"  - {{name: {name}-{stage}, match: {{path: /{name}/{stage}}}, "
            f"to: {name}, stage: {stage}, data: shared}}\n"
            for b in backends for name in (b.name, f"plain-{b.name}")
            for stage in ("live", "done"))}
    router = Router(text, ["legacy", *backends])
    yield router
    router.stop()


def at_once(router, method, path, body=None):
    clients = [router.connect() for _ in range(TIMES)]
    worker, = router.nginx.worker_pids()
    router.nginx.signal(signal.SIGSTOP, worker)
    try:
        for client in clients:
            client.send(serialize(method, path, body=body))
    finally:
        router.nginx.signal(signal.SIGCONT, worker)
    for client in clients:
        with client:
            yield client.read(method)


@pytest.mark.parametrize("name", SAID)
@pytest.mark.parametrize("method, body", [
    ("GET", None), ("POST", b"hello"), ("POST", b"x" * 60000)],
    ids=["get", "post", "spooled"])
def test_before_tls(router, name, method, body):
    """It is nobody's word, and does not get into another's."""
    for response in at_once(router, method, f"/{name}/live", body):
        assert response.status == 200
        assert response.backend == "legacy"
        assert response.value("X-Evil") is None
        assert router.entry(response)["strangler_fallback"] == "connect"

    assert len(router.legacy.seen()) == TIMES
    for request in router.legacy.seen():
        assert request.body_length == len(body or b"")


@pytest.mark.parametrize("name", SAID)
def test_before_tls_without_fallback(router, name):
    for response in at_once(router, "GET", f"/{name}/done"):
        assert response.status == 502
        assert response.value("X-Evil") is None
    assert router.legs() == []


@pytest.mark.parametrize("name", ["garbage", "interim", "begun"])
def test_before_the_request(router, name):
    for response in at_once(router, "GET", f"/plain-{name}/live"):
        assert response.status == 200
        assert response.backend == "legacy"
        assert response.value("X-Evil") is None
