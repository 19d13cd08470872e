"""Report, upload, events: bodies that are large, slow or without an end."""

import csv
import hashlib
import http.client
import io
import json
import time

import pytest

from program import is_problem, read_all, read_until

ORDER = {"customer": "eve@example.com",
         "items": [{"sku": "TEA-GREEN", "quantity": 1}]}
MIB = 1024 * 1024


def rows(answer):
    return list(csv.reader(io.StringIO(answer.text)))


def create_order(program):
    answer = program.request("POST", "/api/orders", ORDER)
    assert answer.status == 201
    return answer.json["id"]


def test_report(legacy):
    answer = legacy.get("/reports/orders.csv")
    count = legacy.get("/api/orders").json["count"]
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Transfer-Encoding"] == "chunked"
    table = rows(answer)
    assert table[0] == ["id", "customer", "status", "total", "created_at"]
    assert len(table) == count + 1
    assert table[5] == ["5", "ada@example.com", "shipped", "92.50",
                        "2026-01-06T19:05:25Z"]


@pytest.mark.parametrize("count", [0, 1, 1000])
def test_report_of_any_length(legacy, count):
    table = rows(legacy.get(f"/reports/orders.csv?rows={count}"))
    assert len(table) == count + 1
    if count == 1000:
        assert [row[0] for row in table].count("1") > 1


@pytest.mark.parametrize("query", ["rows=-1", "rows=x", "rows=99999999",
                                   "delay_ms=x", "delay_ms=10001"])
def test_report_refused(legacy, query):
    assert is_problem(legacy.get("/reports/orders.csv?" + query), 400)


def test_report_comes_row_by_row(legacy):
    with legacy.socket() as sock:
        sock.sendall(b"GET /reports/orders.csv?rows=3&delay_ms=250 HTTP/1.1\r\n"
                     b"Host: x\r\nConnection: close\r\n\r\n")
        start = time.monotonic()
        data = read_until(sock, b"created_at\r\n")
        assert b"\r\n1," not in data
        data = read_until(sock, b"\r\n1,", data)
        assert b"\r\n2," not in data
        data += read_all(sock)
        assert time.monotonic() - start >= 0.75
        assert data.endswith(b"0\r\n\r\n")


def test_report_for_an_old_client(legacy):
    data = legacy.raw(b"GET /reports/orders.csv?rows=2 HTTP/1.0\r\n\r\n")
    head, _, body = data.partition(b"\r\n\r\n")
    assert b"chunked" not in head
    assert len(body.splitlines()) == 3


def test_report_without_reader_ends(run):
    program = run("shop-legacy")
    with program.socket() as sock:
        sock.sendall(b"GET /reports/orders.csv?rows=9&delay_ms=10000 HTTP/1.1"
                     b"\r\nHost: x\r\n\r\n")
        read_until(sock, b"created_at\r\n")
    start = time.monotonic()
    assert program.stop() == 0
    assert time.monotonic() - start < 5


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize("size", [0, 1, 70000, 5 * MIB])
def test_upload(legacy, method, size):
    data = (b"0123456789abcde" * (size // 15 + 1))[:size]
    answer = legacy.request(method, "/api/upload", data,
                            {"Content-Type": "image/png"})
    assert answer.status == 200
    assert answer.json == {"length": size,
                           "sha256": hashlib.sha256(data).hexdigest()}


def test_upload_chunked(legacy):
    chunks = [b"a" * 3, b"b" * 70000, b"c"]
    answer = legacy.request("POST", "/api/upload", iter(chunks))
    assert answer.json == {
        "length": 70004,
        "sha256": hashlib.sha256(b"".join(chunks)).hexdigest()}


def test_upload_up_to_the_limit(legacy):
    data = bytes(64 * MIB)
    answer = legacy.request("PUT", "/api/upload", data)
    assert answer.json["length"] == 64 * MIB
    assert is_problem(legacy.request("PUT", "/api/upload", data + b"x"), 413)


def test_upload_too_large_without_length(legacy):
    def pieces():
        for _ in range(65):
            yield bytes(MIB)
    assert is_problem(legacy.request("PUT", "/api/upload", pieces()), 413)


def test_upload_without_end_is_cut(legacy):
    connection = legacy.connect()

    def pieces():
        for _ in range(400):
            yield bytes(MIB)

    with pytest.raises((ConnectionError, http.client.HTTPException)):
        connection.request("PUT", "/api/upload", pieces())
        connection.getresponse()
    connection.close()


def test_upload_asks_first(legacy):
    with legacy.socket() as sock:
        sock.sendall(b"PUT /api/upload HTTP/1.1\r\nHost: x\r\n"
                     b"Content-Length: 3\r\nExpect: 100-continue\r\n\r\n")
        data = read_until(sock, b"\r\n\r\n")
        assert data.startswith(b"HTTP/1.1 100 Continue")
        sock.sendall(b"abc")
        data = read_until(sock, b"}", data)
    assert json.loads(data[data.index(b"{"):])["length"] == 3


def test_upload_asks_first_and_is_too_large(legacy):
    with legacy.socket() as sock:
        sock.sendall(b"PUT /api/upload HTTP/1.1\r\nHost: x\r\n"
                     b"Content-Length: 99999999\r\nExpect: 100-continue"
                     b"\r\n\r\n")
        data = read_all(sock)
    assert data.startswith(b"HTTP/1.1 413 ")
    assert b"100 Continue" not in data


class Events:
    """An open event stream."""

    def __init__(self, program, target="/events", headers=None):
        self.connection = program.connect()
        self.connection.request("GET", target, headers=headers or {})
        self.response = self.connection.getresponse()
        assert self.response.status == 200
        assert self.response.headers["Content-Type"] == "text/event-stream"
        assert self.block() == ["retry: 1000"]

    def block(self):
        lines = []
        while True:
            line = self.response.readline().decode()
            if line in ("\n", ""):
                return lines
            lines.append(line.rstrip("\n"))

    def event(self):
        while True:
            block = self.block()
            assert block, "the stream has ended"
            if not block[0].startswith(":"):
                return dict(line.split(": ", 1) for line in block)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()


def test_events_tell_what_happens(legacy):
    with Events(legacy) as events:
        id_ = create_order(legacy)
        created = events.event()
        assert created["event"] == "order-created"
        assert json.loads(created["data"]) == {"order": id_}
        legacy.request("PATCH", f"/api/orders/{id_}", {"note": "x"})
        assert events.event()["event"] == "order-updated"
        legacy.request("DELETE", f"/api/orders/{id_}")
        deleted = events.event()
        assert deleted["event"] == "order-deleted"
        assert int(deleted["id"]) == int(created["id"]) + 2


def test_events_go_to_all(legacy):
    with Events(legacy) as one, Events(legacy) as two:
        create_order(legacy)
        assert one.event() == two.event()


def test_events_resume(legacy):
    with Events(legacy) as events:
        create_order(legacy)
        create_order(legacy)
        first, second = events.event(), events.event()
    with Events(legacy, "/events?count=1",
                {"Last-Event-ID": first["id"]}) as events:
        assert events.event() == second
        assert events.block() == []
        assert events.response.read() == b""


def test_events_of_another_life(legacy):
    with Events(legacy, headers={"Last-Event-ID": "999999999"}) as events:
        create_order(legacy)
        assert events.event()["event"] == "order-created"


def test_events_heartbeat(legacy):
    with Events(legacy, "/events?interval_ms=20") as events:
        assert events.block() == [": nothing new"]
        assert events.block() == [": nothing new"]


@pytest.mark.parametrize("query", ["interval_ms=0", "interval_ms=30001",
                                   "count=x"])
def test_events_refused(legacy, query):
    assert is_problem(legacy.get("/events?" + query), 400)


def test_events_end_with_the_program(run):
    program = run("shop-legacy")
    with Events(program) as events:
        start = time.monotonic()
        assert program.stop() == 0
        assert time.monotonic() - start < 4
        assert events.block() == []
