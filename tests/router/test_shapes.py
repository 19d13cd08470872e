"""Every shape of request and answer passes through as if we were not there."""

import hashlib
import json
import socket
import threading

import pytest

from harness import faults
from harness.client import serialize
from harness.h2 import H2Connection
from harness.wait import wait_until

RULES = """
version: 1
backends:
  legacy: {servers: [@legacy@]}
  new: {servers: [@new@]}
default: legacy
routes:
  - {name: new, match: {path: /new/*}, to: new, stage: live}
  - {name: rewritten, match: {path: /rewritten/*}, to: new, stage: live, rewrite: {path: /new/*}}
"""


@pytest.fixture(scope="module")
def router(make_router):
    return make_router(RULES, server="""
        large_client_header_buffers 8 32k;
        location /new/unbuffered {
            strangler_pass main;
            include @PARAMS@;
            proxy_request_buffering off;
            proxy_buffering off;
        }""", servers="""
    server {
        listen unix:@HOME@/h2.sock http2;
        location / {
            strangler_pass main;
            include @PARAMS@;
        }
    }""")


def test_many_requests_over_one_connection(router):
    with router.connect() as client:
        for i in range(300):
            response = client.request("GET", f"/new/{i}")
            assert response.echo["target"] == f"/new/{i}"
        assert not client.is_closed()


def test_pipelining(router):
    targets = [f"/{'new' if i % 3 else 'old'}/{i}" for i in range(40)]
    with router.connect() as client:
        client.send(b"".join(
            serialize("POST", t, body=b"x" * i)
            for i, t in enumerate(targets)))
        answers = [client.read() for _ in targets]
    assert [r.echo["target"] for r in answers] == targets
    assert [r.echo["body_length"] for r in answers] == list(range(40))


def test_head(router):
    whole = router.get("/new/a")
    response = router.request("HEAD", "/new/a")
    assert response.status == 200
    assert response.body == b""
    assert response.value("Content-Length")
    assert router.legs() == ["new", "new"]
    assert whole.backend == response.backend


@pytest.mark.parametrize("method", ["OPTIONS", "PATCH", "DELETE", "PROPFIND",
                                    "REPORT", "M-SEARCH"])
def test_methods(router, method):
    assert router.request(method, "/new/a").backend == "new"
    assert router.seen()[0].method == method


@pytest.mark.parametrize("size", [0, 1, 1000, 16384, 16385, 1_000_000])
@pytest.mark.parametrize("path", ["/new/a", "/new/unbuffered",
                                  "/rewritten/a"])
def test_bodies(router, path, size):
    body = bytes(i % 251 for i in range(size))
    digest = hashlib.sha256(body).hexdigest()
    response = router.request("POST", path, body=body)
    assert response.echo["sha256"] == digest
    response = router.request("POST", path, chunks=[
        body[i:i + 4096] for i in range(0, size, 4096)])
    assert response.echo["sha256"] == digest


def test_unbuffered_upload_streams(router):
    """The backend gets the first bytes before the client has sent the last."""
    with router.connect() as client:
        client.send(b"POST /new/unbuffered HTTP/1.1\r\nHost: shop.test\r\n"
                    b"Content-Length: 10\r\n\r\n01234")
        wait_until(lambda: router.new.seen()
                   and router.new.seen()[0].body_length == 5,
                   "the first half has arrived")
        client.send(b"56789")
        assert client.read().echo["body_length"] == 10


def test_buffered_upload_waits(router):
    with router.connect() as client:
        client.send(b"POST /new/a HTTP/1.1\r\nHost: shop.test\r\n"
                    b"Content-Length: 10\r\n\r\n01234")
        with router.connect() as other:
            assert other.request("GET", "/new/b").status == 200
        assert [r.path for r in router.new.seen()] == ["/new/b"]
        client.send(b"56789")
        assert client.read().echo["body_length"] == 10


@pytest.mark.parametrize("path", ["/new/a", "/new/unbuffered"])
def test_expect_100_continue(router, path):
    with router.connect() as client:
        client.send(f"POST {path} HTTP/1.1\r\nHost: shop.test\r\n"
                    "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n"
                    .encode())
        assert client.read_head().status == 100
        client.send(b"hello")
        assert client.read().echo["body_length"] == 5
    assert router.new.seen()[0].values("Expect") == []


@pytest.mark.parametrize("path", ["/new/ws", "/rewritten/ws", "/old/ws"])
def test_upgrade(router, path):
    backend = router.legacy if path.startswith("/old") else router.new
    backend.drop_idle()
    backend.on("/old/ws", faults.upgrade_echo)
    backend.on("/new/ws", faults.upgrade_echo)
    with router.connect() as client:
        response = client.request("GET", path, {
            "Connection": "Upgrade", "Upgrade": "websocket",
            "Sec-WebSocket-Key": "x"})
        assert response.status == 101
        assert response.value("Upgrade") == "websocket"
        for word in (b"ping", b"pong" * 1000, b"\0\1\2"):
            client.send(word)
            got = b""
            while len(got) < len(word):
                got += client.stream.read1(len(word) - len(got))
            assert got == word
    request = backend.seen()[0]
    assert request.value("Upgrade") == "websocket"
    assert request.value("Connection").lower() == "upgrade"
    wait_until(lambda: not backend.connections,
               "the backend's end of it is closed as well")


def test_upgrade_that_is_declined(router):
    router.new.on("/new/ws", faults.answer(400, "no"))
    response = router.get("/new/ws", {"Connection": "Upgrade",
                                      "Upgrade": "websocket"})
    assert response.status == 400
    assert router.get("/new/a").status == 200


def test_upgrade_falls_back(router):
    router.new.on("/new/ws", faults.reset())
    router.legacy.on("/new/ws", faults.upgrade_echo)
    with router.connect() as client:
        response = client.request("GET", "/new/ws", {
            "Connection": "Upgrade", "Upgrade": "websocket"})
        assert response.status == 101
        client.send(b"hi")
        assert client.stream.read(2) == b"hi"


@pytest.mark.parametrize("path, headers", [
    ("/new/unbuffered", []),
    ("/new/events", [("X-Accel-Buffering", "no")]),
])
def test_server_sent_events(router, path, headers):
    stream = faults.Stream([("Content-Type", "text/event-stream"), *headers])
    router.new.on(path, stream)
    with router.connect() as client:
        client.send(serialize(target=path, headers={
            "Accept": "text/event-stream"}))
        stream.feed(b"data: 1\n\n")
        head = client.read_head()
        assert head.value("Content-Type") == "text/event-stream"
        for i in range(3):
            stream.feed(b"data: x\n\n")
            while b"data: x" not in client.stream.read1(1000):
                pass
        stream.end()


def test_long_polling(router):
    gate = faults.Gate()
    router.new.on("/new/poll", gate)
    with router.connect() as client:
        client.send(serialize(target="/new/poll"))
        wait_until(lambda: gate.waiting, "the poll waits")
        assert router.get("/new/a").status == 200
        gate.open()
        assert client.read().status == 200


@pytest.mark.parametrize("status", [200, 201, 202, 206, 301, 307, 400, 401,
                                    404, 409, 418, 422, 429, 500, 599])
def test_statuses(router, status):
    router.new.on("/new/a", faults.answer(status, "theirs", [
        ("X-Their", "1"), ("Location", "/there")]))
    response = router.get("/new/a")
    assert response.status == status
    assert response.text == "theirs"
    assert response.value("X-Their") == "1"


@pytest.mark.parametrize("status", [204, 304])
def test_statuses_without_a_body(router, status):
    router.new.on("/new/a", faults.answer(status))
    assert router.get("/new/a").status == status
    assert router.get("/new/b").status == 200


def test_conditional_and_range_headers_pass(router):
    headers = {"If-None-Match": '"x"', "Range": "bytes=0-1",
               "If-Modified-Since": "Tue, 01 Jan 2030 00:00:00 GMT"}
    router.get("/new/a", headers)
    request = router.new.seen()[0]
    for name, value in headers.items():
        assert request.value(name) == value


def test_repeated_response_headers(router):
    router.new.on("/new/a", faults.answer(200, "x", [
        ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("Vary", "A"),
        ("Vary", "B")]))
    response = router.get("/new/a")
    assert response.values("Set-Cookie") == ["a=1", "b=2"]
    assert response.values("Vary") == ["A", "B"]


def test_large_headers(router):
    headers = {f"X-Big-{i}": "v" * 4000 for i in range(12)}
    headers["Cookie"] = "c=" + "x" * 8000
    router.get("/new/a", headers)
    for name, value in headers.items():
        assert router.new.seen()[0].value(name) == value


def test_a_large_answer(router):
    body = bytes(i % 253 for i in range(3_000_000))
    router.new.on("/new/a", faults.answer(200, body))
    assert router.get("/new/a").body == body
    router.new.on("/new/a", faults.chunked(
        [body[i:i + 50000] for i in range(0, len(body), 50000)]))
    assert router.get("/new/a").body == body


def test_an_answer_that_ends_with_the_connection(router):
    router.new.on("/new/a", faults.raw(b"HTTP/1.1 200 OK\r\n\r\nto the end"))
    response = router.get("/new/a")
    assert response.text == "to the end"
    router.new.on("/new/a", faults.raw(b"HTTP/1.0 200 OK\r\n\r\nas of old"))
    assert router.get("/new/a").text == "as of old"


EARLY = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
FINAL = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Final: 1\r\n\r\nfinal"


@pytest.mark.parametrize("interim", [
    EARLY, CONTINUE, EARLY + EARLY, CONTINUE + EARLY],
    ids=["103", "100", "twice", "both"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_interim_answers_of_the_backend(router, method, interim):
    """The final answer is the answer, also over a kept connection."""
    router.new.on("/new/a", faults.raw(interim + FINAL, keep=True))
    for _ in range(3):
        response = router.request(method, "/new/a", body=b"x")
        assert response.status == 200
        assert response.value("X-Final") == "1"
        assert response.text == "final"
    assert router.get("/new/b").echo["target"] == "/new/b"


def test_interim_and_then_nothing_falls_back(router):
    router.new.on("/new/a", faults.raw(EARLY))
    assert router.get("/new/a").backend == "legacy"


@pytest.mark.parametrize("path", ["/new/a", "/new/unbuffered", "/rewritten/a"])
def test_trailers_of_a_client(router, path):
    """They are no part of the body, and no header."""
    with router.connect() as client:
        client.send(f"POST {path} HTTP/1.1\r\nHost: shop.test\r\n"
                    "Trailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n"
                    "5\r\nhello\r\n0\r\nX-Sum: 1\r\nHost: evil.test\r\n\r\n"
                    .encode())
        assert client.read("POST").status == 200
        assert client.request("GET", path).status == 200
    first, second = router.seen()
    assert first.body == b"hello"
    assert first.values("X-Sum") == []
    assert first.values("Host") == second.values("Host") == ["shop.test"]


def test_trailers_of_a_backend(router):
    router.new.on("/new/a", faults.raw(
        b"HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n"
        b"5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n", keep=True))
    response = router.get("/new/a")
    assert response.body == b"hello"
    assert response.complete
    assert router.get("/new/b").status == 200


def test_http_1_0_client(router):
    response = router.raw("GET /new/a HTTP/1.0\r\nHost: shop.test\r\n\r\n")
    assert response.backend == "new"
    router.new.on("/new/a", faults.chunked([b"a", b"b"]))
    response = router.raw("GET /new/a HTTP/1.0\r\nHost: shop.test\r\n\r\n")
    assert response.values("Transfer-Encoding") == []
    assert response.text == "ab"


def test_http_2_client(router):
    with H2Connection(router.home + "/h2.sock") as client:
        for path, backend in [("/new/a?x=1", "new"), ("/old/a%2fb", "legacy")]:
            ok, body = client.request("GET", path)
            assert ok
            seen = json.loads(body)
            assert (seen["backend"], seen["target"]) == (backend, path)
            assert ["Host", "shop.test"] in seen["headers"]


def test_http_2_bodies_and_fallback(router):
    with H2Connection(router.home + "/h2.sock") as client:
        ok, body = client.request("POST", "/new/a", body=b"x" * 50000)
        assert ok
        assert json.loads(body)["body_length"] == 50000

        router.new.on("/new/a", faults.reset())
        ok, body = client.request("GET", "/new/a")
        assert ok
        assert json.loads(body)["backend"] == "legacy"
        ok, _ = client.request("POST", "/new/a", body=b"x" * 100)
        assert not ok


def test_http_2_streams_are_apart(router):
    """Two streams of one connection with decisions of their own."""
    gate = faults.Gate()
    router.new.on("/new/held", gate)
    with H2Connection(router.home + "/h2.sock") as client:
        held = client.send("GET", "/new/held")
        wait_until(lambda: gate.waiting, "the first is held")
        ok, body = client.request("GET", "/old/b")
        assert ok and json.loads(body)["backend"] == "legacy"
        gate.open()
        ok, body = client.read(held)
        assert ok and json.loads(body)["target"] == "/new/held"


def test_client_that_half_closes(router):
    with router.connect() as client:
        client.send(serialize(target="/old/a"))
        response = client.read()
        client.sock.shutdown(socket.SHUT_WR)
        assert response.status == 200
        assert client.stream.read1(10) == b""


def test_slow_client(router):
    router.new.on("/new/a", faults.answer(200, b"z" * 4_000_000))
    with router.connect() as client:
        client.send(serialize(target="/new/a"))
        for _ in range(20):
            assert router.get("/new/b").status == 200
        assert len(client.read().body) == 4_000_000


def test_concurrent_requests(router):
    errors = []

    def run(i):
        with router.connect() as client:
            for j in range(40):
                target = f"/{'new' if j % 2 else 'old'}/{i}-{j}"
                response = client.request("POST", target, body=b"x" * j)
                if response.echo["target"] != target:
                    errors.append(target)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(router.seen()) == 320


@pytest.mark.parametrize("data", [
    b"GET /new/a HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    b"GET /new/a HTTP/1.1\r\n\r\n",
    b"GET /new/a HTTP/1.1\r\nHost: a b\r\n\r\n",
    b"POST /new/a HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
    b"Content-Length: 2\r\n\r\nx",
    b"POST /new/a HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    b"GET /new/a HTTP/3.1\r\nHost: a\r\n\r\n",
], ids=["two-hosts", "no-host", "bad-host", "two-lengths", "cl-te",
        "version"])
def test_what_nginx_refuses_stays_refused(router, data):
    response = router.raw(data)
    assert response.status in (400, 505)
    assert router.legs() == []
