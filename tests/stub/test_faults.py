"""Faults: each kind, where and how often it strikes, how it is switched."""

import http.client
import os
import signal
import socket
import time

import pytest

from program import is_problem, read_all, read_until, wait_until

GET = b"GET /api/orders/5 HTTP/1.1\r\nHost: x\r\n\r\n"
POST = (b"POST /api/upload HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n"
        b"\r\n" + b"x" * 100000)


def set_faults(program, *faults):
    return program.steer("PUT", "/_faults", list(faults))


def set_fault(program, kind, value=None, path="/api/*", **more):
    fault = {"path": path, "fault": kind, **more}
    if value is not None:
        fault["value"] = value
    return set_faults(program, fault)


def is_refused(program):
    try:
        program.socket().close()
    except ConnectionRefusedError:
        return True
    return False


def test_latency(faulty):
    set_fault(faulty, "latency", 300)
    start = time.monotonic()
    assert faulty.get("/api/orders/5").json["id"] == 5
    assert time.monotonic() - start >= 0.3


def test_latency_is_not_idleness(run):
    program = run("shop-legacy", "--idle", 1,
                  "--fault", "/api/*=latency:2500")
    connection = program.connect()
    assert program.get("/api/orders/5", via=connection).status == 200
    assert program.get("/healthz", via=connection).status == 200
    connection.close()


@pytest.mark.parametrize("status", [200, 302, 404, 429, 500, 503, 599])
@pytest.mark.parametrize("method, body", [("GET", None), ("HEAD", None),
                                          ("POST", b"x" * 100000)])
def test_status(faulty, status, method, body):
    set_fault(faulty, "status", status)
    connection = faulty.connect()
    answer = faulty.request(method, "/api/orders/5", body, via=connection)
    assert answer.status == status
    assert answer.headers["X-Served-By"] == "legacy"
    if status >= 400:
        assert answer.headers["Content-Type"] == "application/problem+json"
    # one that can be used on
    assert faulty.get("/healthz", via=connection).status == 200
    connection.close()


@pytest.mark.parametrize("request_", [GET, POST], ids=["GET", "POST"])
def test_drop_header(faulty, request_):
    set_fault(faulty, "drop-header")
    data = faulty.raw(request_)
    assert data.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\n\r\n" not in data


@pytest.mark.parametrize("request_", [GET, POST], ids=["GET", "POST"])
@pytest.mark.parametrize("value", [None, "length"])
def test_drop_body(faulty, request_, value):
    set_fault(faulty, "drop-body", value)
    head, _, body = faulty.raw(request_).partition(b"\r\n\r\n")
    assert b"Content-Length: 4096" in head
    assert 0 < len(body) < 4096


def test_drop_body_chunked(faulty):
    set_fault(faulty, "drop-body", "chunked")
    connection = faulty.connect()
    connection.request("GET", "/api/orders/5")
    response = connection.getresponse()
    with pytest.raises(http.client.IncompleteRead) as error:
        response.read()
    assert error.value.partial == b"" or b"customer" in error.value.partial
    connection.close()


def test_hang(faulty):
    set_fault(faulty, "hang")
    with faulty.socket(timeout=0.5) as sock:
        sock.sendall(GET)
        with pytest.raises(TimeoutError):
            sock.recv(1)


def test_hang_for_a_time(faulty):
    set_fault(faulty, "hang", 300)
    start = time.monotonic()
    assert faulty.raw(GET) == b""
    assert time.monotonic() - start >= 0.3


def test_hang_does_not_hinder_the_end(run):
    program = run("shop-legacy", "--fault", "/api/*=hang")
    with program.socket() as sock:
        sock.sendall(GET)
        assert program.get("/healthz").status == 200
        start = time.monotonic()
        assert program.stop() == 0
        assert time.monotonic() - start < 5


def test_hang_before_the_body(faulty):
    set_fault(faulty, "hang", when="header")
    with faulty.socket(timeout=1) as sock:
        with pytest.raises(TimeoutError):
            sock.sendall(b"PUT /api/upload HTTP/1.1\r\nHost: x\r\n"
                         b"Content-Length: 60000000\r\n\r\n")
            sock.sendall(bytes(60000000))


@pytest.mark.parametrize("when", ["header", "body"])
@pytest.mark.parametrize("request_", [GET, POST], ids=["GET", "POST"])
def test_reset(faulty, request_, when):
    set_fault(faulty, "reset", when=when)
    with faulty.socket() as sock:
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            sock.sendall(request_)
            while sock.recv(1):
                pass
            raise AssertionError("it was closed in order")


def test_garbage(faulty):
    set_fault(faulty, "garbage")
    data = faulty.raw(GET)
    assert data and not data.startswith(b"HTTP/")


def test_endless(faulty):
    set_fault(faulty, "endless")
    with faulty.socket() as sock:
        sock.sendall(GET)
        data = read_until(sock, b"\r\n\r\n")
        assert data.startswith(b"HTTP/1.1 200 OK\r\n")
        assert b"Transfer-Encoding: chunked" in data
        total = 0
        while total < 20_000_000:
            total += len(sock.recv(1 << 20))


def test_endless_and_slow(faulty):
    set_fault(faulty, "endless", 50)
    with faulty.socket() as sock:
        sock.sendall(GET)
        read_until(sock, b"\r\n\r\n")
        start = time.monotonic()
        for _ in range(3):
            assert sock.recv(1 << 20)
        assert time.monotonic() - start < 5


def test_endless_ends_with_the_program(run):
    program = run("shop-legacy", "--fault", "/api/*=endless")
    with program.socket() as sock:
        sock.sendall(GET)
        read_until(sock, b"\r\n\r\n")
        assert program.stop() == 0


def test_refuse_and_take_again(faulty):
    idle = faulty.connect()
    assert faulty.get("/healthz", via=idle).status == 200
    set_fault(faulty, "refuse", path="/*")
    assert is_refused(faulty)
    with pytest.raises((ConnectionError, http.client.HTTPException)):
        idle.request("GET", "/healthz")
        idle.getresponse()
    idle.close()
    faulty.steer("DELETE", "/_faults")
    assert faulty.get("/api/orders/5").json["id"] == 5


def test_refuse_for_a_time(faulty):
    set_fault(faulty, "refuse", 300, path="/*")
    assert is_refused(faulty)
    wait_until(lambda: not is_refused(faulty), "it takes connections again")
    assert faulty.get("/healthz").status == 200


def test_refuse_again_and_again(faulty):
    for _ in range(20):
        set_fault(faulty, "refuse", path="/*")
        assert is_refused(faulty)
        set_faults(faulty)
        assert faulty.get("/healthz").status == 200


def test_refuse_spares_who_asked(run):
    program = run("shop-legacy")
    connection = program.connect()
    answer = program.request("PUT", "/_faults", [
        {"path": "/*", "fault": "refuse"}], via=connection)
    assert answer.status == 200
    assert is_refused(program)
    assert program.request("DELETE", "/_faults",
                           via=connection).status == 200
    assert program.get("/healthz").status == 200
    connection.close()


def test_refuse_cuts_what_is_under_way(faulty):
    with faulty.socket() as sock:
        sock.sendall(b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n")
        read_until(sock, b"retry: 1000")
        set_fault(faulty, "refuse", path="/*")
        assert b"\r\n0\r\n\r\n" not in read_all(sock)


def test_refuse_from_the_start_until_a_signal(run):
    program = run("shop-legacy", "--fault", "/*=refuse")
    assert is_refused(program)
    program.process.send_signal(signal.SIGUSR1)
    wait_until(lambda: not is_refused(program), "the signal opens the door")
    assert program.get("/_faults").json == []


def test_refusing_program_ends(run):
    program = run("shop-legacy", "--fault", "/*=refuse")
    assert program.stop() == 0


def test_refused_port_stays_taken(faulty):
    set_fault(faulty, "refuse", path="/*")
    with socket.socket() as sock:
        with pytest.raises(OSError):
            sock.bind(("127.0.0.1", faulty.port))


def test_refuse_on_a_unix_socket(run, tmp_path):
    path = tmp_path / "shop.sock"
    program = run("shop-legacy", "--bind", f"unix:{path}", "--fault",
                  "/*=refuse")
    with socket.socket(socket.AF_UNIX) as sock:
        with pytest.raises(ConnectionRefusedError):
            sock.connect(str(path))
    assert program.stop() == 0


@pytest.mark.parametrize("path, struck, spared", [
    ("/api/orders/5", ["/api/orders/5", "/api/orders/5?x"],
     ["/api/orders", "/api/orders/55", "/api/orders/5/"]),
    ("/api/orders/*", ["/api/orders", "/api/orders/", "/api/orders/5/x"],
     ["/api/ordersx", "/api", "/api/payments/order/1"]),
    ("/*", ["/", "/healthz", "/api/orders/5", "/nope"], ["/_faults"])])
def test_paths(faulty, path, struck, spared):
    set_fault(faulty, "status", 503, path=path)
    for target in struck:
        assert faulty.get(target).status == 503, target
    for target in spared:
        assert faulty.get(target).status != 503, target


def test_method(faulty):
    set_fault(faulty, "status", 503, method="POST")
    assert faulty.get("/api/orders/5").status == 200
    assert faulty.request("POST", "/api/orders/5").status == 503


def test_times(faulty):
    set_fault(faulty, "status", 503, times=2)
    seen = [faulty.get("/api/orders/5").status for _ in range(4)]
    assert seen == [503, 503, 200, 200]


def test_every(faulty):
    set_fault(faulty, "status", 503, every=3, times=2)
    seen = [faulty.get("/api/orders/5").status for _ in range(10)]
    assert seen == [200, 200, 503, 200, 200, 503, 200, 200, 200, 200]


def test_latency_and_more(faulty):
    set_faults(faulty,
               {"path": "/api/*", "fault": "latency", "value": 100},
               {"path": "/api/*", "fault": "status", "value": 500,
                "times": 1},
               {"path": "/api/*", "fault": "status", "value": 503})
    start = time.monotonic()
    assert faulty.get("/api/orders/5").status == 500
    assert faulty.get("/api/orders/5").status == 503
    assert time.monotonic() - start >= 0.2


def test_status_before_the_body(faulty):
    set_fault(faulty, "status", 503, when="header")
    with faulty.socket() as sock:
        sock.sendall(b"PUT /api/upload HTTP/1.1\r\nHost: x\r\n"
                     b"Content-Length: 1000\r\n\r\n")
        assert read_until(sock, b"\r\n").startswith(b"HTTP/1.1 503 ")


def test_list(faulty):
    faults = [
        {"path": "/a", "fault": "status", "value": 503, "hits": 0},
        {"path": "/b/*", "fault": "drop-body", "value": "chunked",
         "method": "PUT", "times": 3, "every": 2, "when": "header",
         "hits": 0},
        {"path": "/c", "fault": "hang", "hits": 0}]
    asked = [{key: item for key, item in fault.items() if key != "hits"}
             for fault in faults]
    assert set_faults(faulty, *asked) == faults
    assert faulty.get("/_faults").json == faults
    faulty.get("/a")
    faulty.get("/a")
    assert [fault["hits"] for fault in faulty.steer("GET", "/_faults")] == [
        2, 0, 0]
    assert faulty.steer("DELETE", "/_faults") == []
    assert faulty.get("/a").status == 404


@pytest.mark.parametrize("fault", [
    {}, {"path": "/a"}, {"fault": "hang"}, {"path": "a", "fault": "hang"},
    {"path": "/a", "fault": "nope"}, {"path": "/a", "fault": "rounding"},
    {"path": "/a", "fault": "status"},
    {"path": "/a", "fault": "status", "value": "x"},
    {"path": "/a", "fault": "status", "value": 600},
    {"path": "/a", "fault": "status", "value": 99},
    {"path": "/a", "fault": "latency"},
    {"path": "/a", "fault": "latency", "value": -1},
    {"path": "/a", "fault": "latency", "value": 1.5},
    {"path": "/a", "fault": "reset", "value": 1},
    {"path": "/a", "fault": "drop-body", "value": "half"},
    {"path": "/a", "fault": "hang", "times": 0},
    {"path": "/a", "fault": "hang", "every": 0},
    {"path": "/a", "fault": "hang", "when": "never"},
    {"path": "/a", "fault": "hang", "more": 1},
    {"path": "/" + "a" * 300, "fault": "hang"}, "hang", None])
def test_bad_fault_changes_nothing(faulty, fault):
    before = set_fault(faulty, "status", 503, path="/a")
    good = {"path": "/b", "fault": "hang"}
    assert is_problem(faulty.request("PUT", "/_faults", [good, fault]), 400)
    assert faulty.get("/_faults").json == before


@pytest.mark.parametrize("body", [{}, [{"path": "/", "fault": "hang"}] * 65])
def test_bad_list(faulty, body):
    assert is_problem(faulty.request("PUT", "/_faults", body), 400)


def test_control_port_has_nothing_else(faulty):
    host, _, port = faulty.control.rpartition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=10)
    assert is_problem(faulty.get("/api/orders", via=connection), 404)
    assert is_problem(faulty.get("/debug/echo", via=connection), 404)
    connection.close()


@pytest.mark.parametrize("option, fault", [
    ("/a=hang", {"path": "/a", "fault": "hang"}),
    ("/a=b/*=status:503", {"path": "/a=b/*", "fault": "status",
                           "value": 503}),
    ("/*=drop-body:chunked", {"path": "/*", "fault": "drop-body",
                              "value": "chunked"})])
def test_fault_option(run, option, fault):
    program = run("shop-service", "--service", "orders", "--fault", option,
                  "--fault", "/x=reset")
    assert program.get("/_faults").json == [
        {**fault, "hits": 0}, {"path": "/x", "fault": "reset", "hits": 0}]


def test_echo_has_faults(run):
    program = run("shop-legacy", "--echo", "--fault", "/a/*=status:502")
    assert program.get("/a/b").status == 502
    assert program.get("/b").json["path"] == "/b"


def test_nothing_is_left_open(faulty):
    def descriptors():
        return len(os.listdir(f"/proc/{faulty.process.pid}/fd"))

    before = descriptors()
    for kind in ("drop-header", "drop-body", "garbage", "reset"):
        set_fault(faulty, kind)
        for _ in range(25):
            try:
                faulty.raw(GET)
            except ConnectionResetError:
                pass
    faulty.steer("DELETE", "/_faults")
    wait_until(lambda: descriptors() <= before, "all sockets are closed")
