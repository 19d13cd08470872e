"""
What a client sends as a header stays that header, or goes nowhere.

A marker is sent in odd places: it may arrive under the name that it was sent
with, never under another, and in no answer.  What the router says of a request
- who asked, over what, for which host - is the router's word, whatever the
client says, unless the client is trusted.
"""

import re
import urllib.parse

import pytest

from harness import faults
from harness.hostile import H2, PROBE, is_whole, say

RULES = """
version: 1
backends:
  legacy: {servers: [@legacy@]}
  new: {servers: [@new@]}
  named: {servers: [@new@], host: service.internal}
  own: {servers: [@new@], host: server}
default: legacy
routes:
  - {name: host, match: {host: shop.test, path: /host/*}, to: new, stage: live}
  - {name: wild, match: {host: "*.shop.test", path: /host/*}, to: new, stage: live}
  - {name: new, match: {path: /new/*}, to: new, stage: live}
  - {name: renamed, match: {path: /renamed/*}, to: new, stage: live, rewrite: {path: /new/*}}
  - name: ruled
    match: {path: /ruled/*}
    to: new
    stage: live
    headers:
      request: {set: {X-Set: rules}, add: {X-Add: rules}, remove: [X-Gone]}
      response: {set: {X-Said: rules}, remove: [X-Secret]}
  - {name: mode, match: {path: /mode/*, headers: {x-mode: new}}, to: new, stage: done}
  - {name: sticky, match: {path: /sticky/*}, to: new, stage: ramp, percent: 50, by: ["header:X-Id", "cookie:uid", "query:u", assign], data: shared}
  - {name: named, match: {path: /named/*}, to: named, stage: done}
  - {name: own, match: {path: /own/*}, to: own, stage: done}
  - {name: https, match: {path: /https/*}, redirect: {scheme: https}}
  - {name: path, match: {path: /path/*}, redirect: {path: /new/*}}
  - {name: elsewhere, match: {path: /elsewhere/*}, redirect: {host: new.test}}
"""

MARK = "c4n4ry"
FRIEND = ("127.0.0.2", 0)

# what the router and nginx put into every request
OURS = {"host", "connection", "upgrade", "x-forwarded-for",
        "x-forwarded-proto", "x-forwarded-host", "x-forwarded-prefix",
        "content-length", "transfer-encoding", "x-set", "x-add"}


@pytest.fixture(scope="module")
def router(make_router):
    return make_router(RULES, server="""
        large_client_header_buffers 8 64k;
        client_header_timeout 300ms;
        keepalive_timeout 300ms;
        lingering_time 200ms;
        lingering_timeout 100ms;
        strangler_trusted 127.0.0.2 192.0.2.0/24;
        location /asked/ {
            auth_request /auth;
            strangler_pass main;
            include @PARAMS@;
        }
        location = /auth {
            internal;
            strangler_pass main;
            include @PARAMS@;
            proxy_pass_request_body off;
        }
    """, location="strangler_debug_header on;", servers="""
    server {
        listen unix:@HOME@/h2.sock http2;
        location / {
            strangler_pass main;
            include @PARAMS@;
            strangler_debug_header on;
        }
    }
    server {
        listen unix:@HOME@/lax.sock;
        underscores_in_headers on;
        ignore_invalid_headers off;
        keepalive_timeout 300ms;
        location / {
            strangler_pass main;
            include @PARAMS@;
        }
    }""")


def bytes_of(text):
    return text.encode("latin-1") if isinstance(text, str) else text


def ask(router, lines, target="/new/a", host="shop.test", source=None,
        unix=None, version="1.1"):
    """One request with these raw header lines, and the answers to it."""
    head = f"GET {target} HTTP/{version}\r\n"
    if host is not None:
        head += f"Host: {host}\r\n"
    data = bytes_of(head) + bytes_of(lines)
    data += b"\r\nConnection: close\r\n\r\n" if lines else (
        b"Connection: close\r\n\r\n")
    if source:
        with router.connect(source=source) as connection:
            connection.send(data)
            return connection.read()
    answers = say(router, data, unix=unix)
    assert len(answers) <= 1
    return answers[0] if answers else None


def check(router, answer, names):
    """
    Refused, or one whole request with headers of these names and ours only,
    and the marker in none but these.
    """
    names = {name.lower() for name in names}
    for line in answer.headers if answer else []:
        assert MARK not in "".join(line)
    requests = router.seen()
    if not requests:
        assert answer is None or answer.status == 400
        return None

    request, = requests
    assert is_whole(request)
    got = [name.lower() for name, _ in request.headers]
    assert set(got) <= names | OURS
    for name in OURS - {"x-add", "x-set"}:
        assert got.count(name) <= 1, name
    for name, value in request.headers:
        if MARK in name + value:
            assert name.lower() in names
    return request


# lines that are odd: raw bytes, names that may arrive with the marker

ODD = [
    (f"X-A: {MARK}", ["x-a"]),
    (f"X-A:{MARK}", ["x-a"]),
    (f"X-A:    {MARK}   ", ["x-a"]),
    (f"X-A:\t{MARK}", ["x-a"]),
    (f"X-A: {MARK}\nX-B: 2", ["x-a", "x-b"]),
    (f"X-A: {MARK}: X-Evil: 1", ["x-a"]),
    (f"X-A: {MARK}%0d%0aX-Evil: 1", ["x-a"]),
    (f"X-A: {MARK}\\r\\nX-Evil: 1", ["x-a"]),
    (f"X-A: {MARK}\x01\x02\x1f\x7f", ["x-a"]),
    (f"X-A: {MARK}\x0bX-Evil: 1", ["x-a"]),
    (f"X-A: {MARK}\x0cX-Evil: 1", ["x-a"]),
    (f"X-A: {MARK}\x1cX-Evil: 1", ["x-a"]),
    (f"X-A: {MARK}\x85X-Evil: 1", ["x-a"]),
    (f"X-A: {MARK}\x8d\x8aX-Evil: 1", ["x-a"]),
    (f"X-A: {MARK}\xe2\x80\xa8X-Evil: 1", ["x-a"]),
    (f"X-A: {MARK}\xc4\x8d\xc4\x8aX-Evil: 1", ["x-a"]),
    (f"X-A: {MARK}\xe5\x98\x8d\xe5\x98\x8aX-Evil: 1", ["x-a"]),
    (f"X-A: {MARK}\xff\xfe\x80", ["x-a"]),
    (f"X-A: {MARK}\0X-Evil: 1", ["x-a"]),
    (f"X-A: \0{MARK}", ["x-a"]),
    (f"X-A: {MARK}\rX-Evil: 1", ["x-a"]),
    (f"X-A: {MARK}\r\rX-Evil: 1", ["x-a"]),
    (f"X-A: {MARK}\r", ["x-a"]),
    (f"X-A: {MARK}\n X-Evil: 1", ["x-a"]),
    (f"X-A: {MARK}\r\n X-Evil: 1", ["x-a"]),
    (f"X-A: {MARK}\r\n\tX-Evil: 1", ["x-a"]),
    (f"X-A: {MARK}\r\n\r X-Evil: 1", ["x-a"]),
    (f"X-A:\r\n {MARK}", ["x-a"]),
    (f" X-A: {MARK}", ["x-a"]),
    (f"\tX-A: {MARK}", ["x-a"]),
    (f"X-A : {MARK}", ["x-a"]),
    (f"X-A\t: {MARK}", ["x-a"]),
    (f"X-A\x0b: {MARK}", ["x-a"]),
    (f"X-A\0: {MARK}", ["x-a"]),
    (f"X\0A: {MARK}", []),
    (f"X A: {MARK}", []),
    (f"X-\xff: {MARK}", []),
    (f"X-\x80\x01: {MARK}", []),
    (f"X-A\r: {MARK}", ["x-a"]),
    (f"X-\rA: {MARK}", []),
    (f": {MARK}", []),
    (f"{MARK}", [MARK]),
    (f"{MARK}:", [MARK]),
    (f"X_A: {MARK}", ["x_a"]),
    (f"X.A: {MARK}", ["x.a"]),
    (f"X-A:: {MARK}", ["x-a"]),
    (f"(X-A): {MARK}", []),
    (f"X-A;b: {MARK}", []),
    (f"\"X-A\": {MARK}", []),
    (f"X-A@: {MARK}", []),
    (f"X-A/../X-Evil: {MARK}", []),
    (f"X$http_x: {MARK}", ["x$http_x"]),
    (f"X-A: ${{http_cookie}}$uri {MARK}", ["x-a"]),
    (f"-: {MARK}", ["-"]),
    (f"X-A-: {MARK}", ["x-a-"]),
    (f"x-set: {MARK}", ["x-set"]),
    (f"X-SET: {MARK}", ["x-set"]),
    (f"X-Set : {MARK}", ["x-set"]),
    (f"X-Set: a\r\nx-set: {MARK}", ["x-set"]),
    (f"X-Gone: {MARK}", ["x-gone"]),
    (f"X-GONE: {MARK}\r\nx-gone: {MARK}", ["x-gone"]),
    (f"X-Gone:{MARK}\r\nX-Gone-Not: {MARK}", ["x-gone", "x-gone-not"]),
    (f"X-Gon: {MARK}\r\nX-Gonee: {MARK}", ["x-gon", "x-gonee"]),
    (f"X-A: X-Gone: {MARK}", ["x-a"]),
    (f"X-Gone: \nX-A: {MARK}", ["x-gone", "x-a"]),
    (f"Cookie: a={MARK}; uid={MARK}", ["cookie"]),
    (f"Cookie: a={MARK}\r\nCookie: b={MARK}", ["cookie"]),
    (f"Authorization: {MARK}", ["authorization"]),
    (f"Referer: http://x/{MARK}", ["referer"]),
    (f"Range: bytes={MARK}", ["range"]),
    (f"X-A: {MARK * 5000}", ["x-a"]),
    (f"{'X' * 5000}: {MARK}", ["x" * 5000]),
    ("\r\n".join(f"X-{i}: {MARK}" for i in range(500)),
     [f"x-{i}" for i in range(500)]),
]


@pytest.mark.parametrize("lines, names", ODD, ids=lambda v: repr(v)[:50])
@pytest.mark.parametrize("target", ["/new/a", "/renamed/a", "/ruled/a",
                                    "/old/a"])
def test_odd_lines(router, target, lines, names):
    answer = ask(router, lines, target)
    request = check(router, answer, names)
    if request and target == "/ruled/a":
        assert request.value("X-Set") == "rules"
        assert request.values("X-Gone") == []
        assert request.values("X-Add") == ["rules"]


@pytest.mark.parametrize("lines, names", ODD, ids=lambda v: repr(v)[:50])
def test_odd_lines_where_nginx_is_lax(router, lines, names):
    """With ignore_invalid_headers off more arrives, and as it was sent."""
    unix = router.home + "/lax.sock"
    answer = ask(router, lines, unix=unix)
    for line in answer.headers if answer else []:
        assert MARK not in "".join(line)
    for request in router.seen():
        head = request.head[:-2].split(b"\r\n")
        assert not any(re.search(rb"[\0\r\n]", line) for line in head)
        assert [n for n, _ in request.headers if n.lower() == "x-evil"] == []
        for name in ("Host", "X-Forwarded-For", "X-Forwarded-Proto"):
            assert len(request.values(name)) == 1
    assert len(router.seen()) <= 1


@pytest.mark.parametrize("lines, names", ODD, ids=lambda v: repr(v)[:50])
def test_the_next_request_is_its_own(router, lines, names):
    data = bytes_of("GET /new/a HTTP/1.1\r\nHost: shop.test\r\n")
    answers = say(router, data + bytes_of(lines) + b"\r\n\r\n" + PROBE)
    requests = router.seen()
    assert len(requests) <= 2 and len(answers) <= 2
    for request in requests:
        assert is_whole(request)
    for request in requests[1:]:
        assert request.path == "/probe"
        assert MARK not in request.head.decode("latin-1")


# what the router says of a request

SPOOFED = [
    "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host",
    "X-Forwarded-Prefix", "x-forwarded-for", "X-FORWARDED-PROTO",
    "x-Forwarded-host", "X_Forwarded_For", "X-Forwarded_Proto",
    "X_Forwarded_Host", "X-Forwarded-Port", "X-Forwarded-Server",
    "X-Forwarded-Scheme", "X-Forwarded-Ssl", "Forwarded", "X-Real-IP",
    "X-Original-URL", "X-Rewrite-URL", "X-Original-Host", "X-Host",
    "X-HTTP-Method-Override", "X-Strangler-Shadow", "X-Strangler-Copy",
    "X-Strangler-Route", "X-Strangler-Backend", "X-Strangler-Why",
    "X-Strangler-Side", "X-Strangler-Stage", "X-Strangler-Force",
    "X-Accel-Redirect", "X-Accel-Internal", "Proxy-Connection", "Keep-Alive",
    "Proxy-Host", "Proxy", "Via", "Front-End-Https", "X-Id", "X-Request-Id",
]


@pytest.mark.parametrize("name", SPOOFED)
@pytest.mark.parametrize("value", [MARK, "https", "/evil", "127.0.0.1",
                                   f"{MARK}, {MARK}", ""])
def test_the_routers_word_on_a_request(router, name, value):
    lines = f"{name}: {value}\r\n{name}: {value}"
    answer = ask(router, lines, "/renamed/a")
    request = check(router, answer, [name])
    assert request.target == "/new/a"
    assert answer.route == "renamed"
    assert request.value("X-Forwarded-Proto") == "http"
    assert request.value("X-Forwarded-Host") == "shop.test"
    assert request.value("Host") == "shop.test"
    assert request.values("X-Forwarded-Prefix") == []
    hops = request.value("X-Forwarded-For").split(",")
    assert hops[-1].strip() == "127.0.0.1"
    if name.lower() != "x-forwarded-for":
        assert len(hops) == 1
    for said in ("X-Strangler-Route", "X-Strangler-Backend",
                 "X-Strangler-Why"):
        assert len(answer.values(said)) == 1


@pytest.mark.parametrize("target", ["/new/a", "/renamed/a", "/named/a",
                                    "/own/a", "/old/a"])
@pytest.mark.parametrize("proto, host", [
    ("https", "front.test"), ("http", "front.test:8080"),
    ("https", "[::1]:443")])
def test_a_trusted_client_is_believed(router, target, proto, host):
    lines = f"X-Forwarded-Proto: {proto}\r\nX-Forwarded-Host: {host}"
    for source, seen in ((FRIEND, (proto, host)), (None, ("http", None))):
        router.reset()
        ask(router, lines, target, source=source)
        request, = router.seen()
        assert request.value("X-Forwarded-Proto") == seen[0]
        assert request.value("X-Forwarded-Host") == (seen[1] or "shop.test")
        assert request.value("Host") != host


@pytest.mark.parametrize("value", [
    "javascript:alert(1)//", "https://evil.test/?", "//evil.test/", "data",
    "https\t", "ht\ttp", "\x01", "http\x0bX: y", "https, http", "https,http",
    "https evil", "\xff", "file", "ftp", "x" * 8, "x" * 100, "x" * 4000,
    "x" * 30000, ":", "?", "#", "/", "\\", "%0d%0a", "http:", "HTTPS",
    "https;q=1", "'", "\"", "<script>", ","], ids=lambda v: repr(v)[:40])
@pytest.mark.parametrize("target", ["/https/a", "/path/a", "/elsewhere/a"])
def test_no_proto_makes_a_bad_redirect(router, target, value):
    """Also from whom is trusted: proxies pass on what they got."""
    answer = ask(router, f"X-Forwarded-Proto: {value}", target, source=FRIEND)
    assert answer.status == 302
    location = answer.value("Location")
    assert re.fullmatch(r"[\x21-\x7e]+", location), location
    parts = urllib.parse.urlsplit(location.replace("\\", "/"))
    assert parts.scheme in ("http", "https"), location
    assert parts.netloc == (
        "new.test" if target == "/elsewhere/a" else "shop.test")
    for name, _ in answer.headers:
        assert name.lower() != "x"


@pytest.mark.parametrize("value", ["x" * 30000, "\x01\x7f", "\xff", "a b",
                                   "evil.test/x", "a,b", "a@b", "<x>"],
                         ids=lambda v: repr(v)[:40])
@pytest.mark.parametrize("name", ["Host", "Proto", "For", "Prefix"])
def test_odd_values_of_a_trusted_client(router, name, value):
    ask(router, f"X-Forwarded-{name}: {value}", "/renamed/a", source=FRIEND)
    request, = router.seen()
    assert is_whole(request)
    assert request.target == "/new/a"
    assert request.value("Host") == "shop.test"
    assert request.values("X-Forwarded-Prefix") == []


@pytest.mark.parametrize("nominated", [
    "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "Host",
    "X-Forwarded-Prefix", "Content-Length", "Transfer-Encoding", "Cookie",
    "Authorization", "X-Set", "X-A", "Connection", "Upgrade", "close, X-A",
    "keep-alive, X-Forwarded-For, Host", "x-forwarded-for", "*", ",", "\xff",
    "X-Strangler-Shadow", "upgrade", "close, upgrade, HTTP2-Settings"])
@pytest.mark.parametrize("target", ["/new/a", "/renamed/a", "/ruled/a"])
def test_nomination_removes_nothing_of_ours(router, target, nominated):
    """Connection: NAME is for one hop, and is ours on the next one."""
    body = b"hello"
    head = (f"POST {target} HTTP/1.1\r\nHost: shop.test\r\n"
            f"Connection: {nominated}\r\nX-A: 1\r\nCookie: a=1\r\n"
            "Authorization: x\r\nContent-Length: 5\r\n\r\n")
    answers = say(router, bytes_of(head) + body + PROBE)
    assert {answer.status for answer in answers} == {200}
    request = router.seen()[0]
    assert is_whole(request)
    assert request.body == body
    assert request.value("Host") == "shop.test"
    assert request.value("X-Forwarded-For") == "127.0.0.1"
    assert request.value("X-Forwarded-Proto") == "http"
    assert request.value("X-Forwarded-Host") == "shop.test"
    assert request.value("Cookie") == "a=1"
    assert request.value("Authorization") == "x"
    assert request.value("Connection") in (None, "keep-alive")
    if target == "/ruled/a":
        assert request.value("X-Set") == "rules"


@pytest.mark.parametrize("lines", [
    "Upgrade: h2c", "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABk",
    "Upgrade: H2C", "Upgrade: websocket, h2c", "Upgrade: h2c, websocket",
    "Upgrade: h2c\r\nUpgrade: websocket", "Upgrade: websocket\r\nUpgrade: h2c",
    "Upgrade:\th2c", "Upgrade: h2c ", "Upgrade: h2,h2c", "Upgrade: xh2cx"])
@pytest.mark.parametrize("target", ["/new/a", "/old/a"])
def test_no_other_http_is_asked_for(router, target, lines):
    """What runs over an upgraded connection passes no rule."""
    answers = say(router, bytes_of(
        f"GET {target} HTTP/1.1\r\nHost: shop.test\r\n{lines}\r\n"
        "Connection: Upgrade, HTTP2-Settings\r\n\r\n") + PROBE)
    request = router.seen()[0]
    assert [answer.status for answer in answers] == [200, 200]
    asked = (request.value("Connection") or "").lower()
    if "upgrade" in asked:
        assert "h2c" not in request.value("Upgrade").lower()


def test_http_1_0_does_not_upgrade(router):
    """RFC 9110, 7.8: a server must ignore it."""
    router.new.on("/new/a", faults.upgrade_echo)
    with router.connect() as client:
        client.send(b"GET /new/a HTTP/1.0\r\nHost: shop.test\r\n"
                    b"Connection: upgrade\r\nUpgrade: websocket\r\n\r\n")
        client.read_head()
    assert "upgrade" not in (router.seen()[0].value("Connection") or "")


def test_http_2_does_not_upgrade(router):
    """RFC 9113, 8.2.2: there is no Upgrade in HTTP/2."""
    with H2(router.home + "/h2.sock") as client:
        status, _ = client.ask([
            (":method", "GET"), (":scheme", "http"), (":path", "/new/a"),
            (":authority", "shop.test"), ("upgrade", "websocket"),
            ("connection", "upgrade")])
    for request in router.seen():
        assert "upgrade" not in (request.value("Connection") or "")
    assert router.seen() or status in (0, 400)


# Host: what was matched and what a backend reads are the same name

HOSTS = [
    "shop.test", "SHOP.Test", "shop.test.", "shop.test:80", "shop.test:",
    "shop.test:65535", "shop.test:0", "shop.test.:80", "a.shop.test",
    "A.SHOP.TEST:8080", "a.b.shop.test", "evil.test", "xshop.test",
    "shop.testx", "shop.test:80@evil.test", "shop.test@evil.test",
    "evil.test@shop.test", "shop.test:evil.test", "shop.test:80:evil.test",
    "shop.test:x", "shop.test:-1", "shop.test:99999999999", "shop.test:+80",
    "shop.test:80/", "shop.test/evil", "shop.test/", "shop.test?x",
    "shop.test#x", "shop.test\\x", "shop.test,evil.test",
    "shop.test, evil.test", "evil.test,shop.test", "shop.test evil.test",
    "shop.test\tevil.test", "shop.test;x", "shop.test\x00evil",
    "shop.test\x01",
    "shop.test\x0b", "\xffshop.test", "shop.test\xff", "sh%6fp.test",
    "shop%2etest", "shop..test", ".shop.test", "shop.test..", ".", "..",
    "*.shop.test", "*", "", " ", "[::1]", "[::1]:80", "[::1", "::1", "[]",
    "[shop.test]", "[::1].shop.test", "[::1]@shop.test", "127.0.0.1", "_",
    "a_b.shop.test", "\"shop.test\"", "<shop.test>", "http://shop.test",
    "shop.test:80#@evil.test", "shop.test:80?@evil.test", "shop.test:80\\x",
    "shop.test:80,evil.test", "shop.test:80 evil.test", "x" * 300,
    "shop.test:" + "0" * 300 + "80", "xn--shp-tna.test", "shop.test\r",
]


def name_of(host):
    """
    The name in a Host, which a port and nothing else may follow; None where
    something else does.
    """
    found = re.fullmatch(r"(\[[^]]*\]|[^:]*)(?::[0-9]*)?", host)
    return found and found.group(1).lower()


def route_of(name):
    name = name[:-1] if name.endswith(".") else name
    if name == "shop.test":
        return "host"
    return "wild" if re.fullmatch(r".+\.shop\.test", name) else None


@pytest.mark.parametrize("host", HOSTS, ids=lambda v: repr(v)[:40])
def test_host(router, host):
    answer = ask(router, "", "/host/a", host)
    if answer.status == 400:
        assert router.seen() == []
        return
    request, = router.seen()
    assert is_whole(request)
    got = request.value("Host")
    assert name_of(got) is not None, got
    assert answer.route == route_of(name_of(got))
    assert got == host.strip(" \r")
    assert request.value("X-Forwarded-Host") in (got, "", None)


@pytest.mark.parametrize("host", HOSTS, ids=lambda v: repr(v)[:40])
@pytest.mark.parametrize("target", ["/https/x", "/path/x", "/elsewhere/x"])
def test_host_in_a_redirect(router, target, host):
    answer = ask(router, "", target, host)
    if answer.status == 400:
        return
    location = answer.value("Location")
    assert re.fullmatch(r"[\x21-\xff]+", location)
    if target == "/elsewhere/x":
        parts = urllib.parse.urlsplit(location.replace("\\", "/"))
        assert parts.hostname == "new.test"
        assert parts.path == target


@pytest.mark.parametrize("lines", [
    "Host: shop.test\r\nHost: evil.test", "Host: evil.test\r\nHost: shop.test",
    "Host: shop.test\r\nHost: shop.test", "Host: shop.test\r\nhost: evil.test",
    "Host: shop.test\r\nHOST: evil.test", "Host: shop.test\r\nHost:",
    "Host:\r\nHost: shop.test", "Host : shop.test", "Host: shop.test\r\n evil",
    " Host: shop.test", "Host\t: shop.test", "Host\0: shop.test",
    "X: y\r\n Host: evil.test\r\nHost: shop.test", "",
    "Host: shop.test\r\nHost : evil.test", "H\xf6st: shop.test",
    "Host: shop.test\r\n Host: evil.test", "Host:\r\n shop.test",
    "Host: shop.test\rHost: evil.test", "Host: shop.test\nHost: evil.test"])
@pytest.mark.parametrize("version", ["1.1", "1.0"])
def test_hosts_that_conflict(router, version, lines):
    answers = say(router, bytes_of(
        f"GET /host/a HTTP/{version}\r\n{lines}\r\nConnection: close\r\n\r\n"
        if lines else f"GET /host/a HTTP/{version}\r\n\r\n"))
    assert len(answers) <= 1
    requests = router.seen()
    if not requests:
        assert not answers or answers[0].status == 400
        return
    request, = requests
    assert is_whole(request)
    name = name_of(request.value("Host"))
    sent = re.findall(r"(?im)^host:[ \t]*([^\r\n]*)", lines)
    if sent:
        assert len({v.lower() for v in sent}) == 1
    assert answers[0].route == (route_of(name) if sent else None)


@pytest.mark.parametrize("host", ["evil.test", "shop.test", "", None,
                                  "evil.test:8080", "a.shop.test"])
@pytest.mark.parametrize("authority", ["shop.test", "SHOP.test:8080",
                                       "a.shop.test", "other.test", "[::1]:80",
                                       "shop.test."])
@pytest.mark.parametrize("version", ["1.1", "1.0"])
def test_absolute_form_wins(router, version, authority, host):
    answer = ask(router, "", f"http://{authority}/host/a", host,
                 version=version)
    if answer.status == 400:
        assert host == "" or (host is None and version == "1.1")
        return
    request, = router.seen()
    assert request.target == "/host/a"
    assert request.value("Host").lower() == authority.lower()
    assert request.value("X-Forwarded-Host").lower() == authority.lower()
    assert answer.route == route_of(name_of(authority))


@pytest.mark.parametrize("host", ["evil.test", "shop.test"])
def test_subrequests_have_the_same_host(router, host):
    """The request and its auth_request are for one host, the target's."""
    answer = ask(router, "", "http://shop.test/asked/a", host)
    assert answer.status == 200
    assert [r.path for r in router.seen()] == ["/auth", "/asked/a"]
    assert [r.value("Host") for r in router.seen()] == ["shop.test"] * 2
    assert [r.value("X-Forwarded-Host") for r in router.seen()] == [
        "shop.test"] * 2


# what is matched and what arrives are the same headers

@pytest.mark.parametrize("lines", [
    "X-Mode: new", "x-mode: new", "X-MODE:new", "X-Mode:  new  ",
    "X_Mode: new", "X-Mode : new", "X-Mode: new\r\nX-Mode: old",
    "X-Mode: old\r\nX-Mode: new", "X-Mode: new, old", "X-Mode: NEW",
    "X-Mode: new\0", "X-Mode: \"new\"", "X-Mode: new\x0b", "X-Mode:\tnew",
    "X-Mode: n\r\n ew", "X-Mode:", "X-Mode: new\r\nX-Mode: new",
    "X-A: 1\r\n X-Mode: new", "X-A: 1\nX-Mode: new", "X-A: 1\rX-Mode: new",
    "X-Mode: new\r\nConnection: X-Mode"])
def test_a_matched_header_arrives(router, lines):
    answer = ask(router, lines, "/mode/a")
    for request in router.seen():
        arrived = ", ".join(
            line.partition(":")[2].strip(" \t")
            for line in request.head.decode("latin-1").split("\r\n")
            if line.lower().startswith("x-mode:"))
        assert (answer.route == "mode") == (arrived == "new")


@pytest.mark.parametrize("value", [
    MARK, "\xff" + MARK, MARK + "\x01", MARK + "\x7f\x1b[2J", "\"" + MARK,
    MARK + "; fallback", "<" + MARK + ">", MARK * 200, "%0d%0a" + MARK,
    MARK + "\t", "\\r\\n" + MARK])
@pytest.mark.parametrize("where", ["header", "cookie", "query", "path"])
def test_debug_headers_have_nothing_of_the_client(router, where, value):
    target, lines = "/sticky/a", f"X-Id: {value}"
    if where == "cookie":
        lines = f"Cookie: uid={value}"
    elif where == "query":
        target, lines = f"/sticky/a?u={value}", ""
    elif where == "path":
        target, lines = f"/sticky/{value}", ""
    answer = ask(router, lines, target)
    for name, said in answer.headers:
        assert MARK not in said
        if name.startswith("X-Strangler"):
            assert re.fullmatch(r"[\x20-\x7e]+", said)
    if answer.status == 200:
        assert len(answer.values("X-Strangler-Why")) == 1


@pytest.mark.parametrize("cookie", [
    "", "0" * 32, "f" * 31, "f" * 33, "F" * 32, "g" * 32, MARK,
    "a" * 31 + "\x01", "a" * 32 + "%0d%0aX-Evil: 1", "\"" + "a" * 32 + "\"",
    "a" * 32 + "\r", "; Path=/evil", "a,b", "a" * 10000])
def test_an_assigned_cookie_is_the_routers(router, cookie):
    answer = ask(router, f"Cookie: strangler_id={cookie}", "/sticky/a")
    assert answer.values("X-Evil") == []
    for line in answer.values("Set-Cookie"):
        assert re.fullmatch(
            r"strangler_id=[0-9a-f]{32}; Path=/[A-Za-z0-9-=; ]*", line), line
        if re.fullmatch("[0-9a-f]{32}", cookie):
            assert cookie not in line


# HTTP/2

def h2(router, *fields):
    with H2(router.home + "/h2.sock") as client:
        status, body = client.ask(fields)
        if status:
            assert MARK not in body.decode("latin-1") or status == 200
    return status


PSEUDO = [(":method", "GET"), (":scheme", "http"), (":path", "/new/a"),
          (":authority", "shop.test")]

H2_FIELDS = [
    [("x-a", MARK)], [("x-a", MARK + "\r\nx-evil: 1")],
    [("x-a", MARK + "\nx-evil: 1")], [("x-a", MARK + "\rx-evil: 1")],
    [("x-a", MARK + "\0x-evil: 1")], [("x-a", "\r\n\r\n" + MARK)],
    [("x-a", " " + MARK + " ")], [("x-a", "\t" + MARK)],
    [("x-a", MARK + "\x0b\x01\x7f\xff")], [("x-a\r\nx-evil", MARK)],
    [("x-a: 1\r\nx-evil", MARK)], [("x-a\nx-evil", MARK)],
    [("x-a\0", MARK)], [("x-a:", MARK)], [("x-a: b", MARK)],
    [("x a", MARK)], [("X-A", MARK)], [("x_a", MARK)], [("", MARK)],
    [(":x-a", MARK)], [("x-\xff", MARK)], [("x-a ", MARK)], [(" x-a", MARK)],
    [("x-a\t", MARK)], [("host", "evil.test")], [("host", MARK)],
    [("host", "evil.test\r\nx-evil: 1")], [("Host", "evil.test")],
    [("host", "shop.test")], [("x-forwarded-for", MARK)],
    [("x-forwarded-proto", MARK)], [("x-forwarded-host", MARK)],
    [("x-forwarded-prefix", MARK)], [("connection", "x-forwarded-for")],
    [("connection", "close")], [("keep-alive", "1")],
    [("proxy-connection", MARK)], [("x-strangler-shadow", "1")],
    [("cookie", "a=1"), ("cookie", MARK)],
    [("cookie", "a\r\nx-evil: 1"), ("cookie", MARK)],
    [("x-a", MARK * 2000)], [("x-set", MARK)],
]


@pytest.mark.parametrize("fields", H2_FIELDS, ids=lambda v: repr(v)[:50])
@pytest.mark.parametrize("path", ["/new/a", "/ruled/a", "/renamed/a"])
def test_http_2_fields(router, path, fields):
    pseudo = [f if f[0] != ":path" else (":path", path) for f in PSEUDO]
    status = h2(router, *pseudo, *fields)
    requests = router.seen()
    if not requests:
        assert status in (0, 400)
        return
    request, = requests
    assert is_whole(request)
    got = {n.lower() for n, _ in request.headers}
    assert got <= {n.strip().lower() for n, _ in fields} | OURS
    assert name_of(request.value("Host")) == "shop.test"
    assert request.value("X-Forwarded-Host") == "shop.test"
    assert request.value("X-Forwarded-Proto") == "http"
    assert request.value("Connection") in (None, "keep-alive")
    assert MARK not in (request.value("X-Forwarded-Prefix") or "")
    for name, value in request.headers:
        if MARK in value:
            assert name.lower() in {n.lower() for n, _ in fields}


H2_PSEUDO = [
    (":path", "/new/a HTTP/1.1\r\nx-evil: 1"),
    (":path", "/new/a\r\nx-evil: 1"),
    (":path", "/new/a\nx"), (":path", "/new/a\0"), (":path", "/new/ a"),
    (":path", "/new/a\t"), (":path", "/new/a#b"), (":path", "/new/a?b#c"),
    (":path", "/new/a?b c"), (":path", "/new/a?\r\nx-evil: 1"), (":path", ""),
    (":path", "*"), (":path", "new/a"), (":path", "http://evil.test/new/a"),
    (":path", "//evil.test/new/a"), (":path", "/new/../new/a"),
    (":path", "/new/%00"), (":path", "/new/\xff"), (":path", "/new/\x7f"),
    (":path", "/..%2f"), (":path", "/../new/a"), (":path", "/new/%zz"),
    (":method", "GET /evil HTTP/1.1\r\nx-evil: 1\r\n"), (":method", "GET "),
    (":method", "G\r\nET"), (":method", ""), (":method", "get"),
    (":method", "G:T"), (":method", "CONNECT"), (":method", "TRACE"),
    (":method", "\xff"), (":scheme", "http\r\nx-evil: 1"), (":scheme", ""),
    (":scheme", "https"), (":scheme", "file"),
    (":scheme", "http://evil.test/"),
    (":scheme", "1"), (":scheme", "x" * 5000), (":authority", ""),
    (":authority", "shop.test\r\nx-evil: 1"), (":authority", "shop.test\nx"),
    (":authority", "shop.test x"), (":authority", "shop.test\0"),
    (":authority", "shop.test/evil"), (":authority", "evil.test@shop.test"),
    (":authority", "shop.test:80@evil.test"), (":authority", "shop.test:x"),
    (":authority", "shop.test#"), (":authority", "SHOP.test:80"),
    (":authority", "*"), (":authority", "shop..test"), (":authority", "[::1]"),
    (":authority", "shop.test\xff"), (":evil", "x"), (":status", "200"),
    (":path", "/" + "a" * 20000), (":protocol", "websocket"),
]


@pytest.mark.parametrize("name, value", H2_PSEUDO,
                         ids=lambda v: repr(v)[:50])
@pytest.mark.parametrize("how", ["instead", "twice", "last"])
def test_http_2_pseudo_fields(router, how, name, value):
    """Refused, or a whole request of what was said."""
    given = [("x-a", "1"), (name, value)] if how == "last" else [(name, value)]
    kept = [f for f in PSEUDO if how == "twice" or f[0] != name]
    h2(router, *kept, *given)
    requests = router.seen()
    assert len(requests) <= 1
    for request in requests:
        assert is_whole(request)
        assert request.values("x-evil") == []
        assert request.target.startswith("/")
        assert name_of(request.value("Host")) is not None
        assert how != "twice" or name not in dict(PSEUDO)


@pytest.mark.parametrize("fields", [
    [], PSEUDO[:3], PSEUDO[1:], PSEUDO[:2] + PSEUDO[3:], PSEUDO[2:],
    [("x-a", "1"), *PSEUDO], PSEUDO[:2] + [("x-a", "1")] + PSEUDO[2:],
    PSEUDO + PSEUDO[:1], PSEUDO + PSEUDO[2:3], PSEUDO + PSEUDO[3:],
    PSEUDO[:3] + [("host", "shop.test")], PSEUDO[:3] + [("host", "")],
    PSEUDO[:3] + [("host", "evil.test"), ("host", "shop.test")]],
    ids=lambda v: repr(v)[:70])
def test_http_2_pseudo_fields_missing_or_late(router, fields):
    h2(router, *fields)
    for request in router.seen():
        assert is_whole(request)
        assert request.path == "/new/a"
        assert len(request.values("Host")) == 1
        sent = {v for n, v in fields if n in (":authority", "host")}
        assert len(sent) <= 1
        assert sent <= {request.value("Host")} or "" in sent


# answers

@pytest.mark.parametrize("lines", [
    b"X-Said: theirs", b"x-said: a\r\nX-SAID: b", b"X-Secret: " + b"s3cret",
    b"x-secret:s3cret\r\nX-SECRET: s3cret", b"X-A: X-Secret: 1",
    b"X-A: a\x01b\xff", b"X-A: 1\n X-Evil: 1", b"X-A: 1\r\n X-Evil: 1",
    b"X-A: 1\rX-Evil: 1", b"X-A: 1\0X-Evil: 1", b"X-Evil : 1", b"X Evil: 1",
    b": X-Evil: 1", b"X-Secret : s3cret", b"Location: /x\r\n\tX-Evil: 1",
    b"Set-Cookie: a=1\0; X-Evil: 1", b"X_Secret: 1", b"X-Said\t: theirs",
    b"X-Strangler-Why: theirs", b"X-Strangler-Route: theirs"],
    ids=lambda v: repr(v)[:50])
def test_answers_by_rule(router, lines):
    router.new.on("/ruled/a", faults.raw(
        b"HTTP/1.1 200 OK\r\n" + lines + b"\r\nContent-Length: 2\r\n\r\nok",
        keep=True))
    answer = ask(router, "", "/ruled/a")
    names = [n.lower() for n, _ in answer.headers]
    assert "x-evil" not in names and "x-secret" not in names
    assert answer.status in (200, 502)
    assert answer.value("X-Said") == "rules"
    for name, value in answer.headers:
        assert "\r" not in value and "\0" not in value
        assert "s3cret" not in value
