"""
A server that dies: with a request that came over a kept connection, which it
may have carried out, and with an answer of its in the cache.
"""

import os
import shutil
import tempfile

import pytest

from harness import faults
from harness.backend import Backend
from harness.certs import Authority
from harness.router import Router
from harness.wait import wait_until

RULES = """
version: 1
backends:
  legacy: {servers: [@legacy@]}
  new: {servers: [@new@], host: new.test}
  both: {servers: [@new@, @other@], host: new.test}
default: legacy
routes:
  - {name: live, match: {path: /live}, to: new, stage: live}
  - {name: unsafe, match: {path: /unsafe}, to: new, stage: live, fallback: {unsafe: true}}
  - {name: connect, match: {path: /connect}, to: new, stage: live, fallback: {when: [connect]}}
  - {name: both, match: {path: /both}, to: both, stage: done}
  - {name: cached, match: {path: /cached/*}, to: new, stage: done}
"""


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ca") / "ca")


@pytest.fixture(scope="module")
def tls(authority):
    return authority.context("new.test")


@pytest.fixture(params=["http", "https", "http-unix", "https-unix"])
def router(request, authority, tls):
    """A refusal is told at once for unix sockets, and later for others."""
    directory = tempfile.mkdtemp(prefix="strangler-dying-")
    os.chmod(directory, 0o755)
    new = Backend(
        "new", unix=directory + "/s" if "unix" in request.param else None,
        tls=tls if "https" in request.param else None)
    router = Router(
        RULES, ["legacy", new, Backend("other")],
        env={"SSL_CERT_FILE": str(authority.cert)}, main="env SSL_CERT_FILE;",
        http="""
    proxy_cache_path @HOME@/cache keys_zone=c:1m;
    add_header X-Cache $upstream_cache_status always;
""", root="""
        location / { strangler_pass main; include @PARAMS@; }
        location /cached/ {
            strangler_pass main;
            include @PARAMS@;
            proxy_cache c;
            proxy_cache_use_stale error;
        }""")
    yield router
    router.stop()
    shutil.rmtree(directory)


def die(backend):
    backend.listener.shutdown(2)
    backend.listener.close()
    if backend.unix:
        os.unlink(backend.unix)


def dying(backend):
    def handler(_):
        die(backend)
        return False
    return handler


def ask(router, path, method):
    """The answer to a request with which the new side's server dies."""
    router.new.on(path, faults.if_reused(dying(router.new)))
    while router.get(path).backend != "new":
        pass
    if path == "/both":
        assert router.get(path).backend == "other"
    router.new.requests.clear()
    router.legacy.reset()
    router.other.reset()
    return router.request(method, path, body=b"hello")


@pytest.mark.parametrize("path", ["/live", "/connect"])
def test_what_it_may_have_done_is_not_done_again(router, path):
    response = ask(router, path, "PUT")
    assert len(router.new.seen()) == 1
    assert response.status == 502
    assert router.legacy.seen() == []


@pytest.mark.parametrize("path, method", [
    ("/live", "GET"), ("/connect", "GET"), ("/unsafe", "PUT")])
def test_what_may_be_sent_again_falls_back(router, path, method):
    response = ask(router, path, method)
    assert len(router.new.seen()) == 1
    assert response.backend == "legacy"
    assert router.entry(response)["strangler_fallback"] == "connect"


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_another_of_its_servers(router, method):
    response = ask(router, "/both", method)
    assert response.backend == "other"
    assert router.other.seen()[0].body_length == 5


def test_the_cache_has_its_answer_still(router):
    router.new.on("/cached/a", faults.answer(
        200, "cached", [("Cache-Control", "max-age=1")], close=True))
    assert router.get("/cached/a").value("X-Cache") == "MISS"
    die(router.new)

    def expired():
        response = router.get("/cached/a")
        return response.value("X-Cache") != "HIT" and response

    response = wait_until(expired, "the answer expires")
    assert (response.status, response.body) == (200, b"cached")
    assert response.value("X-Cache") == "STALE"
