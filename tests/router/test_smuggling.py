"""
Where a request ends is the same for the router and for backends.

Each request has a path of its own and is followed by an innocent one on the
same connection.  Either it is refused and the connection ends, or it arrives
once, with the body that RFC 9112 says, and the innocent one after it.  Nothing
that was sent as a body is ever a request.
"""

import itertools

import pytest

from harness import faults
from harness.client import serialize
from harness.hostile import H2, PROBE, is_whole, say
from harness.wait import wait_until

RULES = """
version: 1
backends:
  legacy: {servers: [@legacy@]}
  new: {servers: [@new@]}
  kept: {servers: [@kept@], keepalive: 1}
default: legacy
routes:
  - {name: plain, to: new, stage: live, match: {path: /plain/*}}
  - {name: streamed, to: new, stage: live, match: {path: /streamed/*}}
  - {name: renamed, to: new, stage: live, match: {path: /renamed/*}, rewrite: {path: /plain/*}, headers: {request: {set: {X-Rule: "1"}, remove: [X-Gone]}}}
  - {name: kept, to: kept, stage: done, match: {path: /kept/*}}
  - {name: respond, match: {path: /respond/*}, respond: {status: 410, body: gone}}
  - {name: redirect, match: {path: /redirect/*}, redirect: {path: /plain/x}}
"""

HIDDEN = b"GET /hidden HTTP/1.1\r\nHost: shop.test\r\n\r\n"
CHUNKS = "5\r\nhello\r\n0\r\n\r\n"
PATHS = ["/plain/", "/streamed/", "/renamed/"]

NUMBERS = itertools.count()

# Heads: lines, what follows the empty line, and the bodies that may arrive;
# None among them: it may be refused.

LENGTHS = [
    ("Content-Length: 5", [b"hello"]),
    ("content-length: 5", [b"hello"]),
    ("CONTENT-LENGTH:5", [b"hello"]),
    ("Content-Length:  5  ", [b"hello"]),
    ("X: y\nContent-Length: 5", [b"hello", None]),
    ("Content-Length: 005", [b"hello", None]),
    ("Content-Length: 0000000000000000000000005", [b"hello", None]),
    ("Content-Length:\t5", [b"hello", None]),
    ("Content-Length: 5\t", [b"hello", None]),
    ("Content-Length: 5\r\nContent-Length: 5", [b"hello", None]),
    ("Content-Length: 5, 5", [b"hello", None]),
    ("Content-Length: 5\r", [b"hello", None]),
    ("Content-Length: 5\r\nContent_Length: 3", [b"hello", None]),
    ("Content_Length: 3\r\nContent-Length: 5", [b"hello", None]),
    ("Content-Length: 5\r\nX-Content-Length: 3", [b"hello"]),
    ("Content-Length: 5\r\nTE: chunked", [b"hello"]),
    ("Content-Length: 5\r\nTransfer_Encoding: chunked", [b"hello", None]),
    ("Content-Length: 5\r\nConnection: Content-Length", [b"hello", None]),
    ("Content-Length: 5\r\nConnection: Transfer-Encoding", [b"hello", None]),
    ("Content-Length: 5\r\nTrailer: Content-Length", [b"hello"]),
    ("Content-Length: 5\r\nX-Gone: Content-Length: 3", [b"hello"]),
    ("Content-Length: 5\r\nX-Rule: Content-Length: 3", [b"hello"]),
    *((line, [None]) for line in (
        "Content-Length: 5\r\nContent-Length: 6",
        "Content-Length: 6\r\nContent-Length: 5",
        "Content-Length: 5\r\ncontent-length: 0",
        "Content-Length: 0\r\nContent-Length: 5",
        "Content-Length: 5\r\nX: y\r\nContent-Length: 3",
        "Content-Length: 5, 6", "Content-Length: 5,", "Content-Length: ,5",
        "Content-Length: +5", "Content-Length: -5", "Content-Length: -0",
        "Content-Length: 5.0", "Content-Length: 5e0", "Content-Length: 0x5",
        "Content-Length: 5h", "Content-Length: 5 5", "Content-Length: 5;a=b",
        "Content-Length: \"5\"", "Content-Length: five", "Content-Length:",
        "Content-Length: ", "Content-Length: \xef\xbc\x95",
        "Content-Length: 5\0", "Content-Length: \x0b5",
        "Content-Length: 5\x0c",
        "Content-Length: 5\rX: y", "Content-Length : 5",
        "Content-Length\t: 5", "Content-Length\x0b: 5", "Content-Length\0: 5",
        "Content Length: 5\r\nContent-Length: 5",
        "Content-Length: 99999999999999999999",
        "Content-Length: 9223372036854775807",
        "Content-Length: 9223372036854775808",
        "Content-Length: 18446744073709551621",
        "Content-Length: 4294967301",
        "Content-Length: 36893488147419103237",
        "Content-Length: 5\r\n Content-Length: 6", "Content-Length:\r\n 5",
        "Content-Length: 5\r\n\t6")),
]

CODINGS = [
    ("Transfer-Encoding: chunked", [b"hello"]),
    ("transfer-encoding: chunked", [b"hello"]),
    ("TRANSFER-ENCODING:chunked", [b"hello"]),
    ("Transfer-Encoding:   chunked  ", [b"hello"]),
    ("Transfer-Encoding: Chunked", [b"hello"]),
    ("Transfer-Encoding: CHUNKED", [b"hello"]),
    ("X: y\nTransfer-Encoding: chunked", [b"hello", None]),
    ("Transfer-Encoding:\tchunked", [b"hello", None]),
    ("Transfer-Encoding: chunked\t", [b"hello", None]),
    ("Transfer-Encoding: chunked,", [b"hello", None]),
    ("Transfer-Encoding: ,chunked", [b"hello", None]),
    ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", [None]),
    ("Content-Length: 5\r\nTransfer-Encoding: chunked", [b"hello", None]),
    ("Transfer-Encoding: chunked\r\nContent-Length: 5", [b"hello", None]),
    ("Transfer-Encoding: chunked\r\nContent-Length: 0", [b"hello", None]),
    ("Transfer-Encoding: chunked\r\nContent_Length: 5", [b"hello", None]),
    ("Transfer-Encoding: chunked\r\nX-Transfer-Encoding: x", [b"hello"]),
    ("Transfer-Encoding: chunked\r\nTE: gzip", [b"hello"]),
    ("Transfer-Encoding: chunked\r\nConnection: Transfer-Encoding",
     [b"hello", None]),
    ("Transfer-Encoding: chunked\r\nTrailer: X-Evil", [b"hello"]),
    ("Transfer-Encoding: chunked\r\nExpect: 100-continue", [b"hello"]),
    ("Transfer-Encoding: chunked\r\nX-Gone: 1\r\nX-Rule: 2", [b"hello"]),
    *((line, [None]) for line in (
        "Transfer-Encoding: identity", "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: identity, chunked", "Transfer-Encoding: gzip",
        "Transfer-Encoding: gzip, chunked", "Transfer-Encoding: chunked, gzip",
        "Transfer-Encoding: chunked, chunked", "Transfer-Encoding: xchunked",
        "Transfer-Encoding: chunkedx", "Transfer-Encoding: x chunked",
        "Transfer-Encoding: chunked x", "Transfer-Encoding: chunked;q=1",
        "Transfer-Encoding: chunked; ext", "Transfer-Encoding: \"chunked\"",
        "Transfer-Encoding: 'chunked'", "Transfer-Encoding: chunk",
        "Transfer-Encoding:", "Transfer-Encoding: \x0bchunked",
        "Transfer-Encoding: chunked\x0b", "Transfer-Encoding: chunked\0",
        "Transfer-Encoding: \0chunked", "Transfer-Encoding: chun\0ked",
        "Transfer-Encoding: \x85chunked", "Transfer-Encoding: \xa0chunked",
        "Transfer-Encoding: chun\xadked", "Transfer-Encoding: chunked\xff",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
        "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: x",
        "Transfer-Encoding: x\r\nTransfer-Encoding: chunked",
        "Content-Length: 5\r\nTransfer-Encoding: identity",
        "Content-Length: 5\r\nTransfer-Encoding: chunked, identity",
        "Content-Length: 5\r\nTransfer-Encoding: xchunked",
        "Content-Length: 5\r\nTransfer-Encoding: x",
        "Transfer-Encoding : chunked", "Transfer-Encoding\t: chunked",
        "Transfer-Encoding\x0b: chunked", "Transfer\0Encoding: chunked",
        "Transfer-Encoding\0: chunked", "Transfer Encoding: chunked",
        "Transfer-Encoding: chunked\rX: y", "Transfer-Encoding:\r\n chunked",
        "Transfer-Encoding: chunked\r\n , identity",
        "X: y\r\n Transfer-Encoding: chunked")),
]

BODIES = [
    ("5\r\nhello\r\n0\r\n\r\n", [b"hello"]),
    ("2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", [b"hello"]),
    ("0\r\n\r\n", [b""]),
    ("000\r\n\r\n", [b""]),
    ("005\r\nhello\r\n000\r\n\r\n", [b"hello"]),
    ("0000000000000000005\r\nhello\r\n0\r\n\r\n", [b"hello", None]),
    ("A\r\n0123456789\r\n0\r\n\r\n", [b"0123456789"]),
    ("a\r\n0123456789\r\n0\r\n\r\n", [b"0123456789"]),
    ("5;a=b\r\nhello\r\n0;c\r\n\r\n", [b"hello"]),
    ("5;a=\"b;c\"\r\nhello\r\n0\r\n\r\n", [b"hello"]),
    ("5;a=\"\\\"\"\r\nhello\r\n0\r\n\r\n", [b"hello"]),
    ("5;" + "x" * 3000 + "\r\nhello\r\n0\r\n\r\n", [b"hello", None]),
    ("5;\r\nhello\r\n0;\r\n\r\n", [b"hello"]),
    ("5 ;a\r\nhello\r\n0\r\n\r\n", [b"hello", None]),
    ("5 \r\nhello\r\n0 \r\n\r\n", [b"hello", None]),
    ("5 5\r\nhello\r\n0\r\n\r\n", [b"hello", None]),
    ("5\t\r\nhello\r\n0\r\n\r\n", [b"hello", None]),
    ("5\nhello\r\n0\r\n\r\n", [b"hello", None]),
    ("5\r\nhello\n0\r\n\r\n", [b"hello", None]),
    ("5\r\nhello\r\n0\n\n", [b"hello", None]),
    ("5;a\nb\r\nhello\r\n0\r\n\r\n", [None, b"b\r\nhe"]),
    ("5;a\rb\r\nhello\r\n0\r\n\r\n", [b"hello", None]),
    ("6\r\nhello\r\n0\r\n\r\n", [None, b"hello\r"]),
    ("5;a=\0\r\nhello\r\n0\r\n\r\n", [b"hello", None]),
    ("5\r\nhello\r\n0\r\nX-Evil: 1\r\n\r\n", [b"hello"]),
    ("5\r\nhello\r\n0\r\nContent-Length: 3\r\n\r\n", [b"hello"]),
    ("5\r\nhello\r\n0\r\nTransfer-Encoding: x\r\n\r\n", [b"hello"]),
    ("5\r\nhello\r\n0\r\nHost: evil.test\r\nX-Evil: 1\r\n\r\n", [b"hello"]),
    ("5\r\nhello\r\n0\r\nX-Evil\r\n\r\n", [b"hello", None]),
    ("5\r\nhello\r\n0\r\n X-Evil: 1\r\n\r\n", [b"hello", None]),
    ("5\r\nhello\r\n0\r\nX-Evil: \0\r\n\r\n", [b"hello", None]),
    ("5\r\nhello\r\n0\r\nX-Evil: 1\n\r\n", [b"hello", None]),
    *((body + "\r\n0\r\n\r\n", [None]) for body in (
        "5\r\nhelloX", "4\r\nhello", "5\r\nhello0", "7\r\nhello",
        " 5\r\nhello", "\t5\r\nhello", "-5\r\nhello", "+5\r\nhello",
        "0x5\r\nhello", "5g\r\nhello", "5h\r\nhello", "5,\r\nhello",
        "5.0\r\nhello", "5:\r\nhello", "\"5\"\r\nhello",
        "x\r\nhello", "\r\nhello", "\r\n5\r\nhello", ";a\r\nhello",
        "\0005\r\nhello", "5\0\r\nhello", "\x0b5\r\nhello", "5\x0b\r\nhello",
        "\xef\xbc\x95\r\nhello", "5\rhello", "5\r\r\nhello", "hello",
        "-1\r\nhello", "FFFFFFFFFFFFFFFF\r\nhello",
        "7FFFFFFFFFFFFFFF\r\nhello", "8000000000000000\r\nhello",
        "10000000000000005\r\nhello", "100000005\r\nhello",
        "fffffffffffffffffffffffffffffff5\r\nhello",
        "5\r\nhello\r\n-0", "5\r\nhello\r\n", "5\r\nhello\r\nx")),
]


@pytest.fixture(scope="module")
def router(make_router):
    return make_router(RULES, ["legacy", "new", "kept"], server="""
        client_body_timeout 300ms;
        client_header_timeout 300ms;
        keepalive_timeout 300ms;
        lingering_timeout 100ms;
        lingering_time 200ms;
        location /streamed/ {
            strangler_pass main;
            include @PARAMS@;
            proxy_request_buffering off;
        }
        location /small/ {
            client_max_body_size 10;
            strangler_pass main;
            include @PARAMS@;
        }
        location = /nginx {
            return 403;
        }
    """, servers="""
    server {
        listen unix:@HOME@/h2.sock http2;
        client_body_timeout 300ms;
        location / {
            strangler_pass main;
            include @PARAMS@;
        }
        location /streamed/ {
            strangler_pass main;
            include @PARAMS@;
            proxy_request_buffering off;
        }
    }""")


def fresh(path):
    """
    The path of one request.  One that was refused while its body was streamed
    may reach its backend after its test.
    """
    return f"{path}{next(NUMBERS)}"


def arrived(router, path):
    """(requests of that path, probes); there are no others."""
    path = path.replace("/renamed/", "/plain/")
    requests = router.seen()
    assert all(r.path.startswith(("/plain/", "/streamed/", "/probe"))
               for r in requests)
    return ([r for r in requests if r.path == path],
            [r for r in requests if r.path == "/probe"])


def check(router, answers, path, bodies, probed=True):
    """One request or none, whole and with one of the bodies; the probe."""
    first, probes = arrived(router, path)

    for request in first + probes:
        assert is_whole(request)
        assert request.values("X-Evil") == []
        assert len(request.values("Host")) == 1
        assert len(request.values("Content-Length")
                   + request.values("Transfer-Encoding")) <= 1

    done = [r for r in first if r.complete]
    assert len(first) <= 1

    if not done:
        assert None in bodies
        assert probes == []
        assert len(answers) <= 1
        assert not answers or answers[0].status in (400, 408, 413, 501)
        return None

    request, = done
    assert request.body in bodies
    assert answers[0].status == 200
    assert answers[0].echo["body_length"] == len(request.body)

    if probed:
        probe, = probes
        assert probe.body == b""
        assert answers[1].echo["target"] == "/probe"
        assert len(answers) == 2
    return request


def post(router, path, lines, rest):
    if isinstance(rest, str):
        rest = rest.encode("latin-1")
    head = f"POST {path} HTTP/1.1\r\nHost: shop.test\r\n{lines}\r\n\r\n"
    return say(router, head.encode("latin-1") + rest + PROBE)


def name(value):
    return repr(value)[:60]


@pytest.mark.parametrize("lines, bodies", LENGTHS, ids=name)
@pytest.mark.parametrize("path", PATHS)
def test_lengths(router, path, lines, bodies):
    path = fresh(path)
    check(router, post(router, path, lines, "hello"), path, bodies)


@pytest.mark.parametrize("lines, bodies", CODINGS, ids=name)
@pytest.mark.parametrize("path", PATHS)
def test_codings(router, path, lines, bodies):
    path = fresh(path)
    answers = post(router, path, lines, CHUNKS)
    check(router, answers, path, bodies)


@pytest.mark.parametrize("rest, bodies", BODIES, ids=name)
@pytest.mark.parametrize("path", PATHS)
def test_chunks(router, path, rest, bodies):
    path = fresh(path)
    answers = post(router, path, "Transfer-Encoding: chunked", rest)
    probed = rest.endswith("\r\n\r\n") or rest.endswith("\n\n")
    check(router, answers, path, bodies, probed)


@pytest.mark.parametrize("lines", ["", "Content-Length: 0",
                                   "Content_Length: 5", "TE: chunked",
                                   "X-Length: 5", "Expect: 100-continue"])
@pytest.mark.parametrize("path", PATHS)
def test_no_body(router, path, lines):
    path = fresh(path)
    head = f"POST {path} HTTP/1.1\r\nHost: shop.test\r\n"
    head += lines + "\r\n\r\n" if lines else "\r\n"
    check(router, say(router, head.encode() + PROBE), path, [b""])


@pytest.mark.parametrize("method", ["GET", "HEAD", "DELETE", "OPTIONS", "PUT",
                                    "PATCH", "PROPFIND", "FOO"])
@pytest.mark.parametrize("framing", ["length", "chunks"])
@pytest.mark.parametrize("path", PATHS)
def test_a_request_in_a_body(router, path, framing, method):
    """With any method a body is a body."""
    path = fresh(path)
    data = serialize(method, path, body=HIDDEN if framing == "length" else
                     None, chunks=[HIDDEN] if framing == "chunks" else None)
    answers = say(router, data + PROBE, method)
    (request,), probes = arrived(router, path)
    assert request.method == method
    assert request.body == HIDDEN
    assert len(probes) == 1
    assert [a.status for a in answers] == [200, 200]


@pytest.mark.parametrize("target", [
    "/respond/x", "/redirect/x", "/plain/a%00", "/plain/a?#", "/plain/%zz",
    "/..", "/small/x", "/nginx", "/plain/a\x01", "*", "x"])
@pytest.mark.parametrize("framing", ["length", "chunks", "both", "promise"])
def test_answers_of_ours_skip_the_body(router, framing, target):
    """What is answered without a backend still has a body to be skipped."""
    data = serialize("POST", target,
                     body=HIDDEN if framing != "chunks" else None,
                     chunks=[HIDDEN] if framing == "chunks" else None)
    if framing == "both":
        data = data.replace(b"\r\n\r\n",
                            b"\r\nTransfer-Encoding: chunked\r\n\r\n", 1)
    elif framing == "promise":
        data = data.replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n",
                            1)
    answers = say(router, data + PROBE)
    assert 300 <= answers[0].status < 500
    assert [r.path for r in router.seen()] == ["/probe"] * (len(answers) - 1)
    assert len(answers) <= 2


def test_a_body_takes_what_it_was_promised(router):
    answers = post(router, "/plain/a", "Content-Length: 10", "hello")
    request, = router.seen()
    assert request.body == b"helloGET /"
    assert [a.status for a in answers] == [200, 400]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("lines, rest", [
    ("Content-Length: 100000", "hello"),
    ("Transfer-Encoding: chunked", "ffff\r\nhello"),
    ("Transfer-Encoding: chunked", "5\r\nhello\r\n"),
    ("Transfer-Encoding: chunked", "5\r\nhello\r\n0\r\n"),
    ("Transfer-Encoding: chunked", "5\r\nhel")])
def test_a_body_without_an_end(router, path, lines, rest):
    path = fresh(path)
    head = f"POST {path} HTTP/1.1\r\nHost: shop.test\r\n{lines}\r\n\r\n"
    answers = say(router, (head + rest).encode())
    requests, probes = arrived(router, path)
    assert [r for r in requests if r.complete] + probes == []
    assert [a.status for a in answers] in ([], [400], [408])


@pytest.mark.parametrize("version, lines, rest, bodies", [
    ("1.0", "Content-Length: 5", "hello", [b"hello"]),
    ("1.0", "Content-Length: 5\r\nConnection: keep-alive", "hello",
     [b"hello"]),
    ("1.0", "Transfer-Encoding: chunked", CHUNKS, [None]),
    ("1.0", "Transfer-Encoding: chunked\r\nContent-Length: 5", CHUNKS, [None]),
    ("1.0", "Transfer-Encoding: chunked\r\nConnection: keep-alive", CHUNKS,
     [None]),
    ("1.9", "Transfer-Encoding: chunked", CHUNKS, [b"hello", None]),
    ("1.1", "Content-Length: 5\r\nConnection: close", "hello", [b"hello"]),
    ("1.1", "Connection: close\r\nTransfer-Encoding: chunked", CHUNKS,
     [b"hello"])])
@pytest.mark.parametrize("path", PATHS)
def test_versions(router, path, version, lines, rest, bodies):
    path = fresh(path)
    head = f"POST {path} HTTP/{version}\r\nHost: shop.test\r\n{lines}\r\n\r\n"
    answers = say(router, (head + rest).encode() + PROBE)
    closes = "keep-alive" not in lines and version == "1.0"
    check(router, answers, path, bodies,
          not closes and "close" not in lines)
    if bodies == [b"hello"] and (closes or "close" in lines):
        assert len(answers) == 1


@pytest.mark.parametrize("gap", ["\r\n", "\n", "\r\n\r\n", "\0", " ", "\r",
                                 "\x0b", "x", "\xff", "0\r\n\r\n", "\t"])
def test_between_two_requests(router, gap):
    """What is no request between two is never glued to one."""
    first = serialize("POST", "/plain/a", body="hello")
    answers = say(router, first + gap.encode("latin-1") + PROBE)
    assert answers[0].echo["body_length"] == 5
    assert answers[-1].status in (200, 400) and len(answers) <= 2
    requests = router.seen()
    assert [r.path for r in requests] in (["/plain/a"],
                                          ["/plain/a", "/probe"])
    assert [r.method for r in requests] in (["POST"], ["POST", "GET"])
    assert all(is_whole(r) for r in requests)


def test_a_long_pipeline_of_all_kinds(router):
    """Every answer belongs to its request, whoever answers."""
    kinds = ["/plain/{}", "/respond/{}", "/renamed/{}", "/redirect/{}",
             "/streamed/{}", "/other/{}"]
    sent, expected = b"", []
    for i in range(60):
        target = kinds[i % len(kinds)].format(i)
        body = HIDDEN if i % 2 else None
        chunks = [HIDDEN, b"x" * i] if i % 5 == 0 and body is None else None
        sent += serialize("POST", target, body=body, chunks=chunks)
        expected.append(target)
    answers = say(router, sent + PROBE)
    assert len(answers) == 61
    for target, answer in zip(expected, answers):
        if target.startswith("/respond/"):
            assert answer.status == 410
        elif target.startswith("/redirect/"):
            assert answer.status == 302
        else:
            assert answer.echo["target"] == target.replace("renamed", "plain")
    assert "/hidden" not in [r.path for r in router.seen()]


# answers: what a backend leaves on a kept connection is nobody's answer

LEFT = (b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nX-Backend: evil\r\n\r\n"
        b"evil")


@pytest.mark.parametrize("method, said", [
    ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(LEFT)),
    ("HEAD", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
    ("GET", b"HTTP/1.1 204 No Content\r\n\r\n"),
    ("GET", b"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n"),
    ("GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"),
    ("GET", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
    ("GET", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    ("GET", b"HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\nno"),
    ("GET", b"HTTP/1.1 302 No\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"),
    ("GET", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"2\r\nok\r\n0\r\n\r\n"),
    ("GET", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
            b"Content-Length: 3\r\n\r\n2\r\nok\r\n0\r\n\r\n"),
    ("POST", b"HTTP/1.1 100 Continue\r\n\r\n"
             b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
    ("GET", b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
            b"HTTP/1.1 204 No Content\r\n\r\n")])
def test_what_a_backend_says_too_much(router, method, said):
    router.kept.on("/kept/a", faults.raw(said + LEFT, keep=True))
    for _ in range(2):
        answer = router.request(method, "/kept/a")
        assert b"evil" not in answer.body
        for i in range(3):
            answer = router.get(f"/kept/b{i}")
            assert answer.backend == "kept"
            assert answer.echo["target"] == f"/kept/b{i}"


@pytest.mark.parametrize("said", [
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    b"HTTP/1.1 500 Bad\r\nContent-Length: 2\r\n\r\nno",
    b"HTTP/1.1 204 No Content\r\n\r\n"])
@pytest.mark.parametrize("path", ["/kept/a", "/streamed/a"])
def test_an_answer_before_the_body_is_read(router, path, said):
    """The rest of the body is no request on a connection kept."""
    backend = router.kept if path.startswith("/kept") else router.new

    def early(exchange):
        exchange.send(said)
        return exchange.read_body()

    early.before_body = True
    backend.on(path, early)
    body = b"x" * 300000 + HIDDEN * 50
    answers = say(router, serialize("POST", path, body=body) + PROBE)
    assert answers[0].status == int(said.split()[1])
    for i in range(3):
        assert router.get(f"{path}{i}").echo["target"] == f"{path}{i}"
    wait_until(lambda: router.seen(), "requests arrived")
    assert "/hidden" not in [r.path for r in router.seen()]


# HTTP/2 is framed by itself; what is made of it for a backend must be, too

def fields(path, *more, method="POST"):
    return [(":method", method), (":scheme", "http"), (":path", path),
            (":authority", "shop.test"), *more]


@pytest.mark.parametrize("more, bodies", [
    ([], [b"hello"]),
    ([("content-length", "5")], [b"hello"]),
    ([("content-length", "3")], [None]),
    ([("content-length", "7")], [None]),
    ([("content-length", "0")], [None, b""]),
    ([("content-length", "-5")], [None]),
    ([("content-length", "+5")], [None]),
    ([("content-length", "5, 5")], [b"hello", None]),
    ([("content-length", "5"), ("content-length", "5")], [b"hello", None]),
    ([("content-length", "5"), ("content-length", "6")], [None]),
    ([("content-length", "18446744073709551621")], [None]),
    ([("content-length", "5\r\nx-evil: 1")], [None]),
    ([("transfer-encoding", "chunked")], [b"hello", None]),
    ([("transfer-encoding", "identity")], [b"hello", None]),
    ([("transfer-encoding", "chunked"), ("content-length", "5")],
     [b"hello", None]),
    ([("transfer_encoding", "chunked")], [b"hello", None]),
    ([("te", "trailers")], [b"hello"]),
    ([("connection", "transfer-encoding")], [b"hello", None]),
    ([("expect", "100-continue")], [b"hello"]),
    ([("trailer", "x-evil")], [b"hello"])], ids=name)
@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("body", [b"hello", b"0\r\n\r\n"])
def test_http_2(router, path, more, bodies, body):
    path = fresh(path)
    with H2(router.home + "/h2.sock") as client:
        status, _ = client.ask(fields(path, *more), body)
        if status != 0:
            other, _ = client.ask(fields("/probe", method="GET"))
            assert other == 200

    first, probes = arrived(router, path)
    for request in first + probes:
        assert is_whole(request)
        assert request.values("x-evil") == []
        assert len(request.values("Content-Length")
                   + request.values("Transfer-Encoding")) <= 1
    done = [r for r in first if r.complete]
    assert len(first) <= 1
    if done and done[0].body == b"":
        assert b"" in bodies and status in (200, 400)
    elif done:
        assert b"hello" in bodies and status == 200
        assert done[0].body == body
    else:
        assert None in bodies
        assert status in (0, 400, 413, 501)


@pytest.mark.parametrize("path", ["/plain/a", "/streamed/a"])
def test_http_2_body_with_requests_in_it(router, path):
    path = fresh(path)
    with H2(router.home + "/h2.sock") as client:
        body = (b"0\r\n\r\n" + HIDDEN) * 20
        for _ in range(3):
            assert client.ask(fields(path), body)[0] == 200
    assert [r.body for r in arrived(router, path)[0]] == [body] * 3
